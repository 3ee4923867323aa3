"""The decision tables that a process declares: prepared once, asked with values, answered with the rows that decided.

Cells are FEEL of Charter's dialect. What a table says goes into one record: a context of its outputs; under a hit
policy that gives a list, each output is the list of what the rules say, in the policy's order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from charter.engine.decisions import model as m
from charter.engine.decisions.boxes import failing
from charter.engine.decisions.items import Items
from charter.engine.decisions.tables import Table
from charter.engine.definition import DecisionTable
from charter.engine.feel import parse
from charter.engine.feel.compiler import Scope
from charter.engine.feel.frames import Budget, Env, Frame, State
from charter.engine.feel.limits import OverBudget
from charter.engine.feel.tree import Node

_LISTS = frozenset({"COLLECT", "RULE ORDER", "OUTPUT ORDER"})


class Verdict(Struct, frozen=True):
    """What a table says: `outputs` by name, None where it says nothing; `rows` that hold, counted from 1."""

    outputs: Mapping[str, Any] | None
    rows: tuple[int, ...]
    reasons: tuple[str, ...]


class Judge:
    """A decision table ready to be asked; holds no state of any question."""

    def __init__(self, table: DecisionTable, env: Env | None = None) -> None:
        self.env = env or Env()
        inputs = tuple(m.InputClause(text) for text in table.inputs)
        outputs = tuple(m.OutputClause(o.name, allowed=", ".join(o.values) or None) for o in table.outputs)
        rules = tuple(m.Rule(rule.tests, rule.outputs) for rule in table.rules)
        box = m.Table(inputs, outputs, rules, table.hit_policy, table.aggregation)  # type: ignore[arg-type]
        self.names = tuple(o.name for o in table.outputs)
        self.several = table.hit_policy in _LISTS and table.aggregation is None
        self.table = Table(box, Scope(), frozenset(), Items({}, frozenset()), _read)

    def decide(self, given: Mapping[str, Any], budget: Budget | None = None) -> Verdict:
        """Asks the table; what goes wrong is no answer and a reason."""
        state = State(self.env if budget is None else replace(self.env, budget=budget), True)
        frame = Frame(given, None, state)
        try:
            hits = self.table.hits(frame)
            value = None if hits is None else self.table.say(hits, frame)
        except (OverBudget, RecursionError, MemoryError) as why:
            return Verdict(None, (), (str(why) or "the table goes too deep",))
        finally:
            state.settle()
        rows = tuple(rule + 1 for rule in hits or ())
        if value is None:
            return Verdict(None, rows, tuple(state.reasons or ()))
        return Verdict(self._outputs(value), rows, ())

    def _outputs(self, value: Any) -> dict[str, Any]:
        if not self.several:
            return value if len(self.names) > 1 else {self.names[0]: value}
        if len(self.names) == 1:
            return {self.names[0]: value}
        return {name: [each[name] for each in value] for name in self.names}


def _read(text: str, names: frozenset[str], kind: Any = "expression") -> Node:
    parsed = parse(text, names=names, dialect="charter", kind=kind)
    return parsed.tree if parsed.tree is not None else failing(f"`{text[:60]}` cannot be read")

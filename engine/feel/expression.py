"""An Expression: a tree compiled once and evaluated many times.

Evaluating never raises: what has no value is null, and `explain` tells why. Invariant: an Expression holds no
state of any evaluation, so threads may share it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from charter.engine.feel import tree as t
from charter.engine.feel.compiler import Scope, closure
from charter.engine.feel.frames import Env, Frame, Run, State
from charter.engine.feel.limits import MAX_DEPTH, MAX_RESULT, OverBudget
from charter.engine.feel.printer import text
from charter.engine.feel.reads import StaticPath, reads

_DEFAULT = Env()


def _bounded(value: Any) -> Any:
    """Give a result back unless it has too many parts or levels, shared parts counted each time."""
    left, levels, level = MAX_RESULT, 0, [value]
    while level:
        inner: list[Any] = []
        for part in level:
            if type(part) is list or type(part) is dict:
                left -= len(part)
                if left < 0:
                    raise OverBudget("the result has too many parts")
                inner.extend(part.values() if isinstance(part, dict) else part)
        levels += 1
        if levels > MAX_DEPTH:
            raise OverBudget("the result is nested too deep")
        level = inner
    return value


class Expression(Struct, frozen=True, eq=False, dict=True):
    """A compiled expression; use it as often as you like, from any thread."""

    tree: t.Node
    run: Run

    @cached_property
    def text(self) -> str:
        """Print the expression in canonical spacing."""
        return text(self.tree)

    @cached_property
    def paths(self) -> frozenset[StaticPath]:
        """List every static path read from a free name, such as ("plan", "tasks")."""
        return reads(self.tree)

    @cached_property
    def names(self) -> frozenset[str]:
        """List the free names; those inside a filter count though they may be fields of its items."""
        return frozenset(path[0] for path in self.paths)

    @cached_property
    def walked(self) -> frozenset[str]:
        """Name whatever is read otherwise than by what stands behind its dot: as a list, if it is one."""
        behind = {id(part.of) for part in t.walk(self.tree) if isinstance(part, t.Path)}
        named = (part for part in t.walk(self.tree) if isinstance(part, t.Name | t.Path))
        return frozenset(part.name for part in named if id(part) not in behind)

    @cached_property
    def tells_time(self) -> bool:
        """Say whether the value may change with time alone, because the expression asks for the present."""
        return any(isinstance(part, t.Name) and part.name in ("now", "today") for part in t.walk(self.tree))

    def evaluate(self, scope: Mapping[str, Any], env: Env | None = None) -> Any:
        """Give the value for a scope; null wherever the standard or a bound says so."""
        state = State(env or _DEFAULT, False)
        try:
            value = self.run(Frame(scope, None, state))
            return _bounded(value) if type(value) in (list, dict) else value
        except (OverBudget, RecursionError, MemoryError):
            return None
        finally:
            state.settle()

    def explain(self, scope: Mapping[str, Any], env: Env | None = None) -> tuple[Any, tuple[str, ...]]:
        """Give the value and the reason of every null met on the way."""
        state = State(env or _DEFAULT, True)
        try:
            value = _bounded(self.run(Frame(scope, None, state)))
        except (OverBudget, RecursionError, MemoryError) as why:
            value = None
            reason = str(why) if isinstance(why, OverBudget) else "the evaluation goes too deep"
            state.reasons = [*(state.reasons or ()), reason]
        finally:
            state.settle()
        return value, tuple(state.reasons or ())


def compile(tree: t.Node) -> Expression:
    """Compile a tree into an Expression."""
    return Expression(tree, closure(tree, Scope()))


# what may cost more than once over; the rest is as soon worked out as looked up
_COSTLY = (t.For, t.Quantified, t.Filter, t.Call, t.NamedCall)


def steadied(tree: t.Node, env: Env) -> t.Node:
    """Give a tree whose parts that read nothing from outside stand as the values they have, each worked out once."""
    if not isinstance(tree, _COSTLY) or reads(tree):
        changed: t.Node = t.mapped(tree, lambda inner: steadied(inner, env))
        return changed
    value = compile(tree).evaluate({}, env)
    return t.Embedded(lambda scope: lambda frame: value)

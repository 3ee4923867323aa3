"""What conditions ask of linked cases and registers, taken as something that may be so or not at each step.

What another case holds, or what others file, may be anything, and may be something else at the next step. So each
comparison that reads it stands for an answer that is tried as yes, no and unknown, whatever it was before: what is
proved then holds whatever others do. The answers stand in a register of their own, which is read as any other by the
engine's step; a comparison in a `for each`, which each item answers for itself, is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from charter.engine import feel
from charter.engine.commands import Command
from charter.engine.definition import Agreement, Definition, Element, TypeRef
from charter.engine.feel import printer, tree as t
from charter.engine.forms import Field, RecordType, Register
from charter.engine.hosting import answer_alone, informed
from charter.engine.machines import SETTLED
from charter.engine.plan.program import Program, prepare
from charter.engine.proof.atoms import conditions
from charter.engine.proof.nodes import OUTSIDE, calls
from charter.engine.registers import Ask, Found, Row
from charter.engine.state import CaseState
from charter.engine.step.transition import Step

MOST = 81  # ways in which what one move asks of others may be answered
_HOLDS = "holds"
_STALE = Row("", -1, "", None, 0)  # whatever is answered next is another answer
_TABLE = Register(
    OUTSIDE,
    OUTSIDE,
    "key",
    (Field("key", "key", TypeRef("text")), Field(_HOLDS, _HOLDS, TypeRef("boolean"), optional=True)),
)
Taken = tuple[tuple[str, bool | None], ...]


class Outside(Struct, frozen=True):
    """A process with what it asks of others as such answers. `asked`: by key what is asked, and who asks it."""

    definition: Definition
    asked: Mapping[str, tuple[frozenset[str], str]]

    def names(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Gives what is read of others, `project.plan.budget`, where these keys ask for it."""
        return tuple(dict.fromkeys(name for key in keys for name in sorted(self.asked[key][0])))


def registers_read(program: Program) -> dict[str, tuple[str, ...]]:
    """Gives the registers and linked cases that decide what happens by what they hold, with the elements concerned.

    What they hold is not tried out: a `where` may be decided by an entry, or be held against one that is filed.
    """
    definition = program.definition
    found: dict[str, dict[str, None]] = {}
    for by, text in (*((c.element, c.text) for c in conditions(definition)), *_given_to_tables(definition)):
        for name in sorted(program.names(text).intersection((*program.registers, *program.links)) - {OUTSIDE}):
            found.setdefault(name, {}).update({by: None} if by is not None else {})
    for element in definition.elements:
        for filing in element.files:
            if filing.register in program.conditional:
                found.setdefault(filing.register, {})[element.name] = None
    return {name: tuple(elements) for name, elements in found.items()}


def _given_to_tables(definition: Definition) -> Iterator[tuple[str, str]]:
    """Yields what must be there of all that elements give to tables: of nothing may come nothing, which has failed."""
    for element in definition.elements:
        if element.work is not None and element.work.kind == "decide":
            yield from ((element.name, _needed(text)) for _, text in element.work.arguments)


def _needed(text: str) -> str:
    """Gives the part of an expression that must be there: of `if X != null then X else Y`, that is Y."""
    tree = feel.parse(text, dialect="charter").tree
    while isinstance(tree, t.If) and tree.condition == t.Binary("!=", tree.yes, t.Null()):
        tree = tree.no
    return text if tree is None else feel.text(tree)


def apart(definition: Definition) -> Outside:
    """Gives a process with its comparisons that read linked cases and registers taken as answers."""
    program = prepare(definition)
    foreign = frozenset((*program.links, *program.registers))
    if not foreign:
        return Outside(definition, {})
    asking = _Asking(foreign)
    elements = [
        e if program.plans[e.name].loops else asking.element(e)  # of each item another answer
        for e in definition.elements
    ]
    records = [
        r if any(plan.loops for plan in program.producers.get(r.name, ())) else asking.record(r)
        for r in definition.records
    ]
    if not asking.asked:
        return Outside(definition, {})
    registers = (*definition.registers, _TABLE)
    taken = replace(definition, elements=tuple(elements), records=tuple(records), registers=registers)
    return Outside(taken, asking.asked)


class _Asking:
    def __init__(self, foreign: frozenset[str]) -> None:
        self.foreign = foreign
        self.asked: dict[str, tuple[frozenset[str], str]] = {}

    def element(self, element: Element) -> Element:
        def text(of: str | None) -> str | None:
            return self.text(of, element.name)

        repeat, agreement = element.repeat, element.agreement
        return replace(
            element,
            when=text(element.when),
            exit=text(element.exit),
            offered=text(element.offered),
            events=tuple(replace(e, at=text(e.at)) if e.kind == "when" and e.ends else e for e in element.events),
            repeat=None if repeat is None else replace(repeat, until=text(repeat.until), while_=text(repeat.while_)),
            agreement=None if agreement is None else self._agreement(agreement, text),
        )

    def _agreement(self, agreement: Agreement, text: Callable[[str | None], str | None]) -> Agreement:
        stages = tuple(replace(stage, when=text(stage.when)) for stage in agreement.stages)
        return replace(agreement, criteria=text(agreement.criteria), stages=stages)

    def record(self, record: RecordType) -> RecordType:
        fields = (
            replace(f, where=self.text(f.where, record.name), required=self.text(f.required, record.name))
            for f in record.fields
        )
        return replace(record, fields=tuple(fields))

    def text(self, text: str | None, of: str) -> str | None:
        """Gives a condition with what it asks of others as answers."""
        tree = None if text is None else feel.parse(text).tree
        if tree is None or self.foreign.isdisjoint(feel.compile(tree).names):
            return text
        return printer.text(self._taken(tree, of))

    def _taken(self, node: t.Node, of: str) -> t.Node:
        joined = isinstance(node, t.Binary) and node.op in ("and", "or")
        if joined or isinstance(node, t.If) or calls(node, "not"):
            taken: t.Node = t.mapped(node, lambda part: self._inside(part, of))
            return taken
        read = feel.compile(node)
        if self.foreign.isdisjoint(read.names):
            return node
        # The same comparison of others alone has the same answer wherever it stands.
        written = printer.text(node)
        own = "" if read.names <= self.foreign else of
        key = next((k for k, (_, told) in self.asked.items() if told == f"{own}:{written}"), f"a{len(self.asked) + 1}")
        facts = frozenset(".".join(path) for path in read.paths if path[0] in self.foreign)
        self.asked[key] = facts, f"{own}:{written}"
        return t.Path(t.Filter(t.Name(OUTSIDE), t.String(key)), _HOLDS)

    def _inside(self, part: Any, of: str) -> Any:
        if isinstance(part, tuple):
            return tuple(self._inside(one, of) for one in part)
        return self._taken(part, of) if isinstance(part, t.Node) else part


def steps(definition: Definition, state: CaseState, command: Command) -> Iterator[tuple[Step, Taken, bool]]:
    """Takes a step in every way in which what it asks of others may be answered; with the answers.

    The last part says whether there are more ways than are tried.
    """
    others = answer_alone(state)
    choices: list[list[bool | None]] = []
    for number in range(MOST + 1):
        asked: dict[str, bool | None] = {}

        def answer(ask: Ask, asked: dict[str, bool | None] = asked) -> Found:
            if ask.register != OUTSIDE or ask.key is None:
                return others(ask)
            if ask.key not in asked:
                if len(choices) <= len(asked):
                    choices.append([True, False, None])
                asked[ask.key] = choices[len(asked)][0]
            return _answered(ask, asked[ask.key])

        done = informed(definition, state, command, answer)[1]
        del choices[len(asked) :]
        yield done._replace(state=_stale(done.state)), tuple(asked.items()), number == MOST
        while choices and len(choices[-1]) == 1:
            choices.pop()
        if not choices:
            return
        choices[-1].pop(0)


def _answered(ask: Ask, holds: bool | None) -> Found:
    value = {"key": ask.key} if holds is None else {"key": ask.key, _HOLDS: holds}
    return Found(ask, (Row(ask.key or "", 1, str(holds), value, 0),))


def _stale(state: CaseState) -> CaseState:
    """Gives a state that asks anew for what it has been answered, and no more for what nobody reads who is at work."""
    if not any(found.ask.register == OUTSIDE for found in state.looked):
        return state
    kept = [
        replace(found, rows=(_STALE,)) if found.ask.register == OUTSIDE else found
        for found in state.looked
        if found.ask.register != OUTSIDE or any(_reads(state, reader) for reader in found.readers)
    ]
    return state._replace(looked=tuple(kept))


def _reads(state: CaseState, reader: str) -> bool:
    node = state.nodes.get(reader)
    return node is not None and node.state not in SETTLED

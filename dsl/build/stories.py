"""A run of a process as a scenario in the language of its file: what somebody may paste, and `charter test` plays.

The people of an exploration are made up, and so are their names here. What a case that another runs answers is told as
the work in it. What no scenario can say makes no story: a value that no expression gives (a file), a case that waits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from charter.dsl.text import tree as t
from charter.dsl.text.printer import to_text
from charter.dsl.text.words import Language
from charter.engine import values
from charter.engine.commands import (
    SYSTEM,
    Add,
    Answer,
    Approve,
    Begin,
    Claim,
    Close,
    Command,
    Complete,
    Confirm,
    Reject,
    Retry,
    Return,
    Signal,
    Start,
    Tick,
)
from charter.engine.definition import Definition
from charter.engine.feel.literal import literal
from charter.engine.keys import name_of, parse_key
from charter.engine.proof.moves import IN_CHARGE, STARTER
from charter.engine.state import CaseState

_NAMES: Mapping[Language, tuple[str, ...]] = {
    "en": (
        "li",
        "wang",
        "chen",
        "zhao",
        "wu",
        "sun",
        "zhou",
        "xu",
        "hu",
        "zhu",
        "gao",
        "lin",
        "he",
        "guo",
        "ma",
        "luo",
    ),
    "zh-Hans": tuple("李王陈赵吴孙周徐胡朱高林何郭马罗"),
    "zh-Hant": tuple("李王陳趙吳孫周徐胡朱高林何郭馬羅"),
}
# seconds, and the unit of one and of several in each language
_UNITS: Mapping[Language, tuple[tuple[int, str, str], ...]] = {
    "en": (
        (86_400, " day", " days"),
        (3_600, " hour", " hours"),
        (60, " minute", " minutes"),
        (1, " second", " seconds"),
    ),
    "zh-Hans": ((86_400, "天", "天"), (3_600, "小时", "小时"), (60, "分钟", "分钟"), (1, "秒", "秒")),
    "zh-Hant": ((86_400, "天", "天"), (3_600, "小時", "小時"), (60, "分鐘", "分鐘"), (1, "秒", "秒")),
}
# what those say who were made up
_REASONS: Mapping[Language, Mapping[str, str]] = {
    "en": {},
    "zh-Hans": {"no": "不同意", "once more": "请重做"},
    "zh-Hant": {"no": "不同意", "once more": "請重做"},
}
_ACTS: dict[type[Command], str] = {
    **{Claim: "claim", Begin: "begin", Complete: "complete", Confirm: "confirm", Approve: "approve", Reject: "reject"},
    **{Return: "return", Retry: "retry", Add: "add", Close: "close"},
}


# the process that a case runs, the records that it is to answer -> its definition, and work that comes to that
Subcases = Callable[[str, Mapping[str, Any]], tuple[Definition, Sequence[Command]] | None]


class _Untold(Exception):
    """No scenario can say this."""


def _no_subcases(process: str, records: Mapping[str, Any]) -> None:
    """For whoever knows one process alone."""


def story(
    definition: Definition,
    title: str,
    start: Start,
    commands: Sequence[Command],
    expected: Iterable[tuple[str, str]],
    language: Language,
    given: Mapping[str, str] = MappingProxyType({}),
    subcases: Subcases = _no_subcases,
    fired: Iterable[str] = (),
) -> str | None:
    """Writes a run as a scenario, None where none can say it.

    `expected`: (node or `case`, state) at its end; `given`: expressions for parameters; `fired`: rules that have.
    """
    try:
        body = tuple(_Story(definition, start, commands, given, language, subcases).lines())
    except _Untold:
        return None
    expectations = tuple(t.ExpectState(_target(key), t.Name(state)) for key, state in expected)
    rules = tuple(t.ExpectFired(t.Name(rule)) for rule in fired)
    tree = t.File((t.Scenario(t.Text(title), (*body, *expectations, *rules)),))
    return to_text(tree, language)


def tells(
    definition: Definition, start: Start, commands: Sequence[Command] = (), subcases: Subcases = _no_subcases
) -> bool:
    """Says whether a scenario can say all of a run."""
    try:
        return bool(list(_Story(definition, start, commands, {}, "en", subcases).lines()))
    except _Untold:
        return False


class _Story:
    def __init__(
        self,
        definition: Definition,
        start: Start,
        commands: Sequence[Command],
        given: Mapping[str, str],
        language: Language,
        subcases: Subcases,
    ) -> None:
        self.language = language
        self.given = given
        self.definition = definition
        self.start = start
        self.subcases = subcases
        self.elements = {e.name: e for e in definition.elements}
        self.commands = list(self._with_subcases(commands))
        self.roles = self._cast()
        self.names = self._names()

    def _with_subcases(self, commands: Sequence[Command]) -> Iterator[Command]:
        """Yields the commands, with the work in a case that another runs in place of its answer."""
        for command in commands:
            work = self.elements[name_of(command.node)].work if isinstance(command, Answer) else None
            if not isinstance(command, Answer) or work is None or work.kind != "run":
                yield command
                continue
            found = None if command.failure is not None else self.subcases(work.target or "", dict(command.records))
            if found is None:
                raise _Untold
            inner, done = found
            self.elements |= {e.name: e for e in inner.elements if e.name not in self.elements}
            for step in done:
                if isinstance(step, Tick) or (step.actor == SYSTEM and not isinstance(step, Answer)):
                    raise _Untold
                person = step.actor.person if step.actor == SYSTEM else f"{command.node}.{step.actor.person}"
                yield replace(step, at=command.at, actor=replace(step.actor, person=person))

    def _cast(self) -> dict[str, list[str]]:
        """Who acts, in order, with their roles; whoever opens the case comes first."""
        found: dict[str, list[str]] = {}
        for command in self.commands:
            if command.actor != SYSTEM:
                roles = found.setdefault(command.actor.person, [])
                roles += [role for role in command.actor.roles if role not in roles]
        opener = self.start.actor.person
        if opener in found or not found or self.start.records:  # who hands something in has made it
            known = [role.name for role in self.definition.roles]
            found = {opener: found.get(opener) or known[:1], **{p: r for p, r in found.items() if p != opener}}
        told = str([self.start, *self.commands])
        if "'somebody'" in told:
            found.setdefault("somebody", [role.name for role in self.definition.roles][:1])
        return {person: roles or [role.name for role in self.definition.roles][:1] for person, roles in found.items()}

    def _names(self) -> dict[str, str]:
        """Gives whoever was made up a name of their own; whom the process names keeps it."""
        elements = {STARTER, IN_CHARGE, *(element.name for element in self.definition.elements)}
        made_up = {person for person in self.roles if re.split(r"[\[.]", person)[0] in elements}
        many = (f"{name}_{n}" if n > 1 else name for n in count(1) for name in _NAMES[self.language])
        free = (name for name in many if name not in self.roles or name in made_up)
        return {person: next(free) if person in made_up else person for person in self.roles}

    def lines(self) -> Iterator[t.Line]:
        given = tuple(t.Argument(t.Name(name), t.Expr(text)) for name, text in self.given.items())
        yield t.CaseStep(t.Name(self.definition.name), (*given, *self._arguments(self.start.records)))
        cast = [(person, roles) for person, roles in self.roles.items() if roles]
        if cast:
            castings = (t.Casting(t.Name(self.names[person]), tuple(map(t.Name, roles))) for person, roles in cast)
            yield t.CastStep(tuple(castings))
        at = self.start.at
        commands = _said_in_time(self.commands)
        for number, command in enumerate(commands):
            if isinstance(command, Tick):
                yield t.AfterStep(t.Expr(self._span(command.at - at)))
                at = command.at
            elif isinstance(command, Answer):
                yield self._answer(command, commands[number + 1 :])
            else:
                yield self._line(command)

    def _line(self, command: Command) -> t.Line:
        if isinstance(command, Signal):
            return t.SignalStep(t.Name(command.name), self._arguments(command.records))
        verb = _ACTS[type(command)]
        person, target = t.Name(self.names[command.actor.person]), _target(getattr(command, "node", ""))
        arguments: tuple[t.Argument, ...] = ()
        if isinstance(command, Complete):
            arguments = self._arguments(command.records) + tuple(self._point(n, e) for n, e in command.checks)
        elif isinstance(command, Add):
            arguments = self._arguments((("item", command.item),))
        check = None
        if isinstance(command, Confirm):
            check = t.Name(command.check)
            arguments = () if command.evidence is None else (self._point("evidence", command.evidence),)
        said = _REASONS[self.language].get(command.reason or "", command.reason)
        reason = t.Text(said) if said else None
        return t.ActStep(person, verb, target, arguments, check=check, reason=reason)

    def _point(self, name: str, evidence: Any) -> t.Argument:
        if isinstance(evidence, dict):
            raise _Untold
        return t.Argument(t.Name(name), t.Expr("true"))

    def _answer(self, command: Answer, later: Sequence[Command]) -> t.Line:
        """Says what a connector answers; with what it answers next, for it may be asked again in the same moment."""
        connector = self._connector(command)
        if command.failure is not None:
            return t.ConnectorStep(t.Name(connector), fails=True, times=1)
        answers = (c for c in later if isinstance(c, Answer) and self._connector(c) == connector)
        records = {**dict(next(answers, command).records), **dict(command.records)}
        return t.ConnectorStep(t.Name(connector), self._arguments(records.items()))

    def _connector(self, command: Answer) -> str:
        work = self.elements[name_of(command.node)].work
        if work is None or work.kind != "call":
            raise _Untold
        return work.target or ""

    def _arguments(self, records: Iterable[tuple[str, Any]]) -> tuple[t.Argument, ...]:
        found = []
        for name, data in records:
            text = literal(values.decode(data))
            if text is None:
                raise _Untold
            found.append(t.Argument(t.Name(name), t.Expr(text)))
        return tuple(found)

    def _span(self, microseconds: int) -> str:
        seconds = max(1, -(-microseconds // 1_000_000))
        size, one, several = next(row for row in _UNITS[self.language] if seconds % row[0] == 0)
        return f"{seconds // size}{several if seconds // size != 1 else one}"


def _said_in_time(commands: Sequence[Command]) -> list[Command]:
    """Puts what a connector answers before whatever has it asked again: from then on it answers at once."""
    told: list[Command] = []
    for command in commands:
        at = len(told)
        if isinstance(command, Answer) and command.attempt > 1:
            asked = (
                n
                for n, c in enumerate(told)
                if isinstance(c, Tick) or (isinstance(c, Retry) and c.node == command.node)
            )
            at = max(asked, default=at)
        told.insert(at, command)
    return told


def _target(key: str) -> t.Target:
    name, path = parse_key(key)
    return t.Target(t.Name(name), ".".join(map(str, path)))


def stands(state: CaseState, keys: Iterable[str]) -> list[tuple[str, str]]:
    """Gives what a scenario may expect of nodes, and of the case."""
    return [*((key, state.nodes[key].state) for key in keys if key in state.nodes), ("case", state.status)]

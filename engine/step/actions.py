"""What a process does by itself at an event: it tells roles, brings work up to a higher one, starts another case.

`act` carries actions out, each with one entry that has what fired them as its cause: an entry, such as a date that was
missed. Whoever fires knows when, once; nothing here looks at a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from msgspec.structs import replace

from charter.engine import values
from charter.engine.commands import SYSTEM
from charter.engine.definition import Action
from charter.engine.effects import Effect, Notify, StartCase
from charter.engine.entries import Because, Entry, Told
from charter.engine.entries.cases import Declined, Escalated, Launched, Notified, Reminded
from charter.engine.keys import Path, parse_key
from charter.engine.machines import OPEN, STALLED
from charter.engine.plan.makers import record_makers
from charter.engine.plan.place import Place
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program
from charter.engine.plan.scope import Scope
from charter.engine.refusals import Reason
from charter.engine.state import Node

Pairs = Iterable[tuple[str, str]]
Seen = Mapping[str, Any] | None

# Cases that open one another without end are stopped so deep, where the owner of the last one is told.
MOST_DEPTH = 32
# Work that may still be done, so that a higher role can do it.
_AHEAD = OPEN | STALLED
# What a case asks for beyond its effects: that a rule takes effect.
RULE = "Rule"


class Draft(Protocol):
    """What actions need of a step's working copy of a case (`draft.Draft`, which stands on this)."""

    effects: list[Effect]

    @property
    def program(self) -> Program: ...
    @property
    def nodes(self) -> dict[str, Node]: ...
    @property
    def process(self) -> str: ...
    @property
    def depth(self) -> int: ...
    @property
    def chain(self) -> tuple[str, ...]: ...
    @property
    def drill(self) -> bool: ...

    def here(self, plan: Plan, path: Path) -> Place: ...
    def scope(self, plan: Plan | None, path: Path) -> Scope: ...
    def put(self, node: Node) -> None: ...
    def follow(self, told: Told, node: Node | None, cause: int | None = None) -> int: ...
    def number(self, told: Told) -> int: ...
    def place(self, key: str) -> tuple[Plan, Path]: ...


def act(draft: Draft, actions: Iterable[Action], cause: int, key: str | None = None, seen: Seen = None) -> None:
    """Carries out what an event asks for; `cause` is the entry of the event, `key` the element that it befell, and
    `seen` are names beside those of the case.
    """
    for action in actions:
        _ACTS[action.kind](draft, action, cause, None if key is None else draft.nodes[key], seen)


def _notify(draft: Draft, action: Action, cause: int, node: Node | None, _seen: Seen) -> None:
    draft.follow(Notified(action.roles), node, cause)


def _escalate(draft: Draft, action: Action, cause: int, node: Node | None, _seen: Seen) -> None:
    """Lets a higher role do the work, too, unless it is over: that of an element, or what is open inside a block."""
    for each in () if node is None else _work(draft, node):
        higher = tuple(role for role in action.roles if role not in draft.place(each.key)[0].roles_wanted(each))
        each = replace(each, higher=(*each.higher, *higher), group=None if higher else each.group)
        draft.put(each)
        for role in higher:
            draft.follow(Escalated(role), each, cause)


def _work(draft: Draft, node: Node) -> Iterator[Node]:
    """Yields the work that people have still to do, of an element or inside it."""
    plan, path = draft.place(node.key)
    if plan.by_people and not plan.is_group(path):
        yield from (node,) if node.state in _AHEAD else ()
        return
    for part in (plan, *plan.descendants()):
        for key in list(draft.program.expand(draft.nodes, part, path)) if part.by_people else ():
            inside = draft.nodes.get(key)
            if inside is not None and inside.state in _AHEAD and not part.is_group(parse_key(key)[1]):
                yield inside


def _start(draft: Draft, action: Action, cause: int, node: Node | None, seen: Seen) -> None:
    plan, path = (None, ()) if node is None else draft.place(node.key)
    assert action.process is not None
    given = arguments(draft, plan, path, action.arguments, seen)
    launched = Launched(action.process, given)
    draft.follow(launched, node, cause)
    asked = draft.number(launched)
    deep = too_deep(draft, node, action.process)
    if deep is not None:
        draft.follow(declined(StartCase.__name__, action.process, deep, asked), node, cause)
        return
    made = makers(draft, plan, path, action.arguments)
    key = "" if node is None else node.key
    draft.effects.append(
        StartCase(key, action.process, 0, given, False, draft.depth + 1, made, draft.chain, asked, draft.drill)
    )


_ACTS: Mapping[str, Callable[[Draft, Action, int, Node | None, Seen], None]] = {
    "notify": _notify,
    "escalate": _escalate,
    "start": _start,
}


# -- other cases ----------------------------------------------------------------------------------------------


def told_roles(entries: Iterable[Entry], first: int) -> Iterator[Notify]:
    """Yields whom lines of the process tell something by a step's entries, numbered from `first`."""
    for number, entry in enumerate(entries, first):
        if isinstance(entry.told, Notified | Escalated | Reminded) and entry.told.to:
            to = entry.told.to
            yield Notify(entry.node or "", (to,) if isinstance(to, str) else to, number)


def too_deep(draft: Draft, node: Node | None, process: str) -> Reason | None:
    """Gives why no case is opened where one more would be one too many."""
    if draft.depth < MOST_DEPTH:
        return None
    key, subject = (draft.process, None) if node is None else (node.key, node.element)
    return Reason("CH566", subject, {"element": key, "target": process, "limit": MOST_DEPTH})


def declined(ask: str, target: str, reason: Reason, asked: int | None = None) -> Declined:
    """Gives what is told of something that nobody waits for and that is not done."""
    return Declined(ask, target, asked, Because(reason.code, reason.arguments))


def arguments(
    draft: Draft, plan: Plan | None, path: Path, pairs: Pairs, seen: Seen = None
) -> tuple[tuple[str, Any], ...]:
    """Gives the values of a `with`, encoded; null for one that is no value."""
    scope = draft.scope(plan, path)
    found = []
    for name, text in pairs:
        try:
            found.append((name, values.encode(scope.value(text, seen))))
        except values.NotAValue:
            found.append((name, None))
    return tuple(found)


def makers(draft: Draft, plan: Plan | None, path: Path, pairs: Pairs) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Names who made what each argument comes from, so that their part in it counts in the case that is opened, too."""
    if plan is None:
        return ()
    place = draft.here(plan, path)
    lists = {level.element.many.variable: level.items for level in plan.levels() if level.element.many is not None}
    found = []
    for argument, text in pairs:
        names = [record for name in sorted(draft.program.names(text)) for record in lists.get(name, (name,))]
        people = (person for name in names if name in draft.program.types for person in record_makers(place, name))
        if made := tuple(dict.fromkeys(person for person in people if person != SYSTEM.person)):
            found.append((argument, made))
    return tuple(found)

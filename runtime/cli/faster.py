"""Who was faster: the person whose act stands against a command that comes too late, and when it was.

Knows what a refusal says and the trail of its case; decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from charter.engine.commands import SYSTEM
from charter.engine.entries.cases import Closed, Granted, Rejected, Voted
from charter.engine.machines import DECIDED, PASSED_OVER, STILL, TAKEN
from charter.engine.refusals import Reason
from charter.runtime.cli.context import Context
from charter.runtime.cli.reasons import reason_sentence
from charter.runtime.desk.notes import latest

if TYPE_CHECKING:
    from charter.engine.definition import Definition
    from charter.engine.entries import Entry
    from charter.engine.state import CaseState

# states that somebody brings about who may have been faster
_BROUGHT = DECIDED | PASSED_OVER | TAKEN | (STILL - {"stale"})
# argument of a refusal that names the element whose state stands against a command
_ELEMENT = {"CH502": "element", "CH507": "element", "CH524": "other"}


def who_was_first(context: Context, reason: Reason, definition: Definition, state: CaseState) -> Iterator[str]:
    """Yields who did what stands against a command, and when; where it was the process, why, and who led to that."""
    element = reason.arguments.get("element")
    if reason.code == "CH519":
        yield from _brought(context, definition, state, None, reason.arguments.get("status"))
    elif reason.code in _ELEMENT:
        key = str(reason.arguments.get(_ELEMENT[reason.code]))
        if key in state.nodes:
            yield from _brought(context, definition, state, key, state.nodes[key].state, named=key != element)
    elif reason.code == "CH538":
        yield from _did(context, _latest(context, state, element, lambda e: isinstance(e.told, Closed)), "closed")
    elif reason.code == "CH517":
        person = reason.arguments.get("person")
        votes = _latest(
            context,
            state,
            element,
            lambda e: isinstance(e.told, Voted | Granted | Rejected) and person in (e.actor, e.on_behalf_of),
        )
        yield from _did(context, votes, "voted")


def _brought(
    context: Context, definition: Definition, state: CaseState, key: str | None, was: object, *, named: bool = False
) -> Iterator[str]:
    """Yields who brought an element (`key` None: the case) into its state; `named`: by name, as it is another's."""
    if was not in _BROUGHT:
        return
    entry = _latest(context, state, key, lambda e: e.after == was and e.before != was)
    because = getattr(entry.told, "because", None) if entry is not None else None
    if because is not None:
        reason = Reason(because.code, None, because.arguments)
        yield "  " + reason_sentence(reason, context.say, definition, state)
        other = because.arguments.get("other")
        if other in state.nodes:
            yield from _brought(context, definition, state, other, state.nodes[other].state, named=True)
        return
    for line in _did(context, entry, str(was)):
        yield "  " + context.say.of(key, line.strip()) if named else line
    if key is None and entry is not None and entry.reason:
        yield context.say("happened.was_because", reason=entry.reason)


def _latest(context: Context, state: CaseState, key: object, holds: Callable[[Entry], bool]) -> Entry | None:
    with context.reading.read() as connection:
        return latest(connection, state.case, None if key is None else str(key), holds)


def _did(context: Context, entry: Entry | None, what: str) -> Iterator[str]:
    """Yields that a person did it, and how long ago; nothing where the process did."""
    if entry is None or entry.actor == SYSTEM.person:
        return
    say, who = context.say, entry.actor
    if entry.on_behalf_of is not None:
        who = say("happened.in_place_of", person=who, principal=entry.on_behalf_of)
    past = context.output.amount(context.now - entry.at)
    when = say("time.just_now") if past is None else say("time.ago", amount=past)
    yield say(f"happened.was_{what}", person=who, when=when)

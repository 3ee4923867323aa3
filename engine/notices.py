"""Who is told of what: the roles that an entry of the trail is news to, by the lines of the process.

Whoever is informed of an element hears how it ended, whatever ended it, but not what the process passes over before it
opens; who accounts for it, that its date was missed or moved; whom a line of it tells, what it tells them; the higher
role, that work came up to it; the owner, that a call failed for good or something asked for was not done, that a line
of a ledger is overrun, that no approval applies to a record, that a repeated phase stands, or that another case has
amended a record. What is to be done is no news: it is in an inbox. Knows neither persons nor how they are told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from charter.engine.commands import SYSTEM
from charter.engine.definition import Element
from charter.engine.entries import Entry, Told
from charter.engine.entries.approvals import StageHeld
from charter.engine.entries.cases import (
    Amended,
    Declined,
    Escalated,
    Failed,
    Idle,
    Notified,
    Overdue,
    Readdressed,
    Redated,
    Reminded,
    Restored,
    Unapproved,
    Uncounted,
    Undated,
)
from charter.engine.entries.ledgers import LineOverrun
from charter.engine.machines import SETTLED
from charter.engine.personal import personal
from charter.engine.plan.program import Program

Roles = tuple[str, ...]


def _accounts(program: Program, element: Element, _told: Told) -> Roles:
    if element.accountable or not element.named:
        return element.accountable or element.roles
    return (*(role for role in element.roles if role not in element.named), *_owned(program))


def _named(_program: Program, _element: Element, told: Notified) -> Roles:
    return told.to


def _higher(_program: Program, _element: Element, told: Escalated) -> Roles:
    return (told.to,)


def _owner(program: Program, _element: Element, _told: Told) -> Roles:
    return _owned(program)


def _owned(program: Program) -> Roles:
    owner = program.definition.owner
    return () if owner is None else (owner,)


def _reminded(_program: Program, _element: Element, told: Reminded) -> Roles:
    return told.to if told.person is None else (*told.to, personal(told.person))


def _addressed(_program: Program, _element: Element, told: Readdressed) -> Roles:
    return tuple(dict.fromkeys(personal(person) for _, people in (*told.named, *told.before) for person in people))


# kind of entry -> whom it is news to
_NEWS: Mapping[type[Told], Callable[[Program, Element, Any], Roles]] = {
    Overdue: _accounts,
    Notified: _named,
    Reminded: _reminded,
    Readdressed: _addressed,
    Redated: _accounts,
    Undated: _owner,
    Escalated: _higher,
    Failed: _owner,
    Declined: _owner,
    Unapproved: _owner,
    Idle: _owner,
    Uncounted: _owner,
    StageHeld: _owner,
    Amended: _owner,
}


# Those of what befalls a case as a whole, by its rules.
_NEWS_OF_CASE: Mapping[type[Told], Callable[[Program, Any], Roles]] = {
    Notified: lambda _program, told: told.to,
    Failed: lambda program, _told: _owned(program),
    Declined: lambda program, _told: _owned(program),
    Undated: lambda program, _told: _owned(program),
    LineOverrun: lambda program, _told: _owned(program),
    Amended: lambda program, _told: _owned(program),
}


_ANY = frozenset((*_NEWS, *_NEWS_OF_CASE))


def told(program: Program, entry: Entry) -> Roles:
    """Names the roles that an entry is news to; none for most."""
    kind, ended = type(entry.told), ends(entry)
    if not ended and kind not in _ANY:
        return ()
    if kind is Amended and entry.actor != SYSTEM.person:
        return ()  # whoever amends a record in its own case knows it
    if entry.element is None:
        return _NEWS_OF_CASE[kind](program, entry.told) if kind in _NEWS_OF_CASE else ()
    plan = program.plans.get(entry.element)
    if plan is None:
        return ()
    informed = plan.element.informed if ended else ()
    return (*informed, *_NEWS[kind](program, plan.element, entry.told)) if kind in _NEWS else informed


def ends(entry: Entry) -> bool:
    """Says whether an element has ended by an entry, and not as one that the process passes over before it opens."""
    if entry.after not in SETTLED or entry.before == entry.after or isinstance(entry.told, Restored):
        return False
    return entry.before != "planned" or getattr(entry.told, "because", None) is None

"""Whether the people of the database can staff a process: who there is at an instant, and what the proof says of them.

Looks only. Who may do what is for `engine/proof/staffing`; the module knows who is active, who is away and who stands
in for whom.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import NamedTuple

from sqlalchemy import Connection

from charter.engine.commands import SYSTEM, Actor
from charter.engine.definition import Definition
from charter.engine.plan.program import prepare
from charter.engine.proof.explore import explore
from charter.engine.proof.rest import Rest
from charter.engine.proof.seats import START, Seats
from charter.engine.proof.staffing import Gap, Staffing, Together, groups_of, judge as staffed, occurs, staffing
from charter.engine.state import CaseState
from charter.runtime.people.directory import Directory, everybody, holders

SECONDS = 5.0  # to look for a path that has certain elements together
AT_ONCE = 1.0  # the same, while somebody waits


class Staff(NamedTuple):
    """Who can work in a process at an instant, with what each may do; `away`: who is not there, with their roles."""

    people: tuple[Actor, ...]
    away: Mapping[str, tuple[str, ...]]


def staff(connection: Connection, process: str, at: int, *, concerned: bool = False) -> Staff:
    """Lists who can work at an instant: in their own right, and for everybody they stand in for.

    `concerned`: only those who have a role in the process, or stand in for somebody.
    """
    directory = Directory()
    people: list[Actor] = []
    away: dict[str, tuple[str, ...]] = {}
    for person in sorted(holders(connection, process) if concerned else everybody(connection)):
        known = directory.person(connection, person)
        if known is None or person == SYSTEM.person:
            continue
        if known.absent(at):
            away[person] = known.roles(process)
            continue
        principals = [principal for principal, roles in directory.principals(connection, known, process, at) if roles]
        for principal in (None, *principals):
            actor = directory.authority(connection, known, person, process, at, on_behalf_of=principal)
            if isinstance(actor, Actor):
                people.append(actor)
    return Staff(tuple(people), away)


def concerned(definition: Definition, element: str) -> bool:
    """Says whether who does an element's work may leave others without people."""
    groups = groups_of(Seats(prepare(definition), ()))
    return any(element in group and len(group - {START}) > 1 for group in groups)


def stranded(
    definition: Definition, before: CaseState, after: CaseState, people: Sequence[Actor], seconds: float = AT_ONCE
) -> tuple[Gap, ...]:
    """Gives what can no longer be staffed after a step of a case and could before it."""
    program, together = prepare(definition), paths(definition, seconds)
    found = [gap for gap in staffed(Rest(program, people, after), together).gaps if gap.sure]
    if not found:
        return ()
    known = [set(gap.elements) for gap in staffed(Rest(program, people, before), together).gaps]
    return tuple(gap for gap in found if not any(elements <= set(gap.elements) for elements in known))


def judge(definition: Definition, staff: Staff, seconds: float = SECONDS) -> Staffing:
    """Judges whether some people can staff every path of a process."""
    return staffing(definition, staff.people, paths(definition, seconds))


def paths(definition: Definition, seconds: float, clock: Callable[[], float] = monotonic) -> Together:
    """Says whether some path has certain elements together; looks at the paths once it is asked, for so long."""
    known: list[Together] = []

    def together(elements: frozenset[str]) -> bool | None:
        if not known:
            begun = clock()
            known.append(occurs(explore(definition, lambda _: clock() - begun < seconds)))
        return known[0](elements)

    return together

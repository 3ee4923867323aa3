"""Whether the people of the database can staff a process: who there is at an instant, and what the proof says of them.

Looks only. Who may do what is for `engine/proof/staffing`; the module knows who is active, who is away and who stands
in for whom.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from charter.engine.commands import SYSTEM, Actor, Command
from charter.engine.definition import Definition
from charter.engine.keys import name_of
from charter.engine.machines import TAKING
from charter.engine.once import once
from charter.engine.plan.program import prepare
from charter.engine.proof.explore import explore
from charter.engine.proof.rest import Rest
from charter.engine.proof.seats import START, Seats
from charter.engine.proof.staffing import (
    Enough,
    Gap,
    Staffing,
    Together,
    enough,
    groups_of,
    judge as staffed,
    occurs,
    staffing,
)
from charter.engine.refusals import Refusal
from charter.engine.state import CaseState
from charter.runtime.people.directory import Directory, everybody, holders
from charter.runtime.refusals import STRANDS, refusal
from charter.runtime.store.prepared import ask

if TYPE_CHECKING:
    from sqlalchemy import Connection

SECONDS = 5.0  # to look for a path that has certain elements together
AT_ONCE = 1.0  # the same, while somebody waits


class Stranded(NamedTuple):
    """An open case in which nobody is left for some work."""

    case: str
    number: int
    gaps: tuple[Gap, ...]


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


def strands(
    definition: Definition, before: CaseState, command: Command, after: CaseState, people: Callable[[], Sequence[Actor]]
) -> tuple[Gap, ...]:
    """Gives what nobody is left for after a command, and was not before it; asks who is there only where it matters."""
    node = getattr(command, "node", None)
    if command.verb not in TAKING or not isinstance(node, str) or name_of(node) not in concerned(definition):
        return ()
    return stranded(definition, before, after, people())


def refused(command: Command, gaps: Sequence[Gap]) -> Refusal:
    """Refuses a command that leaves nobody for other work."""
    node = str(getattr(command, "node", ""))
    names = list(dict.fromkeys(name for gap in gaps for name in gap.elements if name))
    others = [name for name in names if name != name_of(node)]
    return refusal(STRANDS, name_of(node), element=node, elements=", ".join(others or names))


@once(1024)
def concerned(definition: Definition) -> frozenset[str]:
    """Names the elements of which who does their work may leave others, or other parts of it, without people."""
    program = prepare(definition)
    seats = Seats(program, ())
    several = {name for name, plan in program.plans.items() if any(len(way) > 1 for way in seats.ways(plan))}
    groups = (group - {START} for group in groups_of(seats))
    return frozenset(several.union(*(group for group in groups if len(group) > 1)))


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


def open_cases(connection: Connection, process: str) -> list[tuple[str, int]]:
    """Lists the cases of a process that are under way: id and number."""
    query = "SELECT id, number FROM cases WHERE process = ? AND status = 'open' ORDER BY number"
    return [(case, number) for case, number in ask(connection, query, process)]


def left_alone(
    cases: Sequence[tuple[str, int]],
    load: Callable[[str], tuple[Definition, CaseState]],
    people: Sequence[Actor],
    seconds: float = SECONDS,
    clock: Callable[[], float] = monotonic,
) -> tuple[list[Stranded], int]:
    """Finds the open cases in which nobody is left for some work, and counts those that there was no time for."""
    begun = clock()
    known: dict[Definition, Together] = {}
    found: list[Stranded] = []
    for looked, (case, number) in enumerate(cases):
        if clock() - begun > seconds:
            return found, len(cases) - looked
        definition, state = load(case)
        if definition not in known:
            known[definition] = paths(definition, seconds)
        gaps = tuple(g for g in staffed(Rest(prepare(definition), people, state), known[definition]).gaps if g.sure)
        if gaps:
            found.append(Stranded(case, number, gaps))
    return found, 0


def fewest(
    definition: Definition, staff: Staff, seconds: float = SECONDS, clock: Callable[[], float] = monotonic
) -> Enough | None:
    """Gives the fewest people with whom every path can be staffed; None where that is not known."""
    begun = clock()
    seats = Seats(prepare(definition), staff.people)
    return enough(seats, paths(definition, seconds), lambda: clock() - begun < seconds)


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

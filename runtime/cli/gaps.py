"""What people read of work that cannot be staffed: which, who may do it, what holds between them, what would do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from charter.dsl.text.width import wrap
from charter.runtime.cli.context import Context

if TYPE_CHECKING:
    from charter.engine.definition import Definition
    from charter.engine.proof.seating import Sitter
    from charter.engine.proof.seats import Seat
    from charter.engine.proof.staffing import Gap
    from charter.engine.state import CaseState
    from charter.runtime.desk.staffing import Staff

_SHOWN = 6  # people of one line


def gathered(gaps: Sequence[Gap]) -> list[Gap]:
    """Gives the gaps to tell: elements that lack the same people, each of them alone, as one."""
    found: dict[Any, Gap] = {}
    for gap in gaps:
        alone = gap.sure and len(gap.elements) == 1 and not any(seat.may for seat in gap.seats)
        key = (gap.more, tuple((seat.part, seat.roles) for seat in gap.seats)) if alone else gap
        before = found.get(key)
        if before is None:
            found[key] = gap
        else:
            found[key] = before._replace(
                elements=before.elements + gap.elements, seats=before.seats + gap.seats, rules=before.rules + gap.rules
            )
    return list(found.values())


def explained(context: Context, gap: Gap, staff: Staff) -> Iterator[str]:
    """Yields the lines that explain a gap: the elements, who may do each, what holds between them, what would do."""
    say, columns = context.say, context.output.columns - 6
    yield from wrap(headline(context, gap), columns)
    for seat in gap.seats:
        yield from (f"  {line}" for line in wrap(_seat(context, seat, staff), columns))
    for rule in gap.rules:
        names = {"element": _name(context, rule.element), "other": _name(context, rule.other)}
        yield from (f"  {line}" for line in wrap(say(f"staffing.rule_{rule.kind}", **names), columns))
    yield from (f"  {line}" for line in wrap(remedy(context, gap), columns))


def stranded(context: Context, gaps: Sequence[Gap], state: CaseState) -> Iterator[str]:
    """Yields, for each gap that has come of a command, what nobody is left for, and what would do."""
    for gap in gaps:
        work = [name for name in gap.elements if name]
        free = [name for name in work if name not in state.nodes or state.nodes[name].holder is None]
        yield context.say("staffing.stranded", names=listed(context, free or work), remedy=remedy(context, gap))


def warned(context: Context, definition: Definition) -> Iterator[str]:
    """Yields what cannot be staffed of a process that was deployed; nothing where nobody has a role in it yet."""
    from charter.runtime.desk.staffing import AT_ONCE, judge, staff

    with context.store.read() as connection:
        there = staff(connection, definition.name, context.now)
    roles = {role.name for role in definition.roles}
    if all(roles.isdisjoint(who.roles) for who in there.people):
        return
    for gap in gathered([gap for gap in judge(definition, there, AT_ONCE).gaps if gap.sure]):
        told = {"process": definition.name, "gap": headline(context, gap), "remedy": remedy(context, gap)}
        yield context.say("staffing.deployed", **told)


def headline(context: Context, gap: Gap) -> str:
    """Says in a line which elements a gap is about."""
    key = "perhaps" if not gap.sure else "nobody" if not all(seat.may for seat in gap.seats) else "few"
    return context.say(f"staffing.{key}", names=listed(context, gap.elements))


def remedy(context: Context, gap: Gap) -> str:
    """Says how few people more would do."""
    say = context.say
    if not gap.more:
        return say("staffing.no_remedy")
    wanted = [
        say("staffing.more", count=gap.more.count(roles), roles=listed(context, roles))
        for roles in dict.fromkeys(gap.more)
    ]
    return say("staffing.remedy", people=say("happened.comma").join(wanted))


def _seat(context: Context, seat: Seat, staff: Staff) -> str:
    say = context.say
    what = say(f"staffing.seat_{seat.part}", element=_name(context, seat.element), point=seat.name)
    roles = say("happened.or").join(seat.roles) or "-"
    away = [person for person, held in staff.away.items() if not set(held).isdisjoint(seat.roles)]
    people = [_people(context, sorted(seat.may, key=str)) or say("staffing.no_one")]
    people += [say("staffing.short", people=_people(context, sorted(seat.short, key=str)))] if seat.short else []
    people += [say("staffing.away", people=_some(context, away))] if away else []
    return say("staffing.seat", what=what, roles=roles, people=say("staffing.semicolon").join(people))


def _people(context: Context, sitters: Sequence[Sitter]) -> str:
    names = [
        sitter.person
        if sitter.principal is None
        else context.say("staffing.for", person=sitter.person, other=sitter.principal)
        for sitter in sitters
    ]
    return _some(context, names)


def _some(context: Context, names: Sequence[str]) -> str:
    shown = context.say("happened.comma").join(names[:_SHOWN])
    return context.say("happened.more", names=shown, count=len(names) - _SHOWN) if names[_SHOWN:] else shown


def _name(context: Context, element: str) -> str:
    return f"`{element}`" if element else context.say("staffing.opening")


def listed(context: Context, names: Sequence[str]) -> str:
    """Lists elements, or roles, in backticks."""
    return context.say("happened.comma").join(_name(context, name) for name in names)

"""People whom data names: an approval `by request.boss`, work of `role team.members`.

Who they are is pinned when the work opens (`Node.named`); each stands in seats and among roles as `@person`, which is
that person's alone. Whoever accounts for the work, else the owner, is its fallback: where data names too few, the seats
that are left are theirs. Knows neither votes nor how the data is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from charter.engine.commands import Actor
from charter.engine.definition import Definition, Stage
from charter.engine.personal import personal, whose

Named = tuple[tuple[str, tuple[str, ...]], ...]


def is_own(actor: Actor, role: str) -> bool:
    """Says whether a role is one that the actor has in their own right."""
    if whose(role) is not None:
        return role == personal(actor.person)
    return role in actor.roles and role not in actor.lent


def is_lent(actor: Actor, role: str) -> bool:
    """Says whether a role is one that the actor has by whom they stand in for."""
    if whose(role) is not None:
        return actor.on_behalf_of is not None and role == personal(actor.on_behalf_of)
    return role in actor.lent


def pointer(named: Named, role: str) -> str:
    """Gives the words of the process file by which somebody is named; of a role, its name."""
    person = whose(role)
    return next((name for name, people in named if person in people), role) if person is not None else role


def filled(roles: Iterable[str], named: Named, fallback: str) -> tuple[str, ...]:
    """Gives roles with the people in place of the data that names them; the fallback where it names nobody."""
    people = dict(named)
    found = [one for role in roles for one in (_people(people[role], fallback) if role in people else (role,))]
    return tuple(dict.fromkeys(found))


def _people(people: tuple[str, ...], fallback: str) -> tuple[str, ...]:
    return tuple(map(personal, people)) or (fallback,)


def seats(stage: Stage, named: Named, fallback: str) -> Stage:
    """Gives a stage with a seat for each person whom data names, and for the fallback those that too few leave open."""
    people, found = dict(named), dict[str, int]()
    for role, count in stage.seats:
        for one in _people(people[role], fallback) if role in people else (role,):
            # Somebody who is named twice sits once.
            found[one] = 1 if whose(one) else found.get(one, 0) + count
    needed = stage.needed or sum(found.values())
    if not stage.first and (short := needed - sum(found.values())) > 0:
        found[fallback] = found.get(fallback, 0) + short
    return replace(stage, seats=tuple(found.items()), needed=needed)


def too_few(stages: Iterable[Stage], roles: Iterable[str], named: Named) -> Mapping[str, None]:
    """Names the data that names nobody, or too few for a stage."""
    people = dict(named)
    short = [role for role in roles if role in people and not people[role]]
    for stage in stages:
        mine = [role for role, _ in stage.seats if role in people]
        there_are = sum(len(people[role]) if role in people else count for role, count in stage.seats)
        if mine and (there_are < stage.needed or not all(people[role] for role in mine)):
            short += [role for role in mine if not people[role]] or mine
    return dict.fromkeys(short)


def titles(definition: Definition) -> Mapping[str, str]:
    """Gives what names people in a process in words: of `request.boss` the titles of the record and of the field."""
    records = {record.name: record for record in definition.records}
    found = {}
    for name in dict.fromkeys(name for element in definition.elements for name in element.named):
        words, record = [], records.get(name.partition(".")[0])
        for part in name.split(".")[1:] if record is not None else ():
            field = next((f for f in record.fields if f.name == part), None) if record is not None else None
            words.append(part if field is None else field.title)
            record = None if field is None else records.get((field.type.item or field.type).record or "")
        root = records.get(name.partition(".")[0])
        found[name] = ".".join((root.title, *words)) if root is not None else name
    return found

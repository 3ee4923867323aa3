"""The people of a simulation: who is free, who holds a role, who has waited longest for work.

A role that nobody was given for has as many people as it needs; they are made up as work comes, and show all that the
role asks for. A person does one thing at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from charter.engine.commands import Actor
from charter.engine.definition import Definition


class Member(Struct, eq=False):
    """A person. `endless`: not one person but whoever comes: never busy."""

    actor: Actor
    free: bool = True
    endless: bool = False
    load: int = 0  # work in hand or assigned


def staffed(definitions: Sequence[Definition], counts: Mapping[str, int]) -> list[Actor]:
    """Makes up so many people of each role, each of one role only."""
    return [
        somebody(definitions, f"{role}-{number}", (role,))
        for role, count in counts.items()
        for number in range(1, count + 1)
    ]


def somebody(definitions: Sequence[Definition], person: str, roles: Sequence[str]) -> Actor:
    """Makes up a person who has what these roles ask for."""
    needs = [need for d in definitions for role in d.roles if role.name in roles for need in role.requires]
    skills: dict[str, int] = {}
    for need in needs:
        if need.kind == "skill":
            skills[need.name] = max(skills.get(need.name, 0), need.at_least or 1)
    return Actor(
        person,
        tuple(roles),
        skills=tuple(sorted(skills.items())),
        certificates=tuple(sorted({need.name for need in needs if need.kind == "certificate"})),
    )


class Crew:
    """Who works. `people` are those given; `counts`: how many hold each role, for roles that somebody holds."""

    def __init__(self, definitions: Sequence[Definition], people: Iterable[Actor]) -> None:
        self.definitions = definitions
        self.members = {actor.person: Member(actor) for actor in people}
        self.counts: dict[str, int] = {}
        # By role, whoever has been free for longest first.
        self.idle: dict[str, dict[str, None]] = {}
        for member in self.members.values():
            for role in member.actor.roles:
                self.counts[role] = self.counts.get(role, 0) + 1
                self.idle.setdefault(role, {})[member.actor.person] = None
        self._made = 0

    def limited(self, role: str) -> bool:
        return role in self.counts

    def member(self, person: str, roles: Sequence[str]) -> Member:
        """Gives a person by name; one whom a record names and nobody was given for is made up, and never busy."""
        found = self.members.get(person)
        return Member(somebody(self.definitions, person, roles), endless=True) if found is None else found

    def free(self, roles: Sequence[str]) -> Iterator[Member]:
        """Yields who holds one of these roles and is free; last somebody new, where a role has no limit."""
        for role in roles:
            for person in list(self.idle.get(role, ())):
                yield self.members[person]
        unlimited = [role for role in roles if not self.limited(role)]
        if unlimited:
            self._made += 1
            yield Member(somebody(self.definitions, f"{unlimited[0]}-{self._made}", unlimited[:1]))

    def may_be_free(self, roles: Sequence[str]) -> bool:
        """Says whether somebody might be found for work that these roles do."""
        return not roles or any(self.idle.get(role) or not self.limited(role) for role in roles)

    def holding(self, roles: Sequence[str]) -> list[Member]:
        """Lists everybody who holds one of these roles (none: everybody), somebody new where one has no limit."""
        found = [m for m in self.members.values() if not roles or set(roles) & set(m.actor.roles)]
        unlimited = [role for role in roles if not self.limited(role)]
        if unlimited and not any(m.free and set(unlimited) & set(m.actor.roles) for m in found):
            self._made += 1
            new = Member(somebody(self.definitions, f"{unlimited[0]}-{self._made}", unlimited[:1]))
            self._keep(new)
            found.append(new)
        return found

    def take(self, member: Member) -> None:
        """Notes that somebody has begun to work."""
        if member.endless:
            return
        if member.actor.person not in self.members:
            self._keep(member)
        member.free = False
        for role in member.actor.roles:
            self.idle[role].pop(member.actor.person, None)

    def give_back(self, member: Member) -> None:
        """Notes that somebody is free again."""
        if member.endless:
            return
        member.free = True
        for role in member.actor.roles:
            self.idle[role][member.actor.person] = None

    def _keep(self, member: Member) -> None:
        self.members[member.actor.person] = member
        for role in member.actor.roles:
            self.idle.setdefault(role, {})[member.actor.person] = None

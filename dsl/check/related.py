"""What stands beside a name of the wrong kind: the record that an activity writes, the elements that a role does.

Where one kind of thing is wanted and another is named, its author thinks of the two as one.
"""

from __future__ import annotations

from collections.abc import Iterator

from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.text import tree as t


def related(name: str, wanted: str, scope: ProcessScope) -> list[str]:
    """Gives the things of a kind (`record`, `role`, `element` or `work`) that have to do with a thing of another."""
    element = scope.elements.get(name)
    parts = [element] if element is not None else list(_concerned(name, scope))
    if wanted == "record":
        found = [n.text for part in parts for n in ((*part.outputs, part.of) if part.of else part.outputs)]
    elif wanted == "role":
        found = [role for part in parts for role in _roles(part)]
    else:
        done = {"activity", "approval"} if wanted == "work" else {"activity", "approval", "phase", "milestone"}
        found = [part.name for part in parts if part.kind in done]
    return [one for one in dict.fromkeys(found) if one != name]


def _concerned(name: str, scope: ProcessScope) -> Iterator[Part]:
    """The elements that write a record, or those whose work is a role's."""
    yield from scope.producers.get(name, ())
    if scope.role(name) is not None:
        yield from (part for part in scope.elements.values() if name in _roles(part))


def _roles(part: Part) -> list[str]:
    roles = [role.text for line in part.all(t.Raci) if line.kind == "role" for role in line.roles]
    return roles + [role.text for line in part.all(t.By) for stage in line.stages for role in stage.roles]

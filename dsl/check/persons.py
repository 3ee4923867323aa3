"""Names that stand for people in data where roles do: `by request.boss`, `role team.members`, `by e` of a `for each`.

A name is a role's first. What is read must be there when the work opens and say who somebody is; and since data may
name nobody, the work has somebody to fall back on.
"""

from __future__ import annotations

from charter.dsl.check.choices import declared_at, item_types
from charter.dsl.check.findings import Findings
from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.text import tree as t


def names_people(name: str, part: Part, scope: ProcessScope) -> bool:
    """Says whether a name where roles stand is read from data: a field of a record, or an item of a `for each`."""
    if scope.role(name) is not None:
        return False
    root, dot, _ = name.partition(".")
    return root in _variables(part) or (bool(dot) and scope.is_record(root))


def people_named(part: Part, scope: ProcessScope) -> tuple[str, ...]:
    """Lists the names of an element that are read from data, each once."""
    names = [name for line in part.all(t.Raci) if line.kind == "role" for name in line.roles]
    names += [name for line in part.all(t.By) for stage in line.stages for name in stage.roles]
    return tuple(dict.fromkeys(name.text for name in names if names_people(name.text, part, scope)))


def check_people(name: t.Name, part: Part, scope: ProcessScope, findings: Findings) -> None:
    """Reports data that says not who somebody is, may not be there yet, or leaves work to nobody."""
    root, *_ = path = tuple(name.text.split("."))
    declared = declared_at(path, scope, item_types(part, scope))
    kind = None if declared is None else declared.type.item or declared.type
    if kind is None or kind.name != "person" or kind.item is not None:
        findings.add("CH280", name.span, name=name.text, element=part.name)
    elif root not in _variables(part) and root not in _there(part, scope):
        findings.add("CH281", name.span, name=name.text, element=part.name, record=root)
    elif t.Owner not in scope.header and not any(line.kind == "accountable" for line in part.all(t.Raci)):
        findings.add("CH282", name.span, name=name.text, element=part.name, process=scope.name)


def _variables(part: Part) -> set[str]:
    return {line.variable.text for each in part.instances if (line := each.one(t.ForEach)) is not None}


def _there(part: Part, scope: ProcessScope) -> set[str]:
    """Names the records that are there when an element opens."""
    taken = (*part.inputs, *((part.of,) if part.of is not None else ()))
    return {*(name.text for name in taken), *scope.inputs}

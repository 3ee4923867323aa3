"""Checks who may read what: names in `visible to`, and that nobody fills in, decides on or hears of what is withheld.

It knows roles, not people. What a line withholds from whom is `engine/reading.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from charter.dsl.check.findings import Findings
from charter.dsl.check.persons import names_people
from charter.dsl.check.references import check_role, distinct
from charter.dsl.check.scopes import BUILT_IN_TYPES, Part, ProcessScope, Symbol
from charter.dsl.diagnostic import Fix, Place
from charter.dsl.text import tree as t


def check_reading(scope: ProcessScope, findings: Findings) -> None:
    """Reports wrong names in `visible to`, and people who would work on what they may not read."""
    header = [name for line in scope.header.get(t.Visible, []) for name in line.roles]
    distinct(header, "visible to", findings)
    for name in header:
        check_role(name, scope, findings)
    records = dict(_records(scope))
    for symbol in (*records.values(), *scope.registers.values()):
        _names(symbol, scope, findings)
    if findings.failed or not scope.name:
        return
    for part in scope.elements.values():
        for record, what in (*((name, "CH488") for name in part.outputs), *_decided(part)):
            for name in _workers(part):
                if names_people(name.text, part, scope):
                    continue  # whoever is asked by name reads what it is about (`engine.reading.own`)
                _may_work(part, name, record.text, what, records, scope, findings)
    if header:
        _told(scope, header, findings)


def _records(scope: ProcessScope) -> Iterator[tuple[str, Symbol]]:
    """Gives the records of a process and those that their fields are of."""
    names = [*scope.records, *scope.inputs, *scope.producers]
    seen: set[str] = set()
    for name in names:  # grows while it is walked
        symbol = None if name in seen or name in BUILT_IN_TYPES else scope.record(name)
        seen.add(name)
        if symbol is not None:
            yield name, symbol
            names += [line.type.innermost.name for line in symbol.node.fields]


def _visible(record: t.Record | t.Register) -> list[t.Name]:
    return [name for line in record.body if isinstance(line, t.Visible) for name in line.roles]


def _names(symbol: Symbol, scope: ProcessScope, findings: Findings) -> None:
    """Reports unknown roles, and a field that is for somebody who may not read its record."""
    own = _visible(symbol.node)
    among = (scope.shared.records, scope.shared.registers)
    shared = scope.name and any(table.get(symbol.name) is symbol for table in among)
    for names in (own, *(field.visible for field in symbol.node.fields)):
        for name in names:
            # What is wrong in a shared record is told once, where it stands.
            if not shared:
                check_role(name, scope, findings)
            elif scope.role(name.text) is not None:
                scope.used_roles.add(name.text)
        if not shared:
            distinct(names, "visible to", findings)
    if shared or not own:
        return
    readers = {name.text for name in own}
    for field in symbol.node.fields:
        for name in field.visible:
            if name.text not in readers and scope.role(name.text) is not None:
                findings.add(
                    "CH277",
                    name.span,
                    fix=_added(own, name.text),
                    also=(Place(own[0].span, symbol.file, "only_for"),),
                    role=name.text,
                    record=symbol.name,
                    field=field.name.text,
                )


def _decided(part: Part) -> tuple[tuple[t.Name, str], ...]:
    return () if part.of is None else ((part.of, "CH489"),)


def _workers(part: Part) -> list[t.Name]:
    """The roles whose people do an element or decide on it."""
    found = [name for line in part.all(t.Raci) if line.kind == "role" for name in line.roles]
    found += [name for line in part.all(t.By) for stage in line.stages for name in stage.roles]
    found += [line.role for line in part.all(t.Veto)]
    found += [line.target for line in part.all(t.On) if line.action == "escalate" and line.target is not None]
    return list({name.text: name for name in reversed(found)}.values())[::-1]


def _may_work(
    part: Part,
    worker: t.Name,
    record: str,
    code: str,
    records: dict[str, Symbol],
    scope: ProcessScope,
    findings: Findings,
) -> None:
    """Reports who may not read what they are to fill in or decide on, at the first line that keeps it from them."""
    for path, names, file in _lines(record, records):
        if names and worker.text not in {name.text for name in names}:
            fix = _added(names, worker.text) if file == scope.file else None
            also = (Place(names[0].span, file, "only_for"),)
            findings.add(code, worker.span, fix=fix, also=also, element=part.name, role=worker.text, name=path)
            return


def _lines(record: str, records: dict[str, Symbol]) -> Iterator[tuple[str, list[t.Name], str]]:
    """Gives what of a record, and of those in its fields, has a line of its own: its path, the roles, the file."""
    seen, left = {record}, [record]
    while left:
        name = left.pop()
        symbol = records.get(name)
        if symbol is None:
            continue
        yield name, _visible(symbol.node), symbol.file
        for field in symbol.node.fields:
            yield f"{name}.{field.name.text}", list(field.visible), symbol.file
            inner = field.type.innermost.name
            if inner not in seen:
                seen.add(inner)
                left.append(inner)


def _told(scope: ProcessScope, header: list[t.Name], findings: Findings) -> None:
    """Reports roles that a line tells of a case which they may not read: those that have no part in any."""
    may = {name.text for name in header} | {line.role.text for line in scope.header.get(t.Owner, [])}
    for part in scope.elements.values():
        may |= {name.text for name in _workers(part)}
        checks = [check for line in part.all(t.Checklist) for check in line.checks]
        may |= {line.role.text for check in checks for line in check.body if isinstance(line, t.CheckBy)}
    for part in scope.elements.values():
        lines: list[t.OnOverdue | t.Happens] = [*part.all(t.OnOverdue), *part.all(t.Happens)]
        told = [name for line in part.all(t.Raci) if line.kind == "informed" for name in line.roles]
        told += [name for line in part.all(t.Remind) for name in line.roles]
        told += [name for line in lines for action in line.actions if action.kind == "notify" for name in action.names]
        for name in told:
            if name.text not in may and scope.role(name.text) is not None:
                findings.add("CH278", name.span, fix=_added(header, name.text), element=part.name, role=name.text)


def _added(names: list[t.Name], role: str) -> Fix:
    end = names[-1].span[1]
    return Fix.at((end, end), f", {role}")


def read_in(name: t.Name, scopes: Iterable[ProcessScope], findings: Findings) -> ProcessScope:
    """Finds the process that has a record, or a field in one; reports (of the first) what none has."""
    first, *_ = reached = list(scopes)
    found = next((scope for scope in reached if _is_readable(name.text, scope)), None)
    if found is None:
        record, _, _ = name.text.partition(".")
        known = first.record(record)
        fields = known.node.fields if known is not None else ()
        findings.unknown("CH279", name, [*first.records, *(f"{record}.{field.name.text}" for field in fields)])
    return found or first


def _is_readable(path: str, scope: ProcessScope) -> bool:
    name, *fields = path.split(".")
    known = scope.is_record(name) or scope.record(name) is not None
    for field in fields:
        symbol = scope.record(name)
        found = None if symbol is None else scope.field_of(symbol.name, field)
        known, name = found is not None, "" if found is None else found.type.innermost.name
        if not known:
            return False
    return known

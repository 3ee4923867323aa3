"""Checks registers: what they hold, what is filed into them, and that processes mean the same by one name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from msgspec.structs import replace

from charter.dsl.check.asks import Ask, given
from charter.dsl.check.events import check_actions
from charter.dsl.check.expressions import expressions, names
from charter.dsl.check.findings import Findings
from charter.dsl.check.references import check_roles, distinct, misnamed
from charter.dsl.check.rules import starts
from charter.dsl.check.scopes import BUILT_IN_TYPES, Part, ProcessScope, Symbol, own
from charter.dsl.check.types import key_type, type_of
from charter.dsl.diagnostic import Place
from charter.dsl.text import tree as t
from charter.engine.feel import types as y
from charter.engine.reviews import REVIEWED

# What tells entries apart, and can be asked for in brackets.
KEYS = frozenset({"text", "choice", "person", "number", "integer", "date"})
# type of a record's field -> further types of a register's field that take all its values
_WIDER = {
    "choice": frozenset({"text"}),
    "person": frozenset({"text"}),
    "integer": frozenset({"number", "percent"}),
    "number": frozenset({"percent"}),
    "percent": frozenset({"number"}),
}


def check_registers(scope: ProcessScope, findings: Findings) -> None:
    """Reports what is wrong with a process's own registers."""
    for symbol in own(scope, "registers").values():
        _declared(symbol.node, symbol.file, scope, findings)
    for symbol in scope.registers.values():
        for line in symbol.node.body:
            for role in line.roles if isinstance(line, t.Review) else ():
                if scope.role(role.text) is not None:  # who reviews has a part in every process with the register
                    scope.used_roles.add(role.text)
            for name in sorted(names(line.every.text)) if isinstance(line, t.Review) else ():
                if scope.parameter(name) is not None:  # so has what says how often
                    scope.used.add(name)
    for symbol in chain.from_iterable(own(scope, name).values() for name in ("kpis", "parameters", "reports")):
        for expr in expressions(symbol.node):
            for name in sorted(names(expr.text)):
                if name in scope.registers or name in scope.shared.registers:
                    findings.add("CH341", expr.span, file=symbol.file, name=name)


def _declared(node: t.Register, file: str, scope: ProcessScope, findings: Findings) -> None:
    reviews = [line for line in node.body if isinstance(line, t.Review)]
    for extra in reviews[1:]:
        findings.add("CH213", extra.span, file=file, word="review every", element=node.name.text)
    for line in reviews:
        check_roles(line.roles, "review every", scope, findings)
        _starts(line, node, file, scope, findings)
    if node.key is None:
        return
    field = next((field for field in node.fields if field.name.text == node.key.text), None)
    if field is None:
        findings.unknown("CH261", node.key, (f.name.text for f in node.fields), file=file, register=node.name.text)
    elif field.may_lack or field.type.name not in KEYS:
        findings.add("CH265", node.key.span, file=file, register=node.name.text, name=node.key.text)


def _starts(line: t.Review, node: t.Register, file: str, scope: ProcessScope, findings: Findings) -> None:
    """Reports what a review starts that is none, and who is to look at entries that they may not read."""
    whole = [name for line in node.body if isinstance(line, t.Visible) for name in line.roles]
    keys = [f.visible for f in node.fields if node.key is not None and f.name.text == node.key.text]
    for role in line.roles:
        if any(names and role.text not in {name.text for name in names} for names in (whole, *keys)):
            findings.add("CH286", role.span, file=file, role=role.text, name=node.name.text)
    check_actions(line.actions, None, scope, findings)
    if line.actions and [each.kind for each in line.actions] != ["start"]:
        findings.add("CH284", line.actions[0].span, file=file, name=node.name.text)
        return
    for action in line.actions:
        symbol = scope.shared.processes.get(action.names[0].text)
        if symbol is not None and not _is_filed(node.name.text, symbol.node, scope):
            findings.add("CH285", action.span, file=file, name=node.name.text, process=symbol.name)


def _is_filed(register: str, process: t.Process, scope: ProcessScope) -> bool:
    """Says whether a process files into a register, itself or in one that it runs or starts."""
    reached = [process]
    for each in reached:  # grows while it is walked
        for name, _ in starts(each.body):
            inner = scope.shared.processes.get(name.text)
            if inner is not None and inner.node not in reached:
                reached.append(inner.node)
    return any(line.register.text == register for each in reached for line in _filings(each))


def _filings(node: Any) -> Iterator[t.Files]:
    for line in getattr(node, "body", ()):
        if isinstance(line, t.Files):
            yield line
        yield from _filings(line)


def files(line: t.Files, part: Part, scope: ProcessScope, findings: Findings) -> None:
    """Checks what an activity files, and into what."""
    register = find(line.register, scope, findings)
    distinct((a.name for a in line.given), "as", findings)
    counted = scope.register(line.register.text)
    if counted is not None and counted.kind == "counter":
        findings.add("CH353", line.register.span, name=line.register.text)
        return
    if any(part.all(kind) for kind in (t.Work, t.Wait)):
        findings.add("CH264", line.span, element=part.name)
    source = None if line.source is None else _source(line.source, part, scope, findings)
    if register is None or (line.source is not None and source is None):
        return
    fields = {field.name.text: field for field in register.fields}
    for argument in line.given:
        if argument.name.text not in fields:
            findings.unknown("CH261", argument.name, fields, register=line.register.text)
    given = {argument.name.text for argument in line.given}
    taken = {field.name.text: field for field in source or ()}
    for name, field in fields.items():
        if name in given:
            continue
        own = taken.get(name)
        if own is not None and not takes(field.type, own.type):
            findings.add("CH340", line.span, register=line.register.text, name=name, record=line.source.text)  # type: ignore[union-attr]
        elif (own is None or own.may_lack) and field.needed:
            findings.add("CH262", line.span, register=line.register.text, name=name)


def find(name: t.Name, scope: ProcessScope, findings: Findings) -> t.Register | None:
    """Finds the register that a line names, or reports that there is none."""
    symbol = scope.register(name.text)
    if symbol is None:
        candidates = [*scope.registers, *scope.shared.registers]
        misnamed(name, "register", "CH260", candidates, scope, findings)
        return None
    found: t.Register = symbol.node
    return found


def given_types(line: t.GivenStep, scope: ProcessScope, findings: Findings) -> dict[str, t.Type]:
    """Checks an entry that a scenario gives; tells the types of the register's fields."""
    register = find(line.register, scope, findings)
    if register is None:
        return {}
    fields = {field.name.text: field for field in register.fields}
    for argument in line.fields:
        if argument.name.text not in fields:
            findings.unknown("CH261", argument.name, fields, register=line.register.text)
    told = {argument.name.text for argument in line.fields} | ({register.key.text} if register.key else set())
    for name, field in fields.items():
        if field.needed and name not in told:
            findings.add("CH262", line.span, register=line.register.text, name=name)
    return {name: field.type for name, field in fields.items()}


def _source(path: t.Name, part: Part, scope: ProcessScope, findings: Findings) -> tuple[t.Field, ...] | None:
    """Gives the fields of what entries are filed from: a record that the activity has, or one or more inside it."""
    record, *inner = path.text.split(".")
    had = {n.text for n in (*part.outputs, *part.inputs)}
    symbol = scope.record(record) if record in had else None
    for name in inner:
        field = None if symbol is None else scope.field_of(symbol.name, name)
        kind = None if field is None else field.type if field.type.item is None else field.type.item
        symbol = None if kind is None or kind.name in BUILT_IN_TYPES else scope.record(kind.name)
    if symbol is None:
        findings.add("CH263", path.span, name=path.text, element=part.name)
        return None
    fields: tuple[t.Field, ...] = symbol.node.fields
    return fields


def takes(wanted: t.Type, given: t.Type) -> bool:
    """Says whether a field of one type takes every value of another."""
    if wanted.item is not None or given.item is not None:
        return wanted.item is not None and given.item is not None and takes(wanted.item, given.item)
    if wanted.name == given.name:
        return {c.text for c in given.choices} <= {c.text for c in wanted.choices}
    return wanted.name in _WIDER.get(given.name, ())


def asks(line: t.Files, word: str, scope: ProcessScope) -> Iterator[Ask]:
    """Asks for values of the types of the register's fields."""
    symbol = scope.register(line.register.text)
    fields = {} if symbol is None else {field.name.text: field for field in symbol.node.fields}
    for argument in line.given:
        if argument.value is not None:
            field = fields.get(argument.name.text)
            wanted: y.Type | None = None if field is None else type_of(field.type, scope)
            yield Ask(argument.value, wanted, argument.name.text)


def of_reviews(scope: ProcessScope) -> Iterator[tuple[Part | None, Ask]]:
    """Asks for lengths of time after `review every`."""
    for symbol in own(scope, "registers").values():
        for line in symbol.node.body:
            if isinstance(line, t.Review):
                yield None, Ask(line.every, y.SPAN, "review every")
                seen = {REVIEWED: _reviewed(symbol.node, scope)}
                yield from ((None, replace(ask, seen=seen)) for ask in given(line, "review every", scope))


def _reviewed(node: t.Register, scope: ProcessScope) -> y.Type:
    """Gives the type of what a review knows of the entry."""
    fields = {line.name.text: type_of(line.type, scope) for line in node.fields}
    told = {"register": y.STRING, "key": key_type(node, fields), "version": y.NUMBER, "due": y.DATE_TIME}
    return y.ContextType(fields=told | {"entry": y.ContextType(fields=fields)})


def check_alike(scopes: Iterable[ProcessScope], findings: Findings) -> None:
    """Reports registers of one name that processes declare so differently that one could not read the other's."""
    first: dict[str, tuple[Symbol, str]] = {}
    for scope in scopes:
        for symbol in scope.registers.values():
            earlier, process = first.setdefault(symbol.name, (symbol, scope.name))
            if earlier.node is not symbol.node and _differ(earlier.node, symbol.node):
                place = Place(earlier.span, earlier.file, "first_declared")
                words: dict[str, Any] = {"name": symbol.name, "process": scope.name, "other": process}
                findings.add("CH266", symbol.span, file=symbol.file, also=(place,), **words)


def _differ(one: t.Register, other: t.Register) -> bool:
    keys = {None if node.key is None else node.key.text for node in (one, other)}
    ours, theirs = ({field.name.text: field for field in node.fields} for node in (one, other))
    lone = [fields[name] for fields, rest in ((ours, theirs), (theirs, ours)) for name in fields if name not in rest]
    shared = [(ours[name], theirs[name]) for name in ours if name in theirs]
    return (
        len(keys) > 1
        or not all(field.may_lack for field in lone)
        or not all(takes(a.type, b.type) and takes(b.type, a.type) for a, b in shared)
    )

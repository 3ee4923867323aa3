"""Whether a record's value is what its type asks for: fields, types and `where` conditions.

Works on values that came as JSON data in the canonical form; gives back the value in its one encoded form with its
digest, or refuses naming record, field and condition. A record type without fields takes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from charter.engine import feel, values
from charter.engine.commands import SYSTEM
from charter.engine.definition import Field, TypeRef, item_type
from charter.engine.draws import drawn_fields
from charter.engine.feel.own import File, Money, Span
from charter.engine.feel.ranges import Range
from charter.engine.feel.reads import asks_whether_there
from charter.engine.feel.temporal import Date, DateTime, DaysDuration, Time, YearsDuration
from charter.engine.keys import Path, key_of
from charter.engine.plan import fields
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program
from charter.engine.plan.scope import Scope
from charter.engine.refusals import Reason
from charter.engine.requested import unentitled
from charter.engine.step import drawing
from charter.engine.step.draft import Draft, Refused, refuse
from charter.engine.step.linking import unmeant
from charter.engine.strangers import persons_in


def _period(value: Any) -> bool:
    if isinstance(value, Range):
        value = {"start": value.low, "end": value.high}
    if not isinstance(value, dict) or set(value) != {"start", "end"}:
        return False
    start, end = value["start"], value["end"]
    if type(start) is not type(end) or not isinstance(start, Date | DateTime):
        return False
    first, last = (start.number, end.number) if isinstance(start, Date) else (start.local, end.local)
    return bool(first <= last)


# type name -> whether a value is of it
_TESTS: dict[str, Callable[[Any], bool]] = {
    "text": lambda v: isinstance(v, str),
    "person": lambda v: isinstance(v, str) and v != "",
    "number": lambda v: isinstance(v, Decimal),
    "percent": lambda v: isinstance(v, Decimal),
    "integer": lambda v: isinstance(v, Decimal) and v == v.to_integral_value(),
    "money": lambda v: isinstance(v, Money),
    "boolean": lambda v: isinstance(v, bool),
    "date": lambda v: isinstance(v, Date),
    "time": lambda v: isinstance(v, Time),
    "datetime": lambda v: isinstance(v, DateTime),
    "duration": lambda v: isinstance(v, Span | DaysDuration | YearsDuration),
    "period": _period,
    "file": lambda v: isinstance(v, File),
}


def type_text(type_: TypeRef) -> str:
    """Writes a type as the process file does."""
    if type_.name == "list" and type_.item is not None:
        return f"list of {type_text(type_.item)}"
    if type_.name == "choice":
        return " | ".join(f'"{choice}"' for choice in type_.choices)
    return type_.record if type_.name == "record" and type_.record is not None else type_.name


def _check(program: Program, type_: TypeRef, value: Any, record: str, field: str) -> list[Reason]:
    if type_.name == "list":
        if not isinstance(value, list):
            return [_wrong(type_, record, field)]
        item = type_.item
        if item is None:
            return []
        return [r for i, v in enumerate(value, 1) for r in _item(program, item, v, record, f"{field}[{i}]")]
    if type_.name == "record":
        return _fields(program, type_.record or "", value, record, f"{field}.")
    if type_.name == "choice":
        fits = isinstance(value, str) and value in type_.choices
    else:
        fits = _TESTS[type_.name](value) if type_.name in _TESTS else True
    return [] if fits else [_wrong(type_, record, field)]


def _item(program: Program, type_: TypeRef, value: Any, record: str, field: str) -> list[Reason]:
    if value is None or is_blank(value):
        return [Reason("CH512", f"record {record}", {"record": record, "field": field})]
    return _check(program, type_, value, record, field)


def bindable(program: Program, name: str, data: Any) -> list[Reason]:
    """Gives what stands against binding a parameter to an encoded value; null binds nothing."""
    value = decode(name, data)
    type_ = program.parameters[name].type if name in program.parameters else None
    if name not in program.parameters:
        return [Reason("CH510", None, {"element": program.definition.name, "record": name})]
    if value is None:
        return [Reason("CH511", None, {"element": program.definition.name, "record": name})]
    return [] if type_ is None else _check(program, type_, value, name, "")


def _wrong(type_: TypeRef, record: str, field: str) -> Reason:
    arguments = {"record": record, "field": field, "expected": type_text(type_)}
    return Reason("CH514", f"record {record}", arguments)


def _nothing(draft: Draft, plan: Plan | None, path: Path, record: str, value: Any) -> list[Reason]:
    """Says that a record with fields is not there, where null is given for it."""
    declared = draft.program.types.get(record)
    if value is not None or declared is None or not declared.fields:
        return []
    element = draft.process if plan is None else key_of(plan.name, path)
    return [Reason("CH511", None if plan is None else f"{plan.name}.output", {"element": element, "record": record})]


def _fields(program: Program, name: str, value: Any, record: str, prefix: str = "") -> list[Reason]:
    declared = program.forms.get(name)
    if declared is None or not declared.fields:
        return []
    if not isinstance(value, dict):
        return [Reason("CH514", f"record {name}", {"record": record, "field": prefix[:-1], "expected": name})]
    found: list[Reason] = []
    known = {field.name for field in declared.fields}
    for given in value:
        if given not in known:
            found.append(Reason("CH513", f"record {name}", {"record": record, "field": f"{prefix}{given}"}))
    for field in declared.fields:
        here = value.get(field.name)
        missing = here is None or (not field.optional and is_blank(here))
        if not missing:
            found.extend(_check(program, field.type, here, record, f"{prefix}{field.name}"))
        elif not field.may_lack and field.computed is None:
            found.append(Reason("CH512", f"record {name}", {"record": record, "field": f"{prefix}{field.name}"}))
    return found


def is_blank(value: Any) -> bool:
    """Says whether a value is a text of nothing but blanks, which tells as little as no value."""
    return isinstance(value, str) and not value.strip()


@lru_cache(maxsize=4096)
def speaks_of_absence(condition: str, field: str) -> bool:
    """Says whether a field's `where` is asked too where the field is not there."""
    tree = feel.parse(condition).tree
    return tree is not None and asks_whether_there(tree, field)


def _conditions(
    draft: Draft, plan: Plan | None, path: Path, name: str, value: Any, record: str, prefix: str = ""
) -> list[Reason]:
    declared = draft.program.forms.get(name)
    found: list[Reason] = []
    if declared is None or name not in draft.program.conditional:
        return found
    own = {field.name: value.get(field.name) for field in declared.fields}
    for field in declared.fields:
        here = own[field.name]
        found.extend(_required(draft.scope(plan, path), field, own, record, f"{prefix}{field.name}", name))
        # What is absent has no value to hold a condition against, unless the condition asks whether it is there.
        if here is None and not (field.where is not None and speaks_of_absence(field.where, field.name)):
            continue
        label = f"{prefix}{field.name}"
        if field.where is not None:
            scope = draft.scope(plan, path)
            holds = scope.value(field.where, own)
            if holds is not True:
                code = "CH528" if holds is False else "CH529"
                arguments: dict[str, Any] = {"record": record, "field": label, "condition": field.where}
                arguments["values"] = scope.seen(field.where, own)
                found.append(Reason(code, f"record {name}", arguments))
        if here is None:
            continue
        inner, rows = field.type, [(label, here)]
        if inner.name == "list" and inner.item is not None:
            inner = inner.item
            rows = [(f"{label}[{i}]", row) for i, row in enumerate(here, 1)]
        if inner.name == "record" and inner.record is not None:
            for at, row in rows:
                found.extend(_conditions(draft, plan, path, inner.record, row, record, f"{at}."))
    return found


def _required(
    scope: Scope, field: Field, own: Mapping[str, Any], record: str, label: str, form: str
) -> Iterator[Reason]:
    """Yields why a field may not be left out that is required under a condition."""
    here = own[field.name]
    if field.required is None or (here is not None and not is_blank(here)):
        return
    holds = scope.value(field.required, own)
    if holds is not False:
        arguments: dict[str, Any] = {"record": record, "field": label, "condition": field.required}
        arguments["values"] = scope.seen(field.required, own)
        yield Reason("CH332" if holds is True else "CH333", f"record {form}", arguments)


def derive(
    draft: Draft,
    plan: Plan | None,
    path: Path,
    form: str,
    value: Any,
    record: str,
    prefix: str = "",
    filed: bool = False,
) -> tuple[Any, list[Reason], list[Reason]]:
    """Gives a value with what nobody gives, and what stands against that: what was given, and what is unknown.

    What the system hands over, or a line files, may say of a computed field what that comes to.
    """
    program = draft.program
    found = fields.derive(program.forms, program.derived, form, value, draft.scope(plan, path).value, prefix)
    given = found.unlike if filed or draft.command.actor == SYSTEM else found.given
    return (
        found.value,
        [Reason("CH330", f"record {form}", {"record": record, "field": label}) for label in given],
        [
            Reason("CH331", f"record {form}", {"record": record, "field": label, "expression": field.computed})
            for label, field in found.unknown
        ],
    )


def _unknown(draft: Draft, type_: TypeRef, value: Any, record: str) -> list[Reason]:
    strangers = draft.command.strangers
    named = persons_in(draft.program.types, type_, value, "") if strangers else ()
    return [
        Reason("CH592", f"record {record}", {"person": person, "record": record, "field": field})
        for field, person in named
        if person in strangers
    ]


def entry_faults(draft: Draft, plan: Plan, path: Path, register: str, value: Mapping[str, Any]) -> list[Reason]:
    """Gives what stands against filing an entry with these fields."""
    return _fields(draft.program, register, value, register) or _conditions(
        draft, plan, path, register, value, register
    )


def validate_item(draft: Draft, plan: Plan, path: Path, number: int, data: Any) -> Any:
    """Gives the decoded item for an open `for each`, its `number`-th, checked as one of its list; raises Refused."""
    value = decode(plan.name, data)
    many = plan.element.many
    type_ = None if many is None else item_type(draft.program.types, many)
    if many is None or type_ is None:
        return value
    record, _, field = many.items.partition(".")
    label = f"{field}[{number}]"
    value, given, unclear = derive(draft, plan, path, type_.record or "", value, record, f"{label}.")
    found = (
        [*given, *_item(draft.program, type_, value, record, label)] or unclear or _unknown(draft, type_, value, record)
    )
    if not found and type_.record is not None:
        found = _conditions(draft, plan, path, type_.record, value, record, f"{label}.")
    if found:
        raise Refused(*found)
    return value


def validate(draft: Draft, plan: Plan | None, path: Path, record: str, data: Any) -> tuple[Any, str]:
    """Gives (encoded value, digest) of a record's new content; refuses it with every fault.

    These are CH511-514, CH528-529, CH330-333 and CH618.
    """
    value, encoded, digest = digest_of(record, data)
    if drawn_fields(draft.program, record):
        value = drawing.fill(draft, plan, path, record, value)
        encoded = values.encode(value)
        digest = values.data_digest(encoded)
    given: list[Reason] = []
    unclear: list[Reason] = []
    draft.writing = {record: value}
    if record in draft.program.derived:
        value, given, unclear = derive(draft, plan, path, record, value, record)
        encoded = values.encode(value)
        digest = values.data_digest(encoded)
    found = (
        _nothing(draft, plan, path, record, value)
        or [*given, *_fields(draft.program, record, value, record)]
        or unclear
        or _unknown(draft, TypeRef("record", record=record), value, record)
    )
    draft.writing = {record: value}
    found = found or unmeant(draft, record) or _conditions(draft, plan, path, record, value, record)
    draft.writing = {}
    if found:
        raise Refused(*found)
    return encoded, digest


def not_asked_for(draft: Draft, record: str, encoded: Any) -> list[Reason]:
    """Gives why the person who acts may not ask for the service that a new record names (CH688)."""
    services, actor = draft.program.definition.services, draft.command.actor
    if not services or actor.person == SYSTEM.person:
        return []
    reason = unentitled(services, actor, record, encoded)
    return [] if reason is None else [reason]


def digest_of(record: str, data: Any) -> tuple[Any, Any, str]:
    """Gives (value, its one encoded form, digest) of data that came with a command; CH542 when it has none."""
    value = decode(record, data)
    try:
        encoded = values.encode(value)
        return value, encoded, values.data_digest(encoded)
    except (values.NotAValue, ValueError, TypeError, ArithmeticError, RecursionError):
        raise refuse("CH542", f"record {record}", record=record, field=None) from None


def decode(record: str, data: Any) -> Any:
    """Decodes a value that came with a command; refused (CH542) when it stands for none."""
    try:
        return values.decode(data)
    except values.NotAValue:
        raise refuse("CH542", f"record {record}", record=record, field=None) from None
    except (ValueError, TypeError, KeyError, ArithmeticError, AttributeError, RecursionError):
        raise refuse("CH542", f"record {record}", record=record, field=None) from None

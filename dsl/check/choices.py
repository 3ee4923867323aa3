"""What a path is declared to be; and comparisons with a text that it can never be: a misspelt outcome, state or choice.

A path leads through fields of records, from a record or from the variable of a `for each`. Of expressions `path =
"text"`, `path != "text"`, `path in ("text", …)` and `list contains` are looked at, where the path leads to a fact of an
element or a field of type choice, or where a function gives but these texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from charter.dsl.check.element_facts import Read, facts_read
from charter.dsl.check.expressions import read
from charter.dsl.check.findings import Findings
from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.check.types import states_of
from charter.dsl.diagnostic import Fix
from charter.dsl.text import tree as t
from charter.engine import feel
from charter.engine.feel import tree as ft
from charter.engine.feel.printer import quoted

# Why the engine passed an element over or ended it; it stands where a decision's outcome would.
_PASSED = ("condition", "dead", "choice", "enough", "list", "container", "withdrawn", "ended", "unasked", "person")
OUTCOMES: dict[str, tuple[str, ...]] = {
    "approval": ("approve", "reject", "return", *_PASSED),
    "activity": ("return", *_PASSED),
    "phase": _PASSED,
    "milestone": _PASSED,
}


def impossible(
    tree: ft.Node, part: Part | None, scope: ProcessScope, own: Mapping[str, t.Type]
) -> Iterator[tuple[ft.String, str, tuple[str, ...]]]:
    """Yields (the text, the path, what it can be) for each comparison that never holds.

    `own`: declared types of names that only this expression sees, such as the fields of its record.
    """
    facts = {id(read.node): _fact_values(read) for read in facts_read(tree, part, scope, own)}
    for node in ft.walk(tree):
        for text, other in _compared(node):
            path = path_of(other)
            values = facts.get(id(other)) or (values_of(path, scope, own) if path else _given(other, text.value))
            if values and text.value not in values:
                yield text, ".".join(path) or feel.text(other), values


def report(
    text: ft.String, name: str, values: tuple[str, ...], at: int, findings: Findings, file: str | None = None
) -> None:
    """Reports a text that is none of what it can be, in an expression that begins at a place of the file."""
    span = (at + text.start, at + text.end)
    guess = _meant(text.value, values) or findings.guess(text.value, values)
    said: dict[str, Any] = {"hint": "values", "expected": values} if len(values) < 9 else {}
    said |= {} if guess is None else {"guess": guess, "fix": Fix.at(span, quoted(guess))}
    findings.add("CH311", span, file=file, value=text.value, name=name, **said)


def _meant(value: str, values: tuple[str, ...]) -> str | None:
    """What a text that a field or fact can never be is meant for, of what it can be."""
    from charter.dsl.check.foreign import FACTS  # a file without faults does without

    same = [one for one in values if one.casefold() == value.casefold()]
    return next((one for one in (*same, *FACTS.get(value.lower(), ())) if one in values and one != value), None)


def _compared(node: ft.Node) -> Iterator[tuple[ft.String, ft.Node]]:
    """Yields each text that a node compares something with, and what."""
    match node:
        case ft.Binary("=" | "!=", left, right):
            pairs: list[tuple[ft.Node, ft.Node]] = [(left, right), (right, left)]
        case ft.In(of, tests):
            pairs = [(item, of) for test in tests for item in (test.items if isinstance(test, ft.Items) else (test,))]
        case ft.Call(ft.Name("list contains"), (many, one)):
            items = many.items if isinstance(many, ft.Items) else ()
            pairs = [(one, many), *((item, one) for item in items)]
        case _:
            return
    yield from ((text, other) for text, other in pairs if isinstance(text, ft.String))


_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def _given(node: ft.Node, text: str) -> tuple[str, ...] | None:
    """What a function that is compared with a text gives."""
    match node:
        case ft.Call(ft.Name("day of week"), (_,)):
            return _WEEK
        case ft.Call(ft.Name("month of year"), (_,)):
            return _MONTHS
        case ft.Call(ft.Name("upper case"), (_,)):
            return (text.upper(),)
        case ft.Call(ft.Name("lower case"), (_,)):
            return (text.lower(),)
    return None


class Declared(Struct, frozen=True):
    """What a path leads to: its type, and whether a field on the way may be left out."""

    type: t.Type
    optional: bool = False
    limited: bool = False  # whether the field has a `where`
    limits: str = ""  # what its `where` allows, as a unary test; empty where that tells nothing, or nothing simple


def declared_of(text: str, scope: ProcessScope, own: Mapping[str, t.Type]) -> Declared | None:
    """Gives what a path is declared to be; None for any other expression, and where nobody declared it."""
    tree = read(text).tree
    path = path_of(tree) if tree is not None else ()
    return declared_at(path, scope, own) if path else None


def item_types(part: Part | None, scope: ProcessScope) -> dict[str, t.Type]:
    """Gives the declared types of the `for each` variables around and on an element, by name."""
    if part is None:
        return {}
    found = item_types(part.parent, scope)
    line = part.one(t.ForEach)
    if line is not None:
        items = declared_of(line.items.text, scope, found) if line.items is not None else None
        found.pop(line.variable.text, None)
        if items is not None and items.type.item is not None:
            found[line.variable.text] = items.type.item
    return found


def path_of(node: ft.Node) -> tuple[str, ...]:
    names: list[str] = []
    while isinstance(node, ft.Path):
        names.append(node.name)
        node = node.of
    return (*reversed((*names, node.name)),) if isinstance(node, ft.Name) else ()


def _fact_values(read: Read) -> tuple[str, ...] | None:
    kinds = ["phase"] if read.whole else [read.of.kind]
    if t.ForEach in read.of.lines and not read.whole and not read.listed:
        kinds.append("phase")  # inside it, of the one or of all, whichever asks
    tables = {"state": states_of, "outcome": OUTCOMES.__getitem__}
    of = tables.get(read.fact)
    return None if of is None else tuple(value for kind in kinds for value in of(kind))


def values_of(path: tuple[str, ...], scope: ProcessScope, own: Mapping[str, t.Type]) -> tuple[str, ...] | None:
    root, *rest = path
    if root == "case" and rest == ["status"]:
        return states_of("case")
    found = declared_at(path, scope, own)
    of = found.type.innermost if found is not None else None
    return tuple(c.text for c in of.choices) if of is not None and of.choices else None


def declared_at(path: tuple[str, ...], scope: ProcessScope, own: Mapping[str, t.Type]) -> Declared | None:
    root, *rest = path
    type_ = own.get(root) or (t.Type(root) if scope.record(root) is not None else None)
    optional, limits, limited = False, "", False
    for name in rest:
        field = scope.field_of(type_.name, name) if type_ is not None and type_.item is None else None
        type_ = None if field is None else field.type
        optional = optional or (field is not None and field.may_lack)
        limits = _limits(field) if field is not None else ""
        limited = field is not None and field.where is not None
    return None if type_ is None else Declared(type_, optional, limited, limits)


_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _limits(field: t.Field) -> str:
    """Gives what the `where` of a field allows, as a unary test: a bound, or two joined by `and`, or a range."""
    tree = read(field.where.text).tree if field.where is not None else None
    bounds: dict[str, str] = {}
    parts = [tree] if tree is not None else []
    while parts:
        match parts.pop():
            case ft.Binary("and", left, right):
                parts += [left, right]
            case ft.Binary(op, ft.Name(of), bound) if of == field.name.text and op in _TURNED:
                bounds[op] = feel.text(bound)
            case ft.Binary(op, bound, ft.Name(of)) if of == field.name.text and op in _TURNED:
                bounds[_TURNED[op]] = feel.text(bound)
            case ft.Between(ft.Name(of), low, high) if of == field.name.text:
                bounds |= {">=": feel.text(low), "<=": feel.text(high)}
            case ft.In(ft.Name(of), (ft.Interval() as range_,)) if of == field.name.text:
                return feel.text(range_)
    least, most = (next((op for op in bounds if op[0] == sign), "") for sign in "><")
    if least and most:
        return f"{'[' if '=' in least else '('}{bounds[least]}..{bounds[most]}{']' if '=' in most else ')'}"
    return f"{least or most} {bounds[least or most]}" if bounds else ""

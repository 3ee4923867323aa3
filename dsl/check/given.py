"""What a scenario gives for records, against what their fields are declared to be.

A value that is written out is looked at part by part, each by its own type; of any other only its type is known. What
does not fit would be refused when the scenario is played, so it is not asked of a step that must be refused.
"""

from __future__ import annotations

from typing import Any

from charter.dsl.check.asks import Ask
from charter.dsl.check.choices import item_types
from charter.dsl.check.doubtful import check_declared
from charter.dsl.check.expressions import closed, read
from charter.dsl.check.findings import Findings
from charter.dsl.check.scopes import BUILT_IN_TYPES, Part, ProcessScope
from charter.dsl.check.typecheck import check_expression
from charter.dsl.check.types import type_of
from charter.dsl.diagnostic import Fix
from charter.dsl.text import tree as t
from charter.engine.feel import tree as ft, types as y

_LENGTH = y.OneOf(options=(y.SPAN, y.DAYS_DURATION, y.YEARS_DURATION))
_LOOSE = frozenset({"period", "file", "list"})


class Given:
    """Reports what does not fit in the values of one scenario. `scope`: whose records are meant."""

    def __init__(self, scope: ProcessScope, outer: ProcessScope, findings: Findings) -> None:
        self.scope = scope
        self.outer = outer  # whose names the values read
        self.findings = findings

    def value(self, value: t.Expr, type_: t.Type, name: str) -> None:
        """Checks what is given for a place of a type, which messages call by a name."""
        tree = read(value.text).tree
        fields = self._fields(type_)
        if isinstance(tree, ft.Context) and fields:
            self._context(value, tree, type_.name, fields)
        elif isinstance(tree, ft.Items) and type_.item is not None:
            for item in tree.items:
                self.value(_part(value, item), type_.item, name)
        else:
            self._plain(value, tree, type_, name)

    def _fields(self, type_: t.Type) -> dict[str, t.Field]:
        symbol = self.scope.record(type_.name) if type_.item is None and type_.name not in BUILT_IN_TYPES else None
        return {line.name.text: line for line in symbol.node.fields} if symbol is not None else {}

    def _context(self, value: t.Expr, tree: ft.Context, record: str, fields: dict[str, t.Field]) -> None:
        given = {entry.key: entry for entry in tree.entries}
        for name, entry in given.items():
            part = _part(value, entry.value)
            if name in fields:
                self.value(part, fields[name].type, name)
                continue
            check_expression(Ask(part, None, "with"), self.outer, self.findings)
            at = value.span[0] + entry.start
            written = value.text[entry.start : entry.start + len(name)]
            guess = self.findings.guess(name, (one for one in fields if one not in given)) if written == name else None
            said: dict[str, Any] = {} if guess is None else {"guess": guess, "fix": Fix.at((at, at + len(name)), guess)}
            self.findings.add(
                "CH320", (at, at + len(name)), record=record, name=name, hint="no_field", expected=(), **said
            )
        left = [
            name
            for name, field in fields.items()
            if field.needed and (name not in given or isinstance(given[name].value, ft.Null))
        ]
        unknown = [name for name in given if name not in fields]
        if left and not unknown:  # a name that is wrong is told first
            span = (value.span[0] + tree.start, value.span[0] + tree.end)
            self.findings.add("CH320", span, record=record, name=left[0], expected=tuple(left))

    def _plain(self, value: t.Expr, tree: ft.Node | None, type_: t.Type, name: str) -> None:
        wanted: y.Type | None = None
        if not self._fields(type_) and type_.innermost.name not in _LOOSE:
            wanted = _LENGTH if type_.name == "duration" else type_of(type_, self.scope)
        elif self._fields(type_) and isinstance(tree, ft.String | ft.Number | ft.Boolean | ft.Amount | ft.Length):
            wanted = y.CONTEXT
        before = len(self.findings.diagnostics)
        check_expression(Ask(value, wanted, name), self.outer, self.findings)
        if tree is not None and len(self.findings.diagnostics) == before:
            check_declared(tree, type_, name, value.span[0], self.findings, None)


def added(part: Part, scope: ProcessScope) -> t.Type | None:
    """Gives what an item of the open list of an element is declared to be."""
    line = part.one(t.ForEach)
    return item_types(part, scope).get(line.variable.text) if line is not None else None


def within(name: str, outputs: list[str], scope: ProcessScope) -> dict[str, Any]:
    """Says of a field that is given by itself which record it belongs in."""
    records = [record for record in outputs if scope.field_of(record, name) is not None]
    return {"hint": "in_record", "record": records[0]} if len(records) == 1 else {}


def played_by(role: t.Name, cast: list[str]) -> dict[str, Any]:
    """Says who plays a role that is named where a person acts."""
    said: dict[str, Any] = {"hint": "role_acts" if cast else "role_uncast"}
    if len(cast) == 1:
        said |= {"guess": cast[0], "fix": Fix.at(role.span, cast[0])}
    return said | {"expected": tuple(cast)}


def _part(value: t.Expr, node: ft.Node) -> t.Expr:
    at, node = value.span[0], closed(node, value.text)
    return t.Expr(value.text[node.start : node.end], span=(at + node.start, at + node.end))

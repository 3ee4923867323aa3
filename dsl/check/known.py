"""What a process knows of a name that stands where it means nothing: its fields, its facts, what else it is."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from charter.dsl.check.choices import declared_of
from charter.dsl.check.expressions import expressions
from charter.dsl.check.scopes import ProcessScope
from charter.dsl.check.types import CASE, ELEMENT, seen_from, states_of
from charter.engine.feel import types as y
from charter.engine.machines import ELEMENT_STATES


class Known(Struct):
    """The names of a process, beside those that one expression sees (`extra`)."""

    scope: ProcessScope
    extra: Mapping[str, y.Type]

    def fields(self, name: str) -> list[str]:
        """The fields of a record, or of the variable of a `for each`."""
        seen = self.extra.get(name) or (seen_from(name, None, self.scope) if self.scope.is_record(name) else None)
        item = seen.item if isinstance(seen, y.ListType) else seen
        return list(item.fields) if isinstance(item, y.ContextType) else []

    def nested(self, name: str, field: str) -> list[str]:
        """The fields of a record that hold records, or lists of them, with a field of this name."""
        symbol = self.scope.record(name)
        lines = symbol.node.fields if symbol is not None else ()
        return [line.name.text for line in lines if self.scope.field_of(line.type.innermost.name, field) is not None]

    def item_fields(self, path: str) -> list[str]:
        """The fields of the records that a list holds; none of anything else."""
        found = declared_of(path, self.scope, {})
        item = found.type.item if found is not None else None
        symbol = self.scope.record(item.name) if item is not None and item.item is None else None
        return [line.name.text for line in symbol.node.fields] if symbol is not None else []

    def owners(self, field: str) -> list[str]:
        """The names that a field can be reached through."""
        inside = [name for name, seen in self.extra.items() if isinstance(seen, y.ContextType) and field in seen.fields]
        return inside or self.scope.owners(field)

    def paths(self) -> list[str]:
        """What is declared: the fields of records by their paths, parameters, and variables with what they hold."""
        s = self.scope
        there = {name: symbol for name, symbol in s.records.items() if name in s.producers or name in s.inputs}
        fields = [f"{name}.{line.name.text}" for name, symbol in there.items() for line in symbol.node.fields]
        inner = [f"{name}.{field}" for name in self.extra for field in self.fields(name)]
        return [*fields, *there, *s.parameters, *s.shared.parameters, *self.extra, *inner]

    def facts(self, name: str) -> frozenset[str]:
        """What is known of an element of this kind, or of the case; nothing of another name."""
        part = self.scope.elements.get(name)
        if part is None:
            return frozenset(CASE.fields) if name == "case" else frozenset()
        return frozenset(ELEMENT.fields) - set(ELEMENT_STATES) | set(states_of(part.kind))

    def currencies(self) -> list[str]:
        """The currencies of the amounts that the process writes out, as they stand behind a number."""
        text = " ".join(expr.text for expr in expressions(self.scope.node))
        signs = re.findall(r"(?<![\w.])\d[\d.]*(?:[百千十]?万|亿)?( ?[A-Z]{3}|元)(?!\w)", text)
        return sorted({f" {sign.strip()}" if sign.isascii() else sign for sign in signs})

    def kind(self, name: str) -> str | None:
        """What a name is, as a word of the message tables."""
        return self.scope.kind_of(name)

    def values(self) -> frozenset[str]:
        """What the choices of the process's records can be."""
        lines = [line for symbol in self.scope.records.values() for line in symbol.node.fields]
        return frozenset(choice.text for line in lines for choice in line.type.innermost.choices)

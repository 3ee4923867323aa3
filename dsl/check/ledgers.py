"""Checks ledgers: that their baseline can be approved, and that it and what is booked have a line and an amount.

What expressions read of a ledger is `typecheck.py`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from charter.dsl.check.findings import Findings
from charter.dsl.check.references import misnamed
from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.text import tree as t
from charter.dsl.text.words import spelled
from charter.engine.feel import types as y
from charter.engine.ledgers import Booking, Ledger

_AMOUNTS: Mapping[str, y.Type] = {"money": y.MONEY, "number": y.NUMBER, "integer": y.NUMBER}
_LINES = frozenset({"text", "choice"})


def check_ledgers(scope: ProcessScope, findings: Findings) -> None:
    """Reports what is missing in ledgers, and what their lines name."""
    for symbol in scope.ledgers.values():
        _Check(symbol.node, scope, findings).run()


class _Check:
    def __init__(self, node: t.Ledger, scope: ProcessScope, findings: Findings) -> None:
        self.node = node
        self.scope = scope
        self.findings = findings
        self.named: dict[str, Any] = {"name": node.name.text}

    def run(self) -> None:
        node, findings = self.node, self.findings
        amounts = [line for line in node.body if isinstance(line, t.Amount)]
        bookings = [line for line in node.body if isinstance(line, t.Booking)]
        for found, key in ((amounts, "LEDGER_AMOUNT"), (bookings, "ACTUAL")):
            if not found:
                findings.add("CH270", node.name.span, **self.named, word=spelled(key, findings.language))
        self._once(amounts, "amount")
        self._once([line for line in node.body if isinstance(line, t.Overrun)], "overrun")
        amount = amounts[0].field.text if amounts else None
        wanted = self._rows(node.baseline, amount, None)
        record = node.baseline.text.split(".")[0]
        if self.scope.is_record(record):
            self._baseline(record)
        seen: set[str] = set()
        for line in bookings:
            for items in line.items:
                if items.text in seen:
                    findings.add("CH271", items.span, **self.named, items=items.text)
                seen.add(items.text)
                self._rows(items, amount, wanted)
                self._booked(line, items)

    def _once(self, lines: list[Any], word: str) -> None:
        for extra in lines[1:]:
            self.findings.add("CH213", extra.span, word=word, element=self.node.name.text)

    def _rows(self, items: t.Name, amount: str | None, wanted: y.Type | None) -> y.Type | None:
        """Checks that a path leads to a record, or a list of records, with a line and an amount; gives its type.

        `wanted`: that of the amounts of the baseline.
        """
        scope, (record, *path) = self.scope, items.text.split(".")
        if not scope.is_record(record):
            name = t.Name(record, span=items.span)
            misnamed(name, "record", "CH202", chain(scope.records, scope.producers), scope, self.findings)
            return None
        scope.used.add(record)
        kind = t.Type(record, span=items.span)
        for step in path:
            field = scope.field_of(kind.name, step)
            kind = field.type if field is not None else t.Type("", span=items.span)
            kind = kind.item if kind.item is not None else kind
        if scope.record(kind.name) is None:
            self.findings.add("CH346", items.span, **self.named, items=items.text)
            return None
        by = self._field(items, kind.name, self.node.by.text, _LINES)
        found = None if amount is None else self._field(items, kind.name, amount, frozenset(_AMOUNTS))
        type_ = None if found is None else _AMOUNTS[found.type.name]
        if by is not None and wanted is not None and type_ is not None and type_ != wanted:
            self._lacks(items, kind.name, amount or "", ("money",) if wanted is y.MONEY else ("number",))
        return type_

    def _field(self, items: t.Name, record: str, name: str, kinds: frozenset[str]) -> t.Field | None:
        found = self.scope.field_of(record, name)
        if found is not None and found.type.name in kinds and not found.may_lack:
            return found
        self._lacks(items, record, name, ("text", "CHOICE") if kinds is _LINES else ("money", "number"))
        return None

    def _lacks(self, items: t.Name, record: str, field: str, kinds: tuple[str, ...]) -> None:
        words = [spelled(kind, self.findings.language) for kind in kinds]
        self.findings.add("CH345", items.span, **self.named, record=record, field=field, expected=words)

    def _baseline(self, record: str) -> None:
        scope, span = self.scope, self.node.baseline.span
        if scope.written_in(record):
            self.findings.add("CH272", span, **self.named, record=record)
        elif not scope.approvals.get(record) and any(map(_by_people, scope.producers.get(record, ()))):
            self.findings.add("CH487", span, **self.named, record=record)

    def _booked(self, line: t.Booking, items: t.Name) -> None:
        scope, record = self.scope, items.text.split(".")[0]
        makers = scope.producers.get(record, [])
        if scope.is_record(record) and not makers and record not in scope.inputs:
            self.findings.add("CH273", items.span, **self.named, record=record)
        for maker in makers:
            rounds = [part for part in (maker, *maker.ancestors()) if t.Repeat in part.lines]
            if rounds and not maker.instances:
                self.findings.add("CH486", items.span, **self.named, record=record, element=rounds[0].name)
                break
        if line.kind == "committed" and makers:
            actual = [
                maker.instances
                for other in self.node.body
                if isinstance(other, t.Booking) and other.kind == "actual"
                for each in other.items
                for maker in scope.producers.get(each.text.split(".")[0], ())
            ]
            if not any(maker.instances in actual for maker in makers):
                self.findings.add("CH485", items.span, **self.named, record=record)


def _by_people(part: Part) -> bool:
    return not (t.Work in part.lines or t.Wait in part.lines)


def lower_ledger(node: t.Ledger, scope: ProcessScope) -> Ledger:
    """Gives a ledger as the engine keeps it."""
    record = node.baseline.text.split(".")[0]
    return Ledger(
        name=node.name.text,
        title=node.name.text if node.title is None else node.title.text,
        baseline=node.baseline.text,
        by=node.by.text,
        amount=next((line.field.text for line in node.body if isinstance(line, t.Amount)), ""),
        bookings=tuple(Booking(b.kind, i.text) for b in node.body if isinstance(b, t.Booking) for i in b.items),
        refuses=any(isinstance(line, t.Overrun) for line in node.body),
        approvals=tuple(part.name for part in scope.approvals.get(record, ())),
        clauses=tuple(id.text for line in node.body if isinstance(line, t.Source) for id in line.ids),
    )

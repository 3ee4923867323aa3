"""The folds of registers and links: what cases filed, by what it can be found, which element was given what, and about
which cases of other processes cases are.

Rows are only ever added, as entries are. What stewards file stands in the chain of the organisation, whose fold
(`organisation.py`) makes its rows by the same functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from charter.engine.compact import compact_sorted
from charter.engine.entries import Entry
from charter.engine.entries.cases import Filed, Linked, LookedUp
from charter.engine.registers import key_text
from charter.engine.values import decode
from charter.runtime.folds.fold import NOTHING, Change, Fold, Row, Stride


def entry_row(chain: str, seq: int, entry: Entry, filed: Any) -> Row:
    """Gives the row of a version."""
    body = compact_sorted(filed.value)
    names = (chain, filed.register, filed.key, filed.version, seq, filed.digest, body)
    return (*names, entry.node, entry.actor, entry.at)


def field_rows(chain: str, filed: Any) -> list[Row]:
    """Gives a row for each field of a version that can be asked for by its value."""
    fields = decode(filed.value) or {}
    held = ((name, key_text(value)) for name, value in fields.items())
    names = (chain, filed.register, filed.key, filed.version)
    return [(*names, name, text) for name, text in held if text is not None]


def _told(stride: Stride, kind: type[Any]) -> Iterator[tuple[int, Entry]]:
    programs = (shape.program for shape in (stride.shape, *(earlier for _, earlier in stride.earlier)))
    if any(program.registers or program.links for program in programs):
        for seq, entry in enumerate(stride.entries, stride.first):
            if isinstance(entry.told, kind):
                yield seq, entry


def _entries(stride: Stride) -> Change:
    rows = [entry_row(stride.case, seq, entry, entry.told) for seq, entry in _told(stride, Filed)]
    return Change(come=rows) if rows else NOTHING


def _fields(stride: Stride) -> Change:
    rows = [row for _, entry in _told(stride, Filed) for row in field_rows(stride.case, entry.told)]
    return Change(come=rows) if rows else NOTHING


def _uses(stride: Stride) -> Change:
    rows = [
        (stride.case, seq, row["key"], read.register, row["version"], entry.node, read.asked, entry.at)
        for seq, entry in _told(stride, LookedUp)
        if isinstance(read := entry.told, LookedUp)
        if not read.process
        for row in read.rows or ({"key": "", "version": 0},)
    ]
    return Change(come=rows) if rows else NOTHING


def _links(stride: Stride) -> Change:
    rows = [
        (stride.case, seq, told.link, told.process, told.case or "", told.entry, entry.at)
        for seq, entry in _told(stride, Linked)
        if isinstance(told := entry.told, Linked)
    ]
    return Change(come=rows) if rows else NOTHING


REGISTERS: tuple[Fold, ...] = (
    Fold("register_entries", _entries),
    Fold("register_fields", _fields),
    Fold("register_uses", _uses),
    Fold("case_links", _links),
)

"""Entries of a register as people keep them in tables (CSV, TSV, JSON, YAML): read, and judged row by row.

Knows no database. A row that is not what the register takes is a value with its line; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from charter.engine import feel, values
from charter.engine.definition import Definition, RecordType, Register
from charter.engine.plan.fields import derive, derived
from charter.engine.registers import key_text
from charter.runtime.author.data import load
from charter.runtime.author.files import described
from charter.runtime.author.intake import Reader


class BadRow(Struct, frozen=True):
    """A row that cannot be taken: `why` is a key of [register] behind `row_`; `line` counts from 1, the heads too."""

    line: int
    why: str
    arguments: Mapping[str, Any]


def read_rows(
    file: str,
    register: Register,
    definition: Definition,
    along: Callable[[Sequence[Any]], Iterable[Any]] = lambda rows: rows,
) -> tuple[list[tuple[str, Any]], list[BadRow]]:
    """Gives the key and the encoded fields of each row of a file, and the rows that are bad; `along` sees each pass."""
    data = load(file)
    rows: list[tuple[str, Any]] = []
    bad: list[BadRow] = []
    seen: dict[str, int] = {}
    judge = _Judge(register, definition, Path(file).parent)
    for line, row in enumerate(along(data if isinstance(data, list) else [data]), 2):
        found = list(judge.faults(row)) if isinstance(row, Mapping) else []
        value = found.pop() if found and not isinstance(found[-1], BadRow) else None
        bad += [BadRow(line, each.why, each.arguments) for each in found]
        if not isinstance(row, Mapping):
            bad.append(BadRow(line, "shape", {}))
        if value is None or found:
            continue
        key = f"{Path(file).name}/{line}" if register.key is None else key_text(value[register.key]) or ""
        if key in seen:
            bad.append(BadRow(line, "twice", {"key": key, "other": seen[key]}))
        seen.setdefault(key, line)
        rows.append((key, values.encode(value)))
    return rows, bad


@cache
def _compiled(text: str) -> Any:
    tree = feel.parse(text).tree
    return None if tree is None else feel.compile(tree)


def _evaluate(text: str, own: Mapping[str, Any]) -> Any:
    compiled = _compiled(text)
    return None if compiled is None else compiled.evaluate(own)


class _Judge:
    """What a register takes, prepared once for all rows."""

    def __init__(self, register: Register, definition: Definition, base: Path) -> None:
        self._form = RecordType(register.name, register.title, register.fields)
        self._reader = Reader((*definition.records, self._form), described, base=base)
        self._derived = derived(self._reader.records)
        self._fields = {field.name: field for field in register.fields}
        self._none = dict.fromkeys(self._fields)

    def faults(self, row: Mapping[str, Any]) -> Iterator[Any]:
        """Yields what is wrong with a row, and at last its fields."""
        reader, fields = self._reader, self._fields
        reader.misfits.clear()
        found = derive(reader.records, self._derived, self._form.name, reader.record(row, self._form, ""), _evaluate)
        value = found.value
        for name in found.given:
            yield BadRow(0, "computed", {"field": name})
        for misfit in reader.misfits:
            yield BadRow(0, "misfit", {"field": misfit.path.lstrip("."), "given": misfit.given})
        for name in value.keys() - fields.keys():
            yield BadRow(0, "unknown", {"field": name})
        wrong = {misfit.path.lstrip(".") for misfit in reader.misfits}
        own = self._none | value
        for name, field in fields.items():
            here = value.get(name)
            missing = here is None or (isinstance(here, str) and not here.strip())
            required = missing and field.required is not None and _evaluate(field.required, own) is not False
            absent = field.computed is not None and not field.optional
            if missing and (field.needed or required or absent or field.default is not None) and name not in wrong:
                yield BadRow(0, "missing", {"field": name})
            elif field.where is None or missing or reader.misfits:
                continue
            elif _evaluate(field.where, own) is not True:
                yield BadRow(0, "condition", {"field": name, "condition": field.where})
        yield {name: one for name, one in value.items() if name in fields and one is not None}

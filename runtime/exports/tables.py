"""Entries as a table, a row for each: CSV, or Parquet by `pyarrow`, which is not required to be there.

Knows rows, not where they come from.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from charter.engine.compact import compact
from charter.engine.errors import CharterError
from charter.runtime import clock
from charter.runtime.exports.columns import COLUMNS, Chain, Row, Sort, text
from charter.runtime.exports.escapes import Escapes
from charter.runtime.exports.trail import Trail

_EACH = 5_000  # rows of a group in Parquet


class NoPyarrow(CharterError):
    """Parquet is written and read by a package that is not there."""

    code = "CH743"


def written(escapes: Escapes, cell: Any) -> str:
    """Writes a cell of a CSV table: text so that nobody obeys it, data as JSON."""
    if cell is None:
        return ""
    return escapes.cell(cell) if isinstance(cell, str) else escapes.json(text(cell))


class Csv:
    """Writes CSV (RFC 4180, UTF-8) with these columns, all in the given order."""

    def __init__(self, stream: IO[str], columns: Mapping[str, Sort]) -> None:
        self.escapes = Escapes()
        self._columns = columns
        self._writer = csv.writer(stream, lineterminator="\n")
        self._writer.writerow(columns)

    def add(self, cells: Mapping[str, Any]) -> None:
        """Adds a row."""
        told = ((cells.get(name), sort) for name, sort in self._columns.items())
        self._writer.writerow(
            self.escapes.json(compact(cell)) if sort == "json" and cell is not None else written(self.escapes, cell)
            for cell, sort in told
        )

    def close(self) -> None:
        """Ends the table."""


class Lines:
    """Writes JSON lines with these columns."""

    def __init__(self, stream: IO[str], columns: Mapping[str, Sort]) -> None:
        self.escapes = Escapes()
        self._stream, self._columns = stream, columns

    def add(self, cells: Mapping[str, Any]) -> None:
        """Adds a row."""
        told = {name: cells[name] for name in self._columns if cells.get(name) is not None}
        self._stream.write(self.escapes.json(compact(told)) + "\n")

    def close(self) -> None:
        """Ends the table."""


class Parquet:
    """Writes Parquet with these columns: times as microseconds in UTC, numbers and truth as such, all else as text."""

    def __init__(self, path: Path, columns: Mapping[str, Sort]) -> None:
        self.escapes = Escapes()
        arrow, parquet = arrows()
        kinds = {"whole": arrow.int64(), "truth": arrow.bool_(), "time": arrow.timestamp("us", "UTC")}
        self._arrow, self._columns = arrow, columns
        self._schema = arrow.schema([(name, kinds.get(sort, arrow.string())) for name, sort in columns.items()])
        self._file = parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def add(self, cells: Mapping[str, Any]) -> None:
        """Adds a row."""
        self._rows.append(
            {name: _typed(sort, cells[name]) for name, sort in self._columns.items() if cells.get(name) is not None}
        )
        if len(self._rows) >= _EACH:
            self._write()

    def _write(self) -> None:
        self._file.write_table(self._arrow.Table.from_pylist(self._rows, schema=self._schema))
        self._rows.clear()

    def close(self) -> None:
        """Ends the table."""
        self._write()
        self._file.close()


def arrows() -> tuple[Any, Any]:
    """Gives `pyarrow` and its module for Parquet; raises NoPyarrow."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as cause:
        raise NoPyarrow("pyarrow is not installed") from cause
    return pyarrow, pyarrow.parquet


def _typed(sort: Sort, cell: Any) -> Any:
    if sort == "time":
        return datetime.fromtimestamp(clock.read(cell) // 1_000_000, UTC).replace(
            microsecond=clock.read(cell) % 1_000_000
        )
    if sort in ("whole", "truth"):
        return cell
    return compact(cell) if sort == "json" else text(cell)


class Entries:
    """Writes entries as a table of COLUMNS."""

    def __init__(self, make: Callable[[Mapping[str, Sort]], Csv | Parquet]) -> None:
        self._table = make(COLUMNS)
        self.escapes = self._table.escapes

    def begin(self, chain: Chain) -> None:
        pass

    def row(self, row: Row) -> None:
        self._table.add(row.cells)

    def end(self) -> None:
        pass

    def close(self) -> None:
        self._table.close()


def csv_entries(stream: IO[str], trail: Trail) -> Entries:
    """Writes entries as CSV."""
    return Entries(lambda columns: Csv(stream, columns))


def parquet_entries(path: Path, trail: Trail) -> Entries:
    """Writes entries as Parquet."""
    return Entries(lambda columns: Parquet(path, columns))

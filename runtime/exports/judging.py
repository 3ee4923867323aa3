"""Every format of an export: how it is known, how its entries are read back, and by which standard it is judged."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from charter.runtime.exports import of_ocel, of_prov, of_rows, of_xes, reading
from charter.runtime.exports.checks import Check, Finding
from charter.runtime.exports.columns import COLUMNS
from charter.runtime.exports.escapes import plain
from charter.runtime.exports.reading import Cells, bad


def format_of(path: Path) -> str:
    """Tells by its content in which format a file is; raises NotAnExport, OSError."""
    with open(path, "rb") as file:
        lead = file.read(4096)
    if lead.startswith(b"SQLite format 3\0"):
        return "ocel"
    if lead.startswith(b"PAR1"):
        return "parquet"
    text = lead.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith((b"<?xml", b"<log")):
        return "xes"
    if text.startswith(b"["):
        return "cloudevents-batch"
    if text.startswith(b"{"):
        first = text.partition(b"\n")[0]
        if b'"specversion"' in first[:400]:
            return "cloudevents"
        return "prov-json" if b'"prefix"' in text[:40] else "ocel-json"
    if text.startswith(b"document"):
        return "prov-n"
    if text.startswith(b"id,case,"):
        return "csv"
    raise bad(path, "r_format")


def _prov(statements: Callable[[Path], Iterator[Any]], undo: Callable[[str], str]) -> Callable[[Path], Iterator[Cells]]:
    def read(path: Path) -> Iterator[Cells]:
        for one in statements(path):
            if getattr(one, "kind", "") == "activity":
                told = {key.removeprefix("charter:"): value for key, _, value in one.attributes}
                yield {name: undo(value) for name, value in told.items() if name in COLUMNS}

    return read


def _csv(path: Path) -> Iterator[Cells]:
    yield from reading.table(path, COLUMNS)


# format -> what reads its entries, and what judges it
_KNOWN: Mapping[str, tuple[Callable[[Path], Iterator[Cells]], Check]] = MappingProxyType(
    {
        "ocel": (reading.ocel, of_ocel.database),
        "ocel-json": (reading.ocel_json, of_ocel.document),
        "xes": (reading.xes, of_xes.log),
        "prov-json": (_prov(of_prov.json_statements, str), of_prov.document),
        "prov-n": (_prov(of_prov.notation_statements, plain), of_prov.notation),
        "cloudevents": (reading.cloudevents, of_rows.cloudevents),
        "cloudevents-batch": (reading.batch, of_rows.batch),
        "csv": (_csv, of_rows.rows(_csv)),
        "parquet": (reading.parquet, of_rows.rows(reading.parquet)),
    }
)


def entries(path: Path, form: str) -> Iterator[Cells]:
    """Yields the cells of each entry in an export; raises NotAnExport, NoPyarrow, OSError."""
    try:
        yield from _KNOWN[form][0](path)
    except (KeyError, TypeError, AttributeError, sqlite3.Error) as cause:
        raise bad(path, "r_shape", place=str(cause)) from cause


def check(path: Path, form: str) -> Iterator[Finding]:
    """Yields all that is wrong with a file of a format; raises NotAnExport where it cannot even be read."""
    try:
        yield from _KNOWN[form][1](path)
    except sqlite3.Error as cause:
        raise bad(path, "r_shape", place=str(cause)) from cause

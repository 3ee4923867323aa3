"""The formats of exports, and the one way in which an export is written: beside its name, and there once it is whole.

Each format is a writer that is told of chains, rows and the end. Knows no terminal.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from msgspec import Struct

from charter.engine.errors import CharterError
from charter.runtime.exports import cases, cloudevents, ocel, prov, prov_drawn, tables, xes
from charter.runtime.exports.columns import Chain, Row, Sort
from charter.runtime.exports.escapes import Escapes
from charter.runtime.exports.trail import Trail


class Writer(Protocol):
    """Writes a format; `begin` and `end` are told around the rows of each chain, `close` when there are no more."""

    escapes: Escapes

    def begin(self, chain: Chain) -> None: ...
    def row(self, row: Row) -> None: ...
    def end(self) -> None: ...
    def close(self) -> None: ...


class Format(Struct, frozen=True):
    """How a format is written: by a path, or with `text` into an open text file. `suffix`: of its files."""

    make: Callable[[Any, Trail], Writer]
    suffix: str
    text: bool = True


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "ocel": Format(ocel.Sqlite, ".sqlite", text=False),
        "ocel-json": Format(ocel.Json, ".json"),
        "xes": Format(xes.Xes, ".xes"),
        "prov-json": Format(prov.Json, ".json"),
        "prov-n": Format(prov.Notation, ".provn"),
        "prov-svg": Format(prov_drawn.svg, ".svg"),
        "prov-dot": Format(prov_drawn.dot, ".dot"),
        "cloudevents": Format(cloudevents.Lines, ".jsonl"),
        "cloudevents-batch": Format(cloudevents.Batch, ".json"),
        "csv": Format(tables.csv_entries, ".csv"),
        "parquet": Format(tables.parquet_entries, ".parquet", text=False),
    }
)


class Exported(Struct, frozen=True):
    """What was written: entries, of so many cases, some with something `withheld`; texts that were `escaped`.

    `digest`: SHA-256 of the file.
    """

    entries: int
    cases: int
    withheld: int
    escaped: int
    digest: str


class Taken(CharterError):
    """There is a file of this name already."""

    code = "CH745"
    exit_code = 4


def write(path: Path, name: str, trail: Trail, told: Callable[[], None] = lambda: None) -> Exported:
    """Writes what a trail gives in a format; `told` is called after each entry. Raises Taken, NoPyarrow, OSError."""
    form = FORMATS[name]
    with whole(path) as beside:
        if form.text:
            with open(beside, "w", encoding="utf-8", newline="") as stream:
                counted = _written(form.make(stream, trail), trail, told)
        else:
            counted = _written(form.make(beside, trail), trail, told)
        digest = digest_of(beside)
    entries, cases, escaped = counted
    return Exported(entries, cases, trail.withheld, escaped, digest)


def _written(writer: Writer, trail: Trail, told: Callable[[], None]) -> tuple[int, int, int]:
    entries = chains = 0
    last = ""
    for chain, row in trail.rows():
        if chain.id != last:
            if last:
                writer.end()
            writer.begin(chain)
            chains, last = chains + (chain.process is not None), chain.id
        writer.row(row)
        entries += 1
        told()
    if last:
        writer.end()
    writer.close()
    return entries, chains, writer.escapes.count


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Gives a new file beside a path, which gets its name when the block ends well; raises Taken, OSError."""
    if os.path.lexists(path):
        raise Taken("there is a file of this name", path=str(path))
    descriptor, beside = tempfile.mkstemp(prefix=".charter-", dir=path.parent)
    os.close(descriptor)
    try:
        yield Path(beside)
        os.chmod(beside, 0o666 & ~_umask())
        os.rename(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def digest_of(path: Path) -> str:
    """Gives the SHA-256 (hex) of a file."""
    found = sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


_TABLES: Mapping[str, tuple[str, Callable[[Any, Mapping[str, Sort]], Any], bool]] = MappingProxyType(
    {
        "csv": (".csv", tables.Csv, True),
        "jsonl": (".jsonl", tables.Lines, True),
        "parquet": (".parquet", tables.Parquet, False),
    }
)


def write_tables(folder: Path, name: str, trail: Trail, told: Callable[[], None]) -> tuple[dict[str, int], int]:
    """Writes the tables of analysts into a free folder, a file each, all or none; gives what `cases.write` gives."""
    suffix, make, is_text = _TABLES[name]
    beside = Path(tempfile.mkdtemp(prefix=".charter-", dir=folder.absolute().parent))
    try:
        with ExitStack() as opened:

            def table(which: str, columns: Mapping[str, Sort]) -> Any:
                path = beside / f"{which}{suffix}"
                if not is_text:
                    return make(path, columns)
                return make(opened.enter_context(open(path, "w", encoding="utf-8", newline="")), columns)

            found = cases.write(trail, table, told)
        os.chmod(beside, 0o777 & ~_umask())
        if folder.is_dir():
            folder.rmdir()  # an empty one
        os.rename(beside, folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return found


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

"""Logs of other systems, row by row: CSV (also .gz and .zip), XES (also .gz). What cannot be read is a `Mistake`.

A log gives its columns, and rows of the cells that are wanted. Reading is bounded (`LARGEST`, `LONGEST`): what unpacks
to more is refused while it is read. XML declares nothing here: a document type, with whose entities a file can ask for
other files or fill the memory, is refused. Knows nothing of maps and processes.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

from charter.runtime.author import handed
from charter.runtime.imports.findings import Faulty, Mistake

LARGEST = 4 << 30  # bytes of a log, unpacked
RATIO = 300  # so many times its size may a packed log of some size unpack to
SOME = 64 << 20
LONGEST = 1 << 20  # characters of a cell or an attribute
_CHUNK = 1 << 16


def bad(why: str, row: int | None = None, **arguments: Any) -> Faulty:
    """Makes the failure of a log that cannot be read; `why` is a key `log_…` under [import]."""
    return Faulty([Mistake("CH736", {"why": why, **arguments}, row=row)])


class _Bounded(io.RawIOBase):
    """Bytes of a file that are counted while they are read."""

    def __init__(self, inner: IO[bytes], packed: int | None) -> None:
        self._inner = inner
        self._most = LARGEST if packed is None else min(LARGEST, max(SOME, packed * RATIO))
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._inner.read(len(buffer))
        except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile, OSError) as cause:
            raise bad("truncated", detail=str(cause)) from cause
        self._read += len(data)
        if self._read > self._most:
            raise bad("large", limit=f"{self._most >> 20} MiB")
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def opened(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Opens a log, unpacked; gives its kind, `csv` or `xes`, by the name of what is in it."""
    packed = path.stat().st_size
    with handed.opened(path) as raw:
        begins = raw.read(4)
        raw.seek(0)
        name = path.name.lower()
        if begins[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=raw) as inner:
                yield _kind(name.removesuffix(".gz")), _buffered(inner, packed)  # type: ignore[arg-type]
        elif begins[:4] == b"PK\x03\x04":
            try:
                archive = zipfile.ZipFile(raw)
            except zipfile.BadZipFile as cause:
                raise bad("truncated", detail=str(cause)) from cause
            with archive:
                files = [one for one in archive.infolist() if not one.is_dir() and "__MACOSX" not in one.filename]
                if len(files) != 1:
                    raise bad("several", count=len(files))
                if files[0].flag_bits & 1:
                    raise bad("locked")
                with archive.open(files[0]) as inner:
                    yield _kind(files[0].filename.lower()), _buffered(inner, packed)
        else:
            yield _kind(name), _buffered(raw, None)


def _kind(name: str) -> str:
    return "xes" if name.endswith((".xes", ".xml")) else "csv"


def _buffered(inner: IO[bytes], packed: int | None) -> IO[bytes]:
    return io.BufferedReader(_Bounded(inner, packed), _CHUNK)


# -- tables ----------------------------------------------------------------------------------------------------------


def _texts(stream: IO[bytes], encoding: str) -> Iterator[str]:
    """Yields the lines of a text; refuses what is none."""
    text = io.TextIOWrapper(stream, encoding, newline="")
    number = 0
    try:
        while True:
            line = text.readline(LONGEST)
            number += 1
            if not line:
                return
            if len(line) >= LONGEST:
                raise bad("long_line", number, limit=f"{LONGEST:,}")
            if "\0" in line:
                raise bad("binary", number)
            yield line
    except UnicodeDecodeError as cause:
        raise bad("encoding", number, encoding=encoding.removesuffix("-sig").upper()) from cause


class Table:
    """A CSV log: `columns` are its headings; `rows` gives each row's cells, by the places that are asked for."""

    def __init__(self, stream: IO[bytes], encoding: str, divider: str | None) -> None:
        lines = _texts(stream, encoding)
        first = next(lines, "")
        if not first.strip():
            raise bad("empty")
        self._divider = divider or _divider(first)
        self._reader = csv.reader(_again(first, lines), delimiter=self._divider, strict=True)
        self.columns: list[str] = [cell.strip() for cell in self._next(0) or ()]

    def _next(self, row: int) -> list[str] | None:
        try:
            return next(self._reader, None)
        except csv.Error as cause:
            raise bad("quote", row, detail=str(cause)) from cause

    def rows(self, places: Sequence[int]) -> Iterator[tuple[int, list[str]]]:
        """Yields the number of each row, from 1, and its cells."""
        row, wide = 0, len(self.columns)
        while (cells := self._next(row + 1)) is not None:
            if not cells:
                continue
            row += 1
            if len(cells) != wide:
                raise bad("cells", row, count=len(cells), wanted=wide, divider=self._divider)
            yield row, [cells[place] for place in places]


def _again(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines


def _divider(head: str) -> str:
    bare = re.sub(r'"(?:[^"]|"")*"', "", head)
    found = [sign for sign in ",;\t|" if sign in bare]
    if len(found) > 1:
        raise bad("divider", 0, signs=" ".join("TAB" if sign == "\t" else sign for sign in found))
    return found[0] if found else ","


# -- XES -------------------------------------------------------------------------------------------------------------

_VALUED = frozenset(("string", "date", "int", "float", "boolean", "id"))


class Traces:
    """An XES log. An event has its own attributes by their keys, and those of its trace with `case:` before them."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.columns: list[str] = []
        self._seen: dict[str, None] = {}

    def events(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Yields the number of each event, from 1, and its attributes."""
        parser = expat.ParserCreate()
        done: list[dict[str, str]] = []
        path: list[str] = []
        trace: dict[str, str] = {}
        event: dict[str, str] = {}
        held: list[dict[str, str]] = []

        def forbid(*_: Any) -> None:
            raise bad("declares")

        def start(name: str, given: dict[str, str]) -> None:
            tag = name.rpartition(":")[2]
            path.append(tag)
            if len(path) > 60:
                raise bad("deep")
            if tag == "trace":
                trace.clear()
            elif tag == "event":
                event.clear()
            elif tag in _VALUED and "key" in given and len(path) >= 2:
                value = given.get("value", "")
                if len(value) > LONGEST:
                    raise bad("long_line", len(done), limit=f"{LONGEST:,}")
                if path[-2] == "event":
                    event[given["key"]] = value
                elif path[-2] == "trace":
                    trace[f"case:{given['key']}"] = value

        def end(name: str) -> None:
            tag = path.pop()
            if tag == "event":
                held.append(dict(event))
            elif tag == "trace":
                done.extend({**trace, **one} for one in held)
                held.clear()

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.StartDoctypeDeclHandler = forbid
        parser.EntityDeclHandler = forbid
        parser.ExternalEntityRefHandler = forbid  # type: ignore[assignment]
        row = 0
        ended = False
        while not ended:
            data = self._stream.read(_CHUNK)
            ended = not data
            try:
                parser.Parse(data, ended)
            except expat.ExpatError as cause:
                raise bad("xml", row, detail=str(cause)) from cause
            for one in done:
                row += 1
                self._seen.update(dict.fromkeys(one))
                yield row, one
            done.clear()
        self.columns = list(self._seen)
        if not row:
            raise bad("empty")

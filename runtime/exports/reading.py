"""Exports read back, entry by entry: the cells of each, whatever the format, as the text that they have in all of them.

Reads in bounded memory what we have written, and files that look like it: it is strict about how things are written,
and leaves what a standard asks of the whole to the checks. Raises NotAnExport. Knows no trail.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

from charter.engine.errors import CharterError
from charter.runtime import clock
from charter.runtime.exports.columns import COLUMNS, text
from charter.runtime.exports.escapes import cell_text, plain
from charter.runtime.exports.tables import arrows

_CHUNK = 1 << 16
LARGEST = 1 << 26  # characters of one item of JSON, one cell of a table, or one attribute of XML
DEEPEST = 60
Cells = dict[str, str]


class NotAnExport(CharterError):
    """A file is in no format that we know, or is not whole."""

    code = "CH740"
    exit_code = 1


def bad(path: Path, why: str, **arguments: Any) -> NotAnExport:
    """Makes the error of a file that cannot be read; `why`: a key under [export]."""
    return NotAnExport(why, path=str(path), why=why, **arguments)


def items(path: Path) -> Iterator[tuple[str, Any]]:
    """Yields (member, item) of arrays and (member, (name, value)) of objects in a JSON object; ("", item) of an array.

    A member that is there is yielded once with None before its items.
    """
    with open(path, encoding="utf-8-sig", newline="") as stream:
        scanner = _Scanner(path, stream)
        try:
            sign = scanner.peek()
            if sign == "[":
                yield from (("", item) for item in scanner.array())
            elif sign == "{":
                yield from scanner.object()
            scanner.ended()
        except (UnicodeDecodeError, RecursionError) as cause:
            raise bad(path, "r_encoding") from cause


def lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Yields the number and the value of each line of JSON lines."""
    with open(path, encoding="utf-8-sig", newline="\n") as stream:
        number = 0
        try:
            while line := stream.readline(LARGEST):
                number += 1
                if line.strip():
                    yield number, json.loads(line)
        except (ValueError, RecursionError) as cause:
            raise bad(path, "r_json", place=str(number)) from cause


class _Scanner:
    """Takes JSON apart from the outside, without holding more than an item."""

    def __init__(self, path: Path, stream: IO[str]) -> None:
        self._path, self._stream = path, stream
        self._buffer, self._at, self._whole = "", 0, False
        self._decode = json.JSONDecoder().raw_decode

    def _more(self) -> None:
        found = self._stream.read(_CHUNK + len(self._buffer) - self._at)  # twice as much each time
        self._buffer = self._buffer[self._at :] + found
        self._at = 0
        self._whole = not found
        if len(self._buffer) > LARGEST:
            raise bad(self._path, "r_large")

    def peek(self) -> str:
        """Gives the next sign that is no blank; nothing at the end."""
        while True:
            while self._at < len(self._buffer) and self._buffer[self._at] in " \t\r\n":
                self._at += 1
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if self._whole:
                return ""
            self._more()

    def take(self, signs: str) -> str:
        """Takes one of these signs."""
        found = self.peek()
        if not found or found not in signs:
            raise bad(self._path, "r_json", place=found or "EOF")
        self._at += 1
        return found

    def value(self) -> Any:
        """Takes a whole value."""
        self.peek()
        while True:
            try:
                found, end = self._decode(self._buffer, self._at)
                if end < len(self._buffer) or self._whole:
                    self._at = end
                    return found
            except ValueError as cause:
                if self._whole:
                    raise bad(self._path, "r_json", place=self._buffer[self._at : self._at + 20]) from cause
            self._more()

    def array(self) -> Iterator[Any]:
        for _ in self._parts("[", "]"):
            yield self.value()

    def object(self) -> Iterator[tuple[str, Any]]:
        for name in self._names():
            if self.peek() == "[":
                yield name, None  # it is there, even if nothing is in it
                yield from ((name, item) for item in self.array())
            elif self.peek() == "{":
                yield name, None
                yield from ((name, pair) for pair in self.pairs())
            else:
                yield name, self.value()

    def pairs(self) -> Iterator[tuple[str, Any]]:
        """Takes an object, member by member."""
        for name in self._names():
            yield name, self.value()

    def _names(self) -> Iterator[str]:
        for _ in self._parts("{", "}"):
            name = self.value()
            self.take(":")
            yield name

    def _parts(self, opens: str, closes: str) -> Iterator[None]:
        """Comes to each part of an array or object; whoever asks takes the part before asking for the next."""
        self.take(opens)
        if self.peek() == closes:
            self._at += 1
            return
        while True:
            yield
            if self.take(f",{closes}") == closes:
                return

    def ended(self) -> None:
        if self.peek():
            raise bad(self._path, "r_more")


# -- formats ----------------------------------------------------------------------------------------------------------


def _named(path: Path, pairs: Any) -> Cells:
    return {str(one["name"]): text(one["value"]) for one in pairs if one["name"] in COLUMNS}


def ocel_json(path: Path) -> Iterator[Cells]:
    for name, item in items(path):
        if name == "events" and item is not None:
            yield {"id": item["id"], "at": item["time"], **_named(path, item.get("attributes", ()))}


def ocel(path: Path) -> Iterator[Cells]:
    with closing(looked(path)) as database:
        types = database.execute("SELECT ocel_type_map FROM event_map_type ORDER BY ocel_type_map").fetchall()
        for (name,) in types:
            quoted = str(name).replace('"', '""')
            cursor = database.execute(f'SELECT * FROM "event_{quoted}"')
            columns = [column[0] for column in cursor.description]
            names = ["id" if c == "ocel_id" else "at" if c == "ocel_time" else c for c in columns]
            truths = {name for name, sort in COLUMNS.items() if sort == "truth"}
            for found in cursor:
                yield {
                    name: text(bool(cell) if name in truths and isinstance(cell, int) else cell)
                    for name, cell in zip(names, found, strict=True)
                    if cell is not None and name in COLUMNS
                }


def looked(path: Path) -> sqlite3.Connection:
    """Opens a database of somebody else's for looking at alone; what its schema would have done is not done."""
    found = sqlite3.connect(f"file:{str(path.absolute()).replace('?', '%3f').replace('#', '%23')}?mode=ro", uri=True)
    found.execute("PRAGMA trusted_schema=OFF")
    return found


def xes(path: Path) -> Iterator[Cells]:
    trace: Cells = {}
    for what, told in xes_parts(path):
        own = {key: plain(value) for key, (_, value) in told.items() if key in COLUMNS}
        if what == "trace":
            trace = own
            if "concept:name" in told:
                trace["case"] = plain(told["concept:name"][1])
        elif what == "event":
            yield {**{name: trace[name] for name in ("case", "number", "process", "drill") if name in trace}, **own}


def xes_parts(path: Path) -> Iterator[tuple[str, dict[str, tuple[str, str]]]]:
    """Yields what is in a log in its order, with its own attributes: `log`, `trace` before its events, `event`, …

    Of an attribute it gives the type and the value.
    """
    parser = expat.ParserCreate()
    done: list[tuple[str, dict[str, tuple[str, str]]]] = []
    stack: list[tuple[str, dict[str, tuple[str, str]]]] = []

    def forbid(*_: Any) -> None:
        raise bad(path, "r_declares")

    def start(name: str, given: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if len(stack) > DEEPEST:
            raise bad(path, "r_deep")
        if tag == "event" and stack and stack[-1][0] == "trace":
            done.append(("trace", stack[-1][1])) if not stack[-1][1].get("\0told") else None
            stack[-1][1]["\0told"] = ("", "1")
        if stack and "key" in given:
            stack[-1][1][given["key"]] = (tag, given.get("value", ""))
        stack.append((tag, {}))
        if tag in ("extension", "classifier", "global"):
            stack[-1][1].update({key: ("", value) for key, value in given.items()})
        if tag == "log":
            done.append(("log", {key: ("", value) for key, value in given.items()}))

    def end(_: str) -> None:
        tag, told = stack.pop()
        if tag == "trace":
            if told.get("\0told"):
                return
            done.append(("trace", told))
        elif tag in ("event", "extension", "classifier", "global"):
            done.append((tag, told))

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = forbid
    parser.EntityDeclHandler = forbid
    with open(path, "rb") as file:
        ended = False
        while not ended:
            data = file.read(_CHUNK)
            ended = not data
            try:
                parser.Parse(data, ended)
            except expat.ExpatError as cause:
                raise bad(path, "r_xml", place=str(cause)) from cause
            yield from done
            done.clear()


def cloudevents(path: Path) -> Iterator[Cells]:
    for _, event in lines(path):
        yield _event(event)


def batch(path: Path) -> Iterator[Cells]:
    for _, event in items(path):
        yield _event(event)


def _event(event: Any) -> Cells:
    told = event.get("data") if isinstance(event, Mapping) else None
    if not isinstance(told, Mapping):
        return {"id": text(event.get("id", "")) if isinstance(event, Mapping) else ""}
    return {name: text(cell) for name, cell in told.items() if name in COLUMNS and cell is not None}


def table(path: Path, columns: Mapping[str, str]) -> Iterator[Cells]:
    """Yields the rows of a CSV table; what stood there as text is the text again."""
    csv.field_size_limit(LARGEST)
    with open(path, encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        try:
            head = next(reader, [])
            for found in reader:
                if len(found) != len(head):
                    raise bad(path, "r_cells", place=str(reader.line_num))
                yield {
                    name: cell if columns.get(name) == "json" else cell_text(cell)
                    for name, cell in zip(head, found, strict=True)
                    if cell
                }
        except (csv.Error, UnicodeDecodeError) as cause:
            raise bad(path, "r_csv", place=str(reader.line_num)) from cause


def parquet(path: Path) -> Iterator[Cells]:
    arrow, parquet = arrows()
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=1_000):
                for found in batch.to_pylist():
                    yield {name: _arrow(cell) for name, cell in found.items() if cell is not None}
    except (arrow.ArrowException, OSError) as cause:
        raise bad(path, "r_parquet") from cause


def _arrow(cell: Any) -> str:
    if hasattr(cell, "astimezone"):
        moment = cell.astimezone(UTC)
        return clock.text(int(moment.replace(microsecond=0).timestamp()) * 1_000_000 + moment.microsecond)
    return text(cell)

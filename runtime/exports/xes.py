"""XES (IEEE 1849-2023): a trace for each case, an event for each entry of it.

`concept:name` is the element, or for what concerns the whole case its kind; `lifecycle:transition` is the kind in the
words of the standard's life cycle. All cells stand beside them under their own names. Knows rows, not where they come
from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import IO, Any
from xml.sax.saxutils import quoteattr

from charter.runtime.clock import iso
from charter.runtime.exports.columns import COLUMNS, Chain, Row, text
from charter.runtime.exports.escapes import Escapes
from charter.runtime.exports.trail import Trail

NAMESPACE = "http://www.xes-standard.org/"
EXTENSIONS = (
    ("Concept", "concept", "http://www.xes-standard.org/concept.xesext"),
    ("Lifecycle", "lifecycle", "http://www.xes-standard.org/lifecycle.xesext"),
    ("Organizational", "org", "http://www.xes-standard.org/org.xesext"),
    ("Time", "time", "http://www.xes-standard.org/time.xesext"),
)
# kind of entry -> the transition of the standard's life cycle; all others are `unknown`
TRANSITIONS: Mapping[str, str] = MappingProxyType(
    {
        "opened": "schedule",
        "assigned": "assign",
        "claimed": "assign",
        "delegated": "reassign",
        "handed_over": "reassign",
        "begun": "start",
        "suspended": "suspend",
        "resumed": "resume",
        "completed": "complete",
        "granted": "complete",
        "rejected": "complete",
        "reached": "complete",
        "answered": "complete",
        "decided": "complete",
        "skipped": "manualskip",
        "withdrawn": "withdraw",
        "cancelled": "ate_abort",
        "failed": "pi_abort",
    }
)
_SORTS = {"text": "string", "whole": "int", "truth": "boolean", "time": "date", "json": "string"}
_OF_TRACE = ("case", "number", "process", "drill")
# columns that are attributes of an event as they are
OWN = {name: _SORTS[sort] for name, sort in COLUMNS.items() if name not in _OF_TRACE}
_HEAD = f"""<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2023" xes.features="" xmlns="{NAMESPACE}">
"""
_GLOBALS = """<global scope="trace">
<string key="concept:name" value=""/>
</global>
<global scope="event">
<string key="concept:name" value=""/>
<string key="lifecycle:transition" value=""/>
<date key="time:timestamp" value="1970-01-01T00:00:00.000000Z"/>
<string key="id" value=""/>
<string key="kind" value=""/>
<int key="seq" value="0"/>
</global>
<classifier name="what and how" keys="concept:name lifecycle:transition"/>
<classifier name="kind and what" keys="kind concept:name"/>
"""


def _attribute(sort: str, key: str, value: str) -> str:
    return f"<{sort} key={_quoted(key)} value={_quoted(value)}/>\n"


def _quoted(value: str) -> str:
    return quoteattr(value, {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})


class Xes:
    """Writes XES."""

    def __init__(self, stream: IO[str], trail: Trail) -> None:
        self.escapes = Escapes()
        self._stream = stream
        stream.write(_HEAD)
        for name, prefix, uri in EXTENSIONS:
            stream.write(f'<extension name="{name}" prefix="{prefix}" uri="{uri}"/>\n')
        stream.write(_GLOBALS)

    def begin(self, chain: Chain) -> None:
        told: list[tuple[str, str, Any]] = [
            ("string", "concept:name", chain.id),
            ("string", "number", chain.number),
            ("string", "process", chain.process),
            ("boolean", "drill", chain.drill),
            ("string", "status", chain.status),
            ("date", "opened_at", iso(chain.opened_at)),
            ("date", "closed_at", iso(chain.closed_at)),
        ]
        self._stream.write("<trace>\n")
        self._write((sort, key, value) for sort, key, value in told if value is not None)

    def row(self, row: Row) -> None:
        cells = row.cells
        told: list[tuple[str, str, Any]] = [
            ("string", "concept:name", cells.get("element", cells["kind"])),
            ("string", "lifecycle:transition", TRANSITIONS.get(cells["kind"], "unknown")),
            ("date", "time:timestamp", cells["at"]),
            ("string", "org:resource", cells["actor"]),
        ]
        if "role" in cells:
            told.append(("string", "org:role", cells["role"]))
        self._stream.write("<event>\n")
        self._write(iter(told))
        self._write(
            (sort if not isinstance(cells[name], dict) else "string", name, cells[name])
            for name, sort in OWN.items()
            if name in cells
        )
        self._stream.write("</event>\n")

    def _write(self, told: Iterator[tuple[str, str, Any]]) -> None:
        self._stream.write("".join(_attribute(sort, key, self.escapes.text(text(value))) for sort, key, value in told))

    def end(self) -> None:
        self._stream.write("</trace>\n")

    def close(self) -> None:
        self._stream.write("</log>\n")

"""CloudEvents 1.0 and tables of entries, judged: each event or row by itself, and that none is there twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from charter.runtime.exports.checks import Check, Finding, is_time, typed
from charter.runtime.exports.columns import COLUMNS
from charter.runtime.exports.reading import Cells, items, lines

_REQUIRED = dict.fromkeys(("specversion", "id", "source", "type"), (str, True))
_OPTIONAL = dict.fromkeys(("subject", "time", "datacontenttype", "dataschema"), (str, False))
_NAME = re.compile(r"[a-z0-9]+")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


def cloudevents(path: Path) -> Iterator[Finding]:
    """Checks a file of an event a line."""
    seen: set[tuple[str, str]] = set()
    for number, event in lines(path):
        yield from _event(str(number), event, seen)


def batch(path: Path) -> Iterator[Finding]:
    """Checks a batch."""
    seen: set[tuple[str, str]] = set()
    for number, (_, event) in enumerate(items(path), 1):
        yield from _event(str(number), event, seen)


def _event(place: str, event: Any, seen: set[tuple[str, str]]) -> Iterator[Finding]:
    found = list(typed(place, event, _REQUIRED | _OPTIONAL))
    yield from found
    if found:
        return
    if event["specversion"] != "1.0":
        yield Finding("value", place, {"name": "specversion", "value": event["specversion"]})
    for name, value in event.items():
        if name in ("data", "data_base64"):
            continue
        if _NAME.fullmatch(name) is None:
            yield Finding("name", place, {"name": name})
        if not isinstance(value, str | bool | int):
            yield Finding("type", place, {"name": name, "wanted": "string"})
        elif value == "" or (isinstance(value, str) and _CONTROL.search(value)):
            yield Finding("value", place, {"name": name, "value": value})
    if "time" in event and not is_time(event["time"]):
        yield Finding("time", place, {"name": "time"})
    if "data" in event and "data_base64" in event:
        yield Finding("twice", place, {"name": "data"})
    one = event["source"], event["id"]
    if one in seen:
        yield Finding("twice", place, {"name": event["id"]})
    seen.add(one)


# -- tables -----------------------------------------------------------------------------------------------------------


def rows(read: Callable[[Path], Iterator[Cells]]) -> Check:
    """Makes the check of a table, given how it is read."""

    def check(path: Path) -> Iterator[Finding]:
        """Checks a table of COLUMNS, which no standard describes: ours does."""
        seen: set[str] = set()
        for number, cells in enumerate(read(path), 2):
            place = str(number)
            for name in cells.keys() - COLUMNS.keys():
                yield Finding("undeclared", place, {"name": name})
            for name in ("id", "case", "seq", "at", "kind"):
                if name not in cells:
                    yield Finding("member", place, {"name": name})
            for name in ("seq", "position", "cause", "law"):
                if name in cells and not cells[name].isdecimal():
                    yield Finding("value", place, {"name": name, "value": cells[name]})
            if "at" in cells and not is_time(cells["at"]):
                yield Finding("time", place, {"name": "at"})
            if cells.get("id") in seen:
                yield Finding("twice", place, {"name": cells["id"]})
            seen.add(cells.get("id", ""))

    return check

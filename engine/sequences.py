"""The numbers by which people call cases: `PO-{year}-{4}`, counted for as long as all but the counter stays the same.

`{year}`, `{month}` and `{day}` are those of the day on which the case is opened, by the calendar of its process; `{4}`
is the counter, in at least so many digits. What is left of a pattern when the day is filled in is its series: with
another year another series begins, at 1. A series belongs to the organisation, so that no two cases are called alike.
Knows no database: which number comes next, the host finds out, in the transaction that opens the case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from msgspec.structs import replace

from charter.engine.commands import Command, Start
from charter.engine.definition import Definition
from charter.engine.forms import CaseNumber
from charter.engine.plan.facts import instant
from charter.engine.plan.program import prepare

_Command = TypeVar("_Command", bound=Command)
_PLACE = re.compile(r"\{(year|month|day|[1-9])\}")
_NAME = re.compile(r"[\w./-]+")  # what a word of the command line may be
COUNTER = "{}"
MOST = 40  # characters of a pattern

# (series, serial) -> what is free: the next serial of a series that no case is called by
Next = Callable[[str, Callable[[int], str]], int]


def fault(pattern: str) -> str | None:
    """Names what is wrong with a pattern: counter, month, text or length; None: nothing."""
    places = _PLACE.findall(pattern)
    if sum(place.isdigit() for place in places) != 1:
        return "counter"
    if ("month" in places and "year" not in places) or ("day" in places and "month" not in places):
        return "month"
    rest = _PLACE.sub("1", pattern)
    if not _NAME.fullmatch(rest) or not re.match(r"[^\W\d_]", rest):
        return "text"
    return "length" if len(pattern) > MOST else None


def series(pattern: str, year: int, month: int, day: int) -> str:
    """Gives a pattern with the day filled in, and the counter as `{}`."""
    dated = {"year": f"{year:04}", "month": f"{month:02}", "day": f"{day:02}"}
    return _PLACE.sub(lambda place: dated.get(place[1], COUNTER), pattern)


def written(pattern: str, of: str, serial: int) -> str:
    """Writes a number of a series, its counter as wide as the pattern asks."""
    width = next(int(place) for place in _PLACE.findall(pattern) if place.isdigit())
    return of.replace(COUNTER, f"{serial:0{width}}")


def called(definition: Definition, command: _Command, free: Next) -> _Command:
    """Gives the command that opens a case as one that says by which number; a drill has none."""
    if not isinstance(command, Start) or command.drill or command.called is not None or definition.number is None:
        return command
    pattern, opened = definition.number, instant(command.at, prepare(definition).zone)
    assert opened is not None
    of = series(pattern, opened.date.year, opened.date.month, opened.date.day)
    serial = free(of, lambda serial: written(pattern, of, serial))
    return replace(command, called=CaseNumber(of, serial, written(pattern, of, serial)))

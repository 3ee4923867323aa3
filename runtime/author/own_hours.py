"""Hours that somebody writes outside a process file, in the lines of a `calendar`: `Monday to Friday 09:00-13:00`."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from charter.dsl.check.calendars import build
from charter.dsl.check.uses import Files
from charter.dsl.passes import compile
from charter.dsl.text.tree import Calendar as Block
from charter.engine.days import Calendar

NAME = "hours"
_MOST_LINES = 1000


class Wrong(Struct, frozen=True):
    """A line that is none of a calendar's, and the code of what is wrong with it."""

    line: str
    code: str


def read(lines: Sequence[str]) -> Calendar | Wrong:
    """Gives the calendar that lines come to, or the first line that is wrong."""
    if not lines or len(lines) > _MOST_LINES:
        return Wrong("", "CH112")
    text = f"calendar {NAME}\n" + "".join(f"  {line}\n" for line in lines)
    for found in compile(NAME, text).diagnostics:
        if found.is_error:
            number = text.count("\n", 0, found.span[0])
            return Wrong(lines[min(max(number - 1, 0), len(lines) - 1)], found.code)
    tops = [item for item in Files(None).load(NAME, text).items if isinstance(item, Block)]
    return build(NAME, tops[0]) if len(tops) == 1 else Wrong(lines[0], "CH112")

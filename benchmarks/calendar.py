"""Times calendars: working time added and counted, and working days; the same by a walk day by day.

`python -m benchmarks.calendar`. The questions are drawn once, over two years, on a calendar with breaks, night shifts
and days of its own. An operation adds one span, or counts the working time between two instants.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from charter.engine import calendars
from charter.engine.definition import Calendar, Day
from charter.engine.feel.own import Span
from charter.engine.hours import DAY, Line, line_of

from .figures import race, ratio, say

MINUTE = 60_000_000
MONDAY = 1_772_442_000_000_000  # 2 March 2026, 09:00 UTC
MOST = 1000
OFFICE = Calendar(
    "office",
    "Europe/Berlin",
    (((540, 720), (810, 1080)),) * 4 + (((540, 720), (1320, 1800)), (), ()),
    tuple(Day(f"2026-{month:02}-{day:02}") for month in range(1, 13) for day in (1, 15)),
)


def by_days(at: int, work: int) -> int:
    """Adds working time by looking at one day after the other, as one would without a line of hours."""
    line = Line(OFFICE)
    for opens, closes in line.stretches(at // DAY + 719_163 - 1):
        left = closes - max(at, opens)
        if left >= work > 0:
            return max(at, opens) + work
        work -= max(left, 0)
    raise AssertionError


def main() -> None:
    chance = random.Random(1)
    drawn = [(MONDAY + chance.randrange(730 * 1440) * MINUTE, chance.randrange(1, 80 * 60)) for _ in range(MOST)]
    add, worked = calendars.add, calendars.worked
    hours = [(at, Span(working_seconds=minutes * 60)) for at, minutes in drawn]
    days = [(at, Span(working_days=1 + minutes % 20)) for at, minutes in drawn]
    pairs = [(at, at + minutes * 9 * MINUTE) for at, minutes in drawn]

    def adds(asked: list[tuple[int, Span]]) -> Callable[[], object]:
        return lambda: [add(OFFICE, at, span) for at, span in asked]

    works: dict[str, tuple[Callable[[], object], int]] = {
        "hours": (adds(hours), 20),
        "days": (adds(days), 20),
        "worked": (lambda: [worked(OFFICE, *pair) for pair in pairs], 20),
        "walk": (lambda: [by_days(at, minutes * MINUTE) for at, minutes in drawn[:50]], 1),
    }
    found = race(works)
    titles = {"hours": "working hours added", "days": "working days added", "worked": "working time counted"}
    for name, title in titles.items():
        say(title, [MOST / seconds / 1000 for seconds in found[name]], "k/s", least=500)
    walked = [seconds / 50 for seconds in found["walk"]]
    say("a walk day by day / working hours added", ratio(walked, [s / MOST for s in found["hours"]]), least=20)
    say("days held by the line of that calendar", [len(line_of(OFFICE).days)], "days")


if __name__ == "__main__":
    main()

"""What is simulated, and what came of it: values only.

Times that are called working time are microseconds on the calendar of the process, from the beginning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from charter.engine.commands import Actor
from charter.engine.definition import Calendar, Definition
from charter.engine.feel.own import UNITS, Span
from charter.engine.proof.hours import Hours, working
from charter.engine.state import CaseState
from charter.runtime.host.memory import Records
from charter.runtime.simulation.crew import Member
from charter.runtime.simulation.fit import Lengths
from charter.runtime.simulation.standing import Standing

GRANTED = 0.9  # of votes, where nothing else is known
USUAL = 3_600_000_000  # of work, where no line and no trail says how long it takes: one hour


class Written(Struct, frozen=True):
    """Records that somebody handed over together, encoded, and the day of it (days since 1970)."""

    records: Records
    day: int


class Habits(Struct, frozen=True):
    """What is known of how things go, by process and element: `lengths` of work, microseconds of working time;
    `granted`: the share of votes for it. `gaps` between arrivals; `written`: by process and names, what came of work.
    """

    lengths: Mapping[tuple[str, str], Lengths] = {}
    granted: Mapping[tuple[str, str], float] = {}
    gaps: Lengths | None = None
    written: Mapping[tuple[str, tuple[str, ...]], Sequence[Written]] = {}


class Setting(Struct, frozen=True):
    """What is simulated. `gap`: working time between two arrivals, on average, in microseconds."""

    definition: Definition
    definitions: Sequence[Definition]
    cases: int
    gap: float
    seed: int = 1
    people: Sequence[Actor] = ()
    habits: Habits = Habits()


class Rate(Struct, frozen=True):
    """How often cases arrive: so many in a length of time, and as it was written."""

    count: float
    span: Span
    text: str

    def gap(self, calendar: Calendar) -> float:
        """Gives the working time between two arrivals, on average, in microseconds."""
        return working(calendar, self.span) / self.count


_NUMBER = r"(?P<count>\d{1,9}(?:\.\d{1,9})?)"
_RATES = (
    re.compile(_NUMBER + r"\s*[个個件]?\s*(?:\b(?:an?|per)\b|[/每])\s*(?P<unit>\D+)", re.IGNORECASE),
    re.compile(r"每个?(?P<unit>\D+?)\s*" + _NUMBER + r"\s*[个個件]?"),
)


def rate(text: str) -> Rate | None:
    """Reads a rate as people write it: `20 a day`, `3 per working hour`, `每天 20 件`; None where it is none."""
    for form in _RATES:
        found = form.fullmatch(text.strip())
        unit = found["unit"].strip() if found is not None else ""
        if found is not None and unit in UNITS and float(found["count"]) > 0:
            # What comes by the day comes on days on which somebody is there.
            span = Span(working_days=1) if UNITS[unit] == ("days", 1) else Span.of(1, unit)
            return Rate(float(found["count"]), span, text.strip())
    return None


class Job(Struct, eq=False):
    """Something that one person is to do with a node. Times are working time from the beginning, in microseconds."""

    case: str
    key: str
    element: str
    roles: tuple[str, ...]
    round: tuple[int, ...]
    seat: int
    ready: int
    vote: bool
    number: int = 0
    role: str = ""
    begun: int = -1
    ended: int = -1
    by: Member | None = None
    dropped: bool = False
    refused: set[str] = field(default_factory=set)


class Run(Struct, frozen=True):
    """What came of a simulation. `jobs`: those that somebody took, in the order of their ends.

    `arrived`: by main case, in order, when it came. `stood`: the cases that stand still, by where and why.
    Elements of which nothing says how long they take: `usual` of people's work, `instant` of programs and the world.
    """

    setting: Setting
    hours: Hours
    cases: Mapping[str, CaseState]
    arrived: Mapping[str, int]
    jobs: Sequence[Job]
    counts: Mapping[str, int]
    stood: Sequence[Standing]
    usual: frozenset[str]
    instant: frozenset[str]
    end: int

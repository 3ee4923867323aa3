"""Periods of the calendar: the months, weeks or years by which a KPI is reviewed (`every 1 month`), in a zone.

Months are counted from January, so that three are a quarter and twelve a year; weeks begin on Mondays; other numbers of
days are counted from 1 January 1970. What is no whole number of days or months has no periods. Also the control limits
of a row of figures, and what is noticeable about them.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from charter.engine import zones
from charter.engine.definition import Kpi
from charter.engine.feel.own import Span
from charter.engine.plan.program import Program
from charter.engine.plan.scope import Scope
from charter.engine.state import NEW

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONDAY = date(1970, 1, 5)
_WEEK, _QUARTER, _YEAR = 7, 3, 12
# Of a chart of individual values: the mean moving range of two is so many standard deviations (Shewhart's d2).
_D2 = Decimal("1.128")
_RUN, _TREND = 8, 6
_NAME = re.compile(r"(\d{4})(?:-(?:Q(\d)|W(\d\d)|(\d\d)(?:-(\d\d))?))?")


class Period(NamedTuple):
    """From one instant to another, which is the next period's; microseconds since the epoch."""

    since: int
    until: int


class Limits(Struct, frozen=True):
    """Of a row of figures: their mean, and what they stay within while nothing but chance moves them."""

    mean: Decimal
    low: Decimal
    high: Decimal


def every(program: Program, kpi: Kpi) -> Span | None:
    """Gives the length of a KPI's periods; None where it has none."""
    span = None if kpi.every is None else Scope(program, NEW, None, (), 0).value(kpi.every)
    return span if isinstance(span, Span) and is_period(span) else None


def is_period(span: Span) -> bool:
    """Says whether a length of time can be a period: a whole number of months or of days."""
    parts = span.parts()
    return len(parts) == 1 and parts[0][0] in ("months", "days") and parts[0][1] > 0 and parts[0][1] % 1 == 0


def period_at(zone: str, span: Span, at: int) -> Period:
    """Gives the period in which an instant lies."""
    rules = zones.rules(zone)
    day = (_EPOCH + timedelta(microseconds=at)).astimezone(rules).date()
    if span.months:
        size = int(span.months)
        first = (day.year * _YEAR + day.month - 1) // size * size
        days = [date(number // _YEAR, number % _YEAR + 1, 1) for number in (first, first + size)]
    else:
        size = int(span.days)
        start = _MONDAY if size % _WEEK == 0 else _EPOCH.date()
        begins = start + timedelta(days=(day - start).days // size * size)
        days = [begins, begins + timedelta(days=size)]
    instants = (datetime.combine(day, time(), tzinfo=rules).astimezone(UTC) - _EPOCH for day in days)
    return Period(*(each // timedelta(microseconds=1) for each in instants))


def named(zone: str, period: Period) -> str:
    """Names a period: `2026`, `2026-Q1`, `2026-03`, `2026-W10`, and others by their first day."""
    rules = zones.rules(zone)
    first, end = ((_EPOCH + timedelta(microseconds=at)).astimezone(rules).date() for at in period)
    months = (end.year - first.year) * _YEAR + end.month - first.month
    if first.day == end.day == 1 and months in (1, _QUARTER, _YEAR):
        quarter = f"{first.year}-Q{first.month // _QUARTER + 1}"
        return {1: f"{first:%Y-%m}", _QUARTER: quarter, _YEAR: f"{first.year}"}[months]
    if (end - first).days == _WEEK:
        year, week, _ = first.isocalendar()
        return f"{year}-W{week:02}"
    return first.isoformat()


def called(zone: str, span: Span, name: str) -> Period | None:
    """Finds the period of a name, as `named` gives it; None where there is none of this length."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    year, quarter, week, month, day = (None if part is None else int(part) for part in found.groups())
    try:
        if week is not None:
            first = date.fromisocalendar(int(found[1]), week, 1)
        else:
            first = date(year or 0, quarter * _QUARTER - 2 if quarter else month or 1, day or 1)
    except ValueError:
        return None
    begins = datetime.combine(first, time(), tzinfo=zones.rules(zone)).astimezone(UTC) - _EPOCH
    period = period_at(zone, span, begins // timedelta(microseconds=1))
    return period if named(zone, period) == name else None


def limits(figures: Sequence[Decimal]) -> Limits | None:
    """Gives the limits of a chart of individual values and moving ranges (XmR); None for fewer than two."""
    if len(figures) < 2:
        return None
    ranges = [abs(b - a) for a, b in itertools.pairwise(figures)]
    mean = sum(figures, Decimal(0)) / len(figures)
    reach = 3 * (sum(ranges, Decimal(0)) / len(ranges)) / _D2
    return Limits(mean, mean - reach, mean + reach)


def signals(figures: Sequence[Decimal]) -> list[str | None]:
    """Says of each figure whether it is one that chance seldom gives.

    `outside` the limits; the last of a `run` of eight or more on one side of the mean; of a `trend` of six or more that
    only rise or only fall.
    """
    found = limits(figures)
    if found is None:
        return [None] * len(figures)
    told: list[str | None] = []
    run = trend = 0
    for number, value in enumerate(figures):
        side = (value > found.mean) - (value < found.mean)
        run = 0 if not side else run + side if run * side > 0 else side
        step = 0 if not number else (value > figures[number - 1]) - (value < figures[number - 1])
        trend = 0 if not step else trend + step if trend * step > 0 else step
        outside = not found.low <= value <= found.high
        # Six in a row are five steps.
        told.append(
            "outside" if outside else "run" if abs(run) >= _RUN else "trend" if abs(trend) >= _TREND - 1 else None
        )
    return told

"""Built-in functions on days and the present (DMN 1.5 tables 80 and 84). Rows only."""

from __future__ import annotations

from decimal import Decimal

from charter.engine.feel.builtins import builtin
from charter.engine.feel.frames import Frame, NoValue
from charter.engine.feel.temporal import Date, DateTime, day_number

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _day(value: Date | DateTime) -> Date:
    return value.date if isinstance(value, DateTime) else value


def _day_of_year(date: Date) -> int:
    return date.number - day_number(date.year, 1, 1) + 1


@builtin("day of year(date: day) -> number")
def day_of_year(date: Date | DateTime) -> Decimal:
    return Decimal(_day_of_year(_day(date)))


@builtin("day of week(date: day) -> string")
def day_of_week(date: Date | DateTime) -> str:
    return _DAYS[_day(date).weekday - 1]


@builtin("month of year(date: day) -> string")
def month_of_year(date: Date | DateTime) -> str:
    return _MONTHS[_day(date).month - 1]


def _weeks_in(year: int) -> int:
    """Count the ISO 8601 weeks of a year: 53 when it begins or ends on a Thursday."""
    return 53 if 4 in (Date(year, 1, 1).weekday, Date(year, 12, 31).weekday) else 52


@builtin("week of year(date: day) -> number")
def week_of_year(date: Date | DateTime) -> Decimal:
    day = _day(date)
    week = (_day_of_year(day) - day.weekday + 10) // 7
    if week < 1:
        return Decimal(_weeks_in(day.year - 1))
    return Decimal(1 if week > _weeks_in(day.year) else week)


@builtin("now() -> date and time", framed=True)
def now(frame: Frame) -> DateTime:
    moment = frame.state.env.now
    if moment is None:
        raise NoValue("the current time is not available here")
    return moment()


@builtin("today() -> date", framed=True)
def today(frame: Frame) -> Date:
    return now(frame).date

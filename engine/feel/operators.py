"""What FEEL's arithmetic operators mean, as dispatch tables keyed by the types of the two operands.

A pair of types without a row has no value (null); order and equality are in `comparison`. Functions raise
ArithmeticError where the standard gives null: overflow, division by zero, a date beyond the calendar. Source: DMN 1.5
tables 42, 43, 53 to 58; money and spans are Charter's own rows.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any

from charter.engine.feel.limits import MAX_DIGITS, MAX_EXPONENT, MAX_STRING, MIN_EXPONENT
from charter.engine.feel.own import Money, Span
from charter.engine.feel.temporal import (
    DAY,
    SECOND,
    UTC,
    Date,
    DateTime,
    DaysDuration,
    OutOfRange,
    Time,
    YearsDuration,
    date_from_number,
    datetime_from_instant,
    datetime_from_local,
    days_duration,
    time_from_nanoseconds,
    time_offset_seconds,
    years_duration,
)

NUMBERS = Context(
    prec=MAX_DIGITS,
    rounding=ROUND_HALF_EVEN,
    Emin=MIN_EXPONENT,
    Emax=MAX_EXPONENT,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
add, subtract, multiply, divide = NUMBERS.add, NUMBERS.subtract, NUMBERS.multiply, NUMBERS.divide

Operation = Callable[[Any, Any], Any]


def power(base: Decimal, exponent: Decimal) -> Decimal:
    """Raise to a power; zero to the zero is one, as in Java and IEEE 754."""
    if not exponent:
        return Decimal(1)
    result = NUMBERS.power(base, exponent)
    if not result.is_finite():
        raise ZeroDivisionError("zero cannot be negated power")
    return result


def plain(value: Any) -> Any:
    """Bring a Python value that stands for a FEEL value into FEEL's own class."""
    kind = type(value)
    if kind is int:
        return NUMBERS.create_decimal(value)
    if kind is float:
        return NUMBERS.create_decimal(repr(value))
    if kind is tuple or (isinstance(value, list) and kind is not list):
        return list(value)
    return value


def _whole(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_FLOOR if number >= 0 else "ROUND_CEILING"))


def _joined(one: str, other: str) -> str:
    if len(one) + len(other) > MAX_STRING:
        raise OutOfRange(f"the text would hold more than {MAX_STRING} characters")
    return one + other


def _scale_days(duration: DaysDuration, factor: Decimal) -> DaysDuration:
    return days_duration(_whole(multiply(Decimal(duration.nanoseconds), factor)))


def _scale_years(duration: YearsDuration, factor: Decimal) -> YearsDuration:
    return years_duration(_whole(multiply(Decimal(duration.months), factor)))


def midnight(date: Date) -> DateTime:
    # A date meets a date and time as its midnight in UTC (DMN 10.3.2.9.4, from date to date and time).
    return DateTime(date, Time(0, 0, 0, 0, UTC))


def shift(moment: DateTime, nanoseconds: int) -> DateTime:
    """Move a date and time by elapsed time; with a zone the clock may show a changed offset."""
    instant = moment.instant
    if instant is None or moment.zone is None:
        return datetime_from_local(moment.local + nanoseconds, None)
    return datetime_from_instant(instant + nanoseconds, moment.zone)


def _shift_months(moment: DateTime, months: int) -> DateTime:
    return DateTime(moment.date.plus_months(months), moment.time)


def _shift_date(date: Date, nanoseconds: int) -> Date:
    return date_from_number((date.number * DAY + nanoseconds) // DAY)


def _between(later: DateTime, earlier: DateTime) -> DaysDuration:
    one, other = later.instant, earlier.instant
    if (one is None) != (other is None):
        raise OutOfRange("one of the two times has a zone and the other has none")
    if one is None or other is None:
        return days_duration(later.local - earlier.local)
    return days_duration(one - other)


def since_midnight(time: Time) -> int:
    offset = time_offset_seconds(time)
    return time.of_day - (offset or 0) * SECOND


def _times_between(later: Time, earlier: Time) -> DaysDuration:
    if (later.zone is None) != (earlier.zone is None):
        raise OutOfRange("one of the two times has a zone and the other has none")
    return DaysDuration(since_midnight(later) - since_midnight(earlier))


class Mixed(OutOfRange):
    """Two currencies, or units of time, that do not convert into one another."""


def _currency(one: Money, other: Money) -> str:
    if one.currency != other.currency:
        raise Mixed(f"{one.currency} and {other.currency} are different currencies")
    return one.currency


class NeedsCalendar(Mixed):
    """A date, or a date and time, and a span (its sign in it) of working time: whoever has a calendar can add them."""

    def __init__(self, message: str, moment: Date | DateTime, span: Span) -> None:
        super().__init__(message)
        self.moment = moment
        self.span = span


def _is_whole(*amounts: Decimal | int) -> bool:
    return all(amount == Decimal(amount).to_integral_value() for amount in amounts)


def _signed(span: Span, sign: int) -> Span:
    return span if sign > 0 else span.scaled(Decimal(-1))


def _calendar(span: Span, sign: int, date: Date) -> Date:
    if span.working_days or span.working_seconds or span.seconds or not _is_whole(span.months, span.days):
        raise NeedsCalendar(f"{span} cannot be added to a date without a calendar", date, _signed(span, sign))
    moved = date.plus_months(sign * int(span.months)) if span.months else date
    return date_from_number(moved.number + sign * int(span.days))


def _calendar_time(span: Span, sign: int, moment: DateTime) -> DateTime:
    if span.working_days or span.working_seconds or not _is_whole(span.months, span.days):
        message = f"{span} cannot be added to a date and time without a calendar"
        raise NeedsCalendar(message, moment, _signed(span, sign))
    date = _calendar(Span(span.months, span.days), sign, moment.date)
    return shift(DateTime(date, moment.time), sign * int(NUMBERS.multiply(Decimal(span.seconds), Decimal(SECOND))))


def _ratio(one: Span, other: Span) -> Decimal:
    parts, divisors = one.parts(), other.parts()
    if not divisors or not parts:  # nothing is nothing in every unit
        return divide(Decimal(0), Decimal(len(divisors)))
    (name, amount), (divisor_name, divisor) = parts[0], divisors[0]
    if name != divisor_name or len(parts) > 1 or len(divisors) > 1:
        raise Mixed(f"{one} and {other} are in different units")
    return divide(Decimal(amount), Decimal(divisor))


ADD: dict[tuple[type, type], Operation] = {
    (Decimal, Decimal): add,
    (str, str): _joined,
    (DateTime, DaysDuration): lambda a, b: shift(a, b.nanoseconds),
    (DaysDuration, DateTime): lambda a, b: shift(b, a.nanoseconds),
    (DateTime, YearsDuration): lambda a, b: _shift_months(a, b.months),
    (YearsDuration, DateTime): lambda a, b: _shift_months(b, a.months),
    (Date, DaysDuration): lambda a, b: _shift_date(a, b.nanoseconds),
    (DaysDuration, Date): lambda a, b: _shift_date(b, a.nanoseconds),
    (Date, YearsDuration): lambda a, b: a.plus_months(b.months),
    (YearsDuration, Date): lambda a, b: b.plus_months(a.months),
    (Time, DaysDuration): lambda a, b: time_from_nanoseconds(a.of_day + b.nanoseconds, a.zone),
    (DaysDuration, Time): lambda a, b: time_from_nanoseconds(b.of_day + a.nanoseconds, b.zone),
    (DaysDuration, DaysDuration): lambda a, b: days_duration(a.nanoseconds + b.nanoseconds),
    (YearsDuration, YearsDuration): lambda a, b: years_duration(a.months + b.months),
    (Money, Money): lambda a, b: Money(add(a.amount, b.amount), _currency(a, b)),
    (Span, Span): lambda a, b: a.plus(b),
    (Date, Span): lambda a, b: _calendar(b, 1, a),
    (Span, Date): lambda a, b: _calendar(a, 1, b),
    (DateTime, Span): lambda a, b: _calendar_time(b, 1, a),
    (Span, DateTime): lambda a, b: _calendar_time(a, 1, b),
}
SUBTRACT: dict[tuple[type, type], Operation] = {
    (Decimal, Decimal): subtract,
    (DateTime, DateTime): _between,
    (DateTime, Date): lambda a, b: _between(a, midnight(b)),
    (Date, DateTime): lambda a, b: _between(midnight(a), b),
    (Date, Date): lambda a, b: days_duration((a.number - b.number) * DAY),
    (Time, Time): _times_between,
    (DateTime, DaysDuration): lambda a, b: shift(a, -b.nanoseconds),
    (DateTime, YearsDuration): lambda a, b: _shift_months(a, -b.months),
    (Date, DaysDuration): lambda a, b: _shift_date(a, -b.nanoseconds),
    (Date, YearsDuration): lambda a, b: a.plus_months(-b.months),
    (Time, DaysDuration): lambda a, b: time_from_nanoseconds(a.of_day - b.nanoseconds, a.zone),
    (DaysDuration, DaysDuration): lambda a, b: days_duration(a.nanoseconds - b.nanoseconds),
    (YearsDuration, YearsDuration): lambda a, b: years_duration(a.months - b.months),
    (Money, Money): lambda a, b: Money(subtract(a.amount, b.amount), _currency(a, b)),
    (Span, Span): lambda a, b: a.plus(b, -1),
    (Date, Span): lambda a, b: _calendar(b, -1, a),
    (DateTime, Span): lambda a, b: _calendar_time(b, -1, a),
}
MULTIPLY: dict[tuple[type, type], Operation] = {
    (Decimal, Decimal): multiply,
    (DaysDuration, Decimal): _scale_days,
    (Decimal, DaysDuration): lambda a, b: _scale_days(b, a),
    (YearsDuration, Decimal): _scale_years,
    (Decimal, YearsDuration): lambda a, b: _scale_years(b, a),
    (Money, Decimal): lambda a, b: Money(multiply(a.amount, b), a.currency),
    (Decimal, Money): lambda a, b: Money(multiply(a, b.amount), b.currency),
    (Span, Decimal): lambda a, b: a.scaled(b),
    (Decimal, Span): lambda a, b: b.scaled(a),
}
DIVIDE: dict[tuple[type, type], Operation] = {
    (Decimal, Decimal): divide,
    (DaysDuration, Decimal): lambda a, b: days_duration(_whole(divide(Decimal(a.nanoseconds), b))),
    (YearsDuration, Decimal): lambda a, b: years_duration(_whole(divide(Decimal(a.months), b))),
    (DaysDuration, DaysDuration): lambda a, b: divide(Decimal(a.nanoseconds), Decimal(b.nanoseconds)),
    (YearsDuration, YearsDuration): lambda a, b: divide(Decimal(a.months), Decimal(b.months)),
    (Money, Decimal): lambda a, b: Money(divide(a.amount, b), a.currency),
    (Money, Money): lambda a, b: divide(a.amount, b.amount) if _currency(a, b) else None,
    (Span, Decimal): lambda a, b: a.scaled(divide(Decimal(1), b)),
    (Span, Span): _ratio,
}
POWER: dict[tuple[type, type], Operation] = {(Decimal, Decimal): power}

ARITHMETIC: dict[str, dict[tuple[type, type], Operation]] = {
    "+": ADD,
    "-": SUBTRACT,
    "*": MULTIPLY,
    "/": DIVIDE,
    "**": POWER,
}

NEGATE: dict[type, Callable[[Any], Any]] = {
    Decimal: NUMBERS.minus,
    DaysDuration: lambda a: DaysDuration(-a.nanoseconds),
    YearsDuration: lambda a: YearsDuration(-a.months),
    Money: lambda a: Money(NUMBERS.minus(a.amount), a.currency),
    Span: lambda a: a.scaled(Decimal(-1)),
}

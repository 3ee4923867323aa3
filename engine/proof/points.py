"""Values of single fields at which a comparison may change: those that are named, and some between and beyond."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from charter.engine import feel
from charter.engine.feel.own import File, Money, Span
from charter.engine.feel.ranges import Range
from charter.engine.feel.temporal import Date, date_from_number

_FEW = 16  # whole numbers between two that are named: all are tried
_ROOM = 64  # between whole numbers that others may have to stand between
_SOME_DAY = 20_000
_CURRENCIES = ("EUR", "CNY", "USD", *(f"XX{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))


def scalars(value: Any) -> Iterator[Any]:
    """Yields the numbers, amounts, texts and dates in a value, at any depth."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from scalars(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from scalars(inner)
    elif isinstance(value, Range):
        yield from scalars([value.low, value.high])
    elif not isinstance(value, bool) and isinstance(value, Decimal | Money | str | Date):
        yield value


def numbers(named: Iterable[Any], count: int = 1, *, whole: bool = False, room: bool = False) -> list[Decimal]:
    """Gives the numbers that are named, in order, with `count` in each gap between them and on either side.

    `whole`: they are whole numbers; `room`: others must find room between them.
    """
    found = sorted({value for value in named if isinstance(value, Decimal)}) or [Decimal(1)]
    step = Decimal(_ROOM if whole and room else 1)
    out = [found[0] - step * n for n in range(count, 0, -1)]
    for low, high in pairwise(found):
        out += [low, *_between(low, high, count, whole, step)]
    out += [found[-1], *(found[-1] + step * n for n in range(1, count + 1))]
    return [n for n in out if n == n.to_integral_value()] or [Decimal(1)] if whole else out


def _between(low: Decimal, high: Decimal, count: int, whole: bool, step: Decimal) -> list[Decimal]:
    first = low.to_integral_value(rounding="ROUND_FLOOR") + 1
    if whole and high - low <= max(_FEW, 2 * count):
        return [first + n for n in range(int(high - low) + 1) if first + n < high]
    if low + step * count < high:
        return [low + step * n for n in range(1, count + 1)]
    parts = [low + (high - low) * n / (count + 1) for n in range(1, count + 1)]
    return [part.to_integral_value() for part in parts] if whole else parts


def amounts(named: Sequence[Any], usual: str, count: int, *, others: bool) -> list[Money]:
    """Gives amounts as `numbers` does, in each currency that is named, else in the usual one; and, with `others`, one
    in no such currency.
    """
    found = [value for value in named if isinstance(value, Money)]
    currencies = sorted({money.currency for money in found}) or [usual]
    other = next((currency for currency in _CURRENCIES if currency not in currencies), usual)
    return [
        Money(amount, currency)
        for currency in currencies
        for amount in numbers([money.amount for money in found if money.currency == currency], count)
    ] + ([Money(Decimal(1), other)] if others else [])


def dates(named: Sequence[Any], count: int, *, room: bool) -> list[Date]:
    """Gives dates as `numbers` does."""
    found = [Decimal(value.number) for value in named if isinstance(value, Date)] or [Decimal(_SOME_DAY)]
    return [date_from_number(int(n)) for n in numbers(found, count, whole=True, room=room)]


def periods(named: Sequence[Any], count: int, *, room: bool) -> list[Range]:
    """Gives the periods that begin and end on such dates."""
    days = dates(named, count, room=room)
    return [Range(start, end, True, True) for n, start in enumerate(days) for end in days[n:]]


def texts(named: Sequence[Any], other: str, count: int) -> list[str]:
    """Gives the texts that are named, and `count` others."""
    given = list(dict.fromkeys(value for value in named if isinstance(value, str) and value.strip()))
    others = (other if n == 0 else f"{other} {n + 1}" for n in range(len(given) + count))
    return [*given, *[text for text in others if text not in given][:count]]


PERSON, OTHER = "somebody", "other"
FILE = File("0" * 64, "file.pdf", 1, "application/pdf")


def _written(text: str) -> Callable[[], Any]:
    def value() -> Any:
        tree = feel.parse(text).tree
        return None if tree is None else feel.compile(tree).evaluate({})

    return value


# Of what is compared with nothing in a plain way: a value, and another.
ANY: Mapping[str, tuple[Callable[[], Any], ...]] = {
    "time": (_written('time("09:00:00")'), _written('time("10:00:00")')),
    "datetime": (
        _written('date and time("2026-03-02T09:00:00")'),
        _written('date and time("2026-03-02T10:00:00")'),
    ),
    "duration": (lambda: Span(days=1), lambda: Span(days=2)),
    "file": (lambda: FILE, lambda: File("1" * 64, "file.pdf", 1, "application/pdf")),
}

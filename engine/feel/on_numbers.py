"""Built-in functions on numbers (DMN 1.5 table 77). Rows only; the registry is `builtins`."""

from __future__ import annotations

from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
)
from typing import Any

from charter.engine.feel.builtins import builtin
from charter.engine.feel.frames import NoValue
from charter.engine.feel.limits import MAX_SCALE, MIN_SCALE
from charter.engine.feel.operators import NUMBERS
from charter.engine.feel.own import Money
from charter.engine.feel.temporal import DaysDuration, YearsDuration

_ONE = Decimal(1)
# Rounding to a scale may need more digits than a number keeps; the result is cut to 34 afterwards.
_WIDE = Context(prec=20_000, Emin=-20_000, Emax=20_000)


def rounded(number: Decimal, scale: Decimal, mode: str) -> Decimal:
    """Round to `scale` digits behind the point; a scale out of range has no value."""
    if not MIN_SCALE <= scale <= MAX_SCALE:
        raise NoValue(f"the scale must lie between {MIN_SCALE} and {MAX_SCALE}")
    places = int(scale)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent <= places:
        return number
    if number.adjusted() < -places - 1 and mode not in (ROUND_UP, ROUND_CEILING, ROUND_FLOOR):
        return Decimal(0)
    return NUMBERS.plus(number.quantize(_ONE.scaleb(-places, context=_WIDE), rounding=mode, context=_WIDE))


_MODES = {
    "decimal": ROUND_HALF_EVEN,
    "round up": ROUND_UP,
    "round down": ROUND_DOWN,
    "round half up": ROUND_HALF_UP,
    "round half down": ROUND_HALF_DOWN,
}


def _enter_rounding(name: str, mode: str) -> None:
    @builtin(f"{name}(n: number, scale: number) -> number")
    def round_to(n: Decimal, scale: Decimal) -> Decimal:
        return rounded(n, scale, mode)


for _name, _mode in _MODES.items():
    _enter_rounding(_name, _mode)


# Two forms, not one with an optional scale: a scale of null has no result (DMN table 76).
@builtin("floor(n: number) -> number", "floor(n: number, scale: number) -> number")
def floor(n: Decimal, scale: Decimal = Decimal(0)) -> Decimal:
    return rounded(n, scale, ROUND_FLOOR)


@builtin("ceiling(n: number) -> number", "ceiling(n: number, scale: number) -> number")
def ceiling(n: Decimal, scale: Decimal = Decimal(0)) -> Decimal:
    return rounded(n, scale, ROUND_CEILING)


@builtin("abs(n: quantity) -> quantity")
def absolute(n: Any) -> Any:
    if type(n) is DaysDuration:
        return DaysDuration(abs(n.nanoseconds))
    if type(n) is YearsDuration:
        return YearsDuration(abs(n.months))
    if type(n) is Money:
        return Money(NUMBERS.abs(n.amount), n.currency)
    if type(n) is Decimal:
        return NUMBERS.abs(n)
    raise NoValue("a span of working time has no sign")


@builtin("modulo(dividend: number, divisor: number) -> number")
def modulo(dividend: Decimal, divisor: Decimal) -> Decimal:
    # dividend - divisor * floor(dividend / divisor): the sign of the divisor
    if not divisor:
        raise NoValue("division by zero")
    if dividend.adjusted() - divisor.adjusted() > 6000:
        raise NoValue("the result is not a number")
    rest = _WIDE.remainder(dividend, divisor)
    if rest and (rest < 0) != (divisor < 0):
        rest = _WIDE.add(rest, divisor)
    return NUMBERS.plus(rest)


@builtin("sqrt(number: number) -> number")
def square_root(number: Decimal) -> Decimal:
    return NUMBERS.sqrt(number)


@builtin("log(number: number) -> number")
def logarithm(number: Decimal) -> Decimal:
    if number <= 0:
        raise NoValue("only a positive number has a logarithm")
    return NUMBERS.ln(number)


@builtin("exp(number: number) -> number")
def exponential(number: Decimal) -> Decimal:
    return NUMBERS.exp(number)


def _parity(number: Decimal) -> int | None:
    """Give the number modulo two, None where it is not whole."""
    if number != number.to_integral_value():
        return None
    exponent = number.as_tuple().exponent
    return 0 if isinstance(exponent, int) and exponent > 0 else int(number) % 2


@builtin("odd(number: number) -> boolean")
def odd(number: Decimal) -> bool:
    return _parity(number) == 1


@builtin("even(number: number) -> boolean")
def even(number: Decimal) -> bool:
    return _parity(number) == 0

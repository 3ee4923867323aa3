"""A range as a value, and a function as a value.

A range holds its two ends and whether they belong to it; a missing end (None) is unbounded, as `(< 10)` is.
What belongs to a range is `comparison.contains`. Functions know how many arguments they take and how to be
called; where they come from (lambda, built-in, business knowledge model, external) is not visible.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct


class Range(Struct, frozen=True):
    """An interval of comparable values (DMN 10.3.2.7).

    `test` is `=` or `!=` for the ranges `(= x)` and `(!= x)`, whose both ends are x; the standard's kit tells
    `(= x)` from `[x..x]`.
    """

    low: Any
    high: Any
    low_included: bool
    high_included: bool
    test: str = ""


class Function(Struct, frozen=True, eq=False):
    """A function value; `call` takes the positional arguments and the evaluation's Frame."""

    parameters: tuple[str, ...]
    call: Callable[[tuple[Any, ...], Any], Any]
    name: str = "function"
    types: tuple[Any, ...] = ()  # a Type (types.Type) each parameter, where declared
    result: Any = None  # the declared result Type, if any
    variadic: bool = False  # whether `call` itself sees to the number of arguments

    def ordered(self, named: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Put named arguments into parameter order; None where a name is unknown or missing."""
        if set(named) != set(self.parameters):
            return None
        return tuple(named[name] for name in self.parameters)

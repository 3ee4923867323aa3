"""How long things take, as a distribution to draw from: a law that fits what was seen, or what was seen itself.

A law is taken where the largest distance between its distribution function and that of what was seen is within what
chance explains at 5 % (Kolmogorov and Smirnov, with Lilliefors's bounds for parameters that are estimated from the same
values: Journal of the American Statistical Association 62, 1967, and 64, 1969; for large numbers 0.886 and 1.094 over
the square root of how many). Of two that fit, the nearer is taken. Where none fits, draws are between the quantiles
of what was seen. Lengths are working time in microseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist, fmean, stdev

from msgspec import Struct

FEWEST = 10  # values that say something of a distribution
MOST_KEPT = 1_000  # quantiles that are kept of many
_NORMAL = NormalDist()
_LEAST = 1.0  # microsecond; a logarithm wants more than nothing
_BOUNDS = {"exponential": 1.094, "lognormal": 0.886}


class Lengths(Struct, frozen=True):
    """A distribution. `kind`: `exponential` (`mean`), `lognormal` (`mean` and `spread` of the logarithm) or
    `quantiles` (`seen`, in order).

    `count`: how many were seen; `average` of them; `error`: the distance of the law from them, from 0 to 1.
    """

    kind: str
    count: int
    average: float
    mean: float = 0.0
    spread: float = 0.0
    error: float = 0.0
    seen: Sequence[float] = ()

    def at(self, share: float) -> float:
        """Gives the length that so large a share of all is below."""
        if self.kind == "exponential":
            return -self.mean * math.log(1 - share)
        if self.kind == "lognormal":
            return math.exp(self.mean + self.spread * _NORMAL.inv_cdf(share))
        place = share * (len(self.seen) - 1)
        low = int(place)
        high = min(low + 1, len(self.seen) - 1)
        return self.seen[low] + (self.seen[high] - self.seen[low]) * (place - low)


def fitted(values: Sequence[float]) -> Lengths:
    """Fits a distribution to values, of which there are some."""
    ordered = sorted(values)
    count, average = len(ordered), fmean(ordered)
    laws = [law for law in _laws(ordered, average) if law.error * math.sqrt(count) <= _BOUNDS[law.kind]]
    if count >= FEWEST and laws:
        return min(laws, key=lambda law: law.error)
    if count > MOST_KEPT:
        ordered = [ordered[round(n * (count - 1) / (MOST_KEPT - 1))] for n in range(MOST_KEPT)]
    return Lengths("quantiles", count, average, seen=tuple(ordered))


def _laws(ordered: Sequence[float], average: float) -> list[Lengths]:
    if average <= 0:
        return []
    logs = [math.log(max(value, _LEAST)) for value in ordered]
    mean, spread = fmean(logs), stdev(logs) if len(logs) > 1 else 0.0
    found = [
        Lengths(
            "exponential",
            len(ordered),
            average,
            average,
            error=_distance(ordered, lambda value: 1 - math.exp(-value / average)),
        )
    ]
    if spread > 0:
        normal = NormalDist(mean, spread)
        error = _distance(ordered, lambda value: normal.cdf(math.log(max(value, _LEAST))))
        found.append(Lengths("lognormal", len(ordered), average, mean, spread, error))
    return found


def _distance(ordered: Sequence[float], below: Callable[[float], float]) -> float:
    """Gives the largest distance between a distribution function and that of some values."""
    count = len(ordered)
    shares = [below(value) for value in ordered]
    return max(max((n + 1) / count - share, share - n / count) for n, share in enumerate(shares))

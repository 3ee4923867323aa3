"""What every benchmark prints: a line a figure, with its goal and PASS or SHORT where there is one.

A figure is the median of several rounds, with the lowest and the highest. Works that are compared take turns within
a round and ratios are taken round by round, so that a busy machine slows both sides. Nothing is asserted.
"""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any


def timed(work: Callable[[], Any], times: int = 1) -> float:
    """Gives the seconds that one run of `work` takes."""
    gc.collect()
    start = perf_counter()
    for _ in range(times):
        work()
    return (perf_counter() - start) / times


def race(works: Mapping[str, tuple[Callable[[], Any], int]], rounds: int = 7) -> dict[str, list[float]]:
    """Runs works in turn, each so many times a round; gives the seconds of one run, a list a work, in rounds.

    What runs first in a round also meets what the last one left behind, so every other round goes backwards.
    """
    found: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name in sorted(works, reverse=bool(number % 2)):
            work, times = works[name]
            found[name].append(timed(work, times))
    return found


def ratio(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Divides round by round."""
    return [a / b for a, b in zip(over, under, strict=True)]


def say(
    what: str, rounds: Sequence[float], unit: str = "x", *, most: float | None = None, least: float | None = None
) -> None:
    """Prints one figure; `most` or `least` is the goal that its median is held against."""
    middle = statistics.median(rounds)
    verdict = goal = ""
    if most is not None:
        verdict, goal = ("PASS" if middle <= most else "SHORT"), f"   goal: at most {most:g} {unit}"
    if least is not None:
        verdict, goal = ("PASS" if middle >= least else "SHORT"), f"   goal: at least {least:g} {unit}"
    spread = f"   ({min(rounds):.2f} to {max(rounds):.2f} in {len(rounds)} rounds)" if len(rounds) > 1 else ""
    print(f"{verdict:6}{what:44} {middle:10,.2f} {unit}{spread}{goal}", flush=True)

"""What a KPI asks of the row of its figures: that they improve over some periods, and stay within control limits.

Judged when a period is over, from its figure and those of the periods before it. What cannot be told yet, because
periods are missing or not known, is no verdict. Knows neither cases nor storage; the limits are those of `periods.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from charter.engine import feel, periods, values
from charter.engine.compact import compact_sorted
from charter.engine.definition import Kpi
from charter.engine.feel import tree as t
from charter.engine.feel.own import Money
from charter.engine.feel.temporal import DaysDuration, YearsDuration
from charter.engine.kpis import Figure

# The figures of a period that is over: encoded values by group (`key_of`).
Past = Mapping[str, Any]
_BETTER = {">=": 1, ">": 1, "<=": -1, "<": -1}


def key_of(group: Any) -> str:
    """Gives a group of a KPI as a key."""
    return compact_sorted(group)


def asks(kpi: Kpi) -> bool:
    """Says whether a KPI asks for more than the figure of one period can show."""
    return kpi.improves is not None or kpi.controlled


def reach(kpi: Kpi) -> int | None:
    """Gives over how many periods before its own a figure is judged; None for all of them."""
    return None if kpi.controlled else max((kpi.improves or 1) - 1, 0)


def better(target: str | None) -> int | None:
    """Says which way a figure gets better by its target: 1 upwards, -1 downwards; None where a target does not say."""
    tree = None if target is None else feel.parse(target, kind="unary").tree
    if not isinstance(tree, t.Tests) or tree.negated or len(tree.tests) != 1:
        return None
    (test,) = tree.tests
    return _BETTER.get(test.op) if isinstance(test, t.Comparison) else None


def amount(value: Any) -> Decimal | None:
    """Gives an encoded figure as a number, a length of time in seconds; None for what is neither."""
    found = None if value is None else values.decode(value)
    if isinstance(found, DaysDuration):
        return Decimal(found.nanoseconds) / 1_000_000_000
    if isinstance(found, YearsDuration):
        return Decimal(found.months)
    if isinstance(found, Money):
        return found.amount
    return found if isinstance(found, Decimal) else None


def judged(kpi: Kpi, figures: Sequence[Figure], past: Sequence[Past]) -> Sequence[Figure]:
    """Gives the figures of a period with their verdicts; `past`: those of the periods before it, the latest last."""
    if not asks(kpi):
        return figures
    return [_judged(kpi, each, [amount(row.get(key_of(each.group))) for row in past]) for each in figures]


def _judged(kpi: Kpi, figure: Figure, past: Sequence[Decimal | None]) -> Figure:
    now = amount(figure.value)
    if now is None:
        return figure
    kept = {"improves": improves(kpi, [*past, now]), "controlled": controlled(kpi, [*past, now])}
    unmet = tuple(name for name, each in kept.items() if each is False)
    if unmet or figure.status == "missed":
        return replace(figure, status="missed", unmet=(*(("target",) if figure.status == "missed" else ()), *unmet))
    told = figure.status == "unknown" and kpi.target is None and True in kept.values()
    return replace(figure, status="met") if told else figure


def improves(kpi: Kpi, row: Sequence[Decimal | None]) -> bool | None:
    """Says whether the last figures get better: the last is better than the first, and none worse than the one before.

    None where a KPI does not ask for it, which way is better is not said, or one of the periods has no figure.
    """
    way, last = better(kpi.target), row[-(kpi.improves or 0) :]
    known = [each for each in last if each is not None]
    if kpi.improves is None or way is None or len(known) < kpi.improves or kpi.improves < 2:
        return None
    steps = [(after - before) * way for before, after in itertools.pairwise(known)]
    return all(step >= 0 for step in steps) and any(step > 0 for step in steps)


def controlled(kpi: Kpi, row: Sequence[Decimal | None]) -> bool | None:
    """Says whether the last figure shows nothing that chance seldom gives, unless it is for the better.

    None where a KPI does not ask for it, or there is no earlier figure to hold it against.
    """
    known = [each for each in row if each is not None]
    limits = periods.limits(known)
    if not kpi.controlled or limits is None:
        return None
    signal = periods.signals(known)[-1]
    away = known[-1] - (known[-2] if signal == "trend" else limits.mean)
    return signal is None or away * (better(kpi.target) or 0) > 0

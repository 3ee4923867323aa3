"""What many entries come to: those that answer a question, counted by what an expression gives for each of them.

With a second expression, which gives a number or a duration (in seconds), also its mean, half and nine of ten. Entries
for which that gives neither are counted and left out of the figures. Knows no terminal.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from math import ceil
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from charter.engine import feel
from charter.engine.feel.temporal import DaysDuration
from charter.engine.values import NotAValue, canonical, encode
from charter.runtime.audit.log import Sealed, record_of
from charter.runtime.audit.query import FIELDS, MOST_STEPS, STEPS_EACH, Query, TooCostly, run, scope

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Group(Struct, frozen=True):
    """Entries that are alike in `value` (encoded), how many, and the figures over those that gave one."""

    value: Any
    count: int
    mean: float | None = None
    half: float | None = None
    nine_of_ten: float | None = None


def build(text: str) -> tuple[feel.tree.Node | None, tuple[feel.Problem, ...]]:
    """Reads an expression over an entry's fields; on any problem (offsets in `text`) gives none."""
    parsed = feel.parse(text)
    if parsed.tree is None or parsed.problems:
        return None, parsed.problems
    _, problems = feel.infer(parsed.tree, {name: row[0] for name, row in FIELDS.items()})
    return (None, problems) if problems else (parsed.tree, ())


def grouped(
    connection: Connection,
    query: Query | None,
    by: feel.tree.Node,
    of: feel.tree.Node | None,
    seen: Callable[[Sealed], Sealed],
) -> list[Group]:
    """Gives the groups, the largest first; raises TooCostly as `run` does."""
    env = feel.Env(budget=feel.Budget(MOST_STEPS))
    key, figure = (None if node is None else feel.compile(feel.steadied(node, env)) for node in (by, of))
    assert key is not None
    names = FIELDS.keys() & (key.names | (frozenset() if figure is None else figure.names))
    found: dict[bytes, tuple[int, list[float]]] = {}
    for sealed in run(connection, query, seen=seen):
        fields = scope(sealed, record_of(sealed.entry.told) if "record" in names else None, names)
        said = canonical(_encoded(key.evaluate(fields, env)))
        count, figures = found.get(said, (0, []))
        if figure is not None and (number := _number(figure.evaluate(fields, env))) is not None:
            figures.append(number)
        found[said] = count + 1, figures
        if env.budget is not None:
            if env.budget.left < 0:
                raise TooCostly
            env.budget.left += STEPS_EACH
    groups = [_group(json.loads(said), count, sorted(figures)) for said, (count, figures) in found.items()]
    return sorted(groups, key=lambda group: (-group.count, str(group.value)))


def _group(value: Any, count: int, figures: list[float]) -> Group:
    if not figures:
        return Group(value, count)
    return Group(value, count, fmean(figures), median(figures), figures[ceil(len(figures) * 0.9) - 1])


def _encoded(value: Any) -> Any:
    try:
        return encode(value)
    except NotAValue:
        return None


def _number(value: Any) -> float | None:
    if isinstance(value, DaysDuration):
        return value.nanoseconds / 1_000_000_000
    return float(value) if isinstance(value, Decimal) else None


__all__ = ["Group", "build", "grouped"]

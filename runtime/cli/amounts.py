"""How figures are shown: to a sensible number of digits, as a share, in a unit or in words."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from charter.runtime.cli.context import Context

if TYPE_CHECKING:
    from charter.engine.definition import Kpi
    from charter.engine.feel.temporal import DaysDuration, YearsDuration


def unit_of(kpi: Kpi, target: str | None = None) -> str | None:
    """Gives the unit in which a KPI is shown: its own, or a share where its target is one."""
    target = target or kpi.target
    return kpi.unit or ("percent" if target and target.endswith("%") else None)


def value_text(value: Any, unit: str | None, context: Context) -> str:
    """Shows a figure to a sensible number of digits, as a share where that is its unit; unknown says so.

    A length of time is shown in the KPI's unit, in words where it has none that lengths of time have.
    """
    from charter.engine.feel.temporal import DaysDuration, YearsDuration
    from charter.engine.values import decode
    from charter.runtime.author.shown import shown

    if value is None:
        return context.say("kpi.unknown")
    number = decode(value)
    if isinstance(number, DaysDuration | YearsDuration):
        amount = None if unit is None else in_unit(number, unit)
        if amount is None:
            return _length(number, context)
        number = amount
    if not isinstance(number, Decimal):
        return shown(value)
    percent = unit == "percent"
    text = f"{number * 100 if percent else number:.2f}".rstrip("0").rstrip(".")
    return f"{text}%" if percent else text + (f" {unit}" if unit else "")


def in_unit(length: DaysDuration | YearsDuration, unit: str) -> Decimal | None:
    """Gives how many of a unit (`hours`, `天`) a length of time has, None for what is no unit of it."""
    from charter.engine.feel.own import UNITS
    from charter.engine.feel.temporal import YearsDuration

    field, factor = UNITS.get(unit, ("", 1))
    if isinstance(length, YearsDuration):
        return Decimal(length.months) / factor if field == "months" else None
    size = {"seconds": 1, "days": 86_400}.get(field)
    return None if size is None else Decimal(length.nanoseconds) / (size * factor * 1_000_000_000)


def _length(length: DaysDuration | YearsDuration, context: Context) -> str:
    """Says a length of time in its two largest units."""
    from charter.engine.feel.temporal import YearsDuration

    if isinstance(length, YearsDuration):
        left, sizes = abs(length.months), [(12, "years"), (1, "months")]
    else:
        left = abs(length.nanoseconds) // 1_000_000_000
        sizes = [(86_400, "days"), (3_600, "hours"), (60, "minutes"), (1, "seconds")]
    said = []
    for size, unit in sizes:
        count, left = divmod(left, size)
        if count:
            said.append(context.say(f"time.{unit}", count=count))
    negative = (length.months if isinstance(length, YearsDuration) else length.nanoseconds) < 0
    text = " ".join(said[:2]) or context.say(f"time.{sizes[-1][1]}", count=0)
    return f"-{text}" if negative else text

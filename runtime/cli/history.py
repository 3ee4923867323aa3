"""The figures of a KPI's closed periods, as a table with a line of blocks, as CSV, as JSON or as a chart."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from charter.engine import periods
from charter.engine.compact import compact_sorted
from charter.engine.definition import Definition, Kpi
from charter.engine.feel.own import Money
from charter.engine.feel.temporal import DaysDuration, YearsDuration
from charter.engine.trends import amount, asks
from charter.engine.values import decode
from charter.runtime import clock
from charter.runtime.cli.amounts import unit_of, value_text
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Missing, Misuse
from charter.runtime.cli.output import Cell

_BLOCKS = "▁▂▃▄▅▆▇█"
_STYLES = {"met": "good", "warn": "warn", "missed": "bad", "unknown": "faint"}
_HEADS = ("period", "group", "value", "status", "cases", "missing", "revisions", "signal")


def run_history(
    context: Context,
    definitions: Sequence[Definition],
    name: str | None,
    as_csv: bool,
    chart: str | None,
    as_json: bool,
) -> int:
    """Tells the figures of the periods that are over, of one KPI or of all that have periods; `chart`: of one alone."""
    from charter.runtime.host.figures import in_force

    known = tuple(kpi.name for definition in definitions for kpi in definition.kpis)
    if name is not None and name not in known:
        raise Missing(f"no KPI {name}", code="CH100", name=name, known=known)
    found = []
    with context.reading.read() as connection:
        for definition in definitions:
            for kpi in definition.kpis:
                if name == kpi.name or (name is None and kpi.every is not None):
                    if not context.reading.figure(definition.name, kpi):
                        context.note(context.say("kpi.withheld", name=kpi.name))
                        continue
                    rows = rows_of(definition, in_force(connection, definition.name, kpi.name))
                    found.append((definition, kpi, rows))
    if chart is not None:
        if len(found) != 1 or len({compact_sorted(row["group"]) for row in found[0][2]}) > 1:
            raise Misuse("one_chart")
        _, kpi, rows = found[0]
        Path(chart).write_text(_chart(context, kpi, rows), encoding="utf-8")
    if as_csv:
        texts = [written(definition.name, kpi, rows) for definition, kpi, rows in found]
        context.output.stream.write("".join([*texts[:1], *(text.partition("\n")[2] for text in texts[1:])]))
    elif as_json:
        context.output.json([to_json(definition, kpi, rows) for definition, kpi, rows in found])
    else:
        for _, kpi, rows in found:
            tell(context, kpi, unit_of(kpi), rows)
        if not found:
            context.output.sentence(context.say("kpi.no_rhythm"))
    return 0


def _chart(context: Context, kpi: Kpi, rows: Sequence[Mapping[str, Any]]) -> str:
    from charter.runtime.drawing.history import Point, drawn

    unit = unit_of(kpi)
    points = [
        Point(
            row["period"],
            amount(row["value"]),
            value_text(row["value"], unit, context),
            row["status"] == "missed",
            row["signal"] is not None,
        )
        for row in rows
    ]
    limits = periods.limits([point.value for point in points if point.value is not None])
    high, mean, low = (
        "" if limits is None else _limit(getattr(limits, key), rows, unit, context) for key in ("high", "mean", "low")
    )
    return drawn(kpi.title, points, limits, (high, mean, low))


def to_json(definition: Definition, kpi: Kpi, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Gives a history as JSON data."""
    names = ("period", "group", "value", "status", "unmet", "revisions", "signal", "digest", "version", "limits")
    return {
        "process": definition.name,
        "name": kpi.name,
        "title": kpi.title,
        "unit": kpi.unit,
        "by": kpi.by,
        "target": kpi.target,
        "improves_over": kpi.improves,
        "in_control": kpi.controlled,
        "periods": [
            {
                **{name: row[name] for name in names},
                "since": clock.text(row["since"]),
                "until": clock.text(row["until"]),
                "case_count": row["cases"],
                "missing_count": row["missing"],
            }
            for row in rows
        ],
    }


def rows_of(definition: Definition, closed: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Lists the figures of closed periods, group after group, each with what its row of figures shows."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for period in closed:
        name = periods.named(definition.calendar.zone, periods.Period(period["since"], period["until"]))
        for figure in period["figures"]:
            row = {
                "period": name,
                "unmet": [],
                **figure,
                **{key: period[key] for key in ("revisions", "digest", "version", "since", "until")},
            }
            groups.setdefault(compact_sorted(figure["group"]), []).append(row)
    for rows in groups.values():
        known = [row for row in rows if amount(row["value"]) is not None]
        values = [found for row in known if (found := amount(row["value"])) is not None]
        limits = periods.limits(values)
        for row in rows:
            row["limits"] = limits and {key: float(round(getattr(limits, key), 9)) for key in ("mean", "low", "high")}
            row["signal"] = None
        for row, signal in zip(known, periods.signals(values), strict=True):
            row["signal"] = signal
    return [row for _, rows in sorted(groups.items()) for row in rows]


def sparkline(values: Sequence[Decimal | None]) -> str:
    """Draws figures as blocks between the least and the largest; a dot for one that is not known."""
    known = [value for value in values if value is not None]
    if not known:
        return "·" * len(values)
    low, reach = min(known), max(known) - min(known)
    steps = len(_BLOCKS) - 1
    return "".join(
        "·" if v is None else _BLOCKS[steps // 2 if not reach else int((v - low) / reach * steps)] for v in values
    )


def tell(context: Context, kpi: Kpi, unit: str | None, rows: Sequence[Mapping[str, Any]]) -> None:
    """Prints a KPI's history as a table, and a line of blocks for each group."""
    from charter.runtime.author.shown import shown

    say, output = context.say, context.output
    title = "" if kpi.title == kpi.name else f"  {kpi.title}"
    output.line(f"{kpi.name}{title}", "strong")
    if not rows:
        output.sentence("  " + say("kpi.no_periods"), "faint")
        return
    table = [
        (
            row["period"],
            _group(context, kpi, row["group"], shown),
            value_text(row["value"], unit, context),
            Cell(say(f"kpi.{row['status']}"), _STYLES[row["status"]]) if kpi.target or asks(kpi) else "",
            str(row["cases"]),
            str(row["missing"] or ""),
            str(row["revisions"] or ""),
            "; ".join([*([say(f"kpi.{row['signal']}")] if row["signal"] else []), *_unmet(context, kpi, row)]),
        )
        for row in rows
    ]
    output.table([say(f"kpi.{head}") for head in _HEADS], table, indent=2)
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(_group(context, kpi, row["group"], shown), []).append(row)
    for name, of in groups.items():
        output.line(f"  {sparkline([amount(row['value']) for row in of])}  {name}")
        limits = of[0]["limits"]
        if limits is not None:
            texts = {key: _limit(Decimal(str(limits[key])), of, unit, context) for key in ("mean", "low", "high")}
            output.sentence("  " + say("kpi.limits", **texts), "faint")


def _unmet(context: Context, kpi: Kpi, row: Mapping[str, Any]) -> Iterator[str]:
    """Says in what a verdict comes from the figures before it."""
    for name in row["unmet"]:
        if name != "target":
            yield context.say(f"kpi.not_{name}", count=kpi.improves or 0)


def _limit(value: Decimal, rows: Sequence[Mapping[str, Any]], unit: str | None, context: Context) -> str:
    """Shows a limit as the figures themselves are shown."""
    from charter.engine.values import encode

    like = next(decode(row["value"]) for row in rows if amount(row["value"]) is not None)
    made: Any = value
    if isinstance(like, DaysDuration):
        made = DaysDuration(int(value * 1_000_000_000))
    elif isinstance(like, Money):
        made = Money(round(value, 2), like.currency)
    return value_text(encode(made), unit, context) if not isinstance(like, YearsDuration) else f"{value:.1f}"


def _group(context: Context, kpi: Kpi, group: Any, shown: Any) -> str:
    if group is not None:
        return str(shown(group))
    return context.say("kpi.all") if kpi.by is None else context.say("kpi.without", by=kpi.by)


def written(process: str, kpi: Kpi, rows: Sequence[Mapping[str, Any]]) -> str:
    """Writes a history as CSV, the names of the columns as in JSON; values as Charter keeps them."""
    text = io.StringIO()
    names = (*_HEADS, "digest", "version", "unmet")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("process", "kpi", *names))
    for row in rows:
        cells = [row[name] if name in ("period", "status", "digest") else _cell(row[name]) for name in names[:-1]]
        writer.writerow((process, kpi.name, *cells, " ".join(row["unmet"])))
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    found = decode(value)
    return (
        str(value)
        if isinstance(value, str | int)
        else str(found if isinstance(found, Decimal) else compact_sorted(value))
    )

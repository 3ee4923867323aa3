"""`charter kpi PROCESS [NAME]`: the figures of a process, against their targets, with the facts behind each."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Missing, misbound
from charter.runtime.cli.output import Cell
from charter.runtime.cli.verb import JSON, Binding, Verb, argument, option, switch

if TYPE_CHECKING:
    from charter.engine.feel.temporal import DaysDuration, YearsDuration
    from charter.engine.kpis import Figure
    from charter.runtime.desk.kpi import Measured

STYLES = {"met": "good", "warn": "warn", "missed": "bad", "unknown": "faint"}


def run_kpi(
    context: Context,
    process: str | None,
    name: str | None,
    bindings: Sequence[tuple[str, str]],
    facts: bool,
    as_json: bool,
) -> int:
    """Measures now, over the cases there are; without a process all that are deployed."""
    from charter.runtime.author.bindings import bind_parameters
    from charter.runtime.desk import kpi

    every = process is None
    definitions = context.cases.processes() if every else [context.cases.definition(process or "")]
    consulted(context, "kpi", process=process, text=name)
    data, measured_any = [], False
    for definition in definitions:
        if bindings:
            bound, wrong = bind_parameters((definition,), tuple(bindings))
            if wrong:
                raise misbound(wrong, context.say)
            definition = bound[0]
        known = tuple(k.name for k in definition.kpis)
        if name is not None and name not in known:
            raise Missing(f"no KPI {name}", code="CH100", name=name, known=known)
        with context.store.read() as connection:
            measured = kpi.measure(connection, definition, context.now, name, facts=facts)
            cases = kpi.numbers(connection, definition.name) if facts else {}
            read = [fact for m in measured for figure in m.figures for fact in figure.facts]
            wanted = {(case, path) for case, path, _ in read} if facts else set()
            sources = {(case, path): kpi.record_of(connection, case, path) for case, path in wanted if case in cases}
        if as_json:
            data += [{"process": definition.name, **kpi.to_json(m, sources if facts else None)} for m in measured]
        elif measured:
            if every:
                context.output.line(("\n" if measured_any else "") + definition.title, "strong")
            _table(context, measured)
            if facts:
                for m in measured:
                    for figure in m.figures:
                        _facts(context, m, figure, cases, sources)
        measured_any = measured_any or bool(measured)
    if as_json:
        context.output.json(data)
    elif not measured_any:
        context.output.sentence(context.say("kpi.none"))
    return 0


def _unit(m: Measured) -> str | None:
    """Gives the unit in which a KPI is shown: its own, or a share where its target is one."""
    return m.kpi.unit or ("percent" if m.target and m.target.endswith("%") else None)


def _table(context: Context, measured: Sequence[Measured]) -> None:
    say, output = context.say, context.output
    rows = []
    for m in measured:
        for figure in m.figures:
            status = Cell(say(f"kpi.{figure.status}"), STYLES[figure.status]) if m.kpi.target else ""
            without = {case for case, _ in figure.missing}
            lacking = say("kpi.lacking", count=len(without)) if without else ""
            title = "" if m.kpi.title == m.kpi.name else m.kpi.title
            rows.append(
                (
                    m.kpi.name,
                    title,
                    _group(context, m, figure),
                    value_text(figure.value, _unit(m), context),
                    m.target or "",
                    status,
                    lacking,
                )
            )
    heads = ("name", "title", "group", "value", "target", "status", "missing")
    output.table([say(f"kpi.{head}") for head in heads], rows, styles=("name",))


def _group(context: Context, m: Measured, figure: Figure) -> str:
    from charter.runtime.author.forms import shown

    if figure.group is not None:
        return shown(figure.group)
    return context.say("kpi.all") if m.kpi.by is None else context.say("kpi.without", by=m.kpi.by)


def value_text(value: Any, unit: str | None, context: Context) -> str:
    """Shows a figure to a sensible number of digits, as a share where that is its unit; unknown says so.

    A length of time is shown in the KPI's unit, in words where it has none that lengths of time have.
    """
    from charter.engine.feel.temporal import DaysDuration, YearsDuration
    from charter.engine.values import decode
    from charter.runtime.author.forms import shown

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


def _facts(
    context: Context, m: Measured, figure: Figure, numbers: dict[str, int], sources: dict[tuple[str, str], str | None]
) -> None:
    from charter.runtime.author.forms import shown

    say, output = context.say, context.output
    output.line()
    value = value_text(figure.value, _unit(m), context)
    output.line(f"{m.kpi.name}  {_group(context, m, figure)}  {value}  = {m.kpi.formula}", "name")
    rows = [
        (f"#{numbers.get(case, '?')}", path, shown(fact), sources.get((case, path)) or "")
        for case, path, fact in figure.facts
    ]
    if rows:
        output.table([say(f"kpi.{head}") for head in ("case", "fact", "value", "entry")], rows, indent=2)
    else:
        output.sentence("  " + say("kpi.no_facts"), "faint")
    if figure.missing:
        lacking = say("happened.comma").join(f"#{numbers.get(case, '?')} {path}" for case, path in figure.missing)
        output.line("  " + say.of(say("kpi.missing"), lacking), "faint")


VERBS = {
    "kpi": Verb(
        "kpi",
        run_kpi,
        [
            argument("process", "PROCESS", required=False),
            argument("name", "NAME", required=False),
            option("--set", "NAME=VALUE", many=True, name="bindings", type=Binding()),
            switch("--facts"),
            switch(JSON, name="as_json"),
        ],
    )
}

"""`charter kpi PROCESS [NAME]`: the figures of a process, against their targets, with the facts behind each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from charter.runtime.cli.amounts import unit_of, value_text
from charter.runtime.cli.consulted import consulted, reads_sums
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Missing, misbound
from charter.runtime.cli.failures import withheld
from charter.runtime.cli.output import Cell
from charter.runtime.cli.verb import JSON, Binding, Verb, argument, option, switch

if TYPE_CHECKING:
    from charter.engine.kpis import Figure
    from charter.runtime.desk.kpi import Measured

STYLES = {"met": "good", "warn": "warn", "missed": "bad", "unknown": "faint"}


def run_kpi(
    context: Context,
    process: str | None,
    name: str | None,
    bindings: Sequence[tuple[str, str]],
    facts: bool,
    history: bool,
    as_csv: bool,
    chart: str | None,
    as_json: bool,
) -> int:
    """Measures now, over the cases there are; without a process all that are deployed."""
    from charter.runtime.author.bindings import bind_parameters
    from charter.runtime.desk import kpi

    every = process is None
    definitions = context.reading.processes() if every else [context.reading.definition(process or "")]
    if every:
        shown = [each for each in definitions if context.reading.sums(each.name)]
        if len(shown) < len(definitions):
            context.note(context.say("kpi.unread"))
        definitions = shown
    else:
        reads_sums(context, definitions[0].name)
    consulted(context, "kpi", process=process, text=name)
    if history or as_csv or chart is not None:
        from charter.runtime.cli.history import run_history

        return run_history(context, definitions, name, as_csv, chart, as_json)
    data, measured_any = [], False
    for definition in definitions:
        if bindings:
            bound, wrong = bind_parameters((definition,), tuple(bindings))
            if wrong:
                raise misbound(wrong, context.say)
            definition = bound[0]
        known = tuple(k.name for k in definition.kpis)
        hidden = {k.name for k in definition.kpis if not context.reading.figure(definition.name, k)}
        if name is not None and name not in known:
            raise Missing(f"no KPI {name}", code="CH100", name=name, known=known)
        with context.reading.read() as connection:
            measured = kpi.measure(connection, definition, context.now, name, facts=facts, hidden=hidden)
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


def _table(context: Context, measured: Sequence[Measured]) -> None:
    say, output = context.say, context.output
    rows: list[tuple[Any, ...]] = []
    for m in measured:
        if m.withheld:
            title = "" if m.kpi.title == m.kpi.name else m.kpi.title
            rows.append((m.kpi.name, title, "", withheld(say.lang), _wanted(context, m), "", ""))
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
                    value_text(figure.value, unit_of(m.kpi, m.target), context),
                    _wanted(context, m),
                    status,
                    lacking,
                )
            )
    heads = ("name", "title", "group", "value", "target", "status", "missing")
    output.table([say(f"kpi.{head}") for head in heads], rows, styles=("name",))


def _wanted(context: Context, m: Measured) -> str:
    """Says what is asked of a KPI: its target, and what its closed periods are to show."""
    trends = {"improves": m.kpi.improves is not None, "controlled": m.kpi.controlled}
    found = [context.say(f"kpi.{name}", count=m.kpi.improves or 0) for name, asked in trends.items() if asked]
    return ", ".join([*([m.target] if m.target else []), *found])


def _group(context: Context, m: Measured, figure: Figure) -> str:
    from charter.runtime.author.shown import shown

    if figure.group is not None:
        return shown(figure.group)
    return context.say("kpi.all") if m.kpi.by is None else context.say("kpi.without", by=m.kpi.by)


def _facts(
    context: Context, m: Measured, figure: Figure, numbers: dict[str, int], sources: dict[tuple[str, str], str | None]
) -> None:
    from charter.runtime.author.shown import shown

    say, output = context.say, context.output
    output.line()
    value = value_text(figure.value, unit_of(m.kpi, m.target), context)
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
            switch("--history"),
            switch("--csv", name="as_csv"),
            option("--chart", "FILE"),
            switch(JSON, name="as_json"),
        ],
    )
}

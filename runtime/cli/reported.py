"""How a report is told: its sections as tables, the same for the terminal and for a page of HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from charter.engine.reading import WITHHELD, is_withheld
from charter.runtime import clock
from charter.runtime.cli.amounts import unit_of, value_text
from charter.runtime.cli.context import Context
from charter.runtime.cli.failures import withheld
from charter.runtime.cli.output import Cell

if TYPE_CHECKING:
    from charter.engine.definition import Definition
    from charter.engine.reports import Report

Figure = Mapping[str, Any]
_STYLES = {"met": "good", "warn": "warn", "missed": "bad", "unknown": "faint"}
# kinds of figures that share a table -> its headings under [report]
_MEASURED = frozenset({"kpi", "figure", "sla"})
_AMOUNTS = ("baseline", "planned", "committed", "actual", "forecast", "left")
_NAMED = 2  # entries that a line names; of more it says how many there are


class Table(Struct, frozen=True):
    """A table of a section; rows may hold cells with a style."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


class Chapter(Struct, frozen=True):
    title: str
    tables: tuple[Table, ...]


def readable(
    context: Context, definition: Definition, report: Report, case: str | None, figures: Sequence[Figure]
) -> list[Figure]:
    """Gives the figures as whoever asks may read them: what comes from withheld contents has no value."""
    from charter.engine.definition import Kpi

    reading, name = context.reading, definition.name
    if reading.sight(case).whole if case is not None else reading.contents(name):
        return list(figures)
    own = {s.name: s for section in report.sections for s in section.shown if s.kind == "figure"}
    known = {kpi.name: kpi for kpi in definition.kpis}

    def hidden(figure: Figure) -> bool:
        if figure["kind"] in ("ledger", "record"):
            return True
        if figure["kind"] == "figure":
            return not reading.figure(name, Kpi(figure["name"], "", own[figure["name"]].expr or "null"))
        return figure["kind"] == "kpi" and not reading.figure(name, known[figure["name"]])

    return [{**f, "value": WITHHELD, "of": f["of"] and WITHHELD} if hidden(f) else f for f in figures]


def chapters(context: Context, definition: Definition, report: Report, figures: Sequence[Figure]) -> Iterator[Chapter]:
    """Yields the sections of a report as tables, in its order."""
    for number, section in enumerate(report.sections):
        tables: list[Table] = []
        run: list[Figure] = []
        for figure in (f for f in figures if f["section"] == number):
            if run and _group(run[-1]) != _group(figure):
                tables.append(_table(context, definition, run))
                run = []
            run.append(figure)
        if run:
            tables.append(_table(context, definition, run))
        yield Chapter(section.title, tuple(tables))


def _group(figure: Figure) -> tuple[str, str]:
    """Tells which figures stand in one table."""
    kind = figure["kind"]
    return ("measured", "") if kind in _MEASURED else (kind, figure["name"])


def _table(context: Context, definition: Definition, run: Sequence[Figure]) -> Table:
    kind, _ = _group(run[0])
    heads, row = _WRITERS[kind]
    return Table(
        tuple(context.say(f"report.h_{head}") for head in (*heads, "entries")),
        tuple((*row(context, definition, figure), entries_text(context, figure)) for figure in run),
    )


def entries_text(context: Context, figure: Figure) -> str:
    """Names the entries that a figure comes from, or says how many there are."""
    count = figure["entry_count"]
    if count > _NAMED:
        return context.say("report.entries", count=count)
    return " ".join(figure["entries"])


def shown_value(context: Context, definition: Definition, figure: Figure) -> str:
    """Shows the value of a figure in a line."""
    from charter.runtime.author.shown import shown

    value = figure["value"]
    if value is not None and is_withheld(value):
        return withheld(context.say.lang)
    if figure["kind"] in ("kpi", "figure", "sla"):
        kpi = next((k for k in definition.kpis if figure["kind"] == "kpi" and k.name == figure["name"]), None)
        return value_text(value, None if kpi is None else unit_of(kpi), context)
    return shown(value, withheld(context.say.lang))


def title_of(figure: Figure) -> str:
    return str(figure["title"] or figure["name"])


def of_text(context: Context, figure: Figure) -> str:
    """Says what a figure is of: a group, a line, a case, or how a clock ended."""
    from charter.runtime.author.shown import shown

    of = figure["of"]
    if figure["kind"] == "sla":
        return context.say(f"report.sla_{of}")
    if figure["kind"] == "ledger":
        return context.say("report.whole") if of is None else f"#{of}" if isinstance(of, int) else str(of)
    if figure["kind"] == "record":
        return "" if of is None or is_withheld(of) else " ".join([f"#{of[0]}", *map(str, of[1:])])
    if figure["kind"] == "open_work":
        return f"#{of[0]} {of[1]}"
    return "" if of is None else shown(of, withheld(context.say.lang))


def _measured(context: Context, definition: Definition, figure: Figure) -> tuple[Any, ...]:
    status = figure["status"]
    mark = "" if status is None else Cell(context.say(f"kpi.{status}"), _STYLES[status])
    lacking = context.say("kpi.lacking", count=figure["missing_count"]) if figure["missing_count"] else ""
    value = shown_value(context, definition, figure)
    return (title_of(figure), of_text(context, figure), value, mark, str(figure["case_count"]), lacking)


def _ledger(context: Context, definition: Definition, figure: Figure) -> tuple[Any, ...]:
    from charter.runtime.author.shown import shown

    value = figure["value"]
    if is_withheld(value):
        return (title_of(figure), "", withheld(context.say.lang), *[""] * (len(_AMOUNTS) - 1))
    return (title_of(figure), of_text(context, figure), *(shown(value[name]) for name in _AMOUNTS))


def _record(context: Context, definition: Definition, figure: Figure) -> tuple[Any, ...]:
    return (title_of(figure), of_text(context, figure), shown_value(context, definition, figure))


def _open_work(context: Context, definition: Definition, figure: Figure) -> tuple[Any, ...]:
    value, say = figure["value"], context.say
    roles = {role.name: role.title for role in definition.roles}
    who = value["holder"] or say("happened.comma").join(roles.get(role, role) for role in value["roles"])
    due = "" if value["due"] is None else context.output.deadline(clock.read(value["due"]))
    return (of_text(context, figure), value["title"], who, Cell(due, "bad" if value["late"] else None))


_Writer = Callable[[Context, "Definition", Figure], tuple[Any, ...]]
_WRITERS: Mapping[str, tuple[tuple[str, ...], _Writer]] = {
    "measured": (("figure", "of", "value", "status", "cases", "missing"), _measured),
    "ledger": (("ledger", "of", *_AMOUNTS), _ledger),
    "record": (("record", "of", "value"), _record),
    "open_work": (("of", "work", "who", "due"), _open_work),
}

"""`charter gantt [CASE|PROCESS]`: work in time, planned beside actual; as text, JSON or an SVG picture.

One drawing for all: a row is an element of a case, or, of a process, a case.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from charter.dsl.text.width import display_width
from charter.runtime import clock
from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE
from charter.runtime.cli.output import neutral, pad
from charter.runtime.cli.verb import JSON, Verb, argument, option, switch
from charter.runtime.desk.timeline import Bar, span_of

_NAMES, _LEAST, _WIDEST = 32, 20, 72
_PLAN, _DONE, _AHEAD, _DUE, _NOW = "─", "█", "▒", "◆", "│"
_CRITICAL = "▸ "


def run_gantt(context: Context, of: str | None, file: str | None, as_json: bool) -> int:
    """Draws a case by its elements, or the open cases of a process, or of all."""
    from charter.engine.calendars import is_provisional
    from charter.engine.dated import prepared
    from charter.runtime.desk.timeline import facts, timeline

    cases = context.reading
    process = of if of is not None and any(each.name == of for each in cases.processes()) else None
    consulted(context, "gantt", process=process, text=None if process else of)
    if of is not None and process is None:
        case = cases.resolve(of)
        state = cases.state(case)
        program = prepared(cases.definition(case), state)
        found = timeline(program, state, context.now)
        rows = list(found.bars)
        told: dict[str, Any] = {
            "case": case,
            "ends": _time(found.ends),
            "earned": {key: None if v is None else float(round(v, 4)) for key, v in facts(found).items()},
            "unplanned": list(found.earned.unplanned),
        }
        if (
            state.closed_at is None
            and found.ends
            and is_provisional(program.definition.calendar, found.ends, context.now)
        ):
            told["provisional"] = True
    else:
        rows, told = _cases(context, process), {"process": process}
    if file is not None:
        from charter.runtime.drawing.timeline import drawn

        Path(file).write_text(drawn(rows, context.now, context.say), encoding="utf-8")
    if as_json:
        context.output.json({**told, "rows": [_json(row) for row in rows]})
    elif file is not None:
        context.output.sentence(context.say("gantt.written", file=file))
    elif not rows:
        context.output.sentence(context.say("gantt.none"))
    else:
        _draw(context, rows)
        _tell(context, told)
    return DONE


def _cases(context: Context, process: str | None) -> list[Bar]:
    """Gives the open cases as rows, the oldest first; a case that nobody can say the end of has only begun."""
    from charter.engine.dated import prepared
    from charter.runtime.desk.register import listed
    from charter.runtime.desk.subjects import subject
    from charter.runtime.desk.timeline import timeline

    with context.reading.read() as connection:
        found = listed(connection, process=process, status="open", person=None, limit=100)
    rows = []
    for each in reversed(found):
        state = context.reading.state(each.id)
        line = timeline(prepared(context.reading.definition(each.id), state), state, context.now)
        whole = [bar.planned for bar in line.bars if bar.planned is not None]
        planned = (min(p[0] for p in whole), max(p[1] for p in whole)) if whole else None
        expected = None if line.ends is None else (context.now, line.ends)
        slack = None if planned is None or line.ends is None else planned[1] - line.ends
        about = subject(context.reading.definition(each.id), state, context.now)
        title = f"#{each.number} {each.process}" + (f" {about}" if about else "")
        title = context.say.practised(title, each.drill)
        rows.append(
            Bar(each.id, title, 0, each.status, planned, each.opened_at, None, expected, each.due, slack, False)
        )
    return rows


def _draw(context: Context, rows: Sequence[Bar]) -> None:
    output, say = context.output, context.say
    first, last = span_of(rows, context.now)
    labels = [neutral("  " * row.depth + _CRITICAL * row.critical + row.title) for row in rows]
    room = output.columns
    names = min(max(map(display_width, labels)), _NAMES, max(room - _LEAST - 2, 8))
    width = max(min(room - names - 2, _WIDEST), _LEAST)

    def place(at: int) -> int:
        return min(max((at - first) * width // (last - first), 0), width - 1)

    begins, ends = str(output.moment(first)), str(output.moment(last))
    gap = max(width - len(begins) - len(ends), 1)
    output.line(" " * (names + 2) + begins + " " * gap + ends, "faint")
    for row, label in zip(rows, labels, strict=True):
        cells = [" "] * width
        cells[place(context.now)] = _NOW
        for mark, bar in (
            (_PLAN, row.planned),
            (_AHEAD, _ahead(row, context.now)),
            (_DONE, None if row.begun is None else (row.begun, row.ended or context.now)),
        ):
            if bar is not None:
                for at in range(place(bar[0]), place(bar[1]) + 1):
                    cells[at] = mark
        if row.due is not None:
            cells[place(row.due)] = _DUE
        style = "bad" if row.critical else "faint" if row.begun is None else None
        output.line((pad(_cut(label, names), names) + "  " + "".join(cells)).rstrip(), style)
    output.sentence(
        say("gantt.legend", plan=_PLAN, done=_DONE, ahead=_AHEAD, due=_DUE, now=_NOW, critical=_CRITICAL.strip()),
        "faint",
    )


def _ahead(row: Bar, now: int) -> tuple[int, int] | None:
    """Gives what is still to come of a row."""
    if row.expected is None or row.ended is not None:
        return None
    return max(row.expected[0], now), max(row.expected[1], now)


def _cut(text: str, columns: int) -> str:
    """Shortens a label to so many columns."""
    if display_width(text) <= columns:
        return text
    while display_width(text) > columns - 1:
        text = text[:-1]
    return text + "…"


def _tell(context: Context, told: dict[str, Any]) -> None:
    say, output = context.say, context.output
    if told.get("ends"):
        output.sentence(
            say("gantt.ends", at="~" * told.get("provisional", False) + str(output.moment(clock.read(told["ends"]))))
        )
    earned = told.get("earned")
    if earned and earned["bac"]:
        spi = say("kpi.unknown") if earned["spi"] is None else f"{earned['spi']:.2f}"
        values = {key: f"{earned[key]:.1f}" for key in ("pv", "ev", "bac")}
        output.sentence(say("gantt.earned", **values, spi=spi))
        if told["unplanned"]:
            output.sentence(say("gantt.unplanned", elements=say("happened.comma").join(told["unplanned"])), "faint")


def _time(at: int | None) -> str | None:
    return None if at is None else clock.text(at)


def _json(row: Bar) -> dict[str, Any]:
    planned, expected = row.planned or (None, None), row.expected or (None, None)
    return {
        "name": row.element,
        "title": row.title,
        "state": row.state,
        "planned_start": _time(planned[0]),
        "planned_end": _time(planned[1]),
        "started_at": _time(row.begun),
        "ended_at": _time(row.ended),
        "expected_start": _time(expected[0]),
        "expected_end": _time(expected[1]),
        "due": _time(row.due),
        "slack_seconds": None if row.slack is None else row.slack // 1_000_000,
        "critical": row.critical,
    }


VERBS = {
    "gantt": Verb(
        "gantt",
        run_gantt,
        [
            argument("of", "CASE|PROCESS", required=False),
            option("--chart", "FILE", name="file"),
            switch(JSON, name="as_json"),
        ],
    )
}

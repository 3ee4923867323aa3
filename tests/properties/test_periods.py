"""Periods of KPIs: closed once, revised if and only if facts of them changed, and what the trail gives again."""

from __future__ import annotations

import itertools
import json
import statistics
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st
from sqlalchemy import Connection, select

from charter.dsl.passes import compile
from charter.engine import kpis, periods
from charter.engine.definition import Definition, Kpi
from charter.engine.feel.own import Span
from charter.engine.replay import replay
from charter.runtime.audit import log
from charter.runtime.host import figures
from charter.runtime.host.cases import Cases
from charter.runtime.host.figures import Reckoned, in_force, reckon
from charter.runtime.host.worker import Worker
from charter.runtime.people.changes import People
from charter.runtime.store import tables as t
from tests.founded import founded

DAY = 86_400_000_000
START = 1_767_600_000_000_000  # 5 January 2026
TEXT = b"""
process survey
  owner lead
  role  lead
  role  clerk

  record answer
    score number optional

  activity ask
    role   clerk
    output answer

  kpi score
    formula mean(cases.answer.score)
    target  >= 3
    every   1 month

  kpi rolling
    formula count(cases)
    over    cases closed in 2 months
    every   1 month
"""


class Clock:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> int:
        return self.at


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 20), st.sampled_from((None, 1, 4, 5))), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from((1, 4, 5)), st.booleans()), max_size=3),
)
def test_a_closed_figure_changes_by_a_revision_only(
    tmp_path_factory: object, played: list[tuple[int, int | None]], late: list[tuple[int, int, bool]]
) -> None:
    folder: Path = tmp_path_factory.mktemp("periods")  # type: ignore[attr-defined]
    clock = Clock()
    with founded(folder / "a.db", "li", clock=clock) as store:
        People(store, by="li", clock=clock).grant("li", "clerk")
        host = Cases(store, clock=clock)
        (definition,) = compile("p.charter", TEXT).definitions
        host.deploy(definition, by="li")
        cases, scores = [], {}
        for days, score in played:
            case = host.start("survey", person="li").case
            clock.at += days * DAY
            host.perform(case, person="li", verb="complete", node="ask", records={"answer": {"score": score}})
            cases.append(case)
            scores[case] = score
        clock.at += 31 * DAY
        worker = Worker(host)
        worker.run(once=True)
        with store.read() as connection:
            closed = {name: in_force(connection, "survey", name) for name in ("score", "rolling")}
        for rows in closed.values():
            assert rows, "every month that is over has a figure"
            assert all(row["until"] <= clock.at and not row["revisions"] for row in rows)
            assert all(a["until"] == b["since"] for a, b in itertools.pairwise(rows))
        first = dict(scores)
        for number, score, same in late:
            case = cases[number % len(cases)]
            given = scores[case] if same else score
            amended = host.perform(
                case, person="li", verb="amend", record="answer", value={"score": given}, reason="typing"
            )
            if amended.refusal is None and given != scores[case]:
                scores[case] = given
        clock.at += DAY
        before = {row["since"]: row["digest"] for row in closed["score"]}
        Worker(host).run(once=True)
        with store.read() as connection:
            now = {row["since"]: row for row in in_force(connection, "survey", "score")}
            for since, digest in before.items():
                assert (now[since]["digest"] != digest) == bool(now[since]["revisions"])
            _same_as_the_trail(host, connection, definition, now)
            kinds = select(t.entries.c.kind).where(t.entries.c.kind == "period_revised")
            revised = list(connection.execute(kinds).scalars())
            ends = {row.id: row.closed_at for row in connection.execute(select(t.cases.c.id, t.cases.c.closed_at))}
            over = max(now[since]["until"] for since in before)
            other = [c for c in cases if scores[c] != first[c] and (ends[c] is None or ends[c] < over)]
            assert bool(revised) == bool(other)
        count = len(revised)
        clock.at += DAY
        Worker(host).run(once=True)
        with store.read() as connection:
            assert len(list(connection.execute(kinds).scalars())) == count


def _same_as_the_trail(host: Cases, connection: object, definition: object, now: dict[int, dict[str, object]]) -> None:
    kpi = definition.kpis[0]  # type: ignore[attr-defined]
    states = []
    for case in list(connection.execute(select(t.cases.c.id)).scalars()):  # type: ignore[attr-defined]
        entries = list(log.to_entries(log.load(connection, case)))  # type: ignore[arg-type]
        states.append(replay(definition, entries).state)  # type: ignore[arg-type]
    for since, row in now.items():
        until = row["until"]
        taken = [s for s in states if s.closed_at is not None and since <= s.closed_at < until]  # type: ignore[operator]
        (figure,) = kpis.measure(kpis.plain_kpi(kpi), definition, taken, until)  # type: ignore[arg-type]
        (stored,) = row["figures"]  # type: ignore[misc]
        assert (stored["value"], stored["status"], stored["cases"]) == (figure.value, figure.status, figure.cases)
        assert reckon(connection, definition, kpi, periods.Period(since, until)).digest == row["digest"]  # type: ignore[arg-type]


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)),
    st.sampled_from((Span(months=1), Span(months=3), Span(months=12), Span(days=7), Span(days=1), Span(days=10))),
    st.sampled_from(("Asia/Shanghai", "Europe/Berlin", "America/New_York")),
)
def test_every_instant_lies_in_one_period_and_the_next_begins_where_it_ends(
    moment: datetime, span: Span, zone: str
) -> None:
    at = int(moment.replace(tzinfo=ZoneInfo("UTC")).timestamp()) * 1_000_000
    found = periods.period_at(zone, span, at)
    assert found.since <= at < found.until
    assert periods.period_at(zone, span, found.since) == found
    assert periods.period_at(zone, span, found.until).since == found.until
    first = datetime.fromtimestamp(found.since // 1_000_000, ZoneInfo(zone))
    assert (first.hour, first.minute) == (0, 0)
    if span.months:
        assert first.day == 1 and (first.month - 1) % (span.months if span.months < 12 else 12) == 0
    if span.days == 7:
        assert first.weekday() == 0


@given(st.lists(st.integers(-50, 50).map(Decimal), max_size=20))
def test_control_limits_are_those_of_a_chart_of_individual_values(values: list[Decimal]) -> None:
    found = periods.limits(values)
    told = periods.signals(values)
    assert len(told) == len(values)
    if len(values) < 2:
        assert found is None and not any(told)
        return
    assert found is not None
    numbers = [float(value) for value in values]
    moving = [abs(a - b) for a, b in itertools.pairwise(numbers)]
    sigma = statistics.fmean(moving) / 1.128
    mean = statistics.fmean(numbers)
    for got, expected in ((found.mean, mean), (found.low, mean - 3 * sigma), (found.high, mean + 3 * sigma)):
        assert abs(float(got) - expected) < 1e-9
    for number, (value, signal) in enumerate(zip(values, told, strict=True)):
        last = values[max(number - 7, 0) : number + 1]
        run = len(last) == 8 and (all(v > found.mean for v in last) or all(v < found.mean for v in last))
        six = values[max(number - 5, 0) : number + 1]
        steps = list(itertools.pairwise(six))
        trend = len(six) == 6 and (all(a < b for a, b in steps) or all(a > b for a, b in steps))
        outside = not found.low <= value <= found.high
        assert signal == ("outside" if outside else "run" if run else "trend" if trend else None)


def test_a_period_bears_its_name() -> None:
    def name(span: Span, day: datetime) -> str:
        at = int(day.replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * 1_000_000
        return periods.named("Asia/Shanghai", periods.period_at("Asia/Shanghai", span, at))

    day = datetime(2026, 3, 4, 9)
    assert [name(s, day) for s in (Span(months=1), Span(months=3), Span(months=12), Span(days=7), Span(days=1))] == [
        "2026-03",
        "2026-Q1",
        "2026",
        "2026-W10",
        "2026-03-04",
    ]
    assert json.dumps(name(Span(months=2), day)) == '"2026-03-01"'


def test_a_figure_that_cannot_be_made_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    with founded(tmp_path / "a.db", "li", clock=clock) as store:
        People(store, by="li", clock=clock).grant("li", "clerk")
        host = Cases(store, clock=clock)
        host.deploy(compile("p.charter", TEXT).definitions[0], by="li")
        host.start("survey", person="li")
        clock.at += 65 * DAY

        def broken(connection: Connection, definition: Definition, kpi: Kpi, period: periods.Period) -> Reckoned:
            if kpi.name == "score":
                raise ValueError
            return reckon(connection, definition, kpi, period)

        monkeypatch.setattr(figures, "reckon", broken)
        done = Worker(host).run(once=True)
        with store.read() as connection:
            closed = [len(in_force(connection, "survey", name)) for name in ("score", "rolling")]
        assert (closed, done.stuck) == ([0, 2], 1)

"""Figures: over whole cases, over the facts kept beside them and by hand they are the same, whatever is unknown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from msgspec.structs import replace
from sqlalchemy import Connection

from charter.dsl.passes import compile
from charter.engine import kpis
from charter.engine.definition import Definition
from charter.engine.measures import read_by_class
from charter.engine.plan.program import prepare
from charter.runtime.desk import classes
from charter.runtime.desk.population import Population
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from tests.founded import founded

HOUR = 3_600_000_000
START = 1_772_413_200_000_000
TEXT = """
process survey
  owner lead
  role  lead
  role  clerk

  record answer
    score  number optional
    region text   optional

  activity ask
    role   clerk
    within 4 hours
    output answer

  activity file_away
    role  clerk
    input answer
    when  answer.score != null

  kpi a
    formula mean(cases.answer.score)
    target  >= 5
"""

SHARES = (
    "mean(cases.answer.score)",
    "sum(cases.answer.score) / count(cases[answer.score != null])",
    "count(cases)",
    "count(cases[ask.on_time]) / count(cases[ask.on_time != null])",
    'max(cases[answer.region = "n"].answer.score) - min(cases[completed].answer.score)',
    "mean(cases.duration)",
    "max(cases[not(ask.overdue)].ask.duration)",
    "count(cases[case.duration < 6 hours and (answer.score > 2 or ask.done)])",
    'count(cases[process.version = "2"])',
    'count(cases[file_away.skipped or ask.doer = "li"])',
)
WHOLE = (
    "count(cases[1])",
    "count(cases.answer)",
    "mean(for c in cases return c.answer.score)",
    "cases[1].ask.done",
    "if count(cases) > 2 then count(cases[open]) else null",
)
GROUPS = (None, "answer.region", "process.version", "case.by", "ask.on_time")


def definition(version: str = "1") -> Definition:
    # What is asked in the tests is read by the KPIs of the process, so that it is kept.
    lines = "".join(f"\n  kpi k{n}\n    formula {f}\n" for n, f in enumerate(SHARES))
    lines += "".join(f"\n  kpi g{n}\n    formula count(cases)\n    by {by}\n" for n, by in enumerate(GROUPS) if by)
    text = f"{TEXT}{lines}"
    (found,) = compile("p.charter", text.replace("  owner lead", f"  version {version}\n  owner lead", 1)).definitions
    return found


class Clock:
    at = START

    def __call__(self) -> int:
        return self.at


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cases, Clock]]:
    path: Path = tmp_path_factory.mktemp("figures") / "a.db"
    clock = Clock()
    with founded(path, "li") as store:
        People(store, by="li").grant("li", "clerk")
        yield Cases(store, clock=clock), clock


_CASE = st.tuples(
    st.sampled_from((None, 1, 2, "2.5", "7.125")),
    st.sampled_from((None, "n", "南")),
    st.integers(0, 9),
    st.sampled_from(("left", "asked", "filed")),
)


def play(host: Cases, clock: Clock, rows: list[tuple[object, object, int, str]]) -> None:
    for score, region, hours, far in rows:
        case = host.start("survey", person="li").case
        clock.at += hours * HOUR
        if far != "left":
            given = {"score": None if score is None else {"number": str(score)}, "region": region}
            host.perform(case, person="li", verb="complete", node="ask", records={"answer": given})
        if far == "filed" and score is not None:
            clock.at += HOUR
            host.perform(case, person="li", verb="complete", node="file_away")


def both(connection: Connection, of: Definition, formula: str, by: str | None, over: str | None, now: int) -> None:
    kpi = replace(of.kpis[0], formula=formula, by=by, over=over)
    expected = kpis.measure(kpi, of, Population(connection, of.name).cases.values(), now)
    found = classes.measure(connection, of, kpi, now)
    assert found is not None, formula
    assert [plain(each) for each in found] == [plain(each) for each in expected], (formula, by)


def plain(figure: kpis.Figure) -> object:
    return replace(figure, facts=(), missing=tuple(sorted(set(figure.missing))))


@settings(max_examples=8, deadline=None)
@given(
    st.lists(_CASE, max_size=5),
    st.lists(_CASE, max_size=3),
    st.sampled_from(GROUPS),
    st.sampled_from((None, "5 hours")),
)
def test_figures_by_class_are_those_over_whole_cases(
    hosts: tuple[Cases, Clock],
    rows: list[tuple[object, object, int, str]],
    later: list[tuple[object, object, int, str]],
    by: str | None,
    over: str | None,
) -> None:
    host, clock = hosts
    host.deploy(definition(), by="li") if not host.processes() else None
    play(host, clock, rows)
    newer = definition("2")
    host.deploy(newer, by="li") if later else None
    play(host, clock, later)
    running = host.definition("survey")
    with host.store.read() as connection:
        for formula in SHARES:
            both(connection, running, formula, by, over, clock.at)


def test_what_asks_for_the_list_as_a_whole_is_measured_over_whole_cases() -> None:
    of = definition()
    for formula in WHOLE:
        assert read_by_class(prepare(of), replace(of.kpis[0], formula=formula)) is None, formula

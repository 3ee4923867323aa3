"""Verdicts of KPIs on the database: told once however many workers there are, and what rules do then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.founded import founded
from tests.leave import Clock
from tests.stages import SqlStage, told

from charter.dsl.passes import compile
from charter.engine import periods
from charter.engine.entries import Entry
from charter.engine.feel.own import Span
from charter.runtime.audit import log
from charter.runtime.audit.verify import verify
from charter.runtime.author.scenarios import play
from charter.runtime.desk.notices import Notice, notices
from charter.runtime.folds import organisation
from charter.runtime.host.cases import Cases
from charter.runtime.host.worker import Worker
from charter.runtime.notify import letters
from charter.runtime.notify.letters import News
from charter.runtime.people.changes import People
from charter.runtime.store import Store

MONTH = 31 * 86_400_000_000
TEXT = """
process desk
  owner boss
  role boss
  role head
  role clerk
  kpi in_time
    formula count(cases[answer.on_time]) / count(cases[answer.on_time != null])
    target  >= 90%
    every   1 month
    owner   head
  rule slump
    on   kpi in_time missed
    then notify boss, start review with cause = figure.period
    then start gone
  activity answer
    role   clerk
    within 4 hours
process review
  owner boss
  parameter cause text = "by hand"
  role boss
  activity look
    role boss
    when string length(cause) = 7
process gone
  role boss
  activity look
    role boss
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with founded(tmp_path / "a.db", "ann", clock=Clock()) as opened:
        yield opened


def host(store: Store, clock: Clock) -> Cases:
    people = People(store, by="ann", clock=clock)
    for person, role in (("bo", "boss"), ("he", "head"), ("li", "clerk")):
        people.add(person)
        people.grant(person, role)
    opened = Cases(store, clock=clock)
    for definition in compile("a.charter", TEXT.encode()).definitions:
        if definition.name != "gone":
            assert opened.deploy(definition, by="ann").refusal is None
    return opened


def of_kpis(store: Store) -> list[Entry]:
    with store.read() as connection:
        chain = list(log.to_entries(log.load(connection, "organisation")))
    return [entry for entry in chain if entry.kind in ("verdict_changed", "rule_applied")]


def heard(opened: Cases, person: str, now: int) -> list[tuple[str, str, str | None]]:
    with opened.store.read() as connection:
        found = notices(connection, person, opened.definition, now=now)
    assert isinstance(found, list) and all(isinstance(one, Notice) and one.number is None for one in found)
    return [(one.kind, one.element, one.verdict) for one in found]


def test_a_missed_verdict_is_told_and_answered_once(store: Store) -> None:
    clock = Clock()
    opened = host(store, clock)
    case = opened.start("desk", person="li").case
    clock.at += 86_400_000_000
    assert opened.perform(case, person="li", verb="complete", node="answer").refusal is None
    clock.at += 2 * MONTH
    workers = [Worker(Cases(store, clock=clock)) for _ in range(3)]
    for worker in (*workers, *workers):
        worker.run(once=True)
    verdict, applied = (entry.told for entry in of_kpis(store))
    assert (verdict.verdict, verdict.was, verdict.to) == ("missed", None, ("head",))  # type: ignore[attr-defined]
    review, gone = applied.begun  # type: ignore[attr-defined]
    assert applied.to == ("boss",) and gone["because"]["code"] == "CH597" and gone["case"] is None  # type: ignore[attr-defined]
    assert opened.state(review["case"]).nodes["look"].state == "ready"
    assert heard(opened, "he", clock.at) == [("verdict_changed", "in_time", "missed")]
    assert heard(opened, "bo", clock.at) == [("rule_applied", "slump", "missed")]
    assert verify(store).sound
    with store.write() as connection:
        organisation.rebuild(connection, log.to_entries(log.load(connection, "organisation")))
    assert verify(store).sound and heard(opened, "bo", clock.at) == [("rule_applied", "slump", "missed")]


@pytest.mark.parametrize(("language", "said"), [("en", "KPI in_time: missed"), ("zh", "指标 in_time：未达标")])
def test_a_letter_tells_of_a_verdict(store: Store, language: str, said: str) -> None:
    clock = Clock()
    opened = host(store, clock)
    case = opened.start("desk", person="li").case
    clock.at += 86_400_000_000
    opened.perform(case, person="li", verb="complete", node="answer")
    clock.at += 2 * MONTH
    Worker(opened).run(once=True)
    news = News("organisation", None, 1, "desk", "desk", "in_time", "in_time", "head", of_kpis(store)[0], None)
    letter = letters.letter("1", [news], language=language, zone="UTC", at=clock.at, address=None, recipient={})
    assert said in letter.subject and "charter kpi desk in_time --history" in letter.text and "#" not in letter.text


def test_both_hosts_tell_the_same() -> None:
    text = (
        TEXT
        + """
scenario "a bad month"
  case desk
  bo is boss, li is clerk, he is head
  after 5 hours
  li does answer
  after 2 months
  expect kpi in_time in 2026-03 is missed
  expect rule slump fired 1 times
"""
    )
    compiled = compile("a.charter", text.encode())
    stages: list[SqlStage] = []

    def staged(*given: object) -> SqlStage:
        stages.append(SqlStage(*given))  # type: ignore[arg-type]
        return stages[-1]

    (scenario,) = compiled.scenarios
    memory = play(scenario, compiled.definitions)
    database = play(scenario, compiled.definitions, staged)
    assert memory.failure is None and database.failure is None
    assert [e.kind for e in memory.entries["desk"]] == [e.kind for e in database.entries["desk"]]
    assert len(told(stages[0])) == 3
    stages[0].close()


def test_a_period_is_found_by_its_name() -> None:
    for months, days, names in (
        (1, 0, ["2026-03", "2025-12"]),
        (3, 0, ["2026-Q1", "2026-Q4"]),
        (12, 0, ["2026"]),
        (0, 7, ["2026-W10", "2020-W53"]),
        (0, 1, ["2026-03-02"]),
        (6, 0, ["2026-07-01"]),
    ):
        span = Span(months, days)
        for zone in ("UTC", "Asia/Shanghai", "America/New_York"):
            for name in names:
                period = periods.called(zone, span, name)
                assert period is not None and periods.named(zone, period) == name
    assert periods.called("UTC", Span(1, 0), "2026-Q1") is None
    assert periods.called("UTC", Span(0, 7), "2026-W54") is None
    assert periods.called("UTC", Span(1, 0), "2026-13") is None

"""What a KPI asks of the row of its figures: as reckoned by hand, in a scenario's world and on the database alike."""

from __future__ import annotations

import itertools
from decimal import Decimal
from pathlib import Path

from hypothesis import example, given, settings, strategies as st
from sqlalchemy import select

from charter.engine import trends, verdicts
from charter.engine.kpis import Figure
from charter.engine.periods import Period
from charter.runtime.host.cases import Cases
from charter.runtime.host.figures import in_force
from charter.runtime.host.worker import Worker
from charter.runtime.people.changes import People
from charter.runtime.store import tables as t
from tests.founded import founded
from tests.written import process

DAY = 86_400_000_000
START = 1_767_600_000_000_000  # 5 January 2026
TEXT = """
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
    formula  mean(cases.answer.score)
    target   {target}
    every    1 month
    {lines}
  rule slump
    on   kpi score missed
    then notify lead
"""
LINES = "improves over 3 periods\n    stays within control limits"
_SCORE = st.none() | st.integers(1, 9)


def figure(value: int | None, wanted: int, way: int) -> Figure:
    status = "unknown" if value is None else "met" if (value - wanted) * way >= 0 else "missed"
    return Figure("score", None if value is None else value, status)


def by_hand(row: list[int | None], wanted: int, way: int, over: int) -> str:
    """Judges the last of a row as the page says it, with fractions for the limits."""
    now = row[-1]
    if now is None:
        return "unknown"
    last = row[-over:]
    good = (now - wanted) * way >= 0
    if len(last) == over and None not in last:
        better = [(b - a) * way for a, b in itertools.pairwise(last)]
        good = good and min(better) >= 0 and max(better) > 0
    return "met" if good else "missed"


@given(st.lists(_SCORE, min_size=1, max_size=9), st.integers(1, 9), st.sampled_from((1, -1)), st.integers(2, 4))
@example([5, 5], 4, 1, 2)
@example([9, 5], 6, -1, 2)
def test_a_trend_is_what_the_page_says(row: list[int | None], wanted: int, way: int, over: int) -> None:
    target = f"{'>=' if way > 0 else '<='} {wanted}"
    (kpi,) = process(TEXT.format(target=target, lines=f"improves over {over} periods")).kpis
    past = [{trends.key_of(None): value} for value in row[:-1]]
    (found,) = trends.judged(kpi, [figure(row[-1], wanted, way)], past)
    assert found.status == by_hand(row, wanted, way, over)
    assert bool(found.unmet) == (found.status == "missed")
    reach = trends.reach(kpi)
    assert reach is not None
    assert trends.judged(kpi, [figure(row[-1], wanted, way)], past[-reach:]) == [found], "what came before is not asked"


@given(st.lists(st.integers(1, 9), min_size=2, max_size=12), st.sampled_from((">= 0", "<= 100", "[0..100]")))
@example([3, 3, 3, 3, 3, 9], ">= 0")
@example([3, 3, 3, 3, 3, 9], "<= 100")
@example([1, 2, 3, 4, 5, 6], "<= 100")
def test_what_chance_seldom_gives_is_missed_unless_it_is_better(row: list[int], target: str) -> None:
    (kpi,) = process(TEXT.format(target=target, lines="stays within control limits")).kpis
    past = [{trends.key_of(None): value} for value in row[:-1]]
    (found,) = trends.judged(kpi, [Figure("score", row[-1], "met")], past)
    mean = Decimal(sum(row)) / len(row)
    reach = 3 * Decimal(sum(abs(a - b) for a, b in itertools.pairwise(row))) / (len(row) - 1) / Decimal("1.128")
    last = row[-8:]
    outside = abs(row[-1] - mean) > reach
    run = len(last) == 8 and (min(last) > mean or max(last) < mean)
    six = [b - a for a, b in zip(row[-6:], row[-5:], strict=False)]
    trend = len(six) == 5 and (min(six) > 0 or max(six) < 0)
    up = row[-1] > (mean if outside or run else row[-2])
    good = {">= 0": up, "<= 100": not up, "[0..100]": False}[target]
    assert (found.status == "missed") == ((outside or run or trend) and not good)


@settings(max_examples=6, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=3, max_size=5), st.integers(0, 3), st.integers(1, 6))
@example([3, 4, 5, 5, 6], 1, 5)
def test_periods_are_judged_alike_by_worker_and_scenario_and_again_when_one_is_revised(
    tmp_path_factory: object, scores: list[int], late: int, other: int
) -> None:
    folder: Path = tmp_path_factory.mktemp("trends")  # type: ignore[attr-defined]
    now = START
    with founded(folder / "a.db", "li", clock=lambda: now) as store:
        People(store, by="li", clock=lambda: now).grant("li", "clerk")
        host = Cases(store, clock=lambda: now)
        definition = process(TEXT.format(target=">= 2", lines=LINES))
        host.deploy(definition, by="li")
        cases = []
        for score in scores:
            case = host.start("survey", person="li").case
            host.perform(case, person="li", verb="complete", node="ask", records={"answer": {"score": score}})
            cases.append(case)
            now += 31 * DAY
        Worker(host).run(once=True)

        def same() -> list[str]:
            (kpi,) = definition.kpis
            states = [host.state(case) for case in cases]
            past: list[trends.Past] = []
            with store.read() as connection:
                rows = in_force(connection, "survey", "score")
            for row in rows:
                found = verdicts.figures_of(kpi, definition, states, Period(row["since"], row["until"]), past)
                past.append(verdicts.past_of(found))
                stored = [(each["status"], each.get("unmet", [])) for each in row["figures"]]
                assert stored == [(each.status, list(each.unmet)) for each in found]
            return [row["figures"][0]["status"] for row in rows]

        before = same()
        case = cases[late % len(cases)]
        host.perform(case, person="li", verb="amend", record="answer", value={"score": other}, reason="typing")
        now += DAY
        Worker(host).run(once=True)
        after = same()
        with store.read() as connection:
            kinds = list(connection.execute(select(t.entries.c.kind)).scalars())
        fired = kinds.count("rule_applied")
        changes = sum(b == "missed" != a for a, b in zip(["", *before], before, strict=False))
        assert fired == changes + sum(b == "missed" != a for a, b in zip(before, after, strict=True))

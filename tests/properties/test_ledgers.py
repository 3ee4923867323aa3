"""The laws of ledgers: sums are those of the entries as they stand, and no line that refuses is ever overrun by one."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import given, settings, strategies as st

from charter.engine import commands as c, values
from charter.engine.entries import Entry
from charter.engine.entries.ledgers import BaselineFixed, LineCovered, LineOverrun
from charter.engine.feel.own import Money
from charter.engine.plan.ledgers import standing
from charter.engine.plan.program import prepare
from charter.engine.replay import replay
from charter.engine.state import NEW, CaseState, from_json, from_snapshot, snapshot, to_json
from charter.engine.step.transition import step
from tests.written import process

TEXT = """process project
  owner boss
  role boss
  role clerk
  record budget
    lines list of part
  record part
    kind text
    sum  money
  record order
    kind text
    sum  money
  record bill
    kind text
    sum  money
  ledger cost of budget.lines by kind
    amount    sum
    committed order
    actual    bill
{guard}  activity plan
    role   clerk
    output budget
  approval agree of budget
    by boss
  phase buying for each open item
    activity place
      role   clerk
      output order
    activity pay
      role   clerk
      output bill
  activity stop
    role boss
    when cost.overrun
"""
STRICT, LENIENT = (process(TEXT.format(guard=guard)) for guard in ("    overrun refused\n", ""))
LI = c.Actor("li", ("clerk", "boss"))
AT = 1_772_442_000_000_000
KINDS = ("a", "b")

amounts = st.integers(0, 60)
baselines = st.dictionaries(st.sampled_from(KINDS), amounts, max_size=2)
deeds = st.lists(
    st.one_of(
        st.tuples(st.just("baseline"), baselines),
        st.just(("agree",)),
        st.tuples(st.sampled_from(("place", "pay")), st.integers(1, 2), st.sampled_from(KINDS), amounts),
        st.tuples(st.just("place"), st.just(1), st.just("a"), amounts),
        st.tuples(st.sampled_from(("order", "bill")), st.just(1), st.just("a"), amounts),
    ),
    min_size=4,
    max_size=20,
)


def _money(amount: int) -> Any:
    return values.encode(Money(Decimal(amount), "EUR"))


def _lines(baseline: dict[str, int]) -> Any:
    return {"lines": [{"kind": kind, "sum": _money(amount)} for kind, amount in baseline.items()]}


def _command(state: CaseState, deed: tuple[Any, ...]) -> c.Command:
    match deed:
        case "baseline", baseline if "budget" in state.versions:
            return c.Amend(actor=LI, at=AT, record="budget", value=_lines(baseline), reason="other")
        case "baseline", baseline:
            return c.Complete(actor=LI, at=AT, node="plan", records=(("budget", _lines(baseline)),))
        case ("agree",):
            return c.Approve(actor=LI, at=AT, node="agree")
    verb, item, kind, amount = deed
    value = {"kind": kind, "sum": _money(amount)}
    if verb in ("order", "bill"):
        return c.Amend(actor=LI, at=AT, record=f"{verb}[{item}]", value=value, reason="other")
    return c.Complete(
        actor=LI, at=AT, node=f"{verb}[{item}]", records=((("order" if verb == "place" else "bill"), value),)
    )


@settings(max_examples=60, deadline=None)
@given(st.booleans(), st.just(None) | baselines | baselines, deeds)
def test_sums_are_those_of_the_entries(
    strict: bool, first: dict[str, int] | None, deeds: list[tuple[Any, ...]]
) -> None:
    definition = STRICT if strict else LENIENT
    program = prepare(definition)
    state, trail = NEW, list[Entry]()
    counted: dict[str, int] | None = None  # the baseline that was approved last
    told: set[str] = set()
    start = [c.Start(actor=LI, at=AT, case="case", law=1), *(c.Add(actor=LI, at=AT, node="buying", item="x"),) * 2]
    agreed_first = [] if first is None else [("baseline", first), ("agree",)]
    for move in [*start, *agreed_first, *deeds]:
        command = move if isinstance(move, c.Command) else _command(state, move)
        before, done = state, step(definition, state, command)
        state = done.state
        trail += done.entries
        assert from_json(to_json(state)) == from_snapshot(snapshot(state)) == state
        agreed = state.nodes["agree"].state == "granted"
        if agreed and before.nodes["agree"].state != "granted":
            counted = {row["kind"]: row["sum"] for row in state.versions["budget"].value["lines"]}
            counted = {kind: int(values.decode(amount).amount) for kind, amount in counted.items()}
        used: dict[str, int] = defaultdict(int)
        for item in (1, 2):
            entry = state.versions.get(f"bill[{item}]") or state.versions.get(f"order[{item}]")
            if entry is not None:
                used[entry.value["kind"]] += int(values.decode(entry.value["sum"]).amount)
        now = standing(program, state, program.ledgers["cost"])
        for kind in {*used, *(counted or {})}:
            facts = now.lines[kind]
            left = None if counted is None else counted.get(kind, 0) - used[kind]
            assert int(facts["used"].amount) == used[kind]
            assert (None if facts["left"] is None else int(facts["left"].amount)) == left
            assert facts["overrun"] is (None if left is None else left < 0)
            if strict and not agreed_anew(done.entries):
                was = standing(program, before, program.ledgers["cost"]).lines.get(kind)
                lower = was is None or was["left"] is None or int(was["left"].amount) > (left or 0)
                assert left is None or left >= 0 or not lower, "an entry has overrun its line"
        for entry in done.entries:
            if isinstance(entry.told, LineOverrun):
                told.add(entry.told.line)
            elif isinstance(entry.told, LineCovered):
                told.remove(entry.told.line)
        assert told == {kind for kind, facts in now.lines.items() if facts["overrun"]}
        assert state.nodes["stop"].state == "planned" or now.whole["overrun"] or state.nodes["stop"].ready_at
    again = replay(definition, trail)
    assert again.difference is None and again.state == state


def agreed_anew(entries: tuple[Entry, ...]) -> bool:
    return any(isinstance(entry.told, BaselineFixed) for entry in entries)

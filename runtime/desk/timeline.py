"""How the work of a case lies in time: as planned, as it came, as it may still come; and what of it has been earned.

Planned is the longest course by `takes` and `wait` from the opening of the case; expected is the same course with what
has happened in its place, so that what is late moves what comes after it. Slack and the critical path are those of what
is left. What nobody says is unknown: work without `takes` has no planned value, and what work has cost is not recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from charter.engine import calendars
from charter.engine.machines import ATTAINED, PASSED_OVER, SETTLED
from charter.engine.plan.place import standing
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program
from charter.engine.proof.slack import Known, schedule, span
from charter.engine.state import Node, View


class Bar(Struct, frozen=True):
    """A row of a drawing: an element or a case in time; instants in microseconds since the epoch, None is unknown.

    `slack`: how much later than expected it may end, None where it has ended; `critical`: it is on the longest way of
    what is left.
    """

    element: str
    title: str
    depth: int
    state: str
    planned: tuple[int, int] | None
    begun: int | None
    ended: int | None
    expected: tuple[int, int] | None
    due: int | None
    slack: int | None
    critical: bool


class Earned(Struct, frozen=True):
    """Earned value by `takes`, in hours: PV, EV and BAC of the PMBOK, with SPI = EV / PV.

    `unplanned`: the work that has no `takes`. AC is unknown, and with it CPI and EAC: nothing says what work has cost.
    """

    planned: Decimal
    earned: Decimal
    whole: Decimal
    unplanned: tuple[str, ...]

    @property
    def spi(self) -> Decimal | None:
        """Gives the schedule performance index, None while nothing was planned to be done."""
        return self.earned / self.planned if self.planned else None


class Timeline(Struct, frozen=True):
    """See the module's text. `ends`: when the case is expected to end, None where no line says how long work takes."""

    bars: tuple[Bar, ...]
    ends: int | None
    earned: Earned


def timeline(program: Program, view: View, now: int) -> Timeline:
    """Lays out a case as it stands at an instant."""
    opened = view.opened_at if view.opened_at is not None else now
    known = {plan.name: _known(program, view, plan) for plan in program.plans.values()}
    planned = schedule(program, opened)
    left = None if planned is None else schedule(program, opened, known, now)
    before = {} if planned is None else {each.element: each for each in planned.timed}
    after = {} if left is None else {each.element: each for each in left.timed}
    critical = set() if left is None else {name for name in left.path if known[name].ended is None}
    bars = []
    for plan in program.plans.values():
        fact, node = known[plan.name], view.nodes.get(plan.name)
        open_ = fact.ended is None and view.closed_at is None
        first, then = before.get(plan.name), after.get(plan.name)
        bars.append(
            Bar(
                plan.name,
                plan.element.title,
                sum(1 for _ in plan.levels()) - 1,
                node.state if node is not None else standing(program, view, plan, ()),
                None if first is None else (first.start, first.finish),
                fact.begun,
                fact.ended if node is not None or fact.begun is not None else None,
                None if then is None or not open_ else (then.start, then.finish),
                None if node is None else node.due,
                then.slack if then is not None and open_ else None,
                plan.name in critical and open_,
            )
        )
    ends = view.closed_at if view.closed_at is not None else None if left is None else left.ends
    return Timeline(tuple(bars), ends, _earned(program, bars, now))


def _known(program: Program, view: View, plan: Plan) -> Known:
    """Gives when an element began and ended so far; of a list all of its instances together."""
    nodes = [node for node in view.nodes.values() if node.element == plan.name]
    if not nodes:
        over = standing(program, view, plan, ()) in SETTLED
        return Known(None, view.opened_at if over else None)
    begun = min((at for node in nodes if (at := _begun(node)) is not None), default=None)
    if any(node.state not in SETTLED for node in nodes):
        return Known(begun, None)
    ended = max((node.ended_at for node in nodes if node.ended_at is not None), default=begun)
    return Known(begun, ended if ended is not None else view.opened_at)


def _begun(node: Node) -> int | None:
    return node.started_at if node.started_at is not None else node.ready_at


def _earned(program: Program, bars: list[Bar], now: int) -> Earned:
    """Adds up what was planned to be done by now, and what is done, by the time that it takes."""
    planned = earned = whole = Decimal(0)
    without = []
    for bar in bars:
        plan = program.plans[bar.element]
        if plan.kind not in ("activity", "approval") or plan.element.work is not None or bar.state in PASSED_OVER:
            continue
        takes = span(program, plan.element.takes)
        if takes is None or bar.planned is None:
            without.append(bar.element)
            continue
        start, finish = bar.planned
        hours = _hours(plan, takes, start, finish)
        whole += hours
        planned += _hours(plan, takes, start, min(max(now, start), finish))
        earned += hours if bar.state in ATTAINED else 0
    return Earned(planned, earned, whole, tuple(without))


def _hours(plan: Plan, takes: Any, start: int, finish: int) -> Decimal:
    """Counts the hours between two instants: those of the calendar where `takes` is said in them."""
    working = calendars.keeps_hours(takes)
    return Decimal(calendars.worked(plan.calendar, start, finish) if working else finish - start) / 3_600_000_000


def span_of(rows: Sequence[Bar], now: int) -> tuple[int, int]:
    """Gives the first and the last instant of a drawing."""
    instants = [now]
    for row in rows:
        instants += [at for at in (row.begun, row.ended, row.due) if at is not None]
        instants += [*(row.planned or ()), *(row.expected or ())]
    return min(instants), max(max(instants), min(instants) + 1)


def facts(of: Timeline) -> Mapping[str, Decimal | None]:
    """Names the figures of earned value as the PMBOK does, unknown ones included."""
    earned = of.earned
    return {
        "pv": earned.planned,
        "ev": earned.earned,
        "bac": earned.whole,
        "spi": earned.spi,
        "ac": None,
        "cpi": None,
        "eac": None,
    }

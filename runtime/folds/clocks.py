"""The fold of service-level clocks that run or are paused: a row each, so that the most urgent are read by index.

Holds what they are sorted by alone; how a clock stands is read from its case. A row follows from the state.
"""

from __future__ import annotations

from charter.engine import sla, values
from charter.engine.dated import prepared
from charter.engine.machines import UNDER_WAY
from charter.engine.sla import Service, Terms
from charter.engine.state import CaseState
from charter.runtime.folds.fold import NOTHING, Change, Fold, Row, Stride, difference
from charter.runtime.folds.shape import Shape

LAST = 10**18  # what is due at no instant comes after all that is

_KEY = 2  # case, clock


def _rows(shape: Shape, state: CaseState, service: Service | None) -> list[Row]:
    if service is None or state.status not in UNDER_WAY or service.clock.phase not in sla.COUNTING:
        return []
    rest = (LAST, _left(shape, state, service)) if service.due is None else (service.due, LAST)
    return [(state.case, service.key, shape.name, *rest)]


def _left(shape: Shape, state: CaseState, service: Service) -> int:
    """Gives what is left of the agreed time while a clock is paused."""
    if service.clock.phase != "paused":
        return LAST
    plan = prepared(shape.program.definition, state).slas[service.name]
    terms = Terms(plan.calendar, values.decode(service.target))
    agreed, gone = sla.agreed(service.clock, terms), sla.elapsed(service.clock, terms, LAST)
    return LAST if agreed is None or gone is None else agreed - gone


def _change(stride: Stride) -> Change:
    shape, before, after = stride.shape, stride.before, stride.after
    if before.clocks is after.clocks and before.status == after.status and before.days == after.days:
        return NOTHING
    gone: list[Row] = []
    come: list[Row] = []
    for key, service in after.clocks.items():
        turn = difference(_rows(shape, before, before.clocks.get(key)), _rows(shape, after, service), _KEY)
        gone += turn.gone
        come += turn.come
    return Change(gone, come)


CLOCKS = Fold("running_clocks", _change)

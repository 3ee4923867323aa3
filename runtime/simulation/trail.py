"""What a trail tells of how work goes: how often cases come, how long work takes, what is decided and handed over.

Lengths are working time on the calendar of the process. Work began when somebody said so (`begun`) before they
finished. Else it began once it was there and whoever did it had finished what they did before, in any process: one
thing at a time, as in a simulation. So a pause between two pieces of work counts as work. What a program or the world
outside does begins when it is asked for. Reads; changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct, field
from msgspec.json import Decoder
from sqlalchemy import Connection, func, select

from charter.engine.commands import SYSTEM
from charter.engine.definition import Definition
from charter.engine.keys import name_of, parse_key
from charter.engine.plan.facts import moment
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import prepare
from charter.engine.proof.hours import Hours
from charter.runtime.simulation.fit import FEWEST, Lengths, fitted
from charter.runtime.simulation.setting import Habits, Written
from charter.runtime.store import tables as t

_OPENING = ("opened", "reopened", "repeated", "restored", "retried")
_VOTES = ("voted", "granted", "rejected")
_KINDS = (*_OPENING, *_VOTES, "completed", "started", "begun", "released", "called", "answered", "skipped", "written")
_BY_CONDITION = "CH570"
MOST_WRITTEN = 400  # values of the same records: the latest


class Known(Struct):
    """What is known of one element. `lengths`: of its work; `noted`: of how many of them the beginning was noted.

    `opened` and `skipped`: how often its work came up, and how often its condition ruled it out.
    """

    process: str
    element: str
    lengths: list[float] = field(default_factory=list)
    noted: int = 0
    approved: int = 0
    rejected: int = 0
    opened: int = 0
    skipped: int = 0

    @property
    def law(self) -> Lengths | None:
        """The distribution of its lengths; None where too few were seen."""
        return fitted(self.lengths) if len(self.lengths) >= FEWEST else None

    @property
    def votes(self) -> int:
        return self.approved + self.rejected


class Seen(Struct, frozen=True):
    """What a trail tells of some processes. `cases`: how many were opened, `since` and `until` when."""

    cases: int
    since: int | None
    until: int | None
    elements: tuple[Known, ...]
    habits: Habits


class _Because(Struct):
    code: str = ""


class _Data(Struct):
    record: str = ""
    value: Any = None
    meaning: str | None = None
    stage: int | None = None
    because: _Because | None = None


class _Body(Struct):
    node: str | None = None
    element: str | None = None  # what earlier builds called `node`
    data: _Data = field(default_factory=_Data)


class _Work(Struct):
    """One node under way."""

    ready: int = 0
    begun: int | None = None
    called: int | None = None
    stages: dict[int, int] = field(default_factory=dict)


_bodies = Decoder(_Body)


def read(connection: Connection, definitions: Sequence[Definition]) -> Seen:
    """Reads what is known of how the cases of some processes went; the first is the one that cases arrive of."""
    return _Reader(definitions).read(connection)


class _Reader:
    def __init__(self, definitions: Sequence[Definition]) -> None:
        self.programs = {d.name: prepare(d) for d in definitions}
        self.main = definitions[0]
        self.known = {
            (d.name, element.name): Known(d.name, element.name) for d in definitions for element in d.elements
        }
        self.work: dict[tuple[str, str], _Work] = {}
        self.finished: dict[str, int] = {}
        self.started: list[int] = []
        self.written: dict[tuple[str, tuple[str, ...]], list[Written]] = {}
        self.handing: dict[tuple[str, str | None, int], dict[str, Any]] = {}

    def read(self, connection: Connection) -> Seen:
        hours: Hours | None = None
        e, c = t.entries.c, t.cases.c
        query = select(e.case, e.at, e.actor, e.kind, e.body, c.process, c.parent).select_from(
            t.entries.join(t.cases, c.id == e.case)
        )
        for case, at, actor, kind, body, process, parent in connection.execute(
            query.where(e.kind.in_(_KINDS), func.json_extract(c.state, "$.drill").is_(None)).order_by(e.position)
        ):
            hours = hours or Hours(self.main.calendar, at)
            if process in self.programs:
                if kind == "started":
                    if process == self.main.name and parent is None:
                        self.started.append(at)
                else:
                    self._entry(hours, process, case, at, actor, kind, _bodies.decode(body))
            if kind in ("completed", *_VOTES) and actor != SYSTEM.person:
                self.finished[actor] = at
        self._handed_over(None)
        return self._told(hours)

    def _entry(self, hours: Hours, process: str, case: str, at: int, actor: str, kind: str, body: _Body) -> None:
        key = body.node or body.element
        program = self.programs[process]
        if kind == "written":
            self._handed_over((case, key, at))
            names = self.handing.setdefault((case, key, at), {"": process})
            names[name_of(body.data.record)] = body.data.value
            return
        name = None if key is None else name_of(key)
        if key is None or name not in program.plans or program.plans[name].is_group(parse_key(key)[1]):
            return
        plan, known = program.plans[name], self.known[process, name]
        if kind == "skipped":
            known.skipped += body.data.because is not None and body.data.because.code == _BY_CONDITION
            return
        if kind in _OPENING:
            known.opened += kind == "opened"
            self.work[case, key] = _Work(at)
            return
        under_way = self.work.setdefault((case, key), _Work(at))
        if kind == "begun":
            under_way.begun = at
        elif kind == "released":
            under_way.begun = None
        elif kind == "called":
            under_way.called = at
        else:
            self._finished(hours, plan, known, under_way, at, actor, kind, body.data)

    def _finished(
        self,
        hours: Hours,
        plan: Plan,
        known: Known,
        under_way: _Work,
        at: int,
        actor: str,
        kind: str,
        data: _Data,
    ) -> None:
        work = plan.element.work
        begun: int | None = None
        if plan.kind == "approval" and kind in _VOTES and data.meaning is not None:
            known.approved += data.meaning == "approve"
            known.rejected += data.meaning == "reject"
            stage = data.stage or 1
            ready = under_way.stages.get(stage, max([under_way.ready, *under_way.stages.values()]))
            under_way.stages.setdefault(stage, ready)
            under_way.stages[stage + 1] = at
            begun = max(ready, self.finished.get(actor, 0))
        elif plan.kind == "activity" and kind == "completed" and work is None and actor != SYSTEM.person:
            if under_way.begun is not None and under_way.begun < at:
                begun = under_way.begun
                known.noted += 1
            else:
                begun = max(under_way.ready, self.finished.get(actor, 0))
        elif plan.kind == "activity" and kind == "completed" and work is not None and work.kind == "signal":
            begun = under_way.ready
        elif kind == "answered" and work is not None and work.kind == "call":
            begun = under_way.called
        if begun is not None:
            known.lengths.append(float(hours.until(at) - hours.until(begun)))

    def _handed_over(self, now: tuple[str, str | None, int] | None) -> None:
        """Keeps what came with one command, once another follows."""
        for what in [what for what in self.handing if what != now]:
            given = self.handing.pop(what)
            process = given.pop("")
            names = tuple(sorted(given))
            day = moment(what[2], self.programs[process].zone).date.number
            kept = self.written.setdefault((process, names), [])
            kept.append(Written(tuple(given.items()), day))
            if len(kept) > 2 * MOST_WRITTEN:
                del kept[:-MOST_WRITTEN]

    def _told(self, hours: Hours | None) -> Seen:
        known = tuple(one for one in self.known.values() if one.opened or one.lengths or one.skipped)
        arrivals = sorted(self.started)
        gaps: list[float] = []
        if hours is not None:
            came = [hours.until(at) for at in arrivals]
            gaps = [float(later - earlier) for earlier, later in pairwise(came)]
        habits = Habits(
            lengths={(one.process, one.element): law for one in known if (law := one.law) is not None},
            granted={(one.process, one.element): one.approved / one.votes for one in known if one.votes >= FEWEST},
            gaps=fitted(gaps) if len(gaps) >= FEWEST and sum(gaps) > 0 else None,
            written={key: tuple(kept[-MOST_WRITTEN:]) for key, kept in self.written.items()},
        )
        since, until = (arrivals[0], arrivals[-1]) if arrivals else (None, None)
        return Seen(len(arrivals), since, until, known, habits)

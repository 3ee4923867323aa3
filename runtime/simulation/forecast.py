"""What a simulation forecasts: means with intervals of 95 % by batch means, what is scarce, what a change would do.

The first of 21 equal parts of the cases is left out, because a simulation begins with nobody waiting; the others are
20 batches, whose means are nearly independent and give the interval (Law, Simulation Modeling and Analysis, 5th ed.,
9.5.3; Schmeiser, Batch Size Effects in the Analysis of Simulation Output, Operations Research 30, 1982: 10 to 30 are
enough). Where batches are too short for that, longer ones give wider intervals, and the widest counts. How many cases
a queue needs grows with the square of how busy it is (Whitt, Planning Queueing Simulations, Management Science 35,
1989: relative error e for 8 z^2 / (e (1 - load))^2 customers of M/M/1); a role with fewer is told. Roles, elements and
throughput are measured while cases arrive, in 20 equal spans of working time. Two simulations are compared batch by
batch.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import ceil, sqrt
from statistics import fmean, stdev
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from charter.engine import kpis, values
from charter.engine.definition import Kpi
from charter.engine.feel.temporal import DaysDuration, Zone
from charter.engine.machines import CLOSED, PASSED_OVER
from charter.engine.plan.facts import ELEMENT
from charter.engine.plan.program import prepare
from charter.engine.proof.hours import day
from charter.engine.state import CaseState, Node
from charter.runtime.simulation.setting import Job, Run

BATCHES = 20
_FEWEST = 10  # batches that say something; each of as many cases at least
_HOUR = 3_600_000_000
_NOTHING = 1 / 60  # working hours a case: less waiting holds nobody up
WANTED = 0.85  # of their time that people can be busy without long queues
_FEWEST_MEANS = 5
# Student's t for 95 %, by degrees of freedom from 4 to 19.
_T = (2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093)
_TRUSTED = 85.4  # over the square of how idle a role is: pieces of work from which on an interval of waits holds


class Estimate(Struct, frozen=True):
    """A mean with half the length of its interval, None where there is too little to tell; `batches`: their means."""

    mean: float
    half: float | None = None
    batches: tuple[float | None, ...] = ()

    def less(self, other: Estimate) -> Estimate:
        """Gives the difference from another, by the batches that both have."""
        pairs = zip(self.batches, other.batches, strict=False)
        found = [None if a is None or b is None else a - b for a, b in pairs]
        return Estimate(self.mean - other.mean, half(found), tuple(found))


class Measure(Struct, frozen=True):
    """One figure. `what`: process, role, element or kpi; `measure`: what is measured of it; `count`: over how many.

    `unit`: hours, working hours, share, people, cases a working day, or a KPI's own. `people`: of a role that has a
    limit, how many hold it. `group`: of a KPI, encoded.
    """

    what: str
    name: str
    measure: str
    estimate: Estimate
    unit: str
    count: int = 0
    people: int | None = None
    group: Any = None
    status: str | None = None


class Bottleneck(Struct, frozen=True):
    """What holds cases up most. `kind`: `overloaded` (more work comes to a role than its people can do), `people` (of a
    role, for whom cases wait longest), `turn` (an element that waits for its turn or for certain people) or `none`.

    `load`: what comes to the role, as a share of what its people can do; `enough`: how many would have a load below
    the `WANTED`. `waiting`: working hours a case, and the `share` of all waiting; `element`: where most of it is.
    """

    kind: str
    role: str | None = None
    element: str | None = None
    load: float = 0.0
    people: int = 0
    enough: int = 0
    waiting: float = 0.0
    share: float = 0.0


class Forecast(Struct, frozen=True):
    """All that is forecast. `ended` and `cancelled` count cases; the others stand still.

    `short`: the roles of which too little was seen to trust the intervals of waits, with the cases that would do.
    """

    run: Run
    measures: tuple[Measure, ...]
    ended: int
    cancelled: int
    bottleneck: Bottleneck
    short: Mapping[str, int]

    def find(self, what: str, name: str, measure: str) -> Measure | None:
        return next((m for m in self.measures if (m.what, m.name, m.measure) == (what, name, measure)), None)


def forecast(run: Run) -> Forecast:
    """Measures what came of a simulation."""
    main = [run.cases[case] for case in run.arrived]
    closed = [case for case in main if case.status in CLOSED]
    batches = list(_batches(main))
    found = [*_process(run, batches), *_roles(run), *_elements(run, batches), *_kpis(run, main, batches)]
    return Forecast(
        run=run,
        measures=tuple(found),
        ended=len(closed),
        cancelled=sum(case.status == "cancelled" for case in closed),
        bottleneck=_bottleneck(run),
        short=dict(_short(run)),
    )


def _batches(cases: Sequence[CaseState]) -> Iterator[Sequence[CaseState]]:
    """Parts cases into batches, the beginning left out; few cases are one batch."""
    size = len(cases) // (BATCHES + 1)
    if size < _FEWEST:
        yield cases
        return
    first = len(cases) - size * BATCHES
    yield from (cases[first + size * n : first + size * (n + 1)] for n in range(BATCHES))


def half(batches: Sequence[float | None]) -> float | None:
    """Gives half of an interval by the means of batches: the widest of those by all, by pairs and by fours of them."""
    found = [mean for mean in batches if mean is not None]
    if len(found) < _FEWEST:
        return None
    widths = []
    for size in (1, 2, 4):
        means = [fmean(found[at : at + size]) for at in range(0, len(found) - size + 1, size)]
        if len(means) >= _FEWEST_MEANS:
            widths.append(_T[len(means) - _FEWEST_MEANS] * stdev(means) / sqrt(len(means)))
    return max(widths)


def _estimate(batches: Iterable[Sequence[float]]) -> Estimate | None:
    """Gives the mean of all and its interval by the means of batches; None where there is nothing."""
    parts = list(batches)
    every = [value for part in parts for value in part]
    if not every:
        return None
    means = tuple(fmean(part) if part else None for part in parts)
    return Estimate(fmean(every), half(means), means)


def _lead(case: CaseState) -> list[float]:
    if case.opened_at is None or case.closed_at is None:
        return []
    return [(case.closed_at - case.opened_at) / _HOUR]


class _Spans:
    """Equal spans of working time while cases arrive, the beginning left out."""

    def __init__(self, run: Run) -> None:
        arrivals = sorted(run.hours.until(at) for at in run.arrived.values())
        size = len(arrivals) // (BATCHES + 1)
        few = size < _FEWEST
        self.start = 0 if few or not arrivals else arrivals[len(arrivals) - size * BATCHES]
        self.end = max(arrivals[-1], self.start + 1) if arrivals else 1
        count = 1 if few else BATCHES
        self.length = (self.end - self.start) / count
        self.bounds = [self.start + self.length * n for n in range(count + 1)]

    def parted(self, found: Iterable[tuple[int, float]]) -> list[list[float]]:
        """Parts values by when they are from."""
        parts: list[list[float]] = [[] for _ in self.bounds[1:]]
        for at, value in found:
            number = bisect_right(self.bounds, at) - 1
            if 0 <= number < len(parts):
                parts[number].append(value)
        return parts

    def shares(self, jobs: Iterable[Job], capacity: int) -> list[list[float]]:
        """Gives for each span how much of it so many people were at work."""
        worked = [0.0] * (len(self.bounds) - 1)
        for job in jobs:
            number = max(bisect_right(self.bounds, job.begun) - 1, 0)
            while number < len(worked) and self.bounds[number] < job.ended:
                within = min(job.ended, self.bounds[number + 1]) - max(job.begun, self.bounds[number])
                worked[number] += max(within, 0.0)
                number += 1
        return [[work / self.length / capacity] for work in worked]


def _measures(
    what: str, name: str, rows: Iterable[tuple[str, Estimate | None, str, int]], **more: Any
) -> Iterator[Measure]:
    for measure, estimate, unit, count in rows:
        if estimate is not None:
            yield Measure(what, name, measure, estimate, unit, count, **more)


def _process(run: Run, batches: Sequence[Sequence[CaseState]]) -> Iterator[Measure]:
    definition = run.setting.definition
    spans = _Spans(run)
    ends = [
        (run.hours.until(case.closed_at), 1.0)
        for case in run.cases.values()
        if case.closed_at and case.case in run.arrived and case.status in CLOSED
    ]
    days = spans.length / day(definition.calendar)
    through = _estimate([len(part) / days] for part in spans.parted(ends))
    waited: dict[str, float] = dict.fromkeys(run.arrived, 0.0)
    for job in run.jobs:
        if job.case in waited:
            waited[job.case] += (job.begun - job.ready) / _HOUR
    cases = sum(map(len, batches))
    leads = sorted(lead for batch in batches for case in batch for lead in _lead(case))
    parts = [Estimate(leads[len(leads) * part // 100]) if leads else None for part in (50, 95)]
    rows = [
        ("throughput", through, "cases a working day", len(ends)),
        ("lead_time", _estimate([lead for case in batch for lead in _lead(case)] for batch in batches), "hours", cases),
        ("lead_time_50", parts[0], "hours", cases),
        ("lead_time_95", parts[1], "hours", cases),
        ("waiting", _estimate([waited[case.case] for case in batch] for batch in batches), "working hours", cases),
    ]
    if any(True for batch in batches for case in batch for _ in case.dated()):
        zone = prepare(definition).zone
        late = _estimate([float(any(_missed(n, zone) for n in case.dated())) for case in batch] for batch in batches)
        rows.append(("late", late, "share", cases))
    yield from _measures("process", definition.name, rows)


def _loads(run: Run) -> dict[str, float]:
    """Gives how much work comes to each role with a limit while cases arrive, as a share of what its people can do."""
    spans = _Spans(run)
    come = dict.fromkeys(run.counts, 0.0)
    for job in run.jobs:
        if job.role in come and spans.start <= job.ready <= spans.end:
            come[job.role] += job.ended - job.begun
    return {role: work / (spans.end - spans.start) / run.counts[role] for role, work in come.items()}


def _bottleneck(run: Run) -> Bottleneck:
    """Finds what holds cases up most, and says why it is that."""
    loads = _loads(run)
    heaviest = max(loads, key=lambda role: loads[role], default=None)
    waits: Counter[tuple[str | None, str]] = Counter()
    for job in run.jobs:
        waits[job.role if job.role in loads else None, job.element] += job.begun - job.ready
    by_role = Counter[str | None]()
    for (role, _), wait in waits.items():
        by_role[role] += wait
    every = sum(waits.values())
    role = (
        heaviest
        if heaviest is not None and loads[heaviest] > 1
        else max(by_role, key=lambda r: by_role[r], default=None)
    )
    waited = by_role[role] / _HOUR / max(len(run.arrived), 1)
    element = max((pair for pair in waits if pair[0] == role), key=lambda pair: waits[pair], default=(None, None))[1]
    share = by_role[role] / every if every else 0.0
    if role is None:
        return Bottleneck("turn" if waited >= _NOTHING else "none", element=element, waiting=waited, share=share)
    kind = "overloaded" if loads[role] > 1 else "people" if waited >= _NOTHING else "none"
    people = run.counts[role]
    enough = max(ceil(loads[role] * people / WANTED), 1)
    return Bottleneck(kind, role, element, loads[role], people, enough, waited, share)


def _short(run: Run) -> Iterator[tuple[str, int]]:
    """Yields the roles that are too busy for so few cases, with how many would do."""
    counts = Counter(job.role for job in run.jobs)
    for role, load in _loads(run).items():
        if load < 1 and counts[role] and (wanted := _TRUSTED / (1 - load) ** 2) > counts[role]:
            yield role, int(float(f"{wanted / counts[role] * len(run.arrived):.2g}"))


def _roles(run: Run) -> Iterator[Measure]:
    spans = _Spans(run)
    by_role: dict[str, list[Job]] = {role: [] for role in run.counts}
    for job in run.jobs:
        if job.role:
            by_role.setdefault(job.role, []).append(job)
    for role, jobs in by_role.items():
        people = run.counts.get(role)
        waits = [(job.ready, (job.begun - job.ready) / _HOUR) for job in jobs]
        rows = [
            ("busy", _estimate(spans.shares(jobs, people or 1)), "people" if people is None else "share", len(jobs)),
            ("waiting", _estimate(spans.parted(waits)), "working hours", len(jobs)),
        ]
        yield from _measures("role", role, rows, people=people)


def _missed(node: Node, zone: Zone) -> bool | None:
    """Says whether work was late; None where nobody can say yet, or nobody needs to."""
    kept = ELEMENT["on_time"].read(node, zone)
    return None if kept is None or (kept and node.state in PASSED_OVER) else not kept


def _elements(run: Run, batches: Sequence[Sequence[CaseState]]) -> Iterator[Measure]:
    spans = _Spans(run)
    names = [element.name for d in run.setting.definitions for element in d.elements]
    by_element: dict[str, list[Job]] = {}
    for job in run.jobs:
        by_element.setdefault(job.element, []).append(job)
    zone = prepare(run.setting.definition).zone

    def late(case: CaseState, name: str) -> Iterator[float]:
        found = (_missed(node, zone) for node in case.dated() if node.element == name)
        yield from (float(missed) for missed in found if missed is not None)

    dated = {node.element for batch in batches for case in batch for node in case.dated()}
    for name in dict.fromkeys(names):
        jobs = by_element.get(name, [])
        waits = [(job.ready, (job.begun - job.ready) / _HOUR) for job in jobs]
        works = [(job.ready, (job.ended - job.begun) / _HOUR) for job in jobs]
        rows = [
            ("waiting", _estimate(spans.parted(waits)), "working hours", len(jobs)),
            ("work", _estimate(spans.parted(works)), "working hours", len(jobs)),
        ]
        if name in dated:
            lates = [[share for case in batch for share in late(case, name)] for batch in batches]
            rows.append(("late", _estimate(lates), "share", sum(map(len, lates))))
        yield from _measures("element", name, rows)


def _kpis(run: Run, main: Sequence[CaseState], batches: Sequence[Sequence[CaseState]]) -> Iterator[Measure]:
    """Measures the KPIs over all cases and over each batch; a window (`over`) would look at the end alone."""
    definition = run.setting.definition
    every = main[len(main) - sum(map(len, batches)) :]
    for declared in definition.kpis:
        kpi = replace(declared, over=None)

        def figures(cases: Sequence[CaseState], kpi: Kpi = kpi) -> dict[str, tuple[float, kpis.Figure]]:
            found = kpis.measure(kpi, definition, cases, run.end)
            return {repr(f.group): (n, f) for f in found for n in _number(f.value)}

        parts = [figures(batch) for batch in batches] if len(batches) > 1 else []
        for group, (value, figure) in figures(every).items():
            means = tuple(part[group][0] if group in part else None for part in parts)
            unit = declared.unit or ("hours" if isinstance(values.decode(figure.value), DaysDuration) else "")
            estimate = Estimate(value, half(means), means)
            yield Measure(
                "kpi", kpi.name, "value", estimate, unit, figure.cases, group=figure.group, status=figure.status
            )


def _number(value: Any) -> list[float]:
    """Gives a figure as a number, a length of time in hours; nothing where it is none."""
    found = None if value is None else values.decode(value)
    if isinstance(found, DaysDuration):
        return [found.nanoseconds / 1000 / _HOUR]
    try:
        return [] if found is None or isinstance(found, bool) else [float(found)]
    except (TypeError, ValueError):
        return []


def compare(before: Forecast, after: Forecast) -> Iterator[tuple[Measure, Measure, Estimate]]:
    """Yields what both forecast, with the difference that the change makes."""
    for old in before.measures:
        key: Callable[[Measure], Any] = lambda m: (m.what, m.name, m.measure, repr(m.group))  # noqa: E731
        new = next((m for m in after.measures if key(m) == key(old)), None)
        if new is not None:
            yield old, new, new.estimate.less(old.estimate)

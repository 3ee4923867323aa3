"""How fast a simulation is, and how right: against simpy on the same queues, and against Erlang's formula.

- speed: 10,000 cases of the shipped leave request with three managers and three of hr, and simpy with the same
  arrivals, lengths of work and queues in a row, in turn; both in processor time. simpy moves numbers through queues
  and nothing else; Charter runs every case by its engine.
- truth: mean waits in the queue M/M/c. 20,000 cases by the engine are held against the recursion of Kiefer and
  Wolfowitz, case by case; the recursion then goes on for many runs with different seeds, and is held against Erlang. Of
  each run the first twenty-first is left out and the rest is 20 batches. Their mean is corrected by control variates:
  the lengths of work and the gaps between arrivals, whose true means are known (Law, Simulation Modeling and Analysis,
  5th ed., 11.4).
- intervals: how many intervals of 95 % hold the truth.
- change: how much narrower the interval of a difference is by common random numbers than by independent runs.

    python -m benchmarks.simulate [--cases N] [--rounds N] [--runs N]
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterator, Mapping, Sequence
from heapq import heapreplace
from itertools import pairwise
from math import factorial, sqrt
from pathlib import Path
from random import Random
from statistics import fmean, stdev
from time import process_time
from typing import Any

from charter.dsl.passes import compile
from charter.engine.definition import Definition
from charter.engine.proof.chances import Chances
from charter.runtime.simulation.crew import staffed
from charter.runtime.simulation.forecast import BATCHES, forecast, half
from charter.runtime.simulation.loop import simulate
from charter.runtime.simulation.setting import Job, Run, Setting

from .figures import ratio, say

HOUR = 3_600_000_000
DESK = """process desk
  owner clerk
  role clerk
  activity serve
    role clerk
    takes 1 working hour
"""
LEAVE = Path(__file__).parents[1] / "processes/examples/leave_request.charter"
QUEUES = ((1, 0.5), (1, 0.7), (2, 1.2), (3, 2.4))  # servers, and hours of work that come in an hour


def definitions(text: bytes) -> tuple[Definition, ...]:
    return tuple(compile("p.charter", text).definitions)


def setting(text: bytes, cases: int, gap: float, staff: Mapping[str, int], seed: int = 1) -> Setting:
    known = definitions(text)
    return Setting(known[0], known, cases, gap, seed, staffed(known, staff))


# -- speed


def in_simpy(run: Run) -> list[tuple[int, int]]:
    """Lets simpy move the same cases through the same queues; gives each job's case and wait."""
    import simpy

    environment = simpy.Environment()
    desks = {role: simpy.Resource(environment, count) for role, count in run.counts.items()}
    by_case: dict[str, list[Job]] = {}
    for job in sorted(run.jobs, key=lambda job: job.number):
        by_case.setdefault(job.case, []).append(job)
    waited: list[tuple[int, int]] = []

    def case(number: int, jobs: Sequence[Job]) -> Iterator[Any]:
        yield environment.timeout(jobs[0].ready)
        for job in jobs:
            came = environment.now
            desk = desks.get(job.role)
            if desk is None:
                yield environment.timeout(job.ended - job.begun)
                continue
            with desk.request() as turn:
                yield turn
                waited.append((number, environment.now - came))
                yield environment.timeout(job.ended - job.begun)

    for number, jobs in enumerate(by_case.values()):
        environment.process(case(number, jobs))
    environment.run()
    return waited


def speed(cases: int, rounds: int) -> None:
    asked = setting(LEAVE.read_bytes(), cases, 8 / 20 * HOUR, {"manager": 3, "hr": 3})
    run = simulate(asked)
    waits = sum(wait for _, wait in in_simpy(run))
    own = sum(job.begun - job.ready for job in run.jobs)
    works = {"charter": lambda: simulate(asked), "simpy": lambda: in_simpy(run)}
    found: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name in sorted(works, reverse=bool(number % 2)):
            gc.collect()
            begun = process_time()
            works[name]()
            found[name].append(process_time() - begun)
    say(f"{cases:,} cases of the leave request", found["charter"], "s", most=30)
    say("the same, simpy, queues alone", found["simpy"], "s")
    say("Charter / simpy", ratio(found["charter"], found["simpy"]))
    say(
        "a command, judged by the engine",
        [s / sum(c.commands for c in run.cases.values()) * 1e6 for s in found["charter"]],
        "µs",
    )
    print(f"      waits in all: Charter {own / HOUR:,.2f} h, simpy {waits / HOUR:,.2f} h", flush=True)


# -- truth


def erlang_c(servers: int, load: float) -> float:
    """Gives the mean wait in service times (Gross et al., Fundamentals of Queueing Theory, 2.3)."""
    last = load**servers / factorial(servers) * servers / (servers - load)
    return last / (sum(load**k / factorial(k) for k in range(servers)) + last) / (servers - load)


def queue(servers: int, load: float, seed: int, cases: int) -> Iterator[tuple[int, int, int]]:
    """Yields arrival, length of work and wait of each case of a queue with one line (Kiefer and Wolfowitz).

    The draws are those of a simulation, in microseconds.
    """
    chances = Chances(seed)
    free = [0] * servers
    after = 0.0
    for number in range(1, cases + 1):
        after += chances.length(HOUR / load, "arrival", number)
        came = round(after)
        work = max(round(chances.length(HOUR, "length", f"desk#{number}", "serve", (1, 0, 0), 0)), 1)
        begun = max(came, free[0])
        heapreplace(free, begun + work)
        yield came, work, begun - came


def batches(rows: Sequence[tuple[int, int, int]]) -> Iterator[tuple[float, float, float]]:
    """Yields of each batch the mean wait, length of work and gap between arrivals, in hours."""
    size = len(rows) // (BATCHES + 1)
    first = len(rows) - size * BATCHES
    for n in range(BATCHES):
        part = rows[first + n * size : first + (n + 1) * size]
        gaps = [later[0] - earlier[0] for earlier, later in pairwise(part)]
        yield fmean(row[2] for row in part) / HOUR, fmean(row[1] for row in part) / HOUR, fmean(gaps) / HOUR


def corrected(found: Sequence[tuple[float, float, float]], gap: float) -> tuple[float, float]:
    """Gives the mean wait and half its interval of 95 %, by regression on what is known: work of 1 h, gaps of `gap`."""
    rows = [(work - 1, between - gap) for _, work, between in found]
    waits = [wait for wait, _, _ in found]
    count = len(found)
    means = [fmean(column) for column in zip(*rows, strict=True)]
    centred = [[value - mean for value, mean in zip(row, means, strict=True)] for row in rows]
    middle = fmean(waits)
    a, b, c = (sum(x[i] * x[j] for x in centred) for i, j in ((0, 0), (0, 1), (1, 1)))
    p, q = (sum(x[i] * (wait - middle) for x, wait in zip(centred, waits, strict=True)) for i in (0, 1))
    determinant = a * c - b * b
    slopes = ((p * c - q * b) / determinant, (q * a - p * b) / determinant)
    left = [
        wait - middle - sum(slope * value for slope, value in zip(slopes, row, strict=True))
        for wait, row in zip(waits, centred, strict=True)
    ]
    scatter = sum(value * value for value in left) / (count - 3)
    x, y = means
    spread = scatter * (1 / count + (x * x * c - 2 * x * y * b + y * y * a) / determinant)
    return middle - slopes[0] * x - slopes[1] * y, 1.96 * sqrt(spread)


def truth(runs: int, cases: int) -> None:
    for servers, load in QUEUES:
        run = simulate(setting(DESK.encode(), cases, HOUR / load, {"clerk": servers}))
        jobs = sorted(run.jobs, key=lambda job: job.ready)
        same = [(j.ready, j.ended - j.begun, j.begun - j.ready) for j in jobs] == list(queue(servers, load, 1, cases))
        found = [row for seed in range(1, runs + 1) for row in batches(list(queue(servers, load, seed, cases)))]
        true = erlang_c(servers, load)
        plain, half_plain = fmean(r[0] for r in found), 1.96 * stdev(r[0] for r in found) / sqrt(len(found))
        mean, width = corrected(found, 1 / load)
        said = "PASS" if same and abs(mean / true - 1) <= 0.03 else "SHORT"
        print(
            f"{said:6}M/M/{servers}, {load / servers:.0%} busy: wait / Erlang C "
            f"{mean / true:.4f} ± {width / true:.4f}, plain {plain / true:.4f} ± {half_plain / true:.4f}   "
            f"goal: within 3 %   ({runs} runs of {cases:,} cases; the engine's {cases:,} "
            f"{'are the same to the microsecond' if same else 'DIFFER'})",
            flush=True,
        )


# -- change


def change(cases: int) -> None:
    """Compares one more person by the same chances, and by others."""

    def waits(count: int, seed: int) -> Any:
        run = simulate(setting(LEAVE.read_bytes(), cases, 8 / 20 * HOUR, {"manager": count, "hr": 3}, seed))
        measure = forecast(run).find("process", "leave_request", "lead_time")
        assert measure is not None
        return measure.estimate

    rounds = []
    for seed in range(1, 6):
        before, after, other = waits(3, seed), waits(4, seed), waits(4, seed + 100)
        alike, apart = after.less(before).half, other.less(before).half
        if alike and apart:
            rounds.append(apart / alike)
    say("interval of a change, independent / same chances", rounds)


# -- intervals


def coverage(runs: int) -> None:
    """Counts how many intervals of waits hold the true mean, by Lindley's recursion and as forecasts make them."""
    for cases, load in ((1_000, 0.5), (1_000, 0.8), (10_000, 0.5), (10_000, 0.8), (10_000, 0.9)):
        held = 0
        for seed in range(runs):
            draw, wait, waits = Random(seed), 0.0, []
            for _ in range(cases):
                waits.append(wait)
                wait = max(0.0, wait + draw.expovariate(1) - draw.expovariate(load))
            size = cases // (BATCHES + 1)
            first = cases - size * BATCHES
            means = [fmean(waits[first + n * size : first + (n + 1) * size]) for n in range(BATCHES)]
            width = half(means)
            held += width is not None and abs(fmean(waits[first:]) - load / (1 - load)) <= width
        short = " (the report calls these too few)" if 85.4 / (1 - load) ** 2 > cases else ""
        print(
            f"      intervals that hold: {held / runs:.1%} of {runs}, {cases:,} cases, {load:.0%} busy{short}",
            flush=True,
        )


def main() -> None:
    options = argparse.ArgumentParser(description="simulations: how fast, and how right")
    options.add_argument("--cases", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--runs", type=int, default=40)
    given = options.parse_args()
    try:
        import simpy  # noqa: F401
    except ModuleNotFoundError:
        sys.exit("simpy is missing: pip install -e '.[dev]'")
    speed(given.cases, given.rounds)
    coverage(400)
    truth(given.runs, 20_000)
    change(2_000)


if __name__ == "__main__":
    main()

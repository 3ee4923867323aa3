"""Service-level clocks as people look at them: what is left of each, the most urgent first.

A clock is read by the definition and the public days of its case; nothing of it is kept beside the case. Times are
microseconds (in JSON as RFC 3339, lengths in seconds).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec import Struct

from charter.engine.dated import dated
from charter.engine.definition import Definition
from charter.engine.keys import parse_key
from charter.engine.plan.clocks import about, read
from charter.engine.plan.plans import ClockPlan
from charter.engine.plan.program import Program, prepare
from charter.engine.sla import Service
from charter.engine.state import CaseState
from charter.runtime.clock import iso
from charter.runtime.folds.clocks import LAST


def _seconds(length: int | None) -> float | None:
    return None if length is None else length / 1_000_000


class Standing(Struct, frozen=True):
    """How a clock stands. `about`: the elements whose work it is about; `left`: what is left of the agreed time;
    `role`: the one whose time it counts, if it does.
    """

    case: str
    number: int | None
    process: str
    clock: str
    title: str
    state: str
    running: bool
    cycle: int
    elapsed: int | None
    agreed: int | None
    left: int | None
    due: int | None
    verdict: str | None
    about: tuple[str, ...] = ()
    role: str | None = None

    @property
    def urgency(self) -> tuple[int, int, str]:
        """Where it stands in the order: by when its time is used up, then by what is left while it is paused."""
        spare = self.left if self.due is None and not self.running else None
        return (LAST if self.due is None else self.due, LAST if spare is None else spare, self.clock)

    def to_json(self) -> dict[str, Any]:
        return {
            "case": self.case,
            "number": self.number,
            "process": self.process,
            "clock": self.clock,
            "title": self.title,
            "state": self.state,
            "running": self.running,
            "cycle": self.cycle,
            "elapsed_seconds": _seconds(self.elapsed),
            "agreed_seconds": _seconds(self.agreed),
            "remaining_seconds": _seconds(self.left),
            "due": iso(self.due),
            "verdict": self.verdict,
            "about": list(self.about),
            "role": self.role,
        }


class Rest(NamedTuple):
    """What a clock is read from, without the elements and records of its case."""

    status: str
    clocks: Mapping[str, Service]


def of_case(definition: Definition, state: CaseState, number: int | None, now: int) -> list[Standing]:
    """Gives the clocks of a case, the most urgent first; those that have not started, too."""
    program = prepare(dated(definition, state.days))
    found = []
    for plan in program.slas.values():
        keys = [key for key in state.clocks if parse_key(key).name == plan.sla.name]
        keys = keys or ([plan.sla.name] if not plan.loops else [])
        found += [standing(program, plan, key, state.case, number, state, now) for key in keys]
    return sorted(found, key=lambda each: each.urgency)


def standing(
    program: Program, plan: ClockPlan, key: str, case: str, number: int | None, view: Any, now: int
) -> Standing:
    seen = read(view, plan, key, now, program.zone)
    said = seen.reading
    return Standing(
        case,
        number,
        program.definition.name,
        key,
        plan.sla.title,
        said.state,
        seen.clock.phase == "running",
        seen.clock.cycle,
        said.elapsed,
        said.agreed,
        said.remaining,
        said.due,
        said.verdict,
        tuple(each.name for each in about(program, plan)),
        plan.sla.group,
    )


def pressing(found: list[Standing], case: str, node: str) -> Standing | None:
    """Gives the most urgent clock that is about a piece of work of a case; inside a `for each`, about this instance."""
    element, path = parse_key(node)
    return next(
        (
            each
            for each in found
            if each.case == case and element in each.about and path[: len(at := parse_key(each.clock)[1])] == at
        ),
        None,
    )

"""Why something of a process is unknown: what was not examined, by the names that its author knows.

Each reason has its own mend, which is for whoever tells it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from msgspec import Struct

from charter.engine.keys import name_of
from charter.engine.plan.program import Program
from charter.engine.proof.explore import Graph

Why = Literal[
    "time",
    "start",
    "barren",
    "present",
    "currency",
    "register",
    "link",
    "clock",
    "ledger",
    "facts",
    "calculated",
    "many",
    "unplayed",
    "outside",
]


class Doubt(Struct, frozen=True):
    """`time`: there was not enough; `start`: no case can begin; `barren`: no value was found that would be taken;
    `present`: elements whose conditions ask what time it is; `currency`: parameters that may have one of several;
    `register`, `link`, `clock`, `ledger`: what conditions ask of these; `facts`: who did something, or when;
    `calculated`: what conditions calculate with; `many`: records with more values than are tried; `unplayed`: elements
    for which something was found that no scenario shows; `outside`: what of linked cases and registers that hangs on.
    """

    why: Why
    names: tuple[str, ...] = ()


def doubts(program: Program, graph: Graph) -> Iterator[Doubt]:
    """Yields what was left out of an exploration, or stood in its way."""
    if graph.cut:
        yield Doubt("time")
    if not graph.states and not graph.cut:
        yield Doubt("start", program.definition.inputs)
    barren = dict.fromkeys(name_of(key) for _, key in sorted(graph.barren))
    if barren:
        yield Doubt("barren", tuple(barren))
    if graph.timed:
        yield Doubt("present", tuple(sorted(graph.timed)))
    left: dict[Why, list[str]] = {}
    for name in graph.inexact:
        why = _why(program, name, graph.many)
        if why is not None and name not in graph.timed:
            left.setdefault(why, []).append(name)
    yield from (Doubt(why, tuple(names)) for why, names in left.items())


def _why(program: Program, name: str, many: Iterable[str]) -> Why | None:
    root, dot, _ = name.partition(".")
    known_by: Mapping[str, Mapping[str, object]] = {
        "register": program.registers,
        "link": program.links,
        "clock": program.slas,
        "ledger": program.ledgers,
    }
    for why, known in known_by.items():
        if root in known:
            return why  # type: ignore[return-value]
    if root in program.plans or root == "case":
        return "facts"
    if name in program.types or root in program.definition.inputs or root in program.producers:
        return "many" if name in many else "calculated"
    return None if not dot else "facts"

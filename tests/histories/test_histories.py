"""Golden trails: what the engine records when a story is played, line by line.

A difference here is a change of what an auditor reads; read the diff before regenerating.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.written import process

from charter.engine import commands as c
from charter.runtime.host.memory import World

MONDAY = 1_772_442_000_000_000
LI = c.Actor("li", ("maker",))
WU = c.Actor("wu", ("checker",))
HERE = Path(__file__).parent


def told(world: World, case: str) -> str:
    """A trail as text: one line a record, indented under its cause."""
    lines = []
    depth: dict[int, int] = {}
    index = 0
    for record in world.entries(case):
        index = 0 if record.cause is None else index + 1
        depth[index] = 0 if record.cause is None else depth[record.cause] + 1
        moved = f" {record.before} -> {record.after}" if record.after is not None else ""
        because = getattr(getattr(record.told, "because", None), "code", "") or (
            f'"{record.reason}"' if record.reason else ""
        )
        codes = " ".join(reason.code for reason in getattr(record.told, "reasons", ()))
        extra = " ".join(x for x in (because, codes) if x)
        place = record.node or "case"
        lines.append(f"{'  ' * depth[index]}{record.actor} {record.kind} {place}{moved} {extra}".rstrip())
    return "\n".join(lines) + "\n"


def test_a_plan_returned_amended_and_withdrawn(golden: Callable[[Path, str], None]) -> None:
    world = World([process(HERE / "project.charter")], MONDAY)
    case, _ = world.start("project", LI)

    def complete(node: str, record: str, value: object) -> None:
        world.perform(case, c.Complete(actor=LI, at=world.clock, node=node, records=((record, value),)))

    complete("plan_it", "plan", {"tasks": ["dig", "build"]})
    world.perform(case, c.Approve(actor=LI, at=world.clock, node="plan_ok"))
    world.perform(case, c.Reject(actor=WU, at=world.clock, node="plan_ok", reason="no roof"))
    complete("plan_it", "plan", {"tasks": ["dig", "build", "roof"]})
    world.advance(MONDAY + 4 * 86_400_000_000)
    world.perform(case, c.Approve(actor=WU, at=world.clock, node="plan_ok"))
    for i in (1, 2, 3):
        complete(f"do_task[{i}]", "piece", f"piece {i}")
    world.perform(case, c.Withdraw(actor=LI, at=world.clock, node="do_task[3]"))
    complete("do_task[3]", "piece", "piece 3")
    complete("sum_up", "report", "all done")
    world.perform(
        case, c.Amend(actor=LI, at=world.clock, record="plan", value={"tasks": ["dig", "roof"]}, reason="cheaper")
    )
    world.perform(case, c.Approve(actor=WU, at=world.clock, node="plan_ok"))
    complete("do_task[1]", "piece", "piece 1")
    complete("do_task[3]", "piece", "piece 3, better")
    complete("sum_up", "report", "all done again")
    golden(HERE / "golden" / "project.txt", told(world, case))

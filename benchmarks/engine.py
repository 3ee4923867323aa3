"""What the pure engine costs: against SpiffWorkflow, against the bare lifecycle moves, and as a case grows.

`python -m benchmarks.engine`. One case of ten steps: twelve commands with their audit entries on our side, the same
tasks without any trail on SpiffWorkflow's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import perf_counter

from charter.dsl.passes import compile
from charter.engine import commands as c
from charter.engine.definition import Definition
from charter.engine.machines import Token, machine
from charter.engine.state import NEW, CaseState
from charter.engine.step.transition import step

from .figures import race, ratio, say
from .ten_steps import PEOPLE, STORY, bpmn, ten_steps

AT = 1_780_000_000_000_000
ACTORS = {person: c.Actor(person, (role,)) for person, role in PEOPLE.items()}
LI, WU = ACTORS["li"], ACTORS["wu"]
LIST = """
process list
  role clerk
  activity job for each v in [] open
    role   clerk
    within 2 hours
"""


def story() -> list[c.Command]:
    """Gives the commands of one case."""
    told: list[c.Command] = [c.Start(actor=LI, at=AT, case="c")]
    for verb, node, person, arguments in STORY:
        more = {key: tuple(value.items()) if key == "records" else value for key, value in arguments.items()}
        told.append(c.COMMANDS[verb](actor=ACTORS[person], at=AT, node=node, **more))  # type: ignore[call-arg]
    return told


def written(text: str) -> Definition:
    """Gives the process of a text."""
    return compile("benchmark.charter", text).definitions[0]


def run_charter(definition: Definition, commands: list[c.Command]) -> CaseState:
    state = NEW
    for command in commands:
        state = step(definition, state, command).state
    return state


def count_moves(definition: Definition, commands: list[c.Command]) -> tuple[int, int]:
    """Gives how many lifecycle moves a story makes, and how many audit entries."""
    state, moves, records = NEW, 0, 0
    for command in commands:
        result = step(definition, state, command)
        state = result.state
        moves += sum(r.after is not None and (r.before != r.after or r.kind == "voted") for r in result.entries)
        records += len(result.entries)
    return moves, records


def bare_moves(count: int) -> None:
    event = machine("activity").events["open"]
    for _ in range(count):
        event.trigger(Token("planned"))


def spiff() -> Callable[[], None]:
    """Gives a function that plays the story once with SpiffWorkflow, in memory, without any trail."""
    from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
    from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
    from SpiffWorkflow.util.task import TaskState

    logging.disable(logging.CRITICAL)
    parser = BpmnParser()
    parser.add_bpmn_str(bpmn().encode())
    spec = parser.get_spec("ten")
    answers = [False, True]

    def play() -> None:
        workflow = BpmnWorkflow(spec)
        asked = 0
        workflow.do_engine_steps()
        while not workflow.is_completed():
            task = workflow.get_next_task(state=TaskState.READY, manual=True)
            name = task.task_spec.name
            if name == "a1":
                task.data["amount"] = 500
            elif name == "ok":
                task.data["approved"] = answers[asked]
                asked += 1
            task.run()
            workflow.do_engine_steps()
        assert asked == 2

    return play


def loop_case(count: int) -> float:
    """Gives seconds a command for one long case of rework: complete, reject, complete, ..."""
    definition = ten_steps()
    state = NEW
    for command in story()[:5]:
        state = step(definition, state, command).state
    start = perf_counter()
    for i in range(count // 2):
        state = step(definition, state, c.Reject(actor=WU, at=AT, node="ok", reason="again")).state
        records = (("offer", {"amount": i % 7}),)
        state = step(definition, state, c.Complete(actor=LI, at=AT, node="a4", records=records)).state
    assert state.commands == 5 + count
    return (perf_counter() - start) / count


def list_case(count: int) -> float:
    """Gives seconds a command for one case whose open list gets item after item, each of them worked on."""
    definition = written(LIST)
    state = step(definition, NEW, c.Start(actor=LI, at=AT, case="c")).state
    start = perf_counter()
    for i in range(1, count // 2 + 1):
        state = step(definition, state, c.Add(actor=LI, at=AT, node="job", item=i)).state
        state = step(definition, state, c.Complete(actor=LI, at=AT, node=f"job[{i}]")).state
    assert state.nodes["job"].size == count // 2
    return (perf_counter() - start) / count


def wide_case(elements: int) -> float:
    """Gives seconds a command in a process of so many elements, all of them open."""
    rows = (f"  activity e{i}\n    role clerk\n" for i in range(elements))
    definition = written("process wide\n  role clerk\n" + "".join(rows))
    state = step(definition, NEW, c.Start(actor=LI, at=AT, case="c")).state
    start = perf_counter()
    for i in range(100):
        state = step(definition, state, c.Complete(actor=LI, at=AT, node=f"e{i}")).state
    assert state.pending == elements - 100
    return (perf_counter() - start) / 100


def main() -> None:
    definition, commands = ten_steps(), story()
    assert run_charter(definition, commands).status == "completed"
    moves, records = count_moves(definition, commands)
    found = race(
        {
            "charter": (lambda: run_charter(definition, commands), 150),
            "moves": (lambda: bare_moves(moves), 150),
            "spiff": (spiff(), 20),
        }
    )
    for name, title in (
        ("charter", f"Charter: {len(commands)} commands, {records} entries"),
        ("spiff", "SpiffWorkflow: the same case"),
        ("moves", f"transitions: {moves} bare moves"),
    ):
        say(title, [seconds * 1e6 for seconds in found[name]], "us")
    say("SpiffWorkflow / Charter", ratio(found["spiff"], found["charter"]), least=5)
    say("Charter / bare moves", ratio(found["charter"], found["moves"]), most=6)
    for title, case in (("one loop of rework", loop_case), ("an open list", list_case)):
        short, long = ([case(count) * 1e6 for _ in range(3)] for count in (500, 5000))
        say(f"{title}, a command of 5,000", long, "us")
        # Every command costs the same; what a half more leaves room for is memory and the collector.
        say(f"{title}, of 5,000 / of 500", ratio(long, short), most=1.5)
    few, many = ([wide_case(elements) * 1e6 for _ in range(3)] for elements in (200, 2000))
    say("2,000 elements open at once, a command", many, "us")
    say("2,000 elements / 200 elements", ratio(many, few))


if __name__ == "__main__":
    main()

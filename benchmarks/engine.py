"""What the pure engine costs: against SpiffWorkflow, against the bare lifecycle moves, and as a case grows.

`python -m benchmarks.engine`. The story is one case of ten steps: an approval that rejects once, a round of rework, a
branch; twelve commands with their audit records on our side, the same tasks without any record on SpiffWorkflow's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any

from charter.engine import commands as c
from charter.engine.definition import (
    After,
    Agreement,
    Consequence,
    Definition,
    Element,
    Field,
    Input,
    Many,
    RecordType,
    Role,
    Stage,
    TypeRef,
)
from charter.engine.machines import Token, machine
from charter.engine.state import NEW, CaseState
from charter.engine.transition import step

from .figures import race, ratio, say

AT = 1_780_000_000_000_000
LI, WU = c.Actor("li", ("clerk",)), c.Actor("wu", ("boss",))


def ten_steps() -> Definition:
    """Ten steps: four of work, an approval that sends the fourth back once, a branch, and four more."""
    elements = [Element("a1", "a1", "activity", outputs=("order",), roles=("clerk",))]
    for i in (2, 3):
        elements.append(Element(f"a{i}", f"a{i}", "activity", after=(After((f"a{i - 1}",), 1),), roles=("clerk",)))
    elements += [
        Element(
            "a4",
            "a4",
            "activity",
            inputs=(Input("order"),),
            outputs=("offer",),
            after=(After(("a3",), 1),),
            roles=("clerk",),
        ),
        Element(
            "ok",
            "ok",
            "approval",
            inputs=(Input("offer"),),
            agreement=Agreement("offer", (Stage((("boss", 1),), 1),), on_reject=Consequence("return", "a4")),
        ),
        Element("big", "big", "activity", after=(After(("ok",), 1),), when="order.amount > 100", roles=("clerk",)),
        Element("small", "small", "activity", after=(After(("ok",), 1),), when="order.amount <= 100", roles=("clerk",)),
    ]
    last = ("big", "small")
    for i in (7, 8, 9):
        elements.append(Element(f"a{i}", f"a{i}", "activity", after=(After(last, len(last)),), roles=("clerk",)))
        last = (f"a{i}",)
    amount = (Field("amount", "amount", TypeRef("number")),)
    return Definition(
        "ten",
        "ten",
        roles=(Role("clerk", "clerk"), Role("boss", "boss")),
        records=(RecordType("order", "order", amount), RecordType("offer", "offer", amount)),
        elements=tuple(elements),
    )


def story() -> list[c.Command]:
    """The commands of one case, with one rejection on the way."""

    def done(node: str, *records: tuple[str, Any]) -> c.Command:
        return c.Complete(actor=LI, at=AT, node=node, records=records)

    return [
        c.Start(actor=LI, at=AT, case="c"),
        done("a1", ("order", {"amount": 500})),
        done("a2"),
        done("a3"),
        done("a4", ("offer", {"amount": 1})),
        c.Reject(actor=WU, at=AT, node="ok", reason="too little"),
        done("a4", ("offer", {"amount": 2})),
        c.Approve(actor=WU, at=AT, node="ok"),
        done("big"),
        done("a7"),
        done("a8"),
        done("a9"),
    ]


def run_charter(definition: Definition, commands: list[c.Command]) -> CaseState:
    state = NEW
    for command in commands:
        state = step(definition, state, command).state
    return state


def count_moves(definition: Definition, commands: list[c.Command]) -> tuple[int, int]:
    """Gives how many lifecycle moves a story makes, and how many audit records."""
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


_TASKS = "".join(f'<manualTask id="a{i}" name="a{i}"/>' for i in (1, 2, 3, 4, 7, 8, 9))
_FLOWS = (
    ("start", "a1", ""),
    ("a1", "a2", ""),
    ("a2", "a3", ""),
    ("a3", "a4", ""),
    ("a4", "ok", ""),
    ("ok", "g1", ""),
    ("g1", "a4", "not approved"),
    ("g1", "g2", "approved"),
    ("g2", "big", "amount &gt; 100"),
    ("g2", "small", "amount &lt;= 100"),
    ("big", "g3", ""),
    ("small", "g3", ""),
    ("g3", "a7", ""),
    ("a7", "a8", ""),
    ("a8", "a9", ""),
    ("a9", "end", ""),
)


def bpmn() -> str:
    """The same process as BPMN 2.0."""
    flows = ""
    for i, (source, target, condition) in enumerate(_FLOWS):
        test = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
        flows += f'<sequenceFlow id="f{i}" sourceRef="{source}" targetRef="{target}">{test}</sequenceFlow>'
    extra = "".join(f'<manualTask id="{n}" name="{n}"/>' for n in ("ok", "big", "small"))
    gates = "".join(f'<exclusiveGateway id="{g}"/>' for g in ("g1", "g2", "g3"))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="x">'
        f'<process id="ten" isExecutable="true"><startEvent id="start"/>{_TASKS}{extra}{gates}<endEvent id="end"/>'
        f"{flows}</process></definitions>"
    )


def spiff() -> Callable[[], None]:
    """Gives a function that plays the story once with SpiffWorkflow, in memory, without any record."""
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
    element = Element("job", "job", "activity", roles=("clerk",), many=Many("v", "[]", open=True), within="2 hours")
    definition = Definition("list", "list", roles=(Role("clerk", "clerk"),), elements=(element,))
    state = step(definition, NEW, c.Start(actor=LI, at=AT, case="c")).state
    start = perf_counter()
    for i in range(1, count // 2 + 1):
        state = step(definition, state, c.Add(actor=LI, at=AT, node="job", item=i)).state
        state = step(definition, state, c.Complete(actor=LI, at=AT, node=f"job[{i}]")).state
    assert state.nodes["job"].size == count // 2
    return (perf_counter() - start) / count


def wide_case(elements: int) -> float:
    """Gives seconds a command in a process of so many elements, all of them open."""
    rows = tuple(Element(f"e{i}", f"e{i}", "activity", roles=("clerk",)) for i in range(elements))
    definition = Definition("wide", "wide", roles=(Role("clerk", "clerk"),), elements=rows)
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
        ("charter", f"Charter: {len(commands)} commands, {records} records"),
        ("spiff", "SpiffWorkflow: the same case"),
        ("moves", f"transitions: {moves} bare moves"),
    ):
        say(title, [seconds * 1e6 for seconds in found[name]], "us")
    say("SpiffWorkflow / Charter", ratio(found["spiff"], found["charter"]), least=4)
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

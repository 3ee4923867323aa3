"""What is proved of a process that reads another case is so whatever that case holds, and however that changes."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from charter.dsl.passes import compile
from charter.engine import values
from charter.engine.commands import SYSTEM, Actor, Approve, Command, Complete, Reject, Start, Tick
from charter.engine.definition import Definition
from charter.engine.hosting import informed
from charter.engine.law import PRESENT
from charter.engine.machines import SETTLED
from charter.engine.proof.explore import explore
from charter.engine.proof.verdicts import verdicts
from charter.engine.registers import Ask, Found, Row
from charter.engine.state import NEW, CaseState
from charter.runtime.author.proof import Prover
from tests.written import process

AT = 1_772_413_200_000_000
WHO = Actor("li", ("boss",))
_HOUSE = """process house
  owner boss
  role boss
  record plan
    x number
    open boolean optional
  activity make
    role boss
    output plan
"""


def _condition(chance: Random) -> str:
    asked = (
        "house.plan.x > 3",
        "house.plan.x = need.y",
        "house.plan.open",
        "house.make.done",
        "house.plan = null",
        "need.y < 5",
    )
    parts = [chance.choice(("{}", "not({})")).format(chance.choice(asked)) for _ in range(chance.randint(1, 2))]
    return chance.choice((" and ", " or ")).join(parts)


def written(seed: int) -> str:
    chance = Random(seed)
    where = f" where {_condition(chance).replace('need.y', 'z')}" if chance.random() < 0.5 else ""
    lines = [
        "process change\n  owner boss\n  concerns house by need.of\n  output out",
        "  record need\n    of text\n    y number",
        f"  record out\n    z number{where}",
        "  activity ask\n    role boss\n    output need",
        f"  activity b\n    role boss\n    after ask\n    when {_condition(chance)}",
        f"  activity c\n    role boss\n    after {chance.choice(('ask', 'b'))}\n    output out",
        f"    when {_condition(chance)}",
        f"  approval d of need\n    by boss\n    when {_condition(chance)}\n    criteria {_condition(chance)}",
        f"  phase f\n    exit when {_condition(chance)}\n    activity e\n      role boss\n      after ask",
    ]
    return "role boss\n" + _HOUSE.replace("  role boss\n  record", "  record") + "\n".join(lines) + "\n"


def _moves(state: CaseState, definition: Definition, chance: Random) -> Iterator[Command]:
    outputs = {element.name: element.outputs for element in definition.elements}
    kinds = {element.name: element.kind for element in definition.elements}
    number = values.encode(chance.choice((0, 3, 4, 5, 9)))
    given = {"need": {"of": "77", "y": number}, "out": {"z": number}}
    for node in state.nodes.values():
        if node.state == "ready" and kinds[node.element] == "approval":
            yield Approve(actor=WHO, at=AT, node=node.key)
            yield Reject(actor=WHO, at=AT, node=node.key, reason="no")
        elif node.state == "ready":
            records = tuple((name, given[name]) for name in outputs[node.element])
            yield Complete(actor=WHO, at=AT, node=node.key, records=records)
    yield Tick(actor=SYSTEM, at=AT)


def played(definition: Definition, chance: Random) -> tuple[set[str], CaseState]:
    """Plays a case beside another one that holds something else at each step."""

    def answer(ask: Ask) -> Found:
        plan: dict[str, Any] = {"x": values.encode(chance.choice((0, 3, 4, 5, 9)))}
        plan |= {"open": chance.random() < 0.5} if chance.random() < 0.7 else {}
        facts = {"plan": plan if chance.random() < 0.8 else None, "make": {"done": chance.random() < 0.5}}
        held = {"plan.x": plan["x"], "plan.open": plan.get("open")}
        value = {name: facts[name] for name in ("plan", "make") if any(f.partition(".")[0] == name for f in ask.facts)}
        if "plan" not in ask.facts and "plan" in value:
            value["plan"] = {f.partition(".")[2]: held[f] for f in ask.facts if f in held and facts["plan"]}
        return Found(ask, (Row("house-1", chance.randint(1, 99), str(chance.random()), value, AT),))

    start = Start(actor=WHO, at=AT, case="case", **PRESENT._asdict())
    state, opened = informed(definition, NEW, start, answer)[1].state, set[str]()
    for _ in range(25):
        opened.update(node.element for node in state.nodes.values() if node.ready_at is not None)
        if state.status != "open":
            break
        done = informed(definition, state, chance.choice(list(_moves(state, definition, chance))), answer)[1]
        state = state if done.refusal is not None else done.state
    return opened, state


# Seeds of which all is seen soon.
WHOLE = (0, 1, 2, 6, 9, 11)


@pytest.mark.parametrize("first", range(0, 6, 3))
def test_what_is_said_holds_whatever_the_other_case_holds(first: int) -> None:
    whole = 0
    for seed in WHOLE[first : first + 3]:
        compiled = compile("t.charter", written(seed))
        assert not compiled.failed, (written(seed), compiled.diagnostics)
        definition = compiled.definition("change")
        assert definition is not None
        graph = explore(definition, lambda steps: steps < 4_000)
        said = {verdict.property: verdict for verdict in verdicts(definition, graph)}
        whole += said["closed"].said == "proved"
        chance = Random(seed)
        for _ in range(20):
            opened, state = played(definition, chance)
            left = [node.key for node in state.nodes.values() if node.state not in SETTLED]
            if said["opens"].said == "refuted":
                assert opened.isdisjoint(said["opens"].elements), (seed, opened)
            if state.status == "completed":
                assert said["closed"].said != "proved" or not left, (seed, left)
                assert said["outputs"].said != "proved" or "out" in state.versions, seed
    assert whole


def test_what_hangs_on_another_case_is_named_and_not_claimed() -> None:
    """A run that needs what another case holds plays in no scenario: its value is told, and nothing claimed."""
    text = (
        f"{_HOUSE}process change\n  owner boss\n  role boss\n  concerns house by need.of\n  output out\n"
        "  record need\n    of text\n"
        "  record out\n    z text\n  activity ask\n    role boss\n    output need\n  activity b\n    role boss\n"
        "    after ask\n    when not(house.plan.x > 3)\n    output out\n"
    )
    prover = Prover("t.charter", text.encode(), lambda name, _: name)
    definition = next(d for d in prover.definitions() if d.name == "change")
    proof = prover.prove(definition, 5)
    assert {f.verdict.property: f.verdict.said for f in proof.findings}["outputs"] == "unknown"
    assert [(d.why, d.names) for d in proof.doubts] == [("outside", ("house.plan.x",))]


@pytest.mark.parametrize("asked", ["need.x != null", "need.x > 5", 'need.c = "b"'])
def test_what_a_where_asks_of_another_record_is_tried(asked: str) -> None:
    definition = process(
        "process p\n  owner boss\n  role boss\n  input need\n  record need\n    x number optional\n"
        f'    c choice "a" | "b"\n  record impact\n    ok boolean where not(ok) or {asked}\n'
        "  activity ask\n    role boss\n    output impact\n  activity y\n    role boss\n    input impact\n"
        "    when impact.ok\n"
    )
    graph = explore(definition, lambda steps: steps < 500)
    assert {v.property: v.said for v in verdicts(definition, graph)}["opens"] == "proved"

"""What `engine/proof/staffing` says of people is what they can do: held against the engine, tried by everybody."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from random import Random

import pytest

from charter.dsl.passes import compile
from charter.engine import commands as c
from charter.engine.definition import Definition
from charter.engine.law import PRESENT
from charter.engine.plan.program import prepare
from charter.engine.proof.rest import Rest
from charter.engine.proof.seats import Seats
from charter.engine.proof.staffing import enough, judge, staffing
from charter.engine.state import NEW, CaseState
from charter.engine.step.transition import step
from charter.runtime.desk.staffing import strands

AT = 1_767_600_000_000_000
ROLES = ("a", "b", "c")
MOST = 300  # states that are tried


class Overflow(Exception):
    """There is too much to try."""


def drawn(rng: Random) -> str:
    """Draws the text of a process: a few elements one after the other, with rules about who does them."""
    owner = ["  owner c"] if rng.random() < 0.6 else []
    lines = ["process p", *owner]
    lines += ["  input given"] if rng.random() < 0.4 else []
    lines += ["  role a", "  role b", '    requires certificate "x"' if rng.random() < 0.3 else "", "  role c"]
    lines += [f"  record {r}\n    note text" for r in ("given", "r1", "r2", "r3", "r4")]
    made, names = [], []
    if lines[1:3].count("  input given"):
        made.append("given")
    elements: list[str] = []
    every = [f"e{number}" for number in range(1, rng.randint(2, 4) + 1)]
    for number, name in enumerate(every, 1):
        after = [f"    after {names[-1]}"] if names else []
        kind = rng.random()
        if made and kind < 0.45:
            of = rng.choice(made)
            one = rng.choice(ROLES)
            other = "other " if rng.random() < 0.5 else ""
            by = rng.choice(
                [f"{other}{one}"] * 3
                + [
                    f"2 of 3 {other}{one}",
                    "all of a, b",
                    "any of a, c",
                    "2 of a, b, c",
                    f"a then {other}b",
                    f"{one} then {one}",
                ]
            )
            elements += [f"  approval {name} of {of}", *after, f"    by {by}"]
            elements += ["    same person allowed"] if rng.random() < 0.2 else []
        elif kind < 0.55:
            elements += [f"  activity {name} wait for bell", *after]
        else:
            record = rng.choice(made) if made and rng.random() < 0.15 else f"r{number}"
            role = [f"    role {rng.choice(['a', 'b', 'c', 'a, b'])}"] if rng.random() < 0.9 else []
            elements += [f"  activity {name}", *after, *role, f"    output {record}"]
            made.append(record)
            if rng.random() < 0.3 and role:
                other = rng.choice(["other ", ""])
                elements += ["    checklist", f'      seen "seen" by {other}{rng.choice(ROLES)}']
        if rng.random() < 0.5:
            rule = "same as" if rng.random() < 0.35 else "separate from"
            elements.append(f"    {rule} {rng.choice([e for e in every if e != name])}")
        names.append(name)
    return "\n".join(line for line in [*lines, *elements] if line) + "\n"


def people_of(rng: Random) -> list[c.Actor]:
    """Draws people, in their own right and for others who are away."""
    found = []
    for person in ("li", "wu", "bo")[: rng.randint(1, 3)]:
        roles = tuple(r for r in ROLES if rng.random() < 0.55)
        certificates = ("x",) if rng.random() < 0.6 else ()
        found.append(c.Actor(person, roles, certificates=certificates))
        if rng.random() < 0.25:
            lent = tuple(r for r in ROLES if rng.random() < 0.5 and r not in roles)
            found.append(c.Actor(person, (*roles, *lent), rng.choice(("xi", "an")), lent, certificates=certificates))
    return found


def moves(definition: Definition, state: CaseState, people: list[c.Actor]) -> list[c.Command]:
    """Lists what somebody might do next; what they may not, the engine refuses."""
    elements = {e.name: e for e in definition.elements}
    found: list[c.Command] = []
    for node, who in product(state.nodes.values(), people):
        element = elements[node.key]
        given = tuple((record, {"note": node.key}) for record in element.outputs)
        if element.kind == "approval" and node.state == "ready":
            found.append(c.Approve(actor=who, at=AT, node=node.key))
        elif element.work is not None and node.state == "active":
            found.append(c.Signal(actor=who, at=AT, name="bell"))
        elif element.work is None and node.state == "ready":
            done = {x.check for x in node.confirmations}
            open_ = [check.name for check in element.checklist if check.name not in done]
            if open_:
                found.append(c.Confirm(actor=who, at=AT, node=node.key, check=open_[0]))
            else:
                found.append(c.Complete(actor=who, at=AT, node=node.key, records=given))
    return found


def can_end(definition: Definition, people: list[c.Actor]) -> bool:
    """Says whether some of these people can bring a case from its start to its end, whoever does what."""
    given = tuple((record, {"note": "given"}) for record in definition.inputs)
    for who in people:
        start = c.Start(actor=who, at=AT, case="case", records=given, **PRESENT._asdict())
        done = step(definition, NEW, start)
        if done.refusal is None and _ends(definition, done.state, people, set()):
            return True
    return False


def _ends(definition: Definition, state: CaseState, people: list[c.Actor], seen: set[str]) -> bool:
    if state.status == "completed":
        return True
    key = repr([(n.key, n.state, n.doers, n.hands, n.votes, n.confirmations) for n in state.nodes.values()])
    key += repr([v.writers for v in state.versions.values()])
    if key in seen:
        return False
    if len(seen) >= MOST:
        raise Overflow
    seen.add(key)
    for command in moves(definition, state, people):
        done = step(definition, state, command)
        if done.refusal is None and _ends(definition, done.state, people, seen):
            return True
    return False


def processes(first: int) -> Iterator[tuple[int, Random, str, Definition]]:
    """The processes of a hundred seeds that check, with what goes on being drawn from each."""
    for seed in range(first, first + 100):
        rng = Random(seed)
        text = drawn(rng)
        compiled = compile("t.charter", text)
        if not compiled.failed:
            yield seed, rng, text, compiled.definitions[0]


@pytest.mark.parametrize("first", range(0, 600, 100))
def test_people_are_enough_where_they_can_do_it_all(first: int) -> None:
    compared = enough = 0
    for seed, rng, text, definition in processes(first):
        for _ in range(3):
            people = people_of(rng)
            found = staffing(definition, people, lambda _: True)
            try:
                able = can_end(definition, people)
            except Overflow:
                continue
            assert found.said == ("staffed" if able else "unstaffed"), (seed, text, people, found)
            compared += 1
            enough += able
    assert compared > 100 and 10 < enough < compared - 10


@pytest.mark.parametrize("first", range(0, 300, 100))
def test_the_rest_of_a_case_can_be_done_where_it_is_said_so(first: int) -> None:
    compared = enough = 0
    for seed, rng, text, definition in processes(first):
        people = [*people_of(rng), c.Actor("he", ROLES, certificates=("x",))]
        given = tuple((record, {"note": "given"}) for record in definition.inputs)
        start = c.Start(actor=people[0], at=AT, case="case", records=given, **PRESENT._asdict())
        done = step(definition, NEW, start)
        while done.refusal is None and done.state.status == "open":
            found = judge(Rest(prepare(definition), people, done.state), lambda _: True)
            try:
                able = _ends(definition, done.state, people, set())
            except Overflow:
                break
            assert found.said == ("staffed" if able else "unstaffed"), (seed, text, people, found, done.state.nodes)
            compared += 1
            enough += able
            taken = [step(definition, done.state, command) for command in moves(definition, done.state, people)]
            able_to = [each for each in taken if each.refusal is None]
            if not able_to:
                break
            done = rng.choice(able_to)
    assert compared > 60 and 5 < enough < compared


@pytest.mark.parametrize("first", range(0, 200, 100))
def test_the_fewest_people_can_do_it_and_none_of_them_may_be_missing(first: int) -> None:
    compared = 0
    for seed, rng, text, definition in processes(first):
        people = [*people_of(rng), c.Actor("he", ROLES, certificates=("x",)), c.Actor("xu", ROLES)]
        found = enough(Seats(prepare(definition), people), lambda _: True)
        if found is None:
            continue
        needed = {person for person, _ in found.needed}
        try:
            assert can_end(definition, [who for who in people if who.person in found.enough]), (seed, text, found)
            for person in {who.person for who in people}:
                others = [who for who in people if who.person != person]
                assert can_end(definition, others) == (person not in needed), (seed, text, person, found)
            for person in found.enough:
                fewer = [who for who in people if who.person in found.enough and who.person != person]
                assert not can_end(definition, fewer), (seed, text, person, found)
        except Overflow:
            continue
        assert needed <= set(found.enough)
        compared += 1
    assert compared > 20


@pytest.mark.parametrize("first", range(0, 300, 100))
def test_a_case_in_which_nobody_may_leave_others_without_people_ends(first: int) -> None:
    """Whatever is done of what does not strand others: the case can still end, up to its end."""
    ended = refused = 0
    for seed, rng, text, definition in processes(first):
        people = [*people_of(rng), c.Actor("he", ROLES, certificates=("x",)), c.Actor("xu", ROLES)]
        given = tuple((record, {"note": "given"}) for record in definition.inputs)
        start = c.Start(actor=people[0], at=AT, case="case", records=given, **PRESENT._asdict())
        state = step(definition, NEW, start).state
        if state.status != "open" or judge(Rest(prepare(definition), people, state), lambda _: True).said != "staffed":
            continue
        while state.status == "open":
            taken = [(command, step(definition, state, command)) for command in moves(definition, state, people)]
            able = [(command, done.state) for command, done in taken if done.refusal is None]
            who = partial(list, people)
            kept = [after for command, after in able if not strands(definition, state, command, after, who)]
            refused += len(able) - len(kept)
            assert kept, (seed, text, people, state.nodes)
            state = rng.choice(kept)
        ended += 1
    assert ended > 20 and refused > 0

"""What a `when` knows before all is over, held against every way in which things may still end.

The oracle is the plain meaning of the condition in each case that may follow: every open element ends in some way, and
an open list gets more items, or none. What is decided early is what all of them say; and where a count is held against
a number, nothing that all of them say is left undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from random import Random

import pytest

from charter.dsl.passes import compile
from charter.engine.machines import SETTLED
from charter.engine.plan.program import Program, prepare
from charter.engine.plan.scope import Foresight, Scope
from charter.engine.state import CaseState, Node

TEXT = """\
process p
  role clerk
  input list
  record list
    names list of text
  approval decide
    by clerk
  approval vote for each n in list.names
    by clerk
  phase asking for each m in list.names{open}
    activity answer
      role clerk
  activity ask
    role clerk
"""
LISTS = (("vote", "vote"), ("answer", "asking"))
VOTE, ANSWER = ("vote", ("granted", "rejected", "skipped")), ("answer", ("done", "skipped", "cancelled"))
OUTCOMES = {"granted": "approve", "rejected": "reject", "skipped": "person", "cancelled": "list", "done": None}
OPEN = ("planned", "ready")


def prepared(*, grows: bool) -> Program:
    found = compile("p.charter", TEXT.format(open=" open" if grows else ""))
    assert [d.code for d in found.diagnostics if d.is_error] == []
    return prepare(found.definitions[0])


PROGRAMS = {grows: prepared(grows=grows) for grows in (False, True)}


def made(name: str, index: int, state: str) -> Node:
    """Makes an instance; only those of the element that is `for each` have an item."""
    return Node(f"{name}[{index}]", name, state=state, item="x" if name == "vote" else None)


def ended(node: Node, state: str) -> Node:
    return Node(node.key, node.element, state=state, outcome=OUTCOMES[state], overdue=node.overdue, item=node.item)


def cases(dice: Random, *, grows: bool) -> CaseState:
    nodes: list[Node] = []
    decide = dice.choice(("ready", *VOTE[1]))
    nodes.append(Node("decide", "decide", state=decide, outcome=OUTCOMES.get(decide)))
    for (name, ends), group in ((VOTE, "vote"), (ANSWER, "asking")):
        size = dice.choice((0, 1, 2, 2, 3))
        closed = group == "asking" and grows and dice.random() < 0.5
        if dice.random() < 0.1:
            nodes.append(Node(group, group, state="planned"))
            continue
        rows = []
        for index in range(1, size + 1):
            node = made(name, index, dice.choice((*OPEN, *ends)))
            rows.append(ended(node, node.state) if node.state in SETTLED else node)
        over = all(row.state in SETTLED for row in rows) and (group == "vote" or not grows or closed)
        state = "done" if over else "active"
        nodes.append(Node(group, group, state=state, size=size, closed=closed))
        nodes.extend(rows)
        if group == "asking":
            states = {row.key: "done" if row.state in SETTLED else "active" for row in rows}
            nodes.extend(Node(key.replace("answer", "asking"), "asking", state=s) for key, s in states.items())
    return CaseState(case="1", process="p", status="open", nodes={node.key: node for node in nodes})


def more(group: Node, *, grows: bool) -> bool:
    """Says whether a list is not all there."""
    return group.state == "planned" or (group.element == "asking" and grows and not group.closed)


def futures(state: CaseState, *, grows: bool) -> Iterator[Mapping[str, Node]]:
    """Yields how it all may end."""
    lists = []
    for (name, ends), group in ((VOTE, "vote"), (ANSWER, "asking")):
        node = state.nodes[group]
        extras = range(3) if more(node, grows=grows) else (0,)
        lists.append([(group, name, ends, node.size + extra) for extra in extras])
    for sizes in product(*lists):
        nodes = dict(state.nodes)
        for group, name, _, size in sizes:
            nodes[group] = Node(group, group, state="done", size=size, closed=True)
            for index in range(1, size + 1):
                nodes.setdefault(f"{name}[{index}]", made(name, index, "ready"))
                if group == "asking":
                    nodes[f"asking[{index}]"] = Node(f"asking[{index}]", group, state="done")
        ends_of = {"decide": VOTE[1], **{name: ends for _, name, ends, _ in sizes}}
        moving = [node for node in nodes.values() if node.element in ends_of and node.state not in SETTLED]
        for states in product(*(ends_of[node.element] for node in moving)):
            yield nodes | {n.key: ended(n, s) for n, s in zip(moving, states, strict=True)}


COUNTED = (
    "count(vote[granted])",
    'count(vote[outcome = "reject"])',
    "count(vote[not(granted)])",
    "count(answer[done])",
    'count(answer[done or outcome = "person"])',
    "count(answer[item.skipped])",
    "count(vote)",
    "count(answer)",
    "count(vote[granted][1 = 1])",
)
FACTS = (
    "decide.granted",
    "not(decide.rejected)",
    'decide.outcome = "approve"',
    'decide.outcome != "reject"',
    "if decide.granted then vote.done else decide.rejected",
    "some v in vote satisfies v.granted",
    'every v in vote satisfies v.outcome = "approve"',
    "some a in answer[done] satisfies a.done",
    "every a in answer[done] satisfies decide.granted",
    "some v in vote, a in answer satisfies v.granted and a.done",
    "all(for v in vote return v.granted)",
    "list contains(answer.done, true)",
    "vote[1].granted",
    "vote.done",
    "decide.outcome = null",
    "count(vote[granted]) > count(vote[rejected])",
    "count(vote[granted]) / count(vote) >= 50%",
    "count(vote[granted]) + count(answer[done]) between 1 and 3",
    "count(vote[granted]) - count(answer[done]) >= 1",
)


def texts(dice: Random) -> tuple[str, bool]:
    """Gives a condition, and whether all that can be known of it early has to be."""
    kind = dice.randrange(4)
    if kind < 2:
        op = dice.choice(("<", "<=", ">", ">=", "=", "!="))
        return f"{dice.choice(COUNTED)} {op} {dice.randrange(4)}", True
    if kind == 2:
        return dice.choice(FACTS), False
    one, other = (texts(dice)[0] for _ in range(2))
    return dice.choice((f"({one}) and ({other})", f"({one}) or ({other})", f"not({one})")), False


@pytest.mark.parametrize("grows", [False, True])
def test_what_is_decided_early_is_what_follows_however_things_end(*, grows: bool) -> None:
    dice = Random(47)
    program = PROGRAMS[grows]
    ask = program.plans["ask"]
    early = late = 0
    for _ in range(1_000):
        state = cases(dice, grows=grows)
        text, whole = texts(dice)
        found = Foresight(program, state, ask, (), 0).value(text)
        views = (state._replace(nodes=nodes) for nodes in futures(state, grows=grows))
        ends = {Scope(program, view, ask, (), 0).value(text) for view in views}
        told = f"{text}: {found}, but {ends} of {[(n.key, n.state, n.size) for n in state.nodes.values()]}"
        if found is not None:
            assert ends == {found}, told
            early += any(node.state not in SETTLED for node in state.nodes.values())
        elif whole and not any(more(state.nodes[group], grows=grows) for _, group in LISTS):
            assert len(ends) > 1, told
            late += 1
    assert early > 200 and late > 15

"""No text makes the checker slow: twice as many of anything costs at most about twice the steps.

Steps are lines of Python executed, so that no clock takes part. What of a text is looked at once costs the same each
time; the steps from n to 2n and from 2n to 4n of a construct are compared, which is 2 where the cost is linear and 4
where each is compared with each. Left out is what has a bound of its own: guessing what a wrong name means
(`findings.Budget`), and a chain of approvals of one record, each of which waits for all before it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from charter.dsl.passes import compile

HEAD = "process p\n  owner w\n  role w\n  role b\n  record r\n    n number\n    ok boolean\n"
FIRST = "  activity a\n    role w\n    output r\n"


def each(line: str, *, head: str = HEAD + FIRST, tail: str = "") -> Callable[[int], str]:
    """Gives what writes a text with n times these lines, `%` being the number and `<` the number before it."""

    def text(n: int) -> str:
        lines = (line.replace("%", str(i)).replace("<", str(i - 1)) for i in range(1, n + 1))
        return head + "".join(lines) + tail

    return text


WORK = "    role w\n"
CHAIN = "  activity a%\n    role w\n    after a<\n"
START = HEAD + "  activity a0\n    role w\n    output r\n"

FAMILIES: dict[str, Callable[[int], str]] = {
    "roles": each("  role x%\n", tail="  activity z\n    role w\n"),
    "parameters": each("  parameter x% duration = % days\n"),
    "records": each("  record x%\n    a text\n"),
    "fields": each("    a% text optional where a< = a%\n", head="record q\n    a0 text\n", tail=HEAD + FIRST),
    "choices compared": each('    a% choice "x" | "y" where a% = "x"\n', head="record q\n", tail=HEAD + FIRST),
    "records of records": each("record x%\n  y x<\n", head="record x0\n  y text\n", tail=HEAD + FIRST),
    "outputs": each("  activity a%\n    role w\n    output o%\n"),
    "inputs": each("  activity a%\n    role w\n    output o%\n  activity i%\n    role w\n    input o%\n"),
    "takers of one record": each("  activity i%\n    role w\n    input r\n"),
    "writers of one record": each("  activity i%\n    role w\n    output r\n"),
    "writers of one record, in turn": each("  activity a%\n    role w\n    output r\n    after a<\n", head=START),
    "writers who take it": each("  activity i%\n    role w\n    input r\n    output r\n"),
    "approvals": each("  approval p% of r\n    by b\n"),
    "approvals with takers": each("  approval p% of r\n    by b\n  activity i%\n    role w\n    input r\n"),
    "approvals and rework": each(
        "  activity a%\n    role w\n    input r\n    output r\n  approval p% of r\n    by b\n    after a%\n"
    ),
    "approvals that separate": each("  approval p% of r\n    by b\n    separate from a\n"),
    "approvals that return": each("  approval p% of r\n    by b\n    on reject return to a\n"),
    "a chain": each(CHAIN, head=START),
    "a chain that returns to its head": each(
        f"{CHAIN}  approval p%\n    by b\n    after a%\n    on reject return to a0\n", head=START
    ),
    "a chain bound to its head": each(f"{CHAIN}    same as a0\n", head=START),
    "a chain that reads its head": each(f"{CHAIN}    when r.ok\n", head=START),
    "a chain that repeats by its head": each(f"{CHAIN}    repeat until r.ok\n", head=START),
    "a chain that comes round": each(f"{CHAIN}    repeat every 1 day while r.ok\n", head=START),
    "a chain due by its head": each(f"{CHAIN}    within r.n * 1 day\n", head=START),
    "after all": each("  activity a%\n    role w\n", tail="  milestone m\n    after a, a1, a2\n"),
    "phases": each("  phase f%\n    activity a%\n      role w\n"),
    "phases that exit": each("  phase f%\n    exit when a%.done\n    activity a%\n      role w\n"),
    "parts of a phase": each("    activity a%\n      role w\n", head=HEAD + FIRST + "  phase f\n"),
    "rounds": each("  activity a%\n    role w\n    repeat every 1 day while not(a.done)\n"),
    "milestones": each("  milestone m% when a.done\n"),
    "conditions": each("  activity i%\n    role w\n    when r.n > %\n"),
    "conditions on open lists": each(
        "  activity l%\n    role w\n    when count(q) > %\n",
        tail=("  activity o for each open x\n    role w\n    output q\n"),
    ),
    "lists": each("  activity i% for each x in [1, 2]\n    role w\n    output o%\n    when count(o%) > 1\n"),
    "checklist points": each('      c% "point %"\n        evidence file\n', head=f"{HEAD}{FIRST}    checklist\n"),
    "separations": each("  separate a% from a<\n  activity a%\n    role w\n", head=START),
    "bindings": each("  same a% from a<\n  activity a%\n    role w\n", head=START),
    "bindings and separations": each(
        "  same a% from a<\n  separate a% from z\n  activity a%\n    role w\n",
        head=START + "  activity z\n    role w\n",
    ),
    "figures": each("  kpi k%\n    formula count(cases[a.on_time]) / count(cases)\n"),
    "tables": each(
        "  decision d% (n)\n    hit policy first\n    | n | -> t |\n    | - | 1 |\n  activity e%\n"
        "    decide d% with n = r.n\n    output t%\n"
    ),
    "processes": each("process p%\n  role w\n  activity a\n    role w\n", head=""),
    "processes that run each other": each(
        "process p%\n  role w\n  activity a\n    role w\n  activity b\n    run p<\n",
        head="process p0\n  role w\n  activity a\n    role w\n",
    ),
    "scenarios": each('scenario "s%"\n  case p\n  x is w\n  x does a\n  expect a is done\n'),
    "steps of a scenario": each("  expect a is ready\n", head=f'{HEAD}{FIRST}scenario "s"\n  case p\n  x is w\n'),
    "a circle": each(CHAIN, head=f"{HEAD}  activity a0\n    role w\n    after a1\n"),
    "comments": each("  # %\n"),
}


def steps(text: str) -> int:
    """The lines of Python that checking a text executes."""
    count = 0

    def line(frame: Any, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return line

    before = sys.gettrace()
    sys.settrace(line)
    try:
        compile("t.charter", text)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("family", FAMILIES)
def test_twice_as_many_cost_twice_as_much(family: str) -> None:
    text = FAMILIES[family]
    compile("t.charter", text(80))  # what is loaded once, and expressions, which are remembered
    small, middle, large = (steps(text(n)) for n in (20, 40, 80))
    assert large - middle <= 2.5 * (middle - small)

"""Times decision tables: 20 rules against SpiffWorkflow's, 10,000 against 100, the proofs of 1,000 by 10, and the kit.

`python -m benchmarks.decisions [KIT]`, KIT being a folder laid out like the DMN Technology Compatibility Kit. Both
engines get the same rows and find the last one; SpiffWorkflow's cells are the Python that it evaluates.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from charter.dsl.dmn.findings import check_model
from charter.engine.decisions import model as m
from charter.engine.decisions.graph import Graph
from charter.engine.feel import parser

from .figures import race, ratio, say, timed

REGIONS = ("north", "south", "east", "west")


def rows(count: int) -> list[tuple[str, int, int]]:
    """Gives rules (region, low, high): bands of amounts for each of four regions."""
    return [(REGIONS[n % 4], n // 4 * 10, n // 4 * 10 + 10) for n in range(count)]


def charter(count: int) -> Callable[[], Any]:
    rules = tuple(
        m.Rule((f'"{region}"', f"[{low}..{high})"), (str(n),)) for n, (region, low, high) in enumerate(rows(count))
    )
    inputs = (m.InputClause("region", "string"), m.InputClause("amount", "number"))
    decision = m.Decision("d", "d", m.Table(inputs, (m.OutputClause("tier"),), rules), requires=("r", "a"))
    graph = Graph(
        m.Model("b", "b", inputs=(m.InputData("r", "region"), m.InputData("a", "amount")), decisions=(decision,))
    )
    region, low, _ = rows(count)[-1]
    given = {"region": region, "amount": Decimal(low + 5)}
    assert graph.evaluate("d", given).value == count - 1
    return lambda: graph.evaluate("d", given)


def checked(count: int, policy: m.HitPolicy) -> Callable[[], Any]:
    """Gives the check of a table of rules over 10 columns of numbers: intervals, limits, single ones, and none."""
    drawn = random.Random(1)

    def cell() -> str:
        kind, low = drawn.random(), drawn.randint(0, 5000)
        if kind < 0.2:
            return "-"
        return f"[{low}..{low + drawn.randint(1, 500)}]" if kind < 0.6 else f"< {low}" if kind < 0.8 else str(low)

    names = [f"x{n}" for n in range(10)]
    rules = tuple(m.Rule(tuple(cell() for _ in names), (str(n % 7),)) for n in range(count))
    columns = tuple(m.InputClause(name, "number") for name in names)
    table = m.Table(columns, (m.OutputClause("tier"),), rules, policy)
    decision = m.Decision("d", "d", table, requires=tuple(names))
    data = tuple(m.InputData(name, name, "number") for name in names)
    graph = Graph(m.Model("b", "b", inputs=data, decisions=(decision,)))

    def check() -> None:
        parser._parse.cache_clear()
        list(check_model(graph))

    return check


def spiff(count: int) -> Callable[[], Any] | None:
    try:
        from SpiffWorkflow.bpmn.script_engine.python_engine import PythonScriptEngine
        from SpiffWorkflow.dmn.engine.DMNEngine import DMNEngine
        from SpiffWorkflow.dmn.specs import model as s
    except ImportError:
        return None
    table = s.DecisionTable("t", "t", "UNIQUE")
    region_in, amount_in = (s.Input(name, name, name, name, "string") for name in ("region", "amount"))
    tier = s.Output("tier", "tier", "tier", "number")
    for n, (region, low, high) in enumerate(rows(count)):
        rule = s.Rule(str(n))
        for clause, text in ((region_in, f'"{region}"'), (amount_in, f"{low} <= ? < {high}")):
            entry = s.InputEntry(text, clause)
            entry.lhs = [text]
            rule.inputEntries.append(entry)
        output = s.OutputEntry("o", tier)
        output.text = str(n)
        rule.outputEntries.append(output)
        table.rules.append(rule)
    region, low, _ = rows(count)[-1]
    data = {"region": region, "amount": low + 5}
    task = SimpleNamespace(data=data, workflow=SimpleNamespace(script_engine=PythonScriptEngine()))
    engine = DMNEngine(table)
    assert engine.result(task) == {"tier": count - 1}
    return lambda: engine.result(task)


def main() -> None:
    works = {"small": (charter(20), 2000), "middle": (charter(100), 2000), "large": (charter(10_000), 300)}
    rival = spiff(20)
    if rival is not None:
        works["spiff"] = (rival, 50)
    found = race(works)
    titles = {"small": "20 rules", "middle": "100 rules", "large": "10,000 rules", "spiff": "SpiffWorkflow, 20 rules"}
    for name in works:
        say(titles[name], [seconds * 1e6 for seconds in found[name]], "us")
    if rival is not None:
        say("SpiffWorkflow / Charter, 20 rules", ratio(found["spiff"], found["small"]), least=10)
    # By scan it would be a hundred times.
    say("10,000 rules / 100 rules", ratio(found["large"], found["middle"]), most=10)
    for policy in ("UNIQUE", "FIRST"):
        checks = {"quarter": (checked(250, policy), 1), "whole": (checked(1_000, policy), 1)}
        proved = race(checks, rounds=3)
        say(f"check of 1,000 rules by 10, {policy.lower()}", proved["whole"], "s")
        # Linear would be 4 times; by pairs it would be 16.
        say("the same, 1,000 rules / 250", ratio(proved["whole"], proved["quarter"]), most=8)
    if len(sys.argv) > 1:
        from tests.conformance.dmn_tck import run

        passed: list[bool] = []
        seconds = timed(lambda: passed.extend(not result.failures for result in run(Path(sys.argv[1]))))
        say(f"the kit, {sum(passed):,} of {len(passed):,} cases passed", [seconds], "s", most=60)


if __name__ == "__main__":
    main()

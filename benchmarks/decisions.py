"""Times decision tables: 20 rules against SpiffWorkflow's DMN engine, 10,000 rules against 100, and the whole kit.

`python -m benchmarks.decisions [KIT]`, KIT being a folder laid out like the DMN Technology Compatibility Kit. Both
engines get the same rows and find the last one; SpiffWorkflow's cells are the Python that it evaluates.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from charter.engine.decisions import model as m
from charter.engine.decisions.graph import Graph

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
    if len(sys.argv) > 1:
        from tests.conformance.dmn_tck import run

        passed: list[bool] = []
        seconds = timed(lambda: passed.extend(not result.failures for result in run(Path(sys.argv[1]))))
        say(f"the kit, {sum(passed):,} of {len(passed):,} cases passed", [seconds], "s", most=60)


if __name__ == "__main__":
    main()

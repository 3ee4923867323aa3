"""Times decision tables: 20 rules against SpiffWorkflow's DMN engine, 10,000 rules against 100, and the whole kit.

`python -m benchmarks.decisions [KIT]` prints one line a measure; nothing is asserted. Both engines get the same rows in
the same process; SpiffWorkflow's cells are the Python that it evaluates. Every figure is the best of several rounds.
"""

from __future__ import annotations

import sys
import time
import timeit
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from charter.engine.decisions import model as m
from charter.engine.decisions.graph import Graph

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


def best(call: Callable[[], Any], number: int) -> float:
    """Gives microseconds a call, the best of five rounds."""
    return min(timeit.repeat(call, number=number, repeat=5)) / number * 1e6


def main() -> None:
    """Prints the figures."""
    small, large, middle = best(charter(20), 2000), best(charter(10_000), 300), best(charter(100), 2000)
    print(f"20 rules       {small:9.1f} µs a decision")
    rival = spiff(20)
    if rival is not None:
        theirs = best(rival, 50)
        print(f"SpiffWorkflow  {theirs:9.1f} µs, {theirs / small:.1f} times as long")
    print(f"100 rules      {middle:9.1f} µs")
    print(f"10,000 rules   {large:9.1f} µs, {large / middle:.1f} times 100 rules (100 times the rules)")
    if len(sys.argv) > 1:
        from tests.conformance.dmn_tck import run

        start = time.perf_counter()
        results = list(run(Path(sys.argv[1])))
        passed = sum(not r.failures for r in results)
        print(f"kit            {time.perf_counter() - start:9.2f} s for {len(results)} cases, {passed} passed")


if __name__ == "__main__":
    main()

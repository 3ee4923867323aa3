"""Times FEEL: parsing, compiled evaluation, and the same against bkflow-feel and Python's own compiled eval.

`python -m benchmarks.feel` prints one line a measure; nothing is asserted. Every figure is the best of several
rounds in one process, so that ratios hold on a busy machine.
"""

from __future__ import annotations

import sys
import timeit
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from charter.engine.feel import compile, infer, parse
from charter.engine.feel.parser import _parse
from charter.engine.feel.types import NUMBER, STRING
from charter.engine.values import digest

TEXT = 'amount * 1.2 > 1000 and status = "open"'
SCOPE = {"amount": Decimal(1000), "status": "open"}
SHORT = 'plan_approval.outcome = "approve"'
LONG = " and ".join(f'(plan.tasks[due < date("2026-0{n}-01")].cost > {n}00 and x{n} in [1..{n}])' for n in range(1, 9))


def best(call: Callable[[], Any], number: int, rounds: int = 7) -> float:
    """Give microseconds a call, the best of several rounds."""
    return min(timeit.repeat(call, number=number, repeat=rounds)) / number * 1e6


def rival() -> tuple[Callable[[], Any], Callable[[], Any]] | None:
    """Make the same evaluation in bkflow-feel: from its text, and from its tree."""
    try:
        from bkflow_feel import parser, transformer
        from bkflow_feel.api import parse_expression
    except ImportError:
        return None
    # It compares only numbers of one Python type, so the thousand is a float here.
    text, context = TEXT.replace("1000", "1000.0"), {"amount": 1000.0, "status": "open"}
    tree = transformer.transform(parser.parse(text))
    return lambda: parse_expression(text, context), lambda: tree.evaluate(context)


def main() -> int:
    """Print the figures."""
    tree = parse(TEXT).tree
    if tree is None:
        return 1
    expression = compile(tree)
    python = __builtins_compile('amount * D > 1000 and status == "open"')
    names = {**SCOPE, "D": Decimal("1.2")}
    ours = best(lambda: expression.evaluate(SCOPE), 20_000)
    theirs = best(lambda: eval(python, names), 20_000)
    print(f"evaluate compiled            {ours:9.2f} us")
    print(f"python compiled eval         {theirs:9.2f} us   ratio {ours / theirs:.1f} (goal <= 12)")
    other = rival()
    if other is not None:
        slow, tree_only = best(other[0], 20, 3), best(other[1], 1000, 3)
        print(f"bkflow-feel, from text       {slow:9.2f} us   ratio {slow / ours:.0f} (goal >= 20)")
        print(f"bkflow-feel, its tree only   {tree_only:9.2f} us   ratio {tree_only / ours:.0f}")
    for label, text, number in (("short", SHORT, 1000), ("middle", TEXT, 1000), ("long", LONG, 50)):
        uncached = best(lambda text=text: _parse.__wrapped__(text, frozenset(), True, "expression"), number)  # type: ignore[misc]
        cached = best(lambda text=text: parse(text), 10_000)  # type: ignore[misc]
        print(f"parse {label:<7}{len(text):5d} chars    {uncached:9.2f} us   from the cache {cached:.2f} us")
    print(f"compile                      {best(lambda: compile(tree), 5000):9.2f} us")
    types = {"amount": NUMBER, "status": STRING}
    print(f"infer                        {best(lambda: infer(tree, types), 5000):9.2f} us")
    record = {"id": "x" * 32, "seq": Decimal(4), "data": {"a": Decimal("1.5"), "b": ["x", "y"]}, "kind": "done"}
    print(f"digest of a small record     {best(lambda: digest(record), 5000):9.2f} us")
    return 0


def __builtins_compile(text: str) -> Any:
    import builtins

    return builtins.compile(text, "benchmark", "eval")


if __name__ == "__main__":
    sys.exit(main())

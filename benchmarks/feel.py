"""Times FEEL: parsing, compiled evaluation, and the same against bkflow-feel and Python's own compiled eval.

`python -m benchmarks.feel`. Every engine gets the same expression and the same two values; ours computes with 34-digit
decimals, Python's eval with its own `Decimal`, bkflow-feel with floats.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from charter.engine.feel import compile, infer, parse
from charter.engine.feel.parser import _parse
from charter.engine.feel.types import NUMBER, STRING
from charter.engine.values import digest

from .figures import race, ratio, say

TEXT = 'amount * 1.2 > 1000 and status = "open"'
SCOPE = {"amount": Decimal(1000), "status": "open"}
SHORT = 'plan_approval.outcome = "approve"'
LONG = " and ".join(f'(plan.tasks[due < date("2026-0{n}-01")].cost > {n}00 and x{n} in [1..{n}])' for n in range(1, 9))


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


def main() -> None:
    tree = parse(TEXT).tree
    assert tree is not None
    expression = compile(tree)
    python = builtins.compile('amount * D > 1000 and status == "open"', "benchmark", "eval")
    names = {**SCOPE, "D": Decimal("1.2")}
    works = {"ours": (lambda: expression.evaluate(SCOPE), 20_000), "python": (lambda: eval(python, names), 20_000)}
    other = rival()
    if other is not None:
        works |= {"text": (other[0], 100), "tree": (other[1], 2000)}
    found = race(works)
    titles = {
        "ours": "compiled evaluation",
        "python": "Python's compiled eval",
        "text": "bkflow-feel",
        "tree": "bkflow-feel, its parsed tree alone",
    }
    for name in works:
        say(titles[name], [seconds * 1e6 for seconds in found[name]], "us")
    say("compiled evaluation / Python's eval", ratio(found["ours"], found["python"]), most=12)
    if other is not None:
        say("bkflow-feel / compiled evaluation", ratio(found["text"], found["ours"]), least=20)
    types = {"amount": NUMBER, "status": STRING}
    record = {"id": "x" * 32, "seq": Decimal(4), "data": {"a": Decimal("1.5"), "b": ["x", "y"]}, "kind": "done"}
    smaller: dict[str, tuple[Callable[[], Any], int]] = {
        f"parse {len(text)} characters": (
            lambda text=text: _parse.__wrapped__(text, frozenset(), True, "expression"),
            number,
        )
        for text, number in ((SHORT, 1000), (TEXT, 1000), (LONG, 50))
    } | {
        "parse again, from the cache": (lambda: parse(TEXT), 10_000),
        "compile": (lambda: compile(tree), 5000),
        "infer its type": (lambda: infer(tree, types), 5000),
        "digest of a small record": (lambda: digest(record), 5000),
    }
    for name, rounds in race(smaller, 3).items():
        say(name, [seconds * 1e6 for seconds in rounds], "us")


if __name__ == "__main__":
    main()

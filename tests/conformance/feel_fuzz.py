"""Feeds FEEL generated expressions, as many as one likes: `python -m tests.conformance.feel_fuzz COUNT [SEED]`.

Every expression is parsed, inferred, compiled, evaluated, explained, printed and parsed again, its value encoded.
Anything but a value, a problem or a NotAValue is printed, and so is what hangs for HANG seconds; the exit code tells
whether there was any. The property tests do the same with fewer, shrunken examples.
"""

from __future__ import annotations

import random
import sys
import time
from contextlib import suppress
from decimal import Decimal

from charter.engine.feel import Env, compile, infer, parse
from charter.engine.feel.builtins import load
from charter.engine.values import NotAValue, decode, encode

WORDS = (
    '0 -1 2.5 1e6000 1e-6000 "a" "" "[a-z]+" "(a+)+$" "\\\\1" "$1" "P1D" null true false [] [1,2,3] [[1],[2]] {} {a:1} '
    '@"2020-01-01" @"2020-01-01T10:00:00" @"2020-01-01T10:00:00@Europe/Paris" @"10:00:00Z" @"10:00:00" @"P1D" @"-P1Y" '
    '@"999999999-12-31" [1..3] (<5) (!=5) ["a".."c"] abs a plan plan.tasks ? 95% [null,"a",1] [{key:"a",value:1}]'
)
PHRASES = ("5 CNY", "3 working days", "2 hours", "function(a, b) a < b", "function(x) x", '"1 000,0"')
ATOMS = [*WORDS.split(" "), *PHRASES]
OPERATORS = ("+", "-", "*", "/", "**", "=", "!=", "<", ">=", " and ", " or ", " in ")
FIELDS = ("a", "year", "days", "start", "time offset", "amount", "months", "tasks", "second")
TYPES = ("number", "list<number>", "function<number>->Any", "range<date>", "Null")
HANG = 30  # seconds; the budget ends any evaluation long before, also on a busy machine
SCOPE = {"a": Decimal(3), "plan": {"tasks": [{"x": Decimal(1)}]}, "?": Decimal(1)}


def expression(rng: random.Random, depth: int, names: list[str]) -> str:
    """Write a random expression."""

    def part() -> str:
        return expression(rng, depth - 1, names)

    if depth <= 0:
        return rng.choice(ATOMS)
    forms = (
        lambda: rng.choice(ATOMS),
        lambda: f"{rng.choice(names)}({', '.join(part() for _ in range(rng.randint(0, 4)))})",
        lambda: part() + rng.choice(OPERATORS) + part(),
        lambda: f"({part()}).{rng.choice(FIELDS)}",
        lambda: f"{part()}[{part()}]",
        lambda: f"if {part()} then {part()} else {part()}",
        lambda: f"for x in {part()}{rng.choice(['', ' .. ' + part()])} return {part()}",
        lambda: f"{rng.choice(['some', 'every'])} x in {part()} satisfies {part()}",
        lambda: f"{part()} between {part()} and {part()}",
        lambda: f"-({part()})",
        lambda: f"[{part()}..{part()}]",
        lambda: f"{part()} instance of {rng.choice(TYPES)}",
    )
    return rng.choices(forms, weights=(6, 6, 5, 1, 2, 1, 1, 1, 1, 1, 1, 1))[0]()


def check(text: str, env: Env) -> None:
    """Run one text through everything."""
    parsed = parse(text)
    if parsed.tree is None:
        return
    compiled = compile(parsed.tree)
    value, _ = compiled.explain(SCOPE, env)
    infer(parsed.tree, {})
    assert parse(compiled.text).tree == parsed.tree
    with suppress(NotAValue):
        decode(encode(value))


def main() -> int:
    """Feed so many."""
    wanted, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    rng, names, env = random.Random(seed), sorted(load()), Env(steps=50_000)
    count = faults = 0
    while count < wanted:
        text = expression(rng, rng.randint(1, 4), names)
        began = time.monotonic()
        count += 1
        try:
            check(text, env)
        except Exception as fault:
            faults += 1
            print(f"{type(fault).__name__}: {fault}\n    {text[:400]}")
        if time.monotonic() - began > HANG:
            faults += 1
            print(f"slow\n    {text[:400]}")
    print(f"{count} expressions, {faults} faults")
    return int(faults > 0)


if __name__ == "__main__":
    raise SystemExit(main())

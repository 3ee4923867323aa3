"""Texts that mean harm end in a problem or in null with a reason, whatever they ask for."""

from __future__ import annotations

from decimal import Decimal

import pytest

from charter.engine import values
from charter.engine.feel import Env, compile, infer, parse

ENV = Env(steps=30_000)
SHARED = ", ".join(f"a{i}: [a{i - 1}, a{i - 1}]" for i in range(1, 50))
TWIN = ", ".join(f"b{i}: [b{i - 1}, b{i - 1}]" for i in range(1, 50))

NO_TREE = {
    "open brackets": "(" * 50_000,
    "closed brackets": ")" * 50_000,
    "lists in lists": "[" * 500 + "]" * 500,
    "contexts in contexts": "{a:" * 30_000,
    "minus signs": "-" * 5_000 + "1",
    "a chain of sums": "1" + "+1" * 20_000,
    "a chain of paths": "a" + ".b" * 20_000,
    "a chain of conditions": "if a then b else " * 3_000 + "c",
    "an endless text": '"' + "a" * 90_000,
    "endless digits": "1" * 99_999,
    "an exponent beyond all": "1e99999999999999999999999",
    "too long": " " * 100_001,
    "nothing": "",
    "a lone mark": "§",
}

NULL = {
    "huge powers": "9 ** 9 ** 9 ** 9 ** 9",
    "huge literals": "1e999999",
    "overflow": "1e6144 * 10",
    "exp": "exp(1e6000)",
    "modulo": "modulo(1e6144, 3)",
    "a long range": "for i in 1..1e15 return i",
    "loops in loops": "for i in 1..100000, j in 1..100000 return i",
    "quantifiers": "some i in 1..100000, j in 1..100000 satisfies false",
    "a function of itself": "(function(x) x(x))(function(x) x(x))",
    "a list that doubles": f"{{a0: [1, 1], {SHARED}}}",
    "comparing what doubles": f"{{a0: [1, 1], {SHARED}, b0: [1, 1], {TWIN}, c: a49 = b49}}.c",
    "printing what doubles": f"{{a0: [1, 1], {SHARED}, c: string(a49)}}.c",
    "flattening what doubles": f"{{a0: [1, 1], {SHARED}, c: flatten(a49)}}.c",
    "distinct values of what doubles": f"{{a0: [1, 1], {SHARED}, c: distinct values(a49)}}.c",
    "a path into what doubles": f"{{a0: [1, 1], {SHARED}, c: a49.x}}.c",
    "nesting by partial": "for i in 1..2000 return [partial[-1]]",
    "printing nesting": "string(for i in 1..2000 return [partial[-1]])",
    "years beyond": '@"999999999-12-31" + @"P1D"',
    "durations beyond": '@"P999999999Y" * 1e6000',
    "a date of numbers": "date(1e6000, 1, 1)",
    "a long span": 'date("2020-01-01") + 1e6000 months',
    "replacing a lot": f'replace("{"a" * 9000}", "a", "{"b" * 9000}")',
    "a pattern of patterns": 'matches("a", "((((a{99}){99}){99}){99}){99}{99}{9}[")',
    "references in repeats": f'matches("{"a" * 60}b", "((a+)\\2)+$")',
    "sorting a lot": "sort(for i in 1..29000 return -i)",
}

# Catastrophic for a matcher that tries one way after the other; here they have an answer.
PATTERNS = [
    ("(a+)+$", "a" * 60 + "b", False),
    ("(a|aa)+$", "a" * 60 + "b", False),
    ("(a*)*b*c", "a" * 60, False),
    ("(.*)(.*)(.*)(.*)(.*)(.*)(.*)[^b]$", "ab" * 40, False),
    ("(a?){30}a{30}", "a" * 30, True),
    ("a?" * 28 + "a" * 28, "a" * 28, True),
    ("(x+x+)+y", "x" * 60, False),
    ("^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 60 + "!", False),
]


@pytest.mark.parametrize("text", NO_TREE.values(), ids=NO_TREE.keys())
def test_no_tree(text: str) -> None:
    for dialect in ("charter", "dmn"):
        parsed = parse(text, dialect=dialect)  # type: ignore[arg-type]
        assert parsed.tree is None
        assert parsed.problems


@pytest.mark.parametrize("text", NULL.values(), ids=NULL.keys())
def test_null_with_a_reason(text: str) -> None:
    tree = parse(text).tree
    assert tree is not None
    infer(tree, {})
    expression = compile(tree)
    value, reasons = expression.explain({}, ENV)
    assert value is None
    assert reasons
    assert expression.evaluate({}, ENV) is None


FORMAT = '(function(a, b) external {java: {class: "java.lang.String", method signature: "format(String, %s)"}})'
LONG = [
    "s + s",
    "string([s, s])",
    "string join([s, s])",
    'string join(["a", "b", "c"], s)',
    "upper case(s)",
    'replace("bb", "b", s)',
    'replace(t, "b", s + s2)',
    FORMAT % "[Ljava.lang.Object;" + '("%s%s", [s, s])',
    'replace(t, "a(c)?", r)',  # references to a group that takes no part, again and again
]


@pytest.mark.parametrize("text", LONG)
def test_no_text_is_longer_than_any_may_be(text: str) -> None:
    scope = {"s": "ß" * 600_000, "s2": "ß" * 350_000, "t": "b" + "a" * 90_000, "r": "$1" * 90_000}
    tree = parse(text).tree
    assert tree is not None
    value, reasons = compile(tree).explain(scope)
    assert value is None
    assert reasons[0].endswith("the text would hold more than 1000000 characters")


@pytest.mark.parametrize(
    ("new", "expected"),
    [("$12", "ab2"), ("$2", "a"), ("$" + "1" * 5000, "ab" + "1" * 4999), ("$001", "ab"), ("[$0]", "a[b]")],
)
def test_a_reference_takes_as_many_digits_as_there_are_groups(new: str, expected: str) -> None:
    tree = parse('replace("ab", "(b)", new)').tree
    assert tree is not None
    assert compile(tree).evaluate({"new": new}) == expected


@pytest.mark.parametrize(("pattern", "text", "found"), PATTERNS)
def test_patterns_answer_in_linear_time(pattern: str, text: str, found: bool) -> None:
    tree = parse("matches(text, pattern)").tree
    assert tree is not None
    assert compile(tree).evaluate({"text": text, "pattern": pattern}) is found


def test_what_is_no_value_says_so() -> None:
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    for bad in (1.5, object(), {1: 2}, Decimal("NaN"), Decimal("Infinity"), deep):
        with pytest.raises(values.NotAValue):
            values.encode(bad)
    for broken in ({"date": "x"}, {"money": "1", "currency": 5}, {"span": "3 moons"}, {"number": "NaN"}, 1.5, deep):
        with pytest.raises(values.NotAValue):
            values.decode(broken)
    with pytest.raises(values.NotAValue):
        values.canonical("\ud800")

"""FEEL against the standard's own examples, Charter's additions, and the kit's literal expressions.

The examples are data: one line an expression and the text of its value.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from charter.engine.feel import Env, compile, parse
from charter.engine.feel.builtins import load
from charter.engine.feel.conversion import text_of
from charter.engine.feel.properties import PROPERTIES

from . import feel_kit

HERE = Path(__file__).parent / "feel"
KIT = Path(os.environ.get("CHARTER_DMN_TCK", feel_kit.KIT))

# What a literal expression of the kit needs beyond FEEL: the model's item definitions and variable types.
NEEDS_THE_MODEL = frozenset(("0021-singleton-list", "0070-feel-instance-of", "0082-feel-coercion"))


def examples(file: str) -> list[tuple[str, str]]:
    """Read the lines of a file of examples."""
    lines = (HERE / file).read_text("utf-8").splitlines()
    pairs = (line.rpartition(" =>") for line in lines if line.strip() and not line.startswith("#"))
    return [(expression, expected.strip()) for expression, _, expected in pairs]


@pytest.mark.parametrize(("expression", "expected"), [*examples("standard.txt"), *examples("charter.txt")])
def test_example(expression: str, expected: str) -> None:
    parsed = parse(expression)
    assert parsed.tree is not None, parsed.problems
    value, reasons = compile(parsed.tree).explain({}, Env())
    assert text_of(value) == expected, reasons
    if expected == "null" and "time offset" not in expression:
        assert reasons


def test_the_standard_dialect_knows_no_units() -> None:
    for expression, _ in examples("charter.txt")[:12]:
        assert parse(expression, dialect="dmn").tree is None


def test_every_builtin_has_an_example() -> None:
    text = "".join(file.read_text("utf-8") for file in sorted(HERE.glob("*.txt")))
    elsewhere = {name for name, rows in load().items() if rows[0].call.__module__.endswith("on_ranges")}
    missing = {name for name in load() if f"{name}(" not in text} - elsewhere
    assert missing == {"now", "today"}


def test_every_property_can_be_written() -> None:
    for name in {name for properties in PROPERTIES.values() for name in properties}:
        assert getattr(parse(f"x.{name} = y").tree, "left", None) == parse(f"x.{name}").tree, name


@pytest.mark.skipif(not KIT.is_dir(), reason="the kit is not on this machine")
def test_every_literal_expression_of_the_kit() -> None:
    failed = []
    for case, names in feel_kit.cases(KIT):
        passed, value, reasons = feel_kit.run(case, names)
        if not passed and case.suite not in NEEDS_THE_MODEL:
            failed.append((case.suite, case.name, case.text, value, case.expected, reasons))
    assert not failed


@pytest.mark.parametrize("name", ["feel.md", "feel.zh.md"])
def test_the_example_for_programmers_runs(name: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / name).read_text("utf-8")
    names: dict[str, Any] = {}
    exec(page.split("```python\n")[1].split("```")[0], names)
    assert names["value"] is True
    assert not names["problems"]
    assert not names["reasons"]


@pytest.mark.parametrize("name", ["feel.md", "feel.zh.md"])
def test_every_builtin_is_in_the_reference(name: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / name).read_text("utf-8")
    assert not [name for name in load() if f"\n{name}(" not in page]

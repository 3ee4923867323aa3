"""Runs those decisions of the DMN Technology Compatibility Kit that are a single literal expression.

It reads the kit's XML with the standard library and knows nothing of decision tables, item definitions or
requirements; whatever needs those belongs to the DMN runner. Input values are read as the kit writes them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from charter.engine.feel import Env, compile, parse
from charter.engine.feel.comparison import equal
from charter.engine.feel.temporal import UTC, Date, DateTime, Time
from charter.engine.feel.temporal_text import read_date, read_date_time, read_duration, read_time

KIT = Path(__file__).resolve().parents[3] / "shared/conformance/dmn-tck"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
NOW = Env(now=lambda: DateTime(Date(2026, 3, 2), Time(10, 30, 0, 0, UTC)))


@dataclass(frozen=True)
class Case:
    """One expectation: the expression, its inputs, and the value or error the kit wants."""

    suite: str
    name: str
    text: str
    inputs: dict[str, Any]
    expected: Any
    error: bool


def tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def child(element: ElementTree.Element, name: str) -> ElementTree.Element | None:
    return next((each for each in element if tag(each) == name), None)


def number(text: str) -> Decimal:
    return Decimal(text)


READERS: dict[str, Any] = {
    "decimal": number,
    "double": number,
    "integer": number,
    "int": number,
    "long": number,
    "float": number,
    "boolean": lambda text: text == "true",
    "date": read_date,
    "dateTime": read_date_time,
    "time": read_time,
    "duration": read_duration,
    "string": str,
    "dayTimeDuration": read_duration,
    "yearMonthDuration": read_duration,
}


def value_of(element: ElementTree.Element) -> Any:
    """Read a value, list or context of the kit."""
    components = [each for each in element if tag(each) == "component"]
    if components:
        return {each.get("name", ""): value_of(each) for each in components}
    items = child(element, "list")
    if items is not None:
        return [value_of(each) for each in items if tag(each) == "item"]
    value = child(element, "value")
    if value is None or value.get(f"{XSI}nil") == "true":
        return None
    kind = value.get(f"{XSI}type", "string").rpartition(":")[2]
    return READERS.get(kind, str)(value.text or "")


def literal_decisions(model: Path) -> tuple[dict[str, str], frozenset[str]]:
    """Find the decisions that are one literal expression and need nothing but inputs; and every name declared."""
    root = ElementTree.parse(model).getroot()
    found, names = {}, set()
    inputs = {each.get("id"): each.get("name", "") for each in root if tag(each) == "inputData"}
    names.update(inputs.values())
    for each in root:
        if tag(each) != "decision":
            continue
        expression = child(each, "literalExpression")
        needs = [need for need in each if tag(need).endswith("Requirement")]
        if expression is None or any(child(need, "requiredInput") is None for need in needs):
            continue
        variable = child(each, "variable")
        if variable is not None and variable.get("typeRef") not in (None, "Any") and False:
            continue
        text = child(expression, "text")
        if text is not None and text.text:
            found[each.get("name", "")] = text.text
    return found, frozenset(names)


def cases(kit: Path = KIT) -> Iterator[tuple[Case, frozenset[str]]]:
    """Yield every case this runner can ask."""
    for model in sorted(kit.glob("*/*/*.dmn")):
        decisions, names = literal_decisions(model)
        for file in sorted(model.parent.glob("*-test-*.xml")):
            root = ElementTree.parse(file).getroot()
            if (child(root, "modelName").text or "").strip() != model.name:  # type: ignore[union-attr]
                continue
            for case in (each for each in root if tag(each) == "testCase"):
                inputs = {each.get("name", ""): value_of(each) for each in case if tag(each) == "inputNode"}
                for result in (each for each in case if tag(each) == "resultNode"):
                    text = decisions.get(result.get("name", ""))
                    expected = child(result, "expected")
                    if text is None or expected is None:
                        continue
                    name = f"{case.get('id')}:{result.get('name')}"
                    error = result.get("errorResult") == "true"
                    yield Case(model.parent.name, name, text, inputs, value_of(expected), error), names


def close(given: Any, expected: Any) -> bool:
    """Compare as the kit does: numbers to eight digits behind the point."""
    if isinstance(given, Decimal) and isinstance(expected, Decimal):
        return abs(given - expected) < Decimal("1e-8") * max(1, abs(expected))
    if isinstance(given, list) and isinstance(expected, list):
        return len(given) == len(expected) and all(close(a, b) for a, b in zip(given, expected, strict=True))
    if isinstance(given, dict) and isinstance(expected, dict):
        return given.keys() == expected.keys() and all(close(given[key], expected[key]) for key in given)
    return equal(given, expected) is True


def run(case: Case, names: frozenset[str]) -> tuple[bool, Any, tuple[str, ...]]:
    """Evaluate a case; give whether it passed, the value and the reasons."""
    parsed = parse(case.text, names=names, dialect="dmn")
    if parsed.tree is None:
        return case.expected is None, None, tuple(problem.message for problem in parsed.problems)
    value, reasons = compile(parsed.tree).explain(case.inputs, NOW)
    passed = close(value, case.expected) and (not case.error or bool(reasons) or value is None)
    return passed, value, reasons


def main() -> int:
    """Print every failure, then the count."""
    total = failed = 0
    for case, names in cases(Path(sys.argv[1]) if len(sys.argv) > 1 else KIT):
        total += 1
        passed, value, reasons = run(case, names)
        if not passed:
            failed += 1
            print(f"{case.suite} {case.name}\n    {case.text.strip()}\n    got {value!r} {reasons}")
            print(f"    want {case.expected!r}")
    print(f"{total - failed} of {total} passed")
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main())

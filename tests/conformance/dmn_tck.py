"""Runs suites laid out like the DMN Technology Compatibility Kit: compliance-level-*/NAME/*.dmn with *-test-*.xml.

    python -m tests.conformance.dmn_tck DIRECTORY [--csv tck_results.csv]

prints `N of M passed` and every failure with what was expected and what came; the exit code is 1 when any failed, and
2 when there is nothing to run. A test file that cannot be read, or holds no case, is one failure. An expected error
counts only when an error is reported. Numbers are compared to eight significant places behind the point, as the kit's
own runner does, everything else exactly.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC as CLOCK, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from charter.dsl.dmn.from_xml import read_dmn
from charter.engine.decisions.graph import Graph, Outcome
from charter.engine.decisions.model import Model
from charter.engine.feel import Env
from charter.engine.feel.comparison import equal
from charter.engine.feel.temporal import UTC, Date, DateTime, Time
from charter.engine.feel.temporal_text import read_date, read_date_time, read_duration, read_time

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


@dataclass(frozen=True)
class Result:
    """How one test case of a file ended; `failures` say what was expected and what came, a line each."""

    suite: str
    file: str
    case: str
    failures: tuple[str, ...]


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _children(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (each for each in element if _tag(each) == name)


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise ValueError(f"`{text}` is not a number") from None


_READERS: Mapping[str, Any] = {
    **dict.fromkeys(("decimal", "double", "integer", "int", "long", "float", "number"), _number),
    "boolean": lambda text: text.strip() == "true",
    "date": read_date,
    "dateTime": read_date_time,
    "time": read_time,
    **dict.fromkeys(("duration", "dayTimeDuration", "yearMonthDuration"), read_duration),
    "string": str,
}


def value_of(element: ElementTree.Element) -> Any:
    """Reads a value, list or context as the kit writes it."""
    if element.get(f"{XSI}nil") == "true":
        return None
    components = list(_children(element, "component"))
    if components:
        return {each.get("name", ""): value_of(each) for each in components}
    for items in _children(element, "list"):
        nothing = items.get(f"{XSI}nil") == "true"
        return None if nothing else [value_of(each) for each in _children(items, "item")]
    for value in _children(element, "value"):
        if value.get(f"{XSI}nil") == "true":
            return None
        kind = value.get(f"{XSI}type", "string").rpartition(":")[2]
        return _READERS.get(kind, str)(value.text or "")
    return None


def close(given: Any, expected: Any) -> bool:
    if isinstance(given, Decimal) and isinstance(expected, Decimal):
        if not given.is_finite() or not expected.is_finite():
            return given == expected
        return abs(given - expected) <= Decimal("1e-8") * max(Decimal(1), abs(expected))
    if isinstance(given, list) and isinstance(expected, list):
        return len(given) == len(expected) and all(close(a, b) for a, b in zip(given, expected, strict=True))
    if isinstance(given, Mapping) and isinstance(expected, Mapping):
        return given.keys() == expected.keys() and all(close(given[key], expected[key]) for key in expected)
    return equal(given, expected) is True


def _now() -> DateTime:
    t = datetime.now(CLOCK)
    return DateTime(Date(t.year, t.month, t.day), Time(t.hour, t.minute, t.second, 0, UTC))


def _models(folder: Path) -> dict[str, tuple[Model, dict[str, Model]]]:
    """Reads a suite's models by file name, each with all the others by namespace."""
    read = {path.name: read_dmn(path.read_bytes())[0] for path in sorted(folder.glob("*.dmn"))}
    found = {name: model for name, model in read.items() if model is not None}
    return {
        name: (model, {other.namespace: other for other in found.values() if other is not model})
        for name, model in found.items()
    }


def _needed(model: Model, others: Mapping[str, Model]) -> dict[str, Model]:
    """Keeps those models that this one imports, directly or through others."""
    needed: dict[str, Model] = {}
    todo = [model]
    while todo:
        for each in todo.pop().imports:
            other = others.get(each.namespace)
            if other is not None and other.namespace not in needed:
                needed[other.namespace] = other
                todo.append(other)
    return needed


def _ask(graph: Graph, case: ElementTree.Element, name: str, inputs: Mapping[str, Any], env: Env) -> Outcome:
    invocable = case.get("invocableName")
    if case.get("type") in ("decisionService", "bkm") and invocable:
        outcome = graph.invoke(invocable, inputs, env, case.get("namespace"))
        service = next((s for s in graph.model.services if s.name == invocable), None)
        if service is not None and len(service.outputs) > 1 and isinstance(outcome.value, Mapping):
            return Outcome(outcome.value.get(name), outcome.reasons)
        return outcome
    return graph.evaluate(name, inputs, env, case.get("namespace"))


def _input(node: ElementTree.Element) -> str:
    """Names an input; one of another model by that model's namespace too."""
    return "#".join(filter(None, (node.get("namespace"), node.get("name", ""))))


def _wish(node: ElementTree.Element) -> tuple[str, Any, bool]:
    """Reads what a case expects: the result's name, its value, whether an error is to be reported."""
    expected = next((value_of(e) for e in _children(node, "expected")), None)
    return node.get("name", ""), expected, node.get("errorResult") == "true"


def run_file(path: Path, models: Mapping[str, tuple[Model, dict[str, Model]]]) -> Iterator[Result]:
    """Runs one test file of a suite."""
    suite = "/".join(path.parent.parts[-2:])
    try:
        root = ElementTree.parse(path).getroot()
        cases = list(_children(root, "testCase"))
        given = [{_input(each): value_of(each) for each in _children(case, "inputNode")} for case in cases]
        wishes = [[_wish(node) for node in _children(case, "resultNode")] for case in cases]
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        yield Result(suite, path.stem, "-", (f"the test file cannot be read: {error}",))
        return
    if not cases:
        yield Result(suite, path.stem, "-", ("there is no test case in the file",))
    wanted = next(((e.text or "").strip() for e in _children(root, "modelName")), "")
    if wanted not in models and f"{wanted}.dmn" in models:
        wanted += ".dmn"
    graph = None
    if wanted in models:
        model, others = models[wanted]
        graph = Graph(model, _needed(model, others))
    present = _now()
    env = Env(now=lambda: present)
    for number, (case, inputs, results) in enumerate(zip(cases, given, wishes, strict=True), 1):
        label = case.get("id") or str(number)
        if graph is None:
            yield Result(suite, path.stem, label, (f"there is no model {wanted}",))
            continue
        failures = [] if results else ["the case expects nothing"]
        for name, expected, error in results:
            outcome = _ask(graph, case, name, inputs, env)
            if error:
                if outcome.value is not None or not outcome.reasons:
                    failures.append(f"{name}: expected an error, got {outcome.value!r} and no error")
            elif not close(outcome.value, expected):
                why = f" ({'; '.join(outcome.reasons)})" if outcome.reasons else ""
                failures.append(f"{name}: expected {expected!r}, got {outcome.value!r}{why}")
        yield Result(suite, path.stem, label, tuple(failures))


def run(directory: Path) -> Iterator[Result]:
    """Runs every suite below a directory."""
    for folder in sorted({path.parent for path in directory.rglob("*.dmn")}):
        models = _models(folder)
        for path in sorted(folder.glob("*-test-*.xml")):
            yield from run_file(path, models)


def _write(path: Path, results: list[Result]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        for r in results:
            writer.writerow([r.suite, r.file, r.case, "ERROR" if r.failures else "SUCCESS", "; ".join(r.failures)])


def main(arguments: list[str] | None = None) -> int:
    """Runs the kit, prints failures and the count, and writes the kit's result columns when asked."""
    options = argparse.ArgumentParser(description="Run DMN TCK suites")
    options.add_argument("directory", type=Path)
    options.add_argument("--csv", type=Path)
    given = options.parse_args(arguments)
    if not given.directory.is_dir():
        print(f"there is no directory {given.directory}", file=sys.stderr)
        return 2
    results = list(run(given.directory))
    if not results:
        print(f"there are no test cases below {given.directory}", file=sys.stderr)
        return 2
    for result in results:
        for failure in result.failures:
            print(f"{result.suite} {result.file} {result.case}\n    {failure}")
    if given.csv:
        try:
            _write(given.csv, results)
        except OSError as error:
            print(f"{given.csv} cannot be written: {error.strerror}", file=sys.stderr)
            return 2
    passed = sum(not result.failures for result in results)
    print(f"{passed} of {len(results)} passed")
    return int(passed < len(results))


if __name__ == "__main__":
    sys.exit(main())

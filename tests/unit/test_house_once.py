"""What is known in one place only: a test for each that finds a second one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from charter.engine.machines import CASE_STATES, ELEMENT_STATES
from charter.engine.plan import facts

ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    str(path.relative_to(ROOT)): ast.parse(path.read_text("utf-8"))
    for room in ("engine", "dsl", "runtime")
    for path in sorted((ROOT / room).rglob("*.py"))
    if "migrations" not in path.parts
}


def _takes_a_key_apart(node: ast.AST) -> bool:
    """Whether code looks for the bracket of `name[1]`: `partition("[")`, `"[" in key`, `startswith(f"{name}[")`."""
    if isinstance(node, ast.Compare):
        return isinstance(node.ops[0], ast.In | ast.NotIn) and ast.unparse(node.left) == "'['"
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
        return False
    if node.func.attr == "startswith":
        return isinstance(node.args[0], ast.JoinedStr) and ast.unparse(node.args[0].values[-1]) == "'['"
    return node.func.attr in ("partition", "rpartition", "split", "find", "index") and (
        ast.unparse(node.args[0]) == "'['"
    )


def test_keys_are_taken_apart_in_one_place() -> None:
    found = {name for name, tree in MODULES.items() if any(map(_takes_a_key_apart, ast.walk(tree)))}
    assert {name for name in found if "/feel/" not in name} == {"engine/keys.py"}


def _words(node: ast.AST) -> list[object]:
    """The constants of a set, tuple or list, or the keys of a table, that has nothing else; not of functions."""
    parts: list[ast.expr | None] = []
    if isinstance(node, ast.Set | ast.Tuple | ast.List):
        parts = [*node.elts]
    elif isinstance(node, ast.Dict) and not any(isinstance(value, ast.Name) for value in node.values):
        parts = node.keys
    return [p.value for p in parts] if all(isinstance(p, ast.Constant) for p in parts) else []


def _spelled(tree: ast.AST) -> Iterator[str]:
    """Where states are listed: three or more, or a choice of two; a table over all of them is closed and may stay."""
    asked = {id(c) for node in ast.walk(tree) if isinstance(node, ast.Compare) for c in node.comparators}
    for node in ast.walk(tree):
        words = _words(node)
        of_states = set(words) <= set(ELEMENT_STATES) or set(words) <= set(CASE_STATES)
        if of_states and len(words) > (1 if id(node) in asked else 2) and set(words) != set(ELEMENT_STATES):
            yield f"{node.lineno}: {ast.unparse(node)}"


def test_states_are_spelled_in_one_place() -> None:
    found = {name: list(_spelled(tree)) for name, tree in MODULES.items() if "/feel/" not in name}
    assert found.pop("engine/machines.py")
    assert not {name: lines for name, lines in found.items() if lines}


def test_facts_are_spelled_in_one_place() -> None:
    known = {*facts.ELEMENT, *facts.CASE} - {*ELEMENT_STATES, *CASE_STATES}

    def is_table(node: ast.AST) -> bool:
        keys = [key.value for key in node.keys if isinstance(key, ast.Constant)] if isinstance(node, ast.Dict) else []
        return len(keys) > 4 and known.issuperset(keys)

    found = {name for name, tree in MODULES.items() if any(map(is_table, ast.walk(tree)))}
    # What the runtime shows of a row has names of its own, which happen to be the same.
    assert {name for name in found if not name.startswith("runtime/")} == {"engine/plan/facts.py"}

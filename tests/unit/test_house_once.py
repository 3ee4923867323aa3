"""What is known in one place only: a test for each that finds a second one."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    str(path.relative_to(ROOT)): ast.parse(path.read_text("utf-8"))
    for room in ("engine", "dsl", "runtime")
    for path in sorted((ROOT / room).rglob("*.py"))
    if "migrations" not in path.parts
}

# What still takes keys apart by hand; shrinks, never grows.
KEYS_BY_HAND = {"runtime/audit/clauses.py", "runtime/audit/log.py", "runtime/audit/query.py"}


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
    assert "engine/keys.py" in found
    assert {name for name in found if "/feel/" not in name} - KEYS_BY_HAND == {"engine/keys.py"}

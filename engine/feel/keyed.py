"""Lists whose items have keys: what stands in brackets behind one is a key (`customers["acme"]`) or a condition.

Which of the two is said by its form, so that checker and engine read it alike: a comparison, a test or a function that
gives true or false is a condition, anything else a key.
"""

from __future__ import annotations

from charter.engine.feel import tree as t, types as y
from charter.engine.feel.builtins import load

_CONDITIONS = (t.Between, t.In, t.InstanceOf, t.Quantified, t.Boolean)
_TESTS = frozenset({"=", "!=", "<", "<=", ">", ">=", "and", "or"})


def is_condition(test: t.Node) -> bool:
    """Says whether what stands in brackets chooses items by what they are, not by a key."""
    if isinstance(test, t.Binary):
        return test.op in _TESTS
    if isinstance(test, t.Call | t.NamedCall) and isinstance(test.function, t.Name):
        rows = load().get(test.function.name, ())
        return bool(rows) and all(row.result is y.BOOLEAN for row in rows)
    return isinstance(test, _CONDITIONS)

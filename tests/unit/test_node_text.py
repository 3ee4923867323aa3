"""A node's row holds what a state says of it as JSON data, however the node came about."""

from __future__ import annotations

from typing import Any

import pytest

from charter.engine.compact import compact
from charter.engine.state import Confirmation, Node, Vote, node_json, node_of
from charter.runtime.folds.state import text


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"state": "ready", "iteration": 2, "ready_at": 1_700_000_000_000_000, "due": 0},
        {"state": " planned ".strip(), "before": "active"},  # equal to the default, and another object
        {"holder": "lǐ", "doers": ("lǐ", "wu"), "used": (("plan[*]", "ab"),), "reason": 'half "a"\n\x1f\x7f/\u2028'},
        {"votes": (Vote("li", "boss", 1, True), Vote("wu", "", 2, False, "li", ("boss", "clerk")))},
        {"confirmations": (Confirmation("seal", "li", 3), Confirmation("proof[1]", "wu", 4, {"number": "0.5"}))},
        {"item": {"context": {"b": [True, None, 2**70], "a": ""}}, "added": True, "size": 0, "pending": 300},
    ],
)
def test_a_node_is_written_as_the_state_gives_it(fields: dict[str, Any]) -> None:
    node = Node("job[1.2]", "job", **fields)

    assert text(node) == compact(node_json(node))
    assert node_of(node_json(node)) == node

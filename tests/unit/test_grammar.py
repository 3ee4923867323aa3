"""The grammars hold no rule that no text can reach: what is left of a line that is gone would be read by nobody."""

from __future__ import annotations

import re
from types import ModuleType

import pytest

from charter.dsl.text import parser as charter
from charter.engine.feel import parser as feel

RULE = re.compile(r"^[?!]*([a-z_]\w*)(?:\.\d+)?\s*:", re.MULTILINE)


@pytest.mark.parametrize("parser", [charter, feel])
def test_every_rule_is_reached_from_a_start(parser: ModuleType) -> None:
    text = re.sub(r"//.*|\"(?:[^\"\\]|\\.)*\"|->\s*\w+", "", parser.grammar())
    parts = RULE.split(text)
    bodies = dict(zip(parts[1::2], parts[2::2], strict=True))
    reached, waiting = set[str](), list(parser.STARTS)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [word for word in re.findall(r"\b[a-z_]\w*", bodies[name]) if word in bodies]
    assert len(bodies) > 20 and set(bodies) == reached

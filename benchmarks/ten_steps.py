"""The case that all engines play: ten steps, one rejection with its round of rework, a branch.

The process is `ten_steps.charter` for Charter and `bpmn` for SpiffWorkflow; what people do is `STORY` for both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from charter.engine.definition import Definition
from charter.runtime.author.texts import compile_file

PEOPLE = {"li": "clerk", "wu": "boss"}

# (verb, node, person, arguments), after the start by li
STORY: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("complete", "a1", "li", {"records": {"order": {"amount": 500}}}),
    ("complete", "a2", "li", {}),
    ("complete", "a3", "li", {}),
    ("complete", "a4", "li", {"records": {"offer": {"amount": 1}}}),
    ("reject", "ok", "wu", {"reason": "too little"}),
    ("complete", "a4", "li", {"records": {"offer": {"amount": 2}}}),
    ("approve", "ok", "wu", {}),
    *(("complete", node, "li", {}) for node in ("big", "a7", "a8", "a9")),
)

_TASKS = ("a1", "a2", "a3", "a4", "ok", "big", "small", "a7", "a8", "a9")
_FLOWS = (
    ("start", "a1", ""),
    ("a1", "a2", ""),
    ("a2", "a3", ""),
    ("a3", "a4", ""),
    ("a4", "ok", ""),
    ("ok", "g1", ""),
    ("g1", "a4", "not approved"),
    ("g1", "g2", "approved"),
    ("g2", "big", "amount &gt; 100"),
    ("g2", "small", "amount &lt;= 100"),
    ("big", "g3", ""),
    ("small", "g3", ""),
    ("g3", "a7", ""),
    ("a7", "a8", ""),
    ("a8", "a9", ""),
    ("a9", "end", ""),
)


def ten_steps() -> Definition:
    """Gives the process, compiled."""
    return compile_file(str(Path(__file__).with_name("ten_steps.charter"))).definitions[0]


def bpmn() -> str:
    """Gives the same process as BPMN 2.0."""
    tasks = "".join(f'<manualTask id="{name}" name="{name}"/>' for name in _TASKS)
    gates = "".join(f'<exclusiveGateway id="{name}"/>' for name in ("g1", "g2", "g3"))
    flows = ""
    for i, (source, target, condition) in enumerate(_FLOWS):
        test = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
        flows += f'<sequenceFlow id="f{i}" sourceRef="{source}" targetRef="{target}">{test}</sequenceFlow>'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="x">'
        f'<process id="ten" isExecutable="true"><startEvent id="start"/>{tasks}{gates}<endEvent id="end"/>'
        f"{flows}</process></definitions>"
    )

"""What the steps of a scenario give their commands, by verb; part of `scenarios.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from charter.dsl.build import scenarios as s
from charter.engine import values
from charter.engine.commands import Actor
from charter.engine.keys import name_of


class Player(Protocol):
    """What evaluates the values of a step."""

    def actor(self, person: str) -> Actor: ...
    def value(self, value: s.Value) -> Any: ...
    def record(self, name: str, value: s.Value, target: str | None = None) -> Any: ...
    def file(self, path: Path | str) -> values.File: ...


def _complete(player: Player, step: s.Act) -> dict[str, Any]:
    records = tuple((name, player.record(name, value, step.target)) for name, value in step.arguments)
    checks = tuple((name, player.value(value)) for name, value in step.checks)
    return {"node": step.target, "records": records, "checks": checks}


def _confirm(player: Player, step: s.Act) -> dict[str, Any]:
    evidence = player.value(step.arguments[0][1]) if step.arguments else None
    return {"node": step.target, "check": step.check, "evidence": evidence}


def _amend(player: Player, step: s.Act) -> dict[str, Any]:
    record = step.target or ""
    value = player.record(name_of(record), step.arguments[0][1]) if step.arguments else None
    return {"record": record, "value": value}


def _add(player: Player, step: s.Act) -> dict[str, Any]:
    return {"node": step.target, "item": player.value(step.arguments[0][1]) if step.arguments else None}


# verb -> the fields of its command besides actor, time and reason; a verb not here has only its node
FIELDS: Mapping[str, Callable[[Player, s.Act], dict[str, Any]]] = {
    "complete": _complete,
    "confirm": _confirm,
    "delegate": lambda player, step: {"node": step.target, "to": player.actor(step.to or "")},
    "return": lambda player, step: {"node": step.target, "to": step.to},
    "amend": _amend,
    "comment": lambda player, step: {"node": step.target, "text": step.said or ""},
    "attach": lambda player, step: {"node": step.target, "file": values.encode(player.file(step.said or ""))},
    "add": _add,
}

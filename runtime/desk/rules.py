"""How the rules of a process stand in a case: how often they took effect, and what their conditions come to now."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from charter.engine.dated import prepared
from charter.engine.definition import Definition, Rule
from charter.engine.plan.scope import Scope
from charter.engine.state import CaseState, Watch
from charter.runtime.clock import iso


class Standing(Struct, frozen=True):
    """`holds`: whether its condition is true now, None where that is unknown or it has none; `read`: what that reads;
    `due`: when its rhythm comes round next.
    """

    rule: Rule
    fired: int
    at: int | None
    holds: bool | None
    read: tuple[str, ...]
    due: int | None

    @property
    def word(self) -> str:
        """The word for what its condition comes to, a key of the message tables."""
        if self.rule.when is None:
            return "always"
        return {True: "true", False: "false", None: "unknown"}[self.holds]


def standings(definition: Definition, state: CaseState, now: int) -> list[Standing]:
    """Says how each rule of cases stands."""
    known = {watch.rule: watch for watch in state.watches}
    scope = Scope(prepared(definition, state), state, None, (), now)
    found = []
    for rule in (rule for rule in definition.rules if rule.of_cases):
        watch = known.get(rule.name) or Watch(rule.name)
        value = None if rule.when is None else scope.value(rule.when)
        holds = value if isinstance(value, bool) else None
        read = () if rule.when is None else tuple(scope.seen(rule.when))
        found.append(Standing(rule, watch.fired, watch.at, holds, read, watch.wake))
    return found


def to_json(standing: Standing) -> dict[str, Any]:
    """Gives how a rule stands as JSON data."""
    return {
        "rule": standing.rule.name,
        "title": standing.rule.title,
        "fired": standing.fired,
        "at": iso(standing.at),
        "holds": standing.holds,
        "due": iso(standing.due),
    }

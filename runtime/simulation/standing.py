"""Where simulated cases stand still, and why: what the engine said when work could not go on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from charter.engine.definition import Definition
from charter.engine.machines import SETTLED
from charter.engine.plan.program import prepare
from charter.engine.plan.waiting import holds
from charter.engine.refusals import Reason, Refusal
from charter.engine.state import CaseState

MOST_COMMANDS = 2_000  # of one case, which is left to itself then


class Standing(Struct, frozen=True):
    """So many cases of a process that stand still at one element, for one reason.

    `element`: "" where they could not even be opened. `kind`: `held` (the engine's `reason`), `failed` (`failure`, as
    the trail has it, or `reason`) or `turning` (more commands than any case needs, and what was refused meanwhile).
    """

    process: str
    element: str
    kind: str
    count: int = 1
    reason: Reason | None = None
    failure: str | None = None

    @property
    def condition(self) -> str | None:
        """The line of the file, as FEEL, that holds the cases back."""
        arguments = {} if self.reason is None else self.reason.arguments
        return arguments.get("condition") or arguments.get("criteria")


class Host(Protocol):
    """Where the cases were. `turned_away`: by case and node, what the engine last refused; `endless`: cases."""

    turned_away: dict[tuple[str, str], Refusal]
    endless: set[str]

    def definition(self, case: str) -> Definition: ...


def standing(host: Host, case: str, state: CaseState, now: int) -> Standing:
    """Says where one case stands, and why; what has failed or was refused says more than what waits for it."""
    definition, turned_away = host.definition(case), host.turned_away
    program = prepare(definition)
    open_ = [node for node in state.nodes.values() if node.state not in SETTLED]
    inner = [n for n in open_ if n.state != "planned" and program.spot(n.key)[0].lifecycle(()) != "phase"] or open_
    name = definition.name
    if state.commands > MOST_COMMANDS or case in host.endless:
        again = next((node for node in state.nodes.values() if (case, node.key) in turned_away), None)
        if again is not None:
            return Standing(name, again.element, "turning", reason=turned_away[case, again.key].reasons[0])
        return Standing(name, inner[0].element if inner else "", "turning")
    failed = next((node for node in inner if node.state == "failed"), None)
    if failed is not None:
        refusal = turned_away.get((case, failed.key))
        reason = None if refusal is None else refusal.reasons[0]
        return Standing(name, failed.element, "failed", reason=reason, failure=failed.reason or "")
    refused = next((node for node in inner if node.state != "planned" and (case, node.key) in turned_away), None)
    if refused is not None:
        return Standing(name, refused.element, "held", reason=turned_away[case, refused.key].reasons[0])
    for node in inner:
        for reason in holds(program, state, node.key, now):
            return Standing(name, node.element, "held", reason=reason)
    return Standing(name, inner[0].element if inner else "", "held")


def gathered(found: Iterable[Standing]) -> tuple[Standing, ...]:
    """Counts those that stand still at the same element for the same reason together, the most frequent first."""
    counts: dict[Any, Standing] = {}
    for one in found:
        arguments = {} if one.reason is None else one.reason.arguments
        why = tuple(str(arguments.get(key)) for key in ("record", "field", "condition", "criteria", "other"))
        key = (one.process, one.element, one.kind, one.reason and one.reason.code, one.failure, why)
        before = counts.get(key)
        counts[key] = one if before is None else replace(before, count=before.count + one.count)
    return tuple(sorted(counts.values(), key=lambda one: -one.count))

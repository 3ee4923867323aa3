"""Random rules for random processes."""

from __future__ import annotations

from random import Random

from msgspec.structs import replace

from charter.engine.definition import Action, Definition, Element, Occasion, Rule

_STATES = ("ready", "active", "done", "skipped", "overdue", "stale", "granted", "rejected")
_SPANS = ("1 hour", "2 hours", "1 day", "3 days", "null", "if case.open then 2 hours else null")


def _occasion(rng: Random, definition: Definition) -> Occasion:
    names = [e.name for e in definition.elements for _ in range(4 if e.many is not None else 1)]
    approvals = [element.name for element in definition.elements if element.agreement is not None]
    match rng.randint(0, 9):
        case 0 | 1 if definition.records:
            return Occasion("written", rng.choice(definition.records).name)
        case 2 if approvals:
            return Occasion("rejected", rng.choice(approvals), None, rng.randint(1, 2))
        case 3:
            return Occasion("signal", "bell")
        case 4 | 5:
            return Occasion("every", every=rng.choice(_SPANS))
        case 6:
            return Occasion("state", "case", rng.choice(("open", "completed", "cancelled", "suspended")))
    return Occasion("state", rng.choice(names), rng.choice(_STATES))


def _condition(rng: Random, definition: Definition) -> str | None:
    element: Element = rng.choice(definition.elements)
    record = rng.choice(definition.records).name if definition.records else element.name
    return rng.choice(
        (
            None,
            f"{element.name}.done",
            f"not({element.name}.done)",
            f"count({element.name}) > 1",
            f"{record}.x > 1",
            f"sum({record}.x) > 3",
            "case.open",
            f"if {record}.x > 1 then true else null",
            f"if {element.name}.done then true else null",
        )
    )


def ruled(rng: Random, definition: Definition) -> Definition:
    """Gives a process with a few rules; escalation is asked for whatever the event is about."""
    if not definition.elements:
        return definition
    rules = tuple(
        Rule(
            f"rule_{number}",
            f"rule_{number}",
            tuple(_occasion(rng, definition) for _ in range(rng.randint(1, 3))),
            _condition(rng, definition),
            tuple(
                rng.choice(
                    (
                        Action("notify", ("boss",)),
                        Action("escalate", ("boss",)),
                        Action("start", process="other", arguments=(("x", "case.open"),)),
                    )
                )
                for _ in range(rng.randint(1, 2))
            ),
        )
        for number in range(rng.randint(0, 3))
    )
    return replace(definition, rules=rules)

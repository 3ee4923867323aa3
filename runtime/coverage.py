"""What scenarios have reached of a process: its elements, and the outcomes each may have.

Reads definitions and audit records alone. An element is covered once it was ready, active or reached; an outcome once a
record tells of it. What may come out of an element follows from its clauses: a table, `_OUTCOMES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ..engine.definition import Definition, Element
from ..engine.records import Record

# outcome -> (which elements may have it, the kinds of record that tell of it)
_OUTCOMES: Mapping[str, tuple[Callable[[Element], bool], frozenset[str]]] = {
    "done": (lambda e: e.kind in ("phase", "activity"), frozenset({"completed", "answered"})),
    "granted": (lambda e: e.agreement is not None, frozenset({"granted"})),
    "rejected": (lambda e: e.agreement is not None, frozenset({"rejected"})),
    "returned": (lambda e: e.agreement is not None and bool(e.agreement.of or e.agreement.on_return),
                 frozenset({"returned"})),
    "escalated": (lambda e: e.agreement is not None and e.agreement.escalation is not None,
                  frozenset({"escalated"})),
    "skipped": (lambda e: e.kind != "milestone" and e.when is not None, frozenset({"skipped"})),
    "overdue": (lambda e: bool(e.within or e.due), frozenset({"overdue"})),
    "failed": (lambda e: e.work is not None and e.work.kind == "call", frozenset({"failed"})),
    "repeated": (lambda e: e.repeat is not None, frozenset({"repeated"})),
    "reached": (lambda e: e.kind == "milestone", frozenset({"reached"})),
}  # fmt: skip
# kinds of record that show that an element came alive
_ALIVE = frozenset({"opened", "reached", "completed", "granted", "rejected"})


@dataclass(frozen=True, slots=True)
class Coverage:
    """Elements and (element, outcome) pairs of a process, all and covered, in the order of the file."""

    definition: Definition
    elements: tuple[str, ...]
    outcomes: tuple[tuple[str, str], ...]
    covered_elements: frozenset[str]
    covered_outcomes: frozenset[tuple[str, str]]

    @property
    def missed(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Lists what no scenario reached: (element, outcomes); no outcomes where the element itself was not."""
        found: list[tuple[str, tuple[str, ...]]] = []
        for name in self.elements:
            if name not in self.covered_elements:
                found.append((name, ()))
                continue
            lacking = tuple(o for e, o in self.outcomes if e == name and (e, o) not in self.covered_outcomes)
            if lacking:
                found.append((name, lacking))
        return tuple(found)


def measure_coverage(definition: Definition, records: Iterable[Record]) -> Coverage:
    """Compares what may happen in a process with what has."""
    seen = {(r.element.partition("[")[0], r.kind) for r in records if r.element is not None and r.outcome != "refused"}
    outcomes = tuple(
        (element.name, outcome)
        for element in definition.elements
        for outcome, (may, _) in _OUTCOMES.items()
        if may(element)
    )
    covered = frozenset(
        (name, outcome) for name, outcome in outcomes if any((name, kind) in seen for kind in _OUTCOMES[outcome][1])
    )
    alive = frozenset(name for name, kind in seen if kind in _ALIVE)
    return Coverage(definition, tuple(e.name for e in definition.elements), outcomes, alive, covered)

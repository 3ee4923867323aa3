"""What scenarios have reached of a process: its elements, the outcomes each may have, the rule-book clauses.

Reads definitions and entries alone. An element is covered once it was ready, active or reached; an outcome once a
entry tells of it; a clause once an element was done, a checklist point ticked or an entry written that carries it out.
What may come out of an element follows from what it says: a table, `_OUTCOMES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct

from charter.engine.carriers import Carrier, carriers
from charter.engine.definition import Definition, Element
from charter.engine.entries import Entry, Told
from charter.engine.entries.cases import Amended, Confirmed, Decided, Failed, Filed, Fired, Skipped, Written
from charter.engine.entries.clocks import ThresholdReached
from charter.engine.entries.ledgers import BaselineFixed
from charter.engine.entries.organisation import RuleApplied
from charter.engine.keys import name_of


def _may_come_up(element: Element) -> bool:
    """Says whether the work of an element may come up to a higher role."""
    by_people = element.kind in ("activity", "approval") and element.work is None
    acted = by_people and any(action.kind == "escalate" for event in element.events for action in event.actions)
    return acted or (element.agreement is not None and element.agreement.escalation is not None)


# outcome -> (which elements may have it, the kinds of entry that tell of it)
_OUTCOMES: Mapping[str, tuple[Callable[[Element], bool], frozenset[str]]] = {
    "done": (lambda e: e.kind in ("phase", "activity"), frozenset({"completed", "answered", "decided"})),
    "granted": (lambda e: e.agreement is not None, frozenset({"granted"})),
    "rejected": (lambda e: e.agreement is not None, frozenset({"rejected"})),
    "returned": (
        lambda e: e.agreement is not None and bool(e.agreement.of or e.agreement.on_return),
        frozenset({"returned"}),
    ),
    "escalated": (lambda e: _may_come_up(e), frozenset({"escalated"})),
    "skipped": (lambda e: e.kind != "milestone" and (e.when or e.offered) is not None, frozenset({"skipped"})),
    "ended": (lambda e: any(event.ends for event in e.events), frozenset()),
    "overdue": (lambda e: bool(e.within or e.due), frozenset({"overdue"})),
    "failed": (lambda e: e.work is not None and e.work.kind in ("call", "decide", "amend"), frozenset({"failed"})),
    "repeated": (lambda e: e.repeat is not None, frozenset({"repeated"})),
    "reached": (lambda e: e.kind == "milestone", frozenset({"reached"})),
}
# kind of entry -> outcomes that it tells of
_TOLD_BY: Mapping[str, list[str]] = {
    kind: [outcome for outcome, (_, others) in _OUTCOMES.items() if kind in others]
    for _, kinds in _OUTCOMES.values()
    for kind in kinds
}
# kinds of entry that show that an element was carried out
_DONE = frozenset({"completed", "answered", "decided", "reached", "granted", "rejected", "returned"})
# kinds of entry that show that an element came alive
_ALIVE = frozenset({"opened", "decided", "reached", "completed", "granted", "rejected"})

# What a scenario may reach: (element, outcome), with "" for the outcome of an element that came alive, (table, row),
# (rule, FIRED), (clock, `at 75%`).
Reach = tuple[str, str | int]


FIRED = "fired"
AT = "at {}%"


class Coverage(Struct, frozen=True):
    """Elements, (element, outcome) pairs, clauses, (decision, row) pairs, rules and (clock, share) pairs of a process,
    all and covered.

    In the order of the file; rows of decision tables count from 1.
    """

    definition: Definition
    elements: tuple[str, ...]
    outcomes: tuple[tuple[str, str], ...]
    covered_elements: frozenset[str]
    covered_outcomes: frozenset[tuple[str, str]]
    clauses: tuple[str, ...] = ()
    covered_clauses: frozenset[str] = frozenset()
    rows: tuple[tuple[str, int], ...] = ()
    covered_rows: frozenset[tuple[str, int]] = frozenset()
    rules: tuple[str, ...] = ()
    covered_rules: frozenset[str] = frozenset()
    shares: tuple[tuple[str, str], ...] = ()
    covered_shares: frozenset[tuple[str, str]] = frozenset()

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

    @property
    def lacking(self) -> tuple[Reach, ...]:
        """Lists all that no scenario reached, each thing by itself: elements, their outcomes, rows of tables, rules,
        shares of clocks.
        """
        return (
            *((name, "") for name in self.elements if name not in self.covered_elements),
            *(pair for pair in self.outcomes if pair not in self.covered_outcomes),
            *(pair for pair in self.rows if pair not in self.covered_rows),
            *((name, FIRED) for name in self.rules if name not in self.covered_rules),
            *(pair for pair in self.shares if pair not in self.covered_shares),
        )


def reached(entries: Iterable[Entry]) -> Iterator[Reach]:
    """Yields what entries show to have been reached, of elements, tables, rules and clocks."""
    for entry in entries:
        if entry.outcome == "refused":
            continue
        if entry.element is not None:
            if entry.kind in _ALIVE:
                yield entry.element, ""
            outcomes = ["ended"] if _is_end(entry.told) else _TOLD_BY.get(entry.kind, ())
            yield from ((entry.element, outcome) for outcome in outcomes)
        told = entry.told
        if isinstance(told, Fired | RuleApplied):
            yield told.rule, FIRED
        elif isinstance(told, ThresholdReached):
            yield name_of(told.sla), AT.format(told.percent)
        elif isinstance(told, Decided | Failed) and told.decision is not None:
            yield from ((told.decision, row) for row in told.rows or ())


def _is_end(told: Told) -> bool:
    """Says whether an entry tells that a line of an element has ended it."""
    return isinstance(told, Skipped) and told.because is not None and told.because.code == "CH594"


def measure_coverage(definition: Definition, entries: Iterable[Entry]) -> Coverage:
    """Compares what may happen in a process with what has."""
    happened = [r for r in entries if r.outcome != "refused"]
    covered = frozenset(reached(happened))
    outcomes = tuple(
        (element.name, outcome)
        for element in definition.elements
        for outcome, (may, _) in _OUTCOMES.items()
        if may(element)
    )
    rows = tuple((table.name, row) for table in definition.decisions for row in range(1, len(table.rules) + 1))
    fired = frozenset(r.told.rule for r in happened if isinstance(r.told, Fired | RuleApplied))
    return Coverage(
        definition,
        tuple(e.name for e in definition.elements),
        outcomes,
        frozenset(name for name, outcome in covered if outcome == ""),
        frozenset(pair for pair in outcomes if pair in covered),
        tuple(dict.fromkeys(c for carrier in carriers(definition) if carrier.is_done for c in carrier.clauses)),
        exercised(definition, happened),
        rows,
        frozenset(pair for pair in rows if pair in covered),
        tuple(rule.name for rule in definition.rules),
        fired,
        shares := tuple(
            (sla.name, AT.format(percent))
            for sla in definition.slas
            for percent in sorted({each.percent for each in sla.thresholds})
        ),
        frozenset(pair for pair in shares if pair in covered),
    )


def exercised(definition: Definition, entries: Iterable[Entry]) -> frozenset[str]:
    """Gives the clauses that entries show to have been carried out, by id."""
    happened = [r for r in entries if r.outcome != "refused"]
    by_name = {_named(carrier): carrier.clauses for carrier in carriers(definition) if carrier.is_done}
    carried = {r.element for r in happened if r.element is not None and r.kind in _DONE}
    carried |= {name_of(r.told.record) for r in happened if isinstance(r.told, Written | Amended)}
    carried |= {f"{r.element}.{name_of(r.told.check)}" for r in happened if isinstance(r.told, Confirmed)}
    carried |= {f"rule {r.told.rule}" for r in happened if isinstance(r.told, Fired | RuleApplied)}
    carried |= {f"ledger {r.told.ledger}" for r in happened if isinstance(r.told, BaselineFixed)}
    own = {counter.name for counter in definition.counters}
    carried |= {f"counter {r.told.register}" for r in happened if isinstance(r.told, Filed) and r.told.register in own}
    carried |= {f"queue {role}" for e in definition.elements if e.name in carried for role in e.roles}
    return frozenset(clause for carrier in carried for clause in by_name.get(carrier, ()))


def _named(carrier: Carrier) -> str:
    """Names a carrier among all; a rule, a ledger, a queue or a counter may have the name of an element, too."""
    return f"{carrier.kind} {carrier.name}" if carrier.kind in ("rule", "ledger", "queue", "counter") else carrier.name

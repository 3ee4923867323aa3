"""Ledgers of a case as they stand: their entries and sums, and what there is to know of each.

Read by expressions (`scope`), by the guard of what is written and by the views. Changes nothing; the fold itself, which
knows no cases, is in `engine/ledgers.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from charter.engine.feel import types as y
from charter.engine.feel.own import Described
from charter.engine.keys import Path, key_of, parse_key
from charter.engine.ledgers import KINDS, Account, Book, Posted, account
from charter.engine.machines import SETTLED
from charter.engine.plan.place import Place
from charter.engine.plan.plans import LedgerPlan
from charter.engine.state import View

if TYPE_CHECKING:
    from charter.engine.plan.program import Program

AMOUNTS = ("baseline", *KINDS, "used", "left")


def facts_of(amount: y.Type) -> dict[str, y.Type]:
    """Gives the types of what there is to know of a ledger, and of each of its lines."""
    return {**dict.fromkeys(AMOUNTS, amount), "overrun": y.BOOLEAN, "entries": y.NUMBER}


def book_of(view: View, name: str) -> Book:
    """Gives how a ledger stands, also before anything has befallen it."""
    return next((book for book in view.books if book.ledger == name), Book(name))


def posted(
    program: Program, view: View, plan: LedgerPlan, written: Mapping[str, Any] | None = None
) -> Iterator[Posted]:
    """Yields the entries as they stand; `written`: values of versions that are about to be written, by their keys.

    What a cancelled instance wrote is none, nor what an approval has rejected for good.
    """
    ledger = plan.ledger
    for booking in ledger.bookings:
        record, *fields = booking.items.split(".")
        for loops, path in _places(program, view, record, written or {}):
            key = key_of(record, path)
            if written is not None and key in written:
                value = written[key]
            elif key in view.versions and not _rejected(view, plan, record, path):
                version = view.versions[key]
                value = program.decode(version.digest, version.value)
            else:
                continue
            for name in fields:
                value = value.get(name) if isinstance(value, Mapping) else None
            for row in value if isinstance(value, list | tuple) else [value]:
                if isinstance(row, Mapping):
                    yield Posted(booking.kind, (loops, path), row.get(ledger.by), row.get(ledger.amount))


def _places(
    program: Program, view: View, record: str, written: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], Path]]:
    """Yields the loops and index paths at which there may be versions of a record, each once."""
    seen: set[Path] = set()
    for producer in program.producers.get(record, ()):
        for node in program.expand(view.nodes, producer, ()):
            path = parse_key(node)[1]
            there = view.nodes.get(node)
            gone = there is None or there.state == "cancelled"
            if len(path) == len(producer.loops) and path not in seen and (not gone or key_of(record, path) in written):
                seen.add(path)
                yield producer.loops, path
    if () not in seen and (record in view.versions or record in written):
        yield (), ()


def _rejected(view: View, plan: LedgerPlan, record: str, path: Path) -> bool:
    for approval in plan.approvals:
        agreement, node = approval.element.agreement, view.nodes.get(key_of(approval.name, path[: len(approval.loops)]))
        if agreement is not None and agreement.of == record and node is not None and node.state == "rejected":
            return True
    return False


def standing(program: Program, view: View, plan: LedgerPlan, written: Mapping[str, Any] | None = None) -> Account:
    """Gives what a ledger says now, or would once something is written."""
    ledger, book = plan.ledger, book_of(view, plan.ledger.name)
    rows: Any = None
    if book.number:
        rows = program.decode(book.digest, book.value)
        for name in ledger.baseline.split(".")[1:]:
            rows = rows.get(name) if isinstance(rows, Mapping) else None
        rows = rows if isinstance(rows, list | tuple) else [] if rows is None else [rows]
    return account(ledger, rows, posted(program, view, plan, written))


def reading(program: Program, view: View, plan: LedgerPlan, *, foreseen: bool = False) -> Described:
    """Gives a ledger as expressions see it: the list of its lines, each found by its name, with the facts of all.

    `foreseen`: as a `when` sees it, to which that nothing is overrun is unknown while entries may still be made.
    """
    found = standing(program, view, plan)
    if foreseen and not _over(program, view, plan):
        for facts in (*found.lines.values(), found.whole):
            facts["overrun"] = facts["overrun"] or None
    return Described(list(found.lines.values()), found.whole, "line")


def _over(program: Program, view: View, plan: LedgerPlan) -> bool:
    """Says whether everything that makes entries, or the baseline, is over."""
    place = Place(program, view, plan.plan, ())
    makers = (maker for record in plan.records for maker in program.producers.get(record, ()))
    return all(place.seen_state(maker) in SETTLED for maker in makers)

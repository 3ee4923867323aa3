"""Ledgers: which baseline counts, which lines are overrun, and what may not be written because of them.

A ledger is looked at when all else of a step has followed, and only where a record that it follows was written or work
on one moved. Its baseline is the version of its record that was approved last: while another one waits for approval,
that one counts. A line that comes to be overrun is told once, and once again after it has been covered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from charter.engine import values
from charter.engine.entries import Entry
from charter.engine.entries.cases import Amended, Migrated, Written
from charter.engine.entries.ledgers import BaselineFixed, LineCovered, LineOverrun
from charter.engine.entries.told import Told
from charter.engine.keys import name_of
from charter.engine.ledgers import Account, Book
from charter.engine.plan.ledgers import book_of, standing
from charter.engine.plan.place import Place
from charter.engine.plan.plans import LedgerPlan
from charter.engine.plan.readiness import is_approved
from charter.engine.refusals import Reason
from charter.engine.step.draft import Draft, Refused


def look(draft: Draft, seen: int) -> int:
    """Looks at the ledgers after a step's entries from number `seen` on; gives how many have been looked at."""
    there = len(draft.entries)
    for plan in draft.program.ledgers.values():
        befell = [index for index in range(seen, there) if _concerns(draft, plan, draft.entries[index])]
        if befell:
            _look(draft, plan, befell[-1])
    return there


def _concerns(draft: Draft, plan: LedgerPlan, entry: Entry) -> bool:
    if isinstance(entry.told, Migrated):
        return True
    if isinstance(entry.told, Written | Amended):
        return name_of(entry.told.record) in plan.records
    if entry.before == entry.after or entry.element is None:
        return False
    element = draft.program.plans[entry.element].element
    about = element.agreement.of if element.agreement is not None else None
    return about in plan.records or not plan.records.isdisjoint(element.outputs)


def _look(draft: Draft, plan: LedgerPlan, cause: int) -> None:
    book = _fixed(draft, plan, cause)
    found = standing(draft.program, draft, plan)
    over = tuple(key for key, facts in found.lines.items() if facts["overrun"])
    for line in over:
        if line not in book.over:
            _tell(draft, plan, _line(LineOverrun, plan, found, line), cause)
    for line in book.over:
        # One that is unknown now is not covered.
        if line not in over and (line not in found.lines or found.lines[line]["overrun"] is False):
            _tell(draft, plan, _line(LineCovered, plan, found, line), cause)
    unknown = tuple(line for line in book.over if line in found.lines and found.lines[line]["overrun"] is None)
    _keep(draft, book._replace(over=(*over, *unknown)))


def _line(kind: type[LineOverrun | LineCovered], plan: LedgerPlan, found: Account, line: str) -> Told:
    facts = found.lines.get(line, {})
    amounts = (values.encode(facts.get(name)) for name in ("baseline", "used"))
    return kind(plan.ledger.name, line, *amounts)


def _fixed(draft: Draft, plan: LedgerPlan, cause: int) -> Book:
    """Gives how a ledger stands, on the baseline that counts now."""
    book, version = book_of(draft, plan.ledger.name), draft.versions.get(plan.record)
    if version is None or version.digest == book.digest:
        return book
    if not is_approved(Place(draft.program, draft, plan.plan, ()), plan.plan.element.inputs[0]):
        return book
    before = book.digest or None
    book = book._replace(number=version.number, digest=version.digest, value=version.value)
    _keep(draft, book)
    total = values.encode(standing(draft.program, draft, plan).whole["baseline"])
    told = BaselineFixed(plan.ledger.name, plan.record, version.number, version.digest, total, before)
    index = _tell(draft, plan, told, cause)
    draft.touch_record(plan.ledger.name, (), (), index)
    return book


def _keep(draft: Draft, book: Book) -> None:
    others = tuple(each for each in draft.books if each.ledger != book.ledger)
    if book != Book(book.ledger):
        others = (*others, book)
    draft.books = tuple(sorted(others, key=lambda each: each.ledger))


def _tell(draft: Draft, plan: LedgerPlan, told: Told, cause: int) -> int:
    index = draft.follow(told, None, cause)
    if plan.ledger.clauses:
        draft.entries[index] = replace(draft.entries[index], clauses=plan.ledger.clauses)
    return index


# -- what may be written --------------------------------------------------------------------------------------


def guard(draft: Draft, written: Mapping[str, Any]) -> None:
    """Refuses versions of records, by their keys, that would overrun a line, or of which nobody could say so."""
    found: list[Reason] = []
    for plan in draft.program.ledgers.values():
        booked = {booking.items.split(".")[0] for booking in plan.ledger.bookings}
        concern = {key: values.decode(value) for key, value in written.items() if name_of(key) in booked}
        if plan.ledger.refuses and concern:
            found.extend(_overrunning(draft, plan, concern))
    if found:
        raise Refused(*found)


def _overrunning(draft: Draft, plan: LedgerPlan, written: Mapping[str, Any]) -> list[Reason]:
    ledger, subject = plan.ledger, f"ledger {plan.ledger.name}"
    if not book_of(draft, ledger.name).number:
        return [Reason("CH630", subject, {"ledger": ledger.name, "record": plan.record})]
    before = standing(draft.program, draft, plan)
    after = standing(draft.program, draft, plan, written)
    found: list[Reason] = []
    for line, facts in after.lines.items():
        was = before.lines.get(line)
        if was == facts or facts["overrun"] is False:
            continue
        shown = {
            "ledger": ledger.name,
            "line": line,
            "record": next(iter(written)),
            "baseline": values.encode(facts["baseline"]),
        }
        if facts["overrun"] is None:
            found.append(Reason("CH632", subject, shown))
        elif was is None or not was["overrun"] or _less(facts["left"], was["left"]):
            # What brings a line that is overrun already back towards its baseline may be written.
            found.append(Reason("CH631", subject, {**shown, "used": values.encode(facts["used"])}))
    return found


def _less(left: Any, before: Any) -> bool:
    return bool(getattr(left, "amount", left) < getattr(before, "amount", before))


def unapproved(draft: Draft, record: str) -> list[Reason]:
    """Gives what stands against amending a record: it is a baseline, and nothing in the process would approve that."""
    return [
        Reason("CH633", f"ledger {plan.ledger.name}", {"ledger": plan.ledger.name, "record": record})
        for plan in draft.program.ledgers.values()
        if plan.record == record and not plan.ledger.approvals
    ]

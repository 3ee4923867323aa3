"""Questions that auditors ask of a whole trail, by name: each a table of rows that follow from the entries.

A question goes over entries, or plays the cases again up to an instant, so that what it says was so then. It shows
names, times and keys of elements, records and cases, and no contents. Durations are whole seconds. Knows no terminal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import ceil
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from charter.engine.commands import SYSTEM
from charter.engine.definition import Definition
from charter.engine.entries.organisation import Consulted, RoleGranted, RoleRevoked
from charter.engine.machines import OPEN, SETTLED, STALLED
from charter.runtime import clock
from charter.runtime.audit.asof import Moment, as_of
from charter.runtime.audit.log import Sealed, load
from charter.runtime.audit.signatures import signatures
from charter.runtime.folds.organisation import Made, follow
from charter.runtime.store.prepared import ask, driver
from charter.runtime.store.schema import ORGANISATION

if TYPE_CHECKING:
    from sqlalchemy import Connection

Row = dict[str, Any]
_SECOND = 1_000_000


class Asked(Struct, frozen=True):
    """What a question is limited to: instants are microseconds since the epoch; None: no limit, `at`: now."""

    at: int
    since: int | None = None
    until: int | None = None
    process: str | None = None
    case: str | None = None
    person: str | None = None
    record: str | None = None

    def within(self, at: int) -> bool:
        """Tells whether an instant is in the time that is asked about."""
        return at <= self.at and (self.since is None or at >= self.since) and (self.until is None or at < self.until)


class _Trail:
    """What questions are put to: the entries of a database, and the definitions that cases ran."""

    def __init__(self, connection: Connection, find: Callable[[str], Definition], asked: Asked) -> None:
        self.connection, self.find, self.asked = connection, find, asked
        query = "SELECT id, number, process FROM cases ORDER BY number"
        cases = {case: (number, process) for case, number, process in ask(connection, query)}
        self.cases = {
            case: row for case, row in cases.items() if asked.process in (None, row[1]) and asked.case in (None, case)
        }

    def named(self, case: str) -> Row:
        """Gives the keys that name a case."""
        number, process = self.cases[case]
        return {"number": number, "case": case, "process": process}

    def of_kinds(self, *kinds: str) -> Iterator[Sealed]:
        """Gives the entries of some kinds of the cases that are asked about, in order of arrival."""
        marks = ", ".join("?" * len(kinds))
        query = f'SELECT position, "case", seq, body FROM entries WHERE kind IN ({marks}) ORDER BY position'
        for position, case, seq, body in driver(self.connection).execute(query, kinds):
            if case in self.cases:
                yield Sealed(case, seq, bytes(body), position)

    def moments(self) -> Iterator[tuple[str, Moment]]:
        """Gives how each case stood at the instant that is asked about."""
        for case in self.cases:
            moment = as_of(self.find, load(self.connection, case), at=self.asked.at)
            if moment is not None:
                yield case, moment


def _own_approvals(trail: _Trail) -> Iterator[Row]:
    """Votes on a version by somebody who wrote it, or in the place of somebody who did."""
    wanted = dict.fromkeys(one.case for one in trail.of_kinds("granted", "voted", "rejected"))
    for case in wanted:
        authors: dict[tuple[str, int], set[str]] = {}
        for one in signatures(trail.find, load(trail.connection, case)):
            entry = one.sealed.entry
            people = {entry.actor, *([] if entry.on_behalf_of is None else [entry.on_behalf_of])}
            for version in one.signed:
                key = version.record, version.number
                if one.meaning == "author":
                    authors.setdefault(key, set()).update(people)
                elif people & authors.get(key, set()) and trail.asked.within(entry.at):
                    if trail.asked.person not in (None, entry.actor):
                        continue
                    yield {
                        **trail.named(case),
                        "element": one.sealed.node,
                        "person": entry.actor,
                        "record": version.record,
                        "record_version": version.number,
                        "at": clock.text(entry.at),
                        "entry": one.sealed.id,
                    }


def _approval_times(trail: _Trail) -> Iterator[Row]:
    """How long approvers took, from when an approval came up to their vote."""
    came: dict[tuple[str, str | None], int] = {}
    took: dict[str, list[int]] = {}
    for one in trail.of_kinds("opened", "reopened", "restored", "granted", "rejected", "voted"):
        entry = one.entry
        if entry.kind not in ("granted", "rejected", "voted"):
            came[one.case, one.node] = entry.at
        elif entry.actor != SYSTEM.person and trail.asked.within(entry.at) and (one.case, one.node) in came:
            took.setdefault(entry.actor, []).append(max(0, entry.at - came[one.case, one.node]))
    for person in sorted(took):
        if trail.asked.person in (None, person):
            yield {"person": person, **_spread(took[person])}


def _spread(durations: list[int]) -> Row:
    """Gives how many there are, and mean, median, nine of ten and the longest, in whole seconds."""
    ordered = sorted(durations)
    ninth = ordered[ceil(len(ordered) * 0.9) - 1]
    figures = {"mean": fmean(ordered), "median": median(ordered), "p90": ninth, "longest": ordered[-1]}
    return {"count": len(ordered), **{f"{name}_seconds": int(value // _SECOND) for name, value in figures.items()}}


def _roles(trail: _Trail) -> Iterator[Row]:
    """Who held which role then: in their own right, or for somebody else."""
    made, since = Made(), dict[tuple[str, str, str], int]()
    for sealed in load(trail.connection, ORGANISATION):
        entry = sealed.entry
        if entry.at > trail.asked.at:
            break
        follow(made, entry, sealed.seq)
        if isinstance(entry.told, RoleGranted | RoleRevoked):
            key = entry.told.person, entry.told.role, entry.told.process
            since.setdefault(key, entry.at) if isinstance(entry.told, RoleGranted) else since.pop(key, None)
    active = {person for person, _, there in made.rows["persons"].values() if there}
    own = made.rows["grants"].values()
    held = [(person, role, process, since[person, role, process], None) for person, role, process in own]
    for _, _, principal, person, process, role, begins, ends, accepted, revoked in made.rows["substitutions"].values():
        stands = accepted is not None and begins <= trail.asked.at < ends and principal in active
        if stands and (revoked is None or revoked > trail.asked.at):
            held.append((person, role, process, begins, principal))
    for person, role, process, begun, principal in sorted(held, key=lambda row: (row[1], row[2], row[0], row[4] or "")):
        if person in active and trail.asked.person in (None, person) and trail.asked.process in (None, process):
            told = {"person": person, "role": role, "process": process, "since": clock.text(begun)}
            yield {**told, "on_behalf_of": principal}


def _late(trail: _Trail) -> Iterator[Row]:
    """Work that was open then although its due date had passed."""
    for case, moment in trail.moments():
        for key, node in moment.after.nodes.items():
            if node.due is None or node.due >= trail.asked.at or node.state in SETTLED or node.state == "planned":
                continue
            if trail.asked.person in (None, node.holder):
                late = (trail.asked.at - node.due) // _SECOND
                told = {"element": key, "holder": node.holder, "due": clock.text(node.due), "late_seconds": late}
                yield {**trail.named(case), **told}


def _states(trail: _Trail) -> Iterator[Row]:
    """How every case stood then, and what was open in it."""
    for case, moment in trail.moments():
        open_ = [key for key, node in moment.after.nodes.items() if node.state in OPEN | STALLED | {"failed"}]
        yield {**trail.named(case), "status": moment.after.status, "open_elements": open_}


def _seen(trail: _Trail) -> Iterator[Row]:
    """Who looked at a case, and who attached a file to it."""
    query = 'SELECT seq, body FROM entries WHERE "case" = ? AND kind = ? ORDER BY seq'
    found: list[tuple[int, Row]] = []
    for seq, body in driver(trail.connection).execute(query, (ORGANISATION, Consulted.kind)):
        sealed = Sealed(ORGANISATION, seq, bytes(body))
        told, entry = sealed.entry.told, sealed.entry
        assert isinstance(told, Consulted)
        records = told.records or ((told.record,) if told.record else (None,))
        if told.case is not None and told.case in trail.cases:
            row = {"person": entry.actor, "at": clock.text(entry.at), **trail.named(told.case), "verb": told.question}
            found += [(entry.at, {**row, "record": record, "entry": sealed.id}) for record in records]
    for one in trail.of_kinds("attached"):
        row = {"person": one.entry.actor, "at": clock.text(one.at), **trail.named(one.case), "verb": "attach"}
        found.append((one.at, {**row, "record": None, "entry": one.id}))
    for at, row in sorted(found, key=lambda each: each[0]):
        wanted = trail.asked.person in (None, row["person"]) and trail.asked.record in (None, row["record"])
        if wanted and trail.asked.within(at):
            yield row


def _rounds(trail: _Trail) -> Iterator[Row]:
    """Where work was done in more than one round."""
    again = Counter((one.case, one.node) for one in trail.of_kinds("repeated") if trail.asked.within(one.at))
    for (case, node), count in again.items():
        yield {**trail.named(case), "element": node, "rounds": count + 1}


# name of a question -> what answers it, and the keys of its rows in the order of its table
QUESTIONS: Mapping[str, tuple[Callable[[_Trail], Iterable[Row]], tuple[str, ...]]] = {
    "own-approvals": (_own_approvals, ("number", "process", "element", "person", "record", "record_version", "at")),
    "approval-times": (
        _approval_times,
        ("person", "count", "mean_seconds", "median_seconds", "p90_seconds", "longest_seconds"),
    ),
    "roles": (_roles, ("role", "process", "person", "since", "on_behalf_of")),
    "late": (_late, ("number", "process", "element", "holder", "due", "late_seconds")),
    "states": (_states, ("number", "process", "status", "open_elements")),
    "seen": (_seen, ("at", "person", "number", "verb", "record")),
    "rounds": (_rounds, ("number", "process", "element", "rounds")),
}


def answered(connection: Connection, find: Callable[[str], Definition], question: str, asked: Asked) -> list[Row]:
    """Gives the rows that answer a question of QUESTIONS; `find` gives the definition of a digest."""
    return list(QUESTIONS[question][0](_Trail(connection, find, asked)))


__all__ = ["QUESTIONS", "Asked", "answered"]

"""Holds the working memory of a database against what follows from its entries: outbox, keys and turns.

An element that waits for an answer has its ask in the outbox, or the case that it opened; every ask is one that a step
made and that has no answer yet. A key that a command came with is told by a hash in its first entry, and the last
person chosen in turn by the last assignment. What leaves no trace once it is done (an offer, a notice, a case that
nobody waits for) is held to be asked for, and cannot be missed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256

from sqlalchemy import Connection

from charter.engine.commands import SYSTEM
from charter.engine.definition import Definition
from charter.engine.effects import AmendCase, CallConnector, Effect, StartCase
from charter.engine.entries.cases import Assigned
from charter.engine.entries.keeping import CasesCounted
from charter.engine.hosting import is_asked
from charter.engine.keys import name_of
from charter.engine.replay import Replay
from charter.engine.state import CaseState
from charter.engine.step.subcases import standing
from charter.runtime.audit.findings import Fault, Findings
from charter.runtime.audit.log import Sealed
from charter.runtime.host import outbox
from charter.runtime.host.keys import of_key
from charter.runtime.host.outbox import Ask
from charter.runtime.store.prepared import ask, driver
from charter.runtime.store.schema import ORGANISATION

_ROWS = 'SELECT number, "case", kind, body, deliveries FROM outbox WHERE "case" = ? ORDER BY number'
_OPENED = "SELECT id, status FROM cases WHERE parent = ?"
_WAITING = {"call": CallConnector, "amend": AmendCase, "run": StartCase}
_IMPORT = "import"  # the channel through which nothing that was asked for is kept
_ENDED = ("completed", "cancelled")


def differs(
    connection: Connection, definition: Definition, state: CaseState, sealed: Sequence[Sealed], played: Replay
) -> Fault | None:
    """Gives what is wrong with the outbox of a case that its entries were found to lead to; None where nothing is."""
    if played.foreign is not None or not sealed or sealed[0].fields.get("channel") == _IMPORT:
        return None
    case = state.case
    rows = [Ask(*row) for row in ask(connection, _ROWS, case)]
    asked = Counter(repr(effect) for effect in played.asked if is_asked(effect))
    effects: list[Effect] = []
    for row in rows:
        if row.kind in (outbox.WAKE, outbox.SENDING):
            continue
        effect = row.effect()
        asked[repr(effect)] -= 1
        if asked[repr(effect)] < 0:
            return Fault(case, None, "ask_forged", f"{row.number} {row.kind}")
        if (effect.node, getattr(effect, "attempt", 0)) in played.answered and isinstance(effect, _CALLS):
            return Fault(case, None, "ask_answered", f"{row.number} {row.kind}")
        effects.append(effect)
    return _lost(connection, definition, state, effects)


_CALLS = (CallConnector, AmendCase)


def _lost(connection: Connection, definition: Definition, state: CaseState, effects: Iterable[Effect]) -> Fault | None:
    """Finds an element that waits for an answer that nobody will give."""
    kept = {(type(one), one.node, getattr(one, "attempt", 0)) for one in effects}
    works = {element.name: element.work for element in definition.elements}
    for key, node in state.nodes.items():
        work = works.get(name_of(key))
        wanted = None if work is None else _WAITING.get(work.kind)
        if wanted is None or standing(definition, state, key, node.attempt) is None:
            continue
        if wanted is not StartCase:
            if (wanted, key, node.attempt) not in kept:
                return Fault(state.case, None, "ask_lost", key)
            continue
        child = ask(connection, _OPENED, f"{state.case} {key} {node.attempt}")
        there = (wanted, key, node.attempt) in kept
        if not child and not there:
            return Fault(state.case, None, "ask_lost", key)
        if child and there:
            return Fault(state.case, None, "ask_answered", key)
        if child and child[0][1] in _ENDED and not _answering(connection, child[0][0]):
            return Fault(state.case, None, "ask_lost", key)
    return None


def _answering(connection: Connection, child: str) -> bool:
    """Tells whether a case that has ended still owes the one that runs it its answer."""
    return any(row[2] == "AnswerParent" for row in ask(connection, _ROWS, child))


def begins(sealed: Sealed) -> bool:
    """Tells whether a step begins with an entry."""
    return isinstance(sealed.data, dict) and "command" in sealed.data


class Keyed:
    """What entries say of keys, added up: as many and the same as the kept keys say, in whatever order they come."""

    def __init__(self, count: int = 0, total: int = 0, first: int | None = None) -> None:
        self.count, self.total, self.first = count, total, first

    def take(self, case: str, seq: int, said: str, position: int | None) -> None:
        """Adds what one entry, or one kept key, says."""
        self.count += 1
        self.total = (self.total + int.from_bytes(sha256(f"{case} {seq} {said}".encode()).digest())) % (1 << 256)
        if position is not None:
            self.first = position if self.first is None else min(self.first, position)

    def step(self, first: Sealed | None, until: int) -> None:
        """Adds what the first entry of a step says, if anything; `until`: the number of the first entry after it."""
        if first is not None and "key" in first.fields:
            self.take(first.case, first.seq, f"{first.fields['key']} {until - first.seq}", first.position)

    def add(self, other: Keyed) -> None:
        """Adds what others have come to."""
        self.count += other.count
        self.total = (self.total + other.total) % (1 << 256)
        firsts = [one for one in (self.first, other.first) if one is not None]
        self.first = min(firsts, default=None)


_KEYS = (
    'SELECT k.key, k.fingerprint, k."case", k.seq, k.count, e.position FROM keys k'
    ' LEFT JOIN entries e ON e."case" = k."case" AND e.seq = k.seq ORDER BY k.key'
)


def check(connection: Connection, keyed: Keyed, findings: Findings) -> None:
    """Notes keys and turns that the entries do not lead to, and asks of no case."""
    with findings.judging("truth"):
        _check_keys(connection, keyed, findings)
    with findings.judging("truth"):
        strays = (
            'SELECT o.number FROM outbox o LEFT JOIN cases c ON c.id = o."case" WHERE c.id IS NULL AND o."case" <> ?'
        )
        for (number,) in ask(connection, strays, ORGANISATION):
            findings.note("truth", Fault(None, None, "ask_forged", str(number)))
    with findings.judging("truth"):
        _check_turns(connection, findings)


def _check_keys(connection: Connection, keyed: Keyed, findings: Findings) -> None:
    query = 'SELECT min(position) FROM entries WHERE "case" = ? AND kind = ?'
    [(counted,)] = ask(connection, query, ORGANISATION, CasesCounted.kind)
    since = min((one for one in (counted, keyed.first) if one is not None), default=None)
    there = Keyed()
    for key, mark, case, seq, count, position in driver(connection).execute(_KEYS):
        if position is None:
            findings.note("truth", Fault(case, seq, "key_forged", key))
        elif since is not None and position >= since:
            there.take(case, seq, f"{of_key(key, mark)} {count}", None)
    if (there.count, there.total) == (keyed.count, keyed.total):
        return
    for key, mark, case, seq, _, position in driver(connection).execute(_KEYS):
        if position is not None and since is not None and position >= since:
            [(body,)] = ask(connection, 'SELECT body FROM entries WHERE "case" = ? AND seq = ?', case, seq)
            if json.loads(bytes(body)).get("key") != of_key(key, mark):
                findings.note("truth", Fault(case, seq, "key_forged", key))
                return
    findings.note("truth", Fault(None, None, "key_lost", f"{keyed.count} ≠ {there.count}"))


_ASSIGNED = "SELECT body FROM entries WHERE kind = 'assigned' AND actor = ? ORDER BY position DESC"


def _check_turns(connection: Connection, findings: Findings) -> None:
    """Holds whose turn was last against the last assignment of each element that is assigned in turn."""
    kept = {(process, element): person for process, element, person in ask(connection, "SELECT * FROM turns")}
    bodies = ask(connection, "SELECT digest, body FROM definitions")
    turning = {digest: _in_turn(body) for digest, body in bodies if '"in turn"' in body}
    last: dict[tuple[str, str], str] = {}
    for (body,) in driver(connection).execute(_ASSIGNED, (SYSTEM.person,)) if turning else ():
        sealed = Sealed("", 0, bytes(body))
        told, fields = sealed.entry.told, sealed.fields
        if isinstance(told, Assigned) and fields["element"] in turning.get(fields["definition"], ()):
            last.setdefault((fields["process"], fields["element"]), told.to)
    for process, element in sorted(kept.keys() ^ last.keys()):
        findings.note("truth", Fault(None, None, "turn_differs", f"{process} {element}"))
    for (process, element), person in kept.items():
        if last.get((process, element), person) != person:
            findings.note("truth", Fault(None, None, "turn_differs", f"{process} {element}"))


def _in_turn(body: str) -> set[str]:
    elements = json.loads(body).get("elements", ())
    return {one["name"] for one in elements if one.get("assign_mode") == "in turn"}


__all__ = ["Keyed", "begins", "check", "differs"]

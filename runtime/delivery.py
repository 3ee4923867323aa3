"""The outbox: what a step asked of the world, kept in the step's own transaction and carried out after it.

Asks of our own (choose a person, open a case, answer a parent) happen in one transaction with the removal of their
row, so exactly once. A connector is called with its row leased, and the row goes in the transaction that takes in
the answer: a crash in between means that it is called again, with the same idempotency key, once the lease is over.
Notices are for the caller's screen and are not kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, insert, or_, select, update

from charter.engine import plain
from charter.engine.commands import SYSTEM, Answer, Assign, Command, Follow, Start
from charter.engine.effects import AnswerParent, CallConnector, Effect, Offer, StartCase, TellCase
from charter.engine.refusals import Refusal
from charter.engine.subcases import heeds
from charter.runtime.assignment import choose
from charter.runtime.casefile import CaseFile, NoSuchCase, NoSuchProcess, run_by
from charter.runtime.connectors import Call
from charter.runtime.store import tables as t
from charter.runtime.store.prepared import Prepared

if TYPE_CHECKING:
    from charter.runtime.cases import Cases

_KEPT: Mapping[str, type[Effect]] = {c.__name__: c for c in (CallConnector, StartCase, TellCase, Offer, AnswerParent)}

_o = t.outbox.c
_POST = Prepared(insert(t.outbox).inline(), "case", "kind", "body", "at", "deliveries")

# What a host gets beyond the connector's own time-out to take the answer in, microseconds.
_GRACE = 30_000_000


def kept(effects: Sequence[Effect]) -> list[Effect]:
    """Gives the effects that the host itself must carry out."""
    return [e for e in effects if type(e).__name__ in _KEPT]


def post(connection: Connection, case: str, effects: Sequence[Effect], at: int) -> None:
    """Keeps effects for delivery, in the transaction of the step that asked for them."""
    rows = [(case, type(e).__name__, json.dumps(plain.to_json(e), ensure_ascii=False), at, 0) for e in effects]
    _POST.run_many(connection, rows)


class Delivery:
    """Carries out what lies in the outbox."""

    def __init__(self, cases: Cases) -> None:
        self._cases = cases

    def deliver(self, case: str | None) -> int:
        """Carries out what a case (None: every case) asked for, and what follows from it; gives how much was done."""
        done = 0
        waiting: list[str | None] = [case]
        while waiting:
            now = waiting.pop()
            while (row := self._next(now)) is not None:
                done += 1
                waiting += self._one(*row)
        return done

    def _next(self, case: str | None) -> tuple[int, str, Effect] | None:
        now = self._cases.now()
        query = (
            select(_o.number, _o.case, _o.kind, _o.body)
            .where(or_(_o.leased_until.is_(None), _o.leased_until < now))
            .order_by(_o.number)
            .limit(1)
        )
        if case is not None:
            query = query.where(_o.case == case)
        with self._cases.store.read() as connection:
            row = connection.execute(query).fetchone()
        if row is None:
            return None
        effect: Effect = plain.from_json(_KEPT[row.kind], json.loads(row.body))
        return row.number, row.case, effect

    def _one(self, number: int, case: str, effect: Effect) -> list[str | None]:
        """Carries out one ask; gives the cases that may have asked for more because of it."""
        if isinstance(effect, CallConnector):
            self._call(number, case, effect)
            return []
        with self._cases.store.write() as connection:
            # Taken off first: whoever else is at it finds nothing left.
            if not connection.execute(delete(t.outbox).where(_o.number == number)).rowcount:
                return []
            return _CARRY_OUT[type(effect)](self, connection, case, effect)

    def _offer(self, connection: Connection, case: str, offer: Offer) -> list[str | None]:
        def assign(file: CaseFile, at: int) -> Command | None:
            name = file.pinned.definition.name
            person = choose(connection, self._cases.directory, name, offer, at)
            if person is None:
                return None
            to = self._cases.directory.actor(connection, person, name, at)
            return None if isinstance(to, Refusal) else Assign(actor=SYSTEM, at=at, node=offer.node, to=to)

        self._cases.answer(connection, case, assign)
        return []

    def _start(self, connection: Connection, case: str, effect: StartCase) -> list[str | None]:
        def start(child: str, at: int) -> Start:
            parent = (case, effect.node) if effect.wait else None
            return Start(actor=SYSTEM, at=at, case=child, records=effect.records, parent=parent, attempt=effect.attempt)

        failure = None
        child = None
        try:
            child, refused = self._cases.open_child(connection, effect.process, start)
            if refused is not None:
                failure = refused.code
        except NoSuchProcess as cause:
            failure = str(cause)
        if failure is not None and effect.wait:
            answer = AnswerParent(effect.node, case, effect.attempt, (), failure)
            return [*self._answer_parent(connection, case, answer)]
        return [child] if child else []

    def _tell(self, connection: Connection, case: str, effect: TellCase) -> list[str | None]:
        child = run_by(connection, case, effect.node, effect.attempt)
        if child is None:  # it could not be opened, and the answer said so
            return []

        def follow(file: CaseFile, at: int) -> Command | None:
            if not heeds(file.state, effect.order):
                return None
            return Follow(actor=SYSTEM, at=at, reason=effect.reason, order=effect.order, parent=(case, effect.node))

        self._cases.answer(connection, child, follow)
        return [child]

    def _answer_parent(self, connection: Connection, _case: str, effect: AnswerParent) -> list[str | None]:
        def answer(_file: CaseFile, at: int) -> Command:
            return Answer(
                actor=SYSTEM,
                at=at,
                node=effect.node,
                attempt=effect.attempt,
                records=effect.records,
                failure=effect.failure,
            )

        try:
            self._cases.answer(connection, effect.case, answer)
        except NoSuchCase:
            return []
        return [effect.case]

    def _call(self, number: int, case: str, effect: CallConnector) -> None:
        connectors = self._cases.connectors
        now = self._cases.now()
        lease = now + connectors.timeout(effect.connector) * 1_000_000 + _GRACE
        with self._cases.store.write() as connection:
            taken = connection.execute(
                update(t.outbox)
                .where(_o.number == number, or_(_o.leased_until.is_(None), _o.leased_until < now))
                .values(leased_until=lease, deliveries=_o.deliveries + 1)
            )
            if not taken.rowcount:
                return
            connectors.note_configuration(connection, now)
        call = Call(effect.connector, case, effect.node, effect.attempt, effect.arguments)
        records, failure = connectors.call(call)

        def answer(_file: CaseFile, at: int) -> Command:
            return Answer(
                actor=SYSTEM, at=at, node=effect.node, attempt=effect.attempt, records=records, failure=failure
            )

        with self._cases.store.write() as connection:
            # Another host may have answered after our lease ran out; then this answer is dropped.
            if connection.execute(delete(t.outbox).where(_o.number == number)).rowcount:
                self._cases.answer(connection, case, answer)


_CARRY_OUT: Mapping[type[Effect], Callable[[Delivery, Connection, str, Any], list[str | None]]] = {
    Offer: Delivery._offer,
    StartCase: Delivery._start,
    TellCase: Delivery._tell,
    AnswerParent: Delivery._answer_parent,
}

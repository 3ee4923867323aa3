"""Carries out what lies in the outbox: what steps asked of the world, after they were committed.

What an effect means is said in `engine/hosting.py`; `InTransaction` is the host that it drives here. Asks of our own
(choose a person, open a case, answer a parent) happen in one transaction with the removal of their row, so exactly
once. A connector is called with its row leased, and the row goes in the transaction that takes in the answer: a crash
in between means that it is called again, with the same idempotency key, once the lease is over. Notices are for the
caller's screen and are not kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from charter.engine import effects as kinds, plain
from charter.engine.commands import Actor, Command, Start
from charter.engine.definition import Definition
from charter.engine.effects import CallConnector, Effect
from charter.engine.hosting import MOST_DELIVERIES, answer, carry_out
from charter.engine.refusals import Refusal
from charter.engine.state import CaseState
from charter.engine.step.transition import Step
from charter.runtime.host.casefile import run_by
from charter.runtime.host.caseload import Caseload
from charter.runtime.host.connectors import Call, Connectors
from charter.runtime.people.directory import candidates, everybody
from charter.runtime.store import Store, tables as t

_o = t.outbox.c

# What a host gets beyond the connector's own time-out to take the answer in, microseconds.
_GRACE = 30_000_000


class Delivery:
    """Carries out what lies in the outbox."""

    def __init__(self, store: Store, caseload: Caseload, connectors: Connectors) -> None:
        self._store = store
        self._caseload = caseload
        self._connectors = connectors

    def deliver(self, case: str | None) -> int:
        """Carries out what a case (None: every case) asked for, and what follows from it; gives how much was done.

        At most `MOST_DELIVERIES`: the rest stays in the outbox for the next tick.
        """
        concerned = None if case is None else {case}
        done = 0
        while done < MOST_DELIVERIES and (row := self._next(concerned)) is not None:
            done += 1
            touched = self._one(*row)
            if concerned is not None:
                concerned |= touched
        return done

    def _next(self, cases: Collection[str] | None) -> tuple[int, str, Effect] | None:
        """Reads what was asked first and nobody is at; None when nothing is left."""
        now = self._caseload.clock()
        query = (
            select(_o.number, _o.case, _o.kind, _o.body)
            .where(or_(_o.leased_until.is_(None), _o.leased_until < now))
            .order_by(_o.number)
            .limit(1)
        )
        if cases is not None:
            query = query.where(_o.case.in_(cases))
        with self._store.read() as connection:
            row = connection.execute(query).fetchone()
        if row is None:
            return None
        effect: Effect = plain.from_json(getattr(kinds, row.kind), json.loads(row.body))
        return row.number, row.case, effect

    def _one(self, number: int, case: str, effect: Effect) -> set[str]:
        """Carries out one ask; gives the cases that may have asked for more because of it."""
        if isinstance(effect, CallConnector):
            return self._call(number, case, effect)
        with self._store.write() as connection:
            # Taken off first: whoever else is at it finds nothing left.
            if not connection.execute(delete(t.outbox).where(_o.number == number)).rowcount:
                return set()
            host = InTransaction(self._caseload, connection)
            carry_out(host, case, effect)
            return host.touched

    def _call(self, number: int, case: str, effect: CallConnector) -> set[str]:
        connectors = self._connectors
        now = self._caseload.clock()
        lease = now + connectors.timeout(effect.connector) * 1_000_000 + _GRACE
        with self._store.write() as connection:
            taken = connection.execute(
                update(t.outbox)
                .where(_o.number == number, or_(_o.leased_until.is_(None), _o.leased_until < now))
                .values(leased_until=lease, deliveries=_o.deliveries + 1)
            )
            if not taken.rowcount:
                return set()
            connectors.note_configuration(connection, now)
        call = Call(effect.connector, case, effect.node, effect.attempt, effect.arguments)
        records, failure = connectors.call(call)
        with self._store.write() as connection:
            # Another host may have answered after our lease ran out; then this answer is dropped.
            if connection.execute(delete(t.outbox).where(_o.number == number)).rowcount:
                answer(InTransaction(self._caseload, connection), case, effect.node, effect.attempt, records, failure)
        return {case}


class InTransaction:
    """The database as `engine.hosting.Host`, inside one transaction.

    `touched`: the cases that took a step or were opened; `effects`: what these steps asked for.
    """

    def __init__(self, caseload: Caseload, connection: Connection) -> None:
        self._caseload = caseload
        self._connection = connection
        self.touched: set[str] = set()
        self.effects: list[Effect] = []

    def now(self, case: str) -> int:
        return self._caseload.now(self._caseload.archive.load(self._connection, case))

    def running(self, process: str) -> Definition | None:
        pinned = self._caseload.running(self._connection, process)
        return None if pinned is None else pinned.definition

    def find(self, case: str) -> tuple[Definition, CaseState] | None:
        file = self._caseload.archive.find(self._connection, case)
        return None if file is None else (file.pinned.definition, file.state)

    def send(self, case: str, command: Command) -> Step:
        self.touched.add(case)
        done = self._caseload.send(self._connection, case, command)
        self.effects += done.effects
        return done

    def open(self, definition: Definition, start: Callable[[str, int], Start]) -> Step:
        case, done = self._caseload.open(self._connection, definition.name, start)
        self.touched.add(case)
        return done

    def opened_by(self, case: str, node: str, attempt: int) -> str | None:
        return run_by(self._connection, case, node, attempt)

    def candidates(self, process: str, roles: Sequence[str], at: int) -> list[Actor]:
        connection, directory = self._connection, self._caseload.directory
        known = candidates(connection, process, tuple(roles)) if roles else sorted(everybody(connection))
        there = (p for p in known if (found := directory.person(connection, p)) is not None and not found.absent(at))
        actors = [directory.actor(connection, person, process, at) for person in there]
        return [actor for actor in actors if not isinstance(actor, Refusal)]

    def busy(self, persons: Sequence[str]) -> Mapping[str, int]:
        w = t.work_items.c
        query = select(w.holder, func.count()).where(w.holder.in_(persons)).group_by(w.holder)
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def last_turn(self, process: str, element: str) -> str | None:
        turn = t.turns.c
        query = select(turn.person).where(turn.process == process, turn.element == element)
        found: str | None = self._connection.execute(query).scalar()
        return found

    def note_turn(self, process: str, element: str, person: str) -> None:
        turn = t.turns.c
        self._connection.execute(delete(t.turns).where(turn.process == process, turn.element == element))
        self._connection.execute(insert(t.turns).values(process=process, element=element, person=person))

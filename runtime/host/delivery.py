"""Carries out what lies in the outbox: what steps asked of the world, after they were committed.

What an effect means is said in `engine/hosting.py`; `InTransaction` is the host that it drives here. Asks of our own
(choose a person, open a case, answer a parent) happen in one transaction with the removal of their row, so exactly
once. A connector is called with its row leased, and the row goes in the transaction that takes in the answer: a crash
in between means that it is called again, with the same idempotency key, once the lease is over.
Invariants: whatever is wrong with one ask is noted at that ask and stops no other; only what fails for every ask (the
database is locked, its disk full) ends a delivery. Nothing is dropped but by somebody's word.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select

from charter.dsl.text.width import shown
from charter.engine.commands import Actor, Command, Start
from charter.engine.definition import Definition
from charter.engine.effects import CallConnector, Effect
from charter.engine.errors import CharterError
from charter.engine.hosting import MOST_DELIVERIES, answer, carry_out
from charter.engine.refusals import Refusal
from charter.engine.state import CaseState
from charter.engine.step.transition import Step
from charter.runtime.host import outbox
from charter.runtime.host.casefile import CaseFile, NoSuchCase, run_by
from charter.runtime.host.caseload import Caseload
from charter.runtime.host.connectors import Call, Connectors
from charter.runtime.host.outbox import Ask
from charter.runtime.people.directory import candidates, everybody
from charter.runtime.people.organisation import stranding
from charter.runtime.store import Store, tables as t
from charter.runtime.store.errors import ENVIRONMENT

# What a host gets beyond the connector's own time-out to take the answer in, microseconds.
_GRACE = 30_000_000


class Delivered(Struct, frozen=True):
    """What a delivery came to: asks done, tries that failed, and how many are still due.

    `touched`: the cases that took part; None where all were asked for.
    """

    done: int = 0
    failed: int = 0
    left: int = 0
    touched: frozenset[str] | None = None


class Delivery:
    """Carries out what lies in the outbox."""

    def __init__(self, store: Store, caseload: Caseload, connectors: Connectors) -> None:
        self._store = store
        self._caseload = caseload
        self._connectors = connectors

    def settle(self, case: str) -> Delivered:
        """Carries out what a case asked for and what follows from it, but calls nobody: mere work on the database.

        At most `MOST_DELIVERIES`: the rest stays in the outbox for a tick.
        """
        return self._go(frozenset((case,)), MOST_DELIVERIES, calls=False)

    def deliver(self, cases: Collection[str] | None) -> Delivered:
        """Carries out what cases (None: all) asked for, and what follows from it.

        All that is due when it begins, and of what follows at most `MOST_DELIVERIES`.
        """
        with self._store.read() as connection:
            due = len(outbox.waiting(connection, self._caseload.clock(), cases))
        return self._go(None if cases is None else frozenset(cases), due + MOST_DELIVERIES, calls=True)

    def _go(self, cases: frozenset[str] | None, most: int, *, calls: bool) -> Delivered:
        done = failed = 0
        concerned = cases
        while done + failed < most:
            now = self._caseload.clock()
            with self._store.read() as connection:
                ask = outbox.first(connection, now, concerned, calls=calls)
            if ask is None:
                return Delivered(done, failed, 0, concerned)
            if ask.deliveries >= outbox.MOST_TRIES:
                with self._store.write() as connection:
                    outbox.bury(connection, ask, "the host stopped each time before it recorded an answer", now)
                failed += 1
                continue
            try:
                touched = self._one(ask)
                done += 1
                concerned = None if concerned is None else concerned | touched
            except ENVIRONMENT:
                raise
            except Exception as cause:
                # An ask may be damaged, or of a newer build; a process may meet a fault of ours. The others go on.
                with self._store.write() as connection:
                    outbox.note_failure(connection, ask, _line(cause), now, leased=isinstance(cause, _Leased))
                failed += 1
        with self._store.read() as connection:
            left = len(outbox.waiting(connection, self._caseload.clock(), concerned))
        return Delivered(done, failed, left, concerned)

    def _one(self, ask: Ask) -> frozenset[str]:
        """Carries out one ask; gives the cases that may have asked for more because of it."""
        effect = ask.effect()
        if isinstance(effect, CallConnector):
            return self._call(ask, effect)
        with self._store.write() as connection:
            # Taken off first: whoever else is at it finds nothing left.
            if not outbox.take(connection, ask.number):
                return frozenset()
            host = InTransaction(self._caseload, connection)
            carry_out(host, ask.case, effect)
            return frozenset(host.touched)

    def _call(self, ask: Ask, effect: CallConnector) -> frozenset[str]:
        call = Call(effect.connector, ask.case, effect.node, effect.attempt, effect.arguments)
        # Read once: what is recorded is what runs. What the operator must mend fails before anybody is called.
        roll = self._connectors.read()
        prepared = self._connectors.prepare(roll, call)
        now = self._caseload.clock()
        with self._store.write() as connection:
            if not outbox.lease(connection, ask, now, now + prepared.timeout * 1_000_000 + _GRACE):
                return frozenset()
            self._connectors.note_configuration(connection, roll, now)
        records, failure = prepared.make()
        try:
            with self._store.write() as connection:
                # Another host may have answered after our lease ran out; then this answer is dropped.
                if outbox.take(connection, ask.number):
                    host = InTransaction(self._caseload, connection)
                    answer(host, ask.case, effect.node, effect.attempt, records, failure)
        except ENVIRONMENT:
            raise
        except Exception as cause:
            raise _Leased(_line(cause)) from cause
        return frozenset((ask.case,))


class _Leased(Exception):
    """What failed with its row leased, so that the try is counted already."""


def _line(cause: BaseException) -> str:
    said = shown(str(cause))
    if isinstance(cause, CharterError):
        name = f"{cause.code}: "
    else:
        name = "" if type(cause) in (ValueError, _Leased) else f"{type(cause).__name__}: "
    return f"{name}{' '.join(said.split())}"


class InTransaction:
    """The database as `engine.hosting.Host`, inside one transaction, in which each case is read once.

    `touched`: the cases that took a step or were opened; `effects`: what these steps asked for.
    """

    def __init__(self, caseload: Caseload, connection: Connection, *known: CaseFile) -> None:
        self._caseload = caseload
        self._connection = connection
        self._files: dict[str, CaseFile | None] = {file.chain.case: file for file in known}
        self.touched: set[str] = set()
        self.effects: list[Effect] = []

    def file(self, case: str) -> CaseFile:
        """Gives a case as it stands in this transaction; raises NoSuchCase."""
        found = self._find(case)
        if found is None:
            raise NoSuchCase(f"no case {case}", case=case)
        return found

    def _find(self, case: str) -> CaseFile | None:
        if case not in self._files:
            self._files[case] = self._caseload.archive.find(self._connection, case)
        return self._files[case]

    def now(self, case: str) -> int:
        return self._caseload.now(self.file(case))

    def running(self, process: str) -> Definition | None:
        pinned = self._caseload.running(self._connection, process)
        return None if pinned is None else pinned.definition

    def find(self, case: str) -> tuple[Definition, CaseState] | None:
        file = self._find(case)
        return None if file is None else (file.pinned.definition, file.state)

    def send(self, case: str, command: Command) -> Step:
        self.touched.add(case)
        done, self._files[case] = self._caseload.send(self._connection, self.file(case), command)
        self.effects += done.effects
        return done

    def open(self, definition: Definition, start: Callable[[str, int], Start]) -> Step:
        case, done = self._caseload.open(self._connection, definition.name, start)
        self._files.pop(case, None)
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

    def spares(self, case: str, command: Command, after: CaseState) -> bool:
        if stranding(self._connection) != "refuse":
            return True
        from charter.runtime.desk.staffing import staff, strands

        file = self.file(case)
        definition = file.pinned.definition
        people = lambda: staff(self._connection, definition.name, command.at, concerned=True).people  # noqa: E731
        return not strands(definition, file.state, command, after, people)

    def last_turn(self, process: str, element: str) -> str | None:
        turn = t.turns.c
        query = select(turn.person).where(turn.process == process, turn.element == element)
        found: str | None = self._connection.execute(query).scalar()
        return found

    def note_turn(self, process: str, element: str, person: str) -> None:
        turn = t.turns.c
        self._connection.execute(delete(t.turns).where(turn.process == process, turn.element == element))
        self._connection.execute(insert(t.turns).values(process=process, element=element, person=person))

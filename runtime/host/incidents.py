"""Incidents: what a command asked for and the host could not do. They are listed, tried again or given up.

Nothing is dropped but here, by a steward, with a reason and an entry in the organisation's chain; and where an element
waits for what is given up, it is told in its case's own trail, so that its owner can go on.
"""

from __future__ import annotations

import json
from hashlib import sha256

from msgspec import Struct
from sqlalchemy import func, select

from charter.engine.effects import AmendCase, CallConnector, StartCase
from charter.engine.entries.organisation import IncidentRetried, IncidentSettled
from charter.engine.hosting import give_up
from charter.engine.machines import UNDER_WAY
from charter.engine.personal import whose
from charter.engine.refusals import Refusal
from charter.engine.state import node_of
from charter.runtime.host import outbox
from charter.runtime.host.caseload import Caseload
from charter.runtime.host.outbox import Ask, Incident
from charter.runtime.host.transaction import InTransaction
from charter.runtime.people.directory import candidates
from charter.runtime.people.organisation import admit, note
from charter.runtime.store import Store, tables as t


class Failing(Struct, frozen=True):
    """Work of a process that has failed for good, and waits for whoever is in charge: `node` of a case.

    `ask`: what it does, as an effect is named, or Decide; `target`: a connector, process or table;
    `tries`: its attempts.
    """

    case: str
    number: int
    node: str
    ask: str
    target: str | None
    at: int | None
    tries: int
    failure: str


class Unheard(Struct, frozen=True):
    """News of cases under way (`times` pieces, the first of `at`) for a role that nobody holds in its process."""

    process: str
    role: str
    times: int
    at: int


_ASKS = {
    "call": CallConnector.__name__,
    "run": StartCase.__name__,
    "start": StartCase.__name__,
    "decide": "Decide",
    "amend": AmendCase.__name__,
}


class Incidents:
    """Those of one database."""

    def __init__(self, store: Store, caseload: Caseload) -> None:
        self._store = store
        self._caseload = caseload

    def all(self) -> list[Incident]:
        """Lists them, the oldest first."""
        with self._store.read() as connection:
            return outbox.incidents(connection)

    def failing(self) -> list[Failing]:
        """Lists the elements of cases under way that have failed for good, by case."""
        node, case = t.nodes.c, t.cases.c
        query = (
            select(case.id, case.number, case.definition, node.body)
            .select_from(t.nodes.join(t.cases, case.id == node.case))
            .where(case.status.in_(sorted(UNDER_WAY)), t.FAILED)
            .order_by(case.number, node.place)
        )
        found = []
        with self._store.read() as connection:
            for id, number, digest, body in connection.execute(query):
                at = node_of(json.loads(body))
                if at.state != "failed":
                    continue
                definition = self._caseload.archive.pinned(connection, digest).definition
                work = next(e.work for e in definition.elements if e.name == at.element)
                kind, target = ("", None) if work is None else (_ASKS.get(work.kind, work.kind), work.target)
                found.append(Failing(id, number, at.key, kind, target, at.ended_at, at.attempt, at.reason or ""))
        return found

    def unheard(self) -> list[Unheard]:
        """Lists the roles that are told, reminded or brought work up to, and that nobody holds."""
        news = t.notices.c
        query = (
            select(news.process, news.role, func.count(), func.min(news.at))
            .select_from(t.notices.join(t.cases, t.cases.c.id == news.case))
            .where(t.cases.c.status.in_(sorted(UNDER_WAY)))
            .group_by(news.process, news.role)
        )
        with self._store.read() as connection:
            rows = [Unheard(*row) for row in connection.execute(query).all()]
            return [one for one in rows if not whose(one.role) and not candidates(connection, one.process, (one.role,))]

    def retry(self, number: int, *, by: str) -> tuple[Ask, Refusal | None]:
        """Has one tried again from now on, as if it never had been; for stewards. Raises NoSuchIncident."""
        return self._handle(number, by, None)

    def settle(self, number: int, *, by: str, reason: str) -> tuple[Ask, Refusal | None]:
        """Gives one up; for stewards. Raises NoSuchIncident."""
        return self._handle(number, by, reason)

    def _handle(self, number: int, by: str, reason: str | None) -> tuple[Ask, Refusal | None]:
        at, origin = self._caseload.clock(), self._caseload.origin
        kind, verb = (IncidentRetried, "retry") if reason is None else (IncidentSettled, "settle")
        with self._store.write() as connection:
            found = outbox.incident(connection, number)
            ask = found.ask
            refused = admit(connection, by, f"incidents {verb}", at=at, origin=origin)
            if refused is not None:
                return ask, refused
            told = kind(number, ask.case, ask.kind, sha256(ask.body.encode()).hexdigest(), found.failure)
            note(connection, told, by, at=at, origin=origin, reason=reason)
            if reason is None:
                outbox.again(connection, number)
                return ask, None
            outbox.take(connection, number)
            if ask.kind in (outbox.WAKE, outbox.SENDING):
                return ask, None  # no step asked for it
            try:
                effect = ask.effect()
            except (ValueError, RecursionError):
                effect = None  # who waits for what cannot be read, nobody knows; an owner may skip the element
            host = InTransaction(self._caseload, connection)
            give_up(host, ask.case, ask.kind, effect, f"given up by {by}: {reason}")
        return ask, None

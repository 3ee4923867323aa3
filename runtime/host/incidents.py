"""Incidents: what a command asked for and the host could not do. They are listed, tried again or given up.

Nothing is dropped but here, by a steward, with a reason and an entry in the organisation's chain; and where an element
waits for what is given up, it is told in its case's own trail, so that its owner can go on.
"""

from __future__ import annotations

from hashlib import sha256

from charter.engine.entries.organisation import IncidentRetried, IncidentSettled
from charter.engine.hosting import give_up
from charter.engine.refusals import Refusal
from charter.runtime.host import outbox
from charter.runtime.host.caseload import Caseload
from charter.runtime.host.outbox import Ask, Incident
from charter.runtime.host.transaction import InTransaction
from charter.runtime.people.organisation import admit, note
from charter.runtime.store import Store


class Incidents:
    """Those of one database."""

    def __init__(self, store: Store, caseload: Caseload) -> None:
        self._store = store
        self._caseload = caseload

    def all(self) -> list[Incident]:
        """Lists them, the oldest first."""
        with self._store.read() as connection:
            return outbox.incidents(connection)

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

"""The organisation's public days as a host changes them: published, with every open case brought along.

What publishing would do to them is told beforehand by the same command, of which nothing is kept.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, select

from charter.engine.commands import SYSTEM, Recount
from charter.engine.days import PublicDays, Year, days_digest
from charter.engine.entries import Entry
from charter.engine.hosting import informed
from charter.engine.refusals import Refusal
from charter.runtime.host import days
from charter.runtime.host.caseload import Caseload
from charter.runtime.host.days import Version
from charter.runtime.people.organisation import admit
from charter.runtime.store import Store, tables as t


class Published(Struct, frozen=True):
    """What publishing came to: the version in force, whether it is another one, and the cases that count by it now."""

    version: Version | None
    changed: bool = False
    cases: Sequence[str] = ()
    refusal: Refusal | None = None


class Foreseen(Struct, frozen=True):
    """What would come of publishing for a case: its number, and the entries that would follow."""

    case: str
    number: int
    entries: tuple[Entry, ...]


class Publishing:
    """See the module's text."""

    def __init__(self, store: Store, caseload: Caseload) -> None:
        self._store = store
        self._caseload = caseload

    def versions(self, country: str | None = None) -> list[Version]:
        """Lists the versions of a country, or of all, in the order in which they came."""
        with self._store.read() as connection:
            return days.versions(connection, None if country is None else (country,))

    def in_force(self) -> dict[str, Version]:
        """Gives the version of each country by which cases count now."""
        return {version.days.country: version for version in self.versions()}

    def processes(self) -> dict[str, list[str]]:
        """Names, by country, the processes that run now and keep its public days."""
        found: dict[str, list[str]] = {}
        with self._store.read() as connection:
            names = connection.execute(select(t.deployments.c.process).distinct().order_by(t.deployments.c.process))
            for name in list(names.scalars()):
                for country in self._caseload.latest(connection, name).definition.countries():
                    found.setdefault(country, []).append(name)
        return found

    def refusal(self, by: str) -> Refusal | None:
        """Says, on the record, why somebody may not change public days; None where they may."""
        with self._store.write() as connection:
            at, origin = self._caseload.clock(), self._caseload.origin
            return admit(connection, by, "calendar", at=at, origin=origin)

    def publish(self, country: str, years: Sequence[Year], *, source: str, by: str) -> Published:
        """Puts years in the place of what was known of them, and has all open cases count anew; for stewards."""
        with self._store.write() as connection:
            at, origin = self._caseload.clock(), self._caseload.origin
            new = _with(connection, country, years)
            changed, refused = days.publish(connection, new, source=source, by=by, at=at, origin=origin)
            known = days.versions(connection, (country,))
        version = known[-1] if known else None
        if refused is not None or not changed:
            return Published(version, refusal=refused)
        return Published(version, True, [case for case in self._open(country) if self._brought_along(case)])

    def foresee(self, country: str, years: Sequence[Year]) -> list[Foreseen]:
        """Tells what `publish` would do to open cases, and changes nothing."""
        found = []
        for case, number in self._open(country).items():
            with self._store.read() as connection:
                file, new = self._caseload.archive.load(connection, case), _with(connection, country, years)
                digests = tuple(sorted({**dict(file.state.days), country: days_digest(new)}.items()))
                if digests == file.state.days:
                    continue
                known = file.pinned.definition
                counting = Recount(actor=SYSTEM, at=self._caseload.now(file), days=digests)
                then = replace(known, known_days=(*known.known_days, new))
                _, done = informed(then, file.state, counting, self._caseload.answering(connection, file.state))
            found.append(Foreseen(case, number, done.entries[1:]))
        return found

    def _open(self, country: str) -> dict[str, int]:
        """Gives the open cases that keep a country's public days, with their numbers, in order."""
        c = t.cases.c
        with self._store.read() as connection:
            rows = connection.execute(
                select(c.id, c.number, c.definition).where(c.status.in_(("open", "suspended"))).order_by(c.number)
            ).all()
            pinned = self._caseload.archive.pinned
            return {
                case: number for case, number, of in rows if country in pinned(connection, of).definition.countries()
            }

    def _brought_along(self, case: str) -> bool:
        with self._store.write() as connection:
            file = self._caseload.archive.load(connection, case)
            return self._caseload.up_to_date(connection, file, self._caseload.now(file)) is not file


def _with(connection: Connection, country: str, years: Sequence[Year]) -> PublicDays:
    """Gives the public days of a country that are known, with years in the place of theirs."""
    known = days.versions(connection, (country,))
    new = known[-1].days if known else PublicDays(country)
    for year in years:
        new = days.with_year(new, year)
    return new

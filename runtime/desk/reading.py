"""The one door through which people read: cases, trails and figures, each as far as this person may.

Whatever is asked through it is narrowed at the database (`people/rights.py`), so that a case that somebody may not read
is for them no case; what is withheld inside one (`engine/reading.py`) is said by `sight`. Knows no language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from charter.engine.reading import CONTENTS, Sight, confidential, own, sight, speaks
from charter.runtime.audit.asof import begun_with
from charter.runtime.desk.registers import Known, known, withheld
from charter.runtime.host.casefile import NoSuchCase, NoSuchProcess
from charter.runtime.people.links import unread
from charter.runtime.people.rights import Rights, narrow, rights, whole
from charter.runtime.store.prepared import ask
from charter.runtime.store.schema import ORGANISATION
from charter.runtime.store.scoped import Scoped

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from charter.engine.definition import Definition, Kpi
    from charter.engine.state import CaseState
    from charter.runtime.audit.log import Sealed
    from charter.runtime.host.cases import Cases
    from charter.runtime.host.incidents import Incidents
    from charter.runtime.store import Store

_ALL = Sight({})


class Reading:
    """What one person may read of a database, at one instant."""

    def __init__(self, store: Store, cases: Cases, person: str, at: int) -> None:
        self.person = person
        self._at = at
        self._store = store
        self._scoped = Scoped(store, self._narrowed)
        self._cases = cases.seen_through(self._scoped)
        self._sights: dict[tuple[str, str], Sight] = {}

    @cached_property
    def rights(self) -> Rights:
        """By what they read."""
        with self._store.read() as connection:
            return rights(connection, self.person, self._at)

    def _narrowed(self, connection: Connection) -> None:
        narrow(connection, self.rights)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Gives a connection through which they see what they may read."""
        with self._scoped.read() as connection:
            yield connection

    def close(self) -> None:
        self._scoped.close()

    # -- cases ---------------------------------------------------------------------------------------------------------

    def resolve(self, text: str) -> str:
        """Gives the id of the case that `text` means among those that they may read."""
        return self._cases.resolve(text)

    def state(self, case: str) -> CaseState:
        """Gives the present state of a case, contents and all: what is shown of these goes through `sight`."""
        return self._cases.state(case)

    def definition(self, case_or_digest: str) -> Definition:
        """Gives the definition of a case, of a digest, or the latest of a process; these are for everybody."""
        return self._cases.definition(case_or_digest)

    def processes(self) -> list[Definition]:
        """Lists the latest definition of every process."""
        return self._cases.processes()

    @property
    def incidents(self) -> Incidents:
        """What could not be done in the cases that they may read."""
        return self._cases.incidents

    # -- contents ------------------------------------------------------------------------------------------------------

    def sight(self, case: str, ran: str | None = None) -> Sight:
        """Gives what is withheld from them in a case as it stands, or of when it `ran` the definition of a digest."""
        key = case, ran or ""
        if key not in self._sights:
            self._sights[key] = self._sight(case, ran)
        return self._sights[key]

    def _sight(self, case: str, ran: str | None) -> Sight:
        if self.rights.trail or case == ORGANISATION:
            return _ALL
        definition = self._cases.definition(ran or case)
        with self._store.read() as connection:
            links = unread(connection, self.rights, definition, case)
        found = sight(definition, self.rights.roles(definition.name), (), links)
        if found.whole:
            return found
        persons = self.rights.persons(definition.name)
        return sight(definition, self.rights.roles(definition.name), own(definition, self.state(case), persons), links)

    def attempted(self, case: str, definition: Definition | None) -> Sight:
        """Gives what is withheld from them in a case, or in one of a definition that could not even be opened."""
        try:
            return self.sight(case)
        except NoSuchCase:
            if definition is None:
                return _ALL
        with self._store.read() as connection:
            return self._blank(connection, definition)

    def _blank(self, connection: Connection, definition: Definition) -> Sight:
        links = unread(connection, self.rights, definition)
        return _ALL if self.rights.trail else sight(definition, self.rights.roles(definition.name), (), links)

    def confidential(self, case: str) -> tuple[str, ...]:
        """Names the records of a case that are for some roles alone and that they read, at least in part."""
        if case == ORGANISATION:
            return ()
        seeing = self.sight(case)
        found = confidential(self._cases.definition(case), self.state(case).versions)
        return tuple(record for record in found if seeing.of_path(record, ()) != "nothing")

    def seen(self, sealed: Sealed) -> Sealed:
        """Gives an entry as they may read it."""
        from charter.runtime.audit.seen import of_organisation, seen

        if sealed.case == ORGANISATION:
            return sealed if self.rights.trail else of_organisation(sealed, self._hidden)
        seeing = self.sight(sealed.case, begun_with(sealed))
        by = self.rights.persons(sealed.fields.get("process") or "")
        return sealed if seeing.whole else seen(sealed, seeing, by)

    def _hidden(self, told: Mapping[str, Any]) -> frozenset[str]:
        """Names what an entry of the organisation tells of a case, a figure or a register and that is not for them."""
        if "register" not in told:
            return frozenset() if self._tells(told) else CONTENTS
        one = self.registers().get(told["register"])
        fields = None if one is None else withheld(one, self.rights)
        if one is None or fields is None:
            return frozenset() if one is None else CONTENTS
        return frozenset() if not fields else CONTENTS if one.register.key in fields else CONTENTS - {"key"}

    def registers(self) -> dict[str, Known]:
        """Gives the registers of the processes that run now, by name."""
        return known(self.processes())

    def _tells(self, told: Mapping[str, Any]) -> bool:
        """Tells whether what an entry of the organisation tells of a case or of a figure is for them."""
        try:
            if told.get("case") is not None:
                return self.sight(told["case"]).whole
            if "kpi" not in told:  # of a report, which has figures of whatever is in the cases
                return self.contents(told["process"])
            kpis = (kpi for kpi in self._cases.definition(told["process"]).kpis if kpi.name == told["kpi"])
            return all(self.figure(told["process"], kpi) for kpi in kpis)
        except (NoSuchCase, NoSuchProcess):
            return True

    # -- figures -------------------------------------------------------------------------------------------------------

    def sums(self, process: str) -> bool:
        """Tells whether they may read every case of a process, of whatever version, and so what is counted over all."""
        with self._store.read() as connection:
            return all(of_all for where, of_all in whole(connection, self.rights).values() if where == process)

    def figure(self, process: str, kpi: Kpi) -> bool:
        """Tells whether nothing is withheld from them that a KPI may read in any version of its process."""
        return not any(speaks(each, kpi.formula, kpi.by) for each in self._versions(process))

    def contents(self, process: str) -> bool:
        """Tells whether nothing at all is withheld from them in the cases of a process."""
        return all(each.whole for each in self._versions(process))

    def _versions(self, process: str) -> list[Sight]:
        if self.rights.trail:
            return []
        with self._store.read() as connection:
            digests = ask(connection, "SELECT digest FROM definitions WHERE process = ?", process)
            return [self._blank(connection, self._cases.definition(digest)) for (digest,) in digests]

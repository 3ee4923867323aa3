"""The database as `engine.hosting.Host`, inside one transaction of the caller's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from charter.engine.commands import Actor, Command, Start
from charter.engine.definition import Definition
from charter.engine.effects import Effect
from charter.engine.refusals import Refusal
from charter.engine.state import CaseState
from charter.engine.step.transition import Step
from charter.runtime.host.casefile import CaseFile, NoSuchCase, run_by
from charter.runtime.host.caseload import Caseload
from charter.runtime.people.directory import able, candidates, everybody
from charter.runtime.people.hours import calendars_of, left
from charter.runtime.people.organisation import stranding
from charter.runtime.store.parts import claim
from charter.runtime.store.prepared import ask, do, value

if TYPE_CHECKING:
    from sqlalchemy import Connection


class InTransaction:
    """See the module's text. Each case is read once, and only where the transaction may write to it (`parts.claim`).

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
            claim(self._connection, case)
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
        claim(self._connection)
        case, done = self._caseload.open(self._connection, definition.name, start)
        self._files.pop(case, None)
        self.touched.add(case)
        return done

    def opened_by(self, case: str, node: str, attempt: int) -> str | None:
        claim(self._connection)
        return run_by(self._connection, case, node, attempt)

    def candidates(self, process: str, roles: Sequence[str], at: int) -> list[Actor]:
        connection, directory = self._connection, self._caseload.directory
        known = candidates(connection, process, tuple(roles)) if roles else sorted(everybody(connection))
        there = (p for p in known if (found := directory.person(connection, p)) is not None and not found.absent(at))
        actors = [directory.actor(connection, person, process, at) for person in there]
        return [actor for actor in actors if not isinstance(actor, Refusal)]

    def is_held(self, process: str, role: str) -> bool:
        return bool(candidates(self._connection, process, (role,)))

    def is_reached(self, process: str, person: str, at: int) -> bool:
        known = self._caseload.directory.person(self._connection, person)
        return known is not None and known.active and bool(able(self._connection, process, [person], None, at))

    def busy(self, persons: Sequence[str]) -> Mapping[str, int]:
        claim(self._connection)
        query = "SELECT holder, count(*) FROM work_items WHERE holder IN (…) AND role = '' GROUP BY holder"
        return dict(ask(self._connection, query, list(persons)))

    def off(self, persons: Sequence[str], at: int, until: int) -> Collection[str]:
        found = calendars_of(self._connection, persons)
        return {person for person, calendar in found.items() if left(calendar, at, until) == 0}

    def spares(self, case: str, command: Command, after: CaseState) -> bool:
        if stranding(self._connection) != "refuse":
            return True
        from charter.runtime.desk.staffing import staff, strands

        file = self.file(case)
        definition = file.pinned.definition
        people = lambda: staff(self._connection, definition.name, command.at, concerned=True).people  # noqa: E731
        return not strands(definition, file.state, command, after, people)

    def last_turn(self, process: str, element: str) -> str | None:
        claim(self._connection)
        query = "SELECT person FROM turns WHERE process = ? AND element = ?"
        found: str | None = value(self._connection, query, process, element)
        return found

    def note_turn(self, process: str, element: str, person: str) -> None:
        do(self._connection, "DELETE FROM turns WHERE process = ? AND element = ?", process, element)
        do(self._connection, "INSERT INTO turns (process, element, person) VALUES (?, ?, ?)", process, element, person)

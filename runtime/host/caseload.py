"""The cases of one database, inside a transaction of the caller's: read, step, write.

`Caseload` owns the clock, the ids and what is remembered of definitions and states. It knows neither who may ask for
what (`cases.py`) nor what effects mean (`engine/hosting.py`). Invariants: a case's entries, state, folds and outbox
change together; a clock that stepped back is on record; what other rules judged until now is said in the trail
before ours go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from os import urandom
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from charter.engine import law
from charter.engine.commands import SYSTEM, Actor, Command, Continue, Recount, Start
from charter.engine.days import Days
from charter.engine.definition import Definition
from charter.engine.draws import with_lots
from charter.engine.entries import Entry
from charter.engine.entries.cases import Filed, Refused
from charter.engine.hosting import informed
from charter.engine.machines import UNDER_WAY
from charter.engine.queueing import weighed
from charter.engine.refusals import Refusal, recorded
from charter.engine.registers import Answer, Ask, Found
from charter.engine.sequences import called
from charter.engine.state import NEW, CaseState
from charter.engine.step.linking import found as linked
from charter.engine.step.transition import Step
from charter.engine.strangers import introduced
from charter.runtime import clock as server, folds
from charter.runtime.audit import log
from charter.runtime.audit.log import Chain, Origin, Sealed
from charter.runtime.host import days, numbers, opening, outbox, queues, registers
from charter.runtime.host.casefile import Archive, CaseFile, NoSuchProcess, Pinned, going_by
from charter.runtime.people.directory import Directory, candidates
from charter.runtime.people.organisation import note, note_step_back
from charter.runtime.people.rights import reads, rights
from charter.runtime.store.parts import claim
from charter.runtime.store.prepared import column, value

if TYPE_CHECKING:
    from sqlalchemy import Connection

_Command = TypeVar("_Command", bound=Command)
_LATEST = "SELECT digest FROM deployments WHERE process = ? ORDER BY number DESC LIMIT 1"
DEPLOYED = "SELECT DISTINCT process FROM deployments ORDER BY process"


def chance(_command: Command) -> str:
    """Gives a seed that nobody can foresee."""
    return urandom(32).hex()


class Caseload:
    """See the module's text. Times are microseconds since the epoch, UTC."""

    def __init__(self, clock: Callable[[], int], new_id: Callable[[], str], origin: Origin) -> None:
        self.clock = clock
        self.new_id = new_id
        self.origin = origin
        self.seed: Callable[[Command], str] = chance
        self.archive = Archive()
        self.directory = Directory()

    # -- reading -------------------------------------------------------------------------------------------------

    def running(self, connection: Connection, process: str) -> Pinned | None:
        """Gives what new cases of a process run, None where nothing of the name has been deployed."""
        digest = value(connection, _LATEST, process)
        return None if digest is None else self.archive.pinned(connection, digest)

    def latest(self, connection: Connection, process: str) -> Pinned:
        """Gives what new cases of a process run; raises NoSuchProcess."""
        found = self.running(connection, process)
        if found is None:
            known = tuple(column(connection, DEPLOYED))
            raise NoSuchProcess(f"no process {process} has been deployed", process=process, known=known)
        return found

    def now(self, file: CaseFile) -> int:
        """Gives the time for a case's next entry (`clock.following`)."""
        return server.following(self.clock(), file.chain.last_at)

    # -- writing -------------------------------------------------------------------------------------------------

    def blank(self, connection: Connection, case: str, process: str) -> CaseFile:
        """Gives a case that is only about to be started; raises NoSuchProcess."""
        return CaseFile(Chain(case), NEW, self.latest(connection, process), stored=False)

    def introduced(self, connection: Connection, file: CaseFile, command: _Command) -> _Command:
        """Gives a command with what only the host knows: strangers, what people have to do, and lots."""
        definition = file.pinned.definition
        command = introduced(definition, command, lambda p: self.directory.person(connection, p) is not None)
        command = called(definition, command, partial(numbers.free, connection))
        command = weighed(definition, file.state, command, partial(queues.work, connection))
        return with_lots(
            definition, command, partial(self._holders, connection, definition.name, command.at), self.seed
        )

    def _holders(self, connection: Connection, process: str, at: int, role: str) -> list[Actor]:
        """Lists who holds a role and is there: whom a lot may fall on."""
        known = (self.directory.person(connection, person) for person in candidates(connection, process, (role,)))
        there = [found.id for found in known if found is not None and not found.absent(at)]
        actors = (self.directory.actor(connection, person, process, at) for person in there)
        return [actor for actor in actors if not isinstance(actor, Refusal)]

    def step(self, connection: Connection, file: CaseFile, command: _Command) -> tuple[_Command, Step]:
        """Takes a step with what it needs to know of registers and other cases; writes nothing."""
        return informed(
            file.pinned.definition, file.state, command, self.answering(connection, file.state, command.actor)
        )

    def answering(self, connection: Connection, state: CaseState, actor: Actor = SYSTEM) -> Answer:
        """Gives what says what registers hold and how cases stand, as the caller's transaction sees them.

        Nobody names a case that they may not read; what a case knows already (`state`) nobody names.
        """
        known = {case for _, _, case in state.links}

        def named(ask: Ask) -> Iterator[CaseFile]:
            ids = going_by(connection, ask.process, ask.key or "")
            if ask.key not in known and actor != SYSTEM:
                of = rights(connection, actor.person, self.clock())
                ids = [case for case in ids if reads(connection, of, case)]
            files = (self.archive.load(connection, case) for case in ids)
            return (file for file in files if ask.drill or not file.state.drill)

        def answer(ask: Ask) -> Found:
            if not ask.process:
                return registers.answer(connection, ask)
            claim(connection)  # other cases stand still only while nobody writes to them
            return linked(ask, ((file.pinned.definition, file.state) for file in named(ask)))

        return answer

    def send(self, connection: Connection, file: CaseFile, command: Command) -> tuple[Step, CaseFile]:
        """Runs a command of the engine's own on a case as it stands; gives the case as it then stands too."""
        file = self.up_to_date(connection, file, command.at)
        command, done = self.step(connection, file, self.introduced(connection, file, command))
        return done, self.write(connection, file, command, done)

    def open(self, connection: Connection, process: str, build: Callable[[str, int], Start]) -> tuple[str, Step]:
        """Opens a case that another asked for; what is refused leaves no case, and an entry of the organisation's."""
        file = self.blank(connection, self.new_id(), process)
        start = build(file.chain.case, self.clock())
        start = replace(start, days=self.days(connection, file.pinned.definition))
        start, done = self.step(connection, file, self.introduced(connection, file, start))
        if done.refusal is None:
            self.write(connection, file, start, done)
        else:
            self.turn_away(connection, file, SYSTEM.person, "start", done.refusal)
        return file.chain.case, done

    def up_to_date(self, connection: Connection, file: CaseFile, at: int) -> CaseFile:
        """Gives a case as present rules and the public days in force have it, before a command that rests on them."""
        file = self._under_present_law(connection, file, at)
        countries = file.pinned.definition.countries()
        if not file.stored or not countries or file.state.status not in UNDER_WAY:
            return file
        current = days.in_force(connection, countries)
        if file.state.days == current:
            return file
        counting = Recount(actor=SYSTEM, at=at, days=current)
        return self.write(connection, file, *self.step(connection, file, counting))

    def days(self, connection: Connection, definition: Definition) -> Days:
        """Gives the public days by which a new case counts."""
        return days.in_force(connection, definition.countries())

    def _under_present_law(self, connection: Connection, file: CaseFile, at: int) -> CaseFile:
        """Has the trail say how a case stood that other rules judged until now, before a command that ours judge."""
        if not file.stored or file.state.rules == law.PRESENT:
            return file
        going_on = Continue(actor=SYSTEM, at=at, **law.PRESENT._asdict())
        after = self.write(connection, file, *self.step(connection, file, going_on))
        folds.renew(connection, after.pinned.shape, after.state)
        return after

    def write(
        self,
        connection: Connection,
        file: CaseFile,
        command: Command,
        done: Step,
        to: Pinned | None = None,
        key: str | None = None,
    ) -> CaseFile:
        """Writes all that comes of a step; `to`: the definition to which it has led the case, where that is another.

        `key`: what its first entry says of the key that the command came with.
        """
        pinned = to or file.pinned
        claim(connection, *() if any(isinstance(each.told, Filed) for each in done.entries) else (file.chain.case,))
        origin = self.origin._replace(process=pinned.definition.name, definition=pinned.digest)
        if (clock := self.clock()) < file.chain.last_at - server.JITTER:
            note_step_back(connection, file.chain.case, clock, file.chain.last_at, self.origin)
        chain, sealed, entries = log.seal(file.chain, done.entries, origin, key)
        log.store(connection, sealed, entries)
        self.archive.save(connection, file, chain, done.state, to)
        told = done._replace(entries=tuple(entries))
        (folds.keep if to is None else folds.cross)(connection, pinned.shape, file.state, told, file.chain.entries + 1)
        outbox.post(connection, file.chain.case, done.effects, command.at)
        if not file.stored:
            opening.enter(connection, at=clock, origin=self.origin)
        # What is remembered is known by its head, so that it does no harm should the transaction fail.
        self.archive.saw(file.chain.case, chain.head, done.state)
        return CaseFile(chain, done.state, pinned)

    def turn_away(
        self, connection: Connection, file: CaseFile, person: str, verb: str, refused: Refusal
    ) -> tuple[Entry, Sealed]:
        """Notes in the organisation's chain what never reached a case."""
        case = file.chain.case if file.stored else None
        told = Refused(recorded(refused.reasons), verb=verb, process=file.pinned.definition.name, case=case)
        return note(connection, told, person, at=self.clock(), origin=self.origin)

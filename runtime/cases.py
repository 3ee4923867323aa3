"""The one way to change a case: load, step, append, commit, then carry out what the step asks of the world.

`Cases` owns the clock and the ids; it decides nothing about a process (that is `engine.step`) and prints nothing.
Every command, allowed or refused, leaves entries in the transaction of its change. Refusals are values. Invariants:
a case's entries, state, folds and outbox change together or not at all; entries of a case never run backwards
in time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, bindparam, desc, literal_column, select

from charter.engine import commands, law
from charter.engine.commands import SYSTEM, Actor, Command, Continue, Start
from charter.engine.definition import Definition
from charter.engine.effects import Effect
from charter.engine.entries import Entry
from charter.engine.entries.cases import Refused
from charter.engine.entries.organisation import ClockSteppedBack
from charter.engine.hosting import is_asked, let_pass
from charter.engine.refusals import Refusal
from charter.engine.state import NEW, CaseState
from charter.engine.step.transition import Step, step
from charter.runtime import clock as server, folds
from charter.runtime.actors import actor_for
from charter.runtime.audit import log
from charter.runtime.audit.log import Chain, Origin
from charter.runtime.casefile import Archive, CaseFile, NoSuchProcess, Overtaken, Pinned, new_id, resolve
from charter.runtime.connectors import Connectors
from charter.runtime.delivery import Delivery, InTransaction, post
from charter.runtime.deployment import Deployment, deploy
from charter.runtime.directory import Directory
from charter.runtime.keys import earlier, fingerprint, note_key
from charter.runtime.organisation import note
from charter.runtime.refusals import CONFLICT, refusal
from charter.runtime.store import Store, tables as t
from charter.runtime.store.errors import StorageError
from charter.runtime.store.prepared import Prepared
from charter.runtime.timers import BEGINNING, due

# Clocks of several hosts differ a little; only a step back of more than this (microseconds) is worth an entry.
_JITTER = 1_000_000
_d = t.deployments.c
_LATEST = Prepared(
    select(_d.digest).where(_d.process == bindparam("process")).order_by(desc(_d.number)).limit(literal_column("1")),
    "process",
)
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Performed(Struct, frozen=True):
    """What a command came to: the state after it and all that followed at once, its own entries and effects.

    `first` is the sequence number of `entries[0]` in the case's chain (in the organisation's for a refusal made
    before the case was reached).
    """

    case: str
    state: CaseState
    definition: Definition
    entries: tuple[Entry, ...]
    refusal: Refusal | None = None
    effects: tuple[Effect, ...] = ()
    first: int = 0


class Cases:
    """The cases of one database, as one host sees them."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], int] = server.now,
        channel: str = "cli",
        host: str | None = None,
        connectors: Connectors | None = None,
        ids: Callable[[], str] = new_id,
    ) -> None:
        self.store = store
        self._clock = clock
        self._new_id = ids
        self._origin = Origin(channel, host or "")
        self._archive = Archive()
        self.directory = Directory()
        self.connectors = connectors if connectors is not None else Connectors(store.folder)
        self._delivery = Delivery(self)

    # -- definitions ---------------------------------------------------------------------------------------------

    def deploy(self, definition: Definition, *, by: str, texts: Mapping[str, str] = _NOTHING) -> Deployment:
        """Makes a definition the one that new cases run; for stewards and the process's owner."""
        with self.store.write() as connection:
            running = self.running(connection, definition.name)
            owner = running.definition.owner if running is not None else None
            return deploy(connection, definition, owner, texts, by=by, at=self._clock(), origin=self._origin)

    def definition(self, case_or_digest: str) -> Definition:
        """Gives the definition that a case is pinned to, or that of a digest, or the latest of a process's name."""
        with self.store.read() as connection:
            found = self._archive.find(connection, case_or_digest)
            if found is not None:
                return found.pinned.definition
            if len(case_or_digest) == 64:
                return self._archive.pinned(connection, case_or_digest).definition
            return self._latest(connection, case_or_digest).definition

    def processes(self) -> list[Definition]:
        """Lists the latest deployed definition of every process, by name."""
        with self.store.read() as connection:
            names = connection.execute(select(t.deployments.c.process).distinct().order_by(t.deployments.c.process))
            return [self._latest(connection, name).definition for name in list(names.scalars())]

    def _latest(self, connection: Connection, process: str) -> Pinned:
        found = self.running(connection, process)
        if found is None:
            d = t.deployments.c.process
            known = tuple(connection.execute(select(d).distinct().order_by(d)).scalars())
            raise NoSuchProcess(f"no process {process} has been deployed", process=process, known=known)
        return found

    # -- reading -------------------------------------------------------------------------------------------------

    def resolve(self, text: str) -> str:
        """Gives the id of the case that `text` means: an id, its unique beginning, or a number."""
        with self.store.read() as connection:
            return resolve(connection, text)

    def state(self, case: str) -> CaseState:
        """Gives a case's present state."""
        with self.store.read() as connection:
            return self._archive.load(connection, case).state

    # -- commands ------------------------------------------------------------------------------------------------

    def start(
        self, process: str, *, person: str, records: Mapping[str, Any] = _NOTHING, key: str | None = None
    ) -> Performed:
        """Opens a case of the latest definition of a process."""
        return self._perform(self._new_id(), person, "start", {"records": records}, key=key, process=process)

    def perform(
        self,
        case: str,
        *,
        person: str,
        verb: str,
        node: str | None = None,
        key: str | None = None,
        seen: int | None = None,
        on_behalf_of: str | None = None,
        **arguments: Any,
    ) -> Performed:
        """Performs one command on a case for a person.

        `arguments` are the command's fields (engine/commands.py); records and checks may be given as mappings, `to` of
        `delegate` as a person's id. `seen`: the version (`CaseState.commands`) that the person looked at; another one
        is refused as a conflict. `key`: repeating it gives the first result again. `on_behalf_of`: whose substitute or
        delegate acts; found by itself where only a principal's authority will do.
        """
        if node is not None:
            arguments["node"] = node
        return self._perform(case, person, verb, arguments, key=key, seen=seen, behalf=on_behalf_of)

    def tick(self, case: str | None = None, *, until: int | None = None) -> int:
        """Makes happen what has come due, in one case or all, and sends what is still to be sent; gives how many ticks.

        `until` bounds what counts as due; it never goes past the clock.
        """
        now = self._clock()
        until = now if until is None else min(until, now)
        if case is not None:
            ticked = self._tick(case, until)
        else:
            ticked = 0
            after = BEGINNING
            while True:
                with self.store.read() as connection:
                    wanted = due(connection, until, after)
                if not wanted:
                    break
                ticked += sum(self._tick(each, until) for _, each in wanted)
                after = wanted[-1]
        self._delivery.deliver(case)
        return ticked

    def _tick(self, case: str, until: int) -> int:
        with self.store.write() as connection:
            return let_pass(InTransaction(self, connection), case, until)

    def now(self) -> int:
        """Gives the clock's time, microseconds since the epoch."""
        return self._clock()

    def _now(self, file: CaseFile) -> int:
        """Gives the time for the next entry: the clock's, but never before the case's last one."""
        return max(self._clock(), file.chain.last_at)

    def _perform(
        self,
        case: str,
        person: str,
        verb: str,
        arguments: Mapping[str, Any],
        *,
        key: str | None = None,
        seen: int | None = None,
        behalf: str | None = None,
        process: str | None = None,
    ) -> Performed:
        mark = fingerprint(process or case, person, verb, arguments) if key is not None else ""
        try:
            with self.store.write() as connection:
                if key is not None:
                    before = earlier(connection, key, mark)
                    if before is not None:
                        return self._again(connection, before, person, verb)
                if process is not None:
                    file = CaseFile(Chain(case), NEW, self._latest(connection, process), stored=False)
                    effects: list[Effect] = []
                else:
                    file = self._archive.load(connection, case)
                    effects = []
                    if file.state.wake is not None and file.state.wake <= self._now(file):
                        host = InTransaction(self, connection)
                        let_pass(host, case, self._now(file))
                        file, effects = self._archive.load(connection, case), host.effects
                before_it = file
                performed, file = self._one(connection, file, person, verb, arguments, seen, behalf)
                # A command that never reached the case may be sent again with its key: nothing came of it.
                if key is not None and file is not before_it:
                    note_key(connection, key, mark, performed, self._clock())
                effects += performed.effects
                asked = any(map(is_asked, effects))
        except Overtaken:
            # Only databases that lock rows come here: another host moved the case between our read and our write.
            return self._conflict(case, person, verb, seen)
        if asked:
            # The command itself is done and committed: what cannot be delivered now stays in the outbox for a tick.
            with suppress(StorageError):
                self._delivery.deliver(case)
                with self.store.read() as connection:
                    latest = self._archive.load(connection, case)
                return _with_state(performed, latest.state)
        return performed

    def _one(
        self,
        connection: Connection,
        file: CaseFile,
        person: str,
        verb: str,
        arguments: Mapping[str, Any],
        seen: int | None,
        behalf: str | None,
    ) -> tuple[Performed, CaseFile]:
        """Judges who asks, then runs the command."""
        definition, case = file.pinned.definition, file.chain.case
        if seen is not None and seen != file.state.commands:
            refused = refusal(CONFLICT, None, case=case, seen=seen, version=file.state.commands)
            return self._turned_away(connection, file, person, verb, refused), file
        at = self._now(file)
        if (clock := self._clock()) < file.chain.last_at - _JITTER:
            told = ClockSteppedBack(case, server.text(clock), server.text(file.chain.last_at))
            note(connection, told, SYSTEM.person, at=clock, origin=self._origin)
        actor = actor_for(self.directory, connection, definition, file.state, person, at, arguments.get("node"), behalf)
        if isinstance(actor, Refusal):
            return self._turned_away(connection, file, person, verb, actor), file
        built = self._command(connection, file, verb, actor, at, arguments)
        if isinstance(built, Refusal):
            return self._turned_away(connection, file, person, verb, built), file
        file = self._under_present_law(connection, file, at)
        done = step(definition, file.state, built)
        if done.refusal is not None and not file.stored:  # no case comes of it
            return self._turned_away(connection, file, person, verb, done.refusal), file
        after = self._write(connection, file, built, done)
        first = file.chain.entries + 1
        return Performed(case, after.state, definition, done.entries, done.refusal, done.effects, first), after

    def _command(
        self, connection: Connection, file: CaseFile, verb: str, actor: Actor, at: int, arguments: Mapping[str, Any]
    ) -> Command | Refusal:
        given = dict(arguments)
        for name in ("records", "checks"):
            if name in given:
                pairs = given[name] or ()
                given[name] = tuple(pairs.items()) if isinstance(pairs, Mapping) else pairs
        if verb == "start":
            return Start(actor=actor, at=at, case=file.chain.case, **given | law.PRESENT._asdict())
        if verb in ("delegate", "assign") and isinstance(given.get("to"), str):
            to = self.directory.actor(connection, given["to"], file.pinned.definition.name, at)
            if isinstance(to, Refusal):
                return to
            given["to"] = to
        return commands.COMMANDS[verb](actor=actor, at=at, **given)

    def _under_present_law(self, connection: Connection, file: CaseFile, at: int) -> CaseFile:
        """Has the trail say how a case stood that other rules judged until now, before a command that ours judge."""
        if not file.stored or file.state.rules == law.PRESENT:
            return file
        going_on = Continue(actor=SYSTEM, at=at, **law.PRESENT._asdict())
        after = self._write(connection, file, going_on, step(file.pinned.definition, file.state, going_on))
        folds.renew(connection, after.pinned.shape, after.state)
        return after

    def _write(self, connection: Connection, file: CaseFile, command: Command, done: Step) -> CaseFile:
        """Writes all that comes of a step, inside the transaction."""
        pinned = file.pinned
        origin = self._origin._replace(process=pinned.definition.name, definition=pinned.digest)
        chain, sealed = log.seal(file.chain, done.entries, origin)
        log.store(connection, sealed, done.entries)
        self._archive.save(connection, file, chain, done.state)
        folds.keep(connection, pinned.shape, file.state, done, file.chain.entries + 1)
        post(connection, file.chain.case, done.effects, command.at)
        # What is remembered is known by its head, so that it does no harm should the transaction fail.
        self._archive.saw(file.chain.case, chain.head, done.state)
        return CaseFile(chain, done.state, pinned)

    # -- for the host that carries effects out, inside its transaction --------------------------------------------

    def running(self, connection: Connection, process: str) -> Pinned | None:
        """Gives what new cases of a process run, None where nothing of the name has been deployed."""
        row = _LATEST.run(connection, process).fetchone()
        return None if row is None else self._archive.pinned(connection, row[0])

    def find(self, connection: Connection, case: str) -> CaseFile | None:
        """Reads a case, None where there is none."""
        return self._archive.find(connection, case)

    def time_for(self, connection: Connection, case: str) -> int:
        """Gives the time of a case's next entry."""
        return self._now(self._archive.load(connection, case))

    def send(self, connection: Connection, case: str, command: Command) -> Step:
        """Runs a command of the engine's own on a case."""
        file = self._under_present_law(connection, self._archive.load(connection, case), command.at)
        done = step(file.pinned.definition, file.state, command)
        self._write(connection, file, command, done)
        return done

    def open(self, connection: Connection, process: str, build: Callable[[str, int], Start]) -> tuple[str, Step]:
        """Opens a case that another asked for; what is refused leaves no case, and an entry of the organisation's."""
        file = CaseFile(Chain(self._new_id()), NEW, self._latest(connection, process), stored=False)
        start = build(file.chain.case, self._clock())
        done = step(file.pinned.definition, NEW, start)
        if done.refusal is None:
            self._write(connection, file, start, done)
        else:
            self._turned_away(connection, file, SYSTEM.person, "start", done.refusal)
        return file.chain.case, done

    # -- what never reaches a case -------------------------------------------------------------------------------

    def _turned_away(
        self, connection: Connection, file: CaseFile, person: str, verb: str, refused: Refusal
    ) -> Performed:
        case = file.chain.case if file.stored else None
        told = Refused(refused.reasons, verb=verb, process=file.pinned.definition.name, case=case)
        entry, sealed = note(connection, told, person, at=self._clock(), origin=self._origin)
        return Performed(file.chain.case, file.state, file.pinned.definition, (entry,), refused, (), sealed.seq)

    def _conflict(self, case: str, person: str, verb: str, seen: int | None) -> Performed:
        with self.store.write() as connection:
            file = self._archive.load(connection, case)
            refused = refusal(CONFLICT, None, case=case, seen=seen, version=file.state.commands)
            return self._turned_away(connection, file, person, verb, refused)

    def _again(self, connection: Connection, before: Any, person: str, verb: str) -> Performed:
        case, first, entries, refused = before
        file = self._archive.load(connection, case)
        if refused is not None and not entries:
            return self._turned_away(connection, file, person, verb, refused)
        return Performed(case, file.state, file.pinned.definition, entries, refused, (), first)


def _with_state(performed: Performed, state: CaseState) -> Performed:
    p = performed
    return Performed(p.case, state, p.definition, p.entries, p.refusal, p.effects, p.first)

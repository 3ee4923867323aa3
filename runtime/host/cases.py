"""The one way to change a case: load, step, append, commit, then carry out what the step asks of the world.

`Cases` is the door: it begins transactions, settles who asks, and decides nothing about a process (that is
`engine.step`). What is done to a case within a transaction is in `caseload.py`. Every command, allowed or refused,
leaves entries in the transaction of its change. Refusals are values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from charter.engine import commands, law
from charter.engine.commands import FOUND, Actor, Command, Start
from charter.engine.definition import Definition
from charter.engine.effects import Effect
from charter.engine.entries import Entry
from charter.engine.hosting import is_asked, let_pass
from charter.engine.machines import TAKING
from charter.engine.refusals import Refusal
from charter.engine.state import CaseState
from charter.engine.text import composed, in_one_form
from charter.runtime import clock as server
from charter.runtime.audit import attempts
from charter.runtime.audit.log import Origin
from charter.runtime.host.casefile import CaseFile, Overtaken, new_id, resolve
from charter.runtime.host.caseload import DEPLOYED, Caseload
from charter.runtime.host.keys import earlier, fingerprint, note_key, of_key
from charter.runtime.host.parts import Parts
from charter.runtime.host.transaction import InTransaction
from charter.runtime.people.actors import actor_for
from charter.runtime.people.organisation import stranding
from charter.runtime.refusals import CONFLICT, refusal
from charter.runtime.store import Store
from charter.runtime.store.prepared import column

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from charter.engine.proof.staffing import Gap
    from charter.runtime.host.connectors import Connectors
    from charter.runtime.host.deployment import Deployment
    from charter.runtime.host.timers import Timers

_NOTHING: Mapping[str, Any] = MappingProxyType({})
Texts = Mapping[str, str]


class Performed(Struct, frozen=True):
    """What a command came to: the state after it and all that followed at once, its own entries and effects.

    `first` is the sequence number of `entries[0]` in the case's chain (in the organisation's for a refusal made
    before the case was reached). `owed`: the cases whose calls, or whatever else could not be done at once, are left
    to `Cases.tick`; `failed`: how many asks are incidents already. `trouble`: what the host failed with once the
    command was committed; the command stands. `stranded`: what nobody is left for now, and somebody was before it.
    """

    case: str
    state: CaseState
    definition: Definition
    entries: tuple[Entry, ...]
    refusal: Refusal | None = None
    effects: tuple[Effect, ...] = ()
    first: int = 0
    owed: tuple[str, ...] = ()
    failed: int = 0
    trouble: BaseException | None = None
    stranded: Sequence[Gap] = ()


class Ticked(Struct, frozen=True):
    """What a tick came to: `ticks` of cases, `delivered` asks, `failed` tries of asks, `left` cases and asks still due.

    `stuck`: the cases in which nothing could happen, each with what was raised.
    """

    ticks: int = 0
    delivered: int = 0
    failed: int = 0
    left: int = 0
    stuck: tuple[tuple[str, Exception], ...] = ()


class Cases(Parts):
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
        super().__init__(store, Caseload(clock, ids, Origin(channel, host or "")), connectors)

    def seen_through(self, store: Store) -> Cases:
        """Gives the same cases as they are read through another store; nothing is performed on those."""
        seen = copy(self)
        seen.store = store
        seen.__dict__.pop("incidents", None)
        return seen

    # -- definitions ---------------------------------------------------------------------------------------------

    def deploy(self, definition: Definition, *, by: str, texts: Mapping[str, str] = _NOTHING) -> Deployment:
        """Makes a definition the one that new cases run; for stewards and the process's owner."""
        return self.deploy_all([definition], by=by, texts=texts)[0]

    def deploy_all(
        self, wanted: Sequence[Definition], *, by: str, texts: Texts = _NOTHING, back: bool = False, why: str = ""
    ) -> list[Deployment]:
        """Deploys definitions in one transaction, all or none; `back`: also one that was replaced before."""
        # The texts are kept as they are, byte for byte; their names are texts of ours.
        wanted, by, why = composed((list(wanted), by, why))
        texts = {name: texts[given] for name, given in zip(composed(list(texts)), texts, strict=True)}
        from charter.runtime.host.deployment import deploy

        with self.store.write() as connection:
            running = [(each, self._caseload.running(connection, each.name)) for each in wanted]
            at, origin = self._caseload.clock(), self._caseload.origin
            return deploy(connection, running, texts, by=by, at=at, origin=origin, back=back, reason=why or None)

    @in_one_form
    def plan(self, wanted: Sequence[Definition], *, back: bool = False) -> list[Deployment]:
        """Says what deploying definitions would come to, for whoever may; changes nothing."""
        from charter.runtime.host.deployment import judge

        names = [each.name for each in wanted]
        with self.store.read() as connection:
            running = self._caseload.running
            return [judge(connection, each, running(connection, each.name), names, back=back) for each in wanted]

    @in_one_form
    def definition(self, case_or_digest: str) -> Definition:
        """Gives the definition that a case is pinned to, or that of a digest, or the latest of a process's name."""
        with self.store.read() as connection:
            found = self._caseload.archive.find(connection, case_or_digest)
            if found is not None:
                return found.pinned.definition
            if len(case_or_digest) == 64:
                return self._caseload.archive.pinned(connection, case_or_digest).definition
            return self._caseload.latest(connection, case_or_digest).definition

    def processes(self) -> list[Definition]:
        """Lists the latest deployed definition of every process, by name."""
        with self.store.read() as connection:
            names = column(connection, DEPLOYED)
            return [self._caseload.latest(connection, name).definition for name in names]

    # -- reading -------------------------------------------------------------------------------------------------

    @in_one_form
    def resolve(self, text: str) -> str:
        """Gives the id of the case that `text` means: an id, its unique beginning, or a number."""
        with self.store.read() as connection:
            return resolve(connection, text)

    def state(self, case: str) -> CaseState:
        """Gives a case's present state."""
        with self.store.read() as connection:
            return self._caseload.archive.load(connection, case).state

    # -- commands ------------------------------------------------------------------------------------------------

    @in_one_form
    def start(
        self, process: str, *, person: str, records: Mapping[str, Any] = _NOTHING, key: str | None = None, **more: bool
    ) -> Performed:
        """Opens a case of the latest definition of a process; `drill=True`: to practise, so that it counts nowhere."""
        case = self._caseload.new_id()
        return self._perform(case, person, "start", {"records": records, **more}, key=key, process=process)

    @in_one_form
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
        delegate acts; found by itself where only one principal's authority will do.
        """
        if node is not None:
            arguments["node"] = node
        return self._perform(case, person, verb, arguments, key=key, seen=seen, behalf=on_behalf_of)

    def tick(self, *cases: str, until: int | None = None, at_once: int = 1) -> Ticked:
        """Makes happen what has come due, in some cases or all, and does what was asked for: so many calls at once.

        `until` bounds what counts as due; it never goes past the clock. Whatever fails in one case stops no other.
        """
        from charter.runtime.notify.queue import send_due

        now = self._caseload.clock()
        until = now if until is None else min(until, now)
        timers = self.timers()
        came = [timers.those(cases, until)] if cases else list(iter(lambda: timers.batch(until), None))
        while send_due(self.store, now):
            pass
        delivered = self.delivery.deliver(cases or None, at_once)
        stuck = tuple(failed for batch in came for failed in batch.stuck)
        left = sum(batch.left for batch in came) + delivered.left
        return Ticked(sum(batch.ticks for batch in came), delivered.done, delivered.failed, left, stuck)

    def timers(self) -> Timers:
        """Gives a walk over the cases that have something due."""
        from charter.runtime.host.timers import Timers

        return Timers(self.store, self._caseload)

    def now(self) -> int:
        """Gives the clock's time, microseconds since the epoch."""
        return self._caseload.clock()

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

        def work(connection: Connection) -> tuple[Performed, bool]:
            if key is not None and (before := earlier(connection, key, mark)) is not None:
                return self._again(connection, before, person, verb), False
            effects: list[Effect] = []
            if process is not None:
                file = self._caseload.blank(connection, case, process)
            else:
                file = self._caseload.archive.load(connection, case)
                if file.state.wake is not None and file.state.wake <= self._caseload.now(file):
                    host = InTransaction(self._caseload, connection, file)
                    let_pass(host, case, self._caseload.now(file))
                    file, effects = host.file(case), host.effects
            before_it = file
            told = None if key is None else of_key(key, mark)
            performed, file = self._one(connection, file, person, verb, arguments, seen, behalf, told)
            # A command that never reached the case may be sent again with its key: nothing came of it.
            if key is not None and file is not before_it:
                note_key(connection, key, mark, case, performed.first, len(performed.entries), self._caseload.clock())
            return performed, any(map(is_asked, (*effects, *performed.effects)))

        try:
            performed, asked = self.store.within((case,), work)
        except Overtaken:
            # Only databases that lock rows come here: another host moved the case between our read and our write.
            return self._conflict(case, person, verb, seen)
        return self._afterwards(performed) if asked else performed

    def _afterwards(self, performed: Performed) -> Performed:
        """Carries out what a committed command asked for, but for calls, which hold nobody up here.

        Whatever happens, the command is done: what cannot be done now stays in the outbox for a tick.
        """
        from charter.runtime.host import outbox

        case = performed.case
        try:
            done = self.delivery.settle(case)
            with self.store.read() as connection:
                state = self._caseload.archive.load(connection, case).state
                owed = outbox.waiting(connection, self._caseload.clock(), done.touched)
        except (Exception, KeyboardInterrupt) as cause:
            return replace(performed, owed=(case,), trouble=cause)
        return replace(performed, state=state, owed=tuple(dict.fromkeys(owed)), failed=done.failed)

    def _one(
        self,
        connection: Connection,
        file: CaseFile,
        person: str,
        verb: str,
        arguments: Mapping[str, Any],
        seen: int | None,
        behalf: str | None,
        key: str | None,
    ) -> tuple[Performed, CaseFile]:
        """Judges who asks, then runs the command."""
        definition, case = file.pinned.definition, file.chain.case
        if seen is not None and seen != file.state.commands:
            refused = refusal(CONFLICT, None, case=case, seen=seen, version=file.state.commands)
            return self._turned_away(connection, file, person, verb, refused), file
        built = self._asked(connection, file, person, verb, arguments, behalf)
        if isinstance(built, Refusal):
            return self._turned_away(connection, file, person, verb, built), file
        file = self._caseload.up_to_date(connection, file, built.at)
        built, done = self._caseload.step(connection, file, self._caseload.introduced(connection, file, built))
        if done.refusal is not None and not file.stored:  # no case comes of it
            return self._turned_away(connection, file, person, verb, done.refusal), file
        stranded = self._stranded(connection, file, built, done.state) if done.refusal is None else ()
        if stranded and stranding(connection) == "refuse":
            from charter.runtime.desk.staffing import refused as refused_for

            return self._turned_away(connection, file, person, verb, refused_for(built, stranded)), file
        if done.refusal is None:
            self._keep(built)
        elif attempts.too_many(connection, person, self._caseload.clock(), self._caseload.origin):
            return Performed(case, file.state, definition, (), done.refusal), file
        after = self._caseload.write(connection, file, built, done, key=key)
        first = file.chain.entries + 1
        performed = Performed(case, after.state, definition, done.entries, done.refusal, done.effects, first)
        return replace(performed, stranded=stranded), after

    @staticmethod
    def _stranded(connection: Connection, file: CaseFile, command: Command, after: CaseState) -> Sequence[Gap]:
        """Gives what nobody is left for after somebody took or did work, and was not before it."""
        if command.verb not in TAKING:
            return ()
        # Imported here because most commands take no work that anybody is kept apart from.
        from charter.runtime.desk.staffing import staff, strands

        definition = file.pinned.definition

        def people() -> Sequence[Actor]:
            return staff(connection, definition.name, command.at, concerned=True).people

        return strands(definition, file.state, command, after, people)

    def _asked(
        self,
        connection: Connection,
        file: CaseFile,
        person: str,
        verb: str,
        arguments: Mapping[str, Any],
        behalf: str | None,
    ) -> Command | Refusal:
        """Gives the command that a person asks for, with the authority that they have for it now."""
        definition, at, node = file.pinned.definition, self._caseload.now(file), arguments.get("node")
        known = self._caseload.directory
        actor = actor_for(known, connection, definition, file.state, person, at, verb, node, behalf)
        if isinstance(actor, Refusal):
            return actor
        return self._command(connection, file, verb, actor, at, arguments)

    def would(
        self, case: str, *, person: str, verb: str, on_behalf_of: str | None = None, **arguments: Any
    ) -> Refusal | None:
        """Gives the refusal that a command would meet with now, None where it would be performed; nothing happens."""
        with self.store.read() as connection:
            file = self._caseload.archive.load(connection, case)
            built = self._asked(connection, file, person, verb, arguments, on_behalf_of)
            if isinstance(built, Refusal):
                return built
            return self._caseload.step(connection, file, self._caseload.introduced(connection, file, built))[1].refusal

    def _command(
        self, connection: Connection, file: CaseFile, verb: str, actor: Actor, at: int, arguments: Mapping[str, Any]
    ) -> Command | Refusal:
        given = {name: value for name, value in arguments.items() if name not in FOUND}
        for name in ("records", "checks"):
            if name in given:
                pairs = given[name] or ()
                given[name] = tuple(pairs.items()) if isinstance(pairs, Mapping) else pairs
        if verb == "start":
            given |= law.PRESENT._asdict() | {"days": self._caseload.days(connection, file.pinned.definition)}
            return Start(actor=actor, at=at, case=file.chain.case, **given)
        if verb in ("delegate", "assign") and isinstance(given.get("to"), str):
            to = self._caseload.directory.actor(connection, given["to"], file.pinned.definition.name, at)
            if isinstance(to, Refusal):
                return to
            given["to"] = to
        return commands.COMMANDS[verb](actor=actor, at=at, **given)

    # -- what never reaches a case -------------------------------------------------------------------------------

    def _turned_away(
        self, connection: Connection, file: CaseFile, person: str, verb: str, refused: Refusal
    ) -> Performed:
        entry, sealed = self._caseload.turn_away(connection, file, person, verb, refused)
        return Performed(file.chain.case, file.state, file.pinned.definition, (entry,), refused, (), sealed.seq)

    def _conflict(self, case: str, person: str, verb: str, seen: int | None) -> Performed:
        with self.store.write() as connection:
            file = self._caseload.archive.load(connection, case)
            refused = refusal(CONFLICT, None, case=case, seen=seen, version=file.state.commands)
            return self._turned_away(connection, file, person, verb, refused)

    def _again(self, connection: Connection, before: Any, person: str, verb: str) -> Performed:
        case, first, entries, refused = before
        file = self._caseload.archive.load(connection, case)
        if refused is not None and not entries:
            return self._turned_away(connection, file, person, verb, refused)
        return Performed(case, file.state, file.pinned.definition, entries, refused, (), first)

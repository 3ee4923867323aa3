"""Running cases go over to another version of their process, or back: each whole, in one transaction.

Whoever may deploy the process may migrate its cases. What stands against it leaves the case where it is, and an entry
in the organisation's chain. What a migration would come to is told by the same step, of which nothing is kept. What
becomes of the work of a case is for `engine/step/migrating.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, select

from charter.engine.commands import Migrate
from charter.engine.definition import Definition
from charter.engine.effects import Effect
from charter.engine.entries import Entry
from charter.engine.entries.cases import Migrated
from charter.engine.hosting import informed, is_asked, let_pass
from charter.engine.machines import UNDER_WAY
from charter.engine.migration import NOTHING_BACK, SAME_VERSION
from charter.engine.refusals import Refusal
from charter.engine.replay import play, untouched
from charter.engine.state import CaseState
from charter.engine.step.transition import Step, Target
from charter.runtime.audit import log
from charter.runtime.host import days
from charter.runtime.host.casefile import CaseFile, Pinned
from charter.runtime.host.caseload import Caseload
from charter.runtime.host.delivery import Delivery
from charter.runtime.host.transaction import InTransaction
from charter.runtime.people.directory import load
from charter.runtime.people.organisation import admit
from charter.runtime.refusals import refusal
from charter.runtime.store import Store, tables as t

if TYPE_CHECKING:
    from charter.engine.migration import Mapped

AT_ONCE = 100  # cases in one transaction: others wait no longer than for these


class Wanted(Struct, frozen=True):
    """What is asked for. `to`: the digest of a definition, None for back; the rest as in `Migrate`."""

    to: str | None
    by: str
    reason: str | None = None
    mapping: Mapped = ()
    keep: tuple[str, ...] = ()
    redo: tuple[str, ...] = ()


class Course(Struct, frozen=True):
    """What a migration comes to for a case: its entries, the first of which is the migration's, or the refusal.

    `was`: the definition until then, `before` its digest; `to`: that from then on.
    """

    case: str
    number: int
    was: Definition
    before: str
    to: Definition | None = None
    entries: tuple[Entry, ...] = ()
    state: CaseState | None = None
    refusal: Refusal | None = None

    @property
    def told(self) -> Migrated | None:
        """What the migration's entry tells."""
        told = self.entries[0].told if self.entries else None
        return told if isinstance(told, Migrated) else None


class Migrations:
    """See the module's text."""

    def __init__(self, store: Store, caseload: Caseload, delivery: Delivery) -> None:
        self._store = store
        self._caseload = caseload
        self._delivery = delivery

    def open_on(self, process: str, digest: str) -> list[str]:
        """Lists the cases under way that run a definition, the oldest first."""
        c = t.cases.c
        query = select(c.id).where(c.process == process, c.status.in_(sorted(UNDER_WAY)), c.definition == digest)
        with self._store.read() as connection:
            return list(connection.execute(query.order_by(c.number)).scalars())

    def foresee(self, cases: Iterable[str], wanted: Wanted, to: Definition | None = None) -> Iterator[Course]:
        """Tells what `migrate` would come to, and changes nothing; `to`: a definition that is not deployed yet."""
        for case in cases:
            with self._store.read() as connection:
                file = self._caseload.archive.load(connection, case)
                yield self._asked(connection, file, wanted, to)[0]

    def refusal(self, process: str, by: str) -> Refusal | None:
        """Says, on the record, why somebody may not migrate cases of a process; None where they may."""
        with self._store.write() as connection:
            return self._admitted(connection, process, by)

    def migrate(
        self, cases: Sequence[str], wanted: Wanted, along: Callable[[int], None] = lambda _: None
    ) -> Iterator[Course]:
        """Has cases go over, so many in one transaction; tells of each what came of it.

        A case that may not goes on as it is, and the others go over. `along` is told how many are done.
        """
        done = 0
        left = iter(cases)
        while some := tuple(islice(left, AT_ONCE)):
            owing: list[str] = []
            found: list[Course] = []
            with self._store.write() as connection:
                for case in some:
                    course, effects = self._over(connection, case, wanted)
                    found.append(course)
                    owing += [case] if any(map(is_asked, effects)) else []
            for case in owing:
                self._delivery.settle(case)
            done += len(found)
            along(done)
            yield from found

    # -- one case ------------------------------------------------------------------------------------------------

    def _admitted(self, connection: Connection, process: str, by: str) -> Refusal | None:
        running = self._caseload.running(connection, process)
        owner = None if running is None else running.definition.owner
        person = load(connection, by)
        owns = owner is not None and person is not None and owner in person.roles(process)
        at, origin = self._caseload.clock(), self._caseload.origin
        return admit(connection, by, "migrate", at=at, origin=origin, entitled=owns)

    def _over(self, connection: Connection, case: str, wanted: Wanted) -> tuple[Course, list[Effect]]:
        file = self._caseload.archive.load(connection, case)
        refused = self._admitted(connection, file.pinned.definition.name, wanted.by)
        if refused is not None:
            return _blank(connection, file, refused), []
        at = self._caseload.now(file)
        host = InTransaction(self._caseload, connection, file)
        if file.state.wake is not None and file.state.wake <= at:
            let_pass(host, case, at)
        file = self._caseload.up_to_date(connection, host.file(case), at)
        course, command, done, pinned = self._asked(connection, file, wanted, None)
        if course.refusal is not None or command is None or done is None or pinned is None:
            assert course.refusal is not None
            self._caseload.turn_away(connection, file, wanted.by, Migrate.verb, course.refusal)
            return course, host.effects
        self._caseload.write(connection, file, command, done, pinned)
        return course, [*host.effects, *done.effects]

    def _asked(
        self, connection: Connection, file: CaseFile, wanted: Wanted, unknown: Definition | None
    ) -> tuple[Course, Migrate | None, Step | None, Pinned | None]:
        case, was = file.chain.case, file.pinned
        blank = _blank(connection, file)
        back, pinned = None, None
        if wanted.to is None:
            back = self._back(connection, file)
            if back is None:
                return _refused(blank, refusal(NOTHING_BACK, case=case)), None, None, None
            pinned = back.pinned
        elif unknown is None:
            pinned = self._caseload.archive.pinned(connection, wanted.to)
        to = pinned.definition if pinned is not None else days.knowing(connection, unknown or was.definition)
        digest = pinned.digest if pinned is not None else wanted.to or ""
        if digest == was.digest:
            same = refusal(SAME_VERSION, case=case, version=was.definition.version)
            return _refused(blank, same), None, None, None
        at = self._caseload.now(file)
        actor = self._caseload.directory.actor(connection, wanted.by, was.definition.name, at)
        if isinstance(actor, Refusal):
            return _refused(blank, actor), None, None, None
        mapping = {**dict(() if back is None else back.mapping), **dict(wanted.mapping)}
        command = Migrate(
            actor=actor,
            at=at,
            reason=wanted.reason,
            to=digest,
            was=was.digest,
            mapping=tuple(mapping.items()),
            keep=wanted.keep,
            redo=wanted.redo,
            days=days.in_force(connection, to.countries()),
            undoes=None if back is None else back.undoes,
            restores=back is not None and back.restores,
        )
        target = Target(to, None if back is None else back.was)
        command, done = informed(
            was.definition, file.state, command, self._caseload.answering(connection, file.state), target
        )
        if done.refusal is not None:
            return _refused(blank, done.refusal), None, None, None
        course = replace(blank, to=to, entries=done.entries, state=done.state)
        return course, command, done, pinned

    def _back(self, connection: Connection, file: CaseFile) -> _Back | None:
        """Finds the latest migration of a case, and how it stood before it."""
        sealed = list(log.load(connection, file.chain.case))
        past = self._caseload.archive.past(connection, sealed)
        if len(past) < 2:
            return None
        (_, before), (seq, _) = past[-2:]
        known = {one.digest: one.definition for _, one in past}
        played = play(past[0][1].definition, log.to_entries(sealed), known.get)
        crossing = next((each for each in played if each.index == seq - 1), None)
        told = sealed[seq - 1].entry.told
        if crossing is None or not crossing.sure or not isinstance(told, Migrated):
            return None
        inverse = tuple((new, old) for old, new in told.renamed)
        still = untouched(crossing.after, file.state)
        return _Back(before, crossing.before, seq, still, () if still else inverse)


class _Back(Struct, frozen=True):
    """Where a case goes back to: `was` how it stood before entry `undoes`; `restores`: nothing has happened since."""

    pinned: Pinned
    was: CaseState
    undoes: int
    restores: bool
    mapping: Mapped


def _blank(connection: Connection, file: CaseFile, refused: Refusal | None = None) -> Course:
    case = file.chain.case
    return Course(case, _number(connection, case), file.pinned.definition, file.pinned.digest, refusal=refused)


def _refused(course: Course, refused: Refusal) -> Course:
    return replace(course, refusal=refused)


def _number(connection: Connection, case: str) -> int:
    c = t.cases.c
    return int(connection.execute(select(c.number).where(c.id == case)).scalar_one())

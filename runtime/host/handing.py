"""Handing over: what waits for one person, and the rights that they have it by, go to another, item by item.

An item is work that they hold, a vote that they have not cast yet, a service-level clock that runs about either, a
stand-in, or a role. Each is confirmed, and each leaves an entry; work goes by a command of its own case, which the
engine refuses where duties are separated. What is refused stays where it is, and with it the role. For stewards.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from charter.engine.commands import SYSTEM, Actor, HandOver
from charter.engine.entries.organisation import ItemHandedOver, RoleGranted, RoleRevoked, StandInNamed, StandInRevoked
from charter.engine.keys import parse_key
from charter.engine.personal import whose
from charter.engine.plan.program import prepare
from charter.engine.refusals import Reason, Refusal
from charter.runtime import clock
from charter.runtime.desk.clocks import under_way
from charter.runtime.host.caseload import Caseload
from charter.runtime.host.transaction import InTransaction
from charter.runtime.people.directory import ANY, Person, stand_ins
from charter.runtime.people.organisation import admit, next_stand_in, note
from charter.runtime.refusals import APART, NAMED, UNCONFIRMED, UNKNOWN_PERSON, refusal
from charter.runtime.store import Store
from charter.runtime.store.prepared import ask

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Item(Struct, frozen=True):
    """One thing to hand over. `key`: by what it is confirmed; `kind`: work, vote, clock, stand_in or role.

    `element`: the element or the clock; `other`: the other side of a stand-in; `against`: why it stays where it is.
    """

    key: str
    kind: str
    process: str
    role: str | None = None
    case: str | None = None
    number: int | None = None
    element: str | None = None
    due: int | None = None
    other: str | None = None
    against: tuple[Reason, ...] = ()


_WORK = (
    'SELECT w."case", c.number, w.node, w.role, w.process, w.holder, w.barred, w.due FROM work_items w'
    ' JOIN cases c ON c.id = w."case" WHERE (w.holder = ?{}) ORDER BY c.number, w.node, w.role'
)


class Handing:
    """Hands over in one database."""

    def __init__(self, store: Store, caseload: Caseload) -> None:
        self._store = store
        self._caseload = caseload

    def items(self, person: str, to: str, role: str | None = None, *, by: str) -> list[Item] | Refusal:
        """Lists what there is to hand over, with what stands against it, also for the person; changes nothing."""
        with self._store.write() as connection:
            at, origin = self._caseload.clock(), self._caseload.origin
            refused = admit(connection, by, "handover", at=at, origin=origin, entitled=by == person)
            return refused or self._items(connection, person, to, role)

    def hand_over(
        self, person: str, to: str, role: str | None, confirmed: Collection[str], *, by: str, reason: str | None
    ) -> tuple[list[Item], Refusal | None]:
        """Hands over all that nothing stands against; refused as a whole while an item of these is unconfirmed."""
        at, origin = self._caseload.clock(), self._caseload.origin
        with self._store.write() as connection:
            refused = admit(connection, by, "handover", at=at, origin=origin)
            found = refused or self._items(connection, person, to, role)
            if isinstance(found, Refusal):
                return [], found
            open_ = [item.key for item in found if not item.against and item.key not in confirmed]
            if open_:
                return found, refusal(UNCONFIRMED, items=", ".join(open_))
            stays = any(item.against for item in found)
            for item in found:
                if item.against:
                    continue
                if item.kind == "role":
                    self._role(connection, item, person, to, by, kept=stays)
                elif item.kind == "stand_in":
                    self._stand_in(connection, item, person, to, by)
                elif item.kind == "work" and item.case is not None and item.element is not None:
                    host = InTransaction(self._caseload, connection)
                    whom = self._actor(connection, to, item)
                    host.send(item.case, self._command(host.now(item.case), item.element, person, whom, by, reason))
                told = ItemHandedOver(person, to, item.kind, item.key, item.process, item.role, item.case, item.element)
                note(connection, told, by, at=at, origin=origin, reason=reason)
        return found, None

    # -- what there is -------------------------------------------------------------------------------------------------

    def _items(self, connection: Connection, person: str, to: str, role: str | None) -> list[Item] | Refusal:
        giver, taker = (self._caseload.directory.person(connection, one) for one in (person, to))
        if giver is None:
            return refusal(UNKNOWN_PERSON, person=person)
        if taker is None or not taker.active or to == person:
            return refusal(UNKNOWN_PERSON, person=to)
        grants = [(name, where) for name, where in giver.grants if role in (None, name)]
        # A role comes first, since work needs it; what is taken from somebody goes last.
        found = [Item(f"role:{name}@{where}", "role", where, name) for name, where in grants]
        work = list(self._work(connection, giver, taker, grants, role))
        found += [*work, *self._clocks(connection, work), *self._stand_ins(connection, giver, role)]
        return found

    def _work(
        self, connection: Connection, giver: Person, taker: Person, grants: list[tuple[str, str]], role: str | None
    ) -> Iterator[Item]:
        """Yields the work that somebody holds, and the votes that they could cast, once each."""
        names = sorted({name for name, _ in grants})
        query = _WORK.format(" OR (w.holder IS NULL AND w.role IN (…))" if names else "")
        seen: set[tuple[str, str]] = set()
        for case, number, node, wanted, process, holder, barred, due in ask(
            connection, query, giver.id, *([names] if names else [])
        ):
            file = self._caseload.archive.load(connection, case)
            plan = prepare(file.pinned.definition).plans[parse_key(node)[0]]
            held = holder == giver.id and not wanted
            named = whose(wanted) is not None
            if (case, node) in seen or f"|{giver.id}|" in barred:
                continue
            if not (held or named) and not (
                plan.kind == "approval" and {(wanted, process), (wanted, ANY)} & set(grants)
            ):
                continue
            if role is not None and (named or role not in plan.roles_wanted(file.state.nodes[node])):
                continue
            seen.add((case, node))
            kind = "vote" if plan.kind == "approval" else "work"
            item = Item(f"{kind}:{number}:{node}", kind, process, wanted or role, case, number, node, due)
            yield replace(item, against=self._against(connection, item, giver.id, taker.id, named, barred))

    def _against(
        self, connection: Connection, item: Item, person: str, to: str, named: bool, barred: str
    ) -> tuple[Reason, ...]:
        """Says why work stays where it is: data names the person, or the engine refuses the other."""
        assert item.case is not None and item.element is not None
        if named:
            return (Reason(NAMED, None, {"element": item.element, "person": person}),)
        if item.kind == "vote":
            apart = f"|{to}|" in barred
            return (Reason(APART, None, {"element": item.element, "person": to}),) if apart else ()
        file = self._caseload.archive.load(connection, item.case)
        whom = self._actor(connection, to, item)
        asked = self._command(self._caseload.now(file), item.element, person, whom, "", None)
        refused = self._caseload.step(connection, file, asked)[1].refusal
        return refused.reasons if refused is not None else ()

    def _actor(self, connection: Connection, to: str, item: Item) -> Actor:
        """Gives the other with the role that goes over to them."""
        actor = self._caseload.directory.actor(connection, to, item.process, self._caseload.clock())
        assert isinstance(actor, Actor)
        return replace(actor, roles=tuple(sorted({*actor.roles, item.role}))) if item.role else actor

    @staticmethod
    def _command(at: int, node: str, giver: str, to: Actor, by: str, reason: str | None) -> HandOver:
        return HandOver(actor=SYSTEM, at=at, node=node, to=to, giver=giver, by=by, reason=reason)

    def _clocks(self, connection: Connection, work: list[Item]) -> Iterator[Item]:
        """Yields the clocks that are about this work."""
        cases = {item.case for item in work if item.case is not None}
        about = {(item.case, parse_key(item.element or "")[0]) for item in work}
        definition = lambda case: self._caseload.archive.load(connection, case).pinned.definition  # noqa: E731
        for each in under_way(connection, definition, self._caseload.clock(), among=cases) if cases else ():
            if any((each.case, element) in about for element in each.about):
                key = f"clock:{each.number}:{each.clock}"
                yield Item(key, "clock", each.process, None, each.case, each.number, each.clock, each.due)

    def _stand_ins(self, connection: Connection, giver: Person, role: str | None) -> Iterator[Item]:
        """Yields the stand-ins of either side that count, or will."""
        query, now = "(principal = ? OR person = ?) AND revoked_at IS NULL AND until > ?", self._caseload.clock()
        for each in stand_ins(connection, query, giver.id, giver.id, now):
            if role in (None, each.role) or each.role == ANY:
                other = each.person if each.principal == giver.id else each.principal
                yield Item(f"stand_in:{each.number}", "stand_in", each.process, each.role, other=other)

    # -- what becomes of it --------------------------------------------------------------------------------------------

    def _role(self, connection: Connection, item: Item, person: str, to: str, by: str, *, kept: bool) -> None:
        """Gives the role to the other, and takes it from whoever had it unless something of theirs stays."""
        assert item.role is not None
        at, origin = self._caseload.clock(), self._caseload.origin
        taker = self._caseload.directory.person(connection, to)
        if taker is not None and (item.role, item.process) not in taker.grants:
            note(connection, RoleGranted(to, item.role, item.process), by, at=at, origin=origin)
        if not kept:
            note(connection, RoleRevoked(person, item.role, item.process), by, at=at, origin=origin)

    def _stand_in(self, connection: Connection, item: Item, person: str, to: str, by: str) -> None:
        """Ends a stand-in, and names the other in place of whoever hands over; the side that stands in accepts anew."""
        at, origin = self._caseload.clock(), self._caseload.origin
        [old] = stand_ins(connection, "number = ?", int(item.key.partition(":")[2]))
        note(
            connection, StandInRevoked(old.number, old.principal, old.person, clock.text(at)), by, at=at, origin=origin
        )
        principal, stands = (to if side == person else side for side in (old.principal, old.person))
        if principal != stands:
            number = next_stand_in(connection)
            since, until = clock.text(max(old.since, at)), clock.text(old.until)
            told = StandInNamed(number, old.kind, principal, stands, old.process, old.role, since, until, None)
            note(connection, told, by, at=at, origin=origin)

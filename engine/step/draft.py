"""The step's working copy of a case: copy-on-write tables, the entries and effects so far, and the work list.

Every change of a node goes through `move` or `put`, which keep the counters (`pending`), the timers and the entry
of the move, reopen what has to be open around a node that is open again, and put whoever watches on the work list.
Decides nothing: what should move is for `flow`, `staleness` and the commands. The state it started from is never
changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from charter.engine.commands import SYSTEM, Command
from charter.engine.effects import Effect
from charter.engine.entries import Entry, Told
from charter.engine.entries.approvals import Drawn
from charter.engine.entries.cases import Amended, Reopened, Written
from charter.engine.feel.frames import Budget
from charter.engine.feel.limits import MAX_STEPS
from charter.engine.keys import Path, key_of
from charter.engine.layered import written
from charter.engine.machines import BEGINNINGS, CLOSED, LASTING, OFFERED, OPEN, SETTLED, fire
from charter.engine.plan.named import is_lent, pointer
from charter.engine.plan.place import Place, Use
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program
from charter.engine.plan.scope import Scope
from charter.engine.registers import MOST_ROWS, Ask, Row
from charter.engine.state import CaseState, Hand, Node, Version, next_instant
from charter.engine.step.clocks import case_goes_on, clocked, mark_late
from charter.engine.step.refused import Refused as Refused, refuse as refuse

# A step that leads to more than this is refused (CH541) instead of running on.
MOST_MOVES = 50_000
# So many steps may all expressions of a step take together (CH541); one alone has as many.
MOST_STEPS = MAX_STEPS


class Draft:
    """See the module's text. Reads like a `CaseState` (it is a `scope.View`)."""

    __slots__ = (
        "_own_nodes",
        "_own_timers",
        "_own_versions",
        "acting",
        "agenda",
        "asks",
        "at",
        "attempt",
        "bases",
        "books",
        "budget",
        "called",
        "case",
        "cause",
        "chain",
        "clocks",
        "closed_at",
        "command",
        "days",
        "depth",
        "drawn",
        "drill",
        "effects",
        "entries",
        "filed",
        "held",
        "law",
        "links",
        "looked",
        "nodes",
        "opened_at",
        "opened_by",
        "parameters",
        "parent",
        "pending",
        "place",
        "process",
        "program",
        "reads",
        "reason",
        "role",
        "rounds",
        "signals",
        "state",
        "status",
        "stood",
        "timers",
        "touched",
        "tzdata",
        "versions",
        "wake",
        "watches",
        "writing",
    )

    def __init__(self, program: Program, state: CaseState, command: Command) -> None:
        self.program = program
        self.place = program.spot
        self.state, self.command = state, command
        self.at = command.at
        self.acting = True
        self.budget = Budget(MOST_STEPS)
        self.role: str | None = None
        self.cause: int | None = None
        self.entries: list[Entry] = []
        self.effects: list[Effect] = []
        self.agenda: dict[str, int | None] = {}
        self.case, self.process, self.status = state.case, state.process, state.status
        self.opened_at, self.closed_at, self.opened_by = state.opened_at, state.closed_at, state.opened_by
        self.reason = state.reason
        self.parent, self.attempt = state.parent, state.attempt
        self.depth, self.drill, self.called = state.depth, state.drill, state.called
        self.parameters, self.held = state.parameters, state.held
        self.law, self.tzdata, self.pending = state.law, state.tzdata, state.pending
        self.signals, self.stood = state.signals, state.stood
        self.days, self.clocks = state.days, state.clocks
        self.chain, self.watches, self.books = state.chain, state.watches, state.books
        self.nodes: dict[str, Node] = state.nodes  # type: ignore[assignment]
        self.versions: dict[str, Version] = state.versions  # type: ignore[assignment]
        self.timers: dict[str, int] = state.timers  # type: ignore[assignment]
        self.wake = None if state.clocks else state.wake  # the first of the timers, where that is known
        self.looked = {found.ask: found for found in (*state.looked, *command.looked)}
        self.asks: dict[Ask, None] = {}
        self.reads: dict[Ask, dict[str, None]] = {}
        self.filed, self.rounds = state.filed, state.rounds
        self.drawn: list[Drawn] = []
        self.links, self.bases = state.links, state.bases
        self.touched: dict[str, None] = {}
        self.writing: dict[str, Any] = {}  # the content of a record that is being judged
        self._own_nodes = self._own_versions = self._own_timers = False

    # -- reading ----------------------------------------------------------------------------------------------

    def here(self, plan: Plan, path: Path) -> Place:
        """Gives the place of a node, which sees the case as it is now."""
        return Place(self.program, self, plan, path)

    def uses(self, plan: Plan, path: Path) -> tuple[Use, ...]:
        """Gives what the work of a node rests on now; most work rests on nothing."""
        return self.here(plan, path).uses() if plan.uses or plan.items else ()

    def scope(self, plan: Plan | None, path: Path) -> Scope:
        return Scope(self.program, self, plan, path, self.at)

    def look(self, ask: Ask, reader: str) -> tuple[Row, ...] | None:
        """Gives what an element finds in a register; None as long as that is not known, which the step then tells."""
        found = self.looked.get(ask)
        if found is None:
            self.asks[ask] = None
            return None
        if found.more and not ask.process:
            raise refuse("CH620", f"register {ask.register}", register=ask.register, limit=MOST_ROWS)
        self.reads.setdefault(ask, {})[reader] = None
        return found.rows

    def end_of_command(self) -> None:
        """Ends what the person does: entries from here on are the system's, caused by the latest one."""
        self.acting = False
        self.cause = len(self.entries) - 1

    def dated(self) -> Iterator[Node]:
        """Yields the nodes that have a due date."""
        return (node for node in self.nodes.values() if node.due is not None)

    # -- writing ----------------------------------------------------------------------------------------------

    def enter(
        self,
        told: Told,
        node: Node | None = None,
        before: str | None = None,
        after: str | None = None,
        *,
        reason: str | None = None,
    ) -> int:
        """Adds an entry and gives its index; the command's own actor while `acting`, else the system."""
        entries = self.entries
        index = len(entries)
        if index > MOST_MOVES:
            raise refuse("CH541", limit=MOST_MOVES)
        program = self.program
        if node is None:
            key, clauses = None, program.definition.clauses
        else:
            key, clauses = node.key, program.plans[node.element].clauses
        command = None if index else self.command
        if not self.acting:
            cause = self.cause if index else None
            entries.append(
                Entry(told, self.at, SYSTEM.person, key, before, after, None, None, reason, cause, clauses, command)
            )
            return index
        actor, role = self.command.actor, self.role
        behalf = actor.on_behalf_of
        if behalf is not None and role is not None and actor.lent and not is_lent(actor, role):
            behalf = None
        if role is not None and node is not None and node.named:
            role = pointer(node.named, role)
        cause = 0 if index else None
        entries.append(
            Entry(told, self.at, actor.person, key, before, after, role, behalf, reason, cause, clauses, command)
        )
        return index

    def put(self, node: Node) -> None:
        """Stores a node without an entry, keeping timers."""
        if not self._own_nodes:
            self.nodes = written(self.nodes)
            self._own_nodes = True
        self.nodes[node.key] = node
        self.touched[node.key] = None
        if node.due is not None or node.wake is not None or node.marks or (self.timers and node.key in self.timers):
            self.time(node.key, next_instant(node))

    def time(self, key: str, instant: int | None) -> None:
        """Keeps the next instant of a node or rule, and the earliest of all: `wake`, None where that is to be found."""
        old = self.timers.get(key)
        if old == instant:
            return
        if not self._own_timers:
            self.timers = written(self.timers)
            self._own_timers = True
        if instant is None:
            del self.timers[key]
        else:
            self.timers[key] = instant
        if self.wake is not None and instant is not None and instant <= self.wake:
            self.wake = instant
        elif old == self.wake:
            # Often several come due together; else the earliest is looked for once, at the end of the step.
            self.wake = old if next(iter(self.timers.values()), None) == old else None

    def change(self, node: Node, **changes: Any) -> None:
        """Stores a node with some fields changed, without an entry."""
        self.put(replace(node, **changes))

    def create(self, node: Node) -> None:
        """Adds a planned node and has it looked at. Its container's `pending` is the creator's business."""
        self.put(node)
        self.agenda.setdefault(node.key, self.cause)

    def move(
        self,
        node: Node,
        trigger: str,
        told: Told | None,
        *,
        reason: str | None = None,
        **changes: Any,
    ) -> Node:
        """Moves a node by its lifecycle, enters it (unless `told` is None) and lets the watchers know.

        `reason` is the entry's and the node's, `changes` are other fields of the node.
        """
        plan, path = self.place(node.key)
        lifecycle = plan.lifecycle(path) if plan.many else plan.kind
        state = fire(lifecycle, node.state, trigger)
        if state is None:
            verb = trigger.partition(":")[0]
            raise refuse("CH502", plan.name, element=node.key, state=node.state, verb=verb)
        was, now = node.state in SETTLED, state in SETTLED
        if now and node.redo:
            changes.setdefault("redo", False)
        changes["state"] = state
        changes["reason"] = reason
        moved = replace(node, **changes)
        if moved.due is not None or moved.wake is not None or moved.stands is not None or moved.marks:
            moved = clocked(self, node, moved)
        self.put(moved)
        latest = len(self.entries) - 1
        index = latest if told is None else self.enter(told, node, node.state, state, reason=reason)
        container = plan.container(path) if plan.loops else plan.around
        if lifecycle != "milestone" and was != now:
            self._count(container, -1 if now else 1, index)
        elif container is not None and state != node.state:
            self.agenda.setdefault(container, index)
        self.touch_element(plan, path, index, begins=trigger in BEGINNINGS and lifecycle != "phase")
        offered = plan.element.offered is not None or moved.held
        if (offered and state in OFFERED) or (moved.marks and state in OPEN):
            self.agenda.setdefault(node.key, index)
        if now and node.redo:
            for output in plan.element.outputs:
                self.touch_record(output, path, plan.loops, index)
        if now and (node.iteration > 1 or plan.is_group(path)):
            for key, other in self.nodes.items():
                if other.waits == node.key:
                    self.agenda.setdefault(key, index)
        return mark_late(self, moved) if moved.due is not None else moved

    def follow(self, told: Told, node: Node | None, cause: int | None = None) -> int:
        """Enters what follows by itself from an entry (else the latest), whoever is acting; gives its index."""
        acting, before = self.acting, self.cause
        self.acting, self.cause = False, len(self.entries) - 1 if cause is None else cause
        state = self.status if node is None else node.state
        index = self.enter(told, node, state, state)
        self.acting, self.cause = acting, before
        return index

    def number(self, told: Told) -> int:
        """Gives the number that the latest entry with this content gets in the trail of its case, from 1."""
        index = next(i for i in range(len(self.entries) - 1, -1, -1) if self.entries[i].told is told)
        return self.state.entries_written + index + 1

    def _count(self, container: str | None, change: int, cause: int) -> None:
        """Counts one child more or less unsettled, and reopens a container that was finished."""
        if container is None:
            self.pending += change
            if self.pending == 0:
                self.agenda.setdefault("", cause)
            if change > 0 and self.status == "completed":
                self.set_status("reopen", Reopened())
            return
        node = self.nodes.get(container)
        if node is None:
            return
        self.change(node, pending=node.pending + change)
        if change < 0 or node.state == "active":
            self.agenda.setdefault(container, cause)
        if change > 0 and node.state in SETTLED:
            self.revive(container)

    def revive(self, container: str) -> None:
        """Opens a phase or group again because something inside is open again; its milestones get another look."""
        node = self.nodes[container]
        self.move(node, "reopen", Reopened(), outcome=None, ended_at=None, wake=None)
        plan, path = self.place(container)
        for child in plan.children:
            if child.kind == "milestone" and key_of(child.name, path) in self.nodes:
                self.agenda.setdefault(key_of(child.name, path), len(self.entries) - 1)

    def set_status(self, trigger: str, told: Told, *, reason: str | None = None) -> None:
        """Moves the case itself."""
        status = fire("case", self.status, trigger)
        if status is None:
            raise refuse("CH519", status=self.status, verb=trigger)
        before, self.status = self.status, status
        ended = status in CLOSED
        self.closed_at = self.at if ended else None
        self.reason = None if status in LASTING else reason
        index = self.enter(told, None, before, status, reason=reason)
        if status == "suspended":
            self.stood = self.at
        elif self.stood is not None:
            case_goes_on(self, self.stood)
        for watcher in self.program.watchers.get("case", ()):
            self._touch(watcher, (), (), index)

    def hands(self, node: Node, verb: str, whose: tuple[str, ...] | None = None) -> tuple[Hand, ...]:
        """Gives the hands in a node with those of the actor, and of whoever they act for, by a verb; or of others.

        Cases that began before there was a law keep what their builds kept, until they are continued.
        """
        actor = self.command.actor
        people = ((actor.person, actor.on_behalf_of) if whose is None else whose) if self.law else ()
        return tuple(dict.fromkeys((*node.hands, *(Hand(person, verb) for person in people if person is not None))))

    # -- letting know -----------------------------------------------------------------------------------------

    def touch_element(self, plan: Plan, path: Path, cause: int | None, *, begins: bool = False) -> None:
        """Puts everyone who watches an element on the work list; where work on it only begins, those who follow it."""
        nodes, agenda, program = self.nodes, self.agenda, self.program
        for watcher in (program.followers if begins else program.watchers).get(plan.name, ()):
            if watcher.loops:
                self._touch(watcher, path, plan.loops, cause)
            elif watcher.name in nodes:
                agenda.setdefault(watcher.name, cause)

    def touch_record(self, record: str, path: Path, loops: tuple[str, ...], cause: int | None) -> None:
        """Puts everyone who watches a record version on the work list."""
        for watcher in self.program.watchers.get(record, ()):
            self._touch(watcher, path, loops, cause)

    def _touch(self, watcher: Plan, path: Path, loops: tuple[str, ...], cause: int | None) -> None:
        for key in self.program.keys(self.nodes, watcher, path, loops):
            if key in self.nodes:
                self.agenda.setdefault(key, cause)

    # -- records of work --------------------------------------------------------------------------------------

    def write(
        self,
        record: str,
        path: Path,
        loops: tuple[str, ...],
        value: Any,
        digest: str,
        node: str | None,
        kind: type[Written] | type[Amended] = Written,
        reason: str | None = None,
        by: str | None = None,
    ) -> bool:
        """Writes a record's next version; False when the content is the same as the current version's."""
        key = key_of(record, path)
        current = self.versions.get(key)
        if not self._own_versions:
            self.versions = written(self.versions)
            self._own_versions = True
        earlier = () if current is None or not self.law else current.writers
        if current is not None and current.digest == digest:
            if current.node != node:
                writers = tuple(dict.fromkeys(earlier))
                self.versions[key] = current._replace(node=node, earlier=writers, again=bool(writers))
            return False
        number = 1 if current is None else current.number + 1
        actor, person = self.command.actor, by or self.command.actor.person
        if self.acting and self.law and actor.on_behalf_of is not None:
            earlier = (*earlier, (actor.on_behalf_of, node))
        if earlier:
            earlier = tuple(pair for pair in dict.fromkeys(earlier) if pair != (person, node))
        self.versions[key] = Version(number, digest, value, node, person, self.at, earlier)
        told = kind(key, number, digest, value, None if current is None else current.digest)
        writer = self.nodes.get(node) if node is not None else None
        index = self.enter(told, writer, reason=reason)
        self.touch_record(record, path, loops, index)
        return True

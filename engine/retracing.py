"""How a case retraces what another system recorded: event by event, by steps that its process allows.

An event says where elements were to be afterwards (`Aim`); which commands lead there is found here and tried on the
state alone. What the process does not allow is a deviation of one of the kinds below: it is put on record, and the case
goes along as far as it can, so that later events are judged by themselves. What an event left out is passed over by
the importer, not by whoever acted. Pure: knows neither logs nor maps nor where cases live. Effects are not carried out:
what a foreign history asked of the world has long been done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from charter.engine import law
from charter.engine.commands import (
    SYSTEM,
    Actor,
    Amend,
    Approve,
    Begin,
    Cancel,
    Command,
    Complete,
    Delegate,
    Observe,
    Reject,
    Release,
    Reopen,
    Resume,
    Return,
    Signal,
    Skip,
    Start,
    Suspend,
    Tick,
)
from charter.engine.days import Days
from charter.engine.definition import Definition
from charter.engine.entries import Entry
from charter.engine.machines import ATTAINED, CLOSED, OFFERED, OPEN, SETTLED, STALLED, TAKEN, WORKABLE
from charter.engine.plan.program import Program, prepare
from charter.engine.refusals import Refusal
from charter.engine.state import NEW, CaseState
from charter.engine.step.transition import step
from charter.engine.values import data_digest

# In which ways a history can leave its process, in the order in which one event is counted under one of them.
KINDS = (
    "unknown_state",
    "no_time",
    "value_refused",
    "not_allowed",
    "after_close",
    "skipped_step",
    "out_of_order",
    "refused",
)
# refusal -> its kind of deviation; any other is `refused`
_PEOPLE = ("CH501", "CH503", "CH504", "CH505", "CH507", "CH520", "CH530", "CH531", "CH535", "CH543", "CH546", "CH567")
_FIELDS = ("CH512", "CH513", "CH514", "CH528", "CH529", "CH330", "CH331", "CH332", "CH333")
_VALUES = ("CH510", "CH511", *_FIELDS, "CH539", "CH542", "CH592")
_ORDER = ("CH502", "CH509", "CH519", "CH523", "CH524", "CH536", "CH545", "CH549", "CH593")
DEVIATION: Mapping[str, str] = {
    **dict.fromkeys(_PEOPLE, "not_allowed"),
    **dict.fromkeys(_VALUES, "value_refused"),
    **dict.fromkeys(_ORDER, "out_of_order"),
}
# What may be aimed at: states of elements, moves of the case, and `noted` for what moves nothing.
STATES = ("ready", "active", "suspended", "done", "granted", "rejected", "returned", "skipped", "cancelled")
OF_CASE = ("suspended", "resumed", "cancelled")
# So many steps may be passed over, and ticks come due, for one event.
_MOST = 1_000


class Aim(Struct, frozen=True):
    """Where an element is to be after an event. `element` `case`: the case itself; `signal`: the signal `state`."""

    element: str
    state: str


class Event(Struct, frozen=True):
    """One event of a history. `at`: microseconds since the epoch; `row`: of the log, from 1; `said`: in its words.

    `records`: what it says of the records that the map makes, encoded. `amends`: those that may change a record that is
    there. `deviation`: one that was found before the case was asked.
    """

    row: int
    at: int
    actor: Actor
    said: str
    aims: tuple[Aim, ...] = ()
    records: tuple[tuple[str, Any], ...] = ()
    amends: tuple[str, ...] = ()
    deviation: str | None = None


class Retraced(Struct, frozen=True):
    """What a history came to: the entries of each step, the state, of each event its deviation (kind, code), if any.

    `refusal`: why no case could be opened at all.
    """

    state: CaseState
    steps: tuple[tuple[Entry, ...], ...]
    deviations: tuple[tuple[str, str | None] | None, ...]
    refusal: Refusal | None = None


def retrace(
    definition: Definition,
    case: str,
    events: Sequence[Event],
    importer: Actor,
    days: Days = (),
    seen: Callable[[int, CaseState], None] | None = None,
) -> Retraced:
    """Opens a case as of its first event and takes it through all of them.

    `importer`: who passes over what the history left out. `seen` is shown the state after each event, by its place.
    """
    course = _Course(definition, importer)
    inputs = definition.inputs
    first = events[0]
    records = tuple(pair for pair in first.records if pair[0] in inputs)
    start = Start(actor=first.actor, at=first.at, case=case, records=records, days=days, **law.PRESENT._asdict())
    done = step(definition, NEW, start)
    if done.refusal is not None:
        code = done.refusal.code
        return Retraced(NEW, (), ((DEVIATION.get(code, "refused"), code),) * len(events), done.refusal)
    course.took(done)
    told = []
    for place, event in enumerate(events):
        told.append(course.event(event))
        if seen is not None:
            seen(place, course.state)
    return Retraced(course.state, tuple(course.steps), tuple(told))


class _Course:
    """A case on its way through a history."""

    def __init__(self, definition: Definition, importer: Actor) -> None:
        self.definition = definition
        self.program: Program = prepare(definition)
        self.importer = importer
        self.state: CaseState = NEW
        self.steps: list[tuple[Entry, ...]] = []
        self._deviation: tuple[str, str | None] | None = None
        self._event: Event

    def took(self, done: Any) -> None:
        self.state = done.state
        self.steps.append(done.entries)

    def event(self, event: Event) -> tuple[str, str | None] | None:
        """Takes the case through one event; gives the first deviation, if any."""
        self._event, self._deviation = event, None
        self._time_passes(event.at)
        about = next((aim.element for aim in event.aims if aim.element in self.state.nodes), None)
        self.took(
            step(
                self.definition,
                self.state,
                Observe(actor=event.actor, at=event.at, event=event.said, row=event.row, node=about),
            )
        )
        if event.deviation is not None:
            self._deviate(event.deviation)
        elif self.state.status in CLOSED and event.aims:
            self._deviate("after_close")
        for aim in event.aims:
            self._reach(aim)
        self._amend(event)
        return self._deviation

    # -- trying ------------------------------------------------------------------------------------------------------

    def _time_passes(self, until: int) -> None:
        for _ in range(_MOST):
            wake = self.state.wake
            if wake is None or wake > until:
                return
            at = max(wake, self.steps[-1][-1].at)
            done = step(self.definition, self.state, Tick(actor=SYSTEM, at=at))
            self.took(done)
            if done.refusal is not None or done.state.wake == wake:
                return

    def _try(self, command: Command) -> Refusal | None:
        """Sends a command; what is refused leaves nothing."""
        done = step(self.definition, self.state, command)
        if done.refusal is None:
            self.took(done)
        return done.refusal

    def _must(self, command: Command, node: str | None = None) -> str | None:
        """Sends a command; gives the kind of deviation that it is where it is refused."""
        refused = self._try(command)
        if refused is None:
            return None
        kind = DEVIATION.get(refused.code, "refused")
        self._deviate(kind, refused.code, node)
        return kind

    def _deviate(self, kind: str, code: str | None = None, node: str | None = None) -> None:
        event = self._event
        if self._deviation is None or KINDS.index(kind) < KINDS.index(self._deviation[0]):
            self._deviation = (kind, code)
        node = node if node in self.state.nodes else None
        told = Observe(
            actor=event.actor, at=event.at, event=event.said, row=event.row, node=node, deviation=kind, code=code
        )
        self.took(step(self.definition, self.state, told))

    # -- reaching ----------------------------------------------------------------------------------------------------

    def _reach(self, aim: Aim) -> None:
        event = self._event
        if aim.element == "signal":
            sent = Signal(actor=event.actor, at=event.at, name=aim.state, records=event.records)
            if self._try(sent) is not None:
                self._must(replace(sent, records=()))
            return
        if aim.element == "case":
            self._move_case(aim.state)
            return
        if self.state.status == "suspended":
            self._move_case("resumed")
        self._bring_up(aim.element)
        for _ in range(4):  # reopen, resume, begin, and the move itself
            node = self.state.nodes.get(aim.element)
            if node is None:
                self._deviate("out_of_order", "CH509")
                return
            if _is_there(node.state, aim.state):
                return
            command = self._next(node.key, node.state, aim.state)
            if command is None:
                self._deviate("out_of_order", "CH502", node.key)
                return
            if not self._send(command, node.key):
                return

    def _next(self, key: str, state: str, wanted: str) -> Command | None:
        """Gives the next command that leads an element to where it is wanted, None where none does."""
        event = self._event
        base: dict[str, Any] = {"actor": event.actor, "at": event.at, "node": key}
        if wanted == "skipped":
            return Skip(**base, reason=self._reason)
        if wanted == "cancelled":
            return Cancel(**base, reason=self._reason)
        plan = self.program.plans.get(key)
        approval = plan is not None and plan.kind == "approval"
        if state in SETTLED:
            later = self._resting_on(key)
            if later is not None:
                return Return(actor=event.actor, at=event.at, node=later, to=key, reason=self._reason)
            return Reopen(**{**base, "actor": self._with_charge(event.actor)}, reason=self._reason)
        if approval and state == "ready":
            if wanted in ATTAINED:
                return Approve(**base)
            if wanted == "rejected":
                return Reject(**base, reason=self._reason)
            return Return(**base, reason=self._reason) if wanted == "returned" else None
        if state == "suspended":
            return Resume(**base)
        if wanted == "suspended" and state in OPEN:
            return Suspend(**base, reason=self._reason)
        if wanted == "ready" and state in TAKEN:
            return Release(**{**base, "actor": self._with_charge(event.actor)}, reason=self._reason)
        if wanted == "active" and state in OFFERED:
            return Begin(**base)
        if wanted == "returned" and state in OPEN:
            return Return(**base, reason=self._reason)
        if wanted == "done" and state in OPEN:
            return Complete(**base, records=self._outputs(key))
        return None

    def _send(self, command: Command, key: str) -> bool:
        """Sends a command; where the process refuses who acts, goes on with the authority that they must have had."""
        event = self._event
        node = self.state.nodes[key]
        holder = node.holder
        theirs = holder is not None and holder != event.actor.person and node.state in TAKEN
        if theirs and isinstance(command, Complete | Begin | Return):
            self._hand_over(key, str(holder))
        kind = self._must(command, key)
        if kind is None:
            return True
        if kind != "not_allowed":
            return False
        entitled = replace(command, actor=replace(self.importer, person=event.actor.person))
        if self._try(entitled) is None:
            return True
        return isinstance(command, Complete | Approve) and self._pass_over(key)

    def _hand_over(self, key: str, holder: str) -> None:
        event = self._event
        giver = replace(self.importer, person=holder)
        handed = Delegate(actor=giver, at=event.at, node=key, to=event.actor, reason=self._reason)
        if self._try(handed) is not None:
            self._try(Release(actor=self.importer, at=event.at, node=key, reason=self._reason))

    def _with_charge(self, actor: Actor) -> Actor:
        """Gives somebody with charge of the case: who reopens in another system asks nobody here."""
        return replace(self.importer, person=actor.person)

    def _resting_on(self, key: str) -> str | None:
        """Names the open work that comes after an element, from which it is sent back."""
        earlier = self.program.plans.get(key)
        for other, node in self.state.nodes.items():
            plan = self.program.plans.get(other)
            if (
                earlier is not None
                and plan is not None
                and node.state in WORKABLE
                and plan.kind in ("activity", "approval")
                and plan.element.work is None
                and self.program.precedes(earlier, plan)
            ):
                return other
        return None

    # -- what was left out -------------------------------------------------------------------------------------------

    def _bring_up(self, element: str) -> None:
        """Passes over what the history left out before an element that is not ready yet."""
        target = self.program.plans.get(element)
        if target is None:
            return
        passed: set[str] = set()
        for _ in range(_MOST):
            node = self.state.nodes.get(element)
            if node is not None and (node.state in OPEN or node.state in SETTLED):
                return
            ahead = next(
                (
                    key
                    for key, other in self.state.nodes.items()
                    if key not in passed
                    and key != element
                    and (other.state in OPEN or other.state in STALLED or other.state == "failed")
                    and (plan := self.program.plans.get(other.element)) is not None
                    and plan.kind != "phase"
                    and self.program.precedes(plan, target)
                ),
                None,
            )
            if ahead is None:
                return
            passed.add(ahead)
            self._deviate("skipped_step", None, ahead)
            self._pass_over(ahead)

    def _pass_over(self, key: str) -> bool:
        """Has the importer finish an element with what the event says, or else skip it."""
        event, node = self._event, self.state.nodes[key]
        base: dict[str, Any] = {"actor": self.importer, "at": event.at, "node": key}
        plan = self.program.plans.get(node.element)
        if plan is not None and plan.element.outputs and plan.element.work is None:
            records = self._outputs(key)
            if node.state == "suspended":
                self._try(Resume(**base))
            elif node.holder is not None:
                self._try(Release(**base, reason=self._reason))
            whole = len(records) == len(plan.element.outputs)
            if whole and self._try(Complete(**base, records=records, reason=self._reason)) is None:
                return True
        return self._try(Skip(**base, reason=self._reason)) is None

    # -- records -----------------------------------------------------------------------------------------------------

    def _outputs(self, key: str) -> tuple[tuple[str, Any], ...]:
        plan = self.program.plans[self.state.nodes[key].element]
        return tuple(pair for pair in self._event.records if pair[0] in plan.element.outputs)

    def _amend(self, event: Event) -> None:
        """Writes what an event says otherwise than a record that is there."""
        for name, value in event.records:
            there = self.state.versions.get(name)
            if there is None or name not in event.amends or there.value == value:
                continue
            if there.digest == data_digest(value):
                continue
            amend = Amend(actor=event.actor, at=event.at, record=name, value=value, reason=self._reason)
            self._must(amend)

    def _move_case(self, wanted: str) -> None:
        event = self._event
        base: dict[str, Any] = {"actor": event.actor, "at": event.at}
        there = {"suspended": "suspended", "resumed": "open", "cancelled": "cancelled"}[wanted]
        if self.state.status == there:
            return
        command: Command = (
            Suspend(**base, reason=self._reason)
            if wanted == "suspended"
            else Resume(**base)
            if wanted == "resumed"
            else Cancel(**base, reason=self._reason)
        )
        self._must(command)

    @property
    def _reason(self) -> str:
        return f"{self._event.said} (row {self._event.row})"


def _is_there(state: str, wanted: str) -> bool:
    """Tells whether an element is where it is wanted."""
    if wanted == "done":
        return state in ATTAINED
    if wanted == "returned":
        return state == "stale"
    return state == wanted

"""What a checked process is: the contract between `dsl`, which builds it, and `engine`, which runs it.

Everything here is frozen, JSON-able both ways and free of text positions except in `Definition.places`, which the
digest leaves out, so that reformatting a file does not make another process of it. Expressions are kept as FEEL text
(dialect `charter`). A definition does not know people, cases, time or files.

Invariants (the checker guarantees them, the engine relies on them):
- element names are unique in a process, and parameters, records and elements share that one namespace;
- `elements` is in document order, a parent before its children; `parent` is None at process level;
- every name that is used exists; every `Input.approvals` names approvals of that record that do not lie downstream.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from msgspec.structs import replace

from charter.engine.capacity import Capacity as Capacity, Queue as Queue, Rank as Rank
from charter.engine.counters import Counter as Counter, Reached as Reached
from charter.engine.days import Calendar as Calendar, Day as Day, PublicDays, sha256
from charter.engine.decisions.declared import (
    DecisionOutput as DecisionOutput,
    DecisionRule as DecisionRule,
    DecisionTable as DecisionTable,
)
from charter.engine.forms import (
    Draw as Draw,
    Field as Field,
    Filing as Filing,
    Link as Link,
    RecordType as RecordType,
    Register as Register,
    Review as Review,
    TypeRef as TypeRef,
)
from charter.engine.happenings import Action as Action, Event as Event, Occasion as Occasion, Rule as Rule
from charter.engine.ledgers import Booking as Booking, Ledger as Ledger
from charter.engine.offered import Service as Service
from charter.engine.plain import Kept
from charter.engine.reported import Report as Report, Section as Section, Shown as Shown

ElementKind = Literal["phase", "activity", "approval", "milestone"]


class Parameter(Kept, frozen=True):
    """A value that whoever deploys may bind. `value` is FEEL text, None while unbound."""

    name: str
    title: str
    type: TypeRef | None = None
    value: str | None = None
    clauses: tuple[str, ...] = ()


class Requirement(Kept, frozen=True):
    """What a person must show to hold work of a role: kind `certificate` or `skill` (then a level)."""

    kind: Literal["certificate", "skill"]
    name: str
    at_least: int | None = None


class Role(Kept, frozen=True):
    name: str
    title: str
    external: bool = False
    requires: tuple[Requirement, ...] = ()
    clauses: tuple[str, ...] = ()


class Separation(Kept, frozen=True):
    """Separation (`same` false) or binding (`same` true) of duties: who did `other` may not / must do `element`."""

    element: str
    other: str
    same: bool = False
    clauses: tuple[str, ...] = ()


class Input(Kept, frozen=True):
    """A record that must be there. `approvals`: those that must have granted its current version first."""

    record: str
    approvals: tuple[str, ...] = ()


class After(Kept, frozen=True):
    """At least `needed` of `elements` are satisfied (done, granted, reached or skipped)."""

    elements: tuple[str, ...]
    needed: int


class Many(Kept, frozen=True):
    """`for each VARIABLE in ITEMS`: one instance an item. `open`: more may be added until closed.

    `kept`: what a later list lacks stays, and what it has besides is added.

    `enough`: so many done instances end the rest (`done when N of done`), a number or FEEL text; None means all.
    `closes`: FEEL for when an open list closes by itself.
    """

    variable: str
    items: str
    open: bool = False
    enough: int | str | None = None
    kept: bool = False
    closes: str | None = None


def item_type(types: Mapping[str, RecordType], many: Many) -> TypeRef | None:
    """Gives the type of the items of a `for each` over a field of a declared record; None: anything may be one."""
    record, *fields = many.items.split(".")
    kind = TypeRef("record", record=record)
    for name in fields:
        declared = types.get(kind.record or "")
        own = () if declared is None else declared.fields
        found = [field.type for field in own if field.name == name]
        if not found:
            return None
        kind = found[0]
    return kind.item


class Repeat(Kept, frozen=True):
    """Runs again after it is done: until `until` is true, or every `every` (a Span in FEEL) while `while_` is true.

    `missed`: what becomes of rounds for which nobody was there: `once` (as without a word), `each` or `none`.
    """

    until: str | None = None
    every: str | None = None
    while_: str | None = None
    missed: str | None = None


class Check(Kept, frozen=True):
    """A checklist point. `evidence` is "file" or a record name; `by` a role; `other`: not the activity's doer."""

    name: str
    title: str
    evidence: str | None = None
    by: str | None = None
    other: bool = False
    many: Many | None = None
    clauses: tuple[str, ...] = ()


class Retry(Kept, frozen=True):
    """So many further attempts, spread with doubling gaps over a Span (FEEL text)."""

    times: int
    over: str


class Work(Kept, frozen=True):
    """What runs by itself in place of a person.

    kind: `call` (target = connector), `run` (target = process, waits), `start` (does not wait), `signal` (waits for
    target), `until` (waits for the time that `when` gives), `pause` (waits for the Span that `when` gives), `decide`
    (asks the decision table `target`).
    `arguments`: (name, FEEL text) pairs.
    """

    kind: Literal["call", "run", "start", "signal", "until", "pause", "decide", "amend"]
    target: str | None = None
    arguments: tuple[tuple[str, str], ...] = ()
    when: str | None = None
    retry: Retry | None = None


class Stage(Kept, frozen=True):
    """One step of an approval chain: votes by distinct people on `seats`, (role, how many) pairs.

    Granted at `needed` approvals; rejected as soon as `needed` can no longer be reached, or, with `first`
    (`any of a, b`), by whichever decision comes first. One rejection in an `all of` stage is therefore enough.
    `other`: by nobody who produced the record that is approved. `needed` is 0 for `all of` what data names: as many.
    `when` (FEEL) it is asked, where it does not say so always.
    """

    seats: tuple[tuple[str, int], ...]
    needed: int
    first: bool = False
    other: bool = False
    when: str | None = None


class Consequence(Kept, frozen=True):
    """What follows a rejection. kind: `return` (to target element) or `cancel` (the case, with reason)."""

    kind: Literal["return", "cancel"]
    target: str | None = None
    reason: str | None = None


class Escalation(Kept, frozen=True):
    """After `rejects` rejections the approval is decided by `role` alone."""

    rejects: int
    role: str


class Agreement(Kept, frozen=True):
    """The approval's own part: what is approved, by whom, under which condition, with what consequence.

    `passes`: the record may pass where no approval of it applies. `same_person`: one person may vote in several stages.
    """

    of: str | None
    stages: tuple[Stage, ...]
    veto: str | None = None
    criteria: str | None = None
    on_reject: Consequence | None = None
    on_return: str | None = None
    escalation: Escalation | None = None
    passes: bool = False
    same_person: bool = False


class Element(Kept, frozen=True):
    """A phase, activity, approval or milestone.

    `starts_with`: elements whose activation starts this phase (`alongside`). `within`, `takes`: Span in FEEL text;
    `due`: date or date and time in FEEL; `costs`: Money in FEEL. `assign`: FEEL giving a person, or "least busy" /
    "in turn" by `assign_mode`. `never_skipped`: nobody may skip or cancel it, only the process may pass over it.
    `named`: those of its roles and seats that are no roles but FEEL for people whom data names (`plan.named`).
    """

    name: str
    title: str
    kind: ElementKind
    parent: str | None = None
    clauses: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    outputs: tuple[str, ...] = ()
    after: tuple[After, ...] = ()
    starts_with: tuple[str, ...] = ()
    when: str | None = None  # activity/approval: when; phase: enter when; milestone: its condition
    exit: str | None = None
    many: Many | None = None
    repeat: Repeat | None = None
    roles: tuple[str, ...] = ()
    accountable: tuple[str, ...] = ()
    consulted: tuple[str, ...] = ()
    informed: tuple[str, ...] = ()
    assign: str | None = None
    assign_mode: Literal["offer", "expression", "least busy", "in turn"] = "offer"
    within: str | None = None
    due: str | None = None
    takes: str | None = None
    costs: str | None = None
    checklist: tuple[Check, ...] = ()
    work: Work | None = None
    agreement: Agreement | None = None
    never_skipped: bool = False
    calendar: str | None = None  # without one, that of the block around it
    offered: str | None = None  # as long as it holds, the work may be begun (`offered while`)
    events: tuple[Event, ...] = ()  # in the order of the file
    files: tuple[Filing, ...] = ()
    named: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()  # FEEL for entries of registers, which whoever does the work answers
    reopening: str | None = None  # Span in FEEL text: so long after it is over it may be reopened


class Order(Kept, frozen=True):
    """`first of` (kind `first`: the first one taken settles the choice) or `one at a time` (kind `single`)."""

    kind: Literal["first", "single"]
    elements: tuple[str, ...]


class Kpi(Kept, frozen=True):
    """A measured figure. `target` and `warn` are FEEL unary tests (`>= 95%`); `every`, `over` Spans in FEEL text.

    `by` is a path over a case; `cases` in the formula is the list of the process's cases. `event`: whether `over`
    counts the cases closed or opened in that time. `improves`: over so many periods; `controlled`: it stays within its
    control limits.
    """

    name: str
    title: str
    formula: str
    unit: str | None = None
    target: str | None = None
    warn: str | None = None
    every: str | None = None
    over: str | None = None
    event: Literal["closed", "opened"] = "closed"
    by: str | None = None
    owner: str | None = None
    clauses: tuple[str, ...] = ()
    improves: int | None = None
    controlled: bool = False


class Target(Kept, frozen=True):
    """So much time (a Span in FEEL) is agreed: where `when` holds, without one wherever no other does."""

    span: str
    when: str | None = None


class Threshold(Kept, frozen=True):
    """What follows once so much of the agreed time is used up; 100 is the breach."""

    percent: int
    actions: tuple[Action, ...] = ()


class Sla(Kept, frozen=True):
    """A service-level clock of the case, or of each instance of the `element` in which it stands; all texts are FEEL.

    `since`: the instant from which it counts, else that at which `starts` holds (without one: from the opening of
    what it stands in). `pauses` is asked for as long as it lasts, `stops` and `restarts` for coming true. `group`: it
    runs while open work is with this role.
    """

    name: str
    title: str
    element: str | None = None
    since: str | None = None
    starts: str | None = None
    pauses: str | None = None
    stops: str | None = None
    restarts: str | None = None
    calendar: str | None = None
    targets: tuple[Target, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    clauses: tuple[str, ...] = ()
    group: str | None = None


class Clause(Kept, frozen=True):
    """A clause of a rule book in its own words; `catalogue` is the name of the book."""

    id: str
    text: str
    section: str | None = None
    catalogue: str | None = None


class Definition(Kept, frozen=True):
    name: str
    title: str
    version: str = "1"
    goal: str | None = None
    owner: str | None = None
    customer: str | None = None
    clauses: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    records: tuple[RecordType, ...] = ()
    separations: tuple[Separation, ...] = ()
    elements: tuple[Element, ...] = ()
    orders: tuple[Order, ...] = ()
    calendar: Calendar = Calendar()
    kpis: tuple[Kpi, ...] = ()
    slas: tuple[Sla, ...] = ()
    ledgers: tuple[Ledger, ...] = ()
    queues: tuple[Queue, ...] = ()
    counters: tuple[Counter, ...] = ()
    reports: tuple[Report, ...] = ()
    services: tuple[Service, ...] = ()
    decisions: tuple[DecisionTable, ...] = ()
    calendars: tuple[Calendar, ...] = ()  # those that elements name
    rules: tuple[Rule, ...] = ()
    # Those that the process reads or files into.
    registers: tuple[Register, ...] = ()
    links: tuple[Link, ...] = ()  # the cases of other processes that its cases are about
    # Those clauses that a rule book in reach has the words of; `clauses` everywhere are ids of these or of no book.
    cited: tuple[Clause, ...] = ()
    # FEEL giving a text, as the case is seen from outside: what lists say of it beside its number.
    subject: str | None = None
    # By what its cases are called: text with the places of `sequences.py`.
    number: str | None = None
    # The roles that may read every case; without one, all of the process.
    visible: tuple[str, ...] = ()
    # (subject, "file:line") with subject `ELEMENT`, `ELEMENT.line` (line = within, criteria, separate, by, ...),
    # `record NAME`, `role NAME`, `kpi NAME`, `process`; for messages only, outside the digest.
    places: tuple[tuple[str, str], ...] = ()
    # The versions of public days that its cases may count by, as the host knows them; outside the digest.
    known_days: tuple[PublicDays, ...] = ()

    def countries(self) -> tuple[str, ...]:
        """Names the countries whose public days its calendars keep."""
        named = (calendar.holidays for calendar in (self.calendar, *self.calendars))
        return tuple(sorted({country for country in named if country is not None}))

    def unbound(self) -> tuple[str, ...]:
        """Names the parameters that nobody has bound yet."""
        return tuple(p.name for p in self.parameters if p.value is None)

    def bind(self, values: dict[str, str]) -> Definition:
        """Gives the definition with parameters bound to FEEL texts; names must exist (checked by the caller)."""
        parameters = tuple(replace(p, value=values[p.name]) if p.name in values else p for p in self.parameters)
        return replace(self, parameters=parameters)

    def clause(self, id: str) -> Clause | None:
        """Finds a clause that the process cites, where a rule book had its words."""
        return next((clause for clause in self.cited if clause.id == id), None)

    def place(self, subject: str) -> str | None:
        """Says where a subject stands in the process file, `file:line`; falls back to the element of a line."""
        places = _places(self.places)
        return places.get(subject) or places.get(subject.split(".")[0])


@lru_cache(maxsize=256)
def _places(places: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return dict(places)


def digest(definition: Definition) -> str:
    """Gives the SHA-256 (hex) of a definition's canonical JSON without its places."""
    return sha256(replace(definition, places=(), known_days=()))

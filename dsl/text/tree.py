"""The one representation of a process file: frozen structs that mirror the text, line by line, in its order.

Names are not resolved and expressions not parsed here. Spans are offsets into the file's text and take no part in
equality, so `parse(print(tree)) == tree`. A keyword's spelling is not kept: the tree is the same in all languages. A
node has the comments above it (`before`), at the end of its first line (`beside`) and last in its block (`after`).
"""

from __future__ import annotations

from typing import Literal

from charter.dsl.text.counters import Counter as Counter, Counting as Counting, Reaches as Reaches
from charter.dsl.text.declarations import (
    AmendedBy as AmendedBy,
    Calendar as Calendar,
    CalendarUse as CalendarUse,
    CaseNumber as CaseNumber,
    CaseSubject as CaseSubject,
    Catalogue as Catalogue,
    Choice as Choice,
    Columns as Columns,
    Concerns as Concerns,
    Customer as Customer,
    Decision as Decision,
    Drawn as Drawn,
    EndsAtClose as EndsAtClose,
    Field as Field,
    Files as Files,
    Goal as Goal,
    HitPolicy as HitPolicy,
    Holidays as Holidays,
    Hours as Hours,
    Input as Input,
    Output as Output,
    OwnDay as OwnDay,
    Owner as Owner,
    Parameter as Parameter,
    Record as Record,
    Requires as Requires,
    Role as Role,
    Row as Row,
    Separation as Separation,
    Source as Source,
    Type as Type,
    Use as Use,
    Version as Version,
    Visible as Visible,
    Zone as Zone,
)
from charter.dsl.text.figures import Figure as Figure, Kpi as Kpi, Over as Over, Trend as Trend, Unit as Unit
from charter.dsl.text.ledgers import Amount as Amount, Booking as Booking, Ledger as Ledger, Overrun as Overrun
from charter.dsl.text.meetings import (
    Agenda as Agenda,
    Attend as Attend,
    Meeting as Meeting,
    Minutes as Minutes,
    MustAttend as MustAttend,
    Quorum as Quorum,
    Todos as Todos,
)
from charter.dsl.text.nodes import (
    NO_COMMENTS as NO_COMMENTS,
    NOWHERE as NOWHERE,
    Argument as Argument,
    Comments as Comments,
    Expr as Expr,
    Line as Line,
    Name as Name,
    Node as Node,
    Span as Span,
    Text as Text,
)
from charter.dsl.text.queues import Capacity as Capacity, OrderBy as OrderBy, Queue as Queue, Rank as Rank
from charter.dsl.text.reactions import (
    Action as Action,
    Condition as Condition,
    Occasion as Occasion,
    Response as Response,
    Rule as Rule,
)
from charter.dsl.text.registers import Register as Register, Review as Review
from charter.dsl.text.reports import (
    Answering as Answering,
    OwnFigure as OwnFigure,
    Report as Report,
    Reported as Reported,
    Section as Section,
)
from charter.dsl.text.services import (
    AgreedIn as AgreedIn,
    Audience as Audience,
    Materials as Materials,
    OfferedBy as OfferedBy,
    RequestedBy as RequestedBy,
    Service as Service,
)
from charter.dsl.text.steps import (
    ActStep as ActStep,
    AfterStep as AfterStep,
    CaseStep as CaseStep,
    Casting as Casting,
    CastStep as CastStep,
    ConnectorStep as ConnectorStep,
    ExpectDoer as ExpectDoer,
    ExpectFired as ExpectFired,
    ExpectKpi as ExpectKpi,
    ExpectReport as ExpectReport,
    ExpectSees as ExpectSees,
    ExpectState as ExpectState,
    ExpectTrue as ExpectTrue,
    GivenStep as GivenStep,
    RefuseStep as RefuseStep,
    SignalStep as SignalStep,
    Target as Target,
)
from charter.dsl.text.works import Wait as Wait, Work as Work

# --- lines of phases, activities, approvals, milestones ----------------------------------------


class Raci(Line, frozen=True):
    """`role a, b` · `accountable` · `consulted` · `informed`."""

    kind: Literal["role", "accountable", "consulted", "informed"]
    roles: tuple[Name, ...]


class Assign(Line, frozen=True):
    """`assign EXPR` · `assign least busy` · `assign in turn`."""

    mode: Literal["expression", "least busy", "in turn"]
    expr: Expr | None = None


class After(Line, frozen=True):
    """`after a, b` (needed None: all) · `after any of a, b` (1) · `after 2 of a, b, c` (2)."""

    names: tuple[Name, ...]
    needed: int | None = None


class Alongside(Line, frozen=True):
    names: tuple[Name, ...]


class When(Line, frozen=True):
    """`when EXPR`; on a phase `enter when EXPR` and `exit when EXPR` (kind)."""

    kind: Literal["when", "enter", "exit"]
    expr: Expr


class Of(Line, frozen=True):
    """`of RECORD`: what an approval is about."""

    record: Name


class Stage(Node, frozen=True):
    """`manager` (mode one) · `any of a, b` · `all of a, b` · `N of a, b` · `N of M role` (seats M).
    `other` before the one role: `other engineer`, `2 of 3 other engineer`. With `when` it is asked only then."""

    mode: Literal["one", "any", "all", "count"]
    roles: tuple[Name, ...]
    count: int | None = None
    seats: int | None = None
    other: bool = False
    when: Expr | None = None


class By(Line, frozen=True):
    """`by STAGE [when EXPR] then STAGE [when EXPR] …`; the only stage has no condition (that is the approval's)."""

    stages: tuple[Stage, ...]


class Veto(Line, frozen=True):
    role: Name


class OnCalendar(Line, frozen=True):
    """`on calendar support`: by which calendar an element's working time is counted, and that of all in it."""

    calendar: Name


class Criteria(Line, frozen=True):
    expr: Expr


class On(Line, frozen=True):
    """`on reject return to X` · `on reject cancel because "…"` · `on return to X` · `on 2 rejects escalate to ROLE`."""

    event: Literal["reject", "return", "rejects"]
    action: Literal["return", "cancel", "escalate"]
    target: Name | None = None
    reason: Text | None = None
    count: int | None = None


class OnOverdue(Line, frozen=True):
    """`on overdue ACTION, …`."""

    actions: tuple[Action, ...]


class Remind(Line, frozen=True):
    """`remind a, holder SPAN before due`: roles, and whoever holds the work."""

    roles: tuple[Name, ...]
    holder: bool
    ahead: Expr


class Ends(Line, frozen=True):
    """`ends after SPAN` · `ends when EXPR` · `ends on SIGNAL`, each with `because "…"` or without."""

    kind: Literal["after", "when", "signal"]
    expr: Expr | None = None
    signal: Name | None = None
    reason: Text | None = None


class Happens(Line, frozen=True):
    """`at SPAN ACTION, …` (kind after) · `once EXPR ACTION, …` (when) · `on signal NAME ACTION, …`."""

    kind: Literal["after", "when", "signal"]
    expr: Expr | None
    signal: Name | None
    actions: tuple[Action, ...]


class Measure(Line, frozen=True):
    """`within EXPR` · `due EXPR` · `takes EXPR` · `costs EXPR`."""

    kind: Literal["within", "due", "takes", "costs"]
    expr: Expr


class Duty(Line, frozen=True):
    """`separate from X, Y` · `same as X, Y` inside an element."""

    same: bool
    others: tuple[Name, ...]


class Flag(Line, frozen=True):
    """A line that is a keyword alone: `never skipped`, `otherwise passes`, `same person allowed`, `missed each`."""

    kind: Literal["never_skipped", "otherwise_passes", "same_person", "missed_once", "missed_each", "missed_none"]


class Offered(Line, frozen=True):
    """`offered while EXPR`."""

    expr: Expr


class ForEach(Line, frozen=True):
    """`for each V in EXPR` (`open` or `kept` after it, or `for each open V` with no list to start from)."""

    variable: Name
    items: Expr | None = None
    open: bool = False
    kept: bool = False


class DoneWhen(Line, frozen=True):
    """`done when EXPR of done`."""

    enough: Expr


class CloseWhen(Line, frozen=True):
    """`close when EXPR`."""

    expr: Expr


class Offers(Line, frozen=True):
    """`offers EXPR`."""

    expr: Expr


class ReopenWithin(Line, frozen=True):
    """`reopen within EXPR`."""

    expr: Expr


class Repeat(Line, frozen=True):
    """`repeat until EXPR` · `repeat every SPAN while EXPR`."""

    until: Expr | None = None
    every: Expr | None = None
    while_: Expr | None = None


class Evidence(Line, frozen=True):
    """`evidence file` (name None) · `evidence RECORD`."""

    record: Name | None = None


class CheckBy(Line, frozen=True):
    """`by ROLE` · `by other ROLE`."""

    role: Name
    other: bool = False


class Check(Line, frozen=True):
    """One point of a checklist; its lines may stand on its line or below it."""

    title: Text
    name: Name | None = None
    body: tuple[Evidence | CheckBy | ForEach | Source, ...] = ()


class Checklist(Line, frozen=True):
    checks: tuple[Check, ...]


class Retry(Line, frozen=True):
    """`retry 5 times over 1 hour`."""

    times: int
    over: Expr


class Ordering(Line, frozen=True):
    """`first of a, b` · `one at a time a, b, c` in a phase or process."""

    kind: Literal["first", "single"]
    names: tuple[Name, ...]


class Element(Line, frozen=True):
    """A phase, activity, approval or milestone. Lines written on the header line come first in `body`."""

    kind: Literal["phase", "activity", "approval", "milestone"]
    name: Name
    title: Text | None = None
    body: tuple[Line, ...] = ()


# --- service-level clocks --------------------------------------------------------------------------------


class ClockWhen(Line, frozen=True):
    """`from EXPR` · `starts when EXPR` · `pauses while EXPR` · `stops when EXPR` · `restarts when EXPR`."""

    kind: Literal["from", "starts", "pauses", "stops", "restarts"]
    expr: Expr


class RunsWith(Line, frozen=True):
    """`runs while with ROLE`."""

    role: Name


class Agreed(Line, frozen=True):
    """`target SPAN` · `target SPAN when EXPR`."""

    span_: Expr
    when: Expr | None = None


class At(Line, frozen=True):
    """`at 75% ACTION, …` · `at breach ACTION, …` (100)."""

    percent: int
    actions: tuple[Action, ...]


class Sla(Line, frozen=True):
    """`sla NAME "…"`, in a process or in an element."""

    name: Name
    title: Text | None = None
    body: tuple[ClockWhen | RunsWith | Agreed | At | OnCalendar | Source, ...] = ()


# --- files -----------------------------------------------------------------------------------------------


class Scenario(Line, frozen=True):
    title: Text
    body: tuple[Line, ...] = ()


class Process(Line, frozen=True):
    name: Name
    title: Text | None = None
    body: tuple[Line, ...] = ()


class File(Node, frozen=True):
    """A whole file. Roles, records, calendars, parameters and separations at top level are shared by `use`."""

    items: tuple[Line, ...] = ()
    comments: tuple[str, ...] = ()  # after the last item

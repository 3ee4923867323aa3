"""The one representation of a process file: frozen dataclasses that mirror the text, clause by clause, in its order.

Names are not resolved and expressions not parsed here; that is what later passes do. Spans are offsets into the file's
text and take no part in equality, so `parse(print(tree)) == tree`. A keyword's spelling (English or Chinese) is not
kept: the tree is the same for all three. Comments belong to the node they stand before (`Comments.before`) or on whose
first line they end (`Comments.beside`); a block's last comments are its `after`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Span = tuple[int, int]
NOWHERE: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class Comments:
    before: tuple[str, ...] = ()
    beside: str | None = None
    after: tuple[str, ...] = ()


NO_COMMENTS = Comments()


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Node):
    """A node that begins a line of its own, so that comments may belong to it."""

    comments: Comments = NO_COMMENTS


@dataclass(frozen=True, slots=True)
class Name(Node):
    """An identifier; a path `execution.do_task` has its dots in `text`."""

    text: str


@dataclass(frozen=True, slots=True)
class Text(Node):
    """A quoted string's value."""

    text: str


@dataclass(frozen=True, slots=True)
class Expr(Node):
    """FEEL, as written (outer blanks off)."""

    text: str


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """`name = expr`, or `name = file "path"` (then `file`)."""

    name: Name
    value: Expr | None = None
    file: Text | None = None


# --- header clauses --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Use(Line):
    path: Text


@dataclass(frozen=True, slots=True)
class Version(Line):
    text: str


@dataclass(frozen=True, slots=True)
class Goal(Line):
    text: Text


@dataclass(frozen=True, slots=True)
class Owner(Line):
    role: Name


@dataclass(frozen=True, slots=True)
class Customer(Line):
    role: Name


@dataclass(frozen=True, slots=True)
class Source(Line):
    """Rule-book clause ids."""

    ids: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Type(Node):
    """`text`, `list of T`, `choice "a" | "b"`, or a record's name.

    `name` is the English word of a built-in type, `list`, `choice` or the record's name.
    """

    name: str
    item: Type | None = None
    choices: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter(Line):
    name: Name
    type: Type | None = None
    value: Expr | None = None
    body: tuple[Source, ...] = ()
    title: Text | None = None


@dataclass(frozen=True, slots=True)
class Input(Line):
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Output(Line):
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class CalendarUse(Line):
    """`calendar office` in a process: which calendar its working time means."""

    name: Name


@dataclass(frozen=True, slots=True)
class Zone(Line):
    name: str


@dataclass(frozen=True, slots=True)
class Hours(Line):
    """`Monday to Friday 09:00-12:00, 13:30-18:00`: weekdays 0..6, minutes of the day."""

    first: int
    last: int
    intervals: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Calendar(Line):
    name: Name
    body: tuple[Zone | Hours, ...] = ()


@dataclass(frozen=True, slots=True)
class Requires(Line):
    """`requires certificate "PMP"` · `requires skill negotiation >= 3`."""

    kind: Literal["certificate", "skill"]
    name: Name | Text
    at_least: int | None = None


@dataclass(frozen=True, slots=True)
class Role(Line):
    name: Name
    title: Text | None = None
    external: bool = False
    body: tuple[Requires | Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Field(Line):
    name: Name
    type: Type
    title: Text | None = None
    optional: bool = False
    where: Expr | None = None
    body: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Record(Line):
    name: Name
    title: Text | None = None
    body: tuple[Field | Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Separation(Line):
    """`separate X from Y` · `same X from Y` at process level."""

    same: bool
    element: Name
    other: Name
    body: tuple[Source, ...] = ()


# --- clauses of phases, activities, approvals, milestones --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Raci(Line):
    """`role a, b` · `accountable` · `consulted` · `informed`."""

    kind: Literal["role", "accountable", "consulted", "informed"]
    roles: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Assign(Line):
    """`assign EXPR` · `assign least busy` · `assign in turn`."""

    mode: Literal["expression", "least busy", "in turn"]
    expr: Expr | None = None


@dataclass(frozen=True, slots=True)
class After(Line):
    """`after a, b` (needed None: all) · `after any of a, b` (1) · `after 2 of a, b, c` (2)."""

    names: tuple[Name, ...]
    needed: int | None = None


@dataclass(frozen=True, slots=True)
class Alongside(Line):
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class When(Line):
    """`when EXPR`; on a phase `enter when EXPR` and `exit when EXPR` (kind)."""

    kind: Literal["when", "enter", "exit"]
    expr: Expr


@dataclass(frozen=True, slots=True)
class Of(Line):
    """`of RECORD`: what an approval is about."""

    record: Name


@dataclass(frozen=True, slots=True)
class Stage(Node):
    """`manager` (mode one) · `any of a, b` · `all of a, b` · `N of a, b` · `N of M role` (seats M)."""

    mode: Literal["one", "any", "all", "count"]
    roles: tuple[Name, ...]
    count: int | None = None
    seats: int | None = None


@dataclass(frozen=True, slots=True)
class By(Line):
    """`by STAGE then STAGE …`."""

    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Veto(Line):
    role: Name


@dataclass(frozen=True, slots=True)
class Criteria(Line):
    expr: Expr


@dataclass(frozen=True, slots=True)
class On(Line):
    """`on reject return to X` · `on reject cancel because "…"` · `on return to X` · `on 2 rejects escalate to ROLE`."""

    event: Literal["reject", "return", "rejects"]
    action: Literal["return", "cancel", "escalate"]
    target: Name | None = None
    reason: Text | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Measure(Line):
    """`within EXPR` · `due EXPR` · `takes EXPR` · `costs EXPR`."""

    kind: Literal["within", "due", "takes", "costs"]
    expr: Expr


@dataclass(frozen=True, slots=True)
class Duty(Line):
    """`separate from X` · `same as X` inside an element."""

    same: bool
    other: Name


@dataclass(frozen=True, slots=True)
class ForEach(Line):
    """`for each V in EXPR` (`open` after it, or `for each open V` with no list to start from)."""

    variable: Name
    items: Expr | None = None
    open: bool = False


@dataclass(frozen=True, slots=True)
class DoneWhen(Line):
    """`done when 2 of done`."""

    enough: int


@dataclass(frozen=True, slots=True)
class Repeat(Line):
    """`repeat until EXPR` · `repeat every SPAN while EXPR`."""

    until: Expr | None = None
    every: Expr | None = None
    while_: Expr | None = None


@dataclass(frozen=True, slots=True)
class Evidence(Line):
    """`evidence file` (name None) · `evidence RECORD`."""

    record: Name | None = None


@dataclass(frozen=True, slots=True)
class CheckBy(Line):
    """`by ROLE` · `by other ROLE`."""

    role: Name
    other: bool = False


@dataclass(frozen=True, slots=True)
class Check(Line):
    """One point of a checklist; its clauses may stand on its line or below it."""

    title: Text
    name: Name | None = None
    body: tuple[Evidence | CheckBy | ForEach | Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Checklist(Line):
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Work(Line):
    """`call C with a = e, …` · `run P with …` · `start P with …`."""

    kind: Literal["call", "run", "start"]
    target: Name
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait(Line):
    """`wait for SIGNAL` (kind signal) · `wait until EXPR` (until) · `wait SPAN` (pause)."""

    kind: Literal["signal", "until", "pause"]
    signal: Name | None = None
    expr: Expr | None = None


@dataclass(frozen=True, slots=True)
class Retry(Line):
    """`retry 5 times over 1 hour`."""

    times: int
    over: Expr


@dataclass(frozen=True, slots=True)
class Ordering(Line):
    """`first of a, b` · `one at a time a, b, c` in a phase or process."""

    kind: Literal["first", "single"]
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Element(Line):
    """A phase, activity, approval or milestone. Clauses written on the header line come first in `body`."""

    kind: Literal["phase", "activity", "approval", "milestone"]
    name: Name
    title: Text | None = None
    body: tuple[Line, ...] = ()


# --- KPIs --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figure(Line):
    """`formula EXPR` · `target >= 95%` · `warn < 97%` (unary tests) · `every SPAN` · `by PATH`."""

    kind: Literal["formula", "target", "warn", "every", "by"]
    expr: Expr


@dataclass(frozen=True, slots=True)
class Unit(Line):
    name: Name | Text


@dataclass(frozen=True, slots=True)
class Over(Line):
    """`over cases closed in SPAN` · `over cases opened in SPAN`."""

    event: Literal["closed", "opened"]
    window: Expr


@dataclass(frozen=True, slots=True)
class Kpi(Line):
    name: Name
    title: Text | None = None
    body: tuple[Figure | Unit | Over | Owner | Source, ...] = ()


# --- scenarios --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CaseStep(Line):
    """`case PROCESS with a = v, …`: opens the case; arguments bind parameters and give process inputs."""

    process: Name
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Casting(Node):
    """`li is employee`."""

    person: Name
    roles: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class CastStep(Line):
    """`li is marketing, wang is department_head`; a person with two roles is named twice."""

    castings: tuple[Casting, ...]


@dataclass(frozen=True, slots=True)
class Target(Node):
    """An element or record of the case, with the index of its instance: `do_task[2]`, `rectify[2.1]`; or `case`."""

    name: Name
    index: str = ""


@dataclass(frozen=True, slots=True)
class ActStep(Line):
    """`PERSON VERB TARGET …`. `verb` is a verb of engine.commands (`does` is complete).

    `arguments`: `with …`; `reason`: `because "…"`; `to`: a person (delegates), or an element (returns … to);
    `check`: `wang confirms skills of form_team with evidence = …`; `text`: comments.
    """

    person: Name
    verb: str
    target: Target | None = None
    arguments: tuple[Argument, ...] = ()
    to: Name | None = None
    check: Name | None = None
    text: Text | None = None
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class RefuseStep(Line):
    """`refuse STEP` · `refuse STEP because CH503`."""

    step: ActStep
    code: Name | None = None


@dataclass(frozen=True, slots=True)
class AfterStep(Line):
    """`after 5 working days`: virtual time passes."""

    span_: Expr


@dataclass(frozen=True, slots=True)
class ConnectorStep(Line):
    """`connector C answers r = {…}` · `connector C fails` (`times` calls, then answers again; None: from now on)."""

    connector: Name
    answers: tuple[Argument, ...] = ()
    fails: bool = False
    times: int | None = None


@dataclass(frozen=True, slots=True)
class SignalStep(Line):
    """`signal NAME with r = …` arrives from outside."""

    name: Name
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class ExpectState(Line):
    """`expect apply is ready, iteration 2` · `expect case is cancelled` · `expect form_team is overdue`."""

    target: Target
    state: str
    iteration: int | None = None


@dataclass(frozen=True, slots=True)
class ExpectDoer(Line):
    """`expect apply was done by li`."""

    target: Target
    person: Name


@dataclass(frozen=True, slots=True)
class ExpectKpi(Line):
    """`expect kpi NAME >= 95%` · `expect kpi NAME is unknown` (test None)."""

    name: Name
    test: Expr | None = None


@dataclass(frozen=True, slots=True)
class ExpectTrue(Line):
    expr: Expr


@dataclass(frozen=True, slots=True)
class Scenario(Line):
    title: Text
    body: tuple[Line, ...] = ()


# --- files --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Process(Line):
    name: Name
    title: Text | None = None
    body: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class File(Node):
    """A whole file. Roles, records, calendars, parameters and separations at top level are shared by `use`."""

    items: tuple[Line, ...] = ()
    comments: tuple[str, ...] = ()  # after the last item

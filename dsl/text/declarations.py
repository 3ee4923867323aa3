"""A process's header, roles, records, parameters and calendars, as `tree.py` mirrors everything else of a file."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from charter.dsl.text.nodes import Argument, Expr, Line, Name, Node, Text


class Use(Line, frozen=True):
    path: Text


class Catalogue(Line, frozen=True):
    """`catalogue NAME "…" from "clauses.tsv"`: a rule book, whose clauses `source` may name."""

    name: Name
    path: Text
    title: Text | None = None


class Choice(Line, frozen=True):
    """`choice severity "high" | "low"`: a type that fields and parameters may be of."""

    name: Name
    values: tuple[Text, ...]


class Version(Line, frozen=True):
    text: str


class Goal(Line, frozen=True):
    text: Text


class CaseSubject(Line, frozen=True):
    """`subject purchase.title`: what lists say of a case beside its number."""

    expr: Expr


class CaseNumber(Line, frozen=True):
    """`number "PO-{year}-{4}"`: by what its cases are called."""

    pattern: Text


class Concerns(Line, frozen=True):
    """`concerns PROCESS as NAME by EXPR`: the case of another process that a case is about; `called` is that NAME."""

    process: Name
    by: Expr
    called: Name | None = None

    @property
    def name(self) -> Name:
        """By what expressions read that case."""
        return self.called if self.called is not None else self.process


class AmendedBy(Line, frozen=True):
    """`amended by P, …`: the processes whose cases may amend a record here."""

    processes: tuple[Name, ...]


class Owner(Line, frozen=True):
    role: Name


class Customer(Line, frozen=True):
    role: Name


class Visible(Line, frozen=True):
    """`visible to a, b`: whose roles may read it; of a process, a record or a field."""

    roles: tuple[Name, ...]


class Source(Line, frozen=True):
    """Rule-book clause ids."""

    ids: tuple[Name, ...]


class Type(Node, frozen=True):
    """`text`, `list of T`, `choice "a" | "b"`, or a record's name.

    `name` is the English word of a built-in type, `list`, `choice` or the record's name.
    """

    name: str
    item: Type | None = None
    choices: tuple[Text, ...] = ()

    @property
    def innermost(self) -> Type:
        """What a list, or a list of lists, is of; the type itself where it is no list."""
        type_ = self
        while type_.item is not None:
            type_ = type_.item
        return type_


class Parameter(Line, frozen=True):
    name: Name
    type: Type | None = None
    value: Expr | None = None
    body: tuple[Source, ...] = ()
    title: Text | None = None


class Input(Line, frozen=True):
    names: tuple[Name, ...]


class Output(Line, frozen=True):
    names: tuple[Name, ...]


class CalendarUse(Line, frozen=True):
    """`calendar office` in a process: which calendar its working time means."""

    name: Name


class Zone(Line, frozen=True):
    name: str


class Hours(Line, frozen=True):
    """`Monday to Friday 09:00-12:00, 13:30-18:00`: weekdays 0..6, minutes of the day."""

    first: int
    last: int
    intervals: tuple[tuple[int, int], ...]


class OwnDay(Line, frozen=True):
    """`closed 2026-12-24 to 2026-12-31 "…"`, or `open 2026-02-14 09:00-18:00 "…"`: a day unlike its weekday.

    `last`: the last one of several days; `intervals` are empty where it is closed.
    """

    date: Name
    last: Name | None = None
    intervals: tuple[tuple[int, int], ...] = ()
    title: Text | None = None


class Holidays(Line, frozen=True):
    """`holidays CN`: the public days of a country, or of a part of one."""

    country: str


class EndsAtClose(Line, frozen=True):
    """`days end at close`: the day of the event does not count, and the last one ends when it closes."""


class Calendar(Line, frozen=True):
    name: Name
    body: tuple[Zone | Hours | OwnDay | Holidays | EndsAtClose, ...] = ()


class HitPolicy(Line, frozen=True):
    """`hit policy first`: a key of the tables' section `policies`; aggregations are written `collect sum`."""

    policy: str


class Columns(Line, frozen=True):
    """The head of a decision table: `| impact | urgency | -> priority | respond_in |`."""

    inputs: tuple[Expr, ...]
    outputs: tuple[Name, ...]


class Row(Line, frozen=True):
    """A rule of a decision table: a cell for each column, unary tests and then expressions."""

    cells: tuple[Expr, ...]


class Decision(Line, frozen=True):
    """`decision service_level "…" (impact, urgency)` with its table. `parameters` are what the table may read."""

    name: Name
    title: Text | None = None
    parameters: tuple[Name, ...] = ()
    body: tuple[HitPolicy | Columns | Row | Source, ...] = ()

    @property
    def columns(self) -> Columns | None:
        return next((line for line in self.body if isinstance(line, Columns)), None)

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(line for line in self.body if isinstance(line, Row))


class Requires(Line, frozen=True):
    """`requires certificate "PMP"` · `requires skill negotiation >= 3`."""

    kind: Literal["certificate", "skill"]
    name: Name | Text
    at_least: int | None = None


class Role(Line, frozen=True):
    name: Name
    title: Text | None = None
    external: bool = False
    body: tuple[Requires | Source, ...] = ()


class Drawn(Node, frozen=True):
    """`drawn 5 of expert excluding a.people`: of a role, or of people whom data names."""

    count: Expr
    pool: Name
    excluded: Expr | None = None


class Field(Line, frozen=True):
    """`amount money = price * count`, `region text default "CN"`, `scan file required when amount > 500 CNY`."""

    name: Name
    type: Type
    title: Text | None = None
    optional: bool = False
    where: Expr | None = None
    body: tuple[Source, ...] = ()
    visible: tuple[Name, ...] = ()
    computed: Expr | None = None
    default: Expr | None = None
    required: Expr | None = None
    drawn: Drawn | None = None

    @property
    def may_lack(self) -> bool:
        """Whether a record may be without it."""
        return self.optional or self.required is not None

    @property
    def needed(self) -> bool:
        """Whether whoever fills the record in has to give it in any case."""
        return not self.may_lack and self.computed is None and self.default is None and self.drawn is None


class Record(Line, frozen=True):
    name: Name
    title: Text | None = None
    body: tuple[Field | Visible | AmendedBy | Source, ...] = ()

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(line for line in self.body if isinstance(line, Field))


class Files(Line, frozen=True):
    """`files into REGISTER as a = e, …` · `files RECORD.FIELD into REGISTER as …`."""

    source: Name | None
    register: Name
    given: tuple[Argument, ...] = ()


class Separation(Line, frozen=True):
    """`separate X from Y, Z` · `same X as Y, Z` at process level."""

    same: bool
    element: Name
    others: tuple[Name, ...]
    body: tuple[Source, ...] = ()

    @property
    def other(self) -> Name:
        """Of a pair, the other one."""
        return self.others[0]

    @property
    def pairs(self) -> tuple[Separation, ...]:
        """What it says of each two elements."""
        return tuple(replace(self, others=(other,)) for other in self.others)

"""A process's header, roles, records, parameters and calendars, as `tree.py` mirrors everything else of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from charter.dsl.nodes import Expr, Line, Name, Node, Text


@dataclass(frozen=True, slots=True)
class Use(Line):
    path: Text


@dataclass(frozen=True, slots=True)
class Catalogue(Line):
    """`catalogue NAME "…" from "clauses.tsv"`: a rule book, whose clauses `source` may name."""

    name: Name
    path: Text
    title: Text | None = None


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

    @property
    def innermost(self) -> Type:
        """What a list, or a list of lists, is of; the type itself where it is no list."""
        type_ = self
        while type_.item is not None:
            type_ = type_.item
        return type_


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
class HitPolicy(Line):
    """`hit policy first`: a key of the tables' section `policies`; aggregations are written `collect sum`."""

    policy: str


@dataclass(frozen=True, slots=True)
class Columns(Line):
    """The head of a decision table: `| impact | urgency | -> priority | respond_in |`."""

    inputs: tuple[Expr, ...]
    outputs: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Row(Line):
    """A rule of a decision table: a cell for each column, unary tests and then expressions."""

    cells: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Decision(Line):
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

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(line for line in self.body if isinstance(line, Field))


@dataclass(frozen=True, slots=True)
class Separation(Line):
    """`separate X from Y` · `same X from Y` at process level."""

    same: bool
    element: Name
    other: Name
    body: tuple[Source, ...] = ()

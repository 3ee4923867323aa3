"""Services, as `tree.py` mirrors everything else of a process file."""

from __future__ import annotations

from typing import Any, Literal

from charter.dsl.text.nodes import Expr, Line, Name, Text


class Audience(Line, frozen=True):
    """`audience external` · `audience internal`."""

    kind: Literal["external", "internal"]


class OfferedBy(Line, frozen=True):
    """`offered by ROLE, …`."""

    roles: tuple[Name, ...]


class RequestedBy(Line, frozen=True):
    """`requested by ROLE, …`."""

    roles: tuple[Name, ...]


class AgreedIn(Line, frozen=True):
    """`agreed EXPR`: how long the agreement with whoever asks gives."""

    expr: Expr


class Materials(Line, frozen=True):
    """`materials` and points below it, as of a checklist."""

    checks: tuple[Any, ...]


class Service(Line, frozen=True):
    """`service NAME "…" of RECORD.FIELD`; `asked` is the field by which a request names it."""

    name: Name
    title: Text | None = None
    asked: Name | None = None
    body: tuple[Line, ...] = ()

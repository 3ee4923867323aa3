"""Meetings, as `tree.py` mirrors everything else of a process file."""

from __future__ import annotations

from charter.dsl.text.nodes import Expr, Line, Name, Text


class Attend(Line, frozen=True):
    """`attend ROLE, RECORD.FIELD with RECORD`: whose presence each confirms, and what they bring."""

    names: tuple[Name, ...]
    brings: Name | None = None


class MustAttend(Line, frozen=True):
    """`must attend ROLE, RECORD.FIELD with RECORD`: without whom there is no meeting."""

    names: tuple[Name, ...]
    brings: Name | None = None


class Quorum(Line, frozen=True):
    """`quorum EXPR`: so many must be there."""

    least: Expr


class Agenda(Line, frozen=True):
    """`agenda "…", "…"`."""

    points: tuple[Text, ...]


class Minutes(Line, frozen=True):
    """`minutes RECORD by ROLE, …`."""

    record: Name
    roles: tuple[Name, ...]


class Todos(Line, frozen=True):
    """`todos RECORD.FIELD by FIELD due FIELD`: the list, and in each item who does it by when."""

    items: Name
    owner: Name
    due: Name


class Meeting(Line, frozen=True):
    """`meeting NAME "…" every SPAN while EXPR`."""

    name: Name
    every: Expr
    title: Text | None = None
    repeats: Expr | None = None
    body: tuple[Line, ...] = ()

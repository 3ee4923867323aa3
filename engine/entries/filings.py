"""The kinds of entry that tell of registers, one class each; part of `cases.py`, and of `organisation.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from charter.engine.entries.told import Told


class Filed(Told, frozen=True):
    """A register got a new version of an entry. `version` counts from 1; `digest` and `was` (the version before):
    SHA-256, hex; `value`: its fields, null for an entry that was withdrawn.
    """

    register: str
    key: str
    version: int
    digest: str
    value: Any
    was: str | None = None


class CountReached(Told, frozen=True):
    """A counter came up to a number at which something follows. `key`: what it counted for; `threshold`: that number;
    `count`: how many there are; `cases`: in which cases they came about, the latest last.
    """

    counter: str
    key: str
    threshold: int
    count: int
    cases: Sequence[str] = ()


class LookedUp(Told, frozen=True):
    """An element read a register. `asked`: what for, as an expression; `rows`: key, version and digest of each entry
    that it was given; `late`: the keys of those whose review is overdue.
    """

    register: str
    asked: str
    rows: Sequence[Mapping[str, Any]] = ()
    late: tuple[str, ...] = ()


class ReviewDue(Told, frozen=True):
    """The review of an entry of a register is due. `key` and `version`: of the entry; `due`: since when; `process`: the
    one whose definition says so; `to`: the roles that are told; `begun`: the case that was started, if any, as of
    `rule_applied`.
    """

    process: str
    register: str
    key: str
    version: int
    due: str
    to: tuple[str, ...] = ()
    begun: Sequence[Mapping[str, Any]] = ()

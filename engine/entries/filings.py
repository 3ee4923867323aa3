"""The kinds of entry of registers and linked cases, one class each; part of `cases.py`, and of `organisation.py`."""

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
    """An element read a register, or a case of another process that its own is about. `asked`: what for, as an
    expression; `rows`: key, version and digest of each entry that it was given; `late`: the keys of those whose review
    is overdue. Of a case (`process`): its id, up to which entry it had come, and the digest of what was read of it.
    """

    register: str
    asked: str
    rows: Sequence[Mapping[str, Any]] = ()
    late: tuple[str, ...] = ()
    process: str | None = None


class EntriesOffered(Told, frozen=True):
    """Entries of a register are offered to the person who does the work, which is answered by `confirmed`. `rows`: key,
    version and digest of each; none where nothing fits.
    """

    register: str
    rows: Sequence[Mapping[str, Any]] = ()


class Linked(Told, frozen=True):
    """The case is about a case of another process from here on, or about none any more. `link`: by which line;
    `case`: which one, null for none; `name`: by what it was named; `entry`: up to which entry of its trail it had
    come; `was`: about which one before.
    """

    link: str
    process: str
    case: str | None
    name: str | None = None
    entry: int = 0
    was: str | None = None


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

"""The kinds of entry that tell of calls, of other cases asked for and of decisions that failed; part of `cases.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import UNSET

from charter.engine.entries.told import Because, Told


class Called(Told, frozen=True):
    """A connector was called, another case asked for, or a record of another case to be amended.

    `target`: the connector, process or record; `attempt` counts from 1; `arguments`: pairs of name and value.
    """

    target: str
    attempt: int
    arguments: tuple[tuple[str, Any], ...]


class Answered(Told, frozen=True):
    """A connector or another case answered. Where a record was amended: `case`, and `entry`, which says so there."""

    case: str | None = None
    entry: int | None = None


class Retried(Told, frozen=True):
    """A call failed and will be tried again. `failure`: one line; `again`: the instant of the next attempt."""

    outcome: ClassVar[str] = "failed"
    attempt: int
    failure: str
    again: int


class Decided(Told, frozen=True):
    """A decision table was evaluated.

    `given`: its arguments; `rows`: the numbers, from 1, of the rows that decided; `said`: the result.
    """

    decision: str
    given: Mapping[str, Any]
    rows: tuple[int, ...]
    said: Any = UNSET


class Failed(Told, frozen=True):
    """A call or decision failed for good, or was not begun (`because`). `failure`: one line; other keys as for
    `called` or `decided`.
    """

    outcome: ClassVar[str] = "failed"
    failure: str
    attempt: int | None = None
    decision: str | None = None
    given: Mapping[str, Any] | None = None
    rows: tuple[int, ...] | None = None
    said: Any = UNSET
    because: Because | None = None

"""What is wrong with a map or a log, as values: a code, a place, and what its sentence names.

`line` is a line of the map, `row` a row of the log, both from 1. The sentences are in `[errors]` of the message tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from charter.engine.errors import CharterError


class Mistake(Struct, frozen=True):
    """One finding; it is no error where `warning`."""

    code: str
    arguments: Mapping[str, Any] = {}
    line: int | None = None
    row: int | None = None
    warning: bool = False


class Faulty(CharterError):
    """A map or a log with mistakes: nothing of it was imported."""

    code = "CH725"
    exit_code = 1

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__(", ".join(mistake.code for mistake in mistakes))
        self.mistakes = tuple(mistakes)

"""Conditions in plain SQL that are put together of others, each with what its `?` stand for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class Sql(NamedTuple):
    """A condition in SQL, with what its `?` stand for."""

    text: str
    values: tuple[Any, ...] = ()

    def __invert__(self) -> Sql:
        return Sql(f"NOT ({self.text})", self.values)


TRUE, FALSE = Sql("1 = 1"), Sql("1 = 0")


def joined(word: str, parts: Sequence[Sql]) -> Sql:
    """Joins conditions by AND or OR, at least one."""
    values = tuple(value for part in parts for value in part.values)
    return Sql(f" {word} ".join(f"({part.text})" for part in parts), values)

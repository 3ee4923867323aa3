"""Values that stand for all others: of each record so many that the conditions of a process can tell apart.

A condition sees of a record only what its atoms ask (`atoms`). So each field that one reads takes the literals it is
held against and values between and beyond them (`points`), with those of the fields that it is held against, in every
order; every choice, both booleans, a text that nobody names. Lists are made of such items, in no order, as long as a
condition can tell. Of the records made of these, those are kept that `sight` tells apart.

What is exact and what is not is told: an atom that is not plain may change elsewhere, and more values than `MOST` are
cut short. Then nothing that was not found is proved to be absent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from charter.engine import values
from charter.engine.plan.fields import typed
from charter.engine.plan.program import Program
from charter.engine.proof.compared import Compared
from charter.engine.proof.fields import MOST, Fields
from charter.engine.state import Version


class Representatives(Struct, frozen=True):
    """The values of a record, encoded. `exact`: whether each other value is like one of them to every condition."""

    values: tuple[Any, ...]
    exact: bool


class Conditions(Compared):
    """What the conditions of a process compare, with the values that stand for all others to them."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.told: dict[Any, Representatives] = {}

    def values(
        self,
        record: str,
        versions: Mapping[str, Version] = MappingProxyType({}),
        writable: Collection[str] = (),
    ) -> Representatives:
        """Gives the values of a record, in a case that has these versions of it and others.

        `writable`: the records that may still be written after it, and held against it.
        """
        near = self.sight.related(record).union({record}, *(where.names for where in self.wheres.get(record, ())))
        there = {name: versions[name] for name in sorted(near) if name in versions}
        later = frozenset(near.intersection(writable)) - {record}
        key = (record, tuple(version.digest for version in there.values()), later)
        if key not in self.told:
            others = {name: values.decode(version.value) for name, version in there.items()}
            self.told[key] = self.beside(record, others, later)
        return self.told[key]

    def beside(self, record: str, beside: Mapping[str, Any], later: Collection[str]) -> Representatives:
        """Gives the values of a record; of one that is written again, of each kind what it was and another."""
        before = beside.get(record)
        fields = Fields(self, record, beside, later)
        rows = [*([before] if before is not None else []), *fields.rows()]
        kept: dict[Any, list[Any]] = {}
        refused: list[Any] = []
        for row in rows:
            if not self.allowed(record, row, beside):
                refused.append(row)
                continue
            alike = kept.setdefault(self.seen(record, row, beside, later), [])
            if not alike or (before is not None and len(alike) == 1 and alike[0] != row):
                alike.append(row)
        found = [row for alike in kept.values() for row in alike] or refused[:1]  # which somebody tries in vain
        # A longer list, or another one, might be taken where none of these is.
        sure = bool(kept) or not any(f.type.name == "list" for f in self.types[record].fields)
        program = self.program
        given = [typed(program.types, program.derived, record, row) for row in found[:MOST]]
        return Representatives(tuple(map(values.encode, given)), fields.exact and sure and len(found) <= MOST)

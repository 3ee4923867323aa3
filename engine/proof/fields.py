"""The candidates for the values of one record: of each field those that the atoms which name it may tell apart.

Of the rows of a record within another, one is kept of those that no condition tells apart (`items`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import combinations_with_replacement, islice, product
from typing import Any, TypeVar

from charter.engine import feel
from charter.engine.definition import Field, TypeRef
from charter.engine.feel.own import Money
from charter.engine.feel.temporal import Date
from charter.engine.proof import points
from charter.engine.proof.atoms import CURRENCY, Path
from charter.engine.proof.compared import Compared, effort
from charter.engine.proof.sight import at
from charter.engine.values import is_count

T = TypeVar("T")
_PARTS: Mapping[str, tuple[str, ...]] = {"period": ("start", "end"), "money": (CURRENCY,)}  # that conditions may ask
MOST = 64  # values of one record
_TRIED = 4_096  # that are looked at to find them

# Those whom lots fall on, where nobody real is there.
DRAWN = tuple(f"drawn.{number:02}" for number in range(1, 21))


def lot_size(count: str) -> int:
    """Says how many a lot picks, where that is written out; five where a case will say it."""
    found = feel.parse(count).tree
    value: Any = feel.compile(found).evaluate({}) if found is not None else None
    return int(value) if is_count(value) and 0 < value <= len(DRAWN) else 5


class Fields:
    """The candidates of the fields of a record, by the atoms that name them, beside other records.

    `again`: of those that are alike to every condition, how many more than one have to be there, as what is written
    again may differ in nothing that matters. One field is enough for that, best one that nobody reads.
    """

    def __init__(self, known: Compared, record: str, beside: Mapping[str, Any], later: Collection[str]) -> None:
        self.known, self.record, self.beside, self.later = known, record, beside, later
        self.exact = True

    def rows(self) -> list[dict[str, Any]]:
        """Gives values of the record: every kind of each group of fields read together, with those of the others."""
        declared = self.known.types.get(self.record)
        again = int(self.record in self.beside)
        if declared is None or not declared.fields:
            return self.guessed(self.record, again)
        groups: list[list[list[dict[str, Any]]]] = []
        varied: int | None = None
        for number, fields in enumerate(self.known.groups(declared)):
            groups.append(self._kinds(fields, again if varied is None else 0))
            if all(len(alike) > again for alike in groups[-1]) and varied is None:
                varied = number
        few = [[alike[:1] if varied not in (None, n) else alike for alike in kinds] for n, kinds in enumerate(groups)]
        columns = [[row for alike in kinds for row in alike] for kinds in few]
        rows = [{name: value for part in row for name, value in part.items()} for row in self._rows(columns)]
        found = [_row((f.name, row.get(f.name)) for f in declared.fields) for row in rows]
        return [self.known.filled(self.record, row, self.beside) for row in found]

    def _kinds(self, fields: Sequence[Field], again: int) -> list[list[dict[str, Any]]]:
        """Gives values of some fields of the record that may be there, those together that nothing tells apart."""
        names = {f.name: ((self.record, f.name),) for f in fields}
        columns = [[(f.name, value) for value in self.column(f, names[f.name], again)] for f in fields]
        rows = [self.known.filled(self.record, _row(row), self.beside) for row in self._rows(columns)]
        kinds: dict[Any, list[dict[str, Any]]] = {}
        for row in rows:
            if self.known.allowed(self.record, row, self.beside, names):
                alike = kinds.setdefault(self.known.seen(self.record, row, self.beside, self.later), [])
                if len(alike) <= again:
                    alike.append(row)
        return list(kinds.values()) or [rows[:1]]

    def of(self, kind: str, paths: tuple[Path, ...], again: int) -> list[dict[str, Any]]:
        """Gives values of a record of a kind within the record, which goes by these paths."""
        declared = self.known.types.get(kind)
        if declared is None or not declared.fields:
            return self.guessed(kind, again)
        if len(paths[0]) > 8:
            return [{}]
        names = {f.name: tuple(dict.fromkeys((*path, f.name) for path in (*paths, (kind,)))) for f in declared.fields}
        found: dict[str, list[Any]] = {}
        for f in sorted(declared.fields, key=effort) if again else ():
            if not self.known.reads(names[f.name]):
                found[f.name] = self.column(f, names[f.name], again)
                if len(found[f.name]) > again:
                    again = 0
                    break
        columns = [
            [(f.name, v) for v in found.get(f.name) or self.column(f, names[f.name], again)] for f in declared.fields
        ]
        return [self.known.filled(kind, _row(row), self.beside) for row in self._rows(columns)]

    def _rows(self, columns: Sequence[Sequence[T]]) -> Iterator[tuple[T, ...]]:
        size = 1
        for column in columns:
            size *= len(column)
        self.exact = self.exact and size <= _TRIED
        return product(*columns) if size <= _TRIED else islice(_spread(columns), _TRIED)

    def column(self, field: Field, names: tuple[Path, ...], again: int) -> list[Any]:
        """Gives values of a field; one that nobody reads has `1 + again`, if there are so many."""
        if field.computed is not None:
            return [None]
        if field.drawn is not None:
            return [list(DRAWN[: lot_size(field.drawn.count)])]
        read = self.known.reads(names)
        if self.record in self.beside and not self.known.looped.isdisjoint(names):
            again = max(map(self.known.size, names))  # every item may be another
        found = self.candidates(field.type, names, read, again)
        if read:
            return [None, *found] if field.may_lack else found
        return ([None, *found] if field.may_lack else found)[: 1 + again]

    def guessed(self, record: str, again: int) -> list[dict[str, Any]]:
        """Values of a record that nobody declares: what conditions ask of it, and what they hold that against."""
        paths = sorted(path for path in self.known.named if path[0] == record and len(path) > 1)
        self.exact = self.exact and not paths
        columns = []
        for path in paths:
            literals = list(self.known.literals(self.known.named[path]))
            kinds = dict.fromkeys(kind for value in literals for kind in _KINDS if isinstance(value, _KINDS[kind]))
            found = [v for kind in kinds or ("boolean",) for v in self.candidates(TypeRef(kind), (path,), True, again)]
            found = [v for v in found if not isinstance(v, Money) or v.currency in self.known.currencies]
            columns.append([(path[1], value) for value in found])
        return [dict(row) for row in islice(product(*columns), _TRIED)]

    def candidates(
        self, type_: TypeRef, names: tuple[Path, ...], read: bool, again: int, *, listed: bool = False
    ) -> list[Any]:
        """Gives values of a type for a field that goes by these paths."""
        name = type_.name
        if name in ("money", "number", "integer") and not self.known.free.isdisjoint(names):
            return [Money(Decimal(0), self.known.currency) if name == "money" else Decimal(0)]
        if name == "boolean":
            return [True, False] if read or again else [True]
        if name == "choice":
            return list(type_.choices) if read or again else list(type_.choices[:1])
        if name == "list":
            return self.lists(type_.item, names, read, again)
        if name == "record":
            return self.within(type_.record or "", names, again, listed)
        if name in points.ANY:
            return [make() for make in points.ANY[name]][: 1 + min(again, 1)]
        named, count, room = self._named(names, name, again)
        if name in ("number", "integer", "percent"):
            found = list(points.numbers(named, count, whole=name == "integer", room=room))
            return found if read else [Decimal(n) for n in range(1, 2 + again)]
        if name == "money":
            return list(points.amounts(named, self.known.currency, count if read or again else 0, others=read))
        if name == "date":
            return list(points.dates(named, count if read or again else 0, room=room))
        if name == "period":
            if read or again:
                return list(points.periods(named, count, room=room))
            return points.periods((), 1, room=False)[1:2]
        return list(points.texts(named, points.PERSON if name == "person" else points.OTHER, count))

    def within(self, kind: str, names: tuple[Path, ...], again: int, listed: bool) -> list[Any]:
        """Gives values of a record within another, of each that conditions can tell apart."""
        known = self.known
        rows = self.of(kind, names, again)
        alike: dict[Any, list[Any]] = {}
        for row in rows:
            if known.allowed(kind, row):
                others = alike.setdefault(known.items.seen((*names, (kind,)), row, listed), [])
                if len(others) <= again:
                    others.append(row)
        found = [row for others in alike.values() for row in others] or rows
        self.exact = self.exact and len(found) <= MOST
        return found[:MOST]

    def _named(self, names: tuple[Path, ...], type_: str, again: int) -> tuple[list[Any], int, bool]:
        """Gives what a field is held against, how many values of its record may stand in one gap, and in all more."""
        known = self.known
        inside = [(*name, part) for name in names for part in _PARTS.get(type_, ())]
        paths = {*names, *inside}
        literals = list(known.literals(atom for path in paths for atom in known.named.get(path, ())))
        if type_ == "money":
            literals = [Money(Decimal(1), v) if isinstance(v, str) and len(v) == 3 else v for v in literals]
        count, room = 1 + again, False
        for component in known.sight.of_record.get(self.record, ()):
            if component.paths.isdisjoint(paths):
                continue
            own = [path for path in component.paths if path[0] == self.record]
            literals += component.literals
            for path in component.paths - set(own):
                literals += points.scalars(list(at(self.beside.get(path[0]), path[1:])))
            count = max(count, sum(map(self._slots, own)) + again)
            room = room or sum(map(self._slots, component.paths)) > 2
        return literals, count, room

    def _slots(self, path: Path) -> int:
        """Says how many values a path has in one record."""
        slots = 1
        for end in range(2, len(path) + 1):
            kind = self.known.reader.type_of(path[:end])
            if kind is not None and kind.name == "list":
                slots *= self.known.size(path[:end])
        return slots

    def lists(self, item: TypeRef | None, names: tuple[Path, ...], read: bool, again: int) -> list[Any]:
        """Gives lists of as many items as a condition can tell apart, in no order."""
        if item is None:
            items: list[Any] = [points.OTHER]
        else:
            items = self.candidates(item, names, read, again if read else 0, listed=True)
        if not read:
            return [items[:1], []]
        most = max(self.known.size(name) for name in names)
        found = list(islice(_bags(items, most), _TRIED + 1))
        self.exact = self.exact and len(found) <= _TRIED
        return found[:_TRIED]


def _bags(items: Sequence[Any], most: int) -> Iterator[list[Any]]:
    for size in range(most + 1):
        yield from map(list, combinations_with_replacement(items, size))


def _row(row: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in row if value is not None}


def _spread(columns: Sequence[Sequence[T]]) -> Iterator[tuple[T, ...]]:
    """Yields rows in which each value of a column, and each pair of two columns, is there once."""
    first = tuple(column[0] for column in columns)
    yield first
    for number, column in enumerate(columns):
        for value in column[1:]:
            row = (*first[:number], value, *first[number + 1 :])
            yield row
            for other in range(number + 1, len(columns)):
                for second in columns[other][1:]:
                    yield (*row[:other], second, *row[other + 1 :])


_KINDS: Mapping[str, type] = {"boolean": bool, "number": Decimal, "money": Money, "text": str, "date": Date}

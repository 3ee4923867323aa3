"""Values that stand for all others: of each record so many that the conditions of a process can tell apart.

A condition sees of a record only what its atoms ask (`atoms`). So each field that one reads takes the literals it is
held against and values between and beyond them (`points`), with those of the fields that it is held against, in every
order; every choice, both booleans, a text that nobody names. Lists are made of such items, in no order, as long as a
condition can tell. Of the records made of these, those are kept that `sight` tells apart.

What is exact and what is not is told: an atom that is not plain may change elsewhere, and more values than `MOST` are
cut short. Then nothing that was not found is proved to be absent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from itertools import combinations_with_replacement, islice, product
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from charter.engine import feel, values
from charter.engine.definition import RecordType, TypeRef
from charter.engine.feel import tree as t
from charter.engine.feel.own import Money
from charter.engine.feel.temporal import Date
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program
from charter.engine.proof import points
from charter.engine.proof.atoms import SHORT, Atom, Path, Reader, conditions, conditions_of, plain_path, value_of
from charter.engine.proof.sight import Component, Sight, at
from charter.engine.state import Version

MOST = 64  # of one record
_TRIED = 4_096  # that are looked at to find them
_LONGEST = 6  # of lists
_SHORTEST, _MANY = 2, 4  # of any list; where conditions count what is done for each, which is not exact anyway


class Representatives(Struct, frozen=True):
    """The values of a record, encoded. `exact`: whether each other value is like one of them to every condition."""

    values: tuple[Any, ...]
    exact: bool


class Conditions:
    """What the conditions of a process compare, taken apart once. `strange`: what they do not read in a plain way."""

    def __init__(self, program: Program) -> None:
        self.program, self.types = program, program.types
        self.reader = Reader(program)
        every = [atom for condition in conditions(program.definition) for atom in self.reader.atoms(condition)]
        self.atoms = [atom for atom in every if atom.condition.record is None]
        self.every = every
        self.wheres = {record.name: list(_wheres(record)) for record in program.definition.records}
        self.named: dict[Path, list[Atom]] = {}
        for atom in every:
            for path in {plain_path(path) for path in atom.paths}:
                self.named.setdefault(path, []).append(atom)
        self.inside = frozenset(path[:end] for path in self.named for end in range(1, len(path) + 1))
        self.components = tuple(self._components(every))
        self.unclear: set[str] = set()  # lists of which a number that is not known is enough
        self.sizes = self._sizes(every)
        self.strange = tuple(sorted(set(self._strange(every))))
        self.sight = Sight(self.atoms, self.components, self.reader.variables, program.bound)
        self.told: dict[Any, Representatives] = {}
        # Amounts that ledgers are asked for alone: at zero, none overruns its line.
        ledgers = program.definition.ledgers
        booked = {(*b.items.split("."), each.amount): each.name for each in ledgers for b in each.bookings}
        self.free = frozenset(path for path in booked if path not in self.inside)
        self.weighed = frozenset(name for path, name in booked.items() if path in self.inside)

    @property
    def currency(self) -> str:
        """The first currency that a condition names."""
        found = (literal.currency for atom in self.every for literal in atom.literals if isinstance(literal, t.Amount))
        return next(found, "EUR")

    @cached_property
    def longest(self) -> int:
        """How long lists have to be for the counts of elements that conditions ask for."""
        inside = {plan.name for plan in self.program.plans.values() if plan.loops}
        counts = (
            atom
            for atom in self.atoms
            if any(path[0] in inside for path in atom.paths)
            and any(isinstance(part, t.Call) and part.function == t.Name("count") for part in t.walk(atom.tree))
        )
        numbers = [int(part.value) for atom in counts for part in atom.literals if isinstance(part, t.Number)]
        return max(_SHORTEST, min(_MANY, max(numbers, default=0)))

    def values(
        self,
        record: str,
        versions: Mapping[str, Version] = MappingProxyType({}),
        writable: Collection[str] = (),
    ) -> Representatives:
        """Gives the values of a record, in a case that has these versions of it and others.

        `writable`: the records that may still be written after it, and held against it.
        """
        near = self.sight.related(record) | {record}
        there = {name: versions[name] for name in sorted(near) if name in versions}
        later = frozenset(near.intersection(writable)) - {record}
        key = (record, tuple(version.digest for version in there.values()), later)
        if key not in self.told:
            others = {name: values.decode(version.value) for name, version in there.items()}
            self.told[key] = self.beside(record, others, later)
        return self.told[key]

    def size(self, path: Path) -> int:
        """Gives how many items a list has at most that makes a difference."""
        return min(max(self.longest, self.sizes.get(path, _SHORTEST)), _LONGEST)

    def is_compared(self, record: str) -> bool:
        """Says whether some condition holds a record against what else there is."""
        return record in self.sight.of_record

    def most(self, plan: Plan) -> int:
        """Gives how many instances of a `for each` there are at most that makes a difference."""
        many = plan.element.many
        path = self.reader.list_path(many.items) if many is not None else None
        return self.size(path or (plan.name,))

    # -- of all conditions -------------------------------------------------------------------------------------------

    def literals(self, atoms: Iterable[Atom]) -> Iterator[Any]:
        """Yields what atoms hold a field against that does not vary."""
        for atom in atoms:
            yield from (value for literal in atom.literals if (value := value_of(literal)) is not None)
            names = {path[0] for path in atom.expression.paths}
            yield from points.scalars([self.program.bound[name] for name in names & self.program.bound.keys()])

    def _components(self, atoms: Iterable[Atom]) -> Iterator[Component]:
        of: dict[Path, set[Path]] = {}
        for atom in atoms:
            for held in atom.compared:
                paths = {plain_path(path) for path in held if path[0] in self.types}
                joined = paths.union(*(of[path] for path in paths if path in of))
                of.update(dict.fromkeys(joined, joined))
        for paths in {id(joined): joined for joined in of.values()}.values():
            if len(paths) > 1:
                naming = [atom for path in paths for atom in self.named.get(path, ())]
                yield Component(frozenset(paths), tuple(dict.fromkeys(self.literals(naming))))

    def _sizes(self, atoms: Iterable[Atom]) -> dict[Path, int]:
        counted: dict[Path, Decimal] = {}
        asked: dict[Path, int] = {}
        for atom in atoms:
            for path, number in atom.counted:
                counted[path] = max(counted.get(path, number), number)
            for path in atom.asked:
                asked[path] = asked.get(path, 0) + 1
        for plan in self.program.plans.values():
            many = plan.element.many
            if many is not None and many.enough is not None:
                of = self.reader.list_path(many.items) or (plan.name,)
                enough = self.reader.number(str(many.enough))
                counted[of] = max(counted.get(of, Decimal(0)), enough or Decimal(0))
                self.unclear |= {of[0]} if enough is None else set()
        lists = {*counted, *asked}
        return {of: max(_SHORTEST, int(counted.get(of, 0)) + 1, asked.get(of, 0)) for of in lists}

    def _strange(self, atoms: Iterable[Atom]) -> Iterator[str]:
        """Names what no finite choice of values stands for."""
        program, variables = self.program, self.reader.variables
        for atom in atoms:
            yield from atom.strange
            records = {path[0] for path in atom.paths if path[0] in program.types}
            looped = any(plan.loops for record in records for plan in program.producers.get(record, ()))
            if len(records) > 1 and (looped or any(path[0] in variables for path in atom.expression.paths)):
                yield from records
        for component in self.components:
            lists = [path[:end] for path in component.paths for end in range(2, len(path)) if self._is_list(path[:end])]
            if len(component.records) > 1:
                yield from (path[0] for path in lists if lists.count(path) > 1)
        yield from (path[0] for path, size in self.sizes.items() if size > _LONGEST)
        yield from self.unclear
        for plan in program.plans.values():
            if plan.loops:
                yield from self._varying(plan)

    def _varying(self, plan: Plan) -> Iterator[str]:
        """Names what the instances of a `for each` look at that may change while some are over and others are not."""
        program, group = self.program, self.program.plans[plan.loops[0]]
        items = plan.element.many.items if plan.element.many is not None else None
        for text in conditions_of(program.definition, plan.element):
            if plan is group and text in (plan.element.when, items):
                continue  # which decide of all of them at once
            for name in program.names(text):
                makers = [program.plans[name]] if name in program.plans else program.producers.get(name, [])
                if any(p.loops[:1] != plan.loops[:1] and not program.precedes(p, group) for p in makers):
                    yield name

    def _is_list(self, path: Path) -> bool:
        kind = self.reader.type_of(path)
        return kind is not None and kind.name == "list"

    # -- of one record -----------------------------------------------------------------------------------------------

    def beside(self, record: str, beside: Mapping[str, Any], later: Collection[str]) -> Representatives:
        """Gives the values of a record; of one that is written again, of each kind what it was and another."""
        before = beside.get(record)
        fields = _Fields(self, record, beside)
        rows = [*([before] if before is not None else []), *fields.of(record, (record,))]
        kept: dict[Any, list[Any]] = {}
        refused: list[Any] = []
        for row in rows:
            if not self.allowed(record, row, beside):
                refused.append(row)
                continue
            there = {**beside, record: row}
            seen = (
                *self.sight.alone(record, row),
                *self.sight.between(there),
                *(self.sight.order(there, name) for name in sorted(later)),
            )
            alike = kept.setdefault(seen, [])
            if not alike or (before is not None and len(alike) == 1 and alike[0] != row):
                alike.append(row)
        found = [row for alike in kept.values() for row in alike] or refused[:1]  # which somebody tries in vain
        # A longer list, or another one, might be taken where none of these is.
        sure = bool(kept) or not any(f.type.name == "list" for f in self.types[record].fields)
        return Representatives(tuple(map(values.encode, found[:MOST])), fields.exact and sure and len(found) <= MOST)

    def allowed(self, record: str, value: Any, beside: Mapping[str, Any] = MappingProxyType({})) -> bool:
        """Says whether no `where` of a record, or of one in it, is known to refuse a value."""
        if isinstance(value, list):
            return all(self.allowed(record, one, beside) for one in value)
        if not isinstance(value, dict):
            return True
        names = {**self.program.bound, **beside, **value}
        if any(where.evaluate(names, SHORT) is False for where in self.wheres.get(record, ())):
            return False
        declared = self.types.get(record)
        return all(
            self.allowed((f.type.item or f.type).record or "", value.get(f.name), beside)
            for f in (declared.fields if declared is not None else ())
            if (f.type.item or f.type).record
        )


class _Fields:
    """The candidates of the fields of a record, by the atoms that name them, beside other records."""

    def __init__(self, known: Conditions, record: str, beside: Mapping[str, Any]) -> None:
        self.known, self.record, self.beside = known, record, beside
        self.again = record in beside
        self.exact = True

    def of(self, kind: str, path: Path) -> list[dict[str, Any]]:
        """Gives values of a record of a kind, at a path; each of its fields that nobody reads has one value."""
        declared = self.known.types.get(kind)
        if declared is None or not declared.fields:
            return self.guessed(kind)
        if len(path) > 8:
            return [{}]
        columns: list[list[tuple[str, Any]]] = []
        names = {f.name: tuple(dict.fromkeys(((*path, f.name), (kind, f.name)))) for f in declared.fields}
        unread = [f.name for f in declared.fields if not f.optional and not self._read(names[f.name])]
        varied = [f.name for f in declared.fields if f.name in unread and f.type.name in _VARIED]
        if self.again and varied and len(path) == 1:  # what nobody reads is enough to write another one
            unread.remove(varied[0])
            self.again = False
        for f in declared.fields:
            read = f.name not in unread and (not f.optional or self._read(names[f.name]))
            found = self.candidates(f.type, names[f.name], read)
            if f.optional:
                found = [None, *found] if read else [None]
            if len(path) == 1:
                found = self.distinct(f.name, found)
            columns.append([(f.name, value) for value in found])
        size = 1
        for column in columns:
            size *= len(column)
        self.exact = self.exact and size <= _TRIED
        rows = product(*columns) if size <= _TRIED else islice(_spread(columns), _TRIED)
        return [{name: value for name, value in row if value is not None} for row in rows]

    def distinct(self, name: str, found: list[Any]) -> list[Any]:
        """Leaves out of the values of a field what its `where` refuses, and what nothing tells apart from others."""
        known, record = self.known, self.record
        wheres = [where for where in known.wheres.get(record, ()) if name in where.names]
        own = [where for where in wheres if set(where.names) <= {name, *known.program.bound}]
        # In a `where`, the name is the field's, also where the record has the same.
        inside = [{**known.program.bound, name: value} for value in found]
        names = [{**given, record: {name: value}} for given, value in zip(inside, found, strict=True)]
        kept = [n for n, given in enumerate(inside) if not any(where.evaluate(given, SHORT) is False for where in own)]
        kept = kept or list(range(len(found)))[:1]
        atoms = known.sight.alone_at((record, name))
        if atoms is None:
            return [found[n] for n in kept]
        alike: dict[Any, list[Any]] = {}
        for n in kept:
            seen = (
                *(repr(atom.expression.evaluate(names[n], SHORT)) for atom in atoms),
                *(repr(where.evaluate(inside[n], SHORT)) for where in wheres),
            )
            others = alike.setdefault(seen, [])
            if len(others) <= self.again:
                others.append(found[n])
        return [value for values_ in alike.values() for value in values_]

    def _read(self, names: Collection[Path]) -> bool:
        """Whether a condition reads a field, or something in it."""
        return not self.known.inside.isdisjoint(names)

    def guessed(self, record: str) -> list[dict[str, Any]]:
        """Values of a record that nobody declares: what conditions ask of it, and what they hold that against."""
        paths = sorted(path for path in self.known.named if path[0] == record and len(path) > 1)
        self.exact = self.exact and not paths
        columns = []
        for path in paths:
            literals = list(self.known.literals(self.known.named[path]))
            kinds = dict.fromkeys(kind for value in literals for kind in _KINDS if isinstance(value, _KINDS[kind]))
            found = [v for kind in kinds or ("boolean",) for v in self.candidates(TypeRef(kind), (path,), True)]
            columns.append([(path[1], value) for value in found])
        return [dict(row) for row in islice(product(*columns), _TRIED)]

    def candidates(self, type_: TypeRef, names: tuple[Path, ...], read: bool) -> list[Any]:
        """Gives values of a type for a field that goes by these paths."""
        name = type_.name
        if name in ("money", "number", "integer") and not self.known.free.isdisjoint(names):
            return [Money(Decimal(0), self.known.currency) if name == "money" else Decimal(0)]
        if name == "boolean":
            return [True, False] if read else [True]
        if name == "choice":
            return list(type_.choices) if read else list(type_.choices[:1])
        if name == "list":
            return self.lists(type_.item, names, read)
        if name == "record":
            rows = self.of(type_.record or "", names[0])
            allowed = [row for row in rows if self.known.allowed(type_.record or "", row)]
            self.exact = self.exact and len(allowed) <= MOST
            return (allowed or rows)[:MOST]
        if name in points.ANY:
            return [points.ANY[name]()]
        named, count, room = self._named(names, name)
        if name in ("number", "integer", "percent"):
            return list(points.numbers(named, count, whole=name == "integer", room=room)) if read else [Decimal(1)]
        if name == "money":
            return list(points.amounts(named, self.known.currency, count if read else 0))
        if name == "date":
            return list(points.dates(named, count if read else 0, room=room))
        if name == "period":
            return list(points.periods(named, count, room=room)) if read else points.periods((), 1, room=False)[1:2]
        return list(points.texts(named, points.PERSON if name == "person" else points.OTHER, count))

    def _named(self, names: tuple[Path, ...], type_: str) -> tuple[list[Any], int, bool]:
        """Gives what a field is held against, how many values of its record may stand in one gap, and in all more."""
        known = self.known
        inside = [(*name, end) for name in names for end in ("start", "end")] if type_ == "period" else []
        paths = {*names, *inside}
        literals = list(known.literals(atom for path in paths for atom in known.named.get(path, ())))
        count, room = 1 + self.again, False
        for component in known.sight.of_record.get(self.record, ()):
            if component.paths.isdisjoint(paths):
                continue
            own = [path for path in component.paths if path[0] == self.record]
            literals += component.literals
            for path in component.paths - set(own):
                literals += points.scalars(list(at(self.beside.get(path[0]), path[1:])))
            count = max(count, sum(map(self._slots, own)) + self.again)
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

    def lists(self, item: TypeRef | None, names: tuple[Path, ...], read: bool) -> list[Any]:
        """Gives lists of as many items as a condition can tell apart, in no order."""
        if item is None:
            items: list[Any] = [points.OTHER]
        else:
            items = self.candidates(item, names, read)
        if not read:
            return [items[:1]]
        most = max(self.known.size(name) for name in names)
        found = list(islice(_bags(items, most), _TRIED + 1))
        self.exact = self.exact and len(found) <= _TRIED
        return found[:_TRIED]


def _bags(items: Sequence[Any], most: int) -> Iterator[list[Any]]:
    for size in range(most + 1):
        yield from map(list, combinations_with_replacement(items, size))


def _wheres(record: RecordType) -> Iterator[feel.Expression]:
    for declared in record.fields:
        tree = feel.parse(declared.where).tree if declared.where is not None else None
        if tree is not None:
            yield feel.compile(tree)


def _spread(columns: list[list[tuple[str, Any]]]) -> Iterator[tuple[tuple[str, Any], ...]]:
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


# Types of which there are values enough to write another one.
_VARIED = frozenset({"number", "integer", "percent", "money", "text", "date"})
_KINDS: Mapping[str, type] = {"boolean": bool, "number": Decimal, "money": Money, "text": str, "date": Date}

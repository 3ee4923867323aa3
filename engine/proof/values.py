"""Values that stand for all others: of each record so many that the conditions of a process can tell apart.

A condition sees of a record only what it compares. So each field that a condition reads takes the values at which a
comparison may change: the literals that are written beside it, and one on either side of each; every choice, both
booleans, a text that nobody names. Of the records made of these, those are kept that differ in the truth of some
atom, a condition without `and`, `or` and `not` around it, or in a field that an atom reads beside something else.

What is exact and what is not is told: an atom that reckons (`a + b > 3`, a function) may change elsewhere than at a
literal, and more values than `MOST` are cut short. Then nothing that was not found is proved to be absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from itertools import cycle, islice, pairwise, product
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field

from charter.engine import feel, values
from charter.engine.definition import Definition, Element, RecordType, TypeRef
from charter.engine.feel import tree as t
from charter.engine.feel.own import File, Money, Span
from charter.engine.feel.ranges import Range
from charter.engine.feel.temporal import Date, date_from_number
from charter.engine.state import Version

MOST = 64  # of one record
_SHORT_LIST, _LONG_LIST = 2, 4  # items: of any list, and where conditions count what is done for each
_TRIED = 4_096  # that are looked at to find them
SHORT = feel.Env(steps=10_000)  # for a condition asked of a value; what takes longer reckons, and is inexact anyway
# What things that are compared with each other may be, where nothing else says so.
_COMPARED = (Decimal(1), Decimal(2), date_from_number(20_000))
_FILE = File("0" * 64, "file.pdf", 1, "application/pdf")
_PERSON = "somebody"
_OTHER = "other"


class Condition(Struct, frozen=True):
    """A text that decides what happens. `record`: the record whose fields it names bare, as a `where` does."""

    text: str
    record: str | None = None


class Representatives(Struct, frozen=True):
    """The values of a record, encoded. `exact`: whether each other value is like one of them to every condition."""

    values: tuple[Any, ...]
    exact: bool


class _Atom(Struct, frozen=True):
    tree: t.Node
    paths: frozenset[tuple[str, ...]]
    literals: tuple[t.Node, ...]
    plain: bool

    @property
    def compares(self) -> bool:
        """Whether it holds one thing that may differ against another."""
        return len(self.paths) > 1


class Conditions(Struct, eq=False, dict=True):
    """What the conditions of a process compare, taken apart once."""

    definition: Definition
    atoms: list[_Atom] = field(default_factory=list)
    wheres: dict[str, list[_Atom]] = field(default_factory=dict)
    told: dict[Any, Representatives] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        """The first currency that a condition names."""
        atoms = [*self.atoms, *(atom for found in self.wheres.values() for atom in found)]
        found = (literal.currency for atom in atoms for literal in atom.literals if isinstance(literal, t.Amount))
        return next(found, "EUR")

    @cached_property
    def longest(self) -> int:
        """How long lists have to be for the counts of elements that conditions ask for."""
        inside = {e.name for e in self.definition.elements if e.many is not None or e.parent is not None}
        counts = (
            atom
            for atom in self.atoms
            if any(path[0] in inside for path in atom.paths)
            and any(isinstance(part, t.Call) and part.function == t.Name("count") for part in t.walk(atom.tree))
        )
        numbers = [int(part.value) for atom in counts for part in atom.literals if isinstance(part, t.Number)]
        return max(_SHORT_LIST, min(_LONG_LIST, max(numbers, default=0)))

    @classmethod
    def of(cls, definition: Definition) -> Conditions:
        found = cls(definition)
        for condition in conditions(definition):
            parsed = feel.parse(condition.text)
            if parsed.tree is None:
                continue
            atoms = list(_atoms(parsed.tree))
            if condition.record is None:
                found.atoms.extend(atoms)
            else:
                found.wheres.setdefault(condition.record, []).extend(atoms)
        return found

    def values(self, record: str, versions: Mapping[str, Version] = MappingProxyType({})) -> Representatives:
        """Gives the values of a record, in a case that has these versions of others: it may be held against them."""
        pool = tuple(sorted({v.digest for v in versions.values()})) if self.is_compared(record) else ()
        if (record, pool) not in self.told:
            there = [values.decode(version.value) for version in versions.values()] if pool else []
            self.told[record, pool] = _representatives(self, record, list(_scalars(there)))
        return self.told[record, pool]

    def is_compared(self, record: str) -> bool:
        """Says whether some condition holds a record against what else there is."""
        own = {f.name for r in self.definition.records if r.name == record for f in r.fields}
        outside = any(atom.compares and any(path[0] == record for path in atom.paths) for atom in self.atoms)
        return outside or any(path[0] not in own for atom in self.wheres.get(record, ()) for path in atom.paths)


def conditions(definition: Definition) -> Iterator[Condition]:
    """Yields every text that decides what happens in a case of a process."""
    for record in definition.records:
        for declared in record.fields:
            if declared.where is not None:
                yield Condition(declared.where, record.name)
    for element in definition.elements:
        yield from map(Condition, conditions_of(definition, element))


def conditions_of(definition: Definition, element: Element) -> Iterator[str]:
    """Yields every text that decides how an element of a process goes on."""
    work, agreement, repeat = element.work, element.agreement, element.repeat
    texts = [element.when, element.exit, element.offered]
    texts += [repeat.until, repeat.while_] if repeat is not None else []
    texts += [agreement.criteria] if agreement is not None else []
    if element.many is not None:
        texts += [element.many.items, str(element.many.enough) if element.many.enough is not None else None]
    texts += [work.when] if work is not None else []
    yield from (text for text in texts if text is not None)
    table = next((d for d in definition.decisions if work is not None and d.name == work.target), None)
    if work is not None and work.kind == "decide" and table is not None:
        given = dict(work.arguments)
        for number, column in enumerate(table.inputs):
            asked = given.get(column.strip(), column)
            cells = (rule.tests[number].strip() for rule in table.rules)
            yield from (f"({asked}) in ({cell})" for cell in cells if cell != "-")


def _atoms(tree: t.Node) -> Iterator[_Atom]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, t.Binary) and node.op in ("and", "or"):
            waiting += [node.left, node.right]
        elif isinstance(node, t.If):
            waiting += [node.condition, node.yes, node.no]
        elif isinstance(node, t.Call) and isinstance(node.function, t.Name) and node.function.name == "not":
            waiting += node.arguments
        else:
            parts = list(_parts(node))
            literals = tuple(part for part in parts if _is_literal(part))
            yield _Atom(node, feel.compile(node).paths, literals, all(map(_is_plain, parts)))


def _parts(tree: t.Node) -> Iterator[t.Node]:
    """Yields a node and all below it, but nothing of what has a value by itself, as `5 EUR + 3 EUR`."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not _is_literal(node):
            waiting += t.children(node)


def _is_literal(node: t.Node) -> bool:
    if isinstance(node, t.Binary | t.Call):
        expression = feel.compile(node)
        return not expression.paths and isinstance(expression.evaluate({}, SHORT), Decimal | Money | str | Date | Span)
    return isinstance(node, _LITERALS)


def _is_plain(node: t.Node) -> bool:
    return _is_literal(node) or (isinstance(node, _PLAIN) and getattr(node, "op", "=") not in _RECKONING)


_LITERALS = (t.Number, t.Percent, t.Amount, t.Length, t.String, t.At, t.Boolean)
_RECKONING = frozenset({"+", "-", "*", "/", "**"})
# An atom of nothing else changes at its literals only, where it reads one name.
_PLAIN = (
    *_LITERALS,
    *(t.Null, t.Name, t.Path, t.Negation, t.Binary, t.Between, t.In, t.Comparison, t.Interval, t.Items, t.Tests),
)


# -- candidates of a field -------------------------------------------------------------------------------------------


def _literals(atoms: Iterable[_Atom]) -> Iterator[Any]:
    for atom in atoms:
        for literal in atom.literals:
            value = feel.compile(literal).evaluate({}, SHORT)
            if value is not None:
                yield value
                if isinstance(value, Decimal):
                    yield -value


def _scalars(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _scalars(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _scalars(inner)
    elif not isinstance(value, bool) and isinstance(value, Decimal | Money | str | Date):
        yield value


def _around(found: Sequence[Any], step: Any, less: Any) -> list[Any]:
    """Gives each value and one on either side of it, in order."""
    out: dict[Any, None] = {}
    for value in found:
        out.update(dict.fromkeys((less(value, step), value, less(value, -step))))
    return list(out)


def _numbers(literals: Sequence[Any]) -> list[Any]:
    found = sorted({value for value in literals if isinstance(value, Decimal)})
    if not found:
        return [Decimal(1)]
    gaps = [b - a for a, b in pairwise(found)]
    whole = all(value == value.to_integral_value() for value in found)
    step = Decimal(1) if whole else min([Decimal(1), *(gap / 2 for gap in gaps)])
    return sorted(set(_around(found, step, lambda value, by: value - by)))


def _amounts(literals: Sequence[Any], usual: str) -> list[Any]:
    found = {value for value in literals if isinstance(value, Money)}
    out: dict[Any, None] = {}
    for currency in sorted({money.currency for money in found}) or [usual]:
        pool = _numbers([money.amount for money in found if money.currency == currency])
        out.update((Money(amount, currency), None) for amount in pool)
    return list(out)


def _dates(literals: Sequence[Any]) -> list[Any]:
    found = sorted({value.number for value in literals if isinstance(value, Date)})
    return [date_from_number(n) for n in _around(found, 1, lambda value, by: value - by)] or [date_from_number(20_000)]


class _Fields:
    """The candidates of the fields of a record, by the atoms that name them."""

    def __init__(self, known: Conditions, record: str, pool: Sequence[Any]) -> None:
        self.pool = pool
        self.types: Mapping[str, RecordType] = {r.name: r for r in known.definition.records}
        self.known = known
        self.record = record
        self.exact = True
        self._lists = {e.many.items for e in known.definition.elements if e.many is not None}
        given = (p.value for p in known.definition.parameters if p.value is not None)
        self._parameters = list(_scalars([feel.compile(_tree(text)).evaluate({}) for text in given]))

    def naming(self, field_: str, record: str) -> list[_Atom]:
        """The atoms that read a field of a record, or of anything that might be one."""
        outside = [atom for atom in self.known.atoms if any(field_ in path for path in atom.paths)]
        own = [atom for atom in self.known.wheres.get(record, ()) if any(field_ in path for path in atom.paths)]
        return outside + own

    def of(self, record: str, depth: int = 0) -> list[dict[str, Any]]:
        declared = self.types.get(record)
        if declared is None or not declared.fields:
            return self.guessed(record)
        if depth > 4:
            return [{}]
        columns: list[list[tuple[str, Any]]] = []
        for f in declared.fields:
            atoms = self.naming(f.name, record)
            listed = any(f.name in items.split(".") for items in self._lists)
            found = self.candidates(f.type, atoms, bool(atoms) or listed, depth)
            if f.optional and (atoms or listed):
                found = [None, *found]
            elif f.optional:
                found = [None]
            columns.append([(f.name, value) for value in found])
            self.exact = self.exact and all(atom.plain for atom in atoms)
        size = 1
        for column in columns:
            size *= len(column)
        if size > _TRIED:
            self.exact = False
        rows = islice(product(*columns), _TRIED) if size <= _TRIED else _spread(columns)
        return [{name: value for name, value in row if value is not None} for row in rows]

    def guessed(self, record: str) -> list[dict[str, Any]]:
        """Values of a record that nobody declares: what conditions ask of it, and what they hold that against."""
        names = sorted({path[1] for a in self.known.atoms for path in a.paths if path[0] == record and len(path) > 1})
        self.exact = self.exact and not names
        columns = []
        for name in names:
            atoms = self.naming(name, record)
            literals = list(_literals(atoms))
            kinds = dict.fromkeys(kind for value in literals for kind in _KINDS if isinstance(value, _KINDS[kind]))
            found = [v for kind in kinds or ("boolean",) for v in self.candidates(TypeRef(kind), atoms, True, 1)]
            columns.append([(name, value) for value in found])
        return [dict(row) for row in islice(product(*columns), _TRIED)]

    def candidates(self, type_: TypeRef, atoms: list[_Atom], read: bool, depth: int) -> list[Any]:
        literals = list(_literals(atoms))
        if any(atom.compares for atom in atoms):
            literals += [*self.pool, *_COMPARED, *self._parameters]
        name = type_.name
        if name == "boolean":
            return [True, False] if read else [True]
        if name == "choice":
            return list(type_.choices) if read else list(type_.choices[:1])
        if name in ("number", "integer", "percent"):
            found = _numbers(literals)
            return [n for n in found if n == n.to_integral_value()] or [Decimal(1)] if name == "integer" else found
        if name == "money":
            return _amounts(literals, self.known.currency)
        if name in ("text", "person"):
            given = list(dict.fromkeys(value for value in literals if isinstance(value, str) and value.strip()))
            return [*given, _PERSON if name == "person" else _OTHER]
        if name == "date":
            return _dates(literals)
        if name == "file":
            return [_FILE]
        if name == "list":
            return self.lists(type_.item, atoms, read, depth)
        if name == "record":
            return list(islice(self.of(type_.record or "", depth + 1), MOST))
        self.exact = self.exact and not atoms
        return _ANY[name]() if name in _ANY else [_OTHER]

    def lists(self, item: TypeRef | None, atoms: list[_Atom], read: bool, depth: int) -> list[Any]:
        items = self.candidates(item, atoms, read, depth + 1) if item is not None else [_OTHER]
        if not read:
            return [[]] if item is None else [items[:1]]
        self.exact = False  # longer lists may differ
        long = [[*islice(cycle(items), size)] for size in range(_SHORT_LIST + 1, self.known.longest + 1)]
        pairs = ([one, other] for one, other in zip(items, items[1:] + items[:1], strict=True))
        return [*islice(([], *([one] for one in items[:8]), *pairs), 12 - len(long)), *long]


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


_KINDS: Mapping[str, type] = {"boolean": bool, "number": Decimal, "money": Money, "text": str, "date": Date}
_ANY: Mapping[str, Any] = {
    "time": lambda: [feel.compile(_tree('time("09:00:00")')).evaluate({})],
    "datetime": lambda: [feel.compile(_tree('date and time("2026-03-02T09:00:00")')).evaluate({})],
    "duration": lambda: [Span(days=1)],
    "period": lambda: [Range(date_from_number(20_000), date_from_number(20_001), True, True)],
}


def _tree(text: str) -> t.Node:
    parsed = feel.parse(text)
    assert parsed.tree is not None
    return parsed.tree


# -- values of a record ----------------------------------------------------------------------------------------------


def _representatives(known: Conditions, record: str, pool: Sequence[Any]) -> Representatives:
    fields = _Fields(known, record, pool)
    rows = fields.of(record)
    kept: dict[tuple[Any, ...], Any] = {}
    watching = [atom for atom in known.atoms if any(path[0] == record for path in atom.paths)]
    alone = [feel.compile(atom.tree) for atom in watching if all(path[0] == record for path in atom.paths)]
    beside = sorted(
        {
            path[1:]
            for atom in watching
            for path in atom.paths
            if path[0] == record and any(p[0] != record for p in atom.paths)
        }
    )
    where = [feel.compile(atom.tree) for atom in known.wheres.get(record, ())]
    for row in rows:
        told = [expression.evaluate({record: row}, SHORT) for expression in alone]
        told += [expression.evaluate(row, SHORT) for expression in where]
        key = (*map(repr, told), *(repr(_at(row, path)) for path in beside))
        kept.setdefault(key, row)
    if len(kept) > MOST:
        fields.exact = False
    return Representatives(tuple(values.encode(row) for row in islice(kept.values(), MOST)), fields.exact)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if isinstance(value, list):
            value = [_at(item, (name,)) for item in value]
        else:
            value = value.get(name) if isinstance(value, dict) else None
    return value

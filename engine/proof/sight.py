"""What of the records of a case can make a difference to what follows: nothing else of them tells two states apart.

Of one record: which conditions that read it alone hold, and which items its `for each` will run over. Of several: which
conditions between them hold. And as long as one may still be written, in which order the others stand that it will be
held against, and the literals among them: for this decides what can become of the conditions between them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from charter.engine.feel.own import Money
from charter.engine.feel.ranges import Range
from charter.engine.feel.temporal import Date
from charter.engine.proof.atoms import ITEM, SHORT, Atom, Path
from charter.engine.proof.points import scalars


class Component(Struct, frozen=True):
    """Fields that are held against each other, directly or through others, and the literals among them."""

    paths: frozenset[Path]
    literals: tuple[Any, ...]

    @property
    def records(self) -> frozenset[str]:
        return frozenset(path[0] for path in self.paths)


class Sight:
    """Tells the records of one process apart. `bound`: the values of its parameters."""

    def __init__(
        self,
        atoms: Collection[Atom],
        components: Collection[Component],
        variables: Mapping[str, Path],
        bound: Mapping[str, Any],
    ) -> None:
        self.bound = bound
        self.of_record: dict[str, list[Component]] = {}
        for component in components:
            for name in component.records:
                self.of_record.setdefault(name, []).append(component)
        # The records that are held against others.
        self.compared = frozenset(self.of_record)
        self._alone: dict[str, list[Atom]] = {}
        self._beside: dict[str, list[tuple[Atom, frozenset[str]]]] = {}
        self._near: dict[str, set[str]] = {}
        self._lists: dict[str, list[tuple[Path, list[tuple[str, Atom]]]]] = {}
        by_list: dict[Path, list[tuple[str, Atom]]] = {}
        for atom in atoms:
            roots = {path[0] for path in atom.expression.paths} - bound.keys()
            if atom.condition.items and atom.paths:
                by_list.setdefault(next(iter(atom.paths)), [])
            elif not roots.isdisjoint(variables):
                for root in roots & variables.keys():
                    by_list.setdefault(variables[root][:-1], []).append((root, atom))
            elif len(roots) == 1:
                self._alone.setdefault(next(iter(roots)), []).append(atom)
            elif roots:
                self._beside.setdefault(min(roots), []).append((atom, frozenset(roots)))
                for root in roots:
                    self._near.setdefault(root, set()).update(roots)
                self.compared |= roots
        for path, asking in by_list.items():
            self._lists.setdefault(path[0], []).append((path, asking))

    def alone(self, record: str, value: Any, but: Collection[Path] = ()) -> tuple[Any, ...]:
        """Gives what conditions see of a record by itself, `but` lists that are of no more use once they were read."""
        names = {**self.bound, record: value}
        told = [repr(atom.expression.evaluate(names, SHORT)) for atom in self._alone.get(record, ())]
        return (
            *told,
            *(self._items(path, asking, value) for path, asking in self._lists.get(record, ()) if path not in but),
        )

    def _items(self, path: Path, asking: list[tuple[str, Atom]], value: Any) -> Any:
        """Gives what conditions see of the items of a list; in which order they stand makes no difference."""
        if ITEM in path:
            return repr(value)  # lists in lists
        found = next(at(value, path[1:-1]), None)
        items = found.get(path[-1]) if isinstance(found, dict) else None
        if not isinstance(items, list):
            return items is None
        return tuple(
            sorted(
                tuple(repr(atom.expression.evaluate({**self.bound, name: item}, SHORT)) for name, atom in asking)
                for item in items
            )
        )

    def between(self, there: Mapping[str, Any]) -> tuple[str, ...]:
        """Gives what conditions see of several records together, where all that they read is there."""
        return tuple(
            repr(atom.expression.evaluate({**self.bound, **there}, SHORT))
            for name in sorted(there)
            for atom, names in self._beside.get(name, ())
            if names <= there.keys()
        )

    def order(self, there: Mapping[str, Any], record: str) -> tuple[Any, ...]:
        """Gives the order of all that a record will be held against when it is written."""
        return tuple(
            _order(
                {path: list(at(there[path[0]], path[1:])) for path in sorted(c.paths) if path[0] in present},
                c.literals,
            )
            for c in self.of_record.get(record, ())
            if (present := (c.records - {record}) & there.keys())
        )

    def related(self, record: str) -> frozenset[str]:
        """Names the records that a record is held against, directly or through others, and itself."""
        near = [c.records for c in self.of_record.get(record, ())]
        return frozenset((record,)).union(*near, self._near.get(record, ()))


def at(value: Any, path: Path) -> Iterator[Any]:
    """Yields the values at a path, of each item of a list on the way."""
    if isinstance(value, list):
        for item in value:
            yield from at(item, path)
    elif not path:
        yield value
    elif path[0] == ITEM:
        yield from at(value, path[1:])
    elif isinstance(value, dict):
        yield from at(value.get(path[0]), path[1:])
    elif isinstance(value, Range):
        yield from at({"start": value.low, "end": value.high}.get(path[0]), path[1:])


def _order(found: Mapping[Path, list[Any]], literals: tuple[Any, ...]) -> tuple[Any, ...]:
    ranks: dict[Any, int] = {}
    kinds: dict[Any, list[Any]] = {}
    for value in {*scalars(list(literals)), *scalars(list(found.values()))}:
        kinds.setdefault(_kind(value), []).append(value)
    for values in kinds.values():
        ranks.update((value, n) for n, value in enumerate(sorted(values, key=_size)))
    return tuple(
        (path, tuple(sorted((ranks[value], "") if _ranked(value) else (-1, repr(value)) for value in values)))
        for path, values in found.items()
    )


def _ranked(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, Decimal | Money | str | Date)


def _kind(value: Any) -> str:
    return value.currency if isinstance(value, Money) else type(value).__name__


def _size(value: Any) -> Any:
    return value.amount if isinstance(value, Money) else value.number if isinstance(value, Date) else value

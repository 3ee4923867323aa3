"""What conditions see of one item of a list, or of a record within a record: items alike to all of them are one.

A condition asks something of an item by itself (`some t in plan.tasks satisfies t.late`), or holds a field of it
against something else; then that field is all that it can see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from charter.engine import feel
from charter.engine.feel import tree as t
from charter.engine.proof.atoms import ITEM, SHORT, Atom, Path, Reader, plain_path
from charter.engine.proof.nodes import calls, is_comparison, static

_ALL = ""  # in place of a field: every one of them


class _Asked(Struct, frozen=True):
    """What is asked of an item by itself, by the name that it goes by; None where its fields are named bare."""

    expression: feel.Expression
    name: str | None


class Items:
    """Tells the items of one process apart. `bound`: the values of its parameters."""

    def __init__(self, reader: Reader, atoms: Iterable[Atom], bound: Mapping[str, Any]) -> None:
        self.reader, self.bound = reader, bound
        self.atoms = tuple(atoms)
        self._told: dict[tuple[Path, ...], tuple[list[_Asked], list[str]]] = {}

    def seen(self, places: tuple[Path, ...], item: Mapping[str, Any], listed: bool) -> tuple[str, ...]:
        """Gives what conditions see of an item, or of a record in a record, that goes by these paths and its kind."""
        if places not in self._told:
            every = [each for atom in self.atoms for each in self._looks(atom, places, listed)]
            asked = {(each.expression.text, each.name): each for each in every if isinstance(each, _Asked)}
            self._told[places] = (list(asked.values()), sorted({each for each in every if isinstance(each, str)}))
        asks, fields = self._told[places]
        given = [{**self.bound, **(item if ask.name is None else {ask.name: item})} for ask in asks]
        told = (repr(ask.expression.evaluate(names, SHORT)) for ask, names in zip(asks, given, strict=True))
        return (*told, repr(item if _ALL in fields else [item.get(name) for name in fields]))

    def _looks(self, atom: Atom, places: tuple[Path, ...], listed: bool) -> Iterator[_Asked | str]:
        """Yields what an atom asks of a value by itself, and the fields of it that it holds against something else."""
        if atom.condition.items and not atom.strange:
            return  # the list as such
        own = self.reader.own(atom.condition.record)
        waiting: list[tuple[t.Node, dict[str, Path]]] = [(atom.tree, {**self.reader.variables, **own})]
        while waiting:
            node, local = waiting.pop()
            expression = feel.compile(node)
            free = {name for name in expression.names if name in local or name not in self.bound}
            paths = {name: local.get(name, (name,)) for name in free}
            at = {name for name, path in paths.items() if plain_path(path) in places and (path[-1] == ITEM) == listed}
            bare = {name for name in free if name in own and local[name] == own[name]}
            if len(at) == 1 and at == free:
                yield _Asked(expression, next(iter(at)))
            elif bare and bare == free and (atom.condition.record,) in places:
                yield _Asked(expression, None)
            elif isinstance(node, t.Binary) and node.op in ("and", "or"):
                waiting += [(node.left, local), (node.right, local)]
            elif calls(node, "not"):
                waiting += [(each, local) for each in node.arguments]
            elif isinstance(node, t.Quantified) and (inner := _inside(node, local)) is not None:
                waiting.append((node.test, inner))
            else:
                yield from self._held(node, local, places)

    def _held(self, node: t.Node, local: Mapping[str, Path], places: tuple[Path, ...]) -> Iterator[str]:
        """Yields the fields of an item that are read beside something else."""
        parts = [node]
        if is_comparison(node):  # whether a list or record is there, and how long it is, is not for its items to say
            parts = [part for part in (node.left, node.right) if not _counts(part)]
            if any(isinstance(part, t.Null) for part in parts):
                parts = [part for part in parts if _is_inside(static(part, local), places)]
        for part in parts:
            for name, *rest in feel.compile(part).paths:
                path = plain_path((*local.get(name, (name,)), *rest))
                for place in places:
                    if path[: len(place)] == place:
                        yield path[len(place)] if len(path) > len(place) else _ALL
                    elif place[: len(path)] == path:
                        yield _ALL


def _inside(node: t.Quantified, local: Mapping[str, Path]) -> dict[str, Path] | None:
    """Gives what names stand for in the test of a `some` or `every`; None where it goes over more than plain lists."""
    inner = dict(local)
    for iteration in node.iterations:
        path = static(iteration.items, inner)
        if path is None or iteration.to is not None:
            return None
        inner[iteration.name] = (*path, ITEM)
    return inner


def _counts(node: t.Node) -> bool:
    return calls(node, "count") and static(node.arguments[0], {}) is not None


def _is_inside(path: Path | None, places: tuple[Path, ...]) -> bool:
    """Says whether a path leads to something in an item."""
    plain = plain_path(path) if path is not None else ()
    return path is None or any(len(plain) > len(place) and plain[: len(place)] == place for place in places)

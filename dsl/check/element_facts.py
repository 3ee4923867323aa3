"""Which facts of elements an expression reads, and of what: of one, of each of a list, of a `for each` as a whole.

In a filter over elements the bare name of a fact is that of each, and a loop's variable is one of those walked over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.text import tree as t
from charter.engine.feel import tree as ft
from charter.engine.plan.facts import ELEMENT


class Read(Struct, frozen=True):
    """A fact of an element that `node` reads. `listed`: of its instances, from outside; `whole`: of all together."""

    node: ft.Node
    of: Part
    fact: str
    listed: bool = False
    whole: bool = False


class _Seen(Struct, frozen=True):
    """What stands for an element, or for a list of its instances; `field`: a bare name is a fact of it."""

    of: Part
    many: bool = False
    whole: bool = False
    listed: bool = False
    field: bool = False


_Names = Mapping[str, _Seen | None]


def facts_read(
    tree: ft.Node, part: Part | None, scope: ProcessScope, own: Mapping[str, object] | None = None
) -> Iterator[Read]:
    """Yields each fact of an element that an expression of `part` reads; names in `own` hide those of elements."""
    return _visit(tree, dict.fromkeys(own or ()), part, scope)


def _seen(node: ft.Node, names: _Names, part: Part | None, scope: ProcessScope) -> _Seen | None:
    if isinstance(node, ft.Name):
        if node.name in names:
            return names[node.name]
        of = scope.elements.get(node.name)
        if of is None:
            return None
        around = set(part.instances) if part is not None else set()
        many = not around.issuperset(of.instances)
        whole = many and t.ForEach in of.lines and around.issuperset(of.parent.instances if of.parent else ())
        return _Seen(of, many, whole, many)
    if isinstance(node, ft.Filter):
        seen = _seen(node.of, names, part, scope)
        one = isinstance(node.test, ft.Number | ft.Negation)
        return _Seen(seen.of, not one, False, True) if seen is not None and seen.many else None
    return None


def _visit(node: ft.Node, names: _Names, part: Part | None, scope: ProcessScope) -> Iterator[Read]:
    if isinstance(node, ft.Name):
        seen = names.get(node.name)
        if seen is not None and seen.field:
            yield Read(node, seen.of, node.name, True)
    elif isinstance(node, ft.Path) and (seen := _seen(node.of, names, part, scope)) is not None and not seen.field:
        yield Read(node, seen.of, node.name, seen.listed and not seen.whole, seen.whole)
        if not isinstance(node.of, ft.Name):
            yield from _visit(node.of, names, part, scope)
    elif isinstance(node, ft.Filter):
        yield from _visit(node.of, names, part, scope)
        seen = _seen(node.of, names, part, scope)
        if seen is not None and seen.many:
            each = _Seen(seen.of, listed=True)
            field = _Seen(seen.of, listed=True, field=True)
            named = {name: field for name in ELEMENT if name != "item"}
            names = {**names, **named, "item": None if t.ForEach in seen.of.lines else each}
        yield from _visit(node.test, names, part, scope)
    elif isinstance(node, ft.Quantified | ft.For):
        for iteration in node.iterations:
            yield from _visit(iteration.items, names, part, scope)
            seen = _seen(iteration.items, names, part, scope)
            each_of = _Seen(seen.of, listed=True) if seen is not None and seen.many else None
            names = {**names, iteration.name: each_of}
        yield from _visit(node.result if isinstance(node, ft.For) else node.test, names, part, scope)
    else:
        for child in ft.children(node):
            yield from _visit(child, names, part, scope)

"""What becomes of a record's fields that nobody gives: those that are computed, and those that have a default.

One way for whoever makes a record of what was given: a step, an import, a proof, a form. Knows no case: whoever asks
says what an expression comes to beside the record's own fields.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from msgspec import Struct

from charter.engine import feel
from charter.engine.feel import tree as t
from charter.engine.forms import Field, RecordType, TypeRef

# What a FEEL text comes to, with the record's own fields as they stand.
Evaluate = Callable[[str, Mapping[str, Any]], Any]


class Derived(Struct, frozen=True):
    """A value with what nobody gave. `given`: computed fields that were given; `unlike`: those of them that come to
    something else; `unknown`: computed fields that come to nothing.
    """

    value: Any
    given: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    unknown: tuple[tuple[str, Field], ...] = ()


def conditional(forms: Mapping[str, RecordType]) -> frozenset[str]:
    """Names what has a condition on a field, or on one of a record inside."""
    return frozenset(
        r.name
        for r in forms.values()
        if any(f.where is not None or f.required is not None or within(f.type) is not None for f in r.fields)
    )


def derived(forms: Mapping[str, RecordType]) -> dict[str, tuple[Field, ...]]:
    """Gives the fields that are computed or have a default in an order in which each finds those that it reads.

    By the names of what has any, itself or in a record inside.
    """
    found = {name: _in_order(forms, form.fields) for name, form in forms.items()}
    having = {name for name, fields in found.items() if fields}
    while more := {n for n, f in forms.items() if n not in having and any(within(x.type) in having for x in f.fields)}:
        having |= more
    return {name: found[name] for name in forms if name in having}


def within(type_: TypeRef) -> str | None:
    """Gives the record that a field is of, or a list of such."""
    while type_.item is not None:
        type_ = type_.item
    return type_.record


def paths(text: str | None) -> frozenset[tuple[str, ...]]:
    """Gives the paths that an expression reads."""
    tree = None if text is None else feel.parse(text).tree
    return frozenset() if tree is None else feel.compile(tree).paths


def reads(text: str | None) -> frozenset[str]:
    """Names what an expression reads."""
    return frozenset(path[0] for path in paths(text))


def of_items(tree: t.Node, inside: Callable[[tuple[str, ...]], Collection[str]]) -> frozenset[str]:
    """Names what an expression reads of the items of lists alone, in filters: `amount` in `lines[amount > 5].price`.

    `inside`: the fields of the items of a list, by its path.
    """
    known: Counter[str] = Counter()
    for part in t.walk(tree):
        path = _way(part.of) if isinstance(part, t.Filter) else ()
        fields = inside(path) if path else ()
        if isinstance(part, t.Filter) and fields:
            known.update(
                inner.name for inner in t.walk(part.test) if isinstance(inner, t.Name) and inner.name in fields
            )
    there = Counter(part.name for part in t.walk(tree) if isinstance(part, t.Name))
    return frozenset(name for name, count in known.items() if count >= there[name])


def _way(node: t.Node) -> tuple[str, ...]:
    """Gives the path that an expression is, whatever of it is left out by filters; empty where it is none."""
    if isinstance(node, t.Filter):
        return _way(node.of)
    if isinstance(node, t.Path):
        way = _way(node.of)
        return (*way, node.name) if way else ()
    return (node.name,) if isinstance(node, t.Name) else ()


def _fields_at(forms: Mapping[str, RecordType], fields: Collection[Field], path: tuple[str, ...]) -> Collection[str]:
    """Names the fields of the records at a path from these fields."""
    for name in path:
        kind = next((within(f.type) or "" for f in fields if f.name == name), "")
        fields = forms[kind].fields if kind in forms else ()
    return {f.name for f in fields}


def _own_reads(forms: Mapping[str, RecordType], fields: Collection[Field], text: str | None) -> frozenset[str]:
    tree = None if text is None else feel.parse(text).tree
    return reads(text) - (frozenset() if tree is None else of_items(tree, partial(_fields_at, forms, fields)))


def _in_order(forms: Mapping[str, RecordType], fields: Collection[Field]) -> tuple[Field, ...]:
    waiting = {f.name: f for f in fields if f.computed is not None or f.default is not None}
    filled = {name: f.computed if f.computed is not None else f.default for name, f in waiting.items()}
    read = {name: _own_reads(forms, fields, text) for name, text in filled.items()}
    done: dict[str, Field] = {}
    while waiting:
        ready = [name for name in waiting if read[name].isdisjoint(waiting.keys() - {name})] or list(waiting)
        done.update((name, waiting.pop(name)) for name in ready)
    return tuple(done.values())


def derive(
    forms: Mapping[str, RecordType],
    order: Mapping[str, tuple[Field, ...]],
    name: str,
    value: Any,
    evaluate: Evaluate,
    prefix: str = "",
) -> Derived:
    """Gives a record's value with its computed fields and its defaults, those of the records inside first."""
    if name not in order or not isinstance(value, Mapping):
        return Derived(value)
    out, given, unlike, unknown = dict(value), list[str](), list[str](), list[tuple[str, Field]]()

    def inner(kind: str, here: Any, label: str) -> Any:
        if isinstance(here, list):
            return [inner(kind, item, f"{label}[{number}]") for number, item in enumerate(here, 1)]
        found = derive(forms, order, kind, here, evaluate, f"{label}.")
        given.extend(found.given)
        unlike.extend(found.unlike)
        unknown.extend(found.unknown)
        return found.value

    fields = forms[name].fields
    for field in fields:
        kind = within(field.type)
        if kind is not None and kind in order and out.get(field.name) is not None:
            out[field.name] = inner(kind, out[field.name], f"{prefix}{field.name}")
    for field in order[name]:
        here, label = out.get(field.name), f"{prefix}{field.name}"
        own = {one.name: out.get(one.name) for one in fields}
        if field.computed is not None:
            comes = evaluate(field.computed, own | {field.name: None})
            given += [label] if here is not None else []
            unlike += [label] if here is not None and here != comes else []
            unknown += [(label, field)] if comes is None and not field.optional else []
        elif here is None and field.default is not None:
            comes = evaluate(field.default, own)
        else:
            continue
        out[field.name] = comes
        if comes is None:
            del out[field.name]
    return Derived(out, tuple(given), tuple(unlike), tuple(unknown))


def typed(forms: Mapping[str, RecordType], order: Mapping[str, tuple[Field, ...]], name: str, value: Any) -> Any:
    """Gives of a record's value, decoded or encoded, what people give: all but what is computed."""
    if isinstance(value, list | tuple):
        return [typed(forms, order, name, item) for item in value]
    drawn = {f.name for f in forms[name].fields if f.drawn is not None} if name in forms else set()
    if not (name in order or drawn) or not isinstance(value, Mapping):
        return value
    kinds = {f.name: within(f.type) for f in forms[name].fields}
    computed = drawn | {f.name for f in order.get(name, ()) if f.computed is not None}
    return {
        key: typed(forms, order, kinds.get(key) or "", one) if kinds.get(key) in order else one
        for key, one in value.items()
        if key not in computed
    }

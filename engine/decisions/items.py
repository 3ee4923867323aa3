"""Item definitions as types with allowed values (DMN 1.5, 7.3.2 and 10.3.2.9): what a value must be to pass.

A value is fitted by the standard's implicit conversions; one that does not fit, or is not among the allowed values,
is null with a reason. Types are resolved by name when first asked for, so definitions may stand in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from charter.engine.decisions import model as m
from charter.engine.feel import parse, types as y
from charter.engine.feel.compiler import Scope, closure
from charter.engine.feel.frames import Frame, Run

_CELL = Scope((frozenset(("?",)),))


class Item(Struct, frozen=True, eq=False):
    """A type, its allowed values (unary tests asked of each value), and the items of its parts."""

    type: y.Type
    allowed: tuple[Run, ...] = ()
    components: Mapping[str, Item] | None = None
    member: Item | None = None

    def fit(self, value: Any, frame: Frame) -> Any:
        """Gives the value as this type has it; null, and a reason, where it does not belong."""
        if value is None:
            return None
        fitted = y.coerce(value, self.type)
        if fitted is y.MISFIT:
            return frame.note(f"{y.type_of(value)} is not {self.type}")
        return fitted if self.admits(fitted, frame) else frame.note("the value is not one of the allowed values")

    def admits(self, value: Any, frame: Frame) -> bool:
        """Says whether a value of the type is allowed, with all its parts."""
        if value is None:
            return True
        if self.member is not None and not all(self.member.admits(each, frame) for each in value):
            return False
        if self.components is not None and not all(
            item.admits(value.get(name), frame) for name, item in self.components.items()
        ):
            return False
        return all(test(Frame({"?": value}, frame, frame.state)) is True for test in self.allowed)


def tests(text: str | None, names: frozenset[str]) -> tuple[Run, ...]:
    """Compiles unary tests of allowed values, which nothing meets when they cannot be read; none without a text."""
    if text is None:
        return ()
    parsed = parse(text, names=names, dialect="dmn", kind="unary")
    if parsed.tree is not None:
        return (closure(parsed.tree, _CELL),)
    reason = f"`{text[:60]}` cannot be read: {parsed.problems[0].message}"
    return (lambda frame: frame.broken(reason),)


class Items:
    """The item definitions of a model, and under `prefix.` those of its imports."""

    def __init__(self, definitions: Mapping[str, m.ItemDefinition], names: frozenset[str]) -> None:
        self.definitions = definitions
        self.names = names
        self._made: dict[str, Item | None] = {}

    def named(self, name: str | None) -> Item | None:
        """Gives the item of a type's name; None for no name, `Any` and names that nothing defines."""
        if name is None:
            return None
        if name not in self._made:
            self._made[name] = None  # a definition that contains itself is not checked further down
            definition = self.definitions.get(name)
            prefix = name[: len(name) - len(definition.name)] if definition is not None else ""
            self._made[name] = _plain(name) if definition is None else self._item(definition, prefix)
        return self._made[name]

    def allowed(self, name: str | None) -> str | None:
        """Gives the text of a type's allowed values, its own or those of the type that it is made from."""
        seen: set[str] = set()
        while name is not None and name in self.definitions and name not in seen:
            seen.add(name)
            definition = self.definitions[name]
            if definition.allowed is not None:
                return definition.allowed
            own = name[: len(name) - len(definition.name)] + (definition.type or "")
            name = own if own in self.definitions else definition.type
        return None

    def types(self) -> dict[str, y.Type]:
        """Gives every named type, for `instance of`."""
        made = {name: self.named(name) for name in self.definitions}
        return {name: item.type for name, item in made.items() if item is not None}

    def _item(self, definition: m.ItemDefinition, prefix: str) -> Item:
        base = self._base(definition, prefix)
        allowed = tests(definition.allowed, self.names)
        constraint = tests(definition.constraint, self.names)
        if not definition.collection:
            return Item(base.type, (*base.allowed, *allowed, *constraint), base.components, base.member)
        # Allowed values of a collection are those of its items, a type constraint is one of the whole.
        member = Item(base.type, (*base.allowed, *allowed), base.components, base.member)
        return Item(y.ListType(member.type), constraint, None, member)

    def _base(self, definition: m.ItemDefinition, prefix: str) -> Item:
        if definition.components:
            parts = {c.name: self._item(c, prefix) for c in definition.components}
            return Item(y.ContextType({name: part.type for name, part in parts.items()}), components=parts)
        if definition.function is not None:
            parameters, result = definition.function
            types = tuple(self._type(name, prefix) for name in parameters)
            return Item(y.FunctionType(types, self._type(result, prefix)))
        name = definition.type
        if name is None:
            return Item(y.ANY)
        own = prefix + name if prefix + name in self.definitions else name
        return self.named(own) or Item(y.ANY)

    def _type(self, name: str | None, prefix: str) -> y.Type:
        item = None if name is None else self.named(prefix + name if prefix + name in self.definitions else name)
        return y.ANY if item is None else item.type


# what Camunda's modeller writes for a type of FEEL
BORROWED: Mapping[str, y.Type] = {"integer": y.NUMBER, "long": y.NUMBER, "double": y.NUMBER}


def _plain(name: str) -> Item | None:
    kind = y.NAMED.get(name) or BORROWED.get(name)
    return None if kind is None or kind is y.ANY else Item(kind)

"""The one form of text: Unicode's form NFC (UAX 15), so that one text is one sequence of characters.

`José` may be written with one character for its last letter or with two; people cannot see which, and a name, an id or
a key is the same either way. Whatever comes into Charter is brought into this form at its door (`in_one_form`, and the
lexer for process files) and again by `step` for a command, so that what is hashed, the columns beside it and the tables
are made of one and the same value. What is no text of ours (the bytes of a file, its path, a process file as it was
deployed) keeps its form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from unicodedata import is_normalized, normalize

from charter.engine.errors import CharterError

_T = TypeVar("_T")
_P = ParamSpec("_P")
_TEXTLESS = frozenset({int, bool, type(None), Decimal})


class SameKey(CharterError, ValueError):
    """Two keys of one context are the same text, spelled with different characters: one value would be lost."""

    code = "CH045"
    exit_code = 2


def composed(value: _T) -> _T:
    """Gives a text in NFC, or a value (struct, list, tuple, mapping) all of whose texts and keys are.

    What is in this form already is given back as it is, not copied; so is what is nested too deep to be any value,
    which whoever reads it refuses. Raises SameKey.
    """
    try:
        if _stands(value):
            return value
        return _composed(value)  # type: ignore[no-any-return]
    except RecursionError:
        return value


def _stands(value: Any) -> bool:
    """True where the texts of a value, written one behind the other, are in the form: whatever is part of such is too.

    False may also mean that the value cannot be written so.
    """
    if type(value) is str:
        return is_normalized("NFC", value)
    from msgspec.json import encode  # no verb's help has values

    try:
        text = encode(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return text.isascii() or is_normalized("NFC", text.decode())


def _composed(value: Any) -> Any:
    kind = type(value)
    if kind is str:
        return value if value.isascii() else normalize("NFC", value)
    if kind in _TEXTLESS:
        return value
    if kind is dict:
        return _mapping(value)
    if kind is tuple or kind is list:
        items = [_composed(item) for item in value]
        return value if all(map(_is, items, value)) else kind(items)
    if (names := getattr(kind, "__struct_fields__", None)) is not None:
        changed = {}
        for name in names:
            old = getattr(value, name)
            new = _composed(old)
            if new is not old:
                changed[name] = new
        return _replaced(value, changed) if changed else value
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, str):  # a text of a narrower kind stays of that kind
        return value if is_normalized("NFC", value) else kind(normalize("NFC", value))
    return value


def _replaced(value: Any, changed: dict[str, Any]) -> Any:
    from msgspec.structs import replace  # most texts are in their form, and no verb's help has structs

    return replace(value, **changed)


def _is(one: Any, other: Any) -> bool:
    return one is other


def _mapping(value: Mapping[Any, Any]) -> Any:
    out = {}
    same = True
    for key, item in value.items():
        name, new = _composed(key), _composed(item)
        if name in out:
            raise SameKey(f"the key {name} is there twice, spelled with different characters", key=str(name))
        out[name] = new
        same = same and name is key and new is item
    return value if same else out


def in_one_form(method: Callable[_P, _T]) -> Callable[_P, _T]:
    """Makes a door: a method whose arguments come in their one form. It may raise SameKey."""

    @wraps(method)
    def door(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        return method(*composed(args), **composed(kwargs))

    return door

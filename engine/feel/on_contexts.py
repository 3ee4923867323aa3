"""Built-in functions on contexts, truth and identity (DMN 1.5 tables 72, 81, 83). Rows only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from charter.engine.feel.builtins import builtin
from charter.engine.feel.comparison import equal
from charter.engine.feel.frames import NoValue
from charter.engine.feel.temporal import DateTime, Time

Context = Mapping[str, Any]


@builtin("not(negand: boolean) -> boolean")
def negation(negand: bool) -> bool:
    return not negand


@builtin("get value(m: context, key: string) -> any", "get value(context: context, key: string) -> any")
def get_value(m: Context, key: str) -> Any:
    if key not in m:
        raise NoValue(f"the context has no `{key}`")
    return m[key]


@builtin("get value(m: context, keys: names) -> any", "get value(context: context, keys: names) -> any")
def get_nested_value(m: Context, keys: Sequence[str]) -> Any:
    value: Any = m
    for key in keys:
        if not isinstance(value, Mapping):
            raise NoValue(f"there is no context to look `{key}` up in")
        value = get_value(value, key)
    if not keys:
        raise NoValue("there is no key")
    return value


@builtin("get entries(m: context) -> contexts", "get entries(context: context) -> contexts")
def get_entries(m: Context) -> list[Any]:
    return [{"key": key, "value": value} for key, value in m.items()]


@builtin("context(entries: contexts) -> context")
def context(entries: Sequence[Context]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for entry in entries:
        key = entry.get("key") if entry is not None else None
        if type(key) is not str or "value" not in entry:
            raise NoValue("every entry needs a key, which is a text, and a value")
        if key in made:
            raise NoValue(f"duplicate key `{key}`")
        made[key] = entry["value"]
    return made


@builtin("context put(context: context, key: string, value: any) -> context")
def context_put(context: Context, key: str, value: Any) -> dict[str, Any]:
    return {**context, key: value}


@builtin("context put(context: context, keys: names, value: any) -> context")
def context_put_nested(context: Context, keys: Sequence[str], value: Any) -> dict[str, Any]:
    if not keys or any(type(key) is not str for key in keys):
        raise NoValue("the keys must be a list of texts with at least one item")
    if len(keys) == 1:
        return context_put(context, keys[0], value)
    inner = context.get(keys[0])
    if not isinstance(inner, Mapping):
        raise NoValue(f"`{keys[0]}` is not a context")
    return context_put(context, keys[0], context_put_nested(inner, keys[1:], value))


@builtin("context merge(contexts: contexts) -> context")
def context_merge(contexts: Sequence[Context]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for each in contexts:
        if each is None:
            raise NoValue("every item must be a context")
        merged.update(each)
    return merged


@builtin("is(value1: any = null, value2: any = null) -> boolean")
def identical(value1: Any, value2: Any) -> bool:
    # Times are the same only in the same form: 10:00Z is not 12:00+02:00 (DMN table 83).
    if type(value1) is not type(value2):
        return False
    if type(value1) in (Time, DateTime, Decimal):
        return bool(value1 == value2)
    return equal(value1, value2) is True

"""What an entry tells as JSON data and back: the one place that knows the keys of `data` in a trail.

Reading is strict: an unknown kind, a field too many, too few or of another type is a BadEntry, of which whoever reads a
trail makes a verdict. Invariant: `from_json(kind, to_json(told, command)) == (told, command)`. Knows neither the
envelope around it nor where it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import NODEFAULT

from charter.engine import commands, plain
from charter.engine.commands import Command
from charter.engine.entries import approvals, cases, clocks, keeping, ledgers, organisation
from charter.engine.entries.told import Because, Told
from charter.engine.errors import CharterError
from charter.engine.refusals import Reason

# kind -> its class
KINDS: Mapping[str, type[Told]] = MappingProxyType(
    {
        found.kind: found
        for module in (approvals, cases, clocks, keeping, ledgers, organisation)
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, Told) and found is not Told
    }
)

# kind -> keys that builds before the first release wrote otherwise
_EARLIER: Mapping[str, Mapping[str, str]] = {"clock_stepped_back": {"last_record": "last_entry"}}


class BadEntry(CharterError, ValueError):
    """An entry tells what this build of Charter does not write."""

    code = "CH021"
    exit_code = 74


def _because_json(because: Because) -> dict[str, Any]:
    return {"code": because.code, **because.arguments}


def _because(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"code": data["code"], "arguments": {name: value for name, value in data.items() if name != "code"}}


def _reasons_json(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    return [{"code": r.code, "subject": r.subject, "arguments": dict(r.arguments)} for r in reasons]


# fields that are not JSON as they are
_WRITE: Mapping[str, Callable[[Any], Any]] = {"because": _because_json, "reasons": _reasons_json}


def _shape(kind: type[Told]) -> tuple[tuple[str, str, Any, Callable[[Any], Any] | None], ...]:
    """Gives (attribute, key, what is left out, how it is written) of each field of a class."""
    names, defaults = kind.__struct_fields__, kind.__struct_defaults__
    left_out = (NODEFAULT,) * (len(names) - len(defaults)) + defaults
    keys = kind.__struct_encode_fields__
    return tuple((n, k, d, _WRITE.get(n)) for n, k, d in zip(names, keys, left_out, strict=True))


_SHAPES = {kind: _shape(kind) for kind in KINDS.values()}


def to_json(told: Told, command: Command | None = None) -> dict[str, Any]:
    """Gives the `data` of an entry, with the command of a step's first one. What it gives must not be changed."""
    data = {}
    for name, key, left_out, write in _SHAPES[type(told)]:
        value = getattr(told, name)
        if value is not left_out:
            data[key] = value if write is None else write(value)
    if command is not None:
        data["command"] = commands.to_json(command)
    return data


def from_json(kind: str, data: Mapping[str, Any]) -> tuple[Told, Command | None]:
    """Builds what an entry tells, and the command if it leads a step; raises BadEntry."""
    known = KINDS.get(kind)
    if known is None:
        raise BadEntry(f"unknown kind of entry `{kind}`")
    try:
        command = commands.from_json(data["command"]) if "command" in data else None
        earlier = _EARLIER.get(kind, {})
        content = {earlier.get(key, key): value for key, value in data.items() if key != "command"}
        if "because" in content:
            content["because"] = _because(content["because"])
        return plain.from_json(known, content), command
    except (ValueError, TypeError, KeyError, RecursionError) as cause:
        raise BadEntry(f"an entry `{kind}` holds other data: {cause}") from cause


def law_named(data: object) -> object:
    """Gives the law that a step's command names, also where nothing else of its entry can be read; 0: it names none."""
    command = data.get("command") if isinstance(data, Mapping) else None
    return command.get("law", 0) if isinstance(command, Mapping) else 0

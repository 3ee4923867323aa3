"""XES (IEEE 1849-2023), judged: how a log is built, what extensions and globals promise, and that its events keep it.

Own work, from the text of the standard.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from charter.runtime.exports.checks import Finding, is_time
from charter.runtime.exports.reading import xes_parts

_VERSIONS = ("1.0", "2.0", "1849-2016", "1849-2023", "1849.2016", "1849.2023")
_SORTS = ("string", "date", "int", "float", "boolean", "id", "list", "container")
# prefix of a standard extension -> its keys, with their types
_STANDARD = {
    "concept": {"name": "string", "instance": "string"},
    "lifecycle": {"transition": "string", "model": "string", "state": "string"},
    "org": {"resource": "string", "role": "string", "group": "string"},
    "time": {"timestamp": "date"},
    "identity": {"id": "id"},
}
TRANSITIONS = frozenset(
    (
        *("schedule", "assign", "withdraw", "reassign", "start", "suspend", "resume", "pi_abort", "ate_abort"),
        *("complete", "autoskip", "manualskip", "unknown"),
    )
)


def log(path: Path) -> Iterator[Finding]:
    """Checks XES."""
    prefixes: set[str] = set()
    globals_: dict[str, dict[str, tuple[str, str]]] = {"trace": {}, "event": {}}
    seen: set[str] = set()
    numbers = {"trace": 0, "event": 0}
    begun = False
    for what, told in xes_parts(path):
        if what == "log":
            if begun:
                yield Finding("twice", "log", {"name": "log"})
            begun = True
            version = told.get("xes.version", ("", ""))[1]
            if version not in _VERSIONS:
                yield Finding("value", "log", {"name": "xes.version", "value": version})
        elif not begun:
            yield Finding("tag", what, {"name": what})
            return
        elif what == "extension":
            for name in ("name", "prefix", "uri"):
                if not told.get(name, ("", ""))[1]:
                    yield Finding("member", "extension", {"name": name})
            prefixes.add(told.get("prefix", ("", ""))[1])
        elif what == "global":
            scope = told.pop("scope", ("", ""))[1]
            if scope not in globals_:
                yield Finding("value", "global", {"name": "scope", "value": scope})
            else:
                globals_[scope] |= told
                yield from _attributes(f"global {scope}", told, prefixes)
        elif what == "classifier":
            for name in ("name", "keys"):
                if not told.get(name, ("", ""))[1]:
                    yield Finding("member", "classifier", {"name": name})
            for key in told.get("keys", ("", ""))[1].split():
                if key not in globals_[told.get("scope", ("", "event"))[1]]:
                    yield Finding("undeclared", "classifier", {"name": key})
        elif what in numbers:
            numbers[what] += 1
            place = f"{what} {numbers[what]}"
            own = {key: one for key, one in told.items() if not key.startswith("\0")}
            yield from _attributes(place, own, prefixes)
            for key, (sort, _) in globals_[what].items():
                if key not in own:
                    yield Finding("member", place, {"name": key})
                elif own[key][0] != sort:
                    yield Finding("type", place, {"name": key, "wanted": sort})
            if what == "trace":
                name = own.get("concept:name", ("", ""))[1]
                if name in seen:
                    yield Finding("twice", place, {"name": name})
                seen.add(name)
    if not begun:
        yield Finding("member", "log", {"name": "log"})


def _attributes(place: str, told: dict[str, tuple[str, str]], prefixes: set[str]) -> Iterator[Finding]:
    for key, (sort, value) in told.items():
        if sort not in _SORTS:
            yield Finding("tag", place, {"name": sort})
        prefix, colon, name = key.partition(":")
        if colon and prefix not in prefixes:
            yield Finding("undeclared", place, {"name": key})
        if colon and prefix in _STANDARD and _STANDARD[prefix].get(name, sort) != sort:
            yield Finding("type", place, {"name": key, "wanted": _STANDARD[prefix][name]})
        if not _fits(sort, value):
            yield Finding("value", place, {"name": key, "value": value})
        if key == "lifecycle:transition" and value and value not in TRANSITIONS:
            yield Finding("value", place, {"name": key, "value": value})


def _fits(sort: str, value: str) -> bool:
    if sort == "date":
        return is_time(value)
    if sort == "boolean":
        return value in ("true", "false", "0", "1")
    if sort in ("int", "float"):
        try:
            return -(2**63) <= int(value) < 2**63 if sort == "int" else float(value) is not None
        except ValueError:
            return False
    return True

"""Whether a file is what the standard of its format asks for: the rules that matter, strictly, each with its place.

What a check finds, and what all of them ask; `of_ocel.py`, `of_xes.py`, `of_prov.py` and `of_rows.py` know formats.
Each reads a file as it goes by; ids are all that it remembers. Knows no trail: that is for `held.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

# An xs:dateTime with a zone, as far as a pattern goes.
TIME = re.compile(
    r"-?\d{4,}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"
)


class Finding(Struct, frozen=True):
    """A rule that is broken: `rule` is a key `f_…` under [export], `place` says where in the file."""

    rule: str
    place: str
    arguments: Mapping[str, Any] = {}


Check = Callable[[Path], Iterator[Finding]]


def typed(place: str, told: Any, wanted: Mapping[str, tuple[type, bool]]) -> Iterator[Finding]:
    """Holds an object of JSON to its members: name -> (type, whether it must be there)."""
    if not isinstance(told, Mapping):
        yield Finding("type", place, {"name": place, "wanted": "object"})
        return
    for name, (kind, must) in wanted.items():
        if name not in told:
            if must:
                yield Finding("member", place, {"name": name})
        elif not isinstance(told[name], kind) or (kind is int and isinstance(told[name], bool)):
            yield Finding("type", place, {"name": name, "wanted": _JSON[kind]})


_JSON = {str: "string", list: "array", dict: "object", int: "integer", bool: "boolean"}


def is_time(value: Any) -> bool:
    """Tells whether a text is an instant with a zone."""
    return isinstance(value, str) and TIME.fullmatch(value) is not None

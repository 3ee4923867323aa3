"""The keys of nodes and of record versions: the one place that reads and writes them.

A key is a name with the index path of the `for each` instances around it: `do_task` is the group of `do_task[1]` and
`do_task[2]`, `rectify[2.1]` stands in instance 1 of what stands in instance 2 of its phase. Record versions are keyed
alike: what `rectify[2]` writes is `correction[2]`; `correction[*]` stands for the versions of all instances together,
`correction[2.*]` for those inside instance 2. The points of a checklist that are asked once an item (`proof[1]`) and
what scenarios and people name are written in the same way. Knows neither elements nor records.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

Path = tuple[int, ...]


class Key(NamedTuple):
    """A key taken apart: the name of an element or record, and the index path, empty outside any `for each`."""

    name: str
    path: Path


def key_of(name: str, path: Path) -> str:
    """Gives the key of an element instance or record version: `rectify`, `rectify[2]`, `rectify[2.1]`."""
    return f"{name}[{'.'.join(map(str, path))}]" if path else name


@lru_cache(maxsize=65536)
def parse_key(key: str) -> Key:
    """Takes a key apart; a key that nothing has gives a name that nothing has."""
    if not key.endswith("]"):
        return Key(key, ())
    name, inside = split(key)
    try:
        return Key(name, tuple(map(int, inside.split("."))))
    except ValueError:
        return Key(key, ())


def split(text: str) -> tuple[str, str]:
    """Gives the name and what stands in the brackets behind it, as it is written: "" where there are none."""
    name, _, inside = text.partition("[")
    return name, inside.removesuffix("]")


def join(name: str, inside: str) -> str:
    """Gives the text that `split` takes apart."""
    return f"{name}[{inside}]" if inside else name


def name_of(key: str) -> str:
    """Gives the name in a key, whatever stands in the brackets."""
    return key.partition("[")[0]


def is_instance(key: str) -> bool:
    """Says whether a key has an index, so that it stands inside a `for each`."""
    return "[" in key


def together(name: str, path: Path) -> str:
    """Gives the key of all versions of a record inside a place together: `correction[*]`, `correction[2.*]`."""
    return f"{name}[{''.join(f'{index}.' for index in path)}*]"


def covers(used: str, version: str) -> bool:
    """Says whether a key in `Node.used` stands for a record version's key: it is that key, or all together."""
    return used == version or (used.endswith("*]") and version.startswith(used[:-2]))

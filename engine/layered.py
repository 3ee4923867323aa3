"""Tables of a case that cost what is changed in them: a dict below that nobody changes, a small one above it.

Every step writes tables of its own (nodes, timers) beside those that it began with. Copying a dict of some thousand
rows costs more than all else that a command does; so large ones are copied in two layers, and made one again before
the upper one has grown. Invariant: reads, and is iterated, as the dict would be, but that a key which was deleted and
comes back stands where it stood. Knows nothing of what it holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, TypeVar

# A table smaller than this is copied whole; an upper layer with more than MOST rows is laid down.
LARGE = 512
MOST = 96
_V = TypeVar("_V")
_GONE: Any = object()
_ABSENT: Any = object()


class Layered(MutableMapping[str, _V]):
    """See the module's text."""

    __slots__ = ("_above", "_below", "_count")

    def __init__(self, below: dict[str, _V], above: dict[str, _V], count: int) -> None:
        self._below = below
        self._above = above
        self._count = count

    def copy(self) -> Layered[_V]:
        """Gives a table that may be written while this one stays as it is."""
        if len(self._above) > MOST:
            return Layered(dict(self.items()), {}, self._count)
        return Layered(self._below, dict(self._above), self._count)

    def __getitem__(self, key: str) -> _V:
        found = self._above[key] if key in self._above else self._below[key]
        if found is _GONE:
            raise KeyError(key)
        return found

    def get(self, key: str, default: Any = None) -> Any:
        found = self._above.get(key, _ABSENT)
        if found is _ABSENT:
            return self._below.get(key, default)
        return default if found is _GONE else found

    def __contains__(self, key: object) -> bool:
        if key in self._above:
            return self._above[key] is not _GONE
        return key in self._below

    def __setitem__(self, key: str, value: _V) -> None:
        if key not in self:
            self._count += 1
        self._above[key] = value

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._above[key] = _GONE
        self._count -= 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        above, below = self._above, self._below
        yield from (key for key in below if above.get(key) is not _GONE)
        yield from [key for key, value in above.items() if key not in below and value is not _GONE]


def written(table: Mapping[str, _V]) -> dict[str, _V]:
    """Gives a table of the same content that may be written, typed as what it answers as."""
    if isinstance(table, Layered):
        return table.copy()  # type: ignore[return-value]
    if len(table) < LARGE or not isinstance(table, dict):
        return dict(table)
    return Layered(table, {}, len(table))  # type: ignore[return-value]

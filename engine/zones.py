"""The rules of the world's time zones, read from the `tzdata` package alone.

The files that an operating system keeps are never asked: one version of the package gives one answer on every
machine. Another version may give another, so what judges a case names the version (`TZDATA`; see `law`). Knows no
calendar and no clock.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from tzdata import IANA_VERSION as TZDATA

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

# Imports of what reads the package stand in the functions: most commands ask for no zone, and they cost.


class NoSuchZone(KeyError):
    """The package has no zone of this name."""


@cache
def _names() -> frozenset[str]:
    from importlib.resources import files

    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


@lru_cache(maxsize=600)
def find(name: str) -> ZoneInfo | None:
    """Gives the rules of an IANA zone, None where the package has none of this very name."""
    from importlib.resources import files
    from zoneinfo import ZoneInfo

    if name not in _names():
        return None
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def rules(name: str) -> ZoneInfo:
    """Gives the rules of a zone that must be there; raises NoSuchZone."""
    found = find(name)
    if found is None:
        raise NoSuchZone(name)
    return found


__all__ = ["TZDATA", "NoSuchZone", "find", "rules"]

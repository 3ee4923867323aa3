"""Calendars as they are kept: working weeks, days unlike their weekday, and the public days of a country.

Part of a definition (`definition.py`), but for public days: they are the organisation's, change from year to year, and
are known by their digest. Knows no instants; what a calendar comes to in time is for `hours.py` and `calendars.py`.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache

from charter.engine.plain import Kept, to_json

Days = tuple[tuple[str, str], ...]  # (country, digest): by which versions of public days a case counts
Minutes = tuple[tuple[int, int], ...]


class Day(Kept, frozen=True):
    """A day that has other hours than its weekday, or none; `date` is written `2026-02-14`."""

    date: str
    hours: Minutes = ()
    title: str | None = None


class Year(Kept, frozen=True):
    """The public days of a year: those that are `closed`, and those on which work is made up for (`open`).

    `provisional`: nobody has published them yet, and they may still change.
    """

    number: int
    closed: tuple[Day, ...] = ()
    open: tuple[Day, ...] = ()
    provisional: bool = False


class PublicDays(Kept, frozen=True):
    """A version of the public days of a country (`CN`, or `DE-BY` of a part of one), its years in order."""

    country: str
    years: tuple[Year, ...] = ()


class Calendar(Kept, frozen=True):
    """A working week and the days that differ from it.

    `hours`: for each weekday 0 (Monday) to 6 (start, end) minutes of the day; an end beyond 1440 is on the next day.
    `holidays`: the country whose public days it keeps; `public`: these, where they are known (`dated`).
    `ends_at_close`: a length of days does not count the day on which it begins, and ends when its last day closes.
    """

    name: str = "standard"
    zone: str = "UTC"
    hours: tuple[Minutes, ...] = (((540, 1020),),) * 5 + ((),) * 2
    days: tuple[Day, ...] = ()
    ends_at_close: bool = False
    holidays: str | None = None
    public: PublicDays | None = None


@lru_cache(maxsize=256)
def days_digest(days: PublicDays) -> str:
    """Gives the SHA-256 (hex) of a version of public days."""
    return sha256(days)


def sha256(value: Kept) -> str:
    """Gives the SHA-256 (hex) of a kept value's canonical JSON."""
    text = json.dumps(to_json(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()

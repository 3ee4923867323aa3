"""Registers: what an organisation knows beyond one case, as a step sees it.

A step cannot look anything up. What it would have to know it asks for (`Ask`); the host answers (`Found`) and takes the
step again with the answers in its command, which the trail keeps. So whoever plays a trail again needs no register.
An answer holds until the host has another one for it. Knows neither cases nor where registers are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from charter.engine import values
from charter.engine.feel.temporal import Date
from charter.engine.feel.temporal_text import read_date
from charter.engine.plain import Kept

# More entries than that no expression is given; it is refused with the advice to narrow what it asks for.
MOST_ROWS = 1_000


class Row(Kept, frozen=True):
    """A version of an entry. `version` counts from 1; `value` is encoded, null for an entry that was withdrawn."""

    key: str
    version: int
    digest: str
    value: Any
    at: int


class Ask(Kept, frozen=True):
    """What is looked up: the entry with a `key`, or all whose fields have these values, as `key_text` writes them.

    With a `process` it is a case of it, that goes by the `key`: its id, or whatever else the host knows it by. `facts`:
    what of it is wanted, as `links.read` gives it; `drill`: whether it may be one that counts nowhere.
    """

    register: str
    key: str | None = None
    where: tuple[tuple[str, str], ...] = ()
    process: str = ""
    facts: tuple[str, ...] = ()
    drill: bool = False

    def __str__(self) -> str:
        inner = f'"{self.key}"' if self.key is not None else " and ".join(f'{name} = "{v}"' for name, v in self.where)
        of = f"{self.register}[{inner}]" if inner else self.register
        return f"{of}.{{{', '.join(self.facts)}}}" if len(self.facts) > 1 else ".".join((of, *self.facts))


class Found(Kept, frozen=True):
    """What an `Ask` comes to: the newest versions, by key. `more`: there are too many, so that none is given.

    `readers`: the elements whose entries name what they read here, the case itself being "".
    """

    ask: Ask
    rows: tuple[Row, ...] = ()
    more: bool = False
    readers: tuple[str, ...] = ()


Answer = Callable[[Ask], Found]


def key_text(value: Any) -> str | None:
    """Writes a value as keys are kept; None for one that can be none."""
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal | int | Date):
        encoded = values.encode(value)
        return str(encoded["date"] if isinstance(encoded, dict) and "date" in encoded else encoded)
    return None


def key_value(kind: str, text: str) -> Any:
    """Reads a key back as a value of its field's type; null where it is none."""
    try:
        if kind in ("number", "integer"):
            return Decimal(text)
        return read_date(text) if kind == "date" else text
    except (ArithmeticError, ValueError):
        return None


def fits(ask: Ask, key: str, value: Any) -> bool:
    """Says whether an entry is one of those that are asked for; `value` is encoded."""
    if ask.key is not None:
        return ask.key == key
    decoded = values.decode(value)
    return isinstance(decoded, dict) and all(key_text(decoded.get(name)) == text for name, text in ask.where)


def found_among(ask: Ask, newest: Mapping[str, Row]) -> Found:
    """Answers from the newest versions of a register's entries, by key."""
    if ask.key is not None:
        row = newest.get(ask.key)
        return Found(ask, () if row is None else (row,))
    rows = [newest[key] for key in sorted(newest) if newest[key].value is not None]
    return bounded(ask, [row for row in rows if fits(ask, row.key, row.value)])


def bounded(ask: Ask, rows: list[Row]) -> Found:
    """Gives the answer with these rows, or that they are too many."""
    return Found(ask, more=True) if len(rows) > MOST_ROWS else Found(ask, tuple(rows))


def brought_along(found: Found, register: str, row: Row) -> Found:
    """Gives an answer as it is after another version of an entry has come."""
    if (
        found.ask.register != register
        or found.ask.process
        or found.more
        or (found.ask.key is not None and found.ask.key != row.key)
    ):
        return found
    others = [other for other in found.rows if other.key != row.key]
    stays = found.ask.key is not None or (row.value is not None and fits(found.ask, row.key, row.value))
    rows = sorted([*others, row], key=lambda each: each.key) if stays else others
    return found if tuple(rows) == found.rows else replace(bounded(found.ask, rows), readers=())


def changed(known: Iterable[Found], answer: Answer) -> tuple[Found, ...]:
    """Asks again for all that is known, and gives what has another answer now."""
    now = ((old, answer(old.ask)) for old in known)
    return tuple(new for old, new in now if _differs(old, new))


def _differs(old: Found, new: Found) -> bool:
    if old.ask.process:  # a case moves on without anything that is read of it changing
        return [(row.key, row.digest) for row in old.rows] != [(row.key, row.digest) for row in new.rows]
    return (new.rows, new.more) != (old.rows, old.more)

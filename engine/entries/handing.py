"""The kind of entry by which the organisation tells what went from one person to another; part of `organisation.py`."""

from __future__ import annotations

from charter.engine.entries.told import Told


class ItemHandedOver(Told, frozen=True):
    """One item of what waited for a person went to another. `item`: its kind (work, vote, clock, stand_in or role);
    `key`: by what it was confirmed; `element`: the element or the clock.
    """

    person: str
    to: str
    item: str
    key: str
    process: str
    role: str | None = None
    case: str | None = None
    element: str | None = None

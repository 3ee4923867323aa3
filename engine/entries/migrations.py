"""The kind of entry that tells of a case that has gone over to another version of its process."""

from __future__ import annotations

from charter.engine.entries.told import Told


class Migrated(Told, frozen=True):
    """From here on, the case runs another version of its process. `was_version` and `was`: the one until now;
    `renamed`: what has another name; `changed`: what was finished or begun under other lines; `again`: what is done or
    asked again; `passed`: what is new in a block that is over; `lost`: what there is no more; `undoes`: the number of
    the entry that is taken back.
    """

    version: str
    definition: str
    was_version: str
    was: str
    renamed: tuple[tuple[str, str], ...] = ()
    changed: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    undoes: int | None = None

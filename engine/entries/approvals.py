"""The kinds of entry about who is asked in an approval, written into the chain of a case as those of `cases.py`."""

from __future__ import annotations

from charter.engine.entries.told import Told


class Voted(Told, frozen=True):
    """One vote of several on an approval.

    `meaning`: approve or reject; `stage` counts from 1; votes so far: `agreed` of the `needed`, or `refused`.
    """

    meaning: str
    stage: int
    agreed: int | None = None
    needed: int | None = None
    refused: int | None = None


class StagePassed(Told, frozen=True):
    """A stage of an approval was not asked, because its condition is false. `stage` counts from 1."""

    stage: int
    condition: str


class StageHeld(Told, frozen=True):
    """The turn of a stage has come, and it is unknown whether it is asked. `condition`: what is not known."""

    stage: int
    condition: str


class Drawn(Told, frozen=True):
    """People were drawn by lot for a field: `people`, in the order drawn, of the `candidates` (those who were excluded
    are not among them). `seed`: it picks them (`engine/draws.py`); `witnesses`: who confirmed the draw.
    """

    field: str
    people: tuple[str, ...]
    candidates: tuple[str, ...]
    excluded: tuple[str, ...]
    seed: str
    witnesses: tuple[str, ...] = ()

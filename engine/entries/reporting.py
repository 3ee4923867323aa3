"""The kinds of entry of reports; part of `organisation.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from charter.engine.entries.told import Told


class ReportFrozen(Told, frozen=True):
    """A report was made, and says this from here on. `number`: 1, then those of its revisions; `position`: of the last
    entry that it takes in; `figures`: each with the entries that it comes from; `digest`: their SHA-256; `definition`:
    by which they were measured; `was`: the digest before, of a revision.
    """

    process: str
    version: str
    definition: str
    report: str
    case: str | None
    since: str | None
    until: str | None
    number: int
    position: int
    figures: Sequence[Mapping[str, Any]]
    digest: str
    was: str | None = None


class ReportSigned(Told, frozen=True):
    """A report was signed off, as it was frozen with this `number` and `digest`. `role`: in which."""

    process: str
    report: str
    case: str | None
    since: str | None
    until: str | None
    number: int
    digest: str
    role: str

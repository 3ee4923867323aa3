"""The kinds of entry of ledgers. Amounts are encoded values (`values.encode`), null where they are not known."""

from __future__ import annotations

from typing import Any

from charter.engine.entries.told import Told


class BaselineFixed(Told, frozen=True):
    """The baseline of a ledger counts from now on, as it has been approved. `number` and `digest`: the version of
    `record`; `total`: the sum of its lines; `before`: the digest of the one that counted until then.
    """

    ledger: str
    record: str
    number: int
    digest: str
    total: Any
    before: str | None = None


class LineOverrun(Told, frozen=True):
    """A line of a ledger is overrun: `used` is more than its `baseline`."""

    ledger: str
    line: str
    baseline: Any
    used: Any


class LineCovered(Told, frozen=True):
    """A line of a ledger that was overrun is within its baseline again."""

    ledger: str
    line: str
    baseline: Any
    used: Any

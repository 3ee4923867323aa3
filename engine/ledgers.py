"""Ledgers: a baseline with lines, what is booked against it, and what is left of each line.

What a ledger says is a fold over records: the baseline that was approved last, and the entries as they stand. Amounts
are money or plain numbers; where two currencies meet, or something has no amount, the sum is unknown. Knows no cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from charter.engine.feel.operators import NUMBERS
from charter.engine.feel.own import Money
from charter.engine.keys import Path
from charter.engine.plain import Kept

BookingKind = Literal["planned", "committed", "actual", "forecast"]
KINDS: tuple[BookingKind, ...] = ("planned", "committed", "actual", "forecast")


class Booking(Kept, frozen=True):
    """What is booked as a kind: `items` is a record, or a path to a list in it (`claim.receipts`)."""

    kind: BookingKind
    items: str


class Ledger(Kept, frozen=True):
    """An account of a case. `baseline`: the record that is approved, or a path to the list of its lines.

    `by` and `amount` are the fields that lines and entries have: which line it is, and how much. `refuses`: what would
    overrun its line is refused; else it is told. `approvals`: those of the baseline.
    """

    name: str
    title: str
    baseline: str
    by: str
    amount: str
    bookings: tuple[Booking, ...] = ()
    refuses: bool = False
    approvals: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()


class Book(NamedTuple):
    """How a ledger stands in a case: the version of its baseline that counts, and the lines told as overrun."""

    ledger: str
    number: int = 0
    digest: str = ""
    value: Any = None
    over: tuple[str, ...] = ()


class Posted(NamedTuple):
    """An entry of a ledger: its kind, the instance in which it was made, its line, and its amount."""

    kind: BookingKind
    place: tuple[tuple[str, ...], Path]
    line: Any
    amount: Any


_NOTHING = Decimal(0)


class Sum:
    """Amounts by currency, the empty one for plain numbers; zero is the same in each."""

    __slots__ = ("by", "unknown")

    def __init__(self) -> None:
        self.by: dict[str, Decimal] = {}
        self.unknown = False

    def add(self, amount: Any, sign: int = 1) -> None:
        if isinstance(amount, Money):
            self._plus(amount.currency, amount.amount, sign)
        elif isinstance(amount, Decimal):
            self._plus("", amount, sign)
        else:
            self.unknown = True

    def join(self, other: Sum, sign: int = 1) -> None:
        for unit, amount in other.by.items():
            self._plus(unit, amount, sign)
        self.unknown = self.unknown or other.unknown

    def _plus(self, unit: str, amount: Decimal, sign: int) -> None:
        self.by[unit] = NUMBERS.add(self.by.get(unit, _NOTHING), NUMBERS.multiply(amount, Decimal(sign)))

    def units(self) -> list[str]:
        """Names the currencies of what is more or less than nothing; where nothing is, the first that is named."""
        return [unit for unit, amount in self.by.items() if amount] or list(self.by)[:1]

    def value(self, unit: str | None) -> Any:
        """Gives the sum, None where it is not known; nothing at all is zero in `unit`."""
        own = self.units() if any(self.by.values()) or unit is None else [unit]
        if self.unknown or len(own) != 1:
            return None
        amount = self.by.get(own[0], _NOTHING)
        return Money(amount, own[0]) if own[0] else amount


def overruns(left: Any) -> bool | None:
    """Says whether what is left of a line is less than nothing; None where it is not known."""
    if left is None:
        return None
    return bool((left.amount if isinstance(left, Money) else left) < 0)


class _Line:
    def __init__(self) -> None:
        self.baseline = Sum()
        self.sums = {kind: Sum() for kind in KINDS}
        self.entries = 0

    def facts(self, unit: str | None, fixed: bool) -> dict[str, Any]:
        """Gives what there is to know of it; without a baseline nobody knows what is left."""
        used, left = Sum(), Sum()
        for kind in ("committed", "actual"):
            used.join(self.sums[kind])
        left.join(self.baseline)
        left.join(used, -1)
        found: dict[str, Any] = {kind: self.sums[kind].value(unit) for kind in KINDS}
        found["baseline"] = self.baseline.value(unit) if fixed else None
        found["used"] = used.value(unit)
        found["left"] = left.value(unit) if fixed else None
        found["overrun"] = overruns(found["left"])
        found["entries"] = Decimal(self.entries)
        return found


class Account(NamedTuple):
    """What a ledger says: of each line, by its name, and of all together. A line of no name cannot be booked on."""

    lines: Mapping[str, dict[str, Any]]
    whole: dict[str, Any]


def account(ledger: Ledger, baseline: Iterable[Any] | None, posted: Iterable[Posted]) -> Account:
    """Folds entries over a baseline; None for one that nobody has approved yet.

    What is committed counts until something actual is booked in the same instance. A line that only entries name has
    a baseline of nothing.
    """
    rows = list(posted)
    lines: dict[str, _Line] = {}
    for row in baseline or ():
        key, amount = (row.get(ledger.by), row.get(ledger.amount)) if isinstance(row, Mapping) else (None, None)
        lines.setdefault(str(key), _Line()).baseline.add(amount)
    spent = {row.place for row in rows if row.kind == "actual"}
    for row in rows:
        line = lines.setdefault(str(row.line), _Line())
        line.entries += 1
        if row.kind != "committed" or row.place not in spent:
            line.sums[row.kind].add(row.amount)
    whole = _Line()
    for line in lines.values():
        whole.baseline.join(line.baseline)
        whole.entries += line.entries
        for kind in KINDS:
            whole.sums[kind].join(line.sums[kind])
    units = whole.baseline.units() or list(dict.fromkeys(u for kind in KINDS for u in whole.sums[kind].units()))
    unit, fixed = (units[0] if len(units) == 1 else None), baseline is not None
    found = {key: {"line": key, **line.facts(unit, fixed)} for key, line in lines.items()}
    together = whole.facts(unit, fixed)
    verdicts = [line["overrun"] for line in found.values()]
    # One line that is overrun is enough, whatever is not known of the others.
    together["overrun"] = True if True in verdicts else None if None in verdicts or not fixed else False
    return Account(found, together)

"""Charter's own values beside the standard's: money, spans of working and calendar time, files by hash.

They are immutable and know nothing of the language that writes them except the unit words of a span, which
are one table here. A day is not 24 hours and a working day is neither: the fields of a Span never convert
into one another.
"""

from __future__ import annotations

from decimal import Context, Decimal

from msgspec import Struct

Quantity = Decimal | int

# Wide enough that adding and scaling spans of 34-digit numbers of units never rounds silently.
_EXACT = Context(prec=60)


class Money(Struct, frozen=True):
    """An amount of one currency (ISO 4217 code); amounts of two currencies never mix."""

    amount: Decimal
    currency: str


class File(Struct, frozen=True):
    """A file held by content: lower-case hex SHA-256, name, size in bytes, media type."""

    sha256: str
    name: str
    size: int
    media_type: str = "application/octet-stream"


class Span(Struct, frozen=True):
    """A length of time as people say it; each field is a unit of its own."""

    months: Quantity = 0
    days: Quantity = 0
    seconds: Quantity = 0
    working_days: Quantity = 0
    working_seconds: Quantity = 0

    @classmethod
    def of(cls, amount: Quantity, unit: str) -> Span:
        """Make `amount` of a unit named in UNITS, such as `working days`; KeyError for another word."""
        field, factor = UNITS[unit]
        return cls(**{field: _plain(_EXACT.multiply(Decimal(amount), Decimal(factor)))})

    def parts(self) -> tuple[tuple[str, Quantity], ...]:
        """List the fields that are not zero."""
        return tuple((name, getattr(self, name)) for name in FIELDS if getattr(self, name) != 0)

    def scaled(self, factor: Decimal) -> Span:
        """Multiply every field."""
        return Span(*(_plain(_EXACT.multiply(Decimal(getattr(self, name)), factor)) for name in FIELDS))

    def plus(self, other: Span, sign: int = 1) -> Span:
        """Add (or with sign -1 subtract) field by field."""

        def sum_of(name: str) -> Quantity:
            added = _EXACT.multiply(Decimal(sign), Decimal(getattr(other, name)))
            return _plain(_EXACT.add(Decimal(getattr(self, name)), added))

        return Span(*map(sum_of, FIELDS))

    def __str__(self) -> str:
        return ", ".join(_spoken(name, amount) for name, amount in self.parts()) or "0 days"


FIELDS = Span.__struct_fields__


def _plain(number: Decimal) -> Quantity:
    integral = number.to_integral_value()
    return int(integral) if integral == number and abs(number.adjusted()) < 30 else number


_WORDS: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("months", 12, ("year", "years", "年")),
    ("months", 3, ("quarter", "quarters", "季度", "个季度", "個季度", "季")),
    ("months", 1, ("month", "months", "个月", "個月")),
    ("days", 7, ("week", "weeks", "周", "週", "星期", "个星期", "個星期")),
    ("days", 1, ("day", "days", "天", "日")),
    ("seconds", 3600, ("hour", "hours", "小时", "小時", "个小时", "個小時")),
    ("seconds", 60, ("minute", "minutes", "分钟", "分鐘")),
    ("seconds", 1, ("second", "seconds", "秒", "秒钟", "秒鐘")),
    ("working_days", 1, ("working day", "working days", "工作日", "个工作日", "個工作日", "工作天", "個工作天")),
    (
        "working_seconds",
        3600,
        ("working hour", "working hours", "工作小时", "工作小時", "个工作小时", "個工作小時", "工时", "工時"),
    ),
    ("working_seconds", 60, ("working minute", "working minutes", "工作分钟", "工作分鐘")),
    ("working_seconds", 1, ("working second", "working seconds", "工作秒")),
)

# every unit word -> (field of Span, how many of the field's unit it is)
UNITS: dict[str, tuple[str, int]] = {word: (field, factor) for field, factor, words in _WORDS for word in words}

# The unit words a currency may have instead of its three letters.
CURRENCY_WORDS = {"元": "CNY", "人民币": "CNY", "人民幣": "CNY"}

_SPOKEN = {
    "months": ((1, "month"),),
    "days": ((1, "day"),),
    "seconds": ((3600, "hour"), (60, "minute"), (1, "second")),
    "working_days": ((1, "working day"),),
    "working_seconds": ((3600, "working hour"), (60, "working minute"), (1, "working second")),
}


def _spoken(field: str, amount: Quantity) -> str:
    for factor, word in _SPOKEN[field]:
        if factor == 1 or (isinstance(amount, int) and amount % factor == 0):
            count = amount // factor if isinstance(amount, int) else amount
            return f"{count:f} {word}" if isinstance(count, Decimal) else f"{count} {word}{'' if count == 1 else 's'}"
    raise AssertionError(field)

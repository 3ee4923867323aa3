"""Charter's own values beside the standard's: money, spans of time, files by hash, lists that have properties.

They are immutable and know nothing of the language that writes them except the words of units and currencies,
which are tables here. A day is not 24 hours and a working day is neither: the fields of a Span never convert
into one another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Context, Decimal
from typing import Any

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


class Described(list[Any]):
    """A list with properties of its own, which are what stands behind a dot; everything else sees its items.

    `key`: the property by which a text in brackets finds one item (`cost["travel"]`), where there is one.
    """

    __slots__ = ("key", "own")

    def __init__(self, items: Iterable[Any], own: Mapping[str, Any], key: str | None = None) -> None:
        super().__init__(items)
        self.own = own
        self.key = key


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
    ("days", 1, ("day", "days", "天", "日", "自然日", "个自然日", "個自然日", "日历天", "日曆天", "個日曆天")),
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

# How Chinese regulations spell amounts below 10,000: 三, 十五, 二十四, 一百二十, 一千零五十.
_DIGITS = "零一二三四五六七八九"
_RANKS = (("千", 1000), ("百", 100), ("十", 10), ("", 1))
_AS_WRITTEN = str.maketrans("〇两兩", "零二二")
# Said behind a length of time, and no more than `within` says already.
_WITHIN = ("之内", "之內", "以内", "以內", "内", "內")
# Longest first; a season or a quarter of the year is meant by 一季度 as often as a length of three months.
_CHINESE_UNITS = tuple(sorted((u for u in UNITS if not u.isascii() and u not in ("季", "季度")), key=len, reverse=True))


def _numeral(text: str) -> int | None:
    """Read a number; None for what is none, or for 一百五, by which some mean 105 and most 150."""
    text = text.translate(_AS_WRITTEN)
    value, rest = 0, text.replace("零", "")
    for rank, factor in _RANKS:
        digits, found, after = rest.partition(rank) if rank else (rest, "", "")
        if found or not rank:
            value += factor * (_DIGITS.find(digits) if len(digits) == 1 else int(not digits and rank == "十"))
            rest = after
    return value if text in (_spelled(value), _spelled(value).removeprefix("一" if value < 20 else " ")) else None


def _spelled(value: int) -> str:
    text, skipped = "", False
    for rank, factor in _RANKS:
        digit = value // factor % 10
        text += ("零" if skipped and text and digit else "") + (_DIGITS[digit] + rank if digit else "")
        skipped = not digit
    return text


# Read behind a number only: alone they are names.
_SHORT_UNITS = {"h": "hours", "H": "hours", "min": "minutes"}


def unit_of(word: str) -> str | None:
    """Give the unit that a word behind a number names, `天内` being `天`; None for any other word."""
    if word in UNITS:
        return word
    if word in _SHORT_UNITS:
        return _SHORT_UNITS[word]
    short = next((word.removesuffix(suffix) for suffix in _WITHIN if word.endswith(suffix)), word)
    return short if short in UNITS else None


def spoken_length(word: str) -> tuple[Decimal, str] | None:
    """Read a length of time that is one Chinese word, such as 三个工作日, 半天, 一个半小时, 两年半; or gives None."""
    if not word or word.isascii():
        return None
    word = next((word.removesuffix(suffix) for suffix in _WITHIN if word.endswith(suffix)), word)
    halves = Decimal(0)
    if word.endswith("半"):
        word, halves = word[:-1], Decimal("0.5")
    unit = next((unit for unit in _CHINESE_UNITS if word.endswith(unit)), None)
    if unit is None:
        return None
    amount = word.removesuffix(unit)
    if amount == "半" and not halves:
        return Decimal("0.5"), unit
    if amount.endswith(("个半", "個半")) and not halves:
        amount, halves = amount[:-2], Decimal("0.5")
    count = _numeral(amount)
    return None if not count else (count + halves, unit)


# The words that a currency may have instead of its three letters.
_CURRENCIES = {
    "CNY": ("元", "人民币", "人民幣", "人民币元", "人民幣元", "元人民币", "元人民幣"),
    "TWD": ("新台币", "新台幣", "新臺幣", "台币", "台幣", "臺幣"),
    "HKD": ("港元", "港币", "港幣"),
    "USD": ("美元", "美金"),
    "EUR": ("欧元", "歐元"),
    "GBP": ("英镑", "英鎊"),
    "JPY": ("日元", "日圆", "日圓"),
}
CURRENCY_WORDS = {word: code for code, words in _CURRENCIES.items() for word in words}
# What stands before an amount. Of the yuan and the yen, which share the sign, it is the yuan.
_BEFORE = {"¥": "CNY", "￥": "CNY"} | {word: code for word, code in CURRENCY_WORDS.items() if word != "元"}
_POWERS = {"千万": 7, "千萬": 7, "百万": 6, "百萬": 6, "十万": 5, "十萬": 5, "亿": 8, "億": 8}
_POWERS |= {"万": 4, "萬": 4, "千": 3}
_CODE = re.compile("[A-Z]{3}")
_MONEY_WORDS = tuple(sorted(CURRENCY_WORDS, key=len, reverse=True))
# `￥500`, `人民币 1.5万元`; not `￥1,500`, of which a list would make two.
_MONEY_BEFORE = (
    rf"({'|'.join(sorted(_BEFORE, key=len, reverse=True))})[ ]*([0-9]+(?:\.[0-9]+)?)(?!\.?[0-9]|,[0-9]{{3}}(?![0-9]))"
    rf"[ ]*({'|'.join(_POWERS)}|)元?(?!\w)"
)
MONEY_BEFORE = re.sub(r"\((?!\?)", "(?:", _MONEY_BEFORE)  # as a part of another pattern


def money_of(amount: Decimal, word: str, before: str = "") -> tuple[Decimal, str] | None:
    """Give amount and currency of a number and a word behind it (`万元`, `亿美元`, `USD`) or before it (`￥`)."""
    power = next((power for power in _POWERS if word.startswith(power)), "")
    named = word.removeprefix(power)
    if before:
        currency = _BEFORE.get(before) or (before if _CODE.fullmatch(before) else None)
        currency = currency if named in ("", "元") else None
    else:
        currency = CURRENCY_WORDS.get(named) or (named if _CODE.fullmatch(named) else None)
    return None if currency is None else (_scaled(amount, power), currency)


def money_before(text: str) -> tuple[Decimal, str] | None:
    """Read an amount with its currency before it: `￥500`, `人民币1.5万元`."""
    found = re.fullmatch(_MONEY_BEFORE, text)
    return None if found is None else money_of(Decimal(found[2]), found[3], found[1])


def spoken_money(word: str) -> tuple[Decimal, str] | None:
    """Read an amount that is one Chinese word: `五百元`, `三十万元`, `一万五千元`; not `一万五`."""
    unit = next((unit for unit in _MONEY_WORDS if word.endswith(unit)), None)
    if unit is None:
        return None
    high, power, low = re.fullmatch("([^万萬亿億]*)([万萬亿億]?)(.*)", word.removesuffix(unit)).groups()  # type: ignore[union-attr]
    count, rest = _numeral(high), _numeral(low.removeprefix("零")) if low else 0
    # 一万零五百, 一万五千: a missing rank is named, else 一万五 could be 10005 as well as 15000
    if not count or rest is None or (low and (power not in "万萬" or low.startswith("零") == (rest >= 1000))):
        return None
    return _scaled(Decimal(count), power) + rest, CURRENCY_WORDS[unit]


def is_spoken(word: str) -> bool:
    """Tell whether a word is a length of time or an amount, which no name can be."""
    return any(read(word) is not None for read in (spoken_length, spoken_money, money_before))


def _scaled(amount: Decimal, power: str) -> Decimal:
    # in full, so that 1.5万 is shown as 15000
    return Decimal(f"{amount.scaleb(_POWERS[power], _EXACT):f}") if power else amount


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

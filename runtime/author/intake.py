"""What people type or keep in files (flags, JSON, YAML, CSV) read into typed values of a record.

`Reader` knows the process's record types and how to take in a file; it knows neither terminals nor cases, and how data
files are read is `data.py`. What cannot be read is a `Misfit` value with the path of the field and what was expected
there: collected, never raised. Whether a well-read value is *allowed* (`where`, required fields) is the engine's to
say; a missing field stays missing here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from charter.dsl.text.source import ascii_twins
from charter.engine import values
from charter.engine.definition import RecordType, TypeRef
from charter.engine.feel.own import money_of, spoken_length, spoken_money, unit_of
from charter.engine.feel.temporal_text import read_date, read_date_time, read_duration, read_time
from charter.engine.plan.fields import derived, typed
from charter.engine.text import composed
from charter.runtime.author.data import SUFFIXES, Cell, load, text_or_json


class Misfit(Struct, frozen=True):
    """A value that does not read: `expected` is a key of the message table's [intake] section."""

    path: str
    expected: str
    given: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


_POWER = r"(?:[eE][+-]?\d{1,3})?"  # `1e5`, as spreadsheets and JSON write it; a longer exponent is a slip
# Commas, blanks and `_` part groups of three digits and nothing else: `1,50` may mean 1.50 or 150, so nobody guesses.
_WHOLE = "(?:" + "|".join(rf"\d{{1,3}}(?:{parted}\d{{3}})+" for parted in ",_ ") + r"|\d+)"
_FIGURE = rf"[+-]?(?:{_WHOLE}(?:\.\d+)?|\.\d+){_POWER}"
_NUMBER = re.compile(_FIGURE)
_MONEY = re.compile(rf"(?P<before>[^\W\d_]+|[¥￥])?\s*(?P<amount>{_FIGURE})\s*(?P<after>[^\W\d_]+)?")
_LENGTH = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([^\d,，]+?)\s*(?:[,，]|(?=\d)|$)")
_PERIOD = re.compile(r"\s*(?:\.\.|–|—|~|～|至|\bto\b)\s*")
_TRUE = frozenset(("true", "yes", "y", "1", "是", "对", "對"))
_FALSE = frozenset(("false", "no", "n", "0", "否", "不"))
# Where `;` or tabs divide cells, commas begin decimals as often as they part thousands: `1,500` says neither.
_EITHER = re.compile(r"(?<![\d.,])[1-9]\d{0,2}[.,]\d{3}(?![\d.,])")
_FIGURES = frozenset(("number", "integer", "money", "percent"))

_WORDS = frozenset(("text", "person"))

_NOTHING = object()
_EXACT = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX)  # division by the usual one would drop digits


def _number(text: str) -> Any:
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(re.sub(r"[,_ ]", "", text))
    except InvalidOperation:
        return None


def _integer(text: str) -> Any:
    number = _number(text)
    return number if number is not None and number == number.to_integral_value() else None


def _percent(text: str) -> Any:
    if text.endswith(("%", "％")):
        number = _number(text[:-1].strip())
        return None if number is None else number.scaleb(-2, _EXACT)
    # 95 may mean 95 % or 9500 %; more than the whole has to say so.
    number = _number(text)
    return number if number is not None and abs(number) <= 1 else None


def _money(text: str) -> Any:
    match = _MONEY.fullmatch(text)
    if match is None:
        spoken = spoken_money(text)
        return spoken and values.Money(*spoken)
    amount = _number(match["amount"])
    found = None if amount is None else money_of(amount, match["after"] or "", match["before"] or "")
    return found and values.Money(*found)


def _boolean(text: str) -> Any:
    word = text.lower()
    return True if word in _TRUE else False if word in _FALSE else None


def _length(text: str) -> Any:
    if text[:1] in "P-" and (iso := read_duration(text)) is not None:
        return iso
    spoken = spoken_length(text)
    if spoken is not None:
        return values.Span.of(*spoken)
    span, at = values.Span(), 0
    while at < len(text):
        match = _LENGTH.match(text, at)
        unit = unit_of(match[2]) if match else None
        if match is None or unit is None:
            return None
        span, at = span.plus(values.Span.of(Decimal(match[1]), unit)), match.end()
    return span if text else None


def _moment(text: str) -> Any:
    # `2026-03-02 09:00` is how people write it; ISO 8601 wants the T and the seconds
    return read_date_time(re.sub(r"^(\d{4}-\d\d-\d\d)[ T]+(\d\d:\d\d)(?!:)", r"\1T\2:00", text).replace(" ", "T", 1))


def _clock(text: str) -> Any:
    return read_time(f"{text}:00" if re.fullmatch(r"\d\d:\d\d", text) else text)


# type -> what reads its text; None from it means that the text does not fit
READERS: Mapping[str, Callable[[str], Any]] = {
    "text": lambda text: text,
    "number": _number,
    "integer": _integer,
    "money": _money,
    "percent": _percent,
    "boolean": _boolean,
    "date": read_date,
    "time": _clock,
    "datetime": _moment,
    "duration": _length,
    "person": lambda text: text if re.fullmatch(r"[^\s,;=]+", text) else None,
}
_PERIOD_TYPE = TypeRef("date")


class Reader:
    """Reads data for the records of one process. `ingest` takes a file into the content store."""

    def __init__(
        self,
        records: Iterable[RecordType],
        ingest: Callable[[Path], values.File],
        *,
        base: Path | None = None,
    ) -> None:
        self.records = {record.name: record for record in records}
        self.ingest = ingest
        self.base = base or Path()
        self.misfits: list[Misfit] = []

    def value(self, data: Any, kind: TypeRef, path: str) -> Any:
        """Gives the value of a type that text or plain data stand for; None for nothing or a noted misfit."""
        if data is None or (isinstance(data, str) and data == "" and kind.name != "text"):
            return None
        if isinstance(data, Mapping) and kind.name != "record":
            decoded = self._tagged(data)
            if decoded is not _NOTHING:
                return decoded
        if kind.name in ("record", "list", "period", "choice", "file"):
            return getattr(self, f"_{kind.name}")(data, kind, path)
        if type(data) is bool:
            data = "true" if data else "false"
        if isinstance(data, Cell) and kind.name in _FIGURES and _EITHER.search(data):
            return self._misfit(path, "one_figure", data)
        text = composed(data.strip() if isinstance(data, str) and kind.name != "text" else str(data))
        if kind.name not in _WORDS:
            text = ascii_twins(text)  # a Chinese keyboard gives `５００` and `９：００`
        found = None if isinstance(data, list | Mapping) else READERS[kind.name](text)
        return self._misfit(path, kind.name, data) if found is None else found

    def _misfit(self, path: str, expected: str, data: Any, **arguments: Any) -> None:
        given = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, default=str)
        self.misfits.append(Misfit(path, expected, given[:80], arguments))

    @staticmethod
    def _tagged(data: Mapping[str, Any]) -> Any:
        # the canonical form that `show --json` prints may be handed back as it is
        try:
            decoded = values.decode(data)
        except values.NotAValue:
            return _NOTHING
        return _NOTHING if isinstance(decoded, dict) else decoded

    def _period(self, data: Any, kind: TypeRef, path: str) -> Any:
        if isinstance(data, str):
            ends = _PERIOD.split(data.strip())
            data = dict(zip(("start", "end"), ends, strict=True)) if len(ends) == 2 else data
        if not isinstance(data, Mapping) or not set(data) <= {"start", "end"}:
            return self._misfit(path, "period", data)
        return {end: self.value(data[end], _PERIOD_TYPE, f"{path}.{end}") for end in ("start", "end") if end in data}

    def _choice(self, data: Any, kind: TypeRef, path: str) -> Any:
        text = composed(str(data).strip())
        same = [choice for choice in kind.choices if choice.casefold() == text.casefold()]
        return same[0] if same else self._misfit(path, "choice", text, choices=", ".join(kind.choices))

    def _file(self, data: Any, kind: TypeRef, path: str) -> Any:
        if not isinstance(data, str | Path):
            return self._misfit(path, "file", data)
        # A path from the command line stands for itself, one in a file is relative to that file.
        place = _found(data if isinstance(data, Path) else self.base / data)
        return self.ingest(place) if place.is_file() else self._misfit(path, "file", str(place))

    def _list(self, data: Any, kind: TypeRef, path: str) -> Any:
        assert kind.item is not None
        if isinstance(data, str):
            text = data.strip()
            if text.startswith("["):
                data = text_or_json(text)
            elif text.endswith(SUFFIXES) and (self.base / text).is_file():
                data = load(self.base / text)
            else:
                data = [type(data)(part.strip()) for part in re.split(r"[;；\n]", text) if part.strip()]
        if isinstance(data, Mapping):  # from flags: positions as keys
            data = [data[key] for key in sorted(data, key=str)]
        if not isinstance(data, list):
            return self._misfit(path, "list", data)
        if (
            kind.item.name not in ("record", "period")
            and data
            and all(isinstance(row, Mapping) and len(row) == 1 for row in data)
        ):
            data = [next(iter(row.values())) for row in data]  # a CSV of one column
        return [self.value(item, kind.item, f"{path}[{index}]") for index, item in enumerate(data, 1)]

    def _record(self, data: Any, kind: TypeRef, path: str) -> Any:
        assert kind.record is not None
        if isinstance(data, str) and data.lstrip().startswith("{"):
            data = text_or_json(data)
        if not isinstance(data, Mapping):
            return self._misfit(path, "record", data, record=kind.record)
        return self.record(data, self.records[kind.record], path)

    def record(self, data: Mapping[str, Any], record: RecordType, path: str) -> dict[str, Any]:
        """Gives a record's value, fields in the order of the process file; titles are read as names too.

        A field that the record does not have is kept as it is, so that the engine refuses it by name; one that is given
        under two names is a misfit.
        """
        named = self._names(data, record, path)
        out: dict[str, Any] = {}
        for f in record.fields:
            if f.name in named:
                found = self.value(named.pop(f.name), f.type, f"{path}.{f.name}")
                if found is not None:
                    out[f.name] = found
        return out | {key: _plain(value) for key, value in named.items() if value is not None}

    def typed(self, value: Any, record: str) -> Any:
        """Gives of a record's value what people give: all but what is computed."""
        return typed(self.records, derived(self.records), record, value)

    def _names(self, data: Mapping[str, Any], record: RecordType, path: str) -> dict[str, Any]:
        named: dict[str, Any] = {}
        given: dict[str, str] = {}
        for key, value in data.items():
            name = field_name(record, str(key))
            if name in given:
                self.misfits.append(Misfit(f"{path}.{name}", "once", str(key), {"other": given[name]}))
            given[name], named[name] = str(key), value
        return named

    def named(self, data: Any, kind: TypeRef | None, path: str) -> Any:
        """Gives plain data with the keys of its records as the process file calls them."""
        if kind is not None and kind.item is not None and isinstance(data, list):
            return [self.named(item, kind.item, f"{path}[{index}]") for index, item in enumerate(data, 1)]
        if kind is None or kind.record not in self.records or not isinstance(data, Mapping):
            return data
        record = self.records[kind.record]
        types = {f.name: f.type for f in record.fields}
        names = self._names(data, record, path)
        return {key: self.named(value, types.get(key), f"{path}.{key}") for key, value in names.items()}

    def way(self, path: Sequence[str]) -> tuple[list[str], TypeRef | None]:
        """Gives a path that begins with a record in the names of the process file, and the type of what it leads to."""
        out, kind = [path[0]], TypeRef("record", record=path[0]) if path[0] in self.records else None
        for step in path[1:]:
            item = step.startswith("[")
            if kind is not None and kind.name == "list" and item:
                kind = kind.item
            elif kind is not None and kind.name == "record" and kind.record in self.records and not item:
                record = self.records[kind.record]
                step = field_name(record, step)
                kind = next((f.type for f in record.fields if f.name == step), None)
            else:
                kind = None
            out.append(step)
        return out, kind


def field_name(record: RecordType, key: str) -> str:
    """Gives the field that a key or heading means, else the key itself.

    By its name or title, or else by the only one alike but for case and blanks around.
    """
    for names in ({f.name: f.name for f in record.fields}, {f.title: f.name for f in record.fields}):
        if key in names:
            return names[key]
    alike = {f.name for f in record.fields if _folded(key) in (_folded(f.name), _folded(f.title))}
    return alike.pop() if len(alike) == 1 else key


def _folded(text: str) -> str:
    return text.strip().casefold()


def _found(place: Path) -> Path:
    """Gives the file of a name, or else one beside it whose name is the same text in other characters."""
    if place.is_file() or place.name.isascii() or not place.parent.is_dir():
        return place
    same = (other for other in place.parent.iterdir() if composed(other.name) == composed(place.name))
    return next(same, place)


def _plain(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_plain(item) for item in data]
    return data if data is None or isinstance(data, bool | int | str | Decimal) else str(data)

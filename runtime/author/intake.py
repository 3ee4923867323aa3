"""What people type or keep in files (flags, JSON, YAML, CSV) read into typed values of a record.

`Reader` knows the process's record types and how to take in a file; it knows neither terminals nor cases. What
cannot be read is a `Misfit` value with the path of the field and what was expected there: collected, never
raised. Whether a well-read value is *allowed* (`where`, required fields) is the engine's to say; a missing field
stays missing here.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct, field

from charter.engine import values
from charter.engine.definition import RecordType, TypeRef
from charter.engine.feel.own import CURRENCY_WORDS, UNITS
from charter.engine.feel.temporal_text import read_date, read_date_time, read_duration, read_time
from charter.engine.text import SameKey, composed


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
_MONEY = re.compile(rf"(?P<before>[A-Z]{{3}}|¥|￥)?\s*(?P<amount>{_FIGURE})\s*(?P<after>[A-Z]{{3}}|\w+)?")
_LENGTH = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([^\d,，]+?)\s*(?:[,，]|(?=\d)|$)")
_PERIOD = re.compile(r"\s*(?:\.\.|–|—|~|～|至|\bto\b)\s*")
_SIGNS = {"¥": "CNY", "￥": "CNY", **CURRENCY_WORDS}
_TRUE = frozenset(("true", "yes", "y", "1", "是", "对", "對"))
_FALSE = frozenset(("false", "no", "n", "0", "否", "不"))
_PATH = re.compile(r"[^.\[\]]+|\[\d+\]")

_NOTHING = object()


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
        return None if number is None else number / 100
    # 95 may mean 95 % or 9500 %; more than the whole has to say so.
    number = _number(text)
    return number if number is not None and abs(number) <= 1 else None


def _money(text: str) -> Any:
    match = _MONEY.fullmatch(text)
    if match is None:
        return None
    word = match["before"] or match["after"] or ""
    currency = _SIGNS.get(word, word)
    if not re.fullmatch(r"[A-Z]{3}", currency) or (match["before"] and match["after"]):
        return None
    amount = _number(match["amount"])
    return None if amount is None else values.Money(amount, currency)


def _boolean(text: str) -> Any:
    word = text.lower()
    return True if word in _TRUE else False if word in _FALSE else None


def _length(text: str) -> Any:
    if text[:1] in "P-" and (iso := read_duration(text)) is not None:
        return iso
    span, at = values.Span(), 0
    while at < len(text):
        match = _LENGTH.match(text, at)
        if match is None or match[2] not in UNITS:
            return None
        span, at = span.plus(values.Span.of(Decimal(match[1]), match[2])), match.end()
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
        text = composed(data.strip() if isinstance(data, str) and kind.name != "text" else str(data))
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
        if not isinstance(data, str):
            return self._misfit(path, "file", data)
        place = _found(self.base / data)
        return self.ingest(place) if place.is_file() else self._misfit(path, "file", str(place))

    def _list(self, data: Any, kind: TypeRef, path: str) -> Any:
        assert kind.item is not None
        if isinstance(data, str):
            text = data.strip()
            if text.startswith("["):
                data = _json(text)
            elif text.endswith((".csv", ".json", ".yaml", ".yml")) and (self.base / text).is_file():
                data = load(self.base / text)
            else:
                data = [part.strip() for part in re.split(r"[;；\n]", text) if part.strip()]
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
            data = _json(data)
        if not isinstance(data, Mapping):
            return self._misfit(path, "record", data, record=kind.record)
        return self.record(data, self.records[kind.record], path)

    def record(self, data: Mapping[str, Any], record: RecordType, path: str) -> dict[str, Any]:
        """Gives a record's value, fields in the order of the process file; titles are read as names too.

        A field that the record does not have is kept as it is, so that the engine refuses it by name.
        """
        titles = {f.title: f.name for f in record.fields}
        named = {titles.get(str(key), str(key)): value for key, value in data.items()}
        out: dict[str, Any] = {}
        for f in record.fields:
            if f.name in named:
                found = self.value(named.pop(f.name), f.type, f"{path}.{f.name}")
                if found is not None:
                    out[f.name] = found
        return out | {key: _plain(value) for key, value in named.items() if value is not None}


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


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError:
        return text


class Unreadable(ValueError):
    """Data that is no JSON, YAML or CSV, or more of it than anybody types.

    `place` is where it goes wrong, (line, column) from 1, and the text then the line there.
    """

    def __init__(self, text: str, place: tuple[int, int] | None = None) -> None:
        super().__init__(text)
        self.place = place


def _at(text: str, line: int, column: int) -> Unreadable:
    lines = text.splitlines()
    return Unreadable(f"`{lines[line - 1].strip()[:80] if line <= len(lines) else ''}`", (line, column))


# What is read from outside is bounded: bytes of a file, values in it (an alias counts as often as it is used),
# depth, and how long a list is made for the sake of one position.
_LARGEST, _MOST, _DEEPEST, _LONGEST = 16 << 20, 1_000_000, 60, 100_000


def load(path: Path) -> Any:
    """Reads a JSON, YAML or CSV file into plain data; numbers stay exact; an unknown ending is read as JSON.

    CSV: the first row names the fields (dots lead into inner ones), an empty cell is no value. Raises
    Unreadable, OSError.
    """
    return parse(read_text(path), path.suffix.lower())


def read_text(path: Path) -> str:
    """Reads a data file's text; raises Unreadable for too long a one, UnicodeDecodeError, OSError."""
    with path.open("rb") as stream:
        return _text(stream)


def read_input() -> str:
    """Reads data from standard input, as bounded as a file; raises Unreadable, UnicodeDecodeError."""
    return _text(sys.stdin.buffer)


def _text(stream: BinaryIO) -> str:
    data = stream.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise Unreadable(f"> {_LARGEST >> 20} MiB")
    return data.decode("utf-8-sig")


def parse(text: str, suffix: str) -> Any:
    """Reads the text of a data file of that ending; raises Unreadable."""
    try:
        if suffix in (".yaml", ".yml"):
            data = _yaml(text)
        elif suffix == ".csv":
            data = [_unfold(row) for row in csv.DictReader(io.StringIO(text))]
        else:
            data = json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise _at(text, error.lineno, error.colno) from None
    except Unreadable:
        raise
    except (ValueError, RecursionError, csv.Error) as error:
        raise Unreadable(str(error).splitlines()[0] if str(error) else type(error).__name__) from None
    _bounded(data)
    try:
        return composed(data)
    except SameKey as error:
        raise Unreadable(str(error)) from None


def _yaml(text: str) -> Any:
    """Reads YAML whose scalars stay text, because the field's type decides, not YAML; only null is null."""
    import yaml

    class Loader(yaml.BaseLoader):
        pass

    null = "tag:yaml.org,2002:null"
    Loader.add_implicit_resolver(null, re.compile(r"(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
    Loader.add_constructor(null, lambda _loader, _node: None)
    try:
        return yaml.load(text, Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        if mark is not None:
            raise _at(text, mark.line + 1, mark.column + 1) from None
        raise Unreadable(" ".join(str(error).split())) from None


def _bounded(data: Any) -> None:
    left, waiting = _MOST, [(data, 0)]
    while waiting:
        value, depth = waiting.pop()
        left -= 1
        if left < 0 or depth > _DEEPEST:
            raise Unreadable(f"more than {_MOST:,} values, or deeper than {_DEEPEST}")
        inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
        waiting.extend((each, depth + 1) for each in inner)


def _unfold(row: Mapping[str | None, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, cell in row.items():
        if key is not None and isinstance(cell, str) and cell.strip():
            put(out, [part.strip() for part in key.split(".")], cell.strip())
    return out


def steps(path: str) -> list[str]:
    """Splits `plan.tasks[2].name` into its steps; a position keeps its brackets."""
    return _PATH.findall(path)


def put(tree: Any, path: list[str], value: Any) -> None:
    """Sets a value deep inside plain data, making contexts and lists on the way; `[n]` counts from 1.

    Raises Unreadable where a path leads nowhere: too deep, too far along a list, by name into a list.
    """
    if not 0 < len(path) <= _DEEPEST:
        raise Unreadable(f"a path of {len(path)} steps")
    here = tree
    for step, following in zip(path, [*path[1:], None], strict=True):
        if following is None:
            here[_place(here, step, None)] = value
            return
        empty = list if following.startswith("[") else dict
        place = _place(here, step, empty)
        if not isinstance(here[place], dict | list):
            here[place] = empty()
        here = here[place]


def _place(here: Any, step: str, empty: type[Any] | None) -> Any:
    """Gives the key or index of a step, which is there afterwards; positions passed over hold `empty` ones."""
    if not step.startswith("["):
        if not isinstance(here, dict):
            raise Unreadable(f"`{step}` names nothing in a list; its items are [1], [2], …")
        here.setdefault(step)
        return step
    if not isinstance(here, list):
        raise Unreadable(f"`{step[:20]}` is an item of a list, and there is none before it")
    number = int(step[1:-1]) if len(step) <= len(str(_LONGEST)) + 2 else 0
    if not 0 < number <= _LONGEST:
        raise Unreadable(f"`{step[:20]}` is no item of a list: items are [1] to [{_LONGEST}]")
    here.extend(empty() if empty else None for _ in range(number - len(here)))
    return number - 1

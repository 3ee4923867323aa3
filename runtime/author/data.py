"""Files of data as people hand them in, JSON, YAML or CSV, read into plain data; the same for every door.

Nothing is guessed and nothing lost: a key or heading that stands twice, a cell without heading, a quote that does not
close, bytes in an unknown encoding, more than anybody types are refused with their place. Plain data are contexts,
lists, texts, None, truth values and numbers (exact: int or Decimal); of YAML and CSV only texts, since the field's type
decides what they stand for. Knows neither records nor cases.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Any

from charter.engine.errors import CharterError
from charter.engine.text import SameKey, composed
from charter.runtime.author.handed import contents, unreadable

# What is read from outside is bounded: bytes of a file, values in it (an alias counts as often as it is used),
# depth, digits of a number, and how long a list is made for the sake of one position.
LARGEST, _MOST, _DEEPEST, _DIGITS, _LONGEST = 16 << 20, 1_000_000, 60, 1_000, 100_000
SUFFIXES = (".csv", ".tsv", ".json", ".yaml", ".yml")


class Unreadable(CharterError):
    """Data that cannot be taken: `told` is a key under [data]; `line` and `column` from 1, where they are known."""

    code = "CH044"
    exit_code = 1

    def __init__(self, told: str, line: int | None = None, column: int | None = None, **arguments: Any) -> None:
        super().__init__(
            f"{told} {arguments or ''}".strip(), file="<stdin>", told=told, line=line, column=column, **arguments
        )


class NoWay(ValueError):
    """A path that leads nowhere in the data there is: `told` is a key under [data], `arguments` what it names."""

    def __init__(self, told: str, **arguments: object) -> None:
        super().__init__(told)
        self.told = told
        self.arguments = arguments


class Cell(str):
    """A cell of a table that `;` or tabs divide, where nobody knows whether a comma or a point begins the decimals."""

    __slots__ = ()


def load(path: str | Path, kind: str | None = None) -> Any:
    """Reads a file by its ending, or as `kind` (`.yaml`); an unknown one is read as JSON.

    Raises Unreadable, FileNotReadable.
    """
    try:
        data = contents(path, LARGEST + 1)
    except OSError as cause:
        raise unreadable(path, cause) from None
    try:
        return parse(text_of(data), kind or Path(path).suffix.lower())
    except Unreadable as error:
        error.arguments["file"] = str(path)
        raise


def read_input() -> Any:
    """Reads JSON from standard input, as bounded as a file; raises Unreadable."""
    return parse(text_of(sys.stdin.buffer.read(LARGEST + 1)), ".json")


# -- bytes to text ---------------------------------------------------------------------------------------------------

_WORKBOOK = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def text_of(data: bytes) -> str:
    """Decodes UTF-8, or UTF-16 that says so by its mark; any other encoding would be a guess. Raises Unreadable."""
    if len(data) > LARGEST:
        raise Unreadable("large", limit=f"{LARGEST >> 20} MiB")
    if data.startswith(_WORKBOOK):
        raise Unreadable("workbook")
    wide = data.startswith(_WIDE) and not data.startswith(codecs.BOM_UTF32_LE)
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable("encoding", data.count(b"\n", 0, error.start) + 1, guess=_looks_like(data)) from None
    if "\0" in text:
        raise Unreadable("binary", text.count("\n", 0, text.index("\0")) + 1)
    if not text.strip():
        raise Unreadable("empty")
    return text


def _looks_like(data: bytes) -> str:
    if data.startswith((*_WIDE, codecs.BOM_UTF32_LE)):
        return "UTF-32" if data.startswith(codecs.BOM_UTF32_LE) else "UTF-16"
    # Chinese comes in pairs of high bytes; in a European language an accented letter mostly stands alone.
    runs = re.findall(rb"[\x80-\xff]+", data)
    paired = sum(len(run) % 2 == 0 for run in runs)
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        paired = 0
    return "GB18030" if 2 * paired > len(runs) else "Windows-1252"


# -- text to data ----------------------------------------------------------------------------------------------------


def parse(text: str, suffix: str) -> Any:
    """Reads the text of a data file of that ending; raises Unreadable."""
    try:
        data = composed(_READERS.get(suffix, _json)(text))
    except SameKey as error:
        raise Unreadable("twice", name=error.arguments["key"]) from None
    except RecursionError:
        raise Unreadable("deep", limit=_DEEPEST) from None
    _bounded(data)
    return data


def text_or_json(text: str) -> Any:
    """Reads what is typed in one line: JSON where it begins as that, else the text; raises Unreadable.

    What is no JSON may be meant as text; JSON that says two things, or too much, is neither.
    """
    try:
        return parse(text, ".json") if text.lstrip()[:1] in ("{", "[", '"') else text
    except Unreadable as error:
        if error.arguments["told"] == "json":
            return text
        error.arguments["file"] = text[:40]
        raise


def _bounded(data: Any) -> None:
    left, waiting = _MOST, [(data, 0)]
    while waiting:
        value, depth = waiting.pop()
        left -= 1
        if left < 0:
            raise Unreadable("many", limit=f"{_MOST:,}")
        if depth > _DEEPEST:
            raise Unreadable("deep", limit=_DEEPEST)
        inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
        waiting.extend((each, depth + 1) for each in inner)


def _json(text: str) -> Any:
    try:
        return json.loads(
            text, parse_float=_exact, parse_int=_whole, parse_constant=_no_number, object_pairs_hook=_context
        )
    except json.JSONDecodeError as error:
        raise Unreadable("json", error.lineno, error.colno, given=_shown(text, error.lineno)) from None


def _shown(text: str, line: int) -> str:
    lines = text.split("\n")
    return lines[line - 1].strip()[:80] if line <= len(lines) else ""


def _exact(text: str) -> Any:
    try:
        return Decimal(text) if len(text) <= _DIGITS else _no_number(text)
    except InvalidOperation:
        return _no_number(text)


def _whole(text: str) -> Any:
    return int(text) if len(text) <= _DIGITS else _no_number(text)


def _no_number(text: str) -> Any:
    raise Unreadable("number", given=text if len(text) <= 40 else f"{text[:20]}…", limit=f"{_DIGITS:,}")


def _context(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if (name := repeated(pairs)) is not None:
        raise Unreadable("twice", name=name)
    return dict(pairs)


def repeated(pairs: Sequence[tuple[str, Any]]) -> str | None:
    """Names the first key that stands twice, None where each stands once."""
    if len(dict(pairs)) == len(pairs):
        return None
    names = [name for name, _ in pairs]
    return next(name for at, name in enumerate(names) if name in names[:at])


def _yaml(text: str) -> Any:
    """Reads YAML whose scalars stay text, because the field's type decides, not YAML; only null is null."""
    import yaml

    class Loader(yaml.BaseLoader):
        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
            found: dict[Hashable, Any] = {}
            for key_node, value_node in node.value:
                place, key = key_node.start_mark, self.construct_object(key_node, deep=True)
                if not isinstance(key, str):
                    raise Unreadable("key", place.line + 1, place.column + 1)
                if key in found:
                    raise Unreadable("twice", place.line + 1, place.column + 1, name=key)
                found[key] = self.construct_object(value_node, deep=deep)
            return found

    null = "tag:yaml.org,2002:null"
    Loader.add_implicit_resolver(null, re.compile(r"(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
    Loader.add_constructor(null, lambda _loader, _node: None)
    try:
        data = yaml.load(text, Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
        raise Unreadable("yaml", line, column, given=_shown(text, line)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Unreadable("character", line, character=f"U+{ord(text[error.position]):04X}") from None
    if data is None and not re.search(r"^(?!\s*#|---)\s*\S", text, re.M):
        raise Unreadable("empty")
    return data


# -- tables ----------------------------------------------------------------------------------------------------------

# Excel writes this as a first line and wants it read as one; it is no row.
_DECLARED = re.compile(r'"?sep=([^\w"\s]|\t)"?[,;\t]*\r?(?:\n|\Z)', re.IGNORECASE)
_HEAD = 100_000  # characters among which the first row is looked for


def _csv(text: str, divider: str | None = None) -> list[dict[str, Any]]:
    """Reads a table: its first row names the fields (dots lead into inner ones), an empty cell is no value.

    Cells are divided by what the first row shows, comma, `;` or tab, and quoted as in RFC 4180. Rows without any value
    are no rows.
    """
    declared = _DECLARED.match(text)
    if declared:
        divider = declared[1]
    rows = _rows(text[declared.end() :] if declared else text, divider, 1 if declared else 0)
    line, head = next(rows, (1, []))
    names = [cell.strip() for cell in head]
    paths = [tuple(part.strip() for part in name.split(".")) for name in names]
    pair = clash(path for path, name in zip(paths, names, strict=True) if name)
    if pair:
        first, second = (".".join(path) for path in pair)
        raise Unreadable("twice" if first == second else "inside", line, name=first, other=second)
    found = []
    for line, row in rows:
        tree: dict[str, Any] = {}
        for at, cell in enumerate(row):
            if not cell.strip():
                continue
            if at >= len(names) or not names[at]:
                raise Unreadable("unnamed", line, at + 1, given=cell.strip()[:40])
            try:
                put(tree, list(paths[at]), type(cell)(cell.strip()))
            except NoWay as error:
                raise Unreadable(error.told, line, at + 1, **error.arguments) from None
        if tree:
            found.append(tree)
    return found


def _rows(text: str, divider: str | None, above: int) -> Iterator[tuple[int, list[str]]]:
    """Gives the rows that have any cell filled, each with the number of its first line."""
    divider = divider or _divider(text, above)
    kind = Cell if divider in ";\t" else str
    # A blank after a divider does not make the quotes behind it part of the text.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=divider, strict=True, skipinitialspace=True)
    while True:
        line = reader.line_num + above + 1
        try:
            row = next(reader, None)
        except csv.Error:
            raise Unreadable("cell", line, limit=f"{csv.field_size_limit():,}") from None
        if row is None:
            return
        if any(cell.strip() for cell in row):
            yield line, [kind(cell) for cell in row]


def _divider(text: str, above: int) -> str:
    """Tells by the first row what divides cells; refuses where two signs could."""
    head = re.sub(r'"(?:[^"]|"")*"', "", text.lstrip("\r\n")[:_HEAD])
    found = [sign for sign in ",;\t" if sign in re.split(r"[\r\n]", head, maxsplit=1)[0]]
    if len(found) > 1:
        raise Unreadable("divider", above + 1, signs=" ".join("TAB" if sign == "\t" else sign for sign in found))
    return found[0] if found else ","


def _tabs(text: str) -> list[dict[str, Any]]:
    return _csv(text, "\t")


_READERS: Mapping[str, Callable[[str], Any]] = {".yaml": _yaml, ".yml": _yaml, ".csv": _csv, ".tsv": _tabs}


# -- paths into data -------------------------------------------------------------------------------------------------

_PATH = re.compile(r"[^.\[\]]+|\[\d+\]")


def steps(path: str) -> list[str]:
    """Splits `plan.tasks[2].name` into its steps; a position keeps its brackets."""
    return _PATH.findall(path)


def clash(paths: Iterable[tuple[str, ...]]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Finds two paths of which one is, or holds, what the other sets."""
    there = sorted(paths)
    return next(((a, b) for a, b in pairwise(there) if b[: len(a)] == a), None)


def put(tree: Any, path: list[str], value: Any) -> None:
    """Sets a value deep inside plain data, making contexts and lists on the way; `[n]` counts from 1.

    Raises NoWay where a path leads nowhere: too deep, too far along a list, by name into a list.
    """
    if not 0 < len(path) <= _DEEPEST:
        raise NoWay("long_path", count=len(path), limit=_DEEPEST)
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
            raise NoWay("name_in_list", step=step)
        here.setdefault(step)
        return step
    if not isinstance(here, list):
        raise NoWay("no_list", step=step[:20])
    number = int(step[1:-1]) if len(step) <= len(str(_LONGEST)) + 2 else 0
    if not 0 < number <= _LONGEST:
        raise NoWay("no_item", step=step[:20], limit=_LONGEST)
    here.extend(empty() if empty else None for _ in range(number - len(here)))
    return number - 1

"""Names that are none and titles without quotes: what the author called something, and how it is written here.

As in `causes.py`, the parser tries what is offered. Several words are one name only where none of them says something
of its own: what joins parts of a line, or names something that there is, is no part of a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from charter.dsl.text.causes import NAMES, Mend, Stop, beginnings, declared, put
from charter.dsl.text.tree import Span
from charter.dsl.text.words import spellings, strangers
from charter.engine.names import NAME, compiled

# --- names ----------------------------------------------------------------------------------------

# A number at the beginning of a name, with its unit, which goes to the end.
_LEADING = re.compile(r"(\d+(?:[A-Za-z]+|[个個工作小时時天日周週月年级級次号號期步分钟鐘秒项項条條人元]+)?)_?(.*)")


_QUOTING = "\"'“”‘’「」『』＂"


def slug(written: str, otherwise: str, marks: str = "") -> str:
    """Makes a name of a text: its words joined by `_`, a number at its beginning moved to the end."""
    words = compiled(r"\w+", marks).findall(written)
    moved: list[str] = []
    while words and (match := _LEADING.fullmatch(words[0])):
        moved.append(match[1])
        words[:1] = [match[2]] if match[2] else []
    if moved and not words:
        words = [otherwise]
    return "_".join([*words, *moved])


def _why(written: str, marks: str) -> str:
    if written[0] in _QUOTING:
        return "name_quoted"
    if written[0].isdigit():
        return "name_digit"
    return "name_blank" if compiled(r"[\w ]+", marks).fullmatch(written) else "name_marks"


def names(stop: Stop) -> Iterator[Mend]:
    """Names that are none: with blanks, hyphens, brackets or pictures in them, a digit first, or in quotes."""
    text, place = stop.text, stop.place
    named = [(start, end) for terminal, start, end in stop.read if terminal in NAMES]
    starts = []
    if named and named[-1][1] == stop.read[-1][2] and place < len(text):
        starts.append(named[0][0] if stop.typed else named[-1][0])
    if stop.accepted & NAMES and not (named and named[-1][1] == place):
        starts.append(place)
    for start in dict.fromkeys(starts):
        if start == len(text) or (start == 0 and "NAME" not in stop.opening):
            continue
        for end in _ends(stop, start):
            written = (stop.written or text)[start:end].strip()
            keyword = text[: stop.read[0][2]].strip() if stop.read and start else "n"
            name = slug(written, keyword.split()[0] if keyword else "n", stop.marks)
            if not compiled(NAME, stop.marks).fullmatch(name) or name == written or not _whole(written):
                continue
            if _says_more(stop, start, written):
                continue
            yield from _named(stop, (start, start + len(written)), written, name)


_SMALL = re.compile(r"\s(?:for|about|on|with|to|and|or|then|by|from|in|of)\s")
_BULLET = re.compile(r"[-*•·\[\]\u2610-\u2612□]|\(?\d+[.),](?!\d)")
_PARTS = frozenset(
    {
        "OPTIONAL",
        "DEFAULT",
        "REQUIRED_WHEN",
        "DRAWN",
        "WHERE",
        "EXTERNAL",
        "ABOUT",
        "BY",
        "WITH",
        "FROM",
        "AS",
        "TYPE",
        "IS",
    }
)


def _says_more(stop: Stop, start: int, written: str) -> bool:
    """Says whether several words are no name: one of them says something else, or names what there is."""
    words = compiled(r"\w+", stop.marks).findall(written)
    if written[0] in _QUOTING:
        return written[-1] not in _QUOTING  # a title, and a name behind it
    if '"' in written:
        return True
    declares = bool(stop.read) and stop.read[0][0] in _DECLARING and len(stop.read) <= 2
    if not declares and _BULLET.match(written):
        return True
    if len(words) < 2:
        return False
    if declares and stop.read[0][0] == "APPROVAL" and declared(words[-1], stop.file) & {"RECORD", "OUTPUT"}:
        return True
    if not start or declares:
        if _SMALL.search(written) and declared(words[-1], stop.file):
            return True
        bracketed = re.search(r"[(\[]\s*(\w+)\s*[)\]]$", written)
        if bracketed and declared(bracketed[1], stop.file):
            return True
        ends = {terminal for word in (words[0], words[-1]) for terminal in _terminals().get(word, ())}
        if stop.typed or (stop.read and stop.read[0][0] in ("RECORD", "PARAMETER")):
            ends |= {terminal for word in words[1:] for terminal in _terminals().get(word, ()) if terminal != "TYPE"}
            return bool(ends & _PARTS)
        return bool(ends & (_PARTS - {"TYPE", "EXTERNAL"}))
    return any(declared(word, stop.file) for word in words) and not declared(slug(written, "n", stop.marks), stop.file)


_DECLARING = frozenset(
    {
        "PROCESS",
        "ROLE",
        "ACTIVITY",
        "PHASE",
        "RECORD",
        "MILESTONE",
        "APPROVAL",
        "PARAMETER",
        "KPI",
        "SLA",
        "RULE",
        "LEDGER",
    }
)


@cache
def _terminals() -> Mapping[str, frozenset[str]]:
    """The terminals that a word alone spells."""
    found: dict[str, set[str]] = {}
    for words, terminal, _, _ in spellings():
        found.setdefault(words, set()).add(terminal)
    return {word: frozenset(terminals) for word, terminals in found.items()}


def _whole(written: str) -> bool:
    """Says whether a text may have been meant as one name: no list, and no bracket that is left alone."""
    if re.search(r"[,<>={}|→:、]", written):
        return False
    return all(written.count(a) == written.count(b) for a, b in ("()", "[]", "（）"))


def _named(stop: Stop, span: Span, written: str, name: str) -> Iterator[Mend]:
    """Offers a name with its title, where a title may follow, else the name; of a reference, the name that has it."""
    title = written.strip(_QUOTING)
    cause = _why(written, stop.marks)
    rest = stop.text[span[1] :].lstrip()
    if rest[:1] == '"':
        yield put(stop, cause, span, name, name=name)
        return
    other = re.search(rf"(?i)(?<!\w){re.escape(name)}(?!\w)", stop.file)
    if other is not None and other[0] != name and stop.text[: span[0]].strip():
        yield put(stop, cause, span, f'{other[0]} "{title}"', name=other[0])
    titled_so = re.search(rf'(?m)^ *\w+[ \t]+({NAME})[ \t]+"{re.escape(title)}"', stop.file)
    if titled_so is not None and titled_so[1] != name:
        yield put(stop, cause, span, titled_so[1], name=titled_so[1])
    if cause == "name_blank" and "COMMA" in stop.accepted and not re.search(rf"\b{re.escape(name)}\b", stop.file):
        words = written.split()
        if all(declared(word, stop.file) for word in words):
            yield put(stop, "commas", span, ", ".join(words), name=name)
    if stop.typed:
        typed = re.match(r"(?:list of |列表 )*\w+(?=\s|$)", rest)
        if typed:
            titled = f'{name} {typed.group()} "{title}"'
            yield put(stop, cause, (span[0], stop.text.index(typed.group(), span[1]) + typed.end()), titled, name=name)
    else:
        yield put(stop, cause, span, f'{name} "{title}"', name=name)
    yield put(stop, cause, span, name, name=name)


def _ends(stop: Stop, start: int) -> Iterator[int]:
    """The places where a name that begins at `start` may end: before a keyword, a title, a comma; the line's end."""
    if stop.text[start] in "\"'":
        match = re.compile(r"([\"'])[^\"']*\1").match(stop.text, start)
        if match:
            yield match.end()
        return
    words = beginnings()
    for match in re.compile(r'\s+|(?=["=])|(?=,)').finditer(stop.text, start):
        rest = stop.text[match.end() :]
        if match.end() < stop.place or not rest:
            continue
        first = re.match(r"\w+", rest)
        if rest[0] in '",=' or (first and first.group() in words):
            yield match.start()
    if not stop.typed:
        yield len(stop.text)


# --- titles, texts --------------------------------------------------------------------------------


def titles(stop: Stop) -> Iterator[Mend]:
    """A title without quotes: words that begin with a capital, or Chinese ones, behind a name."""
    if "STRING" in stop.opening and '"' not in stop.text and not _BULLET.match(stop.text):
        yield put(stop, "quote", (0, len(stop.text)), f'"{stop.text}"')
    if "STRING" not in stop.accepted or not stop.rest or stop.rest[0] in "\"'`‘“«" or stop.place == 0:
        return
    behind_name = bool(stop.read) and stop.read[-1][0] in NAMES
    free = stop.accepted <= {"STRING"}  # nothing else could have stood here
    if stop.read and stop.read[-1][0] in ("CHOICE", "BAR") and not compiled(r"\w+", stop.marks).fullmatch(stop.rest):
        return  # several values, which `kinds.py` tells apart
    if not free and (stop.text[stop.place - 1] != " " or not (stop.rest[0].isupper() or stop.rest[0] >= "\u2e80")):
        return
    if not behind_name and stop.accepted & {*NAMES, "ID"}:
        return
    if not free and strangers().get(stop.rest.split()[0]):
        return
    for end in (*_ends(stop, stop.place), len(stop.text)):
        written = stop.text[stop.place : end].strip()
        if '"' not in written and not declared(written, stop.file):
            yield put(stop, "quote", (stop.place, stop.place + len(written)), f'"{written}"', safe=free)

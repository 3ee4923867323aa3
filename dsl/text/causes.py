"""What people write where a line stops making sense, by its cause: names, marks and words from elsewhere, and the mend.

Each function knows one kind of cause. It looks at a line and at the place where reading stopped, and offers the line
as it was perhaps meant. Whether that can be read is the parser's to try, so that no mend is told that mends nothing.
What is said of a cause stands in the message tables under its name. Knows nothing of blocks and of trees.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from msgspec import Struct, field

from charter.dsl.text.tree import Span
from charter.dsl.text.words import Language, meant, spelled, spellings, terminal_of
from charter.engine.names import NAME, compiled

NAMES = frozenset({"NAME", "PATH", "KEY", "POINT", "SUBJECT"})
# Causes that run through a whole file: the first place is told, and its mend is for all.
EVERYWHERE = frozenset({"braces", "line_end"})


class Stop(Struct, frozen=True):
    """A line (`text`, `file` the text without it), read up to `place`; `accepted` could have stood there.

    `read` are the lexemes before it, by terminal and place; `opening` is what a line could have begun with here.
    """

    text: str
    place: int
    accepted: frozenset[str]
    opening: frozenset[str]
    read: tuple[tuple[str, int, int], ...]
    language: Language
    file: str
    marks: str = ""
    written: str = ""  # the line as it is in the file, where full-width marks are not yet their twins
    above: str = ""  # the line whose block this one stands in
    before: frozenset[str] = frozenset()  # what could have stood in the place of the last lexeme that was read

    @property
    def rest(self) -> str:
        return self.text[self.place :]

    @property
    def typed(self) -> bool:
        """Whether the line declares something that has a type."""
        return any(terminal in ("TYPE", "CHOICE", "LIST_OF") for terminal, _, _ in self.read) or bool(
            self.accepted & {"TYPE", "OPTIONAL"}
        )


class Mend(Struct, frozen=True):
    """The line as it was perhaps meant; `span` is what is wrong in the line as it was written.

    `more` are the lines that go below it. `rank` 0 is a cause that is known; of another rank, a mend is told where it
    is the only one of its rank and none of a lower rank is right.
    """

    cause: str
    span: Span
    line: str
    safe: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)
    more: tuple[str, ...] = ()
    rank: int = 0


def put(stop: Stop, cause: str, span: Span, text: str, *, safe: bool = False, **arguments: Any) -> Mend:
    """Makes a mend that puts `text` in the place of `span`, without leaving two blanks or one at the end."""
    before, after = stop.text[: span[0]], stop.text[span[1] :]
    if not text or text[0] in ",":
        before = before.rstrip()
        text += " " if not text and before and after and after[0] not in " ,(" else ""
    line = (before + text + after).rstrip()
    written = (stop.written or stop.text)[slice(*span)].strip()
    span = (span[0], max(span[0] + 1, span[0] + len(stop.text[slice(*span)].rstrip())))
    return Mend(cause, span, line, safe, {"written": written, "instead": text.strip(), **arguments})


# --- files of another kind ------------------------------------------------------------------------

_FOREIGN = (
    ("json", r"[\[{]"),
    ("xml", r"<[?!/\w]"),
    ("yaml", r"---$|- \w|(?P<word>[\w-]+):(?:\s|$)"),
    ("diagram", r"@start|(?:graph|flowchart)\s+(?:TD|TB|LR|RL|BT)\b|digraph\b|(?:sequence|state)Diagram\b|bpmn\b"),
    (
        "program",
        r"(?:import\b(?!\s*\")|package|public|#include|using|const|function|CREATE|SELECT|INSERT)\b.*"
        r"|(?:class|def)\b.*[:({]$",
    ),
)


def foreign(line: str) -> str | None:
    """Says what a file is whose first line no process file can begin with; None when it may be one."""
    for kind, pattern in _FOREIGN:
        match = re.match(pattern, line)
        if match is not None:
            word = match.groupdict().get("word")
            return None if word is not None and word in beginnings() else kind
    return None


# --- marks ----------------------------------------------------------------------------------------

# cause, what is written at the place, what stands there instead, whether nothing else can have been meant
_HABITS: tuple[tuple[str, str, str, bool], ...] = (
    ("comment", r"(?://+|--+|<!--|/\*+|%+|rem\b|REM\b)\s*(?P<said>.*?)\s*(?:\*/|-->)?$", r"# \g<said>", True),
    ("line_end", r"[;.]+$", "", True),
    ("braces", r"\{$", "", True),
    ("braces", r"\}$", "", True),
    ("block_end", r"(?:end|END|End|endif|fi|esac|结束|結束)(?:\s+\w+)?$", "", False),
    ("block_word", r"(?:then|begin|do|is|has|开始|開始)$", "", False),
    ("default", r"(?:DEFAULT|:=)\s*(?P<said>\S.*)$", r"{DEFAULT} \g<said>", True),
    ("no_mark", r"(?::=|==?>|[-=]+>|→|[:=,|]|->)\s*(?=\S)", "", True),
    ("no_mark", r"(?<!.)(?:[-*•·]\s*\[[ xX]?\]|[-*•·]|\[[ xX]?\]|[\u2610-\u2612□])\s*(?=\w)", "", True),
    ("no_mark", r"(?<!.)\(?\d+[.),]\s*(?=[^\W\d])", "", True),
    ("equals", r"(?::=|==|:|is\b|为|是|設為)\s*", "= ", True),
    ("no_mark", r"(?::=|==?>|[-=]+>|→|[:=,]|->)$", "", True),
    ("quotes", r"(?P<open>['‘’`´«‹„])(?P<said>[^'‘’`´«»‹›„“\"]+)['‘’`´»›“]", r'"\g<said>"', True),
    ("commas", r"(?:and|or|&|\+|;|/|\||与|和|及|或|與)(?=\W|(?<=[^a-z]))\s*", ", ", False),
    (
        "required",
        r"\(?(?:not null|NOT NULL|!|\*|required|mandatory|obligatory|必填|必须|必須|必选|必選)\)?(?!\w)",
        "",
        True,
    ),
    ("optional", r"\(\s*(?:optional|可选|可選|选填|選填)\s*\)", " {OPTIONAL}", True),
    ("optional", r"(?:nullable|NULL|null|\?|可空|可选|選填|选填)", " {OPTIONAL}", True),
    ("at_least", r"(?:>(?!=)|=>|=|:|≧|at least|min\w*|不低于|不低於)\s*(?=\d)", ">= ", False),
    ("attribute", r"\(?(?:unique|primary key|indexed|read-?only|hidden|唯一|主键|只读|主鍵)\)?$", "", False),
    ("article", r"(?:the|a|an)\s+(?=\w)", "", False),
)


_PARTING = re.compile(r"(?:[,|=→]|[-=]+>)(?!$)")
# What a habit's mend needs: one of these could have stood at the place.
_NEEDED = {
    "at_least": "GE",
    "attribute": "OPTIONAL",
    "default": "DEFAULT",
    "required": "OPTIONAL",
    "optional": "OPTIONAL",
    "commas": "COMMA",
    "equals": "EQUALS",
}


def habits(stop: Stop) -> Iterator[Mend]:
    """Marks and small words that other notations want and this one does not."""
    for cause, pattern, instead, safe in _HABITS:
        match = re.compile(pattern).match(stop.text, stop.place)
        if match is None or not {_NEEDED.get(cause, "")} <= stop.accepted | {""}:
            continue
        behind_name = bool(stop.read) and stop.read[-1][0] in NAMES
        if behind_name != (cause == "commas") and (cause == "commas" or _PARTING.match(stop.text, stop.place)):
            continue  # what parts two names is no mark too many
        text = match.expand(instead) if "\\" in instead else instead
        for key in ("OPTIONAL", "DEFAULT"):
            text = text.replace("{" + key + "}", spelled(key, stop.language))
        yield put(stop, cause, match.span(), text, safe=safe)


def unbraced(block: str) -> Iterator[Span]:
    """What is to be taken out of a block in braces: the braces, with their line where they are all of it, and `;`."""
    for match in re.finditer(
        r"(?m)^[ \t]*[{}];?[ \t]*\r?\n|\r?\n[ \t]*[{}];?[ \t]*(?=\r?$)|[ \t]*[{;]+[ \t]*(?=\r?$)", block
    ):
        if match.end() > match.start():
            yield match.span()


def dangling(stop: Stop) -> Iterator[Mend]:
    """A comma, or a word that joins, with nothing behind it."""
    match = re.compile(r"\s*(?:,|\||&|\+|\band|\bor|和|与|及)$").search(stop.text)
    if match and stop.place == len(stop.text):
        yield put(stop, "dangling", (match.end() - len(match.group().strip()), match.end()), "")


def brackets(stop: Stop) -> Iterator[Mend]:
    """Names in brackets: `input [a, b]`, `role(clerk)`, `<name>`."""
    match = re.compile(r"[\[(<{]\s*([^\[\](){}<>]*?)\s*[\])>}]").match(stop.text, stop.place)
    if match and match[1] and not stop.typed:
        before = "" if stop.text[: stop.place].endswith(" ") else " "
        yield put(stop, "brackets", match.span(), before + match[1], safe=True)


# --- what there is ---------------------------------------------------------------------------------


def declared(name: str, file: str) -> frozenset[str]:
    """Gives the kinds of things that a file declares by a name."""
    at = rf"[ :]+{re.escape(name)}(?!\w)"
    kinds = ("ROLE", "RECORD", "OUTPUT", *_ELEMENTS)
    return frozenset(kind for kind in kinds if re.search(rf"(?m)^ *(?:{_spellings(kind)}){at}", file))


@cache
def beginnings() -> frozenset[str]:
    return frozenset(words.split()[0] for words, _, _, _ in spellings()) | frozenset(
        word.split()[0] for words in (meant("types").keys(),) for word in words
    )


# --- words ----------------------------------------------------------------------------------------


# What a word is followed by: one that names something else is not meant.
_ELEMENTS = ("ACTIVITY", "APPROVAL", "PHASE", "MILESTONE")
_FOLLOWED: Mapping[str, tuple[str, ...]] = {
    "INPUT": ("RECORD", "OUTPUT"),
    "OUTPUT": ("RECORD",),
    "ABOUT": ("RECORD", "OUTPUT"),
    "AFTER": _ELEMENTS,
    "ALONGSIDE": _ELEMENTS,
    "DONE_BY": ("ROLE",),
    "BY": ("ROLE",),
}


def _fits(terminal: str, name: str, file: str) -> bool:
    """Says whether a word can be followed by a name, as far as its declaration tells."""
    kinds = _FOLLOWED.get(terminal)
    if kinds is None or not name:
        return True
    known = declared(name, file)
    return not known or not known.isdisjoint(kinds)


@cache
def _spellings(kind: str) -> str:
    return "|".join(re.escape(words) for words, terminal, _, _ in spellings() if terminal == kind)


def words(stop: Stop) -> Iterator[Mend]:
    """Words that mean in another notation what a word of this language means."""
    for place, accepted in ((stop.place, stop.accepted), (0, stop.opening)):
        match = compiled(r"[\w-]+(?:\s+[\w-]+){0,3}", stop.marks).match(stop.text, place)
        if match is None:
            continue
        said = re.split(r"(\s+)", match.group())
        for count in range(len(said), 0, -2):
            written = "".join(said[:count])
            for key in meant("lines").get(" ".join(written.lower().split()), ()):
                terminal = terminal_of(key)
                if terminal == "WHEN" and "ENTER_WHEN" in accepted and _PHASE.match(stop.above):
                    key = terminal = "ENTER_WHEN"
                if terminal in accepted and _fits(terminal, _next(stop, place + len(written)), stop.file):
                    span = (place, place + len(written))
                    # a Chinese word in a file that is mostly English is meant in Chinese
                    chinese = stop.language == "en" and not written.isascii()
                    meaning = spelled(key, "zh-Hans" if chinese else stop.language)
                    yield put(stop, "word", span, meaning, guess=meaning)
        if place == 0:
            return


_PHASE = re.compile(rf" *(?:{_spellings('PHASE')})(?!\w)")


def _next(stop: Stop, place: int) -> str:
    """The name that follows a place of the line; empty where something else does."""
    match = compiled(rf"[ :]*({NAME})", stop.marks).match(stop.text, place)
    return match[1] if match else ""

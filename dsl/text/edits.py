"""Edits of a word or two with which a line that nobody foresaw may be read: a word too many, missing, or out of place.

They are the last that is offered, and of equal rank where they are equally small: which of them is told, and whether
any, depends on what the whole check says of each. No edit takes away or adds what the author alone can know: a name
that is declared, a text, a number, a word that turns the meaning round.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from charter.dsl.text.causes import Mend, Stop, declared, put
from charter.dsl.text.words import spelled, spellings

# Words that say how the parts of a line belong together; other keywords say something of their own.
_JOINING = (
    *("ABOUT", "OF", "BY", "WITH", "EQUALS", "COMMA", "RETURN_TO", "CANCEL", "BECAUSE", "FROM", "AS"),
    *("IN", "TO", "IS", "DONE_BY", "INPUT", "OUTPUT", "AFTER", "WHERE", "CHECK_BY", "TAKEN_FROM", "RETRY_OVER"),
    *("TIMES", "REJECTS", "ESCALATE_TO", "OF_DONE", "PART_OF", "DASH", "BAR", "GE", "LATER", "EXPECT", "BECAUSE_CODE"),
)
_MARKS = {"EQUALS": "=", "COMMA": ",", "DASH": "-", "BAR": "|", "GE": ">="}
# What turns a line into its contrary may not be taken away.
_TURNING = re.compile(
    r"(?i)(?:no|not|none|never|without|unless|except|skip|excluding|neither|nor|cannot|can't|other|un\w+"
    r"|.*[不非无無未没沒勿免除].*)$"
)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\w+|[^\w\s]')
_LONGEST = 16  # words of a line in which edits are tried
_MOVED = 3  # how far from where reading stopped a word is moved


def edits(stop: Stop) -> Iterator[Mend]:
    """Offers the line with a word or two changed around the place where reading stopped, the smallest edits first."""
    if stop.typed and stop.place == 0:
        return
    tokens = [match.span() for match in _TOKEN.finditer(stop.text)]
    if len(tokens) > _LONGEST:
        return
    here = next((number for number, (_, end) in enumerate(tokens) if end > stop.place), len(tokens))
    for edit in (_begun, _moved, _below, _parted, _quoted, _inserted, _replaced, _deleted):
        yield from edit(stop, tokens, here)


Spans = list[tuple[int, int]]


def _joining(stop: Stop) -> Iterator[tuple[str, str]]:
    for terminal in _JOINING:
        if terminal in _MARKS:
            yield terminal, _MARKS[terminal]
        elif terminal in _SPELLED:
            yield terminal, spelled(terminal, stop.language)


_SPELLED = frozenset(terminal for _, terminal, _, _ in spellings())


def _inserted(stop: Stop, tokens: Spans, here: int) -> Iterator[Mend]:
    for number in (here, here - 1):
        if not 0 < number <= len(tokens):  # what a line is, its first word says
            continue
        place = tokens[number][0] if number < len(tokens) else len(stop.text)
        for terminal, word in _joining(stop):
            if terminal not in _accepted(stop, number, here) or word in (stop.text[:place].split() or [""])[-1:]:
                continue
            if terminal in ("INPUT", "OUTPUT", "AFTER") and "ABOUT" in stop.accepted and stop.read[0][0] == "APPROVAL":
                continue  # what is approved comes first
            text = f"{word} " if number < len(tokens) else f" {word}"
            yield _edit(stop, "lacking", (place, place), text, 1, instead=word)


def _replaced(stop: Stop, tokens: Spans, here: int) -> Iterator[Mend]:
    for first, last, rank in ((here, here, 1), (here - 1, here - 1, 1), (here - 1, here, 2), (here, here + 1, 2)):
        if not 0 < first <= last < len(tokens) or not all(_idle(stop, tokens[n]) for n in range(first, last + 1)):
            continue
        span = (tokens[first][0], tokens[last][1])
        for terminal, word in _joining(stop):
            if terminal not in _accepted(stop, first, here):
                continue
            before = " " if span[0] and stop.text[span[0] - 1] != " " else ""
            behind = " " if stop.text[span[1] : span[1] + 1].strip() else ""
            yield _edit(stop, "word", span, f"{before}{word}{behind}", rank, guess=word)


def _accepted(stop: Stop, number: int, here: int) -> frozenset[str]:
    """What could have stood in the place of a word."""
    return stop.accepted if number == here else stop.before


def _deleted(stop: Stop, tokens: Spans, here: int) -> Iterator[Mend]:
    for first, last in (
        *((n, n) for n in (here, here - 1, here + 1, here - 2)),
        *((n, n + 1) for n in (here - 2, here - 1, here, here + 1)),
    ):
        if not 0 <= first <= last < len(tokens) or not all(_idle(stop, tokens[n]) for n in range(first, last + 1)):
            continue
        if last - first + 1 < len(tokens):
            yield _edit(stop, "no_mark", (tokens[first][0], tokens[last][1]), "", 1 + last - first)


def _moved(stop: Stop, tokens: Spans, here: int) -> Iterator[Mend]:
    words = [stop.text[start:end] for start, end in tokens]
    for number in (here - 1, here, here + 1):
        if not 0 <= number < len(tokens):
            continue
        rest = words[:number] + words[number + 1 :]
        for to in range(max(0, number - _MOVED), min(len(rest), number + _MOVED) + 1):
            if to != number:
                line = " ".join([*rest[:to], words[number], *rest[to:]])
                line = re.sub(r" (?=[,)\]])|(?<=[(\[]) ", "", line)
                yield _line(stop, "out_of_place", tokens[number], line, 1)


def _parted(stop: Stop, tokens: Spans, here: int) -> Iterator[Mend]:
    """A line that is two: the rest begins with a word that a line here begins with."""
    for number in (here, here - 1, here + 1):
        if not 0 < number < len(tokens):
            continue
        start = tokens[number][0]
        if any(terminal in stop.opening and _begins(stop.text[start:], words) for words, terminal, _, _ in spellings()):
            line = stop.text[:start].rstrip(" ,;")
            shown = {"written": stop.text[start:], "instead": line}
            span = (start, len(stop.text))
            yield Mend("two_lines", span, line, arguments=shown, more=(stop.text[start:],), rank=1)


def _quoted(stop: Stop, tokens: Spans, here: int) -> Iterator[Mend]:
    """A text without quotes, where nothing but a text could stand."""
    if here >= len(tokens) or not stop.accepted <= {"STRING"}:
        return
    start = tokens[here][0]
    for end in (len(stop.text), *(end for _, end in tokens[here:])):
        written = stop.text[start:end]
        if '"' not in written:
            yield _edit(stop, "quote", (start, end), f'"{written}"', 1)


# Words that begin lines of one meaning, each in another place.
_SIBLINGS = (
    frozenset({"DONE_BY", "BY", "CHECK_BY"}),
    frozenset({"ABOUT", "INPUT"}),
    frozenset({"WITHIN", "LATER"}),
    frozenset({"WHEN", "ENTER_WHEN"}),
    frozenset({"SEPARATE", "SEPARATE_FROM"}),
    frozenset({"SAME", "SAME_AS"}),
    frozenset({"WAIT", "LATER"}),
)


def _begins(text: str, words: str) -> bool:
    """Whether a text begins with these words, whole."""
    after = text[len(words) : len(words) + 1]
    return text.startswith(words) and not (after.isalnum() or after == "_")


def _begun(stop: Stop, tokens: Spans, here: int) -> Iterator[Mend]:
    """A line that begins with a word of another place, or with half of one."""
    for words, terminal, _, _ in spellings():
        if not _begins(stop.text, words):
            continue
        for other in {name for same in _SIBLINGS if terminal in same for name in same - {terminal}} & stop.opening:
            meaning = spelled(other, stop.language)
            yield _edit(stop, "word", (0, len(words)), meaning, 1, guess=meaning)
    first = stop.text[slice(*tokens[0])]
    for words, terminal, _, language in spellings():
        opened = words.startswith(f"{first} ") and language == stop.language
        if terminal in stop.opening and (opened or words.endswith(f" {first}")):
            yield _edit(stop, "word", tokens[0], words, 1, guess=words)


_HEADERS = frozenset(
    {"RECORD", "CHECKLIST", "PROCESS", "PHASE", "ROLE", "KPI", "RULE", "CALENDAR", "SCENARIO", "DECISION"}
)


_LINKING = frozenset({"with", "has", "having", "contains", "includes", "of", "包含", "包括", "含", "有"})


def _below(stop: Stop, tokens: Spans, here: int) -> Iterator[Mend]:
    """The first line of a block, written behind its header."""
    opens = {terminal for words, terminal, _, _ in spellings() if _begins(stop.text, words)}
    for number in (here, here - 1) if opens & _HEADERS else ():
        if 0 < number < len(tokens):
            start = tokens[number][0]
            line = stop.text[:start].rstrip(" ,;:({")
            if (
                number + 1 < len(tokens)
                and _idle(stop, tokens[number])
                and stop.text[slice(*tokens[number])] in _LINKING
            ):
                start = tokens[number + 1][0]
            rest = stop.text[start:].strip(" ,;:(){}")
            yield Mend("below", (start, len(stop.text)), line, arguments={"written": rest}, more=(f"  {rest}",), rank=1)


def _idle(stop: Stop, span: tuple[int, int]) -> bool:
    """Whether a word may be taken away: it says nothing that the author alone can know."""
    word = stop.text[slice(*span)]
    if word[0] == '"' or word[0].isdigit() or _TURNING.match(word):
        return False
    return (word not in _meaning() or not span[0]) and not declared(word, stop.file)


@cache
def _meaning() -> frozenset[str]:
    """Keywords that say something by themselves."""
    telling = {"OPTIONAL", "EXTERNAL", "OPEN", "OTHER", "TYPE", "CHOICE", "LIST_OF", "FILE", "ANY_OF", "ALL_OF", "THEN"}
    return frozenset(words for words, terminal, _, _ in spellings() if terminal in telling)


def _edit(stop: Stop, cause: str, span: tuple[int, int], text: str, rank: int, **arguments: str) -> Mend:
    mend = put(stop, cause, span, text, safe=False, **arguments)
    return _line(stop, cause, mend.span, mend.line, rank, **mend.arguments)


def _line(stop: Stop, cause: str, span: tuple[int, int], line: str, rank: int, **arguments: str) -> Mend:
    shown = {"written": stop.text[slice(*span)].strip(), "instead": line, **arguments, "line": line}
    return Mend(cause, span, line, arguments=shown, rank=rank)

"""What to say of a line that the grammar cannot read: which code, what was found, what could stand there, a guess.

Knows the words of the language and what the parser could have taken; knows nothing of blocks or of trees. What could
stand there is told in the language that the file is written in; words that people bring from elsewhere and that have
no twin here (`required`, `gateway`, …) get a hint instead of a list.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

from charter.dsl.diagnostic import Diagnostic, Fix
from charter.dsl.text import causes, kinds, naming, turns
from charter.dsl.text.causes import Mend, Stop
from charter.dsl.text.words import Language, language_of, meant, spellings, strangers
from charter.engine.names import NAME, compiled, marks

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"?')
_FOUND = r'(?s)"(?:[^"\\]|\\.)*"?|\w+(?:[.\-]\w+)*|.'

# Terminals that are not words, by the key of the phrase that names them in the message tables.
_SHAPES: Mapping[str, str] = {
    "NAME": "a_name",
    "PATH": "a_name",
    "KEY": "a_name",
    "POINT": "a_name",
    "SUBJECT": "a_name",
    "STRING": "a_quoted_text",
    "INT": "a_number",
    "WORD": "a_word",
    "ID": "a_clause_id",
    "CLOCK": "a_time_of_day",
    "DATE": "a_date",
    "EXPR": "an_expression",
    "ITEMS": "an_expression",
    "PERIOD": "an_expression",
    "CYCLE": "an_expression",
    "AGREED": "an_expression",
    "AMOUNT": "an_expression",
    "RANK": "an_expression",
    "SHARE": "a_share",
    "COUNT": "an_expression",
    "COND": "an_expression",
    "FILLED": "an_expression",
    "VALUE": "an_expression",
    "LEAD": "an_expression",
    "GROUND": "an_expression",
    "ASKED": "an_expression",
    "POOLED": "an_expression",
    "TRIGGER": "an_expression",
    "TYPE": "a_type",
    "WEEKDAY": "a_weekday",
    "WEEKDAYS": "a_weekday",
    "STATE": "a_state",
    "VERDICT": "a_verdict",
    "CLOSED_PERIOD": "a_period",
    "NL": "end_of_line",
}
_MARKS: Mapping[str, str] = {"COMMA": ",", "EQUALS": "=", "BAR": "|", "GE": ">=", "DASH": "-"}
# hint -> where it helps: one of these could have stood there
STRANGE: Mapping[str, frozenset[str]] = {
    "required": frozenset({"OPTIONAL"}),
    "granted": frozenset({"REJECT"}),
    "following": frozenset({"AFTER"}),
    "later": frozenset({"ACTIVITY", "PROCESS", "ZONE"}),
    "branch": frozenset({"WHEN", "ACTIVITY"}),
    "several": frozenset({"THEN"}),
    "about": frozenset({"GOAL", "SOURCE"}),
    "comparison": frozenset({"WHERE"}),
    "choices": frozenset({"BAR"}),
    "loop": frozenset({"FOR_EACH"}),
    "parallel": frozenset({"AFTER", "ACTIVITY"}),
    "rhythm": frozenset({"REPEAT_EVERY"}),
    "automatic": frozenset({"CALL"}),
    "multiple": frozenset({"LIST_OF"}),
}
_VERBS = frozenset({"DO", "HAND_OVER", "SEND_BACK", "CONFIRM", "COMMENT", "ATTACH"})
_SHOWN = 8
# What is met most where much may stand, the likeliest first.
_COMMON = (
    *("PROCESS", "ROLE", "DONE_BY", "RECORD", "INPUT", "OUTPUT", "ACTIVITY", "APPROVAL", "PHASE"),
    *("AFTER", "WHEN", "WITHIN", "BY", "ABOUT", "SCENARIO", "USE", "KPI", "FORMULA", "TARGET", "CASE", "EXPECT"),
)


# How like a word must be to be guessed where the line reads with it, and where it does not.
_LIKE, _ALIKE = 0.65, 0.8


def mends(stop: Stop) -> Iterator[Mend]:
    """Offers a line as it was perhaps meant, the likeliest first; each differs from what was written."""
    for cause in _CAUSES:
        for mend in cause(stop):
            if mend.line != stop.text:
                yield mend


def _halved(stop: Stop) -> Iterator[Mend]:
    """Words of which the first are right: the last is wrong, or missing."""
    if not (match := compiled(NAME, stop.marks).match(stop.text, stop.place)):
        return
    for words, terminal, _, language in spellings():
        first, _, more = words.partition(" ")
        if not more or terminal not in stop.accepted or language != stop.language or first != match.group():
            continue
        wrong = compiled(rf"\s+({NAME})(?=\s|$)", stop.marks).match(stop.text, match.end())
        if wrong:
            yield causes.put(stop, "word", wrong.span(1), more, guess=more)
        yield causes.put(stop, "word", match.span(), words, guess=words)


def _verbs(stop: Stop) -> Iterator[Mend]:
    """A noun for the verb of a step: `li approval decide`."""
    match = compiled(NAME, stop.marks).match(stop.text, stop.place)
    if match is None or not stop.accepted & _VERBS:
        return
    for words, terminal, _, language in spellings():
        if terminal in _VERBS and language == stop.language and _same(words, match.group().lower()) >= 5:
            yield causes.put(stop, "word", match.span(), words, guess=words)


def _spelling(stop: Stop) -> Iterator[Mend]:
    """Words that resemble one which may stand there: where reading stopped, and at the line's beginning."""
    for place, accepted in ((stop.place, stop.accepted), (0, stop.opening)):
        match = compiled(NAME, stop.marks).match(stop.text, place)
        guess = nearest(match.group(), accepted) if match else None
        if match is not None and guess is not None and not _known(match.group(), place):
            rest = re.compile("".join(rf"\s+{re.escape(word)}(?!\w)" for word in guess.split()[1:]))
            more = rest.match(stop.text, match.end())
            span = (place, more.end() if more else match.end())
            yield causes.put(stop, "", span, guess, guess=guess)
        if place == 0:
            return


_CAUSES = (
    *(
        turns.behaviour,
        turns.numbered,
        turns.performer,
        turns.provenance,
        turns.spans,
        turns.doing,
        turns.stages,
        turns.over,
        turns.single,
        turns.expected,
        turns.unit,
        turns.holder,
        turns.arguments,
        turns.whole,
        turns.titled,
        turns.fields,
        turns.days,
        turns.hours,
        turns.dates,
    ),
    *(_halved, _verbs, causes.habits, causes.dangling, causes.brackets, kinds.types, causes.words),
    *(_spelling, naming.titles, naming.names),
)


def mended(
    mend: Mend, start: int, before: str, line: str, accepted: Collection[str], language: Language, indent: int
) -> Diagnostic:
    """Says what is wrong with the line `before` at `start`, which stands `indent` deep and reads as `line`."""
    line = "\n".join((line, *(" " * indent + more for more in mend.more)))
    same = _same(before, line)
    end = min(_same(before[::-1], line[::-1]), len(before) - same, len(line) - same)
    # A fix is of whole words.
    while same and _word(before[same - 1]) and (_word(before[same : same + 1]) or _word(line[same : same + 1])):
        same -= 1
    while end and _word(before[-end]) and (_word(before[-end - 1 : -end]) or _word(line[-end - 1 : -end])):
        end -= 1
    span = (start + mend.span[0], start + max(mend.span[1], mend.span[0] + 1))
    arguments = {"found": before[slice(*mend.span)], "expected": expectation(accepted, language), **mend.arguments}
    if mend.cause:
        arguments["hint"] = mend.cause
    fix = Fix.at((start + same, start + len(before) - end), line[same : len(line) - end], safe=mend.safe)
    return Diagnostic("CH112" if mend.span[0] else "CH114", span, arguments, fix)


def _word(character: str) -> bool:
    return f"_{character}".isidentifier() and character != ""


def _known(word: str, place: int) -> bool:
    """Says whether people mean something by a word, so that it is no slip of the pen."""
    if word in strangers() or word in meant("lines"):
        return True
    return not place and any(words == word or words.startswith(f"{word} ") for words, _, _, _ in spellings())


def _same(one: str, other: str) -> int:
    """How many characters two texts have in common at their beginning."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _two(words: str) -> str:
    """The first two words of a spelling: one alone may be a name."""
    return " ".join(words.split()[:2])


def complaint(text: str, start: int, stop: int, place: int, accepted: Collection[str]) -> Diagnostic:
    """Says what is wrong at `place` of the logical line `start`..`stop`, where `accepted` could have stood."""
    language = language_of(text)
    expected = expectation(accepted, language)
    if place >= stop:
        return Diagnostic("CH113", (stop, stop), {"expected": expected})
    match = compiled(_FOUND, marks(text)).match(text, place, stop)
    found = match.group() if match else text[place]
    span = (place, place + len(found))
    arguments: dict[str, Any] = {"found": found, "expected": expected}
    code = "CH114" if place == start else "CH112"
    hint = next((h for h in strangers().get(found.lower(), ()) if not STRANGE[h].isdisjoint(accepted)), None)
    if hint is not None:
        return Diagnostic(code, span, {**arguments, "hint": hint})
    line = " ".join(text[place:stop].split())
    if place == start and any(f"{line} ".startswith(f"{_two(words)} ") for words, _, _, _ in spellings()):
        return Diagnostic("CH115", span, arguments)
    guess = nearest(found, accepted, _ALIKE)
    if guess is not None:
        return Diagnostic(code, span, {**arguments, "guess": guess}, Fix.at(span, guess))
    return Diagnostic(code, span, arguments)


def expectation(accepted: Collection[str], language: Language) -> tuple[str, ...]:
    """Lists what could stand at a place: words as they are written, and `@key` for a phrase of the message tables.

    Words come likeliest first, then in the order of the keyword tables; of many, those are listed that are met most.
    """
    listed: dict[str, None] = {}
    for name in sorted(accepted):
        if name in _SHAPES:
            listed[f"@{_SHAPES[name]}"] = None
        elif name in _MARKS:
            listed[_MARKS[name]] = None
    if _VERBS & set(accepted):
        listed["@a_verb"] = None
    spelled: dict[str, str] = {}
    for words, terminal, _, row in spellings():
        if row == language and terminal in accepted and terminal not in _VERBS | {"TYPE", "WEEKDAY", "STATE"}:
            spelled.setdefault(terminal, words)
    common = [name for name in _COMMON if name in spelled]
    shown = [spelled[name] for name in dict.fromkeys((*common, *spelled))]
    more = len(shown) > _SHOWN
    return (*listed, *shown[:_SHOWN], "…") if more else (*listed, *shown)


def nearest(found: str, accepted: Collection[str], least: float = _LIKE) -> str | None:
    """Finds the word that may stand here and that `found` resembles most."""
    best, score = None, 0.0
    if not compiled(NAME).match(found):
        return None
    for words, terminal, _, _ in spellings():
        if terminal in accepted and terminal != "STATE" and words != found:
            likeness = _likeness(found.lower(), words.lower())
            if likeness > score:
                best, score = words, likeness
    return best if score >= least else None


@lru_cache(maxsize=4096)
def _likeness(found: str, words: str) -> float:
    if abs(len(found) - len(words)) > 3 or (len(found) < 3 and not found.isascii()):
        return 0.0  # every other Chinese word of two characters shares one with a keyword
    if not found.isascii() and len(words) == len(found) > 1:
        return sum(a == b for a, b in zip(found, words, strict=True)) / len(words) + 0.2
    return SequenceMatcher(None, found, words).ratio()

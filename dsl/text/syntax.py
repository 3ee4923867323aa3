"""What to say of a line that the grammar cannot read: which code, what was found, what could stand there, a guess.

Knows the words of the language and what the parser could have taken; knows nothing of blocks or of trees. What could
stand there is told in the language that the file is written in; words that people bring from elsewhere and that have
no twin here (`required`, `gateway`, …) get a hint instead of a list.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import SequenceMatcher
from typing import Any

from msgspec import Struct, field

from charter.dsl.diagnostic import Fix
from charter.dsl.text.tree import Span
from charter.dsl.text.words import Language, language_of, spellings, strangers
from charter.engine.names import NAME, compiled, marks

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"?')
_FOUND = r'(?s)"(?:[^"\\]|\\.)*"?|\w+(?:[.\-]\w+)*|.'

# Terminals that are not words, by the key of the phrase that names them in the message tables.
_SHAPES: Mapping[str, str] = {
    "NAME": "a_name",
    "PATH": "a_name",
    "KEY": "a_name",
    "SUBJECT": "a_name",
    "STRING": "a_quoted_text",
    "INT": "a_number",
    "WORD": "a_word",
    "ID": "a_clause_id",
    "CLOCK": "a_time_of_day",
    "EXPR": "an_expression",
    "ITEMS": "an_expression",
    "PERIOD": "an_expression",
    "COND": "an_expression",
    "VALUE": "an_expression",
    "TYPE": "a_type",
    "WEEKDAY": "a_weekday",
    "WEEKDAYS": "a_weekday",
    "STATE": "a_state",
    "NL": "end_of_line",
}
_MARKS: Mapping[str, str] = {"COMMA": ",", "EQUALS": "=", "BAR": "|", "GE": ">=", "DASH": "-"}
# hint -> where it helps: one of these could have stood there
STRANGE: Mapping[str, frozenset[str]] = {
    "required": frozenset({"OPTIONAL"}),
    "later": frozenset({"ACTIVITY", "PROCESS", "ZONE"}),
    "branch": frozenset({"WHEN", "ACTIVITY"}),
    "several": frozenset({"THEN"}),
    "about": frozenset({"GOAL", "SOURCE"}),
    "comparison": frozenset({"WHERE"}),
    "choices": frozenset({"BAR"}),
}
_VERBS = frozenset({"DO", "HAND_OVER", "SEND_BACK", "CONFIRM", "COMMENT", "ATTACH"})
_SHOWN = 16


class Complaint(Struct, frozen=True):
    code: str
    span: Span
    arguments: Mapping[str, Any] = field(default_factory=dict)
    fix: Fix | None = None
    guess: tuple[str, str] | None = None  # the terminal and value of the word that was probably meant


def complaint(text: str, start: int, stop: int, place: int, accepted: Collection[str]) -> Complaint:
    """Says what is wrong at `place` of the logical line `start`..`stop`, where `accepted` could have stood."""
    language = language_of(text)
    expected = expectation(accepted, language)
    if place >= stop:
        return Complaint("CH113", (stop, stop), {"expected": expected})
    match = compiled(_FOUND, marks(text)).match(text, place, stop)
    found = match.group() if match else text[place]
    span = (place, place + len(found))
    arguments: dict[str, Any] = {"found": found, "expected": expected}
    if "STRING" in accepted and "NAME" not in accepted and len(accepted) <= 2 and found[0] != '"':
        meant = text[place:stop].rstrip()
        span = (place, place + len(meant))
        return Complaint("CH112", span, {**arguments, "found": meant, "hint": "quote"}, Fix.at(span, f'"{meant}"'))
    hint = next((h for h in strangers().get(found.lower(), ()) if not STRANGE[h].isdisjoint(accepted)), None)
    if hint is not None:
        return Complaint("CH114" if place == start else "CH112", span, {**arguments, "hint": hint})
    elsewhere = place == start and any(w == found or w.startswith(found + " ") for w, _, _, _ in spellings())
    guessed = None if elsewhere else nearest(found, accepted)
    if guessed:
        words, terminal, value = guessed
        code = "CH114" if place == start else "CH112"
        rest = re.compile("".join(rf"\s+{re.escape(word)}(?!\w)" for word in words.split()[1:]))
        more = rest.match(text, span[1], stop)
        span = (place, more.end() if more else span[1])
        return Complaint(code, span, arguments | {"guess": words}, Fix.at(span, words), (terminal, value))
    if place > start:
        return Complaint("CH112", span, arguments)
    if elsewhere:
        return Complaint("CH115", span, arguments)
    return Complaint("CH114", span, arguments)


def expectation(accepted: Collection[str], language: Language) -> tuple[str, ...]:
    """Lists what could stand at a place: words as they are written, and `@key` for a phrase of the message tables.

    Words come in the order of the keyword tables, which is that in which a process is written.
    """
    listed: dict[str, None] = {}
    for name in sorted(accepted):
        if name in _SHAPES:
            listed[f"@{_SHAPES[name]}"] = None
        elif name in _MARKS:
            listed[_MARKS[name]] = None
    if _VERBS & set(accepted):
        listed["@a_verb"] = None
    seen: set[str] = set()
    for words, terminal, _, row in spellings():
        if row == language and terminal in accepted and terminal not in seen | _VERBS | {"TYPE", "WEEKDAY", "STATE"}:
            seen.add(terminal)
            if len(seen) <= _SHOWN:
                listed[words] = None
    return (*listed, "…") if len(seen) > _SHOWN else tuple(listed)


def nearest(found: str, accepted: Collection[str]) -> tuple[str, str, str] | None:
    """Finds the word that may stand here and that `found` resembles most: words, terminal, value."""
    best, score = None, 0.0
    if not compiled(NAME).match(found):
        return None
    for words, terminal, value, _ in spellings():
        if terminal in accepted and terminal != "STATE" and words != found:
            likeness = _likeness(found.lower(), words.lower())
            if likeness > score:
                best, score = (words, terminal, value), likeness
    return best if score >= 0.65 else None


def misspelt_start(text: str, start: int, stop: int, accepted: Collection[str]) -> Complaint | None:
    """Takes a line's first word, read as a name, for a misspelt keyword, if it resembles one."""
    match = compiled(NAME, marks(text)).match(text, start, stop)
    guessed = nearest(match.group(), accepted) if match else None
    if match is None or guessed is None:
        return None
    words, terminal, value = guessed
    expected = expectation(accepted, language_of(text))
    arguments = {"found": match.group(), "expected": expected, "guess": words}
    return Complaint("CH114", match.span(), arguments, Fix.at(match.span(), words), (terminal, value))


def _likeness(found: str, words: str) -> float:
    if abs(len(found) - len(words)) > 3:
        return 0.0
    if not found.isascii() and len(words) == len(found) > 1:
        return sum(a == b for a, b in zip(found, words, strict=True)) / len(words) + 0.2
    return SequenceMatcher(None, found, words).ratio()

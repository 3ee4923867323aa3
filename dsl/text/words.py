"""The words of the language in its three spellings, out of keywords/*.toml.

Knows which word spells which terminal of the grammar, and which word a language prefers; knows nothing of where a
word may stand. Invariant: at no place of the grammar does one word spell two terminals (a test asks every state).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from itertools import islice
from typing import Literal

from charter.engine.names import NAME, compiled, marks
from charter.engine.shipped import Tables, shipped

Language = Literal["en", "zh-Hans", "zh-Hant"]
LANGUAGES: tuple[Language, ...] = ("en", "zh-Hans", "zh-Hant")

# What people do in a scenario, by the shape of what follows the verb; every other verb is a `DO`.
VERB_TERMINALS: Mapping[str, str] = {
    "delegate": "HAND_OVER",
    "return": "SEND_BACK",
    "confirm": "CONFIRM",
    "comment": "COMMENT",
    "attach": "ATTACH",
}
STRANGERS = "strangers"  # words that authors try and that the language does not have, by the hint they get
MEANT = "meant"  # words of other notations, by what they stand for here
_SECTION_TERMINAL = {
    "types": "TYPE",
    "policies": "POLICY",
    "weekdays": "WEEKDAY",
    "states": "STATE",
    "verdicts": "VERDICT",
}


class Words(Tables):
    """One language's words by section: of each what may be written, the preferred word first."""

    def __getitem__(self, section: str) -> Mapping[str, tuple[str, ...]]:
        if section not in self._read:
            read = super().__getitem__(section).items()
            self._read[section] = {k: (words,) if isinstance(words, str) else tuple(words) for k, words in read}
        return self._read[section]


@cache
def table(language: Language) -> Words:
    """Gives one language's words: section, then key, then spellings with the preferred one first."""
    return Words(shipped("charter.dsl", f"keywords/{language.lower().replace('-', '_')}.toml"))


def terminal(section: str, key: str) -> str:
    """Says which terminal of the grammar a row of the tables spells."""
    if section == "lines":
        return key
    return VERB_TERMINALS.get(key, "DO") if section == "verbs" else _SECTION_TERMINAL[section]


@cache
def spellings() -> tuple[tuple[str, str, str, Language], ...]:
    """Lists every (words, terminal, value, language), languages in order; `value` is the row's key."""
    return tuple(
        (words, terminal(section, key), key, language)
        for language in LANGUAGES
        for section in table(language)
        if section not in (STRANGERS, MEANT)
        for key, all_words in table(language)[section].items()
        for words in all_words
    )


_FIRST_WORD = rf"(?m)^ *({NAME})"
_LOOKED_AT = 500  # lines that tell a file's language


@cache
def _beginnings() -> Mapping[str, frozenset[Language]]:
    """The languages in which a keyword begins with a word."""
    found: dict[str, set[Language]] = {}
    for words, _, _, language in spellings():
        found.setdefault(words.split()[0], set()).add(language)
    return {word: frozenset(languages) for word, languages in found.items()}


@lru_cache(maxsize=8)
def language_of(text: str) -> Language:
    """Tells in which language a file's keywords are: that of most lines' first words, else by their script."""
    words = [match[1] for match in islice(compiled(_FIRST_WORD, marks(text)).finditer(text), _LOOKED_AT)]
    known = _beginnings()
    votes = [language for word in words for language in known.get(word, ())]
    if not votes:
        return "zh-Hans" if any(word[0] >= "\u2e80" for word in words) else "en"
    return max(LANGUAGES, key=votes.count)


# The sign of a day, which alone is enough for the second of two: 周一至五.
_DAY_SIGNS = frozenset("一二三四五六日天")


@cache
def day_range() -> str:
    """Gives a pattern of the days from one to another, in one word or with blanks; the two are its groups."""
    days = sorted((w for w, name, _, _ in spellings() if name == "WEEKDAY"), key=len, reverse=True)
    to = "|".join(w for w, name, _, _ in spellings() if name == "TO")
    first = "|".join(days)
    return rf"({first})\s*(?:{to}|[-–—~])\s*({first}|[{''.join(sorted(_DAY_SIGNS))}])(?![^\W\d])"


@cache
def weekdays() -> Mapping[str, str]:
    """Gives the day, as the tables call it, for each of its spellings, and for its sign alone."""
    found = {words: value for words, name, value, _ in spellings() if name == "WEEKDAY"}
    return found | {word[-1]: day for word, day in found.items() if word[-1] in _DAY_SIGNS}


@cache
def keyword_terminals() -> frozenset[str]:
    """Names the terminals that are spelled with words."""
    return frozenset(name for _, name, _, _ in spellings())


@cache
def strangers() -> Mapping[str, tuple[str, ...]]:
    """Gives the hints (keys of the message tables) for each word that people try and the language does not have."""
    found: dict[str, dict[str, None]] = {}
    for language in LANGUAGES:
        for hint, words in table(language)[STRANGERS].items():
            for word in words:
                found.setdefault(word, {})[hint] = None
    return {word: tuple(hints) for word, hints in found.items()}


@cache
def meant(kind: Literal["lines", "types"]) -> Mapping[str, tuple[str, ...]]:
    """Gives the keys of what each word of another notation stands for: built-in types, or any other words of lines."""
    known = {key for section, rows in table("en").items() if (section == "types") == (kind == "types") for key in rows}
    found: dict[str, dict[str, None]] = {}
    for language in LANGUAGES:
        for key, words in table(language)[MEANT].items():
            for word in words if key in known else ():
                found.setdefault(word, {})[key] = None
    return {word: tuple(keys) for word, keys in found.items()}


@cache
def type_meant(word: str, language: Language) -> str | None:
    """Gives the built-in type that a word of another notation stands for; a Chinese word is meant in Chinese."""
    for own in LANGUAGES:
        for key, words in table(own)[MEANT].items():
            if word.lower() in words and key in table(own)["types"]:
                return spelled(key, language if own == "en" or language == "zh-Hant" else own)
    return None


def spelled(key: str, language: Language) -> str:
    """Spells what a row of the tables stands for, as a language prefers."""
    rows = table(language)
    return next(rows[section][key][0] for section in rows if section not in (STRANGERS, MEANT) and key in rows[section])


@cache
def terminal_of(key: str) -> str:
    """Gives the terminal that a row of the tables spells."""
    rows = table("en")
    return next(
        terminal(section, key) for section in rows if section not in (STRANGERS, MEANT) and key in rows[section]
    )

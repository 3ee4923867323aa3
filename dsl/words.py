"""The words of the language in its three spellings, out of keywords/*.toml.

Knows which word spells which terminal of the grammar, and which word a language prefers; knows nothing of where a
word may stand. Invariant: at no place of the grammar does one word spell two terminals (a test asks every state).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

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
_SECTION_TERMINAL = {"types": "TYPE", "policies": "POLICY", "weekdays": "WEEKDAY", "states": "STATE"}


@cache
def table(language: Language) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Loads one language's words: section, then key, then spellings with the preferred one first."""
    path = Path(__file__).parent / "keywords" / f"{language.lower().replace('-', '_')}.toml"
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        section: {key: (words,) if isinstance(words, str) else tuple(words) for key, words in rows.items()}
        for section, rows in data.items()
    }


def terminal(section: str, key: str) -> str:
    """Says which terminal of the grammar a row of the tables spells."""
    if section == "clauses":
        return key
    return VERB_TERMINALS.get(key, "DO") if section == "verbs" else _SECTION_TERMINAL[section]


@cache
def spellings() -> tuple[tuple[str, str, str, Language], ...]:
    """Lists every (words, terminal, value, language), languages in order; `value` is the row's key."""
    return tuple(
        (words, terminal(section, key), key, language)
        for language in LANGUAGES
        for section, rows in table(language).items()
        for key, all_words in rows.items()
        for words in all_words
    )


@cache
def keyword_terminals() -> frozenset[str]:
    """Names the terminals that are spelled with words."""
    return frozenset(name for _, name, _, _ in spellings())


def word(section: str, key: str, language: Language) -> str:
    """Gives the preferred spelling of a row."""
    return table(language)[section][key][0]

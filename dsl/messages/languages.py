"""The languages in which Charter speaks, and how the sentences of one are made of another's.

Two are written: `messages/{en,zh}.toml` and the pages of codes. `zh-Hant` is the Chinese ones in traditional characters
and with the words of Taiwan, by `zh_hant.toml`: who changes a Chinese sentence changes both. This module knows no
sentence; it must stay cheap to import, because the command line asks it for the reader's language first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from charter.dsl.text.traditional import traditional

if TYPE_CHECKING:
    from charter.dsl.text.words import Language

WRITTEN = ("en", "zh")
LANGUAGES = (*WRITTEN, "zh-Hant")
NAMES = {"en": "English", "zh": "简体中文", "zh-Hant": "繁體中文"}  # what each calls itself
TAGS = {"en": "en-US", "zh": "zh-CN", "zh-Hant": "zh-TW"}  # with a country, for formats that want one
_KEYWORDS: Mapping[str, Language] = {"en": "en", "zh": "zh-Hans", "zh-Hant": "zh-Hant"}
# by what a tag of a language tells traditional characters (IETF BCP 47, and a locale's country)
_TRADITIONAL = frozenset({"hant", "tw", "hk", "mo"})


def tagged(tag: str) -> str | None:
    """Gives the language of a tag such as `zh_TW.UTF-8`, `zh-HK` or `en_US`; None for one that nothing is said in."""
    language, *more = tag.partition(".")[0].partition("@")[0].lower().replace("_", "-").split("-")
    if language == "zh":
        return "zh-Hant" if "hans" not in more and not _TRADITIONAL.isdisjoint(more) else "zh"
    return language if language in WRITTEN else None


def source(lang: str) -> str:
    """Gives the language whose sentences are written down, of which those of a language are made."""
    return "zh" if lang == "zh-Hant" else lang


def keywords(lang: str) -> Language:
    """Gives the spelling of keywords that a reader of a language expects."""
    return _KEYWORDS[lang]


def told(text: str, lang: str) -> str:
    """Gives sentences of `source(lang)` as a language writes them; what stands in for people's words is not in them."""
    return traditional(text) if lang == "zh-Hant" else text

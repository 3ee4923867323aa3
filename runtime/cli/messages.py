"""Every sentence the command line says, in the reader's language, from `runtime/messages/{en,zh}.toml`
by way of `dsl/messages/languages.py`.

A key is `section.name`. Only the sections that are asked for are parsed, because reading a whole table would cost more
than the rest of `charter --help`. Placeholders are those of `str.format`, with one more form for English plurals:
`{count:# error|# errors}`. The module does not know terminals; invariant (held by a test): both tables have the same
keys with the same placeholders.
"""

from __future__ import annotations

import os
import string
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charter.dsl.messages import languages
from charter.engine.shipped import rows, sections

if TYPE_CHECKING:
    from charter.dsl.text.words import Language

FOLDER = Path(__file__).resolve().parent.parent / "messages"


class _Formatter(string.Formatter):
    """`str.format` with `{n:one|many}`, in which `#` stands for the number."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if "|" in format_spec:
            one, _, many = format_spec.partition("|")
            return (one if value == 1 else many).replace("#", str(value))
        return str(super().format_field(value, format_spec))


_FORMATTER = _Formatter()


def language(environment: Mapping[str, str] | None = None) -> str:
    """Chooses a language from the locale variables, in the order POSIX gives them (POSIX.1-2017, 8.2).

    LANGUAGE, a list of wishes, goes before them where they name a locale at all (GNU gettext, 2.3.3).
    """
    environment = os.environ if environment is None else environment
    locale = next((v for v in map(environment.get, ("LC_ALL", "LC_MESSAGES", "LANG")) if v), "C")
    wishes = environment.get("LANGUAGE", "").split(":") if locale.partition(".")[0] not in ("C", "POSIX") else []
    return next((found for found in map(languages.tagged, [*wishes, locale]) if found), "en")


@cache
def _sections(lang: str) -> dict[str, str]:
    return sections((FOLDER / f"{languages.source(lang)}.toml").read_text(encoding="utf-8"))


@cache
def section(lang: str, name: str) -> Mapping[str, str]:
    """Gives one section of a language's table; empty when there is none."""
    return rows(name, languages.told(_sections(lang).get(name, ""), lang))


class Messages:
    """The sentences of one language: `say("check.summary", errors=2)`."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def find(self, key: str) -> str | None:
        """Gives the raw sentence of a key, or None."""
        name, _, rest = key.partition(".")
        return section(self.lang, name).get(rest)

    def __call__(self, key: str, /, **arguments: Any) -> str:
        """Gives the sentence of a key with its placeholders filled; the key itself where the table lacks it."""
        raw = self.find(key)
        return key if raw is None else _FORMATTER.vformat(raw, (), arguments)

    def lasting(self, microseconds: int) -> str:
        """Says a length of time in days, hours and minutes."""
        hours, minutes = divmod(microseconds // 60_000_000, 60)
        parts = ((hours // 24, "days"), (hours % 24, "hours"), (minutes, "minutes"))
        return " ".join(self(f"time.{unit}", count=count) for count, unit in parts if count)

    def listed(self, items: Iterable[object]) -> str:
        """Joins what stands in a row: names, roles, numbers."""
        return self("happened.comma").join(map(str, items))

    def aside(self, text: object) -> str:
        """Puts a remark in brackets behind what it is about."""
        return self("frame.aside", text=text)

    def practised(self, text: str, drill: bool) -> str:
        """Puts a remark behind what names a case if that is a drill."""
        return text + self.aside(self("show.a_drill")) if drill else text

    def of(self, head: object, text: object) -> str:
        """Puts a head and a colon before what belongs to it."""
        return self("frame.of", head=head, text=text)


def of_file(language: Language) -> Messages:
    """Gives the sentences in the language in which a file is written: of what is to stand in it."""
    return Messages(next(lang for lang in languages.LANGUAGES if languages.keywords(lang) == language))


def property_title(name: str, language: Language) -> str:
    """Gives the title of a scenario that refutes a property, in the language of its file."""
    return of_file(language)(f"prove.title_{name}")

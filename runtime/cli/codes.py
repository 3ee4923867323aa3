"""Every code that Charter says: its family, its one line, where its page is. Explains none; that is `explain.py`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from charter.runtime.cli.messages import Messages, section

if TYPE_CHECKING:
    from charter.dsl.messages.pages import Page

FOLDER = ("charter.runtime", "pages")
# the last code of a family -> its key under [explain], and the kind of its codes (None: a diagnostic's own severity)
FAMILIES: dict[str, tuple[str, str | None]] = {
    "CH100": ("environment", "error"),
    "CH199": ("text", None),
    "CH299": ("names", None),
    "CH329": ("types", None),
    "CH334": ("refused", "refusal"),
    "CH399": ("types", None),
    "CH499": ("flow", None),
    "CH549": ("refused", "refusal"),
    "CH566": ("waits", "hold"),
    "CH568": ("refused", "refusal"),
    "CH569": ("waits", "hold"),
    "CH577": ("passed", "outcome"),
    "CH578": ("waits", "hold"),
    "CH579": ("passed", "outcome"),
    "CH589": ("host", "refusal"),
    "CH591": ("waits", "hold"),
    "CH592": ("refused", "refusal"),
    "CH594": ("passed", "outcome"),
    "CH596": ("refused", "refusal"),
    "CH597": ("declined", "outcome"),
    "CH598": ("refused", "refusal"),
    "CH599": ("declined", "outcome"),
    "CH613": ("tables", None),
    "CH617": ("declined", "outcome"),
    "CH618": ("refused", "refusal"),
    "CH619": ("tables", None),
    "CH626": ("refused", "refusal"),
    "CH627": ("passed", "outcome"),
    "CH629": ("refused", "refusal"),
    "CH636": ("refused", "refusal"),
    "CH638": ("refused", "refusal"),
    "CH639": ("tables", None),
    "CH649": ("host", "refusal"),
    "CH654": ("host", "refusal"),
    "CH656": ("tables", None),
    "CH657": ("names", None),
    "CH659": ("tables", None),
    "CH664": ("rules", "outcome"),
    "CH667": ("host", "refusal"),
    "CH671": ("declined", "outcome"),
    "CH674": ("refused", "refusal"),
    "CH679": ("tables", None),
    "CH686": ("host", "refusal"),
    "CH688": ("refused", "refusal"),
    "CH689": ("host", "refusal"),
    "CH699": ("tables", None),
    "CH719": ("environment", "error"),
    "CH739": ("imports", "error"),
    "CH755": ("exports", "error"),
}


@cache
def folders() -> dict[str, tuple[str, str]]:
    """Gives every code that can be said, in order, with the folder that holds its page."""
    from charter.dsl.codes import CODES as DIAGNOSTICS
    from charter.dsl.messages.pages import FOLDER as DSL
    from charter.engine.refusals import CODES as REFUSALS
    from charter.runtime.refusals import CODES as HOST

    errors = (key for key in section("en", "errors") if not key.endswith("_help"))
    found = dict.fromkeys((*DIAGNOSTICS, *REFUSALS), DSL) | dict.fromkeys((*HOST, *errors), FOLDER)
    return dict(sorted(found.items()))


def page(code: str) -> Page:
    """Reads the page of a code; raises KeyError for one that nobody says."""
    from charter.dsl.messages.pages import read

    return read(folders()[code], code)


def family(code: str) -> tuple[str, str]:
    """Gives the family of a code and its kind: `error`, `warning`, `refusal`, `hold` or `outcome`."""
    from charter.dsl.codes import CODES

    name, kind = next(row for last, row in FAMILIES.items() if code <= last)
    return name, kind or CODES[code].severity


def meaning(code: str, say: Messages) -> str:
    """Gives the one line of a code, `…` for what differs each time."""
    for table in ("errors", "refusals"):
        sentence = say.find(f"{table}.{code}")
        if sentence is not None:
            return re.sub(r"\{\w+\}", "…", sentence.replace("{guess}", ""))
    from charter.dsl.messages.render import meaning as of_the_language

    return of_the_language(code, say.lang)


def codes(say: Messages) -> Iterator[tuple[str, str]]:
    """Lists every code with its one line."""
    return ((code, meaning(code, say)) for code in folders())

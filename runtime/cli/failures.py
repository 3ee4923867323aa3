"""Why something failed, for a reader and for a script: what a host noted, in the reader's language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from charter.engine.keys import name_of
from charter.engine.reading import is_withheld

if TYPE_CHECKING:
    from charter.engine.entries.cases import Declined
    from charter.runtime.cli.messages import Messages


def failure_sentence(text: str, element: str, lang: str, target: str | None = None) -> str:
    """Says what an element failed with: a refusal that is noted as its code and what it named, or FEEL's own words.

    `target`: the process, or the roles, of what failed.
    """
    from charter.dsl.messages.render import failure, refusal_sentence
    from charter.engine.refusals import CODES, Reason

    if is_withheld(text):
        return withheld(lang)
    code, *named = text.split(" ")
    if coded := re.fullmatch(r"CH\d{3}: (.*)", text):
        return failure(coded[1], lang)
    known = CODES.get(code)
    if known is None:
        return failure(text, lang)
    given = dict(zip(("record", "field"), named, strict=False)) | ({"element": name_of(element)} if element else {})
    if target is not None:
        given |= {"target": target, "roles": target}
    return refusal_sentence(Reason(code, None, dict.fromkeys(known.arguments, "…") | given), lang)


def withheld(lang: str) -> str:
    """Gives the word that stands where somebody may not read a value."""
    from charter.dsl.messages.render import table

    word: str = table(lang)["phrases"]["withheld"]
    return word


def failure_data(text: str, element: str, lang: str, target: str | None = None) -> dict[str, str | None]:
    """Gives why something failed as JSON data: a lasting code or word, None for words of others; and the sentence."""
    from charter.dsl.messages.render import failure_word

    coded = None if is_withheld(text) else re.match(r"CH\d{3}\b", text)
    word = coded[0] if coded else None if is_withheld(text) else failure_word(text)
    return {"code": word, "message": failure_sentence(text, element, lang, target)}


def declined_sentence(say: Messages, told: Declined) -> str:
    """Says what was asked for and why nothing came of it."""
    from charter.dsl.messages.render import refusal_sentence
    from charter.engine.refusals import Reason

    because = told.because
    if because is None:
        why = failure_sentence(told.failure or "", "", say.lang)
    else:
        why = f"{refusal_sentence(Reason(because.code, None, because.arguments), say.lang)}  {because.code}"
    ask = say.find(f"incidents.ask_{told.ask}") or told.ask
    return say("audit.declined", ask=ask, target=told.target, why=why)

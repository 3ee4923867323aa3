"""Types as other languages write them, by what is wrong with them; each is offered as this language writes it.

As in `causes.py`, the parser tries what is offered. Which words stand for a type is the keyword tables' to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from charter.dsl.text.causes import Mend, Stop
from charter.dsl.text.tree import Span
from charter.dsl.text.words import Language, meant, spelled, spellings, strangers
from charter.engine.names import NAME, compiled

_SEVERAL = "多选框?|多選|複選|multi-?select|checkboxes"
_CHOOSING = (
    r"(?:choice|enum(?:eration)?|select|one of|options?|radio|dropdown|pick"
    rf"|选项|枚举|单选框?|下拉框?|選項|枚舉|列舉|單選|下拉選單|{_SEVERAL})"
)
_CHOICE = re.compile(
    rf"(?<!\w)(?P<word>{_CHOOSING})(?![A-Za-z])\s*(?:of\b|:|=)?\s*(?P<open>[(\[{{<])?\s*(?P<items>[^()\[\]{{}}<>]+?)\s*[)\]}}>]?$"
)
_LIST = re.compile(
    r"(?<!\w)(?:(?:list|array|set|sequence|collection|List|Array|Set)\s*(?:of\b|[\[<(]|(?=\s))\s*|\[\s*)(?P<item>\w+)\s*[\]>)]?$"
)
_MANY = re.compile(r"(?<!\w)(?P<item>\w+)\s*(?:\[\s*\d*\s*\]|\*)$")
_SIZED = re.compile(r"(?<!\w)(?P<item>[^\W\d]\w*)\s*\(\s*\d+(?:\s*,\s*\d+)*\s*\)")


def type_named(word: str, language: Language) -> str | None:
    """Gives the type that goes by another name elsewhere, as a language spells it."""
    key = meant("types").get(word.lower())
    return spelled(key[0], language) if key else None


def is_type(word: str) -> bool:
    """Says whether a word spells a built-in type."""
    return any(words == word for words, terminal, _, _ in spellings() if terminal == "TYPE")


def types(stop: Stop) -> Iterator[Mend]:
    """Types as other languages write them."""
    if not stop.typed:
        return
    text, tail = stop.text, ""
    optional = spelled("OPTIONAL", stop.language)
    behind = "|".join(
        re.escape(spelled(key, stop.language)) for key in ("OPTIONAL", "DEFAULT", "WHERE", "VISIBLE_TO", "SOURCE")
    )
    if more := re.compile(rf"\s+(?:{behind})(?!\w)").search(text, stop.place):
        text, tail = text[: more.start()], text[more.start() :]
    first, _, rest = text.partition(" ")
    if first == optional or "required" in strangers().get(first, ()):
        instead = f"{rest} {optional}" if first == optional else rest
        yield Mend("mark_first", (0, len(first)), instead, True, {"written": first, "instead": instead})
    listed = compiled(rf"({re.escape(spelled('LIST_OF', stop.language))}\s+\w+)\s+({NAME})$", stop.marks).match(text)
    if listed:
        yield Mend(
            "swapped", listed.span(), f"{listed[2]} {listed[1]}", arguments={"instead": f"{listed[2]} {listed[1]}"}
        )
    match = _CHOICE.search(text)
    if match and match.start() <= stop.place + 1:
        parted = re.split(r"\s*(?:[,|/;、]|\bor\b|或)\s*", match["items"])
        sure = match["open"] is not None and len(parted) > 1
        items = [item.strip(" \"'‘’《》「」") for item in (parted if len(parted) > 1 else match["items"].split())]
        if all(items) and len(items) > 1:
            said = f"{spelled('CHOICE', stop.language)} " + " | ".join(f'"{item}"' for item in items)
            if re.fullmatch(_SEVERAL, match["word"]):
                said = f"{spelled('LIST_OF', stop.language)} {said}"
            yield _typed(stop, "choice_type", match.span(), said, tail, safe=sure)
    bare = re.compile(r'[\[({]?\s*("[^"]*"(?:\s*[|,/]\s*"[^"]*")+)\s*[\])}]?$').match(text, stop.place)
    if bare and "CHOICE" in stop.accepted:
        said = spelled("CHOICE", stop.language) + " " + re.sub(r"\s*[,/]\s*", " | ", bare[1])
        yield _typed(stop, "choice_type", bare.span(), said, tail)
    for pattern, cause in ((_LIST, "list_type"), (_MANY, "list_type"), (_SIZED, "size")):
        match = pattern.search(text)
        if match and match.start() <= stop.place + 1:
            item = type_named(match["item"], stop.language) or match["item"]
            said = f"{spelled('LIST_OF', stop.language)} {item}" if cause == "list_type" else item
            yield _typed(stop, cause, match.span(), said, tail if pattern is not _SIZED else "", safe=True)


def _typed(stop: Stop, cause: str, span: Span, said: str, tail: str, *, safe: bool = False) -> Mend:
    line = stop.text[: span[0]] + said + (tail or stop.text[span[1] :])
    return Mend(cause, span, line, safe, {"written": stop.text[slice(*span)], "instead": said})

"""Simplified Chinese in traditional characters, by the rows and phrases of `messages/zh_hant.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from charter.engine.shipped import shipped


@cache
def _characters() -> tuple[dict[int, str], Mapping[str, tuple[tuple[str, str], ...]]]:
    """Characters by their code, and phrases by their first character, the longest first."""
    from tomllib import loads

    table = loads(shipped("charter.dsl", "messages/zh_hant.toml"))
    rows = table["characters"]["rows"].split()
    single = {
        ord(one): other
        for written, said in zip(rows[::2], rows[1::2], strict=True)
        for one, other in zip(written, said, strict=True)
    }
    phrases: dict[str, list[tuple[str, str]]] = {}
    for written, said in sorted(table["phrases"].items(), key=lambda row: -len(row[0])):
        phrases.setdefault(written[0], []).append((written, said))
    return single, {first: tuple(found) for first, found in phrases.items()}


def traditional(text: str) -> str:
    """Writes simplified Chinese in traditional characters, with the words of Taiwan; other text stays."""
    single, phrases = _characters()
    out, at = [], 0
    for place, character in enumerate(text):
        if place >= at and character in phrases:
            found = next((row for row in phrases[character] if text.startswith(row[0], place)), None)
            if found is not None:
                out += [text[at:place].translate(single), found[1]]
                at = place + len(found[0])
    return "".join([*out, text[at:].translate(single)])

"""Several names that Chinese writes as one: joined by a word, or one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterable

_JOINED = re.compile("以及|或者?|[和与與及]")


def joined_names(name: str, candidates: Iterable[str]) -> tuple[str, list[str]] | None:
    """Says by which word names are joined; None where it is one name, or none is known."""
    names = _JOINED.split(name)
    found = _JOINED.search(name)
    return (found[0][0], names) if found is not None and set(names) <= set(candidates) else None


def signed(name: str) -> str:
    """Who approves, without the words that say that all of them do."""
    return re.sub("(?:共同|一起|联合|聯合)?(?:会签|會簽|审批|審批|审核|審核|签字|簽字)$", "", name)


def in_turn(name: str, candidates: Iterable[str]) -> list[str] | None:
    """The names that are put one after the other: 先甲后乙, 甲再乙."""
    says = r"(?:审批|審批|审核|審核)?"
    match = re.fullmatch(rf"先?由?(.+?){says}(?:[,，]?[后後再]由?|然[后後]由?)(.+?){says}", name)
    return [match[1], match[2]] if match is not None and {match[1], match[2]} <= set(candidates) else None

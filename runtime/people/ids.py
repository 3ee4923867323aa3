"""What can be the id of a person: a word that everybody can read, write and tell from all others.

Ids stand in commands, in files and for ever in the trail, and whoever reads one must know whom it means. So an id is
letters, digits and a few marks, of one script where another has letters that look the same; and it looks like no id
that is there, nor like a word that the trail writes where no person acted. Alike are ids with one case-folded
compatibility form (UAX 15, NFKC), or with one skeleton: the letters that UTS 39 calls confusable by intent, and the
digits that are taken for letters. Only new ids are judged: who is there stays. Knows no database.
"""

from __future__ import annotations

from collections.abc import Iterable
from unicodedata import category, name as name_of, normalize

LONGEST = 100  # characters
OPERATOR = "operator"  # whom trails of earlier builds name where nobody said who asked
# Roles of the organisation: who changes it, and who reads whatever its trails hold.
STEWARD, AUDITOR = "steward", "auditor"
RESERVED = ("system", OPERATOR)  # the words by which the trail names who is no person
_BETWEEN = frozenset(" .-_'+@·")
# Scripts with letters that look like another's: an id with such a letter has no other's.
_ALIKE = frozenset({"CYRILLIC", "GREEK", "COPTIC", "ARMENIAN", "CHEROKEE", "LISU"})
_TWINS = str.maketrans(
    "АВСЕНІЈКМОРЅТХУасԁеһіјӏорԛѕԝхуΑΒΕΖΗΙΚΜΝΟΡΤΥΧο01I",
    "ABCEHlJKMOPSTXYacdehijlopqswxyABEZHlKMNOPTYXoOll",
)


def is_id(text: str) -> bool:
    """Tells whether a text can be read and written as an id: its length, its characters, the scripts of its letters."""
    if not 0 < len(text) <= LONGEST or not _is_word(text[0]) or category(text[0])[0] == "M" or not _is_word(text[-1]):
        return False
    scripts = {name_of(c, "").split(" ")[0] for c in normalize("NFKC", text) if category(c)[0] == "L"}
    return all(_is_word(c) or c in _BETWEEN for c in text) and (len(scripts) < 2 or not scripts & _ALIKE)


def _is_word(c: str) -> bool:
    kind = category(c)
    return kind[0] in "LM" or kind == "Nd"


class Ids:
    """The ids that are there, by how they look."""

    def __init__(self, there: Iterable[str]) -> None:
        self._by_look: dict[str, str] = {}
        for one in (*RESERVED, *there):
            self.take(one)

    def take(self, text: str) -> None:
        """Adds an id."""
        for look in _looks(text):
            self._by_look.setdefault(look, text)

    def like(self, text: str) -> str | None:
        """Names the id, or the word of the trail, that a text looks like."""
        return next((self._by_look[look] for look in _looks(text) if look in self._by_look), None)


def _looks(text: str) -> tuple[str, str]:
    plain = normalize("NFKC", text)
    return f"folded {normalize('NFKC', plain.casefold())}", f"drawn {plain.translate(_TWINS)}"

"""Which cases a case is about, and which are about it, as somebody may read them.

Read through a narrowed connection: a case that somebody may not read is named to nobody by another one.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import Connection

from charter.runtime.store.prepared import ask

# Of each line of each case the latest entry, where it is about a case still; `c` is the case at the other end.
_LATEST = ' AND NOT EXISTS (SELECT 1 FROM case_links n WHERE n."case" = l."case" AND n.link = l.link AND n.seq > l.seq)'
_ABOUT = (
    "SELECT l.link, l.process, c.id, c.number, c.status, l.seq FROM case_links l LEFT JOIN cases c ON c.id = l.target"
    " WHERE l.\"case\" = ? AND l.target <> ''" + _LATEST + " ORDER BY l.link"
)
_FROM = (
    'SELECT l.link, c.process, c.id, c.number, c.status, l.seq FROM case_links l JOIN cases c ON c.id = l."case"'
    " WHERE l.target = ?" + _LATEST + " ORDER BY c.number, l.link"
)


class Linked(Struct, frozen=True):
    """`way`: `about` the other case, or `from` it; `link`: by which line, of whichever has it.

    The other case is None where whoever asks may not read it; `seq`: the entry that says so, of the case that has it.
    """

    way: Literal["about", "from"]
    link: str
    process: str
    case: str | None
    number: int | None
    status: str | None
    seq: int

    def to_json(self) -> dict[str, Any]:
        """Gives the link as JSON data."""
        return {name: getattr(self, name) for name in self.__struct_fields__}


def links(connection: Connection, case: str) -> list[Linked]:
    """Lists what a case is about, then what is about it."""
    about = [Linked("about", *row) for row in ask(connection, _ABOUT, case)]
    return about + [Linked("from", *row) for row in ask(connection, _FROM, case)]

"""Which cases a case is about, and which are about it, as somebody may read them.

Read through a narrowed connection: a case that somebody may not read is named to nobody by another one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from charter.runtime.store.prepared import ask

if TYPE_CHECKING:
    from sqlalchemy import Connection

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


_ANSWERED = "SELECT body FROM entries WHERE \"case\" = ? AND kind = 'answered' ORDER BY seq"
_WRITTEN = "SELECT body FROM entries WHERE \"case\" = ? AND seq = ? AND kind = 'amended'"


class Linked(Struct, frozen=True):
    """`way`: `about` the other case, or `from` it; `link`: by which line, of whichever has it.

    The other case is None where whoever asks may not read it; `seq`: the entry that says so, of the case that has it.
    `amended`: the versions of records, `plan@2`, that the one has written in the other.
    """

    way: Literal["about", "from"]
    link: str
    process: str
    case: str | None
    number: int | None
    status: str | None
    seq: int
    amended: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Gives the link as JSON data."""
        return {name: getattr(self, name) for name in self.__struct_fields__}


def links(connection: Connection, case: str, unread: Callable[[str], frozenset[str]]) -> list[Linked]:
    """Lists what a case is about, then what is about it.

    `unread`: through which links of a case whoever asks may not read all that is read there.
    """
    hidden, kept = unread(case), []
    for link, process, other, number, status, seq in ask(connection, _ABOUT, case):
        if link in hidden:
            kept.append(Linked("about", link, process, None, None, None, seq))
        else:
            done = _amended(connection, case, other)
            kept.append(Linked("about", link, process, other, number, status, seq, done))
    for link, process, other, number, status, seq in ask(connection, _FROM, case):
        if link not in unread(other):
            done = _amended(connection, other, case)
            kept.append(Linked("from", link, process, other, number, status, seq, done))
    return kept


def _amended(connection: Connection, case: str, other: str | None) -> tuple[str, ...]:
    """Names the versions that a case has written in another one, as the answers that it got say."""
    if other is None:
        return ()
    found = []
    for (body,) in ask(connection, _ANSWERED, case):
        told = json.loads(body)["data"]
        if told.get("case") == other:
            found += [json.loads(b)["data"] for (b,) in ask(connection, _WRITTEN, other, told["entry"])]
    return tuple(f"{told['record']}@{told['version']}" for told in found if not told.get("same"))

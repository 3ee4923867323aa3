"""Through which links of a case somebody may read: what is pinned of another case is for whoever reads it there.

Knows neither what is pinned nor who shows it. A link through which a case has been about several cases, one after the
other, is for those who read all of them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from charter.engine import plain
from charter.engine.definition import Definition, Link
from charter.engine.reading import sight
from charter.runtime.people.rights import Rights, reads, whole
from charter.runtime.store.prepared import ask

if TYPE_CHECKING:
    from sqlalchemy import Connection

_TARGETS = "SELECT DISTINCT target FROM case_links WHERE \"case\" = ? AND link = ? AND target <> ''"
_VERSIONS = "SELECT body FROM definitions WHERE process = ?"


def unread(connection: Connection, of: Rights, definition: Definition, case: str | None = None) -> frozenset[str]:
    """Names the links through which somebody may not read all that a case reads; of no case: of just any case."""
    if of.trail or not definition.links:
        return frozenset()
    return frozenset(link.name for link in definition.links if not _may(connection, of, link, case))


def _may(connection: Connection, of: Rights, link: Link, case: str | None) -> bool:
    if any(not _facts(of, link, body) for (body,) in ask(connection, _VERSIONS, link.process)):
        return False
    if case is None:
        return all(all_of_it for process, all_of_it in whole(connection, of).values() if process == link.process)
    return all(reads(connection, of, target) for (target,) in ask(connection, _TARGETS, case, link.name))


def _facts(of: Rights, link: Link, body: str) -> bool:
    """Tells whether nothing of what is read is withheld from them in a version of the process that declares it."""
    if '"visible"' not in body:
        return True
    other = plain.from_json(Definition, json.loads(body))
    seen = sight(other, of.roles(other.name))
    return all(seen.of_path(root, rest) == "whole" for root, *rest in (fact.split(".") for fact in link.facts))

"""The work of a queue as the database keeps it: what is offered, what somebody holds, what they have finished."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from charter.engine.queues import Waiting
from charter.engine.state import node_of
from charter.runtime.store.parts import claim
from charter.runtime.store.prepared import ask

if TYPE_CHECKING:
    from sqlalchemy import Connection

_OPEN = """SELECT w."case", n.body, w.barred FROM work_items w
 JOIN nodes n ON n."case" = w."case" AND n.element = w.element AND n.node = w.node
 JOIN cases c ON c.id = w."case" AND json_extract(c.state, '$.drill') IS NULL WHERE w.process = ? AND """
_OFFERED, _HELD = _OPEN + "w.role = ? AND w.holder IS NULL", _OPEN + "w.holder = ? AND w.role = ''"
_DONE = """SELECT DISTINCT e."case", e.element FROM entries e JOIN cases c ON c.id = e."case"
 WHERE e.actor = ? AND e.at >= ? AND e.kind = 'completed' AND c.process = ?
 AND json_extract(c.state, '$.drill') IS NULL"""
_NODES = 'SELECT body FROM nodes WHERE "case" = ? AND element = ?'


def work(
    connection: Connection, process: str, elements: frozenset[str], role: str, person: str, since: int | None
) -> Iterator[Waiting]:
    """Yields the work of some elements that a role is offered, that somebody holds, or has finished since."""
    claim(connection)  # other cases stand still only while nobody writes to them
    found = [*ask(connection, _OFFERED, process, role), *ask(connection, _HELD, process, person)]
    for case, body, barred in found:
        yield Waiting(case, node_of(json.loads(body)), frozenset(filter(None, barred.split("|"))))
    if since is None:
        return
    for case, element in ask(connection, _DONE, person, since, process):
        if element in elements:
            for (body,) in ask(connection, _NODES, case, element):
                node = node_of(json.loads(body))
                if node.state == "done":
                    yield Waiting(case, node)

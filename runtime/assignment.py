"""Chooses a person for work that is assigned `least busy` or `in turn`. Chooses only; the engine judges the choice.

People who are absent, or lack what the role requires as far as the directory tells, are passed over.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, insert, select

from charter.engine.effects import Offer
from charter.engine.keys import parse_key
from charter.runtime.directory import Directory, candidates
from charter.runtime.store import tables as t


def choose(connection: Connection, directory: Directory, process: str, offer: Offer, at: int) -> str | None:
    """Gives the person who is to do it, None when nobody is there; `in turn` remembers its choice."""
    there = [
        person
        for person in candidates(connection, process, offer.roles)
        if (known := directory.person(connection, person)) is not None and not known.absent(at)
    ]
    if not there:
        return None
    if offer.mode == "least busy":
        w = t.work_items.c
        rows = connection.execute(select(w.holder, func.count()).where(w.holder.in_(there)).group_by(w.holder))
        busy: dict[str | None, int] = dict(map(tuple[str | None, int], rows))
        return min(there, key=lambda person: (busy.get(person, 0), person))
    element = parse_key(offer.node)[0]
    turn = t.turns.c
    here = (turn.process == process, turn.element == element)
    last = connection.execute(select(turn.person).where(*here)).scalar()
    chosen = next((p for p in there if last is not None and p > last), there[0])
    connection.execute(delete(t.turns).where(*here))
    connection.execute(insert(t.turns).values(process=process, element=element, person=chosen))
    return chosen

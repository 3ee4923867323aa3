"""What people said about a case and attached to it, who sent work back and who was first, read from its entries.

Comments and files change no state, and a state keeps no person of a return, so the trail is where they live. Knows no
language and no screen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from charter.engine.entries import Entry
from charter.engine.entries.cases import Attached, Commented, Declined
from charter.engine.feel.printer import quoted
from charter.engine.keys import name_of
from charter.engine.state import CaseState
from charter.runtime import clock
from charter.runtime.audit.log import Sealed
from charter.runtime.audit.query import build, run

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from charter.runtime.host.outbox import Asked


class Note(Struct, frozen=True):
    """A comment, or a file (its name) where `text` is None; `element` None: about the case; `at` as in entries."""

    at: str
    by: str
    element: str | None
    text: str | None
    file: str | None

    def to_json(self) -> dict[str, Any]:
        """Gives the note as JSON data."""
        return {"at": self.at, "by": self.by, "element": self.element, "text": self.text, "file": self.file}


def notes(connection: Connection, case: str) -> list[Note]:
    """Lists the comments and files of a case, the oldest first."""
    query, _ = build(f'case = {quoted(case)} and kind in ("commented", "attached")')
    return [_note(found.entry) for found in run(connection, query)]


def declined(connection: Connection, case: str, seen: Callable[[Sealed], Sealed]) -> list[Entry]:
    """Lists what a case asked for and nothing has come of yet, by the latest entry of each, the oldest first.

    What was tried again since, and done, is kept no longer; what was given up has an entry without a refusal. Each is
    given as it is `seen`.
    """
    query, _ = build(f'case = {quoted(case)} and kind = "declined"')
    latest: dict[Asked, Sealed] = {}
    for found in run(connection, query):
        told = found.entry.told
        if isinstance(told, Declined):
            key = (told.ask, told.target, found.entry.node, told.asked)
            latest.pop(key, None)
            latest[key] = found
    if not latest:
        return []
    from charter.runtime.host import outbox

    kept = outbox.asked(connection, case)
    return [
        seen(found).entry
        for key, found in latest.items()
        if isinstance(told := found.entry.told, Declined) and (told.because is None or key in kept or key[0] in kept)
    ]


class SentBack(Struct, frozen=True):
    """Work that waits until other work is done again: the element that sent back (`by`: the person), to which, why."""

    element: str
    by: str
    to: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Gives it as JSON data."""
        return {"element": self.element, "by": self.by, "to": self.to, "reason": self.reason}


def sent_back(connection: Connection, state: CaseState) -> list[SentBack]:
    """Lists what has sent work back and waits for it; who did it stands in the trail alone."""
    waiting = {node.key: (node.waits, node.reason) for node in state.nodes.values() if node.waits and node.reason}
    if not waiting:
        return []
    query, _ = build(f'case = {quoted(state.case)} and kind in ("returned", "rejected")')
    by = {found.entry.node: found.entry.actor for found in run(connection, query)}
    return [SentBack(key, by[key], to, reason) for key, (to, reason) in waiting.items() if key in by]


def stand_ins(connection: Connection, case: str) -> dict[tuple[str | None, str], str]:
    """Gives who acted last for somebody on an element of a case, by the element and whom they stood in for."""
    query, _ = build(f'case = {quoted(case)} and on_behalf_of != null and outcome != "refused"')
    entries = [found.entry for found in run(connection, query)]
    return {(entry.node, str(entry.on_behalf_of)): entry.actor for entry in entries if entry.after != entry.before}


def latest(connection: Connection, case: str, key: str | None, holds: Callable[[Entry], bool]) -> Entry | None:
    """Gives the latest entry about an element (`key` None: the case) of which something holds, if there is one."""
    about = "" if key is None else f" and element = {quoted(name_of(key))}"
    query, _ = build(f'case = {quoted(case)}{about} and outcome != "refused"')
    found = [each.entry for each in run(connection, query)]
    return next((entry for entry in reversed(found) if entry.node == key and holds(entry)), None)


def _note(entry: Entry) -> Note:
    told, at = entry.told, clock.text(entry.at)
    if isinstance(told, Commented):
        return Note(at, entry.actor, entry.node, told.text, None)
    assert isinstance(told, Attached)
    name = told.file.get("name") if isinstance(told.file, Mapping) else told.file
    return Note(at, entry.actor, entry.node, None, name)

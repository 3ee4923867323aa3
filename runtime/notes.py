"""What people said about a case and attached to it, read from its records in order.

Comments and files change no state, so the trail is where they live. Knows no language and no screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ..engine.feel.printer import quoted
from .audit.query import build, run


@dataclass(frozen=True, slots=True)
class Note:
    """A comment, or a file (its name) where `text` is None; `element` None: about the case; `at` as in records."""

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
    return [_note(found.fields) for found in run(connection, query)]


def _note(fields: Mapping[str, Any]) -> Note:
    data = fields["data"]
    file = data.get("file")
    name = file.get("name") if isinstance(file, Mapping) else file
    return Note(fields["at"], fields["actor"], fields.get("element"), data.get("text"), name)

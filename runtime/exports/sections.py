"""A JSON document whose parts are written side by side: each part waits in a file until the whole is put together.

Knows nothing of what is in it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from typing import IO

_KEPT = 1 << 20  # characters of a part that are kept in memory


class Sections:
    """Parts of a JSON object: arrays of items, or with `keyed` objects of members; one item a line."""

    def __init__(self, names: Sequence[str], *, keyed: bool = False) -> None:
        self._signs = "{}" if keyed else "[]"
        self._open = ExitStack()
        self._parts: dict[str, IO[str]] = {
            name: self._open.enter_context(
                tempfile.SpooledTemporaryFile(_KEPT, "w+", encoding="utf-8", newline="")  # noqa: SIM115
            )
            for name in names
        }
        self._begun: set[str] = set()

    def add(self, part: str, item: str) -> None:
        """Adds an item, written as JSON (with `keyed`: `"name":value`)."""
        self._parts[part].write(f",\n{item}" if part in self._begun else f"\n{item}")
        self._begun.add(part)

    def write(self, to: IO[str], lead: str = "") -> None:
        """Writes the document; `lead`: what comes first in it, written as JSON members. Ends the parts."""
        with self._open:
            to.write("{" + lead)
            for number, (name, part) in enumerate(self._parts.items()):
                to.write(f'{"," if number or lead else ""}\n"{name}":{self._signs[0]}')
                part.seek(0)
                shutil.copyfileobj(part, to)
                to.write(f"\n{self._signs[1]}")
            to.write("\n}\n")

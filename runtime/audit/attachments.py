"""Kept files that no entry names: what a command left whose transaction was not committed.

Only the whole trail can say so; the files themselves know nothing of it. To be asked, and collected, in a transaction
that writes, because a command keeps its files in its own.
"""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Connection, func, select

from charter.runtime.author.files import Files
from charter.runtime.store import tables as t

_DIGEST = re.compile(rb"[0-9a-f]{64}")


def orphans(connection: Connection, files: Files) -> list[Path]:
    """Lists the kept files whose SHA-256 stands in no entry; reads every entry that names a file."""
    there = dict(files.stored())
    body = t.entries.c.body
    rows = connection.execute(select(body).where(func.instr(body, "media_type") > 0)) if there else ()
    for (text,) in rows:
        for digest in _DIGEST.findall(text if isinstance(text, bytes) else text.encode("utf-8", "replace")):
            there.pop(digest.decode(), None)
    return list(there.values())


def collect(connection: Connection, files: Files) -> list[Path]:
    """Removes the kept files that no entry names; gives which. The connection must hold the write lock."""
    found = orphans(connection, files)
    for path in found:
        path.unlink(missing_ok=True)
    return found

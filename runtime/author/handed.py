"""Opens the files that people name: regular ones only, and no more of one than the door takes.

A pipe would be waited for and a device never ends, so neither is read, whichever door it comes to. Knows nothing of
what files mean. Invariant: what is judged is what is open, so nobody can put another file in its place meanwhile.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

from charter.engine.errors import CharterError

SPECIAL = "not a regular file"


class FileNotReadable(CharterError):
    """A file that somebody hands in cannot be taken; `told` is a key under [data] and says why."""

    code = "CH032"
    exit_code = 4

    def __init__(self, path: str | Path, told: str, **arguments: Any) -> None:
        super().__init__(f"{path}: {told}", path=str(path), told=told, **arguments)


def opened(path: str | Path, *, links: bool = True) -> BinaryIO:
    """Opens a regular file; raises OSError for anything else, and for a link where `links` are not followed."""
    # Without O_NONBLOCK the mere opening of a pipe waits for somebody to write into it.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags if links else flags | getattr(os, "O_NOFOLLOW", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(0, SPECIAL, str(path))
    return os.fdopen(handle, "rb")


def contents(path: str | Path, longest: int) -> bytes:
    """Reads a regular file, so many bytes at most; raises OSError."""
    with opened(path) as file:
        return file.read(longest)


def unreadable(path: str | Path, cause: OSError) -> FileNotReadable:
    """Says of a file that could not be opened whether it is no file or none that may be read."""
    told = "special" if cause.strerror == SPECIAL else "link" if cause.errno == errno.ELOOP else "absent"
    return FileNotReadable(path, told)


def replace_durably(aside: str | Path, place: str | Path) -> None:
    """Puts a written and synced file in its place, so that its name too survives a power cut."""
    os.replace(aside, place)
    sync_folder(Path(place).parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder survive a power cut."""
    if os.name == "nt":  # folders cannot be opened there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Reads process files from the disk for the language: which files a path means, their bytes, what they compile to.

Knows the file system, not the language. Invariants: only regular files are read, and no more of one than the language
takes; paths in diagnostics are those the user typed, with forward slashes.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from charter.engine.errors import CharterError
from charter.runtime.author.handed import contents, replace_durably

if TYPE_CHECKING:
    from charter.dsl.mending import Mended
    from charter.dsl.passes import Compiled
    from charter.engine.definition import Definition

SUFFIX = ".charter"
STDIN = "-"
# One byte more than dsl/text/source.py takes, so that its own diagnostic speaks of a file that is too long.
LONGEST = (16 << 20) + 1


class NoSuchFile(CharterError):
    """There is no file or folder of this name."""

    code = "CH091"
    exit_code = 4


class NoProcessFile(CharterError):
    """A folder holds no process file, so that looking through it would find nothing and mean nothing."""

    code = "CH092"
    exit_code = 4


class Unreadable(CharterError):
    """A file is there but cannot be read or written."""

    code = "CH095"
    exit_code = 74


class NoProcess(CharterError):
    """A file declares no process (of this name) that could be used."""

    code = "CH097"
    exit_code = 4


def find_files(paths: Sequence[str]) -> Iterator[str]:
    """Gives every process file that paths mean, each once: a file itself, a folder's `*.charter` at any depth, `-`.

    Raises NoSuchFile, and NoProcessFile for a folder without any.
    """
    seen = set()
    for path in paths:
        for found in _under(path):
            if found not in seen:
                seen.add(found)
                yield found


def _under(path: str) -> Iterator[str]:
    if path == STDIN:
        yield path
    elif os.path.isdir(path):
        folders = sorted(Path(path).rglob(f"*{SUFFIX}"))
        # hidden folders (.git, .venv) hold no process files of the user's own
        shown = [f.as_posix() for f in folders if not any(p.startswith(".") for p in f.relative_to(path).parts)]
        if not shown:
            raise NoProcessFile(f"no process file in {path}", path=path)
        yield from shown
    elif os.path.exists(path):
        yield Path(path).as_posix()
    else:
        raise NoSuchFile(f"no file {path}", path=path)


def read_bytes(path: str, longest: int = LONGEST) -> bytes:
    """Reads a process file (`-`: standard input), so many bytes at most; raises NoSuchFile or Unreadable."""
    if path == STDIN:
        return sys.stdin.buffer.read(longest)
    try:
        return contents(path, longest)
    except FileNotFoundError:
        raise NoSuchFile(f"no file {path}", path=path) from None
    except OSError as error:
        raise Unreadable(f"cannot read {path}", path=path, detail=error.strerror or str(error)) from error


def compile_file(path: str, data: bytes | None = None) -> Compiled:
    """Compiles a process file with the files it uses; raises NoSuchFile or Unreadable for the file itself.

    `data`: what it holds, where that has been read.
    """
    from charter.dsl.passes import compile

    return compile(name_of(path), read_bytes(path) if data is None else data, _used)


def name_of(path: str) -> str:
    """Gives the name by which messages call a path."""
    return "<stdin>" if path == STDIN else path


def _used(path: str) -> bytes:
    return contents(path, LONGEST)


class MendedFile(Struct, frozen=True):
    """A process file with its safe fixes made. `left`: why it was not written (`link`, `changed`), if it was not."""

    path: str
    data: bytes
    mended: Mended
    left: str | None = None


def mend_file(path: str, *, write: bool) -> MendedFile:
    """Makes the safe fixes of a process file (`-`: of standard input, which is never written).

    A file that has another name too, or that somebody else has changed meanwhile, is left as it is. Raises NoSuchFile,
    Unreadable.
    """
    from charter.dsl.mending import mend

    data = read_bytes(path)
    mended = mend(name_of(path), data, _used)
    if path == STDIN or not write or mended.data == data:
        return MendedFile(path, data, mended)
    if os.path.islink(path) or os.stat(path).st_nlink > 1:
        return MendedFile(path, data, mended, "link")
    if read_bytes(path) != data:
        return MendedFile(path, data, mended, "changed")
    write_atomically(path, mended.data)
    return MendedFile(path, data, mended)


def used_texts(compiled: Compiled) -> Mapping[str, str]:
    """Gives the texts a compilation read, by path."""
    return {path: source.text for path, source in compiled.sources.items()}


def choose(compiled: Compiled, path: str, process: str | None) -> Definition:
    """Gives a file's process by name, or its first; raises NoProcess."""
    found = compiled.definition(process) if process else next(iter(compiled.definitions), None)
    if found is None:
        raise NoProcess(f"no process {process or ''} in {path}", path=path, name=process or "")
    return found


def write_atomically(path: str, data: bytes) -> None:
    """Replaces a file's content in one step, keeping its mode; a link is followed. Raises Unreadable."""
    import tempfile

    target = os.path.realpath(path)
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".charter-", dir=os.path.dirname(target))
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        mode = stat.S_IMODE(os.stat(target).st_mode) if os.path.exists(target) else 0o666 & ~_umask()
        os.chmod(temporary, mode)
        replace_durably(temporary, target)
    except OSError as error:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)
        raise Unreadable(f"cannot write {path}", path=path, detail=error.strerror or str(error)) from error


def is_free(folder: str) -> bool:
    """Whether a folder can be made, or is there with nothing in it."""
    return not os.path.lexists(folder) or (os.path.isdir(folder) and not os.listdir(folder))


def write_files(folder: str, files: Mapping[str, bytes]) -> None:
    """Writes files by their paths within a folder, which is made where it is not there. Raises Unreadable."""
    for path, data in files.items():
        target = Path(folder, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(str(target), data)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

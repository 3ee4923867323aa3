"""What came of proving a process before: the same process and the same prover come to the same.

For each process an empty file in the user's folder for caches, named by the digest of the process and of all that
proves. There is no more to it, so nothing in it can be wrong: what is of another process or prover has another name.
What was refuted is not kept, so that it is played again and shown. A folder that cannot be written keeps nothing, and
whoever deletes it loses time.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Literal

import charter.engine
from charter.engine.definition import Definition, digest

Outcome = Literal["proved", "late", "inexact"]
OUTCOMES: tuple[Outcome, ...] = ("proved", "late", "inexact")
MOST = 4_096  # files, of which the older half goes when there are more


def recall(definition: Definition) -> Outcome | None:
    """Gives what came of a process: proved, not in the time of a check, or not for every value."""
    place = _place(definition)
    return None if place is None else next((o for o in OUTCOMES if os.path.isfile(place.with_suffix(f".{o}"))), None)


def keep(definition: Definition, outcome: Outcome) -> None:
    """Remembers what came of a process."""
    place = _place(definition)
    with suppress(OSError):
        if place is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.with_suffix(f".{outcome}").touch()
            _clear(place.parent)


def _clear(folder: Path) -> None:
    kept = [entry for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False)]
    if len(kept) > MOST:
        for entry in sorted(kept, key=lambda entry: entry.stat().st_mtime)[: len(kept) // 2]:
            os.unlink(entry.path)


def _place(definition: Definition) -> Path | None:
    prover = _prover()
    named = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    with suppress(RuntimeError):  # nobody's home
        base = Path(named) if named and os.path.isabs(named) else Path.home() / ".cache"
        name = sha256(f"{digest(definition)} {prover}".encode()).hexdigest()
        return base / "charter" / "proofs" / name if prover else None
    return None


@cache
def _prover() -> str:
    """Gives the digest of all that decides what a proof finds; nothing where its text cannot be read."""
    found = sha256()
    engine = Path(charter.engine.__path__[0])
    try:
        texts = [p for p in sorted(engine.rglob("*")) if p.is_file() and "__pycache__" not in p.parts]
        for path in (*texts, Path(__file__).with_name("proof.py")):
            data = path.read_bytes()
            found.update(f"{path.name} {len(data)} ".encode() + data)
    except OSError:
        return ""
    return found.hexdigest() if texts else ""

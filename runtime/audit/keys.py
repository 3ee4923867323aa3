"""The private key that seals the trail: a file outside of the database, readable by its owner alone.

It is in `$CHARTER_KEY`, or beside the database as `NAME.key`, in the form that openssl reads (PEM, PKCS 8); beside it
lies the last checkpoint that was signed with it, so that a database that was emptied or put back is found out. Ed25519.
Knows files and signatures; which key is in force is for the trail to say (`sealing.py`).
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from charter.engine.errors import CharterError
from charter.runtime.audit.notes import BadNote, Checkpoint, Key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from charter.runtime.store import Store


class NoKey(CharterError):
    """There is no key with which the trail could be sealed."""

    code = "CH067"
    exit_code = 4


class BadKey(CharterError):
    """The file of the key cannot be used: unreadable, no key, or open to others."""

    code = "CH068"
    exit_code = 74


class KeyTaken(CharterError):
    """There is a key already, or a file where it would lie."""

    code = "CH072"
    exit_code = 5


def place(store: Store) -> Path:
    """Gives where the key of a database lies, or would lie."""
    given = os.environ.get("CHARTER_KEY")
    if given:
        return Path(given).absolute()
    return store.folder / "charter.key" if "://" in store.url else Path(f"{store.url}.key")


def near(path: Path) -> str:
    """Names a file as shortly as it can be named from here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


class PrivateKey:
    """A private key, and what signs with it."""

    def __init__(self, held: Ed25519PrivateKey) -> None:
        self._held = held

    @staticmethod
    def new() -> PrivateKey:
        """Makes one."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return PrivateKey(Ed25519PrivateKey.generate())

    def public(self) -> bytes:
        """Gives the 32 bytes of the public key."""
        return self._held.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Gives the 64 bytes of a signature."""
        return self._held.sign(message)

    def write(self, path: Path) -> None:
        """Writes it to a file that is not there yet, for its owner alone; raises KeyTaken or BadKey."""
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        text = self._held.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as cause:
            raise KeyTaken("a file is there", path=str(path)) from cause
        except OSError as cause:
            raise BadKey(str(cause), path=str(path), detail=str(cause)) from cause
        with os.fdopen(file, "wb") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())

    @staticmethod
    def read(path: Path) -> PrivateKey:
        """Reads one from a file; raises NoKey or BadKey."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            with path.open("rb") as file:
                if hasattr(os, "getuid") and os.fstat(file.fileno()).st_mode & 0o077:
                    raise BadKey("others may read it", path=str(path), told="seal_open")
                held = load_pem_private_key(file.read(10_000), None)
        except FileNotFoundError as cause:
            raise NoKey("no key", path=str(path)) from cause
        except OSError as cause:
            raise BadKey(str(cause), path=str(path), detail=str(cause)) from cause
        except (ValueError, TypeError) as cause:
            raise BadKey("no key", path=str(path), told="seal_no_key") from cause
        if not isinstance(held, Ed25519PrivateKey):
            raise BadKey("no key of this sort", path=str(path), told="seal_no_key")
        return PrivateKey(held)


def _coming(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def write_coming(key: PrivateKey, path: Path) -> None:
    """Writes a key that is to replace the one at `path` once the trail names it; one that came to nothing goes."""
    _coming(path).unlink(missing_ok=True)
    key.write(_coming(path))


def drop_coming(path: Path) -> None:
    """Throws away a key that was to come."""
    _coming(path).unlink(missing_ok=True)


def put_in_place(path: Path) -> None:
    """Has the key that was to come replace the one before."""
    os.replace(_coming(path), path)


def find(path: Path, wanted: Key) -> PrivateKey | None:
    """Gives the private key that belongs to a public one, None where another lies there; raises NoKey or BadKey.

    Where the trail names a key that was about to be put in place, it is now.
    """
    with suppress(NoKey):
        if PrivateKey.read(_coming(path)).public() == wanted.public:
            put_in_place(path)
    found = PrivateKey.read(path)
    return found if found.public() == wanted.public else None


def kept(path: Path) -> Checkpoint | None:
    """Gives the last checkpoint that lies beside the key, None where there is none; raises BadNote."""
    try:
        text = _beside(path).read_bytes()
    except OSError:
        return None
    try:
        return Checkpoint.read(text.decode())
    except UnicodeDecodeError as cause:
        raise BadNote("no text", told="note_checkpoint") from cause


def keep(path: Path, checkpoint: Checkpoint) -> None:
    """Lays a checkpoint beside the key, unless a later one of the same log lies there."""
    with suppress(BadNote):
        before = kept(path)
        if before is not None and before.size > checkpoint.size and before.origin == checkpoint.origin:
            return
    new = path.with_name(f"{path.name}.checkpoint.{os.getpid()}")
    with suppress(OSError):  # what cannot be kept there is in the database all the same
        new.write_text(checkpoint.note(), encoding="utf-8")
        os.replace(new, _beside(path))


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.checkpoint")

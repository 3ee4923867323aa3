"""What is handed out of the tree, in published forms: signed notes, checkpoints, cosignatures and proofs.

The forms are those of C2SP: signed-note (Ed25519, type 01; keys as `NAME+ID+KEY`), tlog-checkpoint, tlog-cosignature
(Ed25519, type 04) and tlog-proof. Text in, values out; whether the database says the same is `seals.py`'s to tell.
Whatever cannot be read raises BadNote. Size and root are taken from a checkpoint only, never from a proof.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha256

from msgspec import Struct

from charter.engine.errors import CharterError

PLAIN, COSIGNED = 1, 4  # types of signature
LONGEST = 16  # signatures that a note may bear
_PROOF = "c2sp.org/tlog-proof@v1"
_DASH = "—"


class BadNote(CharterError):
    """A text is no checkpoint, proof or key in the form that it should have."""

    code = "CH071"
    exit_code = 2


class Key(Struct, frozen=True):
    """A public key by the name that it signs under. `sort`: PLAIN for a log's, COSIGNED for a witness's."""

    name: str
    public: bytes
    sort: int = PLAIN

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature line says whose it is."""
        return sha256(self.name.encode() + b"\n" + bytes([self.sort]) + self.public).digest()[:4]

    def text(self) -> str:
        """Writes the key as it is handed out."""
        return f"{self.name}+{self.id.hex()}+{_to64(bytes([self.sort]) + self.public)}"

    @staticmethod
    def read(text: str) -> Key:
        """Reads a key; raises BadNote."""
        name, _, rest = text.strip().partition("+")
        id_, _, key = rest.partition("+")
        held = _from64(key)
        if len(held) != 33 or held[0] not in (PLAIN, COSIGNED) or not is_name(name):
            raise BadNote("no key", told="note_key", text=text)
        found = Key(name, held[1:], held[0])
        if found.id.hex() != id_:
            raise BadNote("a key whose number is another's", told="note_key", text=text)
        return found

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Tells whether a signature of 64 bytes is this key's, over these bytes."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def vouches(self, text: str, signature: bytes) -> bool:
        """Tells whether what a signature line bears after the key's number is this key's, over a note's text."""
        if self.sort == PLAIN:
            return self.signed(text.encode(), signature)
        return self.signed(cosigned(text, int.from_bytes(signature[:8], "big")), signature[8:])


def is_name(text: str) -> bool:
    """Tells whether a key can have this name: without blanks and plus signs."""
    return bool(text) and "+" not in text and not any(sign.isspace() or sign < " " for sign in text)


def cosigned(text: str, at: int) -> bytes:
    """Gives what a witness signs: a checkpoint's text, and when (seconds since the epoch) it saw it."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()


class Checkpoint(Struct, frozen=True):
    """How the tree of a log stood: so many leaves, and the root over them. `signatures`: name and bytes of each."""

    origin: str
    size: int
    root: bytes
    signatures: tuple[tuple[str, bytes], ...] = ()
    more: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What is signed."""
        return "".join(f"{line}\n" for line in (self.origin, str(self.size), _to64(self.root), *self.more))

    def note(self) -> str:
        """Writes the checkpoint with its signatures."""
        return f"{self.text}\n{''.join(line(name, held) for name, held in self.signatures)}"

    def signed_by(self, key: Key) -> bool | None:
        """Tells whether a key vouches for it: None where it bears no signature of that key."""
        held = [held for name, held in self.signatures if name == key.name and held[:4] == key.id]
        return all(key.vouches(self.text, one[4:]) for one in held) if held else None

    @staticmethod
    def read(note: str) -> Checkpoint:
        """Reads a signed checkpoint; raises BadNote."""
        text, blank, below = note.rpartition("\n\n")
        lines = text.split("\n")
        if not blank or len(lines) < 3 or not below.endswith("\n") or not all(lines):
            raise BadNote("no signed checkpoint", told="note_checkpoint")
        origin, size, root, *more = lines
        signed = below[:-1].split("\n")
        if not is_name(origin) or not is_number(size) or len(signed) > LONGEST:
            raise BadNote("no signed checkpoint", told="note_checkpoint")
        held = _from64(root)
        if len(held) != 32 or any(sign < " " for part in (*lines, *signed) for sign in part):
            raise BadNote("no signed checkpoint", told="note_checkpoint")
        return Checkpoint(origin, int(size), held, tuple(map(_signature, signed)), tuple(more))


def line(name: str, held: bytes) -> str:
    """Writes a signature line; `held`: the key's number and what follows it."""
    return f"{_DASH} {name} {_to64(held)}\n"


def _signature(text: str) -> tuple[str, bytes]:
    dash, _, rest = text.partition(" ")
    name, _, held = rest.partition(" ")
    if dash != _DASH or not is_name(name) or len(found := _from64(held)) < 5:
        raise BadNote("no signature line", told="note_checkpoint")
    return name, found


def signatures(text: str) -> tuple[tuple[str, bytes], ...]:
    """Reads signature lines, as a witness answers them; raises BadNote."""
    return tuple(_signature(each) for each in text.splitlines())


class Proof(Struct, frozen=True):
    """That an entry is leaf number `index` (from 0) of the tree of a checkpoint."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: Checkpoint

    def write(self) -> str:
        """Writes the proof as a file."""
        path = "".join(f"{_to64(each)}\n" for each in self.path)
        return f"{_PROOF}\nindex {self.index}\n{path}\n{self.checkpoint.note()}"

    @staticmethod
    def read(text: str) -> Proof:
        """Reads a proof; raises BadNote."""
        above, blank, note = text.partition("\n\n")
        head, *lines = above.split("\n")
        if lines and lines[0].startswith("extra "):
            del lines[0]
        word, _, index = lines[0].partition(" ") if lines else ("", "", "")
        if head != _PROOF or not blank or word != "index" or not is_number(index):
            raise BadNote("no proof", told="note_proof")
        return Proof(int(index), hashes(lines[1:]), Checkpoint.read(note))


def hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    """Reads the hashes of a proof, one a line; raises BadNote."""
    found = tuple(map(_from64, lines))
    if len(found) > 63 or any(len(each) != 32 for each in found):
        raise BadNote("no hashes", told="note_proof")
    return found


def is_number(text: str) -> bool:
    """Tells whether a text is a whole number as these forms write it."""
    return text.isascii() and text.isdigit() and (text == "0" or text[0] != "0") and len(text) < 20


def _to64(held: bytes) -> str:
    return b64encode(held).decode()


def _from64(text: str) -> bytes:
    try:
        found = b64decode(text.encode(), validate=True)
    except (binascii.Error, ValueError) as cause:
        raise BadNote("no base64", told="note_checkpoint") from cause
    if _to64(found) != text:
        raise BadNote("base64 that is written otherwise", told="note_checkpoint")
    return found

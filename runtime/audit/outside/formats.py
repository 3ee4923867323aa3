"""The signatures, the tree and the notes, as `verify.py` of a bundle checks them: with the standard library alone.

The first part of that file (`bundle.py` joins it with `judging.py`); written once more, so that it shares no mistake
with what signs.
"""

# mypy: ignore-errors
from __future__ import annotations

import base64
import hashlib

# --- Ed25519, verifying only (RFC 8032, section 5.1.7) ---------------------------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(one, two):
    """Adds two points, each as (x, y, z, t) with t = xy/z."""
    a, b = (one[1] - one[0]) * (two[1] - two[0]) % P, (one[1] + one[0]) * (two[1] + two[0]) % P
    c, d = 2 * one[3] * two[3] * D % P, 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number, point):
    """Adds a point so many times."""
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = add(total, point)
        point, number = add(point, point), number >> 1
    return total


def point_of(held):
    """Reads a point from its 32 bytes; None where it is none."""
    y = int.from_bytes(held, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(public, message, signature):
    """Tells whether 64 bytes are the signature of a public key (32 bytes) over a message."""
    a, r, s = point_of(public), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or a is None or r is None or s >= ORDER:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left, right = times(s, BASE), add(r, times(h, a))
    return all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


# --- the tree (RFC 6962) and what is signed of it (C2SP) -------------------------------------------------------------


def leaf_hash(body):
    return hashlib.sha256(b"\0" + body).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def roots(leaves):
    """Yields the root over the first 1, 2, 3 … leaves, as a function that gives it."""
    edge = []
    for size, leaf in enumerate(leaves, 1):
        while not size & 1:
            leaf, size = node_hash(edge.pop(), leaf), size >> 1
        edge.append(leaf)

        def root(edge=edge):
            found = edge[-1]
            for left in reversed(edge[:-1]):
                found = node_hash(left, found)
            return found

        yield root


def included(leaf, index, size, path, root):
    """Tells whether a path leads from a leaf to a root (RFC 9162, section 2.1.3.2)."""
    at, last, found = index, size - 1, leaf
    if index > last:
        return False
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


class Bad(Exception):
    """Something is not in the form that it must have."""


def from64(text):
    try:
        found = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise Bad from None
    if base64.b64encode(found).decode() != text:
        raise Bad
    return found


def whole_number(text):
    if not (text.isascii() and text.isdigit() and (text == "0" or text[0] != "0")):
        raise Bad
    return int(text)


class Key:
    """A public key, NAME+ID+KEY."""

    def __init__(self, text):
        self.text = text.strip()
        self.name, _, rest = self.text.partition("+")
        id_, _, key = rest.partition("+")
        held = from64(key)
        self.id = hashlib.sha256(self.name.encode() + b"\n" + held).digest()[:4]
        self.public = held[1:]
        if len(held) != 33 or held[0] != 1 or self.id.hex() != id_:
            raise Bad

    def pem(self):
        der = bytes.fromhex("302a300506032b6570032100") + self.public
        return "-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(der).decode() + "\n-----END PUBLIC KEY-----\n"


class Checkpoint:
    """How a tree was when it was signed: origin, size, root."""

    def __init__(self, note):
        self.text, blank, below = note.rpartition("\n\n")
        lines = self.text.split("\n")
        self.text += "\n"
        if not blank or len(lines) != 3 or not below.endswith("\n"):
            raise Bad
        self.origin, self.size, self.root = lines[0], whole_number(lines[1]), from64(lines[2])
        self.signatures = []
        for line in below[:-1].split("\n"):
            dash, _, rest = line.partition(" ")
            name, _, held = rest.partition(" ")
            if dash != "\N{EM DASH}":
                raise Bad
            self.signatures.append((name, from64(held)))

    def signed_by(self, key):
        """Tells whether a key signed it, and nothing else is there under its name."""
        held = [one for name, one in self.signatures if (name, one[:4]) == (key.name, key.id)]
        return bool(held) and all(signed(key.public, self.text.encode(), one[4:]) for one in held)


def proof(text):
    """Reads a proof: index, path and checkpoint."""
    above, blank, note = text.partition("\n\n")
    head, *lines = above.split("\n")
    if head != "c2sp.org/tlog-proof@v1" or not blank or not lines or not lines[0].startswith("index "):
        raise Bad
    return whole_number(lines[0][6:]), [from64(line) for line in lines[1:]], Checkpoint(note)

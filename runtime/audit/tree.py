"""The hash tree over the entries of a database: RFC 6962, section 2.1, as RFC 9162 says how its proofs are checked.

A leaf is `H(00 ‖ bytes)` of an entry's stored bytes, a node `H(01 ‖ left ‖ right)`, H being SHA-256. Everything here is
made of whole subtrees, `subtree(level, number)`: the hash over the `2^level` leaves from `number · 2^level` on; where
they come from (`seals.py`) is the caller's business. Pure: no database, no clock. Hashes are 32 bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

EMPTY = sha256().digest()  # the root of a tree without leaves

Subtree = Callable[[int, int], bytes]


def leaf_hash(body: bytes) -> bytes:
    """Gives the hash of a leaf from an entry's bytes."""
    return sha256(b"\0" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Gives the hash of two subtrees side by side."""
    return sha256(b"\1" + left + right).digest()


class Frontier:
    """A tree that is only added to: of the leaves so far it keeps one hash for each whole subtree at its right edge."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[bytes] = []  # from the largest subtree to the smallest
        self._whole: list[bytes] = []  # those that the last leaf has made whole, from the smallest

    def add(self, leaf: bytes) -> None:
        """Adds the hash of the next leaf."""
        self.size += 1
        size, edge, whole = self.size, self._edge, [leaf]
        while not size & 1:
            leaf = node_hash(edge.pop(), leaf)
            whole.append(leaf)
            size >>= 1
        edge.append(leaf)
        self._whole = whole

    def last(self, level: int) -> bytes:
        """Gives the hash of the subtree of `2^level` leaves that the last leaf has made whole."""
        return self._whole[level]

    def root(self) -> bytes:
        """Gives the root over all leaves so far."""
        return folded(self._edge)


def folded(edge: Sequence[bytes]) -> bytes:
    """Gives the root above subtrees that stand side by side, from the largest to the smallest."""
    if not edge:
        return EMPTY
    *rest, root = edge
    for left in reversed(rest):
        root = node_hash(left, root)
    return root


def root_of(size: int, subtree: Subtree) -> bytes:
    """Gives the root of the tree over the first `size` leaves."""
    return EMPTY if size == 0 else _over(0, size, subtree)


def _split(size: int) -> int:
    """Gives the largest power of two below a size of at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _over(start: int, end: int, subtree: Subtree) -> bytes:
    """Gives the hash over the leaves from `start` before `end`; `start` is a multiple of the largest subtree in it."""
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return subtree(level, start >> level)
    middle = start + _split(size)
    return node_hash(_over(start, middle, subtree), _over(middle, end, subtree))


def inclusion(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """Gives the proof that a leaf is in the tree of `size` leaves, from its sibling upwards."""
    if not 0 <= index < size:
        raise ValueError(index)
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_over(middle, end, subtree))
            end = middle
        else:
            path.append(_over(start, middle, subtree))
            start = middle
    return path[::-1]


def consistency(old: int, size: int, subtree: Subtree) -> list[bytes]:
    """Gives the proof that the tree of `size` leaves begins with that of `old`; empty for none and for all of them."""
    if not 0 <= old <= size:
        raise ValueError(old)
    if old in (0, size):
        return []
    path: list[bytes] = []
    start, end, whole = 0, size, True
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_over(middle, end, subtree))
            end = middle
        else:
            path.append(_over(start, middle, subtree))
            start, whole = middle, False
    if not whole:
        path.append(_over(start, end, subtree))
    return path[::-1]


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Tells whether a proof shows that the leaf of this hash is number `index` (from 0) in the tree of that root."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for sibling in proof:
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


def continues(old: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]) -> bool:
    """Tells whether a proof shows that the tree of `size` leaves and that root begins with the one of `old` leaves."""
    if old > size or old < 0:
        return False
    if old == 0:
        return not proof and old_root == EMPTY
    if old == size:
        return not proof and old_root == root
    given = list(proof)
    if old & (old - 1) == 0:
        given.insert(0, old_root)
    if not given:
        return False
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = given[0]
    for sibling in given[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and (first, second) == (old_root, root)

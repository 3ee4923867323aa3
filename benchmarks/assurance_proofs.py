"""Proofs of the tree: mutated ones, and all up to a size beside RFC 6962 as it stands there (`assurance.py`)."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from random import Random

from charter.runtime.audit import keys, tree
from charter.runtime.audit.notes import BadNote, Checkpoint, Key, Proof


def proofs(count: int) -> tuple[int, int]:
    """Changes notes, proofs and sizes in so many ways; gives how many were made, and how many of them were accepted."""
    draw, made, accepted = Random(3), 0, 0
    leaves = [sha256(b"\0" + bytes([number])).digest() for number in range(200)]
    private = keys.PrivateKey.new()
    key = Key("example.com/a", private.public())
    size = 200
    root = tree.root_of(size, _over(leaves))
    unsigned = Checkpoint(key.name, size, root)
    note = Checkpoint(key.name, size, root, ((key.name, key.id + private.sign(unsigned.text.encode())),))
    while made < count:
        index = draw.randrange(size)
        text = Proof(index, tuple(tree.inclusion(index, size, _over(leaves))), note).write()
        for _ in range(20):
            false = _mutated(text, draw)
            made += 1
            with suppress(BadNote, ValueError):
                read = Proof.read(false)
                said = read.checkpoint
                same = (read.index, read.path, said.size, said.root) == (index, Proof.read(text).path, size, root)
                good = said.origin == key.name and said.signed_by(key)
                if good and not same and tree.included(leaves[index], read.index, said.size, read.path, said.root):
                    accepted += 1
    return made, accepted


def _over(leaves: list[bytes]) -> tree.Subtree:
    def subtree(level: int, number: int) -> bytes:
        if level == 0:
            return leaves[number]
        left, right = (subtree(level - 1, number * 2 + side) for side in (0, 1))
        return sha256(b"\1" + left + right).digest()

    return subtree


def _mutated(text: str, draw: Random) -> str:
    """Changes a character, a line, a number or a size of a proof."""
    lines = text.split("\n")
    place = draw.randrange(len(lines))
    way = draw.randrange(6)
    if way == 0 and text:
        at = draw.randrange(len(text))
        return text[:at] + chr(draw.randrange(32, 126)) + text[at + 1 :]
    if way == 1:
        return "\n".join(lines[:place] + lines[place + 1 :])
    if way == 2:
        return "\n".join([*lines[:place], lines[place], *lines[place:]])
    if way == 3:
        other = draw.randrange(len(lines))
        lines[place], lines[other] = lines[other], lines[place]
    elif way == 4:
        lines[1:2] = [f"index {draw.randrange(400)}"]
    else:
        lines = [str(draw.randrange(400)) if one.isdigit() else one for one in lines]
    return "\n".join(lines)


def oracle(most: int) -> int:
    """Compares the proofs of all (m, n) up to a size with RFC 6962 as it stands there; gives how many."""
    hashes = [sha256(b"\0" + number.to_bytes(2)).digest() for number in range(most)]
    memory: dict[tuple[int, int], bytes] = {}

    def mth(low: int, high: int) -> bytes:
        if high - low == 1:
            return hashes[low]
        if (low, high) not in memory:
            k = 1 << (high - low - 1).bit_length() - 1
            memory[low, high] = sha256(b"\1" + mth(low, low + k) + mth(low + k, high)).digest()
        return memory[low, high]

    def path(m: int, low: int, high: int) -> list[bytes]:
        if high - low == 1:
            return []
        k = 1 << (high - low - 1).bit_length() - 1
        if m < k:
            return [*path(m, low, low + k), mth(low + k, high)]
        return [*path(m - k, low + k, high), mth(low, low + k)]

    def subproof(m: int, low: int, high: int, complete: bool) -> list[bytes]:
        if m == high - low:
            return [] if complete else [mth(low, high)]
        k = 1 << (high - low - 1).bit_length() - 1
        if m <= k:
            return [*subproof(m, low, low + k, complete), mth(low + k, high)]
        return [*subproof(m - k, low + k, high, False), mth(low, low + k)]

    over, count = (lambda level, number: mth(number << level, (number + 1) << level)), 0
    for n in range(1, most + 1):
        root = mth(0, n)
        assert tree.root_of(n, over) == root
        for m in range(n):
            found = tree.inclusion(m, n, over)
            assert list(found) == path(m, 0, n) and tree.included(hashes[m], m, n, found, root), (m, n)
            between = tree.consistency(m + 1, n, over)
            assert list(between) == subproof(m + 1, 0, n, True), (m + 1, n)
            assert tree.continues(m + 1, n, mth(0, m + 1), root, between), (m + 1, n)
            count += 2
    return count


__all__ = ["oracle", "proofs"]

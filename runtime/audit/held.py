"""Holds the entries against the tree, the tree against its checkpoints, and those against what is kept outside.

One walk over all leaves in order: their hashes are made anew from the stored bytes and add up to every kept subtree and
to the root of every checkpoint, whose signature is that of the key which the trail names at that place. A checkpoint
that somebody holds outside of the database must lie on the same way. Faults go to integrity (other bytes) and
completeness (less); what no checkpoint outside covers is said (`Seals`).
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from charter.runtime.audit import keys, seals, tree
from charter.runtime.audit.findings import Fault, Findings, Seals
from charter.runtime.audit.notes import BadNote, Checkpoint, Key
from charter.runtime.audit.sealing import AT_ONCE, handed_over, in_force
from charter.runtime.store import Store
from charter.runtime.store.prepared import ask, driver
from charter.runtime.store.schema import ORGANISATION

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Held(Struct, frozen=True):
    """A checkpoint that is kept outside of the database: by whom, and what it says. `given`: a person brought it."""

    where: str
    checkpoint: Checkpoint
    given: bool = False


def beside(store: Store) -> tuple[Held, ...]:
    """Gives the checkpoint that lies beside the key, none where none lies there; raises BadNote."""
    path = keys.place(store)
    found = keys.kept(path)
    return () if found is None else (Held(keys.near(path) + ".checkpoint", found),)


def brought(path: str, witness: str | None = None) -> Held:
    """Reads a checkpoint that somebody brings; raises BadNote, also where that witness has not signed it."""
    try:
        found = Checkpoint.read(Path(path).read_text(encoding="utf-8"))
    except UnicodeDecodeError as cause:
        raise BadNote("no text", told="note_checkpoint") from cause
    if witness is not None and not found.signed_by(Key.read(witness)):
        raise BadNote("not witnessed", told="note_witness", text=witness)
    return Held(path, found, given=True)


class _Walk:
    """What is known while the leaves are walked over."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.frontier = tree.Frontier()
        self.key: Key | None = None
        self.unsigned: list[int] = []
        self.checkpoints = 0
        self.sealed = 0  # leaves that a sound checkpoint covers
        self.signed = 0  # leaves that any checkpoint covers
        self.firsts: list[tuple[str, int]] = []  # of each tile of 16 the first entry, by which it is found

    def fault(self, verdict: str, leaf: int, why: str, what: str | None = None) -> None:
        """Notes what is wrong at a leaf, or at the first one of its tile, by the entry."""
        chain, seq = self.firsts[leaf >> seals.STEP] if leaf >> seals.STEP < len(self.firsts) else (None, None)
        self.findings.note(verdict, Fault(chain, seq, why, what))

    def take(self, leaf: bytes, chain: str, seq: int) -> None:
        """Adds a leaf."""
        if self.frontier.size & 15 == 0:
            self.firsts.append((chain, seq))
        self.frontier.add(leaf)


def check(connection: Connection, findings: Findings, held: Sequence[Held] = ()) -> Seals:
    """Judges the tree of a database; every fault is noted with the first entry that may be meant."""
    walk = _Walk(findings)
    wanted = sorted((one for one in held if one.checkpoint.size), key=lambda one: one.checkpoint.size)
    with findings.judging("integrity", "completeness"):
        tiles = _Tiles(connection, walk)
        notes = iter(driver(connection).execute("SELECT number, size, note FROM checkpoints ORDER BY number"))
        following = _next(notes, walk)
        for leaf, position, body, chain, seq, kind in seals.all_leaves(connection):
            if leaf != walk.frontier.size or type(leaf) is not int:
                walk.findings.note("completeness", Fault(chain, seq, "leaf_gap", str(leaf)))
                break
            if body is None:
                walk.fault("completeness", leaf, "leaf_missing", str(position))
                break
            walk.take(tree.leaf_hash(body), chain, seq)
            if kind == "key_set" and chain == ORGANISATION:
                _set(walk, seq, body)
            tiles.compare(walk.frontier.size)
            while following is not None and following[0] <= walk.frontier.size:
                _compare(walk, *following)
                following = _next(notes, walk)
            while wanted and wanted[0].checkpoint.size <= walk.frontier.size:
                _hold(walk, wanted.pop(0))
        if following is not None:
            findings.note("completeness", Fault(None, None, "checkpoint_beyond", str(following[0])))
        tiles.end(walk.frontier.size)
        last, size = walk.signed, walk.frontier.size
        # What was taken in without a signature is what a crash left, by whole batches.
        if (last != size and (size - last) % AT_ONCE) or (size == 0 and in_force(connection) is not None):
            findings.note("completeness", Fault(None, None, "checkpoint_gap", str(walk.checkpoints + 1)))
    for one in wanted:
        if not walk.frontier.size:
            walk.findings.note("completeness", Fault(None, None, "held_unsealed", one.where))
        else:
            what = f"{one.checkpoint.size} > {walk.frontier.size}"
            walk.findings.note("completeness", Fault(None, None, "held_larger", what))
    waiting = 0
    with findings.judging("completeness"):
        waiting = seals.waiting(connection)
    given = tuple(one.where for one in held if one.given)
    covered = {one.where: one.checkpoint.size for one in held}
    key = None if walk.key is None else walk.key.text()
    return Seals(key, walk.frontier.size, walk.checkpoints, waiting, covered, tuple(walk.unsigned), given)


def _next(notes: Any, walk: _Walk) -> tuple[int, Checkpoint] | None:
    """Reads the next checkpoint of the database; what cannot be read is a fault, and ends them."""
    row = next(notes, None)
    if row is None:
        return None
    number, size, note = row
    walk.checkpoints += 1
    if number != walk.checkpoints:
        walk.findings.note("completeness", Fault(None, None, "checkpoint_gap", str(walk.checkpoints)))
    try:
        found = Checkpoint.read(note)
    except (BadNote, AttributeError, TypeError):
        found = None
    if found is None or found.size != size or size <= walk.sealed:
        walk.findings.note("integrity", Fault(None, None, "checkpoint_unreadable", str(number)))
        return None
    return size, found


def _compare(walk: _Walk, size: int, checkpoint: Checkpoint) -> None:
    walk.signed = size
    if checkpoint.root != walk.frontier.root():
        walk.fault("integrity", walk.sealed, "root_differs", str(size))
    elif walk.key is None or checkpoint.origin != walk.key.name or not checkpoint.signed_by(walk.key):
        walk.fault("integrity", walk.sealed, "not_signed", str(size))
    else:
        walk.sealed = size


def _hold(walk: _Walk, held: Held) -> None:
    """Holds the tree against a checkpoint from outside at the place that it tells of."""
    if walk.key is None or held.checkpoint.origin != walk.key.name:
        walk.findings.note("integrity", Fault(None, None, "held_other", held.checkpoint.origin))
    elif held.checkpoint.root != walk.frontier.root():
        walk.fault("integrity", 0, "held_differs", held.where)
    elif not held.checkpoint.signed_by(walk.key):
        walk.findings.note("integrity", Fault(None, None, "held_unsigned", held.where))


def _set(walk: _Walk, seq: int, body: bytes) -> None:
    """Takes over a key that the trail names from here on."""
    with walk.findings.judging("integrity", case=ORGANISATION):
        told = json.loads(body)["data"]
        key, was = Key.read(told["key"]), walk.key
        if told.get("was") != (None if was is None else was.text()):
            walk.findings.note("integrity", Fault(ORGANISATION, seq, "key_differs"))
        elif was is not None and told.get("signature") is None:
            walk.unsigned.append(seq)
        elif was is not None and not was.signed(handed_over(was, key), b64decode(told["signature"])):
            walk.findings.note("integrity", Fault(ORGANISATION, seq, "key_not_signed"))
        walk.key = key


class _Tiles:
    """The kept hashes of subtrees, level by level, held against those that the leaves add up to."""

    def __init__(self, connection: Connection, walk: _Walk) -> None:
        self._walk = walk
        self._connection = connection
        self._kept: dict[int, Any] = {}
        self._sound = True

    def compare(self, size: int) -> None:
        """Compares the tiles that are whole once there are so many leaves."""
        if size & 15 or not self._sound:
            return
        level = seals.STEP
        while size & ((1 << level) - 1) == 0:
            number, hash_ = (size >> level) - 1, self._walk.frontier.last(level)
            rows = self._kept.get(level)
            if rows is None:
                query = "SELECT number, hash FROM tiles WHERE level = ? ORDER BY number"
                rows = self._kept[level] = driver(self._connection).execute(query, (level,))
            if rows.fetchone() != (number, hash_):
                self._sound = False
                self._walk.fault("integrity", number << level, "tile_differs", f"{level}/{number}")
                return
            level += seals.STEP

    def end(self, size: int) -> None:
        """Notes tiles that belong to no leaves."""
        whole = sum(size >> level for level in range(seals.STEP, 64, seals.STEP))
        [(kept,)] = ask(self._connection, "SELECT count(*) FROM tiles")
        if self._sound and kept != whole:
            self._walk.findings.note("integrity", Fault(None, None, "tiles_differ", f"{kept} ≠ {whole}"))

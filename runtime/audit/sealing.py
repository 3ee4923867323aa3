"""Sealing the trail: what came since is taken into the tree, and the tree as it then stands is signed.

Whoever has the key does it: every command at its end, the worker while it runs, and `charter audit checkpoint`. Which
key is in force the organisation's chain says (`key_set`). What does not go on from the last checkpoint is not signed:
a log that says two things has said nothing.
"""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING

from charter.engine.entries.organisation import KeySet
from charter.engine.refusals import Refusal
from charter.runtime.audit import keys, seals
from charter.runtime.audit.keys import KeyTaken, NoKey, PrivateKey
from charter.runtime.audit.log import Origin
from charter.runtime.audit.notes import BadNote, Checkpoint, Key, is_name
from charter.runtime.store import Store
from charter.runtime.store.parts import Part
from charter.runtime.store.prepared import ask

if TYPE_CHECKING:
    from sqlalchemy import Connection

AT_ONCE = 10_000  # entries that are taken in within one transaction
_SIGNED = frozenset({"granted", "rejected", "voted"})
_ENDS = frozenset({"completed", "cancelled"})
_SECOND = 1_000_000


class OtherKey(keys.BadKey):
    """The key that lies there is not the one that the trail names."""

    code = "CH069"


def in_force(connection: Connection) -> Key | None:
    """Gives the public key that signs, None where the trail names none."""
    found = ask(connection, "SELECT value FROM settings WHERE name = 'key'")
    return Key.read(found[0][0]) if found else None


def due(connection: Connection, now: int) -> int | None:
    """Gives by when the trail is to be sealed next (microseconds): a second after what came, at the latest.

    At once after 1,000 entries, a signature or the end of a case; None where nothing came, or nobody could sign.
    """
    if in_force(connection) is None:
        return None
    found = seals.unsealed(connection)
    if not found:
        return None
    if len(found) >= 1_000 or any(kind in _SIGNED or (own and kind in _ENDS) for _, kind, own in found):
        return now
    return min(int(found[0][0]), now) + _SECOND


def seal(store: Store, *, whole: bool = False) -> Checkpoint | None:
    """Takes in all entries and signs; gives the checkpoint that then stands, None where the trail names no key.

    `whole`: entries that were passed over are looked for from the first on. Raises NoKey, BadKey, OtherKey, Broken.
    """
    with store.read() as connection:
        key = in_force(connection)
        if key is None:
            return None
        last = seals.latest(connection)
        if last is not None and not whole and not seals.unsealed(connection):
            return last
    path = keys.place(store)
    private = _private(path, key)
    since = _take_in(store, key, whole=whole)
    with store.write(part=_LEAVES) as connection:
        if in_force(connection) != key:  # somebody has just set another one, and sealed with it
            return seals.latest(connection)
        _take_the_rest(connection, since)
        checkpoint = _sign(connection, key, private, keys.kept(path))
    keys.keep(path, checkpoint)
    return checkpoint


# One seals at a time, and on a server nobody waits for it.
_LEAVES = Part(frozenset(), "leaves")


def _take_in(store: Store, key: Key | None, *, whole: bool) -> int:
    """Takes in entries, a batch in a transaction, so that whoever wants to write meanwhile waits for one of them alone.

    Only full batches: the rest belongs to the transaction that signs (`held.py`). Gives the position that it has come
    to; ends, too, where another key has been set.
    """
    since: int | None = 0 if whole else None
    while True:
        with store.write(part=_LEAVES) as connection:
            count, since = seals.take_in(connection, AT_ONCE, since, full=True)
            if count < AT_ONCE or in_force(connection) != key:
                return since


def _take_the_rest(connection: Connection, since: int) -> None:
    """Takes in what came while the last batch was taken in."""
    count, since = AT_ONCE, max(since - seals.LATE, 0)
    while count == AT_ONCE:
        count, since = seals.take_in(connection, AT_ONCE, since)


def _private(path: Path, key: Key) -> PrivateKey:
    private = keys.find(path, key)
    if private is None:
        raise OtherKey("another key", path=str(path), key=key.text())
    return private


def _sign(connection: Connection, key: Key, private: PrivateKey, held: Checkpoint | None) -> Checkpoint:
    """Signs the tree as it stands, which must go on from the last checkpoint here and from the one beside the key."""
    last, now = seals.latest(connection), seals.size(connection)
    tree = seals.Tree(connection)
    for before in (last, held):
        if before is None or before.origin != key.name:
            continue
        if before.size > now:
            raise seals.Broken("less than was signed", told="seal_shorter", held=before.size, size=now)
        if tree.root(before.size) != before.root:
            raise seals.Broken("other than was signed", told="seal_other", held=before.size, size=now)
    if last is not None and last.size == now:
        return last
    made = Checkpoint(key.name, now, tree.root(now))
    signature = key.id + private.sign(made.text.encode())
    made = Checkpoint(made.origin, made.size, made.root, ((key.name, signature),))
    seals.add(connection, made)
    return made


def handed_over(was: Key, key: Key) -> bytes:
    """Gives what the key before signs of the one that follows it."""
    return f"charter key\n{was.text()}\n{key.text()}\n".encode()


def set_key(
    store: Store, by: str, *, at: int, origin: Origin, name: str | None = None, reason: str | None = None
) -> Key | Refusal:
    """Makes a key and has the trail name it, for stewards; then seals with it. Gives the public key.

    The first key takes the `name`, or one of its own, under which the trail is known; one that follows keeps it and is
    signed for by the one before. With a `reason`, that one is lost or what it signed is gone: the new one takes another
    name, and nobody signs for it. Raises KeyTaken, NoKey, BadKey, OtherKey, Broken, BadNote.
    """
    from charter.runtime.people.organisation import admit, note

    path = keys.place(store)
    with store.read() as connection:
        was = in_force(connection)
    if name is not None and not is_name(name):
        raise BadNote("no name", told="note_name", text=name)
    if was is None and (path.exists() or reason is not None):
        raise KeyTaken("a file is there", path=str(path)) if path.exists() else NoKey("no key", path=str(path))
    follows = was is not None and reason is None
    before = _private(path, was) if was is not None and follows else None
    private = PrivateKey.new()
    key = Key(was.name if was is not None and follows else name or _name(), private.public())
    if was is not None and follows:
        seal(store)
    told = KeySet(
        key.text(),
        None if was is None else was.text(),
        None if was is None or before is None else b64encode(before.sign(handed_over(was, key))).decode(),
    )
    with store.write() as connection:
        refused = admit(connection, by, "audit key", at=at, origin=origin)
    if refused is not None:
        return refused
    since = _take_in(store, was, whole=True)
    keys.write_coming(private, path)
    with store.write() as connection:
        refused = admit(connection, by, "audit key", at=at, origin=origin)
        if refused is None:
            if in_force(connection) != was:
                raise KeyTaken("somebody has set one", path=str(path))
            note(connection, told, by, at=at, origin=origin, reason=reason)
            _take_the_rest(connection, since)
            checkpoint = _sign(connection, key, private, keys.kept(path))
    if refused is not None:
        keys.drop_coming(path)
        return refused
    keys.put_in_place(path)
    keys.keep(path, checkpoint)
    return key


def _name() -> str:
    from os import urandom

    return f"charter/{urandom(8).hex()}"

"""A bundle: a folder from which somebody who does not trust us can check the trail, with Python alone or openssl.

Entries as the very bytes that were sealed, their leaves, the checkpoints or the proofs, the public key, process files,
a readable copy, and the program that checks all of it (`outside/`). What the reader who makes it may not read is not in
it: such an entry is given by its hash, and as far as they may read it. Knows the layout; what may be read is asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from charter.engine.entries.cases import Migrated
from charter.engine.entries.organisation import Deployed, KeySet
from charter.runtime.audit import seals, tree
from charter.runtime.audit.log import Sealed
from charter.runtime.audit.notes import Checkpoint, Key, Proof
from charter.runtime.audit.outside import formats as _formats, judging as _judging
from charter.runtime.store.prepared import ask
from charter.runtime.store.schema import ORGANISATION

if TYPE_CHECKING:
    from sqlalchemy import Connection

formats: Any = _formats  # written for whoever has Python alone, without types
judging: Any = _judging


class Bundled(Struct, frozen=True):
    """What a bundle holds: `entries`, `withheld` of them by their hash alone; `verifier`: SHA-256 of its verify.py."""

    entries: int
    withheld: int
    verifier: str


def write(
    folder: Path,
    connection: Connection,
    checkpoint: Checkpoint,
    key: Key,
    *,
    cases: Collection[str] | None,
    seen: Callable[[Sealed], Sealed],
    words: Mapping[str, str],
) -> Bundled:
    """Writes a bundle into an empty folder: of the whole trail up to a checkpoint, or of some cases.

    `seen`: an entry as whoever makes it may read it; `words`: what kinds and columns are called in the readable copy.
    Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = _Writer(folder, connection, checkpoint, cases)
    made.entries(seen)
    made.plain("checkpoint.txt", checkpoint.note())
    if cases is None:
        made.checkpoints()
    made.plain("key.txt", f"{key.text()}\n")
    made.plain("key.pem", formats.Key(key.text()).pem())
    made.processes()
    made.plain("words.json", json.dumps(words, ensure_ascii=False))
    made.plain("verify.py", verifier())
    bundle = judging.Bundle(folder)
    bundle.take_entries()
    made.plain("words.json", judging.worded(bundle))
    made.plain("entries.html", judging.page(bundle))
    for name in ("README.md", "README.zh.md"):
        made.plain(name, (Path(str(judging.__file__)).parent / name).read_text(encoding="utf-8"))
    return Bundled(made.count, made.withheld, sha256(verifier().encode()).hexdigest())


def verifier() -> str:
    """Gives the program that checks a bundle, in one file: both parts of `outside/`."""
    first, second = (Path(str(part.__file__)).read_text(encoding="utf-8") for part in (formats, judging))
    first = first[first.index("# --- Ed25519") :]
    second = second[second.index("# --- the bundle") :]
    imports = ["argparse", "base64", "hashlib", "html", "json", "os", "sys"]
    lines = "".join(f"import {name}\n" for name in imports)
    text = f'#!/usr/bin/env python3\n"""{judging.USAGE}"""\n\nfrom __future__ import annotations\n\n{lines}'
    return f"{text}from pathlib import Path\n\n{first}\n\n{second}"


class _Writer:
    def __init__(
        self, folder: Path, connection: Connection, checkpoint: Checkpoint, cases: Collection[str] | None
    ) -> None:
        self._folder, self._connection, self._checkpoint, self._cases = folder, connection, checkpoint, cases
        self._tree = seals.Tree(connection)
        self._files: set[str] = set()  # SHA-256 of the process files that entries name
        self.count = self.withheld = 0

    def plain(self, name: str, text: str) -> None:
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")

    def entries(self, seen: Callable[[Sealed], Sealed]) -> None:
        """Writes entries and leaves, line by line, and of a part the proofs."""
        definitions = None if self._cases is None else self._run()
        proofs = self._folder / "proofs"
        if self._cases is not None:
            proofs.mkdir()
        with (
            (self._folder / "entries.jsonl").open("wb") as entries,
            (self._folder / "leaves.txt").open("w", encoding="ascii", newline="") as leaves,
        ):
            for leaf, sealed in self._walk():
                if definitions is not None and not self._wanted(sealed, definitions):
                    continue
                hash_ = tree.leaf_hash(sealed.body)
                entries.write(self._line(sealed, seen(sealed)) + b"\n")
                leaves.write(f"{leaf} {hash_.hex()}\n")
                self.count += 1
                if isinstance(deployed := sealed.entry.told, Deployed):
                    self._files.update(deployed.texts.values())
                if self._cases is not None:
                    path = self._tree.inclusion(leaf, self._checkpoint.size)
                    text = Proof(leaf, tuple(path), self._checkpoint).write()
                    (proofs / f"{sealed.id}.tlog-proof").write_text(text, encoding="utf-8", newline="")

    def _line(self, sealed: Sealed, read: Sealed) -> bytes:
        if read is sealed:
            return sealed.body
        self.withheld += 1
        told = {"id": sealed.id, "withheld": True, "read": read.fields}
        return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    def _walk(self) -> Iterator[tuple[int, Sealed]]:
        for leaf, position, body, chain, seq, _ in seals.all_leaves(self._connection):
            if leaf >= self._checkpoint.size:
                return
            if body is None or leaf < 0:
                raise seals.Broken("the tree has a hole", told="seal_hole")
            yield leaf, Sealed(chain, seq, bytes(body), position)

    def _run(self) -> set[Any]:
        """Gives the digests of the definitions that the cases have run."""
        query = "SELECT \"case\", seq, body FROM entries WHERE \"case\" IN (…) AND kind IN ('started', 'migrated')"
        found = [
            Sealed(case, seq, bytes(body)) for case, seq, body in ask(self._connection, query, list(self._cases or ()))
        ]
        changed = (one.entry.told for one in found)
        return {one.fields.get("definition") for one in found} | {t.was for t in changed if isinstance(t, Migrated)}

    def _wanted(self, sealed: Sealed, definitions: set[Any]) -> bool:
        """Of the organisation's chain a part holds the keys, and what was deployed of what its cases ran."""
        if sealed.case != ORGANISATION:
            return sealed.case in (self._cases or ())
        told = sealed.entry.told
        return isinstance(told, KeySet) or (isinstance(told, Deployed) and told.definition in definitions)

    def checkpoints(self) -> None:
        query = "SELECT number, note FROM checkpoints WHERE size <= ? ORDER BY number"
        with (self._folder / "checkpoints.jsonl").open("w", encoding="utf-8", newline="") as file:
            for number, note in ask(self._connection, query, self._checkpoint.size):
                file.write(json.dumps([number, note]) + "\n")

    def processes(self) -> None:
        texts = ask(self._connection, "SELECT sha256, text FROM texts")
        for digest, text in texts:
            if digest in self._files:
                self.plain(f"processes/{digest}.charter", text)

"""`charter audit key`, `checkpoint` and `proof`: what is handed to those who are to hold the trail to its word.

Knows how these are asked for and shown; what they are is in `runtime/audit/notes.py`, how they come to be in
`sealing.py`. A database that may not be written gives its last checkpoint.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charter.runtime.cli.audit_entry import entry_named
from charter.runtime.cli.consulted import chain, consulted, reads_trail
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE, Missing, Misuse
from charter.runtime.cli.reasons import refused
from charter.runtime.cli.verb import JSON, Verb, Whole, argument, option, switch

if TYPE_CHECKING:
    from charter.runtime.audit.notes import Checkpoint


def run_key(context: Context, make: bool, change: bool, restart: str | None, name: str | None, as_json: bool) -> int:
    """Shows the public key by which checkpoints are checked, or makes one."""
    from charter.engine.refusals import Refusal
    from charter.runtime.audit import keys, sealing
    from charter.runtime.audit.log import Origin

    if make + change + (restart is not None) > 1 or (name is not None and not (make or restart is not None)):
        raise Misuse("one_key")
    with context.store.read() as connection:
        found = sealing.in_force(connection)
    path = keys.place(context.store)
    if not (make or change or restart is not None):
        consulted(context, "key")
        if found is None:
            raise keys.NoKey("no key", path=str(path))
        told = {"key": found.text(), "origin": found.name, "path": str(path)}
        if as_json:
            context.output.json(told)
            return DONE
        context.output.line(found.text())
        context.output.sentence(context.say("audit.key_kept", path=path), "faint")
        return DONE
    if make and found is not None:
        raise keys.KeyTaken("there is one", path=str(path))
    if not make and found is None:
        raise keys.NoKey("no key", path=str(path))
    done = sealing.set_key(
        context.store, context.person, at=context.now, origin=Origin("cli"), name=name, reason=restart
    )
    if isinstance(done, Refusal):
        return refused(context, done)
    with context.committed():
        said = context.say("audit.key_made", key=done.text(), path=path)
        context.output.done(said, as_json, key=done.text(), origin=done.name, path=str(path))
    return DONE


def run_checkpoint(context: Context, witness: str | None, witness_key: str | None, as_json: bool) -> int:
    """Seals the trail, and prints the checkpoint that says how it stands, co-signed by a witness if one is named."""
    if (witness is None) != (witness_key is None):
        raise Misuse("witness_and_key")
    reads_trail(context)
    consulted(context, "checkpoint")
    found = sealed(context)
    if witness is not None and witness_key is not None:
        found = _cosigned(context, found, witness, witness_key)
    if as_json:
        context.output.json(
            {"origin": found.origin, "size": found.size, "root": found.root.hex(), "checkpoint": found.note()}
        )
    else:
        context.output.stream.write(found.note())
    return DONE


def _cosigned(context: Context, checkpoint: Checkpoint, url: str, key: str) -> Checkpoint:
    from charter.runtime.audit.notes import Key
    from charter.runtime.audit.seals import Tree
    from charter.runtime.audit.witness import cosigned

    def proof(old: int, size: int) -> list[bytes]:
        with context.store.read() as connection:
            return Tree(connection).consistency(old, size)

    return cosigned(checkpoint, url, Key.read(key), proof)


def run_witness(context: Context, key: str | None, logs: tuple[str, ...], name: str | None, port: int) -> int:
    """Co-signs checkpoints of others until it is told to stop."""
    from charter.runtime.audit.keys import NoKey, PrivateKey
    from charter.runtime.audit.notes import BadNote, Key, is_name
    from charter.runtime.audit.witness import Witness, server

    if key is None or name is None or not logs:
        raise Misuse("missing", name="--key" if key is None else "--name" if name is None else "--log")
    if not is_name(name):
        raise BadNote("no name", told="note_name", text=name)
    known, path = [Key.read(log) for log in logs], Path(key)
    try:
        private = PrivateKey.read(path)
    except NoKey:
        private = PrivateKey.new()
        private.write(path)
    witness = Witness(private, name, known, path.with_name(f"{path.name}.signed"))
    with server(witness, port) as serving:
        address = f"http://127.0.0.1:{serving.server_address[1]}"
        context.output.line(witness.key.text())
        context.output.stream.flush()
        context.note(context.say("audit.witnessing", address=address, count=len(known)))
        with suppress(KeyboardInterrupt):
            serving.serve_forever()
    return DONE


def sealed(context: Context) -> Checkpoint:
    """Gives the checkpoint of the trail as it stands, or the last one where nothing can be written; raises NoKey."""
    from charter.runtime.audit import keys, seals
    from charter.runtime.audit.sealing import seal
    from charter.runtime.store.errors import DiskFull, ReadOnly
    from charter.runtime.store.watch import ClockJumped

    try:
        found = seal(context.store, whole=True)
    except (ReadOnly, DiskFull, ClockJumped):
        with context.store.read() as connection:
            found = seals.latest(connection)
    if found is None:
        raise keys.NoKey("no key", path=str(keys.place(context.store)))
    return found


def run_proof(context: Context, entry: str, as_json: bool) -> int:
    """Prints the proof that an entry is in the tree of a checkpoint."""
    from charter.runtime.audit.notes import Proof
    from charter.runtime.audit.seals import Tree, leaf_of

    reads_trail(context)
    found = entry_named(context, entry)
    assert found.position is not None  # as of all that is stored
    checkpoint = sealed(context)
    consulted(context, "proof", case=found.case, entry=found.id)
    with context.store.read() as connection:
        leaf = leaf_of(connection, found.position)
        if leaf is None or leaf >= checkpoint.size:
            raise Missing(f"entry {entry} is not sealed", code="CH073", entry=found.id)
        proof = Proof(leaf, tuple(Tree(connection).inclusion(leaf, checkpoint.size)), checkpoint)
    told: dict[str, Any] = {"entry": found.id, "index": leaf, "size": checkpoint.size, "proof": proof.write()}
    if as_json:
        context.output.json(told)
    else:
        context.output.stream.write(proof.write())
    return DONE


def run_bundle(context: Context, out: str | None, among: tuple[str, ...], as_json: bool) -> int:
    """Writes a folder from which somebody can check the trail without us."""
    from charter.runtime.audit import bundle, sealing
    from charter.runtime.author.texts import is_free
    from charter.runtime.cli.messages import section

    if out is None:
        raise Misuse("missing", name="--out")
    reads_trail(context)
    wanted = sorted({chain(context, case) for case in among}) if among else None
    if not is_free(out):
        raise Missing("the folder is not empty", code="CH099", path=out)
    consulted(context, "bundle", text=" ".join(wanted or ()))
    checkpoint = sealed(context)
    say = context.say
    names = {f"kind.{kind}": word for kind, word in section(say.lang, "kinds").items()}
    names |= {name: say(f"audit.b_{name}") for name in _COLUMNS}
    with context.reading.read() as connection:
        key = sealing.in_force(connection)
        assert key is not None
        made = bundle.write(
            Path(out), connection, checkpoint, key, cases=wanted, seen=context.reading.seen, words=names
        )
    told = {"folder": out, "entry_count": made.entries, "withheld_count": made.withheld, "size": checkpoint.size}
    said = say("audit.bundled", folder=out, count=made.entries, key=key.text(), verifier=made.verifier)
    context.output.done(said, as_json, **told, key=key.text(), verifier=made.verifier)
    return DONE


_COLUMNS = ("at", "actor", "role", "on_behalf_of", "kind", "element", "before", "after", "outcome", "reason", "data")
_AS_JSON = switch(JSON, name="as_json")
VERBS = {
    "bundle": Verb(
        "audit bundle",
        run_bundle,
        [option("--out", "DIR"), option("--case", "CASE", name="among", many=True), _AS_JSON],
    ),
    "key": Verb(
        "audit key",
        run_key,
        [switch("--make"), switch("--change"), option("--restart", "TEXT"), option("--name", "NAME"), _AS_JSON],
    ),
    "checkpoint": Verb(
        "audit checkpoint", run_checkpoint, [option("--witness", "URL"), option("--witness-key", "KEY"), _AS_JSON]
    ),
    "witness": Verb(
        "audit witness",
        run_witness,
        [
            option("--key", "FILE"),
            option("--name", "NAME"),
            option("--log", "KEY", name="logs", many=True),
            option("--port", "NUMBER", type=Whole(), default=0),
        ],
    ),
    "proof": Verb("audit proof", run_proof, [argument("entry", "ENTRY"), _AS_JSON]),
}

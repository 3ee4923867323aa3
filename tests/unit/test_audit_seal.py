"""The seal of the trail: who tampers is found out, by what others hold; the key, and who may have it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import threading
from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from tests.founded import founded
from tests.hands import by_hand
from tests.leave import HELLO, LEAVE, PEOPLE

from charter.engine.entries import Entry
from charter.engine.entries.organisation import Consulted
from charter.runtime.audit import held, keys, sealing, seals, tree
from charter.runtime.audit.held import Held, beside
from charter.runtime.audit.log import ORGANISATION, Origin, append, load
from charter.runtime.audit.notes import BadNote, Checkpoint, Key, Proof
from charter.runtime.audit.sealing import due, in_force, seal, set_key
from charter.runtime.audit.verify import Verification, verify
from charter.runtime.cli.main import run
from charter.runtime.host.cases import Cases
from charter.runtime.host.worker import Worker
from charter.runtime.people.changes import People
from charter.runtime.store import Store, open_store
from charter.runtime.store.prepared import ask, driver

ORIGIN = Origin("test")


def worked(store: Store, count: int = 2) -> Cases:
    """Has some cases begun."""
    cases = Cases(store)
    for _ in range(count):
        case = cases.start("leave", person="li").case
        cases.perform(case, person="li", verb="complete", node="ask", records=HELLO)
    return cases


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A database that is sealed, with a look at its end."""
    with founded(tmp_path / "a.db") as found:
        People(found, by="root", clock=lambda: 100).load([{"id": p, "roles": list(r)} for p, r in PEOPLE.items()])
        Cases(found).deploy(LEAVE, by="root", texts={"leave.charter": "process leave"})
        assert isinstance(set_key(found, "root", at=100, origin=ORIGIN, name="example.com/q"), Key)
        worked(found, 6)
        looked(found, "first")
        seal(found)
        return found


def looked(store: Store, text: str) -> None:
    with store.write() as connection:
        append(connection, [Entry(Consulted("query", text=text), 100, "root")], ORIGIN)


def rewrite(store: Store, old: str, new: str) -> None:
    """Changes the last entry of the organisation, and all that follows from its bytes but the tree."""
    with by_hand(store) as raw:
        last = "SELECT max(position) FROM entries WHERE \"case\" = 'organisation'"
        ((position, body),) = raw.execute(f"SELECT position, body FROM entries WHERE position = ({last})").fetchall()
        changed = body.replace(old.encode(), new.encode())
        assert changed != body
        raw.execute("UPDATE entries SET body = ? WHERE position = ?", (changed, position))
        raw.execute("UPDATE chains SET head = ? WHERE chain = 'organisation'", (sha256(changed).hexdigest(),))


def judged(store: Store, *held: Checkpoint) -> Verification:
    return verify(store, held=[*beside(store), *(Held("mine", one, given=True) for one in held)])


def test_an_entry_that_was_changed_with_its_chain_is_found_by_the_tree(store: Store) -> None:
    assert judged(store).sound
    rewrite(store, "first", "other")
    found = judged(store)
    assert found.completeness.sound and found.truth.sound
    fault = found.integrity.fault
    assert fault is not None and fault.why in ("root_differs", "tile_differs"), fault


def rebuilt(store: Store) -> None:
    """Makes the tree anew over what is there now, and signs it, as who has the key can."""
    with by_hand(store) as raw:
        for table in ("leaves", "tiles", "checkpoints"):
            raw.execute(f"DELETE FROM {table}")
    (store.folder / "a.db.key.checkpoint").unlink()
    assert seal(store) is not None


def test_who_has_database_and_key_is_found_out_by_a_checkpoint_kept_elsewhere_alone(store: Store) -> None:
    kept = seal(store)
    assert kept is not None
    looked(store, "later")
    rewrite(store, "later", "never")
    rebuilt(store)
    assert judged(store, kept).sound  # what came after it can be rewritten
    with by_hand(store) as raw:
        raw.execute("DELETE FROM entries WHERE position = (SELECT max(position) FROM entries)")
        query = "SELECT body, seq FROM entries WHERE \"case\" = 'organisation' ORDER BY seq DESC LIMIT 1"
        ((body, seq),) = raw.execute(query).fetchall()
        where = "WHERE chain = 'organisation'"
        raw.execute(f"UPDATE chains SET head = ?, entries = ? {where}", (sha256(body).hexdigest(), seq))
    rewrite(store, "first", "other")
    rebuilt(store)
    assert judged(store).sound
    found = judged(store, kept)
    assert found.integrity.fault is not None and found.integrity.fault.why == "held_differs"


@pytest.mark.sqlite("a file is put back")
def test_a_database_that_was_put_back_is_incomplete_and_signs_nothing_more(store: Store, tmp_path: Path) -> None:
    shutil.copy(store.url, tmp_path / "copy.db")
    worked(store)
    seal(store)
    store.close()
    for companion in store.companions:
        companion.unlink(missing_ok=True)
    shutil.copy(tmp_path / "copy.db", store.url)
    with open_store(str(store.url)) as again:
        found = judged(again)
        assert found.integrity.sound and found.truth.sound
        assert found.completeness.fault is not None and found.completeness.fault.why == "held_larger"
        looked(again, "more")
        with pytest.raises(seals.Broken):
            seal(again)
        assert isinstance(set_key(again, "root", at=200, origin=ORIGIN, reason="restored"), Key)
        found = judged(again)
        assert found.sound and found.seals is not None and len(found.seals.unsigned) == 1


@pytest.mark.parametrize(
    ("statement", "verdict", "why"),
    [
        ("DELETE FROM checkpoints WHERE number = 1", "completeness", "checkpoint_gap"),
        ("DELETE FROM leaves WHERE leaf = 3", "completeness", "leaf_gap"),
        ("DELETE FROM leaves WHERE leaf >= 3", "completeness", "checkpoint_beyond"),
        ("UPDATE leaves SET position = 9999 WHERE leaf = 3", "completeness", "leaf_missing"),
        ("DELETE FROM tiles WHERE level = 8 OR number = 1", "integrity", "tile_differs"),
        ("INSERT INTO tiles VALUES (12, 0, '0')", "integrity", "tiles_differ"),
        ("UPDATE checkpoints SET note = replace(note, 'example.com/q', 'example.com/p')", "integrity", "not_signed"),
        ("UPDATE checkpoints SET note = 'x' WHERE number = 2", "integrity", "checkpoint_unreadable"),
        ("DELETE FROM leaves", "completeness", "checkpoint_beyond"),
        ("DELETE FROM checkpoints", "completeness", "checkpoint_gap"),
        ("DELETE FROM checkpoints WHERE number > 1", "completeness", "checkpoint_gap"),
    ],
)
def test_each_table_of_the_tree_is_held_to_the_entries(store: Store, statement: str, verdict: str, why: str) -> None:
    with by_hand(store) as raw:
        raw.execute(statement)
    found = judged(store)
    fault = getattr(found, verdict).fault
    assert fault is not None and fault.why == why, (found.integrity, found.completeness)


@pytest.mark.sqlite("the triggers are SQLite's")
def test_the_triggers_keep_the_tree_and_a_missing_one_is_told(store: Store) -> None:
    with sqlite3.connect(store.url) as raw:
        for table in ("leaves", "tiles", "checkpoints"):
            for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET rowid = 9 WHERE 1"):
                with pytest.raises(sqlite3.Error):
                    raw.execute(statement)
        raw.execute("DROP TRIGGER entries_no_delete")
    raw.close()
    fault = judged(store).integrity.fault
    assert fault is not None and (fault.why, fault.what) == ("unguarded", "entries_no_delete")


def test_whoever_writes_the_leaves_are_dense_and_each_entry_has_one(store: Store) -> None:
    wrong: list[BaseException] = []

    def writer(sealing: bool) -> None:
        try:
            with open_store(str(store.url)) as own:
                for _ in range(4):
                    worked(own, 1)
                    if sealing:
                        seal(own)
        except BaseException as cause:
            wrong.append(cause)

    threads = [threading.Thread(target=writer, args=(number % 2 == 0,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    checkpoint = seal(store)
    with store.read() as connection:
        entries = connection.exec_driver_sql("SELECT count(*) FROM entries").scalar()
        assert checkpoint is not None and seals.size(connection) == entries == checkpoint.size
        assert seals.waiting(connection) == 0
    assert judged(store).sound


def test_an_entry_that_was_passed_over_is_taken_in_later(store: Store) -> None:
    with store.read() as connection:
        last = connection.exec_driver_sql("SELECT max(position) FROM entries").scalar()
    worked(store, 1)
    with store.write() as connection:  # as if the entry after `last` had come when the others were in already
        rows = ask(connection, "SELECT position FROM entries WHERE position > ?", last + 1)
        size = seals.size(connection)
        for number, (position,) in enumerate(rows):
            driver(connection).execute("INSERT INTO leaves VALUES (?, ?)", (size + number, position))
        seals._keep_tiles(connection, size, size + len(rows))
    seal(store, whole=True)
    found = judged(store)
    assert found.sound and found.seals is not None and found.seals.waiting == 0


def test_a_proof_stands_by_itself_and_for_its_entry_alone(store: Store) -> None:
    checkpoint = seal(store)
    assert checkpoint is not None
    with store.read() as connection:
        key = in_force(connection)
        entries = list(load(connection, ORGANISATION))
        proofs = []
        for entry in entries:
            assert entry.position is not None
            leaf = seals.leaf_of(connection, entry.position)
            assert leaf is not None
            path = seals.Tree(connection).inclusion(leaf, checkpoint.size)
            proofs.append(Proof.read(Proof(leaf, tuple(path), checkpoint).write()))
    assert key is not None and checkpoint.signed_by(key)
    for entry in entries:
        for proof in proofs:
            held, same = proof.checkpoint, entries.index(entry) == proofs.index(proof)
            leaf_hash = tree.leaf_hash(entry.body)
            assert tree.included(leaf_hash, proof.index, held.size, proof.path, held.root) is same


def test_openssl_checks_a_checkpoint(store: Store, tmp_path: Path) -> None:
    checkpoint = seal(store)
    assert checkpoint is not None
    (_, signature), *_ = checkpoint.signatures
    (tmp_path / "text").write_text(checkpoint.text)
    (tmp_path / "signature").write_bytes(signature[4:])
    subprocess.run(["openssl", "pkey", "-in", "a.db.key", "-pubout", "-out", "pub"], cwd=tmp_path, check=True)
    command = "openssl pkeyutl -verify -pubin -inkey pub -rawin -in text -sigfile signature"
    done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "Success" in done.stdout, done


# from the specification of C2SP signed notes
NOTE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)


def test_checkpoints_of_others_are_read_and_written_byte_for_byte() -> None:
    found = Checkpoint.read(NOTE)
    assert (found.origin, found.size, found.note()) == ("example.com/behind-the-sofa", 20852163, NOTE)
    assert b64decode("Az3grg==")[:4] == found.signatures[0][1][:4]


@pytest.mark.parametrize(
    "change",
    [
        lambda n: n[:-1],
        lambda n: n.replace("\n\n", "\n"),
        lambda n: n.replace("20852163", "020852163"),
        lambda n: n.replace("20852163", "-1"),
        lambda n: n.replace("q2I=", "q2J="),
        lambda n: n.replace("— ", "- "),
        lambda n: n.replace("AYQ8=", ""),
        lambda n: n.replace("\n20", "\n\x0120"),
        lambda n: "",
        lambda n: n + "— x AAAA\n" * 16,
    ],
)
def test_what_is_no_checkpoint_is_refused(change: Callable[[str], str]) -> None:
    with pytest.raises(BadNote):
        Checkpoint.read(change(NOTE))


def test_the_worker_seals_at_once_after_a_signature_and_else_within_a_second(store: Store) -> None:
    cases = Cases(store)
    with store.read() as connection:
        assert due(connection, cases.now()) is None
    case = worked(store, 1).start("leave", person="li").case
    cases.perform(case, person="li", verb="complete", node="ask", records=HELLO)
    with store.read() as connection:
        now = cases.now()
        at = due(connection, now)
        assert at is not None and now < at <= now + 1_000_000
    cases.perform(case, person="wang", verb="approve", node="decide")
    with store.read() as connection:
        now = cases.now()
        assert due(connection, now) == now
    Worker(cases).run(once=True)
    with store.read() as connection:
        assert seals.waiting(connection) == 0


def test_the_key_is_its_owner_s_alone_and_outlives_a_crash_amid_a_change(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.db.key"
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    path.chmod(0o644)
    looked(store, "more")
    with pytest.raises(keys.BadKey):
        seal(store)
    path.chmod(0o600)
    before = path.read_bytes()
    assert isinstance(set_key(store, "root", at=200, origin=ORIGIN), Key)
    shutil.copy(path, tmp_path / "a.db.key.new")  # the trail names it, and it was not put in place yet
    path.write_bytes(before)
    looked(store, "again")
    assert seal(store) is not None and path.read_bytes() != before
    assert not (tmp_path / "a.db.key.new").exists() and judged(store).sound


def test_only_stewards_make_keys(store: Store) -> None:
    before = (store.folder / "a.db.key").read_bytes()
    refused = set_key(store, "li", at=200, origin=ORIGIN)
    assert not isinstance(refused, Key) and refused.reasons[0].code == "CH584"
    assert (store.folder / "a.db.key").read_bytes() == before
    assert not [name for name in os.listdir(store.folder) if name.endswith(".new")]


def test_every_command_seals_at_its_end_and_the_report_says_what_is_exposed(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(store.folder)
    monkeypatch.setenv("CHARTER_DB", "a.db")
    monkeypatch.setenv("CHARTER_PERSON", "root")
    assert run(["people", "add", "xu"]) == 0
    with store.read() as connection:
        assert seals.waiting(connection) == 0
    capsys.readouterr()
    assert run(["audit", "checkpoint"]) == 0
    Path("mine").write_text(capsys.readouterr().out)
    assert run(["people", "add", "yu"]) == 0
    capsys.readouterr()
    assert run(["audit", "verify"]) == 0
    assert "no checkpoint from elsewhere was given" in capsys.readouterr().out
    assert run(["audit", "verify", "--against", "mine"]) == 0
    said = capsys.readouterr().out
    assert "held against mine" in said and "later entries" in said
    assert run(["audit", "verify", "--against", "mine", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["seals"]
    assert [one["given"] for one in told["held"]] == [False, True]
    assert run(["audit", "checkpoint", "--as", "li"]) == 3
    rewrite_all = Path("mine").read_text().replace("example.com/q\n", "example.com/z\n", 1)
    Path("mine").write_text(rewrite_all)
    assert run(["audit", "verify", "--against", "mine"]) == 1
    assert "another trail" in capsys.readouterr().out


def test_what_was_taken_in_before_there_was_a_key_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes the first key takes a long trail in beforehand, by whole batches, and may be killed amid it."""
    for module in (sealing, held):
        monkeypatch.setattr(module, "AT_ONCE", 2)
    with founded(tmp_path / "b.db") as store:
        people = People(store, by="root", clock=lambda: 100)
        people.add("li")
        people.add("wang")
        assert sealing._take_in(store, None, whole=True) == 4
        assert verify(store).sound
        people.add("zhao")
        assert isinstance(set_key(store, "root", at=200, origin=ORIGIN), Key)
        found = verify(store)
        assert found.sound and found.seals is not None and found.seals.waiting == 0

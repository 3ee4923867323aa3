"""What a trail proves: how much tampering is found, how many false proofs are refused, and what that costs.

    python -m benchmarks.assurance [tampering bytes divergence proofs oracle races sealing bundle questions …] [--full]
        [--entries N]

Tampering is judged as somebody would who kept one checkpoint elsewhere. What is not found is named, one a line. Without
`--full`, a part of it is drawn, the same each time; that is what the tests play.
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from typing import Any

from charter.engine.refusals import Refusal
from charter.runtime.audit import sealing
from charter.runtime.audit.held import Held
from charter.runtime.audit.log import Origin
from charter.runtime.audit.notes import Checkpoint
from charter.runtime.audit.verify import verify
from charter.runtime.folds import FOLDS
from charter.runtime.host.cases import Cases
from charter.runtime.store import create_store
from charter.runtime.store.errors import StorageError
from charter.runtime.store.looking import looking
from charter.runtime.store.tables import metadata

from .ten_steps import STORY
from .verify import fill

# What no entry tells of, as docs/audit.md says: (table, column), column None for the whole table.
UNTOLD = {
    *((name, None) for name in ("clock", "queue", "cursors")),
    *(("outbox", name) for name in ("number", "at", "leased_until", "deliveries", "failure", "dead_at")),
    *(("keys", "at"), ("entries", "position"), ("absences", "number"), ("deployments", "number")),
    *(("public_days", "number"), ("figures", "number"), ("figures", "at")),
}
MANY = 1 << 62


def worked(path: Path, cases: int) -> Checkpoint:
    """Makes a database in which people have worked with so many cases; gives a checkpoint over all of it."""
    with create_store(str(path)) as store:
        fill(store, 1)
        host = Cases(store)
        for number in range(cases):
            case = host.start("ten", person="li", key=f"start {number}").case
            verb, node, person, arguments = STORY[0]
            host.perform(case, person=person, verb=verb, node=node, key=f"first {number}", **arguments)
        made = sealing.set_key(store, "root", at=int(time.time() * 1e6), origin=Origin("cli"), name="example.com/a")
        assert not isinstance(made, Refusal)
        found = sealing.seal(store)
        assert found is not None
    return found


# -- tampering ---------------------------------------------------------------------------------------------------------

Change = Callable[[sqlite3.Connection], object]


def _other(value: Any) -> Any:
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1, *value[1:]]) if value else b"x"
    return 1 if value is None else value + 1 if isinstance(value, int) else f"{value}x"


def _flipped(value: Any) -> Any:
    if isinstance(value, int):
        return value ^ 1
    return None if value is None else type(value)(_flip(value))


def _flip(value: Any) -> Any:
    if isinstance(value, bytes):
        return bytes([*value[:-1], value[-1] ^ 2]) if value else b"\2"
    return value[:-1] + chr(ord(value[-1]) ^ 2) if value else "\2"


def changes(path: Path) -> Iterator[tuple[str, str, Change]]:
    """Gives every change of every table and column as (class, where, what does it)."""
    with closing(sqlite3.connect(path)) as raw:
        there = {name: raw.execute(f"SELECT * FROM {name}").fetchall() for name in metadata.tables}
    for name, rows in sorted(there.items()):
        table = metadata.tables[name]
        columns = [column.name for column in table.columns]
        key = [column.name for column in table.primary_key.columns]
        if (name, None) in UNTOLD or not rows:
            continue
        where = " AND ".join(f'"{one}" IS ?' for one in key)
        first, last = (tuple(row[columns.index(one)] for one in key) for row in (rows[0], rows[-1]))
        for number, column in enumerate(columns):
            if (name, column) in UNTOLD:
                continue
            for kind, made in (("edit", _other), ("flip", _flipped)):
                value = made(rows[0][number])
                if value is not None or rows[0][number] is not None:
                    yield (
                        kind,
                        f"{name}.{column}",
                        _run(f'UPDATE {name} SET "{column}" = ? WHERE {where}', value, *first),
                    )
            values = [row[number] for row in rows]
            if len(rows) > 1 and values[0] != values[-1] and column not in key:
                yield "swap", f"{name}.{column}", _swap(name, column, where, first, last, values[0], values[-1])
        yield "delete", name, _run(f"DELETE FROM {name} WHERE {where}", *first)
        yield "truncate", name, _run(f"DELETE FROM {name} WHERE {where}", *last)
        marks = ", ".join("?" * len(columns))
        for kind in ("insert", "duplicate"):
            row = list(rows[-1])
            for one in key if kind == "insert" else key[-1:]:
                row[columns.index(one)] = _other(row[columns.index(one)])
            yield kind, name, _run(f"INSERT INTO {name} VALUES ({marks})", *row)
    for statement in (
        "DROP INDEX entries_by_time",
        "DROP INDEX cases_by_process",
        "ALTER TABLE persons ADD COLUMN more",
    ):
        yield "schema", statement, _run(statement)
    for table in ("entries", "leaves", "tiles", "checkpoints"):
        yield "trigger", f"dropped on {table}", _guarded(f"DROP TRIGGER {table}_no_update")
    yield "trigger", "added", _run("CREATE TRIGGER odd AFTER INSERT ON cases BEGIN SELECT 1; END")


def _run(statement: str, *values: Any) -> Change:
    return lambda raw: raw.execute(statement, values)


def _guarded(statement: str) -> Change:
    def change(raw: sqlite3.Connection) -> None:
        raw.execute(statement)

    change.guarded = True  # type: ignore[attr-defined]
    return change


def _swap(name: str, column: str, where: str, first: Any, last: Any, one: Any, other: Any) -> Change:
    def change(raw: sqlite3.Connection) -> None:
        for value, key in ((other, first), (one, last)):
            raw.execute(f'UPDATE {name} SET "{column}" = ? WHERE {where}', (value, *key))

    return change


def altered(path: Path, change: Change) -> bool:
    """Changes a database, its triggers aside; tells whether it could be."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA foreign_keys=OFF")
        triggers = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        guarded = getattr(change, "guarded", False)
        for name, _ in () if guarded else triggers:
            raw.execute(f"DROP TRIGGER {name}")
        done = True
        try:
            change(raw)
        except sqlite3.IntegrityError:  # the database itself keeps it out
            done = False
        for _, text in () if guarded else triggers:
            raw.execute(text)
    return done


def is_found(path: Path, kept: Checkpoint) -> bool:
    """Tells whether a database is called unsound, or none, by somebody who kept a checkpoint elsewhere."""
    try:
        with looking(str(path), standing=True) as store:
            return verify(store, held=[Held("kept", kept, given=True)], processes=1).faulty
    except StorageError:
        return True


def tampering(folder: Path, part: float, cases: int = 3) -> tuple[Counter[str], list[str]]:
    """Makes such a part of all changes; gives how many of each class were made, and where one was not found."""
    path, copy = folder / "a.db", folder / "b.db"
    kept = worked(path, cases)
    assert not is_found(path, kept), "a clean trail"
    done, missed = Counter[str](), list[str]()
    draw = Random(1)
    for kind, where, change in changes(path):
        if draw.random() > part:
            continue
        shutil.copy(path, copy)
        if altered(copy, change):
            done[kind] += 1
            if not is_found(copy, kept):
                missed.append(f"{kind} {where}")
    for kind, made in (("roll back", _roll_back), ("fork", _fork), ("re-sign", _re_sign)):
        shutil.copy(path, copy)
        made(copy)
        done[kind] += 1
        if not is_found(copy, kept):
            missed.append(kind)
    return done, missed


def _roll_back(path: Path) -> None:
    """Takes the last case back as if it had never been, with all that was signed since."""
    altered(path, lambda raw: raw.executescript("DELETE FROM entries WHERE position > 20; DELETE FROM leaves;"))


def _fork(path: Path) -> None:
    """Tells another history from the first entry of the last case on."""
    body = "UPDATE entries SET body = replace(body, '\"li\"', '\"lo\"') WHERE position > 30"
    altered(path, lambda raw: raw.execute(body))


def _re_sign(path: Path) -> None:
    """Has everything signed anew under another key of the same name."""

    def change(raw: sqlite3.Connection) -> None:
        for name in ("leaves", "tiles", "checkpoints"):
            raw.execute(f"DELETE FROM {name}")
        raw.execute("UPDATE entries SET body = replace(body, 'li', 'lo') WHERE position = 12")

    altered(path, change)


def bytes_(folder: Path, full: bool, some: int = 60) -> tuple[int, int, list[str]]:
    """Changes one byte after another (or some); gives how many, how many of them say nothing, and those not found.

    A byte says nothing where the database holds the same rows and schema without it: in free space, in a header.
    """
    path, copy = folder / "c.db", folder / "d.db"
    kept = worked(path, 3)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode=DELETE")
    whole, said = path.read_bytes(), _said(path)
    places = range(len(whole)) if full else Random(2).sample(range(len(whole)), some)
    silent, missed = 0, []
    for place in places:
        held_ = bytearray(whole)
        held_[place] ^= 0xFF
        copy.write_bytes(held_)
        if not is_found(copy, kept):
            if _said(copy) == said:
                silent += 1
            else:
                missed.append(f"byte {place}")
    return len(places), silent, missed


def _said(path: Path) -> Any:
    with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as raw:
        raw.text_factory = bytes
        wanted = {name for name in metadata.tables if (name, None) not in UNTOLD}
        return {name: sorted(map(repr, raw.execute(f"SELECT * FROM {name}"))) for name in wanted}
    return None


def divergence(folder: Path, count: int) -> tuple[int, list[str]]:
    """Changes one cell of what follows from the entries so many times, drawn; gives how many, and those not found."""
    path, copy = folder / "e.db", folder / "f.db"
    kept = worked(path, 3)
    tables = {fold.table for fold in FOLDS} | {"outbox", "keys", "turns", "cases", "settings", "grants", "persons"}
    found = [(kind, where, change) for kind, where, change in changes(path) if where.split(".")[0] in tables]
    draw, done, missed = Random(4), 0, []
    while done < count:
        kind, where, change = draw.choice(found)
        shutil.copy(path, copy)
        if altered(copy, change):
            done += 1
            if not is_found(copy, kept):
                missed.append(f"{kind} {where}")
    return done, missed


def main() -> None:
    """Measures what is named, or all."""
    from . import assurance_costs as costs, assurance_proofs as proofs

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ["tampering", "bytes", "divergence", "proofs", "oracle", "races", "sealing", "bundle", "questions"]
    parser.add_argument("what", nargs="*", default=names, metavar="WHAT")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--entries", type=int, default=100_000)
    given = parser.parse_args()
    full = given.full
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "tampering" in given.what:
            done, missed = tampering(folder, 1 if full else 0.12)
            told = ", ".join(f"{kind} {number}" for kind, number in sorted(done.items()))
            print(f"tampering: {sum(done.values())} changes ({told}); not found: {missed or 'none'}", flush=True)
        if "bytes" in given.what:
            count, silent, missed = bytes_(folder, full)
            print(f"bytes: {count} changed, {silent} that say nothing; not found: {missed or 'none'}", flush=True)
        if "divergence" in given.what:
            count, missed = divergence(folder, 1_000 if full else 40)
            print(f"divergence: {count} edits; not found: {missed or 'none'}", flush=True)
        if "proofs" in given.what:
            made, accepted = proofs.proofs(100_000 if full else 2_000)
            print(f"proofs: {made} mutated, {accepted} accepted", flush=True)
        if "oracle" in given.what:
            print(f"oracle: {proofs.oracle(512 if full else 64)} proofs equal", flush=True)
        if "races" in given.what:
            print(costs.races(folder, *((64, 1_000) if full else (16, 20))), flush=True)
        if "sealing" in given.what:
            costs.sealing_share(folder)
        if {"bundle", "questions"} & set(given.what):
            costs.long_trail(folder, given.entries, given.what)


if __name__ == "__main__":
    main()

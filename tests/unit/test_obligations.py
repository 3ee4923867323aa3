"""What the organisation's chain and the entries oblige to be there: cases, asks, keys, turns and the schema."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from tests.desk import Desk
from tests.hands import unguarded

from charter.runtime.audit.verify import verify
from charter.runtime.store import create_store, open_store

TEXT = """process part "Part"
  owner chief
  role chief "chief"
  role clerk "clerk"
  output bill
  record bill "Bill"
    what text "what"
  activity fill "Fill"
    role clerk
    output bill

process whole "Whole"
  owner chief
  role chief "chief"
  role clerk "clerk"
  record req "Request"
    what text "what"
  record price "Price"
    what text "what"
  record bill "Bill"
    what text "what"
  activity ask "Ask"
    role clerk
    assign in turn
    output req
  activity quote "Quote"
    call prices
    input req
    output price
  activity piece "Piece"
    run part
    input req
    output bill
"""
STORY = """
charter people add ann --as zhou
charter people add bob --as zhou
charter people grant ann clerk --as zhou
charter people grant bob clerk --as zhou
charter connectors add prices --command false --as zhou
charter deploy a.charter --as zhou
charter start whole --key k1 --as ann
charter complete 1 ask --set what=tea --key k2 --as ann
charter start whole --key k3 --as bob
charter start whole --as ann
"""


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("owed")
    (path / "a.charter").write_text(TEXT)
    with pytest.MonkeyPatch.context() as patch, create_store(str(path / "charter.db")) as store:
        patch.chdir(path)
        desk = Desk(store, "en")
        desk.play("charter init --no-key --as zhou" + STORY)
        assert verify(store).sound
    yield path / "charter.db"


def judged(worked: Path, tmp_path: Path, *changes: str) -> dict[str, Any]:
    path = tmp_path / "charter.db"
    copyfile(worked, path)
    with closing(sqlite3.connect(path)) as raw, unguarded(raw):
        raw.execute("PRAGMA foreign_keys=OFF")
        for change in changes:
            raw.execute(change)
        raw.commit()
    with open_store(str(path)) as store:
        found = verify(store)
    return {one.name: None if one.fault is None else one.fault.why for one in found.verdicts}


ROWS = ("nodes", "contents", "work_items", "measures", "notices", "record_versions", "case_numbers", "open_lists")
GONE = (
    *(f'DELETE FROM {table} WHERE "case" = {{}}' for table in (*ROWS, "outbox", "keys", "entries")),
    "DELETE FROM cases WHERE id = {}",
)
LAST = "(SELECT id FROM cases WHERE number = (SELECT max(number) FROM cases))"


@pytest.mark.parametrize(
    ("changes", "verdict", "why"),
    [
        ((), "truth", None),
        (tuple(one.format(LAST) for one in GONE), "completeness", "case_gone"),
        (("UPDATE cases SET number = 99 WHERE number = 2", "UPDATE cases SET number = 2 WHERE number = 3"), "", ""),
        (
            ("UPDATE cases SET number = -number", "UPDATE cases SET number = 5 + number"),
            "completeness",
            "cases_differ",
        ),
        (("DELETE FROM outbox WHERE kind = 'CallConnector'",), "truth", "ask_lost"),
        (("UPDATE outbox SET body = replace(body, 'prices', 'gin')",), "truth", "ask_forged"),
        (("UPDATE outbox SET kind = 'Offer' WHERE kind = 'CallConnector'",), "truth", "not_ours"),
        (
            (
                'INSERT INTO outbox ("case", kind, body, at, deliveries) SELECT "case", kind, body, at, 0 FROM outbox'
                " WHERE kind = 'CallConnector'",
            ),
            "truth",
            "ask_forged",
        ),
        (
            ("UPDATE outbox SET \"case\" = 'nobody' WHERE kind = 'CallConnector'",),
            "truth",
            "ask_lost",
        ),
        (("DELETE FROM keys WHERE key = 'k2'",), "truth", "key_lost"),
        (("UPDATE keys SET key = 'k9' WHERE key = 'k2'",), "truth", "key_forged"),
        (("UPDATE keys SET seq = seq + 1 WHERE key = 'k2'",), "truth", "key_forged"),
        (("UPDATE keys SET fingerprint = 'x' WHERE key = 'k1'",), "truth", "key_forged"),
        (("UPDATE keys SET count = count + 1 WHERE key = 'k1'",), "truth", "key_lost"),
        (
            ("INSERT INTO keys SELECT 'k7', fingerprint, \"case\", seq, count, at FROM keys LIMIT 1",),
            "truth",
            "key_forged",
        ),
        (("DELETE FROM turns",), "truth", "turn_differs"),
        (("UPDATE turns SET person = 'zhou'",), "truth", "turn_differs"),
        (("DROP INDEX entries_by_time",), "integrity", "schema_differs"),
        (("CREATE TRIGGER odd AFTER INSERT ON cases BEGIN SELECT 1; END",), "integrity", "schema_differs"),
        (("ALTER TABLE grants ADD COLUMN more TEXT",), "integrity", "schema_differs"),
        (("CREATE UNIQUE INDEX odd ON persons(name)",), "integrity", "schema_differs"),
        (("CREATE TABLE notes (text TEXT)", "CREATE INDEX n ON notes(text)"), "integrity", None),
    ],
)
def test_what_is_owed_is_there(
    worked: Path, tmp_path: Path, changes: tuple[str, ...], verdict: str, why: str | None
) -> None:
    found = judged(worked, tmp_path, *changes)
    if verdict:
        assert found[verdict] == why, found
    else:
        assert any(found.values()), found


def test_what_earlier_builds_opened_is_counted_once(worked: Path, tmp_path: Path) -> None:
    """A database whose cases nothing says were opened says how many there were, as soon as another is."""
    path = tmp_path / "charter.db"
    copyfile(worked, path)
    with open_store(str(path)) as store:
        desk = Desk(store, "en")
        desk.at += 86_400_000_000
        desk.type("charter start part --as ann")
        assert verify(store).sound
        found = json.loads(desk.type("charter audit query 'kind = \"cases_counted\"' --json --as zhou"))
        assert [each["data"]["cases"] for each in found] == [1]

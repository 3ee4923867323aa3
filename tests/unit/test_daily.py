"""What people type all day loads what it uses and nothing else; its SQL is held to the tables that are declared."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.leave import LEAVE, welcome

from charter.runtime.folds import FOLDS
from charter.runtime.folds.organisation import TABLES
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import create_store
from charter.runtime.store.rows import ROWS
from charter.runtime.store.tables import metadata

# Each costs as much as all else that these verbs load, or half of it.
HEAVY = ("sqlalchemy", "alembic", "psycopg", "lark", "asyncio", "subprocess", "ssl", "email", "tomllib", "tempfile")
DAILY = """
inbox
inbox --notices --as wang
show 1
cases
board
sla
people list
start leave
claim 1 ask
release 1 ask
begin 1 ask
comment 1 hello
complete 1 ask --set text=hello
return 1 decide --as wang --reason more
suspend 2 ask --as wang
resume 2 ask --as wang
cancel 2 --as wang --reason gone
audit log 1
audit query 'kind = "started"'
audit show 1.1
"""
RUN = """
import shlex, sys
from charter.runtime.cli.main import main
heavy, lines, database = sys.argv[1].split(), sys.argv[2].strip().splitlines(), sys.argv[3]
for line in [*lines, "kpi leave"]:
    sys.argv = ["charter", *shlex.split(line), "--db", database, *(() if "--as" in line else ("--as", "li"))]
    try:
        main()
    except SystemExit as end:
        code = end.code
    print("RAN", line, code, *(name for name in heavy if name in sys.modules), sep="|")
"""


@pytest.mark.sqlite("loads the driver of that database")
def test_the_daily_verbs_load_neither_sqlalchemy_nor_what_else_they_do_without(tmp_path: Path) -> None:
    with create_store(str(tmp_path / "a.db")) as store:
        assert People(store, by="root").found() is None
        welcome(store)
        opened = Cases(store)
        assert opened.deploy(LEAVE, by="root").refusal is None
        opened.start("leave", person="li")
    words = [sys.executable, "-c", RUN, " ".join(HEAVY), DAILY, str(tmp_path / "a.db")]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    ran = [line.split("|")[1:] for line in done.stdout.splitlines() if line.startswith("RAN|")]
    assert "complete 1 ask" in done.stdout, done.stderr  # there is work in the inbox
    *daily, last = ran
    assert len(daily) == len(DAILY.strip().splitlines())
    print(daily, done.stderr)
    assert [row for row in daily if row[1:] != ["0"]] == [], done.stderr
    assert "sqlalchemy" in last  # the test can fail


def test_the_rows_of_folds_are_those_of_their_tables() -> None:
    for rows in ROWS.values():
        table = metadata.tables[rows.table]
        assert rows.key == tuple(table.primary_key.columns.keys())
        assert rows.names == tuple(table.columns.keys())
    assert {fold.table for fold in FOLDS} | set(TABLES) == set(ROWS)

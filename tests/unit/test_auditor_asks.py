"""What an auditor asks of a trail, one test a question, each on a database that people worked with.

From 21 CFR 11.10, 11.50 and 11.70, EU GMP Annex 11 §9, PIC/S PI 041, ISO 9001 7.5 and 9.2, ISO/IEC 27001 A.8.15 and
NIST SP 800-53 AU. Number 25 (retention, legal hold, proof that a disposed range had been sealed) is not built.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from tests.desk import Desk
from tests.hands import unguarded

from charter.runtime.audit.verify import verify
from charter.runtime.store import create_store
from charter.runtime.store.errors import AppendOnly, StorageError
from charter.runtime.store.tables import metadata

BUY = """process buy "Buy"
  owner chief
  role chief "chief"
  role clerk "clerk"
  role boss "boss"
  separate agree from ask
  record req "Request"
    what text "what"
  activity ask "Ask"
    role clerk
    output req
    within 1 day
    source S003-2.1-02
  approval agree "Agree"
    of req
    by boss
"""
FOUNDED = """
charter init --as zhou
charter people add ann --name "Ann Lee" --as zhou
charter people add bob --name "Bob Wu" --as zhou
charter people add cy --as zhou
charter people grant ann clerk --as zhou
charter people grant ann boss --as zhou
charter people grant bob boss --as zhou
charter people grant cy chief --as zhou
charter people skill ann law 2 --as zhou
charter people skill ann law 3 --as zhou
charter deploy buy.charter --as zhou
"""
WORKED = """
charter start buy --as ann
charter claim 1 ask --as ann
charter complete 1 ask --set what=tea --as ann
charter approve 1 agree -m good --as bob
charter amend 1 req --set what=milk -m typo --as cy
"""
# what no entry tells of, and what only says how far something is
APART = {"outbox", "keys", "turns", "clock", "queue", "cursors", "leaves", "tiles", "checkpoints", "entries", "chains"}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    Path("buy.charter").write_text(BUY)
    with create_store(str(tmp_path / "charter.db")) as store:
        one = Desk(store, "en")
        one.play(FOUNDED)
        yield one


def entries(desk: Desk, where: str = "") -> list[dict[str, Any]]:
    with desk.store.read() as connection:
        query = f"SELECT body FROM entries {where} ORDER BY position"
        return [json.loads(body) for (body,) in connection.exec_driver_sql(query)]


def of_case(desk: Desk) -> list[dict[str, Any]]:
    return entries(desk, "WHERE \"case\" <> 'organisation'")


def one(desk: Desk, kind: str) -> dict[str, Any]:
    return [each for each in entries(desk) if each["kind"] == kind][-1]


def content(desk: Desk) -> str:
    with desk.store.read() as connection:
        rows = {
            table: sorted(map(repr, connection.exec_driver_sql(f"SELECT * FROM {table}")))
            for table in metadata.tables
            if table not in APART
        }
    return sha256(repr(rows).encode()).hexdigest()


def test_01_every_change_leaves_an_entry_and_no_verb_changes_a_row_without_one(desk: Desk) -> None:
    more = "charter start buy --as ann\ncharter suspend 2 -m x --as cy\ncharter resume 2 --as cy\ncharter tick\n"
    more += (
        "charter people absent bob 2026-04-01 2026-04-05 --as zhou\ncharter connectors add c --command true --as zhou\n"
    )
    for line in filter(None, (WORKED + more + "charter show 1\ncharter inbox --as bob\n").splitlines()):
        before, count = content(desk), len(entries(desk))
        desk.type(line)
        assert desk.code == 0, line
        assert content(desk) == before or len(entries(desk)) > count, line


def test_02_a_person_is_one_id_with_the_role_used_and_on_whose_behalf(desk: Desk) -> None:
    desk.play("charter people substitute bob cy --role boss --as zhou\ncharter people accept 1 --as cy\n")
    desk.play("charter people absent bob 2026-03-01 2026-03-31 --as zhou\n")
    desk.play(WORKED.replace("--as bob", "--as cy").partition("charter amend")[0])
    granted = one(desk, "granted")
    assert (granted["actor"], granted["role"], granted["on_behalf_of"]) == ("cy", "boss", "bob")
    desk.type("charter people add BOB --as zhou")
    assert desk.code == 3 and one(desk, "refused")["data"]["reasons"][0]["code"] == "CH595"


def test_03_what_the_system_does_names_its_cause_and_the_definition(desk: Desk) -> None:
    desk.play("charter start buy --as ann\n")
    desk.at += 3 * 86_400_000_000
    desk.play("charter tick\n")
    own = [each for each in of_case(desk) if each["actor"] == "system"]
    assert "overdue" in {each["kind"] for each in own}
    first = {each["seq"] for each in of_case(desk) if "command" in each.get("data", {})}
    for each in own:
        assert len(each["definition"]) == 64 and (each["seq"] in first or each["cause"] < each["seq"])


def test_04_the_old_and_the_new_value_are_told(desk: Desk) -> None:
    desk.play(WORKED)
    written, amended = one(desk, "written"), one(desk, "amended")
    assert written["data"]["value"]["what"] == "tea" and amended["data"]["value"]["what"] == "milk"
    assert amended["data"]["was"] == written["data"]["digest"] != amended["data"]["digest"]
    assert (one(desk, "skill_set")["data"]["old"], one(desk, "skill_set")["data"]["new"]) == (2, 3)


def test_05_times_are_the_server_s_with_their_zone(desk: Desk) -> None:
    since = desk.at
    desk.play(WORKED)
    for each in of_case(desk):
        assert each["at"].endswith("Z") and each["zone"] and len(each["at"]) == 27
    assert of_case(desk)[0]["at"] > "2026-03-02T01" and since < desk.at


@pytest.mark.parametrize(
    "line",
    [
        "charter skip 1 ask --as cy",
        "charter return 1 agree ask --as bob",
        "charter reject 1 agree --as bob",
        "charter cancel 1 --as cy",
        "charter amend 1 req --set what=x --as cy",
    ],
)
def test_06_a_reason_is_required_where_the_rules_are_left(desk: Desk, line: str) -> None:
    desk.play("charter start buy --as ann\n" + ("" if "skip" in line else WORKED.split("\n")[3] + "\n"))
    count = len(of_case(desk))
    desk.type(line)
    assert desk.code in (2, 3)
    assert all(each["kind"] == "refused" for each in of_case(desk)[count:])


def test_07_channel_host_and_account_are_told(desk: Desk) -> None:
    desk.play(WORKED)
    for each in entries(desk):
        assert all(each[name] for name in ("channel", "host", "account", "build")), each


def test_08_refused_and_failed_attempts_are_entered(desk: Desk) -> None:
    desk.play("charter start buy --as ann\n")
    for line in ("charter complete 1 ask --set what=x --as bob", "charter show 1 --as ghost", "charter tick --as bob"):
        desk.type(line)
    desk.type("charter people add dan --as bob")
    found = [each for each in entries(desk) if each["outcome"] == "refused"]
    assert {(each["actor"], each["case"] == "organisation") for each in found} >= {
        ("bob", False),
        ("ghost", True),
        ("bob", True),
    }


def test_09_who_authorises_is_another_than_who_did_it(desk: Desk) -> None:
    desk.play("".join(f"{line}\n" for line in WORKED.split("\n")[1:4]))
    desk.type("charter approve 1 agree --as ann")
    assert desk.code == 3 and of_case(desk)[-1]["kind"] == "refused"
    desk.play("charter approve 1 agree --as bob\n")
    assert one(desk, "granted")["actor"] != one(desk, "written")["actor"]


def test_10_a_correction_is_a_new_entry_that_names_what_it_corrects(desk: Desk) -> None:
    desk.play(WORKED)
    written, amended = one(desk, "written"), one(desk, "amended")
    assert amended["seq"] > written["seq"] and amended["data"]["was"] == written["data"]["digest"]
    assert (amended["reason"], amended["data"]["version"]) == ("typo", written["data"]["version"] + 1)


@pytest.mark.parametrize("table", ["entries", "leaves", "tiles", "checkpoints"])
def test_11_nothing_is_changed_or_deleted_through_the_application(desk: Desk, table: str) -> None:
    desk.play(WORKED)
    column = next(iter(metadata.tables[table].columns)).name
    for statement in (f"DELETE FROM {table}", f'UPDATE {table} SET "{column}" = 1'):
        with pytest.raises(AppendOnly), desk.store.write() as connection:
            connection.exec_driver_sql(statement)
    assert verify(desk.store).sound


def test_12_the_trail_cannot_be_switched_off_unseen(desk: Desk) -> None:
    with sqlite3.connect("charter.db") as raw:
        raw.execute("DROP TRIGGER entries_no_delete")
    raw.close()
    assert "NOT SOUND" in desk.type("charter audit verify --as zhou") and desk.code == 1
    assert "guards" in desk.type("charter doctor") and desk.code == 1


def kept(desk: Desk) -> None:
    Path("kept").write_text(desk.type("charter audit checkpoint --as zhou"))


def altered(change: str, *values: object) -> None:
    with sqlite3.connect("charter.db") as raw, unguarded(raw):
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute(change, values)
    raw.close()


def judged(desk: Desk) -> dict[str, Any]:
    desk.beside = StringIO()  # what is changed may keep the look itself from being entered, with a warning
    found: dict[str, Any] = json.loads(desk.type("charter audit verify --against kept --json --as zhou"))
    return found


def test_13_tampering_under_a_checkpoint_is_found_with_its_place(desk: Desk) -> None:
    desk.play(WORKED)
    kept(desk)
    written = one(desk, "written")
    old, new = '"what":"tea"', '"what":"gin"'
    query = 'UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), ?, ?) AS BLOB) WHERE seq = ? AND "case" = ?'
    altered(query, old, new, written["seq"], written["case"])
    fault = judged(desk)["verdicts"][0]["fault"]
    assert (fault["case"], fault["seq"], fault["why"]) == (written["case"], written["seq"] + 1, "chain_broken")


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM entries WHERE position = 20",
        "UPDATE entries SET seq = seq + 1 WHERE position = (SELECT max(position) FROM entries)",
        "UPDATE entries SET position = CASE position WHEN 20 THEN -20 ELSE position END",
        "DELETE FROM entries WHERE position > 18",
        'INSERT INTO entries SELECT position + 100, "case", seq + 100, at, actor, kind, outcome, element, record,'
        " clauses, body FROM entries WHERE position = 20",
    ],
)
def test_14_gaps_repetitions_another_order_and_a_cut_are_found(desk: Desk, change: str) -> None:
    desk.play(WORKED)
    kept(desk)
    assert judged(desk)["sound"] is True
    altered(change)
    found = judged(desk)
    assert found["sound"] is False and found["verdicts"][1]["fault"] is not None, found


def test_15_a_clock_that_jumps_is_entered_and_order_is_kept(desk: Desk) -> None:
    desk.play("charter start buy --as ann\ncharter claim 1 ask --as ann\n")
    desk.at -= 2 * 3_600_000_000
    desk.play("charter complete 1 ask --set what=tea --as ann\n")
    assert one(desk, "clock_stepped_back")["data"]["case"] == of_case(desk)[0]["case"]
    assert [each["seq"] for each in of_case(desk)] == list(range(1, len(of_case(desk)) + 1))
    assert verify(desk.store).sound


def test_16_what_cannot_be_entered_does_not_happen(desk: Desk) -> None:
    desk.play("charter start buy --as ann\n")
    with sqlite3.connect("charter.db") as raw:
        raw.execute("CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    raw.close()
    before, count = content(desk), len(entries(desk))
    desk.type("charter complete 1 ask --set what=tea --as ann")
    assert desk.code == StorageError.exit_code
    assert (content(desk), len(entries(desk))) == (before, count)


def test_17_the_trail_is_searched_by_who_what_when_and_why(desk: Desk) -> None:
    desk.play(WORKED)
    for question, kind in (
        ("--actor bob --kind granted", "granted"),
        ("--record-type req --kind amended", "amended"),
        ("--clause S003-2.1-02 --kind written", "written"),
        ("'reason = \"typo\"' --kind amended", "amended"),
        ("--since 2026-03-01 --until 2026-03-03 --element agree --kind granted", "granted"),
    ):
        found = json.loads(desk.type(f"charter audit query {question} --json --as zhou"))
        assert [each["kind"] for each in found] == [kind], question
    with desk.store.read() as connection:
        plan = "EXPLAIN QUERY PLAN SELECT * FROM entries WHERE actor = 'bob' AND at > 1 ORDER BY at"
        assert "entries_by_actor" in str(connection.exec_driver_sql(plan).fetchall())


def test_18_what_people_read_equals_the_export_row_for_row(desk: Desk) -> None:
    desk.play(WORKED)
    case = of_case(desk)[0]["case"]
    lines = [json.loads(row) for row in desk.type("charter audit log 1 --format jsonl --as zhou").splitlines()]
    rows = list(csv.DictReader(StringIO(desk.type("charter audit log 1 --format csv --as zhou"))))
    shown = desk.type("charter audit log 1 --as zhou").splitlines()
    assert len(lines) == len(rows) == len(of_case(desk)) and {each["case"] for each in lines} == {case}
    for line, row in zip(lines, rows, strict=True):
        assert all(row[name] == str(line.get(name, "")) for name in ("seq", "at", "actor", "kind", "outcome"))
    assert sum(line.split()[0].isdigit() for line in shown if line.split()) >= len(lines)
    desk.play("charter audit bundle --out b --as zhou\n")
    assert Path("b/entries.html").read_text().count("<tr>") == Path("b/entries.jsonl").read_text().count("\n") + 1


def test_19_from_a_version_to_where_it_came_from_and_what_came_of_it(desk: Desk) -> None:
    desk.play(WORKED)
    first = json.loads(desk.type("charter audit trace 1 req@1 --json --as zhou"))
    second = json.loads(desk.type("charter audit trace 1 req@2 --json --as zhou"))
    assert first["deed"]["by"] == "ann" and "agree" in json.dumps(first["came"])
    assert second["deed"]["by"] == "cy"


def test_20_the_case_as_it_was_at_any_time_and_after_any_entry(desk: Desk) -> None:
    desk.play(WORKED)
    last = len(of_case(desk))
    for seq in range(1, last + 1):
        found = json.loads(desk.type(f"charter audit as-of 1 '#{seq}' --json --as zhou"))
        assert desk.code == 0 and found["sure"] is True and found["seq"] >= seq
    at = one(desk, "granted")["at"]
    found = json.loads(desk.type(f"charter audit as-of 1 {at} --json --as zhou"))
    assert {each["element"]: each["state"] for each in found["elements"]}["agree"] == "granted"


def signed(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(desk.type("charter audit signatures 1 --json --as zhou"))
    return found


def test_21_a_signature_shows_name_time_and_meaning(desk: Desk) -> None:
    desk.play(WORKED + "charter people add bob --name 'Bob Ho' --as zhou\n")
    told = [(each["name"], each["meaning"], each["role"]) for each in signed(desk)]
    assert told == [("Ann Lee", "author", "clerk"), ("Bob Wu", "approve", "boss"), ("cy", "author", "chief")]
    granted, (_, approval, _) = one(desk, "granted"), signed(desk)
    assert (approval["at"], approval["reason"]) == (granted["at"], "good")
    shown = desk.type("charter audit signatures 1 --as zhou")
    assert "Bob Wu" in shown and "approval" in shown and "author" in shown


@pytest.mark.parametrize("what", ["definition", "digest", "person"])
def test_22_a_signature_is_bound_to_what_was_signed_and_cannot_be_moved(desk: Desk, what: str) -> None:
    desk.play(WORKED)
    kept(desk)
    written, approval = one(desk, "written"), signed(desk)[1]
    version = {"record": "req", "record_version": 1, "digest": written["data"]["digest"]}
    assert approval["signed"] == [version] and approval["definition"] == one(desk, "deployed")["data"]["definition"]
    # the version that came later is signed by its author alone
    assert [each["signed"][0]["record_version"] for each in signed(desk)] == [1, 1, 2]
    case, seq = approval["entry"].rsplit(".", 1)
    old = {"definition": approval["definition"], "digest": version["digest"], "person": '"actor":"bob"'}[what]
    query = 'UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), ?, ?) AS BLOB) WHERE seq <= ? AND "case" = ?'
    altered(query, old, '"actor":"eve"' if what == "person" else "0" * 64, int(seq), case)
    assert judged(desk)["verdicts"][0]["sound"] is False


def test_23_no_illegal_move_and_authority_is_asked_when_it_is_used(desk: Desk) -> None:
    desk.play("charter start buy --as ann\n")
    desk.type("charter approve 1 agree --as bob")
    assert desk.code == 3
    desk.play("charter complete 1 ask --set what=tea --as ann\ncharter people revoke bob boss --as zhou\n")
    desk.type("charter approve 1 agree --as bob")
    assert desk.code in (3, 4) and not [each for each in of_case(desk) if each["kind"] == "granted"]


def test_24_a_review_of_the_trail_is_entered_and_is_for_others_than_who_worked(desk: Desk) -> None:
    desk.play(WORKED + "charter people add eve --as zhou\n")
    desk.play("charter people grant eve auditor --process organisation --as zhou\ncharter audit verify --as eve\n")
    told = one(desk, "consulted")
    assert (told["actor"], told["data"]["question"], told["data"]["sound"]) == ("eve", "verify", "yes")
    desk.type("charter audit verify --as ann")
    assert desk.code == 3
    question = 'kind = "consulted" and data.question = "verify"'
    found = json.loads(desk.type(f"charter audit query '{question}' --json --as eve"))
    assert {each["actor"] for each in found}.isdisjoint({each["actor"] for each in of_case(desk)})


@pytest.mark.parametrize(
    "verb",
    (
        *("log 1", "show 1.1", "query true", "trace 1 req", "as-of 1 '#1'", "why 1 ask", "clause", "checkpoint"),
        *("proof 1.1", "bundle --out b", "verify", "log 1 --format csv"),
        *("export xes --out x", "export csv --case 1 --out y"),
    ),
)
def test_26_reading_and_exporting_the_trail_is_entered(desk: Desk, verb: str) -> None:
    desk.play(WORKED)
    count = len(entries(desk))
    desk.play(f"charter audit {verb} --as zhou\n")
    more = entries(desk)[count:]
    assert [(each["kind"], each["actor"]) for each in more] == [("consulted", "zhou")]

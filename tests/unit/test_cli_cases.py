"""The case verbs as people type them: transcripts as golden files in both languages, and what flags and files mean."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from tests.desk import Desk, transcript

from charter.engine.entries import KINDS
from charter.runtime.cli import demo
from charter.runtime.cli.messages import section
from charter.runtime.store import open_store

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "cli_cases"


LEAVE = """
charter init --as zhou
charter people add li --name 李娜 --as zhou
charter people add wang --name 王建国 --as zhou
charter people add zhou --as zhou
charter people grant li employee --as zhou
charter people grant wang manager --process leave_request --as zhou
charter people grant wang employee --as zhou
charter people grant zhou hr --as zhou
charter people list
charter people grant wang hr --as wang
charter people revoke zhou steward --process organisation --as zhou
charter deploy processes/examples/leave_request.charter --as zhou
charter start leave_request --as wang
charter inbox --as li
charter inbox --as nobody
charter claim 1 --as li
charter claim 1 apply --as wang
charter show 1
charter complete 1 apply --set first_day=soon --as li
charter complete 1 --set first_day=2026-03-06 --set last_day=2026-03-02 --as li
charter complete 1 --set first_day=2026-03-02 --set request.last_day=2026-03-06 --as li
charter comment 1 decide 请尽快 --as li
charter approve 1 decide --as li
charter approve 1 --as li
charter complete 1 book --as zhou
charter return 1 decide --as wang
charter return 1 --reason 日期有误 --as wang
charter withdraw 1 apply --as li
charter complete 1 --set last_day=2026-03-04 --as li
charter audit why 1 decide
+ 3
charter tick
charter show 1 --records
charter approve 1 --comment 同意 --as wang
charter delegate 1 book --as zhou
charter delegate 1 book li --as zhou
charter delegate 1 li --as zhou
charter complete 1 book --as zhou --seen 1
charter complete 1 book --as zhou
charter complete 1 book --as zhou
charter cases
charter audit log 1
charter audit query 'outcome = "refused"' --actor li
charter audit show 1.11
charter audit show 1.99
charter audit query 'element = "decide" and at > date("2026-03-02")' --limit 2
charter audit query 'acter = "li"'
charter audit trace 1 request@2
charter audit trace 1 request@9
charter audit as-of 1 '#5'
charter audit verify
charter show 2
charter start nothing --as li
charter start --as li
charter approve 1
"""

STAND_IN = """
charter init --as wang
charter people add li --as wang
charter people add liu --as wang
charter people add wang --as wang
charter people grant li employee --as wang
charter people grant wang manager --as wang
charter deploy processes/examples/leave_request.charter --as wang
charter start leave_request --as li
charter complete 1 --set first_day=2026-03-02 --set last_day=2026-03-03 --as li
charter approve 1 decide --as liu
charter people substitute wang liu --role manager --as wang
charter people absent wang 2026-03-01 2026-03-31 --as wang
charter inbox --as liu
charter people accept 1 --as liu
charter people show wang
charter inbox --as liu
charter suspend 1 --reason 等待 --as li
charter approve 1 decide --as liu
charter resume 1 --as li
charter approve 1 --as liu
charter cancel 1 --reason 不再需要 --as liu
charter cancel 1 --reason 不再需要 --as li
charter connectors add mail --command sendmail --command -t --as wang
charter connectors list
charter connectors remove mail --as wang
charter audit log organisation --limit 40
"""


STEER = """
charter init --as chen
charter people add chen --as chen
charter people add sun --as chen
charter people grant chen chief --as chen
charter people grant sun engineer --as chen
charter deploy site.charter --as chen
charter start site_visit --as chen
charter complete 1 --set days=0 --set site=北院 --as chen
charter complete 1 --data order.json --as chen
charter complete 1 open_order --data nowhere.json --as chen
charter tick
charter show 1
charter audit why 1 book_car
charter retry 1 book_car --as chen
charter tick 1
charter show 1
charter skip 1 book_car --as chen
charter skip 1 book_car --reason 自驾前往 --as chen
charter signal 1 refused --as chen
charter signal 1 paid --as chen
charter add 1 visit --item 北院 --as chen
charter add 1 visit --set site=南院 --set floor=3 --as chen
charter inbox --as sun
charter begin 1 --as sun
charter begin 1 visit[1] --as sun
charter confirm 1 --as sun
charter confirm 1 visit[1] --check safe --check proof --as sun
charter complete 1 visit[1] --set text=完成 --set photo=photo.jpg --check proof=photo.jpg --as sun
charter attach 1 visit[2] photo.jpg --as sun
charter attach 1 nowhere.jpg --as sun
charter suspend 1 visit[2] --reason 等待配件 --as sun
charter inbox --as sun
charter resume 1 visit[2] --as sun
charter cancel 1 visit[2] --reason 南院自行处理 --as chen
charter close 1 visit --as chen
charter reopen 1 visit[1] --reason 复查 --as chen
charter impact 1 order
charter impact 1 nothing
charter amend 1 order --set days=2 --reason 多留一天 --as chen
charter amend 1 order --set days=2 --reason 多留一天 --as chen
charter amend 1 order --as chen
charter withdraw 1 --as chen
charter complete 1 visit[1] --set text=再次完成 --as sun
charter show 1
charter complete 1 close_order --as chen --key once
charter complete 1 close_order --as chen --key once
charter complete 1 open_order --as chen --key once
charter reopen 1 close_order --reason 漏项 --as chen
charter cases --status open
charter cases --person sun --json
charter audit trace 1 report[1]
charter kpi site_visit
charter audit verify 1
"""


PURCHASE = """
charter init --as 王敏
charter people add 李娜 --as 王敏
charter people add 王敏 --as 王敏
charter people add 赵强 --as 王敏
charter people grant 李娜 采购员 --as 王敏
charter people grant 王敏 检验员 --as 王敏
charter people grant 王敏 质量部 --as 王敏
charter people grant 赵强 经理 --as 王敏
charter deploy 采购.charter --as 王敏
charter audit clause --as 王敏
charter audit clause ISO9001-8.4.1 --as 王敏
charter start 采购 --as 李娜
charter start 采购流程 --as 李娜
charter complete 1 提出申 --as 李娜
charter complete 1 提出申请 --set 物料=轴承 --set 预算=50000元 --set 缓急=紧急 --as 李娜
charter complete 1 提出申请 --set 物料=轴承 --set 预算=50000元 --set 急缓=紧急 --as 李娜
charter return 1 --as 赵强
charter return 1 --reason 缺报价单 --as 赵强
charter inbox --as 李娜
charter comment 1 提出申请 报价单周五到 --as 李娜
charter attach 1 提出申请 order.json --as 李娜
charter show 1
charter complete 1 --set 预算=48000元 --as 李娜
charter complete 1 提出申请 --set 预算=47000元 --as 李娜
charter approve 1 --as 赵墙
charter approve 1 --as 赵强
charter complete 1 --set 结论=合格 --check 齐全=order.json --as 王敏
charter audit why 1 退货 --as 王敏
charter audit why 1 申请单 --as 王敏
charter audit why 1 来料检 --as 王敏
charter audit clause --as 王敏
charter audit clause ISO9001-8.4.1 --as 王敏
charter audit clause ISO9001-8.4.3 --as 王敏
charter audit clause ISO9001-8.6 --case 1 --json --as 王敏
charter audit clause ISO9001-8.4 --as 王敏
charter audit log 1 --limit 9 --as 王敏
charter audit query '人员 = "李娜"' --as 王敏
charter audit query 'actr = "李娜"' --as 王敏
"""


NOTICES = """
charter init --as chen
charter people add chen --as chen
charter people add li --as chen
charter people add wang --as chen
charter people grant chen chief --as chen
charter people grant li clerk --as chen
charter people grant wang client --process parcel --as chen
charter deploy parcel.charter --as chen
charter start parcel --as li
charter inbox --notices --as wang
charter complete 1 --set words=旧 --as li
charter reject 1 --reason 破损 --as chen
+ 2
charter tick
charter complete 1 --set words=新 --as li
charter inbox --notices --as wang
charter inbox --notices --as li
charter inbox --notices --as chen
charter inbox --notices --limit 1 --json --as li
charter inbox --notices --as nobody
+ 40
charter inbox --notices --as wang
"""


@pytest.mark.parametrize(
    ("name", "lines"),
    [("leave", LEAVE), ("stand_in", STAND_IN), ("steer", STEER), ("purchase", PURCHASE), ("notices", NOTICES)],
)
@pytest.mark.sqlite("positions of entries are its own on a server, and openings are entered later")
def test_transcript(name: str, lines: str, desk: Desk, golden: Callable[[Path, str], None], tmp_path: Path) -> None:
    for file in (GOLDEN / "files").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    said = transcript(desk, lines)
    assert "CH001" not in said, said
    golden(GOLDEN / f"{name}.{desk.lang}.txt", said)


def test_one_record_is_shown_as_it_is_stored_and_with_all_that_follows_from_it(desk: Desk) -> None:
    transcript(desk, LEAVE)
    for chain in ("1", "organisation"):
        listed = [json.loads(line) for line in desk.type(f"charter audit log {chain} --format jsonl").splitlines()]
        assert len(listed) > 30
        shown = [json.loads(desk.type(f"charter audit show {chain}.{row['seq']} --json")) for row in listed]
        assert [{name: row[name] for name in row if name not in ("hash", "led_to")} for row in shown] == listed
        assert [row["prev"] for row in shown[1:]] == [row["hash"] for row in shown[:-1]]
        followers = [[later["seq"] for later in listed if later.get("cause") == row["seq"]] for row in listed]
        assert [row["led_to"] for row in shown] == followers


def test_nothing_is_left_untranslated(desk: Desk) -> None:
    said = transcript(desk, LEAVE + STAND_IN)
    # a message that is missing shows its key, `section.name`
    sections = "act|did|happened|show|inbox|audit|people|entries|kinds|states|usage|errors|verify|cases"
    assert not re.search(rf"\b({sections})\.[a-z_]+\b", said)
    assert "CH001" not in said, said


def test_the_demo_comes_out_as_its_story_says(desk: Desk) -> None:
    said = desk.type("charter demo --folder story")
    assert desk.code == 0, said[-2000:]
    # one command may be refused for several processes
    assert len(re.findall(r"^\$ .*\n(?:refused|已拒绝|拒绝)\[", said, re.MULTILINE)) == demo.STORY.count("\n! ")
    with open_store("story/charter.db") as store:
        from charter.runtime.audit.verify import verify

        assert verify(store).sound
        stranger = Desk(store, desk.lang)
        cases = json.loads(stranger.type("charter cases --json --as li"))
        assert [case["process"] for case in cases].count("service_project") == 1
        assert {case["status"] for case in cases} == {"completed"}
        # what it says one may ask next is answered as it stands there
        asks = re.findall(r"charter (?:show|audit)[ \w-]*", said.rstrip().splitlines()[-1])
        assert len(asks) == 2
        for ask in asks:
            stranger.type(ask)
            assert stranger.code == 0, ask


def test_what_lists_or_shows_is_json_when_asked(desk: Desk) -> None:
    transcript(desk, "\n".join(LEAVE.strip().splitlines()[:21]))
    for line in (
        "charter inbox --as wang",
        "charter show 1",
        "charter cases",
        "charter people list",
        "charter people show li",
        "charter impact 1 request",
        "charter audit why 1 decide",
        "charter audit trace 1 request",
        "charter audit as-of 1 #3",
        "charter audit verify",
        "charter kpi leave_request",
    ):
        assert json.loads(desk.type(f"{line} --json".replace("#3", "'#3'"))), line
        assert desk.code == 0
    rows = [json.loads(row) for row in desk.type("charter audit log 1 --format jsonl").splitlines()]
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert len(desk.type("charter audit log 1 --format csv").splitlines()) == len(rows) + 1


@pytest.mark.parametrize("reason", ["=1+1", "@sum", "＝1+1", "fine = fine"])
def test_no_cell_of_csv_is_a_formula(desk: Desk, reason: str) -> None:
    transcript(desk, "\n".join(LEAVE.strip().splitlines()[:21]))
    desk.type(f"charter return 1 --reason '{reason}' --as wang")
    rows = list(csv.DictReader(StringIO(desk.type("charter audit query 'kind = \"returned\"' --format csv"))))
    assert [row["reason"] for row in rows] == [reason if reason[0] == "f" else f"'{reason}"]


def test_every_kind_of_record_has_a_word_in_both_languages() -> None:
    for lang in ("en", "zh"):
        assert set(KINDS) <= set(section(lang, "kinds"))


@pytest.mark.sqlite("changes rows in the file by hand")
def test_a_changed_record_is_found_and_named(desk: Desk, tmp_path: Path) -> None:
    transcript(desk, "\n".join(LEAVE.strip().splitlines()[:21]))
    desk.type("charter audit verify")
    assert desk.code == 0
    desk.store.close()
    with sqlite3.connect(tmp_path / "charter.db") as database:
        triggers = database.execute("select name from sqlite_master where type = 'trigger'").fetchall()
        for (name,) in triggers:
            database.execute(f'drop trigger "{name}"')
        [(case, body)] = database.execute("select \"case\", body from entries where seq = 7 and kind = 'completed'")
        forged = bytes(body).replace(b'"actor":"li"', b'"actor":"xu"')
        assert forged != body
        database.execute('update entries set body = ? where "case" = ? and seq = 7', (forged, case))
    database.close()
    said = desk.type("charter audit verify 1")
    assert desk.code == 1
    assert f"{case}, entry 7" in said or f"{case} 第 7 条" in said


@pytest.mark.sqlite("changes rows in the file by hand")
def test_a_list_goes_on_after_an_entry_that_only_another_build_can_read(desk: Desk, tmp_path: Path) -> None:
    transcript(desk, "\n".join(LEAVE.strip().splitlines()[:21]))
    desk.store.close()
    with sqlite3.connect(tmp_path / "charter.db") as database:
        for (name,) in database.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            database.execute(f'drop trigger "{name}"')
        newer = "update entries set body = cast(json_set(cast(body as text), '$.kind', 'weighed') as blob)"
        database.execute(f"{newer} where seq = 2 and \"case\" <> 'organisation'")
    database.close()
    rows = desk.type("charter audit log 1").splitlines()
    assert "`weighed`" in rows[2] and len(rows) > 5 and "weighed" not in rows[3]
    assert json.loads(desk.type("charter audit show 1.2 --json"))["kind"] == "weighed"
    desk.type("charter audit show 1.2")
    assert desk.code == 74


def test_a_process_is_offered_by_its_name_and_by_a_title_that_says_more(desk: Desk, tmp_path: Path) -> None:
    work = "  owner r\n  role r\n  activity x\n    role r\n"
    (tmp_path / "two.charter").write_text(f'process plain\n{work}process said "In words"\n{work}')
    desk.type("charter init --as li")
    assert "plain" not in desk.type("charter start --as li")
    desk.type("charter deploy two.charter --as li")
    rows = [line.split() for line in desk.type("charter start --as li").splitlines()[1:]]
    assert rows == [
        ["plain", "1", "charter", "start", "plain"],
        ["said", "In", "words", "1", "charter", "start", "said"],
    ]

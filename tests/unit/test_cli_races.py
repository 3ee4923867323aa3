"""Two people do the same: who comes second is told who was first, and when."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.desk import Desk

RACE = """process race
  owner lea
  role lea
  role clerk
  role lead
  record note
    body text
  activity write
    role   clerk
    output note
  approval decide of note
    by 2 of 3 lead
  first of by_road, by_rail
  activity by_road
    role clerk
  activity by_rail
    role clerk
  one at a time load, weigh
  activity load
    role clerk
  activity weigh
    role clerk
  activity ask for each open ticket
    role clerk
  activity rare
    role clerk
    when note.body = "rare"
"""
PEOPLE = """
charter init --as zhou
charter people add ada --as zhou
charter people add bob --as zhou
charter people add leo --as zhou
charter people add liz --as zhou
charter people add lea --as zhou
charter people grant ada clerk --as zhou
charter people grant bob clerk --as zhou
charter people grant leo lead --as zhou
charter people grant liz lead --as zhou
charter people grant lea lead --as zhou
charter people grant lea lea --as zhou
charter people delegate leo bob --as zhou
charter people accept 1 --as bob
charter deploy race.charter --as zhou
charter start race --as ada
"""
WRITTEN = "charter complete 1 write --set body=x --as ada"
# what was done before; the command that wins; the command that comes too late; what the loser reads, en and zh
RACES = (
    ("", "claim 1 write --as ada", "claim 1 write --as bob", "ada claimed it", "由 ada 认领"),
    ("", WRITTEN[8:], "complete 1 write --set body=y --as bob", "ada completed it", "由 ada 完成"),
    ("", "claim 1 write --as ada", "complete 1 write --set body=y --as bob", "ada claimed it", "由 ada 认领"),
    (WRITTEN, "approve 1 decide --as liz", "approve 1 decide --as liz", "liz voted", "由 liz 表决"),
    (WRITTEN, "approve 1 decide --for leo --as bob", "approve 1 decide --as leo", "bob for leo voted", "表决"),
    ("", "complete 1 by_road --as ada", "complete 1 by_rail --as bob", "by_road: ada completed it", "由 ada 完成"),
    ("", "begin 1 by_road --as ada", "begin 1 by_rail --as bob", "by_road: ada began it", "由 ada 开始办理"),
    ("", "begin 1 load --as ada", "begin 1 weigh --as bob", "load: ada began it", "load：1 分钟前由 ada"),
    ("", "skip 1 load --reason no --as lea", "complete 1 load --as bob", "lea skipped it", "由 lea 跳过"),
    ("", "close 1 ask --as ada", "add 1 ask --item 1 --as bob", "ada closed it", "由 ada 关闭"),
    ("", "close 1 ask --as lea", "close 1 ask --as bob", "lea closed it", "由 lea 关闭"),
    ("", "cancel 1 --reason over --as lea", "complete 1 load --as bob", "reason given: over", "由 lea 取消"),
)


@pytest.fixture
def opened(desk: Desk, tmp_path: Path) -> Desk:
    (tmp_path / "race.charter").write_text(RACE)
    for line in PEOPLE.strip().splitlines():
        desk.type(line)
        assert desk.code == 0, line
    return desk


@pytest.mark.parametrize(("before", "wins", "loses", "en", "zh"), RACES)
def test_who_comes_second_is_told_who_was_first(
    before: str, wins: str, loses: str, en: str, zh: str, opened: Desk
) -> None:
    if before:
        opened.type(before)
    opened.type(f"charter {wins}")
    assert opened.code == 0
    said = opened.type(f"charter {loses}")
    assert opened.code == 3 and (en if opened.lang == "en" else zh) in said
    assert ("1 minute ago" if opened.lang == "en" else "1 分钟前") in said


def test_who_has_finished_work_holds_it_no_longer(opened: Desk) -> None:
    opened.type(WRITTEN)
    said = opened.type("charter claim 1 write --as bob")
    assert opened.code == 3 and "charter release" not in said


def test_just_now_is_no_time_ago(opened: Desk) -> None:
    opened.type("charter claim 1 write --as ada")
    opened.at -= 60_000_000
    said = opened.type("charter claim 1 write --as bob")
    assert ("ada claimed it just now" if opened.lang == "en" else "刚刚由 ada 认领") in said


def test_where_the_process_was_first_it_is_said_why(opened: Desk) -> None:
    opened.type(WRITTEN)
    said = opened.type("charter complete 1 rare --as bob")
    assert 'note.body = "rare"' in said


def test_who_stood_in_is_named_wherever_it_is_said_who_did_it(opened: Desk) -> None:
    opened.type(WRITTEN)
    opened.type("charter approve 1 decide --as liz")
    opened.type("charter approve 1 decide --for leo --as bob")
    named = "bob for leo" if opened.lang == "en" else "bob 代 leo"
    for line in ("show 1", "audit log 1", "audit why 1 decide"):
        said = opened.type(f"charter {line} --as lea")
        assert named in said, line
    assert "ada for" not in said and "ada 代" not in said


LATE = """calendar here
  zone Asia/Shanghai
  Monday to Friday 09:00-17:00
process late
  calendar here
  owner lea
  role lea
  role clerk
  activity ask
    role clerk
    due  date("2026-02-28")
"""


def test_what_is_late_is_said_to_be_wherever_its_due_date_is_told(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "late.charter").write_text(LATE)
    for line in PEOPLE.replace("race", "late").strip().splitlines():
        desk.type(line)
        assert desk.code == 0, line
    late = "overdue (" if desk.lang == "en" else "已逾期（"
    assert late in desk.type("charter inbox --as ada") and late in desk.type("charter cases --as lea")
    for line in ("show 1", "audit log 1"):
        assert "2026-02-28 24:00" in desk.type(f"charter {line} --as lea"), line

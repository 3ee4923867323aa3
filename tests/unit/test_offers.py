"""What a register offers to work, as people see and answer it: inbox, show, form, and what is withheld."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from tests.desk import Desk
from tests.founded import founded

from charter.runtime.audit.verify import verify

TEXT = """role boss
role clerk
register lessons "Lessons" key what
  what   text
  tag    choice "cables" | "power"
  advice text
    visible to boss
register hints key what
  what text
  visible to boss

process planning
  owner boss
  activity write
    role   clerk
    offers lessons[tag = "cables"]
    offers hints
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    Path("a.charter").write_text(TEXT, "utf-8")
    Path("lessons.csv").write_text(
        "what,tag,advice\nearly,cables,six weeks\ntwice,cables,noon\nfuse,power,16 A\n", "utf-8"
    )
    Path("hints.csv").write_text("what\nsecret\n", "utf-8")
    with founded(tmp_path / "a.db", "root") as store:
        desk = Desk(store, "en")
        desk.reader = "root"
        assert "deployed" in (said := desk.type("charter deploy a.charter --as root")), said
        for name in ("lessons", "hints"):
            desk.type(f"charter register {name} --import {name}.csv --as root")
        for person, role in (("li", "clerk"), ("bo", "boss")):
            desk.type(f"charter people add {person} --name {person} --as root")
            desk.type(f"charter people grant {person} {role} --process planning --as root")
        desk.type("charter start planning --as li")
        yield desk


def test_what_is_offered_is_seen_and_answered(desk: Desk) -> None:
    [item] = json.loads(desk.type("charter inbox --as li --json"))
    told = [(one["check"], one["key"], one["entry_version"], one["taken_up"]) for one in item["offered"]]
    hidden = {"withheld": True}
    assert told == [("lessons[1]", "early", 1, None), ("lessons[2]", "twice", 1, None), ("hints[1]", hidden, 1, None)]
    assert "3 entries to take up or decline" in desk.type("charter inbox --as li")
    desk.type("charter complete 1 write --as li")
    assert desk.code == 3
    desk.type("charter confirm 1 write --check 'lessons[1]' --check 'lessons[2]=no cables here' --as li")
    assert desk.code == 0
    # What the entry becomes later changes nothing of what was offered, and answered.
    Path("lessons.csv").write_text("what,tag,advice\nearly,power,never\n", "utf-8")
    desk.type("charter register lessons --import lessons.csv --as root")
    shown = desk.type("charter show 1 --as bo")
    assert "six weeks" in shown and "taken up (li)" in shown and "not applicable (li): no cables here" in shown
    assert "secret" in shown and "not answered yet" in shown
    desk.type("charter complete 1 write --check 'hints[1]' --as li")
    assert desk.code == 0 and verify(desk.store).sound


def test_what_somebody_may_not_read_is_withheld(desk: Desk) -> None:
    for line in ("show 1", "show 1 --json", "inbox", "inbox --json"):
        said = desk.type(f"charter {line} --as li")
        assert ("early" in said) is (line != "inbox") and "secret" not in said and "six weeks" not in said, said


def test_a_form_asks_of_each_entry(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charter.runtime.cli.act.asks", lambda context: True, raising=False)
    monkeypatch.setattr("charter.runtime.cli.handover.asks", lambda context: True)
    monkeypatch.setattr("sys.stdin", StringIO("y\nno\n\nno cables here\ny\n"))
    said = desk.type("charter complete 1 write --as li")
    assert desk.code == 0, said
    [offered] = [json.loads(desk.type("charter show 1 --as bo --json"))["offered"]]
    assert [(one["taken_up"], one["reason"]) for one in offered] == [
        (True, None),
        (False, "no cables here"),
        (True, None),
    ]

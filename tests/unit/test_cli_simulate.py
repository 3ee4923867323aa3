"""`charter simulate` as people use it: the report, JSON, CSV, what one more person changes, what it refuses."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from tests.desk import Desk

LEAVE = (Path(__file__).parents[2] / "processes/examples/leave_request.charter").read_text("utf-8")
PEOPLE = "people:\n  wang: {name: Wang, roles: [employee, manager]}\n  zhou: {name: Zhou, roles: [hr@leave_request]}\n"
USUAL = "charter simulate p.charter --arrive 2/hour --cases 60"


@pytest.fixture(autouse=True)
def files(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "p.charter").write_text(LEAVE, "utf-8")
    (tmp_path / "people.yaml").write_text(PEOPLE, "utf-8")


def test_the_report_says_what_is_scarce_and_what_was_assumed(desk: Desk) -> None:
    told = desk.type(f"{USUAL} --staff manager=2 --staff hr=3 --lang en")
    assert desk.code == 0
    assert "60 cases arrived (2/hour)" in told and "bottleneck" in told and "`employee`" in told and "seed 1" in told
    assert desk.type(f"{USUAL} --staff manager=2 --staff hr=3 --lang en") == told
    assert "瓶颈" in desk.type(f"{USUAL} --staff manager=2 --lang zh") and desk.code == 0


def test_too_much_work_is_told(desk: Desk) -> None:
    told = desk.type(f"{USUAL} --staff manager=1 --lang en")
    assert "what waits grows with every case" in " ".join(told.split())


def test_people_come_from_a_file(desk: Desk) -> None:
    found = json.loads(desk.type(f"{USUAL} --people people.yaml --json"))
    staff = {m["name"]: m["staff"] for m in found["measures"] if m["measure"] == "busy"}
    assert staff == {"manager": 1, "employee": 1, "hr": 1}
    # whoever applied does not decide, and there is no other manager
    (stood,) = found["stood"]
    assert (stood["element"], stood["case_count"], stood["code"]) == ("decide", 60, "CH503") and stood["line"] == 24
    assert found["completed"] == 0


def test_one_more_person_is_compared(desk: Desk) -> None:
    found = json.loads(desk.type(f"{USUAL} --staff manager=2 --json --what-if 'role manager +1'"))
    measures = {(m["name"], m["measure"]): m for m in found["what_if"]["measures"]}
    assert measures["manager", "busy"]["staff"] == 3 and measures["manager", "waiting"]["difference"] < 0
    assert "what if: manager+1" in desk.type(f"{USUAL} --staff manager=2 --lang en --what-if manager+1")


def test_figures_as_csv(desk: Desk) -> None:
    rows = list(csv.DictReader(StringIO(desk.type(f"{USUAL} --staff manager=2 --format csv"))))
    assert {row["what"] for row in rows} == {"process", "role", "element", "kpi"}
    assert all(float(row["mean"]) >= 0 for row in rows)


def test_a_chart_is_a_picture_that_stands_alone(desk: Desk, tmp_path: Path) -> None:
    said = desk.type(f"{USUAL} --staff manager=2 --chart c.svg")
    assert desk.code == 0 and "c.svg" in said
    text = (tmp_path / "c.svg").read_text("utf-8")
    root = ElementTree.fromstring(text)
    texts = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    words = {"en": "how busy each role is", "zh": "各角色的忙碌程度"}
    assert words[desk.lang] in texts and {"manager", "decide", "book"} <= set(texts)
    assert "prefers-color-scheme:dark" in text and "<script" not in text and text.count("href") == 0
    high, wide = float(root.attrib["height"]), float(root.attrib["width"])
    for element in root.iter("{http://www.w3.org/2000/svg}rect"):
        if element.get("x") is not None:
            assert float(element.attrib["x"]) + float(element.attrib["width"]) <= wide
            assert 0 <= float(element.attrib["y"]) <= high
    desk.type(f"{USUAL} --staff manager=2 --chart c.svg")
    assert (tmp_path / "c.svg").read_text("utf-8") == text
    desk.type(f"{USUAL} --chart nowhere/c.svg")
    assert desk.code not in (0, 1, 70)


def test_the_bottleneck_is_told_with_the_reason(desk: Desk) -> None:
    def because(more: str) -> dict[str, Any]:
        found = json.loads(desk.type(f"{USUAL} --json {more}"))
        return dict(found["because"], bottleneck=found["bottleneck"])

    over = because("--staff manager=1 --staff hr=9")
    assert (over["kind"], over["bottleneck"], over["element"]) == ("overloaded", "manager", "decide")
    assert over["load"] > 1 and over["enough"] >= 2
    people = because("--staff manager=3 --staff hr=9")
    assert (people["kind"], people["bottleneck"]) == ("people", "manager") and people["share"] > 0.9
    assert because("--staff manager=40 --staff hr=40")["kind"] == "none"
    assert because("")["kind"] == "none"


@pytest.mark.parametrize(
    "more",
    [
        "--cases 0",
        "--cases 200001",
        "--cases many",
        "--arrive often",
        "--arrive '0 a day'",
        "--arrive '1 a year' --cases 100000",
        "--staff nobody=1",
        "--staff manager=0",
        "--staff manager=x",
        "--staff manager",
        "--staff manager=1 --staff manager=2",
        "--what-if manager+1",
        "--what-if more --staff manager=1",
        "--what-if manager-1 --staff manager=1",
        "--what-if nobody+1",
        "--seed -1",
        "--format xml",
    ],
)
def test_what_cannot_be_meant_is_refused(desk: Desk, more: str) -> None:
    desk.type(f"charter simulate p.charter --arrive 2/hour {more}")
    assert desk.code == 2


def test_what_is_not_there_is_refused(desk: Desk, tmp_path: Path) -> None:
    desk.type("charter simulate p.charter")
    assert desk.code == 2  # no rate
    desk.type("charter simulate nowhere.charter --arrive 2/hour")
    assert desk.code == 4
    desk.type(f"{USUAL} --process nothing")
    assert desk.code == 4
    desk.type(f"{USUAL} --people nowhere.yaml")
    assert desk.code not in (0, 1, 70)
    (tmp_path / "people.yaml").write_text("people:\n  wang: {name: Wang, roles: [other]}\n", "utf-8")
    assert "manager" in desk.type(f"{USUAL} --people people.yaml --lang en") and desk.code == 2
    (tmp_path / "p.charter").write_text(LEAVE.replace("role employee", "rol employee", 1), "utf-8")
    assert "CH1" in desk.type(USUAL) and desk.code == 1

"""`charter verify-staffing` as people use it: who is there, who stands in, what cannot be staffed and what would do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.desk import Desk

TEXT = """process review
  owner lead
  role lead
  role engineer
  role auditor
    requires certificate "A1"
  record draft
    big boolean
  activity write
    role engineer
    output draft
  approval look of draft
    by other engineer
  activity audit
    role auditor
    when draft.big
    after look
  activity on_site
    role lead
    when draft.big
    after look
  activity by_mail
    role lead
    when not(draft.big)
    after look
    separate from on_site
"""


def founded(desk: Desk, path: Path, text: str = TEXT, **people: str) -> None:
    path.joinpath("p.charter").write_text(text, "utf-8")
    desk.type("charter init --as admin")
    for person, roles in people.items():
        desk.type(f"charter people add {person} --as admin")
        for role in roles.split():
            desk.type(f"charter people grant {person} {role} --as admin")
    desk.type("charter deploy p.charter --as admin")
    assert desk.code == 0


def judged(desk: Desk, *more: str) -> dict[str, Any]:
    [found] = json.loads(desk.type(" ".join(["charter verify-staffing review --json", *more])))["processes"]
    assert desk.code == (1 if found["said"] == "unstaffed" else 0)
    return dict(found)


def test_people_who_are_enough(desk: Desk, tmp_path: Path) -> None:
    founded(desk, tmp_path, li="engineer", wu="engineer", xu="auditor", bo="lead")
    desk.type("charter people certify xu A1 --as admin")
    found = judged(desk)
    # Both of what `bo` alone may do, and not both, never come together.
    assert found["said"] == "staffed" and not found["gaps"]


def test_the_fewest_elements_and_the_fewest_people_are_named(desk: Desk, tmp_path: Path) -> None:
    founded(desk, tmp_path, li="engineer", xu="auditor", bo="lead")
    found = judged(desk)
    assert [(gap["elements"], gap["more"]) for gap in found["gaps"]] == [
        (["write", "look"], [["engineer"]]),
        (["audit"], [["auditor"]]),
    ]
    assert found["gaps"][0]["rules"] == [{"kind": "apart", "element": "write", "other": "look"}]
    assert found["gaps"][1]["seats"][0]["short"] == [{"person": "xu", "for": None}]
    said = desk.type("charter verify-staffing --lang en")
    assert "there are too few people for `write`, `look`" in said
    assert "no one may take part in both `write` and `look`" in said
    assert "this would be enough: 1 more person with role `engineer`" in said
    assert "`audit` (auditor): nobody; without what the role requires: xu" in said


def test_who_is_away_counts_through_a_stand_in(desk: Desk, tmp_path: Path) -> None:
    founded(desk, tmp_path, li="engineer", wu="engineer", xu="auditor", bo="lead", an="")
    desk.type("charter people certify xu A1 --as admin")
    desk.type("charter people absent wu 2026-04-01 2026-04-09 --as admin")
    assert judged(desk)["said"] == "staffed"
    gone = judged(desk, "--at 2026-04-02")
    assert [gap["elements"] for gap in gone["gaps"]] == [["write", "look"]] and gone["away"] == [
        {"person": "wu", "roles": ["engineer"]}
    ]
    assert "away: wu" in desk.type("charter verify-staffing review --at 2026-04-02 --lang en")
    desk.type("charter people substitute wu an --as admin")
    desk.type("charter people accept 1 --as an")
    assert judged(desk, "--at 2026-04-02")["said"] == "staffed"


def test_whoever_looks_is_known_and_entered(desk: Desk, tmp_path: Path) -> None:
    founded(desk, tmp_path, li="engineer")
    assert "CH580" in desk.type("charter verify-staffing --as ghost")
    assert desk.code == 3
    desk.type("charter verify-staffing review --at 2026-04-02")
    told = json.loads(desk.type("charter audit query 'kind = \"consulted\"' --json"))
    assert {"question": "staffing", "process": "review", "when": "2026-04-02"} in [each["data"] for each in told]
    assert desk.type("charter verify-staffing nothing") and desk.code == 4
    assert "--at" in desk.type("charter verify-staffing --at never") and desk.code == 2


BOTH = """process review
  owner lead
  role lead
  role engineer
  record draft
    text text
  activity write
    role engineer
    output draft
  activity measure
    role engineer
  approval look of draft
    by engineer
    after measure
    separate from write, measure
"""


def test_a_claim_that_leaves_nobody_for_the_rest_is_warned_of(desk: Desk, tmp_path: Path) -> None:
    founded(desk, tmp_path, BOTH, li="engineer", wu="engineer", xu="lead")
    assert judged(desk)["said"] == "staffed"
    desk.type("charter start review --as li")
    quiet = desk.type("charter complete 1 write --set draft.text=x --as li")
    desk.lang = "en"
    said = desk.type("charter claim 1 measure --as wu --lang en")
    assert desk.code == 0 and "warning" not in quiet
    assert "warning: nobody is left for `look` in this case" in said
    assert "this would be enough: 1 more person with role `engineer`" in said
    # It was said when it came about, and is not said of what changes nothing.
    assert "nobody is left" not in desk.type("charter begin 1 measure --as wu --lang en")
    desk.type("charter release 1 measure --as wu")
    assert "nobody is left" not in desk.type("charter claim 1 measure --as li --lang en")


def test_deploying_tells_what_cannot_be_staffed_once_there_are_people(desk: Desk, tmp_path: Path) -> None:
    founded(desk, tmp_path, BOTH)
    desk.lang = "en"
    assert "warning" not in desk.type("charter deploy p.charter --as admin")
    desk.type("charter people add li --as admin")
    desk.type("charter people grant li engineer --as admin")
    said = desk.type("charter deploy p.charter --as admin --lang en")
    assert desk.code == 0
    assert (
        "warning: review: there are too few people for `measure`, `look`; this would be enough: 1 more person" in said
    )

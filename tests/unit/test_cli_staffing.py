"""`charter verify-staffing` as people use it: who is there, who stands in, what cannot be staffed and what would do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.desk import Desk
from tests.stages import SqlStage

from charter.dsl.passes import compile
from charter.engine.commands import Actor, Approve, Claim, Complete, Delegate
from charter.runtime.audit.log import Origin
from charter.runtime.host.memory import World
from charter.runtime.people.organisation import choose_stranding

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


def test_what_leaves_nobody_for_the_rest_is_refused_where_a_steward_chose_so(desk: Desk, tmp_path: Path) -> None:
    founded(desk, tmp_path, BOTH, li="engineer", wu="engineer", xu="lead")
    desk.type("charter start review --as li")
    desk.type("charter complete 1 write --set draft.text=x --as li")
    assert "CH584" in desk.type("charter people stranding refuse --as li") and desk.code == 3  # for stewards
    desk.type("charter people stranding refuse --as admin")
    desk.type("charter people stranding refuse --as admin")  # nothing changes, and nothing is entered
    said = desk.type("charter claim 1 measure --as wu --lang en")
    assert desk.code == 3 and "CH598" in said and "`look`" in said
    assert "warning" not in desk.type("charter complete 1 measure --as li --lang en") and desk.code == 0
    desk.type("charter approve 1 look --as wu")
    assert desk.code == 0 and json.loads(desk.type("charter show 1 --json --as admin"))["status"] == "completed"
    told = json.loads(desk.type('charter audit query \'kind in ("stranding_chosen", "refused")\' --json'))
    assert [(each["kind"], each["actor"]) for each in told] == [
        ("refused", "li"),
        ("stranding_chosen", "admin"),
        ("refused", "wu"),
    ]
    assert told[1]["data"] == {"stranding": "refuse", "was": "warn"}
    desk.type("charter audit verify")
    assert desk.code == 0
    assert "stranding" in desk.type("charter people stranding perhaps --as admin") and desk.code == 2


def test_open_cases_in_which_nobody_is_left_are_listed(desk: Desk, tmp_path: Path) -> None:
    founded(desk, tmp_path, BOTH, li="engineer", wu="engineer", xu="lead")
    found = judged(desk)
    assert (found["stranded"], found["unlooked"], found["fewest"]) == ([], 0, ["li", "wu"])
    assert found["needed"] == [
        {"person": "li", "elements": ["write", "measure", "look"]},
        {"person": "wu", "elements": ["write", "measure", "look"]},
    ] or {each["person"] for each in found["needed"]} == {"li", "wu"}
    desk.type("charter start review --as li")
    desk.type("charter complete 1 write --set draft.text=x --as li")
    desk.type("charter claim 1 measure --as wu")
    told = json.loads(desk.type("charter verify-staffing review --json"))
    assert desk.code == 1 and told["stranding"] == "warn"
    [stranded] = told["processes"][0]["stranded"]
    assert stranded["number"] == 1 and stranded["gaps"] == [{"elements": ["measure", "look"], "more": [["engineer"]]}]
    said = " ".join(desk.type("charter verify-staffing review --lang en").split())
    assert "case #1: nobody is left for" in said and "these 2 people would be enough: li, wu" in said
    assert "without wu, nobody could do" in said


def test_work_is_assigned_to_who_is_not_the_last_one_left_for_other_work(desk: Desk, tmp_path: Path) -> None:
    """`li` wrote and `wu` alone could look: in turn, `measure` would be `wu`'s now and then."""
    text = BOTH.replace(
        "  activity measure\n    role engineer\n",
        "  activity measure\n    role engineer\n    after write\n    assign in turn\n",
    )
    founded(desk, tmp_path, text, li="engineer", wu="engineer", xu="lead")
    holders = {}
    for word in ("warn", "refuse"):
        desk.type(f"charter people stranding {word} --as admin")
        for _ in range(2):
            number = json.loads(desk.type("charter start review --as li --json"))["number"]
            desk.type(f"charter complete {number} write --set draft.text=x --as li")
            shown = json.loads(desk.type(f"charter show {number} --json --as li"))
            holders.setdefault(word, []).extend(w["holder"] for w in shown["waiting"] if w["element"] == "measure")
    assert holders == {"warn": ["li", "wu"], "refuse": ["li", "li"]}


def test_both_hosts_refuse_what_leaves_nobody(tmp_path: Path) -> None:
    compiled = compile("p.charter", BOTH.encode())
    people = [Actor("li", ("engineer",)), Actor("wu", ("engineer",)), Actor("xu", ("lead",))]
    start = 1_772_413_200_000_000
    stages = [World(compiled.definitions, start, people, refusing=True), SqlStage(compiled.definitions, start, people)]
    choose_stranding(stages[1].store, "refuse", "li", at=start, origin=Origin("test"))
    codes = []
    for stage in stages:
        li, wu, _ = people
        case, _ = stage.start("review", li)
        told = []
        for command in (
            Complete(actor=li, at=start, node="write", records=(("draft", {"text": "x"}),)),
            Claim(actor=wu, at=start, node="measure"),
            Claim(actor=li, at=start, node="measure"),
            Delegate(actor=li, at=start, node="measure", to=wu),
            Complete(actor=li, at=start, node="measure"),
            Approve(actor=wu, at=start, node="look"),
        ):
            done = stage.perform(case, command)
            told.append(done.refusal and done.refusal.code)
        codes.append((told, [entry.kind for entry in stage.entries(case)], stage.state(case).status))
    stages[1].close()
    assert codes[0] == codes[1]
    assert codes[0][0] == [None, "CH598", None, "CH598", None, None] and codes[0][2] == "completed"


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

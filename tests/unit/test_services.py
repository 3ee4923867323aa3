"""Services on the database: what is listed for whom, what outsiders may start, when one is past its review."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.desk import Desk
from tests.founded import founded

YEAR = 366 * 86_400_000_000
TEXT = """role desk "Service desk"
role staff "Staff"
role customer "Customer" external
register agreements key client
  client text
  time   duration
process help
  owner desk
  record request
    client text
    wish   choice "Repair" | "Keys" | "Removal"
  activity ask
    role   customer, staff
    output request
  service repair "Repair" of request.wish
    audience     external
    offered by   desk
    requested by customer, staff
    materials
      report "Fault report"
    within       2 days
    agreed       agreements[request.client].time
    review every 1 year by desk
  service keys "Keys" of request.wish
    audience     internal
    offered by   desk
    requested by staff
    within       4 hours
process payroll
  owner desk
  activity pay
    role     desk
    informed customer
"""
AGREED = "client,time\nacme,3 hours\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.charter").write_text(TEXT, "utf-8")
    (tmp_path / "b.charter").write_text(
        TEXT.replace("    review every", "    version 2\n    review every").replace(
            "process help", "process help\n  version 2"
        ),
        "utf-8",
    )
    (tmp_path / "agreements.csv").write_text(AGREED, "utf-8")
    with founded(tmp_path / "a.db", "root") as store:
        desk = Desk(store, "en")
        desk.reader = "root"
        desk.type("charter deploy a.charter --as root")
        for person, role in (("di", "desk"), ("sam", "staff"), ("cleo", "customer")):
            desk.type(f"charter people add {person} --as root")
            for process in ("help", "payroll"):
                desk.type(f"charter people grant {person} {role} --process {process} --as root")
        desk.type("charter register agreements --import agreements.csv --as root")
        yield desk


def listed(desk: Desk, person: str) -> dict[str, bool]:
    found = json.loads(desk.type(f"charter services --json --as {person}"))
    return {one["service"]: one["may_request"] for one in found}


def test_everybody_sees_what_is_theirs(desk: Desk) -> None:
    assert listed(desk, "cleo") == {"repair": True}
    assert listed(desk, "sam") == {"repair": True, "keys": True}
    assert listed(desk, "di") == {"repair": False, "keys": False}
    assert listed(desk, "root") == {"repair": False, "keys": False}
    desk.type("charter people add noa --as root")
    assert listed(desk, "noa") == {} and "offers you a service" in desk.type("charter services --as noa")
    said = desk.type("charter services repair --as cleo")
    for text in ("Fault report", "as agreed, otherwise 2 days", "offered by: Service desk", "charter start help"):
        assert text in said
    # The work inside is for the company's own people.
    assert "ask" not in desk.type("charter services --internal --as cleo")
    assert {s["element"] for s in json.loads(desk.type("charter services --internal --json --as di"))} == {
        *("ask", "repair_materials", "repair_terms", "repair", "keys", "pay")
    }


def test_outsiders_start_what_is_offered_to_them_and_nothing_else(desk: Desk) -> None:
    assert [one["process"] for one in json.loads(desk.type("charter start --json --as cleo"))] == ["help"]
    assert "CH687" in desk.type("charter start payroll --as cleo") and desk.code == 3
    desk.type("charter start help --as cleo")
    assert desk.code == 0
    refused = desk.type("charter complete 1 ask --set client=acme --set wish=Keys --as cleo")
    assert "CH688" in refused and "staff" in refused
    desk.type("charter complete 1 ask --set client=acme --set wish=Repair --as cleo")
    assert "CH515" in desk.type("charter complete 1 repair_materials --as cleo")
    desk.type("charter confirm 1 repair_materials --check report --as cleo")
    desk.type("charter complete 1 repair_materials --as cleo")
    assert desk.code == 0

    agreed = [
        c["agreed_seconds"] for c in json.loads(desk.type("charter sla 1 --json --as di")) if c["state"] == "running"
    ]
    assert agreed == [10800]
    looked = json.loads(desk.type("""charter audit query 'kind = "looked_up"' --json --as root"""))
    assert [one["data"]["register"] for one in looked] == ["agreements"] and "acme" in json.dumps(looked)


def test_a_review_ends_with_a_further_version_of_the_service(desk: Desk) -> None:
    def late() -> dict[str, bool]:
        return {s["service"]: s["review_overdue"] for s in json.loads(desk.type("charter services --json --as di"))}

    assert late() == {"repair": False, "keys": False}
    desk.at += YEAR
    assert late() == {"repair": True, "keys": False} and "overdue" in desk.type("charter services --as di")
    desk.type("charter deploy b.charter --as root")
    assert late() == {"repair": False, "keys": False}

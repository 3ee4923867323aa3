"""Reviews of registers on the database: told once however many workers there are, somebody's work, and seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.desk import Desk
from tests.founded import founded

from charter.runtime.audit import log
from charter.runtime.audit.verify import verify
from charter.runtime.folds import organisation
from charter.runtime.host.cases import Cases
from charter.runtime.host.worker import Worker

YEAR = 366 * 86_400_000_000
TEXT = """role sales
role clerk
register customers "Customers" key client
  client text
  region choice "east" | "west"
  visible to sales
  review every 1 year by sales start look_again with client = reviewed.key
register suppliers key name
  name text
  review every 1 year by clerk
process look_again
  owner sales
  parameter client text = ""
  record sheet
    region choice "east" | "west"
  activity look
    role   sales
    when   customers[client].review_overdue
    output sheet
    files  sheet into customers as client = client
process order
  owner sales
  activity ask
    role clerk
    when count(suppliers) >= 0
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.charter").write_text(TEXT, "utf-8")
    (tmp_path / "customers.csv").write_text("client,region\nacme ltd,east\n", "utf-8")
    (tmp_path / "suppliers.csv").write_text("name\nbolts\n", "utf-8")
    with founded(tmp_path / "a.db", "root") as store:
        desk = Desk(store, "en")
        desk.reader = "root"
        for line in ("deploy a.charter", "people add li --name Li", "people add wu --name Wu"):
            desk.type(f"charter {line} --as root")
        for person, role in (("li", "sales"), ("wu", "clerk")):
            for process in ("look_again", "order"):
                desk.type(f"charter people grant {person} {role} --process {process} --as root")
        for name in ("customers", "suppliers"):
            assert "1 new" in desk.type(f"charter register {name} --import {name}.csv --as root")
        yield desk


def work(desk: Desk, times: int = 3) -> None:
    """Has several workers do what is due, each of which starts anew."""
    for worker in [Worker(Cases(desk.store, clock=lambda: desk.at)) for _ in range(times)]:
        worker.run(once=True)


def due(desk: Desk) -> list[tuple[str, str, int, bool]]:
    with desk.store.read() as connection:
        found = [e.told for e in log.to_entries(log.load(connection, "organisation")) if e.kind == "review_due"]
    return [(one.register, one.key, one.version, bool(one.begun)) for one in found]  # type: ignore[attr-defined]


def test_a_review_is_told_once_and_ends_with_the_entry(desk: Desk) -> None:
    work(desk)
    assert due(desk) == []
    desk.at += YEAR
    work(desk)
    assert sorted(due(desk)) == [("customers", "acme ltd", 1, True), ("suppliers", "bolts", 1, False)]
    assert "look" in desk.type("charter inbox --as li") and "nothing" in desk.type("charter inbox --as wu")
    (entry,) = json.loads(desk.type("charter register customers --json --as li"))
    assert entry["review_overdue"] and entry["review_case"] is not None
    assert "overdue, in #1" in desk.type("charter register customers --as li")
    desk.type("charter complete 1 look --set region=east --as li")
    assert desk.code == 0
    told = json.loads(desk.type("charter register customers 'acme ltd' --json --as li"))
    assert [(each["entry_version"], each["by"], each["case"] is None) for each in told["versions"]] == [
        (1, "root", True),
        (2, "li", False),
    ]
    assert told["versions"][0]["digest"] == told["versions"][1]["digest"]
    assert not told["versions"][1]["review_overdue"]
    work(desk)
    assert len(due(desk)) == 2 and verify(desk.store).sound
    with desk.store.write() as connection:
        organisation.rebuild(connection, log.to_entries(log.load(connection, "organisation")))
    assert verify(desk.store).sound
    desk.at += YEAR
    work(desk)
    assert ("customers", "acme ltd", 2, True) in due(desk) and len(due(desk)) == 3


def test_what_nobody_reviews_is_an_incident(desk: Desk) -> None:
    assert "no failed requests" in desk.type("charter incidents --as li")
    desk.at += YEAR
    work(desk)
    said = desk.type("charter incidents --as wu")
    assert desk.code == 1 and "suppliers" in said and "acme" not in said, said
    desk.type("charter cancel 1 -m late --as li")
    listed = json.loads(desk.type("charter incidents --json --as li"))
    (acme,) = (one for one in listed if one["target"] == "customers")
    assert (acme["ask"], acme["key"], acme["number"]) == ("Review", "acme ltd", 1)
    assert acme["mend"] == "charter register customers 'acme ltd'"
    assert "case #1 ended without filing it" in acme["failure"]["message"]
    notices = json.loads(desk.type("charter inbox --notices --json --as wu"))
    assert [(one["kind"], one["element"], one["title"]) for one in notices] == [("review_due", "suppliers", "bolts")]


def test_a_register_is_for_those_it_is_visible_to(desk: Desk) -> None:
    """For everybody else, who imported it too, it is as none; the trail keeps its contents from them."""
    desk.at += YEAR
    work(desk)
    for line in ("audit log organisation", "audit log organisation --json"):
        said = desk.type(f"charter {line} --as root")
        assert "review" in said and "acme" not in said, said
    for person, known in (("li", True), ("wu", False), ("root", False)):
        names = {one["register"] for one in json.loads(desk.type(f"charter register --json --as {person}"))}
        assert ("customers" in names) == known and "suppliers" in names
        said = desk.type(f"charter register customers 'acme ltd' --as {person}")
        assert (desk.code == 0) == known and ("CH624" in said) != known
    desk.type("charter people add au --name Au --as root")
    desk.type("charter people grant au auditor --process organisation --as root")
    assert "acme" in desk.type("charter audit query --format jsonl --as au")

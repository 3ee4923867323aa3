"""People and files: who may act for whom and when, and what is kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from tests.founded import founded

from charter.engine.commands import SYSTEM, Actor, Attach
from charter.engine.refusals import Refusal
from charter.engine.values import encode
from charter.runtime.audit.log import ORGANISATION, load
from charter.runtime.author.data import Unreadable
from charter.runtime.author.files import Files
from charter.runtime.author.handed import FileNotReadable
from charter.runtime.people.changes import BadPerson, NoSuchPerson, NoSuchStandIn, People
from charter.runtime.people.directory import Directory
from charter.runtime.people.files import FOREVER, KEYS, Entry, instant, read
from charter.runtime.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with founded(tmp_path / "a.db", clock=lambda: 0) as opened:
        yield opened


def actor(store: Store, person: str, at: int, process: str = "p", behalf: str | None = None) -> Actor | Refusal:
    with store.read() as connection:
        return Directory().actor(connection, person, process, at, on_behalf_of=behalf)


def kinds(store: Store) -> list[str]:
    with store.read() as connection:
        return [s.fields["kind"] for s in load(connection, ORGANISATION, since=3)]


def test_authority_is_what_was_granted_and_nothing_else(store: Store) -> None:
    people = People(store, by="root", clock=lambda: 100)
    people.add("li", "Li")
    people.grant("li", "employee")
    people.grant("li", "manager", "p")
    people.skill("li", "law", 2)
    people.certify("li", "PMP", valid_until=200)
    assert actor(store, "li", 100) == Actor("li", ("employee", "manager"), skills=(("law", 2),), certificates=("PMP",))
    assert actor(store, "li", 200, "q") == Actor("li", ("employee",), skills=(("law", 2),))
    people.revoke("li", "manager", "p", "moved")
    assert actor(store, "li", 100).roles == ("employee",)  # type: ignore[union-attr]
    people.deactivate("li")
    for person in ("li", "nobody"):
        refused = actor(store, person, 100)
        assert isinstance(refused, Refusal)
        assert refused.code == "CH580"
    assert kinds(store) == [
        "person_added",
        "role_granted",
        "role_granted",
        "skill_set",
        "certificate_noted",
        "role_revoked",
        "person_deactivated",
    ]


def test_what_changes_nothing_leaves_no_record(store: Store) -> None:
    people = People(store, by="root")
    entry = {
        "id": "li",
        "roles": ["employee"],
        "skills": {"law": 1},
        "certificates": ["PMP"],
        "absences": [{"since": "2026-03-01", "until": "2026-03-02"}],
    }
    assert people.load([entry]) == 1
    before = kinds(store)
    people.load([entry])
    people.load([entry | {"name": "li"}])
    people.revoke("li", "manager")
    assert kinds(store) == before
    people.load([entry | {"name": "Li Na"}])
    assert kinds(store) == [*before, "person_changed"]


def test_a_stand_in_counts_in_its_time_for_its_scope_once_accepted_until_revoked(store: Store) -> None:
    now = [100]

    def as_(person: str) -> People:
        return People(store, by=person, clock=lambda: now[0])

    people = as_("root")
    for person in ("li", "wang", "zhao"):
        people.add(person)
    people.grant("wang", "manager")
    people.grant("wang", "buyer")
    number = people.stand_in("delegation", "wang", "li", since=100, until=200, process="p", role="manager")
    assert isinstance(actor(store, "li", 150, behalf="wang"), Refusal)
    refused = as_("zhao").accept(number)
    assert (refused and refused.code, kinds(store)[-1]) == ("CH583", "refused")
    as_("li").accept(number)
    assert actor(store, "li", 150, behalf="wang") == Actor("li", ("manager",), "wang", ("manager",))
    for at, process in ((99, "p"), (200, "p"), (150, "q")):
        assert isinstance(actor(store, "li", at, process, "wang"), Refusal)
    onward = people.stand_in("delegation", "li", "zhao", since=100, until=200)
    as_("zhao").accept(onward)
    assert actor(store, "zhao", 150, behalf="li") == Actor("zhao", (), "li", ())  # what was lent is not lent on
    now[0] = 160
    as_("wang").end(number)
    assert isinstance(actor(store, "li", 160, behalf="wang"), Refusal)
    with pytest.raises(NoSuchStandIn):
        as_("wang").end(number)


def test_a_substitute_counts_only_while_the_principal_is_away(store: Store) -> None:
    people = People(store, by="root", clock=lambda: 0)
    people.add("li")
    people.add("wang")
    people.grant("wang", "manager")
    People(store, by="li", clock=lambda: 0).accept(people.stand_in("substitute", "wang", "li", since=0, until=1000))
    people.absent("wang", 100, 200, "leave")
    found = [isinstance(actor(store, "li", at, behalf="wang"), Actor) for at in (99, 100, 199, 200)]
    assert found == [False, True, True, False]


def test_impossible_people_are_refused_whole(store: Store) -> None:
    people = People(store, by="root")
    good = {"id": "li", "roles": ["employee"]}
    for bad in (
        {"roles": ["x"]},
        {"id": "a|b"},
        {"id": "wang", "rolls": []},
        {"id": "wang", "skills": {"law": "much"}},
        {"id": "wang", "skills": {"law": 10**30}},
        {"id": "wang", "skills": {"law": -1}},
        {"id": "wang", "absences": [{"since": "2026-03-02", "until": "2026-02-02"}]},
        {"id": "wang", "substitutes": [{"person": "wang", "since": "2026-03-02"}]},
    ):
        with pytest.raises(BadPerson):
            people.load([good, bad])
    with pytest.raises(NoSuchPerson):
        people.load([good, {"id": "wang", "substitutes": [{"person": "nobody"}]}])
    assert [p.id for p in people.all()] == ["root"]
    assert kinds(store) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.yaml", "people:\n- {id: li, name: 李, roles: [manager, hr@p], skills: {law: 2}, certificates: [PMP]}\n"),
        (
            "p.json",
            '[{"id": "li", "name": "李", "roles": ["manager", "hr@p"], "skills": {"law": 2}, "certificates": ["PMP"]}]',
        ),
        ("p.csv", "id,name,roles,skills,certificates\nli,李,manager; hr@p,law=2,PMP\n"),
    ],
)
def test_a_file_of_people_reads_alike_in_every_format(tmp_path: Path, store: Store, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    people = People(store, by="root")
    people.load(read(path))
    li = people.get("li")
    assert (li.name, li.grants, li.skills, li.certificates) == (
        "李",
        (("hr", "p"), ("manager", "*")),
        (("law", 2),),
        (("PMP", None),),
    )


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.yaml", b"{"), ("a.json", b"{"), ("a.yaml", b"x: 1"), ("a.json", b"\xff"), ("a.csv", b"id,skills\nli,law=x\n")],
)
def test_a_file_that_holds_no_people_says_so(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises((BadPerson, Unreadable)):
        list(map(Entry.of, read(tmp_path / name)))
    with pytest.raises(FileNotReadable):
        read(tmp_path / "none.csv")


def test_what_yaml_leaves_empty_is_nothing_and_what_it_would_guess_is_text(tmp_path: Path) -> None:
    text = "- {id: no, name: 007, roles: [yes], absences: [{since: ~, until: null}], skills:}\n"
    (tmp_path / "p.yaml").write_text(text)
    expected = Entry("no", "007", (("yes", "*"),), (), (), ((0, FOREVER, None),), ())
    assert Entry.of(read(tmp_path / "p.yaml")[0]) == expected


INNER = ("person", "role", "process", "name", "since", "until", "reason", "kind")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(INNER), inner, max_size=3),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(sorted(KEYS)), JSON))
def test_an_entry_holds_what_it_says_or_names_the_field_at_fault(data: dict[str, Any]) -> None:
    data |= {"id": "li"}
    try:
        entry = Entry.of(data)
    except BadPerson as error:
        field = error.arguments["field"]
        with pytest.raises(BadPerson):
            Entry.of({"id": "li", field: data[field]})
        return
    assert all(isinstance(part, str) for pair in entry.roles for part in pair)
    assert all(type(level) is int for _, level in entry.skills)
    assert all(since <= FOREVER >= until and isinstance(reason, str | None) for since, until, reason in entry.absences)
    assert all(isinstance(part, str) for kind, person, _, _, *scope in entry.substitutes for part in (person, *scope))


@pytest.mark.parametrize(
    ("text", "last", "found"),
    [
        ("2026-03-02T01:00:00+08:00", True, 1_772_384_400_000_000),
        (" 2026-03-02T01:00+08:00 ", False, 1_772_384_400_000_000),
        ("9999-12-31", True, FOREVER),
        ("9999-12-31T23:59:59-12:00", True, FOREVER),
        ("0001-01-01T00:00:00+14:00", False, -62_135_647_200_000_000),
    ],
)
def test_an_instant_of_any_year_is_one(text: str, last: bool, found: int) -> None:
    assert instant(text, last=last) == found


def test_a_last_day_is_meant_whole() -> None:
    assert instant("2026-03-02", last=True) == instant("2026-03-03") == instant("2026-03-03T00:00", last=True)


# -- files -----------------------------------------------------------------------------------------------------------


def test_a_file_is_kept_once_whole_and_read_only(tmp_path: Path) -> None:
    files = Files(tmp_path)
    one, two = tmp_path / "报价.pdf", tmp_path / "b.pdf"
    one.write_bytes(b"content" * 1000)
    two.write_bytes(b"content" * 1000)
    first, second = files.ingest(one), files.ingest(two)
    assert first.sha256 == second.sha256
    files.keep(Attach(actor=SYSTEM, at=0, file=encode(first)))
    files.discard()
    assert [path.name for path in files.folder.rglob("*") if path.is_file()] == [first.sha256]
    assert (first.name, first.size, first.media_type) == ("报价.pdf", 7000, "application/pdf")
    kept = files.path(first.sha256)
    assert kept.read_bytes() == one.read_bytes()
    assert kept.stat().st_mode & 0o777 == 0o400
    assert files.condition(first.sha256) == "kept"
    kept.chmod(0o644)
    kept.write_bytes(b"other")
    assert files.condition(first.sha256) == "changed"
    assert files.condition("0" * 64) == "missing"
    os.mkfifo(tmp_path / "pipe")
    for nothing in (tmp_path / "none", tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(FileNotReadable):
            files.ingest(nothing)


def test_what_a_killed_intake_left_is_swept_when_it_is_old(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.folder.mkdir()
    old, young = files.folder / ".incoming-old", files.folder / ".incoming-young"
    for left in (old, young):
        left.write_bytes(b"half")
    os.utime(old, (0, 0))
    paper = tmp_path / "a.pdf"
    paper.write_bytes(b"whole")
    files.ingest(paper)
    files.discard()
    assert [left.name for left in files.folder.glob(".incoming-*")] == [young.name]

"""Ids of persons: what can be one, and that none looks like another."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given, strategies as st
from tests.desk import Desk

from charter.dsl.passes import compile
from charter.engine.refusals import Refusal
from charter.runtime.audit.verify import verify
from charter.runtime.people.changes import People
from charter.runtime.people.ids import LONGEST, Ids, is_id
from charter.runtime.store import Store
from charter.runtime.store.schema import ORGANISATION


def added(store: Store, person: str) -> str | None:
    done = People(store, by="root").add(person)
    assert verify(store).sound
    return done.code if isinstance(done, Refusal) else None


NONE = ["*", "--", "-x", "@", "%", "a%b", "", " ", " li", "li ", "a|b", "a,b", "a;b", "a=b", "a\tb", "a\nb", "x" * 101]
HIDDEN = ["a\x1b[3mb", "a\u202eb", "a\u200bb", "a\u00adb", "\u0301a", "a\u3000b", "<script>", "l\u0456", "аdmin", "liα"]
GOOD = ["王敏", "li.wei", "O'Brien", "jean-luc", "li@example.com", "प्रबंधक", "вова", "José", "a b", "x" * 100]


@pytest.mark.parametrize("person", [*NONE, *HIDDEN])
def test_what_nobody_can_read_or_write_is_no_id(store: Store, person: str) -> None:
    assert added(store, person) == "CH589"


def test_a_file_with_such_an_id_is_refused_whole(store: Store) -> None:
    done = People(store, by="root").load([{"id": "fine"}, {"id": "%"}])
    assert isinstance(done, Refusal)
    assert done.code == "CH589"
    assert "fine" not in [p.id for p in People(store, by="root").all()]


@pytest.mark.parametrize("person", GOOD)
def test_what_people_are_called_is_an_id(store: Store, person: str) -> None:
    assert added(store, person) is None


@pytest.mark.parametrize(
    ("there", "person"),
    [
        ("li", "LI"),
        ("li", "ｌｉ"),
        ("li", "1i"),
        ("coco", "сосо"),
        ("BOB", "ВОВ"),
        ("straße", "strasse"),
        ("José", "JOSÉ"),
        ("ﬁn", "fin"),
        ("wang", "system"),
        ("wang", "Operator"),
    ],
)
def test_an_id_that_looks_like_another_is_refused(store: Store, there: str, person: str) -> None:
    People(store, by="root").add(there)
    assert added(store, person) == "CH595"


def test_two_of_one_file_that_look_alike_are_refused_whole(store: Store) -> None:
    done = People(store, by="root").load([{"id": "coco"}, {"id": "сосо"}])
    assert isinstance(done, Refusal)
    assert done.code == "CH595"
    assert "coco" not in [p.id for p in People(store, by="root").all()]


def test_who_is_there_stays_and_is_changed_under_the_same_id(store: Store) -> None:
    assert added(store, normalize("NFD", "José")) is None
    assert People(store, by="root").add("José", "José García") is None


@given(st.text(max_size=LONGEST + 20))
def test_an_id_can_be_judged_whatever_it_is(text: str) -> None:
    ids = Ids(["li"])
    if is_id(text):
        ids.take(text)
        assert ids.like(text) is not None
        assert text.isprintable()
        assert len(text) <= LONGEST


def test_nobody_asks_under_an_endless_id(desk: Desk) -> None:
    desk.type("charter init --as li")
    said = desk.type(f"charter people add wu --as {'x' * 10_000}")
    assert desk.code == 2
    assert len(said) < 500
    assert len(desk.type("charter audit log organisation")) < 2_000


def test_no_process_is_called_as_the_organisation_is() -> None:
    found = compile("t.charter", f"process {ORGANISATION}\n  role steward\n  activity a\n    role steward\n")
    assert [d.code for d in found.diagnostics] == ["CH248"]

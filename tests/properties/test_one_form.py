"""Text has one form: whatever characters stand in whatever text, the trail verifies, and NFC and NFD are one thing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from unicodedata import is_normalized, normalize

import pytest
from hypothesis import example, given, settings, strategies as st
from msgspec import Struct, json

from charter.engine import commands as c
from charter.engine.definition import Field, RecordType, TypeRef, digest
from charter.engine.entries.cases import Refused
from charter.engine.entries.organisation import AbsenceNoted, PersonAdded, RoleGranted
from charter.engine.errors import CharterError
from charter.engine.text import composed
from charter.engine.values import File, decode, encode
from charter.runtime.audit.log import Origin
from charter.runtime.audit.verify import verify
from charter.runtime.author.intake import Reader, load
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.people.organisation import note
from charter.runtime.store import Store
from tests.desk import Desk
from tests.founded import founded
from tests.written import process

# What has more than one form, with what it may meet: marks, parts of Hangul, ideographs and signs that are others.
ODD = "e\u0301\u0300\u0323é豈\uf900\u1112\u1161\u11ab\ufb1d\u2126\u212b\u1e9b\u0338=<\u0344\u00a0\u3000 \n\"\\,'ａ"
TEXTS = st.text(st.sampled_from(ODD), min_size=1, max_size=6) | st.text(max_size=6)
VALUES = st.recursive(
    TEXTS | st.none() | st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
WORK = process("""
process p
  owner boss
  role maker
  role boss
  record note
    text text
    more list of text optional
  activity écrire
    role maker
    output note
    checklist
      vu "vérifié"
  approval décider of note
    by boss
  activity ring  wait for bell
""")
HOUR = 3_600_000_000
START = 1_780_000_000_000_000


def deployed(store: Store) -> Cases:
    host = Cases(store, clock=lambda: START)
    people = People(store, by="root", clock=lambda: START)
    people.add("José")
    people.grant("José", "maker")
    people.grant("José", "boss")
    assert host.deploy(WORK, by="root").refusal is None
    return host


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with founded(tmp_path / "a.db", clock=lambda: START) as opened:
        deployed(opened)
        yield opened


def sound(store: Store) -> None:
    found = verify(store)
    assert found.sound, found


# What only hosts say: to them their fields are no texts.
_HOSTS = frozenset({"start", "assign", "hand over", "migrate", "tick", "answer", "follow"})
_HOSTS |= {"decline", "continue", "recount", "observe"}


@st.composite
def asked(draw: st.DrawFn) -> dict[str, Any]:
    """A command with any texts in its fields, now and then such as do something."""
    kind = draw(st.sampled_from([k for k in c.COMMANDS.values() if k.verb not in _HOSTS]))
    fields: dict[str, Any] = {}
    for name in kind.__struct_fields__:
        if name in ("actor", "at"):
            continue
        if name == "node":
            fields[name] = draw(st.sampled_from(["écrire", normalize("NFD", "écrire"), "décider", "ring"]) | TEXTS)
        elif name in ("records", "checks"):
            known = st.fixed_dictionaries({"note": st.fixed_dictionaries({"text": TEXTS}, optional={"more": VALUES})})
            fields[name] = draw(known | st.dictionaries(TEXTS, VALUES, max_size=2))
        elif name == "record":
            fields[name] = draw(st.just("note") | TEXTS)
        elif name in ("value", "item", "file", "evidence"):
            fields[name] = draw(st.fixed_dictionaries({"text": TEXTS}) | VALUES)
        else:
            fields[name] = draw(TEXTS)
    return {"verb": kind.verb, **fields}


PERSONS = st.sampled_from(["José", normalize("NFD", "José")]) | TEXTS


@given(data=st.data())
@settings(max_examples=60)
def test_whatever_characters_a_command_holds_the_trail_verifies(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder, founded(Path(folder) / "a.db", clock=lambda: START) as store:
        host = deployed(store)
        case = host.start("p", person=normalize("NFD", "José")).case
        for number in range(data.draw(st.integers(1, 8))):
            command = data.draw(asked())
            key = data.draw(st.none() | TEXTS)
            with suppress(CharterError):  # what no file can keep
                host.perform(case, person=data.draw(PERSONS), key=key and f"{key}{number}", **command)
        sound(store)


@given(data=st.data())
@settings(max_examples=60)
def test_whatever_characters_a_change_of_people_holds_the_trail_verifies(data: st.DataObject) -> None:
    draw = data.draw
    with tempfile.TemporaryDirectory() as folder, founded(Path(folder) / "a.db", clock=lambda: START) as store:
        deployed(store)
        people = People(store, by=draw(st.just("root") | PERSONS), clock=lambda: START)
        changes: list[Any] = [
            lambda: people.add(draw(PERSONS), draw(st.none() | TEXTS)),
            lambda: people.deactivate(draw(PERSONS), draw(TEXTS)),
            lambda: people.grant(draw(PERSONS), draw(TEXTS), draw(TEXTS)),
            lambda: people.revoke(draw(PERSONS), draw(TEXTS), draw(TEXTS), draw(TEXTS)),
            lambda: people.skill(draw(PERSONS), draw(TEXTS), 3),
            lambda: people.certify(draw(PERSONS), draw(TEXTS)),
            lambda: people.absent(draw(PERSONS), START, START + HOUR, draw(TEXTS)),
            lambda: people.stand_in("delegation", draw(PERSONS), "root", since=0, until=START, role=draw(TEXTS)),
            lambda: people.load([{"id": draw(PERSONS), "name": draw(TEXTS), "roles": [draw(TEXTS)]}]),
            lambda: Cases(store, clock=lambda: START).start(draw(TEXTS), person=draw(PERSONS)),
            lambda: Cases(store, clock=lambda: START).deploy(WORK, by="root", texts={draw(TEXTS): draw(TEXTS)}),
        ]
        for _ in range(draw(st.integers(1, 6))):
            with suppress(CharterError):
                draw(st.sampled_from(changes))()
        sound(store)


@given(text=TEXTS)
@settings(max_examples=40)
def test_what_no_door_saw_is_kept_in_one_form_all_the_same(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder, founded(Path(folder) / "a.db", clock=lambda: START) as store:
        try:
            with store.write() as connection:
                for told in (
                    PersonAdded(f"x{text}", text),
                    RoleGranted(f"x{text}", text, text),
                    AbsenceNoted("x", "2026-01-01T00:00:00.000000Z", "2026-01-02T00:00:00.000000Z"),
                    Refused((), verb=text, person=text),
                ):
                    note(connection, told, text, at=START, origin=Origin(text, text), reason=text)
        except CharterError:
            return
        sound(store)


def test_a_stranger_cannot_spoil_the_trail(store: Store) -> None:
    host = Cases(store, clock=lambda: START)
    case = host.start("p", person="José").case
    stranger = normalize("NFD", "Zoë")
    refused = host.perform(case, person=stranger, verb="claim", node="écrire").refusal
    assert refused is not None
    assert refused.code == "CH580"
    sound(store)


def test_two_spellings_are_one_person_one_element_and_one_vote(store: Store) -> None:
    host, split = Cases(store, clock=lambda: START), normalize("NFD", "José")
    people = People(store, by="root", clock=lambda: START)
    people.add(split)
    assert [p.id for p in people.all()] == ["José", "root"]
    case = host.start("p", person=split).case
    host.perform(case, person=split, verb="claim", node=normalize("NFD", "écrire"))
    assert host.state(case).nodes["écrire"].holder == "José"
    value = {"note": {"text": normalize("NFD", "é")}}
    done = host.perform(case, person="José", verb="complete", node="écrire", records=value, checks={"vu": None})
    assert done.refusal is None or done.refusal.code != "CH501"
    sound(store)


def test_two_keys_that_are_one_text_are_refused_and_nothing_is_lost(store: Store) -> None:
    host = Cases(store, clock=lambda: START)
    case = host.start("p", person="José").case
    twice = {"note": {"é": "1", normalize("NFD", "é"): "2"}}
    with pytest.raises(CharterError) as error:
        host.perform(case, person="José", verb="complete", node="écrire", records=twice)
    assert error.value.code == "CH045"
    sound(store)


def texts_in(value: Any) -> Iterator[str]:
    """Yields the texts and keys of JSON data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)


class Held(Struct, frozen=True):
    name: str
    inside: Any


@example([], "\n\u0300")
@given(VALUES, TEXTS)
def test_what_is_composed_is_composed_once(value: Any, text: str) -> None:
    try:
        once = composed(Held(text, value))
    except CharterError:
        return
    assert composed(once) is once or composed(once) == once
    # text by text: in JSON a mark may follow an escape, whose letter is not meant
    assert all(is_normalized("NFC", one) for one in texts_in(json.decode(json.encode(once))))


@given(VALUES)
def test_an_encoded_value_is_in_one_form(value: Any) -> None:
    try:
        encoded = encode(decode(value))
    except CharterError:
        return
    assert composed(encoded) == encoded


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_typed_is_one_text_in_either_spelling(store: Store, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(store, lang)
    split = normalize("NFD", "José")
    monkeypatch.setenv("CHARTER_PERSON", split)
    for line in (
        "charter start p",
        f"charter claim 1 '{normalize('NFD', 'écrire')}' --key k",
        "charter claim 1 écrire --as José --key k",
        f"charter complete 1 écrire --set text='{normalize('NFD', 'é')}' --check '{normalize('NFD', 'vu')}'",
    ):
        said = desk.type(line)
        assert desk.code == 0, said
    desk.type(f"charter claim 1 décider --as '{normalize('NFD', 'Zoë')}'")
    assert desk.code == 3
    desk.type(f"charter people add '{normalize('NFD', 'Zoë')}' --name '{normalize('NFD', 'Zoë')}' --as root")
    assert "José" in desk.type("charter audit log 1")
    assert split not in desk.type("charter audit log 1")
    assert desk.cases.state(desk.cases.resolve("1")).nodes["écrire"].doers == ("José",)
    sound(store)


def test_a_file_in_either_form_is_the_same_process() -> None:
    text = 'process p\n  role écrivain "Écrivain"\n  activity écrire "où"\n    role écrivain\n'
    assert digest(process(normalize("NFD", text))) == digest(process(text))
    assert process(normalize("NFD", text)).elements[0].title == "où"


def test_a_file_may_be_named_in_either_form(tmp_path: Path) -> None:
    (tmp_path / normalize("NFD", "pièce.txt")).write_text("x")
    (tmp_path / "r.json").write_text('{"a": {"paper": "pièce.txt"}}', encoding="utf-8")
    reader = Reader(
        [RecordType("a", "a", (Field("paper", "paper", TypeRef("file")),))],
        lambda path: File("0" * 64, path.name, 1),
        base=tmp_path,
    )
    data = load(tmp_path / "r.json")
    assert reader.record(data["a"], reader.records["a"], "a")["paper"].size == 1
    assert not reader.misfits

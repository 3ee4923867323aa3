"""The kinds of entry: one list, each with its class, words and row in the docs; read strictly, and in one place."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import NODEFAULT
from tests.founded import founded

from charter.dsl.passes import compile
from charter.engine.entries import KINDS, BadEntry, Because, Entry, Told, cases, codec, from_json, to_json
from charter.engine.entries.organisation import ClockSteppedBack
from charter.engine.plain import shape
from charter.engine.refusals import Reason
from charter.engine.values import canonical
from charter.runtime.audit.log import Chain, Origin, Sealed, seal, to_entries
from charter.runtime.cli.messages import section
from charter.runtime.desk.notices import notices
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("docs/audit.md", "docs/audit.zh.md")
SAMPLES: Mapping[Any, Any] = {
    str: "é",
    int: 3,
    bool: True,
    Any: {"money": "1.50", "currency": "CNY"},
    Because: Because("CH570", {"element": "a", "condition": "x > 1"}),
    tuple[Reason, ...]: (Reason("CH501", "a.role", {"roles": ["clerk"]}), Reason("CH540", None, {"case": "c"})),
    tuple[int, ...]: (1, 2),
    tuple[str, ...]: ("limit",),
    tuple[tuple[str, tuple[str, ...]], ...]: (("request.boss", ("li", "wu")),),
    tuple[tuple[str, str], ...]: (("a", "b"),),
    tuple[tuple[str, Any], ...]: (("to", "x"), ("many", [1, 2])),
    Mapping[str, Any]: {"a": None},
    Mapping[str, str]: {"a.charter": "ab"},
    Sequence[str]: ["c"],
    Sequence[Mapping[str, Any]]: [{"group": None, "value": 1}],
}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for room in ("engine", "runtime"):
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def sample(kind: type[Told], *, full: bool) -> Told:
    """Makes one of a kind: every field, or only those that are always written."""
    hints = typing.get_type_hints(kind)
    given = {}
    for name, default in shape(kind):
        if full or default is NODEFAULT:
            hint = hints[name]
            given[name] = SAMPLES[hint] if hint in SAMPLES else SAMPLES[typing.get_args(hint)[0]]  # X | None
    return kind(**given)


def documented(page: str) -> dict[str, list[str]]:
    """Gives the rows of a page's table of kinds: what it says of each, and the keys of its data."""
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.*?) ?\|$", (ROOT / page).read_text("utf-8"), re.M)
    return {kind: [said, data] for kind, said, data in rows if kind in KINDS or data.strip().startswith(("`", "["))}


def row(kind: type[Told]) -> list[str]:
    keys = zip(kind.__struct_encode_fields__, (default for _, default in shape(kind)), strict=True)
    data = " ".join(f"`{key}`" if default is NODEFAULT else f"[`{key}`]" for key, default in keys)
    return [" ".join((kind.__doc__ or "").split()).rstrip("."), data]


def test_each_kind_is_written_somewhere() -> None:
    made = set()
    for name, tree in sources():
        if not name.startswith("engine/entries/"):
            nodes = list(ast.walk(tree))
            made |= {n.attr for n in nodes if isinstance(n, ast.Attribute)} | {
                n.id for n in nodes if isinstance(n, ast.Name)
            }
    assert [kind.__name__ for kind in KINDS.values() if kind.__name__ not in made] == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_each_kind_has_its_word_and_no_other_has_one(lang: str) -> None:
    assert set(section(lang, "kinds")) == set(KINDS)


def test_each_kind_has_its_row_in_the_docs() -> None:
    english, chinese = (documented(page) for page in PAGES)
    assert english == {name: row(kind) for name, kind in KINDS.items()}
    assert {name: data for name, (_, data) in chinese.items()} == {name: row(kind)[1] for name, kind in KINDS.items()}


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_what_is_written_is_read_back_and_nothing_else(kind: type[Told]) -> None:
    for told in (sample(kind, full=True), sample(kind, full=False)):
        data = json.loads(canonical(to_json(told)))
        assert from_json(told.kind, data) == (told, None)
        wrong = [{**data, "strange": 1}]
        wrong += [{k: v for k, v in data.items() if k != key} for key in to_json(sample(kind, full=False))]
        hints = typing.get_type_hints(kind)
        keys = dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))
        wrong += [{**data, key: 1.5} for key in data if hints[keys[key]] is not Any]
        for other in wrong:
            with pytest.raises(BadEntry):
                from_json(told.kind, other)
    with pytest.raises(BadEntry):
        from_json("noted", {})


def test_only_the_codec_knows_the_keys_of_what_an_entry_tells() -> None:
    """`data` is passed on as a whole, or read through the classes; nobody looks something up in it.

    But for `audit/outside`, which an outsider runs where there are no classes, and exports, which write what
    its reader may see: where a field is withheld, no class holds the rest.
    """
    found = []
    for name, tree in sources():
        if name.startswith(("runtime/audit/outside/", "runtime/exports/")):
            continue
        for node in ast.walk(tree):
            inside = node.value if isinstance(node, ast.Subscript) else None
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
                inside = node.func.value
            if inside is None:
                continue
            asked = node.slice if isinstance(node, ast.Subscript) else next(iter(node.args), None)
            looked_up = isinstance(inside, ast.Attribute) and inside.attr == "data"
            text = ast.unparse(inside)
            of_body = isinstance(asked, ast.Constant) and asked.value == "data" and text.endswith("fields")
            if looked_up or of_body:
                found.append(f"{name}: {ast.unparse(node)}")
    assert found == ["runtime/audit/log.py: self.fields.get('data', {})"]


def sealed(*entries: Entry) -> list[Sealed]:
    return seal(Chain("c"), entries, Origin("test"))[1]


def test_a_body_names_the_element_and_its_instance() -> None:
    one, whole, case = sealed(*(Entry(cases.Claimed(), 1, "li", node) for node in ("job[2.1]", "job", None)))
    assert (one.fields["element"], one.fields["node"]) == ("job", "job[2.1]")
    assert whole.fields["element"] == "job" and "node" not in whole.fields
    assert not {"element", "node"} & case.fields.keys()
    assert [(s.element, s.node) for s in (one, whole, case)] == [("job", "job[2.1]"), ("job", "job"), (None, None)]


def test_bodies_of_earlier_builds_are_read() -> None:
    """Their `element` was the key of the node, and a step of the clock named the last record."""
    (now,) = sealed(Entry(cases.Assigned("li"), 1, "system", "job[2]"))
    fields = {**now.fields, "element": "job[2]"}
    del fields["node"]
    then = Sealed("c", 1, canonical(fields))
    assert (then.element, then.node) == ("job", "job[2]")
    assert list(to_entries([then])) == list(to_entries([now]))
    told = {"case": "c", "clock": "1", "last_record": "2"}
    assert from_json("clock_stepped_back", told) == (ClockSteppedBack("c", "1", "2"), None)


@pytest.mark.parametrize(
    "change", [{"outcome": "failed"}, {"kind": "noted"}, {"at": "noon"}, {"data": []}, {"node": 1}]
)
def test_a_body_that_no_build_wrote_is_a_bad_entry(change: dict[str, object]) -> None:
    (one,) = sealed(Entry(cases.Commented("x"), 1, "li", "job"))
    with pytest.raises(BadEntry) as raised:
        _ = Sealed("c", 1, canonical(one.fields | change)).entry
    assert raised.value.arguments["entry"] == "c.1"


def test_the_recipe_for_a_kind_is_its_class_its_words_and_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A class is all that the code needs; what the tests above then ask for is the rest of the recipe."""

    class Weighed(Told, frozen=True):
        """Something was weighed. `grams`: its weight."""

        grams: int
        scale: str | None = None

    monkeypatch.setattr(cases, "Weighed", Weighed, raising=False)
    spec = importlib.util.spec_from_file_location("codec_with_a_kind", codec.__file__)
    assert spec is not None and spec.loader is not None
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    assert set(fresh.KINDS) - set(KINDS) == {"weighed"} and Weighed.outcome == "done"
    assert fresh.to_json(Weighed(20)) == {"grams": 20}
    assert fresh.from_json("weighed", {"grams": 20, "scale": "b"}) == (Weighed(20, "b"), None)
    assert row(Weighed) == ["Something was weighed. `grams`: its weight", "`grams` [`scale`]"]
    recipe = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("**A kind of entry.**")[2].partition("\n\n")[0]
    for place in ("engine/entries/cases.py", "organisation.py", "[kinds]", "docs/audit.md", "audit.zh.md"):
        assert place in recipe


WATCHED = """
process watched
  owner boss
  role  boss
  role  clerk
  role  qa
  activity each_one for each t in ["a", "b"]
    role     clerk
    informed qa
  activity single
    role     clerk
    informed qa
  activity in_list for each t in ["a", "b"]
    call nowhere
  activity alone_one
    call nowhere
"""


DATED = """
process dated
  owner boss
  role boss
  role clerk
  activity answer
    role   clerk
    within 2 hours
    remind holder, boss 1 hour before due
    on overdue escalate to boss
"""


def test_a_reminder_reaches_whoever_holds_the_work(tmp_path: Path) -> None:
    at = [1_772_442_000_000_000]  # Monday 2 March 2026, 09:00 UTC
    with founded(tmp_path / "a.db") as store:
        people = People(store, by="root")
        for person, role in {"bo": "boss", "li": "clerk", "wu": "clerk"}.items():
            people.add(person)
            people.grant(person, role)
        host = Cases(store, clock=lambda: at[0])
        (definition,) = compile("dated.charter", DATED.encode()).definitions
        assert host.deploy(definition, by="root").refusal is None
        case = host.start("dated", person="li").case
        assert host.perform(case, person="li", verb="claim", node="answer").refusal is None
        told: dict[str, list[list[str]]] = {"li": [], "wu": [], "bo": []}
        for _ in range(3):
            at[0] += 3_600_000_000
            host.tick()
            host.tick()
            with store.read() as connection:
                for person, found in told.items():
                    news = notices(connection, person, lambda _: definition, now=host.now())
                    assert isinstance(news, list)
                    found.append(sorted(n.kind for n in news))
    assert told["li"] == [["reminded"], ["overdue", "reminded"], ["overdue", "reminded"]]
    assert told["wu"] == [[], ["overdue"], ["overdue"]]
    assert told["bo"] == [["reminded"], ["escalated", "reminded"], ["escalated", "reminded"]]


def test_notices_are_of_instances_too(tmp_path: Path) -> None:
    with founded(tmp_path / "a.db") as store:
        people = People(store, by="root")
        for person, role in {"bo": "boss", "li": "clerk", "bea": "qa"}.items():
            people.add(person)
            people.grant(person, role)
        host = Cases(store)
        (definition,) = compile("watched.charter", WATCHED.encode()).definitions
        assert host.deploy(definition, by="root").refusal is None
        case = host.start("watched", person="li").case
        for node in ("each_one[1]", "each_one[2]", "single"):
            assert host.perform(case, person="li", verb="complete", node=node).refusal is None
        host.tick()  # calls a connector that nobody has registered
        with store.read() as connection:
            news = {
                person: notices(connection, person, lambda _: definition, now=host.now()) for person in ("bea", "bo")
            }
    told = {person: {(n.kind, n.element) for n in found} for person, found in news.items()}  # type: ignore[union-attr]
    done = {("completed", node) for node in ("each_one[1]", "each_one[2]", "each_one", "single")}
    assert told["bea"] == done
    assert told["bo"] == {("failed", node) for node in ("in_list[1]", "in_list[2]", "alone_one")}

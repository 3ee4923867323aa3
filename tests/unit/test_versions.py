"""A version's number belongs to one definition; what differs between two is told; a file is deployed whole or not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from msgspec.structs import replace
from sqlalchemy import select
from tests.desk import Desk, transcript
from tests.founded import founded
from tests.leave import LEAVE, code

from charter.dsl.build.differences import differences, said
from charter.dsl.text.phrases import Phrases
from charter.engine.definition import Definition, digest
from charter.engine.plain import Kept, shape
from charter.runtime.audit.verify import verify
from charter.runtime.author.texts import compile_file
from charter.runtime.cli.main import run
from charter.runtime.cli.messages import section
from charter.runtime.desk.versions import AmbiguousVersion, NoSuchVersion, Version, find, versions
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import tables as t

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden/versions"
FILES = sorted((ROOT / "processes").rglob("*.charter"))
SHIPPED = {each.name: each for file in FILES for each in compile_file(str(file)).definitions}

VERSIONS = """
charter init --as zhou
charter people add kim --as zhou
charter people grant zhou clerk --as zhou
charter people grant kim head --as zhou
charter deploy bill.charter --plan --as zhou
charter deploy bill.charter --set patience='2 days' --plan --as zhou
charter deploy bill.charter --set patience='2 days' --as zhou
charter deploy bill.charter --set patience='2 days' --as zhou
charter deploy bill.charter --set patience='3 days' --as zhou
charter start bill --as zhou
charter deploy bill-2.charter --set patience='2 days' --plan --as zhou
charter deploy bill-2.charter --set patience='2 days' --as zhou
charter start bill --as zhou
charter deploy bill.charter --set patience='2 days' --plan --as zhou
charter deploy bill.charter --set patience='2 days' --as zhou
charter deploy bills.charter --set patience='2 days' --as kim
charter cases --as zhou
charter deploy bill.charter --set patience='2 days' --back --as kim
charter deploy bills.charter --set patience='2 days' --as zhou
charter audit changes bill --as zhou
charter audit changes bill 1 2 --as zhou
charter audit changes bill 9 --as zhou
charter audit changes refund --as zhou
charter show 1 --as zhou
charter cases --as zhou
charter audit log organisation --as zhou
"""


@pytest.mark.sqlite("positions of entries are its own on a server, and openings are entered later")
def test_transcript(desk: Desk, golden: Callable[[Path, str], None], tmp_path: Path) -> None:
    for file in (GOLDEN / "files").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    said = transcript(desk, VERSIONS)
    assert "CH001" not in said, said
    golden(GOLDEN / f"versions.{desk.lang}.txt", said)


def otherwise(value: Any) -> Iterator[Any]:
    """Gives a value with one thing in it otherwise, each in turn."""
    if isinstance(value, Kept):
        for name, _ in shape(type(value)):
            if name not in ("places", "kind"):  # a kind is one of a few words
                yield from (replace(value, **{name: each}) for each in otherwise(getattr(value, name)))
    elif isinstance(value, tuple) and value:
        if isinstance(value[0], Kept):
            yield value[1:]
            if len(value) > 1:
                yield (value[1], value[0], *value[2:])
        for i, each in enumerate(value):
            yield from ((*value[:i], other, *value[i + 1 :]) for other in otherwise(each))
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, str):
        yield f"{value}x"


@pytest.mark.parametrize("definition", SHIPPED.values(), ids=SHIPPED)
def test_two_definitions_have_no_difference_exactly_when_they_have_one_digest(definition: Definition) -> None:
    assert differences(definition, replace(definition, places=())) == ()
    phrases = [Phrases(language) for language in ("en", "zh-Hans", "zh-Hant")]
    words = section("en", "changes")
    for other in otherwise(definition):
        if digest(other) == digest(definition):
            continue
        for one, two in ((definition, other), (other, definition)):
            found = differences(one, two)
            assert found
            for each in found:
                for key in (each.what, each.line):
                    assert key is None or key.isupper() or key in words, each
                for value in (each.before, each.after):
                    assert all(isinstance(said(value, language), str) for language in phrases)


def test_what_comes_and_goes_is_found_by_its_name() -> None:
    for one in SHIPPED.values():
        fewer = replace(one, elements=one.elements[:-1], roles=one.roles[1:], records=one.records[1:])
        there = {(each.how, each.name) for each in differences(fewer, one) if each.line is None}
        back = {(each.how, each.name) for each in differences(one, fewer) if each.line is None}
        names = {each.name for each in (one.elements[-1], *one.roles[:1], *one.records[:1])}
        assert there == {("added", name) for name in names} and back == {("removed", name) for name in names}


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from("123"), st.sampled_from("abc"), st.booleans()), max_size=12))
def test_a_number_belongs_to_one_definition_whatever_is_deployed(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, bool]]
) -> None:
    with founded(tmp_path_factory.mktemp("v") / "a.db") as store:
        host, ran, runs = Cases(store), [], None
        for version, title, back in steps:
            wanted = replace(LEAVE, version=version, title=title)
            planned = host.plan([wanted], back=back)[0]
            done = host.deploy_all([wanted], by="root", back=back)[0]
            assert (planned.outcome, planned.refusal) == (done.outcome, done.refusal)
            expected = None
            if any(v == version and x != title for v, x in ran) and (version, title) not in ran:
                expected = "CH587"
            elif (version, title) in ran and (version, title) != runs and not back:
                expected = "CH588"
            assert code(done.refusal) == expected
            if expected is None:
                ran, runs = [*ran, (version, title)], (version, title)
            with store.read() as connection:
                ways = [each.version for each in versions(connection, "leave") if each.runs]
            assert ways == ([] if runs is None else [runs[0]])
            running = host.definition("leave") if runs else None
            assert running is None or (running.version, running.title) == runs
        with store.read() as connection:
            rows = connection.execute(select(t.definitions.c.version, t.definitions.c.digest)).all()
        assert len({row.version for row in rows}) == len(rows)
        assert verify(store).sound


@given(
    st.lists(
        st.tuples(st.sampled_from(["1", "2", "abcd"]), st.text("ab", min_size=2, max_size=2)), min_size=1, unique=True
    ),
    st.sampled_from(["1", "2", "9", "abcd", "abc", "aaa", "aaaa", "aaab", "aaaaa", "aaaaab", "aaaabb"]),
)
def test_a_version_is_named_by_its_number_or_else_by_what_its_digest_begins_with(
    there: list[tuple[str, str]], name: str
) -> None:
    known = [Version("p", number, "aaaa" + rest, 0, "root", False) for number, rest in there]
    named = [each for each in known if each.version == name]
    if not named and len(name) > 3:
        named = [each for each in known if each.digest.startswith(name)]
    if len(named) == 1:
        assert find(known, "p", name) is named[0]
    else:
        with pytest.raises(AmbiguousVersion if named else NoSuchVersion):
            find(known, "p", name)


def test_a_file_of_several_processes_is_deployed_whole_or_not_at_all(tmp_path: Path) -> None:
    with founded(tmp_path / "a.db") as store:
        people, host = People(store, by="root"), Cases(store)
        people.load([{"id": "zhao", "roles": ["boss@leave"]}])
        assert host.deploy(LEAVE, by="root").refusal is None
        # zhao owns the one that runs, and may not bring the others in
        wanted = [replace(LEAVE, version="2"), replace(LEAVE, name="b"), replace(LEAVE, name="c")]
        assert [code(one.refusal) for one in host.deploy_all(wanted, by="zhao")] == [None, "CH584", "CH584"]
        assert [each.version for each in host.processes()] == ["1"]
        assert [code(one.refusal) for one in host.deploy_all(wanted[:1], by="zhao")] == [None]
        # a number that is taken holds back what stands beside it
        wanted = [replace(LEAVE, name="b"), replace(LEAVE, title="else")]
        assert [code(one.refusal) for one in host.deploy_all(wanted, by="root")] == [None, "CH587"]
        assert [each.name for each in host.processes()] == ["leave"]
        assert verify(store).sound


def test_a_text_that_means_the_same_is_the_same_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "process p\n  owner r\n  role r\n  activity a\n    role r\n"
    Path("p.charter").write_text(text)
    assert run(["init", "--as", "li"]) == run(["deploy", "p.charter", "--as", "li"]) == 0
    Path("p.charter").write_text("# why\n\n" + text.replace("  role r\n", "  role r # who\n", 1))
    capsys.readouterr()
    assert run(["deploy", "p.charter", "--as", "li", "--json"]) == 0
    [told] = json.loads(capsys.readouterr().out)
    assert (told["outcome"], told["new"], told["replaces"]) == ("same", False, None)
    assert run(["audit", "changes", "p", "--as", "li"]) == 4

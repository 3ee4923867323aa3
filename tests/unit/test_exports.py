"""Exports of the trail: the same entries in every format, whatever is written in them; rights, drills, refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.desk import Desk
from tests.founded import founded

from charter.runtime.cli.export import NAMES
from charter.runtime.exports.columns import COLUMNS, same
from charter.runtime.exports.escapes import Escapes, cell_text, plain
from charter.runtime.exports.formats import FORMATS
from charter.runtime.exports.reading import entries, format_of

NOTE = """process note "A note"
  owner boss
  role clerk
  role boss
  record text_of
    said text
    size number optional
  activity write
    role clerk
    output text_of
  approval judge of text_of
    by boss
    on reject return to write
process about
  concerns note as one by of.which
  role clerk
  record of
    which text
  activity choose
    role clerk
    output of
"""
HOSTILE = (
    *("=1+1", "'=1+1", "''@x", "-5", "-x", "+SUM(A1)", "\t=x", " =x", "＝1", '"q"\'s', "a,b;c\nd\re", "null", "[]"),
    *("\x1b[31mred\x1b[0m", "\x00\x07\x7f\x9b0m", "\\u0041 \\u005cu0041 \\x", "]]><x y='z'>&amp;&#10;", "𝒳😀 王芳 é"),
    *("\u202eabc\u2028", "\ufffe\uffff", "; DROP TABLE entries; --", "{{7*7}} ${x} %s", "'; --", '{"withheld":true}'),
)
STORY = """
charter people add li --as root
charter people add wang --as root
charter people add au --as root
charter people grant li clerk --as root
charter people grant wang boss --as root
charter people grant wang boss --process note --as root
charter people grant au auditor --process organisation --as root
charter deploy note.charter --as root
charter start note --as li
charter complete 1 write --set said=hello --set size=3 --as li
charter reject 1 judge --reason no --as wang
charter complete 1 write --set said=again --as li
charter approve 1 judge --as wang
charter start note --drill --as li
charter start about --as li
charter complete 3 choose --set which=1 --as li
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("exports")
    with pytest.MonkeyPatch.context() as patch, founded(folder / "a.db", "root") as store:
        patch.chdir(folder)
        desk = Desk(store, "en")
        (folder / "note.charter").write_text(NOTE, "utf-8")
        for line in STORY.strip().splitlines():
            said = desk.type(line)
            assert desk.code == 0, (line, said)
        for number, text in enumerate(HOSTILE):
            data = folder / f"{number}.json"
            data.write_text(json.dumps({"text_of": {"said": text}}), "utf-8")
            said = desk.type("charter start note --as li")
            (case,) = [word for word in said.replace("#", " ").split() if word.isdigit()][:1]
            assert desk.type(f"charter complete {case} write --data {number}.json --as li") and desk.code == 0
        yield desk


@pytest.fixture(scope="module")
def trail(office: Desk) -> dict[str, dict[str, str]]:
    """The trail as the auditor reads it, by entry."""
    told = (json.loads(line) for line in office.type("charter audit query --format jsonl --as au").splitlines())
    return {f"{each['case']}.{each['seq']}": each for each in told}


def exported(desk: Desk, form: str, name: str, more: str = "", person: str = "au") -> tuple[Path, dict[str, object]]:
    told = json.loads(desk.type(f"charter audit export {form} --out {name} {more} --json --as {person}"))
    assert desk.code == 0, told
    return Path(name), told


@pytest.mark.parametrize("form", NAMES)
def test_an_export_reads_back_as_the_trail(office: Desk, trail: dict[str, dict[str, str]], form: str) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    path, told = exported(office, form, f"all-{form}")
    assert format_of(path) == form
    found = {cells["id"]: cells for cells in entries(path, form)}
    assert len(found) == told["entry_count"] and trail.keys() <= found.keys()
    for id, entry in trail.items():
        cells = found[id]
        assert cells.keys() <= COLUMNS.keys() and len(cells["digest"]) == 64 and "withheld" not in cells
        for name, value in entry.items():
            if name == "data":
                assert same(cells["data"], json.dumps(value)), id
            elif name == "clauses":
                assert cells["clauses"] == " ".join(value)
            elif name in COLUMNS:
                assert cells[name] == str(value), (id, name)
    said = [
        json.loads(cells["data"])["value"]["said"] for cells in found.values() if "text_of@1" in cells.get("record", "")
    ]
    assert set(HOSTILE) <= set(said)
    hidden = {c["case"] for c in found.values() if c["drill"] == "true"}
    assert len(hidden) == 1 and told["case_count"] == 3 + len(HOSTILE)
    if form not in ("ocel", "parquet"):
        assert not {"\x1b", "\x00", "\x9b", "\u202e"} & set(path.read_text("utf-8")), "a terminal would obey"
        assert told["escaped_count"] > 0


def test_names_of_formats_are_those_that_are_written() -> None:
    assert tuple(FORMATS) == NAMES


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_texts_come_back_and_are_obeyed_by_nobody(text: str) -> None:
    escapes = Escapes()
    assert plain(escapes.text(text)) == text and cell_text(escapes.cell(text)) == text
    cell = escapes.cell(text)
    assert not cell.lstrip().startswith(("=", "+", "@", "＝")) and (cell == "-5" or not cell.startswith("-"))


def test_a_part_is_exported_and_nothing_is_replaced(office: Desk) -> None:
    path, told = exported(office, "csv", "one.csv", "--case 1")
    kept = path.read_bytes()
    assert told["case_count"] == 1 and {c["number"] for c in entries(path, "csv")} == {"1"}
    assert "CH745" in office.type("charter audit export csv --out one.csv --as au") and office.code == 4
    assert path.read_bytes() == kept and not list(Path().glob(".charter-*"))
    _, told = exported(office, "csv", "note.csv", "--process about")
    assert told["case_count"] == 1
    _, told = exported(office, "csv", "cases.csv", "--only-cases")
    assert told["case_count"] == 3 + len(HOSTILE)
    office.type("charter audit export csv --case organisation --out o.csv --as li")
    assert office.code == 3 and not Path("o.csv").exists()
    # who exported what is on record
    found = json.loads(office.type("charter audit query 'data.question = \"export\"' --actor au --json --as au"))
    assert {each["data"]["text"].split()[0] for each in found} >= {"csv"}


def test_an_object_centric_log_has_cases_versions_people_and_links(office: Desk) -> None:
    path, _ = exported(office, "ocel-json", "objects.json", "--only-cases")
    log = json.loads(path.read_text("utf-8"))
    objects = {each["id"]: each for each in log["objects"]}
    kinds = {each["type"] for each in objects.values()}
    assert kinds == {
        "case:note",
        "case:about",
        "element:note",
        "element:about",
        "record:note.text_of",
        "record:about.of",
        "person",
    }
    assert {each["name"] for each in log["objectTypes"]} == kinds
    for event in log["events"]:
        assert event["relationships"] and all(r["objectId"] in objects for r in event["relationships"])
    (about,) = [each for each in objects.values() if each["type"] == "case:about"]
    (target,) = [r["objectId"] for r in about["relationships"] if r["qualifier"] == "one"]
    assert objects[target]["type"] == "case:note"
    second = objects[f"{target}/record/text_of@2"]
    assert {"objectId": f"{target}/record/text_of@1", "qualifier": "revision of"} in second["relationships"]
    values = {each["name"]: each["value"] for each in second["attributes"]}
    assert values["value.said"] == "again" and len(values["digest"]) == 64
    # a link to a case that is not exported is none
    path, _ = exported(office, "ocel-json", "about.json", "--process about")
    log = json.loads(path.read_text("utf-8"))
    known = {each["id"] for each in log["objects"]}
    assert all(r["objectId"] in known for each in log["objects"] for r in each["relationships"])

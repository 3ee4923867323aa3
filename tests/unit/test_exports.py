"""Exports of the trail: the same entries in every format, whatever is written in them; rights, drills, refusals."""

from __future__ import annotations

import itertools
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.desk import Desk
from tests.founded import founded

from charter.runtime.cli.export import DRAWN, NAMES
from charter.runtime.exports.cases import TABLES
from charter.runtime.exports.columns import COLUMNS, same
from charter.runtime.exports.escapes import Escapes, cell_text, plain
from charter.runtime.exports.formats import FORMATS
from charter.runtime.exports.judging import check, entries, format_of
from charter.runtime.exports.reading import table

READ = [name for name in NAMES if name not in DRAWN]
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
charter people add zz --as root
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
        desk.play(STORY)
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
    return Path(name.strip("'")), told


@pytest.mark.parametrize("form", READ)
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


@pytest.mark.parametrize("form", READ)
def test_an_export_keeps_its_standard_and_says_what_the_trail_says(office: Desk, form: str) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    path, told = exported(office, form, f"check-{form}")
    found = json.loads(office.type(f"charter export check {path} --with-trail --json --as au"))
    assert office.code == 0 and found["sound"] and found["same"], found
    assert found["format"] == form and found["digest"] == told["digest"]
    assert found["entry_count"] == told["entry_count"] and found["withheld_count"] == 0


# format -> what somebody does to the text of a file, and a word of what is then found
WRONG = {
    "ocel-json": (
        ('"objectTypes"', '"objectTypez"', "member"),
        ('"qualifier":"actor"', '"qualifer":"actor"', "member"),
        ('"objectId":"person/li"', '"objectId":"person/no"', "unknown"),
        ('"type":"person"', '"type":"human"', "undeclared"),
        ('{"name":"seq","value":1}', '{"name":"seq","value":"one"}', "value"),
        ("T01:", "T31:", "time"),
    ),
    "xes": (
        ('xes.version="1849-2023"', 'xes.version="9"', "value"),
        ('prefix="org"', 'prefix="orx"', "undeclared"),
        ('<int key="seq" value="1"/>', '<string key="seq" value="1"/>', "type"),
        ('value="complete"', 'value="finished"', "value"),
        ('<string key="kind" value="started"/>', "", "member"),
        ("</trace>\n</log>", "</trace>\n<blob/></log>", None),
    ),
    "prov-json": (
        ('"prov:agent":"charter:person/li"', '"prov:agent":"charter:person/no"', "unknown"),
        ('"prov:agent":"charter:person/li"', '"prov:agent":"chart:person/li"', "undeclared"),
        ('"wasInformedBy"', '"wasFormedBy"', "tag"),
        ('text_of@2":{', 'text_of@1":{', "twice"),
    ),
    "prov-n": (
        ("wasGeneratedBy(", "wasMadeBy(", "tag"),
        ("endDocument", "", "member"),
        ("charter:person/li,", "charter:person/no,", "unknown"),
    ),
    "cloudevents": (
        ('"specversion":"1.0"', '"specversion":"0.3"', "value"),
        ('"source"', '"Source"', "member"),
        ('"datacontenttype"', '"data_contenttype"', "name"),
    ),
    "csv": ((",2026-", ",1926x", "time"), ("\nCASE.2,", "\nCASE.1,", "twice")),
}  # fmt: skip


@pytest.mark.parametrize("form", WRONG)
def test_what_breaks_a_standard_is_found(office: Desk, tmp_path: Path, form: str) -> None:
    path, _ = exported(office, form, f"'{tmp_path}/right'", "--only-cases")
    right = path.read_text("utf-8")
    case = next(entries(path, form))["case"]
    assert not list(check(path, form))
    for before, after, rule in WRONG[form]:
        before, after = (each.replace("CASE", case) for each in (before, after))
        assert before in right, before
        wrong = tmp_path / "wrong"
        wrong.write_text(right.replace(before, after, 1), "utf-8")
        found = {each.rule for each in check(wrong, form)}
        assert (rule in found) if rule is not None else not found, (before, found)


def test_what_breaks_the_rules_of_tables_is_found(office: Desk, tmp_path: Path) -> None:
    path, _ = exported(office, "ocel", f"'{tmp_path}/right'", "--only-cases")
    assert not list(check(path, "ocel"))
    for text, rule in (
        ("DROP TABLE object_object", "table"),
        ("ALTER TABLE event_object RENAME COLUMN ocel_qualifier TO qualifier", "column"),
        ("DELETE FROM event_object WHERE ocel_event_id = (SELECT min(ocel_id) FROM event)", "no_object"),
        ("DELETE FROM object WHERE ocel_type = 'person'", "unknown"),
        ("DELETE FROM object_map_type WHERE ocel_type = 'person'", "undeclared"),
        ("UPDATE object_person SET ocel_time = 'yesterday'", "time"),
        ("CREATE TABLE x AS SELECT * FROM event; DROP TABLE event; ALTER TABLE x RENAME TO event", "key"),
    ):
        wrong = tmp_path / "wrong"
        shutil.copy(path, wrong)
        with closing(sqlite3.connect(wrong)) as database:
            database.executescript(f"PRAGMA foreign_keys=OFF; {text}")
        assert rule in {each.rule for each in check(wrong, "ocel")}, text


def test_what_differs_from_the_trail_is_found_and_located(office: Desk, tmp_path: Path) -> None:
    path, _ = exported(office, "csv", f"'{tmp_path}/right'", "--case 1")
    right = path.read_text("utf-8").splitlines(keepends=True)
    case = right[1].partition(".")[0]
    digest = right[1].rstrip().split(",")[-2]
    for changed, rule, where in (
        ([*right[:2], *right[3:]], "the file does not", f"{case}.2"),
        ([*right[:1], right[1].replace(f"{case}.1,", f"{case}.99,", 1), *right[2:]], "not the id", f"{case}.99"),
        ([*right[:1], right[1].replace(digest, "0" * 64), *right[2:]], "in the trail", f"{case}.1"),
        ([*right[:1], right[1].replace(",started,", ",granted,"), *right[2:]], "in the trail", f"{case}.1"),
    ):
        (tmp_path / "wrong").write_text("".join(changed), "utf-8")
        said = office.type(f"charter export check '{tmp_path}/wrong' --with-trail --as au")
        assert office.code == 1 and rule in said and where in said and "CH742" in said, said
    # what came later, and other cases, are no difference
    (tmp_path / "part").write_text("".join(right[:3]), "utf-8")
    office.type(f"charter export check '{tmp_path}/part' --with-trail --as au")
    assert office.code == 0
    # what somebody may not see in the trail is for them not there
    said = office.type(f"charter export check '{path}' --with-trail --as zz")
    assert office.code == 1 and "as far as you may read it" in said


@pytest.mark.parametrize(
    "text", ["", "hello", "{", '{"eventTypes": [1', "<log", "<?xml version='1.0'?><!DOCTYPE x><log/>"]
)
def test_what_is_no_export_is_told(office: Desk, tmp_path: Path, text: str) -> None:
    (tmp_path / "x").write_text(text, "utf-8")
    said = office.type(f"charter export check '{tmp_path}/x'")
    assert office.code == 1 and ("CH740" in said or "CH741" in said), said
    office.type(f"charter export check '{tmp_path}/none'")
    assert office.code == 4


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_analysts_get_a_row_a_case_an_element_and_a_version(office: Desk, tmp_path: Path, form: str) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    told = json.loads(office.type(f"charter export cases --format {form} --out '{tmp_path}/t' --json --as au"))
    assert office.code == 0 and sorted(p.stem for p in (tmp_path / "t").iterdir()) == ["cases", "elements", "records"]
    if form != "csv":
        return
    read = {name: list(table(tmp_path / "t" / f"{name}.csv", columns)) for name, columns in TABLES.items()}
    counts = [told[name] for name in ("case_count", "element_count", "version_count")]
    assert counts == [len(read[name]) for name in ("cases", "elements", "records")]
    case = next(each for each in read["cases"] if each["number"] == "1")
    wanted = {"status": "completed", "returned": "1", "versions": "2", "elements": "2", "people": "2", "drill": "false"}
    assert wanted.items() <= case.items() and int(case["seconds"]) > 0
    judged = next(each for each in read["elements"] if each["case"] == case["case"] and each["node"] == "judge")
    assert {"state": "granted", "actor": "wang", "role": "boss", "returned": "1"}.items() <= judged.items()
    versions = [each for each in read["records"] if each["case"] == case["case"]]
    assert [(each["version"], each["latest"]) for each in versions] == [("1", "false"), ("2", "true")]
    assert json.loads(versions[0]["value"]) == {"said": "hello", "size": 3}
    assert {each["drill"] for each in read["cases"]} == {"true", "false"}
    said = {json.loads(each["value"]).get("said") for each in read["records"]}
    assert set(HOSTILE) <= said
    assert "CH099" in office.type(f"charter export cases --out '{tmp_path}/t' --as au")


def test_provenance_is_drawn_of_one_case(office: Desk, tmp_path: Path) -> None:
    hostile = next(n for n, text in enumerate(HOSTILE) if "<x" in text) + 4
    for case, form in itertools.product((1, hostile), DRAWN):
        path, _ = exported(office, form, f"'{tmp_path}/{case}.{form}'", f"--case {case}")
        drawn = path.read_text("utf-8")
        assert "text_of@1" in drawn and "completed write" in drawn and "li ·" in drawn
        if form == "prov-svg":
            tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(drawn).iter()}
            assert tags <= {"svg", "title", "style", "rect", "text", "path"}
            assert drawn.count('class="arrow"') == (3 if case == 1 else 1)
        else:
            assert drawn.startswith("digraph") and drawn.count(" -> ") == (3 if case == 1 else 1)
    for wrong in ("", "--case organisation", "--case 1 --case 2"):
        office.type(f"charter audit export prov-svg --out x.svg {wrong} --as au")
        assert office.code == 2


@pytest.mark.parametrize("form", ["xes", "ocel", "ocel-json"])
def test_our_own_logs_are_imported_again(office: Desk, tmp_path: Path, form: str) -> None:
    """What was exported becomes cases of the same process elsewhere, with the same people, times and versions."""
    path, _ = exported(office, form, f"'{tmp_path}/log.{form}'", "--case 1")
    columns = {"xes": ("case:concept:name", "concept:name", "time:timestamp", "org:resource")}
    case, what, at, who = columns.get(form, ("object:case:note", "element", "ocel:time", "actor"))
    (tmp_path / "note.map").write_text(
        f"""log own
process note
column a_case = "{case}"
column what = "{what}"
column at = "{at}"
column who = "{who}"
column kind = "kind"
column told = "data"
case a_case
event what
time at
actor who
when kind = "completed" and what = "write" then write done
when kind = "rejected" then judge rejected
when kind = "granted" then judge granted
ignore when not(kind in ("completed", "rejected", "granted") and what in ("write", "judge"))
record text_of
  said = if contains(told, "again") then "again" else "hello"
""",
        "utf-8",
    )
    with founded(tmp_path / "b.db", "root") as store:
        desk = Desk(store, "en")
        for line in STORY.strip().splitlines()[:-8]:
            desk.type(line)
        told = json.loads(desk.type(f"charter import log '{path}' --map '{tmp_path}/note.map' --json --as root"))
        assert desk.code == 0 and told["cases_made"] == 1, told
        kinds, same = ("completed", "rejected", "granted"), ("kind", "element", "actor", "at")
        ours, theirs = (json.loads(one.type("charter audit log 1 --json --as root")) for one in (desk, office))
        ours, theirs = ([[e.get(n) for n in same] for e in log if e["kind"] in kinds] for log in (ours, theirs))
        assert ours == theirs

"""Files that people hand in: read the same by every door, or refused with their place; nothing is guessed or lost."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from charter.engine.definition import Field, RecordType, TypeRef
from charter.runtime.author.data import Cell, Unreadable, load, parse
from charter.runtime.author.forms import Astray, gather, said
from charter.runtime.author.handed import FileNotReadable
from charter.runtime.author.intake import Misfit, Reader
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import trouble
from charter.runtime.cli.main import run
from charter.runtime.cli.messages import Messages
from charter.runtime.host.connectors import FILE, BadConnector, Connectors
from charter.runtime.people.files import BadPerson, Entry, read

LINE = RecordType(
    "line", "行", (Field("sku", "货号", TypeRef("text")), Field("qty", "数量", TypeRef("number"), optional=True))
)
ORDER = RecordType(
    "order",
    "单",
    (
        Field("lines", "明细", TypeRef("list", item=TypeRef("record", record="line"))),
        Field("scan", "扫描件", TypeRef("file"), optional=True),
        Field("scans", "附件", TypeRef("list", item=TypeRef("file")), optional=True),
        Field("share", "比例", TypeRef("percent"), optional=True),
    ),
)
ROWS = [{"sku": "A-1", "qty": "2"}, {"sku": "B, 甲", "qty": "3"}]


def handed(folder: Path, *data: str, sets: tuple[tuple[str, str], ...] = (), current: Any = None) -> Any:
    from charter.engine import values

    reader = Reader([LINE, ORDER], lambda path: values.File("0" * 64, path.name, 1), base=folder)
    return gather(reader, ["order"], sets, data, {} if current is None else {"order": current})


@pytest.mark.parametrize(
    "data",
    [
        b'sku,qty\nA-1,2\n"B, \xe7\x94\xb2",3\n',
        b'\xef\xbb\xbfsku,qty\r\nA-1,2\r\n"B, \xe7\x94\xb2",3\r\n',
        "sku;qty\nA-1;2\nB, 甲;3\n".encode(),
        "sep=;\r\nsku;qty\r\nA-1;2\r\nB, 甲;3\r\n".encode(),
        "sku\tqty\nA-1\t2\nB, 甲\t3\n".encode("utf-16"),
        "sep=|\nsku|qty\nA-1|2\nB, 甲|3\n".encode(),
        '\n\nsku , qty\n\nA-1,2\n,,\n"B, 甲",3\n,,,,\n,,,,\n'.encode(),
        '"sku";"qty"\r"A-1";"2"\r"B, 甲";"3"\r'.encode(),
        'sku,,qty,\nA-1,,2,\n"B, 甲",,3,\n'.encode(),
    ],
)
def test_a_table_is_read_as_spreadsheets_write_it(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "lines.csv").write_bytes(data)
    assert load(tmp_path / "lines.csv") == ROWS


@pytest.mark.parametrize(
    ("name", "data", "told", "line"),
    [
        ("a.csv", b"sku,qty,qty\nA,1,2\n", "twice", 1),
        ("a.csv", b"sep=,\nsku,qty, sku\nA,1,2\n", "twice", 2),
        ("a.csv", b"plan,plan.qty\n1,2\n", "inside", 1),
        ("a.csv", b"sku,qty\nA,1\nB,2,3\n", "unnamed", 3),
        ("a.csv", b'sku,qty,\n"A\n",1,\nB,2,x\n', "unnamed", 4),
        ("a.csv", b'sku,qty\nA,"1\nB,2\n', "cell", 2),
        ("a.csv", b'sku,qty\n"A"x,1\n', "cell", 2),
        ("a.csv", b"sku,cost;EUR\nA,1\n", "divider", 1),
        ("a.csv", "sku,名\nA,注\n".encode("gb18030"), "encoding", 1),
        ("a.csv", "sku,qty\nA,1\nM\u00fcller,2\n".encode("latin-1"), "encoding", 3),
        ("a.csv", "sku,qty\n".encode("utf-16-le"), "binary", 1),
        ("a.csv", "sku,qty\n".encode("utf-32"), "encoding", 1),
        ("a.csv", b"", "empty", None),
        ("a.json", b"\xef\xbb\xbf \n", "empty", None),
        ("a.yaml", b"# nothing\n\n", "empty", None),
        ("a.csv", b"PK\x03\x04....", "workbook", None),
        ("a.json", b'{"a": 1, "b": {"c": 1, "c": 2}}', "twice", None),
        ("a.yaml", b"a: 1\nb:\n  c: 1\n  c: 2\n", "twice", 4),
        ("a.yaml", b"{" * 5000, "deep", None),
        ("a.json", b"[" * 5000 + b"]" * 5000, "deep", None),
        ("a.json", b"[" * 100 + b"]" * 100, "deep", None),
        ("a.json", b'{"n": ' + b"9" * 5000 + b"}", "number", None),
        ("a.json", b'{"n": 1e99999999999999999999}', "number", None),
        ("a.json", b'{"n": NaN}', "number", None),
        ("a.yaml", b"a: \x07\n", "character", 1),
    ],
)
def test_what_cannot_be_taken_is_told_with_its_place(
    tmp_path: Path, name: str, data: bytes, told: str, line: int | None
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Unreadable) as caught:
        load(tmp_path / name)
    assert (caught.value.arguments["told"], caught.value.arguments["line"]) == (told, line)
    for lang in ("en", "zh"):
        sentence, *_ = trouble(caught.value, Messages(lang)).lines
        assert name in sentence and (line is None or str(line) in sentence) and "{" not in sentence.replace("{{", "")
    # people and connectors come by the same door
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(Unreadable):
        read(tmp_path / name)
    if told not in ("empty", "json") and name == "a.yaml":
        with pytest.raises(BadConnector):
            Connectors(tmp_path).all()


def test_a_pipe_a_device_and_a_folder_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for place in (tmp_path / "pipe.csv", Path("/dev/zero"), tmp_path):
        for door in (load, read):
            with pytest.raises(FileNotReadable) as caught:
                door(place)
            assert caught.value.arguments["told"] == "special"
    os.mkfifo(tmp_path / FILE)
    with pytest.raises(BadConnector):
        Connectors(tmp_path).all()


def test_a_connector_s_timeout_is_read_as_the_text_it_is(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("erp: {http: 'https://erp.example', timeout: 5}\nps: {command: [ps, -e]}\n")
    found = Connectors(tmp_path).all()
    assert (found["erp"].timeout, found["ps"].target) == (5, ("ps", "-e"))


@pytest.mark.parametrize("divided", [True, False])
def test_a_figure_that_reads_two_ways_is_refused_where_a_comma_may_be_decimal(divided: bool) -> None:
    for text, clear in (("1,500", False), ("1.500", False), ("1,250,000", True), ("1.50", True), ("0.125", True)):
        reader = Reader([], lambda path: pytest.fail(str(path)))
        found = reader.value(Cell(text) if divided else text, TypeRef("number"), "n")
        assert (found is not None) == (clear or not divided), text


def test_headings_match_whatever_their_case_and_two_of_one_field_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(" SKU ,Qty\nA,1\n")
    found = handed(tmp_path, f"Lines={tmp_path / 'a.csv'}")
    assert not found.faults
    assert found.records["order"] == {"lines": [{"sku": "A", "qty": 1}]}
    for head in ("sku,SKU", "sku,货号", "Sku,sKu"):
        (tmp_path / "a.csv").write_text(f"{head}\nA,B\n")
        [fault, *_] = handed(tmp_path, f"lines={tmp_path / 'a.csv'}").faults
        assert isinstance(fault, Misfit)
        assert (fault.path, fault.expected) == ("order.lines[1].sku", "once")


def test_two_fields_that_differ_in_case_only_keep_their_own_names() -> None:
    both = RecordType("r", "r", (Field("a", "a", TypeRef("text")), Field("A", "A", TypeRef("text"))))
    reader = Reader([both], lambda path: pytest.fail(str(path)))
    assert reader.record({"a": "1", "A": "2"}, both, "r") == {"a": "1", "A": "2"}


def test_a_file_field_takes_the_file_itself_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(b"%PDF \xff")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "order.json").write_text('{"Lines": []}')
    whole, scan = str(tmp_path / "in" / "order.json"), str(tmp_path / "scan.pdf")
    for found in (
        handed(tmp_path, whole, f"scan={scan}"),
        handed(tmp_path, f"order.scan={scan}", whole),
        handed(tmp_path, whole, sets=(("扫描件", scan),)),
    ):
        assert not found.faults
        assert found.records["order"]["scan"].name == "scan.pdf"
        assert found.records["order"]["lines"] == []
    assert [f.name for f in handed(tmp_path, whole, f"scans={scan}").records["order"]["scans"]] == ["scan.pdf"]


def test_nothing_given_twice_is_dropped(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text('{"lines": []}')
    a, b = str(tmp_path / "a.json"), str(tmp_path / "b.json")
    for data, sets in (
        ((a, b), ()),
        ((f"lines={a}", f"lines[1]={b}"), ()),
        ((), (("lines[1]", "x"), ("lines[1].sku", "y"))),
        ((a,), (("order", '{"lines": []}'),)),
    ):
        assert any(isinstance(fault, Astray) for fault in handed(tmp_path, *data, sets=sets).faults)


def test_what_a_path_names_changes_the_current_value_and_leaves_the_rest(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("sku\nB\n")
    current = {"lines": [{"sku": "A"}], "share": {"number": "0.5"}}
    found = handed(tmp_path, f"lines={tmp_path / 'a.csv'}", current=current).records["order"]
    assert found["lines"] == [{"sku": "B"}] and str(found["share"]) == "0.5"


def test_a_share_is_read_exactly_and_95_is_not_9500_percent(tmp_path: Path) -> None:
    for name, text in (("a.json", '{"share": 95}'), ("a.yaml", "share: 95\n")):
        (tmp_path / name).write_text(text)
        faults = handed(tmp_path, str(tmp_path / name)).faults
        assert [fault.expected for fault in faults if isinstance(fault, Misfit)] == ["percent"], name
    digits = "12.34567890123456789012345678901234567890"
    [(_, exact)] = handed(tmp_path, sets=(("share", f"{digits}%"),)).records["order"].items()
    assert str(exact) == "0.1234567890123456789012345678901234567890"


def test_what_nobody_declared_is_kept_as_it_was_given() -> None:
    given = {"n": 5, "yes": True, "nothing": [None], "half": Decimal("0.5"), "word": "5", "within": {"n": 5}}
    found = Reader([ORDER], lambda path: pytest.fail(str(path))).record(given, RecordType("note", "note"), "note")
    assert found == given and [type(value) for value in found.values()] == [type(value) for value in given.values()]


def test_a_flag_that_belongs_nowhere_says_whether_anything_is_wanted() -> None:
    reader = Reader([ORDER], lambda path: pytest.fail(str(path)))
    [nothing] = gather(reader, [], [("x", "1")], [], {}).faults
    [several] = gather(reader, ["order", "line"], [("x", "1")], [], {}).faults
    assert said(nothing, Messages("en")) == "no record is expected here, so `x` belongs to none"
    assert said(several, Messages("en")).endswith("order, line")


def test_people_are_read_as_spreadsheets_write_them(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes('sep=;\r\nID; Name ;Roles\r\nli;李;"clerk; boss"\r\n;;\r\n'.encode("utf-16"))
    [entry] = map(Entry.of, read(path))
    assert (entry.id, entry.name, entry.roles) == ("li", "李", (("clerk", "*"), ("boss", "*")))
    path.write_text("id,ID\nli,wang\n")
    with pytest.raises(BadPerson):
        list(map(Entry.of, read(path)))


def test_the_inputs_of_a_model_come_by_the_same_door(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = Path(__file__).parents[1] / "conformance/dmn/compliance-level-3/hit-policies/hit-policies.dmn"
    (tmp_path / "in.json").write_text('{"a": 1, "a": 2}')
    assert run(["dmn", "run", str(model), "--inputs", str(tmp_path / "in.json")], Context(Messages("en"))) == 1
    assert "`a` appears twice" in capsys.readouterr().err


def test_parse_reads_what_it_always_read() -> None:
    assert parse('{"a": [1, 2.50, null, true, "x"]}', ".json")["a"][:1] == [1]
    assert parse("a: [1, no, ~]\n", ".yaml") == {"a": ["1", "no", None]}
    assert parse("plan.qty,plan.sku\n1,A\n", ".csv") == [{"plan": {"qty": "1", "sku": "A"}}]

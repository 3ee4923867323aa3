"""The case verbs as people type them: transcripts as golden files in both languages, and what flags and files mean."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charter.engine import values
from charter.engine.definition import Field, RecordType, TypeRef
from charter.engine.errors import CharterError
from charter.runtime.cases import Cases
from charter.runtime.cli import demo
from charter.runtime.cli.context import Context
from charter.runtime.cli.main import run
from charter.runtime.cli.messages import Messages
from charter.runtime.entries import Misfit, Reader, Unreadable, parse, put, steps
from charter.runtime.forms import Form, Gathered, gather, shown
from charter.runtime.store import Store, open_store

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "cli_cases"
START = 1_772_413_200_000_000  # Monday 2026-03-02 01:00 UTC


class Desk:
    """One database, one clock, and the verbs as a person types them."""

    def __init__(self, store: Store, lang: str) -> None:
        self.at = START
        self.store = store
        self.cases = Cases(store, clock=lambda: self.at)
        self.lang = lang
        self.code = 0

    def type(self, line: str) -> str:
        self.at += 60_000_000
        context = Context(Messages(self.lang))
        context.__dict__.update(store=self.store, cases=self.cases, now=self.at)
        out = StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            self.code = run(shlex.split(line)[1:], context)
        return out.getvalue()


@pytest.fixture(params=["en", "zh"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    import time

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    monkeypatch.delenv("CHARTER_PERSON", raising=False)
    time.tzset()
    with open_store(str(tmp_path / "charter.db")) as store:
        yield Desk(store, request.param)
    monkeypatch.undo()
    time.tzset()


def masked(text: str) -> str:
    """Puts words where every run has its own: case ids, hashes, the folder of the checkout."""
    text = re.sub(r"\b(?=[a-z0-9]*\d)[a-z][a-z0-9]{15}\b", "CASEIDCASEIDCASE", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "HASH", text)
    text = re.sub(r"([(（])[0-9a-f]{12}([)）])", r"\1DIGEST\2", text)
    text = re.sub(r'"digest": "[0-9a-f]+"', '"digest": "HASH"', text)
    return text.replace(str(ROOT), "ROOT")


def transcript(desk: Desk, lines: str) -> str:
    out = []
    for line in lines.strip().splitlines():
        if line.startswith("+"):
            desk.at += int(line[1:]) * 86_400_000_000
            out.append(f"{line}\n")
        else:
            said = desk.type(line)
            out.append(masked(f"$ {line}\n{said}") + (f"[exit {desk.code}]\n" if desk.code else ""))
    return "\n".join(out)


LEAVE = f"""
charter people add li --name 李娜
charter people add wang --name 王建国
charter people add zhou
charter people grant li employee
charter people grant wang manager --process leave_request
charter people grant wang employee
charter people grant zhou hr
charter people list
charter deploy {ROOT}/processes/examples/leave_request.charter --as zhou
charter start leave_request --as wang
charter inbox --as li
charter inbox --as nobody
charter claim 1 --as li
charter claim 1 apply --as wang
charter show 1
charter complete 1 apply --set first_day=soon --as li
charter complete 1 --set first_day=2026-03-06 --set last_day=2026-03-02 --as li
charter complete 1 --set first_day=2026-03-02 --set request.last_day=2026-03-06 --as li
charter comment 1 decide 请尽快 --as li
charter approve 1 decide --as li
charter return 1 decide --as wang
charter return 1 --reason 日期有误 --as wang
charter withdraw 1 apply --as li
charter complete 1 --set last_day=2026-03-04 --as li
charter audit why 1 decide
+ 3
charter tick
charter show 1 --records
charter approve 1 --as wang
charter delegate 1 book --to li --as zhou
charter complete 1 book --as zhou --seen 1
charter complete 1 book --as zhou
charter complete 1 book --as zhou
charter cases
charter audit log 1
charter audit query 'outcome = "refused"' --actor li
charter audit query 'element = "decide" and at > date("2026-03-02")' --limit 2
charter audit query 'acter = "li"'
charter audit trace 1 request@2
charter audit trace 1 request@9
charter audit as-of 1 '#5'
charter audit verify
charter show 2
charter start nothing --as li
charter approve 1
"""

STAND_IN = f"""
charter people add li
charter people add liu
charter people add wang
charter people grant li employee
charter people grant wang manager
charter deploy {ROOT}/processes/examples/leave_request.charter --as wang
charter start leave_request --as li
charter complete 1 --set first_day=2026-03-02 --set last_day=2026-03-03 --as li
charter approve 1 decide --as liu
charter people substitute wang liu --role manager --as wang
charter people absent wang 2026-03-01 2026-03-31
charter inbox --as liu
charter people accept 1 --as liu
charter people show wang
charter inbox --as liu
charter suspend 1 --reason 等待 --as li
charter approve 1 decide --as liu
charter resume 1 --as li
charter approve 1 --as liu
charter cancel 1 --reason 不再需要 --as liu
charter cancel 1 --reason 不再需要 --as li
charter connectors add mail --command sendmail --command -t
charter connectors list
charter connectors remove mail
charter audit log organisation --limit 40
"""


STEER = """
charter people add chen
charter people add sun
charter people grant chen chief
charter people grant sun engineer
charter deploy site.charter --as chen
charter start site_visit --as chen
charter complete 1 --set days=0 --set site=北院 --as chen
charter complete 1 --data order.json --as chen
charter complete 1 open_order --data nowhere.json --as chen
charter show 1
charter audit why 1 book_car
charter retry 1 book_car --as chen
charter skip 1 book_car --as chen
charter skip 1 book_car --reason 自驾前往 --as chen
charter signal 1 refused --as chen
charter signal 1 paid --as chen
charter add 1 visit --item 北院 --as chen
charter add 1 visit --set site=南院 --set floor=3 --as chen
charter inbox --as sun
charter begin 1 --as sun
charter begin 1 visit[1] --as sun
charter confirm 1 --as sun
charter confirm 1 visit[1] --check safe --check proof --as sun
charter complete 1 visit[1] --set text=完成 --set photo=photo.jpg --check proof=photo.jpg --as sun
charter attach 1 visit[2] photo.jpg --as sun
charter attach 1 nowhere.jpg --as sun
charter suspend 1 visit[2] --reason 等待配件 --as sun
charter inbox --as sun
charter resume 1 visit[2] --as sun
charter cancel 1 visit[2] --reason 南院自行处理 --as chen
charter close 1 visit --as chen
charter reopen 1 visit[1] --reason 复查 --as chen
charter impact 1 order
charter impact 1 nothing
charter amend 1 order --set days=2 --reason 多留一天 --as chen
charter amend 1 order --as chen
charter withdraw 1 --as chen
charter complete 1 visit[1] --set text=再次完成 --as sun
charter show 1
charter complete 1 close_order --as chen --key once
charter complete 1 close_order --as chen --key once
charter complete 1 open_order --as chen --key once
charter reopen 1 close_order --reason 漏项 --as chen
charter cases --status open
charter cases --person sun --json
charter audit trace 1 report[1]
charter kpi site_visit
charter audit verify 1
"""


@pytest.mark.parametrize(("name", "lines"), [("leave", LEAVE), ("stand_in", STAND_IN), ("steer", STEER)])
def test_transcript(name: str, lines: str, desk: Desk, golden: Callable[[Path, str], None], tmp_path: Path) -> None:
    for file in (GOLDEN / "files").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    said = transcript(desk, lines)
    assert "CH001" not in said, said
    golden(GOLDEN / f"{name}.{desk.lang}.txt", said)


def test_nothing_is_left_untranslated(desk: Desk) -> None:
    said = transcript(desk, LEAVE + STAND_IN)
    # a message that is missing shows its key, `section.name`
    sections = "act|did|happened|show|inbox|audit|people|entries|kinds|states|usage|errors|verify|cases"
    assert not re.search(rf"\b({sections})\.[a-z_]+\b", said)
    assert "CH001" not in said, said


def test_the_demo_comes_out_as_its_story_says(desk: Desk) -> None:
    said = desk.type("charter demo --folder story")
    assert desk.code == 0, said[-2000:]
    assert len(re.findall(r"^(?:refused|已拒绝|拒绝)\[", said, re.MULTILINE)) == demo.STORY.count("\n! ")
    with open_store("story/charter.db") as store:
        from charter.runtime.audit.verify import verify

        assert verify(store).sound
        [case] = json.loads(Desk(store, desk.lang).type("charter cases --json"))
        assert case["status"] == "completed"


def test_what_lists_or_shows_is_json_when_asked(desk: Desk) -> None:
    transcript(desk, "\n".join(LEAVE.strip().splitlines()[:18]))
    for line in ("charter inbox --as wang", "charter show 1", "charter cases", "charter people list",
                 "charter people show li", "charter impact 1 request", "charter audit why 1 decide",
                 "charter audit trace 1 request", "charter audit as-of 1 #3", "charter audit verify",
                 "charter kpi leave_request"):  # fmt: skip
        assert json.loads(desk.type(f"{line} --json".replace("#3", "'#3'"))), line
        assert desk.code == 0
    rows = [json.loads(row) for row in desk.type("charter audit log 1 --format jsonl").splitlines()]
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert len(desk.type("charter audit log 1 --format csv").splitlines()) == len(rows) + 1


# --- values from flags and files


TASK = RecordType("task", "任务", (
    Field("name", "名称", TypeRef("text")),
    Field("due", "期限", TypeRef("date")),
    Field("cost", "成本", TypeRef("money"), optional=True),
))  # fmt: skip
PLAN = RecordType("plan", "计划", (
    Field("tasks", "任务", TypeRef("list", item=TypeRef("record", record="task"))),
    Field("tags", "标签", TypeRef("list", item=TypeRef("text")), optional=True),
    Field("when", "时间", TypeRef("period"), optional=True),
    Field("share", "比例", TypeRef("percent"), optional=True, where="share <= 100%"),
    Field("urgency", "紧急", TypeRef("choice", choices=("high", "low")), optional=True),
    Field("paper", "文件", TypeRef("file"), optional=True),
))  # fmt: skip


def reader(folder: Path) -> Reader:
    return Reader([TASK, PLAN], lambda path: values.File("0" * 64, path.name, path.stat().st_size), base=folder)


def given_values(folder: Path, sets: list[str], data: list[str] | None = None, current: object = None) -> Gathered:
    pairs = [(s.partition("=")[0], s.partition("=")[2]) for s in sets]
    return gather(reader(folder), ["plan"], pairs, data or [], {} if current is None else {"plan": current})


def test_flags_files_and_tables_give_the_same_plan(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(
        '{"tasks": [{"name": "a, b", "due": "2026-03-01", "cost": "12.50 CNY"}, {"name": "c", "due": "2026-03-02"}]}'
    )
    (tmp_path / "plan.yaml").write_text(
        "任务:\n- {名称: 'a, b', 期限: 2026-03-01, 成本: 12.50 CNY}\n- name: c\n  due: 2026-03-02\n"
    )
    (tmp_path / "tasks.csv").write_text('名称,due,成本\n"a, b",2026-03-01,12.50 CNY\nc,2026-03-02,\n')
    flags = ["plan.tasks[1].name=a, b", "tasks[1].due=2026-03-01", "tasks[1].cost=CNY 12.50", "tasks[2].name=c",
             "tasks[2].due=2026-03-02"]  # fmt: skip
    plans = [
        given_values(tmp_path, flags),
        *(given_values(tmp_path, [], [spec]) for spec in (
            str(tmp_path / "plan.json"), str(tmp_path / "plan.yaml"), f"tasks={tmp_path / 'tasks.csv'}",
            f"plan.tasks={tmp_path / 'tasks.csv'}", str(tmp_path / "tasks.csv"),
        )),
    ]  # fmt: skip
    assert all(not plan.faults for plan in plans)
    assert len({values.digest(plan.records["plan"]) for plan in plans}) == 1
    assert plans[0].records["plan"]["tasks"][0]["cost"] == values.Money(values.decode({"number": "12.5"}), "CNY")


def test_set_changes_the_current_value_and_nothing_else(tmp_path: Path) -> None:
    before = {"tasks": [{"name": "a", "due": {"date": "2026-03-01"}}], "share": {"number": "0.5"}}
    found = given_values(tmp_path, ["tasks[1].due=2026-04-01"], current=before)
    assert not found.faults
    assert values.encode(found.records["plan"]) == {**before, "tasks": [{"name": "a", "due": {"date": "2026-04-01"}}]}
    assert before["tasks"] == [{"name": "a", "due": {"date": "2026-03-01"}}]


@pytest.mark.parametrize(("flag", "path", "expected"), [
    ("share=many", "plan.share", "percent"),
    ("when=tomorrow", "plan.when", "period"),
    ("when=2026-03-01..soon", "plan.when.end", "date"),
    ("tasks[1].cost=12", "plan.tasks[1].cost", "money"),
    ("tasks[1].due=2026-02-30", "plan.tasks[1].due", "date"),
    ("urgency=medium", "plan.urgency", "choice"),
    ("paper=nowhere.pdf", "plan.paper", "file"),
])  # fmt: skip
def test_what_does_not_read_is_said_with_its_path(tmp_path: Path, flag: str, path: str, expected: str) -> None:
    [fault] = given_values(tmp_path, [flag]).faults
    assert isinstance(fault, Misfit)
    assert (fault.path, fault.expected) == (path, expected)


def test_repeated_flags_make_a_list(tmp_path: Path) -> None:
    assert given_values(tmp_path, ["tags=a; b", "share=5%"]).records["plan"]["tags"] == ["a", "b"]
    assert given_values(tmp_path, ["tags=a; b", "tags=c"]).records["plan"]["tags"] == ["a; b", "c"]


SHOWN = {
    "number": st.decimals(-10**12, 10**12, allow_nan=False, places=3),
    "money": st.builds(values.Money, st.decimals(0, 10**9, places=2), st.sampled_from(("CNY", "EUR"))),
    "boolean": st.booleans(),
    "date": st.dates().map(lambda d: values.Date(d.year, d.month, d.day)),
    "duration": st.builds(values.Span.of, st.integers(1, 50), st.sampled_from(("days", "working days", "hours"))),
    "text": st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda t: t.strip() == t),
}


@given(st.sampled_from(sorted(SHOWN)).flatmap(lambda kind: st.tuples(st.just(kind), SHOWN[kind])))
def test_what_is_shown_can_be_typed_again(pair: tuple[str, object]) -> None:
    kind, value = pair
    text = shown(values.encode(value))
    found = Reader([], lambda path: pytest.fail(str(path))).value(text, TypeRef(kind), "x")
    assert values.encode(found) == values.encode(value)


@given(st.text(max_size=60), st.sampled_from((".json", ".yaml", ".csv")))
def test_any_data_file_reads_or_says_why_not(text: str, suffix: str) -> None:
    try:
        parse(text, suffix)
    except Unreadable as error:
        assert str(error)


@given(st.recursive(st.text(max_size=8), lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.text(max_size=6), inner, max_size=3), max_leaves=8))  # fmt: skip
def test_any_data_gives_a_value_or_a_misfit(data: object) -> None:
    def ingest(path: Path) -> values.File:
        raise CharterError(str(path))

    there = Reader([TASK, PLAN], ingest, base=Path("/nonexistent"))
    value = there.value(data, TypeRef("record", record="plan"), "plan")
    values.encode(value)
    assert value is not None or data in ("", None) or there.misfits


@given(st.lists(st.sampled_from(("a", "b", "[1]", "[2]")), min_size=1, max_size=4), st.text(max_size=4))
def test_a_path_is_found_again_where_it_was_put(way: list[str], value: str) -> None:
    if way[0].startswith("["):
        way = ["a", *way]
    tree: dict[str, object] = {}
    put(tree, steps(".".join(way).replace(".[", "[")), value)
    here: object = tree
    for step in way:
        here = here[int(step[1:-1]) - 1] if step.startswith("[") else here[step]  # type: ignore[index]
    assert here == value


# --- the form


def test_the_form_is_asked_on_a_terminal(desk: Desk, tmp_path: Path) -> None:
    for line in ("charter people add li", "charter people grant li chief", "charter people grant li engineer",
                 f"charter deploy {GOLDEN}/files/site.charter --as li", "charter start site_visit --as li",
                 "charter complete 1 --set site=x --set days=1 --as li", "charter signal 1 paid --as li",
                 "charter add 1 visit --item x --as li"):  # fmt: skip
        desk.type(line)
        assert desk.code == 0, line
    (tmp_path / "photo.jpg").write_text("light")
    ours, theirs = pty.openpty()
    line = [sys.executable, "-m", "charter", "complete", "1", "visit[1]", "--as", "li", "--lang", desk.lang]
    child = subprocess.Popen(
        line, stdin=theirs, stdout=theirs, stderr=subprocess.STDOUT, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}
    )
    os.close(theirs)
    # text, no photo, then the two points of the checklist, the second with its evidence after a mistake
    os.write(ours, "现场完成\n\ny\ny\nnowhere.jpg\nphoto.jpg\n".encode())
    said = b""
    with contextlib.suppress(OSError):  # a terminal whose other end is closed
        while block := os.read(ours, 4096):
            said += block
    os.close(ours)
    assert child.wait() == 0, said.decode()
    state = desk.cases.state(desk.cases.resolve("1"))
    assert state.nodes["visit[1]"].state == "done"
    assert {c.check for c in state.nodes["visit[1]"].confirmations} == {"safe", "proof"}
    assert state.versions["report[1]"].value == {"text": "现场完成"}


def test_the_form_asks_again_until_a_value_fits(tmp_path: Path) -> None:
    answers = iter(["y", "survey", "tomorrow", "2026-03-01", "", "n", "one", "", "", "150%", "", "2", ""])
    told: list[str] = []
    form = Form(reader(tmp_path), Messages("en"), lambda prompt: next(answers), told.append)
    plan = form.record(PLAN)
    assert values.encode(plan) == {
        "tasks": [{"name": "survey", "due": {"date": "2026-03-01"}}], "tags": ["one"], "urgency": "low",
    }  # fmt: skip
    said = "\n".join(told)
    assert "`due` wants a day, as 2026-03-01, not `tomorrow`" in said
    assert "share <= 100%" in said
    assert next(answers, None) is None

"""How the command line behaves on a terminal while it works: interrupted at any time, and showing how far it is."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from tests.desk import Desk
from tests.verbs import verbs

from charter.dsl.messages.languages import LANGUAGES
from charter.dsl.text.width import display_width, folded, wrap
from charter.runtime.cli.main import run
from charter.runtime.cli.messages import Messages
from charter.runtime.cli.output import Cell, Output

ROOT = Path(__file__).parents[2]
INTERRUPTED = """
import sys
class Ctrl_C:
    def find_spec(self, name, *_):
        if name == "click":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Ctrl_C())
from charter.runtime.cli.entry import main
main()
"""


def test_an_interrupt_while_modules_are_imported_ends_quietly() -> None:
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (130, "")


def on_terminal(*line: str, columns: int = 80) -> tuple[str, str]:
    """Runs a command line with standard error on a terminal; gives what came out and what the terminal got."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "charter", *line]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": str(columns)}
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, text=True, env=environment)
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so when the other side is closed
            break
        if not part:
            break
        shown += part
    said, _ = running.communicate()
    os.close(ours)
    return said, shown.decode()


def test_long_work_shows_how_far_it_is_and_short_work_does_not(tmp_path: Path) -> None:
    for number in range(25):
        (tmp_path / f"{number}.charter").write_text(f"process p{number}\n  role clerk\n  activity a\n    role clerk\n")
    said, shown = on_terminal("check", str(tmp_path), "--lang", "en")
    assert said == "25 files: no problems found\n"
    assert "25/25" in shown
    said, shown = on_terminal("check", str(tmp_path / "1.charter"), "--lang", "en")
    assert (said, shown) == ("1 file: no problems found\n", "")


WORDS = st.text("ab,.`", min_size=1, max_size=30) | st.text("案例已完成，。（“”", min_size=1, max_size=60)


@given(st.lists(WORDS, min_size=1, max_size=30).map(" ".join), st.integers(0, 6), st.integers(40, 120))
def test_a_folded_line_has_room_and_loses_nothing(text: str, indent: int, columns: int) -> None:
    line = " " * indent + text
    first, *rest = folded(line, columns)
    assert all(display_width(each) <= columns for each in (first, *rest))
    assert "".join([first, *rest]).replace(" ", "") == text.replace(" ", "")
    assert first.startswith(" " * indent + text[0])
    assert all(each.startswith(" " * (indent + 2)) for each in rest)
    assert folded(line, display_width(line)) == [line]


def test_nothing_that_closes_begins_a_line_and_nothing_that_opens_ends_one() -> None:
    assert wrap("主管介入, 维修", 8) == ["主管介", "入, 维修"]
    assert wrap("主管介入（王强）", 10) == ["主管介入", "（王强）"]
    assert wrap("主管介入（ada）", 10) == ["主管介入", "（ada）"]


def test_a_word_without_room_is_left_to_the_terminal() -> None:
    line = "  --> " + "a/" * 60 + "b.charter:7"
    assert folded(line, 60) == [line]


@pytest.mark.parametrize("lang", ["en", "zh", "zh-Hant"])
@pytest.mark.parametrize(
    "line",
    ["check nowhere.charter", "complete 1 apply --data - --as li", "explain CH999", "check --formt full", "chek"],
)
def test_what_goes_to_standard_error_is_folded_too(lang: str, line: str, tmp_path: Path) -> None:
    _, shown = on_terminal(*line.split(), "--lang", lang, "--db", str(tmp_path / "c.db"), columns=44)
    _, wide = on_terminal(*line.split(), "--lang", lang, "--db", str(tmp_path / "c.db"), columns=2000)
    paths = re.compile(re.escape(str(tmp_path)))
    told = [row for row in shown.splitlines() if not paths.search(row)]
    assert told and all(display_width(row) <= 44 for row in told)
    assert re.sub(r"\s", "", shown) == re.sub(r"\s", "", wide)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_help_has_room_but_for_what_is_to_be_copied(lang: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("", *(name for name, _ in verbs())):
        shown = Terminal()
        monkeypatch.setattr(sys, "stdout", shown)
        assert run([*name.split(), "--help", "--lang", lang]) == 0
        help, _, _ = shown.getvalue().partition(Messages(lang)("frame.examples"))
        assert [line for line in help.splitlines() if display_width(line) > columns] == [], name


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_table_keeps_its_grid_on_a_narrow_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns fold within themselves, what is to be copied stays whole, and no word is lost."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    reason = "sent back by wang at decide: 报价单缺少盖章页，请补齐后重新提交"
    command = "charter complete 1 apply"
    shown, piped = Terminal(), io.StringIO()
    for stream in (shown, piped):
        output = Output(Messages("en"), stream)
        output.table(["case", "why", "next"], [["#1", reason, Cell(command, whole=True)], ["#2", "offered", ""]])
    lines = shown.getvalue().splitlines()
    assert all(display_width(line) <= columns for line in lines)
    assert sum(command in line for line in lines) == 1
    assert "".join(line[6 : len(line) if command not in line else line.index(command)] for line in lines[1:-1]).replace(
        " ", ""
    ) == reason.replace(" ", "")
    assert len(piped.getvalue().splitlines()) == 3


def test_what_is_to_be_copied_stands_under_its_row_where_there_is_no_room_beside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    shown = Terminal()
    rows = [["#1", "you stand in for lea", Cell("charter approve 1 decide --for lea", whole=True)]]
    Output(Messages("en"), shown).table(["case", "why", "next"], [*rows, ["#2", "offered", Cell("", whole=True)]])
    assert shown.getvalue().splitlines() == [
        "case  why",
        "#1    you stand in for lea",
        "      charter approve 1 decide --for lea",
        "#2    offered",
    ]


def test_no_text_of_a_person_speaks_to_the_terminal(desk: Desk, tmp_path: Path) -> None:
    evil = "\x1b]0;x\x07\x1b[2J\x9b31m\u202ex"
    text = f'process p "{evil}"\n  owner r\n  role r "{evil}"\n  record q\n    a text\n'
    (tmp_path / "p.charter").write_text(f'{text}  activity x "{evil}"\n    role r\n    output q\n')
    (tmp_path / evil).write_text("")
    word = shlex.quote(evil)
    said = ""
    for line in (
        "charter init --name WORD --as li",
        "charter people grant li r --as li",
        "charter deploy p.charter --as li",
        "charter start p --as li",
        "charter comment 1 WORD --as li",
        "charter attach 1 WORD --as li",
        "charter complete 1 x --set a=WORD --as li",
        "charter reopen 1 x --reason WORD --as li",
        "charter show 1 --records",
        "charter show 1 --json",
        "charter inbox --as li",
        "charter people list",
        "charter graph 1",
        "charter cases",
        "charter audit log 1",
        "charter audit log 1 --format jsonl",
        "charter audit why 1 x",
        "charter audit trace 1 q",
        "charter audit as-of 1 '#6'",
    ):
        said += desk.type(line.replace("WORD", word))
        assert desk.code == 0, line
    for line in (
        "charter WORD",
        "charter show WORD",
        "charter claim 1 WORD --as li",
        "charter claim 1 x --as WORD",
        "charter audit query WORD",
        "charter deploy no/WORD --as li",
        "charter check no/WORD",
    ):
        said += desk.type(line.replace("WORD", word))
        assert desk.code != 0, line
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", said)
    rows = [json.loads(row) for row in desk.type("charter audit log 1 --format jsonl").splitlines()]
    assert evil in [row.get("data", {}).get("text") for row in rows]


def test_the_form_is_asked_on_a_terminal(desk: Desk, tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "golden" / "cli_cases" / "files" / "site.charter", tmp_path)
    for line in (
        "charter init --as li",
        "charter people grant li chief --as li",
        "charter people grant li engineer --as li",
        "charter deploy site.charter --as li",
        "charter start site_visit --as li",
        "charter complete 1 --set site=x --set days=1 --as li",
        "charter signal 1 paid --as li",
        "charter add 1 visit --item x --as li",
    ):
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

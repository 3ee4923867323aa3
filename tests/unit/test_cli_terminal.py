"""How the command line behaves on a terminal while it works: interrupted at any time, and showing how far it is."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from charter.dsl.text.width import display_width
from charter.runtime.cli.messages import Messages
from charter.runtime.cli.output import Cell, Output

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


def on_terminal(*line: str) -> tuple[str, str]:
    """Runs a command line with standard error on a terminal; gives what came out and what the terminal got."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "charter", *line]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "80"}
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
    assert said == "25 files: nothing wrong\n"
    assert "25/25" in shown
    said, shown = on_terminal("check", str(tmp_path / "1.charter"), "--lang", "en")
    assert (said, shown) == ("1 file: nothing wrong\n", "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


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

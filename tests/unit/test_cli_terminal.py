"""How the command line behaves on a terminal while it works: interrupted at any time, and showing how far it is."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

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

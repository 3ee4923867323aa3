"""How the process ends where its output goes nowhere: a full disk, a closed stream, a reader who has left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")
# one line for each way in which a run ends, and how it ends where it is heard
LINES = {
    "--help": 0,
    "": 2,
    "--version": 0,
    "audit --help": 0,
    "completion bash": 0,
    "explain --json": 0,  # more than any buffer holds
    "check {folder}/wrong.charter": 1,
}
# one run of the command line that holds many
DEMO = "demo --folder {folder}/demo"
BUFFERED = pytest.mark.parametrize("buffered", [True, False], ids=["buffered", "unbuffered"])


def charter(
    line: str, folder: Path, *, shell: str = '"$@"', output: int = subprocess.PIPE, buffered: bool = True, **more: str
) -> subprocess.CompletedProcess[str]:
    """Runs `charter LINE` as a shell does, its streams led as `shell` says after `"$@"`."""
    (folder / "wrong.charter").write_text("process x\n  activty y\n", "utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    if not buffered:
        environment["PYTHONUNBUFFERED"] = "1"
    words = [word.format(folder=folder) for word in line.split()]
    return subprocess.run(
        ["/bin/sh", "-c", shell, "sh", sys.executable, "-m", "charter", *words],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**environment, **more},
        check=False,
    )


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
@BUFFERED
@pytest.mark.parametrize("line", [*LINES, DEMO])
def test_output_that_cannot_be_written_is_a_coded_error(line: str, buffered: bool, tmp_path: Path) -> None:
    ended = charter(line, tmp_path, shell=f'"$@" >{FULL}', buffered=buffered)
    assert ended.returncode == 74, ended.stderr
    [told] = ended.stderr.splitlines()
    assert "CH095" in told


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
@BUFFERED
@pytest.mark.parametrize(("line", "code"), [("nothing", 2), ("check {folder}/none.charter", 4), ("--version", 0)])
def test_where_an_error_cannot_be_told_the_exit_code_still_tells(
    line: str, code: int, buffered: bool, tmp_path: Path
) -> None:
    assert charter(line, tmp_path, shell=f'"$@" 2>{FULL}', buffered=buffered).returncode == code
    assert charter(line, tmp_path, shell='"$@" 2>&-', buffered=buffered).returncode == code


@BUFFERED
@pytest.mark.parametrize(("line", "code"), LINES.items())
def test_a_closed_output_is_no_failure(line: str, code: int, buffered: bool, tmp_path: Path) -> None:
    ended = charter(line, tmp_path, shell='"$@" <&- >&-', buffered=buffered)
    assert (ended.returncode, ended.stderr) == (code, "")


@BUFFERED
@pytest.mark.parametrize(("line", "code"), LINES.items())
def test_a_reader_who_has_left_is_no_failure(line: str, code: int, buffered: bool, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = charter(line, tmp_path, output=writing, buffered=buffered)
    os.close(writing)
    # a verb that is cut off while it writes has found nothing yet
    assert ended.returncode in {0, code} and ended.stderr == ""


def test_a_shell_that_asks_for_words_gets_no_traceback_either(tmp_path: Path) -> None:
    asked = {"_CHARTER_COMPLETE": "bash_complete", "COMP_WORDS": "charter ch", "COMP_CWORD": "1"}
    ended = charter("", tmp_path, **asked)
    assert (ended.stdout, ended.stderr) == ("plain,check\nplain,channels\n", "")
    if FULL.exists():
        ended = charter("", tmp_path, shell=f'"$@" >{FULL}', **asked)
        assert ended.returncode == 74 and ended.stderr.startswith("error[CH095]")

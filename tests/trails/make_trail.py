"""Makes a trail for the corpus: plays a story with the command line of an earlier commit, and keeps the database.

    python tests/trails/make_trail.py COMMIT STORY

STORY names a file of `stories/`: files, each after a line with its name (`--- ask.charter`), then the lines that are
typed (`$ complete 1 ask --as li`), and `later 3 days` where the clock moves on. The story `demo` is the demo of that
build. Writes `STORY-COMMIT.db.xz`; `pytest tests/trails --regen` then writes what `audit verify` says of it. What the
old build itself says is printed: its truth must have been sound.
"""

from __future__ import annotations

import lzma
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SPANS = {"minute": 60, "hour": 3600, "day": 86_400}
# Runs the command line of whatever build comes first in the path, with a clock that is some seconds ahead.
TYPED = """
import sys, time
ahead, real, entry = int(sys.argv[1]), time.time_ns, sys.argv[2]
time.time_ns = lambda: real() + ahead * 10**9
module, name = entry.split(":")
sys.argv = ["charter", *sys.argv[3:]]
sys.exit(getattr(__import__(module, fromlist=[name]), name)())
"""


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """Gives the tree of a commit."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        subprocess.run(["git", "-C", str(ROOT), "worktree", "add", "-q", "--detach", str(tree), commit], check=True)
        try:
            yield tree
        finally:
            subprocess.run(["git", "-C", str(ROOT), "worktree", "remove", "--force", str(tree)], check=True)


class Desk:
    """Types lines into the command line of a tree, in a folder of its own."""

    def __init__(self, tree: Path, folder: Path) -> None:
        self.folder = folder
        self.ahead = 0
        self._path = str(tree / "src")
        scripts = re.search(r'^charter = "([\w.:]+)"', (tree / "pyproject.toml").read_text("utf-8"), re.M)
        assert scripts is not None, "this commit has no command line yet"
        self._entry = scripts[1]

    def type(self, *arguments: str) -> None:
        """Runs one line and prints it with all that it says."""
        print("$ charter", *arguments)
        started = [sys.executable, "-c", TYPED, str(self.ahead), self._entry, *arguments]
        environment = {"PYTHONPATH": self._path, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(self.folder)}
        done = subprocess.run(started, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        print(done.stdout, done.stderr, sep="")

    def play(self, story: str) -> None:
        """Writes the files of a story and types its lines."""
        name = None
        for line in story.splitlines():
            if line.startswith("--- "):
                name = line.removeprefix("--- ")
                (self.folder / name).write_text("", "utf-8")
            elif line.startswith("$ "):
                self.type(*re.findall(r'(?:[^\s"]|"[^"]*")+', line.removeprefix("$ ")))
            elif found := re.fullmatch(r"later (\d+) (minute|hour|day)s?", line):
                self.ahead += int(found[1]) * SPANS[found[2]]
            elif name is not None:
                with (self.folder / name).open("a", encoding="utf-8") as file:
                    file.write(line + "\n")


def main(commit: str, story: str) -> None:
    with checked_out(commit) as tree, tempfile.TemporaryDirectory() as folder:
        desk = Desk(tree, Path(folder))
        short = subprocess.run(
            ["git", "-C", str(tree), "rev-parse", "--short=7", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        if story == "demo":
            desk.type("demo", "--folder", "demo")
            desk.folder /= "demo"
        else:
            if (tree / "runtime/cli/init.py").exists():  # builds before it made a database of the first change
                desk.type("init", "--as", "admin")
            desk.play((HERE / "stories" / f"{story}.txt").read_text("utf-8"))
        desk.type("audit", "verify", "--as", "li")
        # One file, without its log beside it.
        with closing(sqlite3.connect(desk.folder / "charter.db")) as raw:
            raw.execute("VACUUM INTO ?", (str(desk.folder / "whole.db"),))
        with lzma.open(HERE / f"{story}-{short}.db.xz", "wb", preset=9 | lzma.PRESET_EXTREME) as packed:
            packed.write((desk.folder / "whole.db").read_bytes())
        kept = desk.folder / "charter-files"
        if kept.is_dir():
            shutil.make_archive(str(HERE / f"{story}-{short}.files"), "xztar", kept)


if __name__ == "__main__":
    main(*sys.argv[1:])

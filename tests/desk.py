"""The verbs as a person types them, at one database and one clock, and what they say."""

from __future__ import annotations

import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from charter.runtime.cli.consulted import ALSO_LOOK, LOOKS
from charter.runtime.cli.context import Context
from charter.runtime.cli.main import run
from charter.runtime.cli.messages import Messages
from charter.runtime.host.cases import Cases
from charter.runtime.store import Store

START = 1_772_413_200_000_000  # Monday 2026-03-02 01:00 UTC


class Desk:
    """One database, one clock, and the verbs as a person types them.

    Whoever looks without saying who they are is `reader`, who founded the database, as if CHARTER_PERSON named them.
    """

    def __init__(self, store: Store, lang: str) -> None:
        self.at = START
        self.store = store
        self.cases = Cases(store, clock=lambda: self.at)
        self.lang = lang
        self.code = 0
        self.reader: str | None = None
        self.beside: StringIO | None = None  # takes what goes to standard error; None: as on a terminal

    def type(self, line: str) -> str:
        if not line.startswith("charter init"):  # who founds is there before the day begins
            self.at += 60_000_000
        words = shlex.split(line)[1:]
        if words[:1] == ["init"] and "--as" in words and self.reader is None:
            self.reader = words[words.index("--as") + 1]
        looks = not {" ".join(words[:1]), " ".join(words[:2])}.isdisjoint(LOOKS | ALSO_LOOK)
        context = Context(Messages(self.lang), Path(self.store.url).name, self.reader if looks else None)
        context.__dict__.update(store=self.store, cases=self.cases, now=self.at)
        out = StringIO()
        with redirect_stdout(out), redirect_stderr(self.beside or out):
            self.code = run(words, context)
        return out.getvalue()

    def play(self, lines: str) -> None:
        """Types what has to be there first, each line of which is to go well."""
        for line in filter(None, lines.splitlines()):
            said = self.type(line)
            assert self.code == 0, (line, said)


def masked(text: str) -> str:
    """Puts words where every run has its own: case ids, hashes, who runs it."""
    text = re.sub(r"charter/[0-9a-f]{16}\+[0-9a-f]{8}\+[\w+/]+", "charter/KEY", text)
    text = re.sub(r"\b[a-z][a-z0-9]{15}\b", "CASEIDCASEIDCASE", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "HASH", text)
    text = re.sub(r"\b[0-9a-f]{12}\b(?=[)）]|\n|  )", "DIGEST", text)
    text = re.sub(r'"digest": "[0-9a-f]+"', '"digest": "HASH"', text)
    text = re.sub(r"(\d{6}Z(?:, |，))[\w/+:-]+(?=[)）])", r"\1ZONE", text)
    return re.sub(r"\S+@\S+  Charter \S+", "ACCOUNT@HOST  Charter VERSION", text)


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

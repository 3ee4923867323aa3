"""English as its readers write it: no sentence has a turn of phrase that is always wrong there.

Only what no sentence needs is banned. Each pattern has a sentence that it finds, and one beside it that is right.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
# pattern, what it finds, what may stay
BANNED = (
    (
        r"(?<![Tt]here )\b(?:is|are|was|were) no (?!longer\b|more\b)",
        "`x` is no date",
        "there is no file; it is no longer open",
    ),
    (r"\b[Ww]hoever\b", "whoever opens a case", "the person who opens a case"),
    (
        r"\b[Ss]tands?\b(?!-in|[ -]ins?\b|s? for\b| alone\b)",
        "what may stand here",
        "names stand alone; it stands for a value; a stand-in",
    ),
    (r"\bcannot be (?:meant|taken in)\b", "the line cannot be meant", "the line cannot be read"),
    (r"\bbe it\b", "a record, be it empty", "a record, even an empty one"),
    (r"\b[Nn]obody is called\b", "nobody is called `ann`", "unknown person `ann`"),
    (r"\bof which (?:nobody|nothing)\b", "a record of which nobody knows", "a record that nobody knows"),
    (r"(?<![Tt]here )\b(?:is|are) none\b(?! of)", "the process has one, and this is none", "this is none of them"),
    (
        r"(?<!can )(?<!cannot )\b[Tt]ells? (?:which|what|when|where|why|whether|how)\b",
        "tells which are open",
        "cannot tell whether it ends; shows which are open",
    ),
    (r"\bwanted\b", "a record that is wanted here", "a record that is required here"),
    (r"\bfor ever\b", "waits for ever", "waits forever"),
    (r"\banew\b", "does it anew", "does it again"),
    (r"\b[Mm]end(?:s|ed|ing)?\b", "mend the file", "fix the file"),
    (r"\bcomes? round\b", "the phase comes round", "the phase repeats"),
    (
        r"\bbehind (?:its|`|the (?:name|word|point|field|arrow|colon)\b)",
        "the type behind the name",
        "the facts behind each figure",
    ),
)


def texts(node: Any, name: str) -> Iterator[tuple[str, str]]:
    """The sentences of a table, each with where it is."""
    for key, value in node.items():
        if isinstance(value, dict):
            yield from texts(value, f"{name}.{key}")
        elif not key.startswith("example"):
            yield f"{name}.{key}", value


def spoken(path: Path) -> Iterator[tuple[str, str]]:
    """The sentences that a module says itself: its texts of several words, docstrings aside."""
    tree = ast.parse(path.read_text("utf-8"))
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    said = (n for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in silent)
    yield from (
        (f"{path.relative_to(ROOT)}:{n.lineno}", n.value)
        for n in said
        if isinstance(n.value, str) and " " in n.value.strip()
    )


def bare(text: str) -> str:
    """A text without what others write in it: `code` and {placeholders}."""
    return re.sub(r"`[^`]*`|\{\w+\}", "`x`", text)


@cache
def sentences() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for room in ("engine", "dsl", "runtime"):
        for path in sorted((ROOT / room).rglob("*.py")):
            found += spoken(path)
    for room in ("dsl", "runtime"):
        found += texts(tomllib.loads((ROOT / room / "messages/en.toml").read_text("utf-8")), room)
    for page in sorted([*ROOT.glob("dsl/diagnostics/CH*.md"), *ROOT.glob("runtime/pages/CH*.md")]):
        found.append((page.name, page.read_text("utf-8").partition("\n## 中文")[0].partition("\n")[2]))
    for page in [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]:
        if ".zh." not in page.name:
            found.append((page.name, re.sub(r"(?s)```.*?```", "", page.read_text("utf-8"))))
    return found


@cache
def bared() -> list[tuple[str, str]]:
    return [(name, bare(text)) for name, text in sentences()]


@pytest.mark.parametrize(("pattern", "wrong", "right"), BANNED, ids=[row[1] for row in BANNED])
def test_no_sentence_reads_as_translated(pattern: str, wrong: str, right: str) -> None:
    banned = re.compile(pattern)
    assert banned.search(wrong) and not banned.search(right)
    read = bared()
    assert [
        (name, text[max(m.start() - 40, 0) : m.end() + 30]) for name, text in read for m in banned.finditer(text)
    ] == []


def test_the_sentences_are_found() -> None:
    assert len(sentences()) > 1500

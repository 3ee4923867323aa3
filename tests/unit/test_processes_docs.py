"""What the documentation shows is what the product does: examples are compiled, transcripts are run and compared.

In a page, a fence `charter` is an example: a whole file when it begins at the margin, and then
its scenarios are played; else lines of a process. A
comment `<!-- file: NAME -->` before a fence puts its text into the folder in which the page's `console` fences run.
In those, a line `$ charter …` is a command, the lines below it its output; `pytest --regen` writes them anew.
"""

from __future__ import annotations

import io
import os
import random
import re
import secrets
import shlex
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from charter.dsl.check import resolve, types, uses
from charter.dsl.passes import compile
from charter.dsl.text import source
from charter.dsl.text.parser import parse
from charter.dsl.text.source import read
from charter.dsl.text.words import Language, table
from charter.runtime.author.scenarios import play
from charter.runtime.cli.errors import EXITS
from charter.runtime.cli.main import run

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "README.md",
    "README.zh-CN.md",
    "docs/tutorial.md",
    "docs/tutorial.zh.md",
    "docs/language.md",
    "docs/language.zh.md",
    "docs/dmn.md",
    "docs/dmn.zh.md",
    "docs/improvement.md",
    "docs/improvement.zh.md",
)
# a page in English, and the one that says the same in Chinese
TWINS = {"README.md": "README.zh-CN.md"} | {
    f"docs/{page.name}": f"docs/{page.stem}.zh.md" for page in ROOT.glob("docs/*.md") if page.suffixes == [".md"]
}
ALONE = {"docs/keywords.md", "docs/performance.md"}  # words of all three spellings, and figures
NINE_O_CLOCK = 1_772_442_000_000_000_000  # Monday 2 March 2026, 09:00 UTC, in nanoseconds
_FENCE = re.compile(
    r"(?:<!-- file: (?P<name>\S+) -->\n)?^```(?P<kind>charter|console|text|json|yaml|xml)\n(?P<text>.*?)^```$",
    re.M | re.S,
)


@dataclass(frozen=True)
class Fence:
    kind: str
    name: str | None
    text: str
    start: int
    end: int


def fences(page: str) -> Iterator[Fence]:
    for found in _FENCE.finditer(page):
        yield Fence(found["kind"], found["name"], found["text"], found.start("text"), found.end("text"))


def examples() -> list[tuple[str, int, str]]:
    found = []
    for page in PAGES:
        text = (ROOT / page).read_text("utf-8")
        found += [(page, text.count("\n", 0, f.start), f.text) for f in fences(text) if f.kind == "charter"]
    return found


@pytest.mark.parametrize(("page", "line", "text"), [pytest.param(*e, id=f"{e[0]}:{e[1]}") for e in examples()])
def test_an_example_is_in_the_language(
    page: str, line: int, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if text.startswith(" "):
        fragment = read("process fragment\n" + text, "fragment.charter")
        found = (*fragment.diagnostics, *parse(fragment).diagnostics)
    else:
        beside = {f.name: f.text for f in fences((ROOT / page).read_text("utf-8")) if f.name}
        monkeypatch.chdir(tmp_path)
        for name in beside:
            (tmp_path / name).write_text(beside[name], "utf-8")
        compiled = compile(
            "page.charter",
            text,
            lambda path: beside[path].encode() if path in beside else (ROOT / "processes" / path).read_bytes(),
        )
        found = compiled.diagnostics
        failed = [play(s, compiled.definitions).failure for s in compiled.scenarios]
        assert not any(failed), failed
    assert [d for d in found if d.is_error] == []


@dataclass(frozen=True)
class Outline:
    """What a page and its twin have in common, whatever their language."""

    headings: list[str]
    fences: list[str]
    rows: list[int]  # of each table
    points: list[int]  # of the lists under each heading
    codes: set[str]
    flags: set[str]
    verbs: set[str]


def outline(page: str) -> Outline:
    text = (ROOT / page).read_text("utf-8")
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    return Outline(
        headings=re.findall(r"^(#+) ", prose, re.M),
        fences=re.findall(r"^```(\w+)$", text, re.M),
        rows=[block.count("\n") for block in re.findall(r"(?:^ *\|.*\n)+", prose, re.M)],
        points=[len(re.findall(r"^- ", part, re.M)) for part in re.split(r"^#", prose, flags=re.M)],
        codes=set(re.findall(r"CH\d{3}", prose)),
        flags=set(re.findall(r"--[a-z][a-z-]+", text)),
        verbs=set(re.findall(r"(?<!from )\bcharter ([a-z][a-z-]+)", text)),
    )


@pytest.mark.parametrize("page", sorted({*TWINS} - ALONE))
def test_a_page_and_its_twin_tell_the_same(page: str) -> None:
    assert outline(TWINS[page]) == outline(page)


@pytest.mark.parametrize(("page", "language"), [("docs/language.md", "en"), ("docs/language.zh.md", "zh-Hans")])
def test_the_reference_knows_every_word(page: str, language: Language) -> None:
    shown = " ".join(re.findall(r"^```.*?^```$|`[^`]+`", (ROOT / page).read_text("utf-8"), re.M | re.S))
    words = [w[0] for section in ("lines", "types", "policies") for w in table(language)[section].values()]
    facts = [*types.ELEMENT.fields, *types.CASE.fields, *types.PROCESS.fields]
    assert [word for word in (*words, *facts) if word not in " ".join(shown.split())] == []


@pytest.mark.parametrize(("page", "heading"), [("docs/language.md", "Limits"), ("docs/language.zh.md", "限度")])
def test_the_reference_tells_the_limits(page: str, heading: str) -> None:
    page = (ROOT / page).read_text("utf-8").split(f"## {heading}\n")[1].split("## ")[0]
    told = {int(number) for number in re.findall(r"\d+", page)}
    assert {*resolve.LIMITS.values(), *uses.LIMITS.values(), *list(source.LIMITS.values())[1:]} <= told


def test_there_are_examples_to_read() -> None:
    assert len(examples()) > 15


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A clock that moves a second a look and ids from a seed, so that a transcript is the same every time."""
    now = iter(range(NINE_O_CLOCK, 2**62, 1_000_000_000))
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(time, "time_ns", lambda: next(now))
    seed = random.Random(7)
    monkeypatch.setattr(secrets, "choice", seed.choice)
    monkeypatch.setattr(secrets, "randbits", seed.getrandbits)
    monkeypatch.setattr(os, "urandom", seed.randbytes)  # of which cases have their ids
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("page", PAGES)
def test_a_transcript_is_what_happens(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8" if ".zh" in page else "C.UTF-8")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "processes").symlink_to(ROOT / "processes")
    text = (ROOT / page).read_text("utf-8")
    new, at = "", 0
    for fence in fences(text):
        if fence.name is not None:
            (tmp_path / fence.name).write_text(fence.text, "utf-8")
        if fence.kind == "console":
            new += text[at : fence.start] + played(fence.text)
            at = fence.end
    new += text[at:]
    if request.config.getoption("--regen"):
        (ROOT / page).write_text(new, "utf-8")
        text = new
    assert new == text


def played(transcript: str) -> str:
    out = []
    for line in transcript.splitlines():
        if not line.startswith("$ "):
            continue
        program, *arguments = shlex.split(line[2:])
        assert program == "charter", line
        shown = io.StringIO()
        with redirect_stdout(shown), redirect_stderr(shown):
            run(arguments)
        out.append(f"{line}\n{shown.getvalue()}")
    return "\n".join(out)


@pytest.mark.parametrize("page", ["docs/exit-codes.md", "docs/exit-codes.zh.md"])
def test_the_page_of_exit_codes_is_the_table(page: str) -> None:
    page = (ROOT / page).read_text("utf-8")
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", page, re.M)] == list(EXITS)


def anchors(page: Path) -> set[str]:
    """The places of a page that a link can lead to: its headings, as they are shown by a viewer of Markdown."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.usefixtures("links")
def test_links_lead_somewhere() -> None:
    lost = []
    for page in sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md"))):
        for link, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", page.read_text("utf-8")):
            target = page.parent / link if link else page
            if "://" not in link and not (target.exists() and (not anchor or anchor in anchors(target))):
                lost.append(f"{page.relative_to(ROOT)}: {link}#{anchor}")
    assert lost == []


def test_the_changelog_is_laid_out_in_one_way() -> None:
    groups = (ROOT / "CHANGELOG.md").read_text("utf-8").split("\n## Unreleased\n")[1].split("\n### ")[1:]
    for group in groups:
        lines = group.partition("\n## ")[0].strip().splitlines()[2:]
        assert [line for line in lines if not line.startswith(("- ", "  ")) or line.startswith("- *")] == []

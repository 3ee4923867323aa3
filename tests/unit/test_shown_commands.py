"""Commands that help texts and pages show can be typed: no misuse is in them, and who acts where that is asked."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.founded import founded

from charter.runtime.cli.main import run
from charter.runtime.cli.messages import FOLDER, section

ROOT = Path(__file__).resolve().parents[2]
USAGE = 2
ENDLESS = re.compile(r"--watch|charter demo|charter work(?! --once)|charter audit witness")
KEY = "example.org/witness+e686676b+BAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"  # for what a file holds: `$(cat …)`


def shown() -> Iterator[tuple[str, str]]:
    for lang in ("en", "zh"):
        for name in tomllib.loads((FOLDER / f"{lang}.toml").read_text("utf-8")):
            for key, text in section(lang, name).items():
                if key.startswith("example_"):
                    yield from ((f"{lang} {name}.{key}", line) for line in text.splitlines())
    for page in sorted({*ROOT.glob("docs/*.md")} - {*ROOT.glob("docs/commands*.md")}):  # those hold the examples above
        for text in re.findall(r"^```(?:sh|text|)\n(.*?)^```", page.read_text("utf-8"), re.M | re.S):
            yield from ((page.name, line.removeprefix("$ ")) for line in text.splitlines())


def test_what_is_shown_can_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHARTER_PERSON", raising=False)
    with founded("charter.db", "zhou"):
        pass
    wrong, tried = [], 0
    for line, place in {line: place for place, line in shown()}.items():
        if not line.startswith("charter ") or ENDLESS.search(line):
            continue
        words = shlex.split(re.sub(r"\$\(cat [^)]*\)", KEY, line), comments=True)[1:]
        words = words[: next((n for n, word in enumerate(words) if word in ("|", ">", ">>", "<", "&&")), None)]
        tried += 1  # nothing is there that they are about: that is no misuse
        capsys.readouterr()
        if run(words) == USAGE:
            wrong.append((place, line, capsys.readouterr().err.splitlines()[0]))
    assert tried > 100
    assert not wrong, "\n".join(": ".join(found) for found in wrong)


@pytest.mark.parametrize(("word", "meant"), [("why", "`audit why`"), ("publish", "`calendar publish`"), ("list", None)])
def test_a_verb_of_a_family_is_found_without_it(
    word: str, meant: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--lang", "en", word]) == USAGE
    told = capsys.readouterr().err
    assert (meant in told) if meant else ("did you mean" not in told)  # several families have a `list`


def test_what_is_to_be_put_in_is_named_in_chinese_to_a_chinese_reader() -> None:
    names = {name for key in section("zh", "metavars") for name in key.split("|")}
    texts = {page.name: page.read_text("utf-8") for page in (ROOT / "README.zh-CN.md", *ROOT.glob("docs/*.zh.md"))}
    texts["zh.toml"] = (FOLDER / "zh.toml").read_text("utf-8")
    for folder in ("dsl/diagnostics", "runtime/pages"):
        texts |= {p.name: p.read_text("utf-8").partition("\n## 中文\n")[2] for p in (ROOT / folder).glob("*.md")}
    shown = [(place, line) for place, text in texts.items() for line in re.findall(r"`(charter [^`\n]*)`", text)]
    assert len(shown) > 100
    assert [(place, line) for place, line in shown if names & set(re.findall(r"[A-Z]+", line))] == []

"""What a Chinese reader sees is Chinese: its punctuation, its blanks, and no English outside of code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.test_cli_author import commands

from charter.dsl.messages.render import table as sentences
from charter.runtime.cli.main import run
from charter.runtime.cli.messages import section

ROOT = Path(__file__).parents[2]
HAN = "[\u4e00-\u9fff]"
# What is written as it is in every language: code in backticks, commands up to the next Chinese mark, options with
# their values, variables of the environment, files, addresses, times, codes.
CODE = re.compile(
    r"`[^`]*`|\{\{.*?\}\}|\{[^{}]*\}|\"[^\"]*\"|'[^']*'"
    r"|(?:charter|pip|iconv) [^，。；：、（）！？\n]*|(?<![\w-])--?[a-zA-Z][\w-]*(?:[ =][^，。；：、（）\s]+)?"
    r"|[A-Z]+_[A-Z_]+(?:=\w+)?|(?:TZ|LANG)(?:=[\w/.-]+)?|\bCH\d+\b|[\w./]*[\w/]\.(?:md|db|tsv|csv|charter)\b|sqlite:///\S*"
    r"|\d{4}-\d\d(?:-\d\d)?(?:\.\.\S+)?|charter-files"
)
# Words of other languages that Chinese texts keep.
KEPT = re.compile(
    "ANSI|Apache|CNY|CSV|Charter|Ctrl|DMN|FEEL|GBK|HTML|HTTP|ISO|JSON|KPI|Latin|Mermaid|MiB|NUL|OCEL|OMG|PROV|Parquet|PostgreSQL|Python|RFC|SQLite|Shell|SVG|UTC|UTF"
    "|Unicode|XES|XML|YAML|Base|CloudEvents|IP|POST|RACI|VS|Slack|Standard|Teams|Webhooks?"
)
# Sentences whose parts are set apart by two blanks, as columns are.
COLUMNS = {
    "changes.before",
    "changes.after",
    *(f"test.{word}" for word in ("passed", "failed", "expected", "where", "actual")),
}
# What is the same in every language: the program's name before a misuse, a place in Python.
SAME = {
    "frame.misuse",
    "usage.shards",
    *(f"metavars.{word}" for word in ("MODULE:FUNCTION", "HOST[:PORT]", "HH:MM-HH:MM", "hour|HH:MM")),
}


def faults(text: str, *, columns: bool = False) -> list[str]:
    """Says what in a text is not as Chinese is written."""
    plain = CODE.sub("\0", text)
    found = [f"half-width: {m[0]}" for m in re.finditer(f"{HAN}[,:;()?!]|[,:;()?!]{HAN}|\\.\\.\\.", plain)]
    found += [f"English: {word}" for word in re.findall("[A-Za-z][A-Za-z]+", plain) if not KEPT.fullmatch(word)]
    # a place may hold Chinese or not, so that its blanks are its sentence's business
    beside = re.sub(r"`[^`]*`", "`", re.sub(r"\{[^{}]*\}", "", text)) if "{{" not in text else ""
    found += [f"no blank: {m[0]}" for m in re.finditer(f"{HAN}[A-Za-z0-9`]|[A-Za-z0-9`]{HAN}", beside)]
    found += [f"blank: {m[0]}" for m in re.finditer(f"{HAN} {HAN}|[，。；：、？！] ", plain)]
    return found if columns or "  " not in plain.strip().replace("\n  ", "") else [*found, "two blanks"]


def leaves(table: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        elif not key.startswith("example_"):
            yield f"{path}{key}", value


def test_the_lint_finds_what_it_is_for() -> None:
    for wrong in ("主管: 王", "审批(初审)", "text 字段", "请写 `a`或 b", "第3行", "请 重试", "等待...", "错误，  重试"):
        assert faults(wrong), wrong
    for right in ("请用 `use` 引用", "用 charter show 查看；否则用 --lang zh", "第 3 行（CSV）", "{count} 件：{names}"):
        assert not faults(right), right


@pytest.mark.parametrize("room", ["dsl", "runtime"])
def test_sentences_are_chinese(room: str) -> None:
    table = sentences("zh") if room == "dsl" else {name: dict(section("zh", name)) for name in SECTIONS}
    wrong = {key: found for key, text in leaves(table) if (found := faults(text, columns=key in COLUMNS))}
    assert wrong.keys() <= SAME, wrong


SECTIONS = re.findall(r"(?m)^\[(\w+)\]$", (ROOT / "runtime/messages/zh.toml").read_text("utf-8"))
PAGES = sorted([*(ROOT / "dsl/diagnostics").glob("*.md"), *(ROOT / "runtime/pages").glob("*.md")])


def test_pages_are_chinese() -> None:
    wrong = {}
    for page in PAGES:
        chinese = page.read_text("utf-8").partition("\n## 中文\n")[2].partition("\n## Example")[0]
        if found := [fault for line in chinese.splitlines() for fault in faults(line)]:
            wrong[page.stem] = found
    assert wrong == {}


def test_help_is_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    """Every verb's help, but for its usage line, the names of its options and its examples."""
    wrong = {}
    for name, _ in commands():
        assert run(["--lang", "zh", *name.split(), "--help"]) == 0
        said = capsys.readouterr().out.partition("\n示例：")[0].splitlines()[1:]
        told = [line.split("  ")[-1] for line in said if not line.strip().startswith("charter ")]
        if found := [fault for line in told for fault in faults(line)]:
            wrong[name] = found
    assert wrong == {}


TRANSCRIPTS = sorted((ROOT / "tests/golden").rglob("*.zh.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.name)
def test_answers_have_chinese_marks(path: Path) -> None:
    """No half-width marks beside Chinese characters, in lines that Charter wrote; data and JSON are what they are."""
    lines = [
        line for line in path.read_text("utf-8").splitlines() if not re.match(r"[$ ]*charter |\s*[\[{}\]\"]", line)
    ]
    wrong = [line for line in lines if re.search(f"{HAN}[,:;()?!]|[,:;()?!]{HAN}", CODE.sub("", line))]
    assert wrong == []

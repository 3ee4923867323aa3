"""Charter speaks traditional Chinese: every sentence and page of the Chinese ones, with nothing simplified left."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from charter.dsl.messages import languages
from charter.dsl.messages.languages import tagged, traditional
from charter.dsl.text.words import table
from charter.runtime.cli import codes
from charter.runtime.cli.main import run

ROOT = Path(__file__).parents[2]
HANT = tomllib.loads((ROOT / "dsl/messages/zh_hant.toml").read_text("utf-8"))
ROWS = HANT["characters"]["rows"].split()
# A character of both, such as 准 of 批准, says nothing of the script.
SIMPLIFIED = set("".join(ROWS[::2])) - set("".join(ROWS[1::2])) - set("".join(HANT["phrases"].values()))


def texts() -> dict[str, str]:
    found = {f: (ROOT / f / "messages/zh.toml").read_text("utf-8") for f in ("dsl", "runtime")}
    return found | {code: codes.page(code).texts["zh"] for code in codes.folders()}


@pytest.mark.parametrize("name", texts())
def test_nothing_simplified_is_left(name: str) -> None:
    written = texts()[name]
    said = traditional(written)
    assert [said[max(0, n - 4) : n + 4] for n, c in enumerate(said) if c in SIMPLIFIED] == []
    if name in ("dsl", "runtime"):
        names = r"(?a)\{\w+\}|^\[.*\]$|^\S+ ="
        assert re.findall(names, said, re.MULTILINE) == re.findall(names, written, re.MULTILINE)


def test_the_table_knows_the_characters_of_most_texts() -> None:
    assert len(SIMPLIFIED) > 2_500
    assert traditional("国际质量审计，发后里") == "國際品質稽核，發後裡"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("请把审批人写在此行", "請把簽核人寫在此行"),
        ("审计追踪的条目", "稽核軌跡的條目"),
        ("数据库文件", "資料庫檔案"),
        ("流程文档、记录与日历", "流程文件、紀錄與行事曆"),
        ("批准标准", "批准標準"),
        ("重复、恢复、答复", "重複、恢復、答覆"),
        ("建立数据库，并成为首任管理员", "建立資料庫，並成為首任管理員"),
        ("周强每周一办理", "周強每週一辦理"),
        ("“另存为” {file} `x`", "「另存新檔」 {file} `x`"),
        ("plain text", "plain text"),
    ],
)
def test_words_are_those_of_taiwan(written: str, said: str) -> None:
    assert traditional(written) == said


def test_a_keyword_that_a_sentence_quotes_can_be_written_so() -> None:
    """Whatever keyword a Chinese sentence quotes, it becomes the one that `fmt --keywords zh-Hant` writes."""
    assert {
        words[0]: traditional(words[0])
        for section, rows in table("zh-Hans").items()
        if section not in ("strangers", "meant")
        for key, words in rows.items()
        if traditional(words[0]) != table("zh-Hant")[section][key][0]
    } == {}


def test_a_keyword_of_simplified_chinese_is_one_of_traditional_chinese() -> None:
    lacking = {
        (word, traditional(word))
        for section, rows in table("zh-Hans").items()
        if section not in ("strangers", "meant")
        for key, words in rows.items()
        for word in words
        if traditional(word) not in table("zh-Hant")[section][key]
    }
    assert lacking == set()


def test_states_are_called_as_a_traditional_process_file_calls_them() -> None:
    first = {state: words[0] for state, words in table("zh-Hant")["states"].items()}
    told = tomllib.loads(traditional((ROOT / "runtime/messages/zh.toml").read_text("utf-8")))["states"]
    assert {state for state in first if state in told and told[state] != first[state]} <= {"open"}


@pytest.mark.parametrize(
    ("tag", "lang"),
    [
        *(("zh-Hant", "zh-Hant"), ("zh-TW", "zh-Hant"), ("zh_HK", "zh-Hant"), ("ZH-hant-MO", "zh-Hant")),
        *(("zh", "zh"), ("zh-CN", "zh"), ("zh_Hans_HK", "zh"), ("zh_SG.UTF-8", "zh")),
        *(("en", "en"), ("en_GB.UTF-8@x", "en"), ("de", None), ("", None), ("zhuang", None)),
    ],
)
def test_a_tag_names_a_language(tag: str, lang: str | None) -> None:
    assert tagged(tag) == lang
    assert lang is None or lang in languages.LANGUAGES


def test_the_command_line_speaks_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "请假.charter"
    file.write_text("流程 请假\n  角色 员工\n  活动 申请\n    角色 主管\n", "utf-8")
    assert run(["check", str(file), "--lang", "zh-TW"]) == 1
    said = capsys.readouterr().out
    assert "錯誤[CH201]：沒有角色 `主管`" in said
    assert "用 `角色 主管` 宣告該角色" in said  # keywords as in the file, which is simplified; so are its names
    assert "请假.charter:4:8" in said
    assert run(["explain", "CH201", "--lang=zh_HK"]) == 0
    shown = capsys.readouterr().out
    assert "錯誤" in shown and "流程 " in shown
    assert {c for c in shown if c in SIMPLIFIED} == set()

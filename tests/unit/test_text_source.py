"""Bytes to logical lines: offsets that stay those of the file, line ends, quotes, and what each limit says."""

from __future__ import annotations

import pytest

from charter.dsl.messages.render import render
from charter.dsl.passes import compile
from charter.dsl.text.parser import parse
from charter.dsl.text.source import LIMITS, ascii_twins, read
from charter.dsl.text.width import display_width, shown

PROCESS = 'process p\n  goal "说"\n  owner a\n'


@pytest.mark.parametrize(
    "data",
    [
        PROCESS.encode(),
        b"\xef\xbb\xbf" + PROCESS.encode(),
        "\ufeff" + PROCESS,
        PROCESS.replace("\n", "\r\n").encode(),
        PROCESS.replace("\n", "  \n\n"),
        PROCESS.replace('"', "“").encode(),
        PROCESS.replace(" a", "　a"),
        PROCESS.rstrip("\n"),
        PROCESS.replace("owner", "owner\t"),
        PROCESS.replace("  ", "\u3000"),
        PROCESS.replace("    ", "  \u3000"),
    ],
)
def test_the_same_file_in_other_bytes(data: bytes | str) -> None:
    parsed = parse(read(data))
    assert not parsed.diagnostics
    assert parsed.tree == parse(read(PROCESS)).tree


def test_offsets_are_those_of_the_file() -> None:
    text = "流程 甲\n  指标 乙\n    公式 （费用 ＞\n      “元，（”） # 注\n  角色　丙"
    source = read(text)
    assert not source.diagnostics
    assert source.working == '流程 甲\n  指标 乙\n    公式 (费用 >       "元，（")    \n  角色 丙'
    assert [source.text[a:b] for a, b, _ in source.lines][-1] == "角色　丙"
    assert source.position(text.index("丙")) == (5, 6)
    assert source.line_text(3) == "    公式 （费用 ＞"


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("计划", 4), ("e\u0301", 1), ("ａ，", 4), ("", 0)])
def test_display_width(text: str, width: int) -> None:
    assert display_width(text) == width


@pytest.mark.parametrize(
    ("data", "code", "shown"),
    [
        (b'process p\n  goal "\xff"\n', "CH101", "\ufffd"),
        (b" " * (LIMITS["bytes"] + 1), "CH102", ""),
        ('process p\n  goal "' + "x" * LIMITS["line"] + '"\n', "CH103", " "),
        ("process p\n\tversion 1\n", "CH104", "\t"),
        ("process p\n  version \x07 1\n", "CH105", "\x07"),
        ('process p\n  goal "a\n  owner b\n', "CH106", '"a'),
        ("process p\n  kpi k\n    formula f(a\n    target > 1\n", "CH107", "("),
        ('process p\n  goal “a "b" c”\n', "CH108", '“a "b" c”'),
        ("".join("  " * n + f"phase p{n}\n" for n in range(70)).replace("phase p0", "process p"), "CH109", "phase p65"),
        ("record r\n  a " + "list of " * 65 + "text\n", "CH109", "list of " * 65 + "text"),
        ("process p\n    phase a\n  version 1\n", "CH110", "version 1"),
        ('process p\n  version 1\n    goal "a"\n', "CH111", 'goal "a"'),
        ("process p\n" + "  wrong\n  version 1\n" * 300, "CH116", "version 1"),
    ],
)
def test_what_is_wrong_with_a_text_is_said_once(data: bytes | str, code: str, shown: str) -> None:
    source = read(data)
    parsed = parse(source)
    found = [d for d in parsed.diagnostics if d.code == code]
    assert [source.text[slice(*d.span)] for d in found] == [shown]
    assert code == "CH116" or len(parsed.diagnostics) == 1
    assert parsed.broken == frozenset(range(len(parsed.tree.items)))


def test_a_word_that_ends_an_expression_is_a_name_after_an_operator() -> None:
    text = """process p
  record r
    size number where size > optional optional
    rest number where rest < 5 + source source R-1
  activity b for each x in concatenate(a) + open open
  activity c
    repeat every 1 day * while while while = while

scenario "s"
  case p
  li does a with r = 1 + because because "x"
"""
    assert parse(read(text)).diagnostics == ()


def test_only_the_item_with_the_mistake_is_broken() -> None:
    parsed = parse(read("process a\n  version 1\nprocess b\n  verison 1\n# c\nprocess c\n  version 1\n"))
    assert [d.code for d in parsed.diagnostics] == ["CH114"]
    assert parsed.broken == {1}
    assert [item.name.text for item in parsed.tree.items] == ["a", "b", "c"]  # type: ignore[attr-defined]


def test_a_lost_top_line_leaves_nothing_to_later_passes() -> None:
    parsed = parse(read("process a\n  version 1\nwhatever x\n  version 1\nprocess c\n"))
    assert parsed.broken == {0, 1}


def test_a_file_in_another_encoding_is_one_diagnostic() -> None:
    text = '流程 采购 "办公用品"\n  负责人 主管（采购\n  角色 主管\n阶段 甲\n  活动 乙\n'
    for data in (text.encode("gb18030"), text.encode("utf-16"), bytes(range(256)) * 40):
        assert [d.code for d in parse(read(data)).diagnostics] == ["CH101"]


def test_full_width_blanks_and_points_are_read_and_shown_as_they_are() -> None:
    source = read("流程 报销\n　　版本：１．０\n　　角色 丁\n　　角色 丁\n".encode(), "t.charter")
    compiled = compile("t.charter", source.text)
    said = render(compiled.diagnostics, compiled.sources, lang="zh")
    assert "4 | 　　角色 丁" in said
    assert "�" not in said
    assert ascii_twins("版本：１．０") == "版本:1.0"


def test_what_cannot_be_seen_is_not_shown() -> None:
    assert shown("a\u3000b\u00a0c", "?") == "a\u3000b\u00a0c"
    assert shown("a\x1b[31m\u202eb\u200b\n\ud800", "?") == "a?[31m?b???"
    assert display_width("हिन्दी") == 5
    assert display_width("ที่") == 1

"""Amounts as Chinese writes them are never off by a factor: what is read is held to plain arithmetic with zeros."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from charter.dsl.check.scopes import is_reserved
from charter.dsl.text.printer import format
from charter.engine import feel
from charter.engine.definition import TypeRef
from charter.engine.feel.own import Money
from charter.runtime.author.intake import READERS, Reader

ZEROS = {"": 0, "千": 3, "万": 4, "萬": 4, "十万": 5, "百万": 6, "百萬": 6, "千万": 7, "亿": 8, "億": 8}
CODES = {"元": "CNY", "人民币": "CNY", "美元": "USD", "欧元": "EUR", "港幣": "HKD", "新台幣": "TWD", "日圓": "JPY"}
figures = st.decimals(0, 10**9, places=2).map(str) | st.integers(0, 10**6).map(str)
DIGITS = "零一二三四五六七八九"


def read(text: str) -> object:
    tree = feel.parse(text).tree
    return None if tree is None else feel.compile(tree).evaluate({})


def shifted(figure: str, zeros: int) -> Decimal:
    """Moves the point of a figure to the right by hand."""
    whole, _, part = figure.partition(".")
    part = part.ljust(zeros, "0")
    return Decimal(f"{whole}{part[:zeros]}.{part[zeros:] or 0}")


@given(figures, st.sampled_from(sorted(ZEROS)), st.sampled_from(sorted(CODES)), st.sampled_from(("", " ")))
def test_behind_the_figure(figure: str, power: str, word: str, blank: str) -> None:
    text = f"{figure}{blank}{power}{word}"
    wanted = Money(shifted(figure, ZEROS[power]), CODES[word])
    assert read(text) == wanted
    assert READERS["money"](text) == wanted


@given(figures, st.sampled_from(sorted(ZEROS)), st.sampled_from("¥￥"), st.sampled_from(("", "元")))
def test_before_the_figure(figure: str, power: str, sign: str, yuan: str) -> None:
    for before in (sign, "人民币", "人民幣 "):
        text = f"{before}{figure}{power}{yuan}"
        assert read(text) == Money(shifted(figure, ZEROS[power]), "CNY") == READERS["money"](text)


WIDE = {ord(half): ord(half) + 0xFEE0 for half in "0123456789.,:%-+"}


@given(
    st.sampled_from(
        (
            ("money", "{}元"),
            ("money", "￥{}"),
            ("number", "{}"),
            ("number", "-{}"),
            ("percent", "{}%"),
            ("duration", "{}天"),
        )
    ),
    figures,
)
def test_full_width_figures_are_entered_like_others(form: tuple[str, str], figure: str) -> None:
    kind, text = form[0], form[1].format(figure)
    reader = Reader([], lambda path: None)  # type: ignore[arg-type, return-value]
    half = reader.value(text, TypeRef(kind), "")
    assert half is not None
    assert reader.value(text.translate(WIDE), TypeRef(kind), "") == half


@given(st.integers(1, 9999), st.sampled_from(("", "万", "亿")))
def test_in_words(number: int, power: str) -> None:
    spelled = ""
    for digit, rank in zip(f"{number:04}", ("千", "百", "十", ""), strict=True):
        spelled += DIGITS[int(digit)] + (rank if digit != "0" else "")
    while "零零" in spelled:
        spelled = spelled.replace("零零", "零")
    text = f"{spelled.strip('零')}{power}元"
    assert read(text) == Money(shifted(str(number), ZEROS[power]), "CNY") == READERS["money"](text)
    assert is_reserved(text)


@pytest.mark.parametrize(
    "text",
    [
        "￥1,500",
        "[￥1,500]",
        "一万五元",
        "一亿五千元",
        "一万零五千元",
        "一百五元",
        "￥1.5.2",
        "5万五元",
        "￥500美元",
        "5万",
        "二百五",
    ],
)
def test_what_could_be_two_amounts_is_none(text: str) -> None:
    tree = feel.parse(text).tree
    assert tree is None or not isinstance(feel.compile(tree).evaluate({}), Money | list) or text[0] == "["
    if tree is not None and text[0] == "[":
        assert feel.compile(tree).evaluate({}) != [Money(Decimal(1), "CNY"), Decimal(500)]


@pytest.mark.parametrize("text", ["￥500-￥200", "￥500 - 2万元", "5万元*2", "max(￥500,3千元)", "[￥500..￥900]"])
def test_amounts_stand_in_expressions(text: str) -> None:
    assert read(text) is not None


@pytest.mark.parametrize(
    "name", ["￥总额", "人民币总额", "人民币500元预算", "预算500元", "h", "min", "半元", "元", "万元"]
)
def test_what_is_no_amount_stays_a_name(name: str) -> None:
    assert not is_reserved(name)
    assert read(f"{{{name}: 7}}.{name}") == 7


@pytest.mark.parametrize(
    "text", ["5万元", "￥500", "人民币 1.5万元", "三十万元", "48h", "3个自然日", "十五天", "一个半小时"]
)
def test_the_formatter_keeps_what_was_written(text: str) -> None:
    file = f"流程 甲\n  角色 乙\n  参数 丙 {{}} = {text}\n"
    said, unread = format(file.format("金额" if "元" in text or "￥" in text else "时长"), "zh-Hant")
    assert not unread and text in said


def spelled(number: int) -> str:
    said = ""
    for digit, rank in zip(f"{number:04}", ("千", "百", "十", ""), strict=True):
        said += DIGITS[int(digit)] + (rank if digit != "0" else "")
    while "零零" in said:
        said = said.replace("零零", "零")
    return said.rstrip("零")


@given(st.integers(1, 9999), st.integers(1, 9999))
def test_in_words_of_two_parts(high: int, low: int) -> None:
    text = f"{spelled(high).lstrip('零')}万{spelled(low)}元"
    assert read(text) == Money(Decimal(high * 10_000 + low), "CNY") == READERS["money"](text), text

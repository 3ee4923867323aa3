"""Colouring for Pygments: nothing of a text is lost, nothing is an error, keywords are what the parser reads."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from pygments import token as k

from charter.dsl.text.highlight import KINDS, CharterLexer
from charter.dsl.text.lexer import PATTERNS

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in (ROOT / "processes").rglob("*.charter")}
PAGES = [path for folder in ("docs", "dsl/diagnostics", "runtime/pages") for path in (ROOT / folder).glob("*.md")]
LEXER = CharterLexer(stripnl=False, ensurenl=False)
Cut = list[tuple[object, str]]


def cut(text: str) -> Cut:
    """The coloured pieces of a text, in which all of it must be."""
    found = list(LEXER.get_tokens(text))
    assert "".join(piece for _, piece in found) == text
    assert not [piece for kind, piece in found if kind in k.Error]
    return [(kind, piece) for kind, piece in found if kind is not k.Whitespace]


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_is_coloured_throughout(name: str) -> None:
    assert [piece for kind, piece in cut(SHIPPED[name]) if kind is k.Text] == []


def test_examples_on_pages_are_coloured() -> None:
    examples = [
        text for page in PAGES for text in re.findall(r"^```charter\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)
    ]
    assert len(examples) > 500
    for text in examples:
        assert any(kind in k.Keyword or kind in k.Comment for kind, _ in cut(text)), text


@settings(max_examples=100)
@given(
    st.text() | st.lists(st.sampled_from(("process p\n", "  ", "活动 ", '"', "(", "# c\n", "é", "\ufeff"))).map("".join)
)
def test_any_text_is_kept(text: str) -> None:
    assert "".join(piece for _, _, piece in LEXER.get_tokens_unprocessed(text)) == text


def test_a_word_is_a_keyword_only_where_it_is_read_as_one() -> None:
    assert cut("  ledger key of owner\n  role phase  # who\n  记录 owner\n    owner 人员 optional\n  activity\n") == [
        (k.Keyword, "ledger"),
        (k.Name.Class, "key"),
        (k.Keyword, "of"),
        (k.Name, "owner"),
        (k.Keyword, "role"),
        (k.Name.Class, "phase"),
        (k.Comment.Single, "# who"),
        (k.Keyword, "记录"),
        (k.Name.Class, "owner"),
        (k.Name, "owner"),
        (k.Keyword.Type, "人员"),
        (k.Keyword, "optional"),
        (k.Keyword, "activity"),  # as far as the line can be read
    ]


def test_pygments_finds_the_lexer() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, name = project["entry-points"]["pygments.lexers"]["charter"].partition(":")
    assert getattr(import_module(module), name) is CharterLexer


def test_every_terminal_that_is_no_keyword_has_its_kind() -> None:
    assert {*PATTERNS} - {*KINDS} == {"ROW"}  # which is cut into cells

"""Every sentence in which FEEL and decision tables say why is said in Chinese too."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from charter.dsl.messages.render import detail, word
from charter.engine.feel.builtins import load

ENGINE = Path(__file__).parents[2] / "engine"
# which write FEEL itself, the same in every language
FEEL = {"printer.py", "types.py", "words.py"}
ROOMS = sorted(p for room in ("feel", "decisions") for p in (ENGINE / room).glob("*.py") if p.name not in FEEL)
ROOMS.append(ENGINE.parent / "runtime/audit/query.py")
CHINESE = re.compile("[\u4e00-\u9fff]")
# a word of English: not a sample, not in backticks
ENGLISH = re.compile("[a-z]{2}")
# whose texts are no sentences: signatures and patterns
SILENT = frozenset({"builtin", "compile", "fullmatch", "AssertionError", "AttributeError", "get"})
# what stands for a value in a sentence: a name, a number, a kind of value, a part of a sentence
SAMPLES = ("x", "7", "CNY")


def sentences(tree: ast.AST) -> Iterator[ast.expr]:
    """The texts of a module that people may read, without docstrings."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
        if name in SILENT:
            continue
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            yield node
        else:
            yield from sentences(node)


def spelled(node: ast.expr) -> Iterator[str]:
    """What a text may come to, with samples for its values."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.IfExp):
        yield from spelled(node.value)
    elif isinstance(node, ast.IfExp):
        yield from spelled(node.body)
        yield from spelled(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        for parts in product(*(list(spelled(part)) for part in node.values)):
            yield "".join(parts)
    else:
        yield from SAMPLES


def said(path: Path) -> list[tuple[int, list[str]]]:
    found = []
    for node in sentences(ast.parse(path.read_text(encoding="utf-8"))):
        texts = list(spelled(node))
        if any(re.search(r"[a-z`] [a-z]+ [a-z`]", text) for text in texts) and texts[0] not in load():
            found.append((node.lineno, texts))
    return found


def in_chinese(text: str) -> bool:
    return bool(CHINESE.search(text)) and not ENGLISH.search(re.sub("`[^`]*`", "", text))


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_sentence_is_said_in_chinese(path: Path) -> None:
    english = [
        (line, texts[0])
        for line, texts in said(path)
        if not any(in_chinese(detail(word(text, "zh"), "zh")) for text in texts)
    ]
    assert english == []


def test_sentences_are_found() -> None:
    assert sum(len(said(path)) for path in ROOMS) > 150

"""Golden files of the text side: what each file is read as, and how it is formatted.

`golden/parse/X.charter` -> `X.txt` (the tree and the diagnostics), `golden/fmt/X.charter` -> `X.LANGUAGE.txt`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from charter.dsl.text import tree as t
from charter.dsl.text.parser import parse
from charter.dsl.text.printer import format
from charter.dsl.text.source import read
from charter.dsl.text.words import LANGUAGES
from charter.engine.placed import parts

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
Golden = Callable[[Path, str], None]


def outline(node: Any, label: str, text: str, depth: int = 0) -> Iterator[str]:
    """Writes a tree a line a node, with the text that each line's span covers."""
    margin = "  " * depth
    if isinstance(node, tuple) and any(isinstance(part, t.Node) for part in node):
        for part in node:
            yield from outline(part, label, text, depth)
    elif isinstance(node, t.Name | t.Text | t.Expr):
        yield f"{margin}{label} {type(node).__name__}: {node.text!r}"
    elif isinstance(node, t.Node):
        place = f"   <- {text[slice(*node.span)]!r}" if isinstance(node, t.Line) else ""
        yield f"{margin}{label} {type(node).__name__}{place}"
        for name in sorted(parts(type(node)), key=lambda name: name != "comments"):
            value = getattr(node, name)
            if value not in (None, (), t.NO_COMMENTS):
                yield from outline(value, name, text, depth + 1)
    else:
        yield f"{margin}{label}: {node!r}"


@pytest.mark.parametrize("path", sorted((GOLDEN / "parse").glob("*.charter")), ids=lambda p: p.stem)
def test_parse(path: Path, golden: Golden) -> None:
    source = read(path.read_bytes())
    parsed = parse(source)
    lines = list(outline(parsed.tree, "file", source.text))
    for d in parsed.diagnostics:
        line, column = source.position(d.span[0])
        lines.append(f"{d.code} {line}:{column} {source.text[slice(*d.span)]!r} {dict(d.arguments)!r}")
        if d.fix:
            lines += [f"  fix {source.text[slice(*e.span)]!r} -> {e.text!r}" for e in d.fix.edits]
    lines.append(f"broken {sorted(parsed.broken)}")
    golden(path.with_suffix(".txt"), "\n".join(lines) + "\n")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", sorted((GOLDEN / "fmt").glob("*.charter")), ids=lambda p: p.stem)
def test_format(path: Path, language: Any, golden: Golden) -> None:
    text, diagnostics = format(path.read_bytes(), language)
    assert not diagnostics
    golden(path.with_suffix(f".{language}.txt"), text)
    assert parse(read(text)).tree.items or not text
    assert format(text, language) == (text, [])


def test_a_file_keeps_its_own_language() -> None:
    assert format("流程  甲\n  版本  1\n  owner 乙\n")[0] == "流程 甲\n  版本   1\n  负责人 乙\n"
    assert format("流程  甲\n  負責人  乙\n  階段  丙\n")[0] == "流程 甲\n  負責人 乙\n\n  階段 丙\n"
    assert format("process  甲\n  owner  乙\n  阶段  丙\n")[0] == "process 甲\n  owner 乙\n\n  phase 丙\n"


def test_a_file_with_errors_is_left_as_it_is() -> None:
    text = "process  p\n  verison  1\n"
    formatted, diagnostics = format(text)
    assert formatted == text
    assert [d.code for d in diagnostics] == ["CH114"]

"""Laws of the text side: what is printed reads back, formatting is a fixed point, and no bytes bring it down."""

from __future__ import annotations

import re
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import assume, example, given, settings, strategies as st
from pygments.token import Error, Whitespace

from charter.dsl.passes import compile
from charter.dsl.text import tree as t
from charter.dsl.text.highlight import CharterLexer
from charter.dsl.text.parser import parse
from charter.dsl.text.printer import format, to_text
from charter.dsl.text.source import ascii_twins, read
from charter.dsl.text.words import LANGUAGES, Language, spellings
from charter.engine.feel.tokens import cut
from charter.engine.names import marks
from charter.engine.text import composed

from . import tree_services, trees

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((ROOT / "processes").rglob("*.charter"))


def test_every_kind_of_node_is_generated() -> None:
    """Else the laws below say nothing of it."""
    kinds = {name for name, kind in vars(t).items() if isinstance(kind, type) and issubclass(kind, t.Node)}
    written = "".join(Path(module.__file__ or "").read_text("utf-8") for module in (trees, tree_services))
    generated = set(re.findall(r"\bt\.(\w+)", written))
    generated |= {kind.__name__ for kind in trees.PLAIN}
    assert kinds - generated == {"Node", "Line"}


@settings(max_examples=400)
@given(trees.files, st.sampled_from(LANGUAGES))
def test_what_is_printed_reads_back(tree: t.File, language: Language) -> None:
    text = to_text(tree, language)
    parsed = parse(read(text))
    assert not parsed.diagnostics, (parsed.diagnostics, text)
    assert parsed.tree == tree, text


@settings(max_examples=50)
@given(trees.files, st.sampled_from(LANGUAGES), st.sampled_from(LANGUAGES))
def test_formatting_twice_is_formatting_once(tree: t.File, one: Language, other: Language) -> None:
    text, diagnostics = format(to_text(tree, one), other)
    assert not diagnostics
    assert format(text, other) == (text, [])


@settings(max_examples=50)
@given(trees.files)
def test_the_three_keyword_languages_are_coloured_alike(tree: t.File) -> None:
    kinds = []
    for language in LANGUAGES:
        text = to_text(tree, language)
        found = list(CharterLexer(stripnl=False, ensurenl=False).get_tokens(text))
        assert "".join(piece for _, piece in found) == text
        kinds.append([kind for kind, _ in found if kind is not Whitespace])
    assert Error not in kinds[0] and kinds[0] == kinds[1] == kinds[2]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_shipped_files_keep_their_meaning_in_every_language(path: Path, language: Language) -> None:
    before = parse(read(path.read_bytes()))
    text, diagnostics = format(path.read_bytes(), language)
    assert not diagnostics
    after = parse(read(text))
    assert after.tree == before.tree
    assert format(text, language) == (text, [])


CORPUS = [path.read_text("utf-8") for path in (*SHIPPED, *sorted((ROOT / "tests/golden/fmt").glob("*.charter")))]


@settings(max_examples=100)
@given(st.sampled_from(CORPUS), st.data())
def test_no_comment_is_lost(text: str, data: st.DataObject) -> None:
    lines = [line.split("#")[0].rstrip() for line in text.split("\n")]
    placed = []
    for number in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        placed.append(f"comment {number}")
        if data.draw(st.booleans()) and "#" not in lines[at]:
            lines[at] += f" # comment {number}"
        else:
            lines.insert(at, " " * data.draw(st.integers(0, 9)) + f"#comment {number}")
    formatted, diagnostics = format("\n".join(lines))
    assert not diagnostics
    assert sorted(re.findall(r"# (comment \d)", formatted)) == placed
    assert format(formatted) == (formatted, [])
    assert parse(read(formatted)).tree.items, formatted


def survives(data: bytes | str) -> None:
    """Reads any bytes; what it says must point into the text, and the working text must keep every offset."""
    source = read(data)
    assert len(source.working) == len(source.text)
    parsed = parse(source)
    for diagnostic in parsed.diagnostics:
        start, end = diagnostic.span
        assert 0 <= start <= end <= len(source.text)
        source.position(start)
    assert all(0 <= n < len(parsed.tree.items) for n in parsed.broken)


@settings(max_examples=200)
@given(st.binary(max_size=300))
@example(b"\xff\xfeprocess")
@example(b"\xef\xbb\xbfprocess p\n")
def test_any_bytes(data: bytes) -> None:
    survives(data)


_WORDS = st.sampled_from(sorted({w for w, _, _, _ in spellings()}))
_PIECES = st.sampled_from(
    [
        "\n",
        "\n  ",
        "\n    ",
        "\n      ",
        "\t",
        "  ",
        " x",
        ' "题"',
        "\r\n",
        "(",
        "]",
        '"',
        "“",
        "”",
        "#",
        ",",
        "= ",
        "：",
        "1",
    ]
)


@settings(max_examples=300)
@given(st.lists(_WORDS | _WORDS.map(lambda w: f" {w}") | _PIECES, max_size=40).map("".join))
def test_any_words(text: str) -> None:
    survives(text)


@settings(max_examples=100)
@given(st.sampled_from(CORPUS), st.data())
def test_mutations_of_real_files(text: str, data: st.DataObject) -> None:
    lines = text.split("\n")[:120]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        cut = data.draw(st.integers(0, len(line)))
        match data.draw(st.sampled_from(["cut", "drop", "indent", "insert", "swap", "double"])):
            case "cut":
                lines[at] = line[:cut]
            case "drop":
                lines[at] = ""
            case "indent":
                lines[at] = " " * data.draw(st.integers(0, 9)) + line.lstrip()
            case "insert":
                lines[at] = line[:cut] + data.draw(_PIECES) + line[cut:]
            case "swap":
                lines[at] = line[:cut] + line[cut + 1 : cut + 2] + line[cut : cut + 1] + line[cut + 2 :]
            case "double":
                lines.insert(at, line)
    survives("\n".join(lines))


DEPTH = 3000
HUGE = {
    "one line": "process p\n  goal " + "x" * 1_000_000,
    "open brackets": "process p\n  kpi k\n    formula " + "(" * 15_000 + "\n" + "    target (\n" * 20_000,
    "nested phases": "process p\n" + "".join(" " * n + f"phase p{n}\n" for n in range(1, DEPTH)),
    "a list of lists": "record r\n  a " + "list of " * 2_000 + "text\n",
    "quotes": '"' * 1_000_001,
    "comments": "process p\n" + "  # c\n" * 100_000,
    "blank": " " * 15_000 + "\n" + "\n" * 100_000,
    "errors": "process p\n" + "  fase x\n    wrong\n" * 5_000,
    "many names": "process p\n  output " + ", ".join(f"r{n}" for n in range(2_000)),
    "brackets over lines": "process p\n  kpi k\n    formula (\n" + "      1 +\n" * 50_000 + "    1)",
    "tabs": "process p\n" + "\tversion 1\n" * 50_000,
    "stairs of brackets": "".join(" " * n + "(\n" for n in range(4_000)),
    "full width": "process p\n" + "  output　a，b，c\n" * 20_000,
}


@pytest.mark.parametrize("name", HUGE)
def test_huge_texts(name: str) -> None:
    survives(HUGE[name])


NAMES = st.text(st.characters(categories=["L", "Mn", "Mc", "Nd", "Pc"]), min_size=1, max_size=5).map(composed)


@given(NAMES)
def test_an_identifier_of_unicode_is_a_name_everywhere(name: str) -> None:
    # What begins with a mark, or reads as a keyword's full-width twin, is none.
    assume(name.isidentifier() and name[0].isalpha() and ascii_twins(name) == name and not name.isascii())
    text = f"""process p
  role {name}
  record r
    {name} number
  activity a{name}
    role {name}
    output r
  activity b
    when r.{name} > 1
    role {name}
"""
    for form in ("NFC", "NFD"):
        done = compile("t.charter", normalize(form, text))
        assert not done.failed, done.diagnostics
        assert [r.name for r in done.definitions[0].roles] == [name]
        assert done.definitions[0].elements[0].name == composed(f"a{name}")


def test_every_character_of_a_name_is_one_of_a_word_in_an_expression() -> None:
    every = "".join(map(chr, (n for n in range(0x110000) if not 0xD800 <= n < 0xE000)))
    named = marks(every) + "".join(c for c in every if re.match(r"\w", c))
    assert {c for c in named if [kind for kind, *_ in cut(f"a{c}", True)] != ["word"]} == set()

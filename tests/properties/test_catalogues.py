"""Laws of rule books: any bytes come to clauses or diagnostics, and what a spreadsheet writes is read as meant."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, strategies as st

from charter.dsl.check.catalogues import read_clauses
from charter.dsl.messages.languages import LANGUAGES
from charter.dsl.messages.render import render
from charter.dsl.passes import compile
from charter.engine.definition import Definition, digest
from charter.engine.plain import from_json, to_json
from charter.engine.text import composed

PROCESS = "process p\n  role clerk\n  activity work\n    role clerk\n"
cells = st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(' ",;'), max_size=12)
words = cells.filter(str.strip)
ids = st.from_regex(r"[A-Z]{1,3}[0-9]{1,3}(\.[0-9])?", fullmatch=True)
books = st.dictionaries(ids, st.tuples(cells, words), max_size=5)
heads = st.permutations(["id", "section", "text", "gloss"])


@given(st.binary(max_size=200) | st.text(st.sampled_from('id,text\t;"\n\r 1甲\x00\ufeff'), max_size=60).map(str.encode))
@pytest.mark.parametrize("path", ["x.tsv", "x.csv"])
def test_any_bytes(path: str, data: bytes) -> None:
    table = read_clauses(data, path)
    assert table.whole != bool(table.diagnostics)
    assert all(id == clause.id and clause.text for id, clause in table.clauses.items())
    for d in table.diagnostics:
        assert 0 <= d.span[0] <= d.span[1] <= max(len(table.source.text), 1)
    for lang in LANGUAGES:
        render(table.diagnostics, {path: table.source}, lang=lang)


def written(book: dict[str, tuple[str, str]], head: list[str], **style: str) -> bytes:
    out = io.StringIO()
    rows = csv.DictWriter(out, head, **style)  # type: ignore[arg-type]
    rows.writeheader()
    rows.writerows({"id": id, "section": section, "text": text, "gloss": "x"} for id, (section, text) in book.items())
    return out.getvalue().encode("utf-8-sig")


@given(books, heads, st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n"]))
def test_a_table_is_read_as_it_was_written(
    book: dict[str, tuple[str, str]], head: list[str], divider: str, end: str
) -> None:
    path = "x.tsv" if divider == "\t" else "x.csv"
    table = read_clauses(written(book, head, delimiter=divider, lineterminator=end), path)
    assert not table.diagnostics
    read = {id: (clause.section or "", clause.text) for id, clause in table.clauses.items()}
    assert read == {id: (composed(" ".join(s.split())), composed(" ".join(t.split()))) for id, (s, t) in book.items()}


@given(books, st.lists(ids, min_size=1, max_size=4))
def test_what_is_cited_is_kept_and_what_no_book_has_is_told(book: dict[str, tuple[str, str]], named: list[str]) -> None:
    files = {"x.csv": written(book, ["id", "section", "text", "gloss"])}
    text = 'catalogue rules from "x.csv"\n' + PROCESS + f"    source {' '.join(named)}\n"
    compiled = compile("t.charter", text, files.__getitem__)
    assert {d.arguments["name"] for d in compiled.diagnostics if d.code == "CH245"} == set(named) - book.keys()
    for definition in compiled.definitions:
        assert [c.id for c in definition.cited] == list(dict.fromkeys(named))
        assert all(c.text == " ".join(book[c.id][1].split()) and c.catalogue == "rules" for c in definition.cited)
        assert from_json(Definition, to_json(definition)) == definition
        (plain,) = compile("t.charter", text.partition("\n")[2]).definitions
        assert digest(plain) != digest(definition) and "cited" not in to_json(plain)

"""Rule books: which of their clauses a file may name, and what a deployed version keeps of them."""

from __future__ import annotations

import pytest

from charter.dsl.passes import Compiled, compile
from charter.engine.carriers import carriers
from charter.engine.definition import digest

BOOK = 'id\tsection\ttext\nR-1\t1.1\t答复每一项申请\nR-2\t1.2\t“留存”答复\nR-3\t1.3\t"as said" by the board\n'
PROCESS = """process p "流程"
  source R-1
  role clerk
    source R-1
  parameter limit duration = 1 day
    source R-2
  record paper
    words text source R-3
  separate check from work
    source R-2
  activity work
    role clerk
    output paper
    source R-1 R-2
    checklist
      whole "whole" source R-3
  activity check
    role clerk
    within limit
    input paper
  kpi done
    formula count(cases)
    source R-1
  owner clerk
"""


def compiled(text: str, **files: str) -> Compiled:
    known = {name.replace("_", "."): body.encode() for name, body in files.items()}
    return compile("t.charter", text, known.__getitem__)


def test_a_catalogue_is_shared_by_use() -> None:
    shared = 'catalogue rules from "b.tsv"\n'
    found = compiled('use "s.charter"\n' + PROCESS.replace("R-3", "R-4"), s_charter=shared, b_tsv=BOOK)
    assert [(d.code, d.arguments["name"]) for d in found.diagnostics] == [("CH245", "R-4")] * 2


def test_every_part_that_names_a_clause_carries_it() -> None:
    (definition,) = compiled('catalogue rules from "b.tsv"\n' + PROCESS, b_tsv=BOOK).definitions
    assert [(c.kind, c.name, c.clauses, c.place) for c in carriers(definition)] == [
        ("process", "p", ("R-1",), "t.charter:2"),
        ("parameter", "limit", ("R-2",), "t.charter:6"),
        ("role", "clerk", ("R-1",), "t.charter:4"),
        ("record", "paper", ("R-3",), "t.charter:8"),
        ("separation", "check, work", ("R-2",), "t.charter:10"),
        ("activity", "work", ("R-1", "R-2"), "t.charter:12"),
        ("check", "work.whole", ("R-3",), "t.charter:17"),
        ("kpi", "done", ("R-1",), "t.charter:22"),
    ]
    assert [(c.id, c.section, c.text) for c in definition.cited] == [
        ("R-1", "1.1", "答复每一项申请"),
        ("R-2", "1.2", "“留存”答复"),
        ("R-3", "1.3", '"as said" by the board'),
    ]


def test_other_words_of_a_cited_clause_make_another_version_and_others_do_not() -> None:
    text = 'catalogue rules from "b.tsv"\n' + PROCESS.replace("R-3", "R-1")
    one, reworded, more = (
        digest(compiled(text, b_tsv=book).definitions[0])
        for book in (BOOK, BOOK.replace("每一项", "所有"), BOOK.replace("board", "staff") + "R-9\t2\tmore\n")
    )
    assert one == more != reworded


@pytest.mark.parametrize("book", ["", "id\ttext\nR-1\n", "\x00\x01", "id\ttext\nR-1\ta\nR-1\tb\n"])
def test_what_a_broken_book_may_hold_is_not_reported_missing(book: str) -> None:
    found = compiled('catalogue rules from "b.tsv"\n' + PROCESS, b_tsv=book)
    assert found.failed
    assert {d.file for d in found.diagnostics} == {"b.tsv"}


def test_a_missing_book_keeps_nothing_else_from_being_checked() -> None:
    wrong = PROCESS.replace("    role clerk\n    within", "    role clark\n    within")
    found = compiled('catalogue rules from "b.tsv"\n' + wrong)
    assert [d.code for d in found.diagnostics] == ["CH210", "CH201"]


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        ("id\ttext\nR-1\tx\n".encode("utf-16"), "CH101", 1),
        ("编号\t条文\n甲-1\t每项申请".encode("gbk"), "CH101", 1),
        (b"id\ttext\n\n\nR-1\t \n", "CH242", 4),
        (b"id\ttext\nR-1\tx\n\tmore\n", "CH242", 3),
        (b"id,text\nR-1,x\n", "CH241", 1),
        (b"id\ttext\nR-1\tx\x07y\n", "CH105", 2),
        (b"id\ttext\tTEXT\nR-1\tx\ty\n", "CH249", 1),
        ("id\t条文\t原文\nR-1\tx\ty\n".encode(), "CH249", 1),
        (b"id\ttext\tid\nR-1\tx\tR-2\n", "CH249", 1),
        (b"id\ttext\t\t\nR-1\tx\t\t\nR-2\tx\t\t\ty\n", "CH250", 3),
        ("id\ttext\n（1）\tx\n(1)\ty\n".encode(), "CH244", 3),
    ],
)
def test_what_is_wrong_in_a_table_is_told_at_its_line(data: bytes, code: str, line: int) -> None:
    found = compile("t.charter", 'catalogue rules from "b.tsv"\n' + PROCESS, {"b.tsv": data}.__getitem__)
    (diagnostic,) = found.diagnostics
    assert (diagnostic.code, diagnostic.file) == (code, "b.tsv")
    assert found.sources["b.tsv"].position(diagnostic.span[0])[0] == line

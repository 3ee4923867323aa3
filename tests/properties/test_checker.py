"""Laws of what `check` tells: a kind of mistake is told wherever it can be written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from charter.dsl.messages import pages
from charter.dsl.passes import compile
from charter.engine import feel
from charter.engine.feel import types as y
from charter.engine.feel.builtins import Builtin, load
from charter.engine.feel.inference_calls import takes_many
from charter.runtime.author.rulebooks import survey
from charter.runtime.author.scenarios import play

ROOT = Path(__file__).parents[2]
NAMES = {"a": y.NUMBER, "flags": y.ListType(y.BOOLEAN), "texts": y.ListType(y.STRING)}
# every place of an expression that wants a value
WANTING = (
    "{f}",
    "a > {f}",
    "{f} = a",
    "a + {f}",
    "-({f})",
    "{f}.year",
    "a in ({f})",
    "a between {f} and 2",
    "if {f} then 1 else 2",
    "if a > 1 then {f} else 2",
    "for x in {f} return x",
    "some x in texts satisfies {f}",
    "texts[{f}]",
    "[{f}]",
    "count({f})",
    "sum(a, {f})",
    "list contains(texts, {f})",
    "flatten(list: {f})",
    "not({f})",
)


def told(text: str) -> list[str]:
    return [problem.code for problem in problems(text, NAMES)]


@pytest.mark.parametrize("place", WANTING)
def test_a_function_is_no_value(place: str) -> None:
    """Whichever built-in stands where a value is wanted, it is told; where a function is wanted it may stand."""
    for name in load():
        assert told(place.format(f=name)) == ["function"], name
    assert told("sort(texts, contains)") == told("{f: count}.f(texts)") == told("(function(f) f(a))(abs)") == []


def test_many_do_not_stand_for_one() -> None:
    """A built-in that takes one value is not given the values of many; what a filter finds may be one."""
    single = {name: rows for name, rows in load().items() if not any(takes_many(_first(row)) for row in rows)}
    assert {"not", "upper case", "abs", "date"} <= single.keys()
    for name, rows in single.items():
        for row in rows:
            kind = _first(row)
            kind = kind.options[0] if isinstance(kind, y.OneOf) else kind
            more = ", null" * (row.least - 1)
            types = {"many": y.ListType(kind)}
            assert any(p.given for p in problems(f"{name}(many{more})", types)), name
            assert not any(p.given == f"list of {kind}" for p in problems(f"{name}(many[1]{more})", types)), name


def test_a_date_stands_for_its_midnight_and_nothing_else_does() -> None:
    """The implicit conversion of DMN 10.3.2.9.4 that an argument may need."""
    fits = {kind for kind in (y.DATE, y.DATE_TIME, y.TIME, y.NUMBER, y.BOOLEAN) if not _zoned(kind)}
    assert fits == {y.DATE, y.DATE_TIME}


def _zoned(kind: y.Type) -> tuple[feel.Problem, ...]:
    return problems('date and time(x, "UTC")', {"x": kind})


def _first(row: Builtin) -> y.Type:
    return row.parameters[0].type if row.parameters else y.ANY


def problems(text: str, types: dict[str, y.Type]) -> tuple[feel.Problem, ...]:
    tree = feel.parse(text).tree
    assert tree is not None, text
    return feel.infer(tree, types)[1]


# --- what a warning says is so: the wrong example of its page does it, the right one does not ------

CLAIMS = {
    "CH433": (
        """  x does look with report = {closed: false}
  expect watching is done
  after 1 week
  expect look is done, iteration 1""",
        """  x does look with report = {closed: false}
  after 1 week
  expect look is ready, iteration 2""",
    ),
    "CH434": (
        """  x adds expenses with item = "a"
  x does book[1] with expense = {amount: 2000 EUR}
  expect sum(expense.amount) = 2000 EUR
  expect control is planned
  x closes expenses
  expect control is ready""",
        """  x adds expenses with item = "a"
  x does book[1] with expense = {amount: 2000 EUR}
  x closes expenses
  expect control is ready""",
    ),
    "CH435": (
        """  x does book[1] with expense = {amount: 800 EUR}
  x does book[2] with expense = {amount: 800 EUR}
  expect control[1] is skipped
  expect control[2] is skipped""",
        """  x does book[1] with expense = {amount: 800 EUR}
  x does book[2] with expense = {amount: 800 EUR}
  expect control is ready""",
    ),
    "CH436": (
        """  x does plan with budget = {total: 1000 EUR}
  refuse x does book[1] with expense = {amount: 1 EUR} because CH529""",
        """  x does plan with budget = {total: 1000 EUR}
  x does book[1] with expense = {amount: 1 EUR}""",
    ),
    "CH437": ("  expect kpi in_time = 0", "  expect kpi in_time is unknown"),
    "CH438": (
        """  x does write with draft = {ready: false}
  x does print
  x does print
  expect print is ready, iteration 3""",
        """  x does write with draft = {ready: false}
  x does write with draft = {ready: true}
  x does print
  expect case is completed""",
    ),
    "CH439": (
        """  x does count_costs
  after 3 months
  expect count_costs is done, iteration 1""",
        """  x does count_costs
  after 1 month
  expect count_costs is ready, iteration 2""",
    ),
}


@pytest.mark.parametrize("code", CLAIMS)
def test_what_a_warning_says_is_so(code: str) -> None:
    for example, story in zip(pages.read(pages.FOLDER, code).examples, CLAIMS[code], strict=True):
        text = f'{example}\nscenario "so it goes"\n  case p\n  x is clerk\n{story}\n'
        compiled = compile("t.charter", text)
        assert not compiled.failed, compiled.diagnostics
        assert [play(s, compiled.definitions).failure for s in compiled.scenarios] == [None]


@pytest.mark.parametrize(
    ("fields", "codes"),
    [("    costs number\n", ["CH435"]), ("    costs list of number\n", []), ("", [])],
    ids=["one", "many", "nobody said"],
)
def test_only_what_is_one_is_told_to_be_one(fields: str, codes: list[str]) -> None:
    """A function of many is told where an instance has one to give it, not where it may have many."""
    text = f"""process p
  role clerk
  record note
{fields}  phase each for each x in ["a", "b"]
    activity book
      role clerk
      output note
    activity control
      role clerk
      input note
      when sum(note.costs) > 1000
"""
    assert [found.code for found in compile("t.charter", text).diagnostics] == codes


DIVIDED = """process p
  role clerk
  record order
    size {type}
  activity ask
    role clerk
    output order
  approval small
    of order
    by any of clerk
    when order.size = {small}
  approval large
    of order
    by any of clerk
    when order.size = {large}
  activity send
    role clerk
    input order
"""


@pytest.mark.parametrize(
    ("type_", "small", "large", "gap"),
    [
        ('choice "s" | "l"', '"s"', '"l"', None),
        ('choice "s" | "m" | "l"', '"s"', '"l"', 'order.size = "m"'),
        ("text", '"s"', '"l"', 'order.size = "other"'),
        ("boolean", "true", "false", None),
    ],
)
def test_approvals_leave_a_gap_only_where_a_value_can_be(type_: str, small: str, large: str, gap: str | None) -> None:
    found = compile("t.charter", DIVIDED.format(type=type_, small=small, large=large)).diagnostics
    assert [(each.code, each.arguments["example"]) for each in found] == ([] if gap is None else [("CH426", gap)])


def test_a_gap_is_told_where_the_first_condition_stands_or_else_at_the_approval() -> None:
    text = DIVIDED.format(type="number", small="1", large="2")
    small = text[text.index("  approval small") : text.index("  approval large")]
    inner = small.replace("    when order.size = 1\n", "").replace("\n  ", "\n    ").rstrip(" ")
    moved = text.replace(small, f"  phase minor\n    enter when order.size = 1\n  {inner}")
    for one, place in ((text, "when order.size = 1"), (moved, "small")):
        [found] = compile("t.charter", one).diagnostics
        assert found.code == "CH426" and one[slice(*found.span)] == place


# --- declared and unused --------------------------------------------------------------------------

HEAD = """catalogue book from "clauses.tsv"
process p
  role clerk
"""
# (a declaration with a clause, the code that tells that nothing uses it, what uses it)
DECLARED = {
    "role": ("  role extra\n    source R-1\n", "CH218", "    informed extra\n"),
    "parameter": ("  parameter extra duration = 1 day\n    source R-1\n", "CH430", "    within extra\n"),
    "record": ("  record extra\n    text text\n    source R-1\n", "CH431", "    output extra\n"),
    "field": ("  record extra\n    text text\n      source R-1\n", "CH431", "    output extra\n"),
    "decision": (
        '  decision extra (n)\n    source R-1\n    hit policy first\n    | n | -> text |\n    | - | "a" |\n',
        "CH611",
        "  activity ask\n    decide extra with n = 1\n    output said\n",
    ),
}


@pytest.mark.parametrize("kind", DECLARED)
def test_what_nothing_uses_is_told_and_carries_no_clause(kind: str) -> None:
    declaration, code, use = DECLARED[kind]
    for uses, told_ in (("", [code]), (use, [])):
        text = f"{HEAD}{declaration}  activity work\n    role clerk\n{uses}"
        compiled = compile("t.charter", text, {"clauses.tsv": b"id\ttext\nR-1\tit is done\n"}.__getitem__)
        assert [d.code for d in compiled.diagnostics] == told_
        (book,) = survey([compiled]).books
        assert ("R-1" in book.carried) is bool(uses)


# what makes a record one that is written, brought or part of something
USES = (
    "  input extra\n{work}",
    "{work}    output extra\n",
    '{work}    checklist\n      "seen"\n        evidence extra\n',
    "  record whole\n    one extra\n{work}    output whole\n",
    "  record whole\n    many list of extra\n{work}    output whole\n",
    '  parameter given extra\n  parameter bare = 1 day\n{work}    within bare\n    when given.text = "a"\n',
)


@pytest.mark.parametrize("use", USES)
def test_a_record_is_used_where_it_is_a_part(use: str) -> None:
    declaration, work = "  record extra\n    text text\n", "  activity work\n    role clerk\n"
    text = f"process p\n  role clerk\n{declaration}{use.format(work=work)}"
    compiled = compile("t.charter", text)
    assert {d.code for d in compiled.diagnostics} <= {"CH408"}


@given(st.sampled_from(["service_project.charter", "examples/leave_request.charter"]), st.data())
@settings(max_examples=40, deadline=None)
def test_a_misspelt_output_is_mended_where_it_was_misspelt(file: str, data: st.DataObject) -> None:
    """Whichever record is written under a name slightly wrong, the first mend offered leads back to the text."""
    right = (ROOT / "processes" / file).read_text("utf-8")
    names = [
        m
        for m in re.finditer(r"^\s+output\s+([a-z_]{5,})$", right, re.M)
        if re.search(rf"^  record {m[1]}\b", right, re.M)
    ]
    alone = [m for m in names if len(re.findall(rf"^\s+output\s+{m[1]}$", right, re.M)) == 1]
    start, end = data.draw(st.sampled_from(alone)).span(1)
    at = data.draw(st.integers(start + 2, end - 1))
    wrong = right[:at] + data.draw(st.sampled_from("sxy")) + right[at:]
    compiled = compile(file, wrong, lambda path: (ROOT / "processes" / path).read_bytes())
    fixes = [d.fix for d in compiled.diagnostics if d.fix is not None]
    assert fixes, compiled.diagnostics
    assert fixes[0].applied(wrong) == right

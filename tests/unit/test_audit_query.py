"""A question in FEEL means the same whether SQL answers it or FEEL does: generated questions over a real trail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, strategies as st
from tests.founded import founded

from charter.dsl import passes
from charter.engine import feel
from charter.runtime.audit import query
from charter.runtime.audit.log import Sealed
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import Store
from charter.runtime.store.prepared import ask

EXAMPLE = Path(__file__).parents[2] / "processes" / "examples" / "leave_request.charter"
START = 1_772_413_200_000_000  # 2026-03-02 01:00 UTC
HOUR = 3_600_000_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A database with three cases: granted, rejected, and one with refused attempts."""
    now = START

    def clock() -> int:
        nonlocal now
        now += HOUR
        return now

    with founded(tmp_path_factory.mktemp("trail") / "charter.db", "admin", clock=clock) as store:
        people = People(store, by="admin", clock=clock)
        people.load(
            [
                {"id": "li", "roles": ["employee"]},
                {"id": "wang", "roles": ["employee", "manager"]},
                {"id": "zhou", "roles": ["hr"]},
            ]
        )
        cases = Cases(store, clock=clock)
        for definition in passes.compile(str(EXAMPLE), EXAMPLE.read_bytes()).definitions:
            cases.deploy(definition, by="admin")
        request = {"request": {"first_day": {"date": "2026-03-02"}, "last_day": {"date": "2026-03-06"}}}
        for ending in ("approve", "reject", "refused"):
            case = cases.start("leave_request", person="li").case
            cases.perform(case, person="li", verb="complete", node="apply", records=request)
            cases.perform(case, person="li", verb="approve", node="decide")
            if ending != "refused":
                cases.perform(case, person="wang", verb=ending, node="decide", reason="month end")
        cases.perform(case, person="nobody", verb="claim", node="apply")
        yield store


def everything(store: Store) -> list[tuple[int, dict[str, object], str | None]]:

    with store.read() as connection:
        rows = ask(connection, 'SELECT position, "case", seq, body, record FROM entries ORDER BY position')
    return [(Sealed(case, seq, bytes(body), position), record) for position, case, seq, body, record in rows]


def answers(store: Store, text: str) -> list[int]:
    asked, problems = query.build(text)
    assert asked is not None, (text, problems)
    with store.read() as connection:
        return [found.position for found in query.run(connection, asked)]


def by_feel(store: Store, text: str) -> list[int]:
    asked, _ = query.build(text)
    assert asked is not None
    expression = feel.compile(asked.tree)
    return [
        sealed.position
        for sealed, record in everything(store)
        if expression.evaluate(query.scope(sealed, record)) is True
    ]


WORDS = {
    "kind": ("granted", "refused", "opened", "written", "role_granted"),
    "actor": ("li", "wang", "system", "admin"),
    "element": ("apply", "decide", "ask"),
    "record": ("request",),
    "outcome": ("done", "refused"),
    "role": ("employee", "manager"),
    "reason": ("month end",),
    "node": ("apply", "decide"),
}


@st.composite
def leaves(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(("word", "null", "number", "time", "in", "between", "like", "clause", "flipped")))
    field = draw(st.sampled_from(sorted(WORDS)))
    word = draw(st.sampled_from((*WORDS[field], "nothing")))
    op = draw(st.sampled_from(("=", "!=", "<", "<=", ">", ">=")))
    day = draw(st.integers(1, 4))
    number = draw(st.integers(0, 30))
    if kind == "word":
        return f'{field} {op} "{word}"'
    if kind == "flipped":
        return f'"{word}" {op} {field}'
    if kind == "null":
        return f"{field} {draw(st.sampled_from(('=', '!=')))} null"
    if kind == "number":
        return f"{draw(st.sampled_from(('seq', 'position')))} {op} {number}"
    if kind == "time":
        return f'at {op} date and time("2026-03-0{day}T05:00:00Z")'
    if kind == "in":
        others = ", ".join(f'"{w}"' for w in WORDS[field])
        opening, closing = draw(st.sampled_from("[(]")), draw(st.sampled_from("])["))
        low, high = f'date and time("2026-03-02T0{day}:00:00Z")', f'date and time("2026-03-02T{day + 12}:00:00Z")'
        return draw(
            st.sampled_from(
                (
                    f"{field} in ({others})",
                    f"{field} in [{others}]",
                    f'{field} in "{word}"',
                    f'{field} in ("{word}", actor)',
                    f"seq in {opening}{number}..20{closing}",
                    f"seq in ({op} {number})",
                    f"seq in ({op} {number}, > 25)",
                    f"seq in ({opening}{number}..12{closing}, {op} 4)",
                    f"seq in [{number}, {number + 3}]",
                    f"at in {opening}{low}..{high}{closing}",
                    f"at in ({op} {low})",
                    f"at in ({low}, {op} {high})",
                )
            )
        )
    if kind == "between":
        return f'at between date("2026-03-01") and date("2026-03-0{day}")'
    if kind == "like":
        function = draw(st.sampled_from(("starts with", "ends with", "contains")))
        return f'{function}({field}, "{word[:2]}")'
    return 'list contains(clauses, "S003-2.1-04")'


conditions = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(("and", "or")), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        inner.map(lambda text: f"not({text})"),
    ),
    max_leaves=5,
)


FORMS = ('{field} {op} "{word}"', '"{word}" {op} {field}', "{field} {op} null", '{field} in (< "{word}", null)')


@pytest.mark.parametrize("op", ["=", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize("field", WORDS)
def test_sql_and_feel_agree_on_every_field(store: Store, field: str, op: str) -> None:
    for word in (WORDS[field][0], "nothing"):
        for form in FORMS:
            text = form.format(field=field, op=op, word=word)
            assert answers(store, text) == by_feel(store, text), text


# how many entries are brought at once, and of how many an index says where they are
SIZES = [(100, 20_000), (2, 20_000), (1, 1)]


@given(text=conditions)
def test_sql_and_feel_agree(store: Store, text: str) -> None:
    expected = by_feel(store, text)
    for once, most in SIZES:
        with patch.multiple(query, _AT_ONCE=once, _MOST=most):
            assert answers(store, text) == expected


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ('kind = "granted" and at >= date("2026-03-01")', True),
        ('not(actor = "li") or seq in [1..5]', True),
        ('reason = "month end" and kind = "rejected"', False),
        ('contains(actor, "an")', False),
        ("seq in (> 2, [5..9), 12)", True),
        ("seq in [1, 2]", True),
        ('at in [date("2026-03-01")..date("2026-03-02"))', True),
        ('kind in ("granted", actor)', False),
        ('reason in ("month end")', False),
        ("seq in [1, position]", False),
        ("seq in [1..position]", False),
        ('kind in ["a".."b"]', False),
    ],
)
def test_what_sql_can_say_is_left_to_sql(text: str, exact: bool) -> None:
    asked, _ = query.build(text)
    assert asked is not None
    assert asked.filter.exact is exact


def test_a_range_ends_where_its_brackets_say(store: Store) -> None:
    ranges = ("[2..4]", "(2..4)", "[2..4)")
    asked = {text: answers(store, f'case != "organisation" and seq in {text}') for text in ranges}
    second, fourth = (answers(store, f'case != "organisation" and seq = {seq}') for seq in (2, 4))
    assert asked["[2..4]"] == sorted(asked["(2..4)"] + second + fourth)
    assert asked["[2..4)"] == sorted(asked["(2..4)"] + second)
    assert second and fourth and asked["(2..4)"]
    for text in ("not(seq in ([13..12], = 4))", "not(seq in [13..12])", "seq in ([13..12], = 4)"):
        assert answers(store, text) == by_feel(store, text)


def test_the_trail_answers_by_who_what_when_and_why(store: Store) -> None:
    assert len(answers(store, 'kind = "granted" and actor = "wang"')) == 1
    assert len(answers(store, 'reason = "month end"')) >= 1
    assert len(answers(store, 'kind = "refused"')) == 4
    assert answers(store, 'at < date("2026-01-01")') == []
    assert answers(store, "law = 1") == answers(store, 'case = "organisation"') != []


@pytest.mark.parametrize("page", ["audit.md", "audit.zh.md"])
def test_the_page_lists_what_may_be_asked(page: str) -> None:
    section = (EXAMPLE.parents[2] / "docs" / page).read_text("utf-8").split("\n## ")[1]
    cells = re.findall(r"^\| (`.+?`) \|", section, re.M)
    assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} == set(query.FIELDS)


@pytest.mark.parametrize("text", ["actr = 1", "seq +", '"text"', "1 + 1", "", "(", "seq = \x00"])
def test_what_is_no_question_is_said_with_its_place(text: str) -> None:
    asked, problems = query.build(text)
    assert asked is None
    assert problems
    assert 0 <= problems[0].start <= problems[0].end <= max(1, len(text))


@pytest.mark.parametrize(("once", "most"), SIZES)
@pytest.mark.parametrize("text", ['outcome = "done"', 'actor in ("li", "system")', 'at >= date("2026-03-01")'])
def test_pages_join_without_gap_or_overlap(store: Store, text: str, once: int, most: int) -> None:
    asked, _ = query.build(text)
    pages: list[int] = []
    with store.read() as connection, patch.multiple(query, _AT_ONCE=once, _MOST=most):
        while True:
            page = [f.position for f in query.run(connection, asked, after=pages[-1] if pages else 0, limit=7)]
            if not page:
                break
            assert len(page) <= 7
            pages += page
    assert pages and pages == answers(store, text)


HEAVY = "count(for i in 1..300, j in 1..1000 return j) > 0"  # 300,000 items, of the 2,000,000 that a question may visit


@pytest.mark.parametrize(
    "text", [HEAVY, f"seq > 0 and not(not({HEAVY}))", f'kind != "x" and (if {HEAVY} then true else false)']
)
def test_what_reads_nothing_of_an_entry_is_worked_out_once(store: Store, text: str) -> None:
    assert len(answers(store, text)) == len(answers(store, "seq >= 0")) > 10


@pytest.mark.parametrize(
    "text", ["count(for i in 1..1000, j in 1..1000 return i) > 0", HEAVY.replace("1..300", "seq..300")]
)
def test_a_question_has_one_budget(store: Store, text: str) -> None:
    with pytest.raises(query.TooCostly):
        answers(store, text)

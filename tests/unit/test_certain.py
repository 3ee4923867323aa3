"""What is told of conditions on records without any run, and at which line."""

from __future__ import annotations

import pytest
from tests.properties.sound_texts import text as sound
from tests.properties.test_values import _text as data

from charter.dsl.passes import compile
from charter.engine.proof.explore import explore

HEAD = "process p\n  owner boss\n  role boss\n"
RECORD = "  record r\n    n number\n    ok boolean\n  activity write\n    role boss\n    output r\n"
WORK = "      role boss\n"

INSIDE = RECORD + "  phase f\n    enter when r.n > 10\n    activity a\n" + WORK + "      when r.n < 5\n"
AFTER_IT = (
    RECORD
    + "  record s\n    x text\n  activity a\n    role boss\n    when r.ok\n    output s\n"
    + "  activity b\n    role boss\n    input s\n    when not(r.ok)\n"
)
DECIDED = (
    RECORD
    + '  record d\n    by text\n  decision way (n)\n    hit policy first\n    | n   | -> by |\n    | < 5 | "a"   |\n'
    + '    | -   | "b"   |\n  activity decide_it decide way with n = r.n\n    input r\n    output d\n'
    + '  activity c\n    role boss\n    input d\n    when d.by = "c"\n'
)
# What a table is asked about elements is not known from records.
ASKED_OF_WORK = DECIDED.replace("with n = r.n", "with n = count(write.doers)").replace('by = "c"', 'by = "a"')
GRANTED = (
    RECORD
    + "  approval review of r\n    by boss\n    criteria r.n < 5\n"
    + "  activity a\n    role boss\n    input r\n    when r.n > 5\n"
)
EXIT = "  record r\n    ok boolean\n  phase f\n    exit when r.ok\n    activity a\n" + WORK + "      output r\n"
ROUND = (
    RECORD
    + "  record s\n    ok boolean\n  activity judge\n    role boss\n    output s\n  phase f\n"
    + "    repeat until s.ok\n    after write, judge\n    activity mend\n"
    + WORK
    + "      when r.ok\n    activity again\n"
    + WORK
    + "      after mend\n      when r.ok\n      output s\n"
)
OUTPUT = "  output s\n" + RECORD + "  record s\n    x text\n  activity a\n    role boss\n    when r.ok\n    output s\n"
HALF = OUTPUT.replace("when r.ok", "when r.n < 5") + "  activity b\n    role boss\n    when r.n > 5\n    output s\n"
WHOLE = HALF.replace("r.n > 5", "r.n >= 5")
DEAD_ROW = DECIDED.replace("    n number\n", "    n number where n > 7\n").replace('by = "c"', 'by = "b"')


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (INSIDE, ("CH442", "when r.n < 5")),
        (AFTER_IT, ("CH442", "when not(r.ok)")),
        (DECIDED, ("CH442", 'when d.by = "c"')),
        (GRANTED, ("CH442", "when r.n > 5")),
        (EXIT, ("CH441", "exit when r.ok")),
        (ROUND, ("CH441", "repeat until s.ok")),
        (OUTPUT, ("CH443", "output s")),
        (HALF, ("CH443", "output s")),
        (WHOLE, None),
        (ASKED_OF_WORK, None),
        (DEAD_ROW, ("CH613", '| < 5 | "a"   |')),
    ],
)
def test_what_conditions_on_records_come_to_is_told_at_their_line(text: str, told: tuple[str, str] | None) -> None:
    compiled = compile("t.charter", HEAD + text)
    lines = (HEAD + text).splitlines()
    found = [(d.code, lines[(HEAD + text)[: d.span[0]].count("\n")].strip()) for d in compiled.diagnostics]
    assert found == ([told] if told is not None else [])


@pytest.mark.parametrize("first", range(0, 120, 30))
def test_what_is_said_never_to_open_never_opens(first: int) -> None:
    for seed in range(first, first + 30):
        for source in (sound(seed), data(seed)):
            compiled = compile("t.charter", source)
            names = {n for d in compiled.diagnostics if d.code == "CH442" for n in d.arguments["names"]}  # type: ignore[attr-defined]
            if names and not compiled.failed:
                assert names.isdisjoint(explore(compiled.definitions[0], lambda steps: steps < 600).opened), seed


_WHERE = {
    "in the record of a list's items": "  record item\n    names list of text where count(names) > 0\n  record r\n"
    "    items list of item where count(items) > 0\n",
    "on a field of its record's name": "  record r\n    r list of text where count(r) > 1\n",
    "between a field and another": "  record r\n    ok boolean\n    why text optional where ok or why != null\n",
    "between a field and a list": "  record r\n    ok boolean\n    faults list of text where ok or count(faults) > 0\n",
    "of a number and a choice": '  record r\n    ok boolean\n    n number where ok or n > 7\n    c choice "a" | "b"'
    ' where n < 9 or c = "b"\n',
}


@pytest.mark.parametrize("record", _WHERE.values(), ids=list(_WHERE))
def test_what_a_where_lets_pass_opens_what_rests_on_it(record: str) -> None:
    works = "  activity write\n    role boss\n    output r\n  activity use\n    role boss\n    input r\n"
    works += "    when not(r.ok)\n" if "ok boolean" in record else ""
    found = compile("p.charter", (HEAD + record + works).encode(), lambda _: b"")
    assert not found.diagnostics
    assert explore(found.definitions[0], lambda steps: steps < 600).opened == {"write", "use"}


def test_what_no_list_that_was_tried_meets_is_not_known() -> None:
    record = '  record r\n    l list of text where every b in ["1", "2", "3", "4"] satisfies list contains(l, b)\n'
    works = "  activity write\n    role boss\n    output r\n  activity use\n    role boss\n    input r\n"
    found = compile("p.charter", (HEAD + record + works).encode(), lambda _: b"")
    assert not found.diagnostics

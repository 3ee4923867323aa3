"""Questions that no entry can answer are refused with the word that was meant; each entry says what it is about."""

from __future__ import annotations

import re

import pytest
from tests.desk import Desk
from tests.unit.test_cli_refused import OPENED, played

from charter.engine.entries import KINDS, Told
from charter.engine.refusals import Reason
from charter.runtime import clock
from charter.runtime.audit.questions import CLOSED, MEANT, impossible
from charter.runtime.cli.context import Context
from charter.runtime.cli.messages import Messages
from charter.runtime.cli.trail import SAYS_ITSELF, what

MOMENT = 1_772_413_200_000_000


@pytest.mark.parametrize(
    ("question", "wrong", "meant"),
    [
        ('kind = "approved"', "approved", "granted"),
        ('kind = "grant"', "grant", "granted"),
        ('"aproved" = kind', "aproved", None),
        ('kind in ("granted", "rejeted")', "rejeted", "rejected"),
        ('kind = "已批准"', "已批准", None),
        ('outcome = "refusd"', "refusd", "refused"),
        ('outcome != "ok"', "ok", None),
        ('role = "bos"', "bos", "boss"),
        ('after = "finish"', "finish", None),
        ('data.command.verb = "approv"', "approv", "approve"),
        ("data.iteration > 1", "iteration", None),
        ('data.recrd = "req"', "recrd", "record"),
    ],
)
def test_a_question_that_no_entry_answers_is_refused(desk: Desk, question: str, wrong: str, meant: str | None) -> None:
    played(desk, OPENED)
    said = desk.type(f"charter audit query '{question}' --as zhou")
    assert desk.code == 2 and wrong in said.partition("\n")[0], said
    if meant is not None:
        assert f"`{meant}`" in said.partition("\n")[0], said


def test_whatever_an_entry_may_be_is_a_question() -> None:
    for field, words in CLOSED.items():
        for word in words:
            assert not list(impossible(f'{field} = "{word}"', ())), (field, word)
    assert set(MEANT.values()) <= KINDS.keys() and not MEANT.keys() & KINDS.keys()


def test_kinds_by_flag_are_guessed_too(desk: Desk) -> None:
    played(desk, OPENED)
    assert "`granted`" in desk.type("charter audit query --kind approved --as zhou") and desk.code == 2


@pytest.mark.parametrize("case", ["1", '"1"', "in (1)"])
def test_cases_are_asked_for_by_their_number(desk: Desk, case: str) -> None:
    played(desk, OPENED)
    asked = f"case {case}" if case.startswith("in") else f"case = {case}"
    said = desk.type(f"charter audit query '{asked} and kind = \"started\"' --format csv --as zhou")
    assert desk.code == 0 and said.count("started") == 1, said


def test_a_case_that_is_not_there_is_told(desk: Desk) -> None:
    played(desk, OPENED)
    assert "CH030" in desk.type("charter audit query 'case = 14' --as zhou") and desk.code == 4


def made(kind: type[Told]) -> Told:
    """An entry of a kind, each of its fields with something in it."""
    values = {
        "reasons": (Reason("CH501", None, {"element": "x", "person": "li", "roles": []}),),
        "because": None,
        "was": {"law": 0, "tzdata": ""},
        "file": {"name": "a.pdf", "file": "0" * 64},
        "due": clock.text(MOMENT),
        "since": clock.text(MOMENT),
        "clock": clock.text(MOMENT),
        "connectors": {"mail": {}},
        "days": {"CN": "0" * 64},
        "item": "north",
        "rows": (1,),
        "named": (("order.boss", ("li",)),),
    }
    return kind(**{name: values.get(name, "x") for name in kind.__struct_fields__})


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_entry_says_what_it_is_about(kind: str) -> None:
    context = Context(Messages("en"), "a.db", None)
    said = what(context, made(KINDS[kind]))
    assert bool(said) is (kind not in SAYS_ITSELF)
    assert not re.search(r"[{}]|T\d\d:", said), said

"""What a person reads who is refused: the true reason, who was first, and a command that is theirs to give."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from tests.desk import Desk

from charter.dsl.check.findings import Findings
from charter.dsl.messages.languages import LANGUAGES
from charter.dsl.messages.render import refusal_sentence, table
from charter.dsl.text.syntax import nearest
from charter.dsl.text.words import spellings
from charter.engine.machines import Kind, states
from charter.engine.moves import KINDS, MOVES, able, why_not
from charter.engine.refusals import Reason
from charter.runtime.cli.errors import guess
from charter.runtime.cli.messages import Messages
from charter.runtime.store import open_store

BUY = """process buy "Buy"
  owner chief
  role chief "chief"
  role clerk "clerk"
  role boss "boss"
  record req "Request"
    what text "what"
  record got "Got"
    ok boolean "ok"
  activity ask "Ask"
    role clerk
    output req
  approval agree "Agree"
    of req
    by boss
  phase delivery "Delivery"
    for each open d
    after ask
    activity receive "Receive"
      role clerk
      output got
"""
OPENED = """
charter init --as zhou
charter people add ann --as zhou
charter people add bob --as zhou
charter people add bill --as zhou
charter people add cy --as zhou
charter people grant ann clerk --as zhou
charter people grant bob boss --as zhou
charter people grant bill boss --as zhou
charter people grant cy chief --as zhou
charter deploy buy.charter --as zhou
charter start buy --as ann
charter complete 1 ask --set what=x --as ann
"""


def played(desk: Desk, lines: str, process: str = BUY) -> Desk:
    Path("buy.charter").write_text(process, "utf-8")
    desk.play(lines)
    return desk


@pytest.fixture
def opened(desk: Desk) -> Desk:
    """Gives a desk at which a case of BUY is open and has been asked for."""
    return played(desk, OPENED)


def mends(said: str) -> list[str]:
    """The commands that a refusal names."""
    return re.findall(r"charter \w+ 1[^…：]*?(?= --reason|$| has | adds | says | suspends | takes )", said, re.M)


# -- guesses -------------------------------------------------------------------------------------------------------


WORDS = st.sampled_from(
    ["receive", "receives", "recieve", "ok", "审批", "审核", "role", "Role", "for each", "owner", ""]
)
GUESSES: dict[str, Callable[[str, list[str]], str | None]] = {
    "cli": lambda word, known: (re.findall(r"[`“](.+?)[`”]", guess(word, known, Messages("en"))) or [None])[0],
    "check": lambda word, known: Findings("a").guess(word, known),
    "text": lambda word, _: (nearest(word, {t for _, t, _, _ in spellings()}) or [None])[0],
}


@pytest.mark.parametrize("name", GUESSES)
@given(word=WORDS, known=st.lists(WORDS, max_size=5))
def test_no_guess_is_what_was_asked(name: str, word: str, known: list[str]) -> None:
    assert GUESSES[name](word, known) != word


# -- why there is no such move -------------------------------------------------------------------------------------


def moves() -> Iterator[tuple[Kind, str, str]]:
    for kind in KINDS:
        for verb in MOVES:
            for state in states(kind):
                if state not in able(kind, verb):
                    yield kind, state, verb


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_state_and_verb_has_its_reason(lang: str) -> None:
    sentences = table(lang)["wrong_state"]
    used = set()
    for kind, state, verb in moves():
        keys = why_not(state, verb, kind)
        found = next(key for key in keys if key in sentences)
        # what a thing never does is not said of the state that it happens to be in
        assert found.startswith(kind) == (not able(kind, verb)), (kind, state, verb, found)
        reason = Reason("CH502", None, {"element": "x", "state": state, "verb": verb})
        assert "{" not in refusal_sentence(reason, lang, kind)
        used.add(found)
    # what a `for each` and what work is sent back to are told of beside
    assert sentences.keys() - used == {"group", "ready_return"}


def test_what_only_an_approval_can_be_is_told_without_the_process() -> None:
    reason = Reason("CH502", None, {"element": "x", "state": "ready", "verb": "delegate"})
    assert "is an approval" in refusal_sentence(reason)
    assert "是审批" in refusal_sentence(reason, "zh")


@pytest.mark.parametrize("verb", ["delegate 1 agree bill", "claim 1 agree", "suspend 1 agree", "complete 1 agree"])
def test_an_approval_has_no_such_move(opened: Desk, verb: str) -> None:
    said = opened.type(f"charter {verb} --as bob")
    assert opened.code == 3 and ("is an approval" in said or "是审批" in said)
    assert ("charter people substitute" in said) is verb.startswith("delegate")


# -- who was first, and what helps ---------------------------------------------------------------------------------


def test_the_loser_of_a_race_is_told_who_won_and_when(opened: Desk) -> None:
    assert opened.type("charter approve 1 agree --as bob") and opened.code == 0
    said = opened.type("charter approve 1 agree --as bill")
    when = {"en": "1 minute ago", "zh": "1 分钟前"}[opened.lang]
    assert Messages(opened.lang)("happened.was_granted", person="bob", when=when) in said
    assert "charter reopen" not in said  # bill is not in charge
    said = opened.type("charter approve 1 agree --as cy")
    assert "charter reopen 1 agree --reason" in said


def test_an_instance_that_is_not_there_is_told_of(opened: Desk) -> None:
    said = opened.type("charter complete 1 receive --as ann")
    assert Messages(opened.lang)("refusals.no_instance", element="receive") in said and "charter add 1 delivery" in said
    assert "did you mean" not in said and "是否指" not in said
    assert "charter add" not in opened.type("charter complete 1 receive --as bob")  # who may not add
    opened.type("charter add 1 delivery --item 5 --as ann")
    for instance in ("receive", "receive[7]"):
        said = opened.type(f"charter complete 1 {instance} --as ann")
        assert "receive[1]" in said and "did you mean" not in said and "是否指" not in said


def test_no_raw_word_of_the_engine_is_a_role(desk: Desk) -> None:
    played(desk, OPENED.replace("charter people grant cy chief --as zhou\n", ""), BUY.replace("  owner chief\n", ""))
    said = desk.type("charter skip 1 agree --reason x --as bob")
    assert desk.code == 3 and "opener" not in said and "ann" in said


STANDS_IN = """
charter people substitute bob cy --role boss --as zhou
charter people absent bob 2026-03-01 2026-03-31 --as zhou
charter people accept 1 --as cy
"""


def test_who_stands_in_for_one_need_not_say_for_whom_and_is_told(desk: Desk) -> None:
    played(desk, OPENED + STANDS_IN)
    said = desk.type("charter approve 1 agree --as cy")  # the owner, who has no vote
    assert desk.code == 0 and Messages(desk.lang)("happened.on_behalf_of", names="bob") in said


def test_who_stands_in_for_several_says_for_whom(desk: Desk) -> None:
    other = STANDS_IN.replace("bob", "bill").replace("accept 1", "accept 2")
    played(desk, OPENED + STANDS_IN + other)
    said = desk.type("charter approve 1 agree --as cy")
    assert desk.code == 3 and "--for bill" in said
    desk.type("charter approve 1 agree --for bob --as cy")
    assert desk.code == 0


def test_the_stage_that_decides_now_says_whose_vote_is_needed(desk: Desk) -> None:
    """Somebody with a vote of their own in the first stage has that of their principal in the second."""
    more = "charter people grant bill boss --as zhou\ncharter people grant cy clerk --as zhou\n"
    staged = BUY.replace("    by boss\n", "    by clerk then boss\n")
    played(
        desk,
        OPENED + STANDS_IN + more + "charter people add di --as zhou\ncharter people grant di clerk --as zhou\n",
        staged,
    )
    desk.type("charter approve 1 agree --as di")
    assert desk.code == 0
    said = desk.type("charter approve 1 agree --as cy")
    assert desk.code == 0 and Messages(desk.lang)("happened.on_behalf_of", names="bob") in said


def test_a_suspended_case_says_who_suspended_it_and_why(opened: Desk) -> None:
    opened.type("charter suspend 1 --reason audit --as cy")
    said = opened.type("charter approve 1 agree --as bob")
    assert opened.code == 3 and "cy" in said and "audit" in said


def test_a_role_that_has_voted_is_neither_asked_nor_named(desk: Desk) -> None:
    more = "charter people grant ann clerk --as zhou\ncharter approve 1 agree --as bob\n"
    played(desk, OPENED + more, BUY.replace("    by boss\n", "    by all of boss, chief\n"))
    assert "approve" not in desk.type("charter inbox --as bill")
    said = desk.type("charter approve 1 agree --as bill")
    assert "CH543" in said and "chief: cy" in said.replace("：", ": ")
    assert "chief" not in said.splitlines()[0]


# -- whose turn it is, and what they type --------------------------------------------------------------------------


def test_next_names_who_can_act_now(desk: Desk) -> None:
    played(
        desk,
        OPENED.replace("charter complete 1 ask --set what=x --as ann\n", "")
        + """
charter people substitute bob cy --role boss --as zhou
charter people accept 1 --as cy
charter people absent bob 2026-03-01 2026-03-31 --as zhou
""",
    )
    said = desk.type("charter complete 1 ask --set what=x --as ann")
    say = Messages(desk.lang)
    assert "bill" + say("happened.comma") + say("happened.in_place_of", person="cy", principal="bob") in said
    desk.type("charter people absent bill 2026-03-01 2026-03-31 --as zhou")
    desk.type("charter people absent cy 2026-03-01 2026-03-31 --as zhou")
    said = desk.type("charter show 1 --as cy")
    assert say("happened.away", person="bill") in said


def test_an_open_list_is_in_the_inbox_of_those_in_charge(opened: Desk) -> None:
    assert "charter add 1 delivery" in opened.type("charter inbox --as cy")
    assert "delivery" not in opened.type("charter inbox --as ann")
    opened.type("charter add 1 delivery --item 5 --as cy")
    assert "charter close 1 delivery" in opened.type("charter inbox --as cy")
    opened.type("charter suspend 1 --as cy")
    assert "delivery" not in opened.type("charter inbox --as cy")
    opened.type("charter resume 1 --as cy")
    opened.type("charter close 1 delivery --as cy")
    assert opened.code == 0 and "delivery" not in opened.type("charter inbox --as cy")


def test_without_an_owner_it_is_in_the_inbox_of_whoever_opened_the_case(desk: Desk) -> None:
    played(desk, OPENED, BUY.replace("  owner chief\n", ""))
    said = desk.type("charter inbox --as ann")
    assert "charter add 1 delivery" in said and Messages(desk.lang)("inbox.why_opened") in said
    assert "delivery" not in desk.type("charter inbox --as cy")


def test_a_list_stands_in_no_work(opened: Desk) -> None:
    """What an inbox says of a list is not taken for work that a verb without an element may mean."""
    assert "delivery" not in opened.type("charter complete 1 --as cy").partition("\n")[0]


def test_databases_of_earlier_builds_get_their_open_lists(opened: Desk, tmp_path: Path) -> None:
    path = tmp_path / "charter.db"
    opened.store.close()
    with closing(sqlite3.connect(path)) as raw:
        rows = raw.execute("SELECT * FROM open_lists").fetchall()
        raw.execute("DROP TABLE open_lists")
        raw.execute("PRAGMA user_version=7")
    assert rows
    open_store(str(path)).close()
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT * FROM open_lists").fetchall() == rows


def test_a_stand_in_is_not_offered_what_their_principal_may_not_do(desk: Desk) -> None:
    played(
        desk,
        OPENED
        + """
charter people grant ann boss --as zhou
charter people substitute ann cy --role boss --as zhou
charter people accept 1 --as cy
charter people absent ann 2026-03-01 2026-03-31 --as zhou
""",
        BUY.replace("    by boss\n", "    by boss\n    separate from ask\n"),
    )
    assert "approve" not in desk.type("charter inbox --as cy")


# -- what only the person who is refused is told -------------------------------------------------------------------


def test_a_refusal_shows_what_its_condition_read_and_the_trail_does_not_keep_it(desk: Desk) -> None:
    process = BUY.replace(
        'what text "what"', "what text where string length(what) > 1 and count(tags) < 3\n    tags list of text"
    )
    process = process.replace("by boss", 'by clerk then boss\n    criteria req.what != "xx"')
    played(desk, OPENED.partition("charter complete")[0], process)
    said = desk.type("charter complete 1 ask --set what=x --set 'tags=[\"a\"]' --as ann")
    assert "count(tags) = 1" in said and 'what = "x"' in said
    played(desk, "charter complete 1 ask --set what=xx --set 'tags=[]' --as ann", process)
    said = desk.type("charter approve 1 agree --as bob")
    assert "boss" in said and "clerk" in said
    assert 'req.what = "xx"' in desk.type("charter approve 1 agree --as ann")
    kept = desk.type("charter audit log 1 --as zhou")
    assert "CH528" in kept and "CH508" in kept and "count(tags) = 1" not in kept

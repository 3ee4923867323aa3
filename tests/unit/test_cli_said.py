"""Words where a code, a raw value or silence stood: figures of KPIs, late work, failures, roles that there are not."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.desk import Desk
from tests.unit.test_cli_refused import BUY, OPENED, played

from charter.dsl.check.types import unit_fits
from charter.engine.entries.cases import Continued
from charter.engine.feel import types
from charter.engine.feel.own import UNITS
from charter.engine.feel.temporal import DaysDuration, YearsDuration
from charter.engine.refusals import CODES
from charter.engine.values import encode
from charter.runtime.cli.amounts import in_unit, value_text
from charter.runtime.cli.context import Context
from charter.runtime.cli.failures import failure_sentence
from charter.runtime.cli.messages import Messages
from charter.runtime.cli.trail import what

SECOND = 1_000_000_000
Length = DaysDuration | YearsDuration
LENGTHS: list[Length] = [DaysDuration(0), DaysDuration(-90 * SECOND), DaysDuration(5400 * SECOND), YearsDuration(14)]
KPIS = """  kpi taken "Time"
    formula max(cases.ask.duration)
    unit minutes
    by agree.doer
  kpi plain "Plain"
    formula max(cases.ask.duration)
"""


def test_the_group_of_cases_that_lack_it_is_named_so(desk: Desk) -> None:
    played(desk, OPENED, BUY + KPIS)
    desk.type("charter start buy --as ann")
    desk.type("charter approve 1 agree --as bob")
    said = desk.type("charter kpi buy taken --as zhou")
    say = Messages(desk.lang)
    assert say("kpi.without", by="agree.doer") in said and "bob" in said and say("kpi.all") not in said
    assert "1 minutes" in said and "PT" not in said and say("kpi.none") not in said


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("unit", [None, "percent", "hours", "天", "工作日", "months"])
@pytest.mark.parametrize("length", LENGTHS)
def test_no_reader_is_shown_a_duration_of_iso(lang: str, unit: str | None, length: Length) -> None:
    said = value_text(encode(length), unit, Context(Messages(lang), "a.db", None))
    assert said and "P" not in said.upper().replace("PERCENT", "")


@pytest.mark.parametrize(("law", "tzdata", "said"), [(0, "2026a", "law 0 → 1"), (1, "", "zone rules – → 2026a")])
def test_a_case_that_goes_on_under_other_rules_says_what_is_other(law: int, tzdata: str, said: str) -> None:
    told = Continued(1, "2026a", {"law": law, "tzdata": tzdata}, {})
    assert what(Context(Messages("en"), "a.db", None), told) == said


def test_lengths_of_time_have_the_units_that_people_write() -> None:
    assert in_unit(DaysDuration(5400 * SECOND), "hours") == Decimal("1.5")
    assert in_unit(DaysDuration(86_400 * SECOND), "天") == 1
    assert in_unit(YearsDuration(18), "years") == Decimal("1.5")
    for unit, (field, _) in UNITS.items():
        # a working day is no number of hours
        assert (in_unit(DaysDuration(SECOND), unit) is None) == (field not in ("days", "seconds")), unit


def test_a_role_that_no_process_has_is_told(desk: Desk) -> None:
    played(desk, OPENED)
    say = Messages(desk.lang)
    said = desk.type("charter people grant bill bos --as zhou")
    assert desk.code == 0 and say("people.no_role", role="bos", guess=say("usage.did_you_mean", guess="boss")) in said
    assert "bos`" not in desk.type("charter people grant bill boss --process buy --as zhou")
    assert "steward`" not in desk.type("charter people grant bill steward --process organisation --as zhou")


def test_what_is_late_is_said_to_be(desk: Desk) -> None:
    played(desk, OPENED, BUY.replace("    by boss\n", "    by boss\n    within 1 hour\n"))
    word = {"en": "overdue", "zh": "已逾期"}[desk.lang]
    assert word not in desk.type("charter inbox --as bob") + desk.type("charter show 1 --as bob")
    desk.at += 86_400_000_000
    assert word in desk.type("charter inbox --as bob") and word in desk.type("charter show 1 --as bob")


def test_show_names_the_option_for_records(desk: Desk) -> None:
    played(desk, OPENED)
    assert "--records" in desk.type("charter show 1 req --as ann").partition("\n")[0] and desk.code == 2


@pytest.mark.parametrize("id", ["operator", "Operator", "system"])
def test_words_of_the_trail_are_nobodys(desk: Desk, id: str) -> None:
    played(desk, OPENED)
    said = desk.type(f"charter people add {id} --as zhou")
    assert "CH595" in said and ("nobody's id" in said or "专用词" in said)


def test_usage_says_who_is_who(desk: Desk) -> None:
    say = Messages(desk.lang)
    for verb in ("substitute", "delegate"):
        said = desk.type(f"charter people {verb} --help")
        assert f"{say('metavars.PERSON')} {say('metavars.STAND_IN')}" in said


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_failure_is_a_sentence(lang: str) -> None:
    for code in CODES:
        said = failure_sentence(f"{code} quote", "fetch[1]", lang)
        assert not said.startswith("CH5") and "{" not in said
    assert "quote" in failure_sentence("CH511 quote", "fetch[1]", lang)
    assert failure_sentence("connection refused", "fetch", lang) == "connection refused"


def test_a_unit_that_checks_is_one_that_is_shown() -> None:
    """What `check` lets pass is converted; what it refuses could not have been."""
    for length, kind in ((DaysDuration(SECOND), types.DAYS_DURATION), (YearsDuration(1), types.YEARS_DURATION)):
        for unit in (*UNITS, "percent", "EUR"):
            assert unit_fits(unit, kind) is (in_unit(length, unit) is not None), (unit, kind)

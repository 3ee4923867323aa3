"""What never has a value is told with the text that was meant (CH314); what has one is left alone."""

from __future__ import annotations

import pytest

from charter.dsl.passes import compile

TEXT = """process p
  owner boss
  role boss
  record request
    xs list of text
    on date
    name text
  activity a
    role boss
    output request
  approval review of request
    by boss
  activity b
    role boss
    input request
    when {when}
"""


@pytest.mark.parametrize(
    ("when", "mended"),
    [
        ('request.xs[0] = "a"', 'request.xs[1] = "a"'),
        ('substring(request.name, 0, 2) = "ab"', 'substring(request.name, 1, 2) = "ab"'),
        ("request.on.month() = 3", "request.on.month = 3"),
        ("review.granted()", "review.granted"),
        ("review.done", "review.granted"),
        ('request.on > date("15.03.2026")', None),
        ('duration("5 days") > duration("P1D")', None),
        ('now() > date and time("2026-13-03T00:00:00")', None),
    ],
)
def test_what_never_has_a_value_is_told_and_mended(when: str, mended: str | None) -> None:
    text = TEXT.format(when=when)
    [found] = compile("p.charter", text).diagnostics
    assert found.code == "CH314"
    assert (found.fix and found.fix.applied(text)) == (mended and TEXT.format(when=mended))
    if mended:
        assert compile("p.charter", TEXT.format(when=mended)).diagnostics == ()


@pytest.mark.parametrize(
    "when",
    [
        'request.xs[1] = "a"',
        'count(request.xs[item = "a"]) = 0',
        "a.done",
        'request.on > date("2026-03-15")',
        "today() > request.on",
    ],
)
def test_what_has_a_value_is_left_alone(when: str) -> None:
    assert compile("p.charter", TEXT.format(when=when)).diagnostics == ()

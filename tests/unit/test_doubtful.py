"""What is right as FEEL and cannot be meant is told (CH315 to CH319); what can be meant is left alone."""

from __future__ import annotations

import pytest

from charter.dsl.passes import compile

TEXT = """process p
  owner boss
  role boss
  parameter limit money = 1000 CNY
  parameter rhythm duration = 2 weeks
  parameter strict boolean = false
  record request
    title  text
    note   text optional
    kind   choice "goods" | "service" | "travel"
    amount money
    share  percent
    pieces integer where pieces > 0
    wanted date
    lines  list of line
  record line
    price money
    kind  choice "a" | "b"
  activity ask
    role boss
    output request
  approval review of request
    by boss
  activity other
    role boss
    when request.amount > limit and rhythm != 1 week or strict
  activity look
    role boss
    after review
    when {when}
"""


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ("5 > 3", "CH315"),
        ("request.amount <= request.amount", "CH315"),
        ('request.kind = "goods" and request.kind = "service"', "CH315"),
        ('request.kind != "goods" or request.kind != "service"', "CH315"),
        ("review.granted and review.rejected", "CH315"),
        ("not(review.settled) and review.granted", "CH315"),
        ("count(request.lines) >= 0", "CH315"),
        ("string length(request.title) < 0", "CH315"),
        ("request.pieces < 1", "CH315"),
        ("request.pieces = 2.5", "CH315"),
        ("request.wanted > 2026-05-01 and request.wanted < 2026-05-01", "CH315"),
        ("request.wanted.month > 12", "CH315"),
        ('request.title = ""', "CH315"),
        ("limit > 500 USD", "CH315"),
        ("request.amount > 500 CNY and request.amount < 900 USD", "CH315"),
        ("rhythm > 3 working days", "CH315"),
        ("some l in request.lines satisfies l.price > 5 CNY and l.price < 3 CNY", "CH315"),
        ('count(request.lines[kind = "a" and kind = "b"]) > 0', "CH315"),
        ("request.share >= 15", "CH316"),
        ("request.share in [5..10]", "CH316"),
        ("request.amount > 500 RMB", "CH317"),
        ('request.kind > "goods"', "CH318"),
        ("every request in request.lines satisfies request.price > 0", "CH319"),
        ('request.kind in ("good", "service")', "CH311"),
        ('day of week(request.wanted) = "Mon"', "CH311"),
        ('list contains(["goods", "sevice"], request.kind)', "CH311"),
        ('upper case(request.title) = "abc"', "CH311"),
        ("list contains(request.lines.price, 5)", "CH304"),
        ("min(request.amount, 500) > 3 CNY", "CH304"),
        ("request.amount in [500..1000]", "CH304"),
    ],
)
def test_what_cannot_be_meant_is_told(when: str, code: str) -> None:
    assert {found.code for found in compile("p.charter", TEXT.format(when=when)).diagnostics} == {code}


@pytest.mark.parametrize(
    "when",
    [
        "request.pieces > 0",  # says again what its `where` says
        'request.kind != "goods" and request.kind != "service"',
        'request.kind in ("goods", "service", "travel")',
        'request.note = null or request.note = ""',
        "request.title != null",
        "request.amount > 500 CNY or request.amount > 70 USD",
        "limit > 5000 CNY",
        "strict",
        "request.share > 1",
        "request.share > 150%",
        "request.pieces > 3 and request.pieces < 5",
        "request.pieces between 1 and 1",
        "max(request.amount, 0) > limit",
        "request.amount > limit and request.pieces > 3",
        'request.title > "a"',
        "rhythm > 3 days",
        "today() > request.wanted or today() <= request.wanted",  # null where nothing is known
        "every l in request.lines satisfies l.price > 0",
        'some l in request.lines satisfies l.kind = "a" and request.kind = "goods"',
        "request.lines = []",
        "review.granted or review.rejected",
    ],
)
def test_what_can_be_meant_is_left_alone(when: str) -> None:
    assert compile("p.charter", TEXT.format(when=when)).diagnostics == ()

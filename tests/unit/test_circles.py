"""Circles through conditions, and bindings of people through others: what no run and no person can get out of."""

from __future__ import annotations

import pytest

from charter.dsl.passes import compile

HEAD = """process p
  owner boss
  role boss
  role clerk
  role auditor external
  record one
    n number
  record two
    n number
"""


def told(body: str) -> list[tuple[str, object]]:
    found = [d for d in compile("p.charter", HEAD + body).diagnostics if d.is_error]
    return [(d.code, d.arguments.get("path") or tuple(map(d.arguments.get, ("element", "other")))) for d in found]


def element(name: str, *lines: str) -> str:
    return f"  activity {name}\n    role boss\n" + "".join(f"    {line}\n" for line in lines)


PATH = "`a` → `b` → `a`"
EXIT = (
    "  phase x\n    exit when m.reached\n    activity a\n      role boss\n  phase y\n    activity b\n      role boss\n"
)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (element("a", "when b.done") + element("b", "when a.done"), PATH),
        (element("a", "when not(b.done)") + element("b", 'when a.done or a.outcome = "return"'), PATH),
        (element("a", "when two.n > 5", "output one") + element("b", "when one.n < 3", "output two"), PATH),
        (EXIT + "  milestone m when y.done\n", "`x` → `m` → `y` → `x`"),
        (element("a", "after m") + "  milestone m when a.done\n", "`a` → `m` → `a`"),
    ],
)
def test_a_circle_through_conditions_is_shown_whole(body: str, path: str) -> None:
    assert told(body) == [("CH401", path)]


@pytest.mark.parametrize(
    "when",
    [
        "b.overdue",
        "b.done or c.done",
        "count(b) > 0",
        "two != null",
        'b.done and now() > date and time("2026-03-02T09:00:00Z")',
    ],
)
def test_what_may_be_known_sooner_is_no_circle(when: str) -> None:
    assert told(element("a", f"when {when}") + element("b", "when a.done", "output two") + element("c")) == []


BOUND = "  activity make\n    role clerk\n  activity a\n    role clerk, auditor\n  activity b\n    role auditor\n"


def test_one_person_through_several_bindings_is_inside_or_outside() -> None:
    assert told(f"{BOUND}  same a from make\n") == []
    assert told(f"{BOUND}  same a from make\n  same b from a\n") == [("CH405", ("b", "make"))]
    assert told(f"{BOUND}  same b from a\n  same a from make\n") == [("CH405", ("make", "b"))]

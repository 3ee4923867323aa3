"""Builds rules from the parse, and what scenarios expect of them."""

from __future__ import annotations

from typing import Any

from charter.dsl.text import tree as t
from charter.dsl.text.from_parse import Parts, expr_of, name_of, place, register
from charter.dsl.text.from_scenario import state_of
from charter.engine.sla import BREACH


def _occasion(kind: Any, c: Parts, **fields: Any) -> t.Occasion:
    return t.Occasion(kind, **fields, **place(c))


def _on_state(c: Parts) -> t.Occasion:
    name = t.Name("case", span=c[1].span) if c[1].type == "CASE" else name_of(c[1])
    return _occasion("state", c, name=name, state=state_of(name.text, c[3]))


def _fired(c: Parts, times: int | None = None) -> t.ExpectFired:
    return t.ExpectFired(name_of(c[2]), times, **place(c))


register(
    ("on_state", _on_state),
    ("on_written", lambda c: _occasion("written", c, name=name_of(c[1]))),
    ("on_rejected", lambda c: _occasion("rejected", c, name=name_of(c[1]), count=int(c[3].value))),
    ("on_arrival", lambda c: _occasion("signal", c, name=name_of(c[2]))),
    ("on_rhythm", lambda c: _occasion("every", c, every=expr_of(c[2]))),
    ("on_overrun", lambda c: _occasion("overrun", c, name=name_of(c[1]))),
    ("on_verdict", lambda c: _occasion("verdict", c, name=name_of(c[2]), state=t.Name(c[-1].value, span=c[-1].span))),
    ("on_share", lambda c: _occasion("threshold", c, name=name_of(c[2]), count=int(c[4].value.rstrip("%％ ")))),
    ("on_breach", lambda c: _occasion("threshold", c, name=name_of(c[2]), count=BREACH)),
    ("response", lambda c: t.Response(tuple(c[1]), **place(c))),
    ("expect_fired", _fired),
    ("expect_fired_times", lambda c: _fired(c, int(c[4].value))),
    ("expect_not_fired", lambda c: _fired(c, 0)),
)

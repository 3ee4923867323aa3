"""Builds from the parse who decides in an approval, and what happens to elements by itself: events and actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from charter.dsl.text import tree as t
from charter.dsl.text.from_parse import Parts, argument, argument_file, expr_of, name_of, names_of, place, register
from charter.dsl.text.lexer import Lexeme

_ACTIONS: Mapping[str, Any] = {"NOTIFY": "notify", "ESCALATE_TO": "escalate", "START": "start"}


def _action(c: Parts) -> t.Action:
    given = (c[3],) if len(c) > 2 else ()
    return t.Action(_ACTIONS[c[0].type], (name_of(c[1]),), given, span=place(c)["span"])


def _longer(c: Parts, **more: Any) -> list[t.Action]:
    """Gives a list of actions whose last one goes on: `notify a` with `, b`."""
    last: t.Action = c[0][-1]
    names = (*last.names, *more.get("names", ()))
    given = (*last.arguments, *more.get("arguments", ()))
    return [*c[0][:-1], t.Action(last.kind, names, given, span=(last.span[0], c[-1].span[1]))]


def _if_overdue_notify(c: Parts) -> t.OnOverdue:
    where = place(c)
    told = t.Action("notify", names_of(c[1]), span=(c[1][0].span[0], where["span"][1]))
    return t.OnOverdue((told,), **where)


def _remind(c: Parts, span: Lexeme) -> t.Remind:
    roles = names_of([x for x in c[1] if x.type != "HOLDER"])
    return t.Remind(roles, len(roles) < len(c[1]), expr_of(span), **place(c))


_KINDS: Mapping[str, Any] = {"ENDS_AFTER": "after", "ENDS_WHEN": "when", "AT_SPAN": "after", "ONCE": "when"}


register(
    ("remind", lambda c: _remind(c, c[2])),
    ("remind_ahead", lambda c: _remind(c, c[3])),
    ("ends", lambda c: t.Ends(_KINDS[c[0].type], expr_of(c[1]), None, c[2], **place(c))),
    ("ends_on", lambda c: t.Ends("signal", None, name_of(c[1]), c[2], **place(c))),
    ("happens", lambda c: t.Happens(_KINDS[c[0].type], expr_of(c[1]), None, tuple(c[2]), **place(c))),
    ("on_signal", lambda c: t.Happens("signal", None, name_of(c[1]), tuple(c[2]), **place(c))),
    ("action", _action),
    ("start_with", _action),
    ("more_named", lambda c: _longer(c, names=(name_of(c[2]),))),
    ("more_given_file", lambda c: _longer(c, arguments=(argument_file(c[2:]),))),
    ("more_given", lambda c: _longer(c, arguments=(argument(c[2:]),))),
    ("on_overdue", lambda c: t.OnOverdue(tuple(c[1]), **place(c))),
    ("if_overdue_notify", _if_overdue_notify),
)


# --- service-level clocks --------------------------------------------------------------------------------------

_CLOCK: Mapping[str, Any] = {
    "COUNTS_FROM": "from",
    "STARTS_WHEN": "starts",
    "PAUSES_WHILE": "pauses",
    "STOPS_WHEN": "stops",
    "RESTARTS_WHEN": "restarts",
}
BREACH = 100


def _agreed(c: Parts) -> t.Agreed:
    return t.Agreed(expr_of(c[1]), expr_of(c[3]) if len(c) > 2 else None, **place(c))


register(
    ("clock_when", lambda c: t.ClockWhen(_CLOCK[c[0].type], expr_of(c[1]), **place(c))),
    ("agreed", _agreed),
    ("agreed_when", _agreed),
    ("at_share", lambda c: t.At(int(c[1].value.rstrip("%％ ")), tuple(c[2]), **place(c))),
    ("at_breach", lambda c: t.At(BREACH, tuple(c[1]), **place(c))),
)


def _seats(c: Parts, *, other: bool) -> t.Stage:
    return t.Stage("count", (name_of(c[-1]),), int(c[0].value), int(c[2].value), other, span=place(c)["span"])


register(
    ("by", lambda c: t.By(tuple(c[1]), **place(c))),
    ("stage_when", lambda c: replace(c[0], when=expr_of(c[2]))),
    ("stage_one", lambda c: t.Stage("one", (name_of(c[0]),), span=c[0].span)),
    ("stage_other", lambda c: t.Stage("one", (name_of(c[1]),), other=True, span=place(c)["span"])),
    ("stage_any", lambda c: t.Stage("any", names_of(c[1]), span=place(c)["span"])),
    ("stage_all", lambda c: t.Stage("all", names_of(c[1]), span=place(c)["span"])),
    ("stage_some", lambda c: t.Stage("count", names_of(c[2]), int(c[0].value), span=place(c)["span"])),
    ("stage_seats", lambda c: _seats(c, other=False)),
    ("stage_other_seats", lambda c: _seats(c, other=True)),
)

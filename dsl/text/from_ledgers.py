"""Builds ledgers from the parse."""

from __future__ import annotations

from charter.dsl.text import tree as t
from charter.dsl.text.from_parse import Parts, name_of, names_of, place, register


def _ledger(c: Parts) -> t.Ledger:
    name, title = c[1]
    head = {"span": (c[0].span[0], c[5].span[1]), "comments": c[0].comments}
    return t.Ledger(name, name_of(c[3]), name_of(c[5]), title, tuple(c[7]), **head)


register(
    ("ledger", _ledger),
    ("booking", lambda c: t.Booking(c[0].type.lower(), names_of(c[1]), **place(c))),
    ("overrun", lambda c: t.Overrun(**place(c))),
)

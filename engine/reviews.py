"""Reviews of registers: which entries are to be looked at again, and what comes of it when they are.

A register belongs to no case, and so does its review. Once the time of an entry's latest version is over it is told,
once for that version: whoever is to look at it hears of it, and the case in which they do is opened, where the register
names a process. Filing the entry, also as it was, is the review. Done here for every host, in one transaction. Knows
neither storage nor schedules.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from charter.engine import values
from charter.engine.definition import Definition, Register
from charter.engine.entries.organisation import ReviewDue
from charter.engine.hosting import Host
from charter.engine.plan.facts import moment
from charter.engine.plan.looking import review_due
from charter.engine.plan.program import prepare
from charter.engine.plan.scope import Scope
from charter.engine.registers import Row, key_value
from charter.engine.state import NEW
from charter.engine.verdicts import begun

# The name under which what a review starts sees the entry.
REVIEWED = "reviewed"


class Reviewed(Struct, frozen=True):
    """A register whose entries are reviewed, and the definition that says so."""

    definition: Definition
    register: Register

    def due(self, at: int) -> int | None:
        """Gives when an entry that was filed at an instant is to be looked at again."""
        return review_due(prepare(self.definition), self.register, at)


def reviewed(definitions: Iterable[Definition]) -> dict[str, Reviewed]:
    """Gives the registers that are reviewed, by name: as the process says it that a review starts, else the first."""
    found: dict[str, Reviewed] = {}
    for definition in sorted(definitions, key=lambda each: each.name):
        for register in definition.registers:
            review = register.review
            if review is not None and (register.name not in found or review.start == definition.name):
                found[register.name] = Reviewed(definition, register)
    return found


def apply(host: Host, one: Reviewed, row: Row, due: int, now: int, text: str) -> ReviewDue:
    """Tells that an entry is to be looked at again, and opens the case for it; `text`: the instant `due` in words."""
    definition, register, review = one.definition, one.register, one.register.review
    assert review is not None
    begun_: tuple[dict[str, Any], ...] = ()
    if review.start is not None:
        scope, seen = Scope(prepare(definition), NEW, None, (), now), {REVIEWED: _entry(one, row, due)}
        given = [(name, _encoded(scope.value(value, seen))) for name, value in review.arguments]
        begun_ = (begun(host, review.start, given, f"{definition.name}.{register.name}"),)
    return ReviewDue(definition.name, register.name, row.key, row.version, text, review.roles, begun_)


def _entry(one: Reviewed, row: Row, due: int) -> dict[str, Any]:
    kinds = {field.name: field.type.name for field in one.register.fields}
    kind = "text" if one.register.key is None else kinds[one.register.key]
    fields: dict[str, Any] = dict.fromkeys(kinds)
    return {
        "register": one.register.name,
        "key": key_value(kind, row.key),
        "version": row.version,
        "due": moment(due, prepare(one.definition).zone),
        "entry": fields | values.decode(row.value),
    }


def _encoded(value: Any) -> Any:
    try:
        return values.encode(value)
    except values.NotAValue:
        return None

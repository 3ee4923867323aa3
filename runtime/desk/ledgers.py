"""How the ledgers of a case stand: their sums, and those of their lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from charter.engine import values
from charter.engine.dated import prepared
from charter.engine.definition import Definition, Ledger
from charter.engine.plan.ledgers import AMOUNTS, book_of, standing
from charter.engine.reading import WITHHELD, Sight
from charter.engine.state import CaseState


class Stand(Struct, frozen=True):
    """`version`: of the record that is the baseline, 0 as long as none is approved. Amounts are encoded values."""

    ledger: Ledger
    version: int
    lines: tuple[tuple[str, Mapping[str, Any]], ...]
    whole: Mapping[str, Any]

    def to_json(self, sight: Sight) -> dict[str, Any]:
        """Gives it as JSON data, as it is read."""
        if not sight.whole:
            return {"ledger": self.ledger.name, "title": self.ledger.title, "lines": WITHHELD}
        return {
            "ledger": self.ledger.name,
            "title": self.ledger.title,
            "record_version": self.version or None,
            **self.whole,
            "lines": [{"line_name": line, **facts} for line, facts in self.lines],
        }


def stands(definition: Definition, state: CaseState) -> list[Stand]:
    """Says how each ledger stands."""
    program = prepared(definition, state)
    found = []
    for plan in program.ledgers.values():
        now = standing(program, state, plan)
        lines = tuple((line, _encoded(facts)) for line, facts in now.lines.items())
        found.append(Stand(plan.ledger, book_of(state, plan.ledger.name).number, lines, _encoded(now.whole)))
    return found


def _encoded(facts: Mapping[str, Any]) -> dict[str, Any]:
    amounts = {name: values.encode(facts[name]) for name in AMOUNTS}
    return {**amounts, "overrun": facts["overrun"], "entry_count": int(facts["entries"])}

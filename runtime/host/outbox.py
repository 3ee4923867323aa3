"""The outbox: what a step asked of the world, kept in the step's transaction. `delivery.py` carries it out."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, insert

from charter.engine import plain
from charter.engine.effects import Effect
from charter.engine.hosting import is_asked
from charter.runtime.store import tables as t
from charter.runtime.store.prepared import Prepared

_POST = Prepared(insert(t.outbox).inline(), "case", "kind", "body", "at", "deliveries")


def post(connection: Connection, case: str, effects: Sequence[Effect], at: int) -> None:
    """Keeps what a step asks for delivery, in the step's transaction."""
    asked = [effect for effect in effects if is_asked(effect)]
    if asked:
        rows = [(case, type(e).__name__, json.dumps(plain.to_json(e), ensure_ascii=False), at, 0) for e in asked]
        _POST.run_many(connection, rows)

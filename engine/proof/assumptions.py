"""What is taken where a process is looked at before it runs: when a case begins, and what unbound parameters are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from charter.engine.definition import Definition
from charter.engine.zones import rules

_USUAL: Mapping[str, str] = {
    **dict.fromkeys(("number", "integer"), "1"),
    **{"percent": "0.5", "money": "1 EUR", "boolean": "true", "duration": "1 day", "text": '"other"'},
    **{"person": '"somebody"', "date": "2026-03-02", "datetime": "2026-03-02T09:00:00", "time": '@"09:00:00"'},
}


def assumed(definition: Definition) -> Mapping[str, str]:
    """Gives an expression for each unbound parameter; null where its type names none."""
    types = {p.name: p.type for p in definition.parameters}
    found = {}
    for name in definition.unbound():
        type_ = types[name]
        if type_ is not None and type_.choices:
            found[name] = f'"{type_.choices[0]}"'
        else:
            found[name] = _USUAL.get(type_.name if type_ is not None else "number", "null")
    return found


def starting(definition: Definition) -> int:
    """Gives when every case begins, as in scenarios: Monday 2 March 2026, 09:00 in the process's zone."""
    return int(datetime(2026, 3, 2, 9, tzinfo=rules(definition.calendar.zone)).timestamp()) * 1_000_000

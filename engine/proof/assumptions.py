"""Values for parameters that nobody has bound: a process can be looked at before it can run."""

from __future__ import annotations

from collections.abc import Mapping

from charter.engine.definition import Definition

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

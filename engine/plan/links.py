"""Links: what a case reads of a case of another process, as it is asked for and as it is given.

A link is looked up as a register is (`engine/registers.py`): by a text that names one case, for the facts that are
read of it, each a path as that case is seen from outside (`plan.budget`, `review.granted`, `case.status`). Knows
neither where cases live nor which of them a text means.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from charter.engine import values
from charter.engine.forms import Link
from charter.engine.registers import Ask, Row, key_text
from charter.engine.state import View


def ask_of(link: Link, named: Any, view: View) -> Ask | None:
    """Gives what is asked for the case that a value names; None where it names none.

    A case that is known already is asked for by its id, whatever else may go by its name meanwhile.
    """
    text = key_text(named)
    if text is None:
        return None
    key = next((case for name, by, case in view.links if (name, by) == (link.name, text)), text)
    return Ask(link.name, key, process=link.process, facts=link.facts, drill=view.drill)


def read(rows: Iterable[Row] | None) -> dict[str, Any] | None:
    """Gives the facts of the one case that was found, as a context; None where it is not one."""
    found = list(rows or ())
    return values.decode(found[0].value) if len(found) == 1 else None


def nested(facts: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Gives (path, value) pairs as one context; no path begins with another."""
    whole: dict[str, Any] = {}
    for path, value in facts:
        *around, name = path.split(".")
        inner = whole
        for part in around:
            inner = inner.setdefault(part, {})
        inner[name] = value
    return whole


def alone(paths: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Gives paths as texts, in order, without those that another one begins."""
    wanted = {path for path in paths if path}
    return tuple(sorted(".".join(p) for p in wanted if not any(p[:n] in wanted for n in range(1, len(p)))))


def widened(ask: Ask, paths: Iterable[tuple[str, ...]]) -> Ask:
    """Gives what is asked for a linked case with what an expression reads of it, too, by the paths that it reads."""
    if not ask.process:
        return ask
    own = (tuple(fact.split(".")) for fact in ask.facts)
    return replace(ask, facts=alone([*own, *(path[1:] for path in paths if path[0] == ask.register)]))

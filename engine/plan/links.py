"""Links: what a case reads of a case of another process, as it is asked for and as it is given.

A link is looked up as a register is (`engine/registers.py`): by a text that names one case, for the facts that are
read of it, each a path as that case is seen from outside (`plan.budget`, `review.granted`, `case.status`). Knows
neither where cases live nor which of them a text means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs
from msgspec.structs import replace

from charter.engine import values
from charter.engine.forms import Link
from charter.engine.registers import Ask, Row, key_text
from charter.engine.state import View

if TYPE_CHECKING:
    from charter.engine.definition import Element
    from charter.engine.plan.program import Program


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


def records_read(program: Program, element: Element, name: str) -> tuple[str, ...]:
    """Names what an element, or a record that it writes, reads through a link: records, or whatever else has a name."""
    link = program.links.get(name)
    wanted = sorted({fact.partition(".")[0] for fact in link.facts}) if link is not None else []
    texts = [
        *_texts(element),
        *(text for r in element.outputs if r in program.types for text in _texts(program.types[r])),
    ]
    return tuple(record for record in wanted if any(re.search(rf"\b{name}\.{record}\b", text) for text in texts))


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, Struct):
        for each in structs.astuple(part):
            yield from _texts(each)
    elif isinstance(part, tuple | list):
        for each in part:
            yield from _texts(each)


def amended_by(program: Program, element: str) -> Link:
    """Gives through which link an element amends a record."""
    work = program.plans[element].element.work
    assert work is not None and work.target is not None
    return program.links[work.target.partition(".")[0]]

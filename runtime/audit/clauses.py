"""When, by whom and with what evidence the clauses of a rule book were carried out.

A clause is carried out by what names it with `source` (`engine/carriers.py`); of elements, points of checklists and
entries the deeds of the cases are read off their lineage, so that the answer is what the engine knew then. Knows no
language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from charter.engine.carriers import Carrier, carriers
from charter.engine.definition import Definition
from charter.engine.keys import name_of
from charter.runtime.audit.lineage import Deed, Lineage


class Carried(Struct, frozen=True):
    """One time that a clause was carried out: by which deed, with which evidence (versions and names of files)."""

    carrier: Carrier
    deed: Deed
    evidence: tuple[str, ...]


def by_clause(definition: Definition) -> Mapping[str, list[Carrier]]:
    """Gives what carries each clause out in a process, in the order of the definition."""
    found: dict[str, list[Carrier]] = {}
    for carrier in carriers(definition):
        for clause in carrier.clauses:
            found.setdefault(clause, []).append(carrier)
    return found


def carried(graph: Lineage, carriers: Iterable[Carrier]) -> list[Carried]:
    """Lists the deeds by which carriers of a clause carried it out in a case, each once, in order."""
    carriers = tuple(carriers)
    found = []
    for deed in sorted(graph.deeds, key=lambda deed: deed.seq):
        shown = [(carrier, e) for carrier in carriers if (e := _evidence(carrier, deed)) is not None]
        if shown:
            evidence = dict.fromkeys(text for _, texts in shown for text in texts)
            found.append(Carried(shown[0][0], deed, tuple(evidence)))
    return found


def _evidence(carrier: Carrier, deed: Deed) -> list[str] | None:
    """Names what shows that a deed carried out what its carrier asks; None where it is not that carrier's deed."""
    if carrier.kind == "record":
        return [made.name for made in deed.made if name_of(made.key) == carrier.name] or None
    element, _, check = carrier.name.partition(".")
    if not carrier.is_done or deed.node is None or name_of(deed.node) != element:
        return None
    if check:
        return list(_ticked(deed, check)) or None
    shown = deed.made if deed.kind == "completed" else deed.used
    files = [text for confirmation in deed.confirmed for text in _ticked(deed, confirmation.check) if ": " in text]
    return [*(made.name for made in shown), *dict.fromkeys(files)]


def _ticked(deed: Deed, check: str) -> Iterator[str]:
    for confirmation in deed.confirmed:
        if name_of(confirmation.check) == name_of(check):
            file = confirmation.evidence.get("name") if isinstance(confirmation.evidence, Mapping) else None
            yield f"{confirmation.check}: {file}" if file else confirmation.check

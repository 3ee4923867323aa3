"""What somebody may read of the case of a scenario: `expect li sees plan.cost`, `expect client cannot see plan`.

A person reads by the roles in which they are cast, and by their part in the case; a role as somebody who holds it and
has done nothing. What it means to read is `engine/reading.py`'s. Knows neither steps nor sentences.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

from charter.engine.definition import Definition
from charter.engine.entries import Entry
from charter.engine.keys import is_instance
from charter.engine.reading import own, readers_of, sight, takes_part
from charter.engine.state import CaseState

Much = Literal["whole", "part", "nothing"]


def sees(
    definition: Definition, state: CaseState, entries: Iterable[Entry], person: str, roles: Collection[str], what: str
) -> Much:
    """Tells how much somebody may read of a case (`case`), a record by its name or key, or a field by its path."""
    reads_all = not readers_of(definition).isdisjoint(roles)
    if not reads_all and not takes_part(definition, state, entries, person, roles):
        return "nothing"
    if what == "case":
        return "whole"
    head, *fields = [what] if is_instance(what) else what.split(".")
    seen = sight(definition, roles, own(definition, state, {person}))
    return seen.of_path(head, fields)

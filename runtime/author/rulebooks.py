"""What process files make of the rule books in their reach: which clause is carried out by what, and what by nothing.

Reads what files compile to, and no records: whether a clause was ever carried out is for `coverage.py` (scenarios) and
`audit/clauses.py` (cases). Invariants: a rule book that several files name is one book; a process that several files
reach counts once.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from charter.dsl.passes import Compiled
from charter.engine.carriers import Carrier, carriers
from charter.engine.definition import Clause, Definition, Element


class Book(Struct):
    """A rule book: its name, title and file, its clauses in order, and by id what carries each out."""

    name: str
    title: str
    file: str
    clauses: tuple[Clause, ...]
    carried: dict[str, list[tuple[Definition, Carrier]]] = field(default_factory=dict)


class Survey(Struct):
    """The rule books of some files, and of the processes in their reach every element, then those without a clause."""

    books: list[Book] = field(default_factory=list)
    elements: list[tuple[Definition, Element]] = field(default_factory=list)
    bare: list[tuple[Definition, Element]] = field(default_factory=list)


def survey(files: Iterable[Compiled]) -> Survey:
    """Compares what files say of clauses with the rule books that they name; files without any say nothing."""
    found, books, seen = Survey(), dict[str, Book](), set[tuple[str, str | None]]()
    for compiled in files:
        known: dict[str, Book] = {}
        for named in compiled.catalogues:
            file = named.table.source.path
            clauses = tuple(named.table.clauses.values())
            known[named.name] = books.setdefault(file, Book(named.name, named.title, file, clauses))
        for definition in compiled.definitions if known else ():
            place = (definition.name, definition.place("process"))
            if place not in seen:
                seen.add(place)
                _add(definition, known, found)
    found.books = list(books.values())
    return found


def _add(definition: Definition, known: dict[str, Book], found: Survey) -> None:
    cited = {clause.id: known[clause.catalogue] for clause in definition.cited if clause.catalogue in known}
    carrying = set()
    for carrier in carriers(definition):
        carrying.add(carrier.name.partition(".")[0])
        for clause in carrier.clauses:
            if clause in cited:
                cited[clause].carried.setdefault(clause, []).append((definition, carrier))
    for element in definition.elements:
        found.elements.append((definition, element))
        if element.name not in carrying:
            found.bare.append((definition, element))

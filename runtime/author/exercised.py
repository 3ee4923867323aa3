"""What becomes of the clauses of rule books: carried out by a process, exercised by a scenario, attested, or Charter's.

A clause is *exercised* once a scenario that passed left an entry of what carries it out. It is *attested* where nothing
but points of checklists carry it: somebody says so, and no more. What Charter itself carries out (a trail that can be
verified, a drawing) stands in a table beside the rule book, `BOOK.product.tsv`: clause, command, test.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from charter.dsl.check.catalogues import Product, read_products
from charter.dsl.diagnostic import Diagnostic
from charter.dsl.text.source import Source
from charter.engine.carriers import Carrier
from charter.engine.definition import Clause, Definition
from charter.engine.entries import Entry
from charter.runtime.author.coverage import exercised
from charter.runtime.author.rulebooks import Book
from charter.runtime.author.texts import read_bytes


class Standing(Struct, frozen=True):
    """A clause with what carries it out: parts of processes, titles of scenarios that exercise it, Charter itself."""

    clause: Clause
    carriers: tuple[tuple[Definition, Carrier], ...]
    scenarios: tuple[str, ...]
    product: Product | None

    @property
    def how(self) -> str:
        """One word: `exercised`, `attested`, `product`, `carried` (and no more) or `open`."""
        if not self.carriers:
            return "open" if self.product is None else "product"
        if self.product is None and all(carrier.kind == "check" for _, carrier in self.carriers):
            return "attested"
        return "exercised" if self.scenarios else "carried"


class Totals(Struct, frozen=True):
    """How many clauses: all, carried out by processes or Charter, attested, exercised by scenarios, Charter's alone."""

    clauses: int
    carried: int
    attested: int
    exercised: int
    product: int


def standings(book: Book, reached: Mapping[str, Sequence[str]], products: Mapping[str, Product]) -> list[Standing]:
    """Tells what became of every clause of a book; `reached`: clause -> titles of the scenarios that passed."""
    return [
        Standing(
            clause,
            tuple(book.carried.get(clause.id, ())),
            tuple(dict.fromkeys(reached.get(clause.id, ()))),
            products.get(clause.id),
        )
        for clause in book.clauses
    ]


def totals(found: Sequence[Standing]) -> Totals:
    """Counts clauses; one is either carried or attested, and exercised beside."""
    words = [one.how for one in found]
    attested, product = words.count("attested"), words.count("product")
    return Totals(
        len(found),
        len(found) - words.count("open") - attested,
        attested,
        sum(bool(one.scenarios and one.carriers) for one in found),
        product,
    )


def reached(happened: Iterable[tuple[str, Iterable[tuple[Definition, Sequence[Entry]]]]]) -> dict[str, list[str]]:
    """Gathers, clause by clause, the titles of the scenarios whose entries show it carried out."""
    by_clause: dict[str, list[str]] = {}
    for title, processes in happened:
        for definition, entries in processes:
            for clause in exercised(definition, entries):
                by_clause.setdefault(clause, []).append(title)
    return by_clause


class Products(Struct):
    """What Charter carries out of the clauses of rule books, and what is wrong with the tables that say so."""

    by_clause: dict[str, Product] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def products_of(books: Iterable[Book]) -> Products:
    """Reads the tables that stand beside rule books."""
    found = Products()
    for book in books:
        table = Path(book.file).with_suffix(".product.tsv")
        if table.is_file():
            known = {clause.id for clause in book.clauses}
            rows, source, problems = read_products(read_bytes(str(table)), str(table), known)
            found.by_clause |= rows
            found.sources[source.path] = source
            found.diagnostics += problems
    return found

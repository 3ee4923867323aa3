"""What becomes of the clauses of rule books: carried out by a process, exercised by a scenario, attested, or Charter's.

A clause is *exercised* once a scenario that passed left an entry of what carries it out. It is *attested* where nothing
but points of checklists carry it: somebody says so, and no more. What Charter itself carries out (a trail that can be
verified, a drawing) stands in a table beside the rule book, `BOOK.product.tsv`: clause, command, test.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from charter.engine.carriers import Carrier
from charter.engine.definition import Clause, Definition
from charter.engine.entries import Entry
from charter.runtime.author.coverage import exercised
from charter.runtime.author.rulebooks import Book


class Product(Struct, frozen=True):
    """How Charter itself carries a clause out: by which command, as which test shows."""

    command: str
    test: str


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


def products_of(book: str) -> Iterator[tuple[str, Product]]:
    """Yields what stands in the table beside a rule book, clause by clause; nothing where there is no table."""
    table = Path(book).with_suffix(".product.tsv")
    if table.is_file():
        with table.open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows, delimiter="\t"):
                yield row["clause"], Product(row["command"], row["test"])

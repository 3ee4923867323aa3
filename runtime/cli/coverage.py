"""`charter coverage [PATH…]`: what becomes of each clause: carried out, exercised by a scenario, attested, open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charter.runtime.cli.clauses import among, carried_by, head, head_data, named, read_files
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import FINDINGS
from charter.runtime.cli.progress import along
from charter.runtime.cli.verb import JSON, Verb, argument, option, switch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from charter.dsl.diagnostic import Diagnostic
    from charter.dsl.passes import Compiled
    from charter.dsl.text.source import Source
    from charter.runtime.author.exercised import Standing
    from charter.runtime.author.rulebooks import Book

_STYLES = {"exercised": "good", "product": "good", "attested": "name", "carried": "warn", "open": "bad"}


def run_coverage(
    context: Context, paths: tuple[str, ...], catalogue: str | None, section: str | None, as_json: bool
) -> int:
    """Plays the scenarios and tells of every clause what carries it out and what exercises it.

    Exit 1 where a file has errors or a scenario fails: that one exercises nothing.
    """
    from charter.runtime.author.exercised import products_of, standings
    from charter.runtime.author.rulebooks import survey

    files, broken = read_files(context, paths, as_json)
    if files is None:
        return _no_figures(context, broken, as_json)
    books = survey(files).books
    products = products_of(books)
    if products.diagnostics:
        return _no_figures(context, _told(context, products.diagnostics, products.sources, as_json), as_json)
    if catalogue is not None:
        wanted, broken = _asked(context, catalogue, books, as_json)
        if wanted is None:
            return _no_figures(context, broken, as_json)
        books = [wanted]
    for book in books:
        book.clauses = among(book.clauses, section)
    reached, failed = _played(files)
    found = [(book, standings(book, reached, products.by_clause)) for book in books]
    if as_json:
        context.output.json(_as_json(found, failed))
    elif books:
        _tell(context, found, failed)
    else:
        context.output.sentence(context.say("clauses.no_book"))
    return FINDINGS if failed else 0


def _no_figures(context: Context, broken: list[Any], as_json: bool) -> int:
    """Ends where a file has errors, which in text have been told."""
    if as_json:
        context.output.json({"catalogues": [], "not_passed": [], "diagnostics": broken})
    return FINDINGS


def _told(
    context: Context, diagnostics: list[Diagnostic], sources: Mapping[str, Source], as_json: bool
) -> list[dict[str, Any]]:
    """Tells what is wrong with a table; gives it as data where that is asked for."""
    from charter.runtime.cli.check import as_data, report

    if as_json:
        return as_data(context, diagnostics, sources)
    report(context, diagnostics, sources, "full")
    return []


def _asked(context: Context, path: str, books: list[Book], as_json: bool) -> tuple[Book | None, list[Any]]:
    """Reads the rule book that was asked for; what files say of its clauses counts, whatever they call the book."""
    from charter.dsl.check.catalogues import read_clauses
    from charter.runtime.author.rulebooks import Book
    from charter.runtime.author.texts import read_bytes

    table = read_clauses(read_bytes(path), path)
    if table.diagnostics:
        return None, _told(context, list(table.diagnostics), {path: table.source}, as_json)
    carried: dict[str, Any] = {}
    for book in books:
        for clause, parts in book.carried.items():
            carried.setdefault(clause, []).extend(parts)
    same = next((book for book in books if book.clauses == tuple(table.clauses.values())), None)
    name, title = (same.name, same.title) if same is not None else (path, path)
    return Book(name, title, path, tuple(table.clauses.values()), carried), []


def _played(files: list[Compiled]) -> tuple[dict[str, list[str]], list[str]]:
    """Plays every scenario; gives the titles of those that passed by clause, and of those that did not."""
    from charter.runtime.author.exercised import reached
    from charter.runtime.author.scenarios import play

    failed: list[str] = []
    passed = []
    for compiled, scenario in along([(file, s) for file in files for s in file.scenarios]):
        played = play(scenario, compiled.definitions)
        if played.failure is not None:
            failed.append(scenario.title)
            continue
        passed.append((scenario.title, [(d, played.entries.get(d.name, ())) for d in compiled.definitions]))
    return reached(passed), failed


def _tell(context: Context, found: list[tuple[Book, list[Standing]]], failed: list[str]) -> None:
    from charter.runtime.author.exercised import totals
    from charter.runtime.cli.output import Cell

    say, output = context.say, context.output
    for book, clauses in found:
        head(context, book)
        rows = []
        for one in clauses:
            parts = [f"{d.name}: {named(context, carrier)}" for d, carrier in one.carriers]
            if one.product is not None:
                parts.append(one.product.command)
            more = say("coverage.more", count=len(parts) - 1) if len(parts) > 1 else ""
            word = Cell(say(f"coverage.{one.how}"), _STYLES[one.how])
            rows.append((one.clause.id, word, (parts[0] + more) if parts else "", len(one.scenarios) or ""))
        headings = [say(f"coverage.h_{name}") for name in ("clause", "state", "by", "scenarios")]
        output.table(headings, rows, styles=("name", None, None, "faint"), indent=2)
        output.line()
        counted = totals(clauses)
        output.sentence(
            say(
                "coverage.summary",
                total=counted.clauses,
                carried=counted.carried,
                product=counted.product,
                attested=counted.attested,
                rest=counted.clauses - counted.carried - counted.attested,
                exercised=counted.exercised,
            ),
            "strong",
        )
    for scenario in failed:
        output.sentence(say("coverage.failed", title=scenario), "bad")


def _as_json(found: list[tuple[Book, list[Standing]]], failed: list[str]) -> dict[str, Any]:
    from charter.runtime.author.exercised import totals

    counted = totals([one for _, clauses in found for one in clauses])
    return {
        "catalogues": [
            {
                **head_data(book),
                "clauses": [
                    {
                        "clause": one.clause.id,
                        "section": one.clause.section,
                        "text": one.clause.text,
                        "state": one.how,
                        "carried_out_by": carried_by(one.carriers),
                        "exercised_by": list(one.scenarios),
                        "command": one.product.command if one.product else None,
                        "test": one.product.test if one.product else None,
                    }
                    for one in clauses
                ],
            }
            for book, clauses in found
        ],
        "not_passed": failed,
        "diagnostics": [],
        "clauses": counted.clauses,
        "carried": counted.carried,
        "product": counted.product,
        "attested": counted.attested,
        "exercised": counted.exercised,
    }


VERBS = {
    "coverage": Verb(
        "coverage",
        run_coverage,
        [
            argument("paths", "PATH", many=True, required=False),
            option("--catalogue", "FILE"),
            option("--section", "PREFIX"),
            switch(JSON, name="as_json"),
        ],
    )
}

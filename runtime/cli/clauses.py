"""`charter clauses [PATH…]`: which clauses of the rule books have no element, and which elements no clause."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from charter.dsl.text.width import wrap
from charter.runtime.author import texts
from charter.runtime.cli.check import as_data, report
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import FINDINGS
from charter.runtime.cli.progress import along
from charter.runtime.cli.verb import JSON, Verb, argument, option, switch

if TYPE_CHECKING:
    from charter.dsl.passes import Compiled
    from charter.engine.carriers import Carrier
    from charter.engine.definition import Clause, Definition
    from charter.runtime.author.rulebooks import Book, Survey


def run_clauses(context: Context, paths: tuple[str, ...], section: str | None, gaps: bool, as_json: bool) -> int:
    """Tells of every clause what carries it out, and of every element without one.

    Exit 1 when a file has errors; there are no figures then, since what it carries out cannot be known.
    """
    from charter.runtime.author.rulebooks import survey

    files, broken = read_files(context, paths, as_json)
    if files is None:
        if as_json:
            context.output.json({"catalogues": [], "diagnostics": broken, "without_clause": []})
        return FINDINGS
    found = survey(files)
    for book in found.books:
        book.clauses = among(book.clauses, section)
    if as_json:
        context.output.json(_as_json(found, gaps))
    elif found.books:
        _tell(context, found, gaps)
    else:
        context.output.sentence(context.say("clauses.no_book"))
    return 0


def read_files(context: Context, paths: tuple[str, ...], as_json: bool) -> tuple[list[Compiled] | None, list[Any]]:
    """Compiles files and folders; none where there are errors, which are JSON data or written at once."""
    broken: list[Any] = []
    files: list[Compiled] = []
    failed = False
    for path in along(list(texts.find_files(paths or (".",)))):
        compiled = texts.compile_file(path)
        errors = [d for d in compiled.diagnostics if d.is_error]
        failed |= bool(errors)
        if errors and as_json:
            broken += as_data(context, errors, compiled.sources)
        elif errors:
            report(context, errors, compiled.sources, "full")
        files.append(compiled)
    return (None if failed else files), broken


def among(clauses: Iterable[Clause], section: str | None) -> tuple[Clause, ...]:
    """Picks the clauses whose id or section begins with this."""
    return tuple(
        clause
        for clause in clauses
        if section is None or clause.id.startswith(section) or (clause.section or "").startswith(section)
    )


def named(context: Context, carrier: Carrier) -> str:
    """Names a carrier: `apply 提出立项申请`, `KPI satisfaction 客户满意度`."""
    kind = (
        ""
        if carrier.is_done and carrier.kind not in ("record", "rule")
        else context.say(f"clauses.a_{carrier.kind}") + " "
    )
    title = "" if carrier.title == carrier.name else f" {carrier.title}"
    return f"{kind}{carrier.name}{title}"


def words(context: Context, clause: Clause, indent: int) -> list[str]:
    """Gives what a clause says, in lines that fit behind so many blanks."""
    return [" " * indent + line for line in wrap(clause.text, context.output.columns - indent)]


def head(context: Context, book: Book) -> None:
    """Writes the line that a rule book begins with."""
    output = context.output
    title = "" if book.title == book.name else f" {book.title}"
    output.line(f"{output.style(book.name, 'name')}{title}  {output.style(book.file, 'faint')}")


def head_data(book: Book) -> dict[str, Any]:
    """Gives the same as JSON data."""
    return {"name": book.name, "title": book.title, "file": book.file}


def _tell(context: Context, found: Survey, gaps: bool) -> None:
    say, output = context.say, context.output
    total = sum(len(book.clauses) for book in found.books)
    carried = sum(clause.id in book.carried for book in found.books for clause in book.clauses)
    output.line(
        say(
            "clauses.summary",
            total=total,
            carried=carried,
            rest=total - carried,
            elements=len(found.elements),
            bare=len(found.bare),
        ),
        "strong",
    )
    for book in found.books:
        output.line()
        head(context, book)
        _tell_book(context, book, gaps)
    if found.bare:
        output.line()
        output.sentence(say("clauses.bare"))
        output.table(
            (),
            [(d.name, e.name, "" if e.title == e.name else e.title, d.place(e.name)) for d, e in found.bare],
            styles=("faint", "name", None, "faint"),
            indent=2,
        )


def _tell_book(context: Context, book: Book, gaps: bool) -> None:
    output, section = context.output, None
    for clause in book.clauses:
        there = book.carried.get(clause.id, [])
        if there and gaps:
            continue
        if clause.section != section:
            section = clause.section
            output.line(f"  {section or ''}".rstrip(), "faint")
        output.line(f"    {clause.id}", "good" if there else "warn")
        for line in words(context, clause, 6):
            output.line(line)
        rows = [(f"→ {named(context, carrier)}", carrier.place) for _, carrier in there]
        output.table((), rows, styles=("name", "faint"), indent=6)


def carried_by(parts: Iterable[tuple[Definition, Carrier]]) -> list[dict[str, Any]]:
    """Gives what carries a clause out as JSON data."""
    from charter.runtime.desk.views import placed

    return [{"process": d.name, "kind": c.kind, "name": c.name, **placed(c.place)} for d, c in parts]


def _as_json(found: Survey, gaps: bool) -> dict[str, Any]:
    from charter.runtime.desk.views import placed

    return {
        "catalogues": [
            {
                **head_data(book),
                "clauses": [
                    {
                        "clause": clause.id,
                        "section": clause.section,
                        "text": clause.text,
                        "carried_out_by": carried_by(book.carried.get(clause.id, ())),
                    }
                    for clause in book.clauses
                    if not (gaps and clause.id in book.carried)
                ],
            }
            for book in found.books
        ],
        "diagnostics": [],
        "without_clause": [{"process": d.name, "element": e.name, **placed(d.place(e.name))} for d, e in found.bare],
    }


VERBS = {
    "clauses": Verb(
        "clauses",
        run_clauses,
        [
            argument("paths", "PATH", many=True, required=False),
            option("--section", "PREFIX"),
            switch("--without-element", name="gaps"),
            switch(JSON, name="as_json"),
        ],
    )
}

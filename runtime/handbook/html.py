"""The handbook as a folder of HTML: a face for each language, linked by relative addresses, without any script.

Knows the templates and the disk, not the language. Invariants: every text of an author is escaped (Jinja2, autoescape);
same files, same bytes; the pages that an earlier run wrote and that are no longer made are removed, and no other file
is ever touched. `MANIFEST` in the folder names what was written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from charter.dsl.messages import languages
from charter.dsl.passes import Compiled
from charter.engine.errors import CharterError
from charter.runtime.author.rulebooks import survey
from charter.runtime.author.texts import is_free, write_files
from charter.runtime.cli.messages import Messages
from charter.runtime.drawing.svg import write_svg
from charter.runtime.handbook.pages import Handbook, carriers_of

TEMPLATES = Path(__file__).resolve().parent / "templates"
MANIFEST = "charter-docs.txt"


class NotOurs(CharterError):
    """A folder holds files that this did not write, among which its own could not be told apart."""

    code = "CH099"
    exit_code = 4


def written(files: Sequence[Compiled]) -> Iterator[tuple[str, str]]:
    """Makes every file of the handbook of some process files: (path within its folder, text)."""
    book, books = Handbook(files), survey(files).books
    environment = _environment()
    yield "style.css", (TEMPLATES / "style.css").read_text(encoding="utf-8")
    yield "index.html", environment.get_template("faces.html").render(faces=languages.NAMES, tags=languages.TAGS)
    for lang in languages.LANGUAGES:
        say = Messages(lang)
        pages = sorted(book.pages(say), key=lambda page: page.address)
        common = {"say": say, "lang": lang, "tag": languages.TAGS[lang], "faces": languages.NAMES, "pages": pages}

        yield f"{lang}/index.html", _made(environment, "index.html", common, here="index.html", books=books)
        if books:
            there = [(one, carriers_of(book, one)) for one in books]
            yield f"{lang}/clauses.html", _made(environment, "clauses.html", common, here="clauses.html", books=there)
        for page in pages:
            here = f"{page.address}.html"
            yield f"{lang}/{page.address}.svg", write_svg(page.picture, say)
            yield f"{lang}/{here}", _made(environment, "process.html", common, here=here, page=page)


def report_page(say: Messages, title: str, head: Iterable[tuple[str, Any]], chapters: Sequence[Any]) -> str:
    """Makes a page of a report that needs no other file."""
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    rows = [(label, value) for label, value in head if value is not None]
    template = _environment().get_template("report.html")
    return template.render(
        say=say, tag=languages.TAGS[say.lang], title=title, head=rows, chapters=chapters, style=style
    )


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _made(environment: Environment, template: str, common: dict[str, Any], **more: Any) -> str:
    return environment.get_template(template).render({**common, **more})


def write_folder(folder: str, files: Iterable[tuple[str, str]]) -> tuple[int, int]:
    """Writes files into a folder and removes those of an earlier run that are no more: how many of each.

    Raises NotOurs where the folder is not empty and was not written by this, Unreadable.
    """
    manifest = Path(folder, MANIFEST)
    before: set[str] = set()
    if manifest.is_file():
        before = set(manifest.read_text(encoding="utf-8").splitlines())
    elif not is_free(folder):
        raise NotOurs(f"{folder} is not empty", path=folder)
    made = dict(files)
    # named first: whatever ends this early leaves nothing that the next run would take for somebody else's
    write_files(folder, {MANIFEST: _lines(before | set(made))})
    write_files(folder, {path: text.encode("utf-8") for path, text in made.items()})
    gone = sorted(path for path in before - set(made) if _inside(path))
    for path in gone:
        Path(folder, path).unlink(missing_ok=True)
    write_files(folder, {MANIFEST: _lines(made)})
    return len(made), len(gone)


def _inside(path: str) -> bool:
    """Whether a line of a manifest names a file of the folder: it can have been edited."""
    return bool(path) and not os.path.isabs(path) and ".." not in Path(path).parts


def _lines(paths: Iterable[str]) -> bytes:
    return "".join(f"{path}\n" for path in sorted(paths)).encode("utf-8")

"""The site: each page has one place in both languages, links lead to places, and a link that leads nowhere is found."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from posixpath import dirname, join, normpath
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, ModuleType]:
    monkeypatch.syspath_prepend(str(ROOT / "docs/site"))
    return import_module("pages"), import_module("building")


@pytest.mark.usefixtures("links")
def test_links_of_a_page_lead_to_pages(site: tuple[ModuleType, ModuleType]) -> None:
    books = {lang: dict(site[0].pages(lang)) for lang in site[0].LANGUAGES}
    assert books["en"].keys() == books["zh"].keys() >= {"index", "language", "codes/CH204", "decisions/index"}
    for lang, book in books.items():
        for place, text in book.items():
            prose = re.sub(r"^( *)```.*?^\1```$|`[^`\n]+`", "", text, flags=re.M | re.S)
            for to in re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", prose):
                assert normpath(join(dirname(place), to)).removesuffix(".md") in book, (place, to)
            for other, to in re.findall(r'<a href="(?:\.\./)+(en|zh)/([^"#]+)\.html', prose):
                assert other != lang and to in book, (place, to)


def test_every_page_is_in_the_navigation(site: tuple[ModuleType, ModuleType]) -> None:
    for lang in site[0].LANGUAGES:
        book = dict(site[0].pages(lang))
        toctrees = " ".join(re.findall(r"^```{toctree}\n(.*?)^```$", book["index"], re.M | re.S))
        assert [
            name for name, text in book.items() if name != "index" and "orphan" not in text and name not in toctrees
        ] == []


def test_links_that_lead_nowhere_are_found(site: tuple[ModuleType, ModuleType], tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en/a.html").write_text(
        '<a href="../zh/b.html#here">b</a> <a href="c.html">c</a> <a id="top" href="#x">x</a>'
    )
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh/b.html").write_text(
        '<h1 id="here">b</h1> <a href="../en/a.html#gone">a</a> <a href="https://c.example">c</a>'
    )
    assert sorted(site[1].dead(tmp_path)) == ["en/a.html: #x", "en/a.html: c.html", "zh/b.html: ../en/a.html#gone"]

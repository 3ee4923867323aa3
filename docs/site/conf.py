"""Sphinx's settings for the site; `building.py` lays its pages out and names the language."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.search.zh import SearchChinese
from sphinx.transforms import SphinxTransform

project = "Charter"
author = "The Charter authors"
extensions = ["myst_parser"]
root_doc = "index"
html_theme = "furo"
html_title = "Charter"
html_static_path = ["static"]
templates_path = ["templates"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_use_index = False
html_search_scorer = str(Path(__file__).with_name("scorer.js"))
html_theme_options: dict[str, Any] = {"top_of_page_buttons": []}
pygments_style = "friendly"
pygments_dark_style = "monokai"
myst_heading_anchors = 6
smartquotes = False


class Anchors(SphinxTransform):
    """Lets a section be found by the anchor of its heading, as where its page is shown without Sphinx."""

    default_priority = 900

    def apply(self, **kwargs: Any) -> None:
        for section in self.document.findall(nodes.section):
            anchor = section.get("slug")
            if anchor and anchor not in self.document.ids:
                section["ids"].insert(0, anchor)
                self.document.ids[anchor] = section


class Chinese(SearchChinese):
    """Finds Chinese by its pairs of characters, which need no dictionary, and are alike in pages and in questions."""

    language_name = "English"  # whose stemmer it takes for other words: Sphinx asks for one of Chinese, which is none

    js_splitter_code = r"""
function splitQuery(query) {
  const found = [];
  for (const part of query.split(/[^\p{L}\p{N}_]+/u))
    for (const run of part.match(/\p{Script=Han}+|[^\p{Script=Han}]+/gu) ?? [])
      if (!/\p{Script=Han}/u.test(run) || run.length < 3) found.push(run);
      else for (let at = 0; at + 2 <= run.length; at++) found.push(run.slice(at, at + 2));
  return found;
}
"""

    def split(self, input: str) -> list[str]:
        words = [
            word
            for part in re.findall(r"\w+", input)
            for word in re.findall(r"[\u3400-\u9fff]+|[^\u3400-\u9fff]+", part)
        ]
        self.latin_terms.update(words)
        return [
            piece
            for word in words
            for piece in (
                [word[at : at + 2] for at in range(len(word) - 1)] if "\u3400" <= word[0] <= "\u9fff" else [word]
            )
        ]


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_transform(Anchors)
    app.add_search_language(Chinese)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

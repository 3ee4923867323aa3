"""What pyproject.toml cannot say: a source archive is a whole checkout, and an index page has no dead links.

Everything else about the package is in pyproject.toml; what the archive holds beside it, in MANIFEST.in.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from setuptools import setup
from setuptools.command.sdist import sdist

LINKED = (Path("src/charter"), Path("docs"))


class Archive(sdist):
    """Keeps links to folders as links: setuptools would leave them out, or hold what they lead to twice."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        for link in (entry for folder in LINKED for entry in sorted(folder.iterdir()) if entry.is_symlink()):
            os.symlink(os.readlink(link), Path(base_dir, link))


def unlinked(page: str) -> str:
    """Gives a page with only such links as lead somewhere from anywhere; the others name their file in the text."""

    def name(link: re.Match[str]) -> str:
        return link[1] if link[1] == link[2] else f"{link[1]} (`{link[2]}`)"

    return re.sub(r"\[([^]]+)\]\((?!\w+:)([^)]+)\)", name, page)


setup(
    cmdclass={"sdist": Archive},
    long_description=unlinked(Path("README.md").read_text(encoding="utf-8")),
    long_description_content_type="text/markdown",
)

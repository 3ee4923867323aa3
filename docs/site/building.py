"""Builds the documentation as a site, in both languages: `python docs/site/building.py FOLDER`.

A warning of Sphinx is an error, and so is a link, within a language or to the other, that leads nowhere.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from posixpath import dirname, join, normpath
from shutil import copy, rmtree
from tempfile import TemporaryDirectory
from urllib.parse import unquote

from pages import LANGUAGES, pages

HERE = Path(__file__).resolve().parent
SPHINX = {"en": "en", "zh": "zh_CN"}


def build(out: Path) -> int:
    """Builds the site into a folder, and gives how many links lead nowhere; raises when a build fails."""
    rmtree(out, ignore_errors=True)
    environment = os.environ | {"LC_ALL": "C.UTF-8"}  # Sphinx fails where a locale is named that is not there
    with TemporaryDirectory() as place:
        running = []
        for lang in LANGUAGES:
            folder = Path(place, lang)
            for name, text in pages(lang):
                path = folder / f"{name}.md"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
            command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-E", "-c", HERE]
            command += ["-d", Path(place, f"{lang}.read"), "-D", f"language={SPHINX[lang]}", folder, out / lang]
            running.append(subprocess.Popen(command, env=environment))
        failed = [process.wait() for process in running]  # all of them, so that none outlives its folder
        if any(failed):
            raise SystemExit(1)
    copy(HERE / "index.html", out)
    lost = sorted(set(dead(out)))
    print(*lost, sep="\n", end="\n" if lost else "")
    return len(lost)


def dead(out: Path) -> list[str]:
    """Lists the links that lead nowhere, each with a page that has it."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for path in out.rglob("*.html"):
        text = path.read_text("utf-8")
        ids = {unescape(name) for name in re.findall(r'<[^>]+\sid="([^"]+)"', text)}
        links = {unescape(link) for link in re.findall(r'<(?:a|link|script|img)\b[^>]*?\s(?:href|src)="([^"]+)"', text)}
        found[path.relative_to(out).as_posix()] = ids, links
    lost = []
    for page, (_, links) in found.items():
        for link in links:
            if re.match(r"\w+:|//", link):
                continue
            to, _, anchor = link.partition("#")
            to = normpath(join(dirname(page), unquote(to.partition("?")[0]))) if to else page
            if to in found:
                if anchor and unquote(anchor) not in found[to][0] and unquote(anchor) not in ("", "top"):
                    lost.append(f"{page}: {link}")
            elif not (out / to).is_file():
                lost.append(f"{page}: {link}")
    return lost


if __name__ == "__main__":
    sys.exit(bool(build(Path(sys.argv[1]).resolve())))

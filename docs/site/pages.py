"""What the site consists of: every page of the documentation in one language, as MyST, with links that lead to pages.

A page's place on the site is the same in both languages; where a page has no twin, both have the one there is. Pages of
codes are written from what `charter explain` says, and each process file that is shipped is a page. Knows no Sphinx.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from os.path import relpath
from pathlib import Path, PurePosixPath

from charter.dsl.text import tree as t
from charter.dsl.text.parser import parse
from charter.dsl.text.source import read
from charter.runtime.cli.codes import codes, family, page
from charter.runtime.cli.messages import Messages

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = {"en": "English", "zh": "中文"}
# The navigation: groups by their heading in each language. A page of docs/ that is in none is in the last.
GROUPS: tuple[tuple[Mapping[str, str], tuple[str, ...]], ...] = (
    ({"en": "Write", "zh": "编写"}, ("tutorial", "language", "keywords", "feel", "dmn", "proof", "codes/index")),
    ({"en": "The library", "zh": "流程库"}, ("traceability", "processes/index")),
    ({"en": "Run", "zh": "执行"}, ("improvement", "commands", "scripts", "audit", "export", "notices", "import")),
    (
        {"en": "Operate", "zh": "运维"},
        ("operations", "exit-codes", "performance", "reliability", "scale", "security", "changelog"),
    ),
    ({"en": "Change Charter", "zh": "参与开发"}, ("contributing", "decisions/index", "license")),
)
# What the navigation calls a page that has no title of its own in Chinese.
CHINESE = {
    "keywords": "关键词",
    "performance": "性能",
    "security": "安全",
    "changelog": "更新记录",
    "contributing": "参与开发",
    "decisions/index": "设计决策",
}
SAID = {
    "en": {
        "codes": "Diagnostics and refusals",
        "about": "Every code that Charter says, in one line each; `…` stands for what varies. `charter explain CODE` "
        "shows the same page in a terminal.",
        "processes": "Process files",
        "file": "File",
        "what": "Processes",
    },
    "zh": {
        "codes": "诊断与拒绝",
        "about": "Charter 给出的全部代码，每个一行；`…` 代表每次不同的内容。`charter explain 代码` 在终端显示同一页。",
        "processes": "流程文件",
        "file": "文件",
        "what": "流程",
        "only": "本页只有英文。",
    },
}
_FENCE = re.compile(r"^( *)(`{3,}|~{3,})[^\n]*\n.*?^\1\2`*$", re.M | re.S)
_HAN = "[\u3000-\u303f\u3400-\u9fff\uff01-\uff5e]"
_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?!\w+:)([^()\s]+)\)")


def pages(lang: str) -> Iterator[tuple[str, str]]:
    """Gives every page of a language: its place, and its text."""
    known, other = places(lang), places(_other(lang))
    for place, path in {place: path for path, place in known.items()}.items():
        if path.suffix == ".md":
            text = linked((ROOT / path).read_text("utf-8"), path, place, known, other, {} if lang == "en" else CHINESE)
            if lang != "en" and len(re.findall(_HAN, text)) < 200:  # of keywords, a page shows all three languages
                head, _, rest = text.partition("\n")
                text = f"{head}\n\n```{{note}}\n{SAID[lang]['only']}\n```\n{rest}"
            yield place, (f"{text}\n{_navigation(lang, known)}" if place == "index" else _alone(place, text))
        else:
            yield place, _alone(place, _shown(path, place, lang))
    yield from _of_codes(lang)
    yield from _of_processes(lang, known)


def places(lang: str) -> dict[PurePosixPath, str]:
    """Gives the place on the site of each file that is a page of a language."""
    found = {}
    for folder in (ROOT, ROOT / "docs", ROOT / "docs/decisions"):
        for path in sorted(folder.glob("*.md")):
            name, _, twin = path.stem.partition(".")
            if (twin and lang == "en") or (not twin and lang != "en" and [*folder.glob(f"{name}.zh*.md")]):
                continue
            place = name.lower() if folder != ROOT / "docs/decisions" else f"decisions/{name}"
            found[path.relative_to(ROOT)] = "index" if place == "readme" else place.replace("README", "index")
    found[Path("LICENSE")] = "license"
    for path in sorted((ROOT / "processes").rglob("*.charter")):
        found[path.relative_to(ROOT)] = path.relative_to(ROOT).with_suffix("").as_posix()
    return {PurePosixPath(path): place for path, place in found.items()}


def linked(
    text: str,
    path: PurePosixPath,
    place: str,
    known: Mapping[PurePosixPath, str],
    other: Mapping[PurePosixPath, str],
    titles: Mapping[str, str],
) -> str:
    """Makes the links of a page, whose file is at `path`, lead to places; what is no page is named."""

    def lead(link: re.Match[str]) -> str:
        label, (to, _, anchor) = link[1], link[2].partition("#")
        if not to:
            return link[0]
        target = PurePosixPath((ROOT / path.parent / to).resolve().relative_to(ROOT))
        anchor = anchor and f"#{anchor}"
        up = "../" * place.count("/")
        if target == PurePosixPath("docs/decisions"):
            target = target / "README.md"
        found = known.get(target) or _code(target)
        if found is not None:
            # a page's title says more than its path
            shown = titles.get(found, "") if label.strip("`") == to and not anchor else label
            return f"[{shown}]({up}{found}.md{anchor})"
        if other.get(target) == place:
            return ""  # every page leads to its twin
        if target in other:
            lang = "zh" if ".zh" in target.name else "en"
            return f'<a href="{up}../{lang}/{other[target]}.html{anchor}">{label}</a>'
        return label if label.strip("`") in (to, target.name, str(target)) else f"{label} (`{target}`)"

    parts, at = [], 0
    for fence in _FENCE.finditer(text):
        parts += [_LINK.sub(lead, _joined(text[at : fence.start()])), fence[0]]
        at = fence.end()
    return "".join([*parts, _LINK.sub(lead, _joined(text[at:]))])


def _joined(text: str) -> str:
    """Joins lines between two Chinese characters, where a browser would show a blank."""
    return re.sub(rf"(?<={_HAN})\n *(?={_HAN})", "", text)


def _other(lang: str) -> str:
    return next(name for name in LANGUAGES if name != lang)


def _code(target: PurePosixPath) -> str | None:
    if target.parts[:2] not in (("dsl", "diagnostics"), ("runtime", "pages")):
        return None
    return f"codes/{target.stem}" if target.suffix else "codes/index"


def _alone(place: str, text: str) -> str:
    """Marks a page that the navigation leaves to the index of its folder."""
    return f"---\norphan: true\n---\n{text}" if "/" in place and not place.endswith("/index") else text


def _navigation(lang: str, known: Mapping[PurePosixPath, str]) -> str:
    listed = {place for _, group in GROUPS for place in group}
    more = tuple(place for place in known.values() if place not in listed and "/" not in place and place != "index")
    titles = {} if lang == "en" else CHINESE
    blocks = []
    for heading, group in (*GROUPS[:-1], (GROUPS[-1][0], GROUPS[-1][1] + more)):
        rows = [f"{titles[place]} <{place}>" if place in titles else place for place in group]
        blocks.append("\n".join(("```{toctree}", ":hidden:", f":caption: {heading[lang]}", "", *rows, "```")))
    return "\n\n".join(blocks)


def _shown(path: PurePosixPath, place: str, lang: str) -> str:
    text = (ROOT / path).read_text("utf-8")
    if path.suffix != ".charter":
        return f"# Apache-2.0\n\n```text\n{text}```\n"
    back = f"[{SAID[lang]['processes']}]({relpath('processes/index.md', Path(place).parent)})"
    return f"# {path.name}\n\n{back} · `{path}`\n\n```charter\n{text}```\n"


def _of_codes(lang: str) -> Iterator[tuple[str, str]]:
    say, rows = Messages(lang), dict[str, list[str]]()
    for code, line in codes(say):
        told, (name, kind) = page(code), family(code)
        examples = told.shown(lang)
        text = [
            f"# {code}: {told.slug}",
            f"[{SAID[lang]['codes']}](index.md) · {say(f'explain.{kind}')}",
            told.text(lang),
        ]
        text.insert(2, f"> {_escaped(line)}")
        for heading, example in zip(("example",) if len(examples) == 1 else ("wrong", "right"), examples, strict=False):
            text += [f"**{say(f'explain.{heading}')}**", f"```charter\n{example}```"]
        rows.setdefault(name, []).append(f"| [{code}]({code}.md) | {_escaped(line)} |")
        yield f"codes/{code}", _alone(f"codes/{code}", "\n\n".join(text) + "\n")
    parts = [f"# {SAID[lang]['codes']}", SAID[lang]["about"]]
    for name, found in rows.items():
        parts += [f"## {say(f'explain.{name}')}", "\n".join(("| | |", "| --- | --- |", *found))]
    yield "codes/index", "\n\n".join(parts) + "\n"


def _escaped(line: str) -> str:
    """A sentence as the cell of a table; what is in backticks stays as it is."""
    return re.sub(r"([<>*_\[\]])(?=[^`]*(?:`[^`]*`[^`]*)*$)", r"\\\1", line).replace("|", r"\|")


def _of_processes(lang: str, known: Mapping[PurePosixPath, str]) -> Iterator[tuple[str, str]]:
    said = SAID[lang]
    rows = [f"| {said['file']} | {said['what']} |", "| --- | --- |"]
    for path, place in known.items():
        if path.suffix == ".charter":
            items = parse(read((ROOT / path).read_bytes())).tree.items
            titles = [str(item.title or item.name) for item in items if isinstance(item, t.Process)]
            rows.append(
                f"| [{path.relative_to('processes')}]({relpath(place, 'processes')}.md) | {' · '.join(titles)} |"
            )
    yield "processes/index", f"# {said['processes']}\n\n" + "\n".join(rows) + "\n"

"""Blocks of lines that stand in a wrong place of a text, and the edits that move them to where they belong."""

from __future__ import annotations

from charter.dsl.diagnostic import Diagnostic, Edit, Fix
from charter.dsl.text.layout import DECLARING
from charter.dsl.text.words import spellings


def moved_out(d: Diagnostic, text: str) -> Fix | None:
    """The fix of an element that stands in another one: it and its block go beside that."""
    if d.arguments.get("hint") != "too_deep":
        return None
    start, end = block(text, (text.rfind("\n", 0, d.span[0]) + 1 + indent(line_of(text, d.span[0])), d.span[1]))
    deep = indent(text[start:])
    above = next((line for line in reversed(text[:start].splitlines()) if line.strip() and indent(line) < deep), "")
    # lines that stand beside it and belong to the element around it are above; those below are its own
    edits, at = [], start
    for line in text[start:end].splitlines(keepends=True):
        if line.strip():
            edits.append(Edit((at, at + indent(line)), " " * (indent(line) - deep + indent(above))))
        at += len(line)
    return Fix(tuple(edits)) if above else None


def indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def line_of(text: str, offset: int) -> str:
    return text[text.rfind("\n", 0, offset) + 1 : offset]


def block(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """A line and what stands deeper below it."""
    start = text.rfind("\n", 0, span[0]) + 1
    indent = span[0] - start
    end = start
    for line in text[start:].splitlines(keepends=True):
        blank = not line.strip()
        if end > start and not blank and len(line) - len(line.lstrip()) <= indent and end >= span[1]:
            break
        end += len(line)
    return start, end


def moved_up(d: Diagnostic, text: str) -> Fix | None:
    """The fix of a declaration that stands in an element: it and its block go above the outermost element around it."""
    found = str(d.arguments.get("found", ""))
    if d.code != "CH115" or not any(words == found and name in DECLARING for words, name, _, _ in spellings()):
        return None
    start, end = block(text, d.span)
    deep, around = indent(text[start:]), list[tuple[int, int]]()  # where a line around it begins, and how deep
    at = start
    for line in reversed(text[:start].splitlines(keepends=True)):
        at -= len(line)
        if line.strip() and line.strip()[0] != "#" and indent(line) < (around[-1][1] if around else deep):
            around.append((at, indent(line)))
    if len(around) < 2:
        return None
    to, level = around[-2]
    moved = "".join(
        " " * (indent(line) - deep + level) + line.lstrip(" ") if line.strip() else line
        for line in text[start:end].splitlines(keepends=True)
    )
    return Fix((Edit((to, to), moved), Edit((start, end), "")))

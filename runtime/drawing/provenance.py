"""Where the versions of records came from, drawn: versions as rounded boxes, and between them what people did.

Arrows run in the course of time: from a version to the deed that used it, from a deed to the version that it made.
Knows lineage, SVG and DOT, not where lineage comes from. Invariant: every text is escaped; same lineage, same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from xml.sax.saxutils import escape, quoteattr

from msgspec import Struct

from charter.runtime.audit.lineage import Lineage
from charter.runtime.clock import text as time_text
from charter.runtime.drawing.layout import place
from charter.runtime.drawing.returns import tip
from charter.runtime.drawing.svg import SMALL, SMALL_LINE, TITLE, curve, measure, style

_HIGH, _SIDE, _MARGIN, _TOP = 46.0, 14.0, 28.0, 56.0


class Drawn(Struct, frozen=True):
    """A box: `kind` entity or activity; a line, and a smaller one under it, if any."""

    kind: str
    title: str
    caption: str = ""


def graph(found: Lineage) -> tuple[dict[str, Drawn], list[tuple[str, str]]]:
    """Gives the boxes by name, in the order of time, and the arrows between them."""
    boxes: dict[str, Drawn] = {}
    arrows: dict[tuple[str, str], None] = {}
    for number, deed in enumerate(found.deeds):
        if not (deed.used or deed.made):
            continue
        name = f"deed {number}"
        title = f"{deed.kind} {deed.node or ''}".rstrip()
        boxes[name] = Drawn("activity", title, f"{deed.person} · {time_text(deed.at)[:16].replace('T', ' ')}")
        for made in deed.used:
            boxes.setdefault(made.name, Drawn("entity", made.name))
            arrows[made.name, name] = None
        for made in deed.made:
            boxes[made.name] = Drawn("entity", made.name)
            arrows[name, made.name] = None
    return boxes, list(arrows)


def write_dot(found: Lineage, title: str, safe: Callable[[str], str]) -> str:
    """Writes the graph in DOT; `safe` makes text that no terminal obeys."""
    boxes, arrows = graph(found)
    ids = {name: f"n{number}" for number, name in enumerate(boxes)}

    def quoted(text: str) -> str:
        plain = safe(text).replace("\\", "\\\\").replace('"', '\\"')
        return '"' + plain.replace("\r", " ").replace("\n", " ") + '"'

    shapes = {"entity": "ellipse", "activity": "box"}
    lines = ["digraph provenance {", "  rankdir=LR;", f"  label={quoted(title)};", '  node [fontname="sans-serif"];']
    for name, box in boxes.items():
        label = f"{quoted(box.title)[:-1]}\\n{quoted(box.caption)[1:]}" if box.caption else quoted(box.title)
        lines.append(f"  {ids[name]} [shape={shapes[box.kind]}, label={label}];")
    lines += [f"  {ids[one]} -> {ids[other]};" for one, other in arrows]
    return "\n".join([*lines, "}"]) + "\n"


def write_svg(found: Lineage, title: str, safe: Callable[[str], str]) -> str:
    """Writes the graph as an SVG document; `safe` as for DOT."""
    boxes, arrows = graph(found)
    shown = {name: (safe(box.title), safe(box.caption)) for name, box in boxes.items()}
    sizes = {
        name: (max(measure(one, TITLE), measure(two, SMALL)) + 2 * _SIDE, _HIGH) for name, (one, two) in shown.items()
    }
    placed = place(sizes, arrows, across=True, layer_gap=46.0, gap=22.0)
    heading = safe(title)
    width = max(placed.width + 2 * _MARGIN, measure(heading, 18) * 1.1 + 2 * _MARGIN)
    height = placed.height + _TOP + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" aria-label={quoteattr(heading)}>',
        f"<title>{escape(heading)}</title>",
        f"<style>{style()}</style>",
        '<rect class="page" width="100%" height="100%"/>',
        f'<text class="name" x="{_MARGIN:.0f}" y="32">{escape(heading)}</text>',
    ]
    for (one, other), bends in placed.bends.items():
        source, target = placed.boxes[one], placed.boxes[other]
        start = source.x + source.width + _MARGIN, source.middle[1] + _TOP
        end = target.x + _MARGIN, target.middle[1] + _TOP
        moved = [(x + _MARGIN, y + _TOP) for x, y in bends]
        parts.append(f'<path class="arrow" d="{curve([start, *moved, (end[0] - 7, end[1])], across=True)}"/>')
        parts.append(tip(end, (1, 0), "tip"))
    for name, box in boxes.items():
        at, kind = placed.boxes[name], "good" if box.kind == "entity" else "live"
        x, y = at.x + _MARGIN, at.y + _TOP
        middle, (first, second) = x + at.width / 2, shown[name]
        parts.append(
            f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{at.width:.1f}" height="{at.height:.1f}" '
            f'rx="{16 if box.kind == "entity" else 6}"/>'
        )
        for text, line, kind in ((first, 20.0 if second else 28.0, ""), (second, 20 + SMALL_LINE, ' class="small"')):
            if text:
                place_at = f'x="{middle:.1f}" y="{y + line:.1f}" text-anchor="middle"'
                parts.append(f"<text{kind} {place_at}>{escape(text)}</text>")
    return "\n".join([*parts, "</svg>"]) + "\n"

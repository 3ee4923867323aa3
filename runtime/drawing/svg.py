"""A picture as one self-contained SVG 1.1 file: phases as boxes, approvals as diamonds, returns as dashed arrows.

Knows shapes, text widths and colours, not processes. Texts fit their shapes by measured widths (East Asian characters
are one em wide); colours follow the reader's light or dark scheme. Invariants: no script, no outside resource; every
text is escaped; same picture, same bytes.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from msgspec import Struct, field

from charter.runtime.cli.messages import Messages
from charter.runtime.drawing.layout import Box, Placed, place
from charter.runtime.drawing.picture import Arrow, Item, Picture
from charter.runtime.drawing.returns import LANE, Routes, tip

TITLE, SMALL = 14.0, 11.5
LINE, SMALL_LINE = 19.0, 16.0
COLUMN = 136.0  # text wraps within this
PADDING, HEAD = 18.0, 34.0
GAP, LAYER_GAP = 28.0, 46.0
# (state, style class): what a state looks like
CLASSES = {
    "planned": "planned",
    "ready": "live",
    "claimed": "live",
    "active": "live",
    "suspended": "held",
    "stale": "held",
    "done": "good",
    "granted": "good",
    "reached": "good",
    "rejected": "bad",
    "failed": "bad",
    "cancelled": "gone",
    "skipped": "gone",
    "withdrawn": "held",
}
# (class, fill, line) in the light and in the dark scheme
_LIGHT = (
    ("planned", "#ffffff", "#7a8594"),
    ("live", "#dcebff", "#1a5fb4"),
    ("held", "#fff0cf", "#a86500"),
    ("good", "#def3e2", "#26803f"),
    ("bad", "#fde1e1", "#b3261e"),
    ("gone", "#eeeff2", "#a9b1bc"),
)
_DARK = (
    ("planned", "#22272e", "#8b96a5"),
    ("live", "#153456", "#6cb0ff"),
    ("held", "#46340c", "#e0a83a"),
    ("good", "#15391f", "#5cc47a"),
    ("bad", "#4a1917", "#ff8a80"),
    ("gone", "#2a2e34", "#5f6874"),
)
_STYLE = """
svg{{font-family:"Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei","Segoe UI",sans-serif;font-size:14px}}
.page{{fill:{page}}}.phase{{fill:{box};stroke:{edge}}}text{{fill:{ink}}}.small{{font-size:11.5px;fill:{faint}}}
.head{{font-weight:600}}.name{{font-size:18px;font-weight:600}}
.arrow{{fill:none;stroke:{arrow};stroke-width:1.4}}.tip{{fill:{arrow}}}
.return{{fill:none;stroke:{back};stroke-width:1.4;stroke-dasharray:6 4}}.back{{fill:{back}}}
.backtext{{font-size:11.5px;fill:{back};stroke:{box};stroke-width:4px;paint-order:stroke;stroke-linejoin:round}}
"""


def measure(text: str, size: float) -> float:
    """Estimates a text's width in a common sans-serif face, generously."""
    em = 0.0
    for c in text:
        if c >= "\u1100":
            em += 1.0
        elif c in "iljtfrI.,:;'|!()[] ":
            em += 0.36
        elif c in "mwMW@%—":
            em += 0.9
        else:
            em += 0.68 if c.isupper() else 0.58
    return em * size


def fold(text: str, size: float, room: float, most: int = 3) -> list[str]:
    """Breaks text into at most so many lines that fit the room; what does not fit ends in an ellipsis."""
    lines, line = [], ""
    for piece in _pieces(text):
        if line and measure(line + piece.rstrip(), size) > room:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()
        while measure(line.rstrip(), size) > room:  # one long word
            cut = next(i for i in range(len(line), 0, -1) if measure(line[:i], size) <= room or i == 1)
            lines.append(line[:cut])
            line = line[cut:]
    if line.strip() or not lines:
        lines.append(line.rstrip())
    if len(lines) > most:
        kept = lines[:most]
        while kept[-1] and measure(kept[-1] + "…", size) > room:
            kept[-1] = kept[-1][:-1]
        kept[-1] += "…"
        return kept
    return lines


def balance(text: str, size: float, room: float) -> list[str]:
    """Breaks text as `fold` does, but into lines of about the same length."""
    lines = fold(text, size, room)
    for share in (0.6, 0.7, 0.8, 0.9):
        even = fold(text, size, room * share)
        if len(even) == len(lines) and not even[-1].endswith("…"):
            return even
    return lines


def _pieces(text: str) -> list[str]:
    """Splits where a line may break: after blanks, underscores and wide characters, not before closing punctuation."""
    pieces: list[str] = []
    for c in text:
        closing = c in "，。、；：）」』》？！,.;:)]}"
        glue = pieces and (closing or (c < "\u1100" and pieces[-1][-1] < "\u1100" and pieces[-1][-1] not in " _"))
        if glue:
            pieces[-1] += c
        else:
            pieces.append(c)
    return pieces


class _Shape(Struct):
    """An item with its size, its texts broken, and, for a phase, its content placed within."""

    item: Item
    width: float
    height: float
    title: list[str]
    captions: list[str]
    inside: Placed | None = None
    lanes: int = 0  # returns that run under the content
    shapes: dict[str, _Shape] = field(default_factory=dict)
    body: tuple[float, float] = (0.0, 0.0)  # of an approval: its diamond


def _caption_lines(item: Item, room: float) -> list[str]:
    texts = list(item.captions)
    if item.count:
        texts.append(f"{item.settled}/{item.count}")
    return [line for text in texts for line in fold(text, SMALL, room, 2)]


def _shape(item: Item, picture: Picture) -> _Shape:
    if item.kind == "phase":
        return _phase(item, picture)
    captions = _caption_lines(item, COLUMN + 20)
    if item.kind == "approval":
        title = balance(item.title, TITLE, COLUMN * 0.8)
        text_width = max(measure(line, TITLE) for line in title)
        text_height = len(title) * LINE
        # a text of w x h fits a diamond of W x H when w/W + h/H <= 1
        high = text_height * 1.9 + 22
        wide = max(text_width / (1 - text_height / high) + 14, high * 1.5)
        caption_width = max((measure(line, SMALL) for line in captions), default=0.0)
        return _Shape(
            item,
            max(wide, caption_width),
            high + len(captions) * SMALL_LINE + (4 if captions else 0),
            title,
            captions,
            body=(wide, high),
        )
    title = balance(item.title, TITLE, COLUMN)
    wide = max([measure(line, TITLE) for line in title] + [measure(line, SMALL) for line in captions])
    high = len(title) * LINE + len(captions) * SMALL_LINE + 20
    extra = 28 if item.kind == "milestone" else 24
    return _Shape(item, max(wide + extra, 96), max(high, 44), title, captions)


def _phase(item: Item, picture: Picture) -> _Shape:
    shapes = {child.name: _shape(child, picture) for child in item.children}
    inside = _arrange(shapes, item.arrows, across=True)
    names = set(shapes)
    lanes = sum(r.source in names or r.target in names for r in picture.returns)
    title = [item.title]
    captions = _caption_lines(item, 1e9)
    head = measure(item.title, TITLE) * 1.08 + sum(measure(c, SMALL) + 14 for c in captions) + 2 * PADDING
    width = max(inside.width + 2 * PADDING + 16, head, 160)
    height = HEAD + inside.height + PADDING + lanes * LANE + (8 if lanes else 0)
    return _Shape(item, width, max(height, HEAD + 12), title, captions, inside, lanes, shapes)


def _arrange(shapes: dict[str, _Shape], arrows: Sequence[Arrow], *, across: bool) -> Placed:
    sizes = {name: (shape.width, shape.height) for name, shape in shapes.items()}
    pairs = [(arrow.source, arrow.target) for arrow in arrows]
    # arrows meet an approval at its diamond's height, not at the middle of diamond and captions
    lines = {n: s.body[1] / 2 for n, s in shapes.items() if s.item.kind == "approval" and across}
    return place(sizes, pairs, across=across, layer_gap=LAYER_GAP, gap=GAP, lines=lines)


class _Page:
    """Collects the drawing and remembers where each element came to stand."""

    def __init__(self, say: Messages) -> None:
        self.say = say
        self.parts: list[str] = []
        self.at: dict[str, Box] = {}
        self.shapes: dict[str, _Shape] = {}
        self.holders: dict[str, str | None] = {}

    def add(self, text: str) -> None:
        self.parts.append(text)

    def text(self, x: float, y: float, text: str, style: str = "", anchor: str = "middle") -> None:
        kind = f' class="{style}"' if style else ""
        self.add(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}>{escape(text)}</text>')


def write_svg(picture: Picture, say: Messages) -> str:
    """Writes a picture as an SVG document."""
    page = _Page(say)
    shapes = {item.name: _shape(item, picture) for item in picture.children}
    across = not any(item.kind == "phase" for item in picture.children)
    placed = _arrange(shapes, picture.arrows, across=across)
    parents = {child.name: item.name for item in picture.items() for child in item.children}
    crossing = sum(parents.get(r.source) != parents.get(r.target) for r in picture.returns)
    margin = 28.0 + LANE * crossing
    subtitle = " · ".join(t for t in (picture.subtitle, picture.status and say(f"states.{picture.status}")) if t)
    top = 64.0 if subtitle else 48.0
    _draw(page, shapes, placed, picture.arrows, margin, top, None, across)
    below = top + placed.height + 12 + LANE * sum(r.source in shapes for r in picture.returns)
    routes = Routes(page.at, page.holders, {n: s.lanes for n, s in page.shapes.items()}, top + placed.height)
    for back in picture.returns:
        page.parts += routes.draw(back.source, back.target, say(f"graph.on_{back.kind}"))
    width = max(margin + placed.width + 28, measure(picture.title, 18) * 1.1 + 56, measure(subtitle, SMALL) + 56)
    states = list(dict.fromkeys(item.state for item in picture.items() if item.state))
    height = below + 16
    if states:
        height = _legend(page, states, below + 10, width) + 20
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" aria-label={quoteattr(picture.title)}>',
        f"<title>{escape(picture.title)}</title>",
        f"<style>{style()}</style>",
        '<rect class="page" width="100%" height="100%"/>',
        f'<text class="name" x="28" y="32">{escape(picture.title)}</text>',
    ]
    if subtitle:
        head.append(f'<text class="small" x="28" y="51">{escape(subtitle)}</text>')
    return "\n".join([*head, *page.parts, "</svg>"]) + "\n"


def style() -> str:
    """Gives the rules that all drawings have."""
    light = _STYLE.format(
        page="#ffffff", box="#f4f6f9", edge="#c6ced8", ink="#1b2430", faint="#566273", arrow="#566273", back="#b3561e"
    )
    dark = _STYLE.format(
        page="#14181d", box="#1b2027", edge="#3b4552", ink="#e6ebf1", faint="#a5b0be", arrow="#97a3b3", back="#f0a070"
    )
    rules = [f".{name}{{fill:{fill};stroke:{line};stroke-width:1.4}}" for name, fill, line in _LIGHT]
    night = [f".{name}{{fill:{fill};stroke:{line}}}" for name, fill, line in _DARK]
    gone = ".gone{stroke-dasharray:3 3}.critical{stroke-width:3.2}"
    return f"{light}{''.join(rules)}{gone}\n@media (prefers-color-scheme:dark){{{dark}{''.join(night)}}}"


def _draw(
    page: _Page,
    shapes: dict[str, _Shape],
    placed: Placed,
    arrows: Sequence[Arrow],
    x: float,
    y: float,
    holder: str | None,
    across: bool,
) -> None:
    for name, shape in shapes.items():
        box = placed.boxes[name]
        here = Box(box.width, box.height, x + box.x, y + box.y)
        page.at[name], page.shapes[name], page.holders[name] = here, shape, holder
        _item(page, shape, here)
    for arrow in arrows:
        bends = [(x + bx, y + by) for bx, by in placed.bends[arrow.source, arrow.target]]
        _arrow(
            page,
            page.at[arrow.source],
            page.at[arrow.target],
            bends,
            across,
            page.shapes[arrow.source],
            page.shapes[arrow.target],
        )


def _item(page: _Page, shape: _Shape, box: Box) -> None:
    item = shape.item
    style = CLASSES.get(item.state or "planned", "planned") + (" critical" if item.critical else "")
    state = f" — {page.say(f'states.{item.state}')}" if item.state else ""
    page.add(f"<g><title>{escape(item.name + state)}</title>")
    middle = box.x + box.width / 2
    if item.kind == "phase":
        kind = "phase" if item.state in (None, "planned") else f"phase {style}line"
        for shift in (5, 0) if item.many else (0,):
            page.add(
                f'<rect class="{kind}" x="{box.x + shift:.1f}" y="{box.y + shift:.1f}" width="{box.width:.1f}" '
                f'height="{box.height:.1f}" rx="9"/>'
            )
        left = box.x + 14
        if item.state:
            page.add(f'<circle class="{style}" cx="{left + 5:.1f}" cy="{box.y + 18:.1f}" r="5.5"/>')
            left += 20
        page.text(left, box.y + 23, item.title, "head", "start")
        left += measure(item.title, TITLE) * 1.08 + 14
        for caption in shape.captions:
            page.text(left, box.y + 23, caption, "small", "start")
            left += measure(caption, SMALL) + 14
        assert shape.inside is not None
        inner_x = box.x + (box.width - shape.inside.width) / 2
        page.add("</g>")
        _draw(page, shape.shapes, shape.inside, item.arrows, inner_x, box.y + HEAD, item.name, True)
        return
    if item.kind == "approval":
        wide, high = shape.body
        for shift in (4, 0) if item.many else (0,):
            left, top = middle - wide / 2 + shift, box.y + shift
            page.add(
                f'<path class="{style}" d="M{left:.1f} {top + high / 2:.1f}L{left + wide / 2:.1f} {top:.1f}'
                f'L{left + wide:.1f} {top + high / 2:.1f}L{left + wide / 2:.1f} {top + high:.1f}Z"/>'
            )
        text_top = box.y + high / 2 - len(shape.title) * LINE / 2
        caption_top = box.y + high + 4
    else:
        radius = 16 if item.kind == "milestone" else 6
        for shift in (4, 0) if item.many else (0,):
            page.add(
                f'<rect class="{style}" x="{box.x + shift:.1f}" y="{box.y + shift:.1f}" '
                f'width="{box.width:.1f}" height="{box.height:.1f}" rx="{radius}"/>'
            )
        text_top = box.y + (box.height - len(shape.title) * LINE - len(shape.captions) * SMALL_LINE) / 2
        caption_top = text_top + len(shape.title) * LINE
    for number, line in enumerate(shape.title):
        page.text(middle, text_top + number * LINE + 14, line)
    for number, line in enumerate(shape.captions):
        page.text(middle, caption_top + number * SMALL_LINE + 11, line, "small")
    page.add("</g>")


def _port(box: Box, shape: _Shape, across: bool, leaving: bool) -> tuple[float, float]:
    """Gives the point where an arrow leaves or enters a shape."""
    wide, high = shape.body if shape.item.kind == "approval" else (box.width, box.height)
    middle = box.x + box.width / 2
    if across:
        return middle + (wide / 2 if leaving else -wide / 2), box.y + high / 2
    return middle, box.y + (box.height if leaving else 0)


def _arrow(
    page: _Page, source: Box, target: Box, bends: list[tuple[float, float]], across: bool, one: _Shape, two: _Shape
) -> None:
    start, end = _port(source, one, across, True), _port(target, two, across, False)
    stop = (end[0] - 7, end[1]) if across else (end[0], end[1] - 7)
    path = curve([start, *bends, stop], across=across)
    page.add(f'<path class="arrow" d="{path}"/>')
    page.add(tip(end, (1, 0) if across else (0, 1), "tip"))


def curve(points: Sequence[tuple[float, float]], *, across: bool) -> str:
    """Gives the way of an arrow: straight while within a layer, bent between two."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for number, ((ax, ay), (bx, by)) in enumerate(itertools.pairwise(points)):
        if number % 2 == 0:
            path += f"L{bx:.1f} {by:.1f}"
        elif across:
            path += f"C{(ax + bx) / 2:.1f} {ay:.1f} {(ax + bx) / 2:.1f} {by:.1f} {bx:.1f} {by:.1f}"
        else:
            path += f"C{ax:.1f} {(ay + by) / 2:.1f} {bx:.1f} {(ay + by) / 2:.1f} {bx:.1f} {by:.1f}"
    return path


def _legend(page: _Page, states: Sequence[str], y: float, width: float) -> float:
    x = 28.0
    for state in states:
        text = page.say(f"states.{state}")
        step = 22 + measure(text, SMALL) + 18
        if x + step > width - 12 and x > 28:
            x, y = 28.0, y + 20
        style = CLASSES.get(state, "planned")
        page.add(f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="16" height="12" rx="3"/>')
        page.text(x + 22, y + 10.5, text, "small", "start")
        x += step
    return y + 12

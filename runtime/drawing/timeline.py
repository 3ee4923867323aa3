"""Work in time as one self-contained SVG 1.1 picture: planned, actual and expected bars, due dates, the present.

Invariants: no script, no outside resource; every text is escaped; nothing is told by colour alone: planned bars are
outlines, expected ones hatched by dashes, what is critical has a mark before its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from charter.runtime.cli.messages import Messages
from charter.runtime.desk.timeline import Bar, span_of
from charter.runtime.drawing.svg import fold

_NAMES, _WIDTH, _ROW, _MARGIN, _HEAD = 230.0, 900.0, 24.0, 20.0, 44.0
_STYLE = (
    'text{font-family:"Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;font-size:13px;'
    "fill:#1b2430}.page{fill:#fff}.plan{fill:none;stroke:#7a8796}.done{fill:#1a5fb4}"
    ".ahead{fill:#d7e4f5;stroke:#1a5fb4;stroke-dasharray:3 2}.due{fill:#b3561e}"
    ".now{stroke:#b3561e;stroke-dasharray:4 3}"
    "@media(prefers-color-scheme:dark){text{fill:#e6ebf1}.page{fill:#14181d}.done{fill:#6cb0ff}.ahead{fill:#24405f}}"
)


def drawn(rows: Sequence[Bar], now: int, say: Messages) -> str:
    """Draws rows of work ; the same rows, the same bytes."""
    first, last = span_of(rows, now)
    left, right = _MARGIN + _NAMES, _WIDTH - _MARGIN
    height = _HEAD + _ROW * len(rows) + _MARGIN

    def x(at: int) -> float:
        return left + (at - first) / (last - first) * (right - left)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="{_WIDTH:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {_WIDTH:.0f} {height:.0f}"><title>{escape(say("gantt.title"))}</title><style>{_STYLE}</style>'
        f'<rect class="page" width="{_WIDTH:.0f}" height="{height:.0f}"/>',
        f'<text x="{left:.1f}" y="24">{_day(first)}</text>',
        f'<text x="{right:.1f}" y="24" text-anchor="end">{_day(last)}</text>',
        f'<line class="now" x1="{x(now):.1f}" y1="32" x2="{x(now):.1f}" y2="{height - _MARGIN:.1f}"/>',
    ]
    for number, row in enumerate(rows):
        top = _HEAD + _ROW * number
        mark = "▸ " if row.critical else ""
        name = fold(mark + row.title, 13, _NAMES - 12 * row.depth - 10, 1)[0]
        parts.append(f'<text x="{_MARGIN + 12 * row.depth:.1f}" y="{top + 13:.1f}">{escape(name)}</text>')
        if row.planned is not None:
            parts.append(_bar("plan", x(row.planned[0]), x(row.planned[1]), top + 1, 16))
        if row.expected is not None and row.ended is None:
            parts.append(_bar("ahead", x(max(row.expected[0], now)), x(max(row.expected[1], now)), top + 5, 8))
        if row.begun is not None:
            parts.append(_bar("done", x(row.begun), x(row.ended if row.ended is not None else now), top + 5, 8))
        if row.due is not None:
            at, middle = x(row.due), top + 9
            parts.append(
                f'<path class="due" d="M{at:.1f} {middle - 6:.1f}l5 6l-5 6l-5 -6z"/>',
            )
    return "\n".join([*parts, "</svg>", ""])


def _bar(style: str, start: float, end: float, top: float, height: float) -> str:
    wide = max(end - start, 1.5)
    return f'<rect class="{style}" x="{start:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{height:.1f}"/>'


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).astimezone().strftime("%Y-%m-%d %H:%M")

"""The figures of a KPI's periods as one self-contained SVG 1.1 chart, with the mean and the control limits.

Invariants: no script, no outside resource; every text is escaped; nothing is told by colour alone: a figure that chance
seldom gives is a square, a missed one a cross, and each is labelled where there is room.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from xml.sax.saxutils import escape

from msgspec import Struct

from charter.engine.periods import Limits

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 780.0, 300.0, 90.0, 24.0, 48.0, 44.0
_LABELS = 14  # periods that are named and valued at most
_STYLE = (
    'text{font-family:"Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;font-size:12px;'
    "fill:#1b2430}.page{fill:#fff}.line{fill:none;stroke:#1a5fb4;stroke-width:2}.mark{fill:#1a5fb4}"
    ".odd{fill:#b3561e}.missed{stroke:#b3561e;stroke-width:2}.mean{stroke:#566273}"
    ".limit{stroke:#b3561e;stroke-dasharray:5 4}"
    "@media(prefers-color-scheme:dark){text{fill:#e6ebf1}.page{fill:#14181d}.line{stroke:#6cb0ff}.mark{fill:#6cb0ff}}"
)


class Point(Struct, frozen=True):
    """One period's figure; `value` is None where it is unknown."""

    period: str
    value: Decimal | None
    text: str
    missed: bool
    odd: bool


def drawn(title: str, points: Sequence[Point], limits: Limits | None, names: tuple[str, str, str]) -> str:
    """Draws a row of figures; `names`: of the upper limit, the mean and the lower limit, with their values."""
    known = [point.value for point in points if point.value is not None]
    rules = [] if limits is None else [limits.high, limits.mean, limits.low]
    low, high = min([*known, *rules], default=Decimal(0)), max([*known, *rules], default=Decimal(1))
    reach = high - low or Decimal(1)
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM

    def x(number: int) -> float:
        return _LEFT + (number + 0.5) / max(len(points), 1) * (right - _LEFT)

    def y(value: Decimal) -> float:
        return bottom - float((value - low) / reach) * (bottom - _TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="{_WIDTH:.0f}" height="{_HEIGHT:.0f}" '
        f'viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f'<rect class="page" width="{_WIDTH:.0f}" height="{_HEIGHT:.0f}"/>',
        f'<text x="{_LEFT:.0f}" y="24">{escape(title)}</text>',
    ]
    for value, name, style in zip(rules, names, ("limit", "mean", "limit"), strict=False):
        at = y(value)
        parts.append(f'<line class="{style}" x1="{_LEFT:.1f}" y1="{at:.1f}" x2="{right:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 6:.1f}" y="{at + 4:.1f}" text-anchor="end">{escape(name)}</text>')
    run: list[str] = []
    for number, point in enumerate([*points, None]):
        if point is not None and point.value is not None:
            run.append(f"{x(number):.1f},{y(point.value):.1f}")
            continue
        if len(run) > 1:  # what is unknown parts the line
            parts.append(f'<polyline class="line" points="{" ".join(run)}"/>')
        run = []
    step = -(-len(points) // _LABELS) or 1
    for number, point in enumerate(points):
        at = x(number)
        if number % step == 0:
            parts.append(f'<text x="{at:.1f}" y="{bottom + 20:.1f}" text-anchor="middle">{escape(point.period)}</text>')
        if point.value is None:
            continue
        up = y(point.value)
        if point.odd:
            parts.append(f'<rect class="odd" x="{at - 5:.1f}" y="{up - 5:.1f}" width="10" height="10"/>')
        else:
            parts.append(f'<circle class="mark" cx="{at:.1f}" cy="{up:.1f}" r="3.5"/>')
        if point.missed:
            cross = f"M{at - 7:.1f} {up - 7:.1f}l14 14m0 -14l-14 14"
            parts.append(f'<path class="missed" d="{cross}"/>')
        if number % step == 0:
            parts.append(f'<text x="{at:.1f}" y="{up - 10:.1f}" text-anchor="middle">{escape(point.text)}</text>')
    return "\n".join([*parts, "</svg>", ""])

"""Draws work sent back: a dashed arrow beside and under the boxes, on lanes kept free for it.

Of the ways round the boxes the one that runs over fewest of them is taken, then the shortest. Knows boxes and which
box holds which, not what they are.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape

from msgspec import Struct, field

from charter.runtime.drawing.layout import Box

LANE = 15.0
Point = tuple[float, float]


def tip(end: Point, way: tuple[int, int], style: str) -> str:
    """Gives an arrow head that ends at a point and points one way."""
    (x, y), (dx, dy) = end, way
    bx, by = x - 8 * dx, y - 8 * dy
    return (
        f'<path class="{style}" d="M{x:.1f} {y:.1f}L{bx - 4 * dy:.1f} {by - 4 * dx:.1f}'
        f'L{bx + 4 * dy:.1f} {by + 4 * dx:.1f}Z"/>'
    )


class Routes(Struct):
    """Where boxes stand (`at`), what holds them, how many lanes each holder keeps under its content."""

    at: Mapping[str, Box]
    holders: Mapping[str, str | None]
    lanes: Mapping[str, int]
    bottom: float  # of all content
    taken: dict[str | None, int] = field(default_factory=dict)
    arrived: dict[str, int] = field(default_factory=dict)  # how many returns end at a box already
    crossed: int = 0

    def draw(self, source: str, target: str, label: str) -> list[str]:
        """Gives the SVG parts of one return."""
        near, far = self.holders[source], self.holders[target]
        first = self._lane(near)
        second = first if near == far else self._lane(far)
        margin = None
        if near != far:
            self.crossed += 1
            margin = 10.0 + LANE * self.crossed
        ways = list(self._ways(source, target, first, second, margin))
        free = self._obstacles(source, target)
        points, way, mark = min(ways, key=lambda w: (_hits(w[0], free), _length(w[0])))
        self.arrived[target] = self.arrived.get(target, 0) + 1
        end = points[-1]
        stop = (end[0] - 7 * way[0], end[1] - 7 * way[1])
        where = f'x="{mark[0]:.1f}" y="{mark[1] + 4:.1f}"'
        return [
            f'<path class="return" d="{_rounded([*points[:-1], stop])}"/>',
            tip(end, way, "back"),
            f'<text class="backtext" {where} text-anchor="middle">{escape(label)}</text>',
        ]

    def _lane(self, holder: str | None) -> float:
        taken = self.taken.get(holder, 0)
        self.taken[holder] = taken + 1
        if holder is None:
            return self.bottom + 12 + LANE * taken
        box = self.at[holder]
        return box.y + box.height - 10 - LANE * (self.lanes[holder] - 1 - taken)

    def _ways(
        self, source: str, target: str, first: float, second: float, margin: float | None
    ) -> Iterator[tuple[list[Point], tuple[int, int], Point]]:
        """Gives every way worth trying: its points, which way its head points, and where its label stands."""
        one, two = self.at[source], self.at[target]
        out_x, out_y = one.middle[0], one.y + one.height
        in_x, foot = two.middle[0] - 10.0 * self.arrived.get(target, 0), two.y + two.height
        shift = 5.0 * (self.taken.get(self.holders[source], 0) % 3)
        exits: list[list[Point]] = [[(out_x + shift, out_y), (out_x + shift, first)]]
        for x in (one.x - 10 - shift, one.x + one.width + 10 + shift):
            exits.append([(out_x + shift, out_y), (out_x + shift, out_y + 9), (x, out_y + 9), (x, first)])
        entries: list[tuple[list[Point], tuple[int, int]]] = [([(in_x, second), (in_x, foot)], (0, -1))]
        for x in (two.x - 10 - shift, two.x + two.width + 10 + shift):
            entries.append(([(x, second), (x, foot + 12), (in_x, foot + 12), (in_x, foot)], (0, -1)))
        holder = self.holders[target]
        if margin is not None and holder is not None:
            top = self.at[holder].y + 31
            entries.append(([(in_x + 12, top), (in_x + 12, two.y)], (0, 1)))
        for leaving in exits:
            for entering, way in entries:
                across = [(margin, first), (margin, entering[0][1])] if margin is not None else []
                start = across[-1] if across else leaving[-1]
                side = 24 if entering[0][0] < start[0] else -24
                yield [*leaving, *across, *entering], way, (entering[0][0] + side, entering[0][1])

    def _obstacles(self, source: str, target: str) -> list[Box]:
        around = set()
        for name in (self.holders[source], self.holders[target]):
            while name is not None:
                around.add(name)
                name = self.holders[name]
        return [box for name, box in self.at.items() if name not in around]


def _hits(points: list[Point], boxes: list[Box]) -> int:
    """Counts boxes that a path of straight runs passes through (touching an edge is no hit)."""
    hits = 0
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        low_x, high_x, low_y, high_y = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
        hits += sum(
            low_x < box.x + box.width - 1
            and high_x > box.x + 1
            and low_y < box.y + box.height - 1
            and high_y > box.y + 1
            for box in boxes
        )
    return hits


def _length(points: list[Point]) -> float:
    run = sum(abs(bx - ax) + abs(by - ay) for (ax, ay), (bx, by) in itertools.pairwise(points))
    return run + 20 * len(points)  # a corner is worth a small way round


def _rounded(points: list[Point], radius: float = 5.0) -> str:
    """Writes a path of straight runs with rounded corners."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (ax, ay), (bx, by), (cx, cy) in zip(points, points[1:], points[2:], strict=False):
        before, behind = abs(bx - ax) + abs(by - ay), abs(cx - bx) + abs(cy - by)
        r = min(radius, before / 2, behind / 2)
        if r < 0.5:
            path += f"L{bx:.1f} {by:.1f}"
            continue
        from_x, from_y = bx - (bx - ax) / before * r, by - (by - ay) / before * r
        to_x, to_y = bx + (cx - bx) / behind * r, by + (cy - by) / behind * r
        path += f"L{from_x:.1f} {from_y:.1f}Q{bx:.1f} {by:.1f} {to_x:.1f} {to_y:.1f}"
    return path + f"L{points[-1][0]:.1f} {points[-1][1]:.1f}"

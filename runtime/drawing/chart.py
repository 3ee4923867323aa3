"""A forecast as one self-contained SVG 1.1 chart: how busy each role is, waiting by element, cases over time.

Knows figures and their words, not how they came about. Colours follow the reader's light or dark scheme, and nothing is
told by colour alone: bars carry their figure, lines differ in their dashes. Invariants: no script, no outside resource;
every text is escaped; the same forecast, the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import ceil, floor, log10
from xml.sax.saxutils import escape, quoteattr

from msgspec import Struct

from charter.engine.machines import CLOSED
from charter.engine.proof.hours import day
from charter.runtime.cli.messages import Messages
from charter.runtime.drawing.svg import fold, measure
from charter.runtime.simulation.forecast import Estimate, Forecast, Measure

_WIDTH, _MARGIN, _NAMES, _FIGURES = 780.0, 28.0, 190.0, 176.0
_BAR, _ROW, _HEAD, _PLOT = 16.0, 28.0, 44.0, 170.0
_MOST_ROWS = 30  # of one panel: those with the largest figures
_MOST_POINTS = 60
_SIZE, _SMALL = 14.0, 11.5
_STYLE = """
svg{{font-family:"Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei","Segoe UI",sans-serif;font-size:14px}}
.page{{fill:{page}}}text{{fill:{ink}}}.small{{font-size:11.5px;fill:{faint}}}.name{{font-size:18px;font-weight:600}}
.head{{font-weight:600}}.rail{{fill:{rail}}}.bar{{fill:{bar}}}.hot{{fill:{hot}}}.mark{{stroke:{ink};stroke-width:1.4}}
.axis{{stroke:{edge};stroke-width:1}}.came{{fill:none;stroke:{faint};stroke-width:1.8;stroke-dasharray:5 4}}
.went{{fill:none;stroke:{bar};stroke-width:2.2}}
"""
_LIGHT = {
    "page": "#ffffff",
    "ink": "#1b2430",
    "faint": "#566273",
    "rail": "#eef1f5",
    "edge": "#c6ced8",
    "bar": "#1a5fb4",
    "hot": "#b3561e",
}
_DARK = {
    "page": "#14181d",
    "ink": "#e6ebf1",
    "faint": "#a5b0be",
    "rail": "#242b33",
    "edge": "#3b4552",
    "bar": "#6cb0ff",
    "hot": "#f0a070",
}


class _Bar(Struct, frozen=True):
    """A row of a panel: how far it reaches, from 0 to 1, with its interval; `hot`: it stands out."""

    name: str
    share: float
    half: float | None
    figure: str
    hot: bool = False


class _Page:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self.y = 0.0

    def put(self, part: str) -> None:
        self.parts.append(part)

    def text(self, x: float, y: float, text: str, style: str = "", anchor: str = "") -> None:
        named = f' class="{style}"' if style else ""
        placed = f' text-anchor="{anchor}"' if anchor else ""
        self.put(f'<text{named}{placed} x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>')

    def line(self, style: str, x1: float, y1: float, x2: float, y2: float) -> None:
        self.put(f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')


def write_chart(found: Forecast, say: Messages, below: Sequence[str], shown: Callable[[Measure, Estimate], str]) -> str:
    """Writes a forecast as SVG text. `below`: sentences below the title; `shown` says a figure with its interval."""
    definition = found.run.setting.definition
    page = _Page()
    page.text(_MARGIN, 34, definition.title, "name")
    page.y = 52.0
    for line in (line for text in below for line in fold(text.replace("`", ""), _SMALL, _WIDTH - 2 * _MARGIN, 2)):
        page.text(_MARGIN, page.y, line, "small")
        page.y += 17
    busy = [m for m in found.measures if m.measure == "busy"]
    _panel(page, say("simulate.chart_busy"), [_of_role(found, m, say, shown) for m in busy])
    waits = [m for m in found.measures if m.what == "element" and m.measure == "waiting"]
    _panel(page, say("simulate.chart_waiting"), list(_of_elements(waits, shown)))
    _over_time(page, found, say)
    height = page.y + _MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {height:.0f}" width="{_WIDTH:.0f}" '
        f'height="{height:.0f}" role="img" aria-label={quoteattr(definition.title)}>'
    )
    style = f"{_STYLE.format(**_LIGHT)}@media (prefers-color-scheme:dark){{{_STYLE.format(**_DARK)}}}"
    lines = [
        head,
        f"<title>{escape(definition.title)}</title>",
        f"<style>{style}</style>",
        '<rect class="page" width="100%" height="100%"/>',
        *page.parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _of_role(found: Forecast, measure: Measure, say: Messages, shown: Callable[[Measure, Estimate], str]) -> _Bar:
    """A role's bar; one without limit has none, only how many of its people are at work."""
    if measure.people is None:
        figure = say("simulate.chart_people", count=f"{measure.estimate.mean:.1f}")
        return _Bar(measure.name, -1.0, None, figure)
    hot = measure.name == found.bottleneck.role and found.bottleneck.kind != "none"
    return _Bar(measure.name, measure.estimate.mean, measure.estimate.half, shown(measure, measure.estimate), hot)


def _of_elements(waits: Sequence[Measure], shown: Callable[[Measure, Estimate], str]) -> Iterable[_Bar]:
    most = max((m.estimate.mean + (m.estimate.half or 0) for m in waits), default=0.0) or 1.0
    worst = max((m.estimate.mean for m in waits), default=0.0)
    for m in waits:
        half = None if m.estimate.half is None else m.estimate.half / most
        hot = 0 < worst == m.estimate.mean
        yield _Bar(m.name, m.estimate.mean / most, half, shown(m, m.estimate), hot)


def _panel(page: _Page, title: str, bars: Sequence[_Bar]) -> None:
    """Draws bars one below the other, names before and figures behind them."""
    if not bars:
        return
    if len(bars) > _MOST_ROWS:
        kept = sorted(bars, key=lambda bar: -bar.share)[:_MOST_ROWS]
        bars = [bar for bar in bars if bar in kept]
    page.y += _HEAD
    page.text(_MARGIN, page.y - 14, title, "head")
    left, right = _MARGIN + _NAMES, _WIDTH - _MARGIN - _FIGURES
    for bar in bars:
        middle = page.y + _ROW / 2
        (name,) = fold(bar.name, _SIZE, _NAMES - 12, 1)
        page.text(left - 10, middle + 5, name, anchor="end")
        page.text(right + 10, middle + 5, bar.figure, "small")
        if bar.share >= 0:
            top, room = middle - _BAR / 2, right - left
            reach = min(bar.share, 1.0) * room
            page.put(f'<rect class="rail" x="{left:.1f}" y="{top:.1f}" width="{room:.1f}" height="{_BAR:.1f}" rx="2"/>')
            page.put(
                f'<rect class="{"hot" if bar.hot else "bar"}" x="{left:.1f}" y="{top:.1f}" width="{reach:.1f}" '
                f'height="{_BAR:.1f}" rx="2"><title>{escape(f"{bar.name}: {bar.figure}")}</title></rect>'
            )
            if bar.half:
                low, high = (left + min(max(bar.share + by, 0.0), 1.0) * room for by in (-bar.half, bar.half))
                page.line("mark", low, middle, high, middle)
                page.line("mark", low, middle - 4, low, middle + 4)
                page.line("mark", high, middle - 4, high, middle + 4)
        page.y += _ROW


def _over_time(page: _Page, found: Forecast, say: Messages) -> None:
    """Draws how many cases arrive and end a working day, over the working time of the simulation."""
    run = found.run
    length = day(run.setting.definition.calendar)
    came = [run.hours.until(at) / length for at in run.arrived.values()]
    states = (run.cases[case] for case in run.arrived)
    went = [run.hours.until(s.closed_at) / length for s in states if s.status in CLOSED and s.closed_at is not None]
    if not came:
        return
    days = max([*came, *went, 1e-9])
    step = max(ceil(days / _MOST_POINTS), 1)
    count = 2 * ceil(days / step / 2)
    rates = [_rates(times, step, count) for times in (came, went)]
    most = _round(max(max(rates[0]), max(rates[1])))
    page.y += _HEAD
    page.text(_MARGIN, page.y - 14, say("simulate.chart_over_time"), "head")
    left, right, top = _MARGIN + 44, _WIDTH - _MARGIN, page.y + 4
    bottom = top + _PLOT
    for share in (0.0, 0.5, 1.0):
        y = bottom - share * _PLOT
        page.line("axis", left, y, right, y)
        page.text(left - 8, y + 4, f"{most * share:.4g}", "small", "end")
    for share in (0.0, 0.5, 1.0):
        anchor = {0.0: "start", 1.0: "end"}.get(share, "middle")
        page.text(left + share * (right - left), bottom + 17, f"{count * step * share:.4g}", "small", anchor)
    for style, rate in zip(("came", "went"), rates, strict=True):
        points = [
            (left + (n + 0.5) / count * (right - left), bottom - value / most * _PLOT) for n, value in enumerate(rate)
        ]
        page.put(f'<polyline class="{style}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>')
    x, y = left, bottom + 40
    for style, key in (("came", "chart_arrived"), ("went", "chart_ended")):
        said = say(f"simulate.{key}")
        page.line(style, x, y - 4, x + 28, y - 4)
        page.text(x + 36, y, said, "small")
        x += 36 + measure(said, _SMALL) + 28
    page.text(right, y, say("simulate.chart_days"), "small", "end")
    page.y = y + 4


def _round(most: float) -> float:
    """Gives the next number with one digit, half of which has one too, or is five."""
    power = 10.0 ** floor(log10(most))
    return next(n for n in (1, 2, 4, 6, 8, 10) if n * power >= most) * power


def _rates(times: Sequence[float], step: int, count: int) -> list[float]:
    """Counts instants in equal spans, a day."""
    found = [0] * count
    for time in times:
        found[min(int(time / step), count - 1)] += 1
    return [number / step for number in found]

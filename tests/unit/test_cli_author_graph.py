"""Drawings: boxes never overlap, arrows point one way, SVG is well-formed whatever the texts; two are golden."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given, strategies as st
from tests.written import process

from charter.engine.definition import After, Agreement, Consequence, Definition, Element, Many, Stage
from charter.engine.machines import LIFECYCLES, Kind
from charter.engine.state import CaseState, Node
from charter.runtime.author.texts import compile_file
from charter.runtime.cli.messages import Messages
from charter.runtime.drawing.graph import write_lifecycle, write_mermaid, write_text
from charter.runtime.drawing.layout import Box, place
from charter.runtime.drawing.picture import build_picture
from charter.runtime.drawing.svg import CLASSES, fold, measure, write_svg

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden/graph"
SVG = "{http://www.w3.org/2000/svg}"
EN, ZH = Messages("en"), Messages("zh")


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, tuple[float, float]], list[tuple[str, str]]]:
    count = draw(st.integers(1, 12))
    sizes = {f"n{i}": (draw(st.integers(10, 300)) * 1.0, draw(st.integers(10, 200)) * 1.0) for i in range(count)}
    pairs = draw(st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=20))
    return sizes, list(dict.fromkeys((f"n{a}", f"n{b}") for a, b in pairs if a < b))


@given(graphs(), st.booleans())
def test_boxes_keep_apart_and_arrows_point_on(
    graph: tuple[dict[str, tuple[float, float]], list[tuple[str, str]]], across: bool
) -> None:
    sizes, arrows = graph
    placed = place(sizes, arrows, across=across, layer_gap=40, gap=20)
    for one, two in itertools.combinations(placed.boxes.values(), 2):
        assert _apart(one, two)
    for name, box in placed.boxes.items():
        assert (box.width, box.height) == sizes[name]
        assert box.x >= -0.01 and box.x + box.width <= placed.width + 0.01
        assert box.y >= -0.01 and box.y + box.height <= placed.height + 0.01
    for source, target in arrows:
        one, two = placed.boxes[source], placed.boxes[target]
        assert one.x + one.width < two.x if across else one.y + one.height < two.y
    assert place(sizes, arrows, across=across, layer_gap=40, gap=20) == placed


def _apart(one: Box, two: Box) -> bool:
    return (
        one.x + one.width <= two.x + 0.01
        or two.x + two.width <= one.x + 0.01
        or one.y + one.height <= two.y + 0.01
        or two.y + two.height <= one.y + 0.01
    )


@given(st.text(max_size=80), st.integers(30, 200))
def test_folded_lines_fit(text: str, room: int) -> None:
    lines = fold(text, 14, room)
    assert 1 <= len(lines) <= 3
    assert all(measure(line, 14) <= room or len(line) <= 1 for line in lines)


def test_lines_are_folded_where_reading_pauses() -> None:
    """Between words, after an underscore and between wide characters; what closes stays with what it closes."""
    narrow = [measure("feedback", 14) + 1, measure("审批完成", 14) + 1]
    assert fold("register feedback", 14, narrow[0]) == ["register", "feedback"]
    assert fold("register_it", 14, narrow[0]) == ["register_", "it"]
    assert fold("审批完成归档", 14, narrow[1]) == ["审批完成", "归档"]
    assert fold("审批完成，归档", 14, narrow[1]) == ["审批完", "成，归档"]
    assert fold("审批ab归档", 14, narrow[1]) == ["审批ab", "归档"]
    assert fold("feedbackfeedback", 14, narrow[0]) == ["feedback", "feedback"]


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    """Phases with activities and approvals, with arbitrary titles and references; more than a checker would pass."""
    titles = st.text(max_size=30)
    names = [f"e{i}" for i in range(draw(st.integers(1, 9)))]
    elements: list[Element] = []
    for name in names:
        kind = draw(st.sampled_from(["phase", "activity", "approval", "milestone"]))
        parents = [None, *(e.name for e in elements if e.kind == "phase")]
        others = draw(st.lists(st.sampled_from(names), max_size=3))
        agreement = None
        if kind == "approval":
            back = draw(st.sampled_from(names))
            agreement = Agreement(None, (Stage((("boss", 1),), 1),), on_reject=Consequence("return", back))
        elements.append(
            Element(
                name,
                draw(titles),
                kind,
                draw(st.sampled_from(parents)),
                after=(After(tuple(others), 1),) if others else (),
                agreement=agreement,
                many=Many("x", "e0") if draw(st.booleans()) else None,
            )
        )
    return Definition("p", draw(titles), elements=tuple(elements))


@given(definitions(), st.randoms(use_true_random=False))
def test_every_process_and_case_can_be_drawn(definition: Definition, random: object) -> None:
    states = list(CLASSES)
    nodes = {e.name: Node(e.name, e.name, states[i % len(states)]) for i, e in enumerate(definition.elements)}
    for state in (None, CaseState("c", "p", "open", nodes=nodes)):
        picture = build_picture(definition, EN, state)
        drawn = ElementTree.fromstring(write_svg(picture, EN))
        shapes = list(drawn.iter(f"{SVG}g"))
        assert len(shapes) == len(definition.elements)
        text = write_text(picture, EN)
        assert all(f"{e.name}" in text for e in definition.elements if e.title != e.name)
        mermaid = write_mermaid(picture, EN).splitlines()
        assert sum(line.strip().startswith("subgraph ") for line in mermaid) == sum(
            line.strip() == "end" for line in mermaid
        )


def service_project() -> Definition:
    compiled = compile_file(str(ROOT / "processes/service_project.charter"))
    found = compiled.definition("service_project")
    assert found is not None
    return found


def test_no_two_elements_of_the_shipped_process_overlap() -> None:
    drawn = ElementTree.fromstring(write_svg(build_picture(service_project(), ZH), ZH))
    boxes = [
        Box(*(float(r.get(k, "0")) for k in ("width", "height", "x", "y")))
        for r in drawn.iter(f"{SVG}rect")
        if (r.get("class") or "").startswith("planned")
    ]
    assert len(boxes) > 20
    doubled = [(a, b) for a, b in itertools.combinations(boxes, 2) if not _apart(a, b)]
    # a `for each` is drawn as a second sheet behind the first, of the same size
    assert all((a.width, a.height) == (b.width, b.height) and abs(a.x - b.x) <= 4 for a, b in doubled)


def survey() -> Definition:
    compiled = compile_file(str(GOLDEN / "survey.charter"))
    assert not compiled.diagnostics
    return compiled.definitions[0]


def standing() -> CaseState:
    """A case in the middle of its work: one of two visits done, an approval granted, another stale."""
    rows = (
        ("prepare", "done"),
        ("draft_plan", "done"),
        ("plan_review", "granted"),
        ("agreed", "reached"),
        ("work", "active"),
        ("visit", "active"),
        ("visit[1]", "done"),
        ("visit[2]", "claimed"),
        ("control", "active"),
        ("inspect", "suspended"),
        ("by_mail", "skipped"),
        ("archive", "failed"),
        ("acceptance", "stale"),
    )
    nodes = {key: Node(key, key.partition("[")[0], state) for key, state in rows}
    return CaseState("survey-7", "survey", "open", nodes=nodes)


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", "a & b", "&quot;] --> x", '"', "---"])
def test_no_title_speaks_to_the_page_that_a_drawing_stands_in(title: str) -> None:
    picture = build_picture(Definition("p", title, elements=(Element("a", title, "activity"),)), EN)
    drawn = write_mermaid(picture, EN)
    front, *rest = drawn.removeprefix("---\n").split("\n---\n")
    assert yaml.safe_load(front) == {"title": title}
    assert not set("<>&") & set(front.replace("-->", "") + "".join(rest).replace("-->", "").replace("<br/>", ""))
    ElementTree.fromstring(write_svg(picture, EN))


@pytest.mark.parametrize(("name", "say", "state"), [("process", ZH, None), ("case", EN, standing())])
def test_drawings(name: str, say: Messages, state: CaseState | None, golden: Callable[[Path, str], None]) -> None:
    picture = build_picture(survey(), say, state)
    golden(GOLDEN / f"{name}.svg", write_svg(picture, say))
    golden(GOLDEN / f"{name}.txt", write_text(picture, say))
    golden(GOLDEN / f"{name}.mmd", write_mermaid(picture, say))


def test_a_large_process_is_drawn_in_proportion() -> None:
    """Each element waits for the twenty before it: what follows from others is left out, so a chain remains."""
    names = [f"e{i}" for i in range(600)]
    text = "process p\n  role clerk\n"
    for i, name in enumerate(names):
        text += f"  activity {name}\n    role clerk\n"
        text += f"    after any of {', '.join(names[max(0, i - 20) : i])}\n" if i else ""
    picture = build_picture(process(text), EN)
    assert [(a.source, a.target) for a in picture.arrows] == list(itertools.pairwise(names))


@pytest.mark.parametrize("kind", LIFECYCLES)
def test_a_lifecycle_is_drawn_whole(kind: Kind) -> None:
    rows = LIFECYCLES[kind]
    drawn = {m.groups() for line in write_lifecycle(rows).splitlines() if (m := re.match(r"  (\w+) --> (\w+): ", line))}
    assert drawn == {(source, dest) for _, source, dest in rows}

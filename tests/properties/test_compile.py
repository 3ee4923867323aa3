"""Laws of the meaning side: it survives any text within bounds, and what it lets through can run to its end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from charter.dsl import codes
from charter.dsl.messages.languages import LANGUAGES
from charter.dsl.messages.render import render, to_json
from charter.dsl.messages.sarif import sarif
from charter.dsl.passes import Compiled, compile
from charter.dsl.text.printer import to_text
from charter.engine.definition import Definition, Element

from . import trees

ROOT = Path(__file__).parents[2]
REAL = [
    (ROOT / "tests/golden/definitions/everything.charter").read_text("utf-8"),
    (ROOT / "processes/service_project.charter").read_text("utf-8"),
    (ROOT / "processes/service_project_scenarios.charter").read_text("utf-8"),
]
FILES = {"shared.charter": (ROOT / "tests/golden/definitions/shared.charter").read_bytes()}


def checked(data: bytes | str) -> Compiled:
    """Compiles, and asks of the outcome what must hold of any."""
    compiled = compile("t.charter", data, FILES.__getitem__)
    assert all(d.code in codes.CODES for d in compiled.diagnostics)
    for lang in LANGUAGES:
        for shape in ("full", "concise"):
            render(compiled.diagnostics[:5], compiled.sources, shape, lang=lang)  # type: ignore[arg-type]
        json.dumps([to_json(d, compiled.sources.get(d.file), lang) for d in compiled.diagnostics[:5]])
        json.dumps(sarif(compiled.diagnostics[:5], compiled.sources, lang=lang, version="1"))
    for definition in compiled.definitions:
        check_invariants(definition)
    return compiled


def check_invariants(d: Definition) -> None:
    """What definition.py promises the engine."""
    names = [e.name for e in d.elements]
    parameters, records = [p.name for p in d.parameters], [r.name for r in d.records]
    assert len({*names, *parameters, *records}) == len(names) + len(parameters) + len(records)
    roles = {r.name for r in d.roles}
    seen: set[str] = set()
    for e in d.elements:
        assert e.parent is None or e.parent in seen
        seen.add(e.name)
    for e in d.elements:
        assert {i.record for i in e.inputs} | set(e.outputs) <= set(records)
        assert {n for a in e.after for n in a.elements} | set(e.starts_with) <= seen
        assert all(0 < a.needed <= len(a.elements) for a in e.after)
        assert {*e.roles, *e.accountable, *e.consulted, *e.informed} <= roles
        for stage in e.agreement.stages if e.agreement else ():
            assert {role for role, _ in stage.seats} <= roles
            assert 0 < stage.needed <= sum(count for _, count in stage.seats)


@given(st.binary(max_size=300))
@settings(max_examples=300)
def test_any_bytes(data: bytes) -> None:
    checked(data)


_WORDS = [
    "process p",
    "phase",
    "activity",
    "approval",
    "milestone",
    "role clerk",
    "role",
    "record r",
    "input",
    "output",
    "after",
    "alongside",
    "when",
    "of",
    "by",
    "on reject return to",
    "for each t in",
    "repeat until",
    "checklist",
    "kpi k",
    "formula",
    'scenario "s"',
    "case p",
    "li is clerk",
    "li does",
    "a",
    "b",
    "r",
    "clerk",
    "1 + 2",
    "3 days",
    "case",
    '"x"',
    "=",
    ",",
    "separate from",
    "same as",
    "within",
    "run",
    "with",
    'use "shared.charter"',
]


@given(st.lists(st.tuples(st.integers(0, 4), st.lists(st.sampled_from(_WORDS), max_size=5)), max_size=30))
@settings(max_examples=300)
def test_any_words(lines: list[tuple[int, list[str]]]) -> None:
    checked("".join("  " * depth + " ".join(words) + "\n" for depth, words in lines))


@given(trees.files)
@settings(max_examples=200)
def test_any_tree(tree: trees.t.File) -> None:
    checked(to_text(tree))


@given(st.sampled_from(REAL), st.data())
@settings(max_examples=200)
def test_mutations_of_real_files(text: str, data: st.DataObject) -> None:
    lines = text.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        other = data.draw(st.integers(0, len(lines) - 1))
        how = data.draw(st.sampled_from(["drop", "swap", "copy", "cut", "indent", "word"]))
        if how == "drop":
            del lines[at]
        elif how == "swap":
            lines[at], lines[other] = lines[other], lines[at]
        elif how == "copy":
            lines.insert(at, lines[other])
        elif how == "cut":
            lines[at] = lines[at][: len(lines[at]) // 2]
        elif how == "indent":
            lines[at] = "  " + lines[at]
        else:
            lines[at] = lines[at].replace("plan", "case", 1)
        if not lines:
            return
    checked("\n".join(lines))


# --- flow, against a plain model ------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """An element of a small generated process: its phase, what it waits for, what it takes and writes."""

    name: str
    phase: int
    after: tuple[str, ...]
    takes: tuple[str, ...]
    approves: str | None


@st.composite
def processes(draw: st.DrawFn) -> list[Step]:
    count = draw(st.integers(2, 7))
    names = [f"e{n}" for n in range(count)]
    kinds = [draw(st.booleans()) for _ in names]
    writers = [n for n, is_approval in zip(names, kinds, strict=True) if not is_approval]
    steps = []
    phases = sorted(draw(st.integers(0, 2)) for _ in names)
    for at, (name, phase, is_approval) in enumerate(zip(names, phases, kinds, strict=True)):
        # Mostly what stands above, or nearly everything would be a circle.
        seen = names[:at] if draw(st.integers(0, 5)) else [n for n in names if n != name]
        after = draw(st.lists(st.sampled_from(seen), max_size=1)) if seen else []
        sources = [w for w in writers if w in seen]
        about = draw(st.sampled_from(sources)) if is_approval and sources else None
        takes = draw(st.lists(st.sampled_from(sources), max_size=2, unique=True)) if sources and not about else []
        steps.append(Step(name, phase, tuple(after), tuple(takes), about and f"r_{about}"))
    return steps


def as_text(steps: list[Step]) -> str:
    lines = ["process p", "  role clerk", "  output " + ", ".join(f"r_{s.name}" for s in steps if not is_approval(s))]
    if lines[-1].endswith("output "):
        lines.pop()
    for phase in sorted({s.phase for s in steps}):
        lines.append(f"  phase ph{phase}")
        for s in (s for s in steps if s.phase == phase):
            kind = "approval" if is_approval(s) else "activity"
            lines += [f"    {kind} {s.name}", f"      {'by' if is_approval(s) else 'role'} clerk"]
            lines += [f"      of {s.approves}"] if s.approves else []
            lines += [f"      after {', '.join(s.after)}"] if s.after else []
            lines += [f"      input {', '.join('r_' + w for w in s.takes)}"] if s.takes else []
            lines += [f"      output r_{s.name}"] if not is_approval(s) else []
    return "\n".join(lines) + "\n"


def is_approval(step: Step) -> bool:
    return step.approves is not None


def finished(elements: dict[str, Element]) -> set[str]:
    """Plays a definition in the plainest way: everybody does what may be done until nothing more can be."""
    begun: set[str] = set()
    over: set[str] = set()
    while True:
        before = len(begun) + len(over)
        written = {r for name in over for r in elements[name].outputs}
        for name, e in elements.items():
            ready = (
                (e.parent is None or e.parent in begun)
                and all(sum(n in over for n in a.elements) >= a.needed for a in e.after)
                and all(i.record in written and set(i.approvals) <= over for i in e.inputs)
            )
            if name not in begun and ready:
                begun.add(name)
            if name in begun and all(c in over for c, child in elements.items() if child.parent == name):
                over.add(name)
        if len(begun) + len(over) == before:
            return over


def waits(steps: list[Step]) -> dict[str, set[str]]:
    """Who must be finished before whom, by `after`, inputs and the order of phases; approvals of inputs left out."""
    found: dict[str, set[str]] = {}
    for s in steps:
        earlier = {o.name for o in steps if o.phase < s.phase}
        about = {s.approves.removeprefix("r_")} if s.approves else set()
        found[s.name] = {*s.after, *s.takes, *about, *earlier}
    return found


def reach(graph: dict[str, set[str]], start: str) -> set[str]:
    """Everything that `start` rests on."""
    seen: set[str] = set()
    stack = [start]
    while stack:
        for name in graph[stack.pop()] - seen:
            seen.add(name)
            stack.append(name)
    return seen


@given(processes())
@settings(max_examples=400)
def test_a_circle_is_found_and_nothing_else_is_called_one(steps: list[Step]) -> None:
    compiled = checked(as_text(steps))
    graph = waits(steps)
    circle = any(name in reach(graph, name) for name in graph)
    found = {d.code for d in compiled.diagnostics if d.is_error}
    if circle:
        assert found == {"CH401"}
    elif found:
        # Approvals that must come first can close a circle too; nothing else is wrong with these processes.
        assert found == {"CH401"} and any(is_approval(s) for s in steps)
    else:
        elements = {e.name: e for e in compiled.definitions[0].elements}
        assert finished(elements) == set(elements)


@given(processes())
@settings(max_examples=400)
def test_inputs_wait_for_approvals_that_do_not_lie_downstream(steps: list[Step]) -> None:
    compiled = checked(as_text(steps))
    graph = waits(steps)
    for definition in compiled.definitions:
        elements = {e.name: e for e in definition.elements}
        for s in steps:
            for given_input in elements[s.name].inputs:
                of = [a.name for a in steps if a.approves == given_input.record and a.name != s.name]
                upstream = reach(graph, s.name)
                expected = [a for a in of if (a in upstream if is_approval(s) else s.name not in reach(graph, a))]
                assert sorted(given_input.approvals) == sorted(expected)


# --- bounds ---------------------------------------------------------------------------------------

HOSTILE = {
    "unknown names": "process p\n  role clerk\n"
    + "".join(f"  activity a{n} after unknown{n}x\n    role clark{n}\n" for n in range(2_000)),
    "one circle": "process p\n  role c\n"
    + "".join(f"  activity a{n} after a{(n + 1) % 3_000}\n    role c\n" for n in range(3_000)),
    "one record for all": "process p\n  role c\n  activity w\n    role c\n    output r\n"
    + "".join(f"  approval v{n} of r\n    by c\n" for n in range(300))
    + "".join(f"  activity a{n}\n    role c\n    input r\n" for n in range(1_500)),
    "many writers": "process p\n  role c\n"
    + "".join(f"  activity w{n}\n    role c\n    input r\n    output r\n" for n in range(300)),
    "deep phases": "process p\n" + "".join(f"{'  ' * n}phase a{n}\n" for n in range(1, 62)),
    "bound to each other": "process p\n  role c\n"
    + "".join(f"  same a{n + 1} from a{n}\n" for n in range(1_500))
    + "".join(f"  activity a{n}\n    role c\n" for n in range(1_501)),
    "nested records": "".join(f"record r{n}\n  x r{n + 1}\n" for n in range(1_500)) + "record r1500\n  x text\n",
    "wide records": "".join(f"record r{n}\n" + "".join(f"  x{m} r{n + 1}\n" for m in range(4)) for n in range(40))
    + "record r40\n  x text\nprocess p\n  role c\n  activity a\n    role c\n    output r0\n"
    + "  kpi k\n    formula cases.r0.x0.x1.x2\n",
    "one long use": 'use "t.charter"\n' * 3_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_files_stay_cheap(text: str) -> None:
    """No assertion on time: a pass that is not linear would take minutes here, and the CI's own limit ends it."""
    checked(text)

"""What process files become: definitions and scenarios as golden files, and the rules of lowering one by one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from tests.written import process

from charter.dsl.passes import Compiled, compile
from charter.dsl.text import printer
from charter.engine.carriers import carriers
from charter.engine.definition import Definition, Stage, digest
from charter.engine.plain import from_json, to_json

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "definitions"
SHIPPED = sorted((ROOT / "processes").rglob("*.charter"))


def load(path: Path) -> Compiled:
    return compile(path.name, path.read_bytes(), lambda p: (path.parent / p).read_bytes())


def data(value: Any) -> Any:
    """Any struct as JSON data with the name of its class; what is given by keyword comes first."""
    if isinstance(value, Struct):
        names = sorted(value.__struct_fields__, key=lambda name: name in type(value).__match_args__)
        fields = {name: data(getattr(value, name)) for name in names}
        return {type(value).__name__: {k: v for k, v in fields.items() if v not in (None, [], "", False)}}
    return [data(v) for v in value] if isinstance(value, tuple) else value


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("every*.charter")), ids=lambda p: p.stem)
def test_definitions(path: Path, golden: Callable[[Path, str], None]) -> None:
    compiled = load(path)
    assert not compiled.failed
    shown = {
        "definitions": [to_json(d) for d in compiled.definitions],
        "scenarios": [data(s) for s in compiled.scenarios],
    }
    golden(path.with_suffix(".json"), json.dumps(shown, ensure_ascii=False, indent=1) + "\n")


def test_use_in_a_header() -> None:
    """A process may say in its header what its file uses: it means what it means at top level, and stays there."""
    shared = {"folder/shared.charter": b"role clerk\nrecord paper\n  words text\n"}
    use = 'use "shared.charter"\n'
    body = "process p\n  version 1\n  input   paper\n\n  activity work\n    role  clerk\n    input paper\n"
    inside = body.replace("  input   paper", f"  use     {use[4:]}  input   paper")
    compiled = [compile("folder/p.charter", text, shared.__getitem__) for text in (inside, use + body)]
    assert not any(c.failed for c in compiled), compiled
    assert digest(compiled[0].definitions[0]) == digest(compiled[1].definitions[0])
    assert printer.format(inside) == (inside, [])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_shipped_processes_compile(path: Path) -> None:
    compiled = load(path)
    assert not compiled.failed, compiled.diagnostics
    for definition in compiled.definitions:
        again = from_json(Definition, json.loads(json.dumps(to_json(definition))))
        assert again == definition and digest(again) == digest(definition)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
@pytest.mark.parametrize("keywords", ["en", "zh-Hans", "zh-Hant"])
def test_layout_and_keywords_make_no_other_process(path: Path, keywords: Any) -> None:
    text, problems = printer.format(path.read_bytes(), keywords, path.name)
    assert not problems
    again = compile(path.name, text, lambda p: (path.parent / p).read_bytes())
    assert [digest(d) for d in again.definitions] == [digest(d) for d in load(path).definitions]


LINES = """process p
  role clerk
  role head
  activity draft
    role clerk
    output plan
  activity use
    role clerk
    input plan
  activity revise
    role clerk
    input plan
    output plan
  approval first of plan
    by clerk
  approval second of plan
    by head
    after first
  activity note after second
    role clerk
    input plan
"""


def inputs(definition: Definition) -> dict[str, tuple[str, ...]]:
    return {e.name: e.inputs[0].approvals for e in definition.elements if e.inputs}


def test_inputs_wait_for_the_approvals_that_do_not_lie_downstream() -> None:
    assert inputs(process(LINES)) == {
        "use": ("first", "second"),
        "revise": (),  # it writes the plan anew, so the approvals come after it
        "first": (),
        "second": ("first",),
        "note": ("first", "second"),
    }


def test_an_approval_may_stand_after_who_uses_the_record() -> None:
    definition = process(LINES.replace("    after first\n", "    after first, use\n"))
    assert inputs(definition)["use"] == ("first",)


@pytest.mark.parametrize(
    ("phases", "after"),
    [
        (("a", "b", "c"), {"a": (), "b": ("a",), "c": ("b",)}),
        (("a", "b", "c after a"), {"a": (), "b": ("a",), "c": ("a",)}),
        # What runs together is followed together.
        (("a", "b", "c alongside b", "d"), {"a": (), "b": ("a",), "c": (), "d": ("b", "c")}),
        # The companion may stand first; what it accompanies does not wait for it.
        (("a", "b alongside c", "c", "d"), {"a": (), "b": (), "c": ("a",), "d": ("b", "c")}),
    ],
)
def test_phases_follow_each_other_unless_they_say_otherwise(
    phases: tuple[str, ...], after: dict[str, tuple[str, ...]]
) -> None:
    text = "process p\n  role clerk\n"
    text += "".join(f"  phase {line}\n    activity in_{line[0]}\n      role clerk\n" for line in phases)
    found = [e for e in process(text).elements if e.kind == "phase"]
    assert {e.name: sum((a.elements for a in e.after), ()) for e in found} == after
    assert {e.name: e.starts_with for e in found if e.starts_with} == {
        line[0]: (line[-1],) for line in phases if "alongside" in line
    }


@pytest.mark.parametrize(
    ("by", "stages"),
    [
        ("a", (Stage((("a", 1),), 1),)),
        ("a then b", (Stage((("a", 1),), 1), Stage((("b", 1),), 1))),
        ("any of a, b", (Stage((("a", 1), ("b", 1)), 1, first=True),)),
        ("all of a, b", (Stage((("a", 1), ("b", 1)), 2),)),
        ("2 of a, b, c", (Stage((("a", 1), ("b", 1), ("c", 1)), 2),)),
        ("3 of 5 a", (Stage((("a", 5),), 3),)),
    ],
)
def test_stages(by: str, stages: tuple[Stage, ...]) -> None:
    definition = process(f"process p\n  role a\n  role b\n  role c\n  approval decide\n    by {by}\n")
    agreement = definition.elements[0].agreement
    assert agreement is not None and agreement.stages == stages


def test_places_lie_outside_the_digest() -> None:
    one, other = process(LINES), process("# a comment\n\n" + LINES)
    assert one.place("first.by") == "t.charter:15" and other.place("first.by") == "t.charter:17"
    assert digest(one) == digest(other)


def test_only_what_a_process_names_of_the_shared_enters_it() -> None:
    shared = "role clerk\nrole head\nparameter limit duration\nrecord paper\n  name text\n"
    body = "process p\n  activity work\n    role clerk\n"
    one = compile("t.charter", shared + body).definitions[0]
    assert ([r.name for r in one.roles], one.parameters, one.records) == (["clerk"], (), ())
    other = compile("t.charter", shared + body + "    within limit\n    output paper\n").definitions[0]
    assert other.unbound() == ("limit",) and [r.name for r in other.records] == ["paper"]


def test_a_file_used_twice_is_read_once() -> None:
    files = {
        "a.charter": b'use "b.charter"\nuse "c.charter"\n',
        "b.charter": b'use "d/d.charter"\n',
        "c.charter": b'use "d/d.charter"\n',
        "d/d.charter": b'use "e.charter"\nrole clerk\n',
        "d/e.charter": b"role head\n",
    }
    read: list[str] = []

    def loader(path: str) -> bytes:
        read.append(path)
        return files[path]

    text = files["a.charter"] + b"process p\n  activity work\n    role clerk, head\n"
    compiled = compile("a.charter", text, loader)
    assert not compiled.diagnostics and [d.name for d in compiled.definitions] == ["p"]
    assert sorted(read) == ["b.charter", "c.charter", "d/d.charter", "d/e.charter"]


def test_a_diagnostic_knows_its_file() -> None:
    compiled = compile("a.charter", 'use "b.charter"\n', lambda _: b"record r\n  x nonsense\n")
    assert [(d.code, d.file) for d in compiled.diagnostics] == [("CH207", "b.charter")]


def test_one_wrong_process_does_not_hide_another() -> None:
    text = LINES.replace("role clerk\n", "role clark\n", 1) + LINES.replace("process p", "process q")
    compiled = compile("t.charter", text)
    assert compiled.failed and [d.name for d in compiled.definitions] == ["q"]
    assert {d.code for d in compiled.diagnostics} == {"CH201"}


def test_a_binding_is_checked_at_the_later_of_its_two_elements() -> None:
    text = "process p\n  role c\n  activity a\n    role c\n    {}\n  activity b after a\n    role c\n    {}\n"
    for one, other in (("same as b", "costs 1 CNY"), ("costs 1 CNY", "same as a")):
        (rule,) = process(text.format(one, other)).separations
        assert (rule.element, rule.other, rule.same) == ("b", "a", True)


def test_what_is_shared_is_checked_where_it_is_declared() -> None:
    text = "parameter limit duration = 5\nrecord r\n  n number where n > m\n"
    compiled = compile("t.charter", text + "process p\n  role c\n  activity a\n    role c\n    output r\n")
    assert [(d.code, d.span) for d in compiled.diagnostics] == [
        ("CH310", (27, 28)),
        ("CH302", (59, 60)),
    ]
    assert not compiled.definitions


def test_a_wrong_shared_declaration_is_told_once() -> None:
    text = "record r\n  n nubmer\n"
    for name in ("p", "q"):
        text += f"process {name}\n  role c\n  activity a\n    role c\n    output r\n"
    compiled = compile("t.charter", text)
    assert [d.code for d in compiled.diagnostics] == ["CH207"] and not compiled.definitions


def test_whoever_asks_a_decision_carries_its_clauses_once() -> None:
    table = '  decision asked (n)\n    source R-1\n    hit policy first\n    | n | -> text |\n    | - | "a" |\n'
    made = process(f"process p\n  role c\n{table}  activity a\n    decide asked with n = 1\n    output said\n")
    found = [(carrier.kind, carrier.name, carrier.clauses) for carrier in carriers(made)]
    assert found == [("activity", "a", ("R-1",))]

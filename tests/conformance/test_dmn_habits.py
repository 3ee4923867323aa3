"""Models as tools and people write them: what is not known, what cannot be read, what other tools take for granted.

A broken part of a model is never taken for a rule that does not hold.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from charter.runtime.cli.main import run

Row = tuple[str, ...]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def model(inputs: str, rows: list[Row], *, policy: str = "FIRST", outputs: int = 1, inside: str = "") -> None:
    """Writes `m.dmn`: a decision `Route` with a table over inputs `NAME TYPE[, …]`; a type `-` is none."""
    heads = [each.split() for each in inputs.split(", ")]
    types = [f' typeRef="{type_}"' if type_ != "-" else "" for _, type_ in heads]
    data = "".join(
        f'<inputData id="{name}" name="{name}"><variable name="{name}"{type_}/></inputData>'
        for (name, _), type_ in zip(heads, types, strict=True)
    )
    needs = "".join(f'<informationRequirement><requiredInput href="#{n}"/></informationRequirement>' for n, _ in heads)
    columns = "".join(
        f"<input><inputExpression{type_}><text>{name}</text></inputExpression></input>"
        for (name, _), type_ in zip(heads, types, strict=True)
    )
    columns += "".join(f'<output name="o{number}"/>' for number in range(outputs))
    tags = ["inputEntry"] * len(heads) + ["outputEntry"] * outputs
    rules = "".join(
        f"<rule>{''.join(f'<{t}><text>{escape(c)}</text></{t}>' for t, c in zip(tags, row, strict=True))}</rule>"
        for row in rows
    )
    table = f'<decisionTable hitPolicy="{policy}">{columns}{rules}</decisionTable>'
    Path("m.dmn").write_text(
        f'<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="d" name="d" namespace="n">{data}'
        f'<decision id="r" name="Route"><variable name="Route"/>{needs}{table}</decision>{inside}</definitions>'
    )


def asked(capsys: pytest.CaptureFixture[str], *given: str) -> tuple[int, Any]:
    """Runs `m.dmn`; gives the exit code and what the first decision came to, as JSON has it."""
    code = run(["dmn", "run", "m.dmn", *(part for each in given for part in ("--set", each)), "--json"])
    return code, json.loads(capsys.readouterr().out)[0]


# --- what is not known


@pytest.mark.parametrize("given", [[], ["VIP=null"], ["VIP=false"]])
def test_a_cell_true_is_not_met_by_what_is_not_known(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    model("VIP boolean", [("true", '"board"'), ("-", '"auto"')])
    code, told = asked(capsys, *given)
    assert (code, told["value"], told["tables"][0]["rules"]) == (0, "auto", [2])


@pytest.mark.parametrize(
    ("type_", "given", "rule"),
    [
        ("-", [], 1),  # a condition of its own compares nothing
        ("-", ['x="text"'], 1),
        ("-", ["x=[1, 2]"], 1),
        ("boolean", [], 3),  # in a column of truth values it is what the input must equal
        ("boolean", ["x=false"], 3),
        ("boolean", ["x=true"], 1),
    ],
)
def test_a_whole_condition_in_a_cell(
    type_: str, given: list[str], rule: int, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [("some n in y satisfies n > 3", "-", "1"), ("-", "count(?) > 2", "2"), ("-", "-", "3")]
    model(f"x {type_}, y -", rows)
    assert asked(capsys, "y=[1, 5]", *given)[1]["tables"][0]["rules"] == [rule]


def test_what_a_first_rule_leaves_to_the_last_is_not_idle(capsys: pytest.CaptureFixture[str]) -> None:
    model("x boolean, y number", [("true", "-", "1"), ("false", "-", "2"), ("-", "-", "3")])
    assert run(["dmn", "check", "m.dmn"]) == 0
    assert "can never decide" not in capsys.readouterr().out
    assert asked(capsys, "y=1")[1]["tables"][0]["rules"] == [3]


def test_a_table_that_speaks_of_null_has_its_gaps_there(capsys: pytest.CaptureFixture[str]) -> None:
    model("x boolean, y number", [("true, false", "-", "1"), ("null", "> 3", "2")], policy="UNIQUE")
    assert run(["dmn", "check", "m.dmn"]) == 0
    assert "for x = null, y = 2\n" in capsys.readouterr().out


# --- what cannot be read


BROKEN = ["is defined(?) and ? > 1000", "? >> 3", "nothere(?)", "? instance of nothing", "nothere(a: 1)"]


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("policy", ["FIRST", "UNIQUE", "COLLECT", "RULE ORDER", "ANY"])
def test_a_rule_that_cannot_be_read_gives_no_value(
    broken: str, policy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model("Amount number, Kind string", [(broken, '"a"', '"board"'), ("-", '"a", "b"', '"auto"')], policy=policy)
    code, told = asked(capsys, "Amount=5000", 'Kind="a"')
    assert (code, told["value"], told["broken"]) == (1, None, True)
    # Where another of its cells is against it, it does not hold whatever it says.
    code, told = asked(capsys, "Amount=5000", 'Kind="b"')
    assert (code, told["broken"]) == (0, False)
    assert told["value"] in ("auto", ["auto"])


@pytest.mark.parametrize("outputs", [1, 2])
def test_what_a_rule_says_must_be_read_too(outputs: int, capsys: pytest.CaptureFixture[str]) -> None:
    model(
        "Amount number", [("> 3", "is defined(1)", "2")[: outputs + 1], ("-", "3", "4")[: outputs + 1]], outputs=outputs
    )
    code, told = asked(capsys, "Amount=5000")
    assert (code, told["value"], told["broken"]) == (1, None, True)
    assert asked(capsys, "Amount=1")[0] == 0


def test_an_answer_from_a_broken_one_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    needs = '<informationRequirement><requiredDecision href="#r"/></informationRequirement>'
    logic = "<literalExpression><text>Route = null</text></literalExpression>"
    after = f'<decision id="s" name="After">{needs}{logic}</decision>'
    model("Amount number", [("is defined(?)", "1")], inside=after)
    assert run(["dmn", "run", "m.dmn", "--decision", "After", "--json"]) == 1
    (told,) = json.loads(capsys.readouterr().out)
    assert told["broken"] is True


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("is defined(?)", "unknown function `is defined`; write `x != null`"),
        ("get or else(?, 0) > 3", "unknown function `get or else`; write `if x != null then x else y`"),
        ("get age(?) > 3", "unknown function `get age`"),
        ("? > 3 and get  the\n age(? + 1) > 3", "unknown function `get the age`"),
        ("Amount contains(3)", "unexpected `contains`"),
        ("Amount is 3", "unexpected `is`"),
    ],
)
def test_a_function_of_several_words_that_is_none(cell: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    model("Amount number", [(cell, "1")])
    assert run(["dmn", "check", "m.dmn"]) == 1
    assert f"  invalid FEEL: {said}\n" in capsys.readouterr().out


def test_a_name_that_the_decision_does_not_require_has_no_answer(capsys: pytest.CaptureFixture[str]) -> None:
    other = '<inputData id="i" name="Limit"><variable name="Limit" typeRef="number"/></inputData>'
    model("Amount number", [("> Limit", '"board"'), ("-", '"auto"')], inside=other)
    assert run(["dmn", "check", "m.dmn"]) == 0
    assert "warning[unknown-name]: Route, rule 1" in capsys.readouterr().out
    code, told = asked(capsys, "Amount=5", "Limit=3")
    assert (code, told["value"], told["broken"]) == (1, None, True)


# --- what other tools take for granted


TABLE = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">
  <decision id="d1" name="Route">
    <decisionTable hitPolicy="FIRST">
      <input label="Amount"><inputExpression typeRef="long"><text>Amount</text></inputExpression></input>
      <input><inputExpression typeRef="date"><text>Since</text></inputExpression></input>
      <input label="Reason"><inputExpression/></input>
      <output name="Route" typeRef="string"/>
      <rule><inputEntry><text>&gt; Limit.of["x"]</text></inputEntry><inputEntry><text>-</text></inputEntry>
        <inputEntry><text></text></inputEntry><outputEntry><text>"board"</text></outputEntry></rule>
      <rule><inputEntry><text>-</text></inputEntry><inputEntry><text>&lt; date("2026-01-01")</text></inputEntry>
        <inputEntry><text>"why", null</text></inputEntry><outputEntry><text>Old</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>"""


def test_names_that_nothing_declares_are_inputs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("m.dmn").write_text(TABLE.replace('.of["x"]', ""))
    Path("in.json").write_text('{"Since": "2025-03-01", "Old": "old", "Limit": 7}')
    assert run(["dmn", "check", "m.dmn"]) == 0
    out = capsys.readouterr().out
    assert "note[borrowed-type]: Route, input `Amount`\n  `long` is not a FEEL type; it is read as `number`\n" in out
    assert (
        "warning[undeclared]: Route, rule 1, input `Amount`\n  `Limit` is not declared, so it is taken as an input\n"
        in out
    )
    assert (code := run(["dmn", "run", "m.dmn", "--inputs", "in.json", "--set", "Amount=5", "--json"])) == 0
    assert (code, json.loads(capsys.readouterr().out)[0]["value"]) == (0, "old")
    assert asked(capsys, "Amount=5", "Limit=3")[1]["value"] == "board"
    assert run(["dmn", "run", "m.dmn", "--set", "Amount=5"]) == 1
    out = capsys.readouterr().out
    assert "is missing" not in out and "are missing and taken as null: Since (date), Limit, Old" in out
    assert run(["dmn", "run", "m.dmn", "--set", "Amont=5"]) == 2
    assert "did you mean `Amount`" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["integer", "long", "double"])
def test_numbers_as_camunda_names_them(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    model(f"n {name}", [("<= 8", '"small"'), ("-", '"large"')])
    assert run(["dmn", "check", "m.dmn"]) == 0
    assert capsys.readouterr().out.endswith("no problems found: 1 decision, 1 input\n")
    assert asked(capsys, "n=5")[1]["value"] == "small"
    told = asked(capsys, 'n="five"')[1]
    assert told["reasons"] == ["string is not number"]


def test_a_service_without_output_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    service = '<decisionService id="s" name="Page 1"><encapsulatedDecision href="#r"/></decisionService>'
    model("n number", [("-", "1")], inside=service)
    assert run(["dmn", "check", "m.dmn"]) == 0
    assert "warning[service-without-output]: Page 1" in capsys.readouterr().out
    assert run(["dmn", "run", "m.dmn", "--service", "Page 1"]) == 1
    assert "`Page 1` returns no decision" in capsys.readouterr().out


def test_a_column_without_expression_goes_by_its_label_or_number(capsys: pytest.CaptureFixture[str]) -> None:
    model("Why string, y string", [('"a"', '"b"', "1")], policy="UNIQUE")
    text = Path("m.dmn").read_text().replace("<text>y</text>", "")
    Path("m.dmn").write_text(text.replace("<input><", '<input label="Why"><', 1).replace("<text>Why</text>", ""))
    assert run(["dmn", "check", "m.dmn"]) == 0
    out = capsys.readouterr().out
    assert 'for Why = "…"\n' in out and 'for Why = "a", #2 = "…"\n' in out and "null" not in out

"""Every code that can be said has a page in both languages, and the example on it does what the page says.

Examples of refusals, of what an element waits for and of how it ended are scenarios, played in both languages'
keywords; what no scenario can bring about is brought about by commands (COMMANDS).
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest

from charter.dsl import codes
from charter.dsl.messages.languages import LANGUAGES, WRITTEN
from charter.dsl.passes import Compiled, compile
from charter.engine import commands, refusals
from charter.engine.commands import SYSTEM, Actor, Command
from charter.engine.entries import Entry
from charter.engine.entries.cases import Refused
from charter.engine.plan.program import prepare
from charter.engine.plan.waiting import holds
from charter.engine.replay import replay
from charter.engine.state import NEW
from charter.engine.step.transition import step
from charter.runtime.author.scenarios import play
from charter.runtime.cli import codes as registry
from charter.runtime.cli.main import Charter, run
from charter.runtime.cli.messages import Messages, section
from charter.runtime.cli.verb import Family

CODES = list(registry.folders())
ROOT = Path(__file__).resolve().parents[2]
LI = Actor("li", ("electrician", "employee", "clerk", "member"))


def on(act: type[Command], person: Actor = LI, **fields: Any) -> Command:
    return act(actor=person, at=0, **fields)


OPEN = on(commands.Start, case="c")
# what no scenario can bring about, because it is checked, read or asked for beforehand; the last one is refused
COMMANDS: dict[str, tuple[Command, ...]] = {
    "CH505": (OPEN, on(commands.Complete, node="visit")),
    "CH510": (OPEN, on(commands.Complete, node="apply", records=(("request", {}), ("letter", {})))),
    "CH525": (OPEN, on(commands.Answer, SYSTEM, node="ask_bank", attempt=7)),
    "CH526": (OPEN,),
    "CH532": (OPEN, on(commands.Confirm, node="prepare", check="neat")),
    "CH533": (OPEN, on(commands.Tick)),
    "CH536": (OPEN, on(commands.Signal, name="train")),
    "CH537": (OPEN, on(commands.Close, node="visit")),
    "CH540": (OPEN, OPEN),
    "CH542": (OPEN, on(commands.Complete, node="apply", records=(("request", {"day": {"date": "2026-02-30"}}),))),
    "CH547": (OPEN, on(commands.Approve, node="apply")),
    "CH596": (OPEN, on(commands.Signal, name="withdrawn")),
}


@cache
def compiled(code: str, lang: str) -> Compiled:
    (example,) = registry.page(code).shown(lang)
    found = compile("example.charter", example)
    assert [d.code for d in found.diagnostics] == (["CH408"] if code == "CH526" else [])
    return found


def told(code: str, lang: str) -> tuple[list[str], list[str], list[str]]:
    """Plays a page's scenario: the first reason of each refusal, what is waited for, why the engine ended something."""
    found = compiled(code, lang)
    (scenario,) = found.scenarios
    played = play(scenario, found.definitions)
    assert played.failure is None
    happened: list[Entry] = [record for records in played.entries.values() for record in records]
    definition = next(d for d in found.definitions if d.name == scenario.process)
    state = replay(definition, played.entries[definition.name]).state
    waits = [r.code for e in definition.elements for r in holds(prepare(definition), state, e.name, 0)]
    refused = [r.told.reasons[0].code for r in happened if isinstance(r.told, Refused)]
    return refused, waits, [b.code for r in happened if (b := getattr(r.told, "because", None)) is not None]


# A file has all the processes that it starts; tests/unit/test_declined.py has a database that has not.
# What opens no case leaves no entry in one: the scenario itself expects the refusal, by its code.
OPENINGS = {"CH687"}
ELSEWHERE = {"CH597", "CH616", "CH617", "CH671"}


def is_refusal(code: str) -> bool:
    return registry.family(code)[0] == "refused"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("code", [code for code in refusals.CODES if is_refusal(code) and code not in COMMANDS])
def test_the_scenario_of_a_page_is_refused_with_its_code(code: str, lang: str) -> None:
    if code in OPENINGS:
        assert told(code, lang)[0] == [] and registry.page(code).shown(lang)[0].rstrip().count(code) == 1
        return
    assert set(told(code, lang)[0]) == {code}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("code", [c for c in refusals.CODES if not is_refusal(c) and c not in ELSEWHERE])
def test_the_scenario_of_a_page_leaves_something_waiting_or_ended_with_its_code(code: str, lang: str) -> None:
    _, waits, ended = told(code, lang)
    # CH566 is why an element failed: it waits for whoever retries it, and its entry says why.
    assert code in (ended if registry.family(code)[0] in ("passed", "rules", "declined") or code == "CH566" else waits)


@pytest.mark.parametrize("code", COMMANDS)
def test_what_no_scenario_reaches_is_refused_with_its_code(code: str) -> None:
    definition, state = compiled(code, "en").definitions[0], NEW
    *before, last = COMMANDS[code]
    for command in before:
        done = step(definition, state, command)
        assert done.refusal is None
        state = done.state
    refusal = step(definition, state, last).refusal
    assert refusal is not None and refusal.code == code


def test_the_engine_says_each_code() -> None:
    text = "".join(path.read_text() for path in (ROOT / "engine").rglob("*.py") if path.stem != "refusals")
    assert [code for code in refusals.CODES if f'"{code}"' not in text] == []


def test_each_page_is_of_a_code_and_each_code_has_its_page() -> None:
    for folder in set(registry.folders().values()):
        package, path = folder
        pages = (ROOT / package.removeprefix("charter.") / path).glob("*.md")
        assert {p.stem for p in pages} == {c for c, of in registry.folders().items() if of == folder}
    registered = {c: row.slug for of in (codes.CODES, refusals.CODES) for c, row in of.items()}
    for code in CODES:
        page = registry.page(code)
        assert (page.code, page.slug) == (code, registered.get(code, page.slug))


def test_pages_are_in_two_languages() -> None:
    places = {"ID": "编号", "STEWARD": "管理员", "REASON": "原因", **section("zh", "metavars")}
    for code in CODES:
        texts = registry.page(code).texts
        assert texts["en"] and not re.search(r"[\u4e00-\u9fff]", texts["en"]), code
        assert re.search(r"[\u4e00-\u9fff]", texts["zh"]), code
        assert texts["en"].count("\n\n") == texts["zh"].count("\n\n"), code
        # what is to be typed is the same for both, but for the words that stand for a name
        typed = {lang: re.findall(r"`(charter [^`]*)`", texts[lang]) for lang in WRITTEN}
        english = [re.sub("[A-Z]{2,}", lambda word: places.get(word[0], word[0]), line) for line in typed["en"]]
        assert sorted(english) == sorted(typed["zh"]), code


def test_commands_on_pages_can_be_typed() -> None:
    root = Charter()
    context = click.Context(root)
    lines = {line for code in CODES for line in re.findall(r"`(charter [^`]*)`", registry.page(code).texts["en"])}
    assert len(lines) > 50
    for line in lines:
        first, *words = line.split()[1:]
        command = root.get_command(context, first)
        assert command is not None, line
        if isinstance(command, Family):
            command = command.commands[words[0]]
        flags = {flag for param in command.params for flag in param.opts} | {"--help"}
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= flags, line


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_code_has_one_line(lang: str) -> None:
    lines = dict(registry.codes(Messages(lang)))
    assert list(lines) == CODES
    assert not [line for line in lines.values() if not line or "{" in line or "\n" in line]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_explain(lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    colon = Messages(lang)("frame.colon")
    for code in CODES:
        assert run(["explain", code.lower(), "--lang", lang]) == 0
        assert capsys.readouterr().out.startswith(f"{code}{colon}")
    assert run(["explain", "--lang", lang]) == 0
    listed = re.findall(r"^  (CH\d{3})  ", capsys.readouterr().out, re.MULTILINE)
    assert sorted(listed) == CODES


def test_explain_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [row["code"] for row in listed] == CODES
    assert {row["kind"] for row in listed} == {"error", "warning", "note", "refusal", "hold", "outcome"}
    assert run(["explain", "CH503", "--json"]) == 0
    page = json.loads(capsys.readouterr().out)
    assert page["slug"] == "separate-from" and "because CH503" in page["examples"][0]


def test_no_code_is_explained_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "../CH503"]) == 4
    assert "CH094" in capsys.readouterr().err

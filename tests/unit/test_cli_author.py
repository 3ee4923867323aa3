"""The command line's frame and the author's verbs: one language at a time, one table of verbs, golden transcripts."""

from __future__ import annotations

import ast
import io
import re
import string
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from hypothesis import given, strategies as st

from charter.dsl.messages.languages import LANGUAGES, WRITTEN
from charter.dsl.text.width import display_width
from charter.engine.entries import KINDS
from charter.engine.errors import CharterError
from charter.runtime.cli import messages
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import EXITS
from charter.runtime.cli.main import MODULES, VERBS, Charter, run
from charter.runtime.cli.messages import FOLDER, Messages
from charter.runtime.cli.output import Output, wrap
from charter.runtime.cli.verb import Family, one_line_key

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden/cli_author"
TABLES = {lang: tomllib.loads((FOLDER / f"{lang}.toml").read_text("utf-8")) for lang in WRITTEN}


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every verb and verb below a family, by its full name."""
    root = Charter()
    for name in MODULES:
        command = root.get_command(click.Context(root), name)
        assert command is not None
        yield name, command
        if isinstance(command, Family):
            yield from ((f"{name} {below}", inner) for below, inner in command.commands.items())


# --- messages


def test_both_languages_say_the_same_things() -> None:
    sentences = {
        lang: {f"{section}.{key}" for section, table in TABLES[lang].items() for key in table} for lang in WRITTEN
    }
    assert sentences["en"] == sentences["zh"]


def test_both_languages_name_the_same_values() -> None:
    def placeholders(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    different = [
        f"{section}.{key}"
        for section, table in TABLES["en"].items()
        for key, text in table.items()
        if isinstance(text, str)
        and not key.startswith("example_")
        and placeholders(text) != placeholders(TABLES["zh"][section][key])
    ]
    assert not different


@pytest.mark.parametrize("lang", WRITTEN)
def test_sections_read_alone_are_those_of_the_whole_table(lang: str) -> None:
    assert {name: dict(messages.section(lang, name)) for name in TABLES[lang]} == TABLES[lang]


def test_a_section_that_no_table_has_is_empty() -> None:
    assert Messages("en")("nowhere.nothing") == "nowhere.nothing"


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW"}, "zh-Hant"),
        ({"LANG": "zh_HK.UTF-8"}, "zh-Hant"),
        ({"LC_ALL": "zh_Hant_TW.UTF-8@radical", "LANG": "en_US"}, "zh-Hant"),
        ({"LANG": "zh_Hans_HK"}, "zh"),
        ({"LANG": "de_DE", "LANGUAGE": "de:zh_TW:en"}, "zh-Hant"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "zh_TW"}, "en"),
        ({"LANGUAGE": "zh_TW"}, "en"),
        ({"LANG": "de_DE"}, "en"),
        ({"LANG": "zh_CN", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US", "LC_MESSAGES": "zh_CN"}, "zh"),
        ({"LC_ALL": "", "LANG": "zh_CN"}, "zh"),
    ],
)
def test_the_locale_chooses_the_language(environment: dict[str, str], lang: str) -> None:
    assert messages.language(environment) == lang


def test_states_are_called_as_the_process_file_calls_them() -> None:
    words = tomllib.loads((ROOT / "dsl/keywords/zh_hans.toml").read_text("utf-8"))["states"]
    spoken = TABLES["zh"]["states"]
    first = {state: word if isinstance(word, str) else word[0] for state, word in words.items()}
    different = {state for state in first if state in spoken and spoken[state] != first[state]}
    assert different <= {"open"}  # 进行 begins a line, 进行中 tells of a case


# --- verbs and their help


def test_every_verb_has_one_line_an_example_and_words_for_its_options() -> None:
    lacking = []
    for name, command in commands():
        family, _, below = name.partition(" ")
        line = f"{family}.verb_{below}" if below else f"verbs.{family}"
        section = getattr(command, "section", family)
        wanted = [line, *([] if isinstance(command, Family) else [f"{section}.example_{command.name}"])]
        for lang in LANGUAGES:
            say = Messages(lang)
            lacking += [f"{lang} {key}" for key in wanted if say.find(key) is None]
            for param in command.params:
                if isinstance(param, click.Option):
                    keys = (f"{section}.o_{param.name}", f"common.o_{param.name}")
                    if not any(say.find(key) for key in keys):
                        lacking.append(f"{lang} {keys[0]}")
    assert not lacking


def test_what_lists_or_shows_answers_as_json_too() -> None:
    lists = {"test", "doctor", "inbox", "show", "cases", "impact", "kpi", "deploy"}
    without = [
        name
        for name, command in commands()
        if name in lists and not any(param.name == "as_json" for param in command.params)
    ]
    assert not without


# click's own English, as it would stand in a message or a help page
CLICK = re.compile(
    r"\bUsage\b|\bOptions:|\bCommands:|Show this message|Missing (argument|option|parameter|command)|No such"
    r"|Invalid value|Got unexpected|Try '|Error:|Aborted|requires an argument|required"
)
MISTAKES = (
    [],
    ["--help"],
    ["nothing"],
    ["check"],
    ["check", "--format", "odd", "x"],
    ["check", "--format"],
    ["check", "--nothing", "x"],
    ["explain", "A", "B"],
    ["check", "--help"],
    ["audit"],
    ["audit", "nothing"],
    ["--lang", "xx"],
    ["check", "--set", "odd", "x"],
    ["fmt", "--check=1", "x"],
    ["deploy", "x.charter"],
)


@pytest.mark.parametrize("line", MISTAKES, ids=" ".join)
def test_nothing_of_click_speaks_english_to_a_chinese_reader(
    line: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    code = run(line)
    said = "".join(capsys.readouterr())
    assert code in EXITS and code != 70
    assert not CLICK.search(said)
    assert re.search("[\u4e00-\u9fff]", said)


@pytest.mark.parametrize(
    "words",
    [["explain", "CH094", "--lang", "zh"], ["--lang", "zh", "explain", "CH094"], ["explain", "--lang=zh", "CH094"]],
)
def test_global_options_stand_before_or_after_the_verb(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 0
    assert "没有代码" in capsys.readouterr().out


def test_help_imports_no_verb_and_no_engine() -> None:
    program = (
        "import sys; from charter.runtime.cli.main import run, MODULES; run(['--help'])\n"
        "verbs = {'charter.runtime.cli.' + m for m in MODULES.values()}\n"
        "heavy = verbs | {'sqlalchemy', 'lark', 'rich', 'transitions', 'yaml', 'charter.engine.definition'}\n"
        "sys.exit(str(sorted(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0 or done.stderr.strip() == "0", done.stderr


def test_every_verb_is_in_one_group() -> None:
    assert len(MODULES) == sum(map(len, VERBS.values()))


def test_exit_codes_are_documented() -> None:
    rows = re.findall(r"^\| (\d+) \|", (ROOT / "docs/exit-codes.md").read_text("utf-8"), re.MULTILINE)
    assert [int(row) for row in rows] == list(EXITS)


@pytest.mark.parametrize(("lang", "page"), [("en", "commands.md"), ("zh", "commands.zh.md")])
def test_the_reference_of_all_commands_is_current(lang: str, page: str, golden: Callable[[Path, str], None]) -> None:
    """`docs/commands.md` is every verb's `--help`; `pytest --regen` writes it anew."""
    context = Context(Messages(lang))
    context.output = Output(context.say, io.StringIO())
    root = Charter()
    found = dict(commands())
    title = {"en": "Commands", "zh": "命令"}[lang]
    more = {
        "en": "What `--json` answers, and how a refusal is told then: [scripts.md](scripts.md).",
        "zh": "`--json` 给出什么，拒绝时又如何说明：[scripts.zh.md](scripts.zh.md)。",
    }[lang]
    lines = [f"# {title}", "", more, "", "```", root.get_help(click.Context(root, obj=context)), "```"]
    for group, verbs in VERBS.items():
        lines += ["", f"## {context.say(f'groups.{group}')}"]
        for name in [full for verb in verbs for full in found if full == verb or full.startswith(f"{verb} ")]:
            command = found[name]
            help_ = command.get_help(click.Context(command, obj=context))
            # the options that every verb has stand once, above
            paragraphs = [p for p in help_.split("\n\n") if not p.startswith(context.say("frame.globals"))]
            lines += ["", f"### charter {name}", "", "```", "\n\n".join(paragraphs), "```"]
    golden(ROOT / "docs" / page, "\n".join(lines) + "\n")


def test_every_coded_error_has_its_sentence() -> None:
    list(commands())  # imports every verb
    classes, kinds = [CharterError], set()
    while classes:
        kind = classes.pop()
        kinds.add(kind.code)
        classes += kind.__subclasses__()
    assert kinds >= {"CH001", "CH091", "CH095"}
    assert not kinds - set(TABLES["en"]["errors"])


# --- how a run ends


def test_a_bug_leaves_a_report_and_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    # there is no bug to be had on purpose, so one is put in
    monkeypatch.setattr(Output, "line", lambda *_: 1 // 0)
    assert run(["completion", "bash"]) == 70
    said = capsys.readouterr().err
    assert "error[CH001]" in said and "Traceback" not in said
    [report] = tmp_path.glob("charter-bug-*.txt")
    assert "ZeroDivisionError" in report.read_text() and str(report) in said


# --- output


@given(st.text(), st.integers(10, 80))
def test_wrapped_lines_fit_and_lose_nothing(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert all(display_width(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8)), min_size=1))
def test_columns_line_up_whatever_the_script(rows: list[tuple[str, str, str]]) -> None:
    stream = io.StringIO()
    Output(Messages("en"), stream).table(("a", "乙", "c"), [(one, two, "|") for one, two, _ in rows])
    ends = {display_width(line) for line in stream.getvalue().splitlines()[1:]}
    assert len(ends) == 1
    assert "\x1b" not in stream.getvalue()


def test_colour_only_on_a_terminal_that_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    output = Output(Messages("en"), Terminal())
    assert output.style("x", "bad") == "\x1b[31mx\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert output.style("x", "bad") == "x"


# --- transcripts

TRANSCRIPTS: dict[str, list[str]] = {
    "help": ["--help", "--lang zh --help", "check --help", "check --help --lang zh", "graph -h --lang zh"],
    "check": [
        "check leave.charter wrong.charter",
        "check wrong.charter --format concise",
        "check wrong.charter --lang zh",
        "check leave.charter --json",
        "check slips.charter",
        "check slips.charter --diff",
        "check slips.charter --fix --json",
        "check slips.charter --fix --lang zh",
        "check leave.charter --set patience='2 weeks'",
        "check leave.charter --set patience=soon",
        "check leave.charter --set patince=1",
        "check nowhere.charter",
    ],
    "fmt": [
        "fmt untidy.charter --check",
        "fmt untidy.charter --diff",
        "fmt .",
        "fmt . --check",
        "fmt untidy.charter --keywords zh-Hans",
    ],
    "test": ["test leave.charter", "test leave.charter --lang zh", "test leave.charter -k file --json"],
    "graph": [
        "graph leave.charter",
        "graph leave.charter --format mermaid --lang zh",
        "graph --lifecycle milestone",
        "graph wrong.charter",
        "graph leave.charter --process nothing",
    ],
    "usage": [" ".join(line) for line in MISTAKES if line and "--help" not in line],
}


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_transcript(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str], golden: Callable[[Path, str], None]
) -> None:
    import shlex

    parts = []
    for line in TRANSCRIPTS[name]:
        code = run(shlex.split(line))
        said = capsys.readouterr()
        parts.append(f"$ charter {line}\n{said.out}{said.err}[{code}]\n")
    golden(GOLDEN / f"{name}.txt", "\n".join(parts))


def test_every_sentence_is_one_that_something_says() -> None:
    """Each key stands in the code, whole or by a form like `f"kinds.{kind}"`, or is a text of a verb's parameter."""
    known: set[str] = {"common.o_help", "common.o_version", *(f"kinds.{kind}" for kind in KINDS)}
    for name, command in commands():
        section = getattr(command, "section", name)
        known |= {f"{section}.{text}_{name.split()[-1]}" for text in ("about", "example")} | {one_line_key(name)}
        for parameter in command.params:
            letter = "a" if isinstance(parameter, click.Argument) else "o"
            key = getattr(parameter, "words", None) or f"{letter}_{parameter.name}"
            known |= {f"{place}.{key}" for place in (section, "common")}
    forms: list[re.Pattern[str]] = []
    for room in ("engine", "dsl", "runtime"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    chapters = re.findall(r"^# (\w+)$", node.value, re.MULTILINE)  # of the demo
                    known |= {node.value, *chapters}
                elif isinstance(node, ast.JoinedStr):
                    parts = [re.escape(str(p.value)) if isinstance(p, ast.Constant) else ".+" for p in node.values]
                    forms.append(re.compile("".join(parts)))
    for page in (ROOT / "runtime/handbook/templates").glob("*.html"):
        for key, more in re.findall(r"say\('([\w.]+)'( \+)?", page.read_text("utf-8")):
            known.add(key)
            forms += [re.compile(re.escape(key) + ".+")] if more else []
    parts_of = [form for form in forms if re.match(r"[a-z]+_", form.pattern)]

    def said(section: str, key: str) -> bool:
        if f"{section}.{key}" in known:
            return True
        # a form that takes a whole section says those keys that stand somewhere by themselves
        itself = key.removesuffix("_help") in known or any(form.fullmatch(key) for form in parts_of)
        whole = rf"{section}\..+"
        named = (form for form in forms if form.pattern.startswith(rf"{section}\."))
        return any(form.fullmatch(f"{section}.{key}") and (itself or form.pattern != whole) for form in named)

    keys = [(section, key) for section, table in TABLES["en"].items() for key in table]
    assert [f"{section}.{key}" for section, key in keys if not said(section, key)] == []

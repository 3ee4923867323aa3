"""What the author's verbs do to files, databases and pipes."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tests.founded import founded

from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import EXITS
from charter.runtime.cli.main import run
from charter.runtime.cli.messages import Messages
from charter.runtime.clock import now
from charter.runtime.people.changes import People

GOLDEN = Path(__file__).resolve().parents[1] / "golden/cli_author"


def test_fmt_replaces_a_file_whole_and_keeps_its_mode(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "untidy.charter"
    file.chmod(0o640)
    link = folder / "link.charter"
    link.symlink_to(file)
    assert run(["fmt", "link.charter"]) == 0
    assert link.is_symlink() and stat.S_IMODE(file.stat().st_mode) == 0o640
    once = file.read_bytes()
    assert run(["fmt", "untidy.charter", "--check"]) == 0
    assert file.read_bytes() == once
    assert sorted(p.name for p in folder.iterdir() if p.name.startswith(".")) == []


def test_fmt_leaves_a_file_with_errors_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "broken.charter"
    file.write_text("process x\n  activty y\n")
    before = file.read_bytes()
    assert run(["fmt", "broken.charter"]) == 1
    assert file.read_bytes() == before
    assert "error[CH1" in capsys.readouterr().out


def test_a_file_in_a_folder_that_is_gone_is_a_coded_error(tmp_path: Path) -> None:
    from charter.runtime.author.texts import Unreadable, write_atomically

    with pytest.raises(Unreadable):
        write_atomically(str(tmp_path / "gone" / "a.charter"), b"")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_cannot_be_written_is_a_coded_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.chmod(0o500)
    try:
        assert run(["fmt", "untidy.charter"]) == 74
    finally:
        folder.chmod(0o700)
    assert "error[CH095]" in capsys.readouterr().err


@given(st.binary(max_size=300))
def test_any_bytes_end_in_diagnostics(data: bytes) -> None:
    from charter.dsl.messages.render import render
    from charter.runtime.author.texts import compile_file

    path = Path("/tmp") / f"charter-any-{os.getpid()}.charter"
    path.write_bytes(data)
    try:
        compiled = compile_file(str(path))
        for form in ("full", "concise"):
            assert isinstance(render(compiled.diagnostics, compiled.sources, form), str)  # type: ignore[arg-type]
    finally:
        path.unlink()


def test_doctor_finds_a_file_that_is_no_database(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "charter.db").write_bytes(b"not a database, and long enough to look like one" * 40)
    assert run(["doctor", "--json"]) == 1
    found = {f["check"]: f for f in json.loads(capsys.readouterr().out)}
    assert found["database"]["level"] == "fail" and "CH013" in found["database"]["value"]
    assert found["python"]["level"] == "ok"


def test_doctor_notices_a_clock_that_went_backwards(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")  # a zone without a name of its own is found too
    for ahead, level in ((0, "ok"), (3600, "fail")):
        with founded("charter.db", "li") as store:
            People(store, by="li", clock=lambda ahead=ahead: now() + ahead * 1_000_000).add(f"p{ahead}")
        assert run(["doctor", "--json"]) == (level == "fail")
        found = {f["check"]: f for f in json.loads(capsys.readouterr().out)}
        assert found["clock"]["level"] == level and found["journal"]["level"] == "ok"


def test_deploy_asks_for_unbound_parameters_and_keeps_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--as", "zhou"]) == 0
    assert run(["deploy", "leave.charter", "--as", "zhou"]) == 3
    assert "CH526" in capsys.readouterr().err
    assert run(["deploy", "leave.charter", "--as", "zhou", "--set", "patience=2 weeks", "--json"]) == 0
    [first] = json.loads(capsys.readouterr().out)
    assert run(["deploy", "leave.charter", "--as", "zhou", "--set", "patience=2 weeks", "--json"]) == 0
    [again] = json.loads(capsys.readouterr().out)
    assert first["new"] and not again["new"] and first["definition"] == again["definition"]
    context = Context(Messages("en"))
    assert context.cases.definition("leave").parameters[0].value == "2 weeks"
    context.store.close()


def test_a_folder_without_process_files_is_no_success(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "empty" / ".hidden").mkdir(parents=True)
    shutil.copy(folder / "leave.charter", folder / "empty" / ".hidden")
    for verb in ("check", "fmt", "test"):
        assert run([verb, "empty"]) == 4
    assert capsys.readouterr().err.count("error[CH092]") == 3


def test_standard_input_is_a_file_too(folder: Path) -> None:
    def charter(*line: str, data: bytes) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([sys.executable, "-m", "charter", *line], input=data, capture_output=True)

    untidy = (folder / "untidy.charter").read_bytes()
    formatted = charter("fmt", "-", data=untidy)
    assert formatted.returncode == 0 and formatted.stdout != untidy
    assert charter("fmt", "-", data=formatted.stdout).stdout == formatted.stdout
    found = charter("check", "-", "--format", "concise", data=b"process x\n  activty y\n")
    assert found.returncode == 1 and found.stdout.startswith(b"<stdin>:2:3: error[CH1")


def test_only_regular_files_are_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(folder / "pipe.charter")
    (folder / "uses.charter").write_text('use "pipe.charter"\nprocess x\n')
    assert run(["check", "pipe.charter"]) == 74
    assert run(["check", "uses.charter", "--format", "concise"]) == 1
    assert "CH210" in capsys.readouterr().out


def offered(words: list[str], incomplete: str) -> list[str]:
    from click.shell_completion import ShellComplete

    from charter.runtime.cli.main import Charter

    context = Context(Messages("en"))
    shell = ShellComplete(Charter(), {"obj": context}, "charter", "_CHARTER_COMPLETE")
    try:
        return [item.value for item in shell.get_completions(words, incomplete)]
    finally:
        if "store" in vars(context):
            context.store.close()


def test_a_shell_is_offered_what_there_is(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert offered(["show"], "") == [] and not (folder / "charter.db").exists()
    assert run(["init", "--as", "zhou"]) == 0
    assert run(["deploy", "leave.charter", "--as", "zhou", "--set", "patience=2 weeks"]) == 0
    assert run(["people", "add", "li", "--as", "zhou"]) == 0
    assert run(["people", "grant", "li", "employee", "--as", "zhou"]) == 0
    assert run(["start", "leave", "--as", "li"]) == 0
    assert set(offered([], "com")) == {"complete", "comment", "completion"}
    assert offered(["start"], "l") == []  # nobody said who asks
    monkeypatch.setenv("CHARTER_PERSON", "ghost")
    assert offered(["start"], "l") == []
    monkeypatch.setenv("CHARTER_PERSON", "li")
    assert offered(["start"], "l") == ["leave"]
    assert offered(["show"], "") == ["1"]
    assert "apply" in offered(["complete", "1"], "a")
    assert offered(["inbox", "--as"], "l") == ["li"]
    assert offered(["check", "--format"], "c") == ["concise"]
    assert offered(["explain"], "CH503") == ["CH503"]
    assert offered(["show", "--db", "nowhere.db"], "") == []


WORDS = st.sampled_from(
    [
        "leave.charter",
        "wrong.charter",
        "request.json",
        ".",
        "nowhere",
        "1",
        "CH204",
        "bash",
        "leave",
        "--format",
        "json",
        "svg",
        "concise",
        "mermaid",
        "--set",
        "patience=1 week",
        "a=b",
        "--check",
        "--diff",
        "--keywords",
        "zh-Hant",
        "--json",
        "-k",
        "--lang",
        "zh",
        "--as",
        "li",
        "--db",
        "x.db",
        "--process",
        "--lifecycle",
        "case",
        "--",
        "-",
        "-o",
        "--help",
    ]
)
TYPED = st.characters(exclude_categories=["Cs"], exclude_characters="\0/")


@given(
    st.sampled_from(["check", "fmt", "test", "explain", "graph", "deploy", "doctor", "completion", "show", "inbox"]),
    st.lists(WORDS | st.text(TYPED, max_size=6), max_size=5),
)
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_no_command_line_ends_in_a_bug(tmp_path_factory: pytest.TempPathFactory, verb: str, words: list[str]) -> None:
    here = Path.cwd()
    place = tmp_path_factory.mktemp("line")
    for file in (GOLDEN / "files").iterdir():
        shutil.copy(file, place)
    os.chdir(place)
    said, wrong = io.StringIO(), io.StringIO()
    try:
        sys.stdin = io.TextIOWrapper(io.BytesIO(b"process x\n"))
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(wrong):
            code = run([verb, *words])
    finally:
        sys.stdin = sys.__stdin__
        os.chdir(here)
        shutil.rmtree(place)
    assert code in EXITS and code != 70, wrong.getvalue()
    assert code == 0 or said.getvalue() or wrong.getvalue()

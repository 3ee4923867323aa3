"""`charter library`, and `charter init FOLDER`: a project whose README is right, word for word."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from charter.runtime.author.library import files, shelf, taken
from charter.runtime.cli.main import run

ROOT = Path(__file__).resolve().parents[2]


def test_every_shipped_process_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["library", "--json"]) == 0
    listed = {row["process"]: row for row in json.loads(capsys.readouterr().out)["processes"]}
    for path in (ROOT / "processes").rglob("*.charter"):
        headers = re.findall(r"^(?:process|流程) (\w+)", path.read_text("utf-8"), re.MULTILINE)
        assert set(headers) <= listed.keys(), path
    assert all(row["title"] for row in listed.values())


def test_a_project_has_all_that_its_process_reads() -> None:
    there = dict(files(taken("customer_feedback")))
    assert {"customer_feedback.charter", "customer_feedback_scenarios.charter"} <= there.keys()
    assert {"shared/organisation.charter", "shared/service_quality.tsv"} <= there.keys()
    assert {each.name for each in shelf()} >= {"customer_feedback", "leave_request", "请假流程"}


@pytest.mark.parametrize(
    ("lang", "origin"), [("en", None), ("zh", None), ("zh", "customer_feedback"), ("en", "training")]
)
def test_the_readme_of_a_project_is_right(
    lang: str, origin: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [] if origin is None else ["--from", origin]
    assert run(["init", "mine", *words, "--lang", lang]) == 0
    monkeypatch.chdir(tmp_path / "mine")
    readme = Path("README.md").read_text("utf-8")
    [block] = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)
    for line in block.splitlines():
        assert line.startswith("charter ")
        code = run(shlex.split(line)[1:])
        assert code == 0, (line, capsys.readouterr())
    capsys.readouterr()


def test_a_folder_with_files_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    assert run(["init", str(tmp_path)]) == 4
    assert "CH099" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert run(["init", str(tmp_path / "new"), "--from", "nothing"]) == 4
    assert "CH097" in capsys.readouterr().err
    assert run(["init", "--from", "training"]) == 2


def test_the_example_decides_every_value(capsys: pytest.CaptureFixture[str]) -> None:
    """Each parameter of the library has an example of its type, and none is an example of nothing."""
    library, values = str(ROOT / "processes"), str(ROOT / "processes/demo/values.yaml")
    assert run(["values", library, "--values", values, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["unset"], told["unused"]) == (0, [])
    assert run(["values", library, "--json"]) == 1
    open_ = {row["name"] for row in json.loads(capsys.readouterr().out)["values"] if row["value"] is None}
    assert "inspection_rhythm" in open_


def test_values_are_stated_once_and_slips_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    head = "  role r\n  parameter limit duration\n  activity a\n    role r\n    within limit\n"
    Path("p.charter").write_text(f"process one\n{head}process two\n{head}", "utf-8")
    assert run(["values", "p.charter", "--template"]) == 0
    template = capsys.readouterr().out
    Path("v.yaml").write_text(template.replace("limit:", "limit: 2 days"), "utf-8")
    assert run(["values", "p.charter", "--values", "v.yaml"]) == 0
    Path("v.yaml").write_text("limit: 2 days\ntwo:\n  limit: 3 days\nlimitt: 4 days\nthree:\n  limit: 1 day\n", "utf-8")
    capsys.readouterr()
    assert run(["values", "p.charter", "--values", "v.yaml", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {(*row["processes"], row["value"]) for row in told["values"]} == {("one", "2 days"), ("two", "3 days")}
    assert told["unused"] == ["limitt", "three.limit"] and told["unset"] == 0
    Path("v.yaml").write_text("two:\n  limitt: 3 days\n", "utf-8")
    assert run(["check", "p.charter", "--values", "v.yaml"]) == 2  # no such parameter of a process that is there
    Path("v.yaml").write_text("limit: soon\n", "utf-8")
    assert run(["check", "p.charter", "--values", "v.yaml"]) == 2
    Path("v.yaml").write_text("limit: [1, 2]\n", "utf-8")
    assert run(["check", "p.charter", "--values", "v.yaml"]) == 1
    assert "CH044" in capsys.readouterr().err

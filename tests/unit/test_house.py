"""The house rules that tools cannot see by themselves: what is packaged, how large files get, what papers say."""

from __future__ import annotations

import ast
import graphlib
import importlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("engine", "dsl", "runtime")


def modules() -> list[Path]:
    return [p for room in ROOMS for p in sorted((ROOT / room).rglob("*.py")) if "migrations" not in p.parts]


def shipped() -> list[Path]:
    """Gives every file of the package, from the root, as it lies on the disk: an unpacked archive knows no git."""
    files = (p.relative_to(ROOT) for room in (*ROOMS, "processes") for p in (ROOT / room).rglob("*") if p.is_file())
    return [p for p in files if "__pycache__" not in p.parts]


def test_every_package_is_in_the_wheel() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]
    found = {"charter." + ".".join(p.parent.parts) for p in shipped()}
    assert sorted(listed) == sorted({"charter", *found})


def test_every_kind_of_file_is_in_the_wheel() -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]["*"]
    assert {f"*{p.suffix}" for p in shipped()} - {"*.py"} <= set(data)


def test_a_copy_without_symbolic_links_finds_the_rooms(tmp_path: Path) -> None:
    source = tmp_path / "src" / "charter"
    source.mkdir(parents=True)
    shutil.copy(ROOT / "src" / "charter" / "__init__.py", source)
    for room in ROOMS:
        (source / room).write_text(f"../../{room}")  # what git and zip make of a link where there are none
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text("")
    # without site-packages, where pip may have noted the rooms of another checkout
    ask = f"import sys; sys.path.insert(0, {str(source.parent)!r}); import charter.dsl, charter.engine, charter.runtime"
    done = subprocess.run([sys.executable, "-S", "-c", ask], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_file_outgrows_a_page_or_eight() -> None:
    files = dict.fromkeys(modules(), 420)
    files |= dict.fromkeys([*(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").glob("*.py")], 450)
    lines = {p: len(p.read_text("utf-8").splitlines()) for p in files}
    assert not {str(p.relative_to(ROOT)): n for p, n in lines.items() if n > files[p]}


def test_every_module_says_what_it_is_for() -> None:
    texts = {str(p.relative_to(ROOT)): p.read_text("utf-8") for p in modules()}
    assert not [name for name, text in texts.items() if text.strip() and not ast.get_docstring(ast.parse(text))]


def test_the_pure_rooms_open_no_file() -> None:
    """`open` is imported from nowhere, so that the import contracts cannot see it."""
    for path in modules():
        if not path.is_relative_to(ROOT / "runtime"):
            calls = [n.func for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)]
            called = {func.id for func in calls if isinstance(func, ast.Name)}
            assert not called & {"open", "exec", "eval", "__import__"}, path


def test_a_short_name_means_one_module_in_a_room() -> None:
    meant: dict[tuple[str, str], set[str]] = {}
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for name in node.names if isinstance(node, ast.ImportFrom) else ():
                if name.asname is not None and len(name.asname) < 3:
                    room = path.relative_to(ROOT).parts[0]
                    meant.setdefault((room, name.asname), set()).add(f"{node.module}.{name.name}")
    assert {short: modules for short, modules in meant.items() if len(modules) > 1} == {}


def test_no_drawer_for_odds_and_ends() -> None:
    banned = {"utils", "util", "helpers", "helper", "manager", "handlers", "handler", "common", "misc"}
    assert not [p for p in modules() if p.stem in banned]


@pytest.mark.parametrize("room", [*ROOMS, "processes"])
def test_a_room_refuses_its_bare_name(room: str) -> None:
    done = subprocess.run([sys.executable, "-c", f"import {room}"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert f"import charter.{room}" in done.stderr


@pytest.mark.usefixtures("links")
def test_the_import_checker_sees_every_module() -> None:
    grimp = pytest.importorskip("grimp")
    seen = set(grimp.build_graph("charter").modules)
    missing = {
        "charter." + ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for p in modules()
    } - seen
    assert not missing


@pytest.mark.parametrize("room", ROOMS)
def test_no_circle_of_imports(room: str) -> None:
    graph = pytest.importorskip("grimp").build_graph("charter")
    # Expressions are recursive by nature: `builtins.py` says why.
    names = {m for m in graph.modules if m.startswith(f"charter.{room}.") and ".feel" not in m}
    imports = {name: names & graph.find_modules_directly_imported_by(name) for name in names}
    graphlib.TopologicalSorter(imports).prepare()  # raises CycleError, which names the circle


def test_the_house_table_names_every_room_and_where_to_begin() -> None:
    table = re.findall(r"^\| `([\w/]+)/` \|[^|]*\|(.*)\|$", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.M)
    rooms = {p.parent.relative_to(ROOT).as_posix() for p in modules() if p.read_text("utf-8").strip()}
    assert {room for room, _ in table} == {*rooms, "processes"}
    gone = [f"{room}/{file}" for room, begin in table for file in re.findall(r"`([\w./]+)`", begin)]
    assert not [file for file in gone if not (ROOT / file).is_file()]


def test_every_file_that_the_papers_name_is_there() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs/decisions").glob("*.md")]
    links = [(p, to) for p in pages for to in re.findall(r"\]\((?!\w+:)([^)#]+)", p.read_text("utf-8"))]
    assert not [(page.name, to) for page, to in links if not (page.parent / to).exists()]
    recipes = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = re.findall(r"`((?:engine|dsl|runtime|tests|docs|benchmarks|processes|\.\w+)/[\w./]+)`", recipes)
    assert named and not [name for name in named if "xx." not in name and not (ROOT / name).exists()]  # not CHxxx.md


def test_the_changelog_groups_what_changed() -> None:
    log = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert set(re.findall(r"^### (.*)$", log, re.M)) <= {
        "Added",
        "Changed",
        "Deprecated",
        "Removed",
        "Fixed",
        "Security",
    }
    for release in log.split("\n## ")[1:]:
        assert "\n- " not in release.split("\n### ")[0], "a line stands in no group"
        lines = re.findall(r"^- .*$", release, re.M)
        assert len(lines) == len(set(lines)), "a line stands twice"


def test_hosted_ci_runs_what_anybody_runs() -> None:
    (job,) = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    for form in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"):
        fields = yaml.safe_load(form.read_text("utf-8"))
        if form.name != "config.yml":
            assert {"name", "description", "body"} <= fields.keys()
            names = [field["id"] for field in fields["body"] if field["type"] != "markdown"]
            assert names and len(names) == len(set(names))


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.stem)
def test_every_benchmark_can_begin(path: Path) -> None:
    """What they time is run by hand; that a move of names left them behind shows here."""
    if not path.stem.startswith("_"):
        importlib.import_module(f"benchmarks.{path.stem}")

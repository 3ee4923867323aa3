"""The house rules that tools cannot see by themselves: what is packaged, how large files get, what checkers read."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("engine", "dsl", "runtime")


def modules() -> list[Path]:
    return [p for room in ROOMS for p in sorted((ROOT / room).rglob("*.py")) if "migrations" not in p.parts]


def shipped() -> list[Path]:
    """Gives every file of the package, from the root, as it lies on the disk: an unpacked archive knows no git."""
    files = (p.relative_to(ROOT) for room in (*ROOMS, "processes") for p in (ROOT / room).rglob("*") if p.is_file())
    return [p for p in files if "__pycache__" not in p.parts]


def test_every_package_is_in_the_wheel() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {"charter." + ".".join(p.parent.parts) for p in shipped()}
    assert sorted(listed) == sorted({"charter", *found})


def test_every_kind_of_file_is_in_the_wheel() -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["*"]
    assert {f"*{p.suffix}" for p in shipped()} - {"*.py"} <= set(data)


def test_no_file_outgrows_a_page_or_eight() -> None:
    long = {str(p.relative_to(ROOT)): n for p in modules() if (n := len(p.read_text().splitlines())) > 450}
    assert not long


def test_every_module_says_what_it_is_for() -> None:
    texts = {str(p.relative_to(ROOT)): p.read_text() for p in modules()}
    assert not [name for name, text in texts.items() if text.strip() and not ast.get_docstring(ast.parse(text))]


def test_no_drawer_for_odds_and_ends() -> None:
    banned = {"utils", "util", "helpers", "helper", "manager", "handlers", "handler", "common", "misc"}
    assert not [p for p in modules() if p.stem in banned]


@pytest.mark.parametrize("room", [*ROOMS, "processes"])
def test_a_room_refuses_its_bare_name(room: str) -> None:
    done = subprocess.run([sys.executable, "-c", f"import {room}"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert f"import charter.{room}" in done.stderr


def test_the_import_checker_sees_every_module() -> None:
    grimp = pytest.importorskip("grimp")
    seen = set(grimp.build_graph("charter").modules)
    missing = {
        "charter." + ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for p in modules()
    } - seen
    assert not missing

"""Files that use one another: whichever of them is read first, each knows what the others declare."""

from __future__ import annotations

import pytest

from charter.dsl.passes import compile

FILES = {
    "project.charter": """use "change.charter"
use "people.charter"
record origin
  project text
process project
  owner lead
  record plan
    amended by change
    state state
  activity make
    role   lead
    output plan
  activity manage
    input plan
    run   change with origin = {project: case.id}
""",
    "change.charter": """use "more/control.charter"
choice state "open" | "shut"
process change
  owner lead
  input origin
  concerns project by origin.project
  record request
    state state
  activity ask
    role   lead
    output request
  activity put_in
    input  request
    amends project.plan = {state: request.state}
""",
    "more/control.charter": """use "../project.charter"
process control
  owner lead
  input origin
  concerns project by origin.project
  activity look
    role lead
    when project.plan.state = "open"
""",
    "people.charter": "role lead\n",
}


def load(path: str) -> bytes:
    return FILES[path].encode()


@pytest.mark.parametrize("first", [name for name in FILES if name != "people.charter"])
def test_files_that_use_one_another_share_the_same(first: str) -> None:
    found = compile(first, FILES[first], load)
    assert [d.code for d in found.diagnostics] == []
    assert {d.name for d in found.definitions} == {"project", "change", "control"}
    # What a file came to does not hang on which one was named.
    other = compile("project.charter", FILES["project.charter"], load)
    assert {d.name: d for d in found.definitions} == {d.name: d for d in other.definitions}


def test_what_two_of_them_declare_is_told_once() -> None:
    files = FILES | {"change.charter": FILES["change.charter"] + "role lead\n"}
    found = compile("project.charter", files["project.charter"], lambda path: files[path].encode())
    assert [(d.code, d.file) for d in found.diagnostics] == [("CH205", "change.charter")]

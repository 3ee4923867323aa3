"""What is said after a command that is committed: never that it failed."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from tests.calling import CALL, post
from tests.desk import Desk, masked
from tests.leave import HELLO, host

from charter.runtime.audit.verify import verify
from charter.runtime.cli.context import Context
from charter.runtime.cli.main import run
from charter.runtime.cli.messages import Messages
from charter.runtime.cli.output import Output
from charter.runtime.host.connectors import FILE
from charter.runtime.store import Store

ROOT = Path(__file__).resolve().parents[2]


def test_whatever_fails_after_the_commit_is_told_beside_the_command(
    store: Store, monkeypatch: Any, tmp_path: Path
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise OSError("no more files")

    opened = host(store, CALL)
    case = opened.start("leave", person="li").case
    monkeypatch.setattr("charter.runtime.host.outbox.first", broken)
    done = opened.perform(case, person="li", verb="complete", node="ask", records=HELLO)
    assert done.refusal is None
    assert isinstance(done.trouble, OSError)
    assert done.owed == (case,)
    assert opened.state(case).nodes["ask"].state == "done"


@pytest.fixture(params=["en", "zh"])
def desk(
    store: Store, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALLS_TOKEN", "hunter2")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    host(store, CALL)
    desk = Desk(store, request.param)
    desk.reader = "root"
    yield desk
    monkeypatch.undo()
    time.tzset()


STORY = """
charter connectors add prices --http https://u:hunter2@erp.example/ --as root
charter connectors add prices --http https://erp.example/ --header Authorization=hunter2 --as root
charter connectors add prices --command sh --command -c --command 'echo $T >&2; false' --env T=env:CALLS_TOKEN --as root
charter connectors list
charter connectors list --json
charter start leave --as li
! prices: [
charter complete 1 ask --set text=hello --as li
charter tick
charter tick --json
charter incidents
charter incidents --json
charter incidents --retry 9 --as root
charter incidents --retry 1 --as li
charter incidents --settle 1 --as root
charter incidents --settle 1 --retry 1 --as root
! prices: {command: [sh, -c, 'echo $T >&2; exit 1'], env: {T: 'env:CALLS_TOKEN'}}
charter incidents --retry 1 --as root
charter tick 1
charter incidents
charter show 1
"""


def test_incidents_as_an_operator_sees_them(desk: Desk, golden: Callable[[Path, str], None], tmp_path: Path) -> None:
    said = []
    for line in STORY.strip().splitlines():
        if line.startswith("! "):
            (tmp_path / FILE).write_text(line[2:] + "\n")
            said.append(f"{line}\n")
        else:
            out = desk.type(line)
            said.append(masked(f"$ {line}\n{out}") + (f"[exit {desk.code}]\n" if desk.code else ""))
    text = "\n".join(said)
    assert "CH001" not in text
    assert "hunter2" not in "\n".join(line for line in text.splitlines() if not line.startswith("$ "))
    golden(ROOT / f"tests/golden/delivery/incidents.{desk.lang}.txt", text)
    assert verify(desk.store).sound


class Full(StringIO):
    """An output on a disk that is full."""

    def write(self, _: str) -> int:
        raise OSError(28, "No space left on device")


# a command that changes something, and a question that shows it
CHANGES = {
    "charter start leave --as li": "charter show 1",
    "charter claim 1 ask --as li": "charter audit log 1",
    "charter complete 1 ask --set text=hello --as li": "charter audit log 1",
    "charter comment 1 hello --as li": "charter audit log 1",
    "charter attach 1 p.charter --as li": "charter audit log 1",
    "charter cancel 1 --reason enough --as wang": "charter audit log 1",
    "charter deploy p.charter --as root": "charter start",
    "charter people add chen --as root": "charter people list",
    "charter people grant li boss --as root": "charter people list",
    "charter people import people.json --as root": "charter people list",
    "charter connectors add c --command true --as root": "charter connectors list",
    "charter incidents --retry -1 --as root": "charter incidents",
}


@pytest.mark.parametrize("line", CHANGES)
def test_a_verb_whose_answer_cannot_be_given_has_done_what_it_was_asked(desk: Desk, tmp_path: Path, line: str) -> None:
    (tmp_path / "p.charter").write_text("process p\n  role boss\n  activity a\n    role boss\n")
    (tmp_path / "people.json").write_text('{"people": [{"id": "chen"}]}')
    if " 1 " in line:
        desk.type("charter start leave --as li")
    if "--retry" in line:
        line = line.replace("-1", "1")
        post(desk.store, "nowhere", "Nonsense", "{}", number=1)
        desk.cases.tick()
    before = desk.type(CHANGES.get(line, "charter incidents"))
    context = Context(Messages(desk.lang))
    context.__dict__.update(store=desk.store, cases=desk.cases, now=desk.at, output=Output(context.say, Full()))
    said = StringIO()
    with redirect_stderr(said):
        assert run(shlex.split(line)[1:], context) == 0, said.getvalue()
    assert "No space left" in said.getvalue()
    assert desk.type(CHANGES.get(line, "charter incidents")) != before


@pytest.mark.parametrize("raised", [OSError("no more files"), KeyboardInterrupt(), RuntimeError("a fault of ours")])
def test_what_is_left_undone_after_a_command_is_a_note(desk: Desk, monkeypatch: Any, raised: BaseException) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise raised

    desk.type("charter start leave --as li")
    with monkeypatch.context() as patched:
        patched.setattr("charter.runtime.host.outbox.first", broken)
        said = desk.type("charter complete 1 ask --set text=hello --as li")
    assert desk.code == 0
    assert "charter work" in said and "CH001" not in said
    assert desk.cases.tick().delivered == 1


def test_doctor_tells_of_incidents_and_of_secrets_in_the_file(desk: Desk, tmp_path: Path) -> None:
    assert '"incidents"' in desk.type("charter doctor --json")
    (tmp_path / FILE).write_text("prices: {http: 'https://u:hunter2@erp.example'}\n")
    post(desk.store, "nowhere", "Nonsense", "{}")
    assert desk.cases.tick().failed == 1
    found = {f["check"]: f for f in json.loads(desk.type("charter doctor --json"))}
    assert (found["incidents"]["level"], found["incidents"]["mend"]) == ("warn", "charter incidents")
    assert found["connectors"]["level"] == "warn"
    assert "prices" in found["connectors"]["mend"]
    assert "hunter2" not in json.dumps(found)

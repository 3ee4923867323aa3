"""By which rules a case is judged: what names them, how a case goes on under others, and what is said of these."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.founded import founded
from tests.hands import unguarded
from tests.unit.test_cases import HELLO, LEAVE

from charter.engine import law, zones
from charter.engine.commands import SYSTEM, Actor, Complete, Continue, Start
from charter.engine.law import PRESENT, Rules
from charter.engine.replay import replay
from charter.engine.state import NEW
from charter.engine.step.transition import step
from charter.runtime.audit.asof import moments
from charter.runtime.audit.lineage import lineage
from charter.runtime.audit.log import load
from charter.runtime.audit.verify import Fault, Unjudged, Verification, verify
from charter.runtime.host.cases import Cases
from charter.runtime.host.memory import World
from charter.runtime.people.changes import People
from charter.runtime.store import Store, open_store

ROOT = Path(__file__).resolve().parents[2]
EARLIER = Rules()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


def begun(path: Path) -> str:
    """Opens a case, hands over its first record, and gives its id."""
    with founded(path) as store:
        People(store, by="root").load([{"id": "li", "roles": ["clerk"]}, {"id": "wang", "roles": ["boss"]}])
        host = Cases(store)
        host.deploy(LEAVE, by="root")
        case = host.start("leave", person="li").case
        host.perform(case, person="li", verb="complete", node="ask", records=HELLO)
    return case


def begun_under(rules: Rules, path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    with monkeypatch.context() as patch:
        patch.setattr(law, "PRESENT", rules)
        return begun(path)


def forged(path: Path, case: str, kind: str, change: Callable[[dict[str, Any]], None]) -> int:
    """Changes an entry and every hash after it, as who can write the file may; gives the entry's number."""
    raw = sqlite3.connect(path)
    prev, changed = "0" * 64, 0
    with unguarded(raw):
        found = raw.execute('SELECT seq, kind, body FROM entries WHERE "case" = ? ORDER BY seq', (case,)).fetchall()
        for seq, its, body in found:
            fields = json.loads(body)
            if its == kind:
                change(fields)
                changed = seq
            fields["prev"] = prev
            written = json.dumps(fields, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
            assert changed or written == body
            raw.execute('UPDATE entries SET body = ? WHERE "case" = ? AND seq = ?', (written, case, seq))
            prev = sha256(written).hexdigest()
        raw.execute("UPDATE cases SET head = ? WHERE id = ?", (prev, case))
    raw.commit()
    raw.close()
    return changed


def verified(path: Path) -> Verification:
    with open_store(str(path)) as store:
        return verify(store)


def kinds(store: Store, case: str) -> list[str]:
    with store.read() as connection:
        return [entry.fields["kind"] for entry in load(connection, case)]


def other_words(fields: dict[str, Any]) -> None:
    fields["data"]["value"] = {"text": "goodbye"}


def test_every_host_names_the_rules_that_a_case_begins_under(path: Path) -> None:
    world = World([LEAVE], 0)
    case, done = world.start("leave", Actor("li", ("clerk",)))
    began = done.entries[0].command
    assert isinstance(began, Start) and Rules(began.law, began.tzdata) == PRESENT
    assert world.state(case).rules == PRESENT == Rules(law.LAW, zones.TZDATA)
    case = begun(path)
    with open_store(str(path)) as store, store.read() as connection:
        first = next(load(connection, case)).fields["data"]["command"]
        assert first | PRESENT._asdict() == first
        assert Cases(store).state(case).rules == PRESENT


@pytest.mark.parametrize("rules", [EARLIER, Rules(99, PRESENT.tzdata), Rules(PRESENT.law, "1999a")])
def test_a_case_goes_on_under_other_rules_and_says_so(
    rules: Rules, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = begun_under(rules, path, monkeypatch)
    assert verified(path).sound  # what comes out alike is proved, whichever rules judged it
    with open_store(str(path)) as store:
        host = Cases(store)
        before, stood = kinds(store, case), host.state(case)
        assert stood.rules == rules
        granted = host.perform(case, person="wang", verb="approve", node="decide")
        after = kinds(store, case)
        assert after[: len(before) + 1] == [*before, "continued"] and after.count("continued") == 1
        assert after[granted.first - 1] == granted.entries[0].kind and granted.first == len(before) + 2
        assert host.state(case).rules == PRESENT and verify(store).sound
        with store.read() as connection:
            trail = list(load(connection, case))
            played = list(moments(lambda _: LEAVE, trail))
        assert trail[len(before)].fields["data"]["was"] == rules._asdict()
        assert [m.after for m in played][-1] == host.state(case) and all(m.sure for m in played)


def test_a_refused_command_goes_on_under_the_present_rules_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = begun_under(EARLIER, path, monkeypatch)
    with open_store(str(path)) as store:
        assert Cases(store).perform(case, person="li", verb="approve", node="decide").refusal is not None
        assert kinds(store, case)[-2:] == ["continued", "refused"] and verify(store).sound


def test_a_change_with_every_hash_made_anew_is_a_fault_with_its_place(path: Path) -> None:
    case = begun(path)
    seq = forged(path, case, "written", other_words)
    found = verified(path)
    assert found.integrity.sound and found.completeness.sound
    assert found.truth.fault == Fault(case, seq, "differs_from_replay") and not found.truth.unjudged


def test_under_another_law_such_a_change_is_neither_hidden_nor_called_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = begun_under(EARLIER, path, monkeypatch)
    seq = forged(path, case, "written", other_words)
    found = verified(path)
    assert found.integrity.sound and found.completeness.sound and not found.faulty and not found.sound
    assert found.truth.unjudged == (Unjudged(case, seq, EARLIER),) and found.truth.fault is None
    with open_store(str(path)) as store, store.read() as connection:
        trail = list(load(connection, case))
        assert [m.sure for m in moments(lambda _: LEAVE, trail)] == [True, False]
        assert [deed.sure for deed in lineage(moments(lambda _: LEAVE, trail)).deeds] == [False]


def test_what_follows_is_judged_from_where_the_trail_says_how_the_case_stood(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = begun_under(EARLIER, path, monkeypatch)
    seq = forged(path, case, "written", other_words)
    with open_store(str(path)) as store:
        Cases(store).perform(case, person="wang", verb="approve", node="decide")
        assert verify(store).truth.unjudged == (Unjudged(case, seq, EARLIER),)
        with store.read() as connection:
            *_, last = moments(lambda _: LEAVE, load(connection, case))
        assert last.sure and last.after == Cases(store).state(case)
    granted = forged(path, case, "granted", lambda fields: fields.update(actor="li"))
    found = verified(path)
    assert found.truth.fault == Fault(case, granted, "differs_from_replay")
    assert found.truth.unjudged == (Unjudged(case, seq, EARLIER),)


def test_what_stands_beside_the_entries_is_held_to_the_row_where_nobody_knows_better(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = begun_under(EARLIER, path, monkeypatch)
    forged(path, case, "written", other_words)
    raw = sqlite3.connect(path)
    raw.execute("UPDATE work_items SET role = 'clerk'")
    raw.commit()
    raw.close()
    found = verified(path)
    assert found.truth.fault == Fault(case, None, "table_differs", "work_items") and found.truth.unjudged


def test_a_snapshot_is_not_believed_where_playing_the_commands_gives_another(path: Path) -> None:
    """Nobody slips a state in by letting a case of this build go on under the rules that it has already."""
    case = begun(path)
    with open_store(str(path)) as store:
        host = Cases(store)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(law, "PRESENT", PRESENT._replace(tzdata="1999a"))
            host.perform(case, person="wang", verb="comment", text="hm")

    def another(fields: dict[str, Any]) -> None:
        fields["data"]["state"]["nodes"] = []

    seq = forged(path, case, "continued", another)
    assert verified(path).truth.fault == Fault(case, seq, "differs_from_replay")


# A process whose due date depends on the rules of a zone, opened, and what is said of its trail.
SCRIPT = """
import json, sys
from charter.engine import zones
from charter.engine.definition import Calendar, Definition, Element, Role
from charter.runtime.audit.verify import verify
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import create_store

with create_store(sys.argv[1]) as store:
    host = Cases(store, clock=lambda: 1_780_000_000_000_000)
    if sys.argv[2] == "begin":
        People(store, by="root").found()
        People(store, by="root").load([{"id": "li", "roles": ["clerk"]}])
        ask = Element("ask", "ask", "activity", roles=("clerk",), within="3 working days")
        roles, calendar = (Role("clerk", "clerk"),), Calendar(zone="Europe/Berlin")
        host.deploy(Definition("p", "p", roles=roles, elements=(ask,), calendar=calendar), by="root")
        host.start("p", person="li")
    if sys.argv[2] == "go on":
        host.perform(host.resolve("1"), person="li", verb="complete", node="ask")
    found = verify(store)
    print(json.dumps([zones.TZDATA, found.faulty, [[u.seq, *u.rules] for u in found.truth.unjudged]]))
"""


def packaged(folder: Path, version: str, hours: int) -> Path:
    """Writes a `tzdata` package of one zone, so many hours off Greenwich."""
    zone = folder / "tzdata" / "zoneinfo" / "Europe"
    zone.mkdir(parents=True)
    (folder / "tzdata" / "__init__.py").write_text(f'IANA_VERSION = "{version}"\n')
    (folder / "tzdata" / "zones").write_text("Europe/Berlin\n")
    header = b"TZif2" + bytes(15)
    block = header + b"".join(n.to_bytes(4, "big") for n in (0, 0, 0, 0, 1, 4))
    block += (hours * 3600).to_bytes(4, "big") + bytes(2) + b"XXX\0"
    (zone / "Berlin").write_bytes(block + block + f"\nXXX-{hours}\n".encode())
    return folder


def test_other_zone_rules_are_told_as_such(tmp_path: Path) -> None:
    def run(folder: Path, what: str) -> Any:
        path = os.pathsep.join(map(str, (folder, ROOT / "src")))
        arguments = [sys.executable, "-c", SCRIPT, str(tmp_path / "a.db"), what]
        done = subprocess.run(arguments, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    old, new = packaged(tmp_path / "old", "1999a", 1), packaged(tmp_path / "new", "1999b", 2)
    alike = packaged(tmp_path / "alike", "1999c", 1)
    assert run(old, "begin") == ["1999a", False, []]
    assert run(alike, "look") == ["1999c", False, []]
    other = [2, PRESENT.law, "1999a"]
    assert run(new, "look") == ["1999b", False, [other]]
    assert run(new, "go on") == ["1999b", False, [[3, *other[1:]]]]  # the state that `continued` holds
    assert run(old, "look") == ["1999a", False, []]


def test_an_attempt_to_continue_changes_no_rules() -> None:
    """What is missing behind a refused `continue` was judged by the rules that the case began under."""
    li = Actor("li", ("clerk",))
    state, trail = NEW, []
    for command in (
        Start(actor=li, at=1, case="c", law=99),
        Continue(actor=li, at=2, **PRESENT._asdict()),
        Complete(actor=li, at=3, node="ask", records=tuple(HELLO.items())),
        Continue(actor=SYSTEM, at=4, **PRESENT._asdict()),
    ):
        done = step(LEAVE, state, command)
        state = done.state
        trail += done.entries
    missing = next(index for index, entry in enumerate(trail) if entry.kind == "completed")
    again = replay(LEAVE, [*trail[:missing], *trail[missing + 1 :]])
    assert again.difference is None and again.state == state
    assert again.foreign is not None and again.foreign.rules.law == 99


RUNS = """
process p
  owner boss
  role boss
  record one
    here text
  record two
    here text
  record three
    here text
  activity first
    role boss
    output one, two, three
  activity go_on run helped with given = {a: two.here, b: one.here, c: three.here}
    input one
process helped
  owner boss
  role boss
  input given
  record given
    a text
    b text
    c text
  activity look
    role boss
    input given
"""


def test_what_work_rests_on_has_one_order_in_every_process() -> None:
    script = "from charter.engine.plan.program import Program; from tests.written import process\n"
    script += f"print(Program(process({RUNS!r})).plans['go_on'].uses)"
    path = os.pathsep.join(map(str, (ROOT / "src", ROOT)))
    said = {
        subprocess.run(
            [sys.executable, "-c", script],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in range(3)
    }
    assert said == {"('one', 'three', 'two')\n"}

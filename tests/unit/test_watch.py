"""The machine's clock against its own count: a jump ahead is refused until a steward confirms it, and marked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.desk import Desk
from tests.founded import founded

from charter.engine.entries.organisation import ClockConfirmed
from charter.engine.refusals import Refusal
from charter.runtime import clock
from charter.runtime.audit.log import Origin, load
from charter.runtime.audit.verify import verify
from charter.runtime.people.changes import People
from charter.runtime.people.organisation import confirm_clock
from charter.runtime.store import Store, open_store, watch
from charter.runtime.store.schema import ORGANISATION
from charter.runtime.store.watch import AHEAD, SILENCE, ClockJumped

HOUR = 3_600_000_000
DAY = 24 * HOUR


class Machine:
    """A machine whose clock can be set and that can be started anew."""

    def __init__(self) -> None:
        self.wall = 1_780_000_000_000_000
        self.count = DAY
        self.start = "one"

    def passes(self, span: int) -> None:
        self.wall += span
        self.count += span

    def restarts(self) -> None:
        self.start, self.count = self.start + "+", HOUR


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(clock, "now", lambda: made.wall)
    monkeypatch.setattr(watch, "uptime", lambda: (made.start, made.count))
    return made


@pytest.fixture
def path(tmp_path: Path, machine: Machine) -> Iterator[Path]:
    with founded(tmp_path / "a.db", clock=clock.now):
        pass
    yield tmp_path / "a.db"
    with open_store(str(tmp_path / "a.db")) as store:
        assert verify(store).sound


def add(path: Path, person: str) -> None:
    """Adds a person, in a process of its own."""
    with open_store(str(path)) as store:
        assert People(store, by="root", clock=clock.now).add(person) is None


def test_time_that_passes_is_no_jump_however_long(path: Path, machine: Machine) -> None:
    for number, span in enumerate((HOUR, 40 * DAY, 4_000 * DAY)):
        machine.passes(span)
        add(path, f"p{number}")
    machine.restarts()
    machine.wall += 300 * DAY
    add(path, "q")


@pytest.mark.parametrize(("restarts", "bound"), [(False, AHEAD), (True, SILENCE)])
def test_a_jump_ahead_is_refused_and_nothing_is_written(
    path: Path, machine: Machine, restarts: bool, bound: int
) -> None:
    machine.passes(HOUR)
    if restarts:
        machine.restarts()
    there = path.read_bytes()
    machine.wall += bound + DAY
    with pytest.raises(ClockJumped):
        add(path, "li")
    assert path.read_bytes() == there
    machine.wall -= 2 * DAY
    add(path, "li")


def test_a_steward_confirms_a_clock_that_is_right_on_the_record(path: Path, machine: Machine) -> None:
    add(path, "li")
    machine.wall += 100 * DAY
    with open_store(str(path)) as store:
        refused = confirm_clock(store, "li", Origin("test"))
        assert isinstance(refused, Refusal)
        assert refused.code == "CH584"
    with pytest.raises(ClockJumped):
        add(path, "wu")
    with open_store(str(path)) as store:
        assert confirm_clock(store, "root", Origin("test")) is None
        with store.read() as connection:
            told = [one.entry.told for one in load(connection, ORGANISATION)][-1]
        then = clock.text(machine.wall - 100 * DAY)
        assert told == ClockConfirmed(clock.text(machine.wall), then)
    add(path, "wu")


def test_a_clock_that_was_set_back_may_be_set_right_again(path: Path, machine: Machine) -> None:
    add(path, "a")
    machine.passes(HOUR)
    machine.wall -= 30 * DAY
    add(path, "b")
    machine.passes(HOUR)
    machine.wall += 30 * DAY
    add(path, "c")


def test_a_machine_without_a_count_is_doubted_after_a_year_alone(path: Path, machine: Machine) -> None:
    machine.start, machine.count = "", 0
    add(path, "a")
    machine.wall += 300 * DAY
    add(path, "b")
    machine.wall += 400 * DAY
    with pytest.raises(ClockJumped):
        add(path, "c")


def test_this_machine_counts(store: Store) -> None:
    assert watch.uptime()[1] <= watch.uptime()[1]
    with store.read() as connection:
        assert watch._noted(connection) is not None


def test_who_may_not_is_told_and_the_verb_ticks(desk: Desk) -> None:
    desk.type("charter init --as zhou")
    desk.type("charter people add li --as zhou")
    assert "CH584" in desk.type("charter tick --clock-is-right --as li")
    desk.type("charter tick --clock-is-right --as zhou")
    assert desk.code == 0

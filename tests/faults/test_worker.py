"""Workers that are killed, whose disk fails, and whose clock jumps. `make faults` plays more of each.

CHARTER_FAULTS: how many times as many kills and places are tried; 1 in the suite.
"""

from __future__ import annotations

import os
import shutil
import signal
import struct
import time
from collections.abc import Callable
from errno import EIO, ENOSPC
from pathlib import Path
from random import Random

import pytest

from charter.runtime.audit.verify import verify
from charter.runtime.host.cases import Cases
from charter.runtime.host.worker import Worker
from charter.runtime.store import create_store
from tests.faults.rig import HOUR, begun, built, ended, free, held, left, worker
from tests.leave import kinds

TIMES = int(os.environ.get("CHARTER_FAULTS", "1"))


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


@pytest.mark.parametrize("seed", range(TIMES))
def test_workers_that_are_killed_do_everything_once(tmp_path: Path, seed: int) -> None:
    rng = Random(seed)
    folder = tmp_path / "box"
    cases = begun(folder, 20)
    workers = [worker(folder) for _ in range(2)]
    keys = folder / "keys"
    with ended(*workers), create_store(str(folder / "a.db")) as store:
        until(keys.exists)
        for _ in range(2):
            time.sleep(rng.random() * 0.2)
            victim = workers.pop(rng.randrange(len(workers)))
            victim.send_signal(signal.SIGKILL)
            victim.communicate()
            free(folder)  # its lease runs out, and those of the others, who are overtaken
            workers.append(worker(folder))
        until(lambda: left(store) == 0)
        for each in workers:
            assert each.stderr is not None
            each.stderr.readline()  # it has begun, and knows the signal
            each.send_signal(signal.SIGTERM)
        assert [(each.communicate()[1], each.returncode) for each in workers] == [("", 0)] * 2
    held(folder, cases)


# (mode, the error): killed before, killed after, failed once, failed from there on, torn
BLOWS = [(1, 0), (2, 0), (3, EIO), (4, ENOSPC), (5, 0)]


def test_a_worker_whose_disk_fails_at_any_write_loses_and_doubles_nothing(tmp_path: Path) -> None:
    shim, rng = built(tmp_path), Random(TIMES)
    cases = begun(tmp_path / "as_begun", 3)
    for number in range(2 if TIMES == 1 else 20 * TIMES):
        mode, error = BLOWS[(number * 3 + 1) % 5] if TIMES == 1 else BLOWS[number % 5]
        folder = tmp_path / f"box{number}"
        shutil.copytree(tmp_path / "as_begun", folder)
        at = rng.randrange(1, 40)
        struck = worker(folder, "work", "--once", shim=shim, box=folder, mode=mode, at=at, error=error)
        assert "LD_PRELOAD" not in struck.communicate(timeout=60)[1]
        free(folder)
        with create_store(str(folder / "a.db")) as store:
            Worker(Cases(store)).run(once=True)
        held(folder, cases)


def test_a_clock_that_jumps_ahead_fires_nothing_until_somebody_confirms_it(tmp_path: Path) -> None:
    shim, clock = built(tmp_path), tmp_path / "clock"
    folder = tmp_path / "box"
    (case,) = begun(folder, 1, ago=0)
    clock.write_bytes(struct.pack("q", 0))

    def set_clock(hours: int) -> None:
        with clock.open("r+b") as file:
            file.write(struct.pack("q", hours * HOUR // 1_000_000))

    with create_store(str(folder / "a.db")) as store:
        at_work = worker(folder, shim=shim, clock=clock)
        with ended(at_work):
            until((folder / "keys").exists)
            until(lambda: "answered" in kinds(store, case))
            set_clock(40 * 24)
            assert at_work.stderr is not None
            told = [at_work.stderr.readline() for _ in range(2)]
            assert "the machine's clock says" in told[1], told
            assert "overdue" not in kinds(store, case)
            confirmed = worker(folder, "tick", case, "--clock-is-right", "--as", "root", shim=shim, clock=clock)
            assert confirmed.wait(60) == 0, confirmed.communicate()
            assert "clock_confirmed" in kinds(store)
            until(lambda: "overdue" in kinds(store, case))
        set_clock(0)
    # It was wrong after all: what is begun now counts from now, and is due when it should be.
    with create_store(str(folder / "a.db")) as store:
        opened = Cases(store)
        other = opened.start("leave", person="li").case
        state = opened.state(other)
        assert state.opened_at is not None and state.opened_at < time.time_ns() // 1000 + HOUR
        assert verify(store).sound


def test_a_worker_told_to_stop_takes_in_the_call_that_it_made(tmp_path: Path) -> None:
    folder = tmp_path / "box"
    cases = begun(folder, 1)
    wait = (folder / "charter-connectors.yaml").read_text()
    (folder / "charter-connectors.yaml").write_text(
        wait.replace("keys;", "keys; while [ ! -e go ]; do sleep 0.02; done;")
    )
    at_work = worker(folder)
    with ended(at_work):
        until((folder / "keys").exists)
        at_work.send_signal(signal.SIGTERM)
        (folder / "go").touch()
        at_work.communicate(timeout=60)
        assert at_work.returncode == 0
    with create_store(str(folder / "a.db")) as store:
        Worker(Cases(store)).run(once=True)
    held(folder, cases)


def test_a_worker_that_is_held_while_another_takes_over_changes_nothing_any_more(tmp_path: Path) -> None:
    folder = tmp_path / "box"
    cases = begun(folder, 1)
    connectors = folder / "charter-connectors.yaml"
    at_once = connectors.read_text()
    connectors.write_text(at_once.replace("keys;", "keys; while [ ! -e go ]; do sleep 0.02; done;"))
    held_up = worker(folder)
    with ended(held_up):
        until((folder / "keys").exists)
        held_up.send_signal(signal.SIGSTOP)
        (folder / "go").touch()
        free(folder)
        with create_store(str(folder / "a.db")) as store:
            assert Worker(Cases(store)).run(once=True).delivered == 1
            answered = kinds(store, cases[0])
            held_up.send_signal(signal.SIGCONT)
            held_up.send_signal(signal.SIGTERM)
            assert held_up.wait(60) == 0
            assert kinds(store, cases[0]) == answered
    assert len((folder / "keys").read_text().split()) == 2
    held(folder, cases)

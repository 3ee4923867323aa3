"""Whose turn it is to write, and that what was answered is on the disk."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.founded import founded
from tests.leave import LEAVE, host, welcome

from charter.runtime.audit.verify import verify
from charter.runtime.store import create_store, errors, log, open_store, turns
from charter.runtime.store.turns import Turns

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(turns._SET is None, reason="this system has no locks of open files")
STANDS = """
import sys, time
from pathlib import Path
from charter.runtime.store.turns import Turns
turns = Turns(Path(sys.argv[1]))
turns.wait(time.monotonic() + 30)
print("mine", flush=True)
sys.stdin.readline()
"""


@contextmanager
def standing(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Gives a process that has a turn, until it is told to end."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    words = [sys.executable, "-c", STANDS, str(path)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None and process.stdout.readline() == "mine\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_the_turn_comes_to_everybody_in_the_order_of_their_coming(tmp_path: Path) -> None:
    first, order = Turns(tmp_path / "a.db"), list[int]()
    first.wait(time.monotonic() + 30)

    def come(number: int) -> None:
        mine = Turns(tmp_path / "a.db")
        mine.wait(time.monotonic() + 30)
        order.append(number)
        mine.over()
        mine.close()

    waiting = []
    for number in range(4):
        before = first._counts()[0]
        waiting.append(threading.Thread(target=come, args=(number,)))
        waiting[-1].start()
        while first._counts()[0] == before:
            time.sleep(0.001)
    assert order == [] and first.waits()
    first.over()
    for thread in waiting:
        thread.join()
    assert order == [0, 1, 2, 3] and not first.waits()
    assert (tmp_path / "a.db-queue").stat().st_size <= 64


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_nobody_is_held_up_for_good_by_one_that_is_gone_or_stands_still(tmp_path: Path, how: signal.Signals) -> None:
    with standing(tmp_path / "a.db") as process:
        mine = Turns(tmp_path / "a.db")
        assert mine.waits()
        process.send_signal(how)
        if how == signal.SIGKILL:
            process.wait()
        mine.wait(time.monotonic() + 30)  # which returns
        mine.over()
        assert not mine.waits()  # and what it left behind is over


def test_who_waits_in_vain_hears_of_the_lock(tmp_path: Path) -> None:
    with create_store(str(tmp_path / "a.db"), busy_seconds=0.1) as store:
        other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")  # another program, which knows no queue
        for _ in range(2):
            with pytest.raises(errors.Locked), store.write():
                pass
        other.execute("ROLLBACK")
        with store.write():
            pass
        other.close()


def test_what_is_answered_is_on_the_disk_and_the_disk_is_waited_for_outside_of_the_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []
    with founded(tmp_path / "a.db") as store:
        welcome(store)
        opened = host(store, LEAVE)
        opened.start("leave", person="li")

        def sync(file: int) -> None:
            assert os.fstat(file).st_ino == (tmp_path / "a.db-wal").stat().st_ino
            with create_store(str(tmp_path / "a.db"), busy_seconds=0) as other, other.read() as connection:
                entry = connection.exec_driver_sql("SELECT count(*) FROM cases").scalar()
                synced.append(entry == before + 1)
            raw = sqlite3.connect(tmp_path / "a.db", isolation_level=None, timeout=0)
            raw.execute("BEGIN IMMEDIATE")  # the lock is free
            raw.close()

        for _ in range(3):
            with store.read() as connection:
                before = connection.exec_driver_sql("SELECT count(*) FROM cases").scalar() or 0
            with monkeypatch.context() as patch:
                patch.setattr(log, "_fdatasync", sync)
                opened.start("leave", person="li")
        assert synced == [True, True, True]


def test_a_disk_that_does_not_confirm_is_told_and_what_it_lost_is_brought_to_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_: int) -> None:
        raise OSError(5, "Input/output error")

    with founded(tmp_path / "a.db") as store:
        welcome(store)
        opened = host(store, LEAVE)
        monkeypatch.setattr(log, "_fdatasync", failing)
        case = opened.start("leave", person="li").case
        # All of it is in the database itself, should the log be lost.
        (tmp_path / "b.db").write_bytes((tmp_path / "a.db").read_bytes())
        with open_store(str(tmp_path / "b.db")) as other:
            assert host(other, LEAVE).state(case).status == "open"
        with store.read():  # which keeps the log from being carried over
            raw = sqlite3.connect(tmp_path / "a.db")
            raw.execute("SELECT count(*) FROM cases").fetchone()
            reader = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM cases").fetchone()
            monkeypatch.setattr(log.Log, "_carried_over", lambda _: False)
            with pytest.raises(errors.Unconfirmed):
                opened.start("leave", person="li")
            raw.close()
            reader.close()
        monkeypatch.undo()
        opened.start("leave", person="li")
        assert verify(store).sound


def test_clients_that_are_killed_while_they_write_lose_and_hold_nothing(tmp_path: Path) -> None:
    script = """
import sys
from charter.runtime.host.cases import Cases
from charter.runtime.store import open_store
with open_store(sys.argv[1]) as store:
    host = Cases(store)
    while True:
        print(host.start("leave", person="li").case, flush=True)
"""
    with founded(tmp_path / "a.db") as store:
        welcome(store)
        host(store, LEAVE)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    words = [sys.executable, "-c", script, str(tmp_path / "a.db")]
    writing = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(4)]
    try:
        first = [process.stdout.readline() for process in writing if process.stdout is not None]
        answered = [line.strip() for line in first]
        for process in writing:
            process.kill()
            answered += process.communicate()[0].split()
    finally:
        for process in writing:
            process.kill()
    begin = time.monotonic()
    with open_store(str(tmp_path / "a.db")) as store:
        opened = host(store, LEAVE)
        opened.start("leave", person="li")
        assert time.monotonic() - begin < 20
        known = {case for case in answered if len(case) == 16}
        with store.read() as connection:
            there = [row[0] for row in connection.exec_driver_sql("SELECT id FROM cases")]
        assert known <= set(there) and len(there) == len(set(there))
        assert verify(store).sound

"""Servers and workers that are killed, paused and cut off, while clients go on. `make faults` plays a hundred blows.

CHARTER_FAULTS: unset where `.ci/postgresql` plays a blow of each sort; else ten times as many blows. No test asserts a
time; `pytest -s` shows them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

pytest.importorskip("psycopg")
from charter.runtime.cli.main import run
from tests.faults.cluster import Cluster, until
from tests.faults.served import Clients, Held, found, held, worker

TIMES = int(os.environ.get("CHARTER_FAULTS", "1"))
pytestmark = pytest.mark.skipif(
    TIMES == 1 and "CHARTER_TEST_DB" not in os.environ, reason="played by .ci/postgresql and `make faults`"
)
BLOWS = ("worker", "primary", "pause")


@contextmanager
def working(address: str, folder: Path, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Gives so many workers, ended at the end of the block whatever happens."""
    workers = [worker(address, folder) for _ in range(count)]
    try:
        yield workers
    finally:
        for each in workers:
            each.kill()
            each.wait()


def say(name: str, came: Held, **more: object) -> None:
    print(f"\n{name}: {came} {more} load {os.getloadavg()[0]:.0f}", flush=True)


def test_nothing_is_lost_or_doubled_while_servers_and_workers_are_killed_and_paused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = Random(TIMES)
    blows = list(BLOWS) if TIMES == 1 else [rng.choice(BLOWS) for _ in range(10 * TIMES)]
    with Cluster() as cluster:
        found(cluster.address)
        replica = cluster.nodes[1]
        until(lambda: replica.ask("SELECT count(*) FROM pg_namespace WHERE nspname = 'public'"))
        assert run(["--db", replica.address, "start", "leave", "--as", "li"]) == 74
        assert "CH026" in capsys.readouterr().err
        with (
            working(cluster.address, tmp_path, 2 if TIMES == 1 else 3) as workers,
            Clients(cluster.address, 2 if TIMES == 1 else 4) as clients,
        ):
            until(lambda: cluster.working() == len(workers))
            for blow in blows:
                time.sleep(rng.random())
                if blow == "primary":
                    cluster.primary.kill()
                    until(lambda: cluster.primary.pid() is not None and cluster.whole())
                    continue
                victim = workers.pop(rng.randrange(len(workers)))
                if blow == "worker":
                    victim.kill()
                    victim.wait()
                    workers.append(worker(cluster.address, tmp_path))
                    until(lambda: cluster.working() == len(workers))
                else:
                    victim.send_signal(signal.SIGSTOP)
                    time.sleep(3 + rng.random())
                    victim.send_signal(signal.SIGCONT)
                    workers.append(victim)
            came = held(cluster.address, clients.stop())
        say("blows", came, blows=len(blows), outages=max(cluster.outages, default=0))
    assert (came.lost, came.doubled, came.sound) == (0, 0, True)
    assert came.acknowledged > 0


@pytest.fixture
def wire() -> Iterator[tuple[str, str]]:
    """Gives the name of a network of its own, and the address here by which it is reached from there."""
    if os.getuid() or subprocess.run(["ip", "netns", "list"], capture_output=True, check=False).returncode:
        pytest.skip("needs root, and networks of its own")
    name, here, there = f"ch{os.getpid()}", "10.213.7.1", "10.213.7.2"
    made = [
        f"netns add {name}",
        f"link add {name} type veth peer name far netns {name}",
        f"addr add {here}/30 dev {name}",
        f"link set {name} up",
        f"-n {name} addr add {there}/30 dev far",
        f"-n {name} link set far up",
        f"-n {name} link set lo up",
    ]
    try:
        for line in made:
            if subprocess.run(["ip", *line.split()], capture_output=True, check=False).returncode:
                pytest.skip(f"ip {line} is not allowed here")
        yield name, here
    finally:
        subprocess.run(["ip", "link", "del", name], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def test_a_worker_that_is_cut_off_is_taken_over_and_doubles_nothing(tmp_path: Path, wire: tuple[str, str]) -> None:
    name, here = wire
    with Cluster(listen=here, standbys=0) as cluster:
        found(cluster.address)
        near, far = worker(cluster.address, tmp_path), worker(cluster.address, tmp_path, "ip", "netns", "exec", name)
        clients = Clients(cluster.address, 1)
        try:
            until(lambda: cluster.working() == 2)
            for _ in range(TIMES):
                time.sleep(1)
                subprocess.run(["ip", "link", "set", name, "down"], check=True)
                time.sleep(4)
                subprocess.run(["ip", "link", "set", name, "up"], check=True)
            came = held(cluster.address, clients.stop())
        finally:
            clients.end()
            for each in (near, far):
                each.kill()
                each.wait()
        say("cut off", came)
    assert (came.lost, came.doubled, came.sound) == (0, 0, True)

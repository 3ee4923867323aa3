"""A primary of PostgreSQL with two standbys on one machine, and what stands for Patroni: it promotes who has the most.

A commit counts once one standby has it on its disk (`ANY 1`). A primary that is killed comes back as a standby, copied
from the new one. All listen on sockets in folders of their own, and on `listen` where that is given.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg
import pytest

_SETTINGS = (
    "max_connections = 100",
    "shared_buffers = 32MB",
    "wal_level = replica",
    "max_wal_senders = 8",
    "wal_keep_size = 256MB",
    "hot_standby = on",
    "wal_retrieve_retry_interval = 100ms",
    "wal_receiver_status_interval = 1s",
    "log_min_messages = fatal",
)


def programs() -> Path:
    """Gives the folder of the newest PostgreSQL here; skips where there is none, or nobody who may run it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda each: int(each.parts[-3]))
    place = found[-1] if found else Path(shutil.which("initdb") or "")
    if not place.name:
        pytest.skip("PostgreSQL is not installed")
    return place.parent


def until(true: Callable[[], Any], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


class Node:
    """A server in a folder of its own."""

    def __init__(self, cluster: Cluster, number: int) -> None:
        self.cluster, self.number, self.name = cluster, number, f"n{number}"
        self.folder = cluster.folder / self.name
        self.folder.mkdir()
        cluster.own(self.folder)
        self.data = self.folder / "data"

    def pid(self) -> int | None:
        """Gives the server's process, None where it has none."""
        with suppress(OSError, ValueError, IndexError):
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            os.kill(pid, 0)
            return pid
        return None

    def settle(self, *more: str) -> None:
        """Writes how it is set up."""
        where = f"unix_socket_directories = '{self.folder}'"
        lines = (*_SETTINGS, where, f"listen_addresses = '{self.cluster.listen}'", f"port = {self.cluster.port}", *more)
        self.cluster.write(self.data / "postgresql.auto.conf", "\n".join(lines) + "\n")

    def start(self) -> None:
        self.cluster.run("pg_ctl", "-D", self.data, "-l", self.folder / "log", "-w", "-t", "60", "start")

    def follow(self, other: Node) -> None:
        """Makes it a copy of another, which it follows."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.cluster.run(
            *("pg_basebackup", "-h", other.folder, "-p", str(self.cluster.port), "-U", "charter", "-D", self.data),
            *("-c", "fast", "-X", "stream", "--no-sync"),
        )
        self.settle(self.cluster.quorum, self.after(other))
        self.cluster.write(self.data / "standby.signal", "")
        self.start()

    def after(self, other: Node) -> str:
        place = f"host={other.folder} port={self.cluster.port} user=charter application_name={self.name}"
        return f"primary_conninfo = '{place}'"

    @property
    def address(self) -> str:
        return f"postgresql:///postgres?host={self.folder}&port={self.cluster.port}&user=charter"

    def ask(self, text: str) -> Any:
        """Asks it for one value."""
        with psycopg.connect(
            f"host={self.folder} port={self.cluster.port} user=charter dbname=postgres", autocommit=True
        ) as raw:
            cursor = raw.execute(text)  # type: ignore[call-overload]
            found = cursor.fetchone() if cursor.description else None
            return found[0] if found else None

    def kill(self) -> None:
        """Ends it and all that belongs to it, as a power cut would."""
        pid = self.pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGSTOP)  # it begins nothing more
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
        for each in (pid, *map(int, listed.stdout.split())):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)


class Cluster:
    """Three servers; `address` names them all, and whoever is primary is found by it."""

    def __init__(self, listen: str = "", standbys: int = 2) -> None:
        self.bin, self.listen, self.port = programs(), listen, 54320
        self.folder = Path(tempfile.mkdtemp(prefix="charter-", dir="/tmp"))
        self.user: Sequence[Any] = ()
        if os.getuid() == 0:
            self.folder.chmod(0o755)
            self.user = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "env", "HOME=/tmp")
            if subprocess.run(["id", "postgres"], capture_output=True, check=False).returncode:
                pytest.skip("a server of PostgreSQL's does not run as root, and there is no account for it")
        self.own(self.folder)
        names = ", ".join(f"n{number}" for number in range(1 + standbys))
        self.quorum = f"synchronous_standby_names = 'ANY 1 ({names})'" if standbys else ""
        self.nodes = [Node(self, number) for number in range(1 + standbys)]
        self.primary = self.nodes[0]
        self.outages: list[float] = []  # seconds for which nobody was primary
        self._over = threading.Event()
        self._busy = threading.Lock()

    def own(self, path: Path) -> None:
        if self.user:
            shutil.chown(path, "postgres", "postgres")

    def write(self, path: Path, text: str) -> None:
        path.write_text(text)
        self.own(path)

    def run(self, program: str, *words: Any) -> None:
        command = [*self.user, self.bin / program, *words]
        done = subprocess.run(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0, (command, done.stderr)

    @property
    def address(self) -> str:
        hosts = self.listen or ",".join(str(node.folder) for node in self.nodes)
        more = "&target_session_attrs=read-write" if len(self.nodes) > 1 else ""
        return f"postgresql:///postgres?host={hosts}&port={self.port}&user=charter{more}"

    def __enter__(self) -> Cluster:
        first, *others = self.nodes
        self.run("initdb", "-D", first.data, "-U", "charter", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        if self.listen:
            with (first.data / "pg_hba.conf").open("a") as file:
                file.write("host all all 0.0.0.0/0 trust\n")
        first.settle()
        first.start()
        for each in others:
            each.follow(first)
        first.settle(self.quorum)
        first.ask("SELECT pg_reload_conf()")
        self._watching = threading.Thread(target=self._watch, daemon=True)
        self._watching.start()
        until(self.whole)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._watching.join()
        for each in self.nodes:
            each.kill()
        time.sleep(0.1)
        shutil.rmtree(self.folder, ignore_errors=True)

    def whole(self) -> bool:
        """Tells whether the primary has all its standbys."""
        if self._busy.locked():
            return False
        with suppress(psycopg.Error):
            return bool(self.primary.ask("SELECT count(*) FROM pg_stat_replication") == len(self.nodes) - 1)
        return False

    def working(self) -> int:
        """Counts the workers that are at work."""
        beat = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'charter %-% beat'"
        with suppress(psycopg.Error):
            return int(self.primary.ask(beat))
        return 0

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            if self.primary.pid() is None and len(self.nodes) > 1:
                with self._busy:
                    self._fail_over()

    def _fail_over(self) -> None:
        """Promotes the standby that has the most, has the other follow it, and makes the old primary another one."""
        begun, gone = time.monotonic(), self.primary
        others = [node for node in self.nodes if node is not gone]
        position = "SELECT pg_wal_lsn_diff(coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), '0/0')"
        best = max(others, key=lambda node: node.ask(position))
        best.ask("SELECT pg_promote(true, 30)")
        for each in others:
            if each is not best:
                each.settle(self.quorum, each.after(best))
                each.ask("SELECT pg_reload_conf()")
        self.primary = best
        self.outages.append(time.monotonic() - begun)
        self._over.wait(1)  # whoever waits for an answer comes first
        while not self._over.is_set():
            with suppress(AssertionError, psycopg.Error):  # a machine that has too much to do needs several tries
                gone.follow(best)
                return
            gone.kill()

"""How a database on a server fails those who use it wrongly, or at a bad moment. Played by `.ci/postgresql`."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.founded import founded
from tests.leave import LEAVE, kinds, welcome

from charter.runtime.audit.verify import verify
from charter.runtime.cli.main import run
from charter.runtime.host.cases import Cases
from charter.runtime.store import errors, open_store

psycopg = pytest.importorskip("psycopg")

GIVEN = os.environ.get("CHARTER_TEST_DB", "")
pytestmark = pytest.mark.skipif(not GIVEN, reason="no server is given in CHARTER_TEST_DB (.ci/postgresql starts one)")
ROOT = Path(__file__).resolve().parents[2]


def sql(text: str) -> None:
    with psycopg.connect(GIVEN, autocommit=True) as raw:
        raw.execute(text)


def told(address: str, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Gives what somebody is told who uses an address."""
    assert run(["--db", address, *(words or ("inbox", "--as", "li"))]) == 74
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


@contextmanager
def listening() -> Iterator[tuple[socket.socket, int]]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server, server.getsockname()[1]


def test_a_server_that_is_too_old_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    def message(kind: bytes, body: bytes) -> bytes:
        return kind + (len(body) + 4).to_bytes(4, "big") + body

    def serve(server: socket.socket) -> None:
        with server.accept()[0] as one:  # as a server of that age answers whoever comes in
            one.recv(10_000)
            said = {"server_version": "12.22", "server_encoding": "UTF8", "client_encoding": "UTF8"}
            parameters = b"".join(message(b"S", f"{name}\0{value}\0".encode()) for name, value in said.items())
            one.sendall(message(b"R", bytes(4)) + parameters + message(b"K", bytes(8)) + message(b"Z", b"I"))
            one.recv(10_000)

    with listening() as (server, port):
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        said = told(f"postgresql://li@127.0.0.1:{port}/x?sslmode=disable&gssencmode=disable", capsys)
    assert "CH025" in said and "12.22" in said and "13" in said


def test_a_database_that_is_not_in_utf_8_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    name = f"t{os.environ['CHARTER_TEST_RUN']}_latin"
    sql(f"CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0")
    try:
        said = told(f"{GIVEN}{'&' if '?' in GIVEN else '?'}dbname={name}", capsys, "init", "--as", "li")
    finally:
        sql(f"DROP DATABASE {name} WITH (FORCE)")
    assert "CH056" in said and "LATIN1" in said


def test_a_driver_that_is_missing_is_told() -> None:
    code = "import sys; sys.modules['psycopg'] = None; from charter.runtime.cli.main import run; sys.exit(run({}))"
    words = ["--db", "postgresql://li:secret@127.0.0.1/x", "inbox", "--as", "li"]
    given = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code.format(words)], capture_output=True, text=True, env=given, check=False
    )
    assert (done.returncode, "CH022" in done.stderr) == (74, True), done.stderr
    assert "secret" not in done.stderr and "Traceback" not in done.stderr


class Between:
    """Stands between a client and the server; `cut`: the connection breaks at the commit, `before` or `after` it."""

    def __init__(self, server: socket.socket) -> None:
        self.cut: str | None = None
        self._server = server
        self._told = threading.Event()
        self._lost: socket.socket | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._one, args=(self._server.accept()[0],), daemon=True).start()

    def _one(self, client: socket.socket) -> None:
        info = psycopg.conninfo.conninfo_to_dict(GIVEN)
        host, port = str(info.get("host", "localhost")), int(info.get("port", 5432))
        if host.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{host}/.s.PGSQL.{port}")
        else:
            server = socket.create_connection((host, port))
        threading.Thread(target=self._back, args=(server, client), daemon=True).start()
        with suppress(OSError):
            while said := client.recv(65_536):
                if self.cut and b"COMMIT" in said:
                    if self.cut == "after":
                        self._lost = client  # its answer goes nowhere
                        server.sendall(said)
                        self._told.wait(10)
                    break
                server.sendall(said)
        for each in (client, server):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError), server, client:
            while said := server.recv(65_536):
                if client is self._lost:
                    self._told.set()
                else:
                    client.sendall(said)


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_key_tells_what_became_of_a_command_whose_connection_broke(cut: str) -> None:
    schema = f"t{os.environ['CHARTER_TEST_RUN']}_cut_{cut}"
    direct = f"{GIVEN}{'&' if '?' in GIVEN else '?'}schema={schema}"
    info = psycopg.conninfo.conninfo_to_dict(GIVEN)
    more = {"verb": "comment", "person": "li", "text": "once", "key": "k"}
    try:
        with founded(direct) as store, listening() as (server, port):
            welcome(store)
            host = Cases(store)
            host.deploy(LEAVE, by="root")
            case = host.start("leave", person="li").case
            between = Between(server)
            user, name = info.get("user", ""), info.get("dbname", "postgres")
            address = f"postgresql://{user}@127.0.0.1:{port}/{name}?schema={schema}&sslmode=disable&gssencmode=disable"
            with open_store(address) as far:
                between.cut = cut
                with pytest.raises(errors.Lost):
                    Cases(far).perform(case, **more)  # type: ignore[arg-type]
            there = kinds(store, case).count("commented")
            assert there == (cut == "after")
            again = host.perform(case, **more)  # type: ignore[arg-type]
            assert again.refusal is None and kinds(store, case).count("commented") == 1
            assert verify(store).sound
    finally:
        sql(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')

"""The programs that the operator lets processes call: Python functions, commands, HTTP addresses.

They are named in `charter-connectors.yaml` beside the database; a process file alone can run nothing. A call gets
JSON ({connector, case, node, attempt, key, arguments}) and gives a JSON object of records, both in the canonical
form of `values.encode`. `key` is the same each time one attempt is delivered, so that a receiver can tell a
repetition. Every call is bounded in time and in the length of its answer; whatever goes wrong is a failure of one
line, never an exception.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select

from charter.dsl.text.width import shown
from charter.engine.commands import SYSTEM
from charter.engine.entries.organisation import ConnectorsChanged
from charter.engine.errors import CharterError
from charter.engine.refusals import Refusal
from charter.engine.text import SameKey, composed
from charter.engine.values import canonical, decode
from charter.runtime.audit.log import Origin
from charter.runtime.people.organisation import admit, note
from charter.runtime.store import Store, tables as t

FILE = "charter-connectors.yaml"
_TIMEOUT = 60
_LONGEST_ANSWER = 4 << 20

Records = tuple[tuple[str, Any], ...]


class BadConnector(CharterError):
    """The connectors' file, or one entry of it, cannot be understood."""

    code = "CH037"
    exit_code = 1


class NoSuchConnector(CharterError):
    """No connector of this name is registered."""

    code = "CH038"
    exit_code = 4


class Connector(Struct, frozen=True):
    """kind `python` (target `module:function`), `command` (argv), `http` (URL); `timeout` in seconds."""

    name: str
    kind: str
    target: str | tuple[str, ...]
    timeout: int = _TIMEOUT

    def to_data(self) -> dict[str, Any]:
        """Gives the connector as the file holds it."""
        target = list(self.target) if isinstance(self.target, tuple) else self.target
        return {self.kind: target, "timeout": self.timeout}

    @classmethod
    def of(cls, name: str, data: Any) -> Connector:
        """Reads an entry of the file; raises BadConnector."""
        kinds = [k for k in ("python", "command", "http") if isinstance(data, Mapping) and k in data]
        if len(kinds) != 1 or set(data) - {kinds[0], "timeout"}:
            raise BadConnector(f"{name} needs one of python, command, http", connector=name, file=FILE)
        kind, target, timeout = kinds[0], data[kinds[0]], data.get("timeout", _TIMEOUT)
        if isinstance(timeout, bool) or not isinstance(timeout, int) or not 0 < timeout <= 3600:
            raise BadConnector(f"{name}: timeout is 1 to 3600 seconds", connector=name, file=FILE)
        if kind == "command":
            if not isinstance(target, list) or not target or not all(isinstance(a, str) and a for a in target):
                raise BadConnector(f"{name}: command is a list of words", connector=name, file=FILE)
            return cls(name, kind, tuple(target), timeout)
        fits = isinstance(target, str) and (
            target.startswith(("http://", "https://")) if kind == "http" else target.count(":") == 1
        )
        if not fits:
            raise BadConnector(f"{name}: {kind} cannot be {target}", connector=name, file=FILE)
        return cls(name, kind, target, timeout)


class Call(Struct, frozen=True):
    """One call as a step asked for it."""

    connector: str
    case: str
    node: str
    attempt: int
    arguments: Records

    @property
    def key(self) -> str:
        """The idempotency key: the same for every delivery of this attempt."""
        return f"{self.case}:{self.node}:{self.attempt}"

    def to_bytes(self) -> bytes:
        """Gives the JSON that the connector is handed."""
        return canonical(
            {
                "connector": self.connector,
                "case": self.case,
                "node": self.node,
                "attempt": self.attempt,
                "key": self.key,
                "arguments": dict(self.arguments),
            }
        )


class Connectors:
    """The registered connectors of a database's folder, and functions given by an embedding program."""

    def __init__(self, folder: Path, functions: Mapping[str, Callable[[dict[str, Any]], Any]] | None = None) -> None:
        self.path = folder / FILE
        self._functions = dict(functions or {})

    def all(self) -> dict[str, Connector]:
        """Reads the registered connectors by name; raises BadConnector."""
        if not self.path.exists():
            return {}
        import yaml

        try:
            data = composed(yaml.safe_load(self.path.read_text("utf-8")))
        except (OSError, UnicodeDecodeError, yaml.YAMLError, SameKey) as cause:
            raise BadConnector(f"{self.path} cannot be read", connector="-", file=str(self.path)) from cause
        if data is None:
            return {}
        if not isinstance(data, Mapping) or not all(isinstance(name, str) for name in data):
            raise BadConnector(f"{self.path} holds no table of connectors", connector="-", file=str(self.path))
        return {name: Connector.of(name, entry) for name, entry in sorted(data.items())}

    def add(self, store: Store, connector: Connector, *, by: str, at: int) -> Refusal | None:
        """Registers a connector or replaces one, on the record; for stewards."""
        return self._write(store, {**self.all(), connector.name: connector}, by, at, "add")

    def remove(self, store: Store, name: str, *, by: str, at: int) -> Refusal | None:
        """Takes a connector off the list, on the record; for stewards. Raises NoSuchConnector."""
        known = self.all()
        if name not in known:
            raise NoSuchConnector(f"no connector {name}", connector=name)
        return self._write(store, {n: c for n, c in known.items() if n != name}, by, at, "remove")

    def _write(self, store: Store, connectors: Mapping[str, Connector], by: str, at: int, verb: str) -> Refusal | None:
        import tempfile

        import yaml

        data = {name: c.to_data() for name, c in sorted(connectors.items())}
        text = yaml.safe_dump(data, allow_unicode=True, sort_keys=True)
        handle, aside = tempfile.mkstemp(prefix=".connectors-", dir=self.path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            with store.write() as connection:
                refused = admit(connection, by, f"connectors {verb}", at=at, origin=Origin("cli"))
                if refused is None:
                    self._note(connection, sha256(text.encode()).hexdigest(), data, by, at)
                    os.replace(aside, self.path)
            return refused
        finally:
            Path(aside).unlink(missing_ok=True)

    def note_configuration(self, connection: Connection, at: int) -> None:
        """Records that the file was changed by hand since it was last looked at; in the caller's transaction."""
        text = self.path.read_bytes() if self.path.exists() else b""
        data = {name: c.to_data() for name, c in self.all().items()} if text else {}
        self._note(connection, sha256(text).hexdigest() if text else "", data, SYSTEM.person, at)

    @staticmethod
    def _note(connection: Connection, digest: str, data: Mapping[str, Any], by: str, at: int) -> None:
        s = t.settings
        old = connection.execute(select(s.c.value).where(s.c.name == "connectors")).scalar()
        if (old or "") == digest:
            return
        told = ConnectorsChanged(old, digest, data)
        origin = Origin("file" if by == SYSTEM.person else "cli")
        note(connection, told, by, at=at, origin=origin)

    def timeout(self, name: str) -> int:
        """Says how many seconds a call may take."""
        try:
            found = self.all().get(name)
        except BadConnector:
            return _TIMEOUT
        return found.timeout if found else _TIMEOUT

    def call(self, call: Call) -> tuple[Records, str | None]:
        """Makes a call and gives (records, None) or ((), the failure in one line)."""
        try:
            if call.connector in self._functions:
                answer = self._functions[call.connector](json.loads(call.to_bytes()))
            else:
                found = self.all().get(call.connector)
                if found is None:
                    return (), f"no connector {call.connector} is registered"
                answer = json.loads(_KINDS[found.kind](found, call), parse_float=_no_float)
            return _records(answer), None
        except Exception as cause:
            # Connectors are other people's programs: whatever they do, the case goes on with a failure.
            return (), _line(cause)


def _no_float(text: str) -> Any:
    return {"number": text}


def _records(answer: Any) -> Records:
    if answer is None:
        return ()
    if not isinstance(answer, Mapping) or not all(isinstance(name, str) for name in answer):
        raise ValueError("the answer is no JSON object of records")
    for value in answer.values():
        decode(value)
    return tuple(answer.items())


def _line(cause: Exception) -> str:
    text = " ".join(shown(str(cause)).split()) or type(cause).__name__
    return (f"the answer is not JSON: {text}" if isinstance(cause, json.JSONDecodeError) else text)[:300]


def _run(connector: Connector, argv: list[str], call: Call) -> bytes:
    # What only a call needs is loaded by a call: every verb of the command line imports this module.
    import signal
    import subprocess
    import tempfile

    # A session of its own, so that a time-out ends its children too. Output goes to files: a pipe could block.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        environment = {**os.environ, "CHARTER_KEY": call.key}
        process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=out, stderr=err, env=environment, start_new_session=True
        )
        try:
            process.communicate(call.to_bytes(), timeout=connector.timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise ValueError(f"no answer within {connector.timeout} seconds") from None
        if process.returncode:
            err.seek(max(0, err.seek(0, os.SEEK_END) - 300))
            last = err.read().decode("utf-8", "replace").strip().splitlines()
            raise ValueError(f"exit code {process.returncode}" + (f": {last[-1]}" if last else ""))
        if out.seek(0, os.SEEK_END) > _LONGEST_ANSWER:
            raise ValueError("the answer is too long")
        out.seek(0)
        return out.read() or b"null"


def _command(connector: Connector, call: Call) -> bytes:
    return _run(connector, list(connector.target), call)


# Runs in a process of its own, so that it can be ended in time and cannot touch ours.
_PYTHON = """
import importlib, json, sys
module, _, name = sys.argv[1].partition(":")
call = json.load(sys.stdin)
out, sys.stdout = sys.stdout, sys.stderr
answer = getattr(importlib.import_module(module), name)(call)
json.dump(answer, out)
"""


def _python(connector: Connector, call: Call) -> bytes:
    return _run(connector, [sys.executable, "-c", _PYTHON, str(connector.target)], call)


def _http(connector: Connector, call: Call) -> bytes:
    from threading import Thread
    from urllib.error import HTTPError, URLError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class NoRedirect(HTTPRedirectHandler):
        """The operator registered one address; a redirect is not that address."""

        def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
            return None

    request = Request(
        str(connector.target),
        data=call.to_bytes(),
        headers={"Content-Type": "application/json", "Idempotency-Key": call.key},
        method="POST",
    )
    came: list[bytes | Exception] = []

    def ask() -> None:
        try:
            with build_opener(NoRedirect).open(request, timeout=connector.timeout) as response:
                came.append(response.read(_LONGEST_ANSWER + 1))
        except Exception as cause:
            came.append(cause)

    # The socket's time-out begins anew with every byte; the time that the operator allows is for the whole answer.
    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(connector.timeout)
    if not came:
        raise ValueError(f"no answer within {connector.timeout} seconds")
    answer = came[0]
    if isinstance(answer, HTTPError):
        raise ValueError(f"status {answer.code}")
    if isinstance(answer, URLError):
        raise ValueError(f"cannot be reached: {answer.reason}")
    if isinstance(answer, Exception):
        raise answer
    if len(answer) > _LONGEST_ANSWER:
        raise ValueError("the answer is too long")
    return answer or b"null"


_KINDS: Mapping[str, Callable[[Connector, Call], bytes]] = {"command": _command, "python": _python, "http": _http}

"""The programs that the operator lets processes call: Python functions, commands, HTTP addresses.

They are named in `charter-connectors.yaml` beside the database; a process file alone can run nothing. A call gets
JSON ({connector, case, node, attempt, key, arguments}) and gives a JSON object of records, both in the canonical
form of `values.encode`. `key` is the same each time one attempt is delivered, so that a receiver can tell a
repetition. What goes wrong in a call is a failure of one line, never an exception; what the operator must mend (the
file, an entry, a secret that is not there) is BadConnector before anybody is called. How a call is made: `calls.py`.
Invariant: no secret that is known as one is listed, recorded or told.
"""

from __future__ import annotations

import json
import os
import re
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
from charter.engine.values import canonical
from charter.runtime.audit.log import Origin
from charter.runtime.author.handed import contents, replace_durably
from charter.runtime.host import calls, secrets
from charter.runtime.host.calls import Records
from charter.runtime.host.secrets import Hide
from charter.runtime.people.organisation import admit, note
from charter.runtime.store import Store, tables as t

FILE = "charter-connectors.yaml"
_TIMEOUT = 60
_LONGEST_FILE = 1 << 20
_LONGEST_FAILURE = 300

Function = Callable[[dict[str, Any]], Any]


class BadConnector(CharterError):
    """The connectors' file, or one entry of it, cannot be understood, or is not as it may be."""

    code = "CH037"
    exit_code = 1


class NoSuchConnector(CharterError):
    """No connector of this name is registered."""

    code = "CH038"
    exit_code = 4


class SecretWritten(BadConnector):
    """A connector that is to be registered holds a secret instead of naming where it is."""

    code = "CH048"
    exit_code = 2


def _bad(name: str, detail: str) -> BadConnector:
    return BadConnector(detail, connector=name, file=FILE)


_FORMS = {
    "http": "http must be an address that begins with http:// or https://",
    "python": "python must be module:function",
}


class Connector(Struct, frozen=True):
    """kind `python` (target `module:function`), `command` (words), `http` (address); `timeout` in seconds.

    `env`: variables declared for a function or command; `headers`: of a request to an address; (name, text) each.
    """

    name: str
    kind: str
    target: str | tuple[str, ...]
    timeout: int = _TIMEOUT
    env: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    def to_data(self, hide: Hide = str) -> dict[str, Any]:
        """Gives the connector as the file holds it, each secret that it writes out through `hide`."""
        target: Any = self.target
        if self.kind == "http":
            target = secrets.address(str(target), hide)
        elif self.kind == "command":
            target = secrets.words(target, hide)
        data = {self.kind: target, "timeout": self.timeout}
        for word, pairs in (("env", self.env), ("headers", self.headers)):
            if pairs:
                data[word] = {name: secrets.named(name, value, hide) for name, value in pairs}
        return data

    def redacted(self) -> dict[str, Any]:
        """Gives the connector as it may be shown."""
        return self.to_data(lambda _: secrets.MASK)

    def written_out(self) -> list[str]:
        """Lists the secrets that the connector holds instead of naming where they are."""
        found: list[str] = []

        def keep(secret: str) -> str:
            found.append(secret)
            return secret

        self.to_data(keep)
        return found

    @classmethod
    def of(cls, name: str, data: Any) -> Connector:
        """Reads an entry of the file; raises BadConnector."""
        kinds = [k for k in ("python", "command", "http") if isinstance(data, Mapping) and k in data]
        if len(kinds) != 1:
            raise _bad(name, "it needs exactly one of python, command, http")
        kind, target, timeout = kinds[0], data[kinds[0]], data.get("timeout", _TIMEOUT)
        more = "headers" if kind == "http" else "env"
        if unknown := sorted(str(word) for word in set(data) - {kind, "timeout", more}):
            raise _bad(name, f"{kind} does not take {', '.join(unknown)}")
        if isinstance(timeout, str) and re.fullmatch(r"[0-9]{1,4}", timeout):  # a file holds texts
            timeout = int(timeout)
        if isinstance(timeout, bool) or not isinstance(timeout, int) or not 0 < timeout <= 3600:
            raise _bad(name, "timeout must be 1 to 3600 seconds")
        given = data.get(more, {})
        if not isinstance(given, Mapping) or not all(_name(n) and _line(v) for n, v in given.items()):
            raise _bad(name, f"{more} must be a table of names and texts of one line")
        pairs = {more: tuple(sorted(given.items()))}
        if kind == "command":
            if not isinstance(target, list) or not target or not all(_word(word) for word in target):
                raise _bad(name, "command must be a list of words")
            return cls(name, kind, tuple(target), timeout, **pairs)
        fits = _line(target) and (
            target.startswith(("http://", "https://", "env:", "file:")) if kind == "http" else target.count(":") == 1
        )
        if not fits:
            raise _bad(name, _FORMS[kind])
        return cls(name, kind, target, timeout, **pairs)


def _word(text: Any) -> bool:
    return isinstance(text, str) and bool(text) and "\0" not in text


def _line(text: Any) -> bool:
    return isinstance(text, str) and bool(text) and text.isprintable()


def _name(text: Any) -> bool:
    return _line(text) and text.isascii() and not set(text) & set(" =:\"'")


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


class Roll(Struct, frozen=True):
    """The connectors' file as it was read once: the SHA-256 of its bytes ("": no file) and its entries by name."""

    digest: str = ""
    entries: Mapping[str, Any] = {}

    def find(self, name: str) -> Connector | None:
        """Gives a connector, None where there is none of this name; raises BadConnector."""
        return Connector.of(name, self.entries[name]) if name in self.entries else None

    def all(self) -> dict[str, Connector]:
        """Gives the connectors by name; raises BadConnector."""
        return {name: Connector.of(name, entry) for name, entry in sorted(self.entries.items())}

    def redacted(self) -> dict[str, Any]:
        """Gives all of it as it may be recorded; what cannot be understood is null."""
        shown: dict[str, Any] = {}
        for name in sorted(self.entries):
            try:
                shown[name] = Connector.of(name, self.entries[name]).redacted()
            except BadConnector:
                shown[name] = None
        return shown


class Prepared(Struct, frozen=True):
    """A call whose connector and secrets are at hand: `make` makes it."""

    timeout: int
    secrets: tuple[str, ...]
    act: Callable[[], Records]

    def make(self) -> tuple[Records, str | None]:
        """Makes the call and gives (records, None) or ((), the failure in one line without secrets)."""
        try:
            return self.act(), None
        except Exception as cause:
            # Connectors are other people's programs: whatever they do, the case goes on with a failure.
            return (), self._told(cause)

    def _told(self, cause: Exception) -> str:
        if isinstance(cause, calls.Complained):  # masked before it is cut: half a secret is not found any more
            cause = calls.Complained(cause.code, secrets.masked(cause.line, self.secrets))
        said = shown(secrets.masked(str(cause), self.secrets))
        return (" ".join(said.split()) or type(cause).__name__)[:_LONGEST_FAILURE]


class Connectors:
    """The registered connectors of a database's folder, and functions given by an embedding program."""

    def __init__(self, folder: Path, functions: Mapping[str, Function] | None = None) -> None:
        self.path = folder / FILE
        self._functions = dict(functions or {})

    def read(self) -> Roll:
        """Reads the file, once; raises BadConnector where it is no table of connectors."""
        try:
            held = contents(self.path, _LONGEST_FILE + 1)
        except FileNotFoundError:
            return Roll()
        except OSError as cause:
            raise BadConnector(f"{FILE} cannot be read: {cause}", connector="-", file=str(self.path)) from cause
        if len(held) > _LONGEST_FILE:
            raise BadConnector(f"{FILE} is longer than {_LONGEST_FILE} bytes", connector="-", file=str(self.path))
        from charter.runtime.author.data import Unreadable, parse, text_of

        try:
            data = parse(text_of(held), ".yaml")
        except Unreadable as cause:
            if cause.arguments["told"] != "empty":
                where = FILE if cause.arguments["line"] is None else f"{FILE}:{cause.arguments['line']}"
                # Not the line itself, which may hold a secret.
                told: dict[str, Any] = {**cause.arguments, "connector": where, "given": FILE, "file": str(self.path)}
                raise BadConnector(f"{where} cannot be read: {told['told']}", **told) from cause
            data = {}
        if not isinstance(data, Mapping) or not all(isinstance(name, str) for name in data):
            raise BadConnector(f"{FILE} is not a table of connectors", connector="-", file=str(self.path))
        return Roll(sha256(held).hexdigest(), data)

    def all(self) -> dict[str, Connector]:
        """Gives the registered connectors by name; raises BadConnector."""
        return self.read().all()

    def add(self, store: Store, connector: Connector, *, by: str, at: int) -> Refusal | None:
        """Registers a connector or replaces one, on the record; for stewards. Raises SecretWritten."""
        if connector.written_out():
            raise SecretWritten(f"{connector.name} writes a secret out", connector=connector.name, file=FILE)
        return self._write(store, lambda entries: {**entries, connector.name: connector.to_data()}, by, at, "add")

    def remove(self, store: Store, name: str, *, by: str, at: int) -> Refusal | None:
        """Takes a connector off the list, on the record; for stewards. Raises NoSuchConnector."""

        def without(entries: Mapping[str, Any]) -> dict[str, Any]:
            if name not in entries:
                raise NoSuchConnector(f"no connector {name}", connector=name)
            return {n: entry for n, entry in entries.items() if n != name}

        return self._write(store, without, by, at, "remove")

    def _write(
        self, store: Store, change: Callable[[Mapping[str, Any]], dict[str, Any]], by: str, at: int, verb: str
    ) -> Refusal | None:
        import tempfile

        import yaml

        # Read inside the transaction, so that of two who change the list neither undoes the other.
        with store.write() as connection:
            changed = change(self.read().entries)
            refused = admit(connection, by, f"connectors {verb}", at=at, origin=Origin("cli"))
            if refused is not None:
                return refused
            text = yaml.safe_dump(changed, allow_unicode=True, sort_keys=True).encode()
            self._note(connection, Roll(sha256(text).hexdigest(), changed), by, at)
            handle, aside = tempfile.mkstemp(prefix=".connectors-", dir=self.path.parent)
            try:
                with os.fdopen(handle, "wb") as out:
                    out.write(text)
                    out.flush()
                    os.fsync(out.fileno())
                replace_durably(aside, self.path)
            finally:
                Path(aside).unlink(missing_ok=True)
        return None

    def note_configuration(self, connection: Connection, roll: Roll, at: int) -> None:
        """Records that the file was changed by hand since it was last looked at; in the caller's transaction."""
        self._note(connection, roll, SYSTEM.person, at)

    @staticmethod
    def _note(connection: Connection, roll: Roll, by: str, at: int) -> None:
        s = t.settings
        old = connection.execute(select(s.c.value).where(s.c.name == "connectors")).scalar()
        if (old or "") == roll.digest:
            return
        told = ConnectorsChanged(old, roll.digest, roll.redacted())
        origin = Origin("file" if by == SYSTEM.person else "cli")
        note(connection, told, by, at=at, origin=origin)

    def prepare(self, roll: Roll, call: Call) -> Prepared:
        """Makes a call ready, so that what is left to go wrong is the call's own; raises BadConnector."""
        given = self._functions.get(call.connector)
        if given is not None:
            return Prepared(_TIMEOUT, (), lambda: calls.records(given(json.loads(call.to_bytes()))))
        connector = roll.find(call.connector)
        if connector is None:

            def nothing() -> Records:
                raise calls.Failed(f"connector {call.connector} is not registered")

            return Prepared(_TIMEOUT, (), nothing)
        return self._ready(connector, call)

    def call(self, call: Call) -> tuple[Records, str | None]:
        """Makes a call at once: (records, None) or ((), the failure in one line). Raises BadConnector."""
        return self.prepare(self.read(), call).make()

    def _ready(self, connector: Connector, call: Call) -> Prepared:
        known = connector.written_out()
        folder, timeout = self.path.parent, connector.timeout

        def real(text: str) -> str:
            return secrets.resolve(text, folder, known)

        try:
            if connector.kind == "http":
                headers = {name: real(value) for name, value in connector.headers}
                headers |= {"Content-Type": "application/json", "Idempotency-Key": calls.header(call.key)}
                address = real(str(connector.target))

                def act() -> Records:
                    return calls.read(calls.ask(address, call.to_bytes(), timeout, headers))

            else:
                is_command = connector.kind == "command"
                command = list(map(real, connector.target)) if is_command else calls.python(str(connector.target))
                declared = {name: real(value) for name, value in connector.env}

                def act() -> Records:
                    variables = calls.environment(declared, call.key)
                    return calls.read(calls.run(command, call.to_bytes(), timeout, variables, folder))

        except secrets.Unresolved as cause:
            raise _bad(connector.name, str(cause)) from cause
        return Prepared(timeout, tuple(known), act)

"""One call of a connector, made: a program is run, or an address is asked.

Bounded in time, and in the length of its answer while that is read. A program runs in a session of its own, in the
database's folder, with a clean environment, and ends with all that it began. The module knows neither the list of
connectors nor cases. Whatever goes wrong is an exception whose text is for one line.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from charter.engine.values import decode

_T = TypeVar("_T")

# Pairs of a record's name and its encoded value.
Records = tuple[tuple[str, Any], ...]

LONGEST_ANSWER = 4 << 20
# Of what a program complains, the end is kept: this much (bytes) while it runs, this much (characters) to be told.
_COMPLAINT, _TOLD = 1 << 16, 250
# What a program gets of the host's environment (without LD_LIBRARY_PATH some Pythons do not begin); all else must be
# declared.
_PASSED = frozenset(
    [
        "PATH",
        "LD_LIBRARY_PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "TMPDIR",
        "TZ",
        "LANG",
        "LANGUAGE",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ]
)

_UNDER_WAY: set[Any] = set()

# Runs in a process of its own, so that it can be ended in time and cannot touch ours.
_PYTHON = """
import importlib, json, sys
module, _, name = sys.argv[1].partition(":")
call = json.load(sys.stdin)
out, sys.stdout = sys.stdout, sys.stderr
answer = getattr(importlib.import_module(module), name)(call)
json.dump(answer, out)
"""


class Failed(Exception):
    """The call came to nothing; the text says why."""


def environment(declared: Mapping[str, str], key: str) -> dict[bytes, bytes]:
    """Gives the environment of a program: a few variables of the host's, those declared, and the call's key."""
    passed = {name: value for name, value in os.environ.items() if name in _PASSED or name.startswith("LC_")}
    passed.setdefault("PATH", os.defpath)
    # An empty or relative part of these would be looked up wherever the program happens to run.
    for name in passed.keys() & {"PATH", "LD_LIBRARY_PATH"}:
        passed[name] = os.pathsep.join(part for part in passed[name].split(os.pathsep) if os.path.isabs(part))
    wanted = passed | dict(declared) | {"CHARTER_KEY": key}
    return {os.fsencode(name): value.encode("utf-8", "surrogateescape") for name, value in wanted.items()}


def python(target: str) -> list[str]:
    """Gives the command that calls a Python function, which is looked for where Python is installed, not here (-P)."""
    return [sys.executable, "-P", "-c", _PYTHON, target]


def run(command: Sequence[str], given: bytes, seconds: int, variables: Mapping[bytes, bytes], folder: Path) -> bytes:
    """Runs a program and gives what it answered; raises Failed, or OSError where it cannot be begun."""
    # What only a call needs is loaded by a call: every verb of the command line imports this module.
    import subprocess

    words = [word.encode("utf-8", "surrogateescape") for word in command]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        words, stdin=pipe, stdout=pipe, stderr=pipe, cwd=folder, env=variables, start_new_session=True
    )
    _UNDER_WAY.add(process)
    try:
        answer, complaint = _talk(process, given, seconds)
        _end_all(process)
        code = process.wait()
    finally:
        _end_all(process)
        process.wait()
        _UNDER_WAY.discard(process)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
    if code:
        lines = complaint.decode("utf-8", "replace").strip().splitlines()
        raise Complained(code, lines[-1] if lines else "")
    return answer or b"null"


def end_all() -> None:
    """Ends every program that is under way, for a host that waits for none of them."""
    for process in list(_UNDER_WAY):
        _end_all(process)


class Complained(Failed):
    """A program ended with an exit code; `line` is the last that it wrote to standard error, of whatever length."""

    def __init__(self, code: int, line: str) -> None:
        super().__init__(code, line)
        self.code, self.line = code, line

    def __str__(self) -> str:
        line = self.line if len(self.line) <= _TOLD else f"…{self.line[-_TOLD:]}"
        return f"exit code {self.code}" + (f": {line}" if line else "")


def _talk(process: Any, given: bytes, seconds: int) -> tuple[bytes, bytes]:
    """Hands a program its call and reads what it says until it ends, whoever else still holds its pipes."""
    import selectors

    end = time.monotonic() + seconds
    answer, complaint, sent = bytearray(), bytearray(), memoryview(given)
    with selectors.DefaultSelector() as selector:
        stream: Any
        for stream, event in (
            (process.stdin, selectors.EVENT_WRITE),
            (process.stdout, selectors.EVENT_READ),
            (process.stderr, selectors.EVENT_READ),
        ):
            os.set_blocking(stream.fileno(), False)
            selector.register(stream, event)

        def done(stream: Any) -> None:
            selector.unregister(stream)
            stream.close()

        ended = False
        while True:
            left = end - time.monotonic()
            if not ended and _has_ended(process):
                ended = True
                _end_all(process)  # what it began may write on for ever
            if left <= 0:
                if ended:
                    break
                raise Failed(f"no answer within {seconds} seconds")
            reading = len(selector.get_map())
            ready = selector.select(0 if ended else min(left, 0.05 if reading else 0.005))
            if ended and not ready:
                break
            for key, _ in ready:
                stream = key.fileobj
                if stream is process.stdin:
                    try:
                        sent = sent[os.write(stream.fileno(), sent[: 1 << 16]) :]
                    except BrokenPipeError:
                        sent = sent[:0]
                    except BlockingIOError:
                        continue
                    if not sent:
                        done(stream)
                    continue
                try:
                    read = os.read(stream.fileno(), 1 << 16)
                except BlockingIOError:
                    continue
                if not read:
                    done(stream)
                elif stream is process.stdout:
                    answer += read
                    if len(answer) > LONGEST_ANSWER:
                        raise Failed("the answer is too long")
                else:
                    complaint += read
                    del complaint[:-_COMPLAINT]
    return bytes(answer), bytes(complaint)


def _has_ended(process: Any) -> bool:
    # Looked at without being taken off, so that its number, which is also its group's, cannot be another's yet.
    if hasattr(os, "waitid"):
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return process.poll() is not None


def _end_all(process: Any) -> None:
    import contextlib
    import signal

    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def header(text: str) -> str:
    """Gives a text as a header may hold it: visible ASCII, all else percent-encoded in UTF-8 (RFC 3986)."""
    from urllib.parse import quote

    return quote(text, safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~")


def uri(address: str) -> str:
    """Gives an address in ASCII: the host's name by IDNA, all else percent-encoded in UTF-8 (RFC 3987, 3.1)."""
    from urllib.parse import quote, urlsplit, urlunsplit

    if address.isascii():
        return address
    parts = urlsplit(address)
    safe = "!#$%&'()*+,/:;=?@[]~"
    user, at, host = parts.netloc.rpartition("@")
    name, colon, port = host.partition(":")
    if not name.isascii():
        name = name.encode("idna").decode("ascii")
    place = f"{quote(user, safe=safe)}{at}{name}{colon}{port}"
    return urlunsplit((parts.scheme, place, *(quote(part, safe=safe) for part in parts[2:])))


def ask(address: str, given: bytes, seconds: int, headers: Mapping[str, str]) -> bytes:
    """Sends the call to an address and gives its answer; raises Failed or whatever urllib raises."""
    from urllib.error import HTTPError, URLError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class NoRedirect(HTTPRedirectHandler):
        """The operator registered one address; a redirect is not that address."""

        def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
            return None

    # Declared headers are bytes of UTF-8 on the line, which the library writes as the Latin-1 that they look like.
    told = {name: value.encode("utf-8").decode("latin-1") for name, value in headers.items()}
    request = Request(uri(address), data=given, headers=told, method="POST")
    end = time.monotonic() + seconds

    def talk() -> bytes:
        with build_opener(NoRedirect).open(request, timeout=seconds) as response:
            answer = bytearray()
            while time.monotonic() < end and len(answer) <= LONGEST_ANSWER:
                if not (read := response.read1(1 << 16)):
                    return bytes(answer)
                answer += read
            raise Failed("the answer is too long" if len(answer) > LONGEST_ANSWER else _late(seconds))

    try:
        return within(seconds, talk) or b"null"
    except HTTPError as cause:
        raise Failed(f"status {cause.code}") from cause
    except URLError as cause:
        raise Failed(f"cannot be reached: {cause.reason}") from cause


def within(seconds: int, act: Callable[[], _T]) -> _T:
    """Gives what an act gives or raises what it raises; raises Failed where it takes longer, and lets it be.

    A socket's time-out begins anew with every byte; the time that the operator allows is for the whole.
    """
    from threading import Thread

    came: list[tuple[_T | None, Exception | None]] = []

    def try_it() -> None:
        try:
            came.append((act(), None))
        except Exception as cause:
            came.append((None, cause))

    trying = Thread(target=try_it, daemon=True)
    trying.start()
    trying.join(seconds)
    if not came:
        raise Failed(_late(seconds))
    answer, failure = came[0]
    if failure is not None:
        raise failure
    return cast("_T", answer)


def _late(seconds: int) -> str:
    return f"no answer within {seconds} seconds"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    from charter.runtime.author.data import repeated

    if (name := repeated(pairs)) is not None:
        raise Failed(f"the answer gives `{name}` twice")
    return dict(pairs)


def read(answer: bytes) -> Records:
    """Reads an answer as records; raises Failed or ValueError."""
    try:
        found = json.loads(answer, parse_float=lambda text: {"number": text}, object_pairs_hook=_once)
    except (json.JSONDecodeError, UnicodeDecodeError) as cause:
        raise Failed(f"the answer is not JSON: {cause}") from cause
    return records(found)


def records(answer: Any) -> Records:
    """Takes an answer for records; raises Failed or ValueError."""
    if answer is None:
        return ()
    if not isinstance(answer, Mapping) or not all(isinstance(name, str) for name in answer):
        raise Failed("the answer is not a JSON object of records")
    for value in answer.values():
        decode(value)
    return tuple(answer.items())

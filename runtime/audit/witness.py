"""A witness: a small process that co-signs checkpoints of logs, each only if it continues the one before.

Whoever runs it need not trust the log: two stories about one history do not both get its signature. The protocol is
C2SP tlog-witness (`POST /add-checkpoint`), the signature a tlog-cosignature. What it signed last is in a file beside
its key, written before it answers. `cosigned` is the log's side. Knows no database.
"""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from msgspec.structs import replace

from charter.engine.errors import CharterError
from charter.runtime.audit import tree
from charter.runtime.audit.keys import PrivateKey
from charter.runtime.audit.notes import (
    COSIGNED,
    BadNote,
    Checkpoint,
    Key,
    cosigned as message_of,
    hashes,
    is_number,
    line,
    signatures,
)

LARGEST = 1 << 16  # bytes of a request
Answer = tuple[int, str, str]  # status, media type, body
_TEXT, _SIZE = "text/plain; charset=utf-8", "text/x.tlog.size"


class Unwitnessed(CharterError):
    """A witness did not co-sign."""

    code = "CH074"
    exit_code = 1


class Witness:
    """Co-signs for these logs, with this key under this name; `path`: where it keeps what it signed last."""

    def __init__(self, private: PrivateKey, name: str, logs: Iterable[Key], path: Path) -> None:
        self.key = Key(name, private.public(), COSIGNED)
        self._private = private
        self._logs: dict[str, list[Key]] = {}
        for log in logs:
            self._logs.setdefault(log.name, []).append(log)
        self._path = path
        self._one_at_a_time = threading.Lock()

    def last(self, origin: str) -> Checkpoint | None:
        """Gives what it signed last of a log."""
        note = self._kept().get(origin)
        return None if note is None else Checkpoint.read(note)

    def answer(self, body: bytes, now: int) -> Answer:
        """Answers one request, as the protocol says; `now`: seconds since the epoch."""
        try:
            above, blank, note = body.decode().partition("\n\n")
            first, *proof = above.split("\n")
            word, _, size = first.partition(" ")
            if not blank or word != "old" or not is_number(size):
                return 400, _TEXT, "not a request\n"
            path, checkpoint, old = hashes(proof), Checkpoint.read(note), int(size)
        except (BadNote, ValueError):
            return 400, _TEXT, "not a request\n"
        known = self._logs.get(checkpoint.origin)
        if known is None:
            return 404, _TEXT, "unknown log\n"
        signed = [checkpoint.signed_by(key) for key in known]
        if False in signed or True not in signed:
            return 403, _TEXT, "not signed by the log\n"
        if old > checkpoint.size:
            return 400, _TEXT, "smaller than the old size\n"
        with self._one_at_a_time:
            return self._judge(checkpoint, old, path, now)

    def _judge(self, checkpoint: Checkpoint, old: int, path: Sequence[bytes], now: int) -> Answer:
        last = self.last(checkpoint.origin)
        size, root = (0, tree.EMPTY) if last is None else (last.size, last.root)
        if old != size:
            return 409, _SIZE, f"{size}\n"
        if old == checkpoint.size and root != checkpoint.root:
            return 409, _SIZE, f"{size}\n"
        if old == 0 and path:
            return 422, _TEXT, "a proof from nothing is empty\n"
        if old > 0 and not tree.continues(old, checkpoint.size, root, checkpoint.root, path):
            return 422, _TEXT, "it does not continue what was signed before\n"
        self._keep(checkpoint)
        signature = self._private.sign(message_of(checkpoint.text, now))
        return 200, _TEXT, line(self.key.name, self.key.id + now.to_bytes(8, "big") + signature)

    def _kept(self) -> dict[str, str]:
        try:
            kept: dict[str, str] = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return kept

    def _keep(self, checkpoint: Checkpoint) -> None:
        kept = {**self._kept(), checkpoint.origin: checkpoint.note()}
        new = self._path.with_name(f"{self._path.name}.new")
        with open(new, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            json.dump(kept, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self._path)


def server(witness: Witness, port: int, clock: Callable[[], float] = time.time) -> ThreadingHTTPServer:
    """Gives a server of a witness on this machine alone (port 0: any that is free); to be run by `serve_forever`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if self.path != "/add-checkpoint" or not is_number(length) or int(length) > LARGEST:
                self.close_connection = True
                self._say(404 if self.path != "/add-checkpoint" else 400, _TEXT, "not a request\n")
                return
            self._say(*witness.answer(self.rfile.read(int(length)), int(clock())))

        def _say(self, status: int, media: str, text: str) -> None:
            held = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(held)))
            self.end_headers()
            self.wfile.write(held)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing: what it signed is in its file."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def cosigned(
    checkpoint: Checkpoint, url: str, witness: Key, proof: Callable[[int, int], Sequence[bytes]], timeout: float = 20
) -> Checkpoint:
    """Has a witness co-sign a checkpoint; `proof(old, size)` gives the hashes by which it continues an older one.

    Raises Unwitnessed, also where what comes back is not that witness's signature.
    """
    old = 0
    for _ in range(3):  # others may be faster in between
        path = proof(old, checkpoint.size)
        proofs = "".join(f"{text}\n" for text in map(_written, path))
        status, said = _post(f"{url.rstrip('/')}/add-checkpoint", f"old {old}\n{proofs}\n{checkpoint.note()}", timeout)
        if status == 409 and is_number(said.strip()) and old != (size := int(said)) and size <= checkpoint.size:
            old = size
            continue
        if status != 200:
            raise Unwitnessed("refused", url=url, detail=f"{status} {said.strip()[:200]}")
        signed = replace(checkpoint, signatures=(*checkpoint.signatures, *_lines(said)))
        if not signed.signed_by(witness):
            raise Unwitnessed("not its signature", url=url, detail=f"{status} {witness.text()}")
        return signed
    raise Unwitnessed("too busy", url=url, detail="409")


def _lines(said: str) -> tuple[tuple[str, bytes], ...]:
    try:
        return signatures(said)
    except BadNote:
        return ()


def _written(held: bytes) -> str:
    from base64 import b64encode

    return b64encode(held).decode()


def _post(url: str, body: str, timeout: float) -> tuple[int, str]:
    request = urllib.request.Request(url, body.encode(), {"Content-Type": _TEXT}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read(LARGEST).decode("utf-8", "replace")
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read(LARGEST).decode("utf-8", "replace")
    except (OSError, ValueError) as cause:
        raise Unwitnessed(str(cause), url=url, detail=str(getattr(cause, "reason", cause))) from cause

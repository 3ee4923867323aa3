"""A witness co-signs what continues the last checkpoint that it signed, and nothing else; over HTTP, as logs ask."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.properties.test_tree import plain, subtree

from charter.runtime.audit import tree, witness
from charter.runtime.audit.keys import PrivateKey
from charter.runtime.audit.notes import Checkpoint, Key
from charter.runtime.audit.witness import Unwitnessed, Witness, cosigned, server

LOG = PrivateKey.new()
NAME = "example.com/log"
KEY = Key(NAME, LOG.public())


def checkpoint(bodies: list[bytes], name: str = NAME, key: PrivateKey = LOG) -> Checkpoint:
    made = Checkpoint(name, len(bodies), plain(bodies))
    held = Key(name, key.public()).id + key.sign(made.text.encode())
    return Checkpoint(made.origin, made.size, made.root, ((name, held),))


@pytest.fixture
def one(tmp_path: Path) -> Witness:
    return Witness(PrivateKey.new(), "example.org/w", [KEY], tmp_path / "w.signed")


@pytest.fixture
def url(one: Witness) -> Iterator[str]:
    with server(one, 0, clock=lambda: 1_772_413_200.0) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_address[1]}"
        serving.shutdown()


BODIES = [bytes([number]) for number in range(20)]


def asks(one: Witness, url: str, bodies: list[bytes]) -> Checkpoint:
    return cosigned(checkpoint(bodies), url, one.key, lambda old, size: tree.consistency(old, size, subtree(bodies)))


def test_what_continues_is_cosigned_and_what_does_not_is_refused(one: Witness, url: str, tmp_path: Path) -> None:
    for size in (3, 3, 7, 20):
        signed = asks(one, url, BODIES[:size])
        assert signed.signed_by(one.key) and signed.signed_by(KEY)
        assert Checkpoint.read(signed.note()) == signed
    other = [*BODIES[:5], b"other", *BODIES[6:], b"more"]
    for bodies, status in ((other, "422"), (other[:20], "409"), (BODIES[:10], "409")):
        with pytest.raises(Unwitnessed) as refused:
            asks(one, url, bodies)
        assert refused.value.arguments["detail"].startswith(status)
    again = Witness(PrivateKey.new(), "example.org/w", [KEY], tmp_path / "w.signed")  # as after a restart
    last = again.last(NAME)
    assert last is not None and last.size == 20


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("old 1", 400),
        ("old 01\n\n" + checkpoint(BODIES).note(), 400),
        ("old 21\n\n" + checkpoint(BODIES).note(), 400),
        ("old 0\nAAAA\n\n" + checkpoint(BODIES).note(), 400),
        ("old 0\n\n" + checkpoint(BODIES, "example.com/none").note(), 404),
        ("old 0\n\n" + checkpoint(BODIES, NAME, PrivateKey.new()).note(), 403),
        ("old 5\n\n" + checkpoint(BODIES).note(), 409),
        ("old 0\n" + "A" * 43 + "=\n\n" + checkpoint(BODIES).note(), 422),
        ("old 0\n\n" + checkpoint(BODIES).note(), 200),
    ],
)
def test_each_request_is_answered_as_the_protocol_says(one: Witness, body: str, status: int) -> None:
    found, media, text = one.answer(body.encode(), 1)
    assert found == status
    assert status != 409 or (media, text) == ("text/x.tlog.size", "0\n")


def test_a_witness_that_is_another_or_not_there_is_told(one: Witness, url: str) -> None:
    stranger = Key("example.org/w", PrivateKey.new().public(), one.key.sort)
    with pytest.raises(Unwitnessed):
        cosigned(checkpoint(BODIES), url, stranger, lambda old, size: [])
    with pytest.raises(Unwitnessed):
        cosigned(checkpoint(BODIES), "http://127.0.0.1:9", one.key, lambda old, size: [], timeout=2)


def test_what_was_signed_is_kept_before_the_answer(one: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr(witness.os, "replace", full)
    with pytest.raises(OSError):
        one.answer(f"old 0\n\n{checkpoint(BODIES).note()}".encode(), 1)
    assert one.last(NAME) is None

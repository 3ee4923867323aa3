"""What races, crashes and somebody with the file and without scruples do: nothing is lost, half, or hidden."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.hands import unguarded
from tests.leave import HELLO, count, host, kinds

from charter.runtime.audit.verify import verify
from charter.runtime.host.cases import Cases
from charter.runtime.store import Store
from charter.runtime.store.errors import NotText

ROOT = Path(__file__).resolve().parents[2]

# -- races and crashes -------------------------------------------------------------------------------------------------


def run(script: str, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


RACER = """
import sys
from charter.runtime.host.cases import Cases
from charter.runtime.store import open_store
host = Cases(open_store(sys.argv[1]))
print("there", flush=True)
for case in sys.stdin.read().split():
    refused = host.perform(case, person=sys.argv[2], verb="claim", node="ask").refusal
    print(case, refused.code if refused else "won")
"""


def test_two_who_want_the_same_work_one_gets_it_and_the_other_is_told(store: Store, path: Path) -> None:
    opened = host(store)
    ids = [opened.start("leave", person="li").case for _ in range(30)]
    racers = {person: run(RACER, str(path), person) for person in ("li", "zhao")}
    for racer in racers.values():
        assert racer.stdout is not None
        assert racer.stdout.readline() == "there\n"
    for racer in racers.values():
        assert racer.stdin is not None
        racer.stdin.write(" ".join(ids))
        racer.stdin.close()
    results: dict[str, dict[str, str]] = {}
    for person, racer in racers.items():
        assert racer.stdout is not None
        results[person] = dict(line.split() for line in racer.stdout.read().splitlines())
        assert racer.wait() == 0
    for case in ids:
        told = sorted((results["li"][case], results["zhao"][case]))
        assert told[1] == "won"
        assert told[0] in ("CH502", "CH507", "CH520")
        winner = "li" if results["li"][case] == "won" else "zhao"
        assert opened.state(case).nodes["ask"].holder == winner
    assert verify(store).sound


WRITER = """
import sys
from charter.runtime.host.cases import Cases
from charter.runtime.store import open_store
host = Cases(open_store(sys.argv[1]))
while True:
    case = host.start("leave", person="li").case
    host.perform(case, person="li", verb="complete", node="ask", records={"request": {"text": "hello"}})
    done = host.perform(case, person="wang", verb="reject", node="decide", reason="no")
    print(case, done.state.commands, flush=True)
"""


def test_a_host_killed_at_any_moment_leaves_nothing_lost_and_nothing_half(store: Store, path: Path) -> None:
    host(store)
    acknowledged: dict[str, int] = {}
    for round_ in range(6):
        writer = run(WRITER, str(path))
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(0.013 * round_)  # killed at another point each time; nothing is measured
        writer.send_signal(signal.SIGKILL)
        lines = (first + writer.stdout.read()).splitlines(keepends=True)
        writer.wait()
        # the last line may be cut anywhere
        told = (line.split() for line in lines if line.endswith("\n"))
        acknowledged.update((case, int(version)) for case, version in told)
        fresh = Cases(store)
        for case, version in acknowledged.items():
            assert fresh.state(case).commands == version
        found = verify(store)
        assert found.sound, found
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    raw.close()
    assert len(acknowledged) >= 6


# -- a trail tells on tampering ----------------------------------------------------------------------------------------


def tampered(path: Path, *statements: str) -> None:
    """Does what somebody with the file and without scruples can."""
    raw = sqlite3.connect(path)
    with unguarded(raw):
        for statement in statements:
            raw.execute(statement)
    raw.commit()
    raw.close()


CASE = "\"case\" <> 'organisation'"
BODY = "UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), '{}', '{}') AS BLOB) WHERE seq = {} AND " + CASE
LAST = f"seq = (SELECT max(seq) FROM entries WHERE {CASE}) AND {CASE}"


@pytest.mark.parametrize(
    ("statements", "verdict", "seq", "why"),
    [
        ([BODY.format('"hello"', '"hallo"', 3)], "integrity", 4, "chain_broken"),
        ([BODY.format("{", "[", 3)], "integrity", 3, "unreadable"),
        ([f"UPDATE entries SET actor = 'zhao' WHERE seq = 3 AND {CASE}"], "integrity", 3, "columns_differ"),
        ([f"DELETE FROM entries WHERE seq = 3 AND {CASE}"], "completeness", 3, "gap"),
        ([f"DELETE FROM entries WHERE {LAST}"], "completeness", 6, "count_differs"),
        (["UPDATE cases SET head = 'x'"], "integrity", 6, "head_differs"),
        (["UPDATE contents SET body = replace(body, 'hello', 'hallo')"], "truth", None, "table_differs"),
        (["DELETE FROM cases"], "completeness", 1, "no_such_case"),
    ],
)
def test_tampering_is_found_and_located(
    store: Store, path: Path, statements: list[str], verdict: str, seq: int | None, why: str
) -> None:
    opened = host(store)
    case = opened.start("leave", person="li").case
    opened.perform(case, person="li", verb="complete", node="ask", records=HELLO)
    opened.perform(case, person="wang", verb="comment", text="hm")
    assert count(store) - len(kinds(store)) == 6
    assert verify(store).sound
    store.close()
    tampered(path, *statements)
    found = getattr(verify(store), verdict)
    assert not found.sound
    assert (found.fault.seq, found.fault.why) == (seq, why)


def test_a_case_taken_out_with_all_its_records_leaves_its_number_behind(store: Store, path: Path) -> None:
    opened = host(store)
    first, _second = (opened.start("leave", person="li").case for _ in range(2))
    store.close()
    tampered(path, f"DELETE FROM entries WHERE \"case\" = '{first}'", f"DELETE FROM cases WHERE id = '{first}'")
    fault = verify(store).completeness.fault
    assert fault is not None
    assert (fault.case, fault.why) == ("#1", "case_missing")


def test_a_history_rewritten_with_its_chain_is_not_what_the_definition_produces(store: Store, path: Path) -> None:
    """Recomputing every hash makes integrity and completeness good again; truth still tells."""
    import json
    from hashlib import sha256

    opened = host(store)
    case = opened.start("leave", person="li").case
    opened.perform(case, person="li", verb="complete", node="ask", records=HELLO)
    store.close()
    raw = sqlite3.connect(path)
    prev = "0" * 64
    with unguarded(raw):
        told = 'SELECT position, body FROM entries WHERE "case" = ? ORDER BY seq'
        for position, body in raw.execute(told, (case,)).fetchall():
            fields = json.loads(body)
            fields["prev"] = prev
            if fields["kind"] == "completed" and fields.get("element") == "ask":
                fields["actor"] = "zhao"
                raw.execute("UPDATE entries SET actor = 'zhao' WHERE position = ?", (position,))
            text = json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
            raw.execute("UPDATE entries SET body = ? WHERE position = ?", (text, position))
            prev = sha256(text).hexdigest()
        raw.execute("UPDATE cases SET head = ?", (prev,))
    raw.commit()
    raw.close()
    found = verify(store)
    assert found.integrity.sound
    assert found.completeness.sound
    assert found.truth.fault is not None
    assert (found.truth.fault.case, found.truth.fault.why) == (case, "differs_from_replay")


@pytest.mark.parametrize("text", ["\ud800", "a\x00b", "e\u0301", "😀" * 100])
def test_any_text_is_either_kept_or_refused_with_a_code(store: Store, text: str) -> None:
    opened = host(store)
    case = opened.start("leave", person="li").case
    send: Callable[..., Any] = opened.perform
    if text == "\ud800":
        with pytest.raises(NotText):
            send(case, person="li", verb="complete", node="ask", records={"request": {"text": text}})
        with pytest.raises(NotText):
            send(case, person=text, verb="claim", node="ask")
    else:
        assert send(case, person="li", verb="complete", node="ask", records={"request": {"text": text}}).refusal is None
    assert verify(store).sound

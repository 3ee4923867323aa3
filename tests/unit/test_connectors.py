"""Connectors: what may be called and how, within which bounds, and that no secret is told."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, strategies as st
from sqlalchemy import select
from tests.founded import founded

from charter.runtime.audit.log import ORGANISATION, load
from charter.runtime.host import calls, secrets
from charter.runtime.host.connectors import BadConnector, Call, Connector, Connectors, NoSuchConnector, SecretWritten
from charter.runtime.store import Store
from charter.runtime.store.tables import settings


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with founded(tmp_path / "a.db", clock=lambda: 0) as opened:
        yield opened


def kinds(store: Store) -> list[str]:
    with store.read() as connection:
        return [s.fields["kind"] for s in load(connection, ORGANISATION, since=3)]


CALL = Call("c", "case1", "work[2]", 3, (("request", {"money": "5", "currency": "CNY"}),))
ANSWER = ((("quote", {"price": 7}),), None)


class _Server(http.server.BaseHTTPRequestHandler):
    seen: ClassVar[list[tuple[str | None, Any]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.headers["Idempotency-Key"], body["arguments"]))
        answers = {"/ok": (200, b'{"quote": {"price": 7}}'), "/bad": (500, b""), "/text": (200, b"hello")}
        if self.path == "/drops":
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):  # until the other side has gone
                while self.wfile.write(b" "):
                    time.sleep(0.1)
            return
        code, content = answers.get(self.path.partition("?")[0], (302, b""))
        self.send_response(code)
        if code == 302:
            self.send_header("Location", "/ok")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keeps the test's output clean."""


@pytest.fixture
def address() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_command_a_function_and_an_address_answer_alike(tmp_path: Path, store: Store, address: str) -> None:
    (tmp_path / "quotes.py").write_text(
        "def quote(call):\n"
        "    print('noise')\n"
        "    assert call['key'] == 'case1:work[2]:3' and call['arguments']['request']['money'] == '5'\n"
        "    return {'quote': {'price': 7}}\n"
    )
    (tmp_path / "quote.json").write_text('{"quote": {"price": 7}}')
    connectors = Connectors(tmp_path)
    for data in (
        {"python": "quotes:quote", "env": {"PYTHONPATH": str(tmp_path)}},
        {"command": ["sh", "-c", "cat > /dev/null; test $CHARTER_KEY = 'case1:work[2]:3' && cat quote.json"]},
        {"http": f"{address}/ok"},
    ):
        connectors.add(store, Connector.of("c", data), by="root", at=1)
        assert connectors.call(CALL) == ANSWER
    assert _Server.seen == [("case1:work[2]:3", {"request": {"money": "5", "currency": "CNY"}})]
    assert kinds(store) == ["connectors_changed"] * 3


@pytest.mark.parametrize(
    "data",
    [
        {"command": ["false"]},
        {"command": ["/no/such/program"]},
        {"command": ["echo", "[1]"]},
        {"command": ["echo", "{"]},
        {"command": ["echo", '{"request": {"text": "a", "text": "b"}}']},
        {"command": ["echo", '{"request": NaN}']},
        {"command": ["sh", "-c", "sleep 60 & sleep 60"], "timeout": 1},
        {"python": "no_such_module:f"},
        {"http": "http://127.0.0.1:9/"},
        {"http": "{address}/bad"},
        {"http": "{address}/text"},
        {"http": "{address}/elsewhere"},
        {"http": "{address}/drops", "timeout": 1},
        {"command": ["sh", "-c", "printf '\\033]0;x\\007' >&2; exit 1"]},
        {"command": ["sh", "-c", "yes"]},
        {"command": ["sh", "-c", "yes >&2"], "timeout": 1},
        {"command": ["sh", "-c", "yes & exit 1"]},
    ],
)
def test_whatever_goes_wrong_is_a_failure_of_one_line(
    tmp_path: Path, store: Store, address: str, data: dict[str, Any]
) -> None:
    if "http" in data:
        data = {**data, "http": data["http"].format(address=address)}
    connectors = Connectors(tmp_path)
    connectors.add(store, Connector.of("c", data), by="root", at=1)
    records, failure = connectors.call(CALL)
    assert records == ()
    assert failure
    assert failure.isprintable()


def test_nothing_runs_that_is_not_registered(tmp_path: Path, store: Store) -> None:
    connectors = Connectors(tmp_path)
    assert connectors.call(CALL) == ((), "connector c is not registered")
    with pytest.raises(NoSuchConnector):
        connectors.remove(store, "c", by="root", at=1)
    wrong: tuple[Any, ...] = (
        None,
        {},
        {"command": "rm"},
        {"python": "os"},
        {"http": "ftp://x"},
        {"http": "http://x\ny"},
    )
    named = [{"command": ["a"], "env": {name: "x"}} for name in ("", "A\nB", "A B", "Ä")]
    for bad in (*wrong, *named, {"command": ["a"], "timeout": 0}):
        with pytest.raises(BadConnector):
            Connector.of("c", bad)


def test_a_hand_on_the_connectors_file_is_recorded_once(tmp_path: Path, store: Store) -> None:
    connectors = Connectors(tmp_path)
    connectors.path.write_text("c: {command: [echo, '{}']}\n")
    for _ in range(2):
        with store.write() as connection:
            connectors.note_configuration(connection, connectors.read(), 1)
    assert kinds(store) == ["connectors_changed"]
    with store.read() as connection:
        assert connection.execute(select(settings.c.name)).scalars().all() == ["connectors"]


def registered(tmp_path: Path, text: str) -> Connectors:
    """Writes the file as an operator's hand does."""
    connectors = Connectors(tmp_path)
    connectors.path.write_text(text, "utf-8")
    return connectors


@pytest.mark.parametrize("key", ["询价", "fiancée[2]", "plain[1]", "%41"])
def test_an_address_is_called_for_an_element_of_any_name(tmp_path: Path, store: Store, address: str, key: str) -> None:
    _Server.seen.clear()
    connectors = Connectors(tmp_path)
    given = {"http": f"{address}/ok?für=询价", "headers": {"X-From": "车间"}}
    connectors.add(store, Connector.of("c", given), by="root", at=1)
    for node in (key, f"{key}x"):
        assert connectors.call(Call("c", "case1", node, 1, ())) == ANSWER
    (one, _), (other, _) = _Server.seen
    assert one is not None and one.isascii() and other != one


def test_an_address_is_written_in_ascii() -> None:
    assert calls.uri("https://例子.example:8080/路径?a=b&c=%20ü#x") == (
        "https://xn--fsqu00a.example:8080/%E8%B7%AF%E5%BE%84?a=b&c=%20%C3%BC#x"
    )
    assert calls.uri("http://erp.example/a b") == "http://erp.example/a b"


SECRET = "hunter2-Geheim"


@pytest.mark.parametrize(
    "data",
    [
        {"http": f"https://user:{SECRET}@erp.example/"},
        {"http": f"https://{SECRET}@erp.example/"},
        {"http": f"https://{SECRET}:@erp.example/"},
        {"http": f"https://erp.example/?a=b&access_token={SECRET}"},
        {"http": "https://erp.example/", "headers": {"Authorization": f"Bearer {SECRET}"}},
        {"http": "https://erp.example/", "headers": {"X-Api-Key": SECRET}},
        {"command": ["erp", "--token", SECRET]},
        {"command": ["sh", "-c", f"erp --token {SECRET}\n"]},
        {"command": [f"erp  --url=https://li:{SECRET}@erp.example/ x"]},
        {"command": ["erp", f"--db-password={SECRET}"]},
        {"command": ["curl", "-H", f"Authorization: Bearer {SECRET}", "https://erp.example"]},
        {"command": ["curl", f"https://user:{SECRET}@erp.example"]},
        {"command": ["erp"], "env": {"ERP_SECRET": SECRET}},
        {"python": "erp:call", "env": {"apiKey": SECRET}},
        {"command": ["erp", f"密码={SECRET}"]},
    ],
)
def test_a_secret_written_out_is_refused_and_never_recorded(tmp_path: Path, store: Store, data: dict[str, Any]) -> None:
    connectors = Connectors(tmp_path)
    with pytest.raises(SecretWritten) as refused:
        connectors.add(store, Connector.of("c", data), by="root", at=1)
    assert SECRET not in str(refused.value)
    # by hand it may stand in the file, which is the operator's, and nowhere else
    registered(tmp_path, json.dumps({"c": data}))
    with store.write() as connection:
        connectors.note_configuration(connection, connectors.read(), 2)
    with store.read() as connection:
        told = [sealed.body for sealed in load(connection, ORGANISATION)]
    assert "connectors_changed" in str(told[-1])
    assert SECRET not in str(told)
    assert SECRET not in json.dumps(connectors.all()["c"].redacted())
    assert connectors.all()["c"].to_data() == {**data, "timeout": 60}


def test_what_names_a_secret_is_taken_and_shown_as_it_is(tmp_path: Path, store: Store) -> None:
    data = {
        "command": [
            "erp",
            "--token",
            "env:ERP",
            "--tokenizer",
            "plain",
            "--mode=token",
            "file:///srv/a",
            "https://a/b?c=d",
        ],
        "timeout": 5,
        "env": {"ERP_SECRET": "file:secret.txt", "MODE": "env:MODE"},
    }
    connectors = Connectors(tmp_path)
    assert connectors.add(store, Connector.of("c", data), by="root", at=1) is None
    assert connectors.all()["c"].redacted() == data


def test_secrets_are_read_when_a_call_is_made_and_left_out_of_what_goes_wrong(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.txt").write_text("from-a-file\n")
    monkeypatch.setenv("ERP", SECRET)
    shows = 'echo noise >&2; echo "$ERP_SECRET and $0 $1 of $2 no" >&2; exit 3'
    connectors = Connectors(tmp_path)
    data = {
        "command": ["sh", "-c", shows, "--token=env:ERP", "x" * 40, "y" * 300],
        "env": {"ERP_SECRET": "file:secret.txt"},
    }
    connectors.add(store, Connector.of("c", data), by="root", at=1)
    records, failure = connectors.call(CALL)
    assert (records, failure) == ((), f"exit code 3: …{'y' * 247} no")
    data["command"] = ["sh", "-c", shows, "--token=env:ERP", "x", "y"]
    connectors.add(store, Connector.of("c", data), by="root", at=1)
    assert connectors.call(CALL)[1] == "exit code 3: *** and --token=*** x of y no"
    monkeypatch.delenv("ERP")
    with pytest.raises(BadConnector, match="env:ERP is not set"):
        connectors.call(CALL)


@given(st.text("ab", min_size=1, max_size=3), st.text("abc ", max_size=40))
def test_a_masked_text_holds_no_secret(secret: str, text: str) -> None:
    assert secret not in secrets.masked(text, [secret])


def test_a_program_gets_a_clean_environment_and_the_databases_folder(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("SOME_TOKEN", SECRET)
    monkeypatch.setenv("PATH", f".::{os.environ['PATH']}")
    names = "$(env | cut -d= -f1 | sort | tr '\\n' ' ')"
    says = f'echo "{{\\"found\\": {{\\"names\\": \\"{names}\\", \\"at\\": \\"$(pwd -P)|$PATH\\"}}}}"'
    connectors = Connectors(tmp_path)
    connectors.add(store, Connector.of("c", {"command": ["sh", "-c", says], "env": {"MODE": "x"}}), by="root", at=1)
    ((_, found),), failure = connectors.call(CALL)
    assert failure is None
    assert "SOME_TOKEN" not in found["names"] and "CHARTER_KEY" in found["names"] and "MODE" in found["names"]
    assert found["at"].split("|")[0] == str(tmp_path.resolve())
    assert all(os.path.isabs(part) for part in found["at"].split("|")[1].split(":"))


def test_no_code_of_the_folder_is_loaded(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "acme.py").write_text("def q(call):\n    return {'quote': 'hijacked'}\n")
    (tmp_path / "json.py").write_text("raise SystemExit('hijacked')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    connectors = Connectors(tmp_path)
    connectors.add(store, Connector.of("c", {"python": "acme:q"}), by="root", at=1)
    records, failure = connectors.call(CALL)
    assert records == ()
    assert failure is not None and "No module named 'acme'" in failure


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with contextlib.suppress(OSError):  # one that has ended, and that nobody has looked after yet, is gone
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


@pytest.mark.parametrize("ending", ["echo '{}'", "exit 1", "sleep 60"])
def test_whatever_a_program_began_ends_with_it(tmp_path: Path, store: Store, ending: str) -> None:
    connectors = Connectors(tmp_path)
    command = ["sh", "-c", f"sleep 77 & echo $! > pid; {ending}"]
    connectors.add(store, Connector.of("c", {"command": command, "timeout": 2}), by="root", at=1)
    connectors.call(CALL)
    pid = int((tmp_path / "pid").read_text())
    until = time.monotonic() + 10
    while _alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    alive = _alive(pid)
    if alive:
        os.kill(pid, signal.SIGKILL)
    assert not alive


def test_an_answer_is_cut_off_while_it_is_read(tmp_path: Path, store: Store) -> None:
    connectors = Connectors(tmp_path)
    writes = "head -c 300000000 /dev/zero; echo whole > written"
    connectors.add(store, Connector.of("c", {"command": ["sh", "-c", writes]}), by="root", at=1)
    assert connectors.call(CALL) == ((), "the answer is too long")
    assert not (tmp_path / "written").exists()


def test_a_call_of_megabytes_reaches_a_program_that_answers_first(tmp_path: Path, store: Store) -> None:
    connectors = Connectors(tmp_path)
    says = "head -c 1000000 /dev/zero | tr '\\0' ' '; test $(wc -c) -gt 3000000 && echo '{\"n\": 1}'"
    connectors.add(store, Connector.of("c", {"command": ["sh", "-c", says]}), by="root", at=1)
    assert connectors.call(Call("c", "x", "y", 1, (("text", "z" * 3_000_000),))) == ((("n", 1),), None)


@pytest.mark.parametrize(
    "text",
    ["c: [", "[" * 5000, "- a", "c: {command: [a]}\nc: {command: [b]}\n", "\x00"],
)
def test_a_file_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadConnector):
        registered(tmp_path, text).read()


def test_a_file_that_is_no_file_is_told(tmp_path: Path) -> None:
    os.mkfifo(Connectors(tmp_path).path)
    with pytest.raises(BadConnector):
        Connectors(tmp_path).read()


def test_one_bad_entry_is_not_the_others(tmp_path: Path, store: Store) -> None:
    connectors = registered(tmp_path, 'bad: {shell: rm}\nc: {command: [echo, \'{"quote": {"price": 7}}\']}\n')
    assert connectors.call(CALL) == ANSWER
    with pytest.raises(BadConnector):
        connectors.call(Call("bad", "x", "y", 1, ()))
    assert connectors.remove(store, "bad", by="root", at=1) is None
    assert set(connectors.all()) == {"c"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
WORDS = st.sampled_from(
    [
        "erp",
        "--token",
        "x",
        "env:A",
        "https://u:p@h/?token=t",
        "password=p",
        "-H",
        "a: b",
        "=",
        ":",
        "--",
        "://@",
        "c --token=x y",
    ]
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "command": st.lists(WORDS, max_size=4) | JSON,
            "http": WORDS | JSON,
            "python": st.just("a:b") | JSON,
            "timeout": st.integers(-1, 4000) | JSON,
            "env": st.dictionaries(WORDS, WORDS, max_size=2) | JSON,
            "headers": st.dictionaries(WORDS, WORDS, max_size=2) | JSON,
        },
    )
    | JSON
)
def test_whatever_stands_in_the_file_is_a_connector_or_is_told(data: Any) -> None:
    try:
        found = Connector.of("c", data)
    except BadConnector:
        return
    assert Connector.of("c", found.to_data()) == found
    hidden = Connector.of("c", found.redacted())
    assert set(hidden.written_out()) <= {secrets.MASK}

"""Notices go out: to whom, by which channel, in which words, once; and what comes of a far side that refuses them.

The servers are real (`tests/mail.py`): a mail server of aiosmtpd, a web server of the standard library.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.desk import Desk
from tests.mail import Box, Posts, certificate, mail_server, web_server
from tests.office import HOUR, ORIGIN, SECRET, Office

from charter.engine import notices as engine
from charter.engine.entries import Entry
from charter.engine.entries.cases import Completed
from charter.runtime.audit.log import ORGANISATION, load
from charter.runtime.cli.messages import section
from charter.runtime.host.cases import Cases
from charter.runtime.host.worker import Worker
from charter.runtime.notify import queue, routes, sending
from charter.runtime.notify.letters import News, letter
from charter.runtime.notify.routes import Route
from charter.runtime.people.changes import People
from charter.runtime.store import Store, tables as t


@contextmanager
def mails(office: Office, **more: Any) -> Iterator[Box]:
    pytest.importorskip("aiosmtpd")
    box = Box()
    with mail_server(box, **more) as port:
        office.mail(port)
        yield box


def read(mail: bytes) -> EmailMessage:
    found = message_from_bytes(mail, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def test_a_mail_says_what_happened_why_and_what_to_do_in_the_language_of_its_reader(office: Office) -> None:
    with mails(office) as box:
        office.route("wang", "mail", address="wang@example.org", language="zh", zone="Asia/Shanghai")
        office.route("吴明", "mail", address="wu@example.org", language="zh-Hant")
        office.route("li", "mail", address="li@example.org")  # who did it need not be told of it
        office.pack()
        assert office.cases.tick().delivered == 2
        assert office.cases.tick().delivered == 0
        first, second = map(read, box.mails)
    assert (first["To"], second["To"]) == ("wang@example.org", "wu@example.org")
    assert first["Subject"] == "[Charter] #1 parcel：pack 包装 已完成"
    text = first.get_content()
    assert "为何通知您：您担任 client" in text and "charter show 1" in text and "（Asia/Shanghai）" in text
    assert "為何通知您" in second.get_content() and first["Message-ID"] != second["Message-ID"]
    assert office.told() == ["notice_sent", "notice_sent"]
    assert first["Message-ID"] == f"<{office_ids(office)[0]}@example.org>"


def office_ids(office: Office) -> list[str]:
    with office.store.read() as connection:
        entries = [s.entry for s in load(connection, ORGANISATION)]
    return [e.told.notice for e in entries if e.kind == "notice_sent"]  # type: ignore[attr-defined]


def test_what_was_there_before_the_first_channel_is_no_news(office: Office) -> None:
    office.pack()
    with mails(office) as box:
        office.route("wang", "mail", address="wang@example.org")
        office.cases.tick()
        assert not box.mails
        office.pack()
        office.cases.tick()
        assert len(box.mails) == 1


def test_a_due_date_that_is_missed_is_told_and_names_it_in_the_zone_of_the_reader(office: Office) -> None:
    with mails(office) as box:
        office.route("li", "mail", address="li@example.org", zone="America/New_York")
        office.cases.start("parcel", person="li")
        office.clock.at += 49 * HOUR
        office.cases.tick()
        (mail,) = box.mails
    assert "is overdue; it was due on 2026-05-30 16:26 (America/New_York)" in read(mail).get_content()


HOSTILE = "x\r\nBcc: all@example.org\r\n\r\nhello\u2028\x00"


def test_no_text_of_anybody_adds_a_header_or_a_line() -> None:
    entry = Entry(Completed(), 0, HOSTILE, reason=HOSTILE, clauses=(HOSTILE,))
    news = News("c", 1, 2, HOSTILE, HOSTILE, "e", HOSTILE * 50, HOSTILE, entry, 0)
    for many in (1, 200):
        made = letter("i", [news] * many, language="zh", zone="UTC", at=0, address=None, recipient={})
        assert made.subject.isprintable() and len(made.subject) <= 120
        assert all(line.isprintable() for line in made.text.splitlines()) and "\nBcc" not in made.text
        assert len(made.text) < 200_000
        EmailMessage()["Subject"] = made.subject


def test_a_webhook_is_signed_and_its_body_is_an_event(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    posts = Posts()
    with web_server(posts) as port:
        office.channel("hook", "webhook", url=f"http://127.0.0.1:{port}/n", secret="env:HOOK")
        office.route("client", "hook", "role")
        office.pack()
        posts.answers = [503]
        assert office.cases.tick().failed == 1
        office.clock.at += HOUR // 30
        assert office.cases.tick().delivered == 1
    (first, body), (again, second) = posts.got
    assert body == second or json.loads(body)["id"] == json.loads(second)["id"]
    assert first["webhook-id"] == again["webhook-id"] == json.loads(body)["id"]
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{again['webhook-id']}.{again['webhook-timestamp']}.".encode() + second
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert again["webhook-signature"] == f"v1,{expected}"
    assert again["content-type"].startswith("application/cloudevents+json")
    event = json.loads(body)
    assert event["specversion"] == "1.0" and {"id", "source", "type", "time", "data"} <= event.keys()
    assert event["data"]["recipient"] == {"role": "client"}
    assert [(n["kind"], n["element"]) for n in event["data"]["notices"]] == [("completed", "pack")]
    assert SECRET not in json.dumps(event) and office.told() == ["notice_sent"]


def test_a_host_that_is_killed_between_sending_and_noting_sends_again_with_the_same_id(office: Office) -> None:
    with mails(office) as box:
        office.route("wang", "mail", address="wang@example.org")
        office.pack()
        pid = os.fork()
        if not pid:  # the host that dies: it sends, and is gone before it can write
            sending.Sending._note = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]
            try:
                with closing(_opened(office)) as store:
                    Cases(store, clock=office.clock).tick()
            finally:
                os._exit(1)
        assert os.waitpid(pid, 0)[1] == signal.SIGKILL
        assert len(box.mails) == 1 and office.told() == []
        assert office.cases.tick().delivered == 0  # the lease still holds
        office.clock.at += 60_000_000
        assert office.cases.tick().delivered == 1
    assert len({read(mail)["Message-ID"] for mail in box.mails}) == 1 and len(box.mails) == 2
    assert office.told() == ["notice_sent"]


def _opened(office: Office) -> Store:
    from charter.runtime.store import open_store

    return open_store(office.store.url)


def test_what_fails_is_tried_again_and_then_an_incident_that_a_steward_decides(office: Office) -> None:
    with mails(office) as box:
        office.route("wang", "mail", address="wang@example.org")
        office.pack()
        box.answers = ["451 later"] * 9
        for _ in range(9):
            office.cases.tick()
            office.clock.at += HOUR // 2
        assert len(box.answers) == 4 and not box.mails
        (dead,) = office.waits()
        assert dead.next_at is None and dead.failure == "the mail server refused: later"
        assert office.told() == ["notice_failed"] and office.last().failure == dead.failure
        box.answers = []
        assert office.cases.incidents.retry(dead.ask.number, by="root")[1] is None
        office.cases.tick()
        assert len(box.mails) == 1 and office.told() == ["notice_failed", "notice_sent"]


def test_a_recipient_that_is_refused_for_good_is_an_incident_at_once(office: Office) -> None:
    with mails(office) as box:
        box.refused = {"wang@example.org": "550 no such mailbox"}
        office.route("wang", "mail", address="wang@example.org")
        office.route("吴明", "mail", address="wu@example.org")
        office.pack()
        assert office.cases.tick().failed == 1
        assert len(box.mails) == 1  # nobody else waits for it
        (dead,) = office.waits()
        assert dead.next_at is None and "no such mailbox" in dead.failure
        assert office.cases.incidents.settle(dead.ask.number, by="root", reason="has left")[1] is None
        assert not office.waits()


def test_a_letter_that_is_too_large_is_refused_for_good(office: Office) -> None:
    with mails(office, data_size_limit=100):
        office.route("wang", "mail", address="wang@example.org")
        office.pack()
        office.cases.tick()
    assert office.waits()[0].next_at is None and office.told() == ["notice_failed"]


def test_an_address_with_letters_beyond_ascii_goes_where_the_server_takes_it(office: Office) -> None:
    with mails(office, enable_SMTPUTF8=True) as box:
        office.route("吴明", "mail", address="吴明@例子.中国")
        office.pack()
        office.cases.tick()
        assert len(box.mails) == 1 and "吴明@例子.中国" in box.mails[0].decode()


def test_a_server_that_never_answers_holds_nobody_up(office: Office) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        office.mail(silent.getsockname()[1], timeout=1)
        office.route("wang", "mail", address="wang@example.org")
        office.pack()
        assert office.cases.tick().failed == 1
        assert "1 seconds" in office.waits()[0].failure or "timed out" in office.waits()[0].failure


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
def test_only_a_certificate_that_is_trusted_gets_the_password(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("aiosmtpd")
    from aiosmtpd.smtp import AuthResult

    box, context = Box(), certificate(tmp_path)
    monkeypatch.setenv("MAIL_PASSWORD", "hunter2")

    def login(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> Any:
        box.logins.append((given.login, given.password))
        return AuthResult(success=given.password == b"hunter2")

    login_needed = {"authenticator": login, "auth_required": True, "require_starttls": True, "tls_context": context}
    with mail_server(box, **login_needed) as port:
        office.mail(port, security="starttls", user="charter", password="env:MAIL_PASSWORD")
        office.route("wang", "mail", address="wang@example.org")
        office.pack()
        assert office.cases.tick().failed == 1
        assert "certificate" in office.waits()[0].failure.lower() and not box.logins
        office.mail(port, security="starttls", user="charter", password="env:MAIL_PASSWORD", ca="cert.pem")
        office.clock.at += HOUR
        assert office.cases.tick().delivered == 1
    assert box.logins == [(b"charter", b"hunter2")] and len(box.mails) == 1
    posts = Posts()
    monkeypatch.setenv("HOOK", SECRET)
    with web_server(posts, context) as port:
        office.channel("hook", "webhook", url=f"https://127.0.0.1:{port}/", secret="env:HOOK")
        failure = sending.test(office.store, "hook", None, language="en", by="root", at=1, origin=ORIGIN)
        assert "certificate" in str(failure).lower() and not posts.got
    with office.store.read() as connection:
        trail = b"".join(s.body for s in load(connection, ORGANISATION))
    assert b"hunter2" not in trail and SECRET.encode() not in trail


def test_quiet_hours_keep_a_message_and_a_digest_makes_one_of_many(office: Office) -> None:
    with mails(office) as box:
        # Thursday 2026-05-28 20:26 UTC, 04:26 in Shanghai
        office.route("wang", "mail", address="wang@example.org", zone="Asia/Shanghai", quiet="22:00-07:00")
        office.route("吴明", "mail", address="wu@example.org", zone="UTC", digest="21:00")
        for _ in range(3):
            office.pack()
        office.cases.tick()
        assert not box.mails
        office.clock.at += HOUR * 3 // 4
        office.cases.tick()
        (digest,) = map(read, box.mails)
        assert digest["To"] == "wu@example.org" and digest["Subject"] == "[Charter] 3 notices"
        assert all(f"#{number} " in digest.get_content() for number in (1, 2, 3))
        office.clock.at += 2 * HOUR
        office.cases.tick()
        assert [read(mail)["To"] for mail in box.mails[1:]] == ["wang@example.org"] * 3
    assert office.told() == ["notice_sent"] * 4


def test_whoever_may_no_longer_read_a_notice_does_not_get_it(office: Office) -> None:
    with mails(office) as box:
        office.route("wang", "mail", address="wang@example.org", digest="hour")
        office.route("吴明", "mail", address="wu@example.org", digest="hour")
        office.pack()
        office.cases.tick()
        People(office.store, by="root").revoke("wang", "client")
        People(office.store, by="root").deactivate("吴明")
        office.clock.at += HOUR
        office.cases.tick()
    assert not box.mails and office.told() == ["notice_dropped"] * 2


def test_a_route_for_one_process_goes_before_the_one_for_all(office: Office) -> None:
    with mails(office) as box:
        office.route("wang", "mail", address="all@example.org")
        one = Route("person", "wang", "parcel", "mail", "parcel@example.org")
        assert routes.put(office.store, one, by="wang", at=1, origin=ORIGIN) is None
        office.pack()
        office.cases.tick()
        assert [read(mail)["To"] for mail in box.mails] == ["parcel@example.org"]


def test_every_kind_of_news_has_its_sentence() -> None:
    """But for what a line of the process tells: the letter says what that line tells of."""
    for lang in ("en", "zh"):
        known = section(lang, "notices")
        assert {kind.kind for kind in engine._NEWS} - {"notified"} <= {k.removeprefix("said_") for k in known}


def test_a_worker_sends_what_is_due_and_knows_when_there_is_more(office: Office) -> None:
    with mails(office) as box:
        office.route("wang", "mail", address="wang@example.org")
        office.route("吴明", "mail", address="wu@example.org", digest="hour")
        office.pack()
        done = Worker(office.cases, at_once=4).run(once=True)
        assert (done.delivered, done.failed) == (1, 0) and len(box.mails) == 1
        with office.store.read() as connection:
            first = queue.earliest(connection, office.clock())
        assert first is not None and first > office.clock()
        office.clock.at = first
        assert Worker(office.cases).run(once=True).delivered == 1
    assert [read(mail)["To"] for mail in box.mails] == ["wang@example.org", "wu@example.org"]


def test_an_incident_names_the_recipient_and_the_channel(office: Office, desk: Desk) -> None:
    with mails(office) as box:
        box.refused = {"wang@example.org": "550 no such mailbox"}
        office.route("wang", "mail", address="wang@example.org")
        office.pack()
        office.cases.tick()
    desk.store, desk.cases, desk.reader = office.store, office.cases, "root"
    said = desk.type("charter incidents")
    assert "wang (mail)" in said and "no such mailbox" in said
    assert {"en": "the mail server refused", "zh": "邮件服务器拒收"}[desk.lang] in said
    assert '"target": "wang (mail)"' in desk.type("charter incidents --json")


def test_the_queue_is_empty_once_all_is_sent(office: Office) -> None:
    with mails(office) as box:
        office.route("wang", "mail", address="wang@example.org")
        office.pack()
        office.cases.tick()
        with office.store.read() as connection:
            assert connection.execute(select(t.queue)).fetchall() == []
            assert connection.execute(select(t.outbox)).fetchall() == []
        assert len(box.mails) == 1

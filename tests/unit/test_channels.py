"""Channels and routes as they are kept: who may change them, what cannot be meant, what a service of `apprise` gets."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from tests.leave import kinds
from tests.mail import Posts, web_server
from tests.office import ORIGIN, Office

from charter.runtime.cli.messages import section
from charter.runtime.notify import channels, routes, sending
from charter.runtime.notify.channels import BadChannel, Channel
from charter.runtime.notify.routes import BadRoute, Route


def test_only_stewards_change_channels_and_a_person_their_own_routes(office: Office) -> None:
    office.channel("hook", "webhook", url="https://example.org/", secret="env:HOOK")
    own, other = Route("person", "wang", "*", "hook"), Route("person", "li", "*", "hook")
    channel = Channel.of("x", "webhook", {"url": "https://x.org/", "secret": "env:X", "timeout": 1})
    for refused in (
        routes.put(office.store, other, by="wang", at=1, origin=ORIGIN),
        routes.put(office.store, Route("role", "client", "*", "hook"), by="wang", at=1, origin=ORIGIN),
        channels.add(office.store, channel, by="wang", at=1, origin=ORIGIN),
        channels.remove(office.store, "hook", by="wang", at=1, origin=ORIGIN),
    ):
        assert refused is not None and refused.code == "CH584"
    assert routes.put(office.store, own, by="wang", at=1, origin=ORIGIN) is None
    assert routes.drop(office.store, own, by="wang", at=1, origin=ORIGIN) is None
    assert kinds(office.store)[-2:] == ["notices_routed", "notices_unrouted"]


@pytest.mark.parametrize(
    ("kind", "settings", "told"),
    [
        ("webhook", {"url": "https://x.org/", "secret": "hunter2"}, "channel_secret"),
        ("webhook", {"url": "https://x.org/?token=hunter2", "secret": "env:X"}, "channel_url"),
        ("webhook", {"url": "ftp://x.org/", "secret": "env:X"}, "channel_url"),
        ("webhook", {"url": "https://x.org/"}, "channel_needs"),
        ("apprise", {"service": "dingtalk://hunter2"}, "channel_service"),
        ("apprise", {"service": "env:X", "user": "u"}, "channel_takes_no"),
        ("email", {"password": "hunter2", "user": "u"}, "channel_password"),
        ("email", {"user": "u"}, "channel_login"),
        ("email", {"user": "u", "password": "env:X", "security": "none"}, "channel_open_login"),
        ("email", {"sender": "a@b, c@d"}, "channel_sender"),
        ("email", {"host": "a b"}, "channel_host"),
        ("email", {"timeout": 0}, "channel_timeout"),
    ],
)
def test_a_channel_that_cannot_be_meant_is_told_and_holds_no_secret(
    kind: str, settings: dict[str, Any], told: str
) -> None:
    mail = {"host": "x", "port": 25, "security": "tls", "sender": "a@b"} if kind == "email" else {}
    with pytest.raises(BadChannel) as raised:
        Channel.of("c", kind, {**mail, "timeout": 9, **settings})
    assert raised.value.arguments["told"] == told and "hunter2" not in str(raised.value.arguments)
    assert told in section("en", "data") and told in section("zh", "data")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"address": "a@b\nBcc: c@d"}, "route_mailbox"),
        ({}, "route_mailbox"),
        ({"language": "fr"}, "route_language"),
        ({"zone": "Mars/Base"}, "route_zone"),
        ({"quiet": "22:00-22:00"}, "route_quiet"),
        ({"quiet": "25:00-07:00"}, "route_quiet"),
        ({"digest": "week"}, "route_digest"),
    ],
)
def test_a_route_that_cannot_be_meant_is_told(settings: dict[str, Any], told: str) -> None:
    given = {"address": "a@b", **settings} if settings else {}
    with pytest.raises(BadRoute) as raised:
        Route("person", "li", "*", "mail", **given).check("email")
    assert raised.value.arguments["told"] == told


def test_a_service_of_apprise_gets_the_same_and_its_secret_is_not_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("apprise")
    posts = Posts()
    with web_server(posts) as port:
        monkeypatch.setenv("GROUP", f"json://127.0.0.1:{port}/s3cret/{{address}}")
        office.channel("group", "apprise", service="env:GROUP")
        office.route("wang", "group", address="room 7")
        office.pack()
        assert office.cases.tick().delivered == 1
        assert json.loads(posts.got[0][1])["title"] == "[Charter] #1 parcel: pack 包装 is completed"
        posts.answers = [500]
        office.pack()
        office.cases.tick()
    assert "s3cret" not in office.waits()[0].failure and office.waits()[0].failure.startswith("the service refused")


def test_without_apprise_the_failure_says_so(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    monkeypatch.setenv("GROUP", "json://x")
    office.channel("group", "apprise", service="env:GROUP")
    failure = sending.test(office.store, "group", None, language="en", by="root", at=1, origin=ORIGIN)
    assert failure == "`apprise` is not installed"

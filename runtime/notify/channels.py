"""Where notices can be sent: e-mail, a webhook, or what `apprise` knows. The organisation's data, kept by its stewards.

A channel is its name, its kind and a few settings (`_SETTINGS`), of which secrets are named where they are (`env:`,
`file:`, see `host/secrets.py`) and never held. How a message is handed over: `senders.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select

from charter.engine.entries.organisation import ChannelRemoved, ChannelSet
from charter.engine.errors import CharterError
from charter.engine.refusals import Refusal
from charter.runtime.audit.log import Origin
from charter.runtime.host import secrets
from charter.runtime.notify.cursor import begin
from charter.runtime.people.organisation import admit, note
from charter.runtime.store import Store, tables as t

TIMEOUT = 30
PORTS = {"starttls": 587, "tls": 465, "none": 25}


class BadChannel(CharterError):
    """A setting of a channel is missing, or not as it may be. `told` is a key under [data]."""

    code = "CH710"
    exit_code = 2

    def __init__(self, told: str, *, channel: str, **arguments: Any) -> None:
        super().__init__(f"{told}: {channel}", told=told, channel=channel, line=None, **arguments)


class NoSuchChannel(CharterError):
    """No channel of this name is there."""

    code = "CH711"
    exit_code = 4


def mailbox(text: str) -> bool:
    """Says whether a text is one e-mail address and nothing else."""
    return text.isprintable() and re.fullmatch(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+", text) is not None


def _host(text: str) -> bool:
    return re.fullmatch(r"[\w.-]+|\[[0-9A-Fa-f:.]+\]", text) is not None


def _reference(text: str) -> bool:
    return re.fullmatch(r"(env:|file:(?!//))\S+", text) is not None and text.isprintable()


def _url(text: str) -> bool:
    if _reference(text):
        return True
    if re.fullmatch(r"https?://\S+", text) is None or not text.isprintable():
        return False
    return secrets.address(text, lambda _: "") == text


def _one_line(text: str) -> bool:
    return bool(text) and text.isprintable()


def _port(number: Any) -> bool:
    return isinstance(number, int) and 0 < number < 65536


def _seconds(number: Any) -> bool:
    return isinstance(number, int) and 0 < number <= 600


# kind -> its settings: whether each must be there, and what it must be; what is not so is told by `channel_NAME`
_SETTINGS: Mapping[str, Mapping[str, tuple[bool, Callable[[Any], bool]]]] = {
    "email": {
        "host": (True, _host),
        "port": (True, _port),
        "security": (True, PORTS.__contains__),
        "sender": (True, mailbox),
        "user": (False, _one_line),
        "password": (False, _reference),
        "ca": (False, _one_line),
        "timeout": (True, _seconds),
    },
    "webhook": {"url": (True, _url), "secret": (True, _reference), "timeout": (True, _seconds)},
    "apprise": {"service": (True, _reference), "timeout": (True, _seconds)},
}
KINDS = tuple(_SETTINGS)


class Channel(Struct, frozen=True):
    """A channel, with its settings as they are stored."""

    name: str
    kind: str
    settings: Mapping[str, Any]

    @classmethod
    def of(cls, name: str, kind: str, settings: Mapping[str, Any]) -> Channel:
        """Checks a channel, what is None being left out; raises BadChannel."""
        if re.fullmatch(r"[\w-]{1,64}", name) is None:
            raise BadChannel("channel_name", channel=name[:64])
        given = {key: value for key, value in settings.items() if value is not None}
        known = _SETTINGS[kind]
        for key in given:
            if key not in known:
                raise BadChannel("channel_takes_no", channel=name, setting=key, kind=kind)
        for key, (needed, fits) in known.items():
            if key not in given:
                if needed:
                    raise BadChannel("channel_needs", channel=name, setting=key, kind=kind)
            elif not fits(given[key]):
                raise BadChannel(f"channel_{key}", channel=name)
        if ("user" in given) != ("password" in given):
            raise BadChannel("channel_login", channel=name)
        if "user" in given and given["security"] == "none":
            raise BadChannel("channel_open_login", channel=name)
        return cls(name, kind, given)

    def to_data(self) -> dict[str, Any]:
        return {"kind": self.kind, **self.settings}


def _read(name: str, body: str) -> Channel:
    settings = json.loads(body)
    return Channel(name, settings.pop("kind"), settings)


def find(connection: Connection, name: str) -> Channel | None:
    """Gives a channel, None where there is none of this name."""
    c = t.channels.c
    body = connection.execute(select(c.body).where(c.name == name)).scalar()
    return None if body is None else _read(name, body)


def get(connection: Connection, name: str) -> Channel:
    """Gives a channel; raises NoSuchChannel."""
    found = find(connection, name)
    if found is None:
        known = tuple(one.name for one in every(connection))
        raise NoSuchChannel(f"no channel {name}", channel=name, known=known)
    return found


def every(connection: Connection) -> list[Channel]:
    """Lists the channels by name."""
    c = t.channels.c
    return [_read(*row) for row in connection.execute(select(c.name, c.body).order_by(c.name))]


def add(store: Store, channel: Channel, *, by: str, at: int, origin: Origin) -> Refusal | None:
    """Adds a channel or replaces the one of its name, on the record; for stewards."""
    with store.write() as connection:
        refused = admit(connection, by, "channels add", at=at, origin=origin)
        if refused is None and find(connection, channel.name) != channel:
            begin(connection)
            note(connection, ChannelSet(channel.name, channel.to_data()), by, at=at, origin=origin)
    return refused


def remove(store: Store, name: str, *, by: str, at: int, origin: Origin) -> Refusal | None:
    """Removes a channel, on the record; for stewards. Raises NoSuchChannel."""
    with store.write() as connection:
        get(connection, name)
        refused = admit(connection, by, "channels remove", at=at, origin=origin)
        if refused is None:
            note(connection, ChannelRemoved(name), by, at=at, origin=origin)
    return refused

"""How a letter is handed over by each kind of channel: a table, as the kinds are.

A sender is given the channel with its secrets read. It raises Failed, `Refused` where trying again is of no use, or
whatever the library below raises; it returns once the far side has taken the letter over. The id of a letter is the
same at each try: `Message-ID` of an e-mail, `webhook-id` of a webhook, by which a receiver knows a repetition. All is
bounded in time; certificates are always looked at.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import get_ident
from typing import Any

from msgspec import Struct

from charter.runtime import clock
from charter.runtime.host import calls, secrets
from charter.runtime.host.calls import Failed
from charter.runtime.notify.channels import Channel


class Refused(Failed):
    """The far side will never take this letter."""


class Letter(Struct, frozen=True):
    """What is sent: plain text, and the same as data for programs. `at`: when it was made."""

    id: str
    subject: str
    text: str
    language: str
    at: int
    address: str | None
    data: Mapping[str, Any]


class Ready(Struct, frozen=True):
    """A channel with its secrets read; `folder`: the database's, in which relative files are."""

    channel: Channel
    settings: Mapping[str, Any]
    secrets: tuple[str, ...]
    folder: Path


# settings that may refer to a secret
_SECRET = ("password", "secret", "service", "url")


def ready(channel: Channel, folder: Path) -> Ready:
    """Reads what a channel refers to; raises secrets.Unresolved."""
    found: list[str] = []
    read = {
        name: secrets.resolve(value, folder, found) if name in _SECRET else value
        for name, value in channel.settings.items()
    }
    return Ready(channel, read, tuple(found), folder)


def send(to: Ready, letter: Letter) -> None:
    """Hands a letter over; raises whatever came in its way."""
    calls.within(to.settings["timeout"], lambda: _SENDERS[to.channel.kind](to, letter))


def failure(to: Ready | None, cause: BaseException) -> str:
    """Says in one line what came in the way, without the secrets that were used."""
    said = str(cause) or type(cause).__name__
    return secrets.masked(" ".join(said.split()), () if to is None else to.secrets)


# -- e-mail (RFC 5322, by SMTP) -------------------------------------------------------------------------------


def _email(to: Ready, letter: Letter) -> None:
    import smtplib
    import ssl
    from email.headerregistry import Address
    from email.message import EmailMessage
    from email.policy import SMTP
    from email.utils import format_datetime

    wanted = to.settings
    sender, recipient = _mailbox(wanted["sender"]), _mailbox(letter.address or "")
    mail = EmailMessage(policy=SMTP)
    mail["Message-ID"] = f"<{letter.id}@{_ascii(sender.domain)}>"
    mail["Date"] = format_datetime(datetime.fromtimestamp(letter.at // 1_000_000, UTC))
    mail["From"] = Address("Charter", sender.username, sender.domain)
    mail["To"] = recipient
    mail["Subject"] = letter.subject
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers to it
    mail["Content-Language"] = letter.language
    mail.set_content(letter.text)
    context = ssl.create_default_context(cafile=None if "ca" not in wanted else str(to.folder / wanted["ca"]))
    place = {"host": wanted["host"].strip("[]"), "port": wanted["port"], "timeout": wanted["timeout"]}
    secure = wanted["security"] == "tls"
    try:
        with smtplib.SMTP_SSL(**place, context=context) if secure else smtplib.SMTP(**place) as server:
            if wanted["security"] == "starttls":
                server.starttls(context=context)
            if "user" in wanted:
                server.login(wanted["user"], wanted["password"])
            server.send_message(mail, sender.addr_spec, [recipient.addr_spec])
    except smtplib.SMTPRecipientsRefused as cause:
        ((code, said),) = cause.recipients.values()
        raise _refused(code, said) from cause
    except smtplib.SMTPSenderRefused as cause:
        raise _refused(cause.smtp_code if cause.smtp_code == _TOO_LARGE else 0, cause.smtp_error) from cause
    except smtplib.SMTPDataError as cause:
        raise _refused(cause.smtp_code, cause.smtp_error) from cause
    except smtplib.SMTPResponseException as cause:
        raise _refused(0, cause.smtp_error) from cause
    except (smtplib.SMTPException, OSError) as cause:
        raise Failed(f"cannot be reached: {cause}") from cause


def _mailbox(text: str) -> Any:
    """Reads an address; the domain goes by IDNA where that is enough for a server that knows ASCII only."""
    from email.headerregistry import Address

    user, _, domain = text.rpartition("@")
    return Address(username=user, domain=_ascii(domain) if user.isascii() else domain)


def _ascii(domain: str) -> str:
    return domain.encode("idna").decode("ascii")


_TOO_LARGE = 552


def _refused(code: int, said: bytes | str) -> Failed:
    """Makes the failure: a code of 5xx is for good where it is about this letter (RFC 5321, 4.2.1); 0: where not."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    failure = f"the mail server refused: {text}"
    return Refused(failure) if code >= 500 else Failed(failure)


# -- webhook (Standard Webhooks 1.0; CloudEvents 1.0, structured JSON) ----------------------------------------


def event(letter: Letter) -> dict[str, Any]:
    """Gives the event that tells of a letter."""
    return {
        "specversion": "1.0",
        "id": letter.id,
        "source": "/charter",
        "type": "charter.notice",
        "time": clock.text(letter.at),
        "datacontenttype": "application/json",
        "data": {"subject": letter.subject, "text": letter.text, "language": letter.language, **letter.data},
    }


def signature(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """Signs a message; raises Failed where the secret is none."""
    import base64
    import binascii
    import hashlib
    import hmac

    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < _SHORTEST_KEY:
        raise Failed("the secret of the webhook is not base64 of at least 24 bytes")
    signed = hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode('ascii')}"


_SHORTEST_KEY = 24  # bytes, as the specification has it


def _webhook(to: Ready, letter: Letter) -> None:
    body = json.dumps(event(letter), ensure_ascii=False, separators=(",", ":")).encode()
    timestamp = clock.now() // 1_000_000  # of this try: a receiver refuses old ones
    headers = {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": letter.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(to.settings["secret"], letter.id, timestamp, body),
    }
    try:
        calls.ask(to.settings["url"], body, to.settings["timeout"], headers)
    except Failed as cause:
        if str(cause) == "status 410":  # gone: the specification's word for "no more of these"
            raise Refused(str(cause)) from cause
        raise


# -- whatever `apprise` knows ---------------------------------------------------------------------------------


def _apprise(to: Ready, letter: Letter) -> None:
    try:
        import apprise
    except ImportError as cause:
        raise Failed("`apprise` is not installed") from cause
    service: str = to.settings["service"]
    if "{address}" in service and letter.address is None:
        raise Failed("the service needs an address")
    if "{address}" not in service and letter.address is not None:
        raise Failed("the service has no place for an address")
    from urllib.parse import quote

    # It says only in its log what was wrong, and logs whole addresses: the secrets are masked by `failure`.
    told: list[str] = []
    listener = _Listener(told)
    log = logging.getLogger("apprise")
    log.addHandler(listener)
    try:
        gate = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False, secure_logging=True))
        if not gate.add(service.replace("{address}", quote(letter.address or "", safe="@+"))):
            raise Failed("`apprise` does not know the service")
        if not gate.notify(title=letter.subject, body=letter.text, body_format=apprise.NotifyFormat.TEXT):
            raise Failed(f"the service refused: {told[-1] if told else '–'}")
    finally:
        log.removeHandler(listener)


class _Listener(logging.Handler):
    """Keeps what is logged by the thread that made it."""

    def __init__(self, told: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._told = told
        self._thread = get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:  # another's sending may tell its own address, which is not masked here
            self._told.append(record.getMessage())


_SENDERS: Mapping[str, Callable[[Ready, Letter], None]] = {"email": _email, "webhook": _webhook, "apprise": _apprise}

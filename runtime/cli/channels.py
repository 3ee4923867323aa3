"""`charter channels`: where notices can be sent. Whose go there is chosen with `charter people notify`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charter.dsl.messages.languages import LANGUAGES
from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE, FINDINGS, Misuse
from charter.runtime.cli.failures import failure_data, failure_sentence
from charter.runtime.cli.reasons import refused
from charter.runtime.cli.verb import JSON, Family, Tongue, Verb, Whole, Words, argument, option, switch

if TYPE_CHECKING:
    from charter.engine.refusals import Refusal
    from charter.runtime.notify.routes import Route

_SECURITY = ("starttls", "tls", "none")


def run_list(context: Context, as_json: bool) -> int:
    """Lists the channels, and whose notices go there."""
    from charter.runtime.notify import channels, routes

    with context.store.read() as connection:
        found, known = channels.every(connection), routes.every(connection)
    consulted(context, "channels")
    if as_json:
        context.output.json(
            [{**_data(c), "routes": [route_data(r) for r in known if r.channel == c.name]} for c in found]
        )
        return DONE
    say, output = context.say, context.output
    if not found:
        output.sentence(say("channels.none"))
        return DONE
    rows = [(c.name, c.kind, " ".join(f"{name}={value}" for name, value in c.settings.items())) for c in found]
    output.table([say(f"channels.{head}") for head in ("name", "kind", "settings")], rows, styles=("name",))
    if known:
        output.line("")
        told = [(r.recipient, _scope(context, r), r.channel, route_line(context, r)) for r in known]
        output.table(
            [say(f"channels.{head}") for head in ("recipient", "scope", "channel", "route")], told, styles=("name",)
        )
    return DONE


def _data(channel: Any) -> dict[str, Any]:
    return {"channel": channel.name, "kind": channel.kind, "settings": dict(channel.settings)}


def route_data(route: Route) -> dict[str, Any]:
    """Gives a route as JSON data."""
    return {
        "sort": route.sort,
        "recipient": route.recipient,
        "process": route.process,
        "channel": route.channel,
        "address": route.address,
        "language": route.language,
        "zone": route.zone,
        "quiet": route.quiet,
        "digest_at": route.digest,
    }


def _scope(context: Context, route: Route) -> str:
    return context.say(f"channels.{route.sort}") + ("" if route.process == "*" else context.say.aside(route.process))


def route_line(context: Context, route: Route) -> str:
    """Says in one line how notices go by a route."""
    return " ".join(f"{name}={value}" for name, value in route.settings().items())


def run_add(
    context: Context,
    name: str,
    email: str | None,
    webhook: str | None,
    apprise: str | None,
    sender: str | None,
    security: str | None,
    user: str | None,
    password: str | None,
    ca: str | None,
    secret: str | None,
    timeout: int,
    as_json: bool,
) -> int:
    """Adds a channel, or replaces the one of its name."""
    from charter.runtime.audit.log import Origin
    from charter.runtime.notify import channels

    kinds = {"email": email, "webhook": webhook, "apprise": apprise}
    given = [kind for kind, target in kinds.items() if target is not None]
    if len(given) != 1:
        raise Misuse("one_channel")
    settings: dict[str, Any] = {
        "url": webhook,
        "service": apprise,
        "sender": sender,
        "security": security,
        "user": user,
        "password": password,
        "ca": ca,
        "secret": secret,
        "timeout": timeout,
    }
    if email is not None:
        settings["security"] = security or "starttls"
        host, colon, port = email.rpartition(":")
        if colon and port.isascii() and port.isdigit() and not host.endswith(":"):
            settings |= {"host": host, "port": int(port)}
        else:
            settings |= {"host": email, "port": channels.PORTS[settings["security"]]}
    channel = channels.Channel.of(name, given[0], settings)
    done = channels.add(context.store, channel, by=context.person, at=context.now, origin=Origin("cli"))
    return _said(context, as_json, "added", done, name)


def run_remove(context: Context, name: str, as_json: bool) -> int:
    """Removes a channel."""
    from charter.runtime.audit.log import Origin
    from charter.runtime.notify import channels

    done = channels.remove(context.store, name, by=context.person, at=context.now, origin=Origin("cli"))
    return _said(context, as_json, "removed", done, name)


def run_test(context: Context, name: str, address: str | None, language: str | None, as_json: bool) -> int:
    """Sends a test message; 1 where it failed."""
    from charter.engine.refusals import Refusal
    from charter.runtime.audit.log import Origin
    from charter.runtime.notify import sending

    tongue = language or context.say.lang
    by, at, origin = context.person, context.now, Origin("cli")
    failure = sending.test(context.store, name, address, language=tongue, by=by, at=at, origin=origin)
    if isinstance(failure, Refusal):
        return refused(context, failure)
    with context.committed():
        if failure is None:
            said = context.say("channels.tested", name=name)
        else:
            said = context.say("channels.failed", name=name, detail=failure_sentence(failure, "", context.say.lang))
        told = None if failure is None else failure_data(failure, "", context.say.lang)
        context.output.done(said, as_json, channel=name, failure=told)
    return DONE if failure is None else FINDINGS


def _said(context: Context, as_json: bool, key: str, done: Refusal | None, name: str) -> int:
    if done is not None:
        return refused(context, done)
    with context.committed():
        context.output.done(context.say(f"channels.{key}", name=name), as_json, channel=name)
    return DONE


VERBS = {
    "channels": Family(
        "channels",
        {
            "list": Verb("channels list", run_list, [switch(JSON, name="as_json")]),
            "add": Verb(
                "channels add",
                run_add,
                [
                    argument("name", "NAME"),
                    option("--email", "HOST[:PORT]"),
                    option("--webhook", "URL"),
                    option("--apprise", "SECRET"),
                    option("--sender", "ADDRESS"),
                    option("--security", "|".join(_SECURITY), type=Words(_SECURITY)),
                    option("--user", "NAME"),
                    option("--password", "SECRET"),
                    option("--ca", "PATH"),
                    option("--secret", "SECRET"),
                    option("--timeout", "NUMBER", type=Whole(), default=30),
                    switch(JSON, name="as_json"),
                ],
            ),
            "remove": Verb("channels remove", run_remove, [argument("name", "NAME"), switch(JSON, name="as_json")]),
            "test": Verb(
                "channels test",
                run_test,
                [
                    argument("name", "NAME"),
                    option("--address", "ADDRESS"),
                    option("--language", "LANGUAGE", type=Tongue(LANGUAGES)),
                    switch(JSON, name="as_json"),
                ],
            ),
        },
    )
}

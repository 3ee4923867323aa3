"""`charter doctor`: whether this machine and this database are fit for work, one line a check, each with its mend.

A check looks and changes nothing but for what `--collect` asks; it gives a Finding. Their order is that of CHECKS.
Exit 1 when one fails.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from charter import __version__
from charter.dsl.text.width import display_width, wrap
from charter.engine.errors import CharterError
from charter.runtime import clock
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import FINDINGS, error_sentence
from charter.runtime.cli.output import pad
from charter.runtime.cli.verb import JSON, Verb, switch

if TYPE_CHECKING:
    from charter.runtime.store.condition import Condition

OLDEST_PYTHON = (3, 11)
PACKAGES = ("transitions", "lark", "sqlalchemy", "alembic", "click", "pyyaml", "tzdata", "cryptography")
# free bytes on the database's disk below which the check warns, and fails
ROOM = (1 << 30, 100 << 20)
# an entry this much (microseconds) ahead of the clock means that the clock went backwards
AHEAD = 60_000_000
STYLES = {"ok": "good", "warn": "warn", "fail": "bad"}


class Finding(Struct, frozen=True):
    """What a check found: level ok, warn or fail; `value` is shown; `mend` is a key under [doctor], None when ok."""

    check: str
    level: str
    value: str
    mend: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)


class Examination(Struct):
    """What the checks look at; the database's condition is found by its own check and used by those after it."""

    context: Context
    collect: bool = False
    condition: Condition | None = None


def _python(_: Examination) -> Iterator[Finding]:
    good = sys.version_info >= OLDEST_PYTHON
    yield Finding("python", "ok" if good else "fail", sys.version.split()[0], None if good else "mend_python")


def _packages(examination: Examination) -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, version

    found, missing = [f"charter {__version__}"], []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    if missing:
        yield Finding(
            "packages", "fail", examination.context.say.listed(missing), "mend_packages", {"names": " ".join(missing)}
        )
    else:
        yield Finding("packages", "ok", examination.context.say.listed(found))


def _database(examination: Examination) -> Iterator[Finding]:
    from charter.runtime.store import open_store
    from charter.runtime.store.condition import examine
    from charter.runtime.store.errors import Missing, Unfounded, told

    context = examination.context
    try:
        with open_store(context.database) as store, store.read() as connection:
            found = examination.condition = examine(connection)
    except Missing:
        yield Finding("database", "warn", told(context.database), "mend_no_database")
        return
    except Unfounded as error:
        yield Finding("database", "fail", error_sentence(error, context.say), "mend_no_database")
        return
    except CharterError as error:
        yield Finding("database", "fail", error_sentence(error, context.say), "mend_database")
        return
    yield Finding("database", "ok", context.say("doctor.schema", path=told(context.database), schema=found.schema))
    key, values, safe = found.kept
    mend = None if safe else f"mend_{key}"
    yield Finding("journal", "ok" if safe else "warn", context.say(f"doctor.{key}", **values), mend)
    if found.damage is not None:
        yield Finding("structure", "fail", found.damage, "mend_structure")


def _disk(examination: Examination) -> Iterator[Finding]:
    from charter.runtime.store.backends import backend

    try:
        folder = backend(examination.context.database).folder
    except CharterError:
        return
    if not folder.is_dir():
        yield Finding("disk", "fail", str(folder), "mend_folder")
        return
    free = shutil.disk_usage(folder).free
    level = "fail" if free < ROOM[1] else "warn" if free < ROOM[0] else "ok"
    text = examination.context.say("doctor.free", size=f"{free / (1 << 30):.1f} GiB", folder=folder)
    yield Finding("disk", level, text, None if level == "ok" else "mend_disk")
    if not os.access(folder, os.W_OK):
        yield Finding("folder", "fail", str(folder), "mend_folder")


def _clock(examination: Examination) -> Iterator[Finding]:
    from zoneinfo import ZoneInfo

    context = examination.context
    zone = clock.wall()
    try:
        if zone[:1] not in "+-":
            ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        yield Finding("clock", "warn", zone, "mend_zone")
        return
    value = f"{context.output.moment(context.now)} {zone}"
    newest = examination.condition.newest if examination.condition else None
    if newest is not None and newest > context.now + AHEAD:
        yield Finding("clock", "fail", value, "mend_clock", {"newest": context.output.moment(newest)})
    else:
        yield Finding("clock", "ok", value)


def _locale(examination: Examination) -> Iterator[Finding]:
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    setting = next((os.environ[name] for name in names if os.environ.get(name)), "—")
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    good = encoding == "utf8"
    say = examination.context.say
    value = say.listed((setting, sys.stdout.encoding, f"--lang {say.lang}"))
    yield Finding("locale", "ok" if good else "warn", value, None if good else "mend_locale")


def _people(examination: Examination) -> Iterator[Finding]:
    if examination.condition is None:
        return
    count = examination.condition.persons
    text = examination.context.say("doctor.persons", count=count)
    yield Finding("people", "ok" if count else "warn", text, None if count else "mend_people")


def _connectors(examination: Examination) -> Iterator[Finding]:
    from charter.runtime.host.connectors import BadConnector, Connectors
    from charter.runtime.store.backends import backend

    try:
        connectors = Connectors(backend(examination.context.database).folder).all()
    except BadConnector as error:
        yield Finding("connectors", "fail", error_sentence(error, examination.context.say), "mend_connectors")
        return
    except CharterError:
        return
    listed = examination.context.say.listed
    told = [c.name for c in connectors.values() if c.written_out()]
    if told:
        yield Finding("connectors", "warn", listed(told), "mend_secrets", {"names": listed(told)})
        return
    lost = [c.name for c in connectors.values() if c.kind == "command" and not shutil.which(str(c.target[0]))]
    if lost:
        yield Finding("connectors", "warn", listed(lost), "mend_command", {"names": listed(lost)})
    else:
        text = examination.context.say("doctor.registered", count=len(connectors))
        yield Finding("connectors", "ok", text)


def _seal(examination: Examination) -> Iterator[Finding]:
    from charter.runtime.audit import keys
    from charter.runtime.audit.sealing import in_force
    from charter.runtime.store import open_store

    if examination.condition is None:
        return
    say = examination.context.say
    for guard in examination.condition.unguarded:
        yield Finding("guards", "fail", guard, "mend_guards")
    for part in examination.condition.unlike:
        yield Finding("tables", "fail", part, "mend_schema")
    with open_store(examination.context.database) as store:
        path = keys.place(store)
        try:
            with store.read() as connection:
                key = in_force(connection)
            found = None if key is None else keys.find(path, key)
        except CharterError as error:
            yield Finding("seal", "fail", error_sentence(error, say), "mend_key")
            return
    if key is None:
        yield Finding("seal", "warn", say("doctor.no_key"), "mend_no_key")
    elif found is None:
        yield Finding("seal", "fail", say("doctor.other_key", path=path), "mend_key")
    else:
        yield Finding("seal", "ok", say("doctor.sealed", key=key.name, path=path))


def _incidents(examination: Examination) -> Iterator[Finding]:
    if examination.condition is None:
        return
    count = examination.condition.incidents
    text = examination.context.say("doctor.failed", count=count)
    yield Finding("incidents", "warn" if count else "ok", text, "mend_incidents" if count else None)


def _values(examination: Examination) -> Iterator[Finding]:
    if examination.condition is None:
        return
    say = examination.context.say
    for process, names in examination.condition.undecided.items():
        text = say("doctor.undecided", process=process, names=say.listed(names))
        yield Finding("values", "warn", text, "mend_values")
    if not examination.condition.undecided:
        yield Finding("values", "ok", say("doctor.decided"))


def _worker(examination: Examination) -> Iterator[Finding]:
    if examination.condition is None:
        return
    context, since = examination.context, examination.condition.waits
    if since is None or context.now - since < _PATIENCE:
        yield Finding("worker", "ok", context.say("doctor.nothing_waits"))
    else:
        text = context.say("doctor.waits", at=context.output.moment(since))
        yield Finding("worker", "warn", text, "mend_worker")


def _files(examination: Examination) -> Iterator[Finding]:
    from charter.runtime.audit.attachments import collect, orphans
    from charter.runtime.author.files import Files, largest
    from charter.runtime.store import open_store

    if examination.condition is None:
        return
    say = examination.context.say
    with open_store(examination.context.database) as store:
        files = Files(store.folder)
        if examination.collect:
            with store.write() as connection:
                found, key = collect(connection, files), "collected"
        else:
            with store.read() as connection:
                found, key = orphans(connection, files), "orphans"
        kept = sum(1 for _ in files.stored())
    if found:
        names = say.listed([path.name[:12] for path in found[:5]] + ["…"] * (len(found) > 5))
        left = not examination.collect
        yield Finding(
            "files",
            "warn" if left else "ok",
            say(f"doctor.{key}", count=len(found), names=names),
            "mend_orphans" if left else None,
        )
    else:
        yield Finding("files", "ok", say("doctor.kept", count=kept, limit=f"{largest()} MiB"))


# What is due for longer (microseconds) than any worker would leave it.
_PATIENCE = 60_000_000

CHECKS: tuple[Callable[[Examination], Iterator[Finding]], ...] = (
    _python,
    _packages,
    _database,
    _disk,
    _clock,
    _locale,
    _people,
    _connectors,
    _seal,
    _incidents,
    _values,
    _worker,
    _files,
)


def run_doctor(context: Context, collect: bool, as_json: bool) -> int:
    """Makes every check and tells what it found; on demand removes the kept files that no entry names."""
    examination = Examination(context, collect)
    findings = [finding for check in CHECKS for finding in check(examination)]
    say, output = context.say, context.output
    failed = any(f.level == "fail" for f in findings)
    if as_json:
        output.json(
            [
                {
                    "check": f.check,
                    "level": f.level,
                    "value": f.value,
                    "mend": say(f"doctor.{f.mend}", **f.arguments) if f.mend else None,
                }
                for f in findings
            ]
        )
        return FINDINGS if failed else 0
    labels = {f.check: say(f"doctor.{f.check}") for f in findings}
    levels = {level: say(f"doctor.{level}") for level in STYLES}
    first = max(map(display_width, levels.values()))
    second = max(map(display_width, labels.values()))
    for f in findings:
        mark = output.style(pad(levels[f.level], first), STYLES[f.level])
        lines = wrap(f.value, max(30, output.columns - first - second - 4)) or [""]
        output.line(f"{mark}  {pad(labels[f.check], second)}  {lines[0]}")
        indent = " " * (first + second + 4)
        for line in lines[1:]:
            output.line(indent + line)
        if f.mend:
            output.line(indent + say("doctor.mend", text=say(f"doctor.{f.mend}", **f.arguments)))
    return FINDINGS if failed else 0


VERBS = {"doctor": Verb("doctor", run_doctor, [switch("--collect"), switch(JSON, name="as_json")])}

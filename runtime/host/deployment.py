"""Makes checked definitions the ones that new cases run: all of those that come together, or none.

Deployed by a steward, or by whoever holds, in their own right, the owner's role of the version that runs now. The
definition, its texts and its roles are stored once a digest; each deployment is a row and an entry. Invariants: a
version's number belongs to one digest of its process; what was replaced comes back only on an explicit word. Knows
nothing of cases: those that are open keep what they run (`migrating.py`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, insert, select

from charter.engine import definition as definitions, plain
from charter.engine.definition import Definition
from charter.engine.entries.cases import Refused
from charter.engine.entries.organisation import Deployed
from charter.engine.refusals import Refusal
from charter.runtime.audit.log import Origin
from charter.runtime.host.casefile import Pinned
from charter.runtime.host.registers import clashing
from charter.runtime.people.directory import load
from charter.runtime.people.organisation import admit, note
from charter.runtime.refusals import REGISTER_DIFFERS, REPLACED, UNBOUND, VERSION_TAKEN, refusal
from charter.runtime.store import tables as t

SHORT = 12  # digits of a digest that people are shown


class Deployment(Struct, frozen=True):
    """What a deployment comes to, or why it is refused. `replaces`: what new cases run until then.

    outcome: `first` of its process, `next` (new here), `back` (ran before, and was replaced), `same` (runs already, so
    nothing happens).
    """

    definition: Definition
    digest: str
    outcome: Literal["first", "next", "back", "same"]
    replaces: Pinned | None = None
    refusal: Refusal | None = None

    @property
    def new(self) -> bool:
        """Tells whether the definition is new here."""
        return self.outcome in ("first", "next")


def judge(
    connection: Connection, definition: Definition, running: Pinned | None, among: Collection[str], *, back: bool
) -> Deployment:
    """Says what deploying a definition would come to, whoever asks; changes nothing.

    `running`: what new cases run now; `back`: whether one that was replaced is wanted again. Refused: while a parameter
    is unbound (CH526); a number that another definition has (CH587); what was replaced, without `back` (CH588); a
    register that does not do for what is in it or for who reads it (CH623), `among` being deployed at once.
    """
    digest = definitions.digest(definition)
    d = t.definitions.c
    stored = connection.execute(select(d.digest, d.version).where(d.process == definition.name)).all()
    known = {row.digest for row in stored if row.version == definition.version}
    if running is None:
        outcome: Literal["first", "next", "back", "same"] = "first"
    elif running.digest == digest:
        outcome = "same"
    else:
        outcome = "back" if digest in known else "next"
    found = Deployment(definition, digest, outcome, None if outcome == "same" else running)
    name, version = definition.name, definition.version
    refused = None
    if unbound := definition.unbound():
        refused = refusal(UNBOUND, name, parameters=list(unbound))
    elif known and digest not in known:
        free = str(1 + max((int(row.version) for row in stored if row.version.isdecimal()), default=1))
        refused = refusal(VERSION_TAKEN, process=name, version=version, digest=min(known)[:SHORT], free=free)
    elif outcome == "back" and running is not None and not back:
        refused = refusal(REPLACED, process=name, version=version, running=running.definition.version)
    elif clash := clashing(connection, definition, among):
        refused = refusal(REGISTER_DIFFERS, f"register {clash[0]}", register=clash[0], field=clash[1], process=clash[2])
    return replace(found, refusal=refused)


def deploy(
    connection: Connection,
    wanted: Sequence[tuple[Definition, Pinned | None]],
    texts: Mapping[str, str],
    *,
    by: str,
    at: int,
    origin: Origin,
    back: bool = False,
    reason: str | None = None,
) -> list[Deployment]:
    """Deploys definitions inside the transaction: all of them, or none and each refusal on the record.

    `wanted`: each with what new cases of its process run now. Refused: who may not (CH580, CH584), and as `judge` says.
    """
    found = []
    person = load(connection, by)
    for definition, running in wanted:
        owner = running.definition.owner if running is not None else None
        owns = owner is not None and person is not None and owner in person.roles(definition.name)
        refused = admit(connection, by, "deploy", at=at, origin=origin, entitled=owns)
        one = judge(connection, definition, running, [each.name for each, _ in wanted], back=back)
        if refused is None and one.refusal is not None:
            told = Refused(
                one.refusal.reasons,
                process=definition.name,
                version=definition.version,
                definition=one.digest,
                parameters=tuple(definition.unbound()) or None,
            )
            note(connection, told, by, at=at, origin=origin)
        found.append(one if refused is None else replace(one, refusal=refused))
    if not any(one.refusal for one in found):
        for one in found:
            _put(connection, one, texts, by=by, at=at, origin=origin, reason=reason)
    return found


def _put(
    connection: Connection,
    one: Deployment,
    texts: Mapping[str, str],
    *,
    by: str,
    at: int,
    origin: Origin,
    reason: str | None,
) -> None:
    if one.outcome == "same":
        return
    definition, hashed = one.definition, None
    if one.new:
        body = json.dumps(plain.to_json(definition), ensure_ascii=False, separators=(",", ":"))
        hashed = sha256(body.encode()).hexdigest()
        _store(connection, definition, one.digest, body, texts)
    x = t.texts.c
    hashes = dict(connection.execute(select(x.name, x.sha256).where(x.digest == one.digest).order_by(x.name)).all())
    told = Deployed(definition.name, definition.version, one.digest, hashes, hashed)
    note(connection, told, by, at=at, origin=origin, reason=reason)


def _store(connection: Connection, definition: Definition, digest: str, body: str, texts: Mapping[str, str]) -> None:
    name = definition.name
    row = {"digest": digest, "process": name, "version": definition.version, "title": definition.title, "body": body}
    connection.execute(insert(t.definitions).values(row))
    for file, text in sorted(texts.items()):
        hashed = sha256(text.encode()).hexdigest()
        connection.execute(insert(t.texts).values(digest=digest, name=file, sha256=hashed, text=text))
    r = t.process_roles.c
    known = set(connection.execute(select(r.role).where(r.process == name)).scalars())
    for role in sorted({role.name for role in definition.roles} - known):
        connection.execute(insert(t.process_roles).values(role=role, process=name))

"""Makes a checked definition the one that new cases run.

Deployed by a steward, or by whoever holds, in their own right, the owner's role of the version that runs now. The
definition, its texts and its roles are stored once a digest; each deployment is a row and an entry. Knows nothing of
cases: those that are open keep what they are pinned to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256

from msgspec import Struct
from sqlalchemy import Connection, insert, select

from charter.engine import definition as definitions, plain
from charter.engine.definition import Definition
from charter.engine.entries.cases import Refused
from charter.engine.entries.organisation import Deployed
from charter.engine.refusals import Refusal
from charter.runtime.audit.log import Origin
from charter.runtime.people.directory import load
from charter.runtime.people.organisation import admit, note
from charter.runtime.refusals import UNBOUND, refusal
from charter.runtime.store import tables as t


class Deployment(Struct, frozen=True):
    """What a deployment came to: the digest, whether it is new here, or why it was refused."""

    digest: str
    new: bool
    refusal: Refusal | None = None


def deploy(
    connection: Connection,
    definition: Definition,
    owner: str | None,
    texts: Mapping[str, str],
    *,
    by: str,
    at: int,
    origin: Origin,
) -> Deployment:
    """Deploys a definition inside the transaction, or refuses on the record.

    Refused: who may not (CH580, CH584); while a parameter is unbound (CH526). `owner`: the owner's role of the version
    that runs now.
    """
    digest = definitions.digest(definition)
    found = load(connection, by)
    owns = owner is not None and found is not None and owner in found.roles(definition.name)
    refused = admit(connection, by, "deploy", at=at, origin=origin, entitled=owns)
    if refused is not None:
        return Deployment(digest, False, refused)
    unbound = definition.unbound()
    if unbound:
        refused = refusal(UNBOUND, definition.name, parameters=list(unbound))
        told = Refused(
            refused.reasons,
            process=definition.name,
            version=definition.version,
            definition=digest,
            parameters=tuple(unbound),
        )
        note(connection, told, by, at=at, origin=origin)
        return Deployment(digest, False, refused)
    d = t.definitions.c
    new = connection.execute(select(d.digest).where(d.digest == digest)).scalar() is None
    hashes = {name: sha256(text.encode()).hexdigest() for name, text in sorted(texts.items())}
    hashed = None
    if new:
        body = json.dumps(plain.to_json(definition), ensure_ascii=False, separators=(",", ":"))
        hashed = sha256(body.encode()).hexdigest()
        _store(connection, definition, digest, body, texts)
    deployed = Deployed(definition.name, definition.version, digest, hashes, hashed)
    note(connection, deployed, by, at=at, origin=origin)
    return Deployment(digest, new)


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

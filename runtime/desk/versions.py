"""The versions of a process: which were deployed, when and by whom, which runs, which open cases run each, their texts.

Reads the rows. A version is named by its number or by the beginning of its digest; a number belongs to one digest in
whatever this build deployed, and to several at most where an earlier one did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlalchemy import Connection, func, select

from charter.engine.errors import CharterError
from charter.runtime.store import tables as t

_LEAST = 4  # digits of a digest that name one


class NoSuchVersion(CharterError):
    """A process has no version of this number or digest."""

    code = "CH050"
    exit_code = 4


class AmbiguousVersion(CharterError):
    """Several definitions of a process carry this number."""

    code = "CH051"
    exit_code = 4


class Version(Struct, frozen=True):
    """One definition that was deployed: when last, by whom (microseconds since the epoch), and whether it runs now."""

    process: str
    version: str
    digest: str
    at: int
    by: str
    runs: bool
    open: tuple[int, ...] = ()  # numbers of the open cases that run it


def versions(connection: Connection, process: str) -> list[Version]:
    """Lists the versions of a process in the order of their last deployments; the one that runs is the last."""
    n, d, c = t.deployments.c, t.definitions.c, t.cases.c
    last = select(func.max(n.number)).where(n.process == process).group_by(n.digest)
    query = select(d.process, d.version, d.digest, n.at, n.by).join(t.definitions, d.digest == n.digest)
    rows = connection.execute(query.where(n.number.in_(last)).order_by(n.number)).all()
    held: dict[str, list[int]] = {}
    still = select(c.definition, c.number).where(c.process == process, c.closed_at.is_(None)).order_by(c.number)
    for digest, number in connection.execute(still):
        held.setdefault(digest, []).append(number)
    return [Version(*row, row is rows[-1], tuple(held.get(row.digest, ()))) for row in rows]


def find(known: Sequence[Version], process: str, name: str) -> Version:
    """Finds a version by its number or the beginning of its digest; raises NoSuchVersion or AmbiguousVersion."""
    found = [each for each in known if each.version == name]
    if not found and len(name) >= _LEAST:
        found = [each for each in known if each.digest.startswith(name)]
    named = tuple(f"{each.version} ({each.digest[:12]})" for each in known)
    if not found:
        raise NoSuchVersion(f"no version {name}", version=name, process=process, known=named)
    if len(found) > 1:
        several = tuple(each.digest[:12] for each in found)
        raise AmbiguousVersion(f"several versions {name}", version=name, process=process, known=several)
    return found[0]


def texts(connection: Connection, digest: str) -> Mapping[str, str]:
    """Gives the texts a definition was deployed with, by file."""
    x = t.texts.c
    rows = connection.execute(select(x.name, x.text).where(x.digest == digest).order_by(x.name))
    return {row.name: row.text for row in rows}

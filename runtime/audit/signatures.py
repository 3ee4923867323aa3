"""Who signed what in a case: author, review, approve or reject, each bound to the versions and the definition signed.

A signature is an entry: written by its author, voted, granted or rejected. Its bytes name person, time, meaning and the
digest of the definition; through `prev` they hold to the digests of all versions written before it, so that it cannot
be put under anything else. Here the versions are named that a signature is about. Reads moments; decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from charter.engine.commands import SYSTEM
from charter.engine.entries.cases import Amended, Granted, Rejected, Voted, Written
from charter.engine.keys import name_of, parse_key
from charter.runtime.audit.asof import Moment, begun_with, moments
from charter.runtime.audit.log import Sealed
from charter.runtime.store.prepared import ask
from charter.runtime.store.schema import ORGANISATION

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from charter.engine.definition import Definition

MEANINGS = ("author", "review", "approve", "reject")


class Signed(Struct, frozen=True):
    """One version of a record that was signed."""

    record: str
    number: int
    digest: str


class Signature(Struct, frozen=True):
    """One signature: the entry, what it means, and what was signed under which definition.

    `sure`: the trail proves how the case was then (`asof.Moment`).
    """

    sealed: Sealed
    meaning: str
    signed: tuple[Signed, ...]
    definition: str
    sure: bool


def signatures(find: Callable[[str], Definition], sealed: Iterable[Sealed]) -> Iterator[Signature]:
    """Reads the signatures off a case's entries, in their order."""
    for moment in moments(find, sealed):
        for one in moment.entries:
            told = one.entry.told
            if one.entry.actor == SYSTEM.person:
                continue
            if isinstance(told, Written | Amended):
                if told.digest is not None:
                    signed: tuple[Signed, ...] = (Signed(told.record, told.version, told.digest),)
                    yield Signature(one, "author", signed, begun_with(one), moment.sure)
            elif isinstance(told, Voted | Granted | Rejected) and one.node is not None:
                yield Signature(one, _meaning(told), tuple(_about(moment, one.node)), begun_with(one), moment.sure)


def _meaning(told: Voted | Granted | Rejected) -> str:
    if told.meaning == "reject":
        return "reject"
    return "review" if isinstance(told, Voted) else "approve"


def _about(moment: Moment, node: str) -> Iterator[Signed]:
    """Yields the versions that an approval is about, as they were when it was signed."""
    name, path = parse_key(node)
    element = next((each for each in moment.definition.elements if each.name == name), None)
    of = None if element is None or element.agreement is None else element.agreement.of
    for key, version in moment.before.versions.items():
        _, within = parse_key(key)
        if name_of(key) == of and within == path[: len(within)]:
            yield Signed(key, version.number, version.digest)


def names(connection: Connection, at: int) -> dict[str, str]:
    """Gives what people were called at a time (microseconds), by their ids."""
    query = (
        "SELECT body FROM entries WHERE \"case\" = ? AND kind IN ('person_added', 'person_changed') AND at <= ?"
        " ORDER BY seq"
    )
    found: dict[str, Any] = {}
    for (body,) in ask(connection, query, ORGANISATION, at):
        told = Sealed(ORGANISATION, 0, bytes(body)).data
        found[told["person"]] = told["name"]
    return found

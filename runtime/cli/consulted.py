"""Whoever looks is known, and leaves an entry of it: `consulted`, in the organisation's chain.

The one table of the verbs that show what the database holds, and the one way to enter a look. Knows who looks and which
chain they mean; what is asked and answered is for the verbs. A look that cannot be entered, because the database may
not be written or its disk is full, is answered all the same, with a warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charter.engine.errors import CharterError
from charter.runtime.cli.context import Context
from charter.runtime.store.schema import ORGANISATION, SCHEMA

if TYPE_CHECKING:
    from charter.engine.refusals import Refusal
    from charter.runtime.store import Store

VERIFY = "audit verify"
# verbs that do nothing but look
LOOKS = frozenset(
    {
        "show",
        "cases",
        "inbox",
        "impact",
        "sla",
        "gantt",
        "board",
        "kpi",
        "people list",
        "people show",
        "verify-staffing",
        "connectors list",
        "channels list",
        "calendar show",
        "calendar list",
        "calendar check",
        *(f"audit {verb}" for verb in ("log", "show", "query", "trace", "clause", "changes", "why", "as-of")),
        VERIFY,
    }
)
# verbs that look in one of their uses: without a process, of a case, with `--plan`, without a number, `--from-trail`
ALSO_LOOK = frozenset({"start", "graph", "deploy", "incidents", "simulate"})


class Turned(Exception):
    """Whoever looks is nobody here. Ends the verb; said as every refusal is (`Verb.invoke`)."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


def reader(context: Context) -> str:
    """Gives who looks; a misuse where nobody said, and Turned, on the record, for whom the directory does not know."""
    who = context.person
    if not _turned(context, who):
        return who
    from charter.engine.entries.cases import Refused
    from charter.runtime.refusals import UNKNOWN_PERSON, refusal

    refused = refusal(UNKNOWN_PERSON, person=who)
    _enter(context, who, Refused(refused.reasons, verb=context.verb))
    raise Turned(refused)


def _turned(context: Context, who: str) -> bool:
    """Tells whether nobody here knows a person; raises Unfounded where there is neither directory nor trail."""
    from charter.runtime.store.errors import Unfounded
    from charter.runtime.store.prepared import ask

    if context.verb == VERIFY:
        return _turned_from_damaged(context.seen, who)
    with context.store.read() as connection:
        if _active(connection, who):
            return False
        if not any(ask(connection, f"SELECT 1 FROM {table} LIMIT 1") for table in ("persons", "entries")):
            raise Unfounded("nobody is here", url=context.store.url)
    return True


def _turned_from_damaged(store: Store, who: str) -> bool:
    """Tells the same of a database in whatever state: whom the directory or the trail knows hears how it stands.

    So does anybody where neither can be read.
    """
    from charter.runtime.audit.log import load
    from charter.runtime.folds.organisation import Made, follow
    from charter.runtime.store.errors import Unfounded
    from charter.runtime.store.prepared import ask
    from charter.runtime.store.tables import persons

    try:
        with store.read() as connection:
            if _active(connection, who):
                return False
            made = Made()
            for sealed in load(connection, ORGANISATION):
                follow(made, sealed.entry)
            known = made.rows[persons]
            if known or ask(connection, "SELECT 1 FROM entries LIMIT 1"):
                return bool(known) and not known.get((who,), ("", "", 0))[2]
            if ask(connection, "SELECT 1 FROM persons LIMIT 1"):
                return False
    except (CharterError, ArithmeticError, LookupError, TypeError, ValueError):
        return False
    raise Unfounded("nobody is here", url=store.url)


def database(context: Context) -> Store:
    """Gives the database as a verb looks at it: whoever verifies, in whatever state it is."""
    return context.seen if context.verb == VERIFY else context.store


def is_known(context: Context, who: str) -> bool:
    """Tells whether the directory knows a person who is still active."""
    with context.store.read() as connection:
        return _active(connection, who)


def _active(connection: Any, who: str) -> bool:
    from charter.runtime.store.prepared import ask

    found = ask(connection, "SELECT active FROM persons WHERE id = ?", who)
    return bool(found and found[0][0])


def consulted(context: Context, question: str, **about: Any) -> None:
    """Enters a look: by whom, at what."""
    from charter.engine.entries.organisation import Consulted

    told = Consulted(question, **{name: value for name, value in about.items() if value})
    if not _enter(context, reader(context), told):
        context.note(context.say("frame.warning", text=context.say("audit.not_entered")))


def _enter(context: Context, who: str, told: Any) -> bool:
    from charter.engine.entries import Entry
    from charter.runtime.audit.log import Origin, append
    from charter.runtime.store.errors import DiskFull, ReadOnly, StorageError
    from charter.runtime.store.watch import ClockJumped

    # A verdict on a damaged trail is worth more than that it can be added to: whoever verifies is told all the same,
    # and what is of an earlier schema is left so.
    verifying = context.verb == VERIFY
    if verifying and context.seen.schema != SCHEMA:
        return False
    bearable = (
        (StorageError, ArithmeticError, LookupError, TypeError, ValueError) if verifying else (ReadOnly, DiskFull)
    )
    try:
        with context.store.write() as connection:
            append(connection, [Entry(told, context.now, who)], Origin("cli"))
    except (*bearable, ClockJumped):
        return False
    return True


def chain(context: Context, case: str) -> str:
    """Gives the chain that a person means: a case, or `organisation`."""
    if case == ORGANISATION:
        return ORGANISATION
    from charter.runtime.host.casefile import resolve
    from charter.runtime.store.errors import StorageError

    try:
        with database(context).read() as connection:
            return resolve(connection, case)
    except (StorageError, UnicodeError):
        if context.verb == VERIFY:
            return case  # which the verdicts will say
        raise

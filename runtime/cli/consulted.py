"""Whoever looks is known, and leaves an entry of it: `consulted`, in the organisation's chain.

The one table of the verbs that show what the database holds, and the one way to enter a look. Knows who looks and which
chain they mean; what is asked and answered is for the verbs. A look that cannot be entered, because the database may
not be written or its disk is full, is answered all the same, with a warning.
"""

from __future__ import annotations

from contextlib import suppress
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
        "register",
        "services",
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
        "audit checkpoint",
        "audit proof",
        "audit bundle",
        "audit export",
        "export cases",
        "audit ask",
        "audit signatures",
        VERIFY,
    }
)
# verbs that look in one of their uses: without a process, of a case, with `--plan`, without a number, `--from-trail`,
# without making a key, with the trail
ALSO_LOOK = frozenset({"start", "graph", "deploy", "incidents", "simulate", "report", "audit key", "export check"})


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

    try:
        with store.read() as connection:
            if _active(connection, who):
                return False
            made = Made()
            for sealed in load(connection, ORGANISATION):
                follow(made, sealed.entry, sealed.seq)
            known = made.rows["persons"]
            if known or ask(connection, "SELECT 1 FROM entries LIMIT 1"):
                return bool(known) and not known.get((who,), ("", "", 0))[2]
            if ask(connection, "SELECT 1 FROM persons LIMIT 1"):
                return False
    except (CharterError, ArithmeticError, LookupError, TypeError, ValueError):
        return False
    raise Unfounded("nobody is here", url=store.url)


def turn(context: Context, refused: Refusal, **about: Any) -> Turned:
    """Gives what ends a verb that is refused before it reaches a case; the attempt is entered."""
    from charter.engine.entries.cases import Refused

    _enter(context, context.person, Refused(refused.reasons, verb=context.verb, **about))
    return Turned(refused)


def kept(context: Context, text: str) -> None:
    """Enters that somebody named a case that is kept from them, where there is one."""
    from charter.runtime.host.casefile import NoSuchCase, resolve
    from charter.runtime.refusals import HIDDEN, refusal

    if "reading" not in context.__dict__:
        return
    with suppress(NoSuchCase):
        with context.store.read() as connection:
            case = resolve(connection, text)
        turn(context, refusal(HIDDEN, person=context.person, case=case), case=case, person=context.person)


def reads_trail(context: Context) -> None:
    """Turns away whom the trail as a whole, and the organisation's chain, are not for."""
    from charter.runtime.refusals import TRAIL, refusal

    if not context.reading.rights.every_case:
        raise turn(context, refusal(TRAIL, person=context.person), person=context.person)


# Where there is nobody of these, as earlier builds left it, everybody whom the directory knows is answered.
_OFFICE = (
    "SELECT 1 FROM grants g JOIN persons p ON p.id = g.person AND p.active = 1"
    " WHERE g.process = ? AND g.role IN ('steward', 'auditor') LIMIT 1"
)


def may_verify(context: Context, case: str | None, typed: str | None) -> None:
    """Turns away who may read neither the trail as a whole nor the one case; nobody where that cannot be told."""
    from charter.runtime.host.casefile import NoSuchCase
    from charter.runtime.people.rights import narrow, rights
    from charter.runtime.refusals import TRAIL, refusal
    from charter.runtime.store.errors import failures
    from charter.runtime.store.prepared import ask
    from charter.runtime.store.scoped import Scoped

    known, hidden = True, False
    try:
        with context.seen.read() as connection:
            found = rights(connection, context.person, context.now)
            known = bool(ask(connection, _OFFICE, ORGANISATION))
        if case is not None and case != ORGANISATION and not found.every_case:
            with (
                Scoped(context.seen, lambda c: narrow(c, found)) as store,
                store.read() as connection,
            ):
                hidden = not ask(connection, "SELECT 1 FROM cases WHERE id = ?", case)
    except failures(CharterError, ArithmeticError, LookupError, TypeError, ValueError):
        return
    if hidden:
        raise NoSuchCase(f"no case {typed}", case=typed)
    if known and not found.every_case and case in (None, ORGANISATION):
        raise turn(context, refusal(TRAIL, person=context.person), person=context.person)


def reads_sums(context: Context, process: str, *, contents: bool = False) -> None:
    """Turns away who may not read what is counted over the cases of a process; `contents`: over all that is in them."""
    from charter.runtime.refusals import SUMS, refusal

    if not context.reading.sums(process) or (contents and not context.reading.contents(process)):
        raise turn(context, refusal(SUMS, person=context.person, process=process), process=process)


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
    from charter.engine.entries.cases import Refused
    from charter.runtime.audit.attempts import too_many
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
            origin = Origin("cli")
            if not isinstance(told, Refused) or not too_many(connection, who, context.now, origin):
                append(connection, [Entry(told, context.now, who)], origin)
    except (*bearable, ClockJumped):
        return False
    return True


def chain(context: Context, case: str) -> str:
    """Gives the chain that a person means: a case, or `organisation`."""
    if case == ORGANISATION:
        if context.verb != VERIFY:
            reads_trail(context)
        return ORGANISATION
    from charter.runtime.host.casefile import resolve
    from charter.runtime.store.errors import StorageError

    if context.verb != VERIFY:
        return context.reading.resolve(case)
    try:
        with context.seen.read() as connection:
            return resolve(connection, case)
    except (StorageError, UnicodeError):
        return case  # which the verdicts will say

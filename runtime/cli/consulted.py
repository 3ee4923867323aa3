"""Whoever looks is known, and leaves an entry of it: `consulted`, in the organisation's chain.

The one table of the verbs that show what the database holds, and the one way to enter a look. Knows who looks and which
chain they mean; what is asked and answered is for the verbs. A look that cannot be entered, because the database may
not be written or its disk is full, is answered all the same, with a warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charter.runtime.cli.context import Context
from charter.runtime.cli.output import complain
from charter.runtime.store.schema import ORGANISATION

if TYPE_CHECKING:
    from charter.engine.refusals import Refusal

# verbs that do nothing but look
LOOKS = frozenset(
    {
        "show",
        "cases",
        "inbox",
        "impact",
        "kpi",
        "people list",
        "people show",
        "connectors list",
        *(f"audit {verb}" for verb in ("log", "show", "query", "trace", "clause", "changes", "why", "as-of", "verify")),
    }
)
# verbs that look in one of their uses: without a process, of a case, with `--plan`, without a number
ALSO_LOOK = frozenset({"start", "graph", "deploy", "incidents"})


class Turned(Exception):
    """Whoever looks is nobody here. Ends the verb; said as every refusal is (`Verb.invoke`)."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


def reader(context: Context) -> str:
    """Gives who looks; a misuse where nobody said, and Turned, on the record, for whom the directory does not know."""
    who = context.person
    if is_known(context, who) or _damaged(context):
        return who
    from charter.engine.entries.cases import Refused
    from charter.runtime.refusals import UNKNOWN_PERSON, refusal

    refused = refusal(UNKNOWN_PERSON, person=who)
    _enter(context, who, Refused(refused.reasons, verb=context.verb))
    raise Turned(refused)


def _damaged(context: Context) -> bool:
    """Tells whether there is a trail but nobody in the directory, of which `audit verify` has to say so.

    Raises Unfounded where there is no trail either.
    """
    from charter.runtime.store.errors import Unfounded
    from charter.runtime.store.prepared import ask

    with context.store.read() as connection:
        if ask(connection, "SELECT 1 FROM persons LIMIT 1"):
            return False
        if ask(connection, "SELECT 1 FROM entries LIMIT 1"):
            return context.verb == "audit verify"
    raise Unfounded("nobody is here", url=context.store.url)


def is_known(context: Context, who: str) -> bool:
    """Tells whether the directory knows a person who is still active."""
    from charter.runtime.store.prepared import ask

    with context.store.read() as connection:
        found = ask(connection, "SELECT active FROM persons WHERE id = ?", who)
    return bool(found and found[0][0])


def consulted(context: Context, question: str, **about: Any) -> None:
    """Enters a look: by whom, at what."""
    from charter.engine.entries.organisation import Consulted

    told = Consulted(question, **{name: value for name, value in about.items() if value})
    if not _enter(context, reader(context), told):
        complain([context.say("frame.warning", text=context.say("audit.not_entered"))])


def _enter(context: Context, who: str, told: Any) -> bool:
    from charter.engine.entries import Entry
    from charter.runtime.audit.log import Origin, append
    from charter.runtime.store.errors import DiskFull, ReadOnly, StorageError
    from charter.runtime.store.watch import ClockJumped

    # A verdict on a damaged trail is worth more than that it can be added to: whoever verifies is told all the same.
    bearable = (StorageError,) if context.verb == "audit verify" else (ReadOnly, DiskFull)
    try:
        with context.store.write() as connection:
            append(connection, [Entry(told, context.now, who)], Origin("cli"))
    except (*bearable, ClockJumped):
        return False
    return True


def chain(context: Context, case: str) -> str:
    """Gives the chain that a person means: a case, or `organisation`."""
    return ORGANISATION if case == ORGANISATION else context.cases.resolve(case)

"""What a person should know beside their work: outcomes that they are informed of, missed dates, escalations, failures.

Read by index from the fold that keeps which role an entry is news to (`engine.notices`); who holds the role now is who
is told, so that nobody is forgotten. Knows the newest WINDOW only, and sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from charter.engine.definition import Definition
from charter.engine.entries.organisation import ReviewDue, RuleApplied, VerdictChanged
from charter.engine.keys import name_of
from charter.engine.personal import personal
from charter.engine.reading import is_withheld
from charter.engine.refusals import Refusal
from charter.runtime import clock
from charter.runtime.audit.log import Sealed
from charter.runtime.desk.inbox import granted, processes
from charter.runtime.people.directory import Directory
from charter.runtime.refusals import UNKNOWN_PERSON, refusal
from charter.runtime.store.prepared import ask

if TYPE_CHECKING:
    from sqlalchemy import Connection

WINDOW = 30 * 86_400_000_000  # microseconds

# The newest notices of one role in one process: an index range, from its end.
_LANE = (
    'SELECT n."case", n.seq, e.position, e.body, c.number FROM notices n'
    ' JOIN entries e ON e."case" = n."case" AND e.seq = n.seq LEFT JOIN cases c ON c.id = n."case"'
    " WHERE n.process = ? AND n.role = ? AND n.at >= ? AND n.by <> ?"  # nobody need be told what they did
    ' ORDER BY n.at DESC, n."case" DESC, n.seq DESC LIMIT ?'
)


class Notice(Struct, frozen=True):
    """An entry that a person should know of, and the role by which they should; `at` as in entries.

    Of the organisation's chain (no `number`): `element` is the KPI or the rule, and `verdict` how the KPI stands; or it
    is the register, and `title` the key of the entry.
    """

    position: int
    case: str
    number: int | None
    process: str
    element: str
    title: str
    kind: str
    role: str
    by: str
    at: str
    reason: str | None
    verdict: str | None = None


def notices(
    connection: Connection,
    person: str,
    definition: Callable[[str], Definition],
    *,
    now: int,
    process: str | None = None,
    limit: int = 50,
    seen: Callable[[Sealed], Sealed] = lambda sealed: sealed,
) -> list[Notice] | Refusal:
    """Lists a person's notices, the newest first; refuses an unknown person. `definition` finds one by its digest.

    Each entry is told as it is `seen`.
    """
    known = Directory().person(connection, person)
    if known is None or not known.active:
        return refusal(UNKNOWN_PERSON, person=person)
    found: dict[tuple[str, int], Notice] = {}
    own = ((where, personal(person)) for where in ([process] if process is not None else processes(connection)))
    for where, role in (*granted(connection, known.grants, process), *own):
        for case, seq, position, body, number in ask(connection, _LANE, where, role, now - WINDOW, person, limit):
            # News to several of one's roles is told once.
            if (case, seq) not in found:
                sealed = seen(Sealed(case, seq, bytes(body), position))
                entry, node = sealed.entry, sealed.node or ""
                if number is None:
                    found[case, seq] = _of_organisation(sealed, where, role)
                    continue
                found[case, seq] = Notice(
                    position,
                    case,
                    number,
                    where,
                    node,
                    _title(definition(sealed.fields["definition"]), node, getattr(entry.told, "rule", None)),
                    entry.kind,
                    role,
                    entry.actor,
                    clock.text(entry.at),
                    entry.reason,
                )
    return sorted(found.values(), key=lambda n: (n.at, n.position), reverse=True)[:limit]


def _of_organisation(sealed: Sealed, process: str, role: str) -> Notice:
    """Gives the notice of a verdict, of what a rule does then, or of an entry of a register that is to be reviewed."""
    entry, told = sealed.entry, sealed.entry.told
    if isinstance(told, ReviewDue):
        named = told.register, "" if is_withheld(told.key) else told.key
        place = (sealed.position or 0, sealed.case, None, process, *named)
        return Notice(*place, entry.kind, role, entry.actor, clock.text(entry.at), entry.reason)
    assert isinstance(told, VerdictChanged | RuleApplied)
    about = told.rule if isinstance(told, RuleApplied) else told.kpi
    at, by = clock.text(entry.at), entry.actor
    place = (sealed.position or 0, sealed.case, None, process, about, told.kpi)
    return Notice(*place, entry.kind, role, by, at, entry.reason, told.verdict)


def _title(definition: Definition, node: str, rule: str | None) -> str:
    """Gives the title of the element, or of the rule or process where an entry is about the case as a whole."""
    name = name_of(node)
    titles = {rule.name: rule.title for rule in definition.rules}
    of_case = definition.title if rule is None else titles.get(rule, rule)
    return next((e.title for e in definition.elements if e.name == name), of_case)

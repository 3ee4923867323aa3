"""Entries on a terminal or in a stream: a table, JSON lines or CSV, page by page.

Knows how an entry is shown, not which ones were asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from charter.engine.commands import SYSTEM
from charter.runtime import clock
from charter.runtime.author.shown import shown
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Misuse
from charter.runtime.cli.failures import declined_sentence, failure_sentence, withheld
from charter.runtime.cli.output import Cell, neutral, one_line
from charter.runtime.cli.reasons import reason_sentence

if TYPE_CHECKING:
    from charter.engine.entries import Entry, Told
    from charter.engine.entries.cases import Amended, Continued, Written
    from charter.engine.refusals import Reason
    from charter.runtime.audit.log import Sealed
    from charter.runtime.audit.query import Query

ORGANISATION = "organisation"
FORMATS = ("table", "jsonl", "csv")
PAGE = 100
# what begins a formula in a spreadsheet, also where its author types in full width
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_CSV = (
    "position",
    "case",
    "seq",
    "at",
    "zone",
    "actor",
    "role",
    "on_behalf_of",
    "kind",
    "element",
    "node",
    "before",
    "after",
    "outcome",
    "reason",
    "cause",
    "clauses",
    "process",
    "definition",
    "channel",
    "host",
    "account",
    "build",
    "prev",
    "data",
)


def listed(context: Context, query: Query | None, after: int, limit: int, format: str) -> int:
    """Writes the entries that answer a query, from after a position on; gives the exit code.

    `format` is one of FORMATS, or `json` for one array.
    """
    from charter.runtime.audit.query import MOST_STEPS, STEPS_EACH, TooCostly, run

    # one more than a page tells whether there is a next one; the other formats stream to the end
    size = limit or (PAGE if format == "table" else None)
    with context.reading.read() as connection:
        most = None if size is None else size + 1
        found = run(connection, query, after=after, limit=most, seen=context.reading.seen)
        try:
            if format == "table":
                return _table(context, list(found), size or PAGE)
            count, last = _streamed(context, found, format, size)
        except TooCostly:
            raise Misuse("costly_question", steps=MOST_STEPS, each=STEPS_EACH) from None
    if size is not None and count > size:
        context.note(context.say("audit.more", position=last))
    return 0


def _streamed(context: Context, found: Iterable[Sealed], format: str, size: int | None) -> tuple[int, int]:
    count = last = 0

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal count, last
        for sealed in found:
            count += 1
            if size is not None and count > size:
                return
            last = sealed.position or 0
            named = {"element": sealed.element, "node": sealed.node} if format == "csv" else {}
            yield {"position": sealed.position, **sealed.fields, **named}

    if format == "csv":
        import csv  # only where it is asked for

        writer = csv.writer(context.output.stream, lineterminator="\n")
        writer.writerow(_CSV)
        for row in rows():
            cells = [_cell(row.get(name)) for name in _CSV]
            writer.writerow(map(neutral, cells) if context.output.terminal else cells)
    elif format == "jsonl":
        for row in rows():
            context.output.json_line(row)
    else:
        context.output.json_lines(rows())
    return count, last


def _cell(value: Any) -> str:
    """Writes a CSV cell; what a spreadsheet would take for a formula is defused with an apostrophe."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"'{text}" if text.startswith(_FORMULA) and not isinstance(value, int) else text


def _table(context: Context, found: Sequence[Sealed], size: int) -> int:
    say, output = context.say, context.output
    if not found:
        output.sentence(say("audit.nothing"))
        return 0
    several = len({sealed.case for sealed in found}) > 1
    rows = [_row(context, sealed, several) for sealed in found[:size]]
    # what an entry is about may be a whole sentence, so it comes last
    heads = ("position", "seq", "at", "actor", "kind", "element", "change", "outcome", "reason", "what")
    output.table([say(f"audit.c_{head}") for head in heads], rows, styles=("faint", "faint", "faint", "name"))
    if len(found) > size:
        output.sentence(say("audit.more", position=found[size - 1].position), "faint")
    return 0


def shown_time(context: Context, written: str) -> str:
    """Shows an entry's time in the local zone."""
    return str(context.output.moment(clock.read(written)))


def _row(context: Context, sealed: Sealed, several: bool) -> tuple[str | Cell, ...]:
    from charter.engine.entries import BadEntry
    from charter.engine.entries.cases import Refused

    # as `audit show` takes it
    chain = ORGANISATION if sealed.case == ORGANISATION else sealed.case[:6]
    number = f"{chain}.{sealed.seq}" if several else str(sealed.seq)
    try:
        entry = sealed.entry
    except BadEntry as bad:
        # the list goes on, so that what stands before and after it can be seen
        return (str(sealed.position), number, "", "", "", "", "", "", "", Cell(one_line(str(bad)), "bad"))
    refused = isinstance(entry.told, Refused)
    outcome = "" if refused or entry.outcome == "done" else context.say(f"audit.outcome_{entry.outcome}")
    return (
        str(sealed.position),
        number,
        str(context.output.moment(entry.at)),
        actor_of(context, entry),
        Cell(kind_word(context, entry.kind), "bad" if refused else None),
        entry.node or "",
        change_of(context, entry),
        Cell(outcome, "bad"),
        reason_of(entry),
        what(context, entry.told),
    )


def _state(context: Context, state: str | None) -> str:
    return (context.say.find(f"states.{state}") or state) if state else "–"


def change_of(context: Context, entry: Entry) -> str:
    """Says from which state to which its element moved; empty where it stayed."""
    before, after = entry.before, entry.after
    return f"{_state(context, before)} → {_state(context, after)}" if after and after != before else ""


def actor_of(context: Context, entry: Entry) -> str:
    """Says who did it, in which role, for whom."""
    if entry.actor == SYSTEM.person:
        return context.say("audit.system")
    role = context.say.aside(entry.role) if entry.role else ""
    return f"{acting(context, entry.actor, entry.on_behalf_of)}{role}"


def acting(context: Context, person: str, principal: str | None) -> str:
    """Names who acted, and in whose place."""
    return context.say("audit.in_place_of", person=person, principal=principal) if principal else person


def kind_word(context: Context, kind: str) -> str:
    """Says an entry's kind in the reader's language."""
    return context.say.find(f"kinds.{kind}") or kind


def reasons_of(told: Told) -> Sequence[Reason]:
    """Gives why a command was refused, or why the engine passed over or ended an element."""
    from charter.engine.entries.cases import Refused
    from charter.engine.refusals import Reason

    if isinstance(told, Refused):
        return told.reasons
    because = getattr(told, "because", None)
    return () if because is None else (Reason(because.code, None, because.arguments),)


def _rules(context: Context, told: Continued) -> Iterator[str]:
    """Says which rules judge from an entry on, and which did before it."""
    for rule in ("law", "tzdata"):
        before, after = told.was[rule], getattr(told, rule)
        if before != after:
            yield context.say(f"audit.rules_{rule}", before=str(before) or "–", after=after)


def what(context: Context, told: Told) -> str:
    """Says in a few words what an entry is about beyond its element: a version, why it was refused, a comment."""
    from charter.engine.entries.cases import Amended, Continued, Decided, Declined, Failed, Migrated, Voted, Written
    from charter.engine.entries.organisation import Consulted, Deployed, RoleGranted, RoleRevoked, StandInNamed

    if isinstance(told, Continued):
        return context.say("happened.comma").join(_rules(context, told))
    if isinstance(told, Migrated):
        return f"{told.was_version} → {told.version}"
    if isinstance(told, Written | Amended):
        return version_of(told)
    if isinstance(told, Consulted):
        about = told.record or told.person or told.process or told.text
        return told.question if about is None else f"{told.question} {one_line(about)[:40]}"
    if isinstance(told, Decided | Failed) and told.decision is not None:
        return f"{told.decision} {', '.join(map(str, told.rows or ()))}"
    if isinstance(told, Deployed):
        return f"{told.process} {told.version} {told.definition[:12]}"
    if isinstance(told, RoleGranted | RoleRevoked | StandInNamed):
        return f"{told.person} {told.role}"
    if isinstance(told, Declined):
        return declined_sentence(context.say, told)
    reasons = reasons_of(told)
    if reasons:
        codes = dict.fromkeys(reason.code for reason in reasons)
        return f"{reason_sentence(reasons[0], context.say)}  {' '.join(codes)}"
    if isinstance(told, Voted):
        return kind_word(context, "granted" if told.meaning == "approve" else "rejected")
    said = [(name, getattr(told, name)) for name in _SAID.get(told.kind, ())]
    return " ".join(
        dict.fromkeys(
            _about(context, name, value) for name, value in said if value not in (None, "", ()) and value is not False
        )
    )


def reason_of(entry: Entry) -> str:
    """Gives the reason of an entry in the words of whoever gave it; nothing where it is what the entry tells itself."""
    return "" if entry.reason == getattr(entry.told, "failure", None) else entry.reason or ""


def _about(context: Context, name: str, value: Any) -> str:
    """Shows a value of an entry in a few words: a time in the local zone, of connectors and public days their names."""
    if name == "due":
        return context.output.deadline(value if isinstance(value, int) else clock.read(value))
    if name in _TIMES:
        return str(context.output.moment(value if isinstance(value, int) else clock.read(value)))
    if name == "percent":
        return f"{value}%"
    if name == "drill":
        return context.say("show.a_drill") if value else ""
    if name in ("state", "verdict"):
        return context.say.find(f"clocks.{value}") or str(value)
    if name == "failure":
        return one_line(shown(failure_sentence(value, "", context.say.lang)))
    if name == "late":
        return context.say("register.late", keys=context.say("happened.comma").join(map(str, value))) if value else ""
    if name == "named":
        pairs = (context.say.of(text, context.say("happened.comma").join(people)) for text, people in value)
        return context.say("happened.comma").join(pairs)
    if name in ("connectors", "days") or (name == "to" and not isinstance(value, str)):
        return context.say("happened.comma").join(value or ())
    return one_line(shown(value, withheld(context.say.lang)))[:40]


_TIMES = frozenset({"since", "clock"})


# kind -> the fields that say best what an entry is about, beyond its element
_SAID: Mapping[str, tuple[str, ...]] = {
    "started": ("process", "number", "drill"),
    "filing_withheld": ("register", "key"),
    "opened": ("instances", "named"),
    "readdressed": ("named",),
    "assigned": ("to",),
    "delegated": ("to",),
    "handed_over": ("giver", "to", "by"),
    "item_handed_over": ("person", "to", "key"),
    "confirmed": ("check",),
    "filed": ("register", "key"),
    "looked_up": ("asked", "late"),
    "entries_offered": ("register",),
    "linked": ("process", "name"),
    "count_reached": ("counter", "key", "count"),
    "entry_imported": ("register", "key"),
    "returned": ("to",),
    "staled": ("to",),
    "overdue": ("due",),
    "undated": ("condition",),
    "escalated": ("to",),
    "reminded": ("to", "person", "due"),
    "happened": ("condition",),
    "notified": ("to", "rule"),
    "launched": ("process",),
    "declined": ("target", "failure"),
    "fired": ("rule",),
    "idle": ("condition",),
    "uncounted": ("condition",),
    "stage_passed": ("stage", "condition"),
    "stage_held": ("stage", "condition"),
    "drawn": ("field", "people"),
    "unapproved": ("record",),
    "called": ("target",),
    "retried": ("failure",),
    "decided": ("said",),
    "failed": ("failure",),
    "signalled": ("signal",),
    "added": ("item",),
    "commented": ("text",),
    "observed": ("event", "row"),
    "deviated": ("deviation", "row", "code"),
    "attached": ("file",),
    "refused": ("verb",),
    "person_added": ("person", "name"),
    "person_changed": ("person", "name"),
    "person_deactivated": ("person",),
    "skill_set": ("person", "skill", "new"),
    "certificate_noted": ("person", "certificate"),
    "absence_noted": ("person", "since"),
    "stand_in_accepted": ("person", "principal"),
    "stand_in_revoked": ("person", "principal"),
    "connectors_changed": ("connectors",),
    "channel_set": ("channel",),
    "channel_removed": ("channel",),
    "channel_tested": ("channel", "failure"),
    "notices_routed": ("recipient", "channel"),
    "notices_unrouted": ("recipient", "channel"),
    "notice_sent": ("recipient", "channel"),
    "notice_failed": ("recipient", "channel", "failure"),
    "notice_dropped": ("recipient", "channel"),
    "days_published": ("country", "source"),
    "period_closed": ("process", "kpi", "since"),
    "period_revised": ("process", "kpi", "since"),
    "report_frozen": ("process", "report", "since", "number"),
    "report_signed": ("process", "report", "since", "role"),
    "verdict_changed": ("process", "kpi", "verdict"),
    "rule_applied": ("process", "rule", "kpi", "verdict"),
    "review_due": ("register", "key", "due"),
    "log_imported": ("log", "file"),
    "recounted": ("days",),
    "redated": ("clause", "due"),
    "missed": ("rounds", "since"),
    "clock_started": ("sla", "due"),
    "clock_paused": ("sla",),
    "clock_resumed": ("sla", "due"),
    "clock_stopped": ("sla", "state", "verdict"),
    "threshold_reached": ("sla", "percent", "due"),
    "clock_recounted": ("sla", "due"),
    "baseline_fixed": ("ledger", "record", "total"),
    "line_overrun": ("ledger", "line", "used"),
    "line_covered": ("ledger", "line", "used"),
    "incident_retried": ("case", "ask"),
    "incident_settled": ("case", "ask"),
    "clock_stepped_back": ("case",),
    "clock_confirmed": ("clock",),
    "key_set": ("key",),
    "cases_counted": ("cases",),
    "case_opened": ("process", "number"),
    "refusals_unentered": ("person", "most"),
    "stranding_chosen": ("stranding",),
    "hours_given": ("person", "lines", "calendar"),
    "calendar_defined": ("calendar", "lines"),
}
# kinds of which the element, or the case, is all that there is to say
SAYS_ITSELF = frozenset(
    {
        *("granted", "rejected", "reached", "claimed", "released", "begun", "completed", "withdrawn", "reopened"),
        *("repeated", "restored", "ticked", "skipped", "cancelled", "suspended", "resumed", "answered", "closed"),
    }
)


def version_of(told: Written | Amended) -> str:
    """Names the version of a record that an entry tells of."""
    return f"{told.record} v{told.version}"

"""Entries on a terminal or in a stream: a table, JSON lines or CSV, page by page.

Knows how an entry is shown, not which ones were asked for.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from charter.runtime import clock
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import reason_sentence
from charter.runtime.cli.output import Cell, neutral, one_line

if TYPE_CHECKING:
    from charter.engine.refusals import Reason
    from charter.runtime.audit.query import Found, Query

ORGANISATION = "organisation"
SYSTEM = "system"  # the actor of what follows by the definition alone
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
    """Writes the entries that answer a query, from after a position on, in one of FORMATS; gives the exit code."""
    from charter.runtime.audit.query import run

    # one more than a page tells whether there is a next one; the other formats stream to the end
    size = limit or (PAGE if format == "table" else None)
    with context.store.read() as connection:
        found = run(connection, query, after=after, limit=None if size is None else size + 1)
        if format == "table":
            return _table(context, list(found), size or PAGE)
        count, last = _streamed(context, found, format, size)
    if size is not None and count > size:
        sys.stderr.write(context.say("audit.more", position=last) + "\n")
    return 0


def _streamed(context: Context, found: Iterable[Found], format: str, size: int | None) -> tuple[int, int]:
    count = last = 0
    writer = csv.writer(context.output.stream, lineterminator="\n")
    if format == "csv":
        writer.writerow(_CSV)
    for entry in found:
        count += 1
        if size is not None and count > size:
            break
        last = entry.position
        if format == "jsonl":
            context.output.json_line({"position": entry.position, **entry.fields})
        else:
            row = {"position": entry.position, **entry.fields}
            cells = [_cell(row.get(name)) for name in _CSV]
            writer.writerow(map(neutral, cells) if context.output.terminal else cells)
    return count, last


def _cell(value: Any) -> str:
    """Writes a CSV cell; what a spreadsheet would take for a formula is defused with an apostrophe."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"'{text}" if text.startswith(_FORMULA) and not isinstance(value, int) else text


def _table(context: Context, found: Sequence[Found], size: int) -> int:
    say, output = context.say, context.output
    if not found:
        output.line(say("audit.nothing"))
        return 0
    several = len({entry.fields["case"] for entry in found}) > 1
    rows = []
    for entry in found[:size]:
        f = entry.fields
        refused = f["kind"] == "refused"
        outcome = "" if refused or f["outcome"] == "done" else say(f"audit.outcome_{f['outcome']}")
        # as `audit show` takes it
        chain = ORGANISATION if f["case"] == ORGANISATION else f["case"][:6]
        number = f"{chain}.{f['seq']}" if several else str(f["seq"])
        rows.append(
            (
                str(entry.position),
                number,
                shown_time(context, f["at"]),
                actor_of(context, f),
                Cell(kind_word(context, f["kind"]), "bad" if refused else None),
                f.get("element") or "",
                change_of(context, f),
                Cell(outcome, "bad"),
                f.get("reason") or "",
                what(context, f),
            )
        )
    # what an entry is about may be a whole sentence, so it comes last
    heads = ("position", "seq", "at", "actor", "kind", "element", "change", "outcome", "reason", "what")
    output.table([say(f"audit.c_{head}") for head in heads], rows, styles=("faint", "faint", "faint", "name"))
    if len(found) > size:
        output.line(say("audit.more", position=found[size - 1].position), "faint")
    return 0


def shown_time(context: Context, written: str) -> str:
    """Shows an entry's time in the local zone."""
    return str(context.output.moment(clock.read(written)))


def _state(context: Context, state: str | None) -> str:
    return (context.say.find(f"states.{state}") or state) if state else "–"


def change_of(context: Context, fields: Mapping[str, Any]) -> str:
    """Says from which state to which its element moved; empty where it stayed."""
    before, after = fields.get("before"), fields.get("after")
    return f"{_state(context, before)} → {_state(context, after)}" if after and after != before else ""


def actor_of(context: Context, fields: Mapping[str, Any]) -> str:
    """Says who did it, in which role, for whom."""
    if fields["actor"] == SYSTEM:
        return context.say("audit.system")
    role = f" ({fields['role']})" if fields.get("role") else ""
    behalf = f" ← {fields['on_behalf_of']}" if fields.get("on_behalf_of") else ""
    return f"{fields['actor']}{behalf}{role}"


def kind_word(context: Context, kind: str) -> str:
    """Says an entry's kind in the reader's language."""
    return context.say.find(f"kinds.{kind}") or kind


def reasons_of(fields: Mapping[str, Any]) -> list[Reason]:
    """Gives why a command was refused, or why the engine passed over or ended an element."""
    from charter.engine.refusals import Reason

    data = fields.get("data", {})
    because = data.get("because")
    if isinstance(because, Mapping):
        return [Reason(because["code"], None, {name: value for name, value in because.items() if name != "code"})]
    return [Reason(r["code"], r.get("subject"), r.get("arguments", {})) for r in data.get("reasons", ())]


def what(context: Context, fields: Mapping[str, Any]) -> str:
    """Says in a few words what an entry is about beyond its element: a version, why it was refused, a comment."""
    data = fields.get("data", {})
    if "record" in data:
        number = data.get("number", data.get("version"))
        return f"{data['record']} v{number}" if number is not None else str(data["record"])
    if "decision" in data:
        return f"{data['decision']} {', '.join(map(str, data.get('rows', ())))}"
    if "person" in data and "role" in data:
        return f"{data['person']} {data['role']}"
    reasons = reasons_of(fields)
    if reasons:
        codes = dict.fromkeys(reason.code for reason in reasons)
        return f"{reason_sentence(reasons[0], context.say)}  {' '.join(codes)}"
    for name in ("check", "text", "to", "connector", "signal", "person", "question", "name"):
        if isinstance(data.get(name), str):
            return one_line(data[name])[:40]
    return ""

"""`charter audit show CASE.NUMBER`: one entry whole, with what it follows from and what follows from it.

Knows how an entry is laid out for reading; what it means is said by the same words as in lists. What a refusal's
sentence and clause tell already is left out of the data below; `--json` leaves out nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from charter.engine.reading import WITHHELD
from charter.runtime.author.shown import shown
from charter.runtime.cli.consulted import chain, consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Missing
from charter.runtime.cli.failures import withheld
from charter.runtime.cli.reasons import reason_sentence
from charter.runtime.cli.trail import ORGANISATION, actor_of, change_of, kind_word, reason_of, reasons_of

if TYPE_CHECKING:
    from charter.runtime.audit.log import Sealed

_TOLD = ("reasons", "because")


def entry_named(context: Context, entry: str) -> Sealed:
    """Gives the stored entry of a name `CASE.NUMBER`; raises Missing (CH042)."""
    from charter.runtime.audit.log import load

    name, _, number = entry.rpartition(".")
    found = None
    if name and number.isascii() and number.isdigit():
        case, seq = chain(context, name), int(number)
        with context.reading.read() as connection:
            found = next(load(connection, case, since=seq, until=seq), None)
    if found is None:
        raise Missing(f"no entry {entry}", code="CH042", entry=entry)
    return found


def run_show(context: Context, entry: str, as_json: bool) -> int:
    """Shows one entry."""
    from charter.runtime.audit.log import load

    found = entry_named(context, entry)
    case, seq = found.case, found.seq
    with context.reading.read() as connection:
        followers = [] if case == ORGANISATION else _followers(found, load(connection, case, since=seq + 1))
    consulted(context, "show", case=case, entry=found.id)
    hash_ = found.hash if context.reading.sight(case).whole else WITHHELD
    found = context.reading.seen(found)
    if as_json:
        context.output.json({"position": found.position, **found.fields, "hash": hash_, "led_to": followers})
        return 0
    _sheet(context, found, hash_, followers)
    return 0


def _followers(entry: Sealed, rest: Any) -> list[int]:
    """Gives the numbers of the entries of the same step that follow from an entry directly."""
    from charter.engine.entries import BadEntry

    found = []
    for later in rest:
        try:
            told = later.entry
        except BadEntry:
            continue
        if told.command is not None:
            break
        if told.cause == entry.seq:
            found.append(later.seq)
    return found


def _sheet(context: Context, sealed: Sealed, hash_: Any, followers: list[int]) -> None:

    from charter.runtime.audit.asof import begun_with

    say, output, entry, f = context.say, context.output, sealed.entry, sealed.fields
    comma = say("happened.comma")
    definition = context.reading.definition(begun_with(sealed)) if sealed.case != ORGANISATION else None
    about = " ".join(filter(None, (kind_word(context, entry.kind), entry.node)))
    output.line(f"{output.style(about, 'strong')}  {output.style(sealed.id, 'faint')}")
    for reason in reasons_of(entry.told):
        output.line(f"  {reason_sentence(reason, say)}  {output.style(reason.code, 'faint')}")
        place = definition.place(reason.subject) if definition is not None and reason.subject else None
        if place:
            output.sentence(say("frame.place", place=place), "faint")
    clauses = []
    for id in entry.clauses:
        said = definition.clause(id) if definition is not None else None
        clauses.append(id if said is None else f"{id}  {said.text}")
    output.sheet(
        [
            (say("audit.c_at"), f"{output.moment(entry.at)}{say.aside(say.listed((f['at'], f['zone'])))}"),
            (say("audit.c_actor"), actor_of(context, entry)),
            (say("audit.c_reason"), reason_of(entry) or None),
            (say("audit.c_change"), change_of(context, entry) or None),
            (say("audit.c_outcome"), say(f"audit.outcome_{entry.outcome}")),
            (say("audit.s_cause"), None if entry.cause is None else say("audit.s_number", seq=entry.cause)),
            (say("audit.s_led"), comma.join(say("audit.s_number", seq=seq) for seq in followers) or None),
            *((say("audit.s_clauses") if index == 0 else "", text) for index, text in enumerate(clauses)),
            (say("audit.s_definition"), " ".join(filter(None, (f.get("process"), f.get("definition")))) or None),
            (say("audit.s_from"), f"{f['channel']}  {f['account']}@{f['host']}  Charter {f['build']}"),
            (say("audit.s_hash"), shown(hash_, withheld(say.lang))),
            (say("audit.s_prev"), shown(f["prev"], withheld(say.lang))),
        ]
    )
    data = {name: value for name, value in sealed.data.items() if name not in _TOLD}
    if data:
        output.sentence(say("audit.s_data"), "faint")
        for line in json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True).splitlines():
            output.line(f"  {line}")

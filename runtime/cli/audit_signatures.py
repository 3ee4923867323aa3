"""`charter audit signatures CASE`: who signed what, when, and what it means. Shows; knows no signature itself."""

from __future__ import annotations

from typing import Any

from charter.engine.reading import WITHHELD
from charter.runtime import clock
from charter.runtime.cli.consulted import chain, consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE
from charter.runtime.cli.output import Cell
from charter.runtime.cli.trail import acting
from charter.runtime.cli.verb import JSON, Verb, argument, switch


def run_signatures(context: Context, case: str, as_json: bool) -> int:
    """Lists the signatures of a case."""
    from charter.runtime.audit.log import load
    from charter.runtime.audit.signatures import names, signatures

    case = chain(context, case)
    with context.reading.read() as connection:
        found = list(signatures(context.reading.definition, load(connection, case)))
        called = [names(connection, one.sealed.at) for one in found]
    consulted(context, "signatures", case=case)
    sight = context.reading.sight(case)
    say, output = context.say, context.output
    rows, told = [], []
    for one, known in zip(found, called, strict=True):
        entry, seen = one.sealed.entry, context.reading.seen(one.sealed)
        signed: list[dict[str, Any]] = [
            {
                "record": each.record,
                "record_version": each.number,
                "digest": WITHHELD if sight.hides(each.record) else each.digest,
            }
            for each in one.signed
        ]
        told.append(
            {
                "entry": one.sealed.id,
                "at": clock.text(entry.at),
                "person": entry.actor,
                "name": known.get(entry.actor, entry.actor),
                "role": entry.role,
                "on_behalf_of": entry.on_behalf_of,
                "meaning": one.meaning,
                "element": one.sealed.node,
                "reason": seen.fields.get("reason"),
                "signed": signed,
                "definition": one.definition,
                "hash": one.sealed.hash if sight.whole else WITHHELD,
                "sure": one.sure,
            }
        )
        about = [
            f"{each['record']}@{each['record_version']}"
            + ("" if isinstance(each["digest"], dict) else f" {each['digest'][:12]}")
            for each in signed
        ]
        rows.append(
            (
                one.sealed.id.partition(".")[0][:6] + f".{one.sealed.seq}",
                str(output.moment(entry.at)),
                acting(context, known.get(entry.actor, entry.actor), entry.on_behalf_of)
                + (say.aside(entry.role) if entry.role else ""),
                Cell(say(f"audit.signed_{one.meaning}"), "bad" if one.meaning == "reject" else None),
                one.sealed.node or "",
                say.listed(about),
            )
        )
    if as_json:
        output.json(told)
        return DONE
    if not rows:
        output.sentence(say("audit.no_signatures"))
        return DONE
    heads = ("signed_entry", "c_at", "c_actor", "signed_meaning", "c_element", "signed_what")
    output.table([say(f"audit.{head}") for head in heads], rows, styles=("faint", "faint", "name"))
    return DONE


VERBS = {
    "signatures": Verb("audit signatures", run_signatures, [argument("case", "CASE"), switch(JSON, name="as_json")])
}

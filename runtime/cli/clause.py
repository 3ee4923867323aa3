"""`charter audit clause`: which elements carry a clause of the rule book out, and when, by whom, with what evidence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from charter.engine.commands import SYSTEM
from charter.runtime.cli.clauses import named, words
from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Missing
from charter.runtime.cli.trail import kind_word
from charter.runtime.clock import iso

if TYPE_CHECKING:
    from charter.engine.definition import Clause, Definition
    from charter.runtime.audit.clauses import Carried

CASES = 200  # the newest cases that an answer looks at, unless --cases says more


def run_clause(context: Context, clause: str | None, case: str | None, cases: int, as_json: bool) -> int:
    """Tells what carries a clause out and when it was done; without a clause, of every clause in short."""
    from charter.runtime.audit.clauses import by_clause

    chosen = None if case is None else context.reading.resolve(case)
    definitions = context.reading.processes() if chosen is None else [context.reading.definition(chosen)]
    known = {d.name: by_clause(d) for d in definitions}
    clauses = sorted({name for found in known.values() for name in found})
    if clause is not None and clause not in clauses:
        raise Missing(f"no clause {clause}", code="CH041", clause=clause, known=tuple(clauses))
    consulted(context, "clause", text=clause, case=chosen)
    done = list(_done(context, chosen, cases))
    if clause is None:
        return _all(context, definitions, clauses, done, as_json)
    return _one(context, definitions, clause, [row for row in done if row[2] == clause], as_json)


# (case's number, its definition, clause, how it was carried out)
_Done = tuple["int | None", "Definition", str, "Carried"]


def _done(context: Context, chosen: str | None, limit: int) -> Iterator[_Done]:
    """Yields each time that a clause was carried out in the newest cases, the oldest of them first."""
    from charter.runtime.audit.asof import moments
    from charter.runtime.audit.clauses import by_clause, carried
    from charter.runtime.audit.lineage import lineage
    from charter.runtime.audit.log import load
    from charter.runtime.desk.register import listed, number_of

    with context.reading.read() as connection:
        cases = [chosen] if chosen else [row.id for row in reversed(listed(connection, limit=limit))]
        for case in cases:
            definition = context.reading.definition(case)
            carriers = by_clause(definition)
            if not carriers:
                continue
            graph = lineage(moments(context.reading.definition, load(connection, case)))
            number = number_of(connection, case)
            for clause, found in carriers.items():
                for one in carried(graph, found):
                    yield number, definition, clause, one


def _all(context: Context, definitions: list[Definition], clauses: list[str], done: list[_Done], as_json: bool) -> int:
    from charter.runtime.audit.clauses import by_clause

    say, output = context.say, context.output
    rows, data = [], []
    for clause in clauses:
        times = [one.deed.at for _, _, name, one in done if name == clause]
        there = [carrier for d in definitions for carrier in by_clause(d).get(clause, ())]
        names = [carrier.name for carrier in there]
        last = max(times, default=None)
        said = _words(definitions, clause)
        text = said.text if said is not None else None
        data.append({"clause": clause, "text": text, "carried_out_by": names, "times": len(times), "last": iso(last)})
        count = str(len(times)) if any(carrier.is_done for carrier in there) else ""
        rows.append((clause, say("happened.comma").join(names), count, output.moment(last) or "", text))
    if as_json:
        output.json(data)
        return 0
    if not rows:
        output.sentence(say("audit.no_clauses"))
    output.table([say(f"audit.l_{head}") for head in ("clause", "by", "times", "last", "text")], rows, styles=("name",))
    return 0


def _one(context: Context, definitions: list[Definition], clause: str, done: list[_Done], as_json: bool) -> int:
    from charter.runtime.audit.clauses import by_clause

    say, output = context.say, context.output
    from charter.runtime.desk.views import placed

    said = _words(definitions, clause)
    there = [(d, carrier) for d in definitions for carrier in by_clause(d).get(clause, ())]
    if as_json:
        output.json(
            {
                "clause": clause,
                "text": said.text if said else None,
                "section": said.section if said else None,
                "carried_out_by": [
                    {"process": d.name, "kind": c.kind, "name": c.name, **placed(c.place)} for d, c in there
                ],
                "done": [_json(*row) for row in done],
            }
        )
        return 0
    output.line("  ".join(filter(None, (output.style(clause, "strong"), said.section if said else None))))
    for line in words(context, said, 2) if said is not None else ():
        output.line(line)
    output.sentence(say("audit.carried_out_by"), "faint")
    output.table((), [(d.title, named(context, c), c.place or "") for d, c in there], indent=2, styles=(None, "name"))
    if not done:
        leaves_entries = any(carrier.is_done for _, carrier in there)
        output.sentence(say("audit.never_carried_out" if leaves_entries else "audit.leaves_no_entry"))
        return 0
    output.sentence(say("audit.carried_out"), "faint")
    rows = [
        (
            f"#{number}",
            output.moment(one.deed.at),
            say("audit.system") if one.deed.person == SYSTEM.person else one.deed.person,
            kind_word(context, one.deed.kind),
            one.deed.node or one.carrier.name,
            say.listed((": " in text and say.of(*text.split(": ", 1))) or text for text in one.evidence),
            (one.deed.reason or "") + ("" if one.deed.sure else say("audit.unsure_deed")),
        )
        for number, _, _, one in done
    ]
    heads = ("case", "at", "actor", "kind", "element", "evidence", "reason")
    output.table([say(f"audit.c_{head}") for head in heads], rows, indent=2, styles=("faint", "faint", "name"))
    return 0


def _words(definitions: list[Definition], clause: str) -> Clause | None:
    """Gives a clause as the first of the definitions that has its words was deployed with it."""
    return next((found for d in definitions if (found := d.clause(clause)) is not None), None)


def _json(number: int | None, definition: Definition, clause: str, one: Carried) -> dict[str, Any]:
    return {
        "number": number,
        "process": definition.name,
        "name": one.carrier.name,
        "element": one.deed.node,
        "kind": one.deed.kind,
        "by": one.deed.person,
        "at": iso(one.deed.at),
        "seq": one.deed.seq,
        "reason": one.deed.reason,
        "evidence": list(one.evidence),
        "sure": one.deed.sure,
    }

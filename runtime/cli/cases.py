"""`charter cases`: the cases of the database, newest first, with who is waited for."""

from __future__ import annotations

from charter.engine.machines import CASE_STATES
from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.verb import JSON, Verb, Whole, Words, option, switch


def run_cases(
    context: Context, process: str | None, status: str | None, whose: str | None, limit: int, as_json: bool
) -> int:
    """Lists cases; `whose`: those that wait for somebody or were opened by them."""
    from charter.runtime.desk.register import listed
    from charter.runtime.desk.subjects import subjects, told

    say, output = context.say, context.output
    with context.reading.read() as connection:
        found = listed(connection, process=process, status=status, person=whose, limit=limit)
    about = subjects(context.reading, [row.id for row in found], context.now)
    consulted(context, "cases", process=process, person=whose)
    if as_json:
        output.json([row.to_json() | told(about, row.id) for row in found])
        return 0
    if not found:
        output.sentence(say("cases.none"))
        return 0
    rows = [
        (
            f"#{row.number}",
            row.id,
            row.process,
            *((about.get(row.id, ""),) if about else ()),
            row.version,
            say.practised(say(f"states.{row.status}"), row.drill),
            output.moment(row.opened_at),
            row.opened_by,
            say("happened.comma").join(row.elements),
            output.due(row.due, context.now),
        )
        for row in found
    ]
    heads = (
        "number",
        "case",
        "process",
        *(("subject",) if about else ()),
        "version",
        "status",
        "opened",
        "by",
        "waiting",
        "due",
    )
    output.table([say(f"cases.{head}") for head in heads], rows, styles=("name",))
    if len(found) == limit:
        output.sentence(say("cases.more", limit=limit), "faint")
    return 0


VERBS = {
    "cases": Verb(
        "cases",
        run_cases,
        [
            option("--process", "PROCESS"),
            option("--status", "TEXT", type=Words(CASE_STATES)),
            option("--person", "PERSON", name="whose"),
            option("--limit", "NUMBER", type=Whole(), default=100),
            switch(JSON, name="as_json"),
        ],
    )
}

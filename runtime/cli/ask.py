"""`charter audit ask`: the questions that auditors ask of a whole trail, by name. Shows; knows no answer itself."""

from __future__ import annotations

from typing import Any

from charter.runtime import clock
from charter.runtime.cli.consulted import chain, consulted, reads_trail
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE, Misuse, guess
from charter.runtime.cli.verb import JSON, Verb, argument, option, switch


def run_ask(
    context: Context,
    question: str | None,
    process: str | None,
    case: str | None,
    actor: str | None,
    record_type: str | None,
    since: str | None,
    until: str | None,
    at: str | None,
    as_json: bool,
) -> int:
    """Answers a question over all cases, or over those of a process, a person or a time; without one, lists them."""
    from charter.runtime.audit.asking import QUESTIONS, Asked, answered
    from charter.runtime.cli.people import instant

    say, output = context.say, context.output
    if question is None:
        listed = [(name, say(f"ask.{name.replace('-', '_')}")) for name in QUESTIONS]
        if as_json:
            output.json([{"question": name, "text": text} for name, text in listed])
        else:
            output.table([say("ask.c_question"), say("ask.c_answer")], listed, styles=("name",))
        return DONE
    if question not in QUESTIONS:
        raise Misuse(
            "no_question", question=question, guess=guess(question, QUESTIONS, say), known=say.listed(QUESTIONS)
        )
    reads_trail(context)
    asked = Asked(
        context.now if at is None else instant(at, "--at", last=True) - (1 if len(at) <= 10 else 0),
        None if since is None else instant(since, "--since"),
        None if until is None else instant(until, "--until", last=True),
        process,
        None if case is None else chain(context, case),
        actor,
        record_type,
    )
    with context.reading.read() as connection:
        rows = answered(connection, context.reading.definition, question, asked)
    consulted(context, "ask", text=question, case=asked.case, process=process, person=actor, when=at)
    if as_json:
        output.json(rows)
        return DONE
    if not rows:
        output.sentence(say("ask.nothing"))
        return DONE
    columns = QUESTIONS[question][1]
    output.table(
        [say(f"ask.c_{name}") for name in columns], [[_cell(context, n, row[n]) for n in columns] for row in rows]
    )
    return DONE


def _cell(context: Context, name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in ("at", "since", "due"):
        return str(context.output.moment(clock.read(value)))
    if name == "number":
        return f"#{value}"
    if name.endswith("_seconds"):
        return f"{value // 3600}:{value // 60 % 60:02}:{value % 60:02}"
    return ", ".join(value) if isinstance(value, list) else str(value)


VERBS = {
    "ask": Verb(
        "audit ask",
        run_ask,
        [
            argument("question", "QUESTION", required=False),
            option("--process", "PROCESS"),
            option("--case", "CASE"),
            option("--actor", "PERSON"),
            option("--record-type", "RECORD"),
            option("--since", "TIME"),
            option("--until", "TIME"),
            option("--at", "TIME"),
            switch(JSON, name="as_json"),
        ],
    )
}

"""`charter inbox`: what waits for a person, why it is theirs, and what to type next."""

from __future__ import annotations

from typing import Any

from .context import Context
from .verb import JSON, Verb, Whole, option, switch

LIMIT = 100


def run_inbox(context: Context, process: str | None, limit: int, as_json: bool) -> int:
    """Lists a person's open work, what is due first in front."""
    from ..directory import Directory
    from ..inbox import inbox

    person, say, output = context.person, context.say, context.output
    with context.store.read() as connection:
        if Directory().person(connection, person) is None:
            from ..people import NoSuchPerson

            raise NoSuchPerson(f"nobody is called {person}", person=person)
        items = inbox(connection, person, now=context.now, process=process, limit=limit)
    if as_json:
        output.json([_json(context, item) for item in items])
        return 0
    if not items:
        output.line(say("inbox.empty", person=person))
        return 0
    rows = []
    for item in items:
        title = _title(context, item)
        due = "" if item.due is None else say("inbox.due", when=output.relative(item.due, context.now))
        late = item.due is not None and item.due < context.now
        rows.append((
            f"#{item.number}", item.node, title, say(f"states.{item.state}"), output.relative(item.since, context.now),
            output.style(due, "bad") if late else due, why(context, item), next_command(item),
        ))  # fmt: skip
    heads = ("case", "element", "title", "state", "since", "due", "why", "next")
    output.table([say(f"inbox.{head}") for head in heads], rows, styles=("faint", "name"))
    if len(items) == limit:
        output.line(say("inbox.more", limit=limit), "faint")
    return 0


def why(context: Context, item: Any) -> str:
    """Says why a piece of work is this person's."""
    arguments = {"role": item.role, "principal": item.principal}
    return context.say(f"inbox.why_{item.why}", **arguments)


def next_command(item: Any) -> str:
    """Gives the command a person would type next."""
    verb = item.verb
    return f"charter {verb} {item.number} {item.node}"


def _title(context: Context, item: Any) -> str:
    definition = context.cases.definition(item.case)
    return next((e.title for e in definition.elements if e.name == item.element and e.title != e.name), "")


def _json(context: Context, item: Any) -> dict[str, Any]:
    return {}


VERBS = {
    "inbox": Verb(
        "inbox",
        run_inbox,
        [
            option("--process", "PROCESS"),
            option("--limit", "NUMBER", type=Whole(), default=LIMIT),
            switch(JSON, name="as_json"),
        ],
    )
}

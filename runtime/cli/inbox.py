"""`charter inbox`: what waits for a person, why it is theirs, and what to type next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .aftermath import refused
from .context import Context
from .verb import JSON, Verb, Whole, option, switch

if TYPE_CHECKING:
    from ...engine.definition import Element
    from ..inbox import WorkItem

LIMIT = 100


def run_inbox(context: Context, process: str | None, limit: int, as_json: bool) -> int:
    """Lists a person's open work, what is due first in front."""
    from ...engine.records import Refusal
    from ..inbox import inbox

    person, say, output = context.person, context.say, context.output
    with context.store.read() as connection:
        items = inbox(connection, person, now=context.now, process=process, limit=limit)
    if isinstance(items, Refusal):
        return refused(context, items, None, None, None)
    if as_json:
        output.json([_json(context, item, element(context, item)) for item in items])
        return 0
    if not items:
        output.line(say("inbox.empty", person=person))
        return 0
    rows = []
    for item in items:
        here = element(context, item)
        due = "" if item.due is None else say("inbox.due_in", when=output.relative(item.due, context.now))
        late = item.due is not None and item.due < context.now
        title = "" if here.title == here.name else here.title
        rows.append((
            f"#{item.number}", item.node, title, say(f"states.{item.state}"), output.relative(item.since, context.now),
            output.style(due, "bad") if late else due, why(context, item), next_command(here.kind, item),
        ))  # fmt: skip
    heads = ("case", "element", "title", "state", "since", "due", "why", "next")
    output.table([say(f"inbox.{head}") for head in heads], rows, styles=("faint", "name"))
    if len(items) == limit:
        output.line(say("inbox.more", limit=limit), "faint")
    return 0


def element(context: Context, item: WorkItem) -> Element:
    """Gives the element that a piece of work is an instance of."""
    return next(e for e in context.cases.definition(item.case).elements if e.name == item.element)


def why(context: Context, item: WorkItem) -> str:
    """Says why a piece of work is this person's."""
    reason = "assigned" if item.why == "held" and item.assigned else item.why
    return context.say(f"inbox.why_{reason}", role=item.role or "", principal=item.on_behalf_of or "")


def next_command(kind: str, item: WorkItem) -> str:
    """Gives the command a person would type next."""
    verb = "resume" if item.state == "suspended" else "approve" if kind == "approval" else "complete"
    return f"charter {verb} {item.number} {item.node}"


def _json(context: Context, item: WorkItem, element: Element) -> dict[str, Any]:
    return {
        "case": item.case, "number": item.number, "process": item.process, "element": item.node,
        "title": element.title, "kind": element.kind, "state": item.state, "iteration": item.iteration,
        "role": item.role, "why": item.why, "on_behalf_of": item.on_behalf_of, "since": item.since, "due": item.due,
        "next": next_command(element.kind, item),
    }  # fmt: skip


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

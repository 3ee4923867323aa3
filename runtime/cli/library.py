"""`charter library [PROCESS]`: lists the processes that Charter ships, or shows one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charter.runtime.cli.context import Context
from charter.runtime.cli.verb import JSON, Verb, argument, switch

if TYPE_CHECKING:
    from charter.runtime.author.library import Shipped


def run_library(context: Context, process: str | None, as_json: bool) -> int:
    """Lists all processes by name, or shows what one is for, who takes part, what has to be set, and its course."""
    from charter.runtime.author.library import SHIPPED, shelf, taken

    if process is not None:
        return _show(context, taken(process), as_json)
    found = shelf()
    if as_json:
        rows = [
            {
                "process": each.name,
                "title": each.title,
                "goal": each.goal,
                "file": each.path.relative_to(SHIPPED).as_posix(),
            }
            for each in found
        ]
        context.output.json({"processes": rows})
        return 0
    say, output = context.say, context.output
    headings = [say(f"library.h_{name}") for name in ("process", "title", "goal")]
    output.table(headings, [(each.name, each.title, each.goal) for each in found], styles=("name", None, "faint"))
    output.line()
    output.sentence(say("library.next"))
    return 0


def _show(context: Context, one: Shipped, as_json: bool) -> int:
    from charter.runtime.author.library import SHIPPED, opened, undecided
    from charter.runtime.drawing.graph import write_text
    from charter.runtime.drawing.picture import build_picture

    compiled, d = opened(one)
    needed = undecided(compiled.definitions)
    file = one.path.relative_to(SHIPPED).as_posix()
    if as_json:
        context.output.json(
            {
                "process": d.name,
                "title": d.title,
                "goal": one.goal,
                "file": file,
                "roles": [role.name for role in d.roles],
                "unbound": list(dict.fromkeys(each.name for each in needed)),
                "clauses": [clause.id for clause in d.cited],
            }
        )
        return 0
    say, output = context.say, context.output
    output.line(f"{output.style(d.name, 'strong')} {d.title}")
    rows = [
        (say("library.goal"), one.goal),
        (say("library.roles"), say.listed(role.title for role in d.roles)),
        (say("library.unbound"), say.listed(f"{each.title} ({each.name})" for each in needed)),
        (say("library.clauses"), str(len(d.cited)) if d.cited else ""),
        (say("library.file"), str(one.path)),
    ]
    output.sheet([(head, text) for head, text in rows if text], indent=2)
    output.line()
    output.stream.write(write_text(build_picture(d, say), say))
    output.line()
    output.sentence(say("library.take", process=d.name))
    return 0


VERBS = {
    "library": Verb(
        "library", run_library, [argument("process", "PROCESS", required=False), switch(JSON, name="as_json")]
    )
}

"""`charter audit query … --by FEEL [--of FEEL]`: how many entries answer, in groups, and what their figures come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charter.dsl.text.width import display_width
from charter.runtime.author.shown import shown
from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE, Misuse

if TYPE_CHECKING:
    from charter.engine.feel import tree
    from charter.runtime.audit.query import Query


def run_grouped(context: Context, text: str, query: Query | None, by: str, of: str | None, as_json: bool) -> int:
    """Counts the entries that answer by what an expression gives for each; `of`: also what another comes to."""
    from charter.runtime.audit.grouped import grouped
    from charter.runtime.audit.query import MOST_STEPS, STEPS_EACH, TooCostly

    key = _expression(context, by)
    figure = None if of is None else _expression(context, of)
    consulted(context, "query", text=" ".join(filter(None, (text, f"--by {by}", f"--of {of}" if of else ""))))
    with context.reading.read() as connection:
        try:
            found = grouped(connection, query, key, figure, context.reading.seen)
        except TooCostly:
            raise Misuse("costly_question", steps=MOST_STEPS, each=STEPS_EACH) from None
    say, output = context.say, context.output
    if as_json:
        rows: list[dict[str, Any]] = [{"group": one.value, "count": one.count} for one in found]
        if of is not None:
            for row, one in zip(rows, found, strict=True):
                row |= {"mean": one.mean, "p50": one.half, "p90": one.nine_of_ten}
        output.json(rows)
        return DONE
    if not found:
        output.sentence(say("audit.nothing"))
        return DONE
    heads = ["g_group", "g_count", *(() if of is None else ("g_mean", "g_half", "g_nine"))]
    figures = ((one.mean, one.half, one.nine_of_ten) if of is not None else () for one in found)
    cells = [
        [_group(one.value), str(one.count), *("" if each is None else f"{each:.2f}" for each in three)]
        for one, three in zip(found, figures, strict=True)
    ]
    output.table([say(f"audit.{head}") for head in heads], cells)
    return DONE


def _group(value: Any) -> str:
    return ", ".join(map(_group, value)) if isinstance(value, list) else "–" if value is None else shown(value)


def _expression(context: Context, text: str) -> tree.Node:
    """Reads an expression over an entry's fields; refused with the place that is wrong."""
    from charter.dsl.messages.render import detail
    from charter.runtime.audit.grouped import build
    from charter.runtime.audit.query import FIELDS

    node, problems = build(text)
    if node is None:
        one = problems[0]
        mark = " " * display_width(text[: one.start]) + "^" * max(1, display_width(text[one.start : one.end]))
        said = detail(one.message, context.say.lang)
        raise Misuse("bad_question", detail=said, text=text, mark=mark, fields=context.say.listed(FIELDS))
    return node

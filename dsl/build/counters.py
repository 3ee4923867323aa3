"""Lowers counters and the registers that hold their counts."""

from __future__ import annotations

from charter.dsl.build.rules import action
from charter.dsl.check.expressions import canonical, feel_text
from charter.dsl.text import tree as t
from charter.engine.counters import Counter, Reached, register_of
from charter.engine.forms import Register


def lower_counter(node: t.Counter) -> Counter:
    """Gives a counter as the engine keeps it."""
    found = {line.kind: line for line in node.body if isinstance(line, t.Counting)}
    each, resets = found.get("each"), found.get("resets")
    conditions = [feel_text(line.expr) for line in node.body if isinstance(line, t.Condition)]
    return Counter(
        name=node.name.text,
        title=_title(node),
        by=feel_text(node.by) or "null",
        variable=None if each is None or each.variable is None else each.variable.text,
        items=None if each is None else feel_text(each.expr),
        when=conditions[0] if conditions else None,
        resets=None if resets is None else feel_text(resets.expr),
        reached=tuple(
            Reached(line.count, tuple(map(action, line.actions))) for line in node.body if isinstance(line, t.Reaches)
        ),
        clauses=tuple(id.text for line in node.body if isinstance(line, t.Source) for id in line.ids),
    )


def lower_counts(node: t.Counter) -> Register:
    """Gives the register of a counter as the engine keeps it."""
    windows = [
        canonical(line.expr.text) for line in node.body if isinstance(line, t.Counting) and line.kind == "within"
    ]
    return register_of(node.name.text, _title(node), windows[0] if windows else None)


def _title(node: t.Counter) -> str:
    return node.name.text if node.title is None else node.title.text

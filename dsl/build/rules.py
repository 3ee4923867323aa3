"""Lowers the rules of a process, and the actions of any of its lines."""

from __future__ import annotations

from charter.dsl.check.expressions import feel_text
from charter.dsl.text import tree as t
from charter.engine import definition as d


def given(arguments: tuple[t.Argument, ...]) -> tuple[tuple[str, str], ...]:
    """Gives what a `with` gives, as FEEL texts."""
    return tuple((a.name.text, feel_text(a.value) or "null") for a in arguments)


def action(node: t.Action) -> d.Action:
    """Gives what the process does by itself."""
    if node.kind == "start":
        return d.Action("start", (), node.names[0].text, given(node.arguments))
    return d.Action(node.kind, tuple(name.text for name in node.names))


def rule(node: t.Rule) -> d.Rule:
    """Gives a rule; its title is its name where it has none."""
    name, body = node.name.text, node.body
    conditions = [feel_text(line.expr) for line in body if isinstance(line, t.Condition)]
    return d.Rule(
        name=name,
        title=name if node.title is None else node.title.text,
        occasions=tuple(_occasion(line) for line in body if isinstance(line, t.Occasion)),
        when=conditions[0] if conditions else None,
        actions=tuple(action(each) for line in body if isinstance(line, t.Response) for each in line.actions),
        clauses=tuple(id.text for line in body if isinstance(line, t.Source) for id in line.ids),
    )


def _occasion(line: t.Occasion) -> d.Occasion:
    return d.Occasion(
        line.kind,
        None if line.name is None else line.name.last,
        None if line.state is None else line.state.text,
        line.count,
        feel_text(line.every),
    )

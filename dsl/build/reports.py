"""Lowers reports."""

from __future__ import annotations

from charter.dsl.build.forms import clauses_of, names_of, title_of, visible_of
from charter.dsl.check.expressions import feel_text
from charter.dsl.text import tree as t
from charter.engine.reported import Report, Section, Shown


def lower_report(node: t.Report) -> Report:
    """Gives a report as the engine keeps it."""
    every = next((feel_text(line.expr) for line in node.body if isinstance(line, t.Figure)), None)
    answering = {line.kind: names_of(line.roles) for line in node.body if isinstance(line, t.Answering)}
    return Report(
        name=node.name.text,
        title=title_of(node.title, node.name.text),
        every=every,
        makers=answering.get("made_by", ()),
        signers=answering.get("signed_off_by", ()),
        visible=visible_of(node.body),
        sections=tuple(_section(line) for line in node.body if isinstance(line, t.Section)),
        clauses=clauses_of(node.body),
    )


def _section(node: t.Section) -> Section:
    shown: list[Shown] = []
    for line in node.body:
        if isinstance(line, t.Reported):
            names = [name.text for name in line.names] or [line.kind]  # open work has no name of its own
            shown += [Shown(line.kind, name) for name in names]
        elif isinstance(line, t.OwnFigure):
            shown.append(Shown("figure", line.name.text, title_of(line.title, line.name.text), feel_text(line.expr)))
    return Section(node.title.text, tuple(shown), clauses_of(node.body))

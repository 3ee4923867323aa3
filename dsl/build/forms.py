"""Builds what values are made of: types, records, registers, and the lines that file into these."""

from __future__ import annotations

from collections.abc import Iterable

from charter.dsl.build.rules import given
from charter.dsl.check.expressions import canonical, feel_text
from charter.dsl.check.scopes import BUILT_IN_TYPES
from charter.dsl.text import tree as t
from charter.engine import definition as d


def title_of(title: t.Text | None, name: str) -> str:
    return title.text if title is not None else name


def clauses_of(lines: Iterable[t.Line]) -> tuple[str, ...]:
    return tuple(n.text for line in lines if isinstance(line, t.Source) for n in line.ids)


def visible_of(lines: Iterable[t.Line]) -> tuple[str, ...]:
    return tuple(n.text for line in lines if isinstance(line, t.Visible) for n in line.roles)


def names_of(names: tuple[t.Name, ...]) -> tuple[str, ...]:
    return tuple(n.text for n in names)


def type_ref(type_: t.Type) -> d.TypeRef:
    """Gives a type as the engine keeps it."""
    if type_.name not in BUILT_IN_TYPES:
        return d.TypeRef("record", record=type_.name)
    item = type_ref(type_.item) if type_.item is not None else None
    return d.TypeRef(type_.name, item, None, tuple(c.text for c in type_.choices))


def _drawn(draw: t.Drawn | None) -> d.Draw | None:
    """Gives a lot as the engine keeps it; a role's name is one word, and what data names is a path."""
    if draw is None:
        return None
    pool = draw.pool.text
    return d.Draw(canonical(draw.count.text), pool, "." in pool, feel_text(draw.excluded))


def _form(node: t.Record | t.Register) -> tuple[d.Field, ...]:
    return tuple(
        d.Field(
            f.name.text,
            title_of(f.title, f.name.text),
            type_ref(f.type),
            f.optional,
            feel_text(f.where),
            clauses_of(f.body),
            names_of(f.visible),
            feel_text(f.computed),
            feel_text(f.default),
            feel_text(f.required),
            _drawn(f.drawn),
        )
        for f in node.fields
    )


def record(node: t.Record) -> d.RecordType:
    title = title_of(node.title, node.name.text)
    amended = tuple(n.text for line in node.body if isinstance(line, t.AmendedBy) for n in line.processes)
    return d.RecordType(node.name.text, title, _form(node), clauses_of(node.body), visible_of(node.body), amended)


def register(node: t.Register) -> d.Register:
    review = next((line for line in node.body if isinstance(line, t.Review)), None)
    return d.Register(
        name=node.name.text,
        title=title_of(node.title, node.name.text),
        key=None if node.key is None else node.key.text,
        fields=_form(node),
        review=None if review is None else _review(review),
        clauses=clauses_of(node.body),
        visible=visible_of(node.body),
    )


def _review(line: t.Review) -> d.Review:
    starts = next((each for each in line.actions if each.kind == "start"), None)
    every, roles = canonical(line.every.text), names_of(line.roles)
    if starts is None:
        return d.Review(every, roles)
    return d.Review(every, roles, starts.names[0].text, given(starts.arguments))


def filing(line: t.Files) -> d.Filing:
    return d.Filing(line.register.text, None if line.source is None else line.source.text, given(line.given))

"""Builds the fields of records from the parse, as `from_parse` builds everything else."""

from __future__ import annotations

from charter.dsl.text import tree as t
from charter.dsl.text.from_parse import Parts, Unbuildable, expr_of, name_of, register, text_of
from charter.dsl.text.lexer import Lexeme

# What a field says of its values by an expression, by the keyword in front of it.
_MARKS = {"EQUALS": "computed", "DEFAULT": "default", "REQUIRED_WHEN": "required", "WHERE": "where"}


def _field(c: Parts, title: t.Text | None, marks: Parts, below: Parts) -> t.Field:
    """A mark is OPTIONAL, a keyword with its expression, a Visible or a Source."""
    last = marks[-1] if marks else title or c[1]
    span = (c[0].start_pos, (last[1] if isinstance(last, tuple) else last).span[1])
    heads = [m[0] if isinstance(m, tuple) else m for m in below if not isinstance(m, t.Source | t.Drawn)]
    marks = [*marks, *below]
    drawn = [m for m in marks if isinstance(m, t.Drawn)]
    if len(drawn) > 1:
        raise Unbuildable("CH213", drawn[1].span, {"word": "drawn", "element": c[0].value})
    said: dict[str, t.Expr] = {}
    for keyword, expr in (m for m in marks if isinstance(m, tuple)):
        name = _MARKS[keyword.type]
        if name in said:
            word = {"computed": "=", "required": "required when"}.get(name, name)
            raise Unbuildable("CH213", expr.span, {"word": word, "element": c[0].value})
        said[name] = expr
    optional = any(isinstance(m, Lexeme) for m in marks)
    sources = tuple(m for m in marks if isinstance(m, t.Source))
    visible = tuple(role for m in marks if isinstance(m, t.Visible) for role in m.roles)
    comments = _together([c[0].comments, *(head.comments for head in heads)])
    where = said.pop("where", None)
    draw = drawn[0] if drawn else None
    kept = {"span": span, "comments": comments}
    return t.Field(name_of(c[0]), c[1], title, optional, where, sources, visible, **said, drawn=draw, **kept)  # type: ignore[arg-type]


def _drawn(c: Parts) -> t.Drawn:
    excluded = expr_of(c[5]) if len(c) > 4 else None
    return t.Drawn(expr_of(c[1]), name_of(c[3]), excluded, span=(c[0].span[0], c[-1].span[1]))


def _together(several: list[t.Comments]) -> t.Comments:
    """The comments of lines that become one."""
    if len(several) == 1:
        return several[0]
    beside = [each.beside for each in several if each.beside is not None]
    before = (*(text for each in several for text in each.before), *beside[1:])
    return t.Comments(before, beside[0] if beside else None, tuple(text for each in several for text in each.after))


register(
    ("drawn", _drawn),
    ("marked", lambda c: (c[0], expr_of(c[1]))),
    ("field", lambda c: _field(c, None, c[2], c[4])),
    ("field_titled", lambda c: _field(c, text_of(c[2]), c[3], c[5])),
)

"""What every part of a tree is made of: places, comments, names, texts, expressions. See `tree.py`."""

from __future__ import annotations

from dataclasses import dataclass, field

Span = tuple[int, int]
NOWHERE: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class Comments:
    before: tuple[str, ...] = ()
    beside: str | None = None
    after: tuple[str, ...] = ()


NO_COMMENTS = Comments()


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Node):
    """A node that begins a line of its own, so that comments may belong to it."""

    comments: Comments = NO_COMMENTS


@dataclass(frozen=True, slots=True)
class Name(Node):
    """An identifier; a path `execution.do_task` has its dots in `text`."""

    text: str

    @property
    def last(self) -> str:
        """The name itself, without the phases that a path names around it."""
        return self.text.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Text(Node):
    """A quoted string's value."""

    text: str


@dataclass(frozen=True, slots=True)
class Expr(Node):
    """FEEL, as written (outer blanks off)."""

    text: str


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """`name = expr`, or `name = file "path"` (then `file`)."""

    name: Name
    value: Expr | None = None
    file: Text | None = None

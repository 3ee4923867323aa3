"""What every part of a tree is made of: places, comments, names, texts, expressions. See `tree.py`."""

from __future__ import annotations

from msgspec import Struct

from charter.engine.placed import Placed

Span = tuple[int, int]
NOWHERE: Span = (0, 0)


class Comments(Struct, frozen=True):
    before: tuple[str, ...] = ()
    beside: str | None = None
    after: tuple[str, ...] = ()


NO_COMMENTS = Comments()


class Node(Placed, frozen=True, kw_only=True):
    span: Span = NOWHERE


class Line(Node, frozen=True, kw_only=True):
    """A node that begins a line of its own, so that comments may belong to it."""

    comments: Comments = NO_COMMENTS


class Name(Node, frozen=True):
    """An identifier; a path `execution.do_task` has its dots in `text`."""

    text: str

    @property
    def last(self) -> str:
        """The name itself, without the phases that a path names around it."""
        return self.text.rpartition(".")[2]


class Text(Node, frozen=True):
    """A quoted string's value."""

    text: str


class Expr(Node, frozen=True):
    """FEEL, as written (outer blanks off)."""

    text: str


class Argument(Node, frozen=True):
    """`name = expr`, or `name = file "path"` (then `file`)."""

    name: Name
    value: Expr | None = None
    file: Text | None = None

"""What is right as FEEL and never has a value, whatever the data: null for ever, and every comparison with it.

A call of constants alone that gives null (`date("15.03.2026")`), what counts from 0 where FEEL counts from 1, a call
of what is no function (`request.on.month()`), and an approval that is said to be done.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from msgspec import Struct

from charter.dsl.check.element_facts import facts_read
from charter.dsl.check.findings import Findings
from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.diagnostic import Fix
from charter.dsl.text import tree as t
from charter.engine import feel
from charter.engine.feel import tree as ft

_READERS = frozenset({"date", "time", "date and time", "duration"})
_FROM_ONE = frozenset({"substring", "insert before", "remove", "sublist"})  # their second argument is a position


class Valueless(Struct, frozen=True):
    """`node` never has a value because of `hint`; the text from `start` to `end` would have to be `instead`."""

    node: ft.Node
    hint: str
    start: int = 0
    end: int = 0
    instead: str | None = None


def check_values(
    tree: ft.Node, expr: t.Expr, part: Part | None, scope: ProcessScope, findings: Findings, file: str | None
) -> None:
    """Reports what never has a value in an expression, with the text that was meant."""
    at = expr.span[0]
    for lost in chain(_valueless(tree, scope), _never_done(tree, part, scope)):
        start, end = lost.node.start, lost.node.end
        said: dict[str, Any] = {"text": expr.text[start:end], "hint": lost.hint}
        if lost.instead is not None:
            said["instead"] = expr.text[start : lost.start] + lost.instead + expr.text[lost.end : end]
            said["fix"] = Fix.at((at + lost.start, at + lost.end), lost.instead)
        findings.add("CH314", (at + start, at + end), file=file, **said)


def _valueless(tree: ft.Node, scope: ProcessScope) -> Iterator[Valueless]:
    for node in ft.walk(tree):
        match node:
            case ft.Filter(_, ft.Number() as at) if at.value == 0:
                yield Valueless(node, "from_one", at.start, at.end, "1")
            case ft.Call(ft.Name(name), (_, ft.Number() as at, *_)) if name in _FROM_ONE and at.value == 0:
                yield Valueless(node, "from_one", at.start, at.end, "1")
            case ft.Call(ft.Name(name), (ft.String(),)) if name in _READERS:
                if feel.compile(node).evaluate({}) is None:
                    yield Valueless(node, "unreadable")
            case ft.Call(ft.Path() as called, ()) if _is_told(called, scope):
                yield Valueless(node, "no_function", called.end, node.end, "")


def _never_done(tree: ft.Node, part: Part | None, scope: ProcessScope) -> Iterator[Valueless]:
    """Yields where an approval is said to be done; a `for each` of approvals is, as a whole."""
    for read in facts_read(tree, part, scope):
        if read.fact == "done" and read.of.kind == "approval" and not read.whole:
            yield Valueless(read.node, "never_done", read.node.end - len("done"), read.node.end, "granted")


def _is_told(node: ft.Node, scope: ProcessScope) -> bool:
    """Whether a path leads from a record or an element, which hold no functions."""
    while isinstance(node, ft.Path):
        node = node.of
    return isinstance(node, ft.Name) and (node.name in scope.elements or scope.record(node.name) is not None)

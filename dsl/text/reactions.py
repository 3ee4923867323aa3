"""What a process does by itself, as `tree.py` mirrors everything else of a process file: actions, and rules."""

from __future__ import annotations

from typing import Literal

from charter.dsl.text.declarations import Source
from charter.dsl.text.nodes import Argument, Expr, Line, Name, Node, Text


class Action(Node, frozen=True):
    """`notify a, b` · `escalate to a` · `start P with a = e, …`: what the process does by itself at an event."""

    kind: Literal["notify", "escalate", "start"]
    names: tuple[Name, ...]
    arguments: tuple[Argument, ...] = ()


class Occasion(Line, frozen=True):
    """What a rule looks at: `on X is STATE` (kind state; `case` too) · `on RECORD written` · `on X rejected 2 times`
    (rejected, with a count) · `on signal NAME` · `on every SPAN` · `on LEDGER overrun` · `on kpi NAME missed` (verdict;
    `state` is met, warn or missed) · `on sla NAME at 75%` (threshold; `count` is the share in per cent).
    """

    kind: Literal["state", "written", "rejected", "signal", "every", "overrun", "verdict", "threshold"]
    name: Name | None = None
    state: Name | None = None
    count: int | None = None
    every: Expr | None = None


class Condition(Line, frozen=True):
    """`when EXPR` of a rule."""

    expr: Expr


class Response(Line, frozen=True):
    """`then ACTION, …`."""

    actions: tuple[Action, ...]


class Rule(Line, frozen=True):
    name: Name
    title: Text | None = None
    body: tuple[Occasion | Condition | Response | Source, ...] = ()

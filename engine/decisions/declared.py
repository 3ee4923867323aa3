"""Decision tables as a definition keeps them (`engine/definition.py`): texts, and no meaning yet."""

from __future__ import annotations

from charter.engine.plain import Kept


class DecisionOutput(Kept, frozen=True):
    """A column of conclusions; `values` are what it may be, the weightiest first (priority, output order)."""

    name: str
    values: tuple[str, ...] = ()


class DecisionRule(Kept, frozen=True):
    """A row of a decision table: unary tests and output expressions, FEEL text."""

    tests: tuple[str, ...]
    outputs: tuple[str, ...]


class DecisionTable(Kept, frozen=True):
    """A decision table (OMG DMN 1.5, chapter 8). `inputs` are expressions over the parameters.

    `hit_policy` and `aggregation` are DMN's words: UNIQUE, FIRST, PRIORITY, ANY, COLLECT, RULE ORDER, OUTPUT ORDER;
    SUM, MIN, MAX, COUNT.
    """

    name: str
    title: str
    parameters: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[DecisionOutput, ...]
    rules: tuple[DecisionRule, ...]
    hit_policy: str = "UNIQUE"
    aggregation: str | None = None
    clauses: tuple[str, ...] = ()

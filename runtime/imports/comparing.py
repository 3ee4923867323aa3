"""Figures of a log held beside those of the cases made of it, event by event or when a history ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from msgspec import Struct, field

from charter.engine import values
from charter.engine.definition import Definition
from charter.engine.plan.program import prepare
from charter.engine.plan.scope import Scope
from charter.engine.state import CaseState
from charter.runtime.imports.histories import TOLD, Translator
from charter.runtime.imports.mapping import Compare


class Compared(Struct):
    """How a figure of the log and one of the cases agree; `by`: of the others, how many for each explanation."""

    agree: int = 0
    differ: int = 0
    unknown: int = 0
    by: Counter[str] = field(default_factory=Counter)
    rows: list[int] = field(default_factory=list)  # the first that differ

    def add(self, other: Compared) -> None:
        self.agree += other.agree
        self.differ += other.differ
        self.unknown += other.unknown
        self.by.update(other.by)
        self.rows = [*self.rows, *other.rows][:TOLD]

    @property
    def share(self) -> float | None:
        """The share of those that agree among those that both know."""
        known = self.agree + self.differ
        return self.agree / known if known else None


class Comparing:
    """Holds a case's figures beside those of its log."""

    def __init__(
        self, compares: Sequence[Compare], definition: Definition, translator: Translator, into: dict[str, Compared]
    ) -> None:
        self.asked = bool(compares)
        self._compares = compares
        self._program = prepare(definition)
        self._translator = translator
        self._into = into
        self._last: dict[str, tuple[Any, Any, Any, Any]] = {}

    def at(self, row: int, at: int, cells: tuple[str, ...], state: CaseState, last: bool) -> None:
        for compare in self._compares:
            if not (compare.always or last):
                continue
            before = self._last.get(compare.name)
            if before is not None and before[:3] == (cells, id(state.nodes), id(state.versions)):
                outcome = before[3]
            else:
                outcome = self._judged(compare, at, cells, state)
                # What is looked at by its place in memory is held, so that nothing else comes to lie there.
                self._last[compare.name] = (cells, id(state.nodes), id(state.versions), outcome)
                self._held = state
            into = self._into.setdefault(compare.name, Compared())
            if outcome is None:
                into.unknown += 1
            elif outcome is True:
                into.agree += 1
            else:
                into.differ += 1
                into.by[outcome] += 1
                if len(into.rows) < TOLD:
                    into.rows.append(row)

    def _judged(self, compare: Compare, at: int, cells: tuple[str, ...], state: CaseState) -> bool | str | None:
        theirs = compare.theirs.expression.evaluate(self._translator.scope(cells, "", ""))
        scope = Scope(self._program, state, None, (), at)
        ours = scope.value(compare.ours)
        if theirs is None or ours is None:
            return None
        if theirs == ours:
            return True
        by = None if compare.by is None else scope.value(compare.by)
        return f"{_shown(theirs)} / {_shown(ours)}" if by is None else _shown(by)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else values.canonical(values.encode(value)).decode()

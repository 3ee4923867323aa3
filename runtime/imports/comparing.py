"""Figures of a log held beside those of the cases made of it, event by event or when a history ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import is_
from typing import Any

from msgspec import Struct, field

from charter.engine import values
from charter.engine.definition import Definition
from charter.engine.plan.program import compiled, prepare
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
        self._last: dict[str, tuple[Any, tuple[Any, ...], Any]] = {}
        # Comparisons that read records alone, and which; any other may change with time and with the clocks.
        self._of_records = {c.name: names for c in compares if (names := _names(c)) <= set(self._program.types)}

    def at(self, row: int, at: int, cells: tuple[str, ...], state: CaseState, last: bool) -> None:
        for compare in self._compares:
            if not (compare.always or last):
                continue
            theirs, before, read = (
                self._theirs(compare, cells),
                self._last.get(compare.name),
                self._read(compare, state),
            )
            if before is not None and read and before[0] == theirs and all(map(is_, before[1], read)):
                outcome = before[2]
            else:
                outcome = self._judged(compare, theirs, at, state)
                self._last[compare.name] = (theirs, read, outcome)
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

    def _read(self, compare: Compare, state: CaseState) -> tuple[Any, ...]:
        """Gives the versions that a comparison reads, which are the same objects until they change; none: not known."""
        found = [state.versions.get(name) for name in self._of_records.get(compare.name, ())]
        return () if None in found else tuple(found)

    def _theirs(self, compare: Compare, cells: tuple[str, ...]) -> Any:
        if compare.theirs.column is not None:
            return self._translator.column(cells, compare.theirs.column)
        return compare.theirs.expression.evaluate(self._translator.scope(cells, "", ""))

    def _judged(self, compare: Compare, theirs: Any, at: int, state: CaseState) -> bool | str | None:
        scope = Scope(self._program, state, None, (), at)
        ours = scope.value(compare.ours)
        if theirs is None or ours is None:
            return None
        if theirs == ours:
            return True
        by = None if compare.by is None else scope.value(compare.by)
        return f"{_shown(theirs)} / {_shown(ours)}" if by is None else _shown(by)


def _names(compare: Compare) -> set[str]:
    """Names what a comparison reads of the case, and `now()` where it asks for the present."""
    found = [compiled(text) for text in (compare.ours, compare.by) if text is not None]
    timed = {"now()"} if any(expression is not None and expression.tells_time for expression in found) else set()
    return timed | {name for expression in found if expression is not None for name in expression.names}


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else values.canonical(values.encode(value)).decode()

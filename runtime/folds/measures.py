"""The fold of what figures read: a row a case of a process with KPIs, with the facts that their formulas ask for."""

from __future__ import annotations

from charter.engine.compact import compact_sorted
from charter.engine.measures import facts_of
from charter.runtime.folds.fold import NOTHING, Change, Fold, Stride


def _change(stride: Stride) -> Change:
    shape, after = stride.shape, stride.after
    if shape.measured is None or after.drill:
        return NOTHING
    facts = facts_of(shape.program, after, shape.measured)
    version = shape.program.definition.version
    body = compact_sorted(facts)
    return Change(come=[(stride.case, shape.name, version, after.opened_at, after.closed_at, body)])


MEASURES = Fold("measures", _change)

"""What the folds need of a definition, looked up once. Knows no case."""

from __future__ import annotations

from charter.engine.definition import Definition
from charter.engine.plan.program import prepare


class Shape:
    """See the module's text. `plans` are those of people's work."""

    __slots__ = ("bars", "name", "others", "owner", "plans", "program", "separated_from")

    def __init__(self, definition: Definition) -> None:
        self.program = prepare(definition)
        self.name = definition.name
        self.owner = definition.owner
        plans = self.program.plans.items()
        self.plans = {n: p for n, p in plans if p.kind in ("activity", "approval") and p.element.work is None}
        # element -> those whose open work its doers are barred from
        self.bars = _separated(definition)
        self.separated_from: dict[str, set[str]] = {}
        for other, elements in self.bars.items():
            for element in elements:
                self.separated_from.setdefault(element, set()).add(other)
        asked = {e.name: e.agreement for e in definition.elements if e.agreement is not None}
        self.others = {name: a.of for name, a in asked.items() if any(stage.other for stage in a.stages)}
        for name, record in self.others.items():
            for producer in definition.elements:
                if record in producer.outputs:
                    self.bars[producer.name] = (*self.bars.get(producer.name, ()), name)


def _separated(definition: Definition) -> dict[str, tuple[str, ...]]:
    """Gives, for each element, the elements that its doers may not do."""
    out: dict[str, tuple[str, ...]] = {}
    for s in definition.separations:
        if not s.same:
            out[s.other] = (*out.get(s.other, ()), s.element)
    return out

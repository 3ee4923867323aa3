"""What the folds need of a definition, looked up once. Knows no case."""

from __future__ import annotations

from charter.engine.definition import Definition
from charter.engine.measures import measured
from charter.engine.plan.clocks import about
from charter.engine.plan.plans import ClockPlan, Plan
from charter.engine.plan.program import prepare


class Shape:
    """See the module's text. `plans` are those of people's work, `lists` the open ones, `measured` the facts."""

    __slots__ = ("barred", "bars", "lists", "measured", "name", "owner", "plans", "pressed", "program", "refers")

    def __init__(self, definition: Definition) -> None:
        self.program = prepare(definition)
        self.name = definition.name
        self.owner = definition.owner
        plans = self.program.plans.items()
        self.plans = {n: p for n, p in plans if p.kind in ("activity", "approval") and p.element.work is None}
        self.lists = {n: p for n, p in plans if p.element.many is not None and p.element.many.open}
        # whether it knows registers, or cases of other processes
        self.refers = bool(self.program.registers or self.program.links)
        # what figures read of a case; None where the process has none
        self.measured = measured(self.program) if definition.kpis else None
        # element -> the service-level clocks that are about its work
        self.pressed: dict[str, list[ClockPlan]] = {}
        for clock in self.program.slas.values():
            for plan in about(self.program, clock):
                self.pressed.setdefault(plan.name, []).append(clock)
        # element or record -> those whose open work its makers may be barred from (`plan.makers`)
        self.bars: dict[str, set[str]] = {}
        for plan in self.program.plans.values():
            for rule in self.program.separations.get(plan.name, ()):
                if not rule.same:
                    other = self.program.plans[rule.other]
                    self._bar(plan, *(level.name for level in other.levels()), *other.element.outputs)
            agreement = plan.element.agreement
            if agreement is not None and agreement.of is not None and any(stage.other for stage in agreement.stages):
                producers = self.program.producers.get(agreement.of, ())
                self._bar(plan, agreement.of, *(producer.name for producer in producers))
        self.barred = frozenset(name for names in self.bars.values() for name in names)

    def _bar(self, plan: Plan, *makers: str) -> None:
        for name in makers:
            self.bars.setdefault(name, set()).add(plan.name)

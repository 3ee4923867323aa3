"""Records as they may stand beside each other: the values that conditions tell apart, and what tables make of them.

For questions that need no exploration: whether conditions can ever hold together, and what is left undone where they
do not. Every record may hold whatever its `where` allows, beside the others; one that a table decides, what that says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from charter.engine import feel, values
from charter.engine.definition import DecisionTable
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program, compiled
from charter.engine.proof.atoms import SHORT, Condition
from charter.engine.proof.values import Conditions

World = Mapping[str, Any]
MOST = 2_048
MOST_ATOMS = 16  # how many comparisons of one record are told apart: values are as many, and each is held against each


class Worlds:
    """The worlds of one process. What is not exact there is none of: None instead."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.known = Conditions(program)
        agreements = [e.agreement for e in program.definition.elements if e.agreement is not None]
        back = [a.on_return for a in agreements] + [a.on_reject.target for a in agreements if a.on_reject is not None]
        self._again = {name for to in back if to is not None for name in (to, *program.downstream(program.plans[to]))}
        self._told: dict[frozenset[str], tuple[World, ...] | None] = {}
        self._compared = Counter(path[0] for atom in self.known.every for path in atom.paths)
        self._bent = {
            atom.condition.record for atom in self.known.every if atom.condition.record is not None and atom.strange
        }

    def records(self, text: str) -> frozenset[str]:
        """Names the records that a condition reads."""
        return frozenset(name for name in self.program.names(text) if name in self.program.types)

    def plain(self, text: str, element: str) -> bool:
        """Says whether a condition reads records and parameters that have a value, in a plain way, and nothing else."""
        program = self.program
        names = program.names(text)
        bound = {name for name, value in program.bound.items() if value is not None}
        atoms = list(self.known.reader.atoms(Condition(text, None, element)))
        return bool(names) and names <= program.types.keys() | bound and not any(atom.strange for atom in atoms)

    def steady(self, record: str) -> bool:
        """Says whether a record is written once in a case, and no more."""
        makers = self.program.producers.get(record, [])
        if record in self.program.definition.inputs:
            return not makers
        return len(makers) == 1 and not self._comes_again(makers[0])

    def _comes_again(self, plan: Plan) -> bool:
        return plan.name in self._again or bool(plan.loops) or any(p.element.repeat is not None for p in plan.levels())

    def holds(self, text: str, world: World) -> Any:
        """Gives what a condition says in a world: true, false, or null where it reads what is not there."""
        expression = compiled(text)
        return None if expression is None else expression.evaluate({**self.program.bound, **world}, SHORT)

    def of(self, records: Iterable[str]) -> tuple[World, ...] | None:
        """Gives the worlds of so many records; None where values were left out."""
        wanted = frozenset(self._with_sources(records))
        if wanted not in self._told:
            self._told[wanted] = self._all(wanted)
        return self._told[wanted]

    def table(self, record: str) -> tuple[Plan, DecisionTable] | None:
        """Gives who decides a record by which table, where nobody else writes it."""
        makers = self.program.producers.get(record, [])
        work = makers[0].element.work if len(makers) == 1 else None
        found = self.program.tables.get(work.target or "") if work is not None and work.kind == "decide" else None
        return None if found is None or makers[0].loops or len(makers[0].element.outputs) != 1 else (makers[0], found)

    def _with_sources(self, records: Iterable[str]) -> Iterator[str]:
        waiting, seen = list(records), set[str]()
        while waiting:
            record = waiting.pop()
            if record in seen:
                continue
            seen.add(record)
            yield record
            found = self.table(record)
            work = found[0].element.work if found is not None else None
            waiting += [name for _, text in (work.arguments if work is not None else ()) for name in self.records(text)]

    def _all(self, wanted: Collection[str]) -> tuple[World, ...] | None:
        known, program = self.known, self.program
        if any(plan.loops for record in wanted for plan in program.producers.get(record, ())):
            return None
        # Of what a `where` calculates, no few values stand for all.
        if not self._bent.isdisjoint(wanted) or any(self._compared[record] > MOST_ATOMS for record in wanted):
            return None
        # What a table is asked about elements or the time is not known from records.
        if not all(table is None or self._asked_plainly(table[0]) for table in map(self.table, wanted)):
            return None
        free = [record for record in sorted(wanted) if self.table(record) is None]
        worlds: list[World] = [{}]
        for number, record in enumerate(free):
            near = known.sight.related(record)
            later = near.intersection(free[number + 1 :])
            found: list[World] = []
            for world in worlds:
                beside = {name: world[name] for name in near & world.keys()}
                made = known.beside(record, beside, later)
                if not made.exact or len(found) > MOST:
                    return None
                found += [{**world, record: values.decode(value)} for value in made.values]
            worlds = [world for world in found if known.allowed(record, world[record], world)]
        left = [record for record in wanted if record not in free]
        while left:
            ready = [r for r in left if all(name not in left for name in self._with_sources((r,)) if name != r)]
            if not ready:
                return None
            worlds = [self._decided(world, ready) for world in worlds]
            left = [record for record in left if record not in ready]
        return tuple(worlds) or None  # that nothing was found is no proof that there is nothing

    def _asked_plainly(self, plan: Plan) -> bool:
        work = plan.element.work
        texts = [text for _, text in (work.arguments if work is not None else ())]
        return all(not self.program.names(text) or self.plain(text, plan.name) for text in texts)

    def _decided(self, world: World, records: Iterable[str]) -> World:
        made = dict(world)
        for record in records:
            found = self.table(record)
            judge = self.program.judge(found[1].name) if found is not None else None
            work = found[0].element.work if found is not None else None
            if judge is None or work is None:
                continue
            verdict = judge.decide({name: self.holds(text, world) for name, text in work.arguments})
            if verdict.outputs is not None:
                made[record] = dict(verdict.outputs)
        return made

    def rows(self, plan: Plan, table: DecisionTable, taken: Collection[str]) -> frozenset[int] | None:
        """Gives the rows of a table that match for some records that an element takes; None if that is not known."""
        work = plan.element.work
        asked = work.arguments if work is not None else ()
        read = frozenset(name for _, text in asked for name in self.records(text))
        if not read or not read.issubset(taken) or not all(self.plain(text, plan.name) for _, text in asked):
            return None
        worlds = self.of(read)
        if worlds is None:
            return None
        matched: set[int] = set()
        for world in worlds:
            given = {name: self.holds(text, world) for name, text in asked}
            for number, rule in enumerate(table.rules):
                if number not in matched and self._matches(table, rule.tests, given):
                    matched.add(number)
        return frozenset(matched)

    def _matches(self, table: DecisionTable, tests: tuple[str, ...], given: Mapping[str, Any]) -> bool:
        """Says whether a row may match; what its cells read beside their columns is not looked into."""
        for column, cell in zip(table.inputs, tests, strict=True):
            tree = feel.parse(cell, kind="unary").tree
            test = feel.compile(tree) if tree is not None else None
            if test is None or not test.names <= {"?"}:
                continue
            if test.evaluate({"?": self.holds(column, given)}, SHORT) is False:
                return False
        return True

"""What data can never bring about, and what it may leave undone, as far as conditions on records tell.

Asked of the finished definition, whose conditions are put to records as they may stand beside each other
(`engine.proof.worlds`), without any run. A condition that none of them meets never holds (CH442, CH444, CH613). Where
some meet none of several, a process may complete without its output (CH443) or its phase may never end (CH441); an
exploration, if it comes so far, shows that with a scenario or proves that it does not happen after all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from charter.dsl.check.findings import Findings
from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.diagnostic import Diagnostic, Span
from charter.dsl.text import tree as t
from charter.engine.definition import Definition
from charter.engine.feel.conversion import text_of
from charter.engine.feel.printer import quoted
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import compiled, prepare
from charter.engine.proof.worlds import World, Worlds


def check_certain(scope: ProcessScope, definition: Definition, findings: Findings, told: Iterable[Diagnostic]) -> None:
    """Reports conditions that no record meets, and what is left undone where records meet none of several.

    What is told of a condition already is not told again.
    """
    texts = [
        text
        for e in definition.elements
        for text in (e.when, e.exit, e.repeat and e.repeat.until, e.agreement and e.agreement.criteria)
    ]
    if any(texts) or any(e.work is not None and e.work.kind == "decide" for e in definition.elements):
        _Check(scope, definition, findings, [d.span for d in told if d.file == scope.file]).run()


class _Check:
    def __init__(self, scope: ProcessScope, definition: Definition, findings: Findings, told: Sequence[Span]) -> None:
        self.scope, self.definition, self.findings, self.told = scope, definition, findings, told
        self.program = prepare(definition)
        self.worlds = Worlds(self.program)
        self.shut: set[str] = set()

    def run(self) -> None:
        for plan in self.program.plans.values():
            if not any(level.name in self.shut for level in plan.levels()):
                self._never(plan)
        self._rows()
        for plan in self.program.plans.values():
            if plan.kind == "phase" and not plan.loops and plan.name not in self.shut:
                self._exit(plan)
                self._spin(plan)
        for record in self.definition.outputs:
            self._output(record)

    def tell(self, code: str, span: Span, names: Sequence[str], hint: str, **said: Any) -> None:
        self.findings.add(code, span, process=self.scope.name, names=tuple(names), hint=hint, **said)

    # -- what never holds ----------------------------------------------------------------------------------------------

    def _never(self, plan: Plan) -> None:
        """Reports a condition, or criteria, that no record meets where what is before it has held."""
        part, element = self.scope.elements[plan.name], plan.element
        before = list(self._before(plan))
        if element.when is not None and self._fixed(element.when, plan.name):
            core = self._core([element.when, *before])
            if core and core[0] == element.when:
                self.shut.add(plan.name)
                self._tell_unmet("CH442", _line(part, "when"), plan, "no_values", core)
                return
        criteria = element.agreement.criteria if element.agreement is not None else None
        if criteria is not None and self._fixed(criteria, plan.name):
            own = [element.when] if element.when is not None else []
            core = self._core([criteria, *own, *before])
            if core and core[0] == criteria:
                self._tell_unmet("CH444", _line(part, "criteria"), plan, "no_grant", core)

    def _before(self, plan: Plan, depth: int = 0) -> Iterator[str]:
        """Yields the conditions that have held when an element begins, on records that have not changed since."""
        for level in plan.levels():
            texts = [level.element.when] if level is not plan else []
            for needed in level.element.inputs:
                for name in needed.approvals:
                    agreement = self.program.plans[name].element.agreement
                    texts.append(agreement.criteria if agreement is not None else None)
                makers = self.program.producers.get(needed.record, [])
                if len(makers) == 1 and needed.record not in self.definition.inputs and depth < 8:
                    texts.append(makers[0].element.when)
                    if makers[0] is not plan:
                        yield from self._before(makers[0], depth + 1)
            for text in texts:
                if text is not None and self._fixed(text, level.name) and self._is_steady(text):
                    yield text

    def _is_steady(self, text: str) -> bool:
        return all(map(self.worlds.steady, self.worlds.records(text)))

    def _fixed(self, text: str, element: str) -> bool:
        """Says whether a condition reads records alone: a parameter may be given another value."""
        return self.worlds.plain(text, element) and self.program.parameters.keys().isdisjoint(self.program.names(text))

    def _core(self, texts: Sequence[str]) -> list[str]:
        """Gives the fewest of the conditions that no world meets together, the first of them kept; none if one does."""
        kept = list(dict.fromkeys(texts))
        if not self._unmet(kept):
            return []
        for text in kept[:0:-1]:
            fewer = [each for each in kept if each != text]
            if self._unmet(fewer):
                kept = fewer
        return kept if len(kept) == 1 or not self._unmet(kept[1:]) else []

    def _unmet(self, texts: Sequence[str]) -> bool:
        worlds = self.worlds.of({name for text in texts for name in self.worlds.records(text)})
        return worlds is not None and not any(
            all(self.worlds.holds(text, world) is not False for text in texts) for world in worlds
        )

    def _tell_unmet(self, code: str, span: Span, plan: Plan, hint: str, core: Sequence[str]) -> None:
        """Tells conditions that no record meets, with what the records that they read are limited to."""
        limits: dict[str, None] = {}
        for text in core:
            expression = compiled(text)
            for path in sorted(expression.paths) if expression is not None else ():
                decided = self.worlds.table(path[0])
                if decided is not None:
                    limits[decided[1].name] = None
                for f in self.program.types[path[0]].fields if path[0] in self.program.types else ():
                    if f.name in path[1:2] and f.where is not None:
                        limits[f.where] = None
        if any(span[0] <= start and end <= span[1] for start, end in self.told):
            return
        said = {"conditions": tuple(core)}
        if limits:
            self.tell(code, span, (plan.name,), f"{hint}_within", limits=tuple(limits), **said)
        else:
            self.tell(code, span, (plan.name,), hint, **said)

    def _rows(self) -> None:
        """Reports the rows of tables that no record meets."""
        for table in self.definition.decisions:
            symbol = self.scope.decisions.get(table.name)
            deciders = [
                plan
                for plan in self.program.plans.values()
                if plan.element.work is not None and plan.element.work.target == table.name
            ]
            if symbol is None or not deciders:
                continue
            matched: set[int] = set()
            for plan in deciders:
                taken = {needed.record for level in plan.levels() for needed in level.element.inputs}
                rows = self.worlds.rows(plan, table, taken)
                matched.update(range(len(table.rules)) if rows is None else rows)
            for number, row in enumerate(symbol.node.rows):
                known = any(row.span[0] <= start and end <= row.span[1] for start, end in self.told)
                if number not in matched and number < len(table.rules) and not known:
                    self.findings.add("CH613", row.span, file=symbol.file, name=table.name, row=number + 1)

    # -- what may be left undone ---------------------------------------------------------------------------------------

    def _exit(self, phase: Plan) -> None:
        """Reports a phase that waits for a record to be otherwise, which nobody writes any more."""
        text = phase.element.exit
        if text is None or not self.worlds.plain(text, phase.name):
            return
        records = self.worlds.records(text)
        makers = [plan for record in records for plan in self.program.producers.get(record, ())]
        inside = any(phase in plan.levels() for plan in makers)
        early = all(phase in plan.levels() or self.program.precedes(plan, phase) for plan in makers)
        if not inside or not early or not all(map(self.worlds.steady, records)):
            return
        self._undone("CH441", phase, "exit", "exit_settled", text, records, ())

    def _spin(self, phase: Plan) -> None:
        """Reports a repetition all of whose parts may be passed over while it is to go on."""
        repeat = phase.element.repeat
        text = repeat.until if repeat is not None else None
        if text is None or not self.worlds.plain(text, phase.name):
            return
        records = self.worlds.records(text)
        parts = [plan for plan in phase.descendants() if plan.kind != "phase"]
        self._undone("CH441", phase, "until", "no_round", text, records, parts)

    def _undone(
        self, code: str, phase: Plan, line: str, hint: str, text: str, records: Iterable[str], parts: Sequence[Plan]
    ) -> None:
        conditions = [self._passing(part, phase) for part in parts]
        if not all(conditions):
            return
        read = {*records, *(name for texts in conditions for each in texts for name in self.worlds.records(each))}
        for world in self.worlds.of(read) or ():
            passed = all(any(self.worlds.holds(each, world) is False for each in texts) for texts in conditions)
            if passed and self.worlds.holds(text, world) is False:
                example = self._shown(world, [text, *(each for texts in conditions for each in texts)])
                self.tell(code, _line(self.scope.elements[phase.name], line), (phase.name,), hint, example=example)
                return

    def _passing(self, part: Plan, phase: Plan | None = None) -> list[str]:
        """Gives the conditions for which an element may be passed over, none where it may not be told from records."""
        found = []
        for level in part.levels():
            if level is phase:
                break
            if level.element.when is not None and self.worlds.plain(level.element.when, level.name):
                found.append(level.element.when)
        return found

    def _output(self, record: str) -> None:
        """Reports an output all of whose writers may be passed over."""
        makers = self.program.producers.get(record, [])
        conditions = [self._passing(plan) for plan in makers]
        if not makers or not all(conditions) or record in self.definition.inputs:
            return
        read = {name for texts in conditions for text in texts for name in self.worlds.records(text)}
        # That all of them are passed over is certain only of what does not change between them.
        if not all(map(self.worlds.steady, read)) and len(makers) > 1:
            return
        for world in self.worlds.of(read) or ():
            if all(any(self.worlds.holds(text, world) is False for text in texts) for texts in conditions):
                named = self.scope.outputs.get(record, self.scope.node.name)
                example = self._shown(world, [text for texts in conditions for text in texts])
                self.tell("CH443", named.span, (record,), "passed_over", example=example)
                return

    def _shown(self, world: World, texts: Iterable[str]) -> str:
        found: dict[str, None] = {}
        for text in texts:
            expression = compiled(text)
            for path in sorted(expression.paths) if expression is not None else ():
                value: Any = world
                for name in path:
                    value = value.get(name) if isinstance(value, dict) else None
                if isinstance(value, list):
                    found[f"count({'.'.join(path)}) = {len(value)}"] = None
                elif value is not None and path[0] in world and not isinstance(value, dict):
                    found[f"{'.'.join(path)} = {quoted(value) if isinstance(value, str) else text_of(value)}"] = None
        return ", ".join(found)


def _line(part: Part, kind: str) -> Span:
    """Gives the expression of a line of an element."""
    found: list[t.Expr | None] = [line.expr for line in part.all(t.When) if (line.kind == "exit") == (kind == "exit")]
    if kind == "criteria":
        found = [line.expr for line in part.all(t.Criteria)]
    elif kind == "until":
        found = [line.until for line in part.all(t.Repeat)]
    return next((expr.span for expr in found if expr is not None), part.node.name.span)

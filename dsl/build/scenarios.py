"""Scenarios made ready to be played: steps whose names are resolved against the process they play.

Values stay FEEL text and paths of files; the player evaluates and reads them. The engine's words are used for verbs
and states. Invariant: every element, record, person, checklist point, KPI and refusal code that a step names exists.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Any

from charter.dsl.build import expected
from charter.dsl.build.lower import PlaceOf, check_name
from charter.dsl.build.opening import lower_opening, playing
from charter.dsl.build.turns import (
    ANY,
    TARGETS,
    Act as Act,
    Arguments as Arguments,
    Arrive as Arrive,
    Cast as Cast,
    Connector as Connector,
    ExpectDeclined as ExpectDeclined,
    ExpectDoer as ExpectDoer,
    ExpectFired as ExpectFired,
    ExpectKpi as ExpectKpi,
    ExpectReport as ExpectReport,
    ExpectSees as ExpectSees,
    ExpectState as ExpectState,
    ExpectTrue as ExpectTrue,
    Fill as Fill,
    Pass as Pass,
    Refuse as Refuse,
    Scenario as Scenario,
    Step as Step,
    Value as Value,
)
from charter.dsl.check.asks import Ask
from charter.dsl.check.expressions import canonical, read
from charter.dsl.check.findings import Findings
from charter.dsl.check.foreign import FACTS
from charter.dsl.check.given import Given, added, played_by, within
from charter.dsl.check.reading import read_in
from charter.dsl.check.references import distinct, misnamed
from charter.dsl.check.registers import given_types
from charter.dsl.check.scopes import Part, ProcessScope, Symbol
from charter.dsl.check.typecheck import check_expression
from charter.dsl.check.types import BOOLEAN, SPAN, states_of
from charter.dsl.check.works import check_arguments
from charter.dsl.diagnostic import Fix
from charter.dsl.text import tree as t
from charter.dsl.text.words import spelled, spellings
from charter.engine import feel
from charter.engine.feel import tree as ft
from charter.engine.keys import join, name_of, split
from charter.engine.offers import register_in
from charter.engine.refusals import CODES as REFUSALS

_EVIDENCE = ("evidence", *(words for words, terminal, _, _ in spellings() if terminal == "EVIDENCE"))
_ITEM = ("item", "项", "項")
NOTHING: Mapping[str, Any] = MappingProxyType({})


def lower_scenario(
    node: t.Scenario,
    processes: dict[str, Symbol],
    scopes: dict[int, ProcessScope],
    findings: Findings,
    place_of: PlaceOf,
) -> Scenario | None:
    """Gives a scenario ready to be played; None where it or its process has errors."""
    opening = next((line for line in node.body if isinstance(line, t.CaseStep)), None)
    if opening is None:
        findings.add("CH233", node.title.span, title=node.title.text)
        return None
    symbol = processes.get(opening.process.text)
    if symbol is None:
        findings.unknown("CH208", opening.process, processes)
        return None
    scope = scopes.get(id(symbol.node))
    if scope is None:
        return None
    played = playing(scope, node.body, processes, scopes)
    if played is None:
        return None
    own = Findings(findings.file, findings.budget, findings.language)
    lowering = _Lowering(played, processes, own, place_of)
    # A name may be a parameter of several processes that are played together.
    bound = {name: symbol.node.type for each in reversed(lowering.reached) for name, symbol in each.parameters.items()}
    check_arguments(opening.arguments, symbol.node, bound, opening.process, own)
    given = lowering.arguments(opening.arguments, bound)
    steps = [step for line in node.body if line is not opening and (step := lowering.step(line)) is not None]
    findings.diagnostics += own.diagnostics
    if own.failed:
        return None
    parameters = tuple(p for p in given if p[0] in bound and p[0] not in scope.inputs)
    records = tuple(p for p in given if p not in parameters)
    place = place_of(findings.file, node.span[0])
    return Scenario(node.title.text, symbol.name, parameters, records, tuple(steps), place)


def _points(part: Part) -> dict[str, bool]:
    """Names the points of an element's checklist; says of each whether there is one for each item of a list."""
    checklist = part.one(t.Checklist)
    checks = checklist.checks if checklist else ()
    points = {check_name(c, i): any(isinstance(line, t.ForEach) for line in c.body) for i, c in enumerate(checks, 1)}
    return points | {register_in(line.expr.text): True for line in part.all(t.Offers)}


class _Lowering:
    """Lowers the steps of one scenario. Names are those of its process, then those of the processes it runs."""

    def __init__(
        self, reached: list[ProcessScope], processes: Collection[str], findings: Findings, place_of: PlaceOf
    ) -> None:
        self.scope = reached[0]
        self.processes = processes
        self.reached = reached
        self.findings = findings
        self.place_of = place_of
        self.people: set[str] = set()
        self.cast_in: dict[str, set[str]] = {}  # the roles of each person
        self.refusing = False  # what is given now is meant to be refused

    def step(self, line: t.Line) -> Step | None:
        lower = _STEPS.get(type(line))
        if lower is None:
            self.findings.add("CH213", line.span, word="case", element=self.scope.name)
            return None
        return lower(self, line)

    def at(self, line: t.Line) -> dict[str, Any]:
        return {"place": self.place_of(self.findings.file, line.span[0])}

    # --- parts of steps

    def arguments(self, arguments: tuple[t.Argument, ...], types: Mapping[str, t.Type | None] = NOTHING) -> Arguments:
        """`types`: of what is given by a name that may be no record's; None where anything may be given."""
        distinct((a.name for a in arguments), "with", self.findings)
        return tuple((a.name.text, self.value(a, types)) for a in arguments)

    def value(self, argument: t.Argument, types: Mapping[str, t.Type | None]) -> Value:
        name, value = argument.name.text, argument.value
        if value is None:
            return Value(file=argument.file.text if argument.file else "")
        of = next((s for s in self.reached if s.record(name) is not None), None)
        wanted = types[name] if name in types else t.Type(name) if of is not None else None
        if wanted is None or self.refusing:
            self.expression(value)
        else:
            Given(of or self.scope, self.scope, self.findings).value(value, wanted, name)
        return Value(canonical(value.text))

    def expression(
        self,
        expr: t.Expr,
        wanted: Any = None,
        word: str = "with",
        kind: feel.Kind = "expression",
        scope: ProcessScope | None = None,
    ) -> str:
        check_expression(Ask(expr, wanted, word), scope or self.scope, self.findings, kind)
        return canonical(expr.text, kind)

    def where(self, expr: t.Expr) -> ProcessScope:
        """The process whose case an expectation looks at: the first that has all that it names, else the own one."""
        roots = {path[0] for path in read(expr.text).paths} - {"case", "process"}  # which every process has
        return next((s for s in self.reached if roots and all(s.has(name) for name in roots)), self.scope)

    def person(self, name: t.Name) -> str:
        if name.text not in self.people:
            cast = [person for person, roles in self.cast_in.items() if name.text in roles]
            if any(s.role(name.text) is not None for s in self.reached) and name.text not in cast:
                self.findings.add("CH230", name.span, name=name.text, **played_by(name, cast))
            else:
                self.findings.unknown("CH230", name, self.people)
        return name.text

    def part(self, target: t.Target) -> Part | None:
        """The element a target names; reports it where there is none, or its index fits no `for each`."""
        part = next((p for s in self.reached if (p := s.element(target.name.text)) is not None), None)
        if part is None:
            misnamed(target.name, "element", "CH203", self.scope.elements, self.scope, self.findings)
            return None
        if target.index and target.index.count(".") >= len(part.instances):
            self.findings.add("CH238", target.span, name=part.name)
        return part

    def key(self, target: t.Target) -> str:
        name = target.name.last
        return join(name, target.index)

    # --- steps

    def cast(self, line: t.CastStep) -> Step:
        pairs = []
        for casting in line.castings:
            self.people.add(casting.person.text)
            for role in casting.roles:
                if all(s.role(role.text) is None for s in self.reached):
                    self.findings.unknown("CH201", role, chain(self.scope.roles, self.scope.shared.roles))
            self.cast_in.setdefault(casting.person.text, set()).update(role.text for role in casting.roles)
            pairs.append((casting.person.text, tuple(r.text for r in casting.roles)))
        return Cast(tuple(pairs), **self.at(line))

    def act(self, line: t.ActStep) -> Act:
        person = self.person(line.person)
        if line.verb == "open":
            return lower_opening(line, person, self.reached, self.findings, self.at(line), self.refusing)
        target = None
        part: Part | None = None
        if line.target is not None and line.target.name.text != "case":
            target = self.key(line.target)
            if line.verb == "amend":
                if not any(s.is_record(line.target.name.text) for s in self.reached):
                    self.wrong_target(line, line.target)
            else:
                part = self.part(line.target)
                if part is not None and part.kind not in TARGETS.get(line.verb, ANY):
                    self.wrong_target(line, line.target)
                    part = None
        elif "case" not in TARGETS.get(line.verb, frozenset({"case"})):
            self.findings.add("CH237", line.span, verb=line.verb, name="case", kind="case")
        ticked = self.ticked(line, part) if line.verb == "complete" and part is not None else ()
        to = None
        if line.to is not None:
            if line.verb == "delegate":
                to = self.person(line.to)
            else:
                name, index = split(line.to.text)
                back = t.Target(t.Name(name, span=line.to.span), index, span=line.to.span)
                to = self.key(back) if self.part(back) else None
        if line.check is not None and part is not None:
            self.point(line.check, part, "CH235")
        types: dict[str, t.Type | None] = {}
        if line.verb == "add" and part is not None:
            types = dict.fromkeys(self.taken(line, part), added(part, self.scope))
        elif line.verb != "complete":
            taken = self.taken(line, part)
            types = dict.fromkeys(taken) if line.verb == "confirm" else {}
        return Act(
            person,
            line.verb,
            target,
            self.arguments(tuple(a for a in line.arguments if a not in ticked), types),
            to,
            line.check.text if line.check else None,
            line.text.text if line.text else None,
            line.reason.text if line.reason else None,
            self.arguments(ticked, dict.fromkeys(a.name.text for a in ticked)),
            **self.at(line),
        )

    def wrong_target(self, line: t.ActStep, target: t.Target) -> None:
        kind = self.scope.kind_of(target.name.text)
        if kind is None:
            self.findings.unknown("CH202", target.name, chain(self.scope.records, self.scope.producers))
        else:
            self.findings.add("CH237", target.span, verb=line.verb, name=target.name.text, kind=kind)

    def taken(self, line: t.ActStep, part: Part | None) -> tuple[str, ...]:
        """Gives the names by which a step other than a completion takes values; reports a value that nothing reads."""
        names: tuple[str, ...] = ()
        if line.verb == "confirm":
            names = _EVIDENCE
        elif line.verb == "amend" and line.target is not None:
            names = (line.target.name.text,)
        elif line.verb == "add" and part is not None:
            each = part.one(t.ForEach)
            names = (*((each.variable.text,) if each is not None else ()), *_ITEM)
        for argument in line.arguments:
            if argument.name.text not in names:
                said = {"expected": names[:1]} if names else {"expected": (), "hint": "takes_nothing"}
                self.findings.add("CH323", argument.name.span, name=argument.name.text, verb=line.verb, **said)
        return names

    def ticked(self, line: t.ActStep, part: Part) -> tuple[t.Argument, ...]:
        """Gives what a completion hands over that is no output: points of the checklist; reports what is neither."""
        outputs = [n.text for n in part.outputs]
        points = _points(part)

        def is_output(argument: t.Argument) -> bool:
            if argument.name.text not in outputs:
                return False
            # A point may have the name of a record, which is never true or false.
            said = argument.value is not None and isinstance(read(argument.value.text).tree, ft.Boolean)
            return not (said and argument.name.text in points and self.scope.record(argument.name.text) is not None)

        rest = tuple(a for a in line.arguments if not is_output(a))
        for argument in rest:
            self.point(argument.name, part, "CH236", outputs)
        return rest

    def point(self, name: t.Name, part: Part, code: str, outputs: Collection[str] = ()) -> None:
        """Reports a name that is no point of an element's checklist, or a number that the point has not or lacks."""
        points = _points(part)
        base = name_of(name.text)
        if base not in points:
            own = within(name.text, list(outputs), self.scope) if outputs else {}
            self.findings.unknown(code, name, [*outputs, *points], element=part.name, **own)
        elif points[base] != (base != name.text) and not self.refusing:
            guess = f"{base}[1]" if points[base] else base
            hint = "point_of_each" if points[base] else "point_alone"
            self.findings.add(
                code, name.span, fix=Fix.at(name.span, guess), name=name.text, element=part.name, guess=guess, hint=hint
            )

    def refuse(self, line: t.RefuseStep) -> Step:
        if line.code is not None and line.code.text not in REFUSALS:
            self.findings.unknown("CH232", line.code, REFUSALS)
        self.refusing = True
        act = self.act(line.step)
        self.refusing = False
        return Refuse(act, line.code.text if line.code else None, **self.at(line))

    def after(self, line: t.AfterStep) -> Step:
        return Pass(self.expression(line.span_, SPAN, "after"), **self.at(line))

    def connector(self, line: t.ConnectorStep) -> Step:
        calls = [
            (work, part)
            for scope in self.reached
            for part in scope.elements.values()
            for work in part.all(t.Work)
            if work.kind == "call"
        ]
        callers = [part for work, part in calls if work.target.text == line.connector.text]
        if not callers:
            self.findings.unknown("CH324", line.connector, (work.target.text for work, _ in calls))
        written = [name.text for part in callers for name in part.outputs]
        for argument in line.answers if callers else ():
            if argument.name.text not in written:
                self.findings.unknown("CH236", argument.name, written, element=line.connector.text, hint="not_answered")
        answers = self.arguments(line.answers)
        return Connector(line.connector.text, answers, line.fails, line.times, **self.at(line))

    def signal(self, line: t.SignalStep) -> Step:
        return Arrive(line.name.text, self.arguments(line.arguments), **self.at(line))

    def given(self, line: t.GivenStep) -> Step:
        scope = next((s for s in self.reached if s.register(line.register.text) is not None), self.scope)
        types = given_types(line, scope, self.findings)
        return Fill(line.register.text, line.key.text, self.arguments(line.fields, types), **self.at(line))

    def state(self, line: t.ExpectState) -> Step:
        named, target = line.target.name.text, None
        begun = named in self.processes and all(scope.element(named) is None for scope in self.reached)
        if begun or named == "case":
            kind, name = ("process" if begun else "case"), named
            states = ["failed"] if begun else list(states_of("case"))
        else:
            part = self.part(line.target)
            target = self.key(line.target)
            if part is None:
                return ExpectState(target, line.state.text, line.iteration, **self.at(line))
            states, kind, name = [*states_of(part.kind), "overdue"], part.kind, part.name
            if t.ForEach in part.lines and not line.target.index:
                states += states_of("phase")  # a group of instances lives like a phase
        state = line.state.text
        if state not in states:
            guess = next((one for one in FACTS.get(state.lower(), ()) if one in states), None)
            guess = guess or self.findings.guess(state, states)
            extra: dict[str, Any] = {"hint": "values", "expected": [spelled(s, self.findings.language) for s in states]}
            if guess is not None:
                meant = spelled(guess, self.findings.language)
                extra = {"guess": meant, "fix": Fix.at(line.state.span, meant)}
            self.findings.add("CH231", line.state.span, name=name, state=state, kind=kind, **extra)
        if begun:
            return ExpectDeclined(named, **self.at(line))
        return ExpectState(target, state, line.iteration, **self.at(line))

    def doer(self, line: t.ExpectDoer) -> Step:
        self.part(line.target)
        return ExpectDoer(self.key(line.target), self.person(line.person), **self.at(line))

    def sees(self, line: t.ExpectSees) -> Step:
        owner = self.scope if line.what.name.text == "case" else read_in(line.what.name, self.reached, self.findings)
        role = line.who.text not in self.people and owner.role(line.who.text) is not None
        who = line.who.text if role else self.person(line.who)
        what = join(line.what.name.text, line.what.index)
        return ExpectSees(who, what, line.sees, role, owner.name, **self.at(line))

    def true(self, line: t.ExpectTrue) -> Step:
        scope = self.where(line.expr)
        return ExpectTrue(self.expression(line.expr, BOOLEAN, "expect", scope=scope), scope.name, **self.at(line))


_STEPS: dict[type, Callable[[_Lowering, Any], Step]] = {
    t.CastStep: _Lowering.cast,
    t.ActStep: _Lowering.act,
    t.RefuseStep: _Lowering.refuse,
    t.AfterStep: _Lowering.after,
    t.ConnectorStep: _Lowering.connector,
    t.SignalStep: _Lowering.signal,
    t.GivenStep: _Lowering.given,
    t.ExpectState: _Lowering.state,
    t.ExpectDoer: _Lowering.doer,
    t.ExpectKpi: expected.kpi,
    t.ExpectReport: expected.report,
    t.ExpectSees: _Lowering.sees,
    t.ExpectFired: expected.fired,
    t.ExpectTrue: _Lowering.true,
}

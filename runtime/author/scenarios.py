"""Plays scenarios: each step of `dsl.scenarios.Scenario` as a command to a world in memory, in virtual time.

Knows neither databases nor terminals. The case opens on Monday 2026-03-02 at 09:00 in its calendar's zone; it is opened
by the first person the scenario names. A person cast in a role is taken to have what the role requires. The first step
that does not come out as written ends the scenario. Failures are values: keys and arguments of the message tables.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

from msgspec import Struct

from charter.dsl.build import scenarios as s
from charter.engine import calendars, commands, feel, values, zones
from charter.engine.commands import Actor, Command
from charter.engine.definition import Definition, TypeRef
from charter.engine.entries import Entry
from charter.engine.keys import name_of
from charter.engine.plan.links import widened
from charter.engine.plan.place import standing
from charter.engine.plan.program import prepare
from charter.engine.plan.scope import Scope
from charter.engine.refusals import Refusal
from charter.engine.registers import Ask, Row, key_value
from charter.engine.state import CaseState
from charter.engine.step.transition import Step
from charter.runtime.author.acts import FIELDS
from charter.runtime.author.data import Unreadable, load
from charter.runtime.author.files import described
from charter.runtime.author.handed import FileNotReadable
from charter.runtime.author.intake import Reader
from charter.runtime.author.measured import Said, shown, tree_of, unlike
from charter.runtime.author.sees import sees
from charter.runtime.author.stages import Stage, cases_of, declined, having, hearing, holding, looked_at, not_run
from charter.runtime.host.memory import Endless, World

START = datetime(2026, 3, 2, 9, 0)  # a Monday
CASE = "case"


class Failure(Struct, frozen=True):
    """Where a scenario went wrong: what was expected there and what came, with the refusal if there was one."""

    place: str
    expected: Said | None
    actual: tuple[Said, ...]
    refusal: Refusal | None = None
    process: str | None = None  # which was refused something


class Played(Struct, frozen=True):
    """A scenario's outcome. `entries`: everything that happened, by process."""

    scenario: s.Scenario
    failure: Failure | None
    entries: Mapping[str, tuple[Entry, ...]]


class _Wrong(Exception):
    """Ends a scenario; caught by `play`."""

    def __init__(self, expected: Said | None, *actual: Said, refusal: Refusal | None = None) -> None:
        super().__init__()
        self.expected, self.actual, self.refusal = expected, actual, refusal


def play(
    scenario: s.Scenario,
    definitions: Sequence[Definition],
    stage: Callable[[Sequence[Definition], int, Sequence[Actor]], Stage] = World,
) -> Played:
    """Plays one scenario among the compiled definitions of its file, on a stage made of them, a time and the cast."""
    player = _Player(scenario, definitions, stage)
    place = scenario.place
    failure = None
    try:
        # What is given before anybody acts is there before the case is.
        head = list(takewhile(lambda step: isinstance(step, s.Cast | s.Fill), scenario.steps))
        for given in (step for step in head if isinstance(step, s.Fill)):
            player.fill(given)
        player.open()
        for step in scenario.steps:
            place = step.place or place
            if step not in head or isinstance(step, s.Cast):
                _STEPS[type(step)](player, step)
        player.unexpected()
    except Endless:
        failure = Failure(place, None, (("endless", {}),))
    except _Wrong as wrong:
        failure = Failure(place, wrong.expected, wrong.actual, wrong.refusal, player.asked)
    return Played(scenario, failure, player.happened())


class _Player:
    def __init__(
        self,
        scenario: s.Scenario,
        definitions: Sequence[Definition],
        stage: Callable[[Sequence[Definition], int, Sequence[Actor]], Stage],
    ) -> None:
        self.scenario = scenario
        self.base = Path(os.path.dirname(scenario.place.rpartition(":")[0]))
        found = next(d for d in definitions if d.name == scenario.process)
        bound = {name: value.feel for name, value in scenario.parameters if value.feel is not None}
        self.definition = found.bind(bound)
        # The processes that it runs may have parameters of the same names.
        others = [d.bind(bound) for d in definitions if d.name != found.name]
        self.roles: dict[str, set[str]] = {}
        start = START.replace(tzinfo=zones.rules(self.definition.calendar.zone))
        self.definitions = [self.definition, *others]
        self.casts = [pair for step in scenario.steps if isinstance(step, s.Cast) for pair in step.roles]
        # The world may choose among people before they have done anything.
        people = [self.actor(person, self.all_roles(person)) for person in dict.fromkeys(p for p, _ in self.casts)]
        self.world = stage(self.definitions, int(start.timestamp()) * 1_000_000, people)
        self.case = ""
        self.asked = self.definition.name  # the process of the case that was asked for something last

    # --- the world

    @property
    def state(self) -> CaseState:
        return self.world.state(self.case)

    def happened(self) -> dict[str, tuple[Entry, ...]]:
        """Gives the entries of every case, by process."""
        found: dict[str, tuple[Entry, ...]] = {}
        for case in self.world.cases():
            process = self.world.definition(case).name
            found[process] = found.get(process, ()) + tuple(self.world.entries(case))
        for entry in self.world.organisation():
            found[entry.told.process] = (*found.get(entry.told.process, ()), entry)  # type: ignore[attr-defined]
        return found

    def all_roles(self, person: str) -> set[str]:
        """Names the roles that the scenario casts a person in, at any step."""
        return {role for name, held in self.casts if name == person for role in held}

    def actor(self, person: str, roles: Set[str] | None = None) -> Actor:
        """Gives a person with the roles cast so far (or those given), and with all that these require."""
        roles = self.roles.get(person, set()) if roles is None else roles
        known = (role for definition in self.definitions for role in definition.roles)
        needs = [need for role in known if role.name in roles for need in role.requires]
        return Actor(
            person,
            tuple(sorted(roles)),
            skills=tuple(sorted({n.name: n.at_least or 1 for n in needs if n.kind == "skill"}.items())),
            certificates=tuple(sorted({n.name for n in needs if n.kind == "certificate"})),
        )

    def open(self) -> None:
        unbound = self.definition.unbound()
        if unbound:
            raise _Wrong(None, ("not_deployable", {"parameters": ", ".join(unbound)}))
        records = tuple((name, self.record(name, value)) for name, value in self.scenario.records)
        self.opener = self.casts[0][0] if self.casts else CASE
        # Opening needs a role of the process, and the cast stands further down.
        opener = self.actor(self.opener, self.all_roles(self.opener))
        self.case, step = self.world.start(self.definition.name, opener, records)
        self.accept(step)

    def send(self, act: type[Command], person: str, case: str, **fields: Any) -> Step:
        command = act(actor=self.actor(person), at=self.world.clock, **fields)
        self.asked = self.world.definition(case).name
        return self.world.perform(case, command)

    def case_of(self, target: str | None) -> str:
        """Finds the case that a step means: the scenario's own, or of those it runs the one that has the element."""
        own = target is None or name_of(target) in prepare(self.definition).plans
        return self.case if own or target is None else holding(self.world, target) or self.case

    def case_of_process(self, process: str) -> str:
        case = self.case if process == self.definition.name else looked_at(self.world, process)
        if case is None:
            raise self.no_case({process})
        return case

    def no_case(self, processes: Set[str]) -> _Wrong:
        """Says that none of these processes has a case, and why one that was to be run could not be opened."""
        self.asked, refusal = not_run(self.world, self.definitions, processes) or (self.asked, None)
        return _Wrong(("allowed", {}), ("no_case", {"process": ", ".join(sorted(processes))}), refusal=refusal)

    def accept(self, step: Step) -> None:
        if step.refusal is not None:
            raise _Wrong(("allowed", {}), refusal=step.refusal)

    # --- values

    def scope(self, case: str | None = None, text: str = "") -> Scope:
        """Gives what an expression sees of a case; of one that it concerns also what its process does not read."""
        case = case or self.case
        paths = feel.compile(tree_of(text)).paths if text else frozenset()

        def look(ask: Ask, _: str) -> tuple[Row, ...]:
            records = {r.name for other in self.definitions if other.name == ask.process for r in other.records}
            whole = (path[:2] if len(path) > 1 and path[1] in records else path for path in paths)
            return self.world.answer(widened(ask, whole)).rows

        return Scope(prepare(self.world.definition(case)), self.world.state(case), None, (), self.world.clock, look)

    def value(self, value: s.Value) -> Any:
        """Gives a step's value, encoded."""
        if value.file is not None:
            return values.encode(self.file(value.file))
        assert value.feel is not None
        found = (
            self.scope(None, value.feel).value(value.feel)
            if self.case
            else feel.compile(tree_of(value.feel)).evaluate({})
        )
        if found is None and value.feel != "null":
            raise _Wrong(None, ("bad_value", {"text": value.feel}))
        return values.encode(found)

    def record(self, name: str, value: s.Value, target: str | None = None, of: Definition | None = None) -> Any:
        """Gives a record's value, encoded; a file is read as the data of that record, in the case that a step means."""
        if value.file is None:
            return self.value(value)
        records = (self.world.definition(self.case_of(target)) if target else of or self.definition).records
        record = next((r for r in records if r.name == name), None)
        if record is None or not record.fields:
            return self.value(value)
        try:
            data = load(self.base / value.file)
        except (FileNotReadable, Unreadable) as error:
            raise _Wrong(None, ("bad_file", {"error": error})) from None
        reader = Reader(records, self.file, base=self.base)
        found = reader.value(data, TypeRef("record", record=name), name)
        if reader.misfits:
            misfit = reader.misfits[0]
            raise _Wrong(None, ("bad_value", {"text": f"{misfit.path} = {misfit.given}"}))
        return values.encode(found)

    def file(self, path: Path | str) -> values.File:
        """Gives a file beside the process file as a value; nothing is stored."""
        try:
            return described(self.base / path)
        except FileNotReadable as error:
            raise _Wrong(None, ("bad_file", {"error": error})) from None

    # --- steps

    def cast(self, step: s.Cast) -> None:
        for person, roles in step.roles:
            self.roles.setdefault(person, set()).update(roles)

    def ask(self, step: s.Act) -> Step:
        if step.verb == "open":
            self.asked = step.target or ""
            of = next(d for d in self.definitions if d.name == self.asked)
            records = tuple((name, self.record(name, value, of=of)) for name, value in step.arguments)
            return self.world.start(of.name, self.actor(step.person), records)[1]
        fields = FIELDS[step.verb](self, step) if step.verb in FIELDS else {"node": step.target}
        amends = step.verb == "amend" and step.target is not None
        case = having(self.world, self.case, step.target or "") if amends else self.case_of(step.target)
        return self.send(commands.COMMANDS[step.verb], step.person, case, **fields, reason=step.reason)

    def act(self, step: s.Act) -> None:
        done = self.ask(step)
        name = name_of(step.target or "")
        if (
            done.refusal is not None
            and step.verb not in ("amend", "open")
            and name not in prepare(self.definition).plans
        ):
            owners = {d.name for d in self.definitions if name in prepare(d).plans}
            if owners and not cases_of(self.world, owners):
                raise self.no_case(owners)
        self.accept(done)

    def refuse(self, step: s.Refuse) -> None:
        done = self.ask(step.act)
        expected: Said = ("refused_with", {"code": step.code}) if step.code else ("refused_any", {})
        if done.refusal is None:
            raise _Wrong(expected, ("was_allowed", {}))
        if step.code is not None and step.code not in [reason.code for reason in done.refusal.reasons]:
            raise _Wrong(expected, refusal=done.refusal)

    def wait(self, step: s.Pass) -> None:
        span = self.scope().value(step.span)
        until = calendars.add(self.definition.calendar, self.world.clock, span)
        if until is None:
            raise _Wrong(None, ("bad_value", {"text": step.span}))
        self.world.advance(until)

    def connector(self, step: s.Connector) -> None:
        answers = tuple((name, self.record(name, value)) for name, value in step.answers)
        self.world.connect(step.name, answers, fails=step.fails, times=step.times)

    def arrive(self, step: s.Arrive) -> None:
        records = tuple((name, self.record(name, value)) for name, value in step.arguments)
        case = hearing(self.world, step.name) or self.case
        self.accept(self.send(commands.Signal, self.opener, case, name=step.name, records=records))

    def fill(self, step: s.Fill) -> None:
        register = next(r for d in self.definitions for r in d.registers if r.name == step.register)
        fields = {name: value for name, given in step.fields if (value := self.value(given)) is not None}
        if register.key is not None:
            kind = next(field.type.name for field in register.fields if field.name == register.key)
            fields.setdefault(register.key, values.encode(key_value(kind, step.key)))
        self.world.fill(step.register, step.key, fields)

    def expect_state(self, step: s.ExpectState) -> None:
        target = step.target or CASE
        wanted = {"target": target, "state": step.state, "iteration": step.iteration}
        expected: Said = ("in_iteration" if step.iteration is not None else "in_state", wanted)
        if step.target is None:
            if self.state.status != step.state:
                raise _Wrong(expected, ("in_state", {"target": target, "state": self.state.status}))
            return
        case = self.case_of(step.target)
        node = self.world.state(case).nodes.get(step.target)
        if node is None:
            # What its phase never opened shares the phase's fate; what is not there yet is planned.
            program = prepare(self.world.definition(case))
            plan = program.plans.get(step.target)
            state = "planned" if plan is None else standing(program, self.world.state(case), plan, ())
            if step.state != state:
                raise _Wrong(expected, ("not_there", {"target": target}))
            return
        met = node.overdue if step.state == "overdue" else node.state == step.state
        if not met or step.iteration not in (None, node.iteration):
            found = {"target": target, "state": node.state, "iteration": node.iteration}
            raise _Wrong(expected, ("in_iteration", found))

    def expect_doer(self, step: s.ExpectDoer) -> None:
        there = self.world.state(self.case_of(step.target)).nodes
        nodes = [n for key, n in there.items() if step.target in (key, name_of(key))]
        doers = [person for node in nodes for person in node.doers]
        if step.person not in doers:
            actual: Said = ("done_by_nobody", {"target": step.target})
            if doers:
                actual = ("done_by", {"target": step.target, "person": ", ".join(doers)})
            raise _Wrong(("done_by", {"target": step.target, "person": step.person}), actual)

    def expect_sees(self, step: s.ExpectSees) -> None:
        case, roles = self.case_of_process(step.process), self.roles.get(step.who, set())
        who, held = ("", {step.who}) if step.role else (step.who, roles)
        much = sees(self.world.definition(case), self.world.state(case), self.world.entries(case), who, held, step.what)
        wanted = "whole" if step.sees else "nothing"
        if much != wanted:
            raise _Wrong(*((f"sees_{each}", {"person": step.who, "what": step.what}) for each in (wanted, much)))

    def expect_kpi(self, step: s.ExpectKpi | s.ExpectReport) -> None:
        definition = next(d for d in self.definitions if d.name == step.process)
        cases = [self.world.state(case) for case in cases_of(self.world, {step.process})]
        wrong = unlike(step, definition, cases, self.world.clock)
        if wrong is not None:
            raise _Wrong(*wrong)

    def expect_fired(self, step: s.ExpectFired) -> None:
        """Counts how often a rule took effect: in the scenario's own case, or in those that have the rule."""
        owners = {d.name for d in self.definitions if any(rule.name == step.rule for rule in d.rules)}
        own = self.definition.name in owners
        cases = [self.case] if own else [c for c in self.world.cases() if self.world.definition(c).name in owners]
        fired = sum(w.fired for case in cases for w in self.world.state(case).watches if w.rule == step.rule)
        fired += sum(getattr(entry.told, "rule", None) == step.rule for entry in self.world.organisation())
        if fired != step.times if step.times is not None else not fired:
            wanted = ("rule_fired" if step.times is None else "rule_times", {"rule": step.rule, "times": step.times})
            raise _Wrong(wanted, ("rule_times", {"rule": step.rule, "times": fired}))

    def expect_declined(self, step: s.ExpectDeclined) -> None:
        named = {"process": step.process}
        if step.process not in dict(declined(self.world)):
            raise _Wrong(("not_started", named), ("nothing_declined", named))

    def unexpected(self) -> None:
        for process, refusal in declined(self.world):
            if not any(isinstance(step, s.ExpectDeclined) and step.process == process for step in self.scenario.steps):
                raise _Wrong(None, ("not_started", {"process": process}), refusal=refusal)

    def expect_true(self, step: s.ExpectTrue) -> None:
        scope = self.scope(self.case_of_process(step.process), step.expr)
        found = scope.value(step.expr)
        if found is not True:
            read = self.read(scope, feel.compile(tree_of(step.expr)).paths)
            raise _Wrong(("is_true", {"text": step.expr}), ("is_value", {"value": shown(found)}), *read)

    def read(self, scope: Scope, paths: Iterable[tuple[str, ...]]) -> list[Said]:
        """Tells what stood where an expression looked, as far as it is a plain value."""
        texts = {".".join(path) for path in paths}
        found = [(text, scope.value(text)) for text in sorted(texts)]
        return [("reads", {"path": t, "value": shown(v)}) for t, v in found if not isinstance(v, Mapping | list)]


_STEPS: Mapping[type[s.Step], Callable[[_Player, Any], None]] = {
    s.Cast: _Player.cast,
    s.Act: _Player.act,
    s.Refuse: _Player.refuse,
    s.Pass: _Player.wait,
    s.Fill: _Player.fill,
    s.Connector: _Player.connector,
    s.Arrive: _Player.arrive,
    s.ExpectState: _Player.expect_state,
    s.ExpectDeclined: _Player.expect_declined,
    s.ExpectDoer: _Player.expect_doer,
    s.ExpectKpi: _Player.expect_kpi,
    s.ExpectReport: _Player.expect_kpi,
    s.ExpectSees: _Player.expect_sees,
    s.ExpectFired: _Player.expect_fired,
    s.ExpectTrue: _Player.expect_true,
}

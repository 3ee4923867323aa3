"""What expressions see of a case: parameters, records, elements, `case`, `process` and the for-each variables.

A name is looked up only when an expression uses it, and an element's facts only when they are asked for. Names that
are not known, or not known yet, are null. An expression inside an instance sees that instance's own versions and
nodes; from outside a `for each`, records are lists and elements inside it are lists of their instances, in the order
of the list. The element that is `for each` has the facts of the whole behind its dot, and is that list everywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charter.engine import feel, values
from charter.engine.feel import Expression, tree as t
from charter.engine.feel.conversion import text_of
from charter.engine.feel.own import Described
from charter.engine.feel.printer import quoted
from charter.engine.forms import Link
from charter.engine.keys import Path, key_of, parse_key
from charter.engine.plan.clocks import ClockFacts, Unjudged
from charter.engine.plan.facts import CaseFacts, Facts, Unended, moment, process_facts
from charter.engine.plan.foresight import foreseen
from charter.engine.plan.ledgers import reading
from charter.engine.plan.links import ask_of, read
from charter.engine.plan.looking import Book, Look, looking
from charter.engine.plan.place import Place, found_in_case, standing
from charter.engine.plan.plans import ClockPlan, LedgerPlan, Plan, shared_from
from charter.engine.plan.program import Program, compiled
from charter.engine.state import Node, View

# So much of a value, and so many values, are shown of what a condition has read.
_SHOWN = 60
_MOST_SEEN = 4


class Scope:
    """The names an expression at one place of a case may use: those of the element `plan` at the index `path`."""

    __slots__ = ("_env", "look", "now", "path", "plan", "program", "view")

    def __init__(
        self, program: Program, view: View, plan: Plan | None, path: Path, now: int, look: Look | None = None
    ) -> None:
        self.program = program
        self.view = view
        self.plan = plan
        self.path = path
        self.now = now
        self._env: feel.Env | None = None
        self.look: Look | None = look or getattr(view, "look", None)

    @classmethod
    def at(cls, place: Place, now: int) -> Scope:
        """Gives the names of a place."""
        return cls(place.program, place.view, place.plan, place.path, now)

    def seen(self, text: str, extra: Mapping[str, Any] | None = None) -> list[str]:
        """Says what an expression reads here, `days = 30`: each plain value, of a list how many there are."""
        expression = self.read(text)
        found = []
        paths = sorted(expression.paths) if expression is not None else ()
        for path in (path for path in paths if path[0] not in self.program.registers):
            name = ".".join(path)
            root = extra[path[0]] if extra is not None and path[0] in extra else self.name(path[0])
            tree: t.Node = t.Name(path[0])
            for part in path[1:]:
                tree = t.Path(tree, part)
            value = feel.compile(tree).evaluate({path[0]: root})
            if isinstance(value, list | tuple):
                found.append(f"count({name}) = {len(value)}")
            elif not isinstance(value, Mapping | Described):
                shown = quoted(value) if isinstance(value, str) else text_of(value)
                found.append(f"{name} = {shown if len(shown) <= _SHOWN else shown[:_SHOWN] + '…'}")
        return found[:_MOST_SEEN]

    def value(self, text: str, extra: Mapping[str, Any] | None = None) -> Any:
        """Evaluates a FEEL text here; null (unknown) where a name is unknown or the text does not parse."""
        expression = self.read(text)
        if expression is None:
            return None
        names: dict[str, Any] = {}
        for name in expression.names:
            if extra is not None and name in extra:
                names[name] = extra[name]
            elif (found := self.name(name, walked=name in expression.walked)) is not None:
                names[name] = found  # what stands for nothing may be a function, beside a field of that name
        if self._env is None:
            # Only a step shares one budget among all it asks.
            budget = getattr(self.view, "budget", None)
            calendar = None if self.plan is None else self.plan.calendar
            self._env = self.program.env(lambda: moment(self.now, self.program.zone), budget, calendar)
        return expression.evaluate(names, self._env)

    def read(self, text: str) -> Expression | None:
        return looking(self.program, text) if self.program.registers else compiled(text)

    def name(self, name: str, *, walked: bool = True) -> Any:
        """Gives what a name stands for here, None for a name that stands for nothing; `walked`: maybe as a list."""
        program = self.program
        plan = self.plan
        if plan is not None and plan.loops:
            for depth in range(len(self.path), 0, -1):
                loop = program.plans[plan.loops[depth - 1]]
                if loop.element.many is not None and loop.element.many.variable == name:
                    node = self.view.nodes.get(key_of(loop.name, self.path[:depth]))
                    return None if node is None else values.decode(node.item)
        if name in program.plans:
            return self.element(program.plans[name], walked=walked)
        if name in program.types:
            return self.record(name)
        if name in program.registers:
            reader = "" if plan is None else key_of(plan.name, self.path)
            return Book(program, program.registers[name], self.look, reader, self.now)
        if name in program.links:
            return self.linked(program.links[name])
        if name in program.slas:
            return self.clock(program.slas[name])
        if name in program.ledgers:
            return self.ledger(program.ledgers[name])
        if name in program.parameters:
            return program.bindings(self.view.parameters)[name]
        if name == "case":
            return CaseFacts(self.view, program.zone)
        if name == "process":
            return process_facts(program.definition)
        return None

    def linked(self, link: Link) -> dict[str, Any] | None:
        """Gives what the case knows of the case of another process that it is about; None while there is none."""
        outside = Scope(self.program, self.view, None, (), self.now, self.look)
        # A condition of the record that names the case reads the case that it names.
        ask = ask_of(link, outside.value(link.by, getattr(self.view, "writing", None)), self.view)
        reader = "" if self.plan is None else key_of(self.plan.name, self.path)
        return None if ask is None or self.look is None else read(self.look(ask, reader))

    def element(self, seen: Plan, *, walked: bool = True) -> Any:
        shared = shared_from(self.plan, self.path, seen)
        base = self.path[:shared]
        if shared >= seen.outer:
            whole = self._node(key_of(seen.name, base), seen, base)
            if not walked or not seen.is_group(base):
                return whole
        placed = ((key, parse_key(key)[1]) for key in self.program.expand(self.view.nodes, seen, base))
        instances = [self._node(key, seen, path) for key, path in placed if len(path) == len(seen.loops)]
        return instances if shared < seen.outer else Described(instances, whole)

    def _node(self, key: str, plan: Plan, path: Path) -> Facts:
        node = self.view.nodes.get(key)
        # Not created: everything about it can still be asked.
        return self.facts(node or Node(key, plan.name, standing(self.program, self.view, plan, path)), plan)

    def facts(self, node: Node, plan: Plan) -> Facts:
        return Facts(node, self.program.zone)

    def clock(self, seen: ClockPlan) -> Any:
        """Gives the facts of a service-level clock; from outside a `for each`, a list of those of its instances."""
        of = seen.of
        if of is None or not of.loops:
            return self.reading(seen, ())
        base = self.path[: shared_from(self.plan, self.path, of)]
        if len(base) == len(of.loops):
            return self.reading(seen, base)
        paths = (parse_key(key)[1] for key in self.program.expand(self.view.nodes, of, base))
        return [self.reading(seen, path) for path in paths if len(path) == len(of.loops)]

    def reading(self, seen: ClockPlan, path: Path) -> ClockFacts:
        return ClockFacts(self.view, seen, key_of(seen.sla.name, path), self.now, self.program.zone)

    def ledger(self, seen: LedgerPlan) -> Described:
        return reading(self.program, self.view, seen)

    def record(self, record: str) -> Any:
        if self.plan is None:
            found = found_in_case(self.program, self.view, record)
        else:
            found = Place(self.program, self.view, self.plan, self.path).find(record)
        if found is None:
            return None
        if isinstance(found, list):
            return [self.program.decode(v.digest, v.value) for v in found]
        return self.program.decode(found[1].digest, found[1].value)


class Foresight(Scope):
    """The names of a `when`: as in a scope, but how an element ends is unknown until it has ended."""

    __slots__ = ()

    def read(self, text: str) -> Expression | None:
        return foreseen(self.program, self.plan, len(self.path), text)

    def reading(self, seen: ClockPlan, path: Path) -> ClockFacts:
        return Unjudged(self.view, seen, key_of(seen.sla.name, path), self.now, self.program.zone)

    def ledger(self, seen: LedgerPlan) -> Described:
        return reading(self.program, self.view, seen, foreseen=True)

    def facts(self, node: Node, plan: Plan) -> Facts:
        return Unended(node, self.program.zone, grows=plan.element.many is not None and plan.element.many.open)

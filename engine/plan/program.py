"""A Definition prepared for execution: who produces what, who must be looked at when a fact changes, compiled FEEL.

Follows from the definition alone and never changes; knows no case, person or time. Of one element, `Plan` tells more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from charter.engine import calendars, feel, values
from charter.engine.capacity import carried
from charter.engine.definition import Calendar, Definition, Element, Link, RecordType, Register
from charter.engine.feel.temporal import UTC, DateTime, Zone
from charter.engine.forms import names_persons
from charter.engine.keys import Path, key_of, parse_key
from charter.engine.once import once
from charter.engine.plan.duties import duties
from charter.engine.plan.fields import conditional, derived
from charter.engine.plan.plans import ClockPlan, LedgerPlan, Plan, shared_loops, shares
from charter.engine.state import Node

if TYPE_CHECKING:
    from charter.engine.decisions.named import Judge


# What may befall a case, as rules ask for it: an occasion's kind, what it is of, and its state or count.
Occurrence = tuple[str, str, str]


class Source(Struct, frozen=True):
    """Where a consumer finds a record: at its own first `depth` indexes.

    When `group` is set: all versions written inside that group's instances, as a list.
    """

    depth: int
    group: Plan | None


class Program:
    """A prepared definition; see the module's text. Use `prepare`."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.plans: dict[str, Plan] = {}
        named = {calendar.name: calendar for calendar in definition.calendars}
        for position, element in enumerate(definition.elements):
            parent = self.plans[element.parent] if element.parent is not None else None
            outer = parent.loops if parent is not None else ()
            many = element.many is not None
            plan = Plan(
                element=element,
                name=element.name,
                kind=element.kind,
                many=many,
                loops=(*outer, element.name) if many else outer,
                outer=len(outer),
                position=position,
                parent=parent,
                clauses=(*element.clauses, *carried(definition.queues, element.roles)),
                around=element.parent,
                calendar=named.get(element.calendar or "") or (parent or definition).calendar,
                fallback=next(iter((*element.accountable, definition.owner or ""))),
            )
            self.plans[element.name] = plan
            if parent is not None:
                parent.children.append(plan)
        self.slas = {
            sla.name: ClockPlan(
                sla,
                of := self.plans.get(sla.element or ""),
                named.get(sla.calendar or "") or (of or definition).calendar,
                () if of is None else of.loops,
                shares(definition, sla),
            )
            for sla in definition.slas
        }
        self.grouped = any(sla.group is not None for sla in definition.slas)
        self.ledgers = {ledger.name: LedgerPlan.of(ledger, self.plans.values()) for ledger in definition.ledgers}
        self.roots = [plan for plan in self.plans.values() if plan.parent is None]
        # Where the nodes outside any `for each` stand: most of them, so that they are looked up and not parsed.
        found = ((name, plan) for name, plan in self.plans.items() if not plan.loops)
        self.spots: dict[str, tuple[Plan, Path]] = {name: (plan, ()) for name, plan in found}
        works = {p.name: p.element.work.kind for p in self.plans.values() if p.element.work is not None}
        self.runs = frozenset(name for name, kind in works.items() if kind == "run")
        self.amending = tuple(self.plans[name] for name, kind in works.items() if kind == "amend")
        self.heard = frozenset(v.at for e in definition.elements for v in e.events if v.kind == "signal")
        self.repeats = any(e.repeat is not None and e.repeat.until is not None for e in definition.elements)
        self.types: dict[str, RecordType] = {r.name: r for r in definition.records}
        self.registers: dict[str, Register] = {r.name: r for r in definition.registers}
        self.links: dict[str, Link] = {link.name: link for link in definition.links}
        # what has declared fields
        self.forms = self.types | {r.name: RecordType(r.name, r.title, r.fields) for r in definition.registers}
        self.conditional = conditional(self.forms)
        self.derived = derived(self.forms)
        self.personal = frozenset(name for name in self.types if names_persons(self.types, name))
        self.parameters = {p.name: p for p in definition.parameters}
        self.roles = {r.name: r for r in definition.roles}
        self.demanding = frozenset(r.name for r in definition.roles if r.requires)
        self.separations, self.controls = duties(definition)
        self.rivals = self._orders("first")
        self.singles = self._orders("single")
        self.producers: dict[str, list[Plan]] = {}
        for plan in self.plans.values():
            for record in plan.element.outputs:
                self.producers.setdefault(record, []).append(plan)
        self.users: dict[str, list[Plan]] = {}
        self.listers: dict[str, list[Plan]] = {}
        self.leaners: dict[str, list[Plan]] = {}
        watchers: dict[str, dict[str, bool]] = {}
        for plan in self.plans.values():
            self._connect(plan, watchers)
        self.watchers: dict[str, tuple[Plan, ...]] = {
            name: tuple(self.plans[w] for w in found if w != name or self._sees_itself(w))
            for name, found in watchers.items()
        }
        # of those, whoever looks at more than how it ends; the others need no look when work on it only begins
        self.followers: dict[str, tuple[Plan, ...]] = {
            name: tuple(plan for plan in found if watchers[name][plan.name]) for name, found in self.watchers.items()
        }
        self.occasions: dict[Occurrence, list[str]] = {}
        for rule in definition.rules:
            for on in rule.occasions:
                detail = on.state or ("" if on.count is None else str(on.count))
                rules = self.occasions.setdefault((on.kind, on.name or "", detail), [])
                if rule.name not in rules:
                    rules.append(rule.name)
        self._sources: dict[tuple[str, str], tuple[Source, ...]] = {}
        self._upstream: dict[tuple[str, str], tuple[Plan, ...]] = {}
        self._downstream: dict[str, frozenset[str]] = {}
        self._before: dict[str, frozenset[str]] = {}
        self.tables = {table.name: table for table in definition.decisions}
        self._judges: dict[str, Judge] = {}
        self.decoded: dict[str, Any] = {}
        self.foreseen: dict[tuple[str, str | None, int], feel.Expression | None] = {}
        self.looking: dict[str, feel.Expression | None] = {}

    def _orders(self, kind: str) -> dict[str, list[tuple[str, Plan]]]:
        """Gives, by plan, whom it competes with: (which one of the order it is or stands in, each other one)."""
        named: dict[str, list[str]] = {}
        for order in self.definition.orders:
            if order.kind == kind:
                for name in order.elements:
                    named.setdefault(name, []).extend(other for other in order.elements if other != name)
        found: dict[str, list[tuple[str, Plan]]] = {}
        for plan in self.plans.values() if named else ():
            # Where one of them is taken, what it stands in is taken too.
            for level in plan.levels():
                for other in named.get(level.name, ()):
                    found.setdefault(plan.name, []).append((level.name, self.plans[other]))
        return found

    def _connect(self, plan: Plan, watchers: dict[str, dict[str, bool]]) -> None:
        """Notes what a plan uses (its work rests on it) and what it watches (it is looked at when that changes).

        `watchers`: fact -> name of who watches it -> whether for more than how it ends.
        """
        element, work = plan.element, plan.element.work
        lists = [element.many.items] if element.many is not None else []
        resting: list[str | None] = [text for _, text in (work.arguments if work is not None else ())]
        resting += [(work.target or "").partition(".")[0]] if work is not None and work.kind == "amend" else []
        rounds = [element.repeat.every, element.repeat.until] if element.repeat is not None else []
        watched = [element.when, element.exit, element.offered, *rounds, *lists, *conditions(element), *element.named]
        if element.many is not None:
            watched += [element.many.closes, *([many] if isinstance(many := element.many.enough, str) else [])]
        if element.agreement is not None:
            watched += (stages := [stage.when for stage in element.agreement.stages])
            resting += (element.agreement.criteria, *stages)
        if work is not None:
            watched.append(work.when)
        uses = dict.fromkeys(i.record for i in element.inputs)
        if element.agreement is not None and element.agreement.of is not None:
            uses[element.agreement.of] = None
        names = self.names
        taken = {*uses, *(n for text in (*resting, None if work is None else work.when) for n in names(text))}
        # Sorted: a set's order is another in each process, and what work rests on is kept.
        uses.update((n, None) for text in (element.when, *resting) for n in sorted(names(text)) if n in self.types)
        plan.uses = () if plan.kind == "phase" else tuple(uses)
        plan.items = tuple(dict.fromkeys(n for text in lists for n in sorted(names(text)) if n in self.types))
        for record in plan.uses:
            self.users.setdefault(record, []).append(plan)
        for record in plan.items:
            self.listers.setdefault(record, []).append(plan)
        read = (*uses, *plan.items, *(n for text in watched for n in names(text)), *element.starts_with)
        facts = dict.fromkeys((*read, *(r for n in read if n in self.ledgers for r in self.ledgers[n].records)), True)
        for needed in element.inputs:
            for approval in needed.approvals:
                self.leaners.setdefault(approval, []).append(plan)
                facts.setdefault(approval, False)
        plan.asked = tuple(sorted(name for name in names(element.when) if name in self.types))
        plan.offers = tuple(sorted(name for name in names(element.offered) if name in self.types))
        plan.gates = frozenset(plan.asked) - taken
        for record in (*(needed.record for needed in element.inputs), *plan.items, *plan.asked, *plan.offers):
            for producer in self.producers.get(record, ()):
                facts.setdefault(producer.name, False)
        for name in (name for after in element.after for name in after.elements):
            facts.setdefault(name, False)
        if work is not None:
            facts.update((other.name, True) for _, other in self.singles.get(plan.name, ()))
        for fact in tuple(facts):
            # Inside a loop that this element is not in, it sees the loop's group.
            for name in (fact, *(p.name for p in self.producers.get(fact, ()))):
                seen = self.plans.get(name)
                if seen is not None and (group := self.group_between(plan, seen)) is not None:
                    facts[group.name] = True
        for fact, more in facts.items():
            watchers.setdefault(fact, {})[plan.name] = more

    def _sees_itself(self, name: str) -> bool:
        """Says whether what becomes of the element itself, such as its lateness, decides how it goes on."""
        plan = self.plans.get(name)
        return plan is not None and any(
            name in self.names(t) for t in (plan.element.offered, *conditions(plan.element))
        )

    def names(self, text: str | None) -> frozenset[str]:
        """Gives the free names of a FEEL text; none for a text that does not parse."""
        expression = None if text is None else compiled(text)
        names = frozenset() if expression is None else expression.names
        # Whoever reads a case that this one is about reads what says which one it is.
        return names.union(*(self.names(self.links[name].by) for name in names if name in self.links))

    @cached_property
    def zone(self) -> Zone:
        name = self.definition.calendar.zone
        return UTC if name == "UTC" else Zone(name=name)

    def env(
        self,
        now: Callable[[], DateTime] | None = None,
        budget: feel.Budget | None = None,
        calendar: Calendar | None = None,
    ) -> feel.Env:
        """Gives what an expression may know: the present where it has one, and a calendar, else the process's."""
        reckon = partial(calendars.reckon, self.definition.calendar if calendar is None else calendar)
        return feel.Env(now=now, reckon=reckon, budget=budget)

    @cached_property
    def bound(self) -> dict[str, Any]:
        """The values of the parameters as the definition binds them."""
        return self._values({})

    def bindings(self, given: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
        """Gives the values of the parameters where a case binds some of them for itself, to encoded values."""
        return self._values({name: values.decode(data) for name, data in given}) if given else self.bound

    def _values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Evaluates the parameters, None while unbound; a later one may use an earlier one."""
        found: dict[str, Any] = {}
        for parameter in self.definition.parameters:
            if parameter.name in given:
                found[parameter.name] = given[parameter.name]
                continue
            expression = None if parameter.value is None else compiled(parameter.value)
            found[parameter.name] = None if expression is None else expression.evaluate(found, self.env())
        return found

    def judge(self, name: str) -> Judge | None:
        """Gives a decision table ready to be asked, prepared when it is asked first."""
        if name not in self._judges and name in self.tables:
            # Imported here because most cases never ask one, and every start of the command line would pay.
            from charter.engine.decisions.named import Judge

            self._judges[name] = Judge(self.tables[name], self.env())
        return self._judges.get(name)

    def decode(self, digest: str, data: Any) -> Any:
        """Decodes a record version's value, remembering the latest few by digest."""
        try:
            return self.decoded[digest]
        except KeyError:
            value = values.decode(data)
            if len(self.decoded) > 4096:
                self.decoded.clear()
            self.decoded[digest] = value
            return value

    def spot(self, key: str) -> tuple[Plan, Path]:
        """Gives the plan of a node's key and its index path; KeyError where there is no such element."""
        found = self.spots.get(key)
        if found is not None:
            return found
        name, path = parse_key(key)
        return self.plans[name], path

    def group_between(self, viewer: Plan, seen: Plan) -> Plan | None:
        """Gives the outermost `for each` that `seen` is in and `viewer` is not, None when it sees the plan itself."""
        shared = shared_loops(viewer.loops, seen.loops)
        return self.plans[seen.loops[shared]] if shared < len(seen.loops) else None

    def seen(self, viewer: Plan, path: Path, seen: Plan) -> str:
        """Gives the key under which the node of `viewer` at `path` sees an element: its node, or a loop's group."""
        if not seen.loops:
            return seen.name
        shared = min(shared_loops(viewer.loops, seen.loops), len(path))
        if shared < len(seen.loops):
            return key_of(seen.loops[shared], path[:shared])
        return key_of(seen.name, path[:shared])

    def sources(self, viewer: Plan, record: str) -> tuple[Source, ...]:
        """Lists where a plan finds a record, nearest first."""
        found = self._sources.get((viewer.name, record))
        if found is None:
            own: dict[int, Source] = {}
            groups: dict[tuple[int, str], Source] = {}
            for producer in self.producers.get(record, ()):
                depth = shared_loops(viewer.loops, producer.loops)
                group = self.group_between(viewer, producer)
                if group is None:
                    own[depth] = Source(depth, None)
                else:
                    groups[depth, group.name] = Source(depth, group)
            own.setdefault(0, Source(0, None))
            found = (*sorted(own.values(), key=lambda s: -s.depth), *groups.values())
            self._sources[viewer.name, record] = found
        return found

    def downstream(self, plan: Plan) -> frozenset[str]:
        """Names the elements that use, directly or through others, what a plan produces or grants."""
        found = self._downstream.get(plan.name)
        if found is None:
            # What is inside a block is made anew with it.
            todo = [plan, *plan.descendants()]
            reached = dict.fromkeys(inner.name for inner in todo[1:])
            while todo:
                for user in self._direct(todo.pop()):
                    if user.name not in reached:
                        reached[user.name] = None
                        todo.append(user)
            found = self._downstream[plan.name] = frozenset(reached)
        return found

    def _direct(self, plan: Plan) -> Iterator[Plan]:
        for record in plan.element.outputs:
            yield from self.users.get(record, ())
            for lister in self.listers.get(record, ()):
                yield lister
                yield from lister.descendants()
        yield from self.leaners.get(plan.name, ())

    def upstream(self, plan: Plan, record: str) -> tuple[Plan, ...]:
        """Lists the producers of a record on whose rework a plan waits.

        A producer that itself rests on the plan's work, or comes after it, does not count when it stands later in
        the file, or two elements that update one record in place would wait for each other for ever.
        """
        found = self._upstream.get((plan.name, record))
        if found is None:
            producers = self.producers.get(record, ())
            down = self.downstream(plan) if producers else frozenset()
            found = tuple(
                p
                for p in producers
                if p is not plan and not (p.position > plan.position and (p.name in down or self.precedes(plan, p)))
            )
            self._upstream[plan.name, record] = found
        return found

    def precedes(self, earlier: Plan, later: Plan) -> bool:
        """Says whether a plan lies upstream of another: by what it uses, comes after, or is inside of."""
        found = self._before.get(later.name)
        if found is None:
            reached: dict[str, None] = {}
            todo = [later]
            while todo:
                for plan in self._directly_before(todo.pop()):
                    if plan.name not in reached:
                        reached[plan.name] = None
                        todo.append(plan)
            found = self._before[later.name] = frozenset(reached)
        return earlier.name in found

    def _directly_before(self, plan: Plan) -> Iterator[Plan]:
        element = plan.element
        if plan.parent is not None:
            yield plan.parent
        for record in (*plan.uses, *plan.items):
            yield from self.producers.get(record, ())
        named = [name for after in element.after for name in after.elements]
        named.extend(name for needed in element.inputs for name in needed.approvals)
        for name in named:
            yield self.plans[name]
            yield from self.plans[name].descendants()

    def keys(self, nodes: Mapping[str, Node], plan: Plan, path: Path, loops: tuple[str, ...]) -> Iterable[str]:
        """Yields the keys of a plan's nodes that can see the fact at `path` inside `loops`, groups included."""
        if not plan.loops:
            return (plan.name,)
        return self.expand(nodes, plan, path[: shared_loops(plan.loops, loops[: len(path)])])

    def expand(self, nodes: Mapping[str, Node], plan: Plan, base: Path) -> Iterator[str]:
        if len(base) >= plan.outer:
            yield key_of(plan.name, base)
        if len(base) < len(plan.loops):
            group = nodes.get(key_of(plan.loops[len(base)], base))
            if group is not None:
                for index in range(1, group.size + 1):
                    yield from self.expand(nodes, plan, (*base, index))


def conditions(element: Element) -> tuple[str, ...]:
    """Gives the conditions that an element's events wait for."""
    return tuple(event.at for event in element.events if event.kind == "when" and event.at is not None)


@lru_cache(maxsize=16384)
def compiled(text: str) -> feel.Expression | None:
    """Compiles a FEEL text, None when it does not parse (the checker has said so already)."""
    tree = feel.parse(text).tree
    return None if tree is None else feel.compile(tree)


@once(1024)
def prepare(definition: Definition) -> Program:
    """Prepares a definition, once: the same object gives the same program."""
    return Program(definition)

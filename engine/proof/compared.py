"""What the conditions of a process compare, taken apart once: what of a record they can tell apart.

Which fields they read together, how long a list may be to make a difference, and by name what no few values stand
for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType
from typing import Any

from charter.engine import feel
from charter.engine.definition import Field, RecordType
from charter.engine.feel import tree as t
from charter.engine.feel.own import Money
from charter.engine.plan import fields
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program, compiled
from charter.engine.proof import points
from charter.engine.proof.atoms import SHORT, Atom, Path, Reader, conditions, conditions_of, plain_path, value_of
from charter.engine.proof.items import Items
from charter.engine.proof.shade import Shade
from charter.engine.proof.shares import needed
from charter.engine.proof.sight import Component, Sight, at

_LONGEST = 6  # of lists
_SHORTEST, _MANY = 2, 4  # of any list; where conditions count what is done for each, which is not exact anyway


class Compared:
    """What the conditions of a process compare, taken apart once. `strange`: what they do not read in a plain way."""

    def __init__(self, program: Program) -> None:
        self.program, self.types = program, program.types
        self.reader = Reader(program)
        every = [atom for condition in conditions(program.definition) for atom in self.reader.atoms(condition)]
        self.atoms = [atom for atom in every if atom.condition.record is None]
        self.every = every
        self.wheres = {record.name: list(_wheres(record)) for record in program.definition.records}
        self.named: dict[Path, list[Atom]] = {}
        for atom in every:
            for path in {plain_path(path) for path in atom.paths}:
                self.named.setdefault(path, []).append(atom)
        self.inside = frozenset(path[:end] for path in self.named for end in range(1, len(path) + 1))
        self.components = tuple(self._components(every))
        self.shade = Shade(program)
        self.still = frozenset(self._only(self.shade.quiet))
        # Of those that nothing else asks about, what is kept is taken up at once, and never looked at again.
        self.spent = frozenset(path for path in self._only(self.shade.lasting) if len(self.named.get(path, ())) == 1)
        self.unclear: set[str] = set()  # lists of which a number that is not known is enough
        self.sizes = self._sizes(every)
        self.shared = frozenset(atom.shared.element for atom in every if atom.shared is not None)
        # Elements of one list of which nobody sees the items one by one.
        self.alike = self.shared.union(name for name in self.shade.quiet if program.plans[name].loops == (name,))
        self.strange = tuple(sorted(set(self._strange(every))))
        elsewhere = [atom for atom in every if atom.condition.record is not None and self._elsewhere(atom)]
        self.sight = Sight((*self.atoms, *elsewhere), self.components, self.reader.variables, program.bound)
        self.looped = frozenset(plain_path(path) for path in self.reader.variables.values())  # lists of `for each`
        self.items = Items(self.reader, every, program.bound)
        # Amounts that ledgers are asked for alone: at zero, none overruns its line.
        ledgers = program.definition.ledgers
        booked = {(*b.items.split("."), each.amount): each.name for each in ledgers for b in each.bookings}
        self.free = frozenset(path for path in booked if path not in self.inside)
        self.weighed = frozenset(name for path, name in booked.items() if path in self.inside)
        self._groups: dict[str, list[list[Field]]] = {}

    def _elsewhere(self, atom: Atom) -> bool:
        """Says whether a `where` asks something of other records alone, which decides what may be written later."""
        record = self.types[atom.condition.record or ""]
        roots = {path[0] for path in atom.expression.paths} - self.program.bound.keys()
        return roots <= self.types.keys() - {record.name, *(field.name for field in record.fields)}

    @property
    def currency(self) -> str:
        """The first currency that a condition names."""
        found = (literal.currency for atom in self.every for literal in atom.literals if isinstance(literal, t.Amount))
        return next(found, "EUR")

    @cached_property
    def currencies(self) -> frozenset[str]:
        """The currencies that conditions and parameters name, else the usual one."""
        named = {literal.currency for atom in self.every for literal in atom.literals if isinstance(literal, t.Amount)}
        named |= {value.currency for value in self.program.bound.values() if isinstance(value, Money)}
        return frozenset(named) or frozenset((self.currency,))

    @cached_property
    def longest(self) -> int:
        """How long lists have to be for the counts of elements that conditions ask for."""
        inside = {plan.name for plan in self.program.plans.values() if plan.loops}
        counts = (
            atom
            for atom in self.atoms
            if any(path[0] in inside for path in atom.paths)
            and any(isinstance(part, t.Call) and part.function == t.Name("count") for part in t.walk(atom.tree))
        )
        numbers = [int(part.value) for atom in counts for part in atom.literals if isinstance(part, t.Number)]
        return min(_MANY, max(numbers, default=0))

    def size(self, path: Path) -> int:
        """Gives how many items a list has at most that makes a difference."""
        return min(max(self.longest, self.sizes.get(path, self._least(path))), _LONGEST)

    def _only(self, names: Collection[str]) -> Iterator[Path]:
        """Yields the lists over which no other elements run than these."""
        over: dict[Path, bool] = {}
        for plan in self.program.plans.values():
            listed = self.reader.list_path(plan.element.many.items) if plan.element.many is not None else None
            if listed is not None:
                path = plain_path(listed)
                over[path] = over.get(path, True) and plan.name in names
        yield from (path for path, quiet in over.items() if quiet)

    def _least(self, path: Path) -> int:
        """Gives how long a list is at least that makes a difference: two show how one stands beside another."""
        return 1 if path in self.still else _SHORTEST

    def is_compared(self, record: str) -> bool:
        """Says whether some condition holds a record against what else there is."""
        return record in self.sight.of_record

    def most(self, plan: Plan) -> int:
        """Gives how many instances of a `for each` there are at most that makes a difference."""
        many = plan.element.many
        path = self.reader.list_path(many.items) if many is not None else None
        return self.size(path or (plan.name,))

    # -- of all conditions -------------------------------------------------------------------------------------------

    def literals(self, atoms: Iterable[Atom]) -> Iterator[Any]:
        """Yields what atoms hold a field against that does not vary."""
        for atom in atoms:
            yield from (value for literal in atom.literals if (value := value_of(literal)) is not None)
            names = {path[0] for path in atom.expression.paths}
            yield from points.scalars([self.program.bound[name] for name in names & self.program.bound.keys()])

    def _components(self, atoms: Iterable[Atom]) -> Iterator[Component]:
        of: dict[Path, set[Path]] = {}
        for atom in atoms:
            for held in atom.compared:
                paths = {plain_path(path) for path in held if path[0] in self.types}
                joined = paths.union(*(of[path] for path in paths if path in of))
                of.update(dict.fromkeys(joined, joined))
        for paths in {id(joined): joined for joined in of.values()}.values():
            if len(paths) > 1:
                naming = [atom for path in paths for atom in self.named.get(path, ())]
                yield Component(frozenset(paths), tuple(dict.fromkeys(self.literals(naming))))

    def _sizes(self, atoms: Iterable[Atom]) -> dict[Path, int]:
        program = self.program
        counted: dict[Path, Decimal] = {}
        asked: dict[Path, int] = {}
        for atom in atoms:
            for path, number in atom.counted:
                counted[path] = max(counted.get(path, number), number)
            for path in atom.asked:
                asked[path] = asked.get(path, 0) + 1
        for plan in self.program.plans.values():
            many = plan.element.many
            if many is not None and many.enough is not None:
                of = self.reader.list_path(many.items) or (plan.name,)
                enough = self.reader.number(str(many.enough))
                counted[of] = max(counted.get(of, Decimal(0)), enough or Decimal(0))
                self.unclear |= {of[0]} if enough is None else set()
        lists = {*counted, *asked}
        sizes = {
            of: max(_SHORTEST if of in asked else self._least(of), int(counted.get(of, 0)) + 1, asked.get(of, 0))
            for of in lists
        }
        shares = [atom.shared for atom in atoms if atom.shared is not None]
        for name in {share.element for share in shares}:
            many = program.plans[name].element.many
            listed = self.reader.list_path(many.items) if many is not None else None
            most = {share.fact for share in shares if share.element == name and share.most}
            some = {share.fact for share in shares if share.element == name and not share.most}
            numbers: dict[str, int] = {}
            for share in shares:
                if share.element == name and share.least:
                    numbers[share.fact] = max(numbers.get(share.fact, 0), share.least)
            if listed is None or len(most) > 1 or (most and numbers):
                self.unclear.add(name)
            else:
                ways = 2 if program.plans[name].kind == "approval" else 1  # work by hand is done, if at all
                length = needed(bool(most), len(some - numbers.keys()), numbers.values(), ways)
                sizes[listed] = max(sizes.get(listed, 0), length)
        return sizes

    def _strange(self, atoms: Iterable[Atom]) -> Iterator[str]:
        """Names what no finite choice of values stands for."""
        program, variables = self.program, self.reader.variables
        for atom in atoms:
            yield from atom.strange
            records = {path[0] for path in atom.paths if path[0] in program.types}
            looped = any(plan.loops for record in records for plan in program.producers.get(record, ()))
            if len(records) > 1 and (looped or any(path[0] in variables for path in atom.expression.paths)):
                yield from records
        for component in self.components:
            lists = [path[:end] for path in component.paths for end in range(2, len(path)) if self._is_list(path[:end])]
            if len(component.records) > 1:
                yield from (path[0] for path in lists if lists.count(path) > 1)
        yield from (path[0] for path, size in self.sizes.items() if size > _LONGEST)
        yield from self.unclear
        for plan in program.plans.values():
            if plan.loops:
                yield from self._varying(plan)

    def _varying(self, plan: Plan) -> Iterator[str]:
        """Names what the instances of a `for each` look at that may change while some are over and others are not."""
        program, group = self.program, self.program.plans[plan.loops[0]]
        many = plan.element.many
        whole = (plan.element.when, *((many.items, many.closes) if many is not None else ()))
        for text in conditions_of(program.definition, plan.element):
            if plan is group and text in whole:
                continue  # which decide of all of them at once
            for name in sorted(program.names(text)):
                makers = [program.plans[name]] if name in program.plans else program.producers.get(name, [])
                if any(p.loops[:1] != plan.loops[:1] and not program.precedes(p, group) for p in makers):
                    yield name

    def _is_list(self, path: Path) -> bool:
        kind = self.reader.type_of(path)
        return kind is not None and kind.name == "list"

    # -- of one record -----------------------------------------------------------------------------------------------

    def seen(self, record: str, row: Any, beside: Mapping[str, Any], later: Collection[str]) -> tuple[Any, ...]:
        """Gives what tells apart what is written as a record, in whole or in part, beside others."""
        there = {**beside, record: row}
        return (
            *self.sight.alone(record, row),
            *self.sight.between(there),
            *(self.sight.order(there, name) for name in sorted(later)),
            *self._unchanged(record, beside.get(record), row),
        )

    def _unchanged(self, record: str, before: Any, after: Any) -> Iterator[tuple[str, ...]]:
        """Yields which items of each list of a `for each` stay when it is written again: work on these goes on."""
        for path in sorted(path for path in self.looped if path[0] == record) if before is not None else ():
            was, now = (Counter(map(repr, at(value, path[1:]))) for value in (before, after))
            yield tuple(sorted((was & now).elements()))

    def groups(self, record: RecordType) -> list[list[Field]]:
        """Gives the fields of a record, those together that a condition reads together; first those that none reads."""
        if record.name not in self._groups:
            names = {f.name for f in record.fields}
            together: list[Collection[str]] = [where.names & names for where in self.wheres.get(record.name, ())]
            together += [{f.name, *(fields.reads(f.computed) & names)} for f in record.fields if f.computed is not None]
            for paths in (*(atom.paths for atom in self.every), *(component.paths for component in self.components)):
                together.append({path[1] for path in paths if path[0] == record.name and len(path) > 1})
            groups: list[set[str]] = [{name} for name in names]
            for some in together:
                joined = set().union(*(group for group in groups if not group.isdisjoint(some)))
                groups = [*(group for group in groups if group.isdisjoint(some)), *([joined] if joined else [])]
            found = [[f for f in record.fields if f.name in group] for group in groups]
            found.sort(key=lambda group: (any(self.reads(((record.name, f.name),)) for f in group), *effort(group[0])))
            self._groups[record.name] = found
        return self._groups[record.name]

    def reads(self, paths: Collection[Path]) -> bool:
        """Says whether a condition reads a field, which goes by these paths, or something in it."""
        return not self.inside.isdisjoint(paths)

    def filled(self, record: str, value: Any, beside: Mapping[str, Any] = MappingProxyType({})) -> Any:
        """Gives a value with what is computed of it."""
        program = self.program
        if record not in program.derived:
            return value

        def evaluate(text: str, own: Mapping[str, Any]) -> Any:
            expression = compiled(text)
            return None if expression is None else expression.evaluate({**program.bound, **beside, **own}, SHORT)

        given = fields.typed(program.types, program.derived, record, value)
        return fields.derive(program.types, program.derived, record, given, evaluate).value

    def allowed(
        self,
        record: str,
        value: Any,
        beside: Mapping[str, Any] = MappingProxyType({}),
        among: Collection[str] | None = None,
    ) -> bool:
        """Says whether no `where` of a record, or of one in it, is known to refuse a value: what is unknown, too, where
        all is there that it reads.

        With `among`, which are all that is there of it, only a `where` that names one of them counts.
        """
        if isinstance(value, list):
            return all(self.allowed(record, one, beside) for one in value)
        if not isinstance(value, dict):
            return True
        names = {**self.program.bound, **beside, **value}
        wheres = self.wheres.get(record, ())
        asked = (where for where in wheres if among is None or not where.names.isdisjoint(among))
        if any(_refuses(where, names) for where in asked):
            return False
        declared = self.types.get(record)
        return all(
            self.allowed((f.type.item or f.type).record or "", value.get(f.name), beside)
            for f in (declared.fields if declared is not None else ())
            if (f.type.item or f.type).record
        )


def _refuses(where: feel.Expression, names: Mapping[str, Any]) -> bool:
    holds = where.evaluate(names, SHORT)
    return holds is False or (holds is None and where.names <= names.keys())


def _wheres(record: RecordType) -> Iterator[feel.Expression]:
    for declared in record.fields:
        texts = [declared.where]
        if declared.required is not None:
            texts.append(f"{declared.name} != null or not({declared.required})")
        if declared.computed is not None and not declared.optional:
            texts.append(f"{declared.name} != null")
        trees = [feel.parse(text).tree for text in texts if text is not None]
        yield from (feel.compile(tree) for tree in trees if tree is not None)


def effort(field: Field) -> tuple[bool, bool]:
    """Says how unlikely it is that a field has several values that nothing tells apart, for an order."""
    return field.optional, field.type.name not in _VARIED


# Types of which there are values enough to write another one.
_VARIED = frozenset({"number", "integer", "percent", "money", "text", "date"})

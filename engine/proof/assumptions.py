"""What is taken where a process is looked at before it runs: when a case begins, and what unbound parameters are.

A choice or a yes or no is taken in each of its values. Of other types one value is taken; it stands for all others
where nothing but fields is held against it, and these against nothing else that is known: then the fields that are
tried follow it. All other parameters decide something as they are taken, and what is proved rests on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice, product

from msgspec import Struct

from charter.engine.definition import Definition, TypeRef
from charter.engine.feel import tree as t
from charter.engine.feel.expression import Expression
from charter.engine.feel.own import Money
from charter.engine.plan.program import Program, compiled, prepare
from charter.engine.proof.atoms import Atom, Path, Reader, conditions, plain_path
from charter.engine.zones import rules

_MOST = 8  # ways to take the parameters
_USUAL: Mapping[str, str] = {
    **dict.fromkeys(("number", "integer"), "1"),
    **{"percent": "0.5", "boolean": "true", "duration": "1 day", "text": '"other"'},
    **{"person": '"somebody"', "date": "2026-03-02", "datetime": "2026-03-02T09:00:00", "time": '@"09:00:00"'},
}
_CURRENCY = "EUR"  # where no text names one, so that one is as good as any other
# Types of whose values no one is special by itself.
_ALIKE = frozenset({"number", "integer", "percent", "money", "text", "date", "person"})
_DATED = frozenset({"overdue", "on_time", "due"})


class Assumptions(Struct, frozen=True):
    """What the unbound parameters of a process are taken as. `ways`: each gives all of them an expression.

    `varied`: those that take each of their values; `resting`: those that may decide something, and take one value of
    many; `unclear`: amounts whose currency the process does not tell, which are taken in each that may be meant.
    """

    ways: tuple[Mapping[str, str], ...]
    varied: tuple[str, ...] = ()
    resting: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()


def assumed(definition: Definition) -> Mapping[str, str]:
    """Gives an expression for each unbound parameter; null where its type names none."""
    return assumptions(definition).ways[0]


def assumptions(definition: Definition) -> Assumptions:
    """Says what the unbound parameters of a process are taken as."""
    names = definition.unbound()
    if not names:
        return Assumptions(({},))
    uses = _Uses(definition)
    taken = {name: uses.values(name) for name in names}
    varied = [name for name in names if len(taken[name]) > 1 and uses.decides(name)]
    ways = list(islice(product(*(taken[name] for name in varied)), _MOST + 1))
    if len(ways) > _MOST:
        ways = ways[:1]
    usual = {name: values[0] for name, values in taken.items()}
    every = [name for name in varied if len(ways) > 1 and uses.kind(name) != "money"]  # of amounts each currency
    return Assumptions(
        tuple({**usual, **dict(zip(varied, way, strict=True))} for way in ways),
        tuple(every),
        tuple(name for name in names if name not in every and uses.decides(name)),
        tuple(name for name in varied if uses.kind(name) == "money"),
    )


def starting(definition: Definition) -> int:
    """Gives when every case begins, as in scenarios: Monday 2 March 2026, 09:00 in the process's zone."""
    return int(datetime(2026, 3, 2, 9, tzinfo=rules(definition.calendar.zone)).timestamp()) * 1_000_000


class _Uses:
    """How a process uses the parameters that are unbound."""

    def __init__(self, definition: Definition) -> None:
        self.types = {p.name: p.type for p in definition.parameters}
        self.unbound = frozenset(definition.unbound())
        simple = {name: _usual(self.types[name], _CURRENCY) for name in self.unbound}
        program = prepare(definition.bind(simple))
        self.program, self.reader = program, Reader(program)
        self.atoms = [atom for condition in conditions(definition) for atom in self.reader.atoms(condition)]
        self._elsewhere = frozenset(_elsewhere(program))
        self._clocks = list(_clocks(program))
        self._parameters = frozenset(program.parameters)

    def kind(self, name: str) -> str:
        type_ = self.types[name]
        return type_.name if type_ is not None else "number"

    def values(self, name: str) -> Sequence[str]:
        """Gives what a parameter is taken as, one after the other."""
        type_ = self.types[name]
        if type_ is not None and type_.choices:
            return [f'"{choice}"' for choice in type_.choices]
        if self.kind(name) == "boolean":
            return ["true", "false"]
        if self.kind(name) == "money":
            return [_usual(type_, currency) for currency in self._currencies(name)]
        return [_usual(type_, _CURRENCY)]

    def decides(self, name: str) -> bool:
        """Says whether another value of a parameter might come to something else."""
        reading = [atom for atom in self.atoms if name in atom.expression.names]
        clocks = [names for names in self._clocks if name in names]
        if name in self._elsewhere or (clocks and (len(self._clocks) > 1 or bool(reading))):
            return True
        if not reading:
            return False
        near, _ = self._near(name)
        plain = all((name,) in atom.paths and len(atom.paths) > 1 for atom in reading)
        alone = all(atom.expression.names & self._parameters <= {name} for atom in near)
        still = not any(atom.literals or atom.strange or atom.counted for atom in near)
        return not (plain and alone and still and all(map(self._of_fields, near)))

    def _of_fields(self, atom: Atom) -> bool:
        """Says whether an atom reads parameters and fields of any value, and nothing else."""
        kinds = [self.reader.type_of(path) for path in atom.paths if path[0] not in self._parameters]
        return all(kind is not None and kind.name in _ALIKE for kind in kinds)

    def _near(self, name: str) -> tuple[list[Atom], frozenset[Path]]:
        """Gives the atoms that hold something against a parameter, directly or through fields, and what they hold."""
        paths: set[Path] = {(name,)}
        found: list[Atom] = []
        while True:
            more = [a for a in self.atoms if a not in found and (not paths.isdisjoint(_fields(a)) or _names(a, name))]
            if not more:
                return found, frozenset(paths)
            found += more
            paths.update(path for atom in more for path in _fields(atom))

    def _currencies(self, name: str) -> Sequence[str]:
        """Lists the currencies that a parameter may have: those of what it is held against, else all that are named."""
        near, _ = self._near(name)
        found = {currency for atom in near for currency in self._named(atom.expression)}
        if not found:
            definition = self.program.definition
            texts = [*(element.costs for element in definition.elements), *(p.value for p in definition.parameters)]
            texts += [text for kpi in definition.kpis for text in (kpi.formula, kpi.target, kpi.warn)]
            more = [parsed for text in texts if text is not None and (parsed := compiled(text)) is not None]
            expressions = [*(atom.expression for atom in self.atoms), *more]
            found = {currency for expression in expressions for currency in self._named(expression)}
        return sorted(found) or [_CURRENCY]

    def _named(self, expression: Expression) -> Iterator[str]:
        """Yields the currencies that an expression names, itself or by a parameter that is bound."""
        yield from (part.currency for part in t.walk(expression.tree) if isinstance(part, t.Amount))
        bound = (self.program.bound.get(name) for name in expression.names - self.unbound)
        yield from (value.currency for value in bound if isinstance(value, Money))


def _names(atom: Atom, name: str) -> bool:
    return name in atom.expression.names


def _fields(atom: Atom) -> Iterator[Path]:
    yield from (plain_path(path) for path in atom.paths)


def _usual(type_: TypeRef | None, currency: str) -> str:
    if type_ is not None and type_.choices:
        return f'"{type_.choices[0]}"'
    if type_ is not None and type_.name == "money":
        return f"1 {currency}"
    return _USUAL.get(type_.name if type_ is not None else "number", "null")


def _is_dated(definition: Definition) -> bool:
    """Says whether a condition asks whether something is late."""
    read = (compiled(condition.text) for condition in conditions(definition))
    return any(not _DATED.isdisjoint(path) for each in read if each is not None for path in each.paths)


def _clocks(program: Program) -> Iterator[frozenset[str]]:
    """Yields what the length of each clock that may bring something on is made of."""
    dated = _is_dated(program.definition)
    for element in program.definition.elements:
        work, repeat = element.work, element.repeat
        lengths = [work.when if work is not None and work.kind == "pause" else None]
        lengths += [work.retry.over if work is not None and work.retry is not None else None]
        lengths += [repeat.every if repeat is not None else None]
        lengths += [event.at for event in element.events if event.ends and event.kind == "after"]
        lengths += [element.within] if dated else []
        yield from (program.names(text) for text in lengths if text is not None)


def _elsewhere(program: Program) -> Iterator[str]:
    """Yields what is read where no condition holds anything against it."""
    definition = program.definition
    dated = _is_dated(definition)
    texts = [p.value for p in definition.parameters if p.value is not None]
    fields = [field for record in definition.records for field in record.fields]
    texts += [text for field in fields for text in (field.computed, field.default) if text is not None]
    for element in definition.elements:
        work = element.work
        texts += [work.when] if work is not None and work.kind == "until" and work.when is not None else []
        texts += [element.due] if element.due is not None and dated else []
        texts += [check.many.items for check in element.checklist if check.many is not None]
        texts += [text for filing in element.files for _, text in filing.given]
        texts += [text for _, text in work.arguments] if work is not None and work.kind == "decide" else []
    texts += [text for table in definition.decisions for rule in table.rules for text in rule.outputs]
    yield from (name for text in texts for name in program.names(text))

"""What the conditions of a process compare, taken apart into atoms: conditions without `and`, `or` and `not` around.

Each atom reads paths: a record and its fields (`*` for an item of a list), an element and a fact, a parameter. It is
plain where it holds such paths against literals, parameters or each other, counts a list, or asks whether some or
every item of a list is so. Of plain atoms finitely many values stand for all others: those at the literals and
between them, in every order in which the fields that are held against each other can stand, and lists as long as the
largest number that they are counted against, plus one. What is not plain is named, so that nothing is proved of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from charter.engine import feel
from charter.engine.definition import Definition, Element, TypeRef
from charter.engine.feel import tree as t
from charter.engine.feel.own import Money, Span
from charter.engine.feel.temporal import Date
from charter.engine.machines import CASE_STATES, ELEMENT_STATES
from charter.engine.plan.plans import shared_loops
from charter.engine.plan.program import Program
from charter.engine.proof.computed import ITEM as ITEM, expanded, sources
from charter.engine.proof.nodes import calls, is_answer, is_comparison, static
from charter.engine.proof.shares import Asked, alike, asked

Path = tuple[str, ...]
CURRENCY = "currency"  # of an amount
SHORT = feel.Env(steps=10_000)  # for a condition asked of a value; what takes longer calculates, and is not plain
# The facts that an exploration tells apart, of an element and of the case. The others depend on persons and instants.
TOLD = frozenset({"settled", "outcome", "iteration", "rejects", "attempt", "on_time", "overdue", "state"})
TOLD_OF = {"element": TOLD.union(ELEMENT_STATES), "case": frozenset({"status", "on_time", *CASE_STATES})}
_LITERALS = (t.Number, t.Percent, t.Amount, t.Length, t.String, t.At, t.Boolean)


class Condition(Struct, frozen=True):
    """A text that decides what happens. `record`: the record whose fields it names bare, as a `where` does.

    `element`: where it stands; `items`: whether it gives the items of a `for each`.
    """

    text: str
    record: str | None = None
    element: str | None = None
    items: bool = False


class Atom(Struct, frozen=True):
    """`paths`: what it reads; `compared`: those that are held against each other, by comparison.

    `counted`: lists with the numbers that they are counted against; `asked`: lists whose items it asks about;
    `shared`: what it asks of all items of an element; `strange`: what it does not read in a plain way.
    """

    tree: t.Node
    expression: feel.Expression
    condition: Condition
    literals: tuple[t.Node, ...]
    paths: frozenset[Path]
    compared: tuple[frozenset[Path], ...]
    counted: tuple[tuple[Path, Decimal], ...]
    asked: tuple[Path, ...]
    shared: Asked | None
    strange: tuple[str, ...]


def conditions(definition: Definition) -> Iterator[Condition]:
    """Yields every text that decides what happens in a case of a process."""
    for record in definition.records:
        for declared in record.fields:
            for text in (declared.where, declared.required):
                if text is not None:
                    yield Condition(text, record.name)
    for element in definition.elements:
        items = element.many.items if element.many is not None else None
        for text in conditions_of(definition, element):
            yield Condition(text, None, element.name, text is items)


def conditions_of(definition: Definition, element: Element) -> Iterator[str]:
    """Yields every text that decides how an element of a process goes on."""
    work, agreement, repeat = element.work, element.agreement, element.repeat
    texts = [element.when, element.exit, element.offered]
    texts += [event.at for event in element.events if event.kind == "when" and event.ends]
    texts += [repeat.until, repeat.while_] if repeat is not None else []
    texts += [agreement.criteria, *(stage.when for stage in agreement.stages)] if agreement is not None else []
    if element.many is not None:
        texts += [element.many.items, str(element.many.enough) if element.many.enough is not None else None]
        texts.append(element.many.closes)
    texts += [work.when] if work is not None else []
    yield from (text for text in texts if text is not None)
    table = next((d for d in definition.decisions if work is not None and d.name == work.target), None)
    if work is not None and work.kind == "decide" and table is not None:
        given = dict(work.arguments)
        for number, column in enumerate(table.inputs):
            asked = given.get(column.strip(), column)
            cells = (rule.tests[number].strip() for rule in table.rules)
            yield from (f"({asked}) in ({cell})" for cell in cells if cell != "-")


def plain_path(path: Path) -> Path:
    """Gives the path of a field, whether of one item or of all."""
    return tuple(name for name in path if name != ITEM)


def is_literal(node: t.Node) -> bool:
    """Says whether a node has a value by itself, as `5 EUR + 3 EUR`."""
    if isinstance(node, t.Binary | t.Call | t.Negation):
        expression = feel.compile(node)
        return not expression.paths and isinstance(expression.evaluate({}, SHORT), Decimal | Money | str | Date | Span)
    return isinstance(node, _LITERALS)


def value_of(node: t.Node) -> Any:
    return feel.compile(node).evaluate({}, SHORT)


class Reader:
    """Takes the conditions of one process apart."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.types = program.types
        self.variables: dict[str, Path] = {}
        self.constants: set[str] = set()  # variables of lists that are written out
        self.alike = {p.name for p in alike(program, lambda p: conditions_of(program.definition, p.element))}
        for plan in program.plans.values():
            if plan.element.many is not None:
                path = self.list_path(plan.element.many.items)
                if path is not None:
                    self.variables[plan.element.many.variable] = (*path, ITEM)
                elif not plan.element.many.open and not program.names(plan.element.many.items):
                    self.constants.add(plan.element.many.variable)

    def list_path(self, items: str) -> Path | None:
        """Gives the path of a list that an expression names, None where it calculates one."""
        tree = feel.parse(items).tree
        path = static(tree, self.variables) if tree is not None else None
        kind = self.type_of(path) if path is not None else None
        return path if kind is not None and kind.name == "list" else None

    def number(self, of: t.Node | str) -> Decimal | None:
        """Gives the number that an expression is whatever happens, None where it is none."""
        node = feel.parse(of).tree if isinstance(of, str) else of
        expression = feel.compile(node) if node is not None else None
        if expression is None or expression.tells_time or not expression.names <= self.program.bound.keys():
            return None
        found = expression.evaluate(self.program.bound, SHORT)
        return found if isinstance(found, Decimal) else None

    def items(self, element: str) -> t.Node | None:
        """Gives the list that an element goes over."""
        plan = self.program.plans.get(element)
        many = plan.element.many if plan is not None else None
        return feel.parse(many.items).tree if many is not None else None

    def atoms(self, condition: Condition) -> Iterator[Atom]:
        """Yields the atoms of a condition; none where it does not parse."""
        tree = feel.parse(condition.text).tree
        if tree is not None and not condition.items:
            tree = expanded(self.program, tree, {**self.variables, **self.own(condition.record)})
        waiting = [tree] if tree is not None else []
        while waiting:
            node = waiting.pop()
            if isinstance(node, t.Binary) and node.op in ("and", "or"):
                waiting += [node.left, node.right]
            elif isinstance(node, t.If):
                waiting += [node.condition, node.yes, node.no]
            elif calls(node, "not"):
                waiting += node.arguments
            else:
                yield _Look(self, condition).atom(node)

    def type_of(self, path: Path) -> TypeRef | None:
        """Gives the type at a path from a record, None where nobody declared it."""
        kind = TypeRef("record", record=path[0])
        for name in path[1:]:
            if name == ITEM:
                if kind.item is None:
                    return None
                kind = kind.item
            elif kind.name == "period" and name in ("start", "end"):
                kind = TypeRef("date")
            elif kind.name == "money" and name == CURRENCY:
                kind = TypeRef("text")
            else:
                declared = self.types.get(kind.record or "")
                found = [f.type for f in declared.fields if f.name == name] if declared is not None else []
                if not found:
                    return None
                kind = found[0]
        return kind

    def is_currency(self, path: Path) -> bool:
        """Says whether a path leads to the currency of an amount."""
        kind = self.type_of(path[:-1]) if path[-1] == CURRENCY and len(path) > 2 else None
        return kind is not None and kind.name == "money"

    def own(self, record: str | None) -> dict[str, Path]:
        """Gives the paths of the fields that a `where` of a record names bare."""
        declared = self.types.get(record or "")
        return {f.name: (declared.name, f.name) for f in declared.fields} if declared is not None else {}

    def loops(self, condition: Condition) -> tuple[str, ...]:
        """Gives the loops in which a condition stands; a `where`, in those of who writes the record."""
        makers = self.program.producers.get(condition.record or "", [])
        stands = self.program.plans[condition.element] if condition.element else next(iter(makers), None)
        return stands.loops if stands is not None else ()


class _Look:
    """One atom while it is taken apart."""

    def __init__(self, reader: Reader, condition: Condition) -> None:
        self.reader, self.program, self.condition = reader, reader.program, condition
        self.loops = reader.loops(condition)
        self.own = reader.own(condition.record)
        self.paths: dict[Path, None] = {}
        self.literals: list[t.Node] = []
        self.compared: list[frozenset[Path]] = []
        self.counted: list[tuple[Path, Decimal]] = []
        self.asked: list[Path] = []
        self.shared: Asked | None = None
        self.strange: dict[str, None] = {}
        self.bent = False  # whether something in what is held against each other is not plain

    def atom(self, tree: t.Node) -> Atom:
        local: Mapping[str, Path | None] = {**self.reader.variables, **self.own}
        if self.condition.items:
            path = self.reader.list_path(self.condition.text)
            if path is not None:
                self.paths[path] = None
            elif self.program.names(self.condition.text):
                self.visit(tree, local)
                self.odd(tree)
        elif (
            (shared := asked(tree, self.reader.number, self.reader.items)) is not None
            and shared.element in self.reader.alike
            and not self.loops
        ):
            self.shared, self.paths[shared.element, shared.fact] = shared, None
        else:
            self.visit(tree, local)
        for path in list(self.paths):
            beside = list(sources(self.program, path))
            self.paths.update(dict.fromkeys(beside))
            if beside:
                self.tell([path])
        return Atom(
            tree,
            feel.compile(tree),
            self.condition,
            tuple(self.literals),
            frozenset(self.paths),
            tuple(self.compared),
            tuple(self.counted),
            tuple(self.asked),
            self.shared,
            tuple(self.strange),
        )

    def odd(self, node: t.Node) -> None:
        """Notes that what a node reads is not read in a plain way."""
        program = self.program
        found: dict[Path, None] = {}
        for name, *rest in sorted(feel.compile(node).paths):
            path = (*(self.own.get(name) or self.reader.variables.get(name) or (name,)), *rest)
            found[path] = None
        self.bent = True
        if found or feel.compile(node).tells_time:
            self.tell(found or ((self.condition.element or self.condition.record or "",),))
        self.paths.update(found)
        self.compared.append(frozenset(path for path in found if path[0] in program.types))
        self.literals += [part for part in _parts(node) if is_literal(part)]

    def tell(self, paths: Iterable[Path]) -> None:
        """Notes that paths are strange."""
        program = self.program
        for path in paths:
            if path[0] in program.plans or path[0] == "case":
                self.strange[".".join(path[:2])] = None
            elif path[0] not in program.parameters and path[0] != "process":
                self.strange[path[0]] = None

    def visit(self, node: t.Node, local: Mapping[str, Path | None]) -> None:
        if is_answer(node):
            return  # tried as it may be, whatever stands beside it
        if is_literal(node):
            self.literals.append(node)
        elif isinstance(node, t.Name | t.Path):
            self.read(node, local)
        elif isinstance(node, t.Quantified):
            inner = dict(local)
            for iteration in node.iterations:
                path = self.listed(iteration.items, inner) if iteration.to is None else None
                if path is None:
                    self.odd(node)
                    return
                self.asked.append(path)
                inner[iteration.name] = (*path, ITEM)
            self.visit(node.test, inner)
        elif isinstance(node, t.Binary) and node.op in ("and", "or"):
            self.visit(node.left, local)
            self.visit(node.right, local)
        elif calls(node, "not") and len(node.arguments) == 1:
            self.visit(node.arguments[0], local)
        elif calls(node, "list contains") and len(node.arguments) == 2:
            items, one = node.arguments
            path = self.listed(items, local)
            if path is None:
                self.odd(node)
            else:
                self.asked.append(path)
                self.hold([one], local, {(*path, ITEM)})
        elif is_comparison(node):
            path = static(node.left, local) if isinstance(node.right, t.Null) else None
            if path is not None and path[0] in self.program.types and not self.many(path):
                self.paths[path] = None  # whether it is there
            elif not self.counts(node, local):
                self.hold([node.left, node.right], local)
        elif isinstance(node, t.Between | t.In | t.Comparison | t.Interval | t.Tests | t.Items):
            self.hold(list(t.children(node)), local)
        elif not isinstance(node, t.Null):
            self.odd(node)

    def hold(self, sides: list[t.Node], local: Mapping[str, Path | None], also: Iterable[Path] = ()) -> None:
        """Visits what is held against each other."""
        before, bent = self.paths, self.bent
        self.paths, self.bent = dict.fromkeys(also), False
        for side in sides:
            self.visit(side, local)
        held = frozenset(p for p in self.paths if p[0] not in self.program.parameters)
        records = all(path[0] in self.program.types for path in held)
        several = len(held) > 1 and (not records or any(map(self.reader.is_currency, held)))
        if self.bent or several:
            self.tell(held)
        if len(held) > 1:
            self.compared.append(held)
        self.paths, self.bent = {**before, **self.paths}, self.bent or bent

    def counts(self, node: t.Binary, local: Mapping[str, Path | None]) -> bool:
        """Notes a list that is counted against a number."""
        for call, side in ((node.left, node.right), (node.right, node.left)):
            if calls(call, "count") and len(call.arguments) == 1:
                path = self.listed(call.arguments[0], local)
                number = self.reader.number(side)
                if path is not None and number is not None:
                    self.counted.append((path, number))
                    return True
        return False

    def listed(self, node: t.Node, local: Mapping[str, Path | None]) -> Path | None:
        """Gives the path of a list in a record, which is read as such."""
        path = static(node, local)
        kind = self.reader.type_of(path) if path is not None and path[0] in self.program.types else None
        if path is None or kind is None or kind.name != "list" or self.many(path):
            return None
        self.paths[path] = None
        return path

    def many(self, path: Path) -> bool:
        """Says whether a record is seen as a list of what the instances of a `for each` wrote."""
        if path[0] == self.condition.record or ITEM in path:
            return False
        makers = self.program.producers.get(path[0], ())
        return any(shared_loops(self.loops, plan.loops) < len(plan.loops) for plan in makers)

    def read(self, node: t.Node, local: Mapping[str, Path | None]) -> None:
        path = static(node, local)
        if path is None:
            self.odd(node)
            return
        root, program = path[0], self.program
        if root in program.plans or root == "case":
            seen = program.plans.get(root)
            listed = seen is not None and shared_loops(self.loops, seen.loops) < seen.outer
            if len(path) != 2 or path[1] not in TOLD_OF["case" if seen is None else "element"] or listed:
                self.odd(node)
            self.paths[path] = None
        elif root in program.types:
            kind = self.reader.type_of(path)
            if kind is None or kind.name in _WHOLE or self.many(path):
                self.odd(node)
            self.paths[path] = None
        elif root in program.parameters or root in self.reader.constants:
            self.paths[path] = None
        elif root != "process":
            self.odd(node)


_WHOLE = frozenset({"list", "record", "time", "datetime", "duration", "period", "file"})


def _parts(tree: t.Node) -> Iterator[t.Node]:
    """Yields a node and all below it, but nothing of what has a value by itself."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not is_literal(node):
            waiting += t.children(node)

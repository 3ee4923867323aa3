"""Static typing: what a checker can know of an expression before it runs.

`infer` gives the type of an expression and the Problems in it: unknown names and fields, operators on types
they do not apply to, mixed currencies and units of time, wrong calls of built-ins. It never reports what may be
right at run time: an `any` silences every doubt. It evaluates nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from charter.engine.feel import tree as t, types as y
from charter.engine.feel.algebra import CLASS_OF, SAMPLES, arithmetic_type, fields_of, kind_of
from charter.engine.feel.builtins import Builtin, load, ordered
from charter.engine.feel.comparison import ORDERS
from charter.engine.feel.inference_calls import Argument, call_type
from charter.engine.feel.keyed import is_condition
from charter.engine.feel.operators import ARITHMETIC, NEGATE
from charter.engine.feel.own import UNITS
from charter.engine.feel.printer import text
from charter.engine.feel.temporal_text import read_temporal
from charter.engine.feel.tokens import Problem


class Names(Struct, frozen=True):
    """The names a part of an expression can see; `open` says that there may be more."""

    types: Mapping[str, y.Type]
    open: bool = False

    def plus(self, names: Mapping[str, y.Type], open: bool = False) -> Names:
        """Add inner names."""
        return Names({**self.types, **names}, self.open or open)


def _is_zero(node: t.Node) -> bool:
    return isinstance(node, t.Number) and node.value == 0


class Inference:
    """One walk over one tree."""

    def __init__(self, named: Types | None = None) -> None:
        self.problems: list[Problem] = []
        self.named = named or y.NAMED

    def report(self, code: str, message: str, node: t.Node, given: str = "", candidates: Any = ()) -> y.Type:
        """Remember a Problem; what it stands on counts as any, so that one mistake is told once."""
        self.problems.append(Problem(code, message, node.start, node.end, given, tuple(candidates)))
        return y.ANY

    def type_of(self, node: t.Node, names: Names) -> y.Type:
        """Give the type of a node."""
        visit = _VISITORS.get(type(node))
        return visit(self, node, names) if visit else y.ANY

    # -- names

    def name(self, node: t.Name, names: Names) -> y.Type:
        if node.name in names.types:
            return names.types[node.name]
        if names.open:
            return y.ANY
        if node.name in load():
            return self.function(node)
        return self.report("unknown-name", f"unknown name `{node.name}`", node, node.name, sorted(names.types))

    def function(self, node: t.Name) -> y.Type:
        """Report a built-in that stands where a value is wanted."""
        return self.report("function", f"`{node.name}` is a function, not a value", node, node.name)

    def given(self, node: t.Node, names: Names) -> y.Type:
        """Give the type of a node that may be the name of a built-in."""
        built_in = isinstance(node, t.Name) and node.name not in names.types and not names.open and node.name in load()
        return y.FUNCTION if built_in else self.type_of(node, names)

    def path(self, node: t.Path, names: Names) -> y.Type:
        of = self.type_of(node.of, names)
        fields, open = fields_of(of)
        if node.name in fields:
            return fields[node.name]
        if open:
            return y.ANY
        place = t.Name(node.name, start=max(node.end - len(node.name), node.start), end=node.end)
        known = isinstance(of, (y.ContextType, y.DescribedType))
        said = f"`{text(node.of)}` has no `{node.name}`" if known else f"a {of} has no `{node.name}`"
        return self.report("unknown-field", said, place, node.name, sorted(fields))

    # -- operators

    def binary(self, node: t.Binary, names: Names) -> y.Type:
        left, right = self.type_of(node.left, names), self.type_of(node.right, names)
        if node.op in ("and", "or"):
            self.expect(y.BOOLEAN, left, node.left, node.op)
            self.expect(y.BOOLEAN, right, node.right, node.op)
            return y.BOOLEAN
        self.units(node.op, node.left, node.right, node)
        if node.op in ARITHMETIC:
            return self.arithmetic(node, left, right)
        return self.comparable(node.op, left, right, node)

    def expect(self, wanted: y.Type, given: y.Type, node: t.Node, op: str) -> None:
        """Report a type that cannot be what an operator needs."""
        if given is not y.ANY and not y.is_subtype(given, wanted) and not isinstance(given, y.OneOf):
            self.report("type", f"`{op}` needs {wanted}, found {given}", node, str(given))

    def arithmetic(self, node: t.Binary, left: y.Type, right: y.Type) -> y.Type:
        if left not in SAMPLES or right not in SAMPLES:
            if isinstance(left, (y.ListType, y.ContextType)) or isinstance(right, (y.ListType, y.ContextType)):
                return self.report("type", f"`{node.op}` does not work with {left} and {right}", node, node.op)
            return y.ANY
        found = arithmetic_type(node.op, left, right)
        if found is None:
            return self.report("type", f"`{node.op}` does not work with {left} and {right}", node, node.op)
        for kind, length in ((left, node.right), (right, node.left)):
            if kind is y.DATE and isinstance(length, t.Length) and UNITS[length.unit][0].endswith("seconds"):
                return self.report("unit", f"a date has no {length.unit}", length, length.unit)
        return found

    def comparable(self, op: str, left: y.Type, right: y.Type, node: t.Node) -> y.Type:
        """Check that two values can be compared; the result is true or false."""
        if op in ("=", "!="):
            if kind_of(left) is not None and kind_of(right) is not None and kind_of(left) != kind_of(right):
                self.report("type", f"{left} and {right} are never equal", node, op)
        elif left in SAMPLES and right in SAMPLES:
            if (CLASS_OF[left], CLASS_OF[right]) not in ORDERS:
                self.report("type", f"`{op}` does not work with {left} and {right}", node, op)
            elif {left, right} == {y.DAYS_DURATION, y.SPAN}:
                for length in (part for part in t.walk(node) if isinstance(part, t.Length)):
                    if UNITS[length.unit][0] != "seconds":
                        self.report("unit", f"hours and {length.unit} are different units", length, length.unit)
            elif {left, right} == {y.MONEY, y.NUMBER} and not any(map(_is_zero, (node, *t.children(node)))):
                self.report("type", f"`{op}` does not work with {left} and {right}", node, op)
        elif isinstance(left, (y.ListType, y.ContextType)) or isinstance(right, (y.ListType, y.ContextType)):
            self.report("type", f"`{op}` does not work with {left} and {right}", node, op)
        return y.BOOLEAN

    def units(self, op: str, left: t.Node, right: t.Node, node: t.Node) -> None:
        """Report two literals whose currencies or units of time never convert into one another."""
        if op in ("*", "**"):
            return
        if isinstance(left, t.Amount) and isinstance(right, t.Amount) and left.currency != right.currency:
            self.report("unit", f"{left.currency} and {right.currency} are different currencies", node, right.currency)
        if isinstance(left, t.Length) and isinstance(right, t.Length) and op not in ("+", "-"):
            one, other = UNITS[left.unit][0], UNITS[right.unit][0]
            if one != other:
                self.report("unit", f"{left.unit} and {right.unit} are different units", node, right.unit)

    def negation(self, node: t.Negation, names: Names) -> y.Type:
        of = self.type_of(node.of, names)
        if of in SAMPLES and CLASS_OF[of] not in NEGATE:
            return self.report("type", f"a {of} cannot be negated", node, str(of))
        return of

    def between(self, node: t.Between, names: Names) -> y.Type:
        of = self.type_of(node.of, names)
        for end in (node.low, node.high):
            self.units("<=", node.of, end, end)
            self.comparable("<=", of, self.type_of(end, names), end)
        return y.BOOLEAN

    def in_(self, node: t.In, names: Names) -> y.Type:
        of = self.type_of(node.of, names)
        for test in node.tests:
            self.test(test, of, names)
        return y.BOOLEAN

    def test(self, node: t.Node, of: y.Type, names: Names) -> None:
        """Check one test against the type of what it tests."""
        if isinstance(node, t.Comparison):
            self.comparable(node.op, of, self.type_of(node.of, names), node)
            return
        wanted = self.type_of(node, names)
        if isinstance(node, t.Items):
            wanted = y.join([y.item_of(self.type_of(item, names)) for item in node.items])
        wanted = y.item_of(wanted)
        if of in SAMPLES and wanted in SAMPLES and of != wanted and wanted is not y.BOOLEAN:
            pair = (CLASS_OF[of], CLASS_OF[wanted])
            plain = {of, wanted} == {y.MONEY, y.NUMBER} and not any(map(_is_zero, (node, *t.children(node))))
            if pair not in ORDERS or plain:
                self.report("type", f"cannot compare {of} with {wanted}", node, str(wanted))

    def instance_of(self, node: t.InstanceOf, names: Names) -> y.Type:
        self.given(node.of, names)
        self.written(node.type)
        return y.BOOLEAN

    def written(self, node: t.TypeName) -> y.Type:
        """Resolve a type written in the expression."""
        found = y.resolve(node, self.named)
        if found is None:
            return self.report("unknown-type", f"`{node.name}` is not a type", node, node.name, sorted(self.named))
        return found

    # -- scopes

    def filter(self, node: t.Filter, names: Names) -> y.Type:
        of = self.type_of(node.of, names)
        item = y.item_of(of)
        if isinstance(of, y.KeyedType) and not is_condition(node.test):
            key = self.type_of(node.test, names)
            if key in SAMPLES and of.key in SAMPLES and key != of.key:
                self.report("type", f"the key is {of.key}, found {key}", node.test, str(key))
            return item
        if isinstance(node.test, (t.Number, t.Negation)):
            self.type_of(node.test, names)
            return item
        fields, open = fields_of(item) if isinstance(item, y.ContextType) or item is y.ANY else ({}, False)
        test = self.type_of(node.test, names.plus({"item": item, **fields}, open))
        if test is y.NUMBER or (test is y.STRING and isinstance(of, y.DescribedType) and of.keyed):
            return item
        if test in SAMPLES and test is not y.BOOLEAN:
            self.report("type", f"a filter needs a condition or a position, found {test}", node.test, str(test))
        return y.ListType(item) if test is y.BOOLEAN else y.ANY

    def iterations(self, iterations: tuple[t.Iteration, ...], names: Names) -> Names:
        """Add the loop variables to the names."""
        for iteration in iterations:
            items = self.type_of(iteration.items, names)
            if iteration.to is not None:
                to = self.type_of(iteration.to, names)
                for end, node in ((items, iteration.items), (to, iteration.to)):
                    if end in SAMPLES and end not in (y.NUMBER, y.DATE):
                        self.report("type", f"a list of steps needs numbers or dates, found {end}", node, str(end))
            names = names.plus({iteration.name: y.item_of(items)})
        return names

    def for_(self, node: t.For, names: Names) -> y.Type:
        inner = self.iterations(node.iterations, names.plus({"partial": y.LIST}))
        return y.ListType(self.type_of(node.result, inner))

    def quantified(self, node: t.Quantified, names: Names) -> y.Type:
        test = self.type_of(node.test, self.iterations(node.iterations, names))
        self.expect(y.BOOLEAN, test, node.test, "satisfies")
        return y.BOOLEAN

    def lambda_(self, node: t.Lambda, names: Names) -> y.Type:
        types = tuple(self.written(p.type) if p.type else y.ANY for p in node.parameters)
        inner = {parameter.name: type for parameter, type in zip(node.parameters, types, strict=True)}
        if node.external:
            return y.FunctionType(types)
        return y.FunctionType(types, self.given(node.body, names.plus(inner)))

    def context(self, node: t.Context, names: Names) -> y.Type:
        fields: dict[str, y.Type] = {}
        for entry in node.entries:
            if entry.key in fields:
                self.report("duplicate", f"duplicate key `{entry.key}`", entry, entry.key)
            itself = {entry.key: y.FUNCTION} if type(entry.value) is t.Lambda else {}
            fields[entry.key] = self.given(entry.value, names.plus(itself))
            names = names.plus({entry.key: fields[entry.key]})
        return y.ContextType(fields)

    def items(self, node: t.Items, names: Names) -> y.Type:
        return y.ListType(y.join([self.type_of(item, names) for item in node.items]))

    def if_(self, node: t.If, names: Names) -> y.Type:
        self.expect(y.BOOLEAN, self.type_of(node.condition, names), node.condition, "if")
        return y.join([self.type_of(node.yes, names), self.type_of(node.no, names)])

    def interval(self, node: t.Interval, names: Names) -> y.Type:
        low, high = self.type_of(node.low, names), self.type_of(node.high, names)
        self.units("<=", node.low, node.high, node)
        self.comparable("<=", low, high, node)
        return y.RangeType(y.join([low, high]))

    def comparison(self, node: t.Comparison, names: Names) -> y.Type:
        return y.RangeType(self.type_of(node.of, names))

    def tests(self, node: t.Tests, names: Names) -> y.Type:
        of = names.types.get("?", y.ANY)
        for test in node.tests:
            asks = any(isinstance(part, t.Name) and part.name == "?" for part in t.walk(test))
            if asks:
                self.type_of(test, names)
            else:
                self.test(test, of, names)
        return y.BOOLEAN

    def length(self, node: t.Length, names: Names) -> y.Type:
        field, factor = UNITS[node.unit]
        if field == "months" and (amount := node.value * factor) != amount.to_integral_value():
            self.report("unit", "a month cannot be divided; use days", node, node.unit)
        return y.SPAN

    def at(self, node: t.At, names: Names) -> y.Type:
        value = read_temporal(node.value)
        if value is None:
            return self.report("type", f"`{node.value}` is not a date, time or duration", node, node.value)
        return y.type_of(value)

    # -- calls

    def call(self, node: t.Call, names: Names) -> y.Type:
        given = [self.given(argument, names) for argument in node.arguments]
        known = self.known_function(node.function, names)
        if isinstance(known, y.Type):
            if isinstance(known, y.FunctionType) and known.parameters is not None:
                if len(known.parameters) != len(given):
                    message = f"the function takes {len(known.parameters)} arguments, not {len(given)}"
                    return self.report("arity", message, node)
                return known.result
            return y.ANY
        arguments = tuple(map(Argument, given, node.arguments))
        rows = [(row, arguments) for row in known if row.takes(len(given))]
        if not rows:
            message = f"`{known[0].name}` takes {_arity(known)}, not {len(given)}"
            return self.report("arity", message, node, known[0].name)
        return call_type(self, node, rows)

    def named_call(self, node: t.NamedCall, names: Names) -> y.Type:
        given = {a.name: Argument(self.given(a.value, names), a.value) for a in node.arguments}
        known = self.known_function(node.function, names)
        if isinstance(known, y.Type):
            return known.result if isinstance(known, y.FunctionType) else y.ANY
        rows = [(row, values) for row in known if (values := ordered(row, given)) is not None]
        if not rows:
            allowed = sorted({parameter.name for row in known for parameter in row.parameters})
            wrong = next((name for name in given if name not in allowed), "")
            name = known[0].name
            said = f"`{name}` has no parameter `{wrong}`" if wrong else f"`{name}` has other parameters"
            return self.report("arity", said, node, wrong, allowed)
        return call_type(self, node, rows)

    def known_function(self, node: t.Node, names: Names) -> y.Type | list[Builtin]:
        """Find what a call calls: the rows of a built-in, or the type of a function value."""
        if not isinstance(node, t.Name):
            return self.type_of(node, names)
        if node.name in names.types:
            return names.types[node.name]
        rows = load().get(node.name)
        if rows:
            return rows
        if names.open:
            return y.ANY
        candidates = sorted({*load(), *names.types})
        return self.report("unknown-function", f"unknown function `{node.name}`", node, node.name, candidates)


Types = Mapping[str, y.Type]


def _arity(rows: list[Builtin]) -> str:
    counts = sorted({row.least for row in rows} | {row.most for row in rows if row.most is not None})
    if any(row.most is None for row in rows):
        return f"at least {counts[0]} arguments"
    return f"{' or '.join(map(str, counts))} argument{'' if counts == [1] else 's'}"


_VISITORS: dict[type[t.Node], Callable[[Inference, Any, Names], y.Type]] = {
    t.Null: lambda self, node, names: y.NULL,
    t.Boolean: lambda self, node, names: y.BOOLEAN,
    t.Number: lambda self, node, names: y.NUMBER,
    t.Percent: lambda self, node, names: y.PERCENT,
    t.Amount: lambda self, node, names: y.MONEY,
    t.Length: Inference.length,
    t.String: lambda self, node, names: y.STRING,
    t.At: Inference.at,
    t.Name: Inference.name,
    t.Path: Inference.path,
    t.Filter: Inference.filter,
    t.Call: Inference.call,
    t.NamedCall: Inference.named_call,
    t.Negation: Inference.negation,
    t.Binary: Inference.binary,
    t.Between: Inference.between,
    t.In: Inference.in_,
    t.Comparison: Inference.comparison,
    t.Interval: Inference.interval,
    t.InstanceOf: Inference.instance_of,
    t.If: Inference.if_,
    t.For: Inference.for_,
    t.Quantified: Inference.quantified,
    t.Lambda: Inference.lambda_,
    t.Items: Inference.items,
    t.Context: Inference.context,
    t.Tests: Inference.tests,
}


def infer(tree: t.Node, types: Types, named: Types | None = None) -> tuple[y.Type, tuple[Problem, ...]]:
    """Give the type of an expression and its Problems, `types` being the types of the names in scope.

    `named` adds type names that `instance of` may use. Problems carry the codes unknown-name, unknown-field,
    unknown-function, unknown-type, function, type, unit, arity, duplicate, with what was given and the candidates.
    """
    inference = Inference({**y.NAMED, **named} if named else None)
    return inference.type_of(tree, Names(types)), tuple(inference.problems)

"""What a `when` can know before all that it reads is over, said as another condition of FEEL.

How an element ends is null until it has ended, and FEEL's `and`, `or`, `not`, `some` and `every` carry that along. A
comparison would not: `null = "reject"` is false. So each comparison that reads an end is null until that end is there;
and one of counts over a list of elements (`count(vote[granted]) >= 2`) is held against the least and the most that they
can still become, so that it is true or false as soon as nothing that follows can change it, and null before. What
cannot be bounded so is null until the whole list is over. Rewrites trees; knows no case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from charter.engine import feel
from charter.engine.feel import tree as t
from charter.engine.plan.facts import ELEMENT, ENDINGS, LISTED
from charter.engine.plan.looking import answered
from charter.engine.plan.plans import Plan, shared_from
from charter.engine.plan.program import Program, compiled


class _Seen(Struct, frozen=True):
    """What stands for elements: `over` says that its ends are known, `listed` (of a list) that all of it is there.

    `whole`: a list that stands for the whole behind its dot. `field`: a name in a filter that is a fact of the item.
    """

    over: t.Node
    listed: t.Node | None = None
    whole: bool = False
    field: bool = False
    itself: bool = True  # whether `item`, in a filter over it, is the element


_Names = Mapping[str, _Seen | None]
_Bounds = tuple[t.Node, t.Node]
_NULL, _TRUE, _FALSE = t.Null(), t.Boolean(True), t.Boolean(False)
_SETTLED = t.Name("settled")
_MIRRORED = {"<": ">", "<=": ">="}
_ORDERS = frozenset({"<", "<=", ">", ">=", "=", "!="})
# What would be larger, or takes more to make, is asked only when all that it reads is over.
_MOST_NODES, _MOST_DEPTH, _MOST_CONDITIONS = 5_000, 200, 500


def foreseen(program: Program, plan: Plan | None, depth: int, text: str) -> feel.Expression | None:
    """Gives the condition as a place of `plan`, inside so many of its loops, asks it before all is over."""
    key = (text, None if plan is None else plan.name, depth)
    if key not in program.foreseen:
        plain = compiled(text)
        tree = None if plain is None else _Foreseer(program, plan, depth).rewritten(plain.tree)
        found = plain if plain is None or tree is plain.tree or tree is None else feel.compile(tree)
        program.foreseen[key] = None if found is None else answered(program, found)
    return program.foreseen[key]


def _call(name: str, *arguments: t.Node) -> t.Node:
    return t.Call(t.Name(name), arguments)


def _position(node: t.Node) -> bool:
    return isinstance(node, t.Number | t.Negation)


def _decided(holds: t.Node, fails: t.Node) -> t.Node:
    """Gives true, false or null: as of two conditions one is true, or none."""
    return t.If(holds, _TRUE, t.If(fails, _FALSE, _NULL))


class _Foreseer:
    """One rewriting, of an expression at one place."""

    def __init__(self, program: Program, plan: Plan | None, depth: int) -> None:
        self.program = program
        self.plan = plan
        self.path = (1,) * depth
        loops = () if plan is None else plan.loops[:depth]
        many = (program.plans[loop].element.many for loop in loops)
        self.variables = {each.variable for each in many if each is not None}

        self.left = _MOST_CONDITIONS

    def rewritten(self, tree: t.Node) -> t.Node:
        found = self.condition(tree, {})
        large = sum(1 for _ in islice(t.walk(found), _MOST_NODES)) == _MOST_NODES or t.depth(found) > _MOST_DEPTH
        return self._guarded(tree, {}) if found is not tree and large else found

    # -- what names stand for

    def seen(self, node: t.Node, names: _Names) -> _Seen | None:
        if isinstance(node, t.Name):
            return names[node.name] if node.name in names else self._named(node.name)
        if isinstance(node, t.Filter):
            of = self.seen(node.of, names)
            if of is None or of.listed is None:
                return None
            return _Seen(t.Path(node, "settled")) if _position(node.test) else replace(of, whole=False)
        return None

    def _named(self, name: str) -> _Seen | None:
        seen = None if name in self.variables else self.program.plans.get(name)
        if seen is None:
            return None
        shared = shared_from(self.plan, self.path, seen)
        if shared >= len(seen.loops):
            return _Seen(t.Path(t.Name(name), "settled"))
        group = t.Name(seen.loops[shared])
        over = t.Path(group, "settled")
        listed = t.Path(group, LISTED) if len(seen.loops) == shared + 1 else over
        return _Seen(over, listed, whole=shared == seen.outer, itself=not seen.many)

    def _inside(self, names: _Names, of: _Seen) -> _Names:
        """Adds what a filter over a list of elements sees of each."""
        field = _Seen(_SETTLED, field=True)
        item = {"item": _Seen(t.Path(t.Name("item"), "settled"))} if of.itself else {"item": None}
        return {**names, **item, **{name: field for name in ELEMENT if name != "item"}}

    # -- what is not known yet

    def open_ends(self, node: t.Node, names: _Names) -> Iterator[t.Node]:
        """Yields what has to be true for the value of an expression to be final."""
        if isinstance(node, t.Name | t.Filter):
            seen = self.seen(node, names)
            if seen is not None and seen.listed is not None:
                yield seen.over
            elif seen is not None and seen.field and isinstance(node, t.Name) and node.name in ENDINGS:
                yield t.Binary("or", seen.over, node) if node.name == "overdue" else seen.over
            if not isinstance(node, t.Filter) or (seen is not None and seen.listed is not None):
                return
        if isinstance(node, t.Path):
            seen = self.seen(node.of, names)
            if seen is not None:
                if seen.listed is not None and not seen.whole:
                    yield seen.over
                elif node.name in ENDINGS:
                    yield t.Binary("or", seen.over, node) if node.name == "overdue" else seen.over
                return
        if isinstance(node, t.Quantified | t.For):
            for iteration in node.iterations:
                yield from self.open_ends(iteration.items, names)
                names = {**names, iteration.name: None}
            yield from self.open_ends(node.result if isinstance(node, t.For) else node.test, names)
            return
        for child in t.children(node):
            yield from self.open_ends(child, names)

    def _known(self, node: t.Node, names: _Names) -> bool:
        return next(self.open_ends(node, names), None) is None

    def _guarded(self, node: t.Node, names: _Names) -> t.Node:
        """Makes an expression null until all that it reads is over."""
        ends: list[t.Node] = []
        ends.extend(end for end in self.open_ends(node, names) if end not in ends)
        over = ends[0]
        for end in ends[1:]:
            over = t.Binary("and", over, end)
        return t.If(over, node, _NULL)

    # -- conditions

    def condition(self, node: t.Node, names: _Names) -> t.Node:
        """Gives a condition that is null as long as it may still turn out either way."""
        if self._known(node, names):
            return node
        self.left -= 1
        if self.left < 0:
            return self._guarded(node, names)
        match node:
            case t.Binary("and" | "or"):
                return replace(node, left=self.condition(node.left, names), right=self.condition(node.right, names))
            case t.Call(t.Name("not"), (negated,)):
                return replace(node, arguments=(self.condition(negated, names),))
            case t.If(asked, yes, no) if not self._known(asked, names):
                holds = t.Binary("and", asked, yes)
                fails = t.Binary("and", _call("not", asked), no)
                return self.condition(t.Binary("or", holds, fails), names)
            case t.If(_, yes, no):
                return replace(node, yes=self.condition(yes, names), no=self.condition(no, names))
            case t.Between(of, low, high):
                both = t.Binary("and", t.Binary(">=", of, low), t.Binary("<=", of, high))
                return self.condition(both, names)
            case t.Quantified():
                return self._quantified(node, names)
            case t.Binary(op, left, right) if op in _ORDERS:
                one, other = self.bounds(left, names), self.bounds(right, names)
                return self._guarded(node, names) if one is None or other is None else _compared(op, one, other)
            case t.Name() | t.Path() if self._one_fact(node, names):
                return node
        return self._guarded(node, names)

    def _one_fact(self, node: t.Node, names: _Names) -> bool:
        """Says whether a node is a fact of one element, which is null by itself until it is known."""
        seen = self.seen(node.of if isinstance(node, t.Path) else node, names)
        return seen is not None and (seen.field or isinstance(node, t.Path)) and (seen.listed is None or seen.whole)

    def _quantified(self, node: t.Quantified, names: _Names) -> t.Node:
        """Asks those that are sure to be walked over, and those that may be."""
        sure: list[t.Iteration] = []
        most: list[t.Iteration] = []
        listed: t.Node = _TRUE
        for iteration in node.iterations:
            seen = self.seen(iteration.items, names)
            if seen is not None and seen.listed is not None and iteration.to is None:
                sure.append(replace(iteration, items=self._some(iteration.items, names, all=False)))
                most.append(replace(iteration, items=self._some(iteration.items, names, all=True)))
                listed = t.Binary("and", listed, seen.listed)
                names = {**names, iteration.name: _Seen(t.Path(t.Name(iteration.name), "settled"))}
            elif self._known(iteration.items, names):
                sure.append(iteration)
                most.append(iteration)
                names = {**names, iteration.name: None}
            else:
                return self._guarded(node, names)
        test = self.condition(node.test, names)
        now = replace(node, iterations=tuple(sure), test=test)
        ever = t.Binary("and", listed, replace(node, iterations=tuple(most), test=test))
        if node.kind == "every":
            return _decided(ever, _call("not", now))
        never = replace(node, iterations=tuple(most), test=test)
        return _decided(now, t.Binary("and", listed, _call("not", never)))

    # -- counts

    def _some(self, node: t.Node, names: _Names, *, all: bool) -> t.Node:
        """Gives those of a list of elements that are in it for sure, or (`all`) that may turn out to be."""
        if not isinstance(node, t.Filter):
            return node
        of = self.seen(node.of, names)
        assert of is not None
        inner = self._some(node.of, names, all=all)
        test = self.condition(node.test, self._inside(names, of))
        if all and not self._known(node.test, self._inside(names, of)):
            test = t.If(_SETTLED, node.test, t.Binary("!=", test, _FALSE))
        return t.Filter(inner, test)

    def bounds(self, node: t.Node, names: _Names) -> _Bounds | None:
        """Gives the least and the most that a number can become; None where that cannot be told."""
        if self._known(node, names):
            return node, node
        match node:
            case t.Call(t.Name("count"), (items,)):
                seen = self.seen(items, names)
                if seen is None or seen.listed is None:
                    return None
                most = _call("count", self._some(items, names, all=True))
                return _call("count", self._some(items, names, all=False)), t.If(seen.listed, most, _NULL)
            case t.Binary("+" | "-" | "*" | "/" as op, left, right):
                one, other = self.bounds(left, names), self.bounds(right, names)
                if one is None or other is None or (op in "*/" and not (_counts(left) and _counts(right))):
                    return None
                if op in "-/":
                    other = other[1], other[0]
                return t.Binary(op, one[0], other[0]), t.Binary(op, one[1], other[1])
        return None


def _counts(node: t.Node) -> bool:
    """Says whether a number cannot be negative: it counts, or is written as it is."""
    match node:
        case t.Number() | t.Percent() | t.Call(t.Name("count")):
            return True
        case t.Binary("+" | "*" | "/", left, right):
            return _counts(left) and _counts(right)
    return False


def _compared(op: str, one: _Bounds, other: _Bounds) -> t.Node:
    if op in _MIRRORED:
        return _compared(_MIRRORED[op], other, one)
    if op == "!=":
        return _call("not", _compared("=", one, other))
    above = t.Binary(">=", one[0], other[1])
    below = t.Binary("<", one[1], other[0])
    if op == ">=":
        return _decided(above, below)
    if op == ">":
        return _decided(t.Binary(">", one[0], other[1]), t.Binary("<=", one[1], other[0]))
    same = t.Binary("and", above, t.Binary("<=", one[1], other[0]))
    return _decided(same, t.Binary("or", below, t.Binary(">", one[0], other[1])))

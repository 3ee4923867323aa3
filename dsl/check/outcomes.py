"""What a condition can come to, whatever the data: conditions that are always true, or never.

A condition is cut into what it compares: the fields and facts it reads (terms, whose values are known by `domains.py`)
and everything else, which may be true or false as it likes. It is asked at the values that its comparisons tell apart:
each constant, what lies between and beyond, each choice. So more is tried than can be, and what is claimed holds. Of
nested conditions the smallest is told. Parts whose values are too many are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

from msgspec import Struct

from charter.dsl.check.choices import path_of
from charter.dsl.check.domains import ORDERED, Domain, Domains, kind_of
from charter.dsl.check.expressions import constant
from charter.engine import feel
from charter.engine.feel import tree as ft
from charter.engine.machines import ELEMENT_STATES

MOST_TRIED = 2_000  # values that one condition is asked at
_STATES = frozenset({*ELEMENT_STATES, "settled", "state"})
_SIGNS = frozenset({"=", "!=", "<", "<=", ">", ">="})
_LITERALS: dict[type[ft.Node], str] = {
    ft.Null: "null",
    ft.Boolean: "boolean",
    ft.Number: "number",
    ft.Percent: "number",
    ft.Amount: "money",
    ft.Length: "span",
    ft.String: "text",
}
_READERS = frozenset({"date", "time", "date and time", "duration"})


class Settled(Struct, frozen=True):
    """A condition that comes to the same whatever the data. `declared`: because of its fields' own conditions."""

    node: ft.Node
    holds: bool
    declared: bool = False


class _Unread(Exception):
    """A part of a constraint is of nothing that the condition reads."""


class _Parts:
    """A condition with what it compares put into names."""

    def __init__(self, domains: Domains) -> None:
        self.domains = domains
        self.terms: dict[str, tuple[str, Domain]] = {}
        self.free: dict[str, str] = {}
        self.constants: list[Any] = []
        self.closed = False

    def logic(self, node: ft.Node) -> ft.Node:
        """Rewrites a condition."""
        match node:
            case ft.Binary("and" | "or"):
                return ft.mapped(node, self.logic)  # type: ignore[no-any-return]
            case ft.Call(ft.Name("not"), (one,)):
                return ft.Call(node.function, (self.logic(one),))
            case ft.Boolean():
                return node
        return self.compared(node) or self._free(node)

    def compared(self, node: ft.Node) -> ft.Node | None:
        """Rewrites one comparison; None where what it compares is not known."""
        told = self.domains.as_comparison(node)
        if told is not None:
            node = told
        match node:
            case ft.Binary(op, left, right) if op in _SIGNS:
                sides = self._operands(left, right)
                if sides is None or (op not in ("=", "!=") and not self._ordered(left, right)):
                    return None
                return ft.Binary(op, *sides)
            case ft.Between(of, low, high):
                three = self._operands(of, low, high)
                return ft.Between(*three) if three is not None and self._ordered(of, low, high) else None
            case ft.In(of, tests):
                found = [self._test(of, test) for test in tests]
                one = self._operands(of)
                if one is None or not all(found):
                    return None
                return ft.In(one[0], tuple(test for test in found if test is not None))
            case ft.Name() | ft.Path():
                domain = self.domains.of(node)
                return self._term(node, domain) if domain is not None and domain.kind == "boolean" else None
        return None

    def _test(self, of: ft.Node, test: ft.Node) -> ft.Node | None:
        match test:
            case ft.Comparison(op, bound):
                two = self._operands(of, bound)
                return ft.Comparison(op, two[1]) if two and self._ordered(of, bound) else None
            case ft.Interval(low, high, ends):
                three = self._operands(of, low, high)
                return ft.Interval(three[1], three[2], ends) if three and self._ordered(of, low, high) else None
            case ft.Items(items):
                all_ = self._operands(of, *items)
                return ft.Items(all_[1:]) if all_ is not None else None
        two = self._operands(of, test)
        return two[1] if two is not None else None

    def _kind(self, node: ft.Node) -> str | None:
        if type(node) in _LITERALS:
            return _LITERALS[type(node)]
        if _is_constant(node):
            return kind_of(constant(feel.text(node)))
        domain = self.domains.of(node)
        return domain.kind if domain is not None else None

    def _ordered(self, *nodes: ft.Node) -> bool:
        return all(self._kind(node) in (*ORDERED, "null") for node in nodes)

    def _operands(self, *nodes: ft.Node) -> tuple[ft.Node, ...] | None:
        """Rewrites what is compared with one another; None where it is not known, or of different kinds."""
        kinds = {self._kind(node) for node in nodes} - {"null"}
        if None in kinds or not (len(kinds) < 2 or kinds == {"money", "number"}):
            return None
        found: list[ft.Node] = []
        for node in nodes:
            if _is_constant(node):
                self.constants.append(constant(feel.text(node)))
                found.append(node)
            else:
                domain = self.domains.of(node)
                assert domain is not None
                found.append(self._term(node, domain))
        return tuple(found)

    def _term(self, node: ft.Node, domain: Domain) -> ft.Node:
        key = feel.text(node)
        if key not in self.terms:
            if self.closed:
                raise _Unread
            self.terms[key] = (f"term {len(self.terms)}", domain)
        return ft.Name(self.terms[key][0])

    def _free(self, node: ft.Node) -> ft.Node:
        if self.closed:
            raise _Unread
        return ft.Name(self.free.setdefault(feel.text(node), f"free {len(self.free)}"))


def settled(tree: ft.Node, domains: Domains) -> Iterator[Settled]:
    """Finds the conditions in an expression that come to the same whatever the data, the smallest of nested ones."""
    found, _ = _below(tree, domains)
    yield from found


def _below(node: ft.Node, domains: Domains) -> tuple[list[Settled], bool]:
    """Gives what is settled in a node, and whether the node is a condition that was asked."""
    logic = isinstance(node, ft.Binary) and node.op in ("and", "or")
    logic = logic or (isinstance(node, ft.Call) and node.function == ft.Name("not") and len(node.arguments) == 1)
    found: list[Settled] = []
    for child, inner in domains.inside(node):
        found += _below(child, inner)[0]
    if found:
        return found, True
    if not logic and not isinstance(node, ft.Binary | ft.Between | ft.In):
        return found, False
    one = _asked(node, domains, joined=logic)
    return ([one] if one is not None else []), True


def _asked(node: ft.Node, domains: Domains, *, joined: bool) -> Settled | None:
    if isinstance(node, ft.Binary) and node.op not in _SIGNS and not joined:
        return None
    if not (_shares(node, domains) if joined else _is_bound(node, domains)):
        return None
    parts = _Parts(domains)
    tree = parts.logic(node) if joined else parts.compared(node)
    if tree is None or not _worth(tree, parts, joined=joined):
        return None
    loose = _outcomes(tree, parts, [])
    if loose is None:
        return None
    if True not in loose:
        return Settled(node, holds=False)
    if loose == {True}:
        # To name every choice there is, is no mistake.
        return Settled(node, holds=True) if _outcomes(tree, parts, [], named=False) == {True} else None
    constraints = _constraints(parts)
    held = _outcomes(tree, parts, constraints) if constraints else None
    return Settled(node, holds=False, declared=True) if held and True not in held else None


def _shares(node: ft.Node, domains: Domains) -> bool:
    """Whether the comparisons of a condition have anything in common, or a field's own condition or a literal tells."""
    seen: set[Any] = set()
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ft.Boolean):
            return True
        if isinstance(part, ft.Name | ft.Path):
            path = path_of(part)
            # A state is told by several facts.
            key = path[:1] if path[-1:] and path[-1] in _STATES else path
            domain = domains.of(part)
            if key in seen or (domain is not None and domain.declared):
                return True
            seen.add(key)
        else:
            waiting += part.arguments if isinstance(part, ft.Call) else ft.children(part)
    return False


def _is_bound(node: ft.Node, domains: Domains) -> bool:
    """Whether a comparison is of more than what is free with what is another."""
    if not isinstance(node, ft.Binary):
        return True
    for side, other in ((node.left, node.right), (node.right, node.left)):
        if not isinstance(side, ft.Name | ft.Path):
            continue
        domain = domains.of(side)
        if type(other) not in _LITERALS and not isinstance(other, ft.Name | ft.Path):
            continue
        if domain is None:
            return False
        value = [other.value] if isinstance(other, ft.Number | ft.String) else []
        if domain.limited(value) or side == other or isinstance(other, ft.Null):
            return True
        if type(other) in _LITERALS:
            return False
    return not isinstance(node.left, ft.Name | ft.Path) or not isinstance(node.right, ft.Name | ft.Path)


def _worth(tree: ft.Node, parts: _Parts, *, joined: bool) -> bool:
    """Whether a condition could be settled: what compares free values once, each with another, never is."""
    names = [part.name for part in ft.walk(tree) if isinstance(part, ft.Name) and part.name != "not"]
    if joined:
        declared = any(domain.declared for _, domain in parts.terms.values())
        literal = any(isinstance(part, ft.Boolean) for part in ft.walk(tree))
        return declared or literal or len(names) > len(set(names))
    if len(names) > len(set(names)) or not names or isinstance(tree, ft.Between | ft.In):
        return True
    return any(domain.limited(parts.constants) for _, domain in parts.terms.values())


def _constraints(parts: _Parts) -> list[ft.Node]:
    """Gives what the records' own conditions say of the terms, as far as it is said of them alone."""
    parts.closed = True
    found = []
    for where in parts.domains.wheres(parts.terms):
        try:
            found.append(parts.logic(where))
        except _Unread:
            continue
    return found


def _outcomes(tree: ft.Node, parts: _Parts, constraints: list[ft.Node], *, named: bool = True) -> set[Any] | None:
    """Gives everything that a condition comes to; None where there is too much to try.

    `named`: choices are those that are declared, and there are no others.
    """
    open_ = any(isinstance(part, ft.Null) for part in ft.walk(tree))
    beside = [domain for _, domain in parts.terms.values()]
    none: list[Any] = [None] if open_ else []
    others = [["…", *none] if domain.values and not named else none for domain in beside]
    tried = [[*domain.tried(parts.constants, beside), *more] for domain, more in zip(beside, others, strict=True)]
    tried += [[True, False, None] if open_ else [True, False]] * len(parts.free)
    if prod(map(len, tried)) > MOST_TRIED:
        return None
    names = [name for name, _ in parts.terms.values()] + list(parts.free.values())
    run, allowed = feel.compile(tree), [feel.compile(one) for one in constraints]
    found: set[Any] = set()
    for values in product(*tried):
        given = dict(zip(names, values, strict=True))
        if all(one.evaluate(given) is True for one in allowed):
            found.add(run.evaluate(given))
            if len(found) == 3 or (found >= {True, False} and not constraints):
                break
    return found or None


def _is_constant(node: ft.Node) -> bool:
    """Whether a node is written out: literals, and what is computed of them."""
    if type(node) in _LITERALS or isinstance(node, ft.At):
        return True
    if isinstance(node, ft.Call):
        return (
            isinstance(node.function, ft.Name)
            and node.function.name in _READERS
            and all(map(_is_constant, node.arguments))
        )
    if isinstance(node, ft.Negation):
        return _is_constant(node.of)
    return isinstance(node, ft.Binary) and node.op in "+-*/**" and _is_constant(node.left) and _is_constant(node.right)

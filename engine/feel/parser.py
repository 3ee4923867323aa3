"""Text to tree, by the table of `feel.lark` and what each of its rules makes.

`parse` never raises on any text: it gives a tree or Problems. Results are remembered by (text, names, dialect, kind).
Positions are offsets into the text as given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Literal

from msgspec import Struct

from charter.engine.feel import tree as t
from charter.engine.feel.lexer import Lexer
from charter.engine.feel.limits import MAX_DEPTH, MAX_TEXT, PARSE_CACHE
from charter.engine.feel.tokens import Malformed, Problem, Token
from charter.engine.feel.words import MEANT
from charter.engine.lalr import Automaton, Table, Unexpected
from charter.engine.shipped import shipped

Dialect = Literal["dmn", "charter"]
Kind = Literal["expression", "unary"]


class Parsed(Struct, frozen=True):
    """What a text turned out to be: a tree, or None and why."""

    tree: t.Node | None
    problems: tuple[Problem, ...] = ()


def _at(kind: Callable[..., t.Node], first: Any, last: Any, *values: Any) -> t.Node:
    return kind(*values, start=first.start, end=last.end)


def _tuple(parts: list[Any]) -> tuple[Any, ...]:
    """Keep the nodes of a list with its commas."""
    return tuple(part for part in parts if not isinstance(part, Token))


def _interval(parts: list[Any]) -> t.Node:
    opening, low, _, high, closing = parts
    ends = ("[" if opening.type == "LSQB" else "(") + ("]" if closing.type == "RSQB" else ")")
    return _at(t.Interval, opening, closing, low, high, ends)


def _lambda(parts: list[Any]) -> t.Node:
    parameters = next((part for part in parts if type(part) is tuple), ())
    external = any(isinstance(part, Token) and part.type == "EXTERNAL" for part in parts)
    return _at(t.Lambda, parts[0], parts[-1], parameters, parts[-1], external)


def _generic(parts: list[Any]) -> t.Node:
    return _at(t.TypeName, parts[0], parts[-1], parts[0].value, _tuple(parts))


def _context_type(parts: list[Any]) -> t.Node:
    members = _tuple(parts)
    keys, types = tuple(key for key, _ in members), tuple(type for _, type in members)
    return _at(t.TypeName, parts[0], parts[-1], parts[0].value, types, keys)


def _iteration(parts: list[Any]) -> t.Node:
    to = parts[4] if len(parts) > 3 else None
    return _at(t.Iteration, parts[0], parts[-1], parts[0].value, parts[2], to)


def _parameter(parts: list[Any]) -> t.Node:
    return _at(t.Parameter, parts[0], parts[-1], parts[0].value, parts[1] if len(parts) > 1 else None)


def _literal(kind: Callable[..., t.Node]) -> Callable[[list[Any]], t.Node]:
    return lambda p: kind(p[0].value, start=p[0].start, end=p[0].end)


def _pair(kind: Callable[..., t.Node]) -> Callable[[list[Any]], t.Node]:
    return lambda p: kind(*p[0].value, start=p[0].start, end=p[0].end)


# rule or alias of feel.lark -> what it makes of its parts
_MAKERS: dict[str, Callable[[list[Any]], Any]] = {
    "expression": lambda p: p[0],
    "if_": lambda p: _at(t.If, p[0], p[5], p[1], p[3], p[5]),
    "for_": lambda p: _at(t.For, p[0], p[3], p[1], p[3]),
    "quantified": lambda p: _at(t.Quantified, p[0], p[3], p[0].value, p[1], p[3]),
    "lambda_": _lambda,
    "iterations": _tuple,
    "iteration": _iteration,
    "parameters": _tuple,
    "parameter": _parameter,
    "binary": lambda p: _at(t.Binary, p[0], p[2], p[1].value, p[0], p[2]),
    "compare": lambda p: p[0],
    "between": lambda p: _at(t.Between, p[0], p[4], p[0], p[2], p[4]),
    "in_": lambda p: _at(t.In, p[0], p[2], p[0], (p[2],)),
    "in_list": lambda p: _at(t.In, p[0], p[-1], p[0], _tuple(p[2:])),
    "negation": lambda p: _at(t.Negation, p[0], p[1], p[1]),
    "instance_of": lambda p: _at(t.InstanceOf, p[0], p[2], p[0], p[2]),
    "path": lambda p: _at(t.Path, p[0], p[2], p[0], p[2].value),
    "filter": lambda p: _at(t.Filter, p[0], p[3], p[0], p[2]),
    "call": lambda p: _at(t.Call, p[0], p[-1], p[0], _tuple(p[1:])),
    "named_call": lambda p: _at(t.NamedCall, p[0], p[-1], p[0], _tuple(p[1:])),
    "argument": lambda p: _at(t.Argument, p[0], p[1], p[0].value, p[1]),
    "number": _literal(t.Number),
    "percent": _literal(t.Percent),
    "amount": _pair(t.Amount),
    "length": _pair(t.Length),
    "string": _literal(t.String),
    "at": _literal(t.At),
    "name": _literal(t.Name),
    "true": lambda p: t.Boolean(True, start=p[0].start, end=p[0].end),
    "false": lambda p: t.Boolean(False, start=p[0].start, end=p[0].end),
    "null": lambda p: t.Null(start=p[0].start, end=p[0].end),
    "group": lambda p: p[1],
    "interval": _interval,
    "items": lambda p: _at(t.Items, p[0], p[-1], _tuple(p)),
    "context": lambda p: _at(t.Context, p[0], p[-1], _tuple(p)),
    "entry": lambda p: _at(t.Entry, p[0], p[1], p[0].value, p[1]),
    "relation": lambda p: _at(t.Comparison, p[0], p[1], p[0].value, p[1]),
    "anything": lambda p: _at(t.Tests, p[0], p[0], ()),
    "no_tests": lambda p: _at(t.Tests, p[0], p[-1], _tuple(p), True),
    "tests": lambda p: _at(t.Tests, p[0], p[-1], _tuple(p)),
    "unary": lambda p: p[0],
    "type_name": _literal(t.TypeName),
    "generic": _generic,
    "function_type": _generic,
    "context_type": _context_type,
    "member": lambda p: (p[0].value, p[1]),
}


TABLE = "feel.table.json"
STARTS = ("expression", "unary")


def grammar() -> str:
    """Gives the grammar in Lark's notation."""
    return shipped("charter.engine.feel", "feel.lark")


@lru_cache(maxsize=1)
def _table() -> Table:
    return Table(shipped("charter.engine.feel", TABLE), _MAKERS)


def _built(tokens: list[Token], start: str) -> t.Node:
    """Makes nodes of the tokens from the bottom up."""
    automaton = Automaton(_table(), start)
    for token in tokens:
        automaton.feed(token)
    return automaton.feed(Token("$END", "", 0, 0))  # type: ignore[no-any-return]


_FOREIGN = re.compile(rf"\b({'|'.join(MEANT).replace(' ', '[ ]+')})\s*\(")


def _called(token: Token, tokens: list[Token], text: str) -> Problem | None:
    """Says that there is no such function, where the token is part of a call by several words that name none."""
    for found in _FOREIGN.finditer(text):
        if found.start() <= token.start < found.end(1):
            name = " ".join(found[1].split())
            return Problem(
                "unknown-function", f"unknown function `{name}`; write `{MEANT[name]}`", *found.span(1), name
            )
    if token.type != "NAME":
        return None
    first = last = next(at for at, each in enumerate(tokens) if each is token)
    while first and tokens[first - 1].type == "NAME":
        first -= 1
    while last + 1 < len(tokens) and tokens[last + 1].type == "NAME":
        last += 1
    if first == last or last + 1 == len(tokens) or tokens[last + 1].type != "LPAR":
        return None
    from charter.engine.feel.builtins import load

    start, end = tokens[first].start, tokens[last].end
    name = " ".join(text[start:end].split())
    if tokens[last].value in load():
        return None  # a function there is, and something before it
    return Problem("unknown-function", f"unknown function `{name}`", start, end, name)


def _unexpected(token: Token, tokens: list[Token], text: str) -> Problem:
    if token.type == "$END":
        end = len(text.rstrip())
        return Problem("syntax", "the expression ends too early", end, max(end, len(text)))
    called = _called(token, tokens, text)
    if called is not None:
        return called
    shown = text[token.start : token.end]
    return Problem("syntax", f"unexpected `{shown}`", token.start, token.end, shown)


@lru_cache(maxsize=PARSE_CACHE)
def _parse(text: str, names: frozenset[str], units: bool, kind: Kind) -> Parsed:
    if len(text) > MAX_TEXT:
        message = f"an expression holds at most {MAX_TEXT} characters"
        return Parsed(None, (Problem("too-long", message, MAX_TEXT, len(text)),))
    try:
        tokens = Lexer(text, names, units=units, unary=kind == "unary").tokens()
        if not tokens:
            return Parsed(None, (Problem("syntax", "there is no expression", 0, len(text)),))
        tree = _built(tokens, kind)
    except Malformed as malformed:
        return Parsed(None, (malformed.problem,))
    except Unexpected as unexpected:
        return Parsed(None, (_unexpected(unexpected.token, tokens, text),))
    if len(tokens) > MAX_DEPTH and t.depth(tree) > MAX_DEPTH:
        return Parsed(None, (Problem("too-deep", f"more than {MAX_DEPTH} levels", tree.start, tree.end),))
    return Parsed(tree)


def parse(text: str, *, names: Iterable[str] = (), dialect: Dialect = "charter", kind: Kind = "expression") -> Parsed:
    """Parse one expression, or the unary tests of a decision table cell.

    `names` are the names with spaces or operators that are in scope; the longest one wins (DMN 10.3.1.5).
    Never raises; a text that cannot be parsed gives `tree=None` and a Problem.
    """
    scope = names if type(names) is frozenset else frozenset(names)
    return _parse(text, scope, dialect == "charter", kind)

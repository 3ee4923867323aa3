"""Text to tree: the only module that knows Lark.

`parse` never raises on any text: it gives a tree or Problems. The LALR tables come from Lark, which is only loaded
to build them anew; results are remembered by (text, names, dialect, kind). Positions are offsets into the text
as given.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Literal

from msgspec import Struct

from charter.engine.feel import tree as t
from charter.engine.feel.lexer import Lexer
from charter.engine.feel.limits import MAX_DEPTH, MAX_TEXT, PARSE_CACHE
from charter.engine.feel.tokens import Malformed, Problem, Token

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

# A rule as the table keeps it: what it makes, how many parts it takes, its maker (None passes its one part on, ""
# collects), and which of its parts are collections to be spread out.
Rule = tuple[str, int, str | None, list[int]]


def build_table() -> dict[str, Any]:
    """Let Lark turn feel.lark into LALR(1) tables, as JSON-able data.

    The tables are kept beside the grammar because building them takes longer than most commands; a test compares.
    """
    from lark import Lark
    from lark.lexer import Lexer as LarkLexer
    from lark.parsers.lalr_analysis import Shift

    class NoText(LarkLexer):
        """Satisfies Lark, which wants a lexer even to build a table."""

        def __init__(self, conf: Any) -> None:
            pass

        def lex(self, lexer_state: Any, parser_state: Any) -> Any:
            return iter(())

    grammar = _resource("feel.lark")
    lark: Any = Lark(grammar, parser="lalr", lexer=NoText, start=["expression", "unary"], maybe_placeholders=False)
    table: Any = lark.parser.parser._parse_table
    # Lark numbers states by the order of its sets; here they are numbered by the way they are reached.
    order = [table.start_states[name] for name in sorted(table.start_states)]
    place = {state: index for index, state in enumerate(order)}
    rules: list[Rule] = []
    numbers: dict[Any, int] = {}
    states: list[dict[str, int]] = []
    for state in order:
        actions: dict[str, int] = {}
        for symbol, (action, target) in sorted(table.states[state].items()):
            if action is not Shift:
                if target not in numbers:
                    numbers[target] = len(rules)
                    rules.append(_rule(target))
                actions[symbol] = -1 - numbers[target]
                continue
            if target not in place:
                place[target] = len(order)
                order.append(target)
            actions[symbol] = place[target]
        states.append(actions)
    starts = {name: [place[table.start_states[name]], place[end]] for name, end in sorted(table.end_states.items())}
    return {"starts": starts, "rules": rules, "states": states}


def _rule(rule: Any) -> Rule:
    origin, parts = rule.origin.name, rule.expansion
    spread = [index for index, part in enumerate(parts) if part.name.startswith("__")]
    if rule.options.expand1 and len(parts) == 1 and not rule.alias:
        return origin, 1, None, []
    return origin, len(parts), "" if origin.startswith("__") else rule.alias or origin, spread


def _resource(name: str) -> str:
    from importlib.resources import files

    return files(__package__).joinpath(name).read_text("utf-8")


@lru_cache(maxsize=1)
def _table() -> tuple[dict[str, list[int]], list[tuple[str, int, Any, list[int]]], list[dict[str, int]]]:
    data = json.loads(_resource(TABLE))
    rules = [
        (origin, count, maker if maker is None else _MAKERS.get(maker, _collected), spread)
        for origin, count, maker, spread in data["rules"]
    ]
    return data["starts"], rules, data["states"]


def _collected(parts: list[Any]) -> list[Any]:
    return parts


class _Unexpected(Exception):
    """Carries the token at which no rule goes on."""

    def __init__(self, token: Token) -> None:
        self.token = token


def _built(tokens: list[Token], start: str) -> t.Node:
    """Run the LALR(1) automaton over the tokens, making nodes from the bottom up."""
    starts, rules, states = _table()
    first, last = starts[start]
    stack: list[int] = [first]
    values: list[Any] = []
    for token in (*tokens, Token("$END", "", 0, 0)):
        kind = token.type
        while True:
            action = states[stack[-1]].get(kind)
            if action is None:
                raise _Unexpected(token)
            if action >= 0:
                stack.append(action)
                values.append(token)
                break
            origin, count, maker, spread = rules[-1 - action]
            if maker is None:
                stack.pop()
            else:
                parts = values[-count:]
                del stack[-count:], values[-count:]
                for index in reversed(spread):
                    parts[index : index + 1] = parts[index]
                values.append(maker(parts))
            stack.append(states[stack[-1]][origin])
            if stack[-1] == last and kind == "$END":
                return values[-1]  # type: ignore[no-any-return]
    raise AssertionError("the end mark is always refused or final")


def _unexpected(token: Token, text: str) -> Problem:
    if token.type == "$END":
        end = len(text.rstrip())
        return Problem("syntax", "the expression stops too early", end, max(end, len(text)))
    shown = text[token.start : token.end]
    return Problem("syntax", f"`{shown}` cannot stand here", token.start, token.end, shown)


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
    except _Unexpected as unexpected:
        return Parsed(None, (_unexpected(unexpected.token, text),))
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

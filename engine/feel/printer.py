"""Tree to text: one canonical spelling of every expression.

`parse(text(tree))` gives the tree again (positions aside), with names that hold spaces or operators in scope.
Parentheses stand only where the tree needs them.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from charter.engine.feel import tree as t

# How tightly each kind binds; a part that binds less than its place needs stands in parentheses.
_LOOSE, _COMPARED, _SUM, _SIGNED, _TYPED, _POSTFIX, _ATOM = 0, 3, 4, 7, 8, 9, 10
_LEVELS: dict[type[t.Node], int] = {
    t.If: _LOOSE,
    t.For: _LOOSE,
    t.Quantified: _LOOSE,
    t.Lambda: _LOOSE,
    t.Between: _COMPARED,
    t.In: _COMPARED,
    t.Negation: _SIGNED,
    t.InstanceOf: _TYPED,
    t.Path: _POSTFIX,
    t.Filter: _POSTFIX,
    t.Call: _POSTFIX,
    t.NamedCall: _POSTFIX,
}


def quoted(value: str) -> str:
    """Write a string literal."""
    return f'"{value.translate(_ESCAPED)}"'


_ESCAPED = str.maketrans({'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def _number(value: Decimal) -> str:
    text = f"{value:f}" if -40 < value.adjusted() < 40 else f"{value:e}"
    return text


def _level(node: t.Node) -> int:
    return t.OPERATORS[node.op] if isinstance(node, t.Binary) else _LEVELS.get(type(node), _ATOM)


def _part(node: t.Node, least: int) -> str:
    """Write a part, in parentheses where it binds less than `least`."""
    written = _write(node)
    if isinstance(node, t.Comparison):
        return f"({written})"
    return f"({written})" if _level(node) < least else written


def _list(nodes: tuple[t.Node, ...], least: int = _LOOSE) -> str:
    return ", ".join(_part(node, least) for node in nodes)


def _key(key: str) -> str:
    plain = key.replace("_", "").isalnum() and key.isascii() and not key[0].isdigit()
    return key if plain and key not in ("if", "for", "some", "every", "function") else quoted(key)


def _binary(node: t.Binary) -> str:
    level = t.OPERATORS[node.op]
    return f"{_part(node.left, level)} {node.op} {_part(node.right, level + 1)}"


def _test(node: t.Node, least: int = _LOOSE) -> str:
    return _write(node) if isinstance(node, t.Comparison) else _part(node, least)


def _in(node: t.In) -> str:
    of = _part(node.of, _COMPARED)
    if len(node.tests) == 1:
        return f"{of} in {_test(node.tests[0], _SUM)}"
    return f"{of} in ({', '.join(_test(test) for test in node.tests)})"


def _interval(node: t.Interval) -> str:
    return f"{node.ends[0]}{_part(node.low, _LOOSE)}..{_part(node.high, _LOOSE)}{node.ends[1]}"


def _type(node: t.TypeName) -> str:
    if node.name == "context" and node.keys:
        members = ", ".join(f"{key}: {_type(type)}" for key, type in zip(node.keys, node.members, strict=True))
        return f"context<{members}>"
    if node.name == "function" and node.members:
        parameters = ", ".join(map(_type, node.members[:-1]))
        return f"function<{parameters}> -> {_type(node.members[-1])}"
    return f"{node.name}<{', '.join(map(_type, node.members))}>" if node.members else node.name


def _iterations(iterations: tuple[t.Iteration, ...]) -> str:
    return ", ".join(
        f"{i.name} in {_part(i.items, _LOOSE)}" + (f"..{_part(i.to, _LOOSE)}" if i.to is not None else "")
        for i in iterations
    )


def _parameter(node: t.Parameter) -> str:
    return node.name if node.type is None else f"{node.name}: {_type(node.type)}"


def _lambda(node: t.Lambda) -> str:
    parameters = ", ".join(map(_parameter, node.parameters))
    return f"function({parameters}) {'external ' if node.external else ''}{_part(node.body, _LOOSE)}"


def _tests(node: t.Tests) -> str:
    if not node.tests:
        return "-"
    tests = ", ".join(_test(test) for test in node.tests)
    return f"not({tests})" if node.negated else tests


def _length(node: t.Length) -> str:
    return f"{_number(node.value)} {node.unit}"


def _negation(node: t.Negation) -> str:
    return f"-{_part(node.of, _SIGNED)}"


_WRITERS: dict[type[t.Node], Callable[[Any], str]] = {
    t.Null: lambda n: "null",
    t.Boolean: lambda n: "true" if n.value else "false",
    t.Number: lambda n: _number(n.value),
    t.Percent: lambda n: f"{_number(n.value)}%",
    t.Amount: lambda n: f"{_number(n.value)} {n.currency}",
    t.Length: _length,
    t.String: lambda n: quoted(n.value),
    t.At: lambda n: "@" + quoted(n.value),
    t.Name: lambda n: n.name,
    t.Path: lambda n: f"{_part(n.of, _POSTFIX)}.{n.name}",
    t.Filter: lambda n: f"{_part(n.of, _POSTFIX)}[{_part(n.test, _LOOSE)}]",
    t.Call: lambda n: f"{_part(n.function, _POSTFIX)}({_list(n.arguments)})",
    t.NamedCall: lambda n: f"{_part(n.function, _POSTFIX)}({', '.join(map(_write, n.arguments))})",
    t.Argument: lambda n: f"{n.name}: {_part(n.value, _LOOSE)}",
    t.Negation: _negation,
    t.Binary: _binary,
    t.Between: lambda n: f"{_part(n.of, _COMPARED)} between {_part(n.low, _SUM)} and {_part(n.high, _SUM)}",
    t.In: _in,
    t.Comparison: lambda n: f"{n.op} {_part(n.of, _SUM)}",
    t.Interval: _interval,
    t.TypeName: _type,
    t.InstanceOf: lambda n: f"{_part(n.of, _TYPED)} instance of {_type(n.type)}",
    t.If: lambda n: f"if {_part(n.condition, 0)} then {_part(n.yes, 0)} else {_part(n.no, 0)}",
    t.Iteration: lambda n: _iterations((n,)),
    t.For: lambda n: f"for {_iterations(n.iterations)} return {_part(n.result, 0)}",
    t.Quantified: lambda n: f"{n.kind} {_iterations(n.iterations)} satisfies {_part(n.test, 0)}",
    t.Parameter: _parameter,
    t.Lambda: _lambda,
    t.Items: lambda n: f"[{_list(n.items)}]",
    t.Entry: lambda n: f"{_key(n.key)}: {_part(n.value, _LOOSE)}",
    t.Context: lambda n: f"{{{', '.join(map(_write, n.entries))}}}",
    t.Tests: _tests,
}


def _write(node: t.Node) -> str:
    return _WRITERS[type(node)](node)


def text(tree: t.Node) -> str:
    """Print a tree as FEEL text in canonical spacing."""
    return _part(tree, _LOOSE)

"""What is right as FEEL and cannot be meant: it says something else than its author takes it to say.

A condition that comes to the same whatever the data, a share that lacks its `%`, a currency by another name, choices
put in the order of their letters, a variable that hides a name of the process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, structs

from charter.dsl.check.asks import Ask
from charter.dsl.check.choices import report
from charter.dsl.check.domains import Domains
from charter.dsl.check.expressions import closed, constant, read
from charter.dsl.check.findings import Findings
from charter.dsl.check.outcomes import settled
from charter.dsl.diagnostic import Fix
from charter.dsl.text import tree as t
from charter.engine import feel
from charter.engine.feel import tree as ft
from charter.engine.feel.conversion import text_of
from charter.engine.feel.printer import quoted

# What people call currencies beside the codes that they have (ISO 4217).
CURRENCIES = {"RMB": "CNY", "NTD": "TWD", "YEN": "JPY", "STG": "GBP", "UKP": "GBP", "SFR": "CHF"}
_ORDERS = frozenset({"<", "<=", ">", ">="})


class Doubt(Struct, frozen=True):
    """What is told of a node; the text from `start` to `end` would be `instead`."""

    code: str
    node: ft.Node
    said: Mapping[str, Any]
    start: int = 0
    end: int = 0
    instead: str | None = None


class Placed(Struct, frozen=True):
    """An expression, the file that it stands in where that is another, and the element whose line it is in."""

    expr: t.Expr
    file: str | None = None
    element: str | None = None


def check_choices(tree: ft.Node, ask: Ask, findings: Findings) -> None:
    """Reports what the input of a table's column can never be, in one of its cells."""
    tests = tree.tests if isinstance(tree, ft.Tests) else ()
    for text in (end for test in tests for end in _ends(test)) if ask.choices else ():
        if isinstance(text, ft.String) and text.value not in ask.choices:
            report(text, ask.field, ask.choices, ask.expr.span[0], findings)


def check_doubts(tree: ft.Node, place: Placed, domains: Domains, findings: Findings, ask: Ask) -> None:
    """Reports what cannot be meant in an expression."""
    at, text = place.expr.span[0], place.expr.text
    for doubt in (*_doubts(tree, domains, share=ask.share), *_settled(tree, text, domains)):
        if doubt.code == "CH315" and _is_told(ask, "hint" not in doubt.said):
            continue
        said = dict(doubt.said)
        if doubt.code in ("CH315", "CH321") and place.element is not None:
            said["element"] = place.element
        if doubt.instead is not None:
            said["fix"] = Fix.at((at + doubt.start, at + doubt.end), doubt.instead)
        findings.add(doubt.code, (at + doubt.node.start, at + doubt.node.end), file=place.file, **said)


def check_declared(tree: ft.Node, type_: t.Type, name: str, at: int, findings: Findings, file: str | None) -> None:
    """Reports a value of a declared type that no such value is: none of the choices, a whole number for a share."""
    if type_.choices and isinstance(tree, ft.String):
        values = tuple(choice.text for choice in type_.choices)
        if tree.value not in values:
            report(tree, name, values, at, findings, file)
    for doubt in _bare(tree) if type_.name == "percent" else ():
        fix = Fix.at((at + doubt.start, at + doubt.end), doubt.instead or "")
        findings.add(doubt.code, (at + tree.start, at + tree.end), fix=fix, file=file, **doubt.said)


def _is_told(ask: Ask, holds: bool) -> bool:
    """Whether a condition may be settled (a scenario's expectation), or what follows from it is told (`flow.py`)."""
    if ask.word in ("expect", "repeat until", "while"):
        return ask.word == "expect" or not read(ask.expr.text).paths
    return ask.word in ("when", "enter when", "exit when") and not holds and not read(ask.expr.text).paths


def _settled(tree: ft.Node, text: str, domains: Domains) -> Iterator[Doubt]:
    for found in settled(tree, domains):
        node = closed(found.node, text)
        said: dict[str, Any] = {"text": text[node.start : node.end]}
        said |= {} if found.holds else {"hint": "excluded" if found.declared else "never"}
        mended = None if found.declared else _turned(node)
        if mended is not None and not list(settled(mended, domains)):
            instead = feel.text(mended)
            yield Doubt("CH315", node, {**said, "guess": instead}, node.start, node.end, instead)
        else:
            yield Doubt("CH315", node, said)


def _turned(node: ft.Node) -> ft.Node | None:
    """What a condition that decides nothing may be meant for: the other word, or its ends the other way round."""
    match node:
        case ft.Binary("and" | "or", left, right):
            return structs.replace(node, op="or" if node.op == "and" else "and", left=left, right=right)
        case ft.Between(of, low, high):
            return ft.Between(of, high, low)
        case ft.In(of, (ft.Interval(low, high, ends),)):
            return ft.In(of, (ft.Interval(high, low, ends),))
    return None


def _doubts(node: ft.Node, domains: Domains, *, share: bool) -> Iterator[Doubt]:
    match node:
        case ft.Amount(_, currency) if currency in CURRENCIES:
            code = CURRENCIES[currency]
            place = ft.Name(currency, start=node.end - len(currency), end=node.end)
            yield Doubt("CH317", place, {"written": currency, "guess": code}, place.start, place.end, code)
        case ft.Binary(op, left, right) if op in _ORDERS or op in ("=", "!="):
            for side, other in ((left, right), (right, left)):
                yield from _share(side, other, domains)
            if op in _ORDERS:
                yield from _lettered(node, (left, right), domains)
        case ft.Between(of, low, high):
            yield from (doubt for end in (low, high) for doubt in _share(of, end, domains))
            yield from _lettered(node, (of,), domains)
        case ft.In(ft.String() as part, (ft.Name() | ft.Path() as whole,)) if domains.is_text(whole):
            instead = f"contains({feel.text(whole)}, {feel.text(part)})"
            yield Doubt("CH322", node, {"text": feel.text(node), "guess": instead}, node.start, node.end, instead)
        case ft.In(of, tests):
            for test in tests:
                yield from (doubt for end in _ends(test) for doubt in _share(of, end, domains))
        case ft.Tests(tests):
            for test in tests:
                yield from (doubt for end in _ends(test) if share for doubt in _bare(end))
                yield from _subtracted(test)
                yield from _backwards(test)
        case ft.Quantified(_, iterations, _) | ft.For(iterations, _):
            for one in iterations:
                kind = domains.scope.kind_of(one.name) if one.name not in domains.own else None
                if kind in ("record", "parameter", "activity", "approval", "phase", "milestone"):
                    start = one.start if one.end > one.start else node.start
                    place = ft.Name(one.name, start=start, end=start + len(one.name))
                    yield Doubt("CH319", place, {"name": one.name, "kind": kind})
    for child, inner in domains.inside(node):
        yield from _doubts(child, inner, share=share)


def _ends(test: ft.Node) -> tuple[ft.Node, ...]:
    match test:
        case ft.Comparison(_, of):
            return (of,)
        case ft.Interval(low, high, _):
            return (low, high)
        case ft.Items(items):
            return items
    return (test,)


def _share(node: ft.Node, number: ft.Node, domains: Domains) -> Iterator[Doubt]:
    """A share that is compared with a whole number: 15 is 1500 %."""
    found = domains.type_of(node) if isinstance(number, ft.Number) and number.value >= 2 else None
    if found is not None and found.name == "percent":
        yield from _bare(number)


def _bare(number: ft.Node) -> Iterator[Doubt]:
    if isinstance(number, ft.Number) and number.value >= 2:
        instead = f"{text_of(number.value)}%"
        said = {"number": text_of(number.value), "share": text_of(number.value * 100), "guess": instead}
        yield Doubt("CH316", number, said, number.start, number.end, instead)


def _subtracted(test: ft.Node) -> Iterator[Doubt]:
    """A range that is written as a subtraction, in the cell of a table: `1000-5000` is the number -4000."""
    match test:
        case ft.Binary("-", ft.Number(low), ft.Number(high)):
            said = {"text": feel.text(test), "value": text_of(low - high)}
            ends = (text_of(low), text_of(high))
        case ft.Binary("-", ft.Percent(low), ft.Percent(high)):
            said = {"text": feel.text(test), "value": f"{text_of(low - high)}%"}
            ends = (f"{text_of(low)}%", f"{text_of(high)}%")
        case _:
            return
    instead = f"[{ends[0]}..{ends[1]}]"
    if low < high:
        yield Doubt("CH321", test, {**said, "guess": instead}, test.start, test.end, instead)


def _backwards(test: ft.Node) -> Iterator[Doubt]:
    """A range in the cell of a table that ends before it begins: there is no value in it."""
    if isinstance(test, ft.Interval) and type(test.low) is type(test.high):
        turned = ft.Interval(test.high, test.low, test.ends)
        if _empty(test) and not _empty(turned):
            said = {"text": feel.text(test), "hint": "never", "guess": feel.text(turned)}
            yield Doubt("CH315", test, said, test.start, test.end, feel.text(turned))


def _empty(range_: ft.Interval) -> bool:
    low, high = feel.text(range_.low), feel.text(range_.high)
    return constant(f"{low} > {high}") is True


def _lettered(node: ft.Node, sides: tuple[ft.Node, ...], domains: Domains) -> Iterator[Doubt]:
    """Choices in order: texts are, by their letters."""
    for side in sides:
        values = domains.texts(side)
        if values:
            shown = ", ".join(map(quoted, values[:2]))
            yield Doubt("CH318", node, {"name": feel.text(side), "example": f"{feel.text(side)} in ({shown})"})
            return

"""What an author may have meant by values that do not go together: each function proposes mends of their types.

They look at the tree of the expression. Nothing here decides which is right: see `causes.py` and `mends.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher, get_close_matches

from charter.dsl.check import habits
from charter.dsl.check.meanings import X, day, facts_called
from charter.dsl.check.mends import Mend, Place, touches
from charter.engine.feel import tree as ft
from charter.engine.feel.builtins import load
from charter.engine.feel.printer import quoted as as_text
from charter.engine.feel.words import KEYWORDS


def _nodes(place: Place) -> Iterator[ft.Node]:
    """The nodes of the expression that lie in the fault."""
    for node in ft.walk(place.tree) if place.tree is not None else ():
        if place.fault.start <= node.start and node.end <= place.fault.end:
            yield node


def _literals(place: Place, kind: type[ft.Node]) -> Iterator[tuple[int, int, str]]:
    for node in _nodes(place):
        if isinstance(node, kind):
            yield node.start, node.end, place.text[node.start : node.end]


def unquoted(place: Place) -> Iterator[Mend]:
    """A number, date, amount or length of time that stands in quotes."""
    for start, end, text in _literals(place, ft.String):
        inside = text[1:-1]
        present = habits.NOW.get(inside.lower().removesuffix("()"))
        if present is not None:
            yield Mend(start, end, present)
        amount = habits.amount(inside)
        for one in (
            inside,
            *(one for one, _ in day(inside)),
            habits.lengths(inside) or "",
            amount[0] if amount else "",
        ):
            if re.fullmatch(r"-?\d.*", one):
                yield Mend(start, end, one)


def quoted(place: Place) -> Iterator[Mend]:
    """A number where a text is wanted."""
    if isinstance(place.tree, ft.Number):
        yield Mend(place.tree.start, place.tree.end, f'"{place.text[place.tree.start : place.tree.end]}"')
    for node in _nodes(place):
        for side in (node.left, node.right) if isinstance(node, ft.Binary) and node.op in ("=", "!=") else ():
            if isinstance(side, ft.Number):
                yield Mend(side.start, side.end, f'"{place.text[side.start : side.end]}"')


def boolean(place: Place) -> Iterator[Mend]:
    for start, end, text in (*_literals(place, ft.String), *_literals(place, ft.Number)):
        meant = {"1": "true", "0": "false"}.get(text) or habits.BOOLEANS.get(text.strip('"').lower())
        if meant is not None:
            yield Mend(start, end, meant)


def bare_number(unit: str) -> Callable[[Place], Iterator[Mend]]:
    """A number that lacks its unit, one such as this: told, and not guessed."""

    def mends(place: Place) -> Iterator[Mend]:
        for start, end, written in (*_literals(place, ft.Number), *_literals(place, ft.String)):
            text = written.strip('"')
            if not re.fullmatch(r"[\d.]+", text):
                continue
            after = place.faults(f"{place.text[:start]}{text} {unit}{place.text[end:]}")
            if len(after) < len(place.before):
                yield Mend(start, end, None, {"number": text, "unit": f" {unit}" if unit.isascii() else unit})

    return mends


def currency(place: Place) -> Iterator[Mend]:
    """Amounts that lack the only currency that the process speaks of; where it speaks of several, told."""
    known = place.known.currencies()
    numbers = [one for one in _literals(place, ft.Number) if one[2] != "0"]
    if len(known) == 1 and numbers:
        start, end = place.fault.start, place.fault.end
        text = place.text[start:end]
        for low, high, number in reversed(numbers):
            text = text[: low - start] + f"{number}{known[0]}" + text[high - start :]
        after = place.faults(place.text[:start] + text + place.text[end:])
        if len(after) < len(place.before):
            yield Mend(start, end, text, {"number": numbers[0][2], "unit": known[0]})
    yield from bare_number(known[0].strip() if known else "EUR")(place)


def said_of_element(place: Place) -> Iterator[Mend]:
    """`review = "approved"`: an element compared with the word for one of its facts."""
    for node in _nodes(place):
        match node:
            case ft.Binary("=" | "!=" as op, ft.Name(name), ft.String(word)):
                for fact in facts_called(place, name, word):
                    found = f"{name}.{fact}"
                    yield Mend(
                        node.start, node.end, found if op == "=" else f"not({found})", {"name": name, "fact": fact}
                    )


def items_field(place: Place) -> Iterator[Mend]:
    """A list of records where the values of one of their fields are wanted: the only one that fits."""
    for node in ft.walk(place.tree) if place.tree is not None else ():
        if not isinstance(node, ft.Call) or node.function not in _OF_VALUES or len(node.arguments) != 1:
            continue
        [items] = node.arguments
        fields = place.known.item_fields(place.text[items.start : items.end])
        paths = [f"{place.text[items.start : items.end]}.{field}" for field in fields]
        ends = place.text[: items.start], place.text[items.end :]
        fit = [path for path in paths if len(place.faults(ends[0] + path + ends[1])) < len(place.before)]
        for path in fit if len(fit) == 1 else ():
            yield Mend(items.start, items.end, path, {"expected": fit})
        if paths:
            yield Mend(items.start, items.end, None, {"expected": fit or paths})


_OF_VALUES = tuple(map(ft.Name, ("sum", "min", "max", "mean", "median", "product", "stddev")))


def moment_of(place: Place) -> Iterator[Mend]:
    """An element, or that it is done, where a moment is wanted: when it ended."""
    for node in _nodes(place):
        of = node.of if isinstance(node, ft.Path) else node
        if isinstance(of, ft.Name) and "ended_at" in place.known.facts(of.name):
            yield Mend(node.start, node.end, f"{of.name}.ended_at", {"name": of.name})


def unquoted_name(place: Place) -> Iterator[Mend]:
    """A name that stands in quotes."""
    for start, end, text in _literals(place, ft.String):
        if re.fullmatch(r"[^\W\d]\w*(?:\.\w+)+", text[1:-1]):
            yield Mend(start, end, text[1:-1])


def plain_number(place: Place) -> Iterator[Mend]:
    """A number with a unit where a plain one is wanted."""
    for kind in (ft.Length, ft.Amount):
        for start, end, text in _literals(place, kind):
            yield Mend(start, end, re.sub(r"[^\d.].*", "", text))


def exact_hours(place: Place) -> Iterator[Mend]:
    """Days and weeks where a length is exact, and counts in hours."""
    for start, end, text in _literals(place, ft.Length):
        number, _, unit = text.partition(" ")
        hours = {"day": 24, "week": 168, "天": 24}.get(unit.removesuffix("s"))
        if hours and number.isdigit():
            yield Mend(start, end, f"{int(number) * hours} hours", {"number": str(int(number) * hours)})


def amount_of(place: Place) -> Iterator[Mend]:
    """An amount of money where a number is wanted, both being names."""
    for node in _nodes(place) if not any(isinstance(n, ft.Number | ft.Percent) for n in _nodes(place)) else ():
        if isinstance(node, ft.Path | ft.Name):
            yield Mend(node.start, node.end, f"{place.text[node.start : node.end]}.amount")


def times_unit(place: Place) -> Iterator[Mend]:
    """A number that is a field, where a length of time is wanted: told, and not guessed."""
    text = place.text.strip()
    if not text[:1].isdigit() and not place.faults(f"({text}) * 1 day"):
        yield Mend(0, len(place.text), None, {"text": text})


def condition(place: Place) -> Iterator[Mend]:
    """A value where a condition is wanted, as the whole or beside `and`."""
    for node in _nodes(place) if place.fault.code == "CH304" else ():
        written = place.text[node.start : node.end]
        if isinstance(node, ft.Path) and written == place.written:
            after = place.faults(f"{place.text[: node.start]}({written} != null){place.text[node.end :]}")
            if len(after) < len(place.before):
                yield Mend(node.start, node.end, None, {"text": written})
    if isinstance(place.tree, ft.Path | ft.Name | ft.Call | ft.Binary) and not place.faults(f"({place.text}) != null"):
        yield Mend(0, len(place.text), None, {"text": place.text.strip()})


def whole_date(place: Place) -> Iterator[Mend]:
    """A date that lacks its day, or its month, or the first digits of its year: told, and not guessed."""
    for match in re.finditer(
        r"(?<![\w./-])(?:\d{1,2}/\d{1,2}/\d{2}|\d{4}-\d{1,2}|\d{1,2}/\d{4}|\d{4})(?![\w/.-])", place.text
    ):
        if place.fault.code == "CH304" and re.search(r"\bdate\b", place.message) and touches(place, *match.span()):
            yield Mend(*match.span(), None)


def days_between(place: Place) -> Iterator[Mend]:
    """What lies between two dates, compared with days."""
    written = rf"({X})\s*-\s*({X})\s*([<>]=?)\s*(\d[\d.]*(?: [a-z]+)*)"
    for match in re.finditer(written, place.text):
        one, other, sign, length = match.groups()
        meant = f"{one} {sign} {other} + "
        if not touches(place, *match.span()):
            continue
        if not length.isdigit():
            yield Mend(*match.span(), meant + length)
        elif place.faults(place.text[: match.start()] + meant + "1 hour" + place.text[match.end() :]):
            yield Mend(*match.span(), f"{meant}{length} day{'' if length == '1' else 's'}")  # a date has no hours


def wrapped(function: str, *signs: str) -> Callable[[Place], Iterator[Mend]]:
    """A side of an operator that a conversion makes fit."""

    def mends(place: Place) -> Iterator[Mend]:
        binaries = [node for node in _nodes(place) if isinstance(node, ft.Binary) and node.op in signs]
        for node in binaries if not re.search(r"list|context", place.message) else ():
            for side, other in ((node.left, node.right), (node.right, node.left)):
                compared = node.op in ("=", "!=") and isinstance(other, ft.String)  # the literal is what is wrong
                if not isinstance(side, ft.String) and not (compared and function == "string"):
                    yield Mend(side.start, side.end, f"{function}({place.text[side.start : side.end]})")

    return mends


def _bare(place: Place) -> Iterator[ft.Name]:
    """The names in the fault that nothing is asked of."""
    of = {id(n.of) for n in _nodes(place) if isinstance(n, ft.Path)}
    for node in _nodes(place):
        if isinstance(node, ft.Name) and id(node) not in of:
            yield node


def fact_of(place: Place) -> Iterator[Mend]:
    """An element as a value."""
    for node in _bare(place):
        facts = [fact for fact in ("granted", "done", "reached", "state") if fact in place.known.facts(node.name)]
        for fact in facts:
            yield Mend(node.start, node.end, f"{node.name}.{fact}", {"name": node.name, "fact": facts[0]})
        if facts:
            yield Mend(node.start, node.end, None, {"name": node.name, "fact": facts[0]})


def field_of(place: Place) -> Iterator[Mend]:
    """A record as a value: its only field that fits, or the names of all that do."""
    for node in _bare(place):
        fields = place.known.fields(node.name)
        fitting = []
        for field in fields[:30]:
            after = place.faults(f"{place.text[: node.end]}.{field}{place.text[node.end :]}")
            if len(after) < len(place.before):
                fitting.append(f"{node.name}.{field}")
        for one in fitting if len(fitting) == 1 else ():
            yield Mend(node.start, node.end, one, {"expected": fitting, "name": node.name})
        if len(fitting) != 1 and fields:
            listed = fitting or [f"{node.name}.{field}" for field in fields]
            yield Mend(node.start, node.end, None, {"expected": listed, "name": node.name})


def alternatives(place: Place) -> Iterator[Mend]:
    """`x = "a" or "b"`: the second is compared with nothing."""
    literal = r'(?:"[^"]*"|-?\d[\w.-]*(?: [A-Za-z%]+(?<!or)(?<!and))?)'
    joined = r"(?:\s*(?:,|\|\|?|&&|、|或者?|和)\s*|\s+(?:or|and)\s+)"
    for match in re.finditer(rf"({X})\s*(!?=)\s*({literal}(?:{joined}{literal})+)", place.text):
        values = re.findall(literal, match[3])
        if touches(place, *match.span()):
            inside = f"{match[1]} in ({', '.join(values)})"
            yield Mend(*match.span(), inside if match[2] == "=" else f"not({inside})")
    for match in re.finditer(
        rf"({X})\s*([<>]=?|!?=)\s*({X})\s+(?:or|and)\s+([<>]=?|!?=|(?=[\d\"]))\s*({X})", place.text
    ):
        if touches(place, *match.span(4)) or touches(place, *match.span(5)):
            sign = match[4] or match[2]
            at = match.span(4) if match[4] else match.span(5)
            yield Mend(*at, f"{match[1]} {sign}" + ("" if match[4] else f" {match[5]}"))


def of_list(place: Place) -> Iterator[Mend]:
    """A list compared with one of its items."""
    if "list" not in place.message:
        return
    for node in _nodes(place):
        if isinstance(node, ft.Binary) and node.op in ("=", "!="):
            left, right = (place.text[n.start : n.end] for n in (node.left, node.right))
            if isinstance(node.right, ft.Items):
                found = f"{left} in {right}"
                yield Mend(node.start, node.end, found if node.op == "=" else f"not({found})")
            first = place.message.find("list") < place.message.find(" and ")
            for many, one in ((left, right), (right, left)) if first else ((right, left), (left, right)):
                found = f"list contains({many}, {one})"
                yield Mend(node.start, node.end, found if node.op == "=" else f"not({found})")


def each_of_list(place: Place) -> Iterator[Mend]:
    """A list compared with what is no list: told, because each, some or the sum of its items may be meant."""
    if "list" not in place.message:
        return
    for node in _nodes(place):
        if isinstance(node, ft.Binary):
            for side in (node.left, node.right):
                written = place.text[side.start : side.end]
                after = place.faults(f"{place.text[: side.start]}({written})[1]{place.text[side.end :]}")
                if isinstance(side, ft.Path | ft.Name) and len(after) < len(place.before):
                    yield Mend(side.start, side.end, None, {"list": written})


def swapped(place: Place) -> Iterator[Mend]:
    """A function for another type."""
    for match in re.finditer(r"(?<![\w.])(list contains|contains|count|string length|concatenate)\s*\(", place.text):
        if match.end() <= place.fault.start or touches(place, *match.span(1)):
            for one in {
                "contains": ("list contains",),
                "list contains": ("contains",),
                "count": ("string length",),
            }.get(match[1], ("count",)):
                yield Mend(*match.span(1), one)


def signature(place: Place) -> Iterator[Mend]:
    """How a function is called, where its arguments are wrong."""
    for node in ft.walk(place.tree) if place.tree is not None else ():
        function = node.function if isinstance(node, ft.Call | ft.NamedCall) else None
        around = node.start <= place.fault.start and place.fault.end <= node.end
        if around and isinstance(function, ft.Name) and re.search(r" takes | needs |parameter", place.message):
            shown = [
                f"{row.name}({', '.join(p.name for p in row.parameters)})" for row in load().get(function.name, ())
            ]
            if shown:
                yield Mend(place.fault.start, place.fault.end, None, {"expected": list(dict.fromkeys(shown))[:3]})


def of_items(place: Place) -> Iterator[Mend]:
    """A field of what a record's own field holds."""
    of = re.search(r"(?<![\w.])([^\W\d]\w*)\.$", place.text[: place.fault.start])
    if of is None or place.near is not None:
        return
    paths = [f"{of[1]}.{field}.{place.written}" for field in place.known.nested(of[1], place.written)]
    for path in paths if len(paths) == 1 else ():
        yield Mend(of.start(1), place.fault.end, path, {"expected": paths})
    if paths:
        yield Mend(of.start(1), place.fault.end, None, {"expected": paths})


def elsewhere(place: Place) -> Iterator[Mend]:
    """A field of another record."""
    of = re.search(r"(?<![\w.])([^\W\d]\w*)\.$", place.text[: place.fault.start])
    if of is None or place.alone or (place.near is not None and place.known.fields(of[1])):
        return
    paths = [f"{record}.{place.written}" for record in place.known.owners(place.written) if record != of[1]]
    if len(paths) == 1:
        yield Mend(of.start(1), place.fault.end, paths[0], {"expected": paths})
    elif paths:
        yield Mend(of.start(1), place.fault.end, None, {"expected": paths})


_ELSE = frozenset({"else", "otherwise", "other", "others", "rest", "default", "anything", "everything"}) | {
    *("其他", "其它", "其余", "其餘", "否则", "否則", "默认", "其他情况")
}


def everything_else(place: Place) -> Iterator[Mend]:
    """A word for whatever the other rows leave, in a cell that tests its input."""
    word = place.text.strip().strip('"').lower()
    values = {value.casefold() for value in place.known.values()}
    if place.unary and place.alone and word in _ELSE and word not in values:
        yield Mend(0, len(place.text), "-")


def fields_of(place: Place) -> Iterator[Mend]:
    """A field that there is nowhere: told with those that there are."""
    of = re.search(r"(?<![\w.])([^\W\d]\w*)\.$", place.text[: place.fault.start])
    fields = place.known.fields(of[1]) if of is not None and place.near is None else []
    if 0 < len(fields) <= 12:
        yield Mend(place.fault.start, place.fault.end, None, {"expected": fields, "name": of[1]})  # type: ignore[index]


def bare_cell(place: Place) -> Iterator[Mend]:
    """Words without quotes that are all there is in a cell: a text, or several where the cell tests its input."""
    written = place.text.strip()
    apart = r"\s*[,;、，；|/]\s*|\s+(?:or|或)\s+"
    listed = re.split(apart, written) if place.unary else [written]
    if not place.alone or any(one.lower() in KEYWORDS or not re.fullmatch(_WORDS, one) for one in listed):
        return
    values = {value.casefold(): value for value in place.known.values()}
    found = []
    for one in listed:
        near = get_close_matches(one.casefold(), values, 1, 0.75)
        if not near and place.near and SequenceMatcher(None, one, place.near).ratio() > 0.7:
            return  # an input, misspelt
        found.append(values[near[0]] if near else one)
    yield Mend(0, len(place.text), ", ".join(map(as_text, found)))


_WORDS = r"[^\W\d](?:[\w '-]|\.(?!\w))*"

"""What can be proved of a decision table without running it: gaps, overlaps, rules that can never decide.

Each column is cut into regions, the finest pieces that its tests tell apart: single numbers and the gaps between
them, each text that is named and "any other", true and false. A table is then a set of boxes over regions, and every
finding comes with a concrete example input. A test that the analysis cannot take apart (it names other data, or
calls a function) makes its rule `undecided`: no finding is claimed that such a rule could refute. The search is
bounded; `complete` says whether it saw everything. (DMN 1.5, 8.2.10; Vanthienen's verification of decision tables.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from charter.engine.decisions import model as m
from charter.engine.decisions.columns import parts_of
from charter.engine.feel import parse, types as y
from charter.engine.feel.conversion import text_of
from charter.engine.feel.printer import quoted

BUDGET = 200_000  # search steps for one table
MOST_FINDINGS = 20  # of one kind

Kind = Literal["number", "integer", "string", "boolean", "any"]
Example = tuple[Any, ...]


class Finding(Struct, frozen=True):
    """One defect. `rules` are numbered from 0; `example` has one value a column, None where any value will do."""

    kind: Literal["gap", "overlap", "conflict", "masked", "subsumed", "empty"]
    rules: tuple[int, ...]
    example: Example | None

    def shown(self, inputs: Iterable[str]) -> str:
        """Writes the example over the texts of the inputs, `impact = "high", urgency = 3`; `-` where any will do."""
        pairs = zip(inputs, self.example or (), strict=False)
        said = [f"{name} = {quoted(v) if isinstance(v, str) else text_of(v)}" for name, v in pairs if v is not None]
        return ", ".join(said) or "-"


class Analysis(Struct, frozen=True):
    findings: tuple[Finding, ...]
    undecided: tuple[int, ...]
    complete: bool


class _Region(Struct, frozen=True):
    example: Any
    rules: int


class _Exhausted(Exception):
    pass


class _Search:
    def __init__(self, columns: list[list[_Region]]) -> None:
        self.columns = columns
        self.left = BUDGET

    def uncovered(self, box: Sequence[Sequence[_Region]], rules: int) -> Iterator[Example]:
        """Yields examples in a box of regions that none of the rules covers."""
        seen: set[tuple[int, int]] = set()

        def walk(column: int, live: int, chosen: tuple[Any, ...]) -> Iterator[Example]:
            self.left -= 1
            if self.left < 0:
                raise _Exhausted
            if not live:
                yield chosen + (None,) * (len(box) - column)
                return
            if column == len(box) or (column, live) in seen:
                return
            seen.add((column, live))
            for region in box[column]:
                yield from walk(column + 1, live & region.rules, (*chosen, region.example))

        return walk(0, rules, ())


def analyse(table: m.Table, kinds: Sequence[Kind] | None = None) -> Analysis:
    """Finds the defects of a table; `kinds` say what the inputs are, by column, where that is known."""
    rules = range(len(table.rules))
    every = (1 << len(table.rules)) - 1
    undecided = 0
    columns: list[list[_Region]] = []
    for index, clause in enumerate(table.inputs):
        cells = [_parts(rule.tests[index] if index < len(rule.tests) else "-") for rule in table.rules]
        undecided |= sum(1 << rule for rule, cell in enumerate(cells) if cell is None)
        kind = kinds[index] if kinds is not None else kind_of(y.NAMED.get(clause.type or "", y.ANY))
        columns.append(_regions(cells, kind, _parts(clause.allowed) if clause.allowed else []))
    search = _Search(columns)
    findings: list[Finding] = []
    complete = True
    for look in (_empty, _gaps, _overlaps, _masked):
        try:
            findings += look(table, columns, search, every, undecided, rules)
        except _Exhausted:
            complete = False
    return Analysis(tuple(findings), tuple(rule for rule in rules if undecided >> rule & 1), complete)


def _parts(text: str) -> list[Any] | None:
    tree = parse(text, dialect="dmn", kind="unary").tree
    return None if tree is None else parts_of(tree)


_KINDS: Mapping[y.Type, Kind] = {y.NUMBER: "number", y.STRING: "string", y.BOOLEAN: "boolean"}


def kind_of(type_: y.Type) -> Kind:
    """Gives what a column of a type is cut into."""
    return _KINDS.get(type_, "any")


def _regions(cells: list[list[Any] | None], kind: Kind, allowed: list[Any] | None) -> list[_Region]:
    """Cuts a column into regions; those that the allowed values exclude are left out."""
    mentioned = [part for cell in (*cells, allowed) if cell for part in cell]
    points = sorted(
        {end for p in mentioned if isinstance(p, tuple) for end in (p[0], p[2]) if end is not None}
        | {p for p in mentioned if isinstance(p, Decimal)}
    )
    texts = sorted({p for p in mentioned if isinstance(p, str)})
    examples: list[Any] = []
    if kind in ("number", "integer") or (kind == "any" and points):
        examples += _numbers(points, whole=kind == "integer")
    if kind == "string" or (kind == "any" and texts):
        examples += [*texts, _other(texts)]
    if kind == "boolean" or (kind == "any" and any(isinstance(p, bool) for p in mentioned)):
        examples += [True, False]
    if not examples:
        examples = [None]
    found: dict[int, _Region] = {}
    for example in examples:
        if allowed and not _meets(example, allowed):
            continue
        mask = sum(1 << rule for rule, cell in enumerate(cells) if cell is None or _meets(example, cell))
        # Regions that the same rules cover are one, as far as the search can tell.
        found.setdefault(mask, _Region(example, mask))
    return list(found.values())


def _numbers(points: list[Decimal], *, whole: bool) -> list[Any]:
    if not points:
        return [Decimal(0)]
    found: list[Any] = [_floor(points[0]) - 1]
    for low, high in zip(points, [*points[1:], None], strict=True):
        found.append(low)
        if high is None or _floor(low) + 1 < high:
            found.append(_floor(low) + 1)
        elif not whole:
            found.append((low + high) / 2)
    return [n for n in found if not whole or n == n.to_integral_value()]


def _floor(number: Decimal) -> Decimal:
    return number.to_integral_value(rounding="ROUND_FLOOR")


def _other(texts: list[str]) -> str:
    name = "other"
    while name in texts:
        name += "…"
    return name


def _meets(value: Any, cell: list[Any]) -> bool:
    """Says whether a value meets a cell taken apart: any of its parts, or everything where it has none."""
    return not cell or any(_within(value, part) for part in cell)


def _within(value: Any, part: Any) -> bool:
    if not isinstance(part, tuple):
        return type(value) is type(part) and bool(value == part)
    if not isinstance(value, Decimal):
        return False
    low, low_in, high, high_in = part
    above = low is None or value > low or (low_in and value == low)
    return above and (high is None or value < high or (high_in and value == high))


def _box(columns: list[list[_Region]], rule: int) -> list[list[_Region]]:
    return [[region for region in column if region.rules >> rule & 1] for column in columns]


def _empty(
    table: m.Table, columns: list[list[_Region]], search: _Search, every: int, undecided: int, rules: range
) -> Iterator[Finding]:
    """Rules one of whose tests nothing allowed can meet."""
    for rule in rules:
        if not all(_box(columns, rule)):
            yield Finding("empty", (rule,), None)


def _gaps(
    table: m.Table, columns: list[list[_Region]], search: _Search, every: int, undecided: int, rules: range
) -> Iterator[Finding]:
    if all(output.default is not None for output in table.outputs) and table.outputs:
        return
    for number, example in enumerate(search.uncovered(columns, every)):
        if number == MOST_FINDINGS:
            return
        yield Finding("gap", (), example)


def _overlaps(
    table: m.Table, columns: list[list[_Region]], search: _Search, every: int, undecided: int, rules: range
) -> Iterator[Finding]:
    """Pairs of rules that hold together where at most one may (unique), or with different outputs (any)."""
    if table.hit_policy not in ("UNIQUE", "ANY"):
        return
    count = 0
    for rule in rules:
        if undecided >> rule & 1:
            continue
        box = _box(columns, rule)
        together = every & ~undecided & ~((2 << rule) - 1)
        for column in box:
            met = 0
            for region in column:
                met |= region.rules
            together &= met
        for other in (r for r in rules[rule + 1 :] if together >> r & 1):
            agree = table.rules[rule].outputs == table.rules[other].outputs
            if table.hit_policy == "ANY" and agree:
                continue
            example = tuple(next(r.example for r in column if r.rules >> other & 1) for column in box)
            yield Finding("overlap" if table.hit_policy == "UNIQUE" else "conflict", (rule, other), example)
            count += 1
            if count == MOST_FINDINGS:
                return


def _masked(
    table: m.Table, columns: list[list[_Region]], search: _Search, every: int, undecided: int, rules: range
) -> Iterator[Finding]:
    """Rules that can never decide (first), or that add nothing to one that says the same (subsumed)."""
    for rule in rules:
        box = _box(columns, rule)
        if undecided >> rule & 1 or not all(box):
            continue
        earlier = ((1 << rule) - 1) & ~undecided
        if table.hit_policy == "FIRST" and earlier and next(search.uncovered(box, earlier), None) is None:
            covering = tuple(r for r in rules[:rule] if earlier >> r & 1 and all(_meet(c, r) for c in box))
            yield Finding("masked", (rule, *covering), tuple(column[0].example for column in box))
            continue
        if table.hit_policy in ("UNIQUE", "COLLECT", "RULE ORDER"):
            continue
        for other in rules:
            if other == rule or undecided >> other & 1 or table.rules[other].outputs != table.rules[rule].outputs:
                continue
            inside = all(region.rules >> other & 1 for column in box for region in column)
            between = range(min(rule, other) + 1, max(rule, other))
            apart = table.hit_policy != "FIRST" or not any(all(_meet(c, r) for c in box) for r in between)
            if inside and apart and (other > rule or not _same(columns, rule, other)):
                yield Finding("subsumed", (rule, other), tuple(column[0].example for column in box))
                break


def _meet(column: list[_Region], rule: int) -> bool:
    return any(region.rules >> rule & 1 for region in column)


def _same(columns: list[list[_Region]], rule: int, other: int) -> bool:
    return all((region.rules >> rule & 1) == (region.rules >> other & 1) for column in columns for region in column)

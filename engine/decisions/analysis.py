"""What can be proved of a decision table without running it: gaps, overlaps, rules that can never decide.

Each column is cut into regions, the finest pieces that its tests tell apart: single numbers and the gaps between
them, each text that is named and any other, true and false, and what is not known (null). A table is then a set of
boxes over regions, and every finding comes with a concrete example input. Which rules a region meets is asked of the
index that evaluation asks (`columns`), so the two cannot disagree. A test that cannot be taken apart (it names other
data, or calls a function) makes its rule `undecided`: no finding is claimed that such a rule could refute.

That nothing is known of an input takes part in every proof of what a rule adds; a gap there is told only where the
table speaks of null in this column or its author is known to leave the input open. The search is bounded; `complete`
says whether it saw everything. (DMN 1.5, 8.2.10; Vanthienen's verification of decision tables.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import reduce
from itertools import accumulate
from operator import and_
from typing import Any, Literal

from msgspec import Struct, field

from charter.engine.decisions import model as m
from charter.engine.decisions.columns import Cell, Index, Span, taken_apart
from charter.engine.feel import parse, types as y
from charter.engine.feel.conversion import text_of
from charter.engine.feel.printer import quoted

BUDGET = 200_000  # search steps for one kind of finding
MOST_FINDINGS = 20  # of one kind

Kind = Literal["number", "integer", "string", "boolean", "any"]
# Whether an input may be null: it never is, it may be, or it is left open on purpose.
Open = Literal["never", "perhaps", "open"]
Example = tuple[Any, ...]


class _Unknown:
    """Stands in an example for an input of which nothing is known."""


UNKNOWN: Any = _Unknown()


class Finding(Struct, frozen=True):
    """One defect. `rules` are numbered from 0; `example` has one value a column, None where any value will do."""

    kind: Literal["gap", "overlap", "conflict", "masked", "subsumed", "empty"]
    rules: tuple[int, ...]
    example: Example | None

    def shown(self, inputs: Iterable[str]) -> str:
        """Writes the example over the texts of the inputs, `impact = "high", urgency = 3`; `-` where any will do."""
        pairs = zip(inputs, self.example or (), strict=False)
        return ", ".join(f"{name} = {_shown(value)}" for name, value in pairs if value is not None) or "-"


def _shown(value: Any) -> str:
    return "null" if value is UNKNOWN else quoted(value) if isinstance(value, str) else text_of(value)


class Analysis(Struct, frozen=True):
    findings: tuple[Finding, ...]
    undecided: tuple[int, ...]
    complete: bool


class _Region(Struct, frozen=True):
    """A piece of a column: a value in it, the rules that it meets, whether a gap in it is one."""

    example: Any
    rules: int
    told: bool = True


class _Column(Struct):
    """A column's regions, and for each different cell those that meet it; `texts` are the cells, one a rule."""

    regions: list[_Region]
    texts: list[str]
    boxes: dict[str, tuple[list[_Region], int, int]] = field(default_factory=dict)

    def box(self, rule: int) -> tuple[list[_Region], int, int]:
        """Gives the regions of a rule, the rules that meet one of them, and those that meet all."""
        found = self.boxes.get(self.texts[rule])
        if found is None:
            regions = [region for region in self.regions if region.rules >> rule & 1]
            some, every = 0, -1
            for region in regions:
                some |= region.rules
                every &= region.rules
            found = self.boxes[self.texts[rule]] = (regions, some, every)
        return found


class _Exhausted(Exception):
    pass


class _Search:
    """A table over regions: what the looks below ask, and the steps that they may still take."""

    def __init__(self, table: m.Table, columns: list[_Column], undecided: int) -> None:
        self.table = table
        self.columns = columns
        self.rules = range(len(table.rules))
        self.every = (1 << len(table.rules)) - 1
        self.undecided = undecided
        self.left = BUDGET

    def box(self, rule: int) -> list[list[_Region]]:
        return [column.box(rule)[0] for column in self.columns]

    def meeting(self, rule: int) -> int:
        """Gives the rules that may hold together with a rule."""
        found = self.every
        for column in self.columns:
            found &= column.box(rule)[1]
        return found

    def around(self, rule: int) -> int:
        """Gives the rules that hold wherever a rule does, itself among them."""
        return reduce(and_, self.whole(rule), self.every)

    def whole(self, rule: int) -> Iterator[int]:
        """Yields for each column the rules that hold wherever a rule does."""
        return (column.box(rule)[2] for column in self.columns)

    def saying(self) -> Mapping[tuple[str, ...], int]:
        """Gives the rules of each conclusion."""
        found: dict[tuple[str, ...], int] = {}
        for rule in self.rules:
            outputs = self.table.rules[rule].outputs
            found[outputs] = found.get(outputs, 0) | 1 << rule
        return found

    def uncovered(self, box: Sequence[Sequence[_Region]], whole: Iterable[int], rules: int) -> Iterator[Example]:
        """Yields examples in a box of regions that none of the rules covers; `whole`: who covers a column of it all."""
        seen: set[tuple[int, int]] = set()
        # From each column on: the rules that no region of it or of those behind it rules out.
        free = [*accumulate(reversed([*whole]), and_, initial=rules)][::-1]

        def walk(column: int, live: int, chosen: tuple[Any, ...]) -> Iterator[Example]:
            self.spend(1)
            if not live:
                yield chosen + (None,) * (len(box) - column)
                return
            if live & free[column] or (column, live) in seen:
                return
            seen.add((column, live))
            for region in box[column]:
                yield from walk(column + 1, live & region.rules, (*chosen, region.example))

        return walk(0, rules, ())

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise _Exhausted


def analyse(table: m.Table, kinds: Sequence[Kind] | None = None, opens: Sequence[Open] | None = None) -> Analysis:
    """Finds the defects of a table; `kinds` say what the inputs are, by column, where that is known.

    `opens` says of each column whether its input may be null; without it each may that is allowed to.
    """
    undecided = 0
    columns: list[_Column] = []
    for number, clause in enumerate(table.inputs):
        texts = [rule.tests[number] if number < len(rule.tests) else "-" for rule in table.rules]
        apart = {text: _apart(text) for text in dict.fromkeys(texts)}
        cells = [apart[text] for text in texts]
        index = Index(cells)
        undecided |= index.other
        kind = kinds[number] if kinds is not None else kind_of(y.NAMED.get(clause.type or "", y.ANY))
        allowed = _apart(clause.allowed) if clause.allowed else None
        mentioned = [part for cell in (*apart.values(), allowed) if cell is not None for part in cell.parts]
        open_ = opens[number] if opens is not None else "never" if allowed and None not in allowed.parts else "perhaps"
        regions = _regions(index, mentioned, kind, allowed, open_)
        columns.append(_Column(regions, texts))
    search = _Search(table, columns, undecided)
    findings: list[Finding] = []
    complete = True
    for look in (_empty, _gaps, _overlaps, _masked):
        search.left = BUDGET
        try:
            findings.extend(look(search))
        except _Exhausted:
            complete = False
    return Analysis(tuple(findings), tuple(_bits(undecided)), complete)


def _apart(text: str) -> Cell | None:
    tree = parse(text, dialect="dmn", kind="unary").tree
    return None if tree is None else taken_apart(tree)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


_KINDS: Mapping[y.Type, Kind] = {y.NUMBER: "number", y.STRING: "string", y.BOOLEAN: "boolean"}


def kind_of(type_: y.Type) -> Kind:
    """Gives what a column of a type is cut into."""
    return _KINDS.get(type_, "any")


def _regions(index: Index, mentioned: list[Any], kind: Kind, allowed: Cell | None, open_: Open) -> list[_Region]:
    """Cuts a column into regions; those that the allowed values exclude are left out."""
    points = sorted(
        {end for p in mentioned if isinstance(p, Span) for end in (p.low, p.high) if end is not None}
        | {p for p in mentioned if isinstance(p, Decimal)}
    )
    texts = sorted({p for p in mentioned if isinstance(p, str)})
    examples: list[Any] = []
    if kind in ("number", "integer") or (kind == "any" and points):
        examples += numbers(points, whole=kind == "integer")
    if kind == "string" or (kind == "any" and texts):
        examples += [*texts, _other(texts)]
    if kind == "boolean" or (kind == "any" and any(isinstance(p, bool) for p in mentioned)):
        examples += [True, False]
    limits = None if allowed is None or not allowed.parts else Index([allowed])
    found: dict[int, _Region] = {}
    for example in examples:
        if limits is None or limits.sure(example):
            mask = index.sure(example) | index.other
            # Regions that the same rules cover are one, as far as the search can tell.
            found.setdefault(mask, _Region(example, mask))
    if not examples:
        found[index.always | index.other] = _Region(None, index.always | index.other)
    null = index.sure(None) | index.other
    if open_ != "never":
        found.setdefault(null, _Region(UNKNOWN, null, open_ == "open" or None in mentioned))
    return list(found.values())


def numbers(points: list[Decimal], *, whole: bool) -> list[Any]:
    """Gives the finest pieces of the numbers that some points tell apart: the points, and one of each piece between."""
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
    """Gives a text that is none of these, in no language."""
    name = "…"
    while name in texts:
        name += "…"
    return name


# -- what is looked for


def _empty(search: _Search) -> Iterator[Finding]:
    """Rules one of whose tests nothing allowed can meet."""
    return (Finding("empty", (rule,), None) for rule in search.rules if not all(search.box(rule)))


def _gaps(search: _Search) -> Iterator[Finding]:
    outputs = search.table.outputs
    if outputs and all(output.default is not None for output in outputs):
        return
    told = [[region for region in column.regions if region.told] for column in search.columns]
    whole = [reduce(and_, (region.rules for region in column), search.every) for column in told]
    for number, example in enumerate(search.uncovered(told, whole, search.every)):
        if number == MOST_FINDINGS:
            return
        yield Finding("gap", (), example)


def _overlaps(search: _Search) -> Iterator[Finding]:
    """Pairs of rules that hold together where at most one may (unique), or with different outputs (any)."""
    table = search.table
    if table.hit_policy not in ("UNIQUE", "ANY"):
        return
    saying = search.saying()
    count = 0
    for rule in search.rules:
        if search.undecided >> rule & 1:
            continue
        search.spend(len(search.columns))
        together = search.meeting(rule) & ~search.undecided & ~((2 << rule) - 1)
        if table.hit_policy == "ANY":
            together &= ~saying[table.rules[rule].outputs]
        for other in _bits(together):
            example = tuple(next(r.example for r in column if r.rules >> other & 1) for column in search.box(rule))
            yield Finding("overlap" if table.hit_policy == "UNIQUE" else "conflict", (rule, other), example)
            count += 1
            if count == MOST_FINDINGS:
                return


def _masked(search: _Search) -> Iterator[Finding]:
    """Rules that can never decide (first), or that add nothing to one that says the same (subsumed)."""
    table = search.table
    first = table.hit_policy == "FIRST"
    saying = search.saying()
    for rule in search.rules:
        box = search.box(rule)
        if search.undecided >> rule & 1 or not all(box):
            continue
        search.spend(len(box))
        earlier = ((1 << rule) - 1) & ~search.undecided
        if first and earlier and next(search.uncovered(box, search.whole(rule), earlier), None) is None:
            covering = tuple(_bits(earlier & search.meeting(rule)))
            yield Finding("masked", (rule, *covering), tuple(column[0].example for column in box))
            continue
        if table.hit_policy in ("UNIQUE", "COLLECT", "RULE ORDER"):
            continue
        around = search.around(rule) & ~search.undecided & ~(1 << rule) & saying[table.rules[rule].outputs]
        meeting = search.meeting(rule) if first else 0
        for other in _bits(around):
            search.spend(1)
            between = ((1 << max(rule, other)) - 1) & ~((2 << min(rule, other)) - 1)
            if not meeting & between and (other > rule or not search.around(other) >> rule & 1):
                yield Finding("subsumed", (rule, other), tuple(column[0].example for column in box))
                break

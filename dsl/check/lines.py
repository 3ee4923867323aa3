"""The lines that elements are made of: a row for each, which says everything but how it is spelled.

Which elements may have it and how often, which names and expressions it holds, by which word a refusal points at it and
what becomes of it. Where a line stands is checked here; its names are checked by `references.py`, its expressions by
`typecheck.py`, and `lower.py` builds what several lines make together. How a line is read and written is the grammar's,
`from_parse.py`'s and `phrases.py`'s. Invariant: each line that the grammar lets an element have has its row here and
changes the definition (`tests/unit/test_lines.py` walks them).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from charter.dsl.check import asks, events, offers, references, registers, works
from charter.dsl.check.asks import LIST, MOMENT, Asks, each, wants
from charter.dsl.check.expressions import feel_text
from charter.dsl.check.findings import Findings
from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.diagnostic import Fix
from charter.dsl.text import tree as t
from charter.dsl.text.words import spelled
from charter.engine.feel import types as y

ANY = frozenset({"phase", "activity", "approval", "milestone"})
PHASE, ACTIVITY, APPROVAL = frozenset({"phase"}), frozenset({"activity"}), frozenset({"approval"})
WORK = ACTIVITY | APPROVAL

Names = Callable[[Any, Part, ProcessScope, Findings], None]
Fields = Callable[[Any], Mapping[str, Any]]


class LineSpec(Struct, frozen=True):
    """What the language says of a line.

    `word`: what messages call it, as an author writes it. `kinds`: the elements that may have it. `many`: whether one
    may have several of this word. `needs`: a line that must stand beside it, and that line's word. `subject`: what
    follows the element's name where a refusal points at the line; without it, the word. `names` checks the names in it,
    `asks` says what it wants of its expressions. `becomes`: the fields of the element that the line is by itself;
    without it, `lower.py` builds something of the line and its neighbours.
    """

    word: str
    kinds: frozenset[str]
    subject: str = ""
    many: bool = False
    needs: tuple[type, str] | None = None
    names: Names = references.none
    asks: Asks = asks.nothing
    becomes: Fields | None = None


def _expression(field: str) -> Fields:
    return lambda line: {field: feel_text(line.expr)}


def _people(field: str) -> Fields:
    return lambda line: {field: tuple(role.text for role in line.roles)}


# What tells the rows of a class of line apart; every other class has one row.
_VARIANTS: Mapping[type, tuple[str, ...]] = {
    t.When: ("kind",),
    t.Raci: ("kind",),
    t.Measure: ("kind",),
    t.On: ("event", "action"),
    t.Duty: ("same",),
    t.Flag: ("kind",),
    t.Wait: ("kind",),
    t.Ends: ("kind",),
    t.Happens: ("kind",),
}

LINES: Mapping[tuple[Any, ...], LineSpec] = {
    (t.Source,): LineSpec("source", ANY, many=True),
    (t.Input,): LineSpec("input", ANY, many=True, names=references.input),
    (t.Output,): LineSpec("output", ACTIVITY, many=True, names=references.output),
    (t.After,): LineSpec("after", ANY, many=True, names=references.after),
    (t.Alongside,): LineSpec("alongside", PHASE, names=references.after),
    (t.When, "when"): LineSpec("when", ANY - PHASE, asks=wants(y.BOOLEAN), becomes=_expression("when")),
    (t.When, "enter"): LineSpec("enter when", PHASE, "when", asks=wants(y.BOOLEAN), becomes=_expression("when")),
    (t.When, "exit"): LineSpec("exit when", PHASE, "exit", asks=wants(y.BOOLEAN), becomes=_expression("exit")),
    (t.Offered,): LineSpec(
        "offered while",
        WORK,
        "offered",
        names=references.offered,
        asks=wants(y.BOOLEAN),
        becomes=_expression("offered"),
    ),
    (t.Raci, "role"): LineSpec("role", ACTIVITY, names=references.roles, becomes=_people("roles")),
    (t.Raci, "accountable"): LineSpec("accountable", ANY, names=references.roles, becomes=_people("accountable")),
    (t.Raci, "consulted"): LineSpec("consulted", ANY, names=references.roles, becomes=_people("consulted")),
    (t.Raci, "informed"): LineSpec("informed", ANY, names=references.roles, becomes=_people("informed")),
    (t.Assign,): LineSpec(
        "assign",
        ACTIVITY,
        asks=wants(y.STRING),
        becomes=lambda line: {"assign": feel_text(line.expr), "assign_mode": line.mode},
    ),
    (t.Measure, "within"): LineSpec("within", ANY, asks=wants(y.SPAN), becomes=_expression("within")),
    (t.Measure, "due"): LineSpec("due", ANY, asks=wants(MOMENT), becomes=_expression("due")),
    (t.Measure, "takes"): LineSpec("takes", ANY, asks=wants(y.SPAN), becomes=_expression("takes")),
    (t.Measure, "costs"): LineSpec("costs", ANY, asks=wants(y.MONEY), becomes=_expression("costs")),
    (t.OnCalendar,): LineSpec(
        "on calendar", ANY, names=references.on_calendar, becomes=lambda line: {"calendar": line.calendar.text}
    ),
    (t.Of,): LineSpec("of", APPROVAL, names=references.of),
    (t.By,): LineSpec("by", APPROVAL, names=references.by, asks=asks.stages),
    (t.Veto,): LineSpec("veto", APPROVAL, needs=(t.By, "by"), names=references.veto),
    (t.Criteria,): LineSpec("criteria", APPROVAL, asks=wants(y.BOOLEAN)),
    (t.On, "reject", "return"): LineSpec("on reject", APPROVAL, "return", names=references.on),
    (t.On, "reject", "cancel"): LineSpec("on reject", APPROVAL),
    (t.On, "return", "return"): LineSpec("on return", APPROVAL, "return", names=references.on),
    (t.On, "rejects", "escalate"): LineSpec("on rejects", APPROVAL, names=references.on),
    (t.OnOverdue,): LineSpec("on overdue", PHASE | WORK, many=True, names=events.when_late, asks=asks.given),
    (t.Remind,): LineSpec("remind", PHASE | WORK, many=True, names=events.remind, asks=wants(y.SPAN, "ahead")),
    **{
        (t.Ends, kind): LineSpec(word, PHASE | WORK, many=True, names=events.ends, asks=wanted)
        for kind, word, wanted in (
            ("after", "ends after", wants(y.SPAN)),
            ("when", "ends when", wants(y.BOOLEAN)),
            ("signal", "ends on", asks.nothing),
        )
    },
    **{
        (t.Happens, kind): LineSpec(word, PHASE | WORK, many=True, names=events.happens, asks=each(wanted, asks.given))
        for kind, word, wanted in (
            ("after", "at", wants(y.SPAN)),
            ("when", "once", wants(y.BOOLEAN)),
            ("signal", "on signal", asks.nothing),
        )
    },
    (t.Duty, False): LineSpec("separate from", WORK, "separate", many=True, names=references.duty),
    (t.Duty, True): LineSpec("same as", WORK, "same", many=True, names=references.duty),
    (t.Flag, "never_skipped"): LineSpec(
        "never skipped", PHASE | WORK, "never", becomes=lambda line: {"never_skipped": True}
    ),
    (t.Flag, "otherwise_passes"): LineSpec("otherwise passes", APPROVAL, needs=(t.When, "when")),
    (t.Flag, "same_person"): LineSpec("same person allowed", APPROVAL, needs=(t.By, "by")),
    (t.ForEach,): LineSpec(
        "for each", PHASE | WORK, "for", names=references.for_each, asks=wants(LIST, "items", outer=True)
    ),
    (t.DoneWhen,): LineSpec(
        "done when",
        PHASE | WORK,
        needs=(t.ForEach, "for each"),
        names=references.done_when,
        asks=wants(y.NUMBER, "enough", outer=True),
    ),
    (t.CloseWhen,): LineSpec(
        "close when",
        PHASE | WORK,
        needs=(t.ForEach, "for each"),
        names=references.close_when,
        asks=wants(y.BOOLEAN, outer=True),
    ),
    (t.Offers,): LineSpec("offers", ACTIVITY, many=True, names=offers.offers, asks=wants(LIST)),
    (t.ReopenWithin,): LineSpec(
        "reopen within", ANY, "reopen", asks=wants(y.SPAN), becomes=lambda line: {"reopening": feel_text(line.expr)}
    ),
    (t.Repeat,): LineSpec(
        "repeat",
        PHASE | ACTIVITY,
        asks=each(
            wants(y.BOOLEAN, "until", "repeat until"),
            wants(y.SPAN, "every", "repeat every"),
            wants(y.BOOLEAN, "while_", "while"),
        ),
    ),
    **{
        (t.Flag, f"missed_{how}"): LineSpec(
            "missed", PHASE | ACTIVITY, "repeat", needs=(t.Repeat, "repeat every"), names=references.missed
        )
        for how in ("once", "each", "none")
    },
    (t.Checklist,): LineSpec("checklist", ACTIVITY, names=references.checklist, asks=asks.points),
    (t.Work,): LineSpec("call", ACTIVITY, names=works.work, asks=asks.arguments),
    (t.Files,): LineSpec("files", ACTIVITY, many=True, names=registers.files, asks=registers.asks),
    (t.Wait, "signal"): LineSpec("wait", ACTIVITY),
    (t.Wait, "until"): LineSpec("wait", ACTIVITY, asks=wants(MOMENT, word="wait until")),
    (t.Wait, "pause"): LineSpec("wait", ACTIVITY, asks=wants(y.SPAN)),
    (t.Retry,): LineSpec("retry", ACTIVITY, needs=(t.Work, "call"), asks=wants(y.SPAN, "over")),
}


def spec_of(line: t.Line) -> LineSpec:
    """Gives the row of an element's line; every line that an element can have has one."""
    kind = type(line)
    return LINES[kind, *(getattr(line, field) for field in _VARIANTS.get(kind, ()))]


def check_lines(scope: ProcessScope, findings: Findings) -> None:
    """Reports misplaced lines and unknown names in the lines of a process."""
    references.check_header(scope, findings)
    for part in scope.elements.values():
        for line in part.every_line() if _placement(part, findings) else ():
            spec_of(line).names(line, part, scope, findings)
    for _, ordering in scope.orders:
        references.check_ordering(ordering, scope, findings)
    for separation, file in scope.separations:
        references.check_separation(separation, file, scope, findings)


def homes(word: str) -> tuple[str, ...]:
    """The elements that may have a line of this word."""
    kinds = {kind for spec in LINES.values() if spec.word == word for kind in spec.kinds}
    return tuple(kind for kind in ("phase", "activity", "approval", "milestone") if kind in kinds)


def _home(spec: LineSpec, part: Part) -> dict[str, Any]:
    """Where a line belongs that an element cannot have, for the help that is given."""
    if spec.word == "assign" and part.kind == "approval":
        return {"hint": "assign_approval"}
    return {"hint": "home", "homes": homes(spec.word)}


# What another element calls the same.
_TWINS: Mapping[tuple[str, str], str] = {
    ("when", "phase"): "ENTER_WHEN",
    ("enter when", "activity"): "WHEN",
    ("enter when", "approval"): "WHEN",
    ("by", "activity"): "DONE_BY",
    ("role", "approval"): "BY",
    ("of", "activity"): "INPUT",
}


def _misplaced(line: t.Line, spec: LineSpec, part: Part, findings: Findings) -> None:
    """Reports a line that an element cannot have; the condition of a phase is that for entering it."""
    twin = _TWINS.get((spec.word, part.kind))
    shown = {"hint": "enter_when"} if twin == "ENTER_WHEN" else _home(spec, part)
    fix = None
    if twin is not None and (begin := _first(line)) is not None:
        meant = spelled(twin, findings.language)
        fix = Fix.at((line.span[0], begin), f"{meant} ")
        shown |= {} if twin == "ENTER_WHEN" else {"guess": meant}
    findings.add("CH214", line.span, fix=fix, word=spec.word, kind=part.kind, **shown)


def _first(line: t.Line) -> int | None:
    """Where what follows a line's keyword begins."""
    match line:
        case t.When():
            return line.expr.span[0]
        case t.Raci():
            return line.roles[0].span[0]
        case t.By() if isinstance(line.stages[0], t.Stage) and line.stages[0].mode == "one":
            return line.stages[0].roles[0].span[0]
        case t.Of():
            return line.record.span[0]
    return None


def _placement(part: Part, findings: Findings) -> bool:
    """Reports lines that an element cannot have, cannot have twice, or not without another; whether all is well.

    Of several that it cannot have the first is told: where a header is missing, all that stood below it is misplaced.
    """
    seen: set[str] = set()
    for line in part.every_line():
        spec = spec_of(line)
        if part.kind not in spec.kinds:
            _misplaced(line, spec, part, findings)
            return False
        if spec.word in seen and not spec.many:
            several: dict[str, Any] = {"hint": "stages"} if spec.word == "by" else {}
            findings.add("CH213", line.span, word=spec.word, element=part.name, **several)
        if spec.needs is not None and spec.word not in seen and spec.needs[0] not in part.lines:
            findings.add("CH413", line.span, word=spec.word, needed=spec.needs[1])
        seen.add(spec.word)
    works = [*part.all(t.Work), *part.all(t.Wait)]
    if len(works) > 1 and len(part.all(t.Work)) == 1 == len(part.all(t.Wait)):
        findings.add("CH213", works[1].span, word="wait", element=part.name)
    return True

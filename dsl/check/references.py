"""Checks the names in lines: whether each stands for something, and for something of the right kind.

One function a class of line that names anything, which `lines.py` puts beside the line; then those of the process's own
lines. Where a line may stand is not asked here, nor what its expressions give.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

from charter.dsl.check.expressions import read
from charter.dsl.check.findings import Findings
from charter.dsl.check.joined import in_turn, joined_names, signed
from charter.dsl.check.persons import check_people, names_people
from charter.dsl.check.related import related
from charter.dsl.check.scopes import Part, ProcessScope, is_reserved
from charter.dsl.diagnostic import Fix, Place
from charter.dsl.text import tree as t
from charter.dsl.text.words import spelled
from charter.engine import feel
from charter.engine.values import is_count

LIMIT_NAMES = 1_000

_ELEMENTS = frozenset({"phase", "activity", "approval", "milestone"})
WORK = frozenset({"activity", "approval"})
_BESIDE = frozenset({"parameter", "register", "sla", "ledger"})  # of whose names no other record can be
_CONFUSED = frozenset(
    {"register_as_record", "role_as_record", "record_as_role", "element_as_record", "record_as_element"}
)


def distinct(names: Iterable[t.Name], word: str, findings: Findings) -> None:
    seen: set[str] = set()
    count = 0
    for name in names:
        count += 1
        if name.text in seen:
            findings.add("CH219", name.span, name=name.text, word=word)
        seen.add(name.text)
    if count > LIMIT_NAMES:
        findings.add("CH220", name.span, what="names", count=count, limit=LIMIT_NAMES)


def misnamed(
    name: t.Name,
    wanted: str,
    code: str,
    candidates: Iterable[str],
    scope: ProcessScope,
    findings: Findings,
    file: str | None = None,
    *,
    how: bool = False,
) -> None:
    """Reports a name that stands for something of another kind (CH206), or for nothing (`code`).

    `how`: several names stand there only with a word that says how many of them it takes.
    """
    kind = scope.kind_of(name.text)
    if kind is not None:
        _of_kind(name, kind, wanted, scope, findings, file)
    elif wanted == "role" and scope.is_record(name.text.partition(".")[0]) and "." in name.text:
        findings.add(code, name.span, file=file, name=name.text, hint="field_as_role")
    elif wanted in ("element", "work") and (part := scope.element(name.text.partition(".")[0])) is not None:
        fix = Fix.at(name.span, part.name)
        findings.add(code, name.span, fix=fix, file=file, name=name.text, guess=part.name, hint="element_fact")
    elif how and (stages := in_turn(name.text, candidates := list(candidates))) is not None:
        guess = f" {spelled('THEN', findings.language)} ".join(stages)
        findings.add(
            code, name.span, fix=Fix.at(name.span, guess), file=file, name=name.text, guess=guess, hint="joined_names"
        )
    elif (several := joined_names(signed(name.text) if how else name.text, candidates := list(candidates))) is not None:
        joined, names = several
        guess = ", ".join(names)
        if how:
            word = "ANY_OF" if joined == "或" else "ALL_OF"
            guess = f"{spelled(word, findings.language)} {guess}"
        findings.add(
            code, name.span, fix=Fix.at(name.span, guess), file=file, name=name.text, guess=guess, hint="joined_names"
        )
    else:
        findings.unknown(code, name, candidates, file=file)


def _of_kind(
    name: t.Name, kind: str, wanted: str, scope: ProcessScope, findings: Findings, file: str | None = None
) -> None:
    """Reports a name that stands for something of another kind, with what of the kind it has to do with."""
    part, whole = ("element" if word in _ELEMENTS or word == "work" else word for word in (kind, wanted))
    hint = f"{part}_as_{whole}"
    own: dict[str, Any] = {"hint": hint} if hint in _CONFUSED else {}
    meant = related(name.text, wanted, scope)
    if len(meant) == 1:
        own |= {"guess": meant[0], "fix": Fix.at(name.span, meant[0])}
    elif meant:
        own = {"hint": "one_of", "expected": tuple(meant[:8])}
    findings.add("CH206", name.span, file=file, name=name.text, kind=kind, wanted=wanted, **own)


def check_role(name: t.Name, scope: ProcessScope, findings: Findings, *, how: bool = False) -> None:
    """Reports a name that is no role of the process."""
    if scope.role(name.text) is not None:
        scope.used_roles.add(name.text)
    else:
        misnamed(name, "role", "CH201", chain(scope.roles, scope.shared.roles), scope, findings, how=how)


def _element(
    name: t.Name,
    scope: ProcessScope,
    findings: Findings,
    *,
    file: str | None = None,
    wanted: frozenset[str] = _ELEMENTS,
) -> Part | None:
    part = scope.element(name.text)
    if part is not None and part.kind in wanted:
        return part
    word = "work" if wanted == WORK else "element"
    if part is not None:
        _of_kind(name, part.kind, word, scope, findings, file)
    else:
        # each is looked at, and counted, whether it fits or not
        candidates = (p.name if p.kind in wanted else "" for p in scope.elements.values())
        misnamed(name, word, "CH203", candidates, scope, findings, file)
    return None


def _record(name: t.Name, scope: ProcessScope, findings: Findings) -> None:
    if not scope.is_record(name.text):
        candidates = chain(scope.records, scope.shared.records, scope.producers)
        misnamed(name, "record", "CH202", candidates, scope, findings)


def _produced(name: t.Name, part: Part, scope: ProcessScope, findings: Findings) -> None:
    """Asks that something writes a record that an element takes or an approval is about (CH204)."""
    text = name.text
    if text in scope.inputs or text in scope.producers:
        return
    kind = scope.kind_of(text)
    if kind not in (None, "record"):
        _of_kind(name, kind, "record", scope, findings)
        return
    known = list(chain(scope.producers, scope.inputs))
    if (several := joined_names(text, known)) is not None:
        said = ", ".join(several[1])
        fix = Fix.at(name.span, said)
        findings.add("CH204", name.span, fix=fix, element=part.name, name=text, guess=said, hint="joined_names")
        return
    guess = findings.guess(text, known)
    whole = text.partition(".")[0]
    if whole != text and (whole in scope.producers or whole in scope.inputs):
        fix = Fix.at(name.span, whole)
        findings.add("CH204", name.span, fix=fix, element=part.name, name=text, guess=whole, hint="whole_record")
        return
    if guess is not None and _misspelt(text, guess, scope):
        if scope.consumers[text][0] is part:
            _written_as(guess, "CH204", name, scope, findings, element=part.name)
        return
    if guess is None:
        findings.add("CH204", name.span, element=part.name, name=text)
        return
    producers = scope.producers.get(guess)
    findings.unknown(
        "CH204",
        name,
        (guess,),
        element=part.name,
        guess_kind="output_of" if producers else "input_of",
        guess_of=producers[0].name if producers else scope.name,
    )


def _misspelt(name: str, written: str, scope: ProcessScope) -> bool:
    """Says whether of two like names that of a record is right and that which is written was never declared."""
    return scope.record(name) is not None and scope.record(written) is None


def _written_as(guess: str, code: str, name: t.Name, scope: ProcessScope, findings: Findings, **arguments: str) -> None:
    """Reports a declared record that nobody writes, with the mend at the place that writes one of like name.

    The slip is the writer's, so that of all who take the record only the first is told.
    """
    writers = scope.producers.get(guess)
    names = writers[0].outputs if writers else scope.inputs.values()
    written = next(n for n in names if n.text == guess)
    findings.add(
        code,
        name.span,
        also=(Place(written.span, scope.file, "written_here"),),
        fix=Fix.at(written.span, name.text),
        name=name.text,
        guess=guess,
        guess_kind="misspelt_output",
        guess_of=writers[0].name if writers else scope.name,
        hint="misspelt_output",
        **arguments,
    )


# --- lines of elements ----------------------------------------------------------------------------


def none(line: t.Line, part: Part, scope: ProcessScope, findings: Findings) -> None:
    """Checks nothing: the line names nothing of the process."""


def input(line: t.Input, part: Part, scope: ProcessScope, findings: Findings) -> None:
    distinct(line.names, "input", findings)
    for name in line.names:
        _produced(name, part, scope, findings)


def output(line: t.Output, part: Part, scope: ProcessScope, findings: Findings) -> None:
    distinct(line.names, "output", findings)
    for name in line.names:
        kind = None if scope.record(name.text) is not None else scope.kind_of(name.text)
        if kind in _ELEMENTS or kind in _BESIDE:
            _of_kind(name, kind, "record", scope, findings)
        elif is_reserved(name.text):
            findings.add("CH216", name.span, name=name.text)


def of(line: t.Of, part: Part, scope: ProcessScope, findings: Findings) -> None:
    _produced(line.record, part, scope, findings)


def missed(line: t.Flag, part: Part, scope: ProcessScope, findings: Findings) -> None:
    """Reports `missed …` beside a `repeat until`, which has no rounds that could be missed."""
    repeat = part.one(t.Repeat)
    if repeat is not None and repeat.every is None:
        findings.add("CH413", line.span, word="missed", needed="repeat every")


def done_when(line: t.DoneWhen, part: Part, scope: ProcessScope, findings: Findings) -> None:
    """Reports a number that can never be one of instances."""
    parsed = read(line.enough.text)
    if parsed.tree is not None and not parsed.paths and not is_count(feel.compile(parsed.tree).evaluate({})):
        findings.add("CH451", line.enough.span, text=line.enough.text)


def close_when(line: t.CloseWhen, part: Part, scope: ProcessScope, findings: Findings) -> None:
    """Reports a list that is to close and that nobody adds to."""
    many = part.one(t.ForEach)
    if many is not None and not many.open:
        findings.add("CH483", line.span, element=part.name)


def offered(line: t.Offered, part: Part, scope: ProcessScope, findings: Findings) -> None:
    """Reports an offer that nobody takes, since the work runs by itself."""
    if t.Work in part.lines or t.Wait in part.lines:
        findings.add("CH452", line.span, element=part.name)


def after(line: t.After | t.Alongside, part: Part, scope: ProcessScope, findings: Findings) -> None:
    word = "after" if isinstance(line, t.After) else "alongside"
    distinct(line.names, word, findings)
    for name in line.names:
        other = _element(name, scope, findings)
        if other is not None and (other is part or other in part.ancestors() or part in other.ancestors()):
            own: dict[str, Any] = {"hint": "itself"} if other is part else {}
            findings.add("CH416", name.span, element=part.name, target=other.name, **own)
    if isinstance(line, t.After) and line.needed is not None and not 0 < line.needed <= len(line.names):
        findings.add("CH412", line.span, needed=line.needed, count=len(line.names))


def roles(line: t.Raci, part: Part, scope: ProcessScope, findings: Findings) -> None:
    distinct(line.roles, line.kind, findings)
    for name in line.roles:
        if line.kind == "role" and names_people(name.text, part, scope):
            check_people(name, part, scope, findings)
        else:
            check_role(name, scope, findings)


def check_roles(names: tuple[t.Name, ...], word: str, scope: ProcessScope, findings: Findings) -> None:
    distinct(names, word, findings)
    for name in names:
        check_role(name, scope, findings)


def by(line: t.By, part: Part, scope: ProcessScope, findings: Findings) -> None:
    for stage in line.stages:
        distinct(stage.roles, "by", findings)
        for name in stage.roles:
            if names_people(name.text, part, scope):
                check_people(name, part, scope, findings)
            else:
                check_role(name, scope, findings, how=stage.mode == "one")
        named = next((name for name in stage.roles if names_people(name.text, part, scope)), None)
        if named is not None:
            if stage.seats is not None:
                findings.add("CH283", stage.span, name=named.text, count=stage.count or 1)
        elif stage.mode == "count" and stage.count is not None:
            there_are = stage.seats if stage.seats is not None else len(stage.roles)
            if not 0 < stage.count <= there_are:
                findings.add("CH412", stage.span, needed=stage.count, count=there_are)


def veto(line: t.Veto, part: Part, scope: ProcessScope, findings: Findings) -> None:
    check_role(line.role, scope, findings)


def on(line: t.On, part: Part, scope: ProcessScope, findings: Findings) -> None:
    if line.target is None:
        return
    if line.action == "escalate":
        check_role(line.target, scope, findings)
    else:
        _element(line.target, scope, findings, wanted=WORK)


def duty(line: t.Duty, part: Part, scope: ProcessScope, findings: Findings) -> None:
    distinct(line.others, "same as" if line.same else "separate from", findings)
    for name in line.others:
        if _element(name, scope, findings, wanted=WORK) is part:
            findings.add("CH415", name.span, element=part.name)


def for_each(line: t.ForEach, part: Part, scope: ProcessScope, findings: Findings) -> None:
    name = line.variable
    around = [p.one(t.ForEach) for p in part.ancestors()]
    outer = next((f for f in around if f is not None and f.variable.text == name.text), None)
    if is_reserved(name.text):
        findings.add("CH216", name.span, name=name.text)
    elif outer is not None:
        findings.add("CH205", name.span, name=name.text, kind="variable")
    else:
        kind = scope.kind_of(name.text)
        if kind in ("record", "parameter", *_ELEMENTS):
            findings.add("CH205", name.span, name=name.text, kind=kind)


def checklist(line: t.Checklist, part: Part, scope: ProcessScope, findings: Findings) -> None:
    seen: set[str] = set()
    for check in line.checks:
        if check.name is not None:
            if check.name.text in seen:
                findings.add("CH205", check.name.span, name=check.name.text, kind="check")
            seen.add(check.name.text)
        for below in check.body:
            if isinstance(below, t.CheckBy):
                check_role(below.role, scope, findings)
            elif isinstance(below, t.Evidence) and below.record is not None:
                _record(below.record, scope, findings)
            elif isinstance(below, t.ForEach):
                for_each(below, part, scope, findings)


# --- the process itself ---------------------------------------------------------------------------


def check_ordering(line: t.Ordering, scope: ProcessScope, findings: Findings) -> None:
    """Reports elements that cannot be ordered among each other."""
    word = "first of" if line.kind == "first" else "one at a time"
    distinct(line.names, word, findings)
    parts = [(name, _element(name, scope, findings)) for name in line.names]
    if len(parts) < 2:
        findings.add("CH412", line.span, needed=2, count=len(parts))
    known = [(name, part) for name, part in parts if part is not None]
    for name, part in known:
        if part.parent is not known[0][1].parent:
            findings.add("CH225", name.span, name=name.text, other=known[0][0].text)


def check_separation(line: t.Separation, file: str, scope: ProcessScope, findings: Findings) -> None:
    """Reports a separation or binding of what is no work, or of an element and itself."""
    for name in (line.element, line.other):
        if _element(name, scope, findings, file=file, wanted=WORK) is None:
            return
    if line.element.text == line.other.text:
        findings.add("CH415", line.other.span, file=file, element=line.element.text)


def calendar(name: t.Name, scope: ProcessScope, findings: Findings) -> None:
    if scope.calendar(name.text) is None:
        findings.unknown("CH212", name, chain(scope.calendars, scope.shared.calendars))


def on_calendar(line: t.OnCalendar, part: Part, scope: ProcessScope, findings: Findings) -> None:
    calendar(line.calendar, scope, findings)


def check_header(scope: ProcessScope, findings: Findings) -> None:
    """Reports unknown and misplaced names in the lines of the process itself."""
    header = scope.header
    for line in scope.node.body:
        if isinstance(line, t.Separation):
            distinct(line.others, "same" if line.same else "separate", findings)
    for kind in (t.Owner, t.Customer):
        for line in header.get(kind, []):
            check_role(line.role, scope, findings)
    for line in header.get(t.CalendarUse, []):
        calendar(line.name, scope, findings)
    for listed, word in ((t.Input, "input"), (t.Output, "output")):
        for line in header.get(listed, []):
            distinct(line.names, word, findings)
    for name in scope.inputs.values():
        element = scope.elements.get(name.text)
        if element is not None:
            _of_kind(name, element.kind, "record", scope, findings)
        scope.record(name.text)
    for name in scope.outputs.values():
        if name.text not in scope.producers and name.text not in scope.inputs:
            guess = findings.guess(name.text, scope.producers)
            if guess is None or not _misspelt(name.text, guess, scope):
                findings.unknown("CH221", name, scope.producers)
            elif name.text not in scope.consumers:
                _written_as(guess, "CH221", name, scope, findings)
    for symbol in scope.kpis.values():
        for line in symbol.node.body:
            if isinstance(line, t.Owner):
                check_role(line.role, scope, findings)

"""`charter show CASE`: where a case stands, who is waited for since when, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from charter.dsl.text.width import display_width
from charter.engine.keys import name_of
from charter.engine.machines import CONCLUDED, DECIDED, OPEN, PASSED_OVER
from charter.engine.reading import is_withheld
from charter.runtime.cli.agenda import agenda, words
from charter.runtime.cli.beside import accounts, linked, promised
from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.failures import declined_sentence, failure_sentence, withheld
from charter.runtime.cli.offered import offers, told as offered
from charter.runtime.cli.output import Cell, neutral, pad
from charter.runtime.cli.reasons import reason_sentence, view_data
from charter.runtime.cli.verb import JSON, Verb, argument, switch
from charter.runtime.clock import iso

if TYPE_CHECKING:
    from charter.engine.definition import Definition
    from charter.engine.entries import Entry
    from charter.engine.reading import Sight
    from charter.engine.state import CaseState
    from charter.runtime.desk.notes import Note, SentBack
    from charter.runtime.desk.views import Row

# state -> (mark, style); the mark says it without colour too
MARKS = {
    "planned": ("·", "faint"),
    "ready": ("○", "strong"),
    "claimed": ("◐", "strong"),
    "active": ("●", "strong"),
    "suspended": ("‖", "warn"),
    "done": ("✓", "good"),
    "granted": ("✓", "good"),
    "reached": ("✓", "good"),
    "stale": ("~", "warn"),
    "withdrawn": ("~", "warn"),
    "skipped": ("–", "faint"),
    "cancelled": ("✗", "faint"),
    "rejected": ("✗", "bad"),
    "failed": ("!", "bad"),
}


def run_show(context: Context, case: str, records: bool, as_json: bool) -> int:
    """Shows one case; `records`: with the values of its records."""
    from charter.runtime.desk.linked import links
    from charter.runtime.desk.notes import declined, notes, sent_back, stand_ins
    from charter.runtime.desk.register import number_of

    case = context.reading.resolve(case)
    state, definition = context.reading.state(case), context.reading.definition(case)
    sight = context.reading.sight(case)
    with context.reading.read() as connection:
        number, said, back = number_of(connection, case), notes(connection, case), sent_back(connection, state)
        stood_in, undone = stand_ins(connection, case), declined(connection, case, context.reading.seen)
        beside = links(connection, case, lambda other: context.reading.sight(other).links)
    shown = context.reading.confidential(case) if records or as_json else ()
    consulted(context, "case", case=case, records=shown)
    if as_json:
        context.output.json(
            {
                "number": number,
                **view_data(definition, state, context.now, context.say.lang, sight),
                "notes": [note.to_json() for note in said],
                "sent_back": [each.to_json() for each in back],
                "declined": [declined_data(context, each) for each in undone],
                "links": [each.to_json() for each in beside],
                "offered": [each.to_json() for each in offers(context, state)],
            }
        )
        return 0
    head(context, definition, state, number)
    linked(context, beside)
    tree(context, definition, state, sight, back, stood_in)
    waiting(context, definition, state, sight)
    agenda(context, definition, state, sight, MARKS)
    offered(context, definition, state, MARKS)
    not_done(context, definition, undone)
    open_lists(context, definition, state, number)
    coming(context, definition, state)
    promised(context, definition, state, number)
    accounts(context, definition, state, sight)
    rules(context, definition, state)
    signals(context, state, sight)
    versions(context, definition, state, records, sight)
    remarks(context, definition, said)
    return 0


def head(context: Context, definition: Definition, state: CaseState, number: int | None) -> None:
    """Writes the case's own line: number, process, version, status, since when, by whom."""
    from charter.engine.definition import digest
    from charter.runtime.desk.subjects import subject

    say, output = context.say, context.output
    title = "" if definition.title == definition.name else f" {definition.title}"
    version = output.style(say("show.version", version=definition.version, digest=digest(definition)[:12]), "faint")
    output.line(f"#{number} {state.case}  {output.style(definition.name, 'name')}{title}  {version}")
    if (about := subject(definition, state, context.now)) is not None:
        output.line(neutral(about), "strong")
    line = say(
        "show.opened", status=say(f"states.{state.status}"), at=output.moment(state.opened_at), by=state.opened_by
    )
    if state.closed_at is not None:
        line += say("show.closed", at=output.moment(state.closed_at))
    output.line(line + (say("show.because", reason=state.reason) if state.reason else ""))
    if state.drill:
        output.sentence(say("show.drill"), "strong")


def tree(
    context: Context,
    definition: Definition,
    state: CaseState,
    sight: Sight,
    back: Sequence[SentBack] = (),
    stood_in: Mapping[tuple[str | None, str], str] = MappingProxyType({}),
) -> None:
    """Writes phases and elements with a mark and the state's word; what has not begun stays folded."""
    from charter.runtime.desk import views

    say, output = context.say, context.output
    rows = views.collapsed(list(views.rows(definition, state)))
    names = ["  " * row.depth + _told(context, label(row), words(definition, row.node, sight)) for row in rows]
    wide = min(60, max((display_width(name) for name in names), default=0))
    output.line()
    for row, name in zip(rows, names, strict=True):
        mark, style = MARKS[row.state]
        returned = next((each for each in back if each.element == row.key and row.state == "stale"), None)
        word = say("show.returned" if returned else f"states.{row.state}")
        details = "".join(_details(context, row, sight, back, returned, stood_in))
        output.line(f"{output.style(mark, style)} {pad(name, wide)}  {output.style(word, style)}{details}")


def _told(context: Context, name: str, todo: str) -> str:
    return context.say.of(name, neutral(todo)) if todo else name


def label(row: Row) -> str:
    """Names a row: key, then title where it says more."""
    return row.key if row.element.title == row.element.name else f"{row.key} {row.element.title}"


def _details(
    context: Context,
    row: Row,
    sight: Sight,
    back: Sequence[SentBack],
    returned: SentBack | None,
    stood_in: Mapping[tuple[str | None, str], str],
) -> list[str]:
    from charter.runtime.cli.trail import acting
    from charter.runtime.desk import views

    say, node = context.say, row.node
    allowances = [f" · {say(f'graph.{word}')}" for word in views.allowances(row)]
    if node is None:
        return allowances
    out = []
    if row.kind == "group" and node.size:
        out.append(say("show.settled", done=node.size - node.pending, size=node.size))
    if node.iteration > 1:
        out.append(say("show.iteration", count=node.iteration))
    if returned is not None:
        out.append(say("show.returned_by", person=returned.by, reason=returned.reason, target=returned.to))
    elif node.doers and row.state in (*DECIDED, "stale"):
        doer = node.doers[-1]
        actor = stood_in.get((row.key, doer), doer)
        out.append(say("show.by", person=acting(context, actor, doer if actor != doer else None)))
    if row.state in CONCLUDED and node.ended_at and row.kind != "phase":
        out.append(f" · {context.output.moment(node.ended_at)}")
    if node.overdue:
        out.append(" · " + context.output.style(say("show.overdue"), "bad"))
    for each in back:
        if each.to == row.key and row.state in OPEN:
            out.append(say("show.sent_back", person=each.by, element=each.element, reason=each.reason))
    if node.reason and row.state in (*PASSED_OVER, "rejected", "failed", "suspended"):
        # of a failure it is the engine that says why
        reason = (
            failure_sentence(sight.derived(node.reason), row.key, say.lang) if row.state == "failed" else node.reason
        )
        out.append(say("show.because", reason=reason))
    return out + allowances


def waiting(context: Context, definition: Definition, state: CaseState, sight: Sight) -> None:
    """Writes who is waited for, since when, and until when."""
    from charter.runtime.cli.aftermath import named, whom
    from charter.runtime.desk import views

    say, output = context.say, context.output
    found = views.waiting(definition, state) if state.status == "open" else []
    if not found:
        return
    output.line()
    output.sentence(say("show.waiting"), "strong")
    rows = []
    for w in found:
        late = w.overdue or (w.due is not None and w.due < context.now)
        due = ""
        if w.due is not None:
            due = say(
                "show.late" if late else "show.due",
                at=output.deadline(w.due, provisional=w.provisional),
                when=output.relative(w.due, context.now),
            )
        if w.ends is not None:
            ends = say("show.ends", at=output.deadline(w.ends), when=output.relative(w.ends, context.now))
            due += say("happened.comma") * bool(due) + ends
        if w.undated:
            texts = [reason.arguments["condition"] for reason in w.undated]
            due += " " * bool(due) + say("show.undated", texts=say("happened.comma").join(texts))
        rows.append(
            (
                _told(context, named(definition, w.key), words(definition, state.nodes[w.key], sight)),
                whom(context, definition, state.case, w),
                say("show.since", when=output.relative(w.since, context.now)),
                Cell(due, "bad" if late or w.undated else None),
            )
        )
    output.table((), rows, indent=2, styles=("name",))


def not_done(context: Context, definition: Definition, undone: Sequence[Entry]) -> None:
    """Writes what the case asked for and nothing came of: when, by which element, why."""
    from charter.engine.entries.cases import Declined
    from charter.runtime.cli.aftermath import named

    if not undone:
        return
    output = context.output
    output.line()
    output.sentence(context.say("show.declined"), "strong")
    rows = [
        (output.moment(e.at), named(definition, e.node) if e.node else "", declined_sentence(context.say, e.told))
        for e in undone
        if isinstance(e.told, Declined)
    ]
    output.table((), rows, indent=2, styles=("faint", "name"))


def declined_data(context: Context, entry: Entry) -> dict[str, Any]:
    """Gives one of these as JSON data."""
    from charter.engine.entries.cases import Declined

    told = entry.told
    assert isinstance(told, Declined)
    return {
        "at": iso(entry.at),
        "element": entry.node,
        "ask": told.ask,
        "target": told.target,
        "seq": told.asked,
        "code": None if told.because is None else told.because.code,
        "message": declined_sentence(context.say, told),
    }


def open_lists(context: Context, definition: Definition, state: CaseState, number: int | None) -> None:
    """Writes the lists that take more items, and what to type."""
    from charter.runtime.cli.aftermath import named
    from charter.runtime.desk import views

    found = views.open_lists(definition, state) if state.status == "open" else []
    if not found:
        return
    context.output.line()
    context.output.sentence(context.say("show.open_lists"), "strong")
    rows = [
        (named(definition, row.key), f"charter add {number} {row.key}", f"charter close {number} {row.key}")
        for row in found
    ]
    context.output.table((), rows, indent=2, styles=("name",))


def coming(context: Context, definition: Definition, state: CaseState) -> None:
    """Writes what is planned next and what holds each back."""
    from charter.runtime.cli.aftermath import named
    from charter.runtime.desk import views

    found = views.coming(definition, state, context.now)
    if not found:
        return
    context.output.line()
    context.output.sentence(context.say("show.coming"), "strong")
    say = context.say
    rows = [
        (named(definition, row.key), say("happened.comma").join(reason_sentence(r, say) for r in reasons))
        for row, reasons in found[:12]
    ]
    context.output.table((), rows, indent=2)
    if len(found) > 12:
        context.output.sentence("  " + context.say("show.more", count=len(found) - 12), "faint")


def rules(context: Context, definition: Definition, state: CaseState) -> None:
    """Writes how often the rules took effect, and what their conditions come to now."""
    from charter.runtime.desk.rules import standings

    if not any(rule.of_cases for rule in definition.rules):
        return
    say, output = context.say, context.output
    output.line()
    output.sentence(say("show.rules"), "strong")
    rows = [
        (
            each.rule.name,
            "" if each.rule.title == each.rule.name else each.rule.title,
            say("show.rule_fired", count=each.fired, at=output.moment(each.at))
            if each.fired
            else say("show.rule_never"),
            "" if each.rule.when is None else say(f"show.rule_{each.word}"),
            "" if each.due is None else say("show.rule_next", at=output.moment(each.due)),
        )
        for each in standings(definition, state, context.now)
    ]
    output.table((), rows, indent=2, styles=("name",))


def signals(context: Context, state: CaseState, sight: Sight) -> None:
    """Writes the signals that came before anybody waited for them, with what came along."""
    from charter.runtime.author.shown import shown

    if not state.signals:
        return
    context.output.line()
    context.output.sentence(context.say("show.signals"), "strong")
    comma, word = context.say("happened.comma"), withheld(context.say.lang)
    rows = [
        (
            early.signal,
            comma.join(early.by),
            comma.join(f"{record} = {shown(sight.value(record, value), word)}" for record, value in early.records),
        )
        for early in state.signals
    ]
    context.output.table((), rows, indent=2, styles=("name",))


def versions(context: Context, definition: Definition, state: CaseState, full: bool, sight: Sight) -> None:
    """Writes the current version of each record, with its value where asked."""
    from charter.runtime.author.shown import shown

    say, output = context.say, context.output
    if not state.versions:
        return
    output.line()
    output.sentence(say("show.records"), "strong")
    titles = {r.name: r.title for r in definition.records}
    rows = []
    for key, version in state.versions.items():
        title = titles.get(name_of(key), "")
        rows.append((key, "" if title == key else title, f"v{version.number}", version.by, output.moment(version.at)))
    output.table((), rows, indent=2, styles=("name",))
    if not full:
        return
    for key, version in state.versions.items():
        output.line()
        output.line(f"{key} v{version.number}", "name")
        seen = sight.value(key, version.value)
        inner = seen if isinstance(seen, dict) and not is_withheld(seen) else {"": seen}
        output.sheet([(name, shown(value, withheld(say.lang))) for name, value in inner.items()], indent=2)


def remarks(context: Context, definition: Definition, said: Sequence[Note]) -> None:
    """Writes what people said and attached: when, who, about what."""
    from charter.runtime.cli.aftermath import named
    from charter.runtime.cli.trail import shown_time

    if not said:
        return
    context.output.line()
    context.output.sentence(context.say("show.notes"), "strong")
    rows = [
        (
            shown_time(context, note.at),
            note.by,
            named(definition, note.element) if note.element else "",
            note.text if note.file is None else context.say("show.note_file", name=note.file),
        )
        for note in said
    ]
    context.output.table((), rows, indent=2, styles=("faint", None, "name"))


VERBS = {"show": Verb("show", run_show, [argument("case", "CASE"), switch("--records"), switch(JSON, name="as_json")])}

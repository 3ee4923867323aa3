"""`charter report`: the reports that processes declare; made, frozen, signed off, and made again from the trail."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from charter.runtime import clock
from charter.runtime.cli.consulted import consulted, reads_sums, turn
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE, FINDINGS, Missing, Misuse
from charter.runtime.cli.verb import JSON, Verb, Whole, argument, option, switch

if TYPE_CHECKING:
    from charter.engine.definition import Definition
    from charter.runtime.host.reports import Change, Frozen, Wanted


def run_report(
    context: Context,
    name: str | None,
    process: str | None,
    period: str | None,
    case: str | None,
    number: int | None,
    freeze: bool,
    sign_off: bool,
    again: bool,
    reason: str | None,
    html: str | None,
    as_json: bool,
) -> int:
    """Lists reports; or shows one as it was frozen, else as it stands, freezes it, signs it off or makes it again."""
    if name is None:
        return _list(context, process, as_json)
    if sum((freeze, sign_off, again)) > 1:
        raise Misuse("report_one")
    wanted = _wanted(context, name, process, period, case)
    _may_read(context, wanted)
    if freeze:
        return _freeze(context, wanted, reason, as_json)
    # Without periods a report is of the moment: what was frozen is looked for where somebody names it.
    looked = sign_off or again or number is not None or wanted.period is not None
    last = context.cases.reports.last(wanted, number) if looked else None
    if last is None and (sign_off or again or number is not None):
        raise Missing(f"nothing frozen of {name}", code="CH686", report=name)
    if sign_off and last is not None:
        return _sign(context, wanted, last, reason, as_json)
    consulted(context, "report", process=wanted.definition.name, case=wanted.case, text=name)
    if again and last is not None:
        return _again(context, wanted, last, as_json)
    return _show(context, wanted, last, html, as_json)


def _list(context: Context, process: str | None, as_json: bool) -> int:
    reading = context.reading
    definitions = reading.processes() if process is None else [reading.definition(process)]
    shown = [each for each in definitions if each.reports and reading.sums(each.name)]
    consulted(context, "report", process=process)
    data: list[dict[str, Any]] = []
    for definition in shown:
        for report in definition.reports:
            found = [f for f in context.cases.reports.frozen(definition.name, report.name) if _reads(context, f)]
            data.append(
                {
                    "process": definition.name,
                    "report": report.name,
                    "title": report.title,
                    "every": report.every,
                    "made_by": list(report.makers or ((definition.owner,) if definition.owner else ())),
                    "signed_off_by": list(report.signers),
                    "versions": [_frozen_json(context, definition, each) for each in found],
                }
            )
    if as_json:
        context.output.json(data)
        return DONE
    say, rows = context.say, []
    for row in data:
        head = (row["report"], row["title"], row["process"], row["every"] or say("report.moment"))
        for index, each in enumerate(row["versions"] or [None]):
            of = head if not index else ("",) * len(head)
            rows.append((*of, *(("",) * 4 if each is None else _frozen_cells(context, each))))
    heads = ("report", "title", "process", "every", "period", "number", "made", "signed")
    context.output.table([say(f"report.h_{head}") for head in heads], rows, styles=("name",))
    if not data:
        context.output.sentence(say("report.none"))
    return DONE


def _reads(context: Context, frozen: Frozen) -> bool:
    from charter.runtime.host.casefile import NoSuchCase

    if frozen.told.case is None:
        return True
    try:
        return context.reading.resolve(frozen.told.case) == frozen.told.case
    except NoSuchCase:
        return False


def _frozen_cells(context: Context, each: dict[str, Any]) -> tuple[str, ...]:
    signed = context.say("happened.comma").join(one["by"] for one in each["signatures"])
    of = " ".join(filter(None, (each["period"], None if each["case"] is None else f"#{each['number']}")))
    return (of, str(each["revision"]), f"{each['by']} {context.output.moment(clock.read(each['at']))}", signed)


def _wanted(context: Context, name: str, process: str | None, period: str | None, case: str | None) -> Wanted:
    from charter.engine import periods
    from charter.engine.reports import rhythm
    from charter.runtime.host.reports import Wanted, previous

    definitions = context.reading.processes() if process is None else [context.reading.definition(process)]
    if case is not None:
        case = context.reading.resolve(case)
        own = context.reading.definition(case)
        definitions = [each for each in definitions if each.name == own.name]
    found = [(each, report) for each in definitions for report in each.reports if report.name == name]
    if not found:
        known = tuple(report.name for each in definitions for report in each.reports)
        raise Missing(f"no report {name}", code="CH628", report=name, known=known)
    if len(found) > 1:
        raise Misuse("report_whose", processes=context.say.listed([each.name for each, _ in found]))
    definition, report = found[0]
    span, of = rhythm(definition, report), None
    if span is not None:
        zone = definition.calendar.zone
        of = previous(definition, report, context.now) if period is None else periods.called(zone, span, period)
        if of is None:
            last = previous(definition, report, context.now)
            example = "" if last is None else periods.named(zone, last)
            raise Misuse("report_period", period=period, report=name, example=example)
    elif period is not None:
        raise Misuse("report_no_period", report=name)
    return Wanted(definition, report, of, case)


def _may_read(context: Context, wanted: Wanted) -> None:
    from charter.runtime.refusals import UNREADABLE_REPORT, refusal

    name, report, rights = wanted.definition.name, wanted.report, context.reading.rights
    if wanted.case is None:
        reads_sums(context, name)
    named = {*report.visible, *report.makers, *report.signers}
    if report.visible and not rights.trail and rights.roles(name).isdisjoint(named):
        refused = refusal(UNREADABLE_REPORT, person=context.person, report=report.name)
        raise turn(context, refused, process=name, person=context.person)


def _freeze(context: Context, wanted: Wanted, reason: str | None, as_json: bool) -> int:
    from charter.runtime.cli.reported import readable
    from charter.runtime.refusals import UNREADABLE_REPORT, refusal

    before = context.cases.reports.last(wanted)
    if before is not None and wanted.period is not None and reason is None:
        raise Misuse("missing", name="--reason")
    unable = context.cases.reports.unable(wanted, context.person)
    if unable is not None:
        raise turn(context, unable, process=wanted.definition.name, person=context.person)
    draft, _ = context.cases.reports.draft(wanted)
    if readable(context, wanted.definition, wanted.report, wanted.case, draft) != draft:
        # Nobody answers for figures that they may not read.
        refused = refusal(UNREADABLE_REPORT, person=context.person, report=wanted.report.name)
        raise turn(context, refused, process=wanted.definition.name, person=context.person)
    last, refused_ = context.cases.reports.freeze(wanted, by=context.person, reason=reason)
    if refused_ is not None or last is None:
        from charter.runtime.cli.reasons import refused as said

        assert refused_ is not None
        return said(context, refused_)
    with context.committed():
        if as_json:
            context.output.json(_json(context, wanted, last, last.told.figures, []))
        else:
            new = before is None or before.entry != last.entry
            key = "frozen" if new else "as_before"
            said_ = context.say(f"report.{key}", report=wanted.report.title, number=last.told.number, entry=last.entry)
            context.output.sentence(said_, "good" if new else None)
    return DONE


def _sign(context: Context, wanted: Wanted, last: Frozen, reason: str | None, as_json: bool) -> int:
    from charter.runtime.cli.reasons import refused

    if reason is None or not reason.strip():
        raise Misuse("missing", name="--reason")
    refusal = context.cases.reports.sign(wanted, last, by=context.person, reason=reason)
    if refusal is not None:
        return refused(context, refusal)
    with context.committed():
        now = context.cases.reports.last(wanted, last.told.number) or last
        if as_json:
            context.output.json(_json(context, wanted, now, now.told.figures, []))
        else:
            said = context.say("report.signed", report=wanted.report.title, number=last.told.number)
            context.output.sentence(said, "good")
    return DONE


def _again(context: Context, wanted: Wanted, last: Frozen, as_json: bool) -> int:
    from charter.runtime.host.reports import digest_of

    found = context.cases.reports.again(last)
    told = digest_of(last.told.figures) == last.told.digest
    if as_json:
        context.output.json(
            {
                **_frozen_json(context, wanted.definition, last),
                "same": not found and told,
                "differences": [_change_json(each) for each in found],
            }
        )
    elif not found and told:
        context.output.sentence(
            context.say("report.same", count=len(last.told.figures), entry=last.entry, digest=last.told.digest[:12]),
            "good",
        )
    else:
        context.output.sentence(context.say("report.differs", entry=last.entry), "bad")
        _changes(context, wanted.definition, found)
    return DONE if not found and told else FINDINGS


def _show(context: Context, wanted: Wanted, last: Frozen | None, html: str | None, as_json: bool) -> int:
    from charter.runtime.cli.reported import chapters, readable

    definition, report = wanted.definition, wanted.report
    late: list[Change] = []
    if last is not None:
        definition = context.reading.definition(last.told.definition)
        report = next(each for each in definition.reports if each.name == report.name)
        newest = context.cases.reports.last(wanted) or last
        late = context.cases.reports.late(wanted, last) if newest.entry == last.entry else []
        figures: list[Any] = list(last.told.figures)
    else:
        figures = list(context.cases.reports.draft(wanted)[0])
    read = readable(context, definition, report, wanted.case, figures)
    hidden = {(f["kind"], f["name"]) for f, was in zip(read, figures, strict=True) if f != was}
    late = [each for each in late if (each.figure["kind"], each.figure["name"]) not in hidden]
    told = list(chapters(context, definition, report, read))
    head = _head(context, wanted, last)
    if html is not None:
        from charter.runtime.handbook.html import report_page

        Path(html).write_text(report_page(context.say, report.title, head, told), encoding="utf-8")
    if as_json:
        context.output.json(_json(context, wanted, last, read, late))
        return DONE
    output = context.output
    output.line(report.title, "strong")
    output.sheet(head, indent=2)
    for chapter in told:
        output.line("")
        output.line(chapter.title, "strong")
        for table in chapter.tables:
            output.table(table.heads, table.rows, indent=2)
        if not any(table.rows for table in chapter.tables):
            output.sentence("  " + context.say("report.empty"), "faint")
    if late:
        output.line("")
        output.sentence(context.say("report.late", count=len(late)), "warn")
        _changes(context, definition, late)
    return DONE


def _head(context: Context, wanted: Wanted, last: Frozen | None) -> list[tuple[str, Any]]:
    """Gives what stands above a report: of what it is, and how far it counts."""
    from charter.engine.periods import named

    say, output = context.say, context.output
    zone = wanted.definition.calendar.zone
    number = _number(context, wanted.case)
    rows: list[tuple[str, Any]] = [
        (say("report.h_process"), wanted.definition.title),
        (say("report.h_period"), None if wanted.period is None else named(zone, wanted.period)),
        (say("report.h_case"), None if number is None else f"#{number}"),
    ]
    if last is None:
        return [*rows, (say("report.h_state"), say("report.draft"))]
    told = last.told
    newest = context.cases.reports.last(wanted) or last
    state = say("report.state", number=told.number, by=last.by, at=output.moment(last.at), entry=last.entry)
    rows += [(say("report.h_state"), state), (say("report.h_digest"), told.digest[:12])]
    if told.was is not None:
        rows.append((say("report.h_reason"), last.reason))
    if newest.told.number != told.number:
        rows.append((say("report.h_replaced"), say("report.replaced", number=newest.told.number)))
    for one in last.signatures:
        signed = say("report.signature", by=one.by, role=one.role, at=output.moment(one.at), reason=one.reason)
        rows.append((say("report.h_signed"), signed))
    if wanted.report.signers and not last.signatures:
        roles = {role.name: role.title for role in wanted.definition.roles}
        names = say("happened.comma").join(roles.get(role, role) for role in wanted.report.signers)
        rows.append((say("report.h_signed"), say("report.unsigned", roles=names)))
    return rows


def _changes(context: Context, definition: Definition, found: list[Change]) -> None:
    from charter.runtime.cli.reported import entries_text, of_text, shown_value, title_of

    say = context.say
    rows = []
    for each in found:
        values = [
            say("report.nothing") if one is None else shown_value(context, definition, one)
            for one in (each.was, each.now)
        ]
        sources = [] if each.now is None else [entries_text(context, each.now)]
        rows.append((title_of(each.figure), of_text(context, each.figure), *values, *(sources or [""])))
    heads = ("figure", "of", "was", "now", "entries")
    context.output.table([say(f"report.h_{head}") for head in heads], rows, indent=2)


def _change_json(each: Change) -> dict[str, Any]:
    names = ("kind", "name", "title", "of", "status", "case_count", "missing_count", "entries", "entry_count")
    was, now = (None if one is None else one["value"] for one in (each.was, each.now))
    return {**{n: each.figure[n] for n in names}, "value_before": was, "value": now}


def _number(context: Context, case: str | None) -> int | None:
    from charter.runtime.desk.register import number_of

    if case is None:
        return None
    with context.reading.read() as connection:
        return number_of(connection, case)


def _frozen_json(context: Context, definition: Definition, each: Frozen) -> dict[str, Any]:
    from charter.engine.periods import named

    told, period = each.told, each.period
    return {
        "period": None if period is None else named(definition.calendar.zone, period),
        "since": told.since,
        "until": told.until,
        "case": told.case,
        "number": _number(context, told.case),
        "revision": told.number,
        "by": each.by,
        "at": clock.text(each.at),
        "entry": each.entry,
        "digest": told.digest,
        "digest_before": told.was,
        "reason": each.reason,
        "signatures": [
            {"by": one.by, "role": one.role, "at": clock.text(one.at), "reason": one.reason, "entry": one.entry}
            for one in each.signatures
        ],
    }


def _json(context: Context, wanted: Wanted, last: Frozen | None, figures: Any, late: list[Change]) -> dict[str, Any]:
    from charter.engine.periods import named

    definition, period = wanted.definition, wanted.period
    return {
        "process": definition.name,
        "report": wanted.report.name,
        "title": wanted.report.title,
        "period": None if period is None else named(definition.calendar.zone, period),
        "case": wanted.case,
        "frozen": None if last is None else _frozen_json(context, definition, last),
        "sections": [section.title for section in wanted.report.sections],
        "figures": [{**each, "section": wanted.report.sections[each["section"]].title} for each in figures],
        "late": [_change_json(each) for each in late],
    }


VERBS = {
    "report": Verb(
        "report",
        run_report,
        [
            argument("name", "NAME", required=False),
            option("--process", "PROCESS"),
            option("--period", "PERIOD"),
            option("--case", "CASE"),
            option("--number", "NUMBER", type=Whole()),
            switch("--freeze"),
            switch("--sign-off", name="sign_off"),
            switch("--again"),
            option("--reason", "TEXT", short="-m"),
            option("--html", "FILE"),
            switch(JSON, name="as_json"),
        ],
    )
}

"""`charter audit`: the trail as a list, a question in FEEL, lineage, reasons, the past, and the three verdicts.

Whoever asks the trail leaves an entry of it (`consulted`, in the organisation's chain).
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from charter.dsl.text.width import display_width
from charter.engine.keys import is_instance
from charter.runtime import clock
from charter.runtime.cli import ask, audit_seal, audit_signatures, export
from charter.runtime.cli.audit_entry import run_show
from charter.runtime.cli.audit_grouped import run_grouped
from charter.runtime.cli.audit_verify import run_verify
from charter.runtime.cli.changes import run_changes
from charter.runtime.cli.clause import CASES, run_clause
from charter.runtime.cli.consulted import chain, consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Misuse, guess
from charter.runtime.cli.messages import section
from charter.runtime.cli.reasons import view_data
from charter.runtime.cli.trace import run_trace
from charter.runtime.cli.trail import FORMATS, listed
from charter.runtime.cli.verb import JSON, Family, Verb, Whole, Words, argument, option, switch
from charter.runtime.cli.why import run_why


def run_log(context: Context, case: str, after: int, limit: int, format: str, as_json: bool) -> int:
    """Lists the entries of one chain in order."""
    from charter.engine.feel.printer import quoted
    from charter.runtime.audit.query import build

    case = chain(context, case)
    consulted(context, "log", case=case, records=context.reading.confidential(case))
    query, _ = build(f"case = {quoted(case)}")
    return listed(context, query, after, limit, "json" if as_json else format)


def run_query(
    context: Context,
    feel: str | None,
    case: str | None,
    actor: str | None,
    since: str | None,
    until: str | None,
    element: str | None,
    kind: str | None,
    clause: str | None,
    record_type: str | None,
    by: str | None,
    of: str | None,
    limit: int,
    after: int,
    format: str,
    as_json: bool,
) -> int:
    """Lists the entries that answer a question in FEEL and flags."""
    from charter.engine.entries import KINDS
    from charter.engine.feel.printer import quoted
    from charter.runtime.audit.query import build
    from charter.runtime.audit.questions import with_cases

    if kind and context.say.find(f"kinds.{kind}") is None:
        meant = _meant(context, "kind", kind, KINDS)
        raise Misuse("no_kind", kind=kind, guess=meant, kinds=context.say.listed(section(context.say.lang, "kinds")))
    if feel:
        feel = with_cases(feel, partial(chain, context))
        _checked(context, feel)
    parts = [f"({feel})"] if feel else []
    if case:
        parts.append(f"case = {quoted(chain(context, case))}")
    equal = {
        "actor": actor,
        "kind": kind,
        "record": record_type,
        "node" if element and is_instance(element) else "element": element,
    }
    parts += [f"{name} = {quoted(value)}" for name, value in equal.items() if value]
    if clause:
        parts.append(f"list contains(clauses, {quoted(clause)})")
    if since:
        parts.append(f'at >= date and time("{_time(since, "--since")}")')
    if until:
        parts.append(f'at < date and time("{_time(until, "--until", last=True)}")')
    text = " and ".join(parts)
    query = build(text)[0] if text else None
    if of is not None and by is None:
        raise Misuse("of_without_by")
    if by is not None:
        return run_grouped(context, text, query, by, of, as_json)
    consulted(context, "query", text=text)
    return listed(context, query, after, limit, "json" if as_json else format)


def _checked(context: Context, text: str) -> None:
    """Refuses a question that is no FEEL condition over an entry's fields, with the place that is wrong.

    So is one that no entry ever answers, for a word that there is not.
    """
    from charter.dsl.messages.render import detail
    from charter.runtime.audit.query import FIELDS, build
    from charter.runtime.audit.questions import FIELD_MEANT, impossible
    from charter.runtime.desk.register import known_roles

    say = context.say

    def wrong(detail: str, start: int, end: int) -> Misuse:
        mark = " " * display_width(text[:start]) + "^" * max(1, display_width(text[start:end]))
        return Misuse("bad_question", detail=detail, text=text, mark=mark, fields=say.listed(FIELDS))

    problems = build(text)[1]
    if problems:
        problem = problems[0]
        written = text[problem.start : problem.end]
        # Who reads the trail's table asks by its headings first.
        headings = {say(f"audit.c_{heading}"): name for heading, name in _HEADINGS.items()}
        meant = ""
        if written in headings:
            meant = say("usage.did_you_mean", guess=headings[written])
        elif problem.code == "unknown-name":
            other = FIELD_MEANT.get(written.lower())
            meant = guess(written, FIELDS, say) if other is None else say("usage.did_you_mean", guess=other)
        raise wrong(detail(problem.message, say.lang) + meant, problem.start, problem.end)
    with context.reading.read() as connection:
        roles = known_roles(connection)
    for found in impossible(text, roles):
        key = "no_key" if found.field == "data" else "never"
        meant = _meant(context, found.field, found.word, found.known)
        raise wrong(say(f"usage.{key}", field=found.field, word=found.word, guess=meant), *found.span)


def _meant(context: Context, field: str, word: str, known: Collection[str]) -> str:
    """Asks whether another word was meant, which people may know by another name or in their own language."""
    from charter.runtime.audit.questions import MEANT

    said = {context.say.find(f"kinds.{kind}"): kind for kind in known} if field == "kind" else {}
    other = said.get(word) or MEANT.get(word.lower())
    if other in known:
        return context.say("usage.did_you_mean", guess=other)
    return guess(word, known, context.say)


# headings of the table of entries -> the field that a column shows
_HEADINGS = {name: name for name in ("position", "seq", "at", "actor", "kind", "element", "reason", "outcome")} | {
    "change": "after",
    "what": "record",
}


def _time(text: str, name: str, *, last: bool = False) -> str:
    from charter.runtime.cli.people import instant

    return clock.text(instant(text, name, last=last))


def run_as_of(context: Context, case: str, when: str, as_json: bool) -> int:
    """Shows a case as it stood at a time, or after an entry."""
    from charter.runtime.audit.asof import as_of, begun_with
    from charter.runtime.audit.log import load
    from charter.runtime.cli import show
    from charter.runtime.cli.people import instant
    from charter.runtime.desk.register import number_of

    case = context.reading.resolve(case)
    text = when.removeprefix("#")
    if when.startswith("#") and not text.isdigit():
        raise Misuse("not_whole", value=when, name="#SEQ")
    at = None if when.startswith("#") else instant(when, "TIME", last=True) - (1 if len(when) <= 10 else 0)
    seq = int(text) if when.startswith("#") else None
    with context.reading.read() as connection:
        moment = as_of(context.reading.definition, load(connection, case), at=at, seq=seq)
    consulted(context, "as-of", case=case, when=when, records=context.reading.confidential(case) if as_json else ())
    if moment is None and as_json:
        context.output.json({"seq": None, "at": None, "sure": True, "case": case, "status": None})
        return 0
    if moment is None:
        context.output.sentence(context.say("audit.before_start"))
        return 0
    assert moment is not None
    definition, sight = moment.definition, context.reading.sight(case, begun_with(moment.entries[-1]))
    if as_json:
        with context.reading.read() as connection:
            number = number_of(connection, case)
        told = {"number": number, "seq": moment.last, "at": clock.text(moment.at), "sure": moment.sure}
        context.output.json({**told, **view_data(definition, moment.after, moment.at, context.say.lang, sight)})
        return 0
    context.output.line(
        context.say("audit.as_of", seq=moment.last, at=context.output.moment(at if at is not None else moment.at)),
        "faint",
    )
    if not moment.sure:
        context.output.sentence(context.say("audit.unsure"), "warn")
    with context.reading.read() as connection:
        number = number_of(connection, case)
    show.head(context, definition, moment.after, number)
    show.tree(context, definition, moment.after, sight)
    show.versions(context, definition, moment.after, False, sight)
    return 0


_AS_JSON = switch(JSON, name="as_json")
_PAGING = [
    option("--limit", "NUMBER", type=Whole(), default=0),
    option("--after", "NUMBER", type=Whole(), default=0),
    option("--format", "TEXT", type=Words(FORMATS), default="table"),
    _AS_JSON,
]
_ASKED = [
    argument("feel", "FEEL", required=False),
    option("--case", "CASE"),
    option("--actor", "PERSON"),
    option("--since", "TIME"),
    option("--until", "TIME"),
    option("--element", "ELEMENT"),
    option("--kind", "TEXT"),
    option("--clause", "CLAUSE"),
    option("--record-type", "RECORD"),
    option("--by", "FEEL"),
    option("--of", "FEEL"),
]
VERBS = {
    "audit": Family(
        "audit",
        {
            "log": Verb("audit log", run_log, [argument("case", "CASE", words="a_case_or_all"), *_PAGING]),
            "show": Verb("audit show", run_show, [argument("entry", "ENTRY"), _AS_JSON]),
            "query": Verb("audit query", run_query, [*_ASKED, *_PAGING]),
            "trace": Verb(
                "audit trace", run_trace, [argument("case", "CASE"), argument("version", "RECORD[@VERSION]"), _AS_JSON]
            ),
            "clause": Verb(
                "audit clause",
                run_clause,
                [
                    argument("clause", "CLAUSE", required=False),
                    option("--case", "CASE"),
                    option("--cases", "NUMBER", type=Whole(), default=CASES),
                    _AS_JSON,
                ],
            ),
            "changes": Verb(
                "audit changes",
                run_changes,
                [
                    argument("process", "PROCESS"),
                    argument("before", "VERSION", required=False),
                    argument("after", "VERSION", required=False),
                    _AS_JSON,
                ],
            ),
            "why": Verb("audit why", run_why, [argument("case", "CASE"), argument("element", "ELEMENT"), _AS_JSON]),
            "as-of": Verb(
                "audit as-of", run_as_of, [argument("case", "CASE"), argument("when", "TIME|#SEQ"), _AS_JSON]
            ),
            "verify": Verb(
                "audit verify",
                run_verify,
                [
                    argument("case", "CASE", required=False, words="a_case_or_all"),
                    option("--against", "FILE"),
                    option("--witness", "KEY"),
                    _AS_JSON,
                ],
            ),
            **ask.VERBS,
            **audit_signatures.VERBS,
            **audit_seal.VERBS,
            **export.OF_AUDIT,
        },
    )
}

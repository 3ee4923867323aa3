"""What differs between two definitions of a process, and how it is said in the words of a process file.

A walk over the fields of both: what has a name is found in the other by its name, all else is compared as a line. It
knows which keyword an author writes for a field, and nothing of texts, deployments or cases. Invariant: two definitions
have no difference exactly when they have one digest; where lines stand in their files is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import NODEFAULT, Struct

from charter.dsl.text import tree as t
from charter.dsl.text.phrases import ENDS, HAPPENS, Phrases, quote
from charter.dsl.text.words import table
from charter.engine import definition as d
from charter.engine.plain import Kept, shape, to_json


class Difference(Struct, frozen=True):
    """One thing that was added, removed or changed, or of which a line was.

    `what` and `line` are terminals of the grammar (`ACTIVITY`, `WITHIN`), or in lower case what no keyword spells
    (`field`, `title`). `name`: of what it is, a part behind its whole (`request.amount`). `line` None: the whole thing.
    """

    how: Literal["added", "removed", "changed"]
    what: str
    name: str
    line: str | None = None
    before: Any = None
    after: Any = None


def _named(value: Any) -> Any:
    return value.name


# field of a class that holds named things -> what each is, and by what it is found in the other definition
_THINGS: Mapping[tuple[type, str], tuple[Callable[[Any], str], Callable[[Any], Any]]] = {
    (d.Definition, "parameters"): (lambda _: "PARAMETER", _named),
    (d.Definition, "roles"): (lambda _: "ROLE", _named),
    (d.Definition, "records"): (lambda _: "RECORD", _named),
    (d.Definition, "elements"): (lambda e: e.kind.upper(), _named),
    (d.Definition, "kpis"): (lambda _: "KPI", _named),
    (d.Definition, "slas"): (lambda _: "SLA", _named),
    (d.Definition, "rules"): (lambda _: "RULE", _named),
    (d.Definition, "ledgers"): (lambda _: "LEDGER", _named),
    (d.Definition, "queues"): (lambda _: "QUEUE", _named),
    (d.Definition, "counters"): (lambda _: "COUNTER", _named),
    (d.Definition, "services"): (lambda _: "SERVICE", _named),
    (d.Definition, "reports"): (lambda _: "REPORT", _named),
    (d.Report, "sections"): (lambda _: "SECTION", lambda s: s.title),
    (d.Section, "shown"): (
        lambda s: "OWN_FIGURE" if s.kind == "figure" else s.kind.upper(),
        lambda s: (s.kind, s.name),
    ),
    (d.Ledger, "bookings"): (lambda b: b.kind.upper(), lambda b: (b.kind, b.items)),
    (d.Definition, "registers"): (lambda _: "REGISTER", _named),
    (d.Definition, "links"): (lambda _: "CONCERNS", _named),
    (d.Definition, "decisions"): (lambda _: "DECISION", _named),
    (d.Definition, "separations"): (
        lambda s: "SAME_AS" if s.same else "SEPARATE_FROM",
        lambda s: (s.element, s.other, s.same),
    ),
    (d.Definition, "orders"): (
        lambda o: "FIRST_OF" if o.kind == "first" else "ONE_AT_A_TIME",
        lambda o: (o.kind, o.elements),
    ),
    (d.Definition, "calendars"): (lambda _: "CALENDAR", _named),
    (d.Definition, "cited"): (lambda _: "SOURCE", lambda c: (c.catalogue, c.id)),
    (d.RecordType, "fields"): (lambda _: "field", _named),
    (d.Register, "fields"): (lambda _: "field", _named),
    (d.Element, "checklist"): (lambda _: "CHECKLIST", _named),
    (d.DecisionTable, "rules"): (lambda _: "rule", lambda r: (r.tests, r.outputs)),
}
# What no digest knows.
_NO_LINES = frozenset({"places", "known_days", "public"})
# parts of an element that are lines of their own in a file
_PARTS = frozenset({"agreement", "repeat"})

# field -> how an author spells the line, where not by the field's own word; of a class where others spell it otherwise
_LINES: Mapping[str | tuple[type, str], str] = {
    "clauses": "SOURCE",
    (d.Definition, "subject"): "CASE_SUBJECT",
    (d.Definition, "number"): "CASE_NUMBER",
    "required": "REQUIRED_WHEN",
    "visible": "VISIBLE_TO",
    "amended": "AMENDED_BY",
    (d.Link, "process"): "CONCERNS",
    (d.Link, "by"): "LINKED_BY",
    "inputs": "INPUT",
    "outputs": "OUTPUT",
    "starts_with": "ALONGSIDE",
    "when": "WHEN",
    "exit": "EXIT_WHEN",
    "offered": "OFFERED_WHILE",
    "reopening": "REOPEN_WITHIN",
    "offers": "OFFERS",
    "roles": "DONE_BY",
    "by": "GROUP_BY",
    "event": "OVER",
    "improves": "IMPROVES_OVER",
    "controlled": "IN_CONTROL",
    "many": "FOR_EACH",
    "since": "COUNTS_FROM",
    "starts": "STARTS_WHEN",
    "pauses": "PAUSES_WHILE",
    "stops": "STOPS_WHEN",
    "restarts": "RESTARTS_WHEN",
    "targets": "TARGET",
    "thresholds": "AT",
    (d.Sla, "calendar"): "ON_CALENDAR",
    (d.Sla, "group"): "RUNS_WITH",
    "occasions": "ON_EVENT",
    "actions": "RULE_THEN",
    (d.Rule, "when"): "RULE_WHEN",
    (d.Queue, "capacities"): "CAPACITY",
    (d.Queue, "ranks"): "ORDER_BY",
    (d.Register, "key"): "KEYED_BY",
    (d.Register, "review"): "REVIEW_EVERY",
    (d.Counter, "by"): "LEDGER_BY",
    (d.Counter, "variable"): "FOR_EACH",
    (d.Counter, "items"): "FOR_EACH",
    (d.Counter, "when"): "RULE_WHEN",
    (d.Counter, "resets"): "RESETS_WHEN",
    (d.Counter, "reached"): "AT",
    (d.Register, "counts"): "COUNTER",
    (d.Register, "window"): "COUNTED_WITHIN",
    (d.Report, "makers"): "MADE_BY",
    (d.Service, "offered"): "OFFERED_BY",
    (d.Service, "requested"): "REQUESTED_BY",
    (d.Service, "asked"): "NAMED_IN",
    (d.Service, "agreed"): "AGREED_IN",
    (d.Service, "review"): "REVIEW_EVERY",
    (d.Service, "reviewers"): "REVIEW_EVERY",
    (d.Shown, "expr"): "OWN_FIGURE",
    (d.Report, "signers"): "SIGNED_OFF_BY",
    (d.Ledger, "baseline"): "LEDGER_OF",
    (d.Ledger, "by"): "LEDGER_BY",
    (d.Ledger, "amount"): "LEDGER_AMOUNT",
    (d.Ledger, "refuses"): "OVERRUN_REFUSED",
    (d.Ledger, "approvals"): "APPROVAL",
    (d.Check, "by"): "CHECK_BY",
    (d.Element, "calendar"): "ON_CALENDAR",
    (d.Calendar, "ends_at_close"): "DAYS_END_AT_CLOSE",
    (d.Agreement, "of"): "ABOUT",
    (d.Agreement, "stages"): "BY",
    (d.Agreement, "passes"): "OTHERWISE_PASSES",
    (d.Agreement, "on_reject"): "IF_REJECTED",
    (d.Agreement, "on_return"): "IF_RETURNED",
    (d.Agreement, "escalation"): "REJECTS",
    (d.Repeat, "until"): "REPEAT_UNTIL",
    (d.Repeat, "every"): "REPEAT_EVERY",
    (d.Repeat, "while_"): "WHILE",
}


def differences(before: d.Definition, after: d.Definition) -> tuple[Difference, ...]:
    """Lists what differs, the process's own lines first, then in the order of the fields of a definition."""
    found = list(_lines("PROCESS", after.name, before, after))
    own = [each for each in found if each.what == "PROCESS"]
    return (*own, *(each for each in found if each.what != "PROCESS"))


def _lines(what: str, name: str, before: Kept | None, after: Kept | None) -> Iterator[Difference]:
    there = after if after is not None else before
    assert there is not None
    kind = type(there)
    for field, default in shape(kind):
        blank: Any = None if default is NODEFAULT else default
        old, new = (blank if side is None else getattr(side, field) for side in (before, after))
        # what a thing is found by differs for the process alone; where lines stand no digest knows
        if old == new or field in _NO_LINES or (field == "name" and kind is not d.Definition):
            continue
        if field == "named" and _elsewhere(before, after):
            continue  # told with the line that names them
        if (kind, field) in _THINGS:
            yield from _things(kind, field, what, name, old, new)
        elif field == "events":
            words = dict.fromkeys(_event_word(event) for event in (*old, *new))
            for word in words:
                sides = [tuple(e for e in side if _event_word(e) == word) for side in (old, new)]
                yield Difference("changed", what, name, word, *sides)
        elif field in _PARTS and kind is d.Element:
            parts = list(_lines(what, name, old, new))
            yield from parts or [Difference("changed", what, name, field, old, new)]
        else:
            yield Difference("changed", what, name, _line(kind, field, after), old, new)


def _elsewhere(before: Any, after: Any) -> bool:
    """Whether the line differs in which people named by data stand: `role` of an activity, `by` of an approval."""
    return bool((before.roles, before.agreement) != (after.roles, after.agreement))


def _line(kind: type, field: str, after: Any) -> str:
    if field == "when" and getattr(after, "kind", None) == "phase":
        return "ENTER_WHEN"
    if field == "named":
        return "BY" if getattr(after, "kind", None) == "approval" else "DONE_BY"
    own = field.upper() if field.upper() in table("en")["lines"] else field
    return _LINES.get((kind, field)) or _LINES.get(field) or own


def _things(
    kind: type, field: str, what: str, name: str, before: Sequence[Any], after: Sequence[Any]
) -> Iterator[Difference]:
    spelled, key = _THINGS[kind, field]
    old, new = ({key(each): each for each in side} for side in (before, after))
    if len(old) != len(before) or len(new) != len(after):  # nothing tells two of them apart
        yield Difference("changed", what, name, _line(kind, field, None), before, after)
        return
    whole = "" if kind is d.Definition else f"{name}."
    for one in old:
        if one not in new:
            yield Difference("removed", spelled(old[one]), whole + _name(old[one]), before=old[one])
    for one in new:
        if one not in old:
            yield Difference("added", spelled(new[one]), whole + _name(new[one]), after=new[one])
        elif old[one] != new[one]:
            yield from _lines(spelled(new[one]), whole + _name(new[one]), old[one], new[one])
    kept = [one for one in old if one in new], [one for one in new if one in old]
    if kept[0] != kept[1]:
        yield Difference("changed", what, name, "order", *([_name(old[one]) for one in side] for side in kept))


def _name(thing: Any) -> str:
    if isinstance(thing, d.Separation):
        return f"{thing.element}, {thing.other}"
    if isinstance(thing, d.Order):
        return ", ".join(thing.elements)
    if isinstance(thing, d.Booking):
        return thing.items
    if isinstance(thing, d.Section):
        return thing.title
    if isinstance(thing, d.DecisionRule):
        return f"{' | '.join(thing.tests)} -> {', '.join(thing.outputs)}"
    return str(thing.id if isinstance(thing, d.Clause) else thing.name)


# -- in words ------------------------------------------------------------------------------------------------------


def said(value: Any, phrases: Phrases) -> str:
    """Writes a value of a line as it would stand in a file, in one language's keywords; "" for none."""
    if value is None or value is False or value == ():
        return ""
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(phrases, value)
    if isinstance(value, tuple | list):
        between = f" {phrases.word('THEN')} " if value and isinstance(value[0], d.Stage) else ", "
        return between.join(said(each, phrases) for each in value)
    if isinstance(value, Kept):
        parts = (said(each, phrases) for each in to_json(value).values())
        return " ".join(part for part in parts if part)
    if isinstance(value, dict):
        return " ".join(said(each, phrases) for each in value.values())
    return "" if value is True else str(value)


def _type(p: Phrases, value: d.TypeRef) -> str:
    if value.item is not None:
        return f"{p.word('LIST_OF')} {_type(p, value.item)}"
    if value.choices:
        return f"{p.word('CHOICE')} {' | '.join(map(quote, value.choices))}"
    return value.record or p.type_word(value.name)


def _of(p: Phrases, needed: int, of: Sequence[str]) -> str:
    listed = ", ".join(of)
    if needed >= len(of):
        return listed
    return f"{p.word('ANY_OF') if needed == 1 else f'{needed} ' + p.word('OF')} {listed}"


def _stage(p: Phrases, value: d.Stage) -> str:
    seats = ", ".join(role if count == 1 else f"{count} {role}" for role, count in value.seats)
    if not value.needed:
        seats = f"{p.word('ALL_OF')} {seats}"
    elif value.first:
        seats = f"{p.word('ANY_OF')} {seats}"
    elif value.needed < sum(count for _, count in value.seats):
        seats = f"{value.needed} {p.word('OF')} {seats}"
    seats = f"{p.word('OTHER')} {seats}" if value.other else seats
    return f"{seats} {p.word('WHEN')} {value.when}" if value.when is not None else seats


def _consequence(p: Phrases, value: d.Consequence) -> str:
    if value.kind == "return":
        return f"{p.word('RETURN_TO')} {value.target}"
    return p.word("CANCEL") + (f" {quote(value.reason)}" if value.reason else "")


def _many(p: Phrases, value: d.Many) -> str:
    more = f" {p.word('OPEN')}" if value.open else ""
    enough = f" {p.word('DONE_WHEN')} {value.enough} {p.word('OF_DONE')}" if value.enough is not None else ""
    closes = f" {p.word('CLOSE_WHEN')} {value.closes}" if value.closes is not None else ""
    return f"{value.variable} {p.word('IN')} {value.items}{more}{enough}{closes}"


# what an activity does by itself -> how its line begins
_WORKS = {"amend": "AMENDS", "signal": "WAIT_FOR", "until": "WAIT_UNTIL", "pause": "WAIT"}


def _work(p: Phrases, value: d.Work) -> str:
    given = ", ".join(f"{name} = {text}" for name, text in value.arguments)
    parts = [p.word(_WORKS.get(value.kind, value.kind.upper())), value.target, value.when]
    parts += [f"{p.word('WITH')} {given}" if given else None]
    parts += [f"{p.word('RETRY')} {said(value.retry, p)}" if value.retry is not None else None]
    return " ".join(part for part in parts if part)


_ACTIONS = {"notify": "NOTIFY", "escalate": "ESCALATE_TO", "start": "START"}


def _action(p: Phrases, value: d.Action) -> str:
    given = ", ".join(f"{name} = {text}" for name, text in value.arguments)
    more = f" {p.word('WITH')} {given}" if given else ""
    return f"{p.word(_ACTIONS[value.kind])} {value.process or ', '.join(value.roles)}{more}"


# kind of event -> how its line begins, where it ends the element and where not
_EVENTS = {
    "overdue": ("ON_OVERDUE", "ON_OVERDUE"),
    "remind": ("REMIND", "REMIND"),
    **{kind: (word, HAPPENS[kind]) for kind, word in ENDS.items()},
}


def _event_word(event: d.Event) -> str:
    return _EVENTS[event.kind][not event.ends]


def event_line(event: d.Event, phrases: Phrases) -> str:
    """Writes the line of an event as it would stand in a file."""
    return f"{phrases.word(_event_word(event))} {_event(phrases, event)}"


def _event(p: Phrases, value: d.Event) -> str:
    who = ", ".join((*value.roles, *((p.word("HOLDER"),) if value.holder else ())))
    why = f"{p.word('BECAUSE')} {quote(value.reason)}" if value.reason else ""
    return " ".join(part for part in (who, value.at, said(value.actions, p), why) if part)


def _occasion(p: Phrases, value: d.Occasion) -> str:
    name = None if value.name is None else t.Name(value.name)
    state = None if value.state is None else t.Name(value.state)
    every = None if value.every is None else t.Expr(value.every)
    return p.of(t.Occasion(value.kind, name, state, value.count, every))[1]


_WRITERS: Mapping[type, Callable[[Phrases, Any], str]] = {
    d.TypeRef: _type,
    d.After: lambda p, v: _of(p, v.needed, v.elements),
    d.Input: lambda _, v: f"{v.record} ({', '.join(v.approvals)})" if v.approvals else v.record,
    d.Stage: _stage,
    d.Consequence: _consequence,
    d.Escalation: lambda p, v: f"{v.rejects} {p.word('ESCALATE_TO')} {v.role}",
    d.Retry: lambda p, v: f"{v.times} {p.word('TIMES')} {p.word('RETRY_OVER')} {v.over}",
    d.Many: _many,
    d.Capacity: lambda p, v: f"{v.most} {p.word('PER')} {v.every}" if v.every else v.most,
    d.Rank: lambda p, v: f"{v.by} {p.word('MOST_FIRST')}" if v.most_first else v.by,
    d.Action: _action,
    d.Occasion: _occasion,
    d.Target: lambda p, v: f"{v.span} {p.word('WHEN')} {v.when}" if v.when else v.span,
    d.Threshold: lambda p, v: f"{v.percent}% {said(v.actions, p)}",
    d.Event: _event,
    d.Work: _work,
    d.Requirement: lambda p, v: f"{p.word(v.kind.upper())} {v.name} {v.at_least or ''}".rstrip(),
}

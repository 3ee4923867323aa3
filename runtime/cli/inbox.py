"""`charter inbox`: what waits for a person, why it is theirs, and what to type next; what they should know beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from charter.engine.commands import SYSTEM
from charter.engine.keys import name_of
from charter.engine.personal import whose
from charter.runtime.cli.agenda import words
from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.output import Cell
from charter.runtime.cli.sla import promised
from charter.runtime.cli.verb import JSON, Verb, Whole, option, switch
from charter.runtime.clock import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from charter.runtime.cli.offered import Offer
    from charter.runtime.desk.inbox import WorkItem
    from charter.runtime.desk.queues import Turn
    from charter.runtime.desk.standing import Standing

LIMIT = 100
_MINUTE = 60_000_000


def run_inbox(context: Context, process: str | None, limit: int, told: bool, as_json: bool) -> int:
    """Lists a person's open work, what is due or promised first in front; `told`: notices instead, the newest first."""
    if told:
        return _notices(context, process, limit, as_json)
    from charter.engine.refusals import Refusal
    from charter.runtime.desk.inbox import inbox
    from charter.runtime.desk.queues import in_turn, to_json as turn_json, turns
    from charter.runtime.desk.register import drills, processes, provisional, titles
    from charter.runtime.desk.subjects import saying, subjects, told as told_subject
    from charter.runtime.people.hours import calendars_of, left

    person, say, output = context.person, context.say, context.output
    with context.store.read() as connection:
        items = inbox(connection, person, now=context.now, process=process, limit=limit)
        if isinstance(items, Refusal):
            from charter.runtime.cli.aftermath import refused

            return refused(context, items, None, None, None)
        clocks = _clocks(context, connection, items)
        turn = turns(connection, lambda of: context.cases.definition(of), person, items, context.now)
        # Titles come without the command path: what is looked at most often must start fast.
        known = titles(connection, [item.case for item in items])
        practised = drills(connection, [item.case for item in items])
        names = processes(connection, known)
        mine = calendars_of(connection, [person]).get(person)
        speaking = saying(connection, known) if known else []
        unsure = provisional(connection, [(i.case, i.element, i.since, i.due) for i in items if i.due])
    about = subjects(context.reading, speaking, context.now) if speaking else {}
    consulted(context, "inbox", process=process)
    items = in_turn(items, turn)
    ahead = [item for item in items if mine is not None and item.due is not None and item.due > context.now]
    own = {item.place: left(mine, context.now, item.due) for item in ahead if mine and item.due}
    given = _given(context, items)
    if as_json:
        answer = [_json(item, *known[item.case][item.element]) for item in items]
        for item, row in zip(items, answer, strict=True):
            row["drill"] = item.case in practised
            row |= {"provisional": True} if (item.case, item.element) in unsure else {}
            row |= {"own_minutes": spare // _MINUTE} if (spare := own.get(item.place)) is not None else {}
            row |= {"sla": clocks[item.place].to_json()} if item.place in clocks else {}
            row |= told_subject(about, item.case)
            row |= {"offered": [one.to_json() for one in given[item.place]]} if item.place in given else {}
            row |= {"queue": turn_json(turn[item.place])} if item.place in turn else {}
        output.json(answer)
        return 0
    if not items:
        output.sentence(say("inbox.empty", person=person))
        return 0
    rows = []
    for item in items:
        title, kind = known[item.case][item.element]
        shown = _shown(item.node, title)
        shown = say.of(shown, todo) if (todo := _todo(context, item)) else shown
        since = output.relative(item.since, context.now)
        rows.append(
            (
                f"#{item.number}",
                say.practised(names[item.case], item.case in practised),
                *((about.get(item.case, ""),) if about else ()),
                shown,
                say("inbox.state_list" if item.is_list else f"states.{item.state}"),
                since,
                _due(context, item, (item.case, item.element) in unsure, own.get(item.place)),
                *((promised(context, clocks[item.place]) if item.place in clocks else "",) if clocks else ()),
                why(context, item) + _turn(context, turn.get(item.place)) + _left(context, given.get(item.place)),
                Cell(next_command(kind, item), whole=True),
            )
        )
    heads = (
        "case",
        "process",
        *(("subject",) if about else ()),
        "element",
        "state",
        "since",
        "due",
        *(("left",) if clocks else ()),
        "why",
        "next",
    )
    output.table(
        [say(f"inbox.{head}") for head in heads], rows, styles=("faint", None, *((None,) if about else ()), "name")
    )
    if len(items) == limit:
        output.sentence(say("inbox.more", limit=limit), "faint")
    return 0


def _due(context: Context, item: WorkItem, provisional: bool, own: int | None) -> Cell:
    """Says when work is due, and how much of that time its reader works, where they have hours of their own."""
    cell = context.output.due(item.due, context.now, provisional=provisional)
    if own is None:
        return cell
    amount = context.output.amount(own)
    said = context.say("inbox.own" if amount else "inbox.none_own", amount=amount)
    return Cell(cell + context.say.aside(said), cell.style)


def _turn(context: Context, turn: Turn | None) -> str:
    """Says where work comes in its queue, and whether it waits there."""
    if turn is None:
        return ""
    key = "queue_full" if turn.free is not None and turn.free <= 0 else "queue_waits" if turn.waits else "queue_turn"
    return context.say.aside(context.say(f"inbox.{key}", place=turn.place, length=turn.length, free=turn.free or 0))


def _given(context: Context, items: Sequence[WorkItem]) -> dict[tuple[int, str, str], list[Offer]]:
    """Gives what registers offer to each piece of work, by its place; to most they offer nothing."""
    from charter.runtime.store.prepared import ask

    query = 'SELECT DISTINCT "case" FROM entries WHERE "case" IN (…) AND kind = \'entries_offered\''
    with context.store.read() as connection:
        there = {case for (case,) in ask(connection, query, {item.case for item in items})}
    if not there:
        return {}
    from charter.runtime.cli.offered import offers

    found = {i.place: offers(context, context.cases.state(i.case), i.node) for i in items if i.case in there}
    return {place: one for place, one in found.items() if one}


def _left(context: Context, given: list[Offer] | None) -> str:
    """Says how many entries that are offered are still to be answered."""
    count = sum(one.taken_up is None for one in given or ())
    return context.say.aside(context.say("inbox.offered", count=count)) if count else ""


def _clocks(context: Context, connection: Any, items: Sequence[WorkItem]) -> dict[tuple[int, str, str], Standing]:
    """Gives the most urgent clock that each piece of work is about, by its place; most cases have none."""
    from charter.runtime.store.prepared import ask

    cases = {item.case for item in items}
    there = ask(connection, 'SELECT DISTINCT "case" FROM running_clocks WHERE "case" IN (…)', cases)
    if not there:
        return {}
    from charter.runtime.desk.clocks import under_way
    from charter.runtime.desk.standing import pressing

    found = under_way(connection, context.cases.definition, context.now, among=[case for (case,) in there])
    pairs = ((item.place, pressing(found, item.case, item.node)) for item in items)
    return {place: clock for place, clock in pairs if clock is not None}


def _todo(context: Context, item: WorkItem) -> str:
    """Says in the words of a meeting what is to be done; of other work nothing."""
    if item.is_list or item.node == item.element:
        return ""
    node = context.cases.state(item.case).nodes[item.node]
    return words(context.cases.definition(item.case), node, context.reading.sight(item.case))


def _shown(node: str, title: str) -> str:
    return node if title == name_of(node) else f"{node} {title}"


def _notices(context: Context, process: str | None, limit: int, as_json: bool) -> int:
    from charter.engine.refusals import Refusal
    from charter.runtime.cli.trail import kind_word, shown_time
    from charter.runtime.desk.notices import notices
    from charter.runtime.desk.register import processes

    person, say, output = context.person, context.say, context.output
    with context.reading.read() as connection:
        found = notices(
            connection,
            person,
            context.reading.definition,
            now=context.now,
            process=process,
            limit=limit,
            seen=context.reading.seen,
        )
        names = {} if isinstance(found, Refusal) else processes(connection, {n.case for n in found})
    if isinstance(found, Refusal):
        from charter.runtime.cli.aftermath import refused

        return refused(context, found, None, None, None)
    consulted(context, "notices", process=process)
    if as_json:
        output.json([asdict(notice) for notice in found])
        return 0
    if not found:
        output.sentence(say("inbox.no_notices", person=person))
        return 0
    rows = [
        (
            "" if n.number is None else f"#{n.number}",
            names.get(n.case, n.process),
            _shown(n.element, n.title),
            kind_word(context, n.kind) + ("" if n.verdict is None else say.aside(say(f"kpi.{n.verdict}"))),
            shown_time(context, n.at),
            say("audit.system") if n.by == SYSTEM.person else n.by,
            say("inbox.why_personal") if whose(n.role) else say("inbox.why_offered", role=n.role),
            n.reason,
        )
        for n in found
    ]
    heads = ("case", "process", "element", "what", "at", "by", "why", "reason")
    output.table([say(f"inbox.{head}") for head in heads], rows, styles=("faint", None, "name"))
    return 0


def why(context: Context, item: WorkItem) -> str:
    """Says why a piece of work is this person's; of work that was sent back, by whom, where and why."""
    if item.iteration > 1 and not item.is_list:
        from charter.runtime.desk.notes import sent_back

        state = context.cases.state(item.case)
        with context.store.read() as connection:
            back = [each for each in sent_back(connection, state) if each.to == item.node]
        if back:
            said = {"person": back[0].by, "element": back[0].element, "reason": back[0].reason}
            return context.say("inbox.why_sent_back", **said)
    reason = "assigned" if item.why == "held" and item.assigned else item.why
    if reason == "offered" and item.role is None:
        reason = "named"
    reason = "opened" if item.why == "held" and item.is_list else reason
    return context.say(f"inbox.why_{reason}", role=item.role or "", principal=item.on_behalf_of or "")


def next_command(kind: str, item: WorkItem) -> str:
    """Gives the command a person would type next."""
    if item.is_list:
        verb = "close" if item.size else "add"
    else:
        verb = "resume" if item.state == "suspended" else "approve" if kind == "approval" else "complete"
    behalf = "" if item.on_behalf_of is None else f" --for {item.on_behalf_of}"
    return f"charter {verb} {item.number} {item.node}{behalf}"


def _json(item: WorkItem, title: str, kind: str) -> dict[str, Any]:
    return {
        "case": item.case,
        "number": item.number,
        "process": item.process,
        "element": item.node,
        "title": title,
        "kind": "list" if item.is_list else kind,
        "state": item.state,
        "iteration": item.iteration,
        "role": item.role,
        "why": item.why,
        "on_behalf_of": item.on_behalf_of,
        "since": iso(item.since),
        "due": iso(item.due),
        "next": next_command(kind, item),
    }


VERBS = {
    "inbox": Verb(
        "inbox",
        run_inbox,
        [
            option("--process", "PROCESS"),
            option("--limit", "NUMBER", type=Whole(), default=LIMIT),
            switch("--notices", name="told"),
            switch(JSON, name="as_json"),
        ],
    )
}

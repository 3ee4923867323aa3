"""What a person reads after a verb: what happened, and who is waited for now; or why not, and who could.

One line for the verb itself, then at most one for each sort of consequence. Knows the entries of one step and the
state after it; decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from charter.engine.commands import Actor
from charter.engine.entries import Entry
from charter.engine.entries.cases import Amended, Granted, Written
from charter.engine.keys import is_instance, name_of
from charter.engine.machines import CLOSED, WORKABLE
from charter.engine.personal import whose
from charter.engine.plan.program import prepare
from charter.engine.reading import reason as as_read
from charter.engine.refusals import Refusal
from charter.runtime.cli.consulted import database
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import error_sentence, guess
from charter.runtime.cli.failures import failure_sentence
from charter.runtime.cli.faster import who_was_first
from charter.runtime.cli.mends import mend_of
from charter.runtime.cli.reasons import why_refused
from charter.runtime.cli.trail import version_of
from charter.runtime.desk import views
from charter.runtime.desk.register import barred, number_of
from charter.runtime.people.directory import able, candidates, everybody
from charter.runtime.refusals import UNKNOWN_PERSON
from charter.runtime.store.errors import StorageError
from charter.runtime.store.prepared import driver

if TYPE_CHECKING:
    from charter.engine.definition import Definition
    from charter.engine.state import CaseState
    from charter.runtime.desk.views import Waiting
    from charter.runtime.host.cases import Performed

MOST = 5  # names in one line before "and n more"

# kinds of entries that are told of, in this order; each is one line naming its elements
_TOLD = (
    "granted",
    "rejected",
    "reached",
    "returned",
    "withdrawn",
    "reopened",
    "repeated",
    "staled",
    "restored",
    "skipped",
    "failed",
    "unapproved",
    "overdue",
    "escalated",
    "line_overrun",
    "count_reached",
    "fired",
    "launched",
    *("undated", "idle", "uncounted", "stage_passed", "stage_held"),
)
# verbs that move nothing
_QUIET = frozenset(("comment", "attach", "confirm"))
# told of only where the element is still so at the end of the step
_STILL = {"staled": ("stale",), "reopened": ("planned", *WORKABLE), "rejected": ("rejected",)}
# what the verb's own line says already
_OWN = {
    "approve": "granted",
    "reject": "rejected",
    "return": "returned",
    "withdraw": "withdrawn",
    "skip": "skipped",
    "reopen": "reopened",
}


def named(definition: Definition, key: str) -> str:
    """Names an element instance for a reader: `do_task[2] 执行工作任务`."""
    name = name_of(key)
    titles = {rule.name: rule.title for rule in definition.rules}
    title = next((e.title for e in definition.elements if e.name == name), titles.get(name, name))
    return key if title == name else f"{key} {title}"


def several(context: Context, names: Sequence[str]) -> str:
    """Joins names, the first few of many."""
    shown = context.say("happened.comma").join(names[:MOST])
    return context.say("happened.more", names=shown, count=len(names) - MOST) if len(names) > MOST else shown


def tell(
    context: Context,
    verb: str,
    performed: Performed,
    *,
    node: str | None = None,
    as_json: bool = False,
    earlier: Sequence[Performed] = (),
) -> int:
    """Writes what a performed command did; gives the exit code. `earlier`: others of the same line, not told yet."""
    definition = performed.definition
    if performed.refusal is not None:
        done = {"entries": _entries(earlier)} if earlier else {}
        return refused(context, performed.refusal, definition, performed.state, node, context.person, **done)
    with context.committed():
        _beside(context, performed)
        if as_json:
            context.output.json(_json(context, performed, earlier))
            return 0
        for line in lines(context, verb, performed, node):
            context.output.sentence(line)
    return 0


def hold(context: Context, performed: Performed) -> None:
    """Takes a command as done that is told of with the next."""
    with context.committed():
        _beside(context, performed)


def _beside(context: Context, performed: Performed) -> None:
    """Says what the host could not do once the command was committed."""
    if performed.trouble is not None:
        context.note(context.say("frame.later", detail=error_sentence(performed.trouble, context.say)))
    if performed.failed:
        context.note(context.say("frame.incidents", count=performed.failed))
    if performed.stranded:
        from charter.runtime.cli.gaps import stranded

        for line in stranded(context, performed.stranded, performed.state):
            context.note(context.say("frame.warning", text=line))


def lines(context: Context, verb: str, performed: Performed, node: str | None) -> Iterator[str]:
    """Yields the lines of what happened: the verb's own, its consequences, who is waited for now."""
    yield _own_line(context, verb, performed, node)
    principals = dict.fromkeys(e.on_behalf_of for e in performed.entries if e.on_behalf_of is not None)
    if principals:
        yield "  " + context.say("happened.on_behalf_of", names=several(context, list(principals)))
    if verb in _QUIET:
        return
    by_kind: dict[str, list[str]] = {}
    for entry in performed.entries:
        key = _about(entry)
        if key is not None and key not in by_kind.setdefault(entry.kind, []):
            by_kind[entry.kind].append(key)
    fresh = {k for kind in ("opened", "reopened", "repeated", "restored") for k in by_kind.get(kind, ())}
    waiting = views.waiting(performed.definition, performed.state)
    new = [w for w in waiting if w.key in fresh]
    for kind, keys in _consequences(verb, performed, node, by_kind, {w.key for w in new}):
        names = several(context, [named(performed.definition, key) for key in keys])
        yield "  " + context.say(f"happened.{kind}", names=names)
    yield from _standing(context, verb, performed, node, waiting, new)


def _own_line(context: Context, verb: str, performed: Performed, node: str | None) -> str:
    say, definition, entries = context.say, performed.definition, performed.entries
    written = several(context, [version_of(r.told) for r in entries if isinstance(r.told, Written | Amended)])
    granted = verb == "approve" and any(isinstance(r.told, Granted) and r.node == node for r in entries)
    same = verb == "amend" and any(isinstance(r.told, Amended) and r.told.same for r in entries)
    with context.reading.read() as connection:
        number = number_of(connection, performed.case)
    said = "approve_granted" if granted else "amend_same" if same else verb
    return say(
        f"did.{said}" if node or not say.find(f"did.{said}_case") else f"did.{said}_case",
        what=named(definition, node) if node else "",
        number=number,
        called=f" ({performed.state.called})" if performed.state.called else "",
        written=written,
        records=say("happened.with", records=written) if written else "",
        process=definition.title,
        person=_to(entries),
    )


_ABOUT = {"line_overrun": ("ledger", "line"), "count_reached": ("counter", "key", "count"), "fired": ("rule",)}


def _about(entry: Entry) -> str | None:
    """Names what an entry is about: a rule, the line of a ledger, the key of a counter, else a node."""
    fields = _ABOUT.get(entry.kind)
    return entry.node if fields is None else " ".join(str(getattr(entry.told, name)) for name in fields)


def _consequences(
    verb: str, performed: Performed, node: str | None, by_kind: Mapping[str, list[str]], coming: set[str]
) -> Iterator[tuple[str, list[str]]]:
    """Yields (sort, keys) of what else happened; what is next is not told of before, nor what is no longer so."""
    definition, nodes = performed.definition, performed.state.nodes
    for kind in _TOLD:
        keys = [k for k in by_kind.get(kind, ()) if not (_OWN.get(verb) == kind and k == node) and k not in coming]
        if kind in _STILL:
            keys = [k for k in keys if k in nodes and nodes[k].state in _STILL[kind]]
        if keys:
            yield kind, keys
    wholes = {e.name for e in definition.elements if e.kind == "phase" or e.many}
    completed = [k for k in by_kind.get("completed", ()) if k != node]
    whole = [k for k in completed if name_of(k) in wholes and not _is_work(definition, k)]
    for kind, keys in (("done", [k for k in completed if k not in whole]), ("phase_done", whole)):
        if keys:
            yield kind, keys


def _standing(
    context: Context,
    verb: str,
    performed: Performed,
    node: str | None,
    waiting: Sequence[Waiting],
    new: Sequence[Waiting],
) -> Iterator[str]:
    """Yields how the case stands after it: over, or who is waited for."""
    say, definition, state = context.say, performed.definition, performed.state
    there = state.nodes.get(node) if node else None
    if verb == "retry" and there is not None and there.state == "failed":
        failure = failure_sentence(there.reason, there.key, say.lang) if there.reason else named(definition, there.key)
        yield "  " + say("happened.failed", names=failure)
    if state.status in (*CLOSED, "suspended"):
        if node is not None or verb not in ("suspend", "cancel"):
            yield "  " + say(f"happened.case_{state.status}")
    elif new or waiting:
        people = [
            say("happened.by", what=named(definition, w.key), who=whom(context, definition, performed.case, w))
            for w in new or waiting
        ]
        yield "  " + say("happened.next" if new else "happened.waiting", names=several(context, people))
    elif lists := views.open_lists(definition, state):
        yield "  " + say("happened.open_lists", names=several(context, [named(definition, r.key) for r in lists]))


def _is_work(definition: Definition, key: str) -> bool:
    """Tells whether a key is a piece of work inside a `for each`, not the list itself or a phase."""
    return is_instance(key) and any(e.name == name_of(key) and e.kind != "phase" for e in definition.elements)


def whom(context: Context, definition: Definition, case: str, waiting: Waiting) -> str:
    """Says who is waited for: the holder, or the roles with the people who have them and may."""
    if waiting.holder:
        return several(context, _acting(context, definition.name, [waiting.holder], None))
    if not waiting.roles:
        return context.say("happened.itself")
    with context.reading.read() as connection:
        unable = barred(connection, case, waiting.key)
    return context.say("happened.or").join(people_of(context, definition.name, waiting.roles, but=unable))


def people_of(context: Context, process: str, roles: Iterable[str], *, but: Collection[str] = ()) -> list[str]:
    """Names roles with the people who can act in them now, `department_head: wang, liu`, leaving some people out."""
    out = []
    for role in roles:
        with context.reading.read() as connection:
            people = candidates(connection, process, (role,))
        left = [person for person in people if person not in but]
        if whose(role):
            out += _acting(context, process, people, None, but=but)
        elif left:
            out.append(_in_role(context, process, left, role, but=but))
        else:
            out.append(context.say("happened.nobody_else" if people else "happened.nobody", role=role))
    return out


def _holders(context: Context, process: str, roles: Iterable[str], *, but: Collection[str | None]) -> _People:
    """Gives the people of each role that somebody has beside these."""
    with context.reading.read() as connection:
        found = [(role, candidates(connection, process, (role,))) for role in roles]
    beside = ((None if whose(role) else role, [one for one in people if one not in but]) for role, people in found)
    return [(role, people) for role, people in beside if people]


def _in_role(
    context: Context, process: str, people: Sequence[str], role: str | None, *, but: Collection[str | None] = ()
) -> str:
    names = several(context, _acting(context, process, people, role, but=but))
    return names if role is None else context.say.of(role, names)


def _acting(
    context: Context,
    process: str,
    persons: Sequence[str],
    role: str | None,
    *,
    but: Collection[str | None] = (),
) -> list[str]:
    """Names who can act now of these people, or for them; where all are away, them, as away."""
    with context.reading.read() as connection:
        found = [one for one in able(connection, process, persons, role, context.now) if one.person not in but]
    if not found:
        return [context.say("happened.away", person=person) for person in persons]
    return [
        one.person
        if one.principal is None
        else context.say("happened.in_place_of", person=one.person, principal=one.principal)
        for one in found
    ]


def refused(
    context: Context,
    refusal: Refusal,
    definition: Definition | None,
    state: CaseState | None,
    node: str | None,
    person: str | None = None,
    **more: Any,
) -> int:
    """Writes a refusal: the sentence, the line that holds it back, who was first or could do it, and what helps."""
    if state is not None and state.case:
        refusal = _as_read(context, refusal, state.case, definition)
    say, reason = context.say, refusal.reasons[0]
    beside: list[str] = []
    could: list[dict[str, str | None]] = []
    guessed = ""
    if definition is not None and state is not None:
        beside += who_was_first(context, reason, definition, state)
        others = _others(context, refusal, definition, state, node, person)
        if others:
            names = [_in_role(context, definition.name, people, role, but={person}) for role, people in others]
            beside.append(say("happened.could", names=say("happened.or").join(names)))
            could = _could(context, definition.name, others, person)
    if refusal.code in (UNKNOWN_PERSON, "CH592"):
        # A guess is worth no error.
        with suppress(StorageError), database(context).read() as connection, driver(connection).as_it_stands():
            guessed = guess(reason.arguments.get("person"), everybody(connection), say)
    mend = mend_of(context, refusal, definition, state, node, person or context.person)
    told = why_refused(refusal, definition, say, state, guessed=guessed, beside=beside, help=mend, could=could, **more)
    return context.fail(told)


def _as_read(context: Context, refusal: Refusal, case: str, definition: Definition | None) -> Refusal:
    """Gives a refusal without the values that whoever asks may not read."""
    sight = context.reading.attempted(case, definition)
    reasons = (replace(each, arguments=as_read(sight, each.arguments)) for each in refusal.reasons)
    return refusal if sight.whole else replace(refusal, reasons=tuple(reasons))


_People = list[tuple[str | None, list[str]]]  # people by role, None where they are meant by name


def _others(
    context: Context,
    refusal: Refusal,
    definition: Definition,
    state: CaseState,
    node: str | None,
    person: str | None,
) -> _People:
    """Gives who could do what is refused because of who asks; nobody where that is not the reason."""
    reason = refusal.reasons[0]
    if reason.code == "CH535":
        roles = reason.arguments.get("roles") or ["opener"]
        if roles == ["opener"] and definition.owner is None:
            return [(None, [state.opened_by])] if state.opened_by is not None else []
        return _holders(context, definition.name, roles, but={person})
    if reason.code not in _AUTHORITY or node is None or node not in state.nodes:
        return []
    # what is refused of somebody else (the one it was to be handed to) is not answered by naming others
    if any(reason.arguments.get("person", person) != person for reason in refusal.reasons):
        return []
    holder = state.nodes[node].holder
    if holder is not None:
        return [(None, [holder])]
    with context.reading.read() as connection:
        unable = barred(connection, state.case, node) | {person}
    return _holders(context, definition.name, views.waited_for(prepare(definition), state.nodes[node]), but=unable)


def _could(context: Context, process: str, others: _People, person: str | None) -> list[dict[str, str | None]]:
    with context.reading.read() as connection:
        found = [(role, able(connection, process, people, role, context.now)) for role, people in others]
    return [
        {"person": one.person, "role": role, "on_behalf_of": one.principal}
        for role, ables in found
        for one in ables
        if one.person != person
    ]


# refusals about who a person is, so that naming others helps
_AUTHORITY = frozenset({"CH501", "CH503", "CH504", "CH505", "CH507", "CH517", "CH520", "CH543"})


def _to(entries: Sequence[Entry]) -> str:
    """Names whom or what a command leads to, "" where it names nobody."""
    to = getattr(entries[0].command, "to", None)
    return to.person if isinstance(to, Actor) else to or ""


def _json(context: Context, performed: Performed, earlier: Sequence[Performed]) -> dict[str, Any]:
    with context.reading.read() as connection:
        number = number_of(connection, performed.case)
    return {
        "case": performed.case,
        "number": number,
        "process": performed.definition.name,
        "status": performed.state.status,
        "commands": performed.state.commands,
        "entries": _entries((*earlier, performed)),
        "waiting": [views.waiting_json(w) for w in views.waiting(performed.definition, performed.state)],
    }


def _entries(done: Iterable[Performed]) -> list[dict[str, Any]]:
    return [
        {"kind": e.kind, "element": e.node, "before": e.before, "after": e.after} for each in done for e in each.entries
    ]

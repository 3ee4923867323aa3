"""What may run now, and if not, what holds it back or rules it out.

An element is ready when the phase around it is active, every input is there (approved where approvals are asked
for), every `after` is satisfied and `when` is true. A false `when` and an input or predecessor that can never come
rule it out (dead path); an unknown `when` holds it. Looks only; changes nothing; knows no people and no commands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from charter.engine.definition import After, Input
from charter.engine.keys import Path, key_of, parse_key
from charter.engine.machines import COMPLETE, LOST, SATISFIED, SETTLED
from charter.engine.plan.facts import ELEMENT
from charter.engine.plan.place import Place
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program, compiled
from charter.engine.plan.scope import Foresight, Scope
from charter.engine.plan.turns import in_the_way
from charter.engine.refusals import Reason
from charter.engine.state import View

# Skip outcomes by the code that rules an element out.
OUTCOMES = {"CH570": "condition", "CH571": "dead", "CH572": "dead", "CH577": "condition", "CH593": "withdrawn"}

Use = tuple[str, str]


def _approved(place: Place, needed: Input, name: str) -> str:
    """Gives how an approval bears on an input: "" when it does not hold the input back, else "waits" or "lost"."""
    approval = place.program.plans[name]
    seen = place.program.seen(place.plan, place.path, approval)
    state = place.seen_state(approval)
    seen_name, at = parse_key(seen)
    if place.program.plans[seen_name].is_group(at):
        if state not in COMPLETE:
            return "lost" if state in LOST else "waits"
        rows = (place.view.nodes.get(key) for key in place.program.expand(place.view.nodes, approval, at))
        states = {row.state for row in rows if row is not None}
        return "lost" if "rejected" in states else ""
    if state == "skipped":
        return ""
    if state in LOST:
        return "lost"
    if state != "granted":
        return "waits"
    now = place.use(needed.record)
    node = place.view.nodes[seen]
    if now is None or now in node.used or not any(key == now[0] for key, _ in node.used):
        return ""
    if not Place(place.program, place.view, approval, parse_key(seen)[1]).open_around():
        # Its phase was left out since, so nobody can be asked again, as with an approval that was skipped.
        return ""
    # A version that was made after the approval, as what follows from it, does not undo it.
    version = place.view.versions.get(now[0])
    writer = place.view.nodes.get(version.node) if version is not None and version.node is not None else None
    later = writer is not None and place.program.precedes(approval, place.program.plans[writer.element])
    return "" if later else "waits"


def _left_out(program: Program, view: View, plan: Plan, path: Path, outcomes: frozenset[str]) -> bool:
    """Says whether the process itself passed an element over, or what it is in, with one of these outcomes."""
    node = view.nodes.get(key_of(plan.name, path))
    while node is None or node.outcome == "container":
        container = plan.container(path)
        if container is None:
            return False
        plan, path = program.spot(container)
        node = view.nodes.get(container)
    return node.state == "skipped" and node.outcome in outcomes


# How the process passes over an approval that stands alone, and one of several, though the file does not say that the
# record may pass so.
_UNSAID = (
    frozenset({"dead", "withdrawn", "ended", "unasked"}),
    frozenset({"dead", "withdrawn", "ended", "unasked", "condition", "choice"}),
)


def unapproved(place: Place, needed: Input) -> bool:
    """Says whether the process has passed over every approval of a record, and no approval lets it pass so.

    Where one alone approves a record, its `when` says what needs no approval. Several divide it among them, and what
    none of them takes nobody has said anything of. That what an approval waits for never comes says nothing either.
    """
    program, view = place.program, place.view
    approvals = [program.plans[name] for name in needed.approvals]
    if not approvals or any(a.element.agreement is not None and a.element.agreement.passes for a in approvals):
        return False
    outcomes = _UNSAID[len(approvals) > 1]
    outside = True
    inside: dict[Path, bool] = {}
    for approval in approvals:
        seen, at = program.spot(program.seen(place.plan, place.path, approval))
        paths = [parse_key(key)[1] for key in program.expand(view.nodes, approval, at)] if seen.is_group(at) else []
        items = [path for path in paths if len(path) == len(approval.loops)]
        if not items:
            outside = outside and _left_out(program, view, seen if paths else approval, at, outcomes)
        for path in items:
            inside[path] = inside.get(path, True) and _left_out(program, view, approval, path, outcomes)
    return outside and (not inside or any(inside.values()))


def is_approved(place: Place, needed: Input) -> bool:
    """Says whether a record is there in a version that may count: one that its approvals have let pass."""
    if place.use(needed.record) is None or unapproved(place, needed):
        return False
    return not any(_approved(place, needed, name) for name in needed.approvals)


def _inputs(place: Place) -> Iterator[Reason]:
    for needed in place.plan.element.inputs:
        record = needed.record
        if place.use(record) is None:
            dead = _dead(place, record)
            arguments: dict[str, Any] = {"element": place.plan.name, "record": record}
            if not dead:
                arguments["producers"] = [p.name for p in place.program.producers.get(record, ())]
            yield Reason("CH571" if dead else "CH551", f"{place.plan.name}.input", arguments)
            continue
        for producer in place.program.upstream(place.plan, record):
            key = place.reworked(producer)
            if key is not None:
                yield Reason("CH557", f"{place.plan.name}.input", {"element": place.plan.name, "elements": [key]})
                break
        else:
            repeating = _repeating(place, record)
            if repeating is not None:
                yield repeating
        if unapproved(place, needed):
            arguments = {"element": place.plan.name, "record": record, "approvals": list(needed.approvals)}
            yield Reason("CH590", f"{place.plan.name}.input", arguments)
            continue
        for name in needed.approvals:
            held = _approved(place, needed, name)
            if held:
                arguments = {"element": place.plan.name, "record": record}
                if held == "waits":
                    arguments["approval"] = name
                    arguments["state"] = place.seen_state(place.program.plans[name])
                yield Reason("CH571" if held == "lost" else "CH552", f"{place.plan.name}.input", arguments)


def _dead(place: Place, record: str) -> bool:
    """Says whether everything that could have produced a record is over without having done so."""
    producers = place.program.upstream(place.plan, record)
    ended = all(place.seen_state(producer) in SETTLED for producer in producers)
    return bool(place.program.producers.get(record)) and ended


def _list(place: Place, now: int) -> Iterator[Reason]:
    """Rules a `for each` out whose list is unknown because a record that it is made of never comes."""
    assert place.plan.element.many is not None
    for record in place.plan.items:
        if place.use(record) is None and _dead(place, record):
            if Scope.at(place, now).value(place.plan.element.many.items) is None:
                yield Reason("CH571", f"{place.plan.name}.for", {"element": place.plan.name, "record": record})
            return


def _repeating(place: Place, record: str) -> Reason | None:
    """Holds a consumer while the writer of the version is in the middle of its `repeat until`."""
    if not place.program.repeats:
        return None
    found = place.find(record)
    if found is None or isinstance(found, list) or found[1].node is None:
        return None
    writer = place.view.nodes.get(found[1].node)
    if writer is None or writer.element == place.plan.name or writer.state in SETTLED:
        return None
    repeat = place.program.plans[writer.element].element.repeat
    if repeat is None or repeat.until is None:
        return None
    arguments = {"element": place.plan.name, "record": record, "producers": [writer.element]}
    return Reason("CH551", f"{place.plan.name}.input", arguments)


def _after(place: Place, after: After, brief: bool) -> Reason | None:
    plans, nodes = place.program.plans, place.view.nodes
    satisfied = lost = left = 0
    for name in after.elements:
        seen = plans[name]
        node = None if seen.loops else nodes.get(name)
        state = place.seen_state(seen) if node is None else node.state
        if state == "skipped" and node is None:
            node = nodes.get(place.program.seen(place.plan, place.path, seen))
        if state == "skipped" and node is not None and node.outcome == "choice":
            left += 1
        elif state == "skipped" and node is not None and seen.kind == "milestone" and node.outcome == "condition":
            lost += 1  # what it stands for has not come about, and by nobody's choice
        elif state in SATISFIED:
            satisfied += 1
        elif state in LOST:
            lost += 1
    # What another was chosen for is not asked for: the rest has to come about, not the choice.
    needed = min(after.needed, len(after.elements) - left)
    if satisfied >= needed:
        return None
    if brief and len(after.elements) - left - lost >= needed:
        return _HELD
    code = "CH572" if len(after.elements) - left - lost < needed else "CH553"
    arguments: dict[str, Any] = {"element": place.plan.name, "elements": list(after.elements)}
    if code == "CH553":
        arguments["needed"] = after.needed
    return Reason(code, f"{place.plan.name}.after", arguments)


def _container(view: View, plan: Plan, path: Path) -> Reason | None:
    container = plan.container(path)
    if container is None:
        return None
    node = view.nodes.get(container)
    if node is not None and node.state == "active":
        return None
    state = "planned" if node is None else node.state
    return Reason("CH550", plan.name, {"element": plan.name, "container": container, "state": state})


def per_instance(program: Program, plan: Plan, text: str | None) -> bool:
    """Says whether a condition of a `for each` element is asked of each instance: it names the variable."""
    many = plan.element.many
    return many is not None and many.variable in program.names(text)


_HELD = Reason("CH553")


def turn_of(place: Place, level: str, key: str) -> Reason:
    """Says of whose work the turn is in a `one at a time`, as `turns.in_the_way` finds it."""
    return Reason("CH553", f"{level}.one", {"element": place.plan.name, "elements": [key], "needed": 1})


def obstacles(place: Place, now: int, *, brief: bool = False) -> list[Reason]:
    """Lists what keeps a planned node from being ready; empty when it is ready.

    Codes of OUTCOMES rule it out, the others hold it. `when` is looked at last, at the moment it alone decides.
    With `brief` the answer to a predecessor that is still to come is a bare CH553: the step asks this often, and
    only whether.
    """
    plan = place.plan
    if plan.loops or plan.around is not None:
        inside = _container(place.view, plan, place.path)
        if inside is not None:
            return [inside]
    element = plan.element
    instance = plan.many and len(place.path) > plan.outer
    found: list[Reason] = []
    if not instance:
        for after in element.after:
            reason = _after(place, after, brief)
            if reason is not None:
                found.append(reason)
        if element.inputs:
            found.extend(_inputs(place))
        if element.many is not None and plan.items:
            found.extend(_list(place, now))
        if element.starts_with and not any(
            place.seen_state(place.program.plans[name]) != "planned" for name in element.starts_with
        ):
            arguments = {"element": plan.name, "elements": list(element.starts_with), "needed": 1}
            found.append(Reason("CH553", f"{plan.name}.alongside", arguments))
    if found:
        # What rules it out counts even where something else would still hold it.
        ruled_out = [reason for reason in found if reason.code in OUTCOMES]
        return [*ruled_out, *(reason for reason in found if reason not in ruled_out)] if ruled_out else found
    if element.when is not None and (not plan.many or per_instance(place.program, plan, element.when) == instance):
        reason = _when(place, now)
        if reason is not None:
            return [reason]
    offer = not_offered(place, now)
    if offer is not None:
        return [offer]
    work = element.work
    if work is None or plan.is_group(place.path):
        return []
    rival = in_the_way(place)
    if rival is not None:
        return [turn_of(place, *rival)]
    if work.kind in ("until", "pause"):
        value = None if work.when is None else Scope.at(place, now).value(work.when)
        if value is None:
            arguments = {"element": plan.name, "clause": "wait", "condition": work.when}
            return [Reason("CH554", f"{plan.name}.wait", arguments)]
    return []


def _awaits(place: Place, condition: str) -> bool:
    """Says whether a condition reads a record that is still to be written."""
    program = place.program
    missing = (n for n in program.names(condition) if n in program.types and place.use(n) is None)
    awaited = (writer for name in missing for writer in program.upstream(place.plan, name))
    return any(place.seen_state(writer) not in SETTLED for writer in awaited)


def for_good(place: Place, condition: str) -> bool:
    """Says whether nothing that a condition reads will change any more, unless people go back on it."""
    program = place.program
    expression = compiled(condition)
    if expression is None or expression.tells_time:
        return False
    variables = {many.variable for plan in place.plan.levels() if (many := plan.element.many) is not None}
    for name in expression.names:
        if name in program.types:
            read = program.producers.get(name, ())
        elif name in program.plans:
            read = [program.plans[name]]
        elif name in program.ledgers:
            read = [maker for record in program.ledgers[name].records for maker in program.producers.get(record, ())]
        elif name in program.parameters or name == "process" or (name in ELEMENT and name not in variables):
            # In a filter over elements, the name of a fact is that of each.
            continue
        else:
            # The case itself, an item of a list: nobody says when these are done with.
            return False
        if not all(_over(place, plan) for plan in read):
            return False
    return True


def _never(place: Place, condition: str) -> str | None:
    """Names a record that a condition reads and that never comes, where nothing else that it reads will change."""
    expression = compiled(condition)
    names = () if expression is None else expression.names
    missing = (name for name in names if name in place.program.types and place.find(name) is None)
    record = next((name for name in missing if place.program.producers.get(name)), None)
    return record if record is not None and for_good(place, condition) else None


def _over(place: Place, plan: Plan) -> bool:
    """Says whether an element has ended, and nothing around it will bring it round again."""
    mine = {level.name for level in place.plan.levels()}
    for level in plan.levels():
        if level.name in mine:
            break
        node = place.view.nodes.get(place.program.seen(place.plan, place.path, level))
        state = place.seen_state(level)
        turning = level.element.repeat is not None and (node is None or node.wake is not None or state not in SETTLED)
        if turning or (level is plan and state not in SETTLED):
            return False
    return True


def _when(place: Place, now: int) -> Reason | None:
    condition = place.plan.element.when
    assert condition is not None
    value = Foresight.at(place, now).value(condition)
    known = isinstance(value, bool) and not _awaits(place, condition)
    if known and value:
        return None
    if known and place.plan.kind != "milestone":
        return Reason("CH570", f"{place.plan.name}.when", {"element": place.plan.name, "condition": condition})
    if known and for_good(place, condition):
        return Reason("CH577", f"{place.plan.name}.when", {"element": place.plan.name, "condition": condition})
    never = None if known else _never(place, condition)
    if never is not None:
        return Reason("CH571", f"{place.plan.name}.when", {"element": place.plan.name, "record": never})
    # Unknown is not false, and "not yet" is unknown; a milestone waits as long as its condition may come true.
    arguments = {"element": place.plan.name, "clause": "when", "condition": condition}
    return Reason("CH554", f"{place.plan.name}.when", arguments)


def stage_asked(place: Place, condition: str, now: int) -> bool | None:
    """Says whether a stage of an approval is asked, None while that is unknown."""
    value = Foresight.at(place, now).value(condition)
    return value if isinstance(value, bool) and not _awaits(place, condition) else None


def not_offered(place: Place, now: int) -> Reason | None:
    """Says why work is not offered as things stand: its `offered while` is false (CH593), unknown, or so for good."""
    name, condition = place.plan.name, place.plan.element.offered
    if condition is None or place.plan.is_group(place.path):
        return None
    value = Scope.at(place, now).value(condition)
    if isinstance(value, bool):
        return None if value else Reason("CH593", f"{name}.offered", {"element": name, "condition": condition})
    never = _never(place, condition)
    if never is not None:
        return Reason("CH571", f"{name}.offered", {"element": name, "record": never})
    return Reason("CH554", f"{name}.offered", {"element": name, "clause": "offered while", "condition": condition})


def still_asked_for(place: Place, now: int) -> bool:
    """Says whether the `when` of a place, which has let it begin, holds as things stand now."""
    return _when(place, now) is None


def ruled_out(place: Place, now: int) -> bool:
    """Says whether the `when` of a place is false for good: not while a record that it reads is being made again."""
    reworks = (
        place.reworked(producer)
        for record in place.plan.asked
        for producer in place.program.upstream(place.plan, record)
    )
    if any(key is not None for key in reworks):
        return True
    reason = _when(place, now)
    return reason is not None and reason.code in OUTCOMES

"""What may run now, and if not, what holds it back or rules it out.

An element is ready when the phase around it is active, every input is there (approved where approvals are asked
for), every `after` is satisfied and `when` is true. A false `when` and an input or predecessor that can never come
rule it out (dead path); an unknown `when` holds it. Looks only; changes nothing; knows no people and no commands.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from charter.engine.definition import After, Input
from charter.engine.facts import ENDINGS
from charter.engine.keys import Path, key_of, parse_key, together
from charter.engine.machines import COMPLETE, ENTERED, LOST, SATISFIED, SETTLED, STALLED
from charter.engine.program import Plan, Program, compiled
from charter.engine.refusals import Reason
from charter.engine.scope import Foresight, Scope, find, gather, standing
from charter.engine.state import View
from charter.engine.turns import in_the_way

# Skip outcomes by the code that rules an element out.
OUTCOMES = {"CH570": "condition", "CH571": "dead", "CH572": "dead"}

Use = tuple[str, str]


def use(program: Program, view: View, plan: Plan, path: Path, record: str) -> Use | None:
    """Gives the (key, digest) of the version a place sees; `record[*]` with one digest for a list of them."""
    for source in program.sources(plan, record):
        base = path[: source.depth]
        if source.group is None:
            key = key_of(record, base)
            version = view.versions.get(key)
            if version is not None:
                return key, version.digest
        else:
            group = view.nodes.get(key_of(source.group.name, base))
            if group is not None and group.state in COMPLETE:
                found = gather(program, view, source.group, base, record)
                if found or group.size == 0:
                    digest = sha256("".join(v.digest for v in found).encode()).hexdigest()
                    return together(record, base), digest
    return None


def uses(program: Program, view: View, plan: Plan, path: Path) -> tuple[Use, ...]:
    """Gives what the work of a node rests on, as it stands now; a group rests on what its list comes from."""
    records = plan.items if plan.is_group(path) else plan.uses
    if not records:
        return ()
    found = [use(program, view, plan, path, record) for record in records]
    return tuple([pair for pair in found if pair is not None])


def asked(program: Program, view: View, plan: Plan, path: Path) -> tuple[Use, ...]:
    """Gives the versions of the records that the `when` of a place reads, as they stand now."""
    found = (use(program, view, plan, path, record) for record in plan.asked)
    return tuple(pair for pair in found if pair is not None)


def open_around(program: Program, view: View, plan: Plan, path: Path) -> bool:
    """Says whether everything around a node is active or done, so that it can be opened again."""
    container = plan.container(path)
    while container is not None:
        node = view.nodes.get(container)
        if node is None or node.state not in ENTERED:
            return False
        name, at = parse_key(container)
        container = program.plans[name].container(at)
    return True


def seen_state(program: Program, view: View, plan: Plan, path: Path, seen: Plan) -> str:
    """Gives the state in which a place sees an element; inside a loop that the place is not in, the loop's."""
    if not seen.loops:
        node = view.nodes.get(seen.name)
        return node.state if node is not None else standing(program, view, seen, ())
    name, at = parse_key(program.seen(plan, path, seen))
    return standing(program, view, program.plans[name], at)


def reworked(program: Program, view: View, plan: Plan, path: Path, seen: Plan) -> str | None:
    """Gives the key of a node (or loop) that is stale or being done again and that the place waits for, if any."""
    key = program.seen(plan, path, seen) if seen.loops else seen.name
    node = view.nodes.get(key)
    if node is None:
        return None
    if node.redo or node.state in STALLED:
        return key
    if node.state == "active" and seen.loops:
        around, at = program.spot(key)
        return key if around.is_group(at) else None
    return None


def upstream_rework(program: Program, view: View, plan: Plan, path: Path) -> str | None:
    """Gives the first node upstream of a place that is still stale or being done again, None when all is settled."""
    nodes = view.nodes
    for depth in range(1, len(path) + 1):
        group_plan = program.plans[plan.loops[depth - 1]]
        group = nodes.get(key_of(group_plan.name, path[: depth - 1]))
        if group is not None and group.redo:
            return group.key
    for record in plan.items if plan.is_group(path) else plan.uses:
        for producer in program.upstream(plan, record):
            key = reworked(program, view, plan, path, producer)
            if key is not None:
                return key
    for needed in plan.element.inputs:
        for name in needed.approvals:
            approval = program.plans[name]
            key = reworked(program, view, plan, path, approval)
            if key is not None or seen_state(program, view, plan, path, approval) == "ready":
                return key or program.seen(plan, path, approval)
    return None


def _approved(program: Program, view: View, plan: Plan, path: Path, needed: Input, name: str) -> str:
    """Says how an approval stands towards an input: holds not (""), "waits" or is "lost"."""
    approval = program.plans[name]
    seen = program.seen(plan, path, approval)
    state = seen_state(program, view, plan, path, approval)
    seen_name, at = parse_key(seen)
    if program.plans[seen_name].is_group(at):
        if state not in COMPLETE:
            return "lost" if state in LOST else "waits"
        rows = (view.nodes.get(key) for key in program.expand(view.nodes, approval, at))
        states = {row.state for row in rows if row is not None}
        return "lost" if "rejected" in states else ""
    if state == "skipped":
        return ""
    if state in LOST:
        return "lost"
    if state != "granted":
        return "waits"
    now = use(program, view, plan, path, needed.record)
    node = view.nodes[seen]
    if now is None or now in node.used or not any(key == now[0] for key, _ in node.used):
        return ""
    if not open_around(program, view, approval, parse_key(seen)[1]):
        # Its phase was left out since, so nobody can be asked again, as with an approval that was skipped.
        return ""
    # A version that was made after the approval, as what follows from it, does not undo it.
    version = view.versions.get(now[0])
    writer = view.nodes.get(version.node) if version is not None and version.node is not None else None
    later = writer is not None and program.precedes(approval, program.plans[writer.element])
    return "" if later else "waits"


def _inputs(program: Program, view: View, plan: Plan, path: Path) -> Iterator[Reason]:
    for needed in plan.element.inputs:
        record = needed.record
        if use(program, view, plan, path, record) is None:
            dead = _dead(program, view, plan, path, record)
            arguments: dict[str, Any] = {"element": plan.name, "record": record}
            if not dead:
                arguments["producers"] = [p.name for p in program.producers.get(record, ())]
            yield Reason("CH571" if dead else "CH551", f"{plan.name}.input", arguments)
            continue
        for producer in program.upstream(plan, record):
            key = reworked(program, view, plan, path, producer)
            if key is not None:
                yield Reason("CH557", f"{plan.name}.input", {"element": plan.name, "elements": [key]})
                break
        else:
            repeating = _repeating(program, view, plan, path, record)
            if repeating is not None:
                yield repeating
        for name in needed.approvals:
            held = _approved(program, view, plan, path, needed, name)
            if held:
                arguments = {"element": plan.name, "record": record}
                if held == "waits":
                    arguments["approval"] = name
                    arguments["state"] = seen_state(program, view, plan, path, program.plans[name])
                yield Reason("CH571" if held == "lost" else "CH552", f"{plan.name}.input", arguments)


def _dead(program: Program, view: View, plan: Plan, path: Path, record: str) -> bool:
    """Says whether everything that could have produced a record is over without having done so."""
    producers = program.upstream(plan, record)
    ended = all(seen_state(program, view, plan, path, producer) in SETTLED for producer in producers)
    return bool(program.producers.get(record)) and ended


def _list(program: Program, view: View, plan: Plan, path: Path, now: int) -> Iterator[Reason]:
    """Rules a `for each` out whose list is unknown because a record that it is made of never comes."""
    assert plan.element.many is not None
    for record in plan.items:
        if use(program, view, plan, path, record) is None and _dead(program, view, plan, path, record):
            if Scope(program, view, plan, path, now).value(plan.element.many.items) is None:
                yield Reason("CH571", f"{plan.name}.for", {"element": plan.name, "record": record})
            return


def _repeating(program: Program, view: View, plan: Plan, path: Path, record: str) -> Reason | None:
    """Holds a consumer while the writer of the version is in the middle of its `repeat until`."""
    if not program.repeats:
        return None
    found = find(program, view, plan, path, record)
    if found is None or isinstance(found, list) or found[1].node is None:
        return None
    writer = view.nodes.get(found[1].node)
    if writer is None or writer.element == plan.name or writer.state in SETTLED:
        return None
    repeat = program.plans[writer.element].element.repeat
    if repeat is None or repeat.until is None:
        return None
    arguments = {"element": plan.name, "record": record, "producers": [writer.element]}
    return Reason("CH551", f"{plan.name}.input", arguments)


def _after(program: Program, view: View, plan: Plan, path: Path, after: After, brief: bool) -> Reason | None:
    plans, nodes = program.plans, view.nodes
    satisfied = lost = 0
    for name in after.elements:
        seen = plans[name]
        node = None if seen.loops else nodes.get(name)
        state = seen_state(program, view, plan, path, seen) if node is None else node.state
        if state in SATISFIED:
            satisfied += 1
        elif state in LOST:
            lost += 1
    if satisfied >= after.needed:
        return None
    if brief and len(after.elements) - lost >= after.needed:
        return _HELD
    code = "CH572" if len(after.elements) - lost < after.needed else "CH553"
    arguments: dict[str, Any] = {"element": plan.name, "elements": list(after.elements)}
    if code == "CH553":
        arguments["needed"] = after.needed
    return Reason(code, f"{plan.name}.after", arguments)


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


def obstacles(program: Program, view: View, plan: Plan, path: Path, now: int, *, brief: bool = False) -> list[Reason]:
    """Lists what keeps a planned node from being ready; empty when it is ready.

    Codes of OUTCOMES rule it out, the others hold it. `when` is looked at last, at the moment it alone decides.
    With `brief` the answer to a predecessor that is still to come is a bare CH553: the step asks this often, and
    only whether.
    """
    if plan.loops or plan.around is not None:
        inside = _container(view, plan, path)
        if inside is not None:
            return [inside]
    element = plan.element
    instance = plan.many and len(path) > plan.outer
    found: list[Reason] = []
    if not instance:
        for after in element.after:
            reason = _after(program, view, plan, path, after, brief)
            if reason is not None:
                found.append(reason)
        if element.inputs:
            found.extend(_inputs(program, view, plan, path))
        if element.many is not None and plan.items:
            found.extend(_list(program, view, plan, path, now))
        if element.starts_with and not any(
            seen_state(program, view, plan, path, program.plans[name]) != "planned" for name in element.starts_with
        ):
            arguments = {"element": plan.name, "elements": list(element.starts_with), "needed": 1}
            found.append(Reason("CH553", f"{plan.name}.alongside", arguments))
    if found:
        # What rules it out counts even where something else would still hold it.
        ruled_out = [reason for reason in found if reason.code in OUTCOMES]
        return [*ruled_out, *(reason for reason in found if reason not in ruled_out)] if ruled_out else found
    if element.when is not None and (not plan.many or per_instance(program, plan, element.when) == instance):
        reason = _when(program, view, plan, path, now)
        if reason is not None:
            return [reason]
    work = element.work
    if work is None or plan.is_group(path):
        return []
    rival = in_the_way(program, view, plan, path)
    if rival is not None:
        level, key = rival
        return [Reason("CH553", f"{level}.one", {"element": plan.name, "elements": [key], "needed": 1})]
    if work.kind in ("until", "pause"):
        value = None if work.when is None else Scope(program, view, plan, path, now).value(work.when)
        if value is None:
            arguments = {"element": plan.name, "clause": "wait", "condition": work.when}
            return [Reason("CH554", f"{plan.name}.wait", arguments)]
    return []


def _awaits(program: Program, view: View, plan: Plan, path: Path, condition: str) -> bool:
    """Says whether a condition reads a record that is still to be written, or endings in a list that is not over."""
    expression = compiled(condition)
    awaited: list[Plan] = []
    for name, *of in () if expression is None else expression.paths:
        seen = program.plans.get(name)
        if seen is None and name in program.types and use(program, view, plan, path, name) is None:
            awaited.extend(program.upstream(plan, name))
        elif seen is not None and of and of[0] in ENDINGS and parse_key(program.seen(plan, path, seen))[0] != name:
            awaited.append(seen)
    return any(seen_state(program, view, plan, path, seen) not in SETTLED for seen in awaited)


def _when(program: Program, view: View, plan: Plan, path: Path, now: int) -> Reason | None:
    condition = plan.element.when
    assert condition is not None
    value = Foresight(program, view, plan, path, now).value(condition)
    known = isinstance(value, bool) and not _awaits(program, view, plan, path, condition)
    if known and value:
        return None
    if known and plan.kind != "milestone":
        return Reason("CH570", f"{plan.name}.when", {"element": plan.name, "condition": condition})
    # Unknown is not false, and "not yet" is unknown; a milestone waits until its condition comes true.
    arguments = {"element": plan.name, "clause": "when", "condition": condition}
    return Reason("CH554", f"{plan.name}.when", arguments)


def ruled_out(program: Program, view: View, plan: Plan, path: Path, now: int) -> bool:
    """Says whether the `when` of a place is false for good: not while a record that it reads is being made again."""
    reworks = (
        reworked(program, view, plan, path, producer)
        for record in plan.asked
        for producer in program.upstream(plan, record)
    )
    if any(key is not None for key in reworks):
        return True
    reason = _when(program, view, plan, path, now)
    return reason is not None and reason.code in OUTCOMES

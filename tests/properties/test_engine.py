"""The laws of the engine, on random processes and histories."""

from __future__ import annotations

from hypothesis import HealthCheck, assume, given, settings, strategies as st
from msgspec import structs

from charter.engine import commands, state
from charter.engine.commands import SYSTEM, Continue, Start
from charter.engine.definition import Definition
from charter.engine.keys import parse_key
from charter.engine.law import PRESENT, Rules
from charter.engine.machines import OFFERED, SETTLED
from charter.engine.plain import from_json, to_json
from charter.engine.plan.impact import impact
from charter.engine.plan.makers import makers
from charter.engine.plan.plans import shared_loops
from charter.engine.plan.program import prepare
from charter.engine.plan.scope import Scope
from charter.engine.plan.waiting import holds
from charter.engine.refusals import CODES
from charter.engine.replay import replay
from charter.engine.state import NEW, CaseState, next_instant
from charter.engine.step.transition import Step, step
from tests.properties.histories import PEOPLE, histories

History = tuple[Definition, list[tuple[CaseState, commands.Command, Step]]]

laws = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@laws
@given(histories())
def test_every_command_leaves_a_record_and_a_consistent_state(history: History) -> None:
    definition, rows = history
    plans = prepare(definition).plans
    for before, command, done in rows:
        assert done.entries
        assert done.entries[0].command == command
        assert done.state.entries_written == before.entries_written + len(done.entries)
        if done.refusal is not None:
            assert len(done.entries) == 1 and not done.effects
            assert done.entries[0].kind == "refused"
            for reason in done.refusal.reasons:
                assert set(reason.arguments) <= set(CODES[reason.code].arguments), reason
            assert (done.state.nodes, done.state.versions) == (before.nodes, before.versions)
            continue
        assert all(r.cause is None if i == 0 else r.cause is not None for i, r in enumerate(done.entries))
        assert all(r.cause is None or r.cause < i for i, r in enumerate(done.entries))
        pending: dict[str | None, int] = {}
        for node in done.state.nodes.values():
            plan, path = plans[node.element], parse_key(node.key)[1]
            if plan.lifecycle(path) != "milestone" and node.state not in SETTLED:
                container = plan.container(path)
                pending[container] = pending.get(container, 0) + 1
        assert done.state.pending == pending.get(None, 0)
        for node in done.state.nodes.values():
            if plans[node.element].lifecycle(parse_key(node.key)[1]) == "phase" and node.state == "active":
                assert node.pending == pending.get(node.key, 0), node.key
        instants = {k: at for k, n in done.state.nodes.items() if (at := next_instant(n)) is not None}
        instants |= {w.key: w.wake for w in done.state.watches if w.wake is not None}
        assert done.state.timers == instants
        assert done.state.wake == (min(instants.values(), default=None) if done.state.status == "open" else None)
        assert {k for k, n in done.state.nodes.items() if before.nodes.get(k) is not n} <= set(done.nodes)
        # A state is kept in rows by place: what was there keeps it, what is new comes behind.
        assert list(done.state.nodes)[: len(before.nodes)] == list(before.nodes)
        assert list(done.state.versions)[: len(before.versions)] == list(before.versions)


@laws
@given(histories())
def test_replay_gives_the_same_state(history: History) -> None:
    definition, rows = history
    trail = [record for _, _, done in rows for record in done.entries]
    again = replay(definition, trail)
    assert again.difference is None
    assert again.state == rows[-1][2].state


@laws
@given(histories(), st.data())
def test_replay_finds_a_changed_trail(history: History, data: st.DataObject) -> None:
    definition, rows = history
    trail = [record for _, _, done in rows for record in done.entries]
    index = data.draw(st.integers(0, len(trail) - 1))
    if index == len(trail) - 1 and trail[index].command is not None:
        return  # a whole last step taken away leaves an honest shorter trail
    again = replay(definition, trail[:index] + trail[index + 1 :])
    whole = trail[index].cause is None and (index + 1 == len(trail) or trail[index + 1].cause is None)
    assert again.difference is not None or whole


@laws
@given(histories(), st.data())
def test_what_another_law_judged_is_known_from_where_the_trail_says_how_it_stood(
    history: History, data: st.DataObject
) -> None:
    definition, rows = history
    start = rows[0][1]
    assert isinstance(start, Start)
    foreign = step(definition, NEW, structs.replace(start, law=99))
    state = rows[-1][2].state._replace(law=99)
    trail = [*foreign.entries, *(record for _, _, done in rows[1:] for record in done.entries)]
    assume(not any(entry.kind == "continued" for entry in trail) and foreign.refusal is None)
    taken = data.draw(st.integers(1, len(trail)))
    shorter = trail[:taken] + trail[taken + 1 :]
    going_on = step(definition, state, Continue(actor=SYSTEM, at=rows[-1][1].at, **PRESENT._asdict()))
    again = replay(definition, [*shorter, *going_on.entries])
    assert again.difference is None and again.state == going_on.state
    assert again.foreign is None or again.foreign.rules == Rules(99, PRESENT.tzdata)
    assert (again.foreign is None) == (taken == len(trail))
    forged = structs.replace(going_on.entries[0], at=going_on.entries[0].at + 1)
    told = replay(definition, [*trail, forged]).difference
    assert told is not None and told.index == len(trail)


@laws
@given(histories())
def test_a_step_is_deterministic_and_changes_nothing_it_was_given(history: History) -> None:
    definition, rows = history
    twin: Definition = from_json(Definition, to_json(definition))
    assert twin == definition
    for before, command, done in rows:
        told = state.to_json(before)
        assert step(twin, state.from_json(told), commands.from_json(commands.to_json(command))) == done
        assert state.to_json(before) == told
    assert step(definition, NEW, rows[0][1]) == rows[0][2]


@laws
@given(histories())
def test_state_survives_json(history: History) -> None:
    for _, _, done in history[1]:
        assert state.from_json(state.to_json(done.state)) == done.state


@laws
@given(histories(most=30))
def test_impact_foretells_what_an_amendment_does(history: History) -> None:
    definition, rows = history
    for before, command, done in rows:
        if isinstance(command, commands.Amend) and done.refusal is None:
            told = impact(definition, before, command.record)
            staled = [r.node for r in done.entries if r.kind in ("staled", "withdrawn")]
            if getattr(done.entries[0].told, "same", False):
                assert staled == []
            else:
                # Nothing that a condition has left out is entered unforeseen.
                left_out = {n.key for n in before.nodes.values() if n.state == "skipped" and n.outcome == "condition"}
                again = {r.node for r in done.entries if r.kind == "reopened"} & left_out
                plans = prepare(definition).plans
                assert {k for k in again if plans[before.nodes[k].element].kind == "phase"} <= set(told.asked)
                # The first wave is foretold; what a changed list then redoes inside is a new wave.
                assert tuple(staled[: len(told.elements)]) == told.elements
                assert set(staled) == set(told.elements)
                approvals = {e for e in told.elements if before.nodes[e].element.startswith("p")}
                assert set(told.approvals) == approvals
                touched = [before.nodes[e] for e in told.elements]
                assert told.due == tuple((n.key, n.due) for n in touched if n.due is not None)
                for node in touched:
                    known = {*node.doers, *([node.holder] if node.holder is not None else [])}
                    assert known <= set(told.people)
                    # Somebody is named for each element, or the roles whose people wait for it are.
                    roles = prepare(definition).plans[node.element].roles_wanted(node)
                    assert known or set(roles) <= set(told.roles)


def _data_dependents(definition: Definition, command: commands.Command, done: Step) -> set[str]:
    """Names the elements that rest, by records or approvals alone, on what a command makes anew."""
    program = prepare(definition)
    found: set[str] = set()
    if isinstance(command, commands.Amend):
        record = parse_key(command.record)[0]
        for plan in (*program.users.get(record, ()), *program.listers.get(record, ())):
            found |= {plan.name, *(inner.name for inner in plan.descendants())} | program.downstream(plan)
        return found
    moved = {r.element for r in done.entries if r.element is not None and r.kind != "staled"}
    for name in moved & set(program.plans):
        found |= program.downstream(program.plans[name])
    # What is sent back waits for its target, whatever it used.
    return found | {
        r.element for r in done.entries if r.element is not None and getattr(r.told, "to", None) is not None
    }


@laws
@given(histories())
def test_only_what_used_a_version_becomes_stale(history: History) -> None:
    definition, rows = history
    for _, command, done in rows:
        staled = {r.element for r in done.entries if r.kind == "staled"}
        assert staled <= _data_dependents(definition, command, done)


def _parts(definition: Definition, before: CaseState, command: commands.Command, done: Step) -> dict[str, set[str]]:
    """Says of which nodes a command made something, by any verb: did, decided, wrote, ticked, sent or added it."""
    first = done.entries[0]
    people = {command.actor.person, command.actor.on_behalf_of or command.actor.person}
    made = {first.node} if first.kind in ("completed", "voted", "granted", "rejected", "confirmed", "added") else set()
    if first.kind == "amended" and not first.told.same:
        assert isinstance(command, commands.Amend)
        made = {before.versions[command.record].node}
    if isinstance(command, commands.Signal) and done.refusal is None:
        bells = {e.name for e in definition.elements if e.work is not None and e.work.kind == "signal"}
        made = {e.node for e in done.entries if e.kind == "completed" and e.element in bells}
    return {node: people for node in made if node}


@laws
@given(histories(most=60))
def test_separation_of_duties_is_never_broken(history: History) -> None:
    definition, rows = history
    program = prepare(definition)
    made: dict[str, set[str]] = {}
    passed: dict[str, set[str]] = {}

    def beside(node: str, element: str, known: dict[str, set[str]]) -> set[str]:
        """The people known of an element's nodes, of those in one list with a node only its item's."""
        plan, path = program.spot(node)
        found = set[str]()
        for key, people in known.items():
            other, index = program.spot(key)
            shared = min(shared_loops(plan.loops, other.loops), len(path), len(index))
            found |= people if other.name == element and path[:shared] == index[:shared] else set()
        return found

    for before, command, done in rows:
        parts = _parts(definition, before, command, done)
        first = done.entries[0]
        over = {first.node} - {None} if first.kind in ("skipped", "cancelled") else set()
        for rule in definition.separations:
            for here, there in () if rule.same else ((rule.element, rule.other), (rule.other, rule.element)):
                assert not any(
                    people & beside(n, there, made) for n, people in parts.items() if parse_key(n)[0] == here
                )
            if not rule.same:
                # Nor is the control passed over by whom it controls, before or after.
                theirs = [(n, people) for n, people in parts.items() if parse_key(n)[0] == rule.other]
                assert not any(people & beside(n, rule.element, passed) for n, people in theirs)
                mine = [n for n in over if parse_key(n)[0] == rule.element]
                assert not any(command.actor.person in beside(n, rule.other, made) for n in mine)
        for node, people in parts.items():
            made.setdefault(node, set()).update(people)
        for node in over:
            passed.setdefault(node, set()).add(command.actor.person)


@laws
@given(histories(most=60))
def test_nobody_is_a_maker_of_what_they_had_no_part_in(history: History) -> None:
    """The other half of separation: whom it keeps out has acted on that node, added it, signalled, or amended it."""
    definition, rows = history
    acted: dict[str, set[str | None]] = {}
    for before, command, done in rows:
        people = {command.actor.person, command.actor.on_behalf_of}
        if command.verb == "signal":
            acted.setdefault("", set()).update(people)
        for entry in done.entries:
            new = command.verb == "add" and entry.kind == "opened"  # whoever adds an item has a part in it
            if entry.node is not None and (new or entry.actor != commands.SYSTEM.person):
                acted.setdefault(entry.node, set()).update(people)
            if entry.kind == "amended" and (version := before.versions.get(entry.told.record)) is not None:
                acted.setdefault(version.node or "", set()).update(people)
        program = prepare(definition)
        for node in done.state.nodes.values():
            strangers = set(makers(program, done.state, node)) - acted.get(node.key, set()) - {commands.SYSTEM.person}
            work = program.plans[node.element].element.work
            strangers -= acted.get("", set()) if work is not None and work.kind == "signal" else set()
            assert not strangers, (node.key, command)


@laws
@given(histories())
def test_what_is_offered_may_be_begun_and_what_is_begun_is_not_withdrawn(history: History) -> None:
    definition, rows = history
    program = prepare(definition)
    for before, command, done in rows:
        for node in done.state.nodes.values() if done.state.status == "open" else ():
            plan, path = program.plans[node.element], parse_key(node.key)[1]
            if plan.element.offered is None or plan.is_group(path):
                continue
            holds = Scope(program, done.state, plan, path, command.at).value(plan.element.offered)
            assert holds is not False or node.state not in OFFERED or node.votes, node.key
        for entry in done.entries:
            if entry.kind == "skipped" and entry.told.because is not None and entry.told.because.code == "CH593":
                was = before.nodes.get(entry.node)
                again = any(e.node == entry.node and e.kind == "reopened" for e in done.entries)
                assert entry.before in ("planned", *OFFERED), entry
                assert again or was is None or not was.votes, entry


@laws
@given(histories(most=40))
def test_a_binding_of_duties_is_never_broken(history: History) -> None:
    definition, rows = history
    bound: dict[tuple[str, tuple[int, ...]], set[str]] = {}
    for _, command, done in rows:
        first = done.entries[0]
        if first.kind in ("completed", "voted", "granted", "rejected") and first.node is not None:
            element, path = parse_key(first.node)
            people = {command.actor.person, command.actor.on_behalf_of or command.actor.person}
            for rule in definition.separations:
                # Within a `for each` a binding is to who did the same instance.
                doers = set().union(*(bound.get((rule.other, path[:n]), ()) for n in range(len(path) + 1)))
                if rule.same and element == rule.element and doers:
                    assert people & doers
            bound.setdefault((element, path), set()).update(people)


@laws
@given(histories(most=40))
def test_nobody_votes_on_their_own_where_others_are_asked(history: History) -> None:
    definition, rows = history
    elements = {e.name: e for e in definition.elements}
    wrote: dict[str, set[str]] = {}
    for before, command, done in rows:
        for vote in (r for r in done.entries if getattr(r.told, "meaning", None) is not None):
            agreement = elements[before.nodes[vote.node].element].agreement
            assert agreement is not None
            chain = prepare(definition).plans[before.nodes[vote.node].element].stages(before.nodes[vote.node])
            if not chain[vote.told.stage - 1].other:
                continue
            own = [v for v in before.versions.values() if (v.digest in dict(before.nodes[vote.node].used).values())]
            makers = {n.key: n.doers for n in before.nodes.values() if agreement.of in elements[n.element].outputs}
            written = [doers for key, doers in makers.items() if key in {v.node for v in own}]
            used = dict(before.nodes[vote.node].used)
            of = [key for key in used if key in before.versions and parse_key(key)[0] == agreement.of]
            written += [wrote.get(key, set()) for key in of]
            assert all({vote.actor, vote.on_behalf_of}.isdisjoint(doers) for doers in written)
        for entry in done.entries:
            wrote_it = entry.kind in ("written", "amended") and not getattr(entry.told, "same", False)
            if wrote_it and entry.cause in (None, 0):
                wrote.setdefault(entry.told.record, set()).add(command.actor.person)


@laws
@given(histories())
def test_whatever_waits_says_for_what(history: History) -> None:
    definition, rows = history
    program = prepare(definition)
    end = rows[-1][2].state
    for key, node in end.nodes.items():
        reasons = holds(program, end, key, rows[-1][1].at)
        for reason in reasons:
            assert set(reason.arguments) == set(CODES[reason.code].arguments), reason
        if end.status == "open" and node.state not in SETTLED:
            assert reasons, (key, node.state)


@laws
@given(histories())
def test_what_waits_names_what_stands_in_its_way_now(history: History) -> None:
    definition, rows = history
    program = prepare(definition)
    end, now = rows[-1][2].state, rows[-1][1].at
    for key, node in end.nodes.items() if end.status == "open" else ():
        reason = next(iter(holds(program, end, key, now)), None)
        if node.state == "stale" and reason is not None and reason.code == "CH557":
            for name in reason.arguments["elements"]:
                there = end.nodes[name]
                plan, path = program.spot(name)
                assert there.redo or there.pending or there.state not in SETTLED or plan.is_group(path), (key, name)
        if node.state == "ready" and program.plans[node.element].kind == "activity" and reason is not None:
            claims = [step(definition, end, commands.Claim(actor=person, at=now, node=key)) for person in PEOPLE]
            refused = {done.refusal.code for done in claims if done.refusal is not None}
            assert (reason.code == "CH553") == ("CH524" in refused) or all(done.refusal for done in claims), reason


@laws
@given(histories(most=40))
def test_a_case_never_comes_to_a_stop_without_somebody_to_move_it(history: History) -> None:
    definition, rows = history
    program = prepare(definition)
    end, now = rows[-1][2].state, rows[-1][1].at
    if end.status != "open":
        return
    leaves = [n for n in end.nodes.values() if program.plans[n.element].kind in ("activity", "approval")]
    groups = [n for n in end.nodes.values() if program.plans[n.element].is_group(parse_key(n.key)[1])]
    at_hand = {"ready", "claimed", "active", "suspended", "failed"}
    moving = [n for n in leaves if n.state in at_hand and n not in groups]
    lists = [n for n in groups if n.state == "active" and not n.closed and program.plans[n.element].element.many.open]  # type: ignore[union-attr]
    if moving or lists:
        return
    # Nothing is in anybody's hands, so something must be unknown, and say so.
    codes = {reason.code for key in end.nodes for reason in holds(program, end, key, now)}
    assert codes & {"CH554", "CH558", "CH578", "CH590"}, codes

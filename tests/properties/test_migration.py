"""The laws of going over to another version, on random processes, random edits and random histories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

from hypothesis import HealthCheck, assume, given, settings, strategies as st
from msgspec.structs import replace

from charter.engine.commands import SYSTEM, Actor, Command, Migrate, Tick
from charter.engine.definition import Definition, digest
from charter.engine.entries import Entry
from charter.engine.entries.cases import Migrated
from charter.engine.keys import parse_key
from charter.engine.machines import DECIDED, SETTLED, UNDER_WAY
from charter.engine.migration import AWAITED, NEW_INSIDE, STARTS_AGAIN, UNDECIDED, UNMAPPED
from charter.engine.plan.program import prepare
from charter.engine.refusals import Refusal
from charter.engine.replay import replay, untouched
from charter.engine.state import NEW, CaseState, from_snapshot, next_instant, snapshot
from charter.engine.step.transition import Step, Target, step
from charter.runtime.audit.verify import verify
from charter.runtime.host.cases import Cases
from charter.runtime.host.memory import World
from charter.runtime.host.migrating import Wanted
from charter.runtime.people.directory import Directory
from tests.properties.edits import edited
from tests.properties.histories import HOUR, PEOPLE, START, command, likely
from tests.properties.processes import definition
from tests.properties.ruled import ruled
from tests.stages import SqlStage, told

laws = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MOVER = Actor("boss")


class Story:
    """A case of a random process, played by chance."""

    def __init__(self, seed: int, length: int) -> None:
        self.rng = Random(seed)
        self.definition = self.first = ruled(Random(f"rules of {seed}"), definition(self.rng))
        self.trail: list[Entry] = []
        self.state = NEW
        self.at = START
        done = self.take(command(self.rng, self.definition, NEW, START))
        assume(done.refusal is None)
        self.play(length)

    def take(self, sent: Command, target: Target | None = None) -> Step:
        self.at = sent.at
        done = step(self.definition, self.state, sent, target)
        self.state = done.state
        self.trail += done.entries
        return done

    def play(self, length: int) -> None:
        for _ in range(length):
            self.at += self.rng.randint(0, 3) * HOUR // 2
            sent = command(self.rng, self.definition, self.state, self.at)
            self.take(replace(sent, at=max(sent.at, self.at)))

    def pass_time(self) -> None:
        """Has happen what has come due, as every host does before a command."""
        for _ in range(50):
            if self.state.wake is None or self.state.wake > self.at:
                return
            self.take(Tick(actor=SYSTEM, at=self.at))

    def migrate(self, to: Definition, names: dict[str, str], *, undoes: int | None = None) -> Step | None:
        """Goes over, with whatever decisions are asked for; None where it cannot."""
        given: dict[str, str | None] = dict(names)
        keep: list[str] = []
        redo: list[str] = []
        for _ in range(4):
            sent = Migrate(
                actor=MOVER,
                at=self.at,
                reason="a new version",
                to=digest(to),
                was=digest(self.definition),
                mapping=tuple(given.items()),
                keep=tuple(keep),
                redo=tuple(redo),
                undoes=undoes,
            )
            done = step(self.definition, self.state, sent, Target(to))
            if done.refusal is None:
                done = self.take(sent, Target(to))
                self.definition = to
                return done
            for reason in done.refusal.reasons:
                if reason.code in (UNDECIDED, NEW_INSIDE, STARTS_AGAIN):
                    stays = reason.code != STARTS_AGAIN and self.rng.random() < 0.5
                    (keep if stays else redo).append(reason.arguments["element"])
                elif reason.code == UNMAPPED:
                    given[reason.arguments["name"]] = None
                else:
                    assert reason.code == AWAITED, reason
                    return None
        raise AssertionError(done.refusal)


def consistent(definition: Definition, state: CaseState) -> None:
    plans, pending = prepare(definition).plans, Counter[str | None]()
    for node in state.nodes.values():
        plan, path = plans[node.element], parse_key(node.key)[1]
        if plan.lifecycle(path) != "milestone" and node.state not in SETTLED:
            pending[plan.container(path)] += 1
    assert state.pending == pending[None]
    for node in state.nodes.values():
        if plans[node.element].lifecycle(parse_key(node.key)[1]) == "phase" and node.state == "active":
            assert node.pending == pending[node.key], node.key
    instants = {k: at for k, n in state.nodes.items() if (at := next_instant(n)) is not None}
    instants |= {w.key: w.wake for w in state.watches if w.wake is not None}
    assert state.timers == instants
    assert from_snapshot(snapshot(state)) == state


def counted(state: CaseState) -> CaseState:
    return state._replace(commands=0, entries_written=0)


@laws
@given(st.integers(0, 2**48), st.integers(0, 14))
def test_a_migrated_case_goes_on_and_its_trail_gives_its_state(seed: int, length: int) -> None:
    story = Story(seed, length)
    assume(story.state.status in UNDER_WAY)
    to, names = edited(story.rng, story.first)
    before = story.state
    done = story.migrate(to, names)
    assume(done is not None)
    assert done is not None
    told = done.entries[0].told
    assert isinstance(told, Migrated)
    consistent(to, story.state)
    # Nothing that was finished is gone without a word, and nobody's part in it.
    for node in before.nodes.values():
        key = names.get(node.element, node.element) + node.key[len(node.element) :]
        if node.state in DECIDED and node.key not in told.lost:
            assert story.state.nodes[key].doers == node.doers
    for key, version in before.versions.items():
        assert key in told.lost or story.state.versions[key].value == version.value
    story.play(8)
    consistent(to, story.state)
    again = replay(story.first, story.trail, {digest(to): to}.get)
    assert again.difference is None and again.state == story.state


@laws
@given(st.integers(0, 2**48), st.integers(0, 14))
def test_what_is_taken_back_at_once_leaves_the_case_as_it_was(seed: int, length: int) -> None:
    story = Story(seed, length)
    assume(story.state.status in UNDER_WAY)
    to, names = edited(story.rng, story.first)
    before, number = story.state, story.state.entries_written + 1
    assume(story.migrate(to, names) is not None)
    after = story.state
    assert untouched(after, story.state)
    back = Migrate(
        actor=MOVER, at=story.at, reason="back", to=digest(story.first), was=digest(to), undoes=number, restores=True
    )
    done = story.take(back, Target(story.first, before))
    if done.refusal is not None:
        assert {reason.code for reason in done.refusal.reasons} == {AWAITED}
        return
    assert counted(story.state) == counted(before)
    story.definition = story.first
    story.play(5)
    again = replay(story.first, story.trail, {digest(to): to, digest(story.first): story.first}.get)
    assert again.difference is None and again.state == story.state


@laws
@given(st.integers(0, 2**48), st.integers(0, 14))
def test_a_version_with_the_same_lines_moves_no_work_and_no_clock(seed: int, length: int) -> None:
    story, other = Story(seed, length), Story(seed, length)
    story.pass_time()
    other.pass_time()
    assume(story.state.status in UNDER_WAY)
    same = replace(story.first, version="2")
    done = story.migrate(same, {})
    assume(done is not None)
    assert done is not None
    told = done.entries[0].told
    assert isinstance(told, Migrated) and not (told.changed or told.again or told.lost or told.new or told.passed)
    dues = [{key: node.due for key, node in one.state.nodes.items()} for one in (story, other)]
    assert dues[0] == dues[1]
    assert dict(story.state.versions) == dict(other.state.versions)
    if len(done.entries) == 1:
        assert counted(story.state) == counted(other.state)
        story.rng.setstate(other.rng.getstate())
        for one in (story, other):
            one.play(6)
        assert counted(story.state) == counted(other.state)


# -- on hosts ------------------------------------------------------------------------------------------------------


def sorted_roles(person: Actor) -> Actor:
    """Gives a person as a directory knows them."""
    return replace(person, roles=tuple(sorted(person.roles)))


def decided(rng: Random, ask: Callable[[dict[str, str | None], list[str], list[str]], Refusal | None]) -> bool:
    """Answers what a migration asks for until it is not refused; False where it cannot be."""
    given: dict[str, str | None] = {}
    keep: list[str] = []
    redo: list[str] = []
    for _ in range(5):
        refused = ask(given, keep, redo)
        if refused is None:
            return True
        for reason in refused.reasons:
            if reason.code == UNMAPPED:
                given[reason.arguments["name"]] = None
            elif reason.code in (UNDECIDED, NEW_INSIDE, STARTS_AGAIN):
                stays = reason.code != STARTS_AGAIN and rng.random() < 0.5
                (keep if stays else redo).append(reason.arguments["element"])
            else:
                return False
    raise AssertionError(refused)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**48), st.integers(0, 10))
def test_hosts_agree_on_a_migration_and_the_trail_verifies(seed: int, length: int) -> None:
    rng = Random(seed)
    drawn = definition(rng)
    by_people = (e if e.work is None else replace(e, work=None, roles=("maker",)) for e in drawn.elements)
    first = replace(drawn, elements=tuple(by_people))
    to, names = edited(rng, first)
    world, stage = World([first], START, PEOPLE), SqlStage([first], START, PEOPLE)
    (case, begun), (other, _) = (host.start(first.name, sorted_roles(PEOPLE[3])) for host in (world, stage))
    try:
        assume(begun.refusal is None)
        assert stage.host.deploy(to, by=stage._founder).refusal is None
        for _ in range(length):
            at = world.clock + rng.randint(0, 2) * HOUR
            sent = likely(rng, first, world.state(case), at)
            if sent is None:
                break
            if sent.actor.lent or sent.verb == "delegate":
                continue
            sent = replace(sent, actor=sorted_roles(sent.actor))
            for host, of in ((world, case), (stage, other)):
                host.advance(at)
                host.perform(of, replace(sent, at=at))
        assume(world.state(case).status in UNDER_WAY)
        before = world.state(case)
        asked = Wanted(digest(to), stage._founder, "why")
        with stage.store.read() as connection:
            mover = Directory().actor(connection, stage._founder, first.name, world.clock)
        assert isinstance(mover, Actor)

        def ask(given: dict[str, str | None], keep: list[str], redo: list[str]) -> Refusal | None:
            nonlocal asked
            mapping = tuple({**names, **given}.items())
            asked = replace(asked, mapping=mapping, keep=tuple(keep), redo=tuple(redo))
            (course,) = stage.host.migrations.foresee([other], asked)
            return course.refusal

        assume(decided(rng, ask))
        (course,) = stage.host.migrations.migrate([other], asked)
        assert course.refusal is None
        moved = Migrate(
            actor=mover,
            at=world.clock,
            reason="why",
            to=digest(to),
            was=digest(first),
            mapping=asked.mapping,
            keep=asked.keep,
            redo=asked.redo,
        )
        assert world.migrate(case, Target(to), moved).refusal is None
        assert told(stage) == told(world)
        found = verify(stage.store)
        assert found.sound, found
        assert Cases(stage.store).state(other) == stage.state(other)
        # And back again, as if nothing had been.
        (back,) = stage.host.migrations.migrate([other], Wanted(None, stage._founder, "back"))
        assert back.refusal is None, back.refusal
        assert counted(stage.state(other)) == counted(before._replace(case=other))
        assert verify(stage.store).sound
    finally:
        stage.store.close()

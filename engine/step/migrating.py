"""A running case goes over to another version of its process, or back.

Everything of the case is carried over under the name that it has there (`engine/migration.py`): nodes with who did
what, votes and dates, records with their writers, clocks with their stretches, ledgers, rules, early signals. Nothing
with contents is left behind unless the command says so, and nothing that is finished is taken for finished under other
lines, or done again, unless the command says which. What nobody has begun is asked again by the lines that hold now.
Then everything follows as after any command (`flow`). A migration that nothing followed is taken back whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from charter.engine.commands import Migrate
from charter.engine.definition import Definition
from charter.engine.entries.cases import Migrated, Reopened
from charter.engine.keys import key_of, parse_key
from charter.engine.machines import DECIDED, ENTERED, PASSED_OVER, SETTLED
from charter.engine.migration import (
    NEW_INSIDE,
    NO_DECISION,
)
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program
from charter.engine.refusals import Reason
from charter.engine.sla import COUNTING
from charter.engine.state import CaseState, Node, next_instant
from charter.engine.step import blocks, staleness
from charter.engine.step.carrying import Carrying, awaited, awaits
from charter.engine.step.draft import Draft, Refused
from charter.engine.step.redating import other_lines


class Target(NamedTuple):
    """Where a case goes: the definition of the command's `to`, and how it stood before the entry that is taken back."""

    definition: Definition
    was: CaseState | None = None


# What a step counts, whichever way the case stood before.
_COUNTED = frozenset({"commands", "entries_written", "pending", "wake", "law", "tzdata"})


def migrate(draft: Draft, command: Migrate, old: Program, was: CaseState | None) -> None:
    """Carries a case over, or refuses with everything that stands against it."""
    if command.restores:
        assert was is not None
        _restore(draft, command, old, was)
        return
    _Crossing(draft, command, old, was).run()


def _told(draft: Draft, command: Migrate, old: Program, **what: Any) -> Migrated:
    new = draft.program.definition
    return Migrated(new.version, command.to, old.definition.version, command.was, undoes=command.undoes, **what)


def _restore(draft: Draft, command: Migrate, old: Program, was: CaseState) -> None:
    """Puts a case back to how it stood: nothing has happened since."""
    now = draft.state
    for node in now.nodes.values():
        before = was.nodes.get(node.key)
        same = before is not None and (before.attempt, before.state) == (node.attempt, node.state)
        if awaits(old, node) and not same:
            raise Refused(awaited(node))
    for name in CaseState._fields:
        if name not in _COUNTED:
            if name == "looked":
                draft.looked = {found.ask: found for found in was.looked}
            else:
                setattr(draft, name, getattr(was, name))
    draft.pending, draft.wake = was.pending, None
    draft.touched = dict.fromkeys(was.nodes)
    draft.enter(_told(draft, command, old), reason=command.reason)


class _Crossing(Carrying):
    """One migration of one case."""

    def run(self) -> None:
        draft = self.draft
        nodes = self.carried_nodes()
        versions = self.carried_versions()
        self.carry_rest()
        draft.nodes, draft.versions = nodes, versions
        draft._own_nodes = draft._own_versions = True
        draft.days = self.command.days
        self.check_values()
        fresh, passed = self._fresh()
        self._brought_back()
        for (code, name), keys in self.undecided.items():
            lines = sorted(self.names.lines.get(name, ()))
            self.problems.append(Reason(code, name, {"element": name, "keys": keys, "lines": lines}))
        self.problems += [
            Reason(NO_DECISION, name, {"name": name})
            for name in sorted(self.open)
            if name not in self.new.plans and name not in self.new.types
        ]
        if self.problems:
            raise Refused(*self.problems)
        draft.touched = dict.fromkeys(draft.nodes)
        told = _told(
            draft,
            self.command,
            self.old,
            renamed=self.names.renamed,
            changed=tuple(self.changed),
            again=tuple(dict.fromkeys((*self.again, *self.asked))),
            lost=tuple(self.lost),
            new=tuple(fresh),
            passed=tuple(passed),
        )
        draft.enter(told, reason=self.command.reason)
        draft.end_of_command()
        self._count()
        self._timers()
        self._follow(passed)

    # -- what is new ------------------------------------------------------------------------------------------

    def _places(self) -> Iterator[tuple[Plan, str, Node | None]]:
        """Yields where elements stand that have no node there, with what is around them."""
        nodes = self.draft.nodes
        for plan in self.new.plans.values():
            if plan.parent is None:
                if plan.name not in nodes:
                    yield plan, plan.name, None
                continue
            depth = len(plan.parent.loops)
            for key in list(self.new.expand(nodes, plan.parent, ())):
                path, around = parse_key(key).path, nodes.get(key)
                if around is not None and len(path) == depth and key_of(plan.name, path) not in nodes:
                    yield plan, key_of(plan.name, path), around

    def _fresh(self) -> tuple[list[str], list[str]]:
        """Adds the elements that the case has not met; gives those that are to be done, and those passed over."""
        fresh: list[str] = []
        passed: list[str] = []
        for plan, key, around in self._places():
            if around is not None and around.state not in ENTERED:
                continue
            self.draft.nodes[key] = Node(key, plan.name)
            if around is None or around.state == "active" or plan.name in self.command.redo:
                fresh.append(key)
            elif plan.name in self.command.keep or plan.kind == "milestone":
                passed.append(key)
            else:
                self.problems.append(Reason(NEW_INSIDE, plan.name, {"element": plan.name, "container": around.element}))
            self.open.discard(plan.name)
        return fresh, passed

    def _brought_back(self) -> None:
        """Gives back what an earlier migration left behind and that is here again: finished work, records, clocks."""
        was, draft = self.was, self.draft
        if was is None:
            return
        for key, node in was.nodes.items():
            there = draft.nodes.get(key)
            if node.state in DECIDED and node.element in self.new.plans and (there is None or there.state == "planned"):
                draft.nodes[key] = node
        for key, version in was.versions.items():
            draft.versions.setdefault(key, version)
        draft.clocks = {**{k: s for k, s in was.clocks.items() if s.clock.phase not in COUNTING}, **draft.clocks}

    # -- what follows -----------------------------------------------------------------------------------------

    def _count(self) -> None:
        """Counts anew what is not settled in each block."""
        draft = self.draft
        pending: dict[str | None, int] = {}
        for node in draft.nodes.values():
            plan, path = draft.place(node.key)
            if plan.lifecycle(path) != "milestone" and node.state not in SETTLED:
                container = plan.container(path)
                pending[container] = pending.get(container, 0) + 1
        for node in list(draft.nodes.values()):
            plan, path = draft.place(node.key)
            if plan.lifecycle(path) == "phase" and node.pending != (count := pending.get(node.key, 0)):
                draft.nodes[node.key] = replace(node, pending=count)
        draft.pending = pending.get(None, 0)

    def _timers(self) -> None:
        draft = self.draft
        instants = {key: next_instant(node) for key, node in draft.nodes.items()}
        instants |= {watch.key: watch.wake for watch in draft.watches}
        draft.timers = {key: at for key, at in instants.items() if at is not None}
        draft._own_timers, draft.wake = True, None

    def _follow(self, passed: Iterable[str]) -> None:
        """Moves what the version moves, then has everything looked at that is not over."""
        draft = self.draft
        for key in passed:
            plan, path = draft.place(key)
            blocks.end(draft, draft.nodes[key], "skip", "CH574", container=plan.container(path) or draft.case)
        for name, node in self.dated:
            if node.ended_at is None:
                other_lines(draft, draft.nodes[node.key], self.old.plans[name])
        for key in self.asked:
            if draft.nodes[key].state in PASSED_OVER:
                blocks.reset(draft, draft.nodes[key])
        for key in self.again:
            self._redo(draft.nodes[key])
        for node in list(draft.nodes.values()):
            plan, path = draft.place(node.key)
            over = draft.nodes[node.key].state == node.state == "done"
            if over and node.pending and plan.lifecycle(path) == "phase":
                draft.revive(node.key)
        for node in draft.nodes.values():
            if node.state not in SETTLED or node.outcome in ("dead", "condition") or node.ended_at is None:
                draft.agenda.setdefault(node.key, draft.cause)
        if draft.pending == 0:
            draft.agenda.setdefault("", draft.cause)

    def _redo(self, node: Node) -> None:
        draft = self.draft
        plan, path = draft.place(node.key)
        if plan.is_group(path):
            if node.state == "done":
                node = draft.move(node, "reopen", Reopened(), ended_at=None, wake=None)
            draft.change(node, redo=True)
            draft.agenda.setdefault(node.key, draft.cause)
            return
        decided = node.state in DECIDED
        # What nobody has begun is asked anew, which is no further round.
        begun = node.state != "ready" or node.votes or node.confirmations
        moved = blocks.reopen(draft, node, iteration=node.iteration + bool(begun))
        if decided:
            staleness.mark(draft, [moved])

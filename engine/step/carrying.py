"""What of a running case is found in another version of its process, and what a migration has to decide of it.

Carried over are nodes, records, clocks, ledgers, bound parameters, early signals, rules and what was filed, each under
the name that it has there; what stands against it is gathered, so that whoever asks is told all of it at once. What is
done with the case then is for `migrating`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from charter.engine.commands import Migrate
from charter.engine.keys import join, name_of, parse_key, split
from charter.engine.machines import DELIVERED, ENTERED, PASSED_OVER, SETTLED
from charter.engine.migration import (
    ADDRESSED,
    ASKED,
    AWAITED,
    DATED,
    DOES_NOT_FIT,
    STARTS_AGAIN,
    SUBSTANCE,
    UNDECIDED,
    UNMAPPED,
    Comparison,
    compare,
    heard,
)
from charter.engine.plan.fields import typed
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program
from charter.engine.plan.rounds import Round
from charter.engine.refusals import Reason
from charter.engine.sla import COUNTING
from charter.engine.state import CaseState, Node, Version, version_json, version_of
from charter.engine.step.automation import awaits_answer
from charter.engine.step.contents import bindable, validate
from charter.engine.step.draft import Draft, Refused


def awaits(program: Program, node: Node) -> bool:
    return awaits_answer(*program.spot(node.key), node)


def awaited(node: Node) -> Reason:
    return Reason(AWAITED, node.element, {"element": node.element, "key": node.key})


class Carrying:
    """One case on its way.

    `changed`, `again`, `asked`, `lost`: keys of what is under other lines, is done or asked again, is there no more.
    `dated`: open work whose lines give other dates, with its name until now. `undecided`: what nobody has decided yet.
    """

    def __init__(self, draft: Draft, command: Migrate, old: Program, was: CaseState | None) -> None:
        self.draft, self.command, self.old, self.was = draft, command, old, was
        self.new = draft.program
        self.names: Comparison = compare(old, self.new, command.mapping)
        self.given = dict(command.mapping)
        self.problems: list[Reason] = list(self.names.wrong)
        self.undecided: dict[tuple[str, str], list[str]] = {}
        self.open: set[str] = {*command.keep, *command.redo}  # decisions that nothing has asked for
        self.lost: dict[str, None] = {}
        self.changed: dict[str, None] = {}
        self.again: list[str] = []
        self.asked: list[str] = []
        self.fits: list[str] = []
        self.dated: list[tuple[str, Node]] = []

    def _key(self, key: str) -> str | None:
        """Gives a node's key in the other version, None where it has none."""
        name, inside = split(key)
        to = self.names.elements.get(name)
        return None if to is None else join(to, inside)

    def _record(self, key: str) -> str | None:
        name, inside = split(key)
        to = self.names.records.get(name)
        return None if to is None else join(to, inside)

    def _unmapped(self, what: str, name: str, keys: Iterable[str]) -> None:
        """Notes what would be left behind with its contents, unless the command says that it may be."""
        self.lost.update(dict.fromkeys(keys))
        if name not in self.given:
            self.problems.append(Reason(UNMAPPED, None, {"what": what, "name": name, "keys": sorted(keys)}))

    def carried_nodes(self) -> dict[str, Node]:
        found: dict[str, Node] = {}
        behind: dict[str, list[str]] = {}
        for node in self.draft.state.nodes.values():
            plan = self.old.plans[node.element]
            key = self._key(node.key)
            if awaits(self.old, node) and (key != node.key or "work" in self.names.lines[plan.name]):
                self.problems.append(awaited(node))
            if key is None:
                if node.state not in SETTLED and node.state != "planned" and not plan.children:
                    behind.setdefault(node.element, []).append(node.key)
                elif node.state != "planned":
                    self.lost[node.key] = None
                continue
            name = parse_key(key).name
            used = tuple((to, digest) for use, digest in node.used if (to := self._record(use)) is not None)
            waits = None if node.waits is None else self._key(node.waits)
            found[key] = replace(node, key=key, element=name, used=used, waits=waits)
            self._judge(found[key], self.new.plans[name])
            if self.names.lines[name] & DATED or "events" in self.names.lines[name]:
                self.dated.append((plan.name, found[key]))
        for element, keys in behind.items():
            self._unmapped("element", element, keys)
        return found

    def _judge(self, node: Node, plan: Plan) -> None:
        """Says what becomes of a node whose lines are others now."""
        lines = self.names.lines[plan.name]
        if node.element in self.command.redo or node.element in self.command.keep:
            self.open.discard(node.element)
        if plan.is_group(parse_key(node.key).path):
            if "many" in lines and node.state in ENTERED:
                self.changed[node.key] = None
                self._decide(node, UNDECIDED if node.state == "done" else None)
            elif node.element in self.command.redo and node.state == "done":
                self.again.append(node.key)
            return
        if plan.lifecycle(parse_key(node.key).path) in ("phase", "milestone"):
            if node.state == "skipped" and lines & ASKED and node.outcome in ("condition", "dead"):
                self.asked.append(node.key)
            return
        done = node.state in DELIVERED - {"skipped"} or (node.before or "") in DELIVERED
        if node.state == "skipped" and node.outcome == "container" and "parent" in lines:
            self.asked.append(node.key)
        elif node.state in PASSED_OVER or (node.state == "stale" and node.before == "skipped"):
            if lines & (ASKED | {"inputs"}) and node.outcome in ("condition", "dead", "withdrawn"):
                self.asked.append(node.key)
        elif node.state == "planned":
            return
        elif done:
            if lines & SUBSTANCE:
                self.changed[node.key] = None
                self._decide(node, UNDECIDED)
            elif node.element in self.command.redo:
                self.again.append(node.key)
        elif lines & (SUBSTANCE | ASKED | ADDRESSED):
            self.changed[node.key] = None
            begun = node.state != "ready" or node.votes or node.confirmations
            code = (STARTS_AGAIN if node.votes and "agreement" in lines else UNDECIDED) if begun else None
            self._decide(node, code)

    def _decide(self, node: Node, code: str | None) -> None:
        """Takes the decision that is given for a node; `code`: what to ask where none is, None where none need be."""
        command = self.command
        if code is None or node.element in command.redo:
            self.again.append(node.key)
        elif node.element not in command.keep or code == STARTS_AGAIN:
            self.undecided.setdefault((code, node.element), []).append(node.key)

    def carried_versions(self) -> dict[str, Version]:
        found: dict[str, Version] = {}
        behind: dict[str, list[str]] = {}
        for key, version in self.draft.state.versions.items():
            to, path = self._record(key), parse_key(key).path
            depths = {0, *(len(p.loops) for p in self.new.producers.get(name_of(to or ""), ()))}
            if to is None or len(path) not in depths:
                behind.setdefault(name_of(key), []).append(key)
                continue
            found[to] = self._version(version)
            if self.old.definition.records != self.new.definition.records:
                self.fits.append(to)
        for record, keys in behind.items():
            self._unmapped("record", record, keys)
        return found

    def _version(self, version: Version) -> Version:
        by = None if version.node is None else self._key(version.node)
        earlier = tuple((who, None if at is None else self._key(at)) for who, at in version.earlier)
        return version._replace(node=by, earlier=earlier)

    def _round(self, over: Round) -> Round:
        """Gives what figures read of a round that is over, by the names of the other version."""
        known = {**self.names.records, **self.names.elements}
        nodes, versions = [], []
        for row in over["nodes"]:
            if (key := self._key(row["key"])) is not None:
                nodes.append({**row, "key": key, "element": name_of(key)})
        for key, iteration, *row in over["versions"]:
            if (to := self._record(key)) is not None:
                versions.append([to, iteration, *version_json(self._version(version_of(row)))])
        names = sorted(to for name in over["names"] if (to := known.get(name)) is not None)
        return {"names": names, "nodes": nodes, "versions": versions}

    def carry_rest(self) -> None:
        """Carries over what stands beside nodes and records."""
        draft, state, names = self.draft, self.draft.state, self.names
        services = {}
        for service in state.clocks.values():
            name, inside = split(service.key)
            to = names.clocks.get(name)
            if to is not None:
                key = join(to, inside)
                services[key] = replace(service, key=key, name=to)
            elif service.clock.phase in COUNTING:
                self._unmapped("clock", name, [service.key])
            else:
                self.lost[service.key] = None
        draft.clocks = services
        books = []
        for book in state.books:
            to = names.ledgers.get(book.ledger)
            if to is None:
                self._unmapped("ledger", book.ledger, [book.ledger])
            else:
                books.append(book._replace(ledger=to))
        draft.books = tuple(sorted(books, key=lambda each: each.ledger))
        bound = []
        for name, value in state.parameters:
            to = names.parameters.get(name)
            if to is None:
                self._unmapped("parameter", name, [name])
                continue
            bound.append((to, value))
            self.problems += [_unfit(to, to, reason) for reason in bindable(self.new, to, value)]
        draft.parameters = tuple(bound)
        kept = []
        for early in state.signals:
            if early.signal in heard(self.new):
                kept.append(early)
            else:
                self._unmapped("signal", early.signal, [early.signal])
        draft.signals = tuple(kept)
        draft.rounds = tuple(map(self._round, state.rounds))
        rhythms = {r.name: sum(on.every is not None for on in r.occasions) for r in self.new.definition.rules}
        watches = (w for w in state.watches if names.rules.get(w.rule) is not None)
        draft.watches = tuple(w if len(w.wakes) == rhythms[w.rule] else w._replace(wakes=()) for w in watches)
        known = {*self.new.registers, *self.new.links}
        draft.looked = {a: found for a, found in draft.looked.items() if a.register in known}
        draft.links = tuple(link for link in state.links if link[0] in self.new.links)
        draft.bases = tuple(base for base in state.bases if base[0].partition(".")[0] in self.new.links)
        filed = ((self._key(key), register, entry) for key, register, entry in state.filed)
        draft.filed = tuple((key, register, entry) for key, register, entry in filed if key is not None)

    def check_values(self) -> None:
        """Holds the contents of records against what the version asks of them now."""
        draft, command = self.draft, self.command
        for key in self.fits:
            record, path = parse_key(key)
            version = draft.versions[key]
            writer = None if version.node is None else draft.nodes.get(version.node)
            if record in command.keep or (writer is not None and writer.element in command.redo):
                self.open.discard(record)
                continue
            plan = None if writer is None else self.new.plans[writer.element]
            old = next(name for name, to in self.names.records.items() if to == record)
            given = typed(self.old.forms, self.old.derived, old, version.value)
            try:
                _, digest = validate(draft, plan, path, record, given)
            except Refused as refused:
                self.problems.append(_unfit(record, key, refused.reasons[0]))
                continue
            if digest != version.digest:  # what is computed, or filled in, comes to something else
                self.problems.append(_unfit(record, key, Reason("CH331", None, {})))


def _unfit(record: str, key: str, reason: Reason) -> Reason:
    field = reason.arguments.get("field")
    arguments: Mapping[str, Any] = {"record": record, "key": key, "code": reason.code, "field": field}
    return Reason(DOES_NOT_FIT, f"record {record}", arguments)

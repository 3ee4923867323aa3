"""Checks that people can be found for the work as the process divides it: roles, separations and bindings.

It knows the process, not the organisation: whether enough persons hold a role is asked at deployment and at each
claim. What it reports no directory could mend, such as two elements that one person must do and must not do.
"""

from __future__ import annotations

from charter.dsl.check.findings import Findings
from charter.dsl.check.persons import people_named
from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.text import tree as t


def check_staffing(scope: ProcessScope, findings: Findings) -> None:
    """Reports elements that nobody can take."""
    same: list[tuple[Part, Part, t.Name, str]] = []
    apart: list[tuple[Part, Part, t.Name, str]] = []
    rules = [(line.element.text, line.other, line.same, file) for line, file in scope.separations]
    for part in scope.elements.values():
        rules += [(part.name, other, duty.same, scope.file) for duty in part.all(t.Duty) for other in duty.others]
    for element, other, is_same, file in rules:
        one, two = scope.element(element), scope.element(other.text)
        if one is None or two is None:
            continue
        # What people are kept from must be done by somebody here; what they did before may come from elsewhere.
        before = not runs_by_itself(two) if is_same else by_somebody(two)
        here = not runs_by_itself(one) or (not is_same and waits_for_people(one))
        if not before or not here:
            findings.add("CH421", other.span, file=file, element=one.name, other=(one if before else two).name)
            continue
        (same if is_same else apart).append((one, two, other, file))
    for part in scope.elements.values():
        for stage in (stage for line in part.all(t.By) for stage in line.stages if stage.other):
            made = [p for p in scope.producers.get(part.of.text if part.of else "", ()) if by_somebody(p)]
            apart += [(part, producer, stage.roles[0], scope.file) for producer in made]
            if not made and part.of is not None and part.of.text not in scope.inputs:
                findings.add("CH424", stage.span, element=part.name, record=part.of.text, role=stage.roles[0].text)
    if apart and t.Owner not in scope.header:
        one, _, name, file = apart[0]
        findings.add("CH425", name.span, file=file, element=one.name, process=scope.name)
    groups = _Groups()
    for one, two, _, _ in same:
        groups.join(one.name, two.name)
    for one, two, name, file in apart:
        if one is not two and groups.of(one.name) == groups.of(two.name):
            findings.add("CH405", name.span, file=file, element=one.name, other=two.name, why="same_and_separate")
    _outside_and_inside(scope, same, findings)
    _one_and_many(same, findings)


def runs_by_itself(part: Part) -> bool:
    """Says whether no person does an element."""
    return t.Work in part.lines or t.Wait in part.lines


def waits_for_people(part: Part) -> bool:
    """Says whether an element waits for a signal, which somebody sends."""
    return any(line.kind == "signal" for line in part.all(t.Wait))


def by_somebody(part: Part) -> bool:
    """Says whether what an element produces comes from a person: of this case or of one that it runs."""
    return not runs_by_itself(part) or waits_for_people(part) or any(work.kind == "run" for work in part.all(t.Work))


class _Groups:
    """Elements that one person must do, joined into groups (union-find)."""

    def __init__(self) -> None:
        self.leader: dict[str, str] = {}

    def of(self, name: str) -> str:
        while (up := self.leader.get(name, name)) != name:
            self.leader[name] = self.leader.get(up, up)
            name = up
        return name

    def join(self, one: str, other: str) -> None:
        self.leader[self.of(one)] = self.of(other)


def doers(part: Part) -> set[str]:
    """The roles of which a person may do an element: the responsible roles, or those who decide it."""
    if part.kind == "approval":
        return {n.text for line in part.all(t.By) for stage in line.stages for n in stage.roles}
    return {n.text for line in part.all(t.Raci) if line.kind == "role" for n in line.roles}


def _outside_and_inside(scope: ProcessScope, same: list[tuple[Part, Part, t.Name, str]], findings: Findings) -> None:
    """Reports a binding by which one person does what only outsiders and what only insiders do, through others too."""
    outsiders = {name for name, symbol in scope.roles.items() if symbol.node.external}
    groups = _Groups()
    members: dict[str, dict[str, Part]] = {}  # by the group's leader: an element of each side
    for one, two, name, file in same:
        before = [members.pop(leader, {}) for leader in dict.fromkeys((groups.of(one.name), groups.of(two.name)))]
        groups.join(one.name, two.name)
        found = {side: part for part in (two, one) if (side := _side(part, outsiders, scope))}
        found.update((side, part) for known in before for side, part in known.items() if side not in found)
        members[groups.of(one.name)] = found
        if len(found) == 2 and all(len(known) < 2 for known in before):
            first, second = sorted(found.values(), key=lambda part: part not in (one, two))
            findings.add("CH405", name.span, file=file, element=first.name, other=second.name, why="outside_and_inside")


def _side(part: Part, outsiders: set[str], scope: ProcessScope) -> str:
    """Whether only outsiders, or only insiders, may do an element; empty where both may, nobody or data is named."""
    may = doers(part)
    if people_named(part, scope):
        return ""
    return "" if not may else "outside" if may <= outsiders else "inside" if not may & outsiders else ""


def _one_and_many(same: list[tuple[Part, Part, t.Name, str]], findings: Findings) -> None:
    """Reports an approval that needs several persons at once and is bound to what one person does."""
    for one, two, name, file in same:
        for approval, other in ((one, two), (two, one)):
            stages = [stage for line in approval.all(t.By) for stage in line.stages]
            voters = max((len(s.roles) if s.mode == "all" else s.count or 1 for s in stages), default=1)
            if voters > 1 and other.kind == "activity":
                findings.add("CH405", name.span, file=file, element=approval.name, other=other.name, why="one_and_many")

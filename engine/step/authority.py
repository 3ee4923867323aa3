"""Who may do what in a case: roles, requirements, separation and binding of duties, assignment, being in charge.

Default deny: a person needs a reason to be allowed, and a refusal names what is missing and where the process file
asks for it. A right is judged when it is used, not when it was given. Separation looks at the whole history of the case
(`plan.makers`), for the person and for whoever they stand in for. The module knows people only by what a command's
`Actor` says of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from charter.engine.commands import Actor
from charter.engine.keys import Path, parse_key
from charter.engine.machines import SETTLED
from charter.engine.plan.makers import barred, bound, record_makers
from charter.engine.plan.named import is_lent, is_own
from charter.engine.plan.plans import Plan, shared_loops
from charter.engine.plan.program import Program
from charter.engine.refusals import Reason
from charter.engine.state import Node
from charter.engine.step.draft import Draft, Refused, refuse


def persons(actor: Actor) -> tuple[str, ...]:
    """Gives the person and whoever they act for."""
    return (actor.person,) if actor.on_behalf_of is None else (actor.person, actor.on_behalf_of)


def doers_with(node: Node, actor: Actor) -> tuple[str, ...]:
    """Gives who has done a node's work in any round, last of all the actor and whoever they act for."""
    now = persons(actor)
    return (*[person for person in node.doers if person not in now], *now)


def role_among(actor: Actor, roles: Iterable[str]) -> str | None:
    """Gives the first of these roles that the actor has, an own one before a lent one."""
    lent = None
    for role in roles:
        if is_lent(actor, role):
            lent = lent or role
        elif is_own(actor, role):
            return role
    return lent


def unmet(program: Program, actor: Actor, role: str) -> Reason | None:
    """Gives what a role asks of its people and the actor cannot show (CH505), if anything."""
    declared = program.roles.get(role)
    for requirement in declared.requires if declared is not None else ():
        if requirement.kind == "certificate":
            met = requirement.name in actor.certificates
        else:
            levels = [level for name, level in actor.skills if name == requirement.name]
            met = bool(levels) and max(levels) >= (requirement.at_least or 0)
        if not met:
            arguments = {
                "person": actor.person,
                "role": role,
                "kind": requirement.kind,
                "requirement": requirement.name,
                "level": requirement.at_least,
            }
            return Reason("CH505", f"role {role}", arguments)
    return None


def missing(program: Program, actor: Actor, roles: Iterable[str]) -> Reason | None:
    """Gives what work of these roles asks of whoever does it and the actor cannot show (CH505), if anything.

    Requirements belong to the work: whoever has one of the roles shows what that one asks, whoever has none of them
    and is named all the same, what some one of them asks.
    """
    own = [role for role in roles if role_among(actor, (role,)) is not None] or list(roles)
    found = [unmet(program, actor, role) for role in own]
    return None if None in found else next(iter(found), None)


def apart(draft: Draft, node: Node | None, plan: Plan, path: Path, actor: Actor, **passing: bool) -> Reason | None:
    """Gives the separation of duties (CH503) that stands against a person, as `makers.barred` finds it."""
    if plan.element.agreement is None and plan.name not in draft.program.separations:
        return None  # as of most work
    theirs = barred(draft.here(plan, path), node, **passing)
    person = next((person for person in persons(actor) if person in theirs), None) if theirs else None
    if person is None:
        return None
    named = any(rule.other == theirs[person] for rule in draft.program.separations.get(plan.name, ()))
    subject = f"{plan.name}.separate" if named else f"{plan.name}.by"
    return Reason("CH503", subject, {"element": plan.name, "other": theirs[person], "person": person})


def separated(draft: Draft, node: Node, plan: Plan, path: Path, actor: Actor) -> Reason | None:
    """Gives the separation (CH503) or binding (CH504) of duties that stands against a person, if any."""
    reason = apart(draft, node, plan, path, actor)
    if reason is not None:
        return reason
    for rule in draft.program.separations.get(plan.name, ()):
        if not rule.same:
            continue
        other = draft.program.plans[rule.other]
        doers = bound(draft.program, draft, other, path[: shared_loops(plan.loops, other.loops)])
        if doers and not any(person in doers for person in persons(actor)):
            arguments: dict[str, Any] = {"element": plan.name, "other": other.name, "person": actor.person}
            arguments["doers"] = list(doers)
            return Reason("CH504", f"{plan.name}.same", arguments)
    return None


def fit(
    draft: Draft, node: Node, plan: Plan, path: Path, actor: Actor, roles: tuple[str, ...], *, needs_role: bool = True
) -> tuple[str | None, list[Reason]]:
    """Gives the role in which somebody may do a node's work, and every reason that stands against it."""
    found: list[Reason] = []
    demanding = not draft.program.demanding.isdisjoint(roles)
    able = [role for role in roles if unmet(draft.program, actor, role) is None] if demanding else roles
    role = role_among(actor, able) or (role_among(actor, roles) if demanding else None)
    if role is None and needs_role:
        arguments = {"element": node.key, "person": actor.person, "roles": list(roles)}
        found.append(Reason("CH501", f"{plan.name}.{'by' if plan.kind == 'approval' else 'role'}", arguments))
    lacking = missing(draft.program, actor, roles) if demanding and not found else None
    against = separated(draft, node, plan, path, actor)
    found += [reason for reason in (lacking, against) if reason is not None]
    return role, found


def entitle(
    draft: Draft, node: Node, plan: Plan, path: Path, actor: Actor, roles: tuple[str, ...], *, held: bool = True
) -> str | None:
    """Gives the role in which the actor may work on a node; refuses with every reason that stands against it.

    `held`: whether somebody else's claim or assignment stands against it (it does not for votes, nor against those
    whom the work has come up to).
    """
    holds = node.holder is not None and node.holder in persons(actor)
    comes_up = role_among(actor, node.higher) is not None
    if held and node.holder is not None and not holds and not comes_up:
        own = tuple(role for role in roles if role_among(actor, (role,)) is not None)
        role, found = fit(draft, node, plan, path, actor, own, needs_role=False)
        arguments = {"element": node.key, "holder": node.holder, "person": actor.person}
        raise Refused(Reason("CH507", f"{plan.name}.role", arguments), *found)
    # Whoever is named by `assign` needs no role, which is no right to hand on; what nobody has a role in is for whoever
    # it was handed to, and for those in charge.
    by_file = node.assigned and not node.handed and plan.element.assign_mode == "expression"
    handed = holds and node.handed
    named = (holds and by_file) or (not roles and (handed or in_charge(draft, plan, actor) is not None))
    role, found = fit(draft, node, plan, path, actor, roles, needs_role=not named)
    if found:
        raise Refused(*found)
    return role


def taken(draft: Draft, node: Node, actor: Actor) -> dict[str, Any]:
    """Gives what changes of a node with whoever works on it now: its holder goes on holding it, or is relieved."""
    if node.holder is not None and node.holder in persons(actor):
        return {"holder": node.holder}
    return {"holder": actor.person, "assigned": False, "handed": False, **grouped(draft, draft.role)}


def grouped(draft: Draft, role: str | None) -> dict[str, Any]:
    """Gives what changes of a node that is somebody's in a role from now on, where a clock asks for it."""
    return {"group": role} if draft.program.grouped else {}


def require_fit(draft: Draft, node: Node, plan: Plan, path: Path, person: Actor) -> None:
    """Refuses work for somebody else who has no role for it, lacks what the role requires or is kept apart."""
    roles = plan.roles_wanted(node)
    _, found = fit(draft, node, plan, path, person, roles, needs_role=bool(roles))
    if found:
        raise Refused(*found)


def _owners(draft: Draft, plan: Plan | None) -> tuple[str, ...]:
    owner = draft.program.definition.owner
    accountable = plan.element.accountable if plan is not None else ()
    return (*accountable, *((owner,) if owner is not None else ()))


def in_charge(draft: Draft, plan: Plan | None, actor: Actor) -> str | None:
    """Gives the role in which the actor is in charge of an element (or the case): accountable, or process owner.

    Where no owner is declared, whoever opened the case is in charge of it, and the word is `opener`.
    """
    role = role_among(actor, _owners(draft, plan))
    if role is None and draft.program.definition.owner is None and draft.opened_by in persons(actor):
        return "opener"
    return role


def require_charge(draft: Draft, plan: Plan | None, actor: Actor, verb: str, *, opener: bool = False) -> str:
    """Gives the role in which the actor is in charge; refuses (CH535) anybody else."""
    role = in_charge(draft, plan, actor)
    if role is None and opener and draft.opened_by in persons(actor):
        role = "opener"
    if role is None:
        raise refuse(
            "CH535",
            plan.name if plan is not None else "owner",
            element=plan.name if plan is not None else draft.process,
            person=actor.person,
            roles=list(_owners(draft, plan)) or ["opener"],
            verb=verb,
        )
    return role


def require_bound(draft: Draft, node: Node, plan: Plan, path: Path, actor: Actor, verb: str) -> None:
    """Refuses (CH503) to skip, cancel or reopen for those whom an element controls, be they in charge or not.

    Whoever is in charge only because they opened the case does not pass over the approval of a record that they made.
    With a phase or group goes what is not over inside it, and what is over is asked again when it is reopened; what is
    `never skipped` nobody passes over (CH567).
    """
    inside = [(node.key, plan, path)]
    if plan.lifecycle(path) == "phase":
        parts = (plan, *plan.descendants())
        inside = [
            (key, part, parse_key(key)[1]) for part in parts for key in draft.program.expand(draft.nodes, part, path)
        ]
    for key, part, at in inside:
        there = draft.nodes.get(key)
        over = there is not None and there.state in SETTLED
        if key != node.key and over != (verb == "reopen"):
            continue
        kept = next((level for level in part.levels() if level.element.never_skipped), None)
        if verb != "reopen" and kept is not None:
            raise refuse("CH567", f"{kept.name}.never", element=key, verb=verb)
        reason = apart(draft, there, part, at, actor, passing=True)
        of = part.element.agreement.of if part.element.agreement is not None else None
        if reason is None and of is not None and _is_mere_opener(draft, plan, actor):
            made = record_makers(draft.here(part, at), of)
            person = next((person for person in persons(actor) if person in made), None)
            if person is not None:
                arguments = {"element": part.name, "other": made[person], "person": person}
                reason = Reason("CH503", f"{part.name}.by", arguments)
        if reason is not None:
            raise Refused(reason)


def _is_mere_opener(draft: Draft, plan: Plan, actor: Actor) -> bool:
    return in_charge(draft, plan, actor) == "opener"

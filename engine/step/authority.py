"""Who may do what in a case: roles, requirements, separation and binding of duties, assignment, being in charge.

Default deny: a person needs a reason to be allowed, and a refusal names what is missing and where the process file
asks for it. Separation looks at the whole history of the case (`Node.doers`), for the person and for whoever they
stand in for. The module knows people only by what a command's `Actor` says of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from charter.engine.commands import Actor
from charter.engine.keys import Path, parse_key
from charter.engine.plan.place import Place
from charter.engine.plan.plans import Plan, shared_loops
from charter.engine.plan.program import Program
from charter.engine.refusals import Reason
from charter.engine.state import Node
from charter.engine.step.draft import Draft, Refused, refuse


def persons(actor: Actor) -> tuple[str, ...]:
    """Gives the person and whoever they act for."""
    return (actor.person,) if actor.on_behalf_of is None else (actor.person, actor.on_behalf_of)


def doers_with(node: Node, actor: Actor) -> tuple[str, ...]:
    """Gives who has done a node's work in any round, with the actor and whoever they act for."""
    return (*node.doers, *[person for person in persons(actor) if person not in node.doers])


def role_among(actor: Actor, roles: Iterable[str]) -> str | None:
    """Gives the first of these roles that the actor has, an own one before a lent one."""
    lent = None
    for role in roles:
        if role in actor.lent:
            lent = lent or role
        elif role in actor.roles:
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


def makers(place: Place, node: Node) -> dict[str, str]:
    """Names who may not vote because the record is theirs, with the element that made it; nobody unless `by other`."""
    agreement = place.plan.element.agreement
    if agreement is None or agreement.of is None:
        return {}
    chain = place.plan.stages(node)
    if not chain or not chain[min(node.stage, len(chain) - 1)].other:
        return {}
    found: dict[str, str] = {}
    for producer in place.program.producers.get(agreement.of, ()):
        for key in place.program.keys(place.view.nodes, producer, place.path, place.plan.loops):
            maker = place.view.nodes.get(key)
            if maker is not None:
                found.update(dict.fromkeys(maker.doers, producer.name))
    seen = place.find(agreement.of)
    # Whoever has amended it has made it too.
    for version in [seen[1]] if isinstance(seen, tuple) else seen or []:
        found.setdefault(version.by, parse_key(version.node)[0] if version.node is not None else agreement.of)
    return found


def separated(draft: Draft, node: Node, plan: Plan, path: Path, actor: Actor) -> Reason | None:
    """Gives the separation (CH503) or binding (CH504) of duties that stands against a person, if any."""
    theirs = {} if plan.element.agreement is None else makers(draft.here(plan, path), node)
    maker = next((person for person in persons(actor) if person in theirs), None) if theirs else None
    if maker is not None:
        return Reason("CH503", f"{plan.name}.by", {"element": plan.name, "other": theirs[maker], "person": maker})
    for rule in draft.program.separations.get(plan.name, ()):
        other = draft.program.plans[rule.other]
        doers: dict[str, None] = {}
        # Two persons are two in the whole case; one person is one for each item of a list.
        around = path[: shared_loops(plan.loops, other.loops)] if rule.same else ()
        for key in draft.program.expand(draft.nodes, other, around):
            there = draft.nodes.get(key)
            if there is not None:
                doers.update(dict.fromkeys(there.doers))
        for person in persons(actor):
            if not rule.same and person in doers:
                arguments: dict[str, Any] = {"element": plan.name, "other": other.name, "person": person}
                return Reason("CH503", f"{plan.name}.separate", arguments)
        if rule.same and doers and not any(person in doers for person in persons(actor)):
            arguments = {"element": plan.name, "other": other.name, "person": actor.person}
            arguments["doers"] = list(doers)
            return Reason("CH504", f"{plan.name}.same", arguments)
    return None


def fit(
    draft: Draft, node: Node, plan: Plan, path: Path, actor: Actor, roles: tuple[str, ...], *, needs_role: bool = True
) -> tuple[str | None, list[Reason]]:
    """Gives the role in which somebody may do a node's work, and every reason that stands against it."""
    found: list[Reason] = []
    role = role_among(actor, roles)
    if role is None and needs_role:
        arguments = {"element": node.key, "person": actor.person, "roles": list(roles)}
        found.append(Reason("CH501", f"{plan.name}.{'by' if plan.kind == 'approval' else 'role'}", arguments))
    lacking = None if role is None else unmet(draft.program, actor, role)
    apart = separated(draft, node, plan, path, actor)
    if lacking is not None:
        found.append(lacking)
    if apart is not None:
        found.append(apart)
    return role, found


def entitle(
    draft: Draft, node: Node, plan: Plan, path: Path, actor: Actor, roles: tuple[str, ...], *, held: bool = True
) -> str | None:
    """Gives the role in which the actor may work on a node; refuses with every reason that stands against it.

    `held`: whether somebody else's claim or assignment stands against it (it does not for votes).
    """
    holds = node.holder is not None and node.holder in persons(actor)
    if held and node.holder is not None and not holds:
        role, found = fit(draft, node, plan, path, actor, roles, needs_role=False)
        arguments = {"element": node.key, "holder": node.holder, "person": actor.person}
        raise Refused(Reason("CH507", f"{plan.name}.role", arguments), *found)
    # Whoever is named by `assign` needs no role; an element that names nobody is for those in charge.
    named = (holds and node.assigned) or (not roles and in_charge(draft, plan, actor) is not None)
    role, found = fit(draft, node, plan, path, actor, roles, needs_role=not named)
    if found:
        raise Refused(*found)
    return role


def require_fit(draft: Draft, node: Node, plan: Plan, path: Path, person: Actor) -> None:
    """Refuses work for somebody else who has no role for it, lacks what the role requires or is kept apart."""
    _, found = fit(draft, node, plan, path, person, plan.element.roles, needs_role=bool(plan.element.roles))
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

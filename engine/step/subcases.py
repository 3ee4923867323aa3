"""What a case and the cases it runs owe each other: an element that waits for a case no longer leaves none open.

A case that a `run` opened is open while its element waits for it, suspended while that element is stale or its own
case is suspended, and cancelled once nobody waits for it any more. `effects_of` compares an element before a step and
after it, so that it makes no difference which command moved it; `follow` is the other side. Knows no host: that a
case takes time to follow, and may end first, is for `automation.answer`. `start` owes nothing.
"""

from __future__ import annotations

from charter.engine.commands import Answer, Follow
from charter.engine.dated import dated
from charter.engine.definition import Definition
from charter.engine.effects import Effect, StartCase, TellCase
from charter.engine.entries import Because
from charter.engine.entries.cases import Resumed, Suspended
from charter.engine.keys import Path
from charter.engine.machines import UNDER_WAY
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import prepare
from charter.engine.state import CaseState, Node
from charter.engine.step.automation import awaits_answer, time_passes
from charter.engine.step.case import end_case, resume_case
from charter.engine.step.draft import Draft, refuse

# How a case should stand before and after a step (None: not at all) -> what it is told.
_ORDERS: dict[tuple[str | None, str | None], str] = {
    ("open", None): "cancel",
    ("suspended", None): "cancel",
    ("open", "suspended"): "suspend",
    (None, "suspended"): "suspend",
    ("suspended", "open"): "resume",
}


def _wanted(plan: Plan, path: Path, status: str, node: Node) -> str | None:
    if status == "cancelled" or not awaits_answer(plan, path, node):
        return None
    return "suspended" if status == "suspended" or node.state == "stale" else "open"


def standing(definition: Definition, state: CaseState, key: str, attempt: int) -> str | None:
    """Says how the case that an attempt of an element asked for should stand now; None where nobody waits for it."""
    node = state.nodes.get(key)
    if node is None or node.attempt != attempt:
        return None
    return _wanted(*prepare(dated(definition, state.days)).spot(key), state.status, node)


def effects_of(draft: Draft) -> tuple[Effect, ...]:
    """Gives the effects of a step with what the cases it runs must be told: what is over before what begins."""
    if not draft.program.runs:
        return tuple(draft.effects)
    before, command = draft.state, draft.command
    told: list[TellCase] = []
    awaited: set[tuple[str, int]] = set()
    for key, node in draft.nodes.items():
        old = before.nodes.get(key)
        if node.element not in draft.program.runs or (old is node and draft.status == before.status):
            continue
        # by attempt: what answers has ended already
        answered = isinstance(command, Answer) and command.node == key
        was = {} if old is None or answered else {old.attempt: _wanted(*draft.place(key), before.status, old)}
        now = {node.attempt: _wanted(*draft.place(key), draft.status, node)}
        awaited.update((key, attempt) for attempt, standing in now.items() if standing is not None)
        for attempt in dict.fromkeys((*was, *now)):
            order = _ORDERS.get((was.get(attempt), now.get(attempt)))
            if order is not None:
                told.append(TellCase(key, attempt, order, command.reason))
    # What was asked for and given up in one step never begins.
    begun = [e for e in draft.effects if not isinstance(e, StartCase) or not e.wait or (e.node, e.attempt) in awaited]
    over = [tell for tell in told if tell.order == "cancel"]
    return (*over, *begun, *(tell for tell in told if tell.order != "cancel"))


def still_changes(state: CaseState, order: str) -> bool:
    """Says whether an order still changes anything in a case."""
    if order == "resume":
        return bool(state.held)
    return state.status in UNDER_WAY and not (order == "suspend" and state.held)


def follow(draft: Draft, command: Follow) -> None:
    """Does what the case that runs this one asks; it is not answered, because it knows."""
    if not still_changes(draft.state, command.order):
        raise refuse("CH519", None, status=draft.status, verb=command.order)
    case, node = command.parent
    because = Because("CH579", {"case": case, "element": node})
    if command.order == "cancel":
        end_case(draft, command.reason, because)
    elif command.order == "suspend":
        draft.held = "alone" if draft.status == "open" else "also"
        if draft.status == "open":
            draft.set_status("suspend", Suspended(because), reason=command.reason)
        else:
            _noted(draft, Suspended(because), command)
    elif draft.held == "alone":
        resume_case(draft, command.reason, because)
        time_passes(draft)
    else:
        draft.held = ""
        _noted(draft, Resumed(because), command)


def _noted(draft: Draft, told: Suspended | Resumed, command: Follow) -> None:
    """Enters an order to a case that people have suspended themselves, and that therefore stays as it is."""
    draft.enter(told, None, draft.status, draft.status, reason=command.reason)

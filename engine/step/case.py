"""The case as a whole: opened, cancelled, taken up again, and its answer to the case that runs it.

People's commands for it are in `holding`, what the case that runs this one may order in `subcases`; that it is
completed follows from its elements (`flow`).
"""

from __future__ import annotations

from charter.engine.commands import SYSTEM
from charter.engine.effects import AnswerParent
from charter.engine.entries import Because, cases
from charter.engine.machines import SETTLED
from charter.engine.plan.makers import version_makers
from charter.engine.plan.place import found_in_case
from charter.engine.state import Node
from charter.engine.step import blocks
from charter.engine.step.draft import Draft


def open_case(draft: Draft) -> None:
    """Creates the top-level elements."""
    for plan in draft.program.roots:
        draft.pending += blocks.counts(plan)
        draft.create(Node(plan.name, plan.name))
    if draft.pending == 0:
        draft.agenda.setdefault("", draft.cause)


def end_case(draft: Draft, reason: str | None, because: Because | None = None) -> None:
    """Cancels the case and everything in it that is not over."""
    draft.held = ""
    draft.set_status("cancel", cases.Cancelled(because), reason=reason)
    draft.end_of_command()
    for plan in draft.program.roots:
        node = draft.nodes.get(plan.name)
        if node is not None and node.state not in SETTLED:
            blocks.end(draft, node, "cancel", "CH574", container=draft.case)


def cancel_case(draft: Draft, reason: str | None) -> None:
    """Cancels the case and everything in it that is not over, and tells the case that runs it."""
    end_case(draft, reason)
    answer_parent(draft)


def resume_case(draft: Draft, reason: str | None, because: Because | None = None) -> None:
    """Opens a suspended case again and looks at everything that time may have changed."""
    draft.held = ""
    draft.set_status("resume", cases.Resumed(because), reason=reason)
    for key, node in draft.nodes.items():
        if node.state not in SETTLED or node.outcome in ("dead", "condition"):
            draft.agenda.setdefault(key, 0)
    if draft.pending == 0:
        draft.agenda.setdefault("", 0)


def answer_parent(draft: Draft) -> None:
    """Tells the case that runs this one how it ended."""
    if draft.parent is None:
        return
    case, node = draft.parent
    if draft.status == "cancelled":
        draft.effects.append(AnswerParent(node, case, draft.attempt, (), draft.reason or "cancelled"))
        return
    found = []
    made: dict[str, None] = {}
    for record in draft.program.definition.outputs:
        version = found_in_case(draft.program, draft, record)
        if isinstance(version, tuple):
            found.append((record, version[1].value))
            made.update(dict.fromkeys(version_makers(draft.program, draft, version[1])))
    made.pop(SYSTEM.person, None)
    draft.effects.append(AnswerParent(node, case, draft.attempt, tuple(found), makers=tuple(made)))

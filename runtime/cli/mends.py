"""What a person may type after a refusal: a command that is theirs to give, tried before it is named.

A mend is told to those alone who would not be refused it, in the words under `[mends]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from charter.engine.keys import name_of
from charter.engine.machines import DECIDED, PASSED_OVER, TAKEN
from charter.engine.plan.program import prepare
from charter.runtime.cli.context import Context
from charter.runtime.desk import views
from charter.runtime.desk.register import number_of
from charter.runtime.people.directory import Directory

if TYPE_CHECKING:
    from charter.engine.definition import Definition
    from charter.engine.refusals import Reason, Refusal
    from charter.engine.state import CaseState

# state of what a CH502 is about -> the verbs that may help, which are keys under [mends]
_VERBS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(DECIDED, ("withdraw", "reopen")),
    **dict.fromkeys(PASSED_OVER, ("reopen",)),
    "suspended": ("resume",),
    "failed": ("retry",),
}
# whatever stands there is refused for the want of authority, so that nothing about the command itself is known yet
_RIGHTS = frozenset({"CH501", "CH503", "CH505", "CH535"})


def mend_of(
    context: Context,
    refusal: Refusal,
    definition: Definition | None,
    state: CaseState | None,
    node: str | None,
    person: str,
) -> str | None:
    """Gives what a person may type instead, None where nothing of theirs helps."""
    reason = refusal.reasons[0]
    if reason.code == "CH506":
        return context.say("mends.reason")
    if definition is None or state is None:
        return None
    return _Mend(context, reason, definition, state, node, person).find()


class _Mend:
    """One refusal of one person in one case."""

    def __init__(
        self,
        context: Context,
        reason: Reason,
        definition: Definition,
        state: CaseState,
        node: str | None,
        person: str,
    ) -> None:
        self.context, self.definition, self.state, self.person = context, definition, state, person
        self.code, self.arguments = reason.code, dict(reason.arguments)
        self.element = str(self.arguments.get("element", node))

    def find(self) -> str | None:
        verb, there = self.arguments.get("verb"), self.state.nodes.get(self.element)
        if self.code in ("CH502", "CH509") and (mend := self._list()) is not None:
            return mend
        if self.code == "CH501":
            return self._in_place_of(set(self.arguments.get("roles") or ()))
        if self.code == "CH502" and self._kind() == "approval" and verb in ("delegate", "assign", "suspend"):
            if verb == "suspend":
                return self._say("suspend_case") if self._may("suspend") else None
            return self._say("substitute")
        if self.code == "CH502" and verb == "claim" and there is not None and there.holder and there.state in TAKEN:
            return self._say("held", holder=there.holder)
        if self.code == "CH519" and self.state.status == "suspended":
            return self._say("resume_case") if self._may("resume") else None
        found = _VERBS.get(str(self.arguments.get("state")), ()) if self.code == "CH502" else ()
        helping = (each for each in found if each != verb and self._may(each, reason="-", node=self.element))
        return next(map(self._say, helping), None)

    def _list(self) -> str | None:
        """Says how an open `for each` gets the item that an element would be for, or how it ends."""
        plans = prepare(self.definition).plans
        name, verb = name_of(self.element), self.arguments.get("verb")
        for row in views.open_lists(self.definition, self.state):
            inside = {plan.name for plan in (plans[row.element.name], *plans[row.element.name].descendants())}
            if self.element == row.key and verb == "complete" and self._may("close", node=row.key):
                return self._say("close", list=row.key)
            missing = not any(name_of(key) == name and key != name for key in self.state.nodes)
            if name in inside and missing and self._may("add", but_what=True, node=row.key, item=None):
                return self._say("add", list=row.key)
        return None

    def _in_place_of(self, roles: set[str]) -> str | None:
        """Says for whom the person may do it, who did not say that they stand in."""
        directory = Directory()
        with self.context.reading.read() as connection:
            known = directory.person(connection, self.person)
            if known is None:
                return None
            lenders = directory.principals(connection, known, self.definition.name, self.context.now)
        able = [principal for principal, lent in lenders if roles & set(lent)]
        if not able:
            return None
        return self._say("stand_in", principals=self.context.say("happened.comma").join(able), principal=able[0])

    def _kind(self) -> str | None:
        plan = prepare(self.definition).plans.get(name_of(self.element))
        return None if plan is None else plan.kind

    def _may(self, verb: str, *, but_what: bool = False, **arguments: Any) -> bool:
        """Tells whether the person would not be refused a verb; `but_what`: whatever there is to say of its content."""
        refusal = self.context.cases.would(self.state.case, person=self.person, verb=verb, **arguments)
        return refusal is None or (but_what and _RIGHTS.isdisjoint(reason.code for reason in refusal.reasons))

    def _say(self, key: str, **more: Any) -> str:
        with self.context.reading.read() as connection:
            number = number_of(connection, self.state.case)
        return self.context.say(f"mends.{key}", **{**self.arguments, "case": number, **more})

"""What is said of a refusal: why, in words; what was meant; and the line of the process file that holds it back.

A reason carries what the engine knew of one element. What the definition and the present state tell beyond it (that
`x` is an approval, that `receive` has no instance yet) is said here, where they are at hand. Sentences come from
`[refusals]` of our table and of the language's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from charter.engine.keys import name_of, parse_key
from charter.engine.plan.program import prepare
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Trouble, guess, refusal_exit
from charter.runtime.cli.failures import failure_data
from charter.runtime.cli.messages import Messages
from charter.runtime.people.ids import RESERVED
from charter.runtime.refusals import ID_TAKEN

if TYPE_CHECKING:
    from charter.engine.definition import Definition
    from charter.engine.machines import Kind
    from charter.engine.reading import Sight
    from charter.engine.refusals import Reason, Refusal
    from charter.engine.state import CaseState


def reason_sentence(
    reason: Reason, say: Messages, definition: Definition | None = None, state: CaseState | None = None
) -> str:
    """Says one reason: the host's own codes (CH58x) are in [refusals] of our table, the engine's in the language's."""
    elements = reason.arguments.get("elements")
    if isinstance(elements, list) and reason.arguments.get("needed") == len(elements):
        # "waits for 1 of execution" is how a machine says it
        return say(
            "refusals.waits_for_all",
            element=reason.arguments.get("element"),
            elements=say("happened.comma").join(elements),
        )
    if reason.code == "CH509" and definition is not None and state is not None:
        element = str(reason.arguments.get("element"))
        if name_of(element) in prepare(definition).plans:
            return _not_there(element, state, say)
    if reason.code == ID_TAKEN and reason.arguments["other"] in RESERVED:
        return say("refusals.reserved", **reason.arguments)
    if say.find(f"refusals.{reason.code}") is not None:
        return say(f"refusals.{reason.code}", **reason.arguments)
    from charter.dsl.messages.render import refusal_sentence

    return refusal_sentence(reason, say.lang, None if definition is None else _kind(reason, definition))


def view_data(definition: Definition, state: CaseState, at: int, lang: str, sight: Sight) -> dict[str, Any]:
    """Gives the whole view of a case as JSON data, with what the engine notes of a failure said in a language."""
    from charter.runtime.desk import views

    told = views.to_json(definition, state, at, sight)
    for row in told["elements"]:
        if row["state"] == "failed" and row["reason"]:
            row["failure"] = failure_data(sight.derived(row["reason"]), row["element"], lang)
            row["reason"] = None
    return told


def _not_there(element: str, state: CaseState, say: Messages) -> str:
    """Says of an element of the process which of its instances there are, where the one named is none of them."""
    name = name_of(element)
    there = [key for key in state.nodes if name_of(key) == name and key != name]
    if there:
        return say("refusals.other_instances", element=element, instances=say("happened.comma").join(there[:_MOST]))
    return say("refusals.no_instance", element=name)


_MOST = 5  # instances named in one line


def _kind(reason: Reason, definition: Definition) -> Kind | Literal["group"] | None:
    """Tells what the element of a reason is: of what kind, or the whole of a `for each`."""
    name, path = parse_key(str(reason.arguments.get("element")))
    plan = prepare(definition).plans.get(name)
    if plan is None:
        return None
    return "group" if plan.is_group(path) and plan.kind != "phase" else plan.kind


# refusals of a name that stands for nothing -> the argument that holds it, and the names it could have been
_NAMES: Mapping[str, tuple[str, Callable[[Definition, Reason], Iterable[str]]]] = {
    "CH509": ("element", lambda definition, _: (e.name for e in definition.elements)),
    "CH510": ("record", lambda definition, _: (r.name for r in definition.records)),
    "CH539": ("record", lambda definition, _: (r.name for r in definition.records)),
    "CH513": (
        "field",
        lambda definition, reason: (
            f.name for r in definition.records if r.name == reason.arguments.get("record") for f in r.fields
        ),
    ),
}


def _meant(reason: Reason, definition: Definition | None, say: Messages) -> str:
    if definition is None or reason.code not in _NAMES:
        return ""
    argument, known = _NAMES[reason.code]
    return guess(name_of(str(reason.arguments.get(argument))), known(definition, reason), say)


def why_refused(
    refusal: Refusal,
    definition: Definition | None,
    say: Messages,
    state: CaseState | None = None,
    *,
    guessed: str = "",
    beside: Sequence[str] = (),
    help: str | None = None,
    **more: Any,
) -> Trouble:
    """Says a refusal: each reason's sentence, then the line of the process file that holds it back.

    `guessed` is added to the first sentence; `beside` are lines below, in front of the help.
    """
    from charter.runtime.desk.views import placed

    lines, reasons = [], []
    for index, reason in enumerate(refusal.reasons):
        sentence = reason_sentence(reason, say, definition, state) + _meant(reason, definition, say)
        sentence += guessed if index == 0 else ""
        lines.append(say("frame.refused" if index == 0 else "frame.also", code=reason.code, sentence=sentence))
        place = definition.place(reason.subject) if definition and reason.subject else None
        reasons.append({"code": reason.code, "message": sentence, **placed(place)})
        if place:
            lines.append(say("frame.place", place=place))
    lines += beside
    if help is not None:
        lines.append(say("frame.help", text=help))
    message, exit = reasons[0]["message"], refusal_exit(refusal)
    return Trouble(exit, tuple(lines), str(message), refusal.code, help, tuple(reasons), more)


def refused(context: Context, refusal: Refusal, definition: Definition | None = None, help: str | None = None) -> int:
    """Says a refusal; gives the exit code."""
    return context.fail(why_refused(refusal, definition, context.say, help=help))

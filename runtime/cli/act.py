"""The verbs that do something to a case: one table row a verb, one path for all.

`charter VERB CASE [ELEMENT] …`. Where a person has exactly one fitting piece of work in the case the element may be
left out, and the answer names it. A row says what of the command's fields the verb takes; whether the person may do
it is the engine's to say, through `Cases.perform`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import click
from msgspec import Struct

from charter.engine.keys import key_of, name_of, parse_key
from charter.engine.machines import DECIDED, WORKABLE, movable
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Misuse
from charter.runtime.cli.verb import JSON, Binding, Verb, Whole, argument, option, switch

if TYPE_CHECKING:
    from charter.engine.definition import Definition, Element
    from charter.engine.state import CaseState
    from charter.runtime.host.cases import Performed

_REASON = option("--reason", "TEXT", short="-m")
# what is said of a decision is part of its record, whatever people call it
_REMARK = option("--reason", "TEXT", short="-m", also="--comment")
_WHY = option("--reason", "TEXT", short="-m", words="o_reason_must")
_WHY_NOT = option("--reason", "TEXT", short="-m", also="--comment", words="o_reason_must")
_SETS = option("--set", "NAME=VALUE", many=True, name="sets", type=Binding())
_DATA = option("--data", "FILE", many=True)
_CHECKS = option("--check", "NAME=EVIDENCE", many=True, name="checks")
_TO_PERSON = option("--to", "PERSON")
_TO_ELEMENT = option("--to", "ELEMENT", words="o_to_element")
_EVERY = (
    option("--for", "PERSON", name="on_behalf_of"),
    option("--key", "TEXT"),
    option("--seen", "NUMBER", type=Whole()),
    switch(JSON, name="as_json"),
)

Aim = Literal["work", "element", "case", "record", "text"]


class Act(Struct, frozen=True):
    """A row: what the verb is aimed at, the options it takes, and, for `work`, the states it fits.

    aim: `work` an element, found where it is left out; `element` must be named; `case` an element or the whole case;
    `record` a record; `text` a text, on an element or the case.
    """

    aim: Aim
    options: Sequence[click.Option] = ()
    states: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset(("activity", "approval"))


# what a verb is aimed at -> the key of the words that say so
_AIMS: Mapping[Aim, str] = {"work": "a_work", "element": "a_element", "case": "a_part", "record": "a_record"}

_ACTIVITY = frozenset(("activity",))
_APPROVAL = frozenset(("approval",))

ACTS: Mapping[str, Act] = {
    "claim": Act("work", (), movable("activity", "claim"), _ACTIVITY),
    "release": Act("work", (), movable("activity", "release"), _ACTIVITY),
    "delegate": Act("work", (_TO_PERSON, _REASON), movable("activity", "claim", "release")),
    "begin": Act("work", (), movable("activity", "begin"), _ACTIVITY),
    "confirm": Act("work", (_CHECKS,), movable("activity", "complete"), _ACTIVITY),
    "complete": Act("work", (_SETS, _DATA, _CHECKS), movable("activity", "complete"), _ACTIVITY),
    "approve": Act("work", (_REMARK,), movable("approval", "vote"), _APPROVAL),
    "reject": Act("work", (_WHY_NOT,), movable("approval", "vote"), _APPROVAL),
    "return": Act("work", (_TO_ELEMENT, _WHY_NOT), WORKABLE),
    "withdraw": Act("work", (_REASON,), DECIDED),
    "suspend": Act("case", (_REASON,)),
    "resume": Act("case", (_REASON,)),
    "skip": Act("element", (_WHY,)),
    "cancel": Act("case", (_WHY,)),
    "reopen": Act("element", (_WHY,)),
    "amend": Act("record", (_SETS, _DATA, _WHY)),
    "comment": Act("text"),
    "add": Act("element", (_SETS, _DATA, option("--item", "TEXT"), _REASON)),
    "close": Act("element", (_REASON,)),
    "retry": Act("element", (_REASON,)),
}


def run_act(context: Context, verb: str, case: str, element: str | None = None, **given: Any) -> int:
    """Performs a verb of ACTS and tells what came of it."""
    from charter.runtime.cli.aftermath import tell

    act = ACTS[verb]
    as_json, person = given.pop("as_json"), context.person
    case = context.reading.resolve(case)
    shared = ("on_behalf_of", "key", "seen", "reason")
    arguments: dict[str, Any] = {name: given.pop(name) for name in shared if name in given}
    state, definition = context.reading.state(case), context.reading.definition(case)
    node: str | None = element
    if act.aim == "record":
        assert element is not None
        arguments |= _amendment(context, definition, state, element, **given)
        node = None
    elif act.aim == "text":
        arguments["text"] = given["text"]
    elif act.aim == "work":
        node = element or find_work(context, verb, case, definition, state, person)
        if element is None and not as_json:
            from charter.runtime.cli.aftermath import named

            context.output.sentence(context.say("act.found", what=named(definition, node)), "faint")
    if node is not None:
        arguments["node"] = node
    if verb == "confirm":
        return _confirm(context, case, definition, node, arguments, given["checks"], as_json)
    if verb == "add":
        arguments["item"] = _item(context, definition, node, **given)
    elif act.aim == "work":
        arguments |= _fields(context, verb, definition, state, node, given)
    performed = context.cases.perform(case, person=person, verb=verb, **arguments)
    return tell(context, verb, performed, node=node, as_json=as_json)


def run_delegate(
    context: Context, case: str, element: str | None, whom: str | None, to: str | None, **given: Any
) -> int:
    """Hands work over: `delegate CASE [ELEMENT] PERSON`, the person as the last word or by `--to`."""
    if element is not None and whom is None and to is None:
        definition = context.reading.definition(context.reading.resolve(case))
        if _element(definition, element) is None:
            element, whom = None, element  # no element has this name: it is the person's
    if whom is not None and to is not None:
        raise Misuse("extra", value=whom)
    if whom is None and to is None:
        raise Misuse("no_delegate")
    return run_act(context, "delegate", case, element, to=to or whom, **given)


def run_comment(context: Context, case: str, words: Sequence[str], **given: Any) -> int:
    """Comments on a case, or with two words on an element: `comment CASE [ELEMENT] TEXT`."""
    if len(words) > 2:
        raise Misuse("extra", value=" ".join(words[2:]))
    return run_act(context, "comment", case, words[0] if len(words) == 2 else None, text=words[-1], **given)


def find_work(context: Context, verb: str, case: str, definition: Definition, state: CaseState, person: str) -> str:
    """Gives the one element of a case that a verb of this person, or else of anybody, can mean.

    A misuse names them when there are several.
    """
    from charter.runtime.cli.aftermath import named
    from charter.runtime.desk import views

    act = ACTS[verb]
    program_kinds = {e.name: e.kind for e in definition.elements}
    if act.states is DECIDED:
        found = [n.key for n in state.nodes.values() if n.state in DECIDED and person in n.doers[-1:]]
    else:
        mine = {item.node for item in _inbox(context, case, person)}
        found = [key for key in mine if state.nodes[key].state in act.states]
    found = sorted(key for key in found if program_kinds[name_of(key)] in act.kinds)
    if not found:
        # Where only one element could be meant, the engine says better than we could why this person may not.
        rows = views.rows(definition, state)
        found = [row.key for row in rows if row.kind in act.kinds and row.node and row.state in act.states]
        found = found if len(found) == 1 else []
    if len(found) == 1:
        return found[0]
    if not found:
        from charter.dsl.messages.render import table

        raise Misuse("no_work", verb=table(context.say.lang)["verbs"].get(verb, verb), person=person, case=case)
    raise Misuse("which_element", names="\n  ".join(named(definition, key) for key in found))


def _inbox(context: Context, case: str, person: str) -> list[Any]:
    from charter.runtime.desk.inbox import inbox

    with context.reading.read() as connection:
        found = inbox(connection, person, now=context.now, limit=1000)
    # an unknown person has no work; the command itself then says who is unknown
    return [item for item in found if item.case == case and not item.is_list] if isinstance(found, list) else []


def _element(definition: Definition, node: str | None) -> Element | None:
    name = name_of(node or "")
    return next((e for e in definition.elements if e.name == name), None)


def _fields(
    context: Context, verb: str, definition: Definition, state: CaseState, node: str | None, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Gives the verb's own fields of the command: outputs and checks of `complete`, `to` of others."""
    from charter.runtime.cli.handover import asked_checks, asks, checks, records
    from charter.runtime.cli.offered import asked_offers

    if verb != "complete":
        return {name: value for name, value in given.items() if value is not None}
    element = _element(definition, node)
    if element is None or node is None:
        return {}

    path = parse_key(node)[1]
    for record in element.outputs:
        _may_change(context, state, key_of(record, path))
    current = {
        record: version.value
        for record in element.outputs
        if (version := state.versions.get(key_of(record, path))) is not None
    }
    nothing = not (given["sets"] or given["data"] or given["checks"])
    handed = records(context, definition, element.outputs, given["sets"], given["data"], current)
    ticked = checks(context, element, given["checks"])
    if nothing and asks(context):
        there = state.nodes.get(node)
        confirmed = frozenset(c.check for c in there.confirmations) if there else frozenset()
        ticked = (*asked_checks(context, element, confirmed), *asked_offers(context, state, node))
    return {"records": handed, "checks": ticked}


def _may_change(context: Context, state: CaseState, record: str) -> None:
    """Turns away who would write anew what they may not read."""
    from charter.runtime.cli.consulted import turn
    from charter.runtime.refusals import UNREAD, refusal

    if record in state.versions and context.reading.sight(state.case).hides(record):
        raise turn(context, refusal(UNREAD, person=context.person, record=record), case=state.case)


def _amendment(
    context: Context, definition: Definition, state: CaseState, record: str, *, sets: Any, data: Any
) -> dict[str, Any]:
    from charter.runtime.cli.handover import records

    name = name_of(record)
    if name not in {r.name for r in definition.records}:
        # the engine knows the word for it (no such record), and the attempt is recorded
        return {"record": record, "value": {}}
    _may_change(context, state, record)
    version = state.versions.get(record)
    found = records(context, definition, (name,), sets, data, {name: version.value} if version else {})
    if not found:
        raise Misuse("nothing_given", record=record)
    return {"record": record, "value": found[0][1]}


def _item(context: Context, definition: Definition, node: str | None, *, sets: Any, data: Any, item: Any) -> Any:
    """Gives the item for an open `for each`: text or JSON by --item, fields by --set, or a file by --data.

    An item of a declared list is read as one of it.
    """
    from charter.engine.definition import item_type
    from charter.engine.values import encode
    from charter.runtime.author.data import NoWay, clash, load, put, steps, text_or_json
    from charter.runtime.cli.handover import plain, typed

    if not (sets or data or item is not None):
        raise Misuse("nothing_given", record=node)
    if (item is not None) + len(data) + bool(sets) > 1:
        raise Misuse("one_item")
    element = _element(definition, node)
    many = None if element is None else element.many
    kind = None if many is None else item_type({r.name: r for r in definition.records}, many)
    if not sets:
        if kind is None:
            return plain(item if item is not None else data[0], from_file=item is None)
        scalar = kind.name not in ("record", "list")
        given = load(data[0]) if item is None else item if scalar else text_or_json(item)
        return typed(context, definition, kind, given)
    tree: dict[str, Any] = {}
    try:
        if pair := clash(tuple(steps(path)) for path, _ in sets):
            raise NoWay("inside", name=".".join(pair[0]), other=".".join(pair[1]))
        for path, text in sets:
            put(tree, steps(path), text)
    except NoWay as error:
        raise Misuse("unreadable", detail=context.say(f"data.{error.told}", **error.arguments)) from None
    return encode(tree) if kind is None else typed(context, definition, kind, tree)


def _confirm(
    context: Context,
    case: str,
    definition: Definition,
    node: str | None,
    arguments: Mapping[str, Any],
    given: Sequence[str],
    as_json: bool,
) -> int:
    """Ticks each point in a command of its own; stops at the first that is refused."""
    from charter.runtime.cli.aftermath import hold, tell
    from charter.runtime.cli.handover import checks

    element = _element(definition, node)
    points = checks(context, element, given) if element else tuple((g, None) for g in given or [""])
    if element and not points:
        if not (element.checklist or element.offers):
            raise Misuse("no_checklist", element=node)
        raise Misuse("which_check", names=context.say.listed(check.name for check in element.checklist))
    code = 0
    earlier: list[Performed] = []
    for number, (check, evidence) in enumerate(points, 1):
        performed = context.cases.perform(
            case, person=context.person, verb="confirm", check=check, evidence=evidence, **arguments
        )
        if as_json and performed.refusal is None and number < len(points):
            hold(context, performed)
            earlier.append(performed)
            continue
        code = tell(context, "confirm", performed, node=node, as_json=as_json, earlier=earlier)
        if code:
            break
    return code


def _verb(name: str, act: Act) -> Verb:
    if act.aim == "text":
        aimed = [argument("words", "[ELEMENT] TEXT", many=True)]
        return Verb(name, run_comment, [argument("case", "CASE"), *aimed, *_EVERY], section="act")
    metavar, must = "RECORD" if act.aim == "record" else "ELEMENT", act.aim in ("element", "record")
    aimed = [argument("element", metavar, required=must, words=_AIMS[act.aim])]
    if name == "delegate":
        aimed.append(argument("whom", "PERSON", required=False))
    run = run_delegate if name == "delegate" else partial(run_act, verb=name)
    return Verb(name, run, [argument("case", "CASE"), *aimed, *act.options, *_EVERY], section="act")


VERBS = {name: _verb(name, act) for name, act in ACTS.items()}

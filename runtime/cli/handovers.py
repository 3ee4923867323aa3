"""`charter handover`: what waits for one person, and the rights that they have it by, go to another, item by item."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from charter.engine.refusals import Refusal
from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE, FINDINGS
from charter.runtime.cli.people import scope
from charter.runtime.cli.reasons import reason_sentence, refused, why_refused
from charter.runtime.cli.verb import JSON, Verb, argument, option, switch
from charter.runtime.clock import iso
from charter.runtime.refusals import NAMED

if TYPE_CHECKING:
    from charter.runtime.host.handing import Item

ALL = "all"


def run_handover(
    context: Context,
    who: str,
    other: str,
    role: str | None,
    confirmed: Sequence[str],
    dry: bool,
    reason: str | None,
    as_json: bool,
) -> int:
    """Lists what there is to hand over (`--dry-run`), or hands it over where each item is confirmed."""
    handing = context.cases.handing
    found = handing.items(who, other, role, by=context.person)
    if isinstance(found, Refusal):
        return refused(context, found)
    if dry:
        consulted(context, "handover", person=who)
        return _tell(context, who, other, role, found, as_json, done=False)
    named: Collection[str] = [item.key for item in found] if ALL in confirmed else confirmed
    if not confirmed and not as_json:
        named = _asked(context, found)
    found, refusal = handing.hand_over(who, other, role, named, by=context.person, reason=reason)
    if refusal is not None:
        open_ = [item.key for item in found if not item.against and item.key not in named]
        help_ = context.say("handover.confirm", items=" ".join(f"--confirm {key}" for key in open_)) if open_ else None
        return context.fail(why_refused(refusal, None, context.say, help=help_))
    with context.committed():
        return _tell(context, who, other, role, found, as_json, done=True)


def _asked(context: Context, found: Sequence[Item]) -> list[str]:
    """Asks of each item on a terminal whether it was talked over; nothing is confirmed where nobody can be asked."""
    from charter.runtime.author.forms import yes
    from charter.runtime.cli.handover import asked, asks

    out: list[str] = []
    for item in found if asks(context) else ():
        if not item.against and yes(asked(f"  {_what(context, item)}{context.say('intake.or_no')}"), False):
            out.append(item.key)
    return out


def _what(context: Context, item: Item) -> str:
    """Says in a few words what an item is."""
    role = "" if item.role is None else scope(item.role, item.process, context.say)
    given: dict[str, Any] = {"role": role, "number": item.number or ""}
    given |= {"element": item.element or "", "other": item.other or ""}
    return context.say(f"handover.item_{item.kind}", **given)


def _tell(
    context: Context,
    who: str,
    other: str,
    role: str | None,
    found: Sequence[Item],
    as_json: bool,
    *,
    done: bool,
) -> int:
    say, output = context.say, context.output
    stays = [item for item in found if item.against]
    if as_json:
        data = [_data(context, item, done=done and not item.against) for item in found]
        output.json({"person": who, "taker": other, "role": role, "handover": data, "handed_over": done})
        return FINDINGS if stays else DONE
    if not found:
        output.sentence(say("handover.nothing", person=who))
        return DONE
    rows = [
        (
            item.key,
            _what(context, item),
            "" if item.due is None else output.deadline(item.due),
            say("handover.stays" if item.against else "handover.went" if done else "handover.open"),
        )
        for item in found
    ]
    output.table([say(f"handover.{head}") for head in ("item", "what", "due", "state")], rows, styles=("name",))
    for item in stays:
        output.sentence(f"{item.key}: {'; '.join(reason_sentence(reason, say) for reason in item.against)}")
        output.sentence(say("handover.mend", mend=_mend(context, item, who)), "faint")
    if stays and any(item.kind == "role" for item in found):
        output.sentence(say("handover.keeps", person=who))
    return FINDINGS if stays else DONE


def _mend(context: Context, item: Item, who: str) -> str:
    """Says what to type where an item stays."""
    if item.against[0].code == NAMED:
        return f"charter amend {item.number} RECORD --set FIELD=PERSON --reason TEXT"
    if item.kind == "work":
        return f"charter delegate {item.number} {item.element} PERSON --as {who}"
    return f"charter handover {who} PERSON --role {item.role}"


def _data(context: Context, item: Item, *, done: bool) -> dict[str, Any]:
    reasons = [{"code": r.code, "message": reason_sentence(r, context.say)} for r in item.against]
    return {
        "item": item.key,
        "kind": item.kind,
        "process": item.process,
        "role": item.role,
        "case": item.case,
        "number": item.number,
        "element": None if item.kind == "clock" else item.element,
        "clock": item.element if item.kind == "clock" else None,
        "counterpart": item.other,
        "due": iso(item.due),
        "reasons": reasons,
        "handed_over": done,
    }


VERBS = {
    "handover": Verb(
        "handover",
        run_handover,
        [
            argument("who", "PERSON"),
            argument("other", "TO"),
            option("--role", "ROLE"),
            option("--confirm", "ITEM", many=True, name="confirmed"),
            switch("--dry-run", name="dry"),
            option("--reason", "TEXT", short="-m"),
            switch(JSON, name="as_json"),
        ],
    )
}

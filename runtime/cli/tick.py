"""`charter tick`: lets everything happen that has come due: due dates, waits, repeats, retries, calls to be made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE, FINDINGS, error_sentence, failed
from charter.runtime.cli.reasons import refused
from charter.runtime.cli.verb import JSON, Verb, argument, switch

if TYPE_CHECKING:
    from charter.engine.refusals import Refusal
    from charter.runtime.host.cases import Ticked


def run_tick(context: Context, among: Sequence[str], clock_is_right: bool, as_json: bool) -> int:
    """Ticks some cases or all, and says how many moved; 1 where something failed, which the others do not wait for."""
    from charter.runtime.host.worker import AT_ONCE

    cases = context.cases
    if clock_is_right and (told := _confirmed(context)) is not None:
        return refused(context, told)
    say = context.say
    ticked = cases.tick(*[cases.resolve(case) for case in among], at_once=AT_ONCE)
    if as_json:
        stuck = [{**_named(context, case), "failure": failed(cause, say)} for case, cause in ticked.stuck]
        context.output.json(
            {
                "ticked": ticked.ticks,
                "delivered": ticked.delivered,
                "failed": ticked.failed,
                "left": ticked.left,
                "stuck": stuck,
            }
        )
    else:
        for line in _lines(context, ticked):
            context.output.line(line)
    return FINDINGS if ticked.failed or ticked.stuck else DONE


def _named(context: Context, case: str) -> dict[str, Any]:
    from charter.runtime.desk.register import number_of

    with context.store.read() as connection:
        return {"case": case, "number": number_of(connection, case)}


def _confirmed(context: Context) -> Refusal | None:
    from charter.runtime.audit.log import Origin
    from charter.runtime.people.organisation import confirm_clock

    return confirm_clock(context.store, context.person, Origin("cli"))


def _lines(context: Context, ticked: Ticked) -> Iterator[str]:
    say = context.say
    yield say("tick.done", count=ticked.ticks)
    for key, count in (("delivered", ticked.delivered), ("failed", ticked.failed), ("left", ticked.left)):
        if count:
            yield say(f"tick.{key}", count=count)
    for case, cause in ticked.stuck:
        yield say("tick.stuck", case=case, detail=error_sentence(cause, say))


VERBS = {
    "tick": Verb(
        "tick",
        run_tick,
        [
            argument("among", "CASE", many=True, required=False),
            switch("--clock-is-right"),
            switch(JSON, name="as_json"),
        ],
    )
}

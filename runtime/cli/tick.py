"""`charter tick`: lets everything happen that has come due: due dates, waits, repeats, retries, calls to be made."""

from __future__ import annotations

from charter.runtime.cli.context import Context
from charter.runtime.cli.verb import JSON, Verb, argument, switch


def run_tick(context: Context, case: str | None, as_json: bool) -> int:
    """Ticks one case or all, and says how many moved."""
    cases = context.cases
    ticked = cases.tick(cases.resolve(case) if case else None)
    if as_json:
        context.output.json({"ticked": ticked})
    else:
        context.output.line(context.say("tick.done", count=ticked))
    return 0


VERBS = {"tick": Verb("tick", run_tick, [argument("case", "CASE", required=False), switch(JSON, name="as_json")])}

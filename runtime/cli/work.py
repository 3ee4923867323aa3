"""`charter work`: the worker. It does what comes due, and makes the calls, until it is told to stop."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE, FINDINGS, Misuse, error_sentence
from charter.runtime.cli.verb import JSON, Verb, Whole, option, switch

if TYPE_CHECKING:
    from charter.runtime.host.worker import Worker

_MOST = 256


def run_work(context: Context, once: bool, concurrency: int | None, shards: str | None, as_json: bool) -> int:
    """Works until SIGTERM or SIGINT, or once over what is due; 1 where something failed meanwhile."""
    from charter.runtime.host import calls
    from charter.runtime.host.worker import AT_ONCE, Worker
    from charter.runtime.store.parts import SHARDS

    at_once = AT_ONCE if concurrency is None else concurrency
    if not 1 <= at_once <= _MOST:
        raise Misuse("concurrency", most=_MOST)
    say = context.say
    most = None if shards in (None, "auto") else int(shards) if shards.isascii() and shards.isdigit() else 0
    if most is not None and not 1 <= most <= SHARDS:
        raise Misuse("shards", most=SHARDS)
    if most is not None and not context.store.backend.parted:
        raise Misuse("no_shards", database=context.store.url)

    def tell(cause: Exception) -> None:
        context.note(say("work.waits", detail=error_sentence(cause, say)))

    worker = Worker(context.cases, at_once, tell, most)
    try:
        with _until_told(worker):
            if not once:
                context.note(say("work.begun", database=context.store.url, count=at_once))
            done = worker.run(once=once)
    finally:
        calls.end_all()
    context.done = True
    if as_json:
        context.output.json(
            {"ticked": done.ticks, "delivered": done.delivered, "failed": done.failed, "incidents": done.stuck}
        )
    else:
        context.output.line(say("tick.done", count=done.ticks))
        for key, count in (("delivered", done.delivered), ("failed", done.failed)):
            if count:
                context.output.line(say(f"tick.{key}", count=count))
        if done.stuck:
            context.output.line(say("work.stuck", count=done.stuck))
    return FINDINGS if once and (done.failed or done.stuck) else DONE


@contextmanager
def _until_told(worker: Worker) -> Iterator[None]:
    """Stops the worker at the first signal, once what is under way has been taken in; ends it at the second."""

    def told(_number: int, _frame: Any) -> None:
        for each in before:
            signal.signal(each, signal.default_int_handler)
        worker.stop()

    try:
        before = {each: signal.signal(each, told) for each in (signal.SIGTERM, signal.SIGINT)}
    except ValueError:  # not the main thread, whom signals reach
        before = {}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


VERBS = {
    "work": Verb(
        "work",
        run_work,
        [
            switch("--once"),
            option("--concurrency", "NUMBER", type=Whole()),
            option("--shards", "NUMBER|auto"),
            switch(JSON, name="as_json"),
        ],
    )
}

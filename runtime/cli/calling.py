"""How a verb is run for whoever asks: known first where it looks, and ended where they are turned away."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from charter.engine.errors import CharterError
from charter.runtime.cli.consulted import LOOKS, Turned, kept, reader
from charter.runtime.cli.context import Context

_NO_CASE = "CH030"


def called(context: Context, run: Callable[[], Any]) -> Any:
    """Runs a verb; gives its exit code."""
    context.reader = partial(reader, context)
    try:
        if context.verb in LOOKS:
            reader(context)
        return run()
    except CharterError as error:
        if error.code == _NO_CASE:
            kept(context, str(error.arguments.get("case", "")))
        raise
    except Turned as turned:
        from charter.runtime.cli.aftermath import refused  # loads SQLAlchemy, which an inbox does without

        return refused(context, turned.refusal, None, None, None)

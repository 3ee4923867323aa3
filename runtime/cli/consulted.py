"""Whoever asks the trail leaves an entry of it (`consulted`, in the organisation's chain).

Knows who asks and which chain they mean; what is asked and answered is for the verbs.
"""

from __future__ import annotations

from typing import Any

from charter.runtime.cli.context import Context
from charter.runtime.cli.trail import ORGANISATION


def consulted(context: Context, question: str, **about: Any) -> None:
    """Records that the trail was asked, by whom and what."""
    from charter.engine.entries import Entry
    from charter.engine.entries.organisation import Consulted
    from charter.runtime.audit.log import Origin, append
    from charter.runtime.people.ids import OPERATOR

    told = Consulted(question, **{name: value for name, value in about.items() if value})
    with context.store.write() as connection:
        append(connection, [Entry(told, context.now, context.asker or OPERATOR)], Origin("cli"))


def chain(context: Context, case: str) -> str:
    """Gives the chain that a person means: a case, or `organisation`."""
    return ORGANISATION if case == ORGANISATION else context.cases.resolve(case)

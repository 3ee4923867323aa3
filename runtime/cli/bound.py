"""Values that a run of a verb binds parameters to: those that the organisation states in a file, then those typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import misbound
from charter.runtime.cli.verb import option

if TYPE_CHECKING:
    from charter.engine.definition import Definition

VALUES = option("--values", "FILE", name="stated")
_NAMED = 4  # of many names


def bound_by(
    context: Context, definitions: Sequence[Definition], file: str | None, sets: Sequence[tuple[str, str]] = ()
) -> tuple[tuple[Definition, ...], list[str]]:
    """Binds parameters to what a file states and to what was typed; names what the file states for other processes.

    Raises Misuse for a value that does not fit, and for a name, typed or below a process that is there, that is none.
    """
    from charter.runtime.author.bindings import bind_parameters
    from charter.runtime.author.stated import stated, unused

    given = () if file is None else stated(file)
    there = {definition.name for definition in definitions}
    idle = [name for name in unused(definitions, given) if name.partition(".")[0] not in there]
    bound, wrong = bind_parameters(definitions, (*((n, text) for n, text in given if n not in idle), *sets))
    if wrong:
        raise misbound(wrong, context.say)
    return bound, idle


def some(context: Context, names: Iterable[str]) -> str:
    """Names some of many things."""
    given = list(names)
    said = context.say("happened.comma").join(f"`{name}`" for name in given[:_NAMED])
    rest = len(given) - _NAMED
    return said if rest <= 0 else context.say("check.and_more", names=said, count=rest)

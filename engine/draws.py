"""People drawn by lot: which of the candidates a seed picks, and what the host finds out for it.

The algorithm is published (docs/language.md), so that anybody can draw again: each candidate's number is the SHA-256 of
seed, field and candidate, and those with the least numbers are drawn, in this order. The host draws the seed, by chance
and only when the record is handed over, and says who the candidates are; the command and the entry (`drawn`) have both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import TypeVar

from msgspec.structs import replace

from charter.engine.commands import Actor, Command, Complete
from charter.engine.definition import Definition, Draw, Field
from charter.engine.forms import Lot
from charter.engine.keys import name_of
from charter.engine.plan.program import Program, prepare

_Command = TypeVar("_Command", bound=Command)


def pick(seed: str, field: str, candidates: Iterable[str], count: int) -> tuple[str, ...]:
    """Gives so many of the candidates as the seed picks them for `record.field`, the first one first."""
    numbers = {one: sha256(f"{seed}\n{field}\n{one}".encode()).hexdigest() for one in candidates}
    return tuple(sorted(numbers, key=lambda one: (numbers[one], one))[:count])


def drawn_fields(program: Program, record: str) -> tuple[tuple[Field, Draw], ...]:
    """Gives the fields of a record that are filled by lot."""
    declared = program.types.get(record)
    fields = declared.fields if declared is not None else ()
    return tuple((field, field.drawn) for field in fields if field.drawn is not None)


def plain_seed(command: Command) -> str:
    """Gives a seed that follows from the command, for what is played and must go alike each time."""
    return sha256(f"{command.at} {getattr(command, 'node', '')}".encode()).hexdigest()


def with_lots(
    definition: Definition,
    command: _Command,
    candidates: Callable[[str], Sequence[Actor]],
    seed: Callable[[Command], str],
) -> _Command:
    """Gives a command that hands over a record with people drawn by lot as one that has the lots."""
    if not isinstance(command, Complete):
        return command
    program = prepare(definition)
    plan = program.plans.get(name_of(command.node))
    lots = []
    for record in plan.element.outputs if plan is not None else ():
        for field, draw in drawn_fields(program, record):
            own = () if draw.data else candidates(draw.pool)
            people = tuple(sorted({one.person for one in own if one.on_behalf_of is None}))
            lots.append(Lot(f"{record}.{field.name}", seed(command), people))
    return replace(command, lots=tuple(lots)) if tuple(lots) != command.lots else command

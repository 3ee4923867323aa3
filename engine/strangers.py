"""Persons whom a command's records name and nobody knows: found by the host, refused by the step.

Who is known is a fact of the moment, so the command carries it and a replay judges as the step did. A person is known
whom the host's directory has, active or not: records tell of those who left, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from msgspec.structs import replace

from charter.engine.commands import Add, Amend, Command
from charter.engine.definition import Definition, RecordType, TypeRef, item_type
from charter.engine.keys import name_of
from charter.engine.plan.program import Program, prepare
from charter.engine.text import composed
from charter.engine.values import NotAValue, decode

_Command = TypeVar("_Command", bound=Command)


def persons_in(types: Mapping[str, RecordType], type_: TypeRef, value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yields the persons that a value names where its type wants one, each with its path."""
    if type_.name == "person" and isinstance(value, str):
        yield path, value
    elif type_.item is not None and isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from persons_in(types, type_.item, item, f"{path}[{number}]")
    elif type_.record is not None and type_.record in types and isinstance(value, dict):
        for field in types[type_.record].fields:
            if field.name in value:
                inner = f"{path}.{field.name}" if path else field.name
                yield from persons_in(types, field.type, value[field.name], inner)


def introduced(definition: Definition, command: _Command, knows: Callable[[str], bool]) -> _Command:
    """Gives a command that says which of the persons it names nobody knows."""
    program = prepare(definition)
    strangers = sorted({person for person in _named(program, command) if not knows(person)})
    return replace(command, strangers=tuple(strangers)) if tuple(strangers) != command.strangers else command


def _named(program: Program, command: Command) -> Iterator[str]:
    pairs = getattr(command, "records", ())
    if isinstance(command, Amend):
        pairs = ((name_of(command.record), command.value),)
    typed = [(TypeRef("record", record=name), data) for name, data in pairs if name in program.personal]
    for name, data in getattr(command, "parameters", ()):
        parameter = program.parameters.get(name)
        if parameter is not None and parameter.type is not None:
            typed.append((parameter.type, data))
    if isinstance(command, Add):
        plan = program.plans.get(name_of(command.node))
        kind = None if plan is None or plan.element.many is None else item_type(program.types, plan.element.many)
        if kind is not None:
            typed.append((kind, command.item))
    for type_, data in typed:
        try:
            value = composed(decode(data))
        except NotAValue:  # the step says so
            continue
        for _, person in persons_in(program.types, type_, value, ""):
            yield person

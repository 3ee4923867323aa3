"""Binds a process's parameters to values given outside the file (`--set rhythm="2 weeks"`, `--set review.rhythm=…`).

A value is written as in the process file; dates and texts may do without their FEEL wrapping. Knows types, not where
the values came from. A value that does not fit is a `Misbinding`, never guessed at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from charter.engine import feel
from charter.engine.definition import Definition, Parameter
from charter.engine.feel import types as f
from charter.engine.feel.printer import quoted

# parameter type -> (how a bare value is wrapped, its FEEL type)
_TYPES: Mapping[str, tuple[str, Any]] = {
    "text": ("{quoted}", f.STRING),
    "person": ("{quoted}", f.STRING),
    "choice": ("{quoted}", f.STRING),
    "date": ("date({quoted})", f.DATE),
    "datetime": ("date and time({quoted})", f.DATE_TIME),
    "time": ("time({quoted})", f.TIME),
    "number": ("{bare}", f.NUMBER),
    "integer": ("{bare}", f.NUMBER),
    "percent": ("{bare}", f.NUMBER),
    "money": ("{bare}", f.MONEY),
    "boolean": ("{bare}", f.BOOLEAN),
    "duration": ("{bare}", f.SPAN),
}


class Misbinding(Struct, frozen=True):
    """A binding that cannot be: `key` under [bindings] of the message tables, and what its sentence names."""

    key: str
    arguments: Mapping[str, Any]


def bind_parameters(
    definitions: Sequence[Definition], given: Sequence[tuple[str, str]]
) -> tuple[tuple[Definition, ...], tuple[Misbinding, ...]]:
    """Binds each named parameter in every definition that has it, or in the one process that stands before a point.

    A name that none has is a misbinding.
    """
    wrong: list[Misbinding] = []
    bound = list(definitions)
    for said, text in given:
        process, _, name = said.rpartition(".")
        owners = [
            i for i, d in enumerate(bound) if process in ("", d.name) and any(p.name == name for p in d.parameters)
        ]
        if not owners:
            known = sorted({p.name for d in definitions for p in d.parameters})
            wrong.append(Misbinding("unknown", {"name": said, "known": ", ".join(known) or "—"}))
        for index in owners:
            parameter = next(p for p in bound[index].parameters if p.name == name)
            value = _feel(parameter, text)
            if value is None:
                kind = parameter.type.name if parameter.type else "value"
                wrong.append(Misbinding("misfit", {"name": said, "text": text, "kind": kind}))
                break
            bound[index] = bound[index].bind({name: value})
    return tuple(bound), tuple(wrong)


def _feel(parameter: Parameter, text: str) -> str | None:
    """Gives the FEEL text of a value, in its canonical form; None when it is none of the parameter's type."""
    wrapping, wanted = _TYPES.get(parameter.type.name if parameter.type else "", ("{bare}", f.ANY))
    wrapped = text if text.startswith('"') or "(" in text else wrapping.format(bare=text, quoted=quoted(text))
    tree = feel.parse(wrapped).tree
    if tree is None:
        return None
    value = feel.compile(tree).evaluate({})
    choices = parameter.type.choices if parameter.type else ()
    if value is None or not f.conforms(value, wanted) or (choices and value not in choices):
        return None
    return feel.text(tree)

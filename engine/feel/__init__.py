"""FEEL, the expression language of OMG DMN 1.5 chapter 10, whole in one room.

`parse` turns a text into a tree or problems, `compile` a tree into an Expression, `infer` finds what a checker
can know before anything runs. The room knows nothing of processes, records or decisions; it is pure, and
bounded whatever the text (see `limits`).

Names are imported when first used, so that who only needs values does not load the language.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from charter.engine.feel.expression import Expression, compile
    from charter.engine.feel.frames import Env
    from charter.engine.feel.inference import infer
    from charter.engine.feel.parser import Dialect, Kind, Parsed, parse
    from charter.engine.feel.printer import text
    from charter.engine.feel.tokens import Problem
    from charter.engine.feel.tree import Node, from_json, to_json

__all__ = [
    "Dialect",
    "Env",
    "Expression",
    "Kind",
    "Node",
    "Parsed",
    "Problem",
    "compile",
    "from_json",
    "infer",
    "parse",
    "text",
    "to_json",
]

# name -> the module that has it
_HOMES = {
    "Budget": "frames",
    "Dialect": "parser",
    "Env": "frames",
    "Expression": "expression",
    "Kind": "parser",
    "Node": "tree",
    "Parsed": "parser",
    "Problem": "tokens",
    "compile": "expression",
    "from_json": "tree",
    "infer": "inference",
    "parse": "parser",
    "steadied": "expression",
    "text": "printer",
    "to_json": "tree",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value

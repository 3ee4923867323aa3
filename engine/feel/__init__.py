"""FEEL, the expression language of OMG DMN 1.5 chapter 10, whole in one room.

`parse` turns a text into a tree or problems, `compile` a tree into an Expression, `infer` finds what a checker
can know before anything runs. The room knows nothing of processes, records or decisions; it is pure, and
bounded whatever the text (see `limits`).
"""

from __future__ import annotations

from .compiler import Expression, compile
from .frames import Env
from .inference import infer
from .lexer import Problem
from .parser import Dialect, Kind, Parsed, parse
from .printer import text
from .tree import Node, from_json, to_json

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

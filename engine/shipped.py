"""The files that the packages bring with them: grammars, tables, words, messages, pages. No other file is read here.

They are asked of the loader that the package came from, as `importlib.resources` does, which would load much to do so.
"""

from __future__ import annotations

import re
import sys
from typing import Any

_HEAD = re.compile(r"^\[(\w+)\][ \t]*$", re.MULTILINE)


def shipped(package: str, path: str) -> str:
    """Gives the text of a file in the folder of an imported package."""
    module: Any = sys.modules[package]
    data: bytes = module.__loader__.get_data(f"{module.__path__[0]}/{path}")
    return data.decode("utf-8")


def sections(text: str) -> dict[str, str]:
    """Cuts the text of a TOML file at its tables, by name, so that each is read when it is asked for."""
    heads = list(_HEAD.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return {head[1]: text[head.end() : end] for head, end in zip(heads, ends, strict=True)}

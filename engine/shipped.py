"""The files that the packages bring with them: grammars, tables, words, messages, pages. No other file is read here.

They are asked of the loader that the package came from, as `importlib.resources` does, which would load much to do so.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from json import dumps, loads
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


_TEXT = r'"(?:[^"\\]|\\.)*"'
_VALUE = rf"""(?:{'"' * 3}\n?(.*?){'"' * 3}|'([^'\n]*)'|({_TEXT}|\[[^\n]*\]))"""
_LINE = re.compile(rf"(?:#[^\n]*|({_TEXT}|[\w-]+) = {_VALUE})?(?:\n|$)", re.DOTALL)
_ESCAPED = re.compile(r'\\.|["\n]', re.DOTALL)
_AS_JSON = {'"': '\\"', "\n": "\\n"}


def rows(name: str, text: str) -> dict[str, Any]:
    """Reads the table of a name, whose text is as `sections` gives it: keys with a text, or a list in a line.

    Of these JSON's reader says what TOML's does. Where anything else is in it, it is left to TOML's, which takes longer
    to load than to read a table.
    """
    found: dict[str, Any] = {}
    at = 0
    while at < len(text):
        line = _LINE.match(text, at)
        if line is None:
            break
        key, long, plain, value = line.groups()
        if key is not None:
            if plain is not None:
                value = dumps(plain)
            elif long is not None:
                value = f'"{_ESCAPED.sub(lambda m: _AS_JSON.get(m[0], m[0]), long)}"'
            try:
                found[loads(key) if key.startswith('"') else key] = loads(value)
            except ValueError:
                break
        at = line.end()
    else:
        return found
    import tomllib

    found = tomllib.loads(f"[{name}]\n{text}")[name]
    return found


class Tables(Mapping[str, Mapping[str, Any]]):
    """The tables of a text; each is read when it is asked for."""

    def __init__(self, text: str) -> None:
        self._texts = sections(text)
        self._read: dict[str, Mapping[str, Any]] = {}

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        if name not in self._read:
            self._read[name] = rows(name, self._texts[name])
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

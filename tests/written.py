"""Processes of tests, written as people write them: a text in the test, or a file beside it."""

from __future__ import annotations

from pathlib import Path

from charter.dsl.passes import compile
from charter.engine.definition import Definition


def processes(text: str | Path) -> tuple[Definition, ...]:
    """Gives the processes of a text or file, in its order; an error in it fails the test."""
    path = text.as_posix() if isinstance(text, Path) else "t.charter"
    compiled = compile(path, text.read_bytes() if isinstance(text, Path) else text)
    assert not compiled.failed, compiled.diagnostics
    return compiled.definitions


def process(text: str | Path) -> Definition:
    """Gives the first process of a text or file."""
    return processes(text)[0]

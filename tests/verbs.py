"""Every verb of the command line, and a line with which each can be called: for tests that walk them all."""

from __future__ import annotations

from collections.abc import Iterator

import click

from charter.runtime.cli.main import MODULES, Charter

PROCESS = "process p\n  owner r\n  role r\n  activity a\n    role r\n"
# what verbs are given that want something; of all else, `1`
GIVEN = {
    "QUESTION": "states",
    "TIME": "2026-03-02",
    "FROM": "2026-03-02",
    "UNTIL": "2026-03-02",
    "FEEL": "true",
    "FILE": "p.charter",
    "FILE|CASE": "1",
    "CASE|PROCESS": "1",
    "PATH": "p.charter",
    "OLD": "p.charter",
    "NEW": "p.charter",
    "CASE": "1",
    "PROCESS": "p",
    "PERSON": "li",
    "FORMAT": "csv",
    "warn|refuse": "warn",
}
MAKES = {"init", "demo"}
ON_FILES = {
    "check",
    "fmt",
    "test",
    "prove",
    "simulate",
    "explain",
    "diff",
    "clauses",
    "coverage",
    "docs",
    "library",
    "values",
    "dmn",
    "doctor",
    "completion",
    "export check",
    "audit witness",
}


def verbs() -> Iterator[tuple[str, click.Command]]:
    """Gives every verb with its whole name."""
    charter = Charter()
    for name in MODULES:
        command = charter.get_command(click.Context(charter), name)
        assert command is not None
        below = command.commands if isinstance(command, click.Group) else {"": command}
        yield from ((f"{name} {word}".strip(), each) for word, each in below.items())


def typed(name: str, command: click.Command) -> list[str]:
    """Gives a line with which a verb can be called."""
    words = [GIVEN.get(p.metavar or "", "1") for p in command.params if isinstance(p, click.Argument)]
    more = {
        "connectors add": ["--python", "a:b"],
        "people add": ["--name", "x"],
        "work": ["--once"],
        "channels add": ["--webhook", "https://x.example/", "--secret", "env:HOOK"],
        "docs": ["--out", "pages"],
        "audit bundle": ["--out", "bundle"],
        "export cases": ["--out", "tables"],
        "audit export": ["--out", "trail.csv"],
        "migrate": ["--to", "2"],
        "import log": ["--map", "p.map"],
    }.get(name, [])
    words = ["1.1"] if name in ("audit show", "audit proof") else words
    return [*name.split(), *words, *more, "--as", "li"]

"""`charter completion SHELL`: the script that makes a shell complete verbs, options and files."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from charter.runtime.cli.context import Context
from charter.runtime.cli.verb import Verb, Words, argument

SHELLS = ("bash", "zsh", "fish")


def run_completion(context: Context, shell: str) -> int:
    """Prints a shell's script, to be sourced in its start-up file."""
    script = get_completion_class(shell)
    assert script is not None
    context.output.line(script(click.Command("charter"), {}, "charter", "_CHARTER_COMPLETE").source().strip())
    return 0


VERBS = {"completion": Verb("completion", run_completion, [argument("shell", "SHELL", type=Words(SHELLS))])}

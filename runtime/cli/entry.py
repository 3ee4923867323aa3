"""Where the process begins. Knows one thing: Ctrl-C ends it quietly from the first import on, not only in a verb."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line on the arguments of the process; an interrupt outside a verb ends it with 130."""
    try:
        from charter.runtime.cli.main import main as begin

        begin()
    except KeyboardInterrupt:
        sys.exit(130)

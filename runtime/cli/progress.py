"""How far long work has come: one line on the terminal that is gone when the work is done.

Written to standard error, and only where that is a terminal and there is enough to do; answers never pass through it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

FEW = 20  # what is done before anybody wonders


def along(items: Sequence[T]) -> Iterator[T]:
    """Yields the items, showing which of how many it is at."""
    with counted(len(items)) as told:
        for item in items:
            yield item
            told()


@contextmanager
def counted(total: int) -> Iterator[Callable[..., None]]:
    """Shows how many of a total are done: gives what is to be called after each, or after so many."""
    if total <= FEW or not sys.stderr.isatty():
        yield lambda _=1: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as shown:
        task = shown.add_task("", total=total)
        yield lambda done=1: shown.advance(task, done)

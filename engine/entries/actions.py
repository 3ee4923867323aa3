"""The kinds of entry by which a trail tells what a process does by itself, one class each."""

from __future__ import annotations

from typing import Any

from charter.engine.entries.told import Told


class Notified(Told, frozen=True):
    """A line of the process tells roles of what has just happened. `to`: their names; `rule`: the rule that does."""

    to: tuple[str, ...]
    rule: str | None = None


class Fired(Told, frozen=True):
    """A rule of the process took effect; its cause is the event. `condition`: the text of its `when`."""

    rule: str
    condition: str | None = None


class Launched(Told, frozen=True):
    """A line of the process starts another case, which nobody waits for. `arguments`: pairs of name and value."""

    process: str
    arguments: tuple[tuple[str, Any], ...]

"""The kinds of entry by which a trail tells what a process does by itself, one class each."""

from __future__ import annotations

from typing import Any, ClassVar

from charter.engine.entries.told import Because, Told


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


class Declined(Told, frozen=True):
    """Nothing came of what the case asked for; the case goes on. `ask`: StartCase, Offer, Notify, TellCase,
    AnswerParent or Rule; `target`: the process, roles, case or rule; `asked`: the entry that asked, by its number;
    `because` or `failure`: why.
    """

    outcome: ClassVar[str] = "failed"
    ask: str
    target: str
    asked: int | None = None
    because: Because | None = None
    failure: str | None = None

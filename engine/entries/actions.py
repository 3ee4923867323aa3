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


class Readdressed(Told, frozen=True):
    """The data that names people for open work has changed. `named`: whom it names now; `before`: whom it did."""

    named: tuple[tuple[str, tuple[str, ...]], ...]
    before: tuple[tuple[str, tuple[str, ...]], ...]


class FilingWithheld(Told, frozen=True):
    """A drill files nothing: what it would have filed. `digest`: SHA-256, hex; `value`: the fields, null for an entry
    that would be withdrawn.
    """

    register: str
    key: str
    digest: str
    value: Any


class HandedOver(Told, frozen=True, rename={"giver": "from"}):
    """A steward handed a person's work to another. `from`: who held it; `by`: the steward."""

    to: str
    giver: str
    by: str


class Declined(Told, frozen=True):
    """Nothing came of what the case asked for; the case goes on. `ask`: StartCase, Offer, Address, Notify,
    TellCase, AnswerParent or Rule; `target`: the process, roles, people, case or rule; `asked`: the entry that asked,
    by its number; `because` or `failure`: why.
    """

    outcome: ClassVar[str] = "failed"
    ask: str
    target: str
    asked: int | None = None
    because: Because | None = None
    failure: str | None = None

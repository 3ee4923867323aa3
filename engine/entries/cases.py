"""The kinds of entry that a step writes into the chain of its case, one class each.

Instants are microseconds since the epoch, UTC; values of records are JSON data in the canonical form of
`values.encode`; `record` is a version's key (`plan`, `deliverable[2]`). Who writes an entry is its actor: the person
whose command it is, or `system` for what follows from it or is due. The module knows nothing of when they are written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import UNSET

from charter.engine.entries.actions import (
    Declined as Declined,
    FilingWithheld as FilingWithheld,
    Fired as Fired,
    HandedOver as HandedOver,
    Launched as Launched,
    Notified as Notified,
    Readdressed as Readdressed,
)
from charter.engine.entries.approvals import Voted as Voted
from charter.engine.entries.calls import (
    Answered as Answered,
    Called as Called,
    Decided as Decided,
    Failed as Failed,
    Retried as Retried,
)
from charter.engine.entries.filings import (
    CountReached as CountReached,
    EntriesOffered as EntriesOffered,
    Filed as Filed,
    Linked as Linked,
    LookedUp as LookedUp,
)
from charter.engine.entries.migrations import Migrated as Migrated
from charter.engine.entries.told import Because, Told
from charter.engine.refusals import Reason


class Started(Told, frozen=True):
    """A case was opened, by the person who started it or by the case that runs it. `drill`: to practise. `number`: by
    what it is called, the `serial`-th of a `series`.
    """

    process: str
    case: str
    drill: bool = False
    number: str | None = None
    series: str | None = None
    serial: int | None = None


class Continued(Told, frozen=True):
    """From here on, other rules apply to the case: `law` and `tzdata`. `was`: the rules until now; `state`: the
    case's state at this point.
    """

    law: int
    tzdata: str
    was: Mapping[str, Any]
    state: Mapping[str, Any]


class Recounted(Told, frozen=True):
    """From here on, the case counts by other public days. `days`: their digests by country; `was`: those until now."""

    days: Mapping[str, str]
    was: Mapping[str, str]


class Redated(Told, frozen=True):
    """A date moved with the public days. `clause`: within, due, wait, repeat, at or ends after; `was`: the one
    before.
    """

    clause: str
    due: int
    was: int


class Opened(Told, frozen=True):
    """An element became ready, or a phase active. `instances`: how many a `for each` has, where it is one; `named`:
    whom data names for the work, by what names them.
    """

    instances: int | None = None
    named: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Reached(Told, frozen=True):
    """A milestone was reached."""


# -- who does it ----------------------------------------------------------------------------------------------


class Claimed(Told, frozen=True):
    """A person took offered work."""


class Assigned(Told, frozen=True):
    """Work was given to a person, by the process or by the person in charge."""

    to: str


class Released(Told, frozen=True):
    """A person gave claimed work back."""


class Delegated(Told, frozen=True, rename={"giver": "from"}):
    """A person handed work to another. `from`: who handed it over."""

    to: str
    giver: str


class Begun(Told, frozen=True):
    """Work was begun."""


class Confirmed(Told, frozen=True):
    """A checklist point was confirmed. `evidence`: a value, a file or a reference to a record; null if none was
    required.
    """

    check: str
    evidence: Any


# -- what is handed over --------------------------------------------------------------------------------------


class Written(Told, frozen=True):
    """A record got a new version. `version` counts from 1; `digest` and `was` (the version before): SHA-256, hex."""

    record: str
    version: int
    digest: str
    value: Any
    was: str | None = None


class Amended(Told, frozen=True):
    """A record was changed after it had been used; keys as for `written`. `same`: the content was the same, so
    nothing changed.
    """

    record: str
    version: int
    digest: str | None = None
    value: Any = UNSET
    was: str | None = None
    same: bool = False


# -- how work ends --------------------------------------------------------------------------------------------


class Completed(Told, frozen=True):
    """An activity, phase or case was finished."""


class Granted(Told, frozen=True):
    """An approval was given: by the last vote, as `voted`, or by the process where nobody need be asked."""

    meaning: str | None = None
    stage: int | None = None
    agreed: int | None = None
    needed: int | None = None


class Rejected(Told, frozen=True):
    """An approval was refused by the last vote, as `voted`. `veto`: by the role whose refusal decides alone."""

    meaning: str
    stage: int
    refused: int
    veto: bool = False


class Skipped(Told, frozen=True):
    """An element was skipped, by the person in charge or by the process (`because`)."""

    because: Because | None = None


class Cancelled(Told, frozen=True):
    """An element or the case was cancelled; `because`: if it follows from something else."""

    because: Because | None = None


# -- again ----------------------------------------------------------------------------------------------------


class Returned(Told, frozen=True):
    """Work was sent back. `to`: the node that is to be done again."""

    to: str


class Withdrawn(Told, frozen=True):
    """Finished or offered work was taken back."""


class Reopened(Told, frozen=True):
    """An element or the case was opened again."""


class Repeated(Told, frozen=True):
    """An element began its next round."""


class Staled(Told, frozen=True):
    """Work became stale because something it used is changing. `to`: the node that it waits for, if it was sent
    back.
    """

    to: str | None = None


class Restored(Told, frozen=True):
    """Stale work became valid again, because the content is the same."""


class Suspended(Told, frozen=True):
    """Work or the case was suspended; `because`: if the case that runs it was suspended."""

    because: Because | None = None


class Resumed(Told, frozen=True):
    """Suspended work or a suspended case was resumed; `because`: if the case that runs it was resumed."""

    because: Because | None = None


# -- time, and the world outside ------------------------------------------------------------------------------


class Ticked(Told, frozen=True):
    """Time passed, and something was due."""


class Overdue(Told, frozen=True):
    """A due date passed. `due`: that instant."""

    due: int


class Undated(Told, frozen=True):
    """An expression that should give a date gave none: no due date, end of a wait, next round or pause before
    a call is retried.

    `clause`: within, due, wait, repeat, retry, remind, at or ends after; `condition`: its text.
    """

    clause: str
    condition: str


class Escalated(Told, frozen=True):
    """Work or an approval went up to a higher role. `to`: that role."""

    to: str


class Reminded(Told, frozen=True):
    """A due date comes near. `to`: the roles that are reminded; `person`: the person who holds the work; `due`: the
    date.
    """

    to: tuple[str, ...]
    due: int
    person: str | None = None


class Happened(Told, frozen=True):
    """Something came about that a line of an element waits for. `clause`: at, once or on signal; `condition`: its
    text.
    """

    clause: str
    condition: str


class Idle(Told, frozen=True):
    """A round of a repeated phase opened nothing, so no further round begins. `condition`: the text of its `until`."""

    condition: str


class Uncounted(Told, frozen=True):
    """A `for each` is over, but the number of its `done when` has no value or cannot be one. `condition`: its text."""

    condition: str


class Unapproved(Told, frozen=True):
    """The process skipped every approval of a record, so nobody approves it. `approvals`: their names."""

    record: str
    approvals: tuple[str, ...]


class Observed(Told, frozen=True):
    """Another system recorded this event; its log was imported. `row`: its row there, from 1. What follows from it
    comes next, at the same time.
    """

    event: str
    row: int


class Deviated(Told, frozen=True):
    """The process does not allow what another system recorded. `deviation`: in which way; `code`: the refusal that
    it met with.
    """

    deviation: str
    row: int
    code: str | None = None


class Signalled(Told, frozen=True):
    """A signal arrived."""

    signal: str


# -- what people add ------------------------------------------------------------------------------------------


class Added(Told, frozen=True):
    """An item was added to an open `for each`."""

    item: Any


class Closed(Told, frozen=True):
    """An open `for each` was closed. `condition`: that of its `close when`, where it closed by itself."""

    condition: str | None = None


class Commented(Told, frozen=True):
    """A comment was made."""

    text: str


class Attached(Told, frozen=True):
    """A file was attached. `file`: its name, size, media type and SHA-256."""

    file: Any


class Refused(Told, frozen=True):
    """A command was refused. It is in the case's chain, or, if it did not reach a case, in the organisation's;
    there `verb` is the command, and the other keys say what it was about.
    """

    outcome: ClassVar[str] = "refused"
    reasons: tuple[Reason, ...]
    verb: str | None = None
    process: str | None = None
    case: str | None = None
    person: str | None = None
    number: int | None = None
    version: str | None = None
    definition: str | None = None
    parameters: tuple[str, ...] | None = None

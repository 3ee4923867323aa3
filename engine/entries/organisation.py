"""The kinds of entry of the organisation's own chain: people, deployments, connectors, and who asked the trail.

Written by the host for what concerns no single case; the actor is the person who changed or asked it. Instants are
texts in UTC as in an entry's own `at`, but for `valid_until`, in microseconds since the epoch. `process` and `role` are
`*` where they mean any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from charter.engine.entries.filings import ReviewDue as ReviewDue
from charter.engine.entries.handing import ItemHandedOver as ItemHandedOver
from charter.engine.entries.reporting import ReportFrozen as ReportFrozen, ReportSigned as ReportSigned
from charter.engine.entries.told import Told

# -- people ---------------------------------------------------------------------------------------------------


class PersonAdded(Told, frozen=True):
    """A person was added."""

    person: str
    name: str


class PersonChanged(Told, frozen=True):
    """A person was renamed, or is active again. `old`: the name before."""

    person: str
    name: str
    old: str
    was_active: bool


class PersonDeactivated(Told, frozen=True):
    """A person lost all authority; what they did keeps their name."""

    person: str


class RoleGranted(Told, frozen=True):
    """A person was given a role. `first`: the first steward, who founded the database."""

    person: str
    role: str
    process: str
    first: bool = False


class RoleRevoked(Told, frozen=True):
    """A role was taken from a person."""

    person: str
    role: str
    process: str


class SkillSet(Told, frozen=True):
    """A person's level in a skill was set; `old` is null for a skill that is new."""

    person: str
    skill: str
    old: int | None
    new: int


class CertificateNoted(Told, frozen=True):
    """A person's certificate was noted; `valid_until` is null if it does not expire."""

    person: str
    certificate: str
    valid_until: int | None


class AbsenceNoted(Told, frozen=True):
    """A person's absence was noted, from `since` until before `until`."""

    person: str
    since: str
    until: str


class StandInNamed(Told, frozen=True, rename={"mode": "kind"}):
    """Somebody was named to act for `principal`.

    `kind`: substitute or delegation; `accepted_at` is null until they accept.
    """

    number: int
    mode: str
    principal: str
    person: str
    process: str
    role: str
    since: str
    until: str
    accepted_at: str | None


class StandInAccepted(Told, frozen=True):
    """A stand-in was accepted, by the person who is to stand in."""

    number: int
    principal: str
    person: str
    accepted_at: str


class StandInRevoked(Told, frozen=True):
    """A stand-in was ended, by either side."""

    number: int
    principal: str
    person: str
    revoked_at: str


class HoursGiven(Told, frozen=True):
    """A person was given hours of their own (`lines`), or those of a `calendar` of the organisation; all null: no more.

    `body`: what the lines come to; `was`: the hours before.
    """

    person: str
    lines: tuple[str, ...] | None
    body: Mapping[str, Any] | None
    calendar: str | None
    was: Mapping[str, Any] | None


class CalendarDefined(Told, frozen=True):
    """The organisation keeps a calendar by a name. `body`: what its `lines` come to; `was`: the lines before."""

    calendar: str
    lines: tuple[str, ...]
    body: Mapping[str, Any]
    was: Mapping[str, Any] | None


# What becomes of a command that leaves nobody for other work of its case; the first unless somebody chooses.
STRANDING = ("warn", "refuse")


class StrandingChosen(Told, frozen=True):
    """A steward chose what becomes of a command that leaves nobody for other work of its case: warn or refuse."""

    stranding: str
    was: str


# -- what runs ------------------------------------------------------------------------------------------------


class LogImported(Told, frozen=True):
    """A batch of cases was made of another system's log. `log`: the name of that system; `file`: the log's, with its
    `sha256`; `map`: the SHA-256 of the map; `cases` and `rows`: how many of the log are in the batch.
    """

    log: str
    process: str
    file: str
    sha256: str
    map: str
    cases: int
    rows: int


class Deployed(Told, frozen=True):
    """A definition became the one that new cases run.

    `texts`: SHA-256 of each file; `body`: SHA-256 of the definition, where it is new here.
    """

    process: str
    version: str
    definition: str
    texts: Mapping[str, str]
    body: str | None = None


class DaysPublished(Told, frozen=True):
    """The public days of a country changed: cases count by `days` from here on. `digest`: their SHA-256; `was`: that of
    those before; `source`: where the year that changed came from.
    """

    country: str
    digest: str
    days: Mapping[str, Any]
    was: str | None
    source: str


class EntryImported(Told, frozen=True):
    """A steward put a version of an entry into a register; keys as for `filed`. `source`: where it came from."""

    register: str
    key: str
    version: int
    digest: str
    value: Any
    was: str | None
    source: str


class PeriodClosed(Told, frozen=True):
    """A period of a KPI is over, and these are its figures. `figures`: one a group, as they were measured; `digest`:
    the SHA-256 of the facts; `version`: of the process whose formula it is.
    """

    process: str
    version: str
    kpi: str
    since: str
    until: str
    figures: Sequence[Mapping[str, Any]]
    digest: str


class PeriodRevised(Told, frozen=True):
    """Facts of a closed period came late or changed, and these are its figures now. `was`: the digest before."""

    process: str
    version: str
    kpi: str
    since: str
    until: str
    figures: Sequence[Mapping[str, Any]]
    digest: str
    was: str


class VerdictChanged(Told, frozen=True):
    """A KPI is met, missed or near its target in a period, and was not before. `was`: null for the first verdict; `to`:
    the role that is told, if any.
    """

    process: str
    kpi: str
    group: Any
    since: str
    until: str
    was: str | None
    verdict: str
    to: tuple[str, ...] = ()


class RuleApplied(Told, frozen=True):
    """A rule of a process took effect on a verdict of a KPI. `to`: the roles that it tells; `begun`: the cases that it
    started, each with `process`, `arguments`, `case` (null where it could not be opened) and `because`.
    """

    process: str
    rule: str
    kpi: str
    group: Any
    since: str
    until: str
    verdict: str
    to: tuple[str, ...] = ()
    begun: Sequence[Mapping[str, Any]] = ()


class ConnectorsChanged(Told, frozen=True):
    """The file of connectors changed, by a command or by hand. `old` and `new`: its SHA-256, "" for no file.

    `connectors`: what it holds, secrets left out; null for one that cannot be understood.
    """

    old: str | None
    new: str
    connectors: Mapping[str, Any]


# -- notices that go out --------------------------------------------------------------------------------------


class ChannelSet(Told, frozen=True):
    """A channel for notices was added or changed. `settings`: its kind and what it needs, secrets by reference."""

    channel: str
    settings: Mapping[str, Any]


class ChannelRemoved(Told, frozen=True):
    """A channel for notices was removed."""

    channel: str


class ChannelTested(Told, frozen=True):
    """A test message was sent. `address`: to whom, null where the channel knows; `failure` is null if it arrived."""

    channel: str
    address: str | None
    failure: str | None


class NoticesRouted(Told, frozen=True):
    """Notices of a person or a role (`sort`) go out by a channel. `settings`: address, language, zone, quiet hours,
    digest.
    """

    sort: str
    recipient: str
    process: str
    channel: str
    settings: Mapping[str, Any]


class NoticesUnrouted(Told, frozen=True):
    """Notices of a person or a role (`sort`) no longer go out by a channel."""

    sort: str
    recipient: str
    process: str
    channel: str


class NoticeSent(Told, frozen=True):
    """A message was handed over. `notice`: its id there; `about`: the entries it tells of, case and number each."""

    notice: str
    sort: str
    recipient: str
    channel: str
    about: tuple[str, ...]


class NoticeFailed(Told, frozen=True):
    """A message could not be handed over and is an incident; keys as for `notice_sent`."""

    outcome: ClassVar[str] = "failed"
    notice: str
    sort: str
    recipient: str
    channel: str
    about: tuple[str, ...]
    failure: str


class NoticeDropped(Told, frozen=True):
    """A message was not sent, because its recipient may no longer read it or its channel is gone; keys as for
    `notice_sent`.
    """

    notice: str
    sort: str
    recipient: str
    channel: str
    about: tuple[str, ...]


class IncidentRetried(Told, frozen=True):
    """A request of a case that could not be carried out is tried again. `ask`: its kind; `body`: the SHA-256 of its
    text.
    """

    number: int
    case: str
    ask: str
    body: str
    failure: str


class IncidentSettled(Told, frozen=True):
    """A request of a case that could not be carried out was given up, with the reason; keys as for
    `incident_retried`.
    """

    number: int
    case: str
    ask: str
    body: str
    failure: str


class ClockSteppedBack(Told, frozen=True):
    """The machine's clock stood before the last entry of a chain, whose time the next one takes within an hour."""

    case: str
    clock: str
    last_entry: str


class ClockConfirmed(Told, frozen=True):
    """The clock had jumped ahead of the `expected` time, and a steward said that it is right."""

    clock: str
    expected: str


class KeySet(Told, frozen=True):
    """From here on, this public key signs the checkpoints. `was`: the one before; `signature`: by it, over both."""

    key: str
    was: str | None = None
    signature: str | None = None


class Consulted(Told, frozen=True):
    """Somebody looked. `question`: at what, or the verb of the trail; the rest is about what. `sound`: yes or no.
    `records`: those with `visible to` whose contents were shown.
    """

    question: str
    case: str | None = None
    entry: str | None = None
    record: str | None = None
    element: str | None = None
    text: str | None = None
    when: str | None = None
    sound: str | None = None
    process: str | None = None
    person: str | None = None
    records: tuple[str, ...] = ()

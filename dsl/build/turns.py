"""The steps of scenarios as they are played: their names mean something, and their values are FEEL text or files."""

from __future__ import annotations

from msgspec import Struct

# verb -> kinds of elements it may be asked of; `record` and `case` are targets too
ANY = frozenset({"phase", "activity", "approval", "milestone"})
_PERSONAL = frozenset({"activity", "approval"})
TARGETS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("claim", "release", "delegate", "withdraw"), _PERSONAL),
    **dict.fromkeys(("begin", "complete", "confirm", "retry"), frozenset({"activity"})),
    **dict.fromkeys(("approve", "reject"), frozenset({"approval"})),
    "return": _PERSONAL,
    "skip": ANY,
    "reopen": ANY | {"case"},
    **dict.fromkeys(("suspend", "resume", "cancel", "comment", "attach"), ANY | {"case"}),
    **dict.fromkeys(("add", "close"), frozenset({"phase", "activity", "approval"})),
    "amend": frozenset({"record"}),
}


class Value(Struct, frozen=True):
    """A value to evaluate (`feel`), or to read from a file beside the process file (`file`)."""

    feel: str | None = None
    file: str | None = None


Arguments = tuple[tuple[str, Value], ...]


class Step(Struct, frozen=True, kw_only=True):
    """`place` is `file:line`."""

    place: str = ""


class Cast(Step, frozen=True):
    """These persons hold these roles: (person, roles) pairs."""

    roles: tuple[tuple[str, tuple[str, ...]], ...]


class Act(Step, frozen=True):
    """A person asks for something. `target`: a node key, a record key for `amend`, None for the case.

    `to`: a person (delegate) or an element (return). `check`: the name of a checklist point (confirm); `checks`:
    the points that are ticked by completing, with their evidence.
    """

    person: str
    verb: str
    target: str | None
    arguments: Arguments = ()
    to: str | None = None
    check: str | None = None
    said: str | None = None
    reason: str | None = None
    checks: Arguments = ()


class Refuse(Step, frozen=True):
    """The act must be refused, with this code if one is given."""

    act: Act
    code: str | None = None


class Fill(Step, frozen=True):
    """A register has an entry already, under this key and with these fields."""

    register: str
    key: str
    fields: Arguments = ()


class Pass(Step, frozen=True):
    """So much virtual time passes (a Span in FEEL)."""

    span: str


class Connector(Step, frozen=True):
    """From now on a connector answers this, or fails (`times` calls, then answers again; None: always)."""

    name: str
    answers: Arguments = ()
    fails: bool = False
    times: int | None = None


class Arrive(Step, frozen=True):
    """A signal arrives from outside."""

    name: str
    arguments: Arguments = ()


class ExpectState(Step, frozen=True):
    """An element's node (None: the case) is in a state, or `overdue`; in that iteration if one is given."""

    target: str | None
    state: str
    iteration: int | None = None


class ExpectDeclined(Step, frozen=True):
    """A case of this process, for which nobody waits, was to be started, and nothing came of it."""

    process: str


class ExpectDoer(Step, frozen=True):
    target: str
    person: str


class ExpectSees(Step, frozen=True):
    """Somebody (`role`: who holds it) may read all of `what`, a record, a path or `case`, or nothing of it."""

    who: str
    what: str
    sees: bool = True
    role: bool = False
    process: str = ""


class ExpectKpi(Step, frozen=True):
    """A KPI of a process has a value that passes a FEEL unary test, or a verdict; neither: it is unknown. `period`: the
    closed one that is meant.
    """

    name: str
    test: str | None = None
    process: str = ""
    verdict: str | None = None
    period: str | None = None


class ExpectReport(Step, frozen=True):
    """A figure of a report, made now, has a value that passes a FEEL unary test."""

    report: str
    figure: str
    test: str
    process: str = ""


class ExpectFired(Step, frozen=True):
    """`times` None: at least once."""

    rule: str
    times: int | None = None


class ExpectTrue(Step, frozen=True):
    """A condition holds in the case of a process."""

    expr: str
    process: str = ""


class Scenario(Struct, frozen=True):
    """`parameters` are bound and `records` given when the case of `process` is opened."""

    title: str
    process: str
    parameters: Arguments
    records: Arguments
    steps: tuple[Step, ...]
    place: str

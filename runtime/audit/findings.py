"""What verifying finds: faults, what was left unjudged, and the three verdicts that they come to.

Knows nothing of what is verified but that looking at it may fail, which is a fault like others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from charter.engine.errors import CharterError
from charter.engine.law import Rules
from charter.runtime.store.errors import failures


class Fault(Struct, frozen=True):
    """What is wrong, and at which entry: `why` is a key of the message tables (section `verify`).

    `seq` is None where no entry is at fault but what stands beside them: the case's row, or `what`, a table or file.
    `case` is None where it is the database as a whole.
    """

    case: str | None
    seq: int | None
    why: str
    what: str | None = None


class Unjudged(Struct, frozen=True):
    """From which entry of a case on this build's rules give something else than `rules`, which judged there, gave."""

    case: str
    seq: int
    rules: Rules


class Verdict(Struct, frozen=True):
    """Sound, or the first fault. name: `integrity`, `completeness`, `truth`.

    `unjudged`: what only other rules than this build's could judge, the first of each case.
    """

    name: str
    fault: Fault | None = None
    unjudged: tuple[Unjudged, ...] = ()

    @property
    def sound(self) -> bool:
        """Tells whether nothing is at fault and nothing was left unjudged."""
        return self.fault is None and not self.unjudged


class Seals(Struct, frozen=True):
    """How far the trail is sealed: `size` entries under `checkpoints`; `waiting` are in no tree yet.

    `held`: how many of the first entries a checkpoint kept outside covers, by where it is kept; `brought`: the places
    of those that somebody brought. `unsigned`: the entries of the organisation by which a key was set that the one
    before did not sign.
    """

    key: str | None = None
    size: int = 0
    checkpoints: int = 0
    waiting: int = 0
    held: Mapping[str, int] = {}
    unsigned: tuple[int, ...] = ()
    brought: tuple[str, ...] = ()


class Verification(Struct, frozen=True):
    """The three verdicts over what was looked at."""

    integrity: Verdict
    completeness: Verdict
    truth: Verdict
    cases: int
    entries: int
    # chain -> (entries, head): what to compare with a head held outside
    heads: dict[str, tuple[int, str]]
    seals: Seals | None = None  # of the whole trail

    @property
    def sound(self) -> bool:
        """Tells whether all three verdicts are good."""
        return all(verdict.sound for verdict in self.verdicts)

    @property
    def faulty(self) -> bool:
        """Tells whether anything is at fault."""
        return any(verdict.fault is not None for verdict in self.verdicts)

    @property
    def verdicts(self) -> tuple[Verdict, Verdict, Verdict]:
        """The three, in the order in which they are told."""
        return self.integrity, self.completeness, self.truth


# What reading a body comes to whose parts are of other kinds than Charter writes.
UNREADABLE = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)


NAMES = ("integrity", "completeness", "truth")


def shown(text: str | None) -> str | None:
    """Gives a text that can be shown, whatever bytes it was read from."""
    return None if text is None else str(text).encode("utf-8", "replace").decode()


class Findings:
    """The first fault of each verdict, and what was left unjudged."""

    def __init__(self) -> None:
        self.faults: dict[str, Fault] = {}
        self.unjudged: list[Unjudged] = []

    def note(self, name: str, fault: Fault) -> None:
        """Notes a fault under a verdict's name."""
        seq = fault.seq if isinstance(fault.seq, int) else None
        self.faults.setdefault(name, Fault(shown(fault.case), seq, fault.why, shown(fault.what)))

    def add(self, others: Findings) -> None:
        """Adds what was found in what comes after."""
        for name, fault in others.faults.items():
            self.faults.setdefault(name, fault)
        self.unjudged += others.unjudged

    @contextmanager
    def judging(self, *names: str, case: str | None = None) -> Iterator[None]:
        """Notes under these names that what the block looks at cannot be looked at, whyever."""
        try:
            yield
        except failures(SQLAlchemyError) as cause:
            why, what = "not_readable", str(getattr(cause, "orig", None) or cause).splitlines()[0]
        except (CharterError, *UNREADABLE):
            why, what = "not_ours", None
        else:
            return
        for name in names:
            self.note(name, Fault(case, None, why, what))

    def verdict(self, name: str) -> Verdict:
        """Gives the verdict of a name."""
        return Verdict(name, self.faults.get(name), tuple(self.unjudged) if name == "truth" else ())

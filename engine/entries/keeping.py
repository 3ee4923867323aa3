"""The kinds of entry by which the chain of the organisation says what is kept and what is not; part of
`organisation.py`.
"""

from __future__ import annotations

from typing import ClassVar

from charter.engine.entries.told import Told


class CasesCounted(Told, frozen=True):
    """From here on, this chain says of each case that it was opened. `cases`: how many there were, up to the
    number `last`; `digest`: the SHA-256 of their list, a line each with number, id and the hash of the first entry.
    """

    cases: int
    last: int
    digest: str


class CaseOpened(Told, frozen=True):
    """There is a case more. `number`: by which it is listed; `definition`: what it began under; `first`: the SHA-256 of
    its first entry.
    """

    number: int
    case: str
    process: str
    definition: str
    first: str


class RefusalsUnentered(Told, frozen=True):
    """So many attempts were refused within an hour (`most`) that those that follow are refused and not entered.
    `person`: whose, null for everybody's; `until`: when one is entered again at the latest.
    """

    outcome: ClassVar[str] = "refused"
    person: str | None
    most: int
    until: str

"""The refusals that the host itself makes, before a command reaches a case: CH580 to CH589, CH595, CH598, CH623,
CH640 to CH643, CH665 to CH667 and CH680 to CH685, and why a case is not migrated (`engine/migration.py`).

The engine's own codes are in `engine/refusals.py`; sentences for these are in `runtime/messages`, section
`refusals`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from charter.engine import migration
from charter.engine.refusals import Reason, Refusal

UNKNOWN_PERSON = "CH580"
CONFLICT = "CH581"
KEY_REUSED = "CH582"
NO_SUBSTITUTE = "CH583"
NO_STEWARD = "CH584"
LAST_STEWARD = "CH585"
FOUNDED = "CH586"
VERSION_TAKEN = "CH587"
REPLACED = "CH588"
NO_ID = "CH589"
ID_TAKEN = "CH595"
STRANDS = "CH598"
TRAIL = "CH640"
SUMS = "CH641"
HIDDEN = "CH642"
UNREAD = "CH643"
REGISTER_DIFFERS = "CH623"
UNBOUND = "CH526"
NOT_THE_MAKER = "CH680"
NOT_THE_SIGNER = "CH681"
SIGNS_OWN = "CH682"
NOT_OVER = "CH683"
SIGNED_ALREADY = "CH684"
UNREADABLE_REPORT = "CH685"
UNCONFIRMED = "CH665"
NAMED = "CH666"
APART = "CH667"

# code -> the values its sentence names
CODES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        UNKNOWN_PERSON: ("person",),
        CONFLICT: ("case", "seen", "version"),
        KEY_REUSED: ("key", "case"),
        NO_SUBSTITUTE: ("person", "principal"),
        NO_STEWARD: ("person", "verb", "stewards"),
        LAST_STEWARD: ("person",),
        FOUNDED: ("person", "stewards"),
        VERSION_TAKEN: ("process", "version", "digest", "free"),
        REPLACED: ("process", "version", "running"),
        NO_ID: ("person",),
        ID_TAKEN: ("person", "other"),
        STRANDS: ("element", "elements"),
        TRAIL: ("person",),
        SUMS: ("person", "process"),
        HIDDEN: ("person", "case"),
        UNREAD: ("person", "record"),
        REGISTER_DIFFERS: ("register", "field", "process"),
        **migration.CODES,
        NOT_THE_MAKER: ("person", "report", "roles"),
        NOT_THE_SIGNER: ("person", "report", "roles"),
        SIGNS_OWN: ("person", "report"),
        NOT_OVER: ("report", "period", "until"),
        SIGNED_ALREADY: ("person", "report"),
        UNREADABLE_REPORT: ("person", "report"),
        UNCONFIRMED: ("items",),
        NAMED: ("element", "person"),
        APART: ("element", "person"),
    }
)


def refusal(code: str, subject: str | None = None, **arguments: Any) -> Refusal:
    """Gives a refusal with one reason."""
    return Refusal((Reason(code, subject, arguments),))

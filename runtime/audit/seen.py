"""An entry of the trail as somebody may read it: what it tells, with what is withheld from them said to be so."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from msgspec.structs import replace

from charter.engine.entries import BadEntry
from charter.engine.reading import WITHHELD, Sight, data, entered, noted, of_organisation as told_of
from charter.engine.refusals import Reason
from charter.runtime.audit.log import Sealed


def seen(sealed: Sealed, sight: Sight, persons: Collection[str] = ()) -> Sealed:
    """Gives an entry as it is read; what somebody entered themselves they read, but for why they were refused, what was
    looked up for it and what was filled in of something that is withheld from them.

    With anything withheld, so are the hashes of the chain: a short value can be guessed from them.
    """
    if sight.whole:
        return sealed
    fields, kind = sealed.fields, str(sealed.fields.get("kind"))
    if fields.get("actor") in persons and kind != "refused":
        return _told(sealed, entered(sight, kind, sealed.data), {"prev": WITHHELD})
    why = {"reason": WITHHELD} if noted(fields.get("reason"), sealed.data) else {}
    return _told(sealed, data(sight, kind, sealed.data), {"prev": WITHHELD, **why})


def of_organisation(sealed: Sealed, hidden: Callable[[Mapping[str, Any]], Collection[str]]) -> Sealed:
    """Gives an entry of the organisation's chain as it is read; `hidden`: what of it is withheld from whoever reads."""
    kept = told_of(str(sealed.fields.get("kind")), sealed.data, hidden)
    return sealed if kept is None else _told(sealed, kept, {})


def _told(sealed: Sealed, told: Mapping[str, Any], fields: Mapping[str, Any]) -> Sealed:
    """Gives an entry that tells this instead, in its fields and as a value."""
    before = sealed.data
    found = sealed.told_otherwise({**sealed.fields, "data": told, **fields})
    try:
        entry = sealed.entry
    except BadEntry:
        return found
    known = entry.told.__struct_fields__
    changed: dict[str, Any] = {name: one for name, one in told.items() if name in known and one != before.get(name)}
    if "reasons" in changed:
        changed["reasons"] = tuple(Reason(**each) for each in changed["reasons"])
    reason = None if "reason" in fields else entry.reason
    found.entry = replace(entry, told=replace(entry.told, **changed) if changed else entry.told, reason=reason)
    return found

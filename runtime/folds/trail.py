"""The folds of a case's entries: what it is called, who wrote which version of a record, what people should know of.

Rows are only ever added, as entries are.
"""

from __future__ import annotations

from charter.engine.entries.cases import Amended, Started, Written
from charter.engine.notices import told
from charter.engine.plan.program import Program
from charter.runtime.folds.fold import NOTHING, Change, Fold, Stride


def _versions(stride: Stride) -> Change:
    if stride.after.versions is stride.before.versions:
        return NOTHING
    # An amendment to the same content is an entry too, but makes no version.
    return Change(
        come=[
            (stride.case, new.record, new.version, new.digest, e.node, e.actor, e.at, seq)
            for seq, e in enumerate(stride.entries, stride.first)
            if isinstance(new := e.told, (Written, Amended)) and new.digest is not None
        ]
    )


def is_external(program: Program, role: str) -> bool:
    """Tells whether people outside the company hold a role; they are not told of drills."""
    return role in program.roles and program.roles[role].external


def _notices(stride: Stride) -> Change:
    return Change(
        come=[
            (stride.case, seq, role, stride.shape.name, e.kind, e.actor, e.at)
            for seq, e in enumerate(stride.entries, stride.first)
            if (roles := told(stride.shape_of(seq).program, e))
            for role in dict.fromkeys(roles)
            if not (stride.after.drill and is_external(stride.shape_of(seq).program, role))
        ]
    )


def _numbers(stride: Stride) -> Change:
    if stride.first > 1:
        return NOTHING
    started = [e.told for e in stride.entries[:1] if isinstance(e.told, Started) and e.told.number is not None]
    return Change(come=[(stride.case, told.series, told.serial, told.number) for told in started])


NUMBERS = Fold("case_numbers", _numbers)
VERSIONS = Fold("record_versions", _versions)
NOTICES = Fold("notices", _notices)

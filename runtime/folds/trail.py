"""The folds of a case's entries: who wrote which version of a record, and what people should know of.

Rows are only ever added, as entries are.
"""

from __future__ import annotations

from charter.engine.notices import told
from charter.runtime.audit.log import WRITES
from charter.runtime.folds.fold import NOTHING, Change, Fold, Stride
from charter.runtime.store import tables as t


def _versions(stride: Stride) -> Change:
    if stride.after.versions is stride.before.versions:
        return NOTHING
    # An amendment to the same content is an entry too, but makes no version.
    return Change(
        come=[
            (stride.case, e.data["record"], e.data["version"], e.data["digest"], e.element, e.actor, e.at, seq)
            for seq, e in enumerate(stride.entries, stride.first)
            if e.kind in WRITES and "digest" in e.data
        ]
    )


def _notices(stride: Stride) -> Change:
    shape = stride.shape
    return Change(
        come=[
            (stride.case, seq, role, shape.name, e.kind, e.actor, e.at)
            for seq, e in enumerate(stride.entries, stride.first)
            for role in dict.fromkeys(told(shape.program, e))
        ]
    )


VERSIONS = Fold(t.record_versions, _versions)
NOTICES = Fold(t.notices, _notices)

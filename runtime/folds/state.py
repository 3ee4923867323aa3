"""The folds that a case's state is read from: a row a node, and a row a record with its current version.

So a command writes what it changes, however much there is in the case. What concerns the case as a whole stands in its
own row (`runtime/casefile.py`). Invariant: rows come back in the order of the case (`place`), which the order of events
in the engine rests on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, bindparam, select

from charter.engine import state as states
from charter.engine.compact import compact
from charter.engine.keys import name_of
from charter.runtime.folds.fold import NOTHING, Change, Fold, Stride, changed
from charter.runtime.store import tables as t
from charter.runtime.store.prepared import Prepared

# What a row keeps from when it came: a node's and a record's place in the case.
_STEADY = ("place",)


def _nodes(stride: Stride) -> Change:
    if not stride.nodes:
        return NOTHING
    before = stride.before.nodes
    places = _places(len(before), (node.key in before for node in stride.nodes))
    return Change(
        come=[
            (stride.case, node.element, node.key, place, node.due, compact(states.node_json(node)))
            for node, place in zip(stride.nodes, places, strict=True)
        ]
    )


def _contents(stride: Stride) -> Change:
    before, after = stride.before.versions, stride.after.versions
    if after is before:
        return NOTHING
    keys = changed(before, after)
    places = _places(len(before), (key in before for key in keys))
    return Change(
        come=[
            (stride.case, name_of(key), key, place, compact(list(after[key])))
            for key, place in zip(keys, places, strict=True)
        ]
    )


def _places(taken: int, known: Iterator[bool]) -> Iterator[int]:
    """Gives the next free place to each that is new; what is known keeps the one it has."""
    for there in known:
        yield taken
        taken += not there


NODES = Fold(t.nodes, _nodes, steady=_STEADY)
CONTENTS = Fold(t.contents, _contents, steady=_STEADY)

_n, _v = t.nodes.c, t.contents.c
_READ_NODES = Prepared(select(_n.body).where(_n.case == bindparam("case")).order_by(_n.place), "case")
_READ_CONTENTS = Prepared(select(_v.version, _v.body).where(_v.case == bindparam("case")).order_by(_v.place), "case")


def tables(connection: Connection, case: str) -> dict[str, Any]:
    """Gives the nodes and versions of a case's state as JSON data, as `state.from_json` takes them."""
    nodes = ",".join([body for (body,) in _READ_NODES.run(connection, case)])
    contents = _READ_CONTENTS.run(connection, case).fetchall()
    return {
        "nodes": json.loads(f"[{nodes}]"),
        "versions": {key: json.loads(body) for key, body in contents},
    }

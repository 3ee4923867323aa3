"""The folds that a case's state is read from: a row a node, and a row a record with its current version.

So a command writes what it changes, however much there is in the case. What concerns the case as a whole stands in its
own row (`host/casefile.py`). Invariant: rows come back in the order of the case (`place`), which the order of events in
the engine rests on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import compress, islice
from operator import is_not
from typing import TYPE_CHECKING, Any

from msgspec.json import Encoder
from msgspec.structs import replace

from charter.engine.compact import compact
from charter.engine.keys import name_of
from charter.engine.plain import shape
from charter.engine.state import Node, version_json
from charter.runtime.folds.fold import NOTHING, Change, Fold, Row, Stride
from charter.runtime.store.prepared import ask, column

if TYPE_CHECKING:
    from sqlalchemy import Connection

# What a row keeps from when it came: a node's and a record's place in the case.
_STEADY = ("place",)

_encode = Encoder().encode
_PLANNED: str = dict(shape(Node))["state"]


def text(node: Node) -> str:
    """Writes a node as `engine.state.node_json` gives it, in a fifth of the time."""
    if node.state == _PLANNED:  # the encoder leaves out what is the default itself, not what equals it
        node = replace(node, state=_PLANNED)
    return _encode(node).decode()


def _nodes(stride: Stride) -> Change:
    case, known = stride.case, stride.before.nodes
    # What is new comes last; what is known keeps the place it has.
    place = len(known)
    rows: list[Row] = []
    for node in stride.nodes:
        rows.append((case, node.element, node.key, place, node.due, text(node)))
        place += node.key not in known
    return Change((), rows)


def _contents(stride: Stride) -> Change:
    known, after = stride.before.versions, stride.after.versions
    if after is known:
        return NOTHING
    place = len(known)
    rows: list[Row] = []
    for key in changed(known, after):
        rows.append((stride.case, name_of(key), key, place, compact(version_json(after[key]))))
        place += key not in known
    return Change((), rows)


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Names what is new or other in a table of a case, which only ever grows: what is in it keeps its place."""
    other = compress(after, map(is_not, after.values(), before.values()))
    return [*other, *islice(after, len(before), None)]


# Earlier builds kept what work rests on in the order of a set, another in each process.
NODES = Fold("nodes", _nodes, steady=_STEADY, unordered="used")
CONTENTS = Fold("contents", _contents, steady=_STEADY)

_NODES = 'SELECT body FROM nodes WHERE "case" = ? ORDER BY place'
_CONTENTS = 'SELECT version, body FROM contents WHERE "case" = ? ORDER BY place'


def tables(connection: Connection, case: str) -> dict[str, Any]:
    """Gives the nodes and versions of a case's state as JSON data, as `state.from_json` takes them."""
    nodes = ",".join(column(connection, _NODES, case))
    return {
        "nodes": json.loads(f"[{nodes}]"),
        "versions": {key: json.loads(body) for key, body in ask(connection, _CONTENTS, case)},
    }

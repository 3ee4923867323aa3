"""`offers`: entries of a register that whoever does some work takes up, or says why not.

What fits is pinned when the work opens, by key, version and digest, in the order of the keys; each entry is then a
point of the work, `lessons[2]`, that is answered before it is done: taken up, or a text that says why not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from charter.engine.definition import Check
from charter.engine.feel import tree as t
from charter.engine.feel.keyed import is_condition
from charter.engine.keys import key_of
from charter.engine.state import Node

Offered = tuple[str, str, int, str]  # register, key, version, digest


def register_of(tree: t.Node) -> str | None:
    """Names the register that an expression reads entries of, `lessons` or `lessons[tag = "x"]`; None for any other."""
    of = tree.of if isinstance(tree, t.Filter) and is_condition(tree.test) else tree
    return of.name if isinstance(of, t.Name) else None


def register_in(text: str) -> str:
    """Names the register of a checked text."""
    from charter.engine.feel import parse  # most processes offer nothing

    tree = parse(text).tree
    return (None if tree is None else register_of(tree)) or ""


def taken(evidence: object) -> bool | None:
    """Says what an answer means: taken up, or not (a text that says why); None where it means neither."""
    if evidence is None or evidence is True:
        return True
    return False if isinstance(evidence, str) and evidence.strip() else None


def numbered(node: Node) -> Iterator[tuple[str, Offered]]:
    """Yields what is offered by the names that it is answered by, `lessons[1]`."""
    counts: Counter[str] = Counter()
    for each in node.offered:
        counts[each[0]] += 1
        yield key_of(each[0], (counts[each[0]],)), each


def points(node: Node) -> dict[str, Check]:
    """Gives what is offered as points of a checklist."""
    return {name: Check(register, register) for name, (register, *_) in numbered(node)}

"""What a question to the trail asks for that no entry has: a kind, an outcome, a state, a role, a key.

Types alone let such a question pass, and it would be answered with nothing. Knows the closed lists; the roles that
there are, and the cases that numbers stand for, are given by whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from msgspec import Struct

from charter.engine import feel
from charter.engine.commands import COMMANDS
from charter.engine.entries import KINDS
from charter.engine.feel import tree
from charter.engine.machines import CASE_STATES, ELEMENT_STATES

_STATES = frozenset((*ELEMENT_STATES, *CASE_STATES, "none"))
# field of an entry -> all that it ever is
CLOSED: Mapping[str, Collection[str]] = {
    "kind": KINDS.keys(),
    "outcome": frozenset(kind.outcome for kind in KINDS.values()),
    "before": _STATES,
    "after": _STATES,
    "data.command.verb": COMMANDS.keys(),
}
# the first keys of `data`, of entries of every kind; `last_record` is in those of early builds
KEYS = frozenset({"command", "last_record", *(key for kind in KINDS.values() for key in kind.__struct_encode_fields__)})
# what people call a thing -> the word that the trail has for it
MEANT: Mapping[str, str] = {
    **dict.fromkeys(("approve", "approved", "approval", "accepted"), "granted"),
    **dict.fromkeys(("denied", "refuse"), "rejected"),
    **dict.fromkeys(("finished", "ended"), "completed"),
    **dict.fromkeys(("created", "new"), "started"),
    **dict.fromkeys(("changed", "updated", "edited"), "amended"),
    **dict.fromkeys(("late", "escalate"), "overdue"),
    **dict.fromkeys(("read", "viewed", "seen"), "consulted"),
    **dict.fromkeys(("sent back", "sentback"), "returned"),
}
# what people call a field -> its name
FIELD_MEANT: Mapping[str, str] = {
    **dict.fromkeys(("person", "who", "user", "by", "doer", "author", "approver"), "actor"),
    **dict.fromkeys(("time", "date", "when", "timestamp", "day"), "at"),
    **dict.fromkeys(("verb", "action", "event", "type"), "kind"),
    **dict.fromkeys(("step", "activity", "approval", "task", "phase"), "element"),
    **dict.fromkeys(("status", "state", "result"), "outcome"),
    **dict.fromkeys(("number", "no"), "seq"),
    **dict.fromkeys(("clause",), "clauses"),
    **dict.fromkeys(("version",), "definition"),
}


class Impossible(Struct, frozen=True):
    """A `word` at `span` of the question that `field` never is, or, for `data`, a key that it never has."""

    field: str
    word: str
    known: Collection[str]
    span: tuple[int, int]


def impossible(text: str, roles: Collection[str]) -> Iterator[Impossible]:
    """Yields what a question asks for in vain; nothing of a text that cannot be read."""
    root = feel.parse(text).tree
    if root is None:
        return
    closed = {**CLOSED, "role": roles}
    for field, literal in _compared(root):
        known = closed.get(field)
        if known is not None and isinstance(literal, tree.String) and literal.value not in known:
            yield Impossible(field, literal.value, known, (literal.start, literal.end))
    for node in tree.walk(root):
        if isinstance(node, tree.Path) and node.of == tree.Name("data") and node.name not in KEYS:
            yield Impossible("data", node.name, KEYS, (node.end - len(node.name), node.end))


def with_cases(text: str, case_of: Callable[[str], str]) -> str:
    """Puts ids of cases in the place of their numbers: `case = 14`; raises what `case_of` does of one there is not."""
    root = feel.parse(text).tree
    found = [] if root is None else [literal for field, literal in _compared(root) if field == "case"]
    for literal in sorted(found, key=lambda node: node.start, reverse=True):
        if isinstance(literal, tree.String | tree.Number):
            text = f'{text[: literal.start]}"{case_of(str(literal.value))}"{text[literal.end :]}'
    return text


def _compared(root: tree.Node) -> Iterator[tuple[str, tree.Node]]:
    """Yields (field, literal) of each comparison of a field with a word or a number: `=`, `!=`, `in`."""
    for node in tree.walk(root):
        if isinstance(node, tree.Binary) and node.op in ("=", "!="):
            for one, other in ((node.left, node.right), (node.right, node.left)):
                if isinstance(other, tree.String | tree.Number):
                    yield _field(one), other
        elif isinstance(node, tree.In):
            for test in node.tests:
                for part in tree.walk(test):
                    if isinstance(part, tree.String | tree.Number):
                        yield _field(node.of), part


def _field(node: tree.Node) -> str:
    names: list[str] = []
    while isinstance(node, tree.Path):
        names.insert(0, node.name)
        node = node.of
    return ".".join([node.name, *names]) if isinstance(node, tree.Name) else ""

"""What registers offer to whoever does some work: pinned when it opens, and answered before it is done.

What fits later is offered to later work; what an entry becomes later changes no answer. Nobody looks anything up here:
as with every read of a register, the step is taken again with what it asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from charter.engine.entries.cases import EntriesOffered
from charter.engine.keys import Path
from charter.engine.offers import Offered, numbered, register_in, taken
from charter.engine.plan.looking import Book
from charter.engine.plan.plans import Plan
from charter.engine.plan.scope import Scope
from charter.engine.refusals import Reason
from charter.engine.registers import Ask, Row
from charter.engine.state import Confirmation, Node
from charter.engine.step.draft import Draft


def offer(draft: Draft, node: Node, plan: Plan, path: Path) -> Node:
    """Pins what is offered to work that has just opened, and tells it, be it nothing."""
    if not plan.element.offers:
        return node
    found: list[Offered] = []
    for text in plan.element.offers:
        register = register_in(text)
        rows = list(_fitting(draft, plan, path, text, register))
        found += [(register, row.key, row.version, row.digest) for row in rows]
        told = [{"key": row.key, "version": row.version, "digest": row.digest} for row in rows]
        draft.follow(EntriesOffered(register, told), node)
    draft.change(node, offered=tuple(found))
    return draft.nodes[node.key]


def _fitting(draft: Draft, plan: Plan, path: Path, text: str, register: str) -> Iterator[Row]:
    """Yields the rows behind what an expression finds: those of its question, in whose order it keeps or drops them."""
    asked: list[Ask] = []

    def look(ask: Ask, reader: str) -> tuple[Row, ...] | None:
        asked.append(ask)
        return draft.look(ask, reader)

    items: Any = Scope(draft.program, draft, plan, path, draft.at, look).value(text)
    own = next((ask for ask in asked if ask.register == register and ask.key is None and not ask.process), None)
    if own is None or own not in draft.looked or items is None:
        return
    left = list(items) if isinstance(items, list | tuple) else [items]
    book = Book(draft.program, draft.program.registers[register], None, "", draft.at)
    for row in draft.looked[own].rows:
        if left and row.value is not None and book.decoded(row) == left[0]:
            left.pop(0)
            yield row


def against(node: Node, plan: Plan, name: str, evidence: Any) -> Reason | None:
    """Gives what stands against an answer that says neither that an entry is taken up nor why not."""
    offered = dict(numbered(node)).get(name)
    return None if offered is None or taken(evidence) is not None else _open(node, plan, name, offered)


def unanswered(node: Node, plan: Plan, done: dict[str, Confirmation]) -> list[Reason]:
    """Gives a reason for each entry that is offered and not answered."""
    return [_open(node, plan, name, offered) for name, offered in numbered(node) if name not in done]


def _open(node: Node, plan: Plan, name: str, offered: Offered) -> Reason:
    arguments = {"element": node.key, "register": offered[0], "key": offered[1], "check": name}
    return Reason("CH638", f"{plan.name}.offers", arguments)

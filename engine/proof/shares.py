"""Lists whose items go their way alike, of which conditions ask whether so many are so, or most, or some.

Nobody outside sees such items one by one: only whether those of a kind are as many as a number, or on which side of a
half they are, whether one is of some other kind, and whether all are over. So lists stand for all longer ones from the
length at which that number or a majority, a witness of each other kind, an item that is still open and one that went
another way find room in them beside each other; and of positions that differ only in which item is which, one is
looked at (symmetry: E. A. Emerson and A. P. Sistla, FMSD 9, 1996).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple

from charter.engine.feel import tree as t
from charter.engine.machines import ELEMENT_STATES, SETTLED
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program
from charter.engine.proof.nodes import calls

_HALVES = ("<", "<=", ">", ">=")
_SWAPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
# What may be asked of each item.
_FACTS = frozenset({"settled", "overdue", "on_time", *ELEMENT_STATES})
_OVER = SETTLED.intersection(ELEMENT_STATES)


class Asked(NamedTuple):
    """Of an element of a list, whether most of its items are so (`most`), or whether some are or every one is.

    `least`: up to which number it matters how many are so; 0 where it is not counted.
    """

    element: str
    fact: str
    most: bool
    least: int = 0


def alike(program: Program, conditions_of: Callable[[Plan], Iterable[str]]) -> Iterator[Plan]:
    """Yields the elements that are done or decided once for each item of a list, whatever the item is."""
    definition = program.definition
    again = frozenset(sent_back(program))
    bound = {name for rule in definition.separations for name in (rule.element, rule.other)}
    bound |= {name for order in definition.orders for name in order.elements}
    for plan in program.plans.values():
        element, many = plan.element, plan.element.many
        if many is None or many.open or many.enough is not None or plan.kind not in ("activity", "approval"):
            continue
        agreement = element.agreement
        special = element.work or element.files or (agreement and agreement.escalation) or not is_unread(program, plan)
        ends = any(event.ends for event in element.events)
        comes_round = element.repeat is not None or len(plan.loops) > 1
        if special or ends or comes_round or plan.name in bound | again or tuple(conditions_of(plan)) != (many.items,):
            continue
        record = many.items.split(".")[0]
        makers = program.producers.get(record, [])
        once = len(makers) + (record in definition.inputs) == 1
        steady = all(not _comes_again(maker) and maker.name not in again for maker in makers)
        if once and steady and all(program.precedes(maker, plan) for maker in makers):
            yield plan


def sent_back(program: Program) -> Iterator[str]:
    """Names the elements that an approval may send back, and what is done again with them."""
    agreements = [e.agreement for e in program.definition.elements if e.agreement is not None]
    back = [a.on_return for a in agreements] + [a.on_reject.target for a in agreements if a.on_reject is not None]
    for to in {to for to in back if to is not None}:
        yield to
        yield from program.downstream(program.plans[to])


def is_unread(program: Program, plan: Plan) -> bool:
    """Says whether nobody looks at what an element writes, and nobody else writes it."""
    return not any(
        len(program.producers[record]) > 1 or program.watchers.get(record) or record in program.definition.outputs
        for record in plan.element.outputs
    )


def _comes_again(maker: Plan) -> bool:
    return bool(maker.loops) or any(level.element.repeat is not None for level in maker.levels())


def asked(
    node: t.Node, number: Callable[[t.Node], Decimal | None], items: Callable[[str], t.Node | None]
) -> Asked | None:
    """Gives what a node asks of the items of an element as a whole; None where it asks something else.

    `number`: gives the number that a node is whatever happens; `items`: the list that an element goes over.
    """
    if isinstance(node, t.Quantified) and len(node.iterations) == 1:
        [each] = node.iterations
        test = node.test.arguments[0] if calls(node.test, "not") and len(node.test.arguments) == 1 else node.test
        if isinstance(test, t.Path) and isinstance(each.items, t.Name) and each.to is None:
            own = test.of == t.Name(each.name) and test.name in _FACTS
            return Asked(each.items.name, test.name, False) if own else None
    elif isinstance(node, t.Binary) and node.op in _SWAPPED:
        turned = _counts(node.right, _SWAPPED[node.op], node.left, number)
        counted = _counts(node.left, node.op, node.right, number) or turned
        half = _most(node.left, node.op, node.right, items) or _most(node.right, _SWAPPED[node.op], node.left, items)
        most = half if node.op in _HALVES else None
        return counted or most or None
    return None


def _counts(some: t.Node, op: str, side: t.Node, number: Callable[[t.Node], Decimal | None]) -> Asked | None:
    """Gives up to which number the items that are so are told apart, where they are counted against one."""
    of, most = _counted(some), number(side)
    if most is None or not isinstance(of, t.Filter):
        return None
    named = isinstance(of.of, t.Name) and isinstance(of.test, t.Name) and of.test.name in _OVER
    least = most.to_integral_value(ROUND_CEILING) + (op not in (">=", "<"))
    return Asked(of.of.name, of.test.name, False, max(int(least), 1)) if named else None  # type: ignore[attr-defined]


def _most(some: t.Node, op: str, half: t.Node, items: Callable[[str], t.Node | None]) -> Asked | None:
    of = _counted(some)
    if op in (">=", "<") and calls(half, "ceiling") and len(half.arguments) == 1:
        [half] = half.arguments  # for a number of items that is the same
    whole = _counted(_halved(half))
    if whole is None or not isinstance(of, t.Filter) or not isinstance(of.of, t.Name):
        return None
    if whole not in (of.of, items(of.of.name)):
        return None
    named = isinstance(of.of, t.Name) and isinstance(of.test, t.Name) and of.test.name in _OVER
    return Asked(of.of.name, of.test.name, True) if named else None  # type: ignore[attr-defined]


def needed(most: bool, kinds: int, numbers: Collection[int], ways: int) -> int:
    """Gives how long lists have to be where conditions ask for a majority, or whether some are of so many kinds.

    `numbers`: up to which the items of other kinds are counted; `ways`: in how many ways items may stand beside all
    those, under way or over.
    """
    if most:
        return 2 * kinds + 3 if kinds else 4
    return sum(numbers) + kinds + ways


def _counted(node: t.Node | None) -> t.Node | None:
    return node.arguments[0] if node is not None and calls(node, "count") and len(node.arguments) == 1 else None


def _halved(node: t.Node) -> t.Node | None:
    is_half = isinstance(node, t.Binary) and node.op == "/" and node.right == t.Number(Decimal(2))
    return node.left if isinstance(node, t.Binary) and is_half else None

"""Work of which it makes no difference to anything else whether, or how often, or before what it has been done.

Said of the text of a process, once: work by hand that nothing reads, counts, waits for or keeps apart from other work,
nor what it writes. Either it is *shaded* by another element: it stands in a block that ends as soon as that element
beside it is over, as all who may say that they were at a meeting do when its minutes are written. So it is never the
last thing in its place, holds nothing up, and opens again only when that element does. That element alone may ask
whether enough of it is done, where more of it being done never makes less: then it can only open the sooner, and nobody
asks when it does. Or it is *lasting*: each item of a list that is kept (`for each … kept`), as the to-dos of a meeting,
which hold up the end of their block and no more. Errs towards what matters.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from charter.engine import feel
from charter.engine.feel import tree as t
from charter.engine.machines import ELEMENT_STATES, SETTLED, states
from charter.engine.plan.facts import AT_THE_END
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program, compiled
from charter.engine.proof.atoms import SHORT, conditions_of
from charter.engine.proof.nodes import calls
from charter.engine.proof.shares import is_unread, sent_back


class Shade:
    """The elements of a process that are `shaded`, and those that are `lasting`.

    `quiet`: those of both that nothing asks about, so that lists of such work alone need be no longer than one;
    `gathering`: the elements that wait until enough of what they shade is done.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._bound = frozenset(self._named())
        self.gathering: set[str] = set()
        # Whoever begins something in a block may settle a choice of blocks, or have its turn among them.
        ordered = {name for order in program.definition.orders for name in order.elements}
        apart = [plan for plan in program.plans.values() if ordered.isdisjoint(p.name for p in plan.levels())]
        free = [plan for plan in apart if plan.name not in self._bound and is_unread(program, plan)]
        work = [plan for plan in free if _is_by_hand(plan)]
        unseen = frozenset(plan.name for plan in work if not program.watchers.get(plan.name))
        self.shaded = frozenset(plan.name for plan in work if self._is_shaded(plan))
        self.lasting = frozenset(plan.name for plan in work if plan.name in unseen and _is_lasting(plan))
        self.quiet = self.shaded & unseen | self.lasting

    def _named(self) -> Iterator[str]:
        """Names what is kept apart, and what may be sent back, or is done again with it."""
        program, definition = self.program, self.program.definition
        for rule in definition.separations:
            yield from (rule.element, rule.other)
        yield from sent_back(program)

    def _is_shaded(self, plan: Plan) -> bool:
        watchers = self.program.watchers.get(plan.name, ())
        for level in list(plan.levels())[1:]:
            element = level.element
            if element.repeat is not None or element.many is not None or element.exit is not None:
                return False
            if level.name in self._bound or self.program.watchers.get(level.name):
                return False
            for event in element.events:
                beside = self._ending(level, event.at or "") if event.ends else None
                if beside is not None:
                    return all(w is beside for w in watchers) and (not watchers or self._gathers(beside, level))
        return False

    def _ending(self, block: Plan, text: str) -> Plan | None:
        """Gives the element beside a block with which it ends: a condition reads that alone, and holds for each end."""
        expression, names = compiled(text), self.program.names(text)
        beside = self.program.plans.get(next(iter(names), "")) if len(names) == 1 else None
        if expression is None or beside is None or beside is block:
            return None
        if beside.parent is not block.parent or beside.loops != block.loops:
            return None
        over = SETTLED.intersection(states(beside.kind))
        ends = all(expression.evaluate({beside.name: _told(word)}, SHORT) is True for word in over)
        return beside if ends else None

    def _gathers(self, beside: Plan, block: Plan) -> bool:
        """Says whether an element waits until enough is done in a block, and nobody asks when it opens."""
        program, when = self.program, beside.element.when
        inside = {inner.name for inner in block.descendants()}
        tree = feel.parse(when).tree if when is not None else None
        if tree is None or beside.name in self._bound or beside.element.offered is not None or beside.many:
            return False
        texts = [text for plan in program.plans.values() for text in conditions_of(program.definition, plan.element)]
        paths = {path for text in texts if (e := compiled(text)) is not None for path in e.paths}
        asked = {path[1] if len(path) == 2 else "" for path in paths if path[0] == beside.name}
        if not asked <= AT_THE_END | {"settled"} or not self._grows(tree, block, inside):
            return False
        self.gathering.add(beside.name)
        return True

    def _grows(self, node: t.Node, block: Plan, inside: Collection[str]) -> bool:
        """Says whether a condition can only become true by work inside a block being done, and stays so."""
        if isinstance(node, t.Binary) and node.op in ("and", "or"):
            return self._grows(node.left, block, inside) and self._grows(node.right, block, inside)
        if isinstance(node, t.Path):
            return _is_done(node, inside)
        if isinstance(node, t.Binary) and node.op in (">=", ">") and calls(node.left, "count"):
            [of] = node.left.arguments if len(node.left.arguments) == 1 else [None]
            listed = isinstance(of, t.Filter) and of.test == t.Name("done") and _names(of.of, inside)
            return listed and self._is_steady(node.right, block)
        if isinstance(node, t.Quantified) and node.kind == "every" and len(node.iterations) == 1:
            [each] = node.iterations
            return each.to is None and _names(each.items, inside) and node.test == t.Path(t.Name(each.name), "done")
        return False

    def _is_steady(self, node: t.Node, block: Plan) -> bool:
        """Says whether a number stays as long as a block is open: of parameters, and of what is written before."""
        program = self.program
        names = feel.compile(node).names - program.bound.keys()
        makers = {name: program.producers.get(name, []) for name in names}
        return names <= program.types.keys() and all(
            program.precedes(maker, block) and not maker.loops and all(p.element.repeat is None for p in maker.levels())
            for found in makers.values()
            for maker in found
        )


def _told(state: str) -> dict[str, bool | str]:
    """Gives what expressions read of an element that is over."""
    return {**{each: each == state for each in ELEMENT_STATES}, "settled": True, "state": state}


def _is_by_hand(plan: Plan) -> bool:
    """Says whether an element is work by hand that is done once, and ends by itself."""
    element, many = plan.element, plan.element.many
    special = element.work or element.files or element.events or element.offered
    listed = many is not None and (many.open or many.enough is not None)
    return plan.kind == "activity" and not special and not listed and element.repeat is None


def _is_lasting(plan: Plan) -> bool:
    element = plan.element
    waits = element.when is not None or element.after or element.inputs
    kept = element.many is not None and element.many.kept and not waits
    return kept and all(level.element.repeat is None for level in plan.levels())


def _is_done(node: t.Path, inside: Collection[str]) -> bool:
    return node.name == "done" and _names(node.of, inside)


def _names(node: t.Node, names: Collection[str]) -> bool:
    return isinstance(node, t.Name) and node.name in names

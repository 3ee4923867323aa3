"""What a drawing of a process shows, before any format: nested items, arrows between siblings, returns, present states.

Made from a Definition and, for a case, its CaseState; knows no SVG, Mermaid or terminal. Dependencies (after, inputs,
conditions, for-each lists) are lifted to the two siblings that hold their ends, and those that follow from others are
left out. Invariants: an arrow joins two children of one item; arrows form no cycle; returns join any two elements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from charter.dsl.build.differences import event_line
from charter.dsl.messages.languages import keywords
from charter.dsl.text.phrases import Phrases
from charter.dsl.text.width import shown
from charter.engine import feel
from charter.engine.definition import Consequence, Definition, Element, ElementKind, Stage
from charter.engine.keys import is_instance
from charter.engine.machines import SETTLED
from charter.engine.plan import named
from charter.engine.plan.program import prepare
from charter.engine.proof.assumptions import starting
from charter.engine.proof.slack import schedule
from charter.engine.state import CaseState, Node
from charter.runtime.cli.messages import Messages

# of several instances, the state that matters most to a reader comes first
_PRESENCE = (
    "failed",
    "active",
    "claimed",
    "ready",
    "stale",
    "suspended",
    "planned",
    "rejected",
    "done",
    "granted",
    "reached",
    "withdrawn",
    "skipped",
    "cancelled",
)


class Arrow(Struct, frozen=True):
    source: str
    target: str


class Return(Struct, frozen=True):
    """Work sent back: `kind` is the occasion, `reject` or `return`."""

    source: str
    target: str
    kind: str


class Item(Struct, frozen=True):
    """An element as drawn. `captions`: small lines (who, what runs); `many`: it is there once an item of a list.

    `state` is None without a case; `settled` of `count` instances are settled where there are several.
    """

    name: str
    title: str
    kind: ElementKind
    captions: tuple[str, ...] = ()
    many: bool = False
    state: str | None = None
    count: int = 0
    settled: int = 0
    children: tuple[Item, ...] = ()
    arrows: tuple[Arrow, ...] = ()
    critical: bool = False  # later, it makes all of the process later


class Picture(Struct, frozen=True):
    """A whole drawing; `status` is the case's, None without one."""

    name: str
    title: str
    children: tuple[Item, ...]
    arrows: tuple[Arrow, ...]
    returns: tuple[Return, ...]
    status: str | None = None
    subtitle: str | None = None

    def items(self) -> Iterator[Item]:
        """Walks all items, a parent before its children."""
        stack = list(reversed(self.children))
        while stack:
            item = stack.pop()
            yield item
            stack.extend(reversed(item.children))


class _Links(Struct):
    """The tree of elements and the dependencies lifted onto siblings: parent (None: the process) -> pairs."""

    definition: Definition
    parents: dict[str, str | None] = field(default_factory=dict)
    pairs: dict[str | None, set[tuple[str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.parents = {e.name: e.parent for e in self.definition.elements}

    def path(self, name: str | None) -> list[str]:
        """Names the elements around an element, outermost first, itself last."""
        path: list[str] = []
        while name is not None:
            path.append(name)
            name = self.parents[name]
        return path[::-1]

    def link(self, source: str, target: str) -> None:
        one, two = self.path(source), self.path(target)
        depth = 0
        while depth < min(len(one), len(two)) and one[depth] == two[depth]:
            depth += 1
        # where one holds the other there is nothing to draw
        if depth < len(one) and depth < len(two):
            self.pairs.setdefault(one[depth - 1] if depth else None, set()).add((one[depth], two[depth]))


def build_picture(definition: Definition, say: Messages, state: CaseState | None = None) -> Picture:
    """Makes the picture of a process, or of a case where `state` is given, with captions in the reader's language."""
    links = _Links(definition)
    for source, target in dict.fromkeys(_dependencies(definition)):
        if source != target:
            links.link(source, target)
    nodes: dict[str, list[Node]] = {}
    for node in state.nodes.values() if state else ():
        nodes.setdefault(node.element, []).append(node)
    held: dict[str | None, list[Item]] = {}
    # names that captions show by their titles: roles, and parameters that stand for a rhythm
    titles = {p.name: p.title for p in definition.parameters} | {r.name: r.title for r in definition.roles}
    titles |= named.titles(definition)
    order = {e.name: i for i, e in enumerate(definition.elements)}
    names = {e.name: e.title for e in definition.elements}
    choices = {
        name: say(f"graph.order_{rule.kind}", names=", ".join(names.get(n, n) for n in rule.elements))
        for rule in definition.orders
        for name in rule.elements
    }
    slack, ruled = _slack(definition), _ruled(definition)
    for element in reversed(definition.elements):  # children before their parent
        children = tuple(reversed(held.get(element.name, [])))
        captions = [*_captions(element, titles, say), *([choices[element.name]] if element.name in choices else [])]
        if element.name in ruled:
            captions.append(say("graph.rules", names=", ".join(ruled[element.name])))
        captions += _booked(definition, element, say)
        spare = slack.get(element.name)
        if spare is not None:
            captions.append(say("graph.slack", length=say.lasting(spare)) if spare else say("graph.critical"))
        item = Item(
            element.name,
            plain(element.title),
            element.kind,
            tuple(map(plain, captions)),
            element.many is not None,
            children=children,
            arrows=_arrows(links.pairs.get(element.name, set()), order),
            critical=spare == 0,
        )
        if state is not None:
            item = _stand(item, nodes.get(element.name, []))
        held.setdefault(element.parent, []).append(item)
    return Picture(
        definition.name,
        plain(definition.title),
        tuple(reversed(held.get(None, []))),
        _arrows(links.pairs.get(None, set()), order),
        tuple(_returns(definition)),
        state.status if state else None,
        state.case if state else " · ".join(_of_case(definition, ruled, say)) or None,
    )


def _of_case(definition: Definition, ruled: dict[str, list[str]], say: Messages) -> Iterator[str]:
    """Says which rules wait for the case or a time, and what counts the case when it is completed."""
    if "" in ruled:
        yield say("graph.rules", names=", ".join(ruled[""]))
    if definition.counters:
        yield say("graph.counted", names=", ".join(plain(each.title) for each in definition.counters))


def _ruled(definition: Definition) -> dict[str, list[str]]:
    """Gives the titles of the rules by the element that they wait for; "": those that wait for the case, or a time."""
    found: dict[str, dict[str, None]] = {}
    for rule in definition.rules:
        for on in rule.occasions:
            names = [on.name] if on.kind in ("state", "rejected") and on.name != "case" else []
            for e in definition.elements:
                waits = e.work is not None and e.work.kind == "signal" and e.work.target == on.name
                if (on.kind == "written" and on.name in e.outputs) or (on.kind == "signal" and waits):
                    names.append(e.name)
            for name in names or [""]:
                found.setdefault(name or "", {})[plain(rule.title)] = None
    return {name: list(titles) for name, titles in found.items()}


def _booked(definition: Definition, element: Element, say: Messages) -> Iterator[str]:
    """Says of which ledgers an element writes the baseline, in which its records are booked, and by what it queues."""
    baselines, books = [], []
    for ledger in definition.ledgers:
        if ledger.baseline.split(".")[0] in element.outputs:
            baselines.append(plain(ledger.title))
        if not {b.items.split(".")[0] for b in ledger.bookings}.isdisjoint(element.outputs):
            books.append(plain(ledger.title))
    for queue in definition.queues:
        if element.kind == "activity" and element.work is None and queue.role in element.roles and queue.ranks:
            yield say("graph.queued", text=", ".join(plain(rank.by) for rank in queue.ranks))
    if baselines:
        yield say("graph.ledger_of", names=", ".join(baselines))
    if books:
        yield say("graph.ledger_books", names=", ".join(books))


def _slack(definition: Definition) -> dict[str, int]:
    """Gives how much later work may end that takes time, in microseconds; nothing where no work says what it takes."""
    if all(element.takes is None for element in definition.elements):
        return {}
    found = schedule(prepare(definition), starting(definition))
    return {} if found is None else {each.element: each.slack for each in found.timed if each.own}


def plain(text: str) -> str:
    """Gives text without what no drawing can hold: control characters and lone surrogates become blanks."""
    return shown(text)


def _dependencies(definition: Definition) -> Iterator[tuple[str, str]]:
    """Gives (what comes first, what needs it) for every dependency that the definition states."""
    elements = {e.name for e in definition.elements}
    producers: dict[str, list[str]] = {}
    for element in definition.elements:
        for record in element.outputs:
            producers.setdefault(record, []).append(element.name)
    for element in definition.elements:
        for after in element.after:
            yield from ((name, element.name) for name in after.elements)
        for needed in element.inputs:
            yield from ((name, element.name) for name in needed.approvals or producers.get(needed.record, ()))
        conditions = (element.when, element.offered, element.many.items if element.many else None)
        for name in _roots(text for text in conditions if text):
            if name in elements:
                yield name, element.name
            yield from ((producer, element.name) for producer in producers.get(name, ()))


def _roots(texts: Iterable[str]) -> Iterator[str]:
    """Names what FEEL texts read."""
    for text in texts:
        tree = feel.parse(text).tree
        if tree is not None:
            yield from sorted(feel.compile(tree).names)


def _arrows(pairs: set[tuple[str, str]], order: Mapping[str, int]) -> tuple[Arrow, ...]:
    """Orders arrows as the file does, without those that would close a cycle or follow from others."""
    followers: dict[str, list[str]] = {}
    for source, target in sorted(pairs, key=lambda pair: (order[pair[0]], order[pair[1]])):
        followers.setdefault(source, []).append(target)
        followers.setdefault(target, [])
    last_first = _without_cycles(followers)
    place = {name: i for i, name in enumerate(reversed(last_first))}
    beyond: dict[str, int] = {}  # what can be reached from a name, as bits by place
    kept: list[Arrow] = []
    for name in last_first:
        reached = 0
        for target in sorted(followers[name], key=place.__getitem__):
            if not reached >> place[target] & 1:  # else another way leads there
                kept.append(Arrow(name, target))
            reached |= beyond[target]
        beyond[name] = reached | 1 << place[name]
    return tuple(sorted(kept, key=lambda arrow: (order[arrow.source], order[arrow.target])))


def _without_cycles(followers: dict[str, list[str]]) -> list[str]:
    """Takes out the arrows that close a cycle; gives the names, each after all that follow it."""
    finished: dict[str, None] = {}
    open_: set[str] = set()
    for start in followers:
        stack = [] if start in finished else [(start, iter(list(followers[start])))]
        open_.update(name for name, _ in stack)
        while stack:
            name, targets = stack[-1]
            target = next(targets, None)
            if target is None:
                stack.pop()
                open_.discard(name)
                finished[name] = None
            elif target in open_:
                followers[name].remove(target)
            elif target not in finished:
                open_.add(target)
                stack.append((target, iter(list(followers[target]))))
    return list(finished)


def _returns(definition: Definition) -> Iterator[Return]:
    for element in definition.elements:
        agreement = element.agreement
        if agreement is None:
            continue
        rejected = agreement.on_reject
        if rejected is not None and rejected.kind == "return" and rejected.target:
            yield Return(element.name, rejected.target, "reject")
            if agreement.on_return == rejected.target:
                continue
        if agreement.on_return:
            yield Return(element.name, agreement.on_return, "return")


def _captions(element: Element, titles: Mapping[str, str], say: Messages) -> Iterator[str]:
    """Gives the small lines under an element's title: who decides or does it, what runs, how often."""
    agreement, work = element.agreement, element.work
    if agreement is not None:
        yield say("graph.then").join(_stage(stage, titles, say) for stage in agreement.stages)
        if agreement.passes:
            yield say("graph.passes")
        if agreement.same_person:
            yield say("graph.same_person")
        if isinstance(agreement.on_reject, Consequence) and agreement.on_reject.kind == "cancel":
            yield say("graph.cancels")
    elif work is not None:
        yield say(f"graph.work_{work.kind}", target=work.target or work.when or "")
    elif element.roles:
        yield ", ".join(titles.get(role, role) for role in element.roles)
    if element.many is not None:
        key = "many_open" if element.many.open else "many"
        yield say(f"graph.{key}", variable=element.many.variable, items=element.many.items)
        if element.many.enough is not None:
            yield say("graph.enough", enough=element.many.enough)
        if element.many.closes is not None:
            yield say("graph.closes", condition=element.many.closes)
    if element.offers:
        yield say("graph.offers", registers=", ".join(element.offers))
    if element.reopening is not None:
        yield say("graph.reopening", span=element.reopening)
    if element.repeat is not None:
        repeat = element.repeat
        key = "repeat_every" if repeat.every else "repeat_until"
        text = repeat.every or repeat.until or ""
        yield say(f"graph.{key}", text=titles.get(text, text))
        if repeat.missed is not None:
            yield say(f"graph.missed_{repeat.missed}")
    phrases = Phrases(keywords(say.lang))
    yield from (event_line(event, phrases) for event in element.events if event.kind != "remind")
    if element.offered is not None:
        yield say("graph.offered", text=element.offered)
    if element.never_skipped:
        yield say("graph.never_skipped")


def _stage(stage: Stage, titles: Mapping[str, str], say: Messages) -> str:
    votes = _votes(stage, titles, say)
    return votes if stage.when is None else say("graph.stage_when", stage=votes, text=plain(stage.when))


def _votes(stage: Stage, titles: Mapping[str, str], say: Messages) -> str:
    names = [titles.get(role, role) for role, _ in stage.seats]
    if stage.other:
        names = [say("graph.other", name=name) for name in names]
    seats = sum(count for _, count in stage.seats)
    if seats == 1:
        return names[0] if stage.needed else say("graph.all_of", names=names[0])
    if stage.needed in (0, seats) and not stage.first and len(names) > 1:
        return say("graph.all_of", names=", ".join(names))
    if stage.first:
        return say("graph.any_of", names=", ".join(names))
    return say("graph.some_of", needed=stage.needed, seats=seats, names=", ".join(names))


def _stand(item: Item, nodes: list[Node]) -> Item:
    """Puts the present state of an element's instances on its item."""
    # a `for each` group stands for its instances once there are any
    instances = [n for n in nodes if is_instance(n.key)] or nodes
    if not instances:
        return replace(item, state="planned")
    rank = {state: i for i, state in enumerate(_PRESENCE)}
    state = min((n.state for n in instances), key=lambda s: rank.get(s, len(rank)))
    settled = sum(n.state in SETTLED for n in instances)
    several = len(instances) if len(instances) > 1 or instances[0].key != item.name else 0
    return replace(item, state=state, count=several, settled=settled)

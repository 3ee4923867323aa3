"""Hypothesis strategies for small random processes (as Definitions) and for the commands somebody might send.

A process is drawn top down: phases, elements, then inputs, outputs, orders and rules among what is already there, so
that every definition keeps the invariants of `engine.definition`. Commands are mostly sensible for a given state,
and sometimes garbage; `play` draws a whole history.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from charter.engine import commands as c
from charter.engine.definition import (
    After,
    Agreement,
    Check,
    Consequence,
    Definition,
    Element,
    Escalation,
    Field,
    Input,
    Many,
    Order,
    Parameter,
    RecordType,
    Repeat,
    Requirement,
    Retry,
    Role,
    Separation,
    Stage,
    TypeRef,
    Work,
)
from charter.engine.state import NEW, CaseState
from charter.engine.transition import Step, step

ROLES = ("maker", "checker", "boss")
PEOPLE = (
    c.Actor("li", ("maker",), skills=(("drive", 3),)),
    c.Actor("wu", ("maker", "checker"), certificates=("PMP",)),
    c.Actor("zhao", ("checker", "boss")),
    c.Actor("qian", ("boss", "maker", "checker"), certificates=("PMP",), skills=(("drive", 5),)),
    c.Actor("sun", ("maker", "checker"), on_behalf_of="li", lent=("maker",)),
    c.Actor("nobody"),
)
NUMBER = TypeRef("number")
HOUR = 3_600_000_000
START = 1_780_000_000_000_000


def record_type(name: str) -> RecordType:
    """A record with a number, a condition on it and a list of numbers."""
    return RecordType(
        name, name,
        (Field("x", "x", NUMBER, where="x >= 0"), Field("rows", "rows", TypeRef("list", NUMBER), optional=True)),
    )  # fmt: skip


class _Draw:
    """One process in the making."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.elements: list[Element] = []
        self.records: list[RecordType] = []
        self.loops: dict[str, tuple[str, ...]] = {}
        self.made: dict[str, str] = {}
        self.approvals: dict[str, str] = {}

    def one(self, *values: Any) -> Any:
        return self.draw(st.sampled_from(values))

    def chance(self, percent: int) -> bool:
        return bool(self.draw(st.integers(0, 99)) < percent)

    def name(self, prefix: str) -> str:
        return f"{prefix}{len(self.elements) + 1}"

    def add(self, element: Element) -> None:
        outer = self.loops.get(element.parent or "", ())
        self.loops[element.name] = (*outer, element.name) if element.many else outer
        self.elements.append(element)
        for record in element.outputs:
            self.made.setdefault(record, element.name)

    def many(self) -> Many | None:
        lists = [record for record in self.made]
        if not lists or not self.chance(18):
            return None
        return Many(
            "v", f"{self.one(*lists)}.rows", open=self.chance(25), enough=1 if self.chance(15) else None
        )

    def condition(self) -> str | None:
        if not self.made or not self.chance(20):
            return None
        record = self.one(*self.made)
        return self.one(f"{record}.x > 1", f"{record}.x != null", "case.open", "missing.x > 1")

    def inputs(self) -> tuple[Input, ...]:
        if not self.made or not self.chance(75):
            return ()
        names = self.draw(st.lists(st.sampled_from(list(self.made)), min_size=1, max_size=2, unique=True))
        return tuple(
            Input(n, tuple(a for a, of in self.approvals.items() if of == n and self.chance(60))) for n in names
        )

    def after(self, names: list[str]) -> tuple[After, ...]:
        if not names or not self.chance(25):
            return ()
        chosen = self.draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
        return (After(tuple(chosen), self.draw(st.integers(1, len(chosen)))),)

    def repeat(self, name: str) -> Repeat | None:
        if not self.chance(12):
            return None
        if self.chance(50):
            return Repeat(until=self.one(f"{name}.iteration >= 2", "true", "missing.x > 1"))
        return Repeat(every="1 hour", while_=self.one("case.open", f"{name}.iteration < 3", None))

    def activity(self, parent: str | None, beside: list[str]) -> None:
        name = self.name("a")
        outputs: tuple[str, ...] = ()
        if self.chance(65):
            if self.made and self.chance(12):
                outputs = (self.one(*self.made),)
            else:
                self.records.append(record_type(f"r{len(self.records) + 1}"))
                outputs = (self.records[-1].name,)
        work = None
        if self.chance(12):
            work = self.one(
                Work("call", "robot", retry=Retry(2, "2 hours")),
                Work("run", "child"),
                Work("start", "child"),
                Work("signal", "bell"),
                Work("pause", when="2 hours"),
            )
            if work.kind in ("start", "signal", "pause"):
                outputs = ()
        checklist = ()
        if work is None and self.chance(10):
            checklist = (Check("seen", "seen", by=self.one(None, "checker")), Check("twice", "twice", other=True))
        element = Element(
            name, name, "activity", parent,
            inputs=self.inputs(), outputs=outputs, after=self.after(beside), when=self.condition(), many=self.many(),
            repeat=self.repeat(name), roles=() if work is not None else (self.one(*ROLES),),
            within="2 hours" if self.chance(20) else None, work=work, checklist=checklist,
            assign='"wu"' if self.chance(6) else None,
            assign_mode="offer",
        )  # fmt: skip
        if element.assign is not None:
            element = replace(element, assign_mode="expression")
        self.add(element)

    def approval(self, parent: str | None, beside: list[str]) -> None:
        name = self.name("p")
        of = self.one(*self.made)
        stage = self.one(
            Stage((("checker", 1),), 1),
            Stage((("boss", 1),), 1),
            Stage((("checker", 2),), 2),
            Stage((("checker", 1), ("boss", 1)), 1, first=True),
            Stage((("checker", 3),), 2),
        )
        stages = (stage, Stage((("boss", 1),), 1)) if self.chance(25) else (stage,)
        maker = self.made[of]
        outside = set(self.loops[maker]) - set(self.loops.get(parent or "", ()))
        back = Consequence("return", maker) if not outside and self.chance(70) else None
        agreement = Agreement(
            of, stages,
            veto="boss" if self.chance(15) else None,
            criteria=f"{of}.x > 0" if not outside and self.chance(25) else None,
            on_reject=Consequence("cancel", None, "no") if self.chance(10) else back,
            escalation=Escalation(2, "boss") if self.chance(20) else None,
        )  # fmt: skip
        earlier = tuple(a for a, o in self.approvals.items() if o == of and self.chance(30))
        self.add(
            Element(
                name, name, "approval", parent, inputs=(Input(of, earlier),), after=self.after(beside),
                when=self.condition(), agreement=agreement, within="1 hour" if self.chance(20) else None,
            )  # fmt: skip
        )
        self.approvals[name] = of

    def fill(self, parent: str | None, depth: int) -> None:
        beside: list[str] = []
        for _ in range(self.draw(st.integers(1, 3 if depth else 4))):
            before = len(self.elements)
            kind = self.draw(st.integers(0, 9))
            if kind <= 1 and depth < 2:
                self.phase(parent, beside, depth)
            elif kind <= 4 and self.made:
                self.approval(parent, beside)
            elif kind == 5:
                name = self.name("m")
                when = self.condition() or (f"{self.one(*beside)}.done" if beside else "true")
                self.add(Element(name, name, "milestone", parent, when=when))
            else:
                self.activity(parent, beside)
            beside.append(self.elements[before].name)

    def phase(self, parent: str | None, beside: list[str], depth: int) -> None:
        name = self.name("f")
        after = (After((beside[-1],), 1),) if beside and self.chance(60) else ()
        many = self.many()
        place = len(self.elements)
        self.add(Element(name, name, "phase", parent, after=after, when=self.condition(), many=many))
        self.fill(name, depth + 1)
        if many is None and self.chance(8):
            until = f"{name}.iteration >= 2"
            self.elements[place] = replace(self.elements[place], repeat=Repeat(until=until))

    def definition(self) -> Definition:
        self.fill(None, 0)
        leaves = [e.name for e in self.elements if e.kind in ("activity", "approval") and e.work is None]
        separations = []
        if len(leaves) >= 2:
            for _ in range(self.draw(st.integers(0, 2))):
                a, b = self.draw(st.lists(st.sampled_from(leaves), min_size=2, max_size=2, unique=True))
                separations.append(Separation(a, b, same=self.chance(20)))
        orders = []
        siblings = [e.name for e in self.elements if e.kind == "activity" and e.parent is None and not e.many]
        if len(siblings) >= 2 and self.chance(25):
            orders.append(Order(self.one("first", "single"), tuple(siblings[:2])))
        return Definition(
            "random", "random",
            owner=self.one("boss", None),
            parameters=(Parameter("limit", "limit", NUMBER, "3"),),
            roles=(
                Role("maker", "maker"), Role("checker", "checker"),
                Role("boss", "boss", requires=(Requirement("certificate", "PMP"),) if self.chance(10) else ()),
            ),
            records=tuple(self.records), separations=tuple(separations), elements=tuple(self.elements),
            outputs=tuple(r.name for r in self.records[:1]), orders=tuple(orders),
        )  # fmt: skip


@st.composite
def definitions(draw: Any) -> Definition:
    """Draws a small process that keeps every invariant of a checked definition."""
    return _Draw(draw).definition()


values = st.one_of(
    st.fixed_dictionaries(
        {"x": st.integers(0, 3)}, optional={"rows": st.lists(st.integers(0, 3), max_size=3)}
    ),
    st.fixed_dictionaries({"x": st.integers(0, 3), "rows": st.lists(st.integers(0, 3), max_size=3)}),
)
garbage = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def _likely(draw: Any, definition: Definition, state: CaseState, at: int) -> c.Command | None:
    """Draws a command that has a chance: somebody works on what is open."""
    elements = {e.name: e for e in definition.elements}
    open_nodes = [n for n in state.nodes.values() if n.state in ("ready", "claimed", "active", "failed")]
    leaves = [n for n in open_nodes if elements[n.element].kind != "phase"]
    if not leaves:
        return None
    node = draw(st.sampled_from(leaves))
    element = elements[node.element]
    who = draw(st.sampled_from(PEOPLE))
    if element.work is not None:
        if node.state == "failed":
            return c.Retry(actor=who, at=at, node=node.key)
        if element.work.kind == "signal":
            return c.Signal(actor=who, at=at, name="bell")
        given = tuple((record, draw(values)) for record in element.outputs)
        failure = draw(st.sampled_from([None, None, "down"]))
        return c.Answer(actor=c.SYSTEM, at=at, node=node.key, attempt=node.attempt, records=given, failure=failure)
    if element.kind == "approval":
        choice = draw(st.integers(0, 5))
        if choice <= 3:
            return c.Approve(actor=who, at=at, node=node.key)
        verb = c.Reject if choice == 4 else c.Return
        return verb(actor=who, at=at, node=node.key, reason="because")
    choice = draw(st.integers(0, 11))
    if choice == 0:
        return c.Claim(actor=who, at=at, node=node.key)
    if choice == 1:
        return c.Begin(actor=who, at=at, node=node.key)
    if choice == 2:
        return c.Return(actor=who, at=at, node=node.key, reason="because")
    if choice == 3:
        return c.Delegate(actor=who, at=at, node=node.key, to=draw(st.sampled_from(PEOPLE)))
    if choice == 4 and element.checklist:
        check = draw(st.sampled_from(["seen", "twice"]))
        return c.Confirm(actor=who, at=at, node=node.key, check=check)
    given = tuple((record, draw(values)) for record in element.outputs)
    ticks = (("seen", None),) if element.checklist else ()
    return c.Complete(actor=who, at=at, node=node.key, records=given, checks=ticks)


def _departure(draw: Any, state: CaseState, at: int) -> c.Command:
    """Draws a command that departs from the plan, on any node or record."""
    who = draw(st.sampled_from(PEOPLE))
    key = draw(st.sampled_from([*state.nodes, "ghost"]))
    record = draw(st.sampled_from([*state.versions, "ghost"]))
    common: dict[str, Any] = {"actor": who, "at": at, "reason": draw(st.sampled_from(["because", None]))}
    kind = draw(st.integers(0, 15))
    if kind <= 3:
        return c.Amend(record=record, value=draw(values), **{**common, "reason": "because"})
    if kind <= 5:
        return c.Reopen(node=key, **{**common, "reason": "because"})
    if kind == 6:
        return c.Withdraw(node=key, **common)
    if kind == 7:
        return c.Skip(node=key, **common)
    if kind == 8:
        return c.Cancel(node=draw(st.sampled_from([key, key, key, None])), **common)
    if kind == 9:
        return c.Suspend(node=draw(st.sampled_from([key, None])), **common)
    if kind == 10:
        return c.Resume(node=draw(st.sampled_from([key, None])), **common)
    if kind == 11:
        return c.Add(node=key, item=draw(st.integers(0, 3)), **common)
    if kind == 12:
        return c.Close(node=key, **common)
    if kind == 13:
        return c.Release(node=key, **common)
    if kind == 14:
        return c.Return(node=key, to=draw(st.sampled_from([None, *state.nodes])), **common)
    return c.Withdraw(node=key, **common)


def _garbage(draw: Any, state: CaseState, at: int) -> c.Command:
    """Draws a command that makes little sense."""
    who = draw(st.sampled_from((*PEOPLE, c.SYSTEM)))
    key = draw(st.sampled_from([*state.nodes, "ghost", "a1[9]", "a1[x]", ""]))
    common: dict[str, Any] = {"actor": who, "at": at, "reason": draw(st.sampled_from([None, "", "why"]))}
    made = (
        lambda: c.Complete(node=key, records=((draw(st.sampled_from(["r1", "zz"])), draw(garbage)),), **common),
        lambda: c.Amend(record=draw(st.sampled_from([*state.versions, "zz"])), value=draw(garbage), **common),
        lambda: c.Add(node=key, item=draw(garbage), **common),
        lambda: c.Confirm(node=key, check="seen", evidence=draw(garbage), **common),
        lambda: c.Answer(node=key, attempt=draw(st.integers(-1, 3)), records=(("r1", draw(garbage)),), **common),
        lambda: c.Signal(name=draw(st.sampled_from(["bell", "gong"])), records=(("r1", 1),), **common),
        lambda: c.Assign(node=key, to=draw(st.sampled_from(PEOPLE)), **common),
        lambda: c.Attach(file=draw(garbage), node=draw(st.sampled_from([key, None])), **common),
        lambda: c.Comment(text="hm", **common),
        lambda: c.Approve(node=key, **common),
        lambda: c.Reject(node=key, **common),
        lambda: c.Claim(node=key, **common),
        lambda: c.Retry(node=key, **common),
        lambda: c.Start(case="again", **common),
        lambda: c.Tick(**common),
    )
    return made[draw(st.integers(0, len(made) - 1))]()


def command(draw: Any, definition: Definition, state: CaseState, at: int) -> c.Command:
    """Draws one command for a state."""
    if state.status == "none":
        return c.Start(actor=draw(st.sampled_from(PEOPLE[:5])), at=at, case="c1")
    kind = draw(st.integers(0, 19))
    if kind <= 12:
        likely = _likely(draw, definition, state, at)
        if likely is not None:
            return likely
    if kind <= 17:
        return _departure(draw, state, at)
    if kind == 18:
        return c.Tick(actor=c.SYSTEM, at=state.wake if state.wake is not None and state.wake > at else at)
    return _garbage(draw, state, at)


@st.composite
def histories(draw: Any, most: int = 25) -> tuple[Definition, list[tuple[CaseState, c.Command, Step]]]:
    """Draws a process and a history of it: (state before, command, step) for each command."""
    definition = draw(definitions())
    state, at = NEW, START
    rows: list[tuple[CaseState, c.Command, Step]] = []
    for _ in range(draw(st.integers(3, most))):
        at += draw(st.integers(0, 2)) * HOUR
        sent = command(draw, definition, state, at)
        at = max(at, sent.at)
        done = step(definition, state, sent)
        rows.append((state, sent, done))
        state = done.state
    return definition, rows

"""Hypothesis strategies for small random processes (as Definitions) and for the commands somebody might send.

A process is drawn top down: phases, elements, then inputs, outputs, orders and rules among what is already there, so
that every definition keeps the invariants of `engine.definition`. Commands are mostly sensible for a given state,
and sometimes garbage; `histories` draws a process and a whole history of it. Hypothesis draws a seed and a length,
because thousands of single draws for each example would cost more than the engine does; a failing history shrinks to
its shortest prefix.
"""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

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
        name,
        name,
        (Field("x", "x", NUMBER, where="x >= 0"), Field("rows", "rows", TypeRef("list", NUMBER), optional=True)),
    )


class _Draw:
    """One process in the making."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.elements: list[Element] = []
        self.records: list[RecordType] = []
        self.loops: dict[str, tuple[str, ...]] = {}
        self.made: dict[str, str] = {}
        self.approvals: dict[str, str] = {}

    def one(self, *values: Any) -> Any:
        return self.rng.choice(values)

    def chance(self, percent: int) -> bool:
        return bool(self.rng.randint(0, 99) < percent)

    def some(self, values: list[str], least: int, most: int) -> list[str]:
        return self.rng.sample(values, min(len(values), self.rng.randint(least, most)))

    def name(self, prefix: str) -> str:
        return f"{prefix}{len(self.elements) + 1}"

    def add(self, element: Element) -> None:
        outer = self.loops.get(element.parent or "", ())
        self.loops[element.name] = (*outer, element.name) if element.many else outer
        self.elements.append(element)
        for record in element.outputs:
            self.made.setdefault(record, element.name)

    def many(self) -> Many | None:
        lists = list(self.made)
        if not lists or not self.chance(18):
            return None
        return Many("v", f"{self.one(*lists)}.rows", open=self.chance(25), enough=1 if self.chance(15) else None)

    def condition(self) -> str | None:
        if not self.made or not self.chance(20):
            return None
        record = self.one(*self.made)
        return self.one(f"{record}.x > 1", f"{record}.x != null", "case.open", "missing.x > 1")

    def inputs(self) -> tuple[Input, ...]:
        if not self.made or not self.chance(75):
            return ()
        names = self.some(list(self.made), 1, 2)
        return tuple(
            Input(n, tuple(a for a, of in self.approvals.items() if of == n and self.chance(60))) for n in names
        )

    def after(self, names: list[str]) -> tuple[After, ...]:
        if not names or not self.chance(25):
            return ()
        chosen = self.some(names, 1, 2)
        return (After(tuple(chosen), self.rng.randint(1, len(chosen))),)

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
            name,
            name,
            "activity",
            parent,
            inputs=self.inputs(),
            outputs=outputs,
            after=self.after(beside),
            when=self.condition(),
            many=self.many(),
            repeat=self.repeat(name) if work is None or outputs else None,
            roles=() if work is not None else (self.one(*ROLES),),
            within="2 hours" if self.chance(20) else None,
            work=work,
            checklist=checklist,
            assign='"wu"' if self.chance(6) else None,
            assign_mode="offer",
        )
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
            Stage((("checker", 2),), 1, other=True),
        )
        stages = (stage, Stage((("boss", 1),), 1)) if self.chance(25) else (stage,)
        maker = self.made[of]
        outside = set(self.loops[maker]) - set(self.loops.get(parent or "", ()))
        back = Consequence("return", maker) if not outside and self.chance(70) else None
        agreement = Agreement(
            of,
            stages,
            veto="boss" if self.chance(15) else None,
            criteria=f"{of}.x > 0" if not outside and self.chance(25) else None,
            on_reject=Consequence("cancel", None, "no") if self.chance(10) else back,
            escalation=Escalation(2, "boss") if self.chance(20) else None,
        )
        earlier = tuple(a for a, o in self.approvals.items() if o == of and self.chance(30))
        within = "1 hour" if self.chance(20) else None
        self.add(
            Element(
                name,
                name,
                "approval",
                parent,
                inputs=(Input(of, earlier),),
                after=self.after(beside),
                when=self.condition(),
                agreement=agreement,
                within=within,
            )
        )
        self.approvals[name] = of

    def fill(self, parent: str | None, depth: int) -> None:
        beside: list[str] = []
        for _ in range(self.rng.randint(1, 3 if depth else 4)):
            before = len(self.elements)
            kind = self.rng.randint(0, 9)
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
            for _ in range(self.rng.randint(0, 2)):
                a, b = self.some(leaves, 2, 2)
                separations.append(Separation(a, b, same=self.chance(20)))
        orders = []
        siblings = [e.name for e in self.elements if e.kind == "activity" and e.parent is None and not e.many]
        if len(siblings) >= 2 and self.chance(25):
            orders.append(Order(self.one("first", "single"), tuple(siblings[:2])))
        return Definition(
            "random",
            "random",
            owner=self.one("boss", None),
            parameters=(Parameter("limit", "limit", NUMBER, "3"),),
            roles=(
                Role("maker", "maker"),
                Role("checker", "checker"),
                Role("boss", "boss", requires=(Requirement("certificate", "PMP"),) if self.chance(10) else ()),
            ),
            records=tuple(self.records),
            separations=tuple(separations),
            elements=tuple(self.elements),
            outputs=tuple(r.name for r in self.records[:1]),
            orders=tuple(orders),
        )


def definition(rng: Random) -> Definition:
    """Makes a small process that keeps every invariant of a checked definition."""
    return _Draw(rng).definition()


def definitions() -> st.SearchStrategy[Definition]:
    """Draws a small process."""
    return st.integers(0, 2**48).map(lambda seed: definition(Random(seed)))


def value(rng: Random) -> dict[str, Any]:
    """A record's content, mostly a good one."""
    found: dict[str, Any] = {"x": rng.randint(-1, 3) if rng.random() < 0.1 else rng.randint(1, 3)}
    if rng.random() < 0.7:
        found["rows"] = [rng.randint(0, 3) for _ in range(rng.randint(0, 3))]
    return found


def garbage(rng: Random, depth: int = 0) -> Any:
    """Any JSON data, also such as looks like an encoded value and is none."""
    kind = rng.randint(0, 10 if depth < 3 else 7)
    if kind == 8:
        return [garbage(rng, depth + 1) for _ in range(rng.randint(0, 3))]
    if kind >= 9:
        names = ("x", "rows", "date", "number", "money", "currency", "span", "context", "file", "")
        return {rng.choice(names): garbage(rng, depth + 1) for _ in range(rng.randint(0, 3))}
    return rng.choice((None, True, 0, -1, 10**30, "", "x", "2026-13-45", "1e999", "3 working days", "\ud800"))


def _fit(rng: Random, element: Element) -> c.Actor:
    """Picks somebody, mostly somebody who has a role in it."""
    roles = set(element.roles)
    if element.agreement is not None:
        roles.update(role for stage in element.agreement.stages for role, _ in stage.seats)
    fit = [person for person in PEOPLE if roles & set(person.roles)]
    return rng.choice(fit if fit and rng.random() < 0.85 else PEOPLE)


def _likely(rng: Random, definition: Definition, state: CaseState, at: int) -> c.Command | None:
    """Draws a command that has a chance: somebody works on what is open."""
    elements = {e.name: e for e in definition.elements}
    open_nodes = [n for n in state.nodes.values() if n.state in ("ready", "claimed", "active", "failed")]
    leaves = [n for n in open_nodes if elements[n.element].kind != "phase"]
    if not leaves:
        return None
    node = rng.choice(leaves)
    element = elements[node.element]
    who = _fit(rng, element)
    if element.work is not None:
        if node.state == "failed":
            return c.Retry(actor=who, at=at, node=node.key)
        if element.work.kind == "signal":
            return c.Signal(actor=who, at=at, name="bell")
        given = tuple((record, value(rng)) for record in element.outputs)
        failure = rng.choice([None, None, "down"])
        return c.Answer(actor=c.SYSTEM, at=at, node=node.key, attempt=node.attempt, records=given, failure=failure)
    if element.kind == "approval":
        choice = rng.randint(0, 5)
        if choice <= 3:
            return c.Approve(actor=who, at=at, node=node.key)
        verb = c.Reject if choice == 4 else c.Return
        return verb(actor=who, at=at, node=node.key, reason="because")
    choice = rng.randint(0, 11)
    if choice == 0:
        return c.Claim(actor=who, at=at, node=node.key)
    if choice == 1:
        return c.Begin(actor=who, at=at, node=node.key)
    if choice == 2:
        return c.Return(actor=who, at=at, node=node.key, reason="because")
    if choice == 3:
        return c.Delegate(actor=who, at=at, node=node.key, to=rng.choice(PEOPLE))
    if choice == 4 and element.checklist:
        check = rng.choice(["seen", "twice"])
        return c.Confirm(actor=who, at=at, node=node.key, check=check)
    given = tuple((record, _content(rng, state, node.key, record)) for record in element.outputs)
    ticks = (("seen", None),) if element.checklist else ()
    return c.Complete(actor=who, at=at, node=node.key, records=given, checks=ticks)


# verb -> node states in which it may be allowed
_APT = {
    "reopen": ("done", "granted", "rejected", "skipped", "cancelled", "failed", "reached"),
    "withdraw": ("done", "granted", "rejected"),
    "skip": ("planned", "ready", "claimed", "active", "stale", "failed", "suspended"),
    "cancel": ("planned", "ready", "claimed", "active", "stale", "failed", "suspended"),
    "suspend": ("ready", "claimed", "active"),
    "resume": ("suspended",),
    "release": ("claimed", "active"),
    "return": ("ready", "claimed", "active"),
    "add": ("active",),
    "close": ("active",),
}


def _content(rng: Random, state: CaseState, key: str, record: str) -> dict[str, Any]:
    """New content, or often what the element wrote before."""
    before = state.versions.get(record + key[len(key.split("[")[0]) :])
    if before is not None and rng.random() < 0.5:
        found: dict[str, Any] = before.value
        return found
    return value(rng)


def _departure(rng: Random, state: CaseState, at: int) -> c.Command:
    """Makes a command that departs from the plan, on a node or record that mostly allows it."""
    verb = rng.choice((*_APT, "amend", "amend", "amend", "reopen", "withdraw"))
    apt = [n for n in state.nodes.values() if n.state in _APT.get(verb, ())]
    node = rng.choice(apt) if apt and rng.random() < 0.9 else None
    key = node.key if node is not None else rng.choice([*state.nodes, "ghost"])
    doers = [p for p in PEOPLE if node is not None and p.person in node.doers]
    who = rng.choice(doers) if verb == "withdraw" and doers and rng.random() < 0.8 else rng.choice(PEOPLE[2:4])
    if rng.random() < 0.15:
        who = rng.choice(PEOPLE)
    common: dict[str, Any] = {"actor": who, "at": at, "reason": "because" if rng.random() < 0.9 else None}
    if verb == "amend":
        return c.Amend(record=rng.choice([*state.versions] or ["ghost"]), value=value(rng), **common)
    if verb in ("suspend", "resume", "cancel") and rng.random() < (0.1 if verb == "cancel" else 0.3):
        return {"suspend": c.Suspend, "resume": c.Resume, "cancel": c.Cancel}[verb](node=None, **common)
    if verb == "return":
        return c.Return(node=key, to=rng.choice([None, *state.nodes]), **common)
    if verb == "add":
        return c.Add(node=key, item=rng.randint(0, 3), **common)
    made: c.Command = c.COMMANDS[verb](node=key, **common)  # type: ignore[call-arg]
    return made


def _garbage(rng: Random, state: CaseState, at: int) -> c.Command:
    """Draws a command that makes little sense."""
    who = rng.choice((*PEOPLE, c.SYSTEM))
    key = rng.choice([*state.nodes, "ghost", "a1[9]", "a1[x]", ""])
    common: dict[str, Any] = {"actor": who, "at": at, "reason": rng.choice([None, "", "why"])}
    made = (
        lambda: c.Complete(node=key, records=((rng.choice((["r1", "zz"])), garbage(rng)),), **common),
        lambda: c.Amend(record=rng.choice([*state.versions, "zz"]), value=garbage(rng), **common),
        lambda: c.Add(node=key, item=garbage(rng), **common),
        lambda: c.Confirm(node=key, check="seen", evidence=garbage(rng), **common),
        lambda: c.Answer(node=key, attempt=rng.randint(-1, 3), records=(("r1", garbage(rng)),), **common),
        lambda: c.Signal(name=rng.choice(["bell", "gong"]), records=(("r1", 1),), **common),
        lambda: c.Assign(node=key, to=rng.choice(PEOPLE), **common),
        lambda: c.Attach(file=garbage(rng), node=rng.choice([key, None]), **common),
        lambda: c.Comment(text="hm", **common),
        lambda: c.Approve(node=key, **common),
        lambda: c.Reject(node=key, **common),
        lambda: c.Claim(node=key, **common),
        lambda: c.Retry(node=key, **common),
        lambda: c.Start(case="again", **common),
        lambda: c.Tick(**common),
    )
    return made[rng.randint(0, len(made) - 1)]()


def command(rng: Random, definition: Definition, state: CaseState, at: int) -> c.Command:
    """Draws one command for a state."""
    if state.status == "none":
        return c.Start(actor=rng.choice(PEOPLE[:5]), at=at, case="c1")
    kind = rng.randint(0, 29)
    if state.status == "suspended" and kind < 15:
        return c.Resume(actor=PEOPLE[3], at=at)
    if kind <= 20:
        likely = _likely(rng, definition, state, at)
        if likely is not None:
            return likely
    if kind <= 26:
        return _departure(rng, state, at)
    if kind <= 28:
        return c.Tick(actor=c.SYSTEM, at=state.wake if state.wake is not None and state.wake > at else at)
    return _garbage(rng, state, at)


def history(seed: int, length: int) -> tuple[Definition, list[tuple[CaseState, c.Command, Step]]]:
    """Makes a process and a history of it: (state before, command, step) for each command."""
    rng = Random(seed)
    process = definition(rng)
    state, at = NEW, START
    rows: list[tuple[CaseState, c.Command, Step]] = []
    for _ in range(length):
        at += rng.randint(0, 2) * HOUR
        sent = command(rng, process, state, at)
        at = max(at, sent.at)
        done = step(process, state, sent)
        rows.append((state, sent, done))
        state = done.state
    return process, rows


def histories(most: int = 40) -> st.SearchStrategy[tuple[Definition, list[tuple[CaseState, c.Command, Step]]]]:
    """Draws a history of at most so many commands."""
    return st.builds(history, st.integers(0, 2**48), st.integers(2, most))

"""Small random processes, as Definitions: what a strategy draws is made of the engine's own classes, not of text.

A process is drawn top down: phases, elements, then inputs, outputs, orders and rules among what is already there, so
that every definition keeps the invariants of `engine.definition`. Hypothesis draws a seed only: many draws for each
example would cost more than the engine does.
"""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from charter.engine.definition import (
    Action,
    After,
    Agreement,
    Check,
    Consequence,
    Definition,
    Element,
    Escalation,
    Event,
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

ROLES = ("maker", "checker", "boss")
NUMBER = TypeRef("number")


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
        items = f"{self.one(*lists)}.rows"
        enough = self.one(1, f"ceiling(count({items}) / 2)") if self.chance(15) else None
        return Many("v", items, open=self.chance(25), enough=enough)

    def condition(self) -> str | None:
        if not self.made or not self.chance(20):
            return None
        record = self.one(*self.made)
        return self.one(f"{record}.x > 1", f"{record}.x != null", "case.open", "missing.x > 1")

    def offered(self) -> str | None:
        return f"{self.one(*self.made)}.x > 1" if self.made and self.chance(25) else None

    def inputs(self) -> tuple[Input, ...]:
        if not self.made or not self.chance(75):
            return ()
        names = self.some(list(self.made), 1, 2)
        return tuple(
            Input(n, tuple(a for a, of in self.approvals.items() if of == n and self.chance(60))) for n in names
        )

    def events(self, *, dated: bool) -> tuple[Event, ...]:
        """Draws what may happen to an element beside its work."""
        tell, ask, up = Action("notify", ("boss",)), Action("start", (), "child"), Action("escalate", ("boss",))
        found: list[Event] = []
        if dated and self.chance(40):
            found.append(
                self.one(Event("overdue", (tell, up)), Event("remind", at="1 hour", roles=("boss",), holder=True))
            )
        if self.chance(12):
            at = self.one("3 hours", "2 working hours")
            found.append(self.one(Event("after", (ask, up), at), Event("after", at=at, ends=True, reason="late")))
        if self.chance(10):
            condition = self.condition() or "case.suspended"
            found.append(self.one(Event("when", (up,), condition), Event("when", at=condition, ends=True)))
        if self.chance(6):
            found.append(self.one(Event("signal", (tell,), "bell"), Event("signal", at="gong", ends=True)))
        return tuple(found)

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
        missed = (None, "once", "each", "none")[len(self.elements) % 4]
        return Repeat(
            every=self.one("1 hour", "2 working hours"),
            while_=self.one("case.open", f"{name}.iteration < 3", None),
            missed=missed,
        )

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
            if work.kind in ("start", "pause"):
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
            offered=self.offered() if work is None else None,
            many=self.many(),
            repeat=self.repeat(name) if work is None or outputs else None,
            roles=() if work is not None else (self.one(*ROLES),),
            within=self.one("2 hours", "3 working hours", "0.5 working days") if self.chance(25) else None,
            due=self.one(f"{name}.ready_at + 2 working hours", "missing.x") if self.chance(15) else None,
            work=work,
            checklist=checklist,
            assign='"wu"' if self.chance(6) else None,
            assign_mode="offer",
        )
        if element.assign is not None:
            element = replace(element, assign_mode="expression")
        element = replace(element, events=self.events(dated=element.within is not None))
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
                offered=self.offered(),
                agreement=agreement,
                within=within,
                events=self.events(dated=within is not None),
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
        self.add(
            Element(
                name,
                name,
                "phase",
                parent,
                after=after,
                when=self.condition(),
                many=many,
                events=self.events(dated=False),
            )
        )
        self.fill(name, depth + 1)
        if many is None and self.chance(8):
            until = f"{name}.iteration >= 2"
            self.elements[place] = replace(self.elements[place], repeat=Repeat(until=until))

    def by_people(self, name: str) -> bool:
        work = next(e.work for e in self.elements if e.name == name)
        return work is None or work.kind == "signal"

    def definition(self) -> Definition:
        self.fill(None, 0)
        leaves = [e.name for e in self.elements if e.kind in ("activity", "approval")]
        leaves = [name for name in leaves if self.by_people(name)]
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

"""Random processes as people might write them: texts for the checker, small enough to be explored whole.

Drawn top down from what stands already, so that most of them check. `ELEMENTS`, `FACTS` and `LINES` are the
productions, each with its weight; whoever wants another kind of element, condition or line adds a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import ClassVar, TypeVar

T = TypeVar("T")
ROLES = ("maker", "checker", "boss")
SPANS = ("1 hour", "2 hours", "3 hours")
HELPER = """process helper
  role maker
  input ask
  output reply
  record ask
    ok boolean
  record reply
    ok boolean
  activity answer_it
    role maker
    input ask
    output reply
"""


@dataclass
class _Scope:
    """What can be named at a place. `lists`: what a `for each` may go over; `many`: records seen as lists.

    `each`: activities for each of a list; `kinds`: records with a choice; `dated`: whatever may be overdue.
    """

    made: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    many: list[str] = field(default_factory=list)
    each: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    works: list[str] = field(default_factory=list)
    dated: list[str] = field(default_factory=list)
    approvals: list[str] = field(default_factory=list)
    milestones: list[str] = field(default_factory=list)
    inside: bool = False

    def own(self) -> _Scope:
        """Gives what can be named inside a block of its own: all this and more, of which the outside knows nothing."""
        return replace(self, **{n: list(v) for n, v in vars(self).items() if isinstance(v, list)}, inside=True)


class Draw:
    """A text as it is drawn; `here` is what can be named where it stands."""

    most: ClassVar[int] = 14
    elements: ClassVar[Mapping[Callable[..., None], tuple[int, int, tuple[str, ...]]]]

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.lines: list[str] = []
        self.heads: list[str] = []
        self.here = _Scope()
        self.beside: list[str] = []
        self.makers: dict[str, str] = {}
        self.by_hand: list[str] = []
        self.approved: set[str] = set()
        self.helped = False
        self.count = 0
        self.size = 0

    # -- chance ----------------------------------------------------------------------------------------------------

    def chance(self, percent: int) -> bool:
        return self.rng.randrange(100) < percent

    def one(self, of: Mapping[T, int]) -> T:
        """Draws one of several by its weight."""
        return self.rng.choices(list(of), list(of.values()))[0]

    def name(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def line(self, depth: int, text: str) -> None:
        self.lines.append("  " * depth + text)

    # -- records and facts -----------------------------------------------------------------------------------------

    def record(self) -> str:
        """Declares a record, and gives its name."""
        name = self.name("r")
        self.heads += [f"  record {name}", "    ok boolean"]
        kind = self.rng.randrange(100)
        if kind < 12:
            self.heads.append("    rows list of text")
        elif kind < 16:
            self.heads += [f"    rows list of {name}_row", f"  record {name}_row", "    parts list of text"]
        elif kind < 22:
            self.heads.append('    kind choice "a" | "b"')
        return name

    def produced(self, record: str) -> None:
        """Notes that a record is there from here on."""
        self.here.made.append(record)
        at = self.heads.index(f"  record {record}")
        if any("rows list" in line for line in self.heads[at + 2 : at + 3]):
            self.here.lists.append(f"{record}.rows")
        if any("kind choice" in line for line in self.heads[at + 2 : at + 3]):
            self.here.kinds.append(record)

    def fact(self) -> str | None:
        """Draws a condition on what stands already, None where nothing does."""
        pools = {name for name, pool in vars(self.here).items() if isinstance(pool, list) and not pool}
        kinds = {kind: weight for kind, weight in FACTS.items() if not any(f"{{{pool}}}" in kind for pool in pools)}
        if not kinds:
            return None
        found = [self.filled(self.one(kinds))]
        if self.chance(25):
            found[0] = f"not({found[0]})"
        if self.chance(18):
            found.append(self.filled(self.one(kinds)))
        return f" {self.rng.choice(['and', 'or'])} ".join(found)

    def filled(self, kind: str) -> str:
        pools = {name: pool for name, pool in vars(self.here).items() if isinstance(pool, list) and pool}
        return kind.format_map({name: self.rng.choice(pool) for name, pool in pools.items()})

    # -- lines of an element ---------------------------------------------------------------------------------------

    def common(self, depth: int, *, inputs: bool = True) -> None:
        """Draws what an element may wait for."""
        here = self.here
        if inputs and here.made and self.chance(35):
            self.line(depth, f"input {self.rng.choice(here.made)}")
        elif inputs and here.many and self.chance(30):
            self.line(depth, f"input {self.rng.choice(here.many)}")
        if self.beside and self.chance(40):
            chosen = self.rng.sample(self.beside, min(len(self.beside), self.rng.randint(1, 3)))
            some = self.one({"": 60, "any of ": 25, "2 of ": 15}) if len(chosen) > 1 else ""
            self.line(depth, f"after {'' if some == '2 of ' and len(chosen) < 3 else some}{', '.join(chosen)}")
        if self.chance(25) and (fact := self.fact()):
            self.line(depth, f"when {fact}")

    def offered(self, depth: int) -> None:
        """Draws as long as what work is offered."""
        if self.chance(9) and (fact := self.fact()):
            self.line(depth, f"offered while {fact}")

    def ended(self, depth: int) -> None:
        """Draws what ends an element before its work is done."""
        if self.chance(5):
            self.line(depth, f"ends after {self.rng.choice(SPANS)}")
        elif self.chance(5) and (fact := self.fact()):
            self.line(depth, f"ends when {fact}")
        elif self.chance(3):
            self.line(depth, "ends on stop")

    def dated(self, depth: int, name: str) -> None:
        """Draws by when an element is due."""
        if self.chance(10):
            self.line(depth, f"within {self.rng.choice(SPANS)}")
            self.here.dated.append(name)

    def stands(self, name: str) -> None:
        self.beside.append(name)
        self.here.works.append(name)

    def output(self, depth: int, name: str, percent: int) -> str | None:
        """Draws what an element writes."""
        if not self.chance(percent):
            return None
        again = self.here.made and not self.here.inside and self.chance(12)
        record = self.rng.choice(self.here.made) if again else self.record()
        self.line(depth, f"output {record}")
        self.makers.setdefault(record, name)
        return record

    # -- elements --------------------------------------------------------------------------------------------------

    def activity(self, depth: int) -> None:
        name = self.name("a")
        self.line(depth, f"activity {name}")
        self.line(depth + 1, f"role {self.rng.choice(ROLES)}")
        self.common(depth + 1)
        self.offered(depth + 1)
        self.ended(depth + 1)
        self.dated(depth + 1, name)
        record = self.output(depth + 1, name, 55)
        if record is not None and self.chance(12):
            self.line(depth + 1, f"repeat until {record}.ok")
        elif self.chance(5):
            fact = self.fact()
            self.line(depth + 1, f"repeat every {self.rng.choice(SPANS)}" + (f" while {fact}" if fact else ""))
        if record is not None and record not in self.here.made:
            self.produced(record)
        self.by_hand.append(name)
        self.stands(name)

    def each(self, depth: int) -> None:
        """Draws an activity for each of a list."""
        name, record = self.name("a"), None
        self.line(depth, f"activity {name} {self.over()}")
        self.line(depth + 1, f"role {self.rng.choice(ROLES)}")
        self.common(depth + 1)
        self.offered(depth + 1)
        if self.chance(50):
            record = self.record()
            self.line(depth + 1, f"output {record}")
            self.here.many.append(record)
        if self.chance(20):
            self.line(depth + 1, f"done when {self.rng.choice(('1', f'ceiling(count({name}) / 2)'))} of done")
        self.beside.append(name)
        self.here.works.append(name)
        self.here.each.append(name)

    def over(self) -> str:
        if not self.here.lists or self.chance(15):
            return f"for each open {self.name('x')}"
        chosen, variable = self.rng.choice(self.here.lists), self.name("x")
        return f"for each {variable} in {chosen}" + (" open" if self.chance(10) else "")

    def block(self, depth: int) -> None:
        """Draws a phase for each of a list."""
        name, head = self.name("f"), self.over()
        self.line(depth, f"phase {name} {head}")
        if self.beside and self.chance(30):
            self.line(depth + 1, f"after {self.rng.choice(self.beside)}")
        outside, self.here = self.here, self.here.own()
        _, _, variable, *_, items = head.split() if " in " in head else ("", "", "", "")
        if variable and f"  record {items.partition('.')[0]}_row" in self.heads and items.endswith(".rows"):
            self.here.lists.append(f"{variable}.parts")
        self.fill(depth + 1)
        outside.many += [record for record in self.here.made if record not in outside.made]
        self.here = outside
        self.stands(name)

    def phase(self, depth: int) -> None:
        name = self.name("f")
        self.line(depth, f"phase {name}")
        if self.beside and self.chance(40):
            self.line(depth + 1, f"after {self.rng.choice(self.beside)}")
        elif (phases := [other for other in self.beside if other[0] == "f"]) and self.chance(20):
            self.line(depth + 1, f"alongside {self.rng.choice(phases)}")
        if self.chance(20) and (fact := self.fact()):
            self.line(depth + 1, f"enter when {fact}")
        at, before = len(self.lines), list(self.here.made)
        self.fill(depth + 1)
        inside = [record for record in self.here.made if record not in before]
        own = ""
        if inside and self.chance(22):
            own = f"repeat until {self.rng.choice(inside)}.ok"
        elif self.chance(7):
            fact = self.fact()
            own = f"repeat every {self.rng.choice(SPANS)}" + (f" while {fact}" if fact else "")
        elif self.chance(10) and (fact := self.fact()):
            own = f"exit when {fact}"
        if own:
            self.lines.insert(at, "  " * (depth + 1) + own)
        self.dated(depth + 1, name)
        self.stands(name)

    def approval(self, depth: int) -> None:
        of, name = self.rng.choice(self.here.made), self.name("p")
        self.line(depth, f"approval {name} of {of}")
        self.line(depth + 1, f"by {self.one(STAGES)}")
        self.common(depth + 1, inputs=False)
        self.offered(depth + 1)
        self.ended(depth + 1)
        self.dated(depth + 1, name)
        if self.chance(20):
            self.line(depth + 1, f"criteria {of}.ok")
        maker = self.makers.get(of) if not self.here.inside else None
        follows = self.one({"": 60, "cancel": 10, "return": 22, "escalate": 8})
        if follows == "cancel":
            self.line(depth + 1, 'on reject cancel because "no"')
        elif follows == "return" and maker:
            self.line(depth + 1, f"on reject return to {maker}")
        if follows in ("return", "escalate") and self.chance(40):
            self.line(depth + 1, "on 2 rejects escalate to boss")
        if maker and self.chance(15):
            self.line(depth + 1, f"on return to {maker}")
        if self.chance(25 if of in self.approved else 8):
            self.line(depth + 1, "otherwise passes")
        if self.chance(8):
            self.line(depth + 1, "veto boss")
        self.approved.add(of)
        self.here.approvals.append(name)
        self.by_hand.append(name)
        self.beside.append(name)

    def milestone(self, depth: int) -> None:
        fact = self.fact()
        if fact is not None:
            name = self.name("m")
            self.line(depth, f"milestone {name} when {fact}")
            if self.beside and self.chance(20):
                self.line(depth + 1, f"after {self.rng.choice(self.beside)}")
            self.here.milestones.append(name)
            self.beside.append(name)

    def automatic(self, depth: int, work: str, *, writes: int = 0) -> str:
        """Draws work that nobody does, and gives its name."""
        name = self.name("w")
        self.line(depth, f"activity {name} {work}")
        self.common(depth + 1)
        if (record := self.output(depth + 1, name, writes)) is not None and record not in self.here.made:
            self.produced(record)
        self.stands(name)
        return name

    def call(self, depth: int) -> None:
        self.automatic(depth, "call robot", writes=60)
        if self.chance(50):
            self.line(depth + 1, f"retry {self.rng.randint(1, 2)} times over 1 hour")

    def bell(self, depth: int) -> None:
        self.automatic(depth, f"wait for {self.rng.choice(['bell', 'bell', 'horn'])}", writes=40)

    def pause(self, depth: int) -> None:
        self.automatic(depth, f"wait {self.rng.choice(SPANS)}")

    def until(self, depth: int) -> None:
        hour = self.rng.choice(["08", "10", "11", "12"])
        self.automatic(depth, f'wait until date and time("2026-03-02T{hour}:00:00")')

    def table(self, depth: int) -> None:
        of, name, record = self.rng.choice(self.here.made), self.name("t"), self.record()
        yes, no = self.rng.choice([("true", "false"), ("false", "true"), ("true", "true")])
        self.heads += [
            f"  decision {name} (given)",
            "    | given | -> ok |",
            f"    | true  | {yes} |",
            f"    | false | {no} |",
        ]
        wide = {"rows", "kind"}.intersection(word for line in self.heads[-6:-4] for word in line.split())
        if wide:  # a table says `ok` and nothing else
            del self.heads[self.heads.index(f"  record {record}") + 2 : -4]
        self.line(depth, f"activity {name}_a decide {name} with given = {of}.ok")
        self.line(depth + 1, f"input {of}")
        self.line(depth + 1, f"output {record}")
        self.makers[record] = f"{name}_a"
        self.here.made.append(record)
        self.stands(f"{name}_a")

    def run(self, depth: int) -> None:
        name = self.name("w")
        if "  record reply" not in self.heads:
            self.heads += ["  record reply", "    ok boolean"]
        of = self.rng.choice(self.here.made)
        self.line(depth, f"activity {name} run helper with ask = {{ok: {of}.ok}}")
        self.line(depth + 1, f"input {of}")
        self.line(depth + 1, "output reply")
        self.helped = True
        self.makers.setdefault("reply", name)
        if "reply" not in self.here.made:
            self.here.made.append("reply")
        self.stands(name)

    # -- the whole -------------------------------------------------------------------------------------------------

    def fill(self, depth: int) -> None:
        """Draws the elements of a block."""
        around, self.beside = self.beside, []
        for _ in range(self.rng.randint(1, 3) if depth > 1 else self.rng.randint(2, 5)):
            kinds = {
                make: weight
                for make, (weight, deepest, needs) in self.elements.items()
                if depth <= deepest and self.size < self.most and all(getattr(self.here, pool) for pool in needs)
            }
            self.size += 1
            (self.one(kinds) if kinds else Draw.activity)(self, depth)
        rivals = [name for name in self.beside if name[0] in "afmpwt"]
        if len(rivals) > 1 and self.chance(12):
            chosen = self.rng.sample(rivals, min(len(rivals), self.rng.randint(2, 3)))
            self.line(depth, f"{self.rng.choice(['first of', 'one at a time'])} {', '.join(chosen)}")
        self.beside = around

    def text(self) -> str:
        self.fill(1)
        for _ in range(self.one({0: 70, 1: 20, 2: 10})):
            if len(self.by_hand) > 1:
                a, b = self.rng.sample(self.by_hand, 2)
                apart = self.chance(70) or a[0] == "p" or b[0] == "p"
                self.heads.append(f"  separate {a} from {b}" if apart else f"  same {a} from {b}")
        outputs = [f"  output {self.rng.choice(self.here.made)}"] if self.here.made and self.chance(25) else []
        used = " ".join(self.lines)
        roles = [f"  role {role}" for role in ROLES if role == "boss" or role in used]
        helper = HELPER.splitlines() if self.helped else []
        return "\n".join(["process random", "  owner boss", *outputs, *roles, *self.heads, *self.lines, *helper]) + "\n"


# Who draws an element: how often, how deep at most, and what must be there.
ELEMENTS: Mapping[Callable[[Draw, int], None], tuple[int, int, tuple[str, ...]]] = {
    Draw.activity: (36, 9, ()),
    Draw.approval: (18, 9, ("made",)),
    Draw.milestone: (11, 9, ()),
    Draw.phase: (15, 2, ()),
    Draw.each: (4, 9, ("lists",)),
    Draw.block: (5, 2, ("lists",)),
    Draw.call: (4, 9, ()),
    Draw.bell: (3, 9, ()),
    Draw.pause: (4, 9, ()),
    Draw.until: (2, 9, ()),
    Draw.table: (3, 9, ("made",)),
    Draw.run: (2, 9, ("made",)),
}
Draw.elements = ELEMENTS
# What conditions say, of what is there.
FACTS: Mapping[str, int] = {
    "{made}.ok": 40,
    '{kinds}.kind = "a"': 8,
    "{works}.done": 8,
    "{works}.skipped": 6,
    "{works}.settled": 3,
    "{approvals}.granted": 10,
    "{approvals}.rejected": 10,
    '{approvals}.outcome = "reject"': 4,
    "{approvals}.rejects >= 1": 3,
    "{works}.iteration > 1": 2,
    "{milestones}.reached": 8,
    "{dated}.overdue": 12,
    "{dated}.on_time": 5,
    "count({many}) > 0": 4,
    "some one in {many} satisfies one.ok": 5,
    "every one in {many} satisfies one.ok": 3,
    "count({each}[done]) >= 1": 6,
    "count({each}[done]) = 2": 3,
    "some one in {each} satisfies one.done": 3,
    "every one in {each} satisfies one.skipped": 3,
}
STAGES: Mapping[str, int] = {
    "boss": 4,
    "checker": 4,
    "checker then boss": 2,
    "all of checker, boss": 2,
    "any of checker, boss": 2,
    "1 of 2 checker": 1,
    "other checker": 1,
}


def text(seed: int) -> str:
    """Gives the text of the process of a seed; it may be wrong."""
    return Draw(Random(seed)).text()

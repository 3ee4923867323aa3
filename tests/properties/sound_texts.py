"""Random processes as people might write them: texts for the checker, small enough to be explored whole.

Drawn top down from what stands already, so that most of them check: phases in phases, lists, joins, conditions on
data and on how work ended, approvals in stages, milestones, rounds, choices, calls, waits, signals and separations.
"""

from __future__ import annotations

from random import Random

ROLES = ("maker", "checker", "boss")


class _Draw:
    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.lines: list[str] = []
        self.heads: list[str] = []
        self.records: list[str] = []
        self.made: list[str] = []  # records that something before writes
        self.lists: list[str] = []
        self.makers: dict[str, str] = {}
        self.works: list[str] = []
        self.approvals: dict[str, str] = {}
        self.milestones: list[str] = []
        self.count = 0

    def chance(self, percent: int) -> bool:
        return self.rng.randrange(100) < percent

    def name(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def line(self, depth: int, text: str) -> None:
        self.lines.append("  " * depth + text)

    def record(self) -> str:
        name = self.name("r")
        self.records.append(name)
        self.heads += [f"  record {name}", "    ok boolean"]
        if self.chance(15):
            self.heads.append("    rows list of text")
            self.lists.append(name)
        return name

    def fact(self) -> str | None:
        found = []
        if self.made:
            found += [f"{self.rng.choice(self.made)}.ok"] * 4
        if self.works:
            found.append(f"{self.rng.choice(self.works)}.done")
            found.append(f"{self.rng.choice(self.works)}.skipped")
        if self.approvals:
            approval = self.rng.choice(list(self.approvals))
            found += [f"{approval}.granted", f"{approval}.rejected"]
        if self.milestones:
            found.append(f"{self.rng.choice(self.milestones)}.reached")
        if not found:
            return None
        one = self.rng.choice(found)
        if self.chance(25):
            one = f"not({one})"
        if self.chance(20):
            one = f"{one} {self.rng.choice(['and', 'or'])} {self.rng.choice(found)}"
        return one

    def common(self, depth: int, beside: list[str], *, inputs: bool = True) -> None:
        if inputs and self.made and self.chance(35):
            self.line(depth, f"input {self.rng.choice(self.made)}")
        if beside and self.chance(40):
            chosen = self.rng.sample(beside, min(len(beside), self.rng.randint(1, 2)))
            some = "any of " if len(chosen) > 1 and self.chance(30) else ""
            self.line(depth, f"after {some}{', '.join(chosen)}")
        if self.chance(25) and (fact := self.fact()):
            self.line(depth, f"when {fact}")

    def activity(self, depth: int, beside: list[str], inside: bool) -> None:
        name = self.name("a")
        output = (
            self.record() if self.chance(55) else (self.rng.choice(self.made) if self.made and self.chance(10) else "")
        )
        kind = self.rng.randrange(100)
        head = f"activity {name}"
        if kind < 6:
            head += " call robot"
        elif kind < 12:
            head += f" wait {self.rng.choice(['2 hours', 'for bell'])}"
        many = bool(self.lists) and not inside and self.chance(12)
        if many:
            known = [r for r in self.lists if r in self.made]
            many = bool(known)
            if many:
                head += f" for each x in {self.rng.choice(known)}.rows"
        self.line(depth, head)
        if kind >= 12:
            self.line(depth + 1, f"role {self.rng.choice(ROLES)}")
        self.common(depth + 1, beside)
        if output and "2 hours" not in head:
            self.line(depth + 1, f"output {output}")
            if not many and not inside:
                self.made.append(output)
                self.makers[output] = name
        if many and self.chance(20):
            self.line(depth + 1, "done when 1 of done")
        if kind >= 12 and output and self.chance(10):
            self.line(depth + 1, f"repeat until {output}.ok")
        if not many and not inside:
            self.works.append(name)
        beside.append(name)

    def approval(self, depth: int, beside: list[str]) -> None:
        of = self.rng.choice(self.made)
        name = self.name("p")
        self.line(depth, f"approval {name} of {of}")
        by = self.rng.choice(["boss", "checker", "checker then boss", "all of checker, boss", "any of checker, boss"])
        self.line(depth + 1, f"by {by}")
        self.common(depth + 1, beside, inputs=False)
        if self.chance(25):
            self.line(depth + 1, f"criteria {of}.ok")
        if self.chance(10):
            self.line(depth + 1, 'on reject cancel because "no"')
        elif self.chance(25) and of in self.makers:
            self.line(depth + 1, f"on reject return to {self.makers[of]}")
        self.approvals[name] = of
        beside.append(name)

    def milestone(self, depth: int, beside: list[str]) -> None:
        fact = self.fact()
        if fact is None:
            return
        name = self.name("m")
        self.line(depth, f"milestone {name} when {fact}")
        self.milestones.append(name)
        beside.append(name)

    def phase(self, depth: int, beside: list[str]) -> None:
        name = self.name("f")
        self.line(depth, f"phase {name}")
        if beside and self.chance(40):
            self.line(depth + 1, f"after {self.rng.choice(beside)}")
        if self.chance(20) and (fact := self.fact()):
            self.line(depth + 1, f"enter when {fact}")
        at = len(self.lines)
        before = len(self.made)
        self.fill(depth + 1, False)
        inside = self.made[before:]
        if inside and self.chance(20):
            self.lines.insert(at, "  " * (depth + 1) + f"repeat until {self.rng.choice(inside)}.ok")
        elif self.chance(10) and (fact := self.fact()):
            self.lines.insert(at, "  " * (depth + 1) + f"exit when {fact}")
        beside.append(name)

    def fill(self, depth: int, inside: bool) -> None:
        beside: list[str] = []
        own: list[str] = []
        for _ in range(self.rng.randint(1, 3) if depth > 1 else self.rng.randint(2, 4)):
            kind = self.rng.randrange(100)
            before = len(beside)
            if kind < 20 and depth < 3:
                self.phase(depth, beside)
            elif kind < 40 and self.made:
                self.approval(depth, beside)
            elif kind < 52:
                self.milestone(depth, beside)
            else:
                self.activity(depth, beside, inside)
                own += beside[before:]
        if len(own) > 1 and self.chance(8):
            self.line(depth, f"{self.rng.choice(['first of', 'one at a time'])} {own[0]}, {own[1]}")

    def text(self) -> str:
        self.fill(1, False)
        if len(self.works) > 1 and self.chance(15):
            a, b = self.rng.sample(self.works, 2)
            self.heads.append(f"  {self.rng.choice(['separate', 'separate', 'same'])} {a} from {b}")
        outputs = [f"  output {self.rng.choice(self.made)}"] if self.made and self.chance(25) else []
        used = " ".join(self.lines)
        roles = [f"  role {role}" for role in ROLES if role == "boss" or role in used]
        return "\n".join(["process random", "  owner boss", *outputs, *roles, *self.heads, *self.lines]) + "\n"


def text(seed: int) -> str:
    """Gives the text of the process of a seed; it may be wrong."""
    return _Draw(Random(seed)).text()

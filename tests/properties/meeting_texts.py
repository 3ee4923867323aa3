"""Random processes with meetings: those of `sound_texts`, small, with one or two meetings among the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import ClassVar

from tests.properties.sound_texts import ELEMENTS, ROLES, SPANS, Draw

_FEW: tuple[Callable[[Draw, int], None], ...] = (Draw.activity, Draw.approval, Draw.milestone, Draw.phase, Draw.pause)


class Meetings(Draw):
    """A text in which there are meetings."""

    most: ClassVar[int] = 5

    def meeting(self, depth: int) -> None:
        name = self.name("g")
        listed = self.chance(50)
        if listed:
            self.heads += [f"  record {name}_team", "    members list of person"]
            self.line(depth, f"activity {name}_call")
            self.line(depth + 1, "role boss")
            self.line(depth + 1, f"output {name}_team")
            self.stands(f"{name}_call")
        todos = self.chance(50)
        self.heads += [f"  record {name}_notes", "    ok boolean"]
        if todos:
            self.heads += [f"    actions list of {name}_action", f"  record {name}_action"]
            self.heads += ["    what text", "    who person", "    by date"]
        fact = self.fact() if self.chance(70) else None
        self.line(depth, f"meeting {name} every {self.rng.choice(SPANS)}" + (f" while {fact}" if fact else ""))
        if self.beside and self.chance(30):
            self.line(depth + 1, f"after {self.rng.choice(self.beside)}")
        people = [*([f"{name}_team.members"] if listed else []), *self.rng.sample(ROLES, self.rng.randint(0, 2))]
        people = people or ["maker"]
        self.line(depth + 1, f"attend {', '.join(people)}")
        if self.chance(35):
            self.line(depth + 1, f"quorum {self.rng.randint(1, 2 if listed else len(people))}")
        self.line(depth + 1, f"minutes {name}_notes by {self.rng.choice(ROLES)}")
        if todos:
            self.line(depth + 1, f"todos {name}_notes.actions by who due by")
        self.here.made.append(f"{name}_notes")
        self.makers[f"{name}_notes"] = f"{name}_minutes"
        self.here.works.append(f"{name}_minutes")
        self.stands(name)

    elements: ClassVar[Mapping[Callable[..., None], tuple[int, int, tuple[str, ...]]]] = {
        **{make: row for make, row in ELEMENTS.items() if make in _FEW},
        meeting: (40, 2, ()),
    }


def text(seed: int) -> str:
    """Draws the text of a seed."""
    return Meetings(Random(seed)).text()

"""What an inbox offers can be done: each command in it, run as it stands by the person whose inbox it is.

Every scenario of the repository is played on the database, and every inbox is looked at after each of its commands.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from charter.engine.commands import Actor, Command
from charter.engine.definition import Definition
from charter.runtime.author.scenarios import play
from charter.runtime.cli.inbox import next_command
from charter.runtime.desk.inbox import inbox
from charter.runtime.desk.register import titles
from charter.runtime.host.cases import Performed
from charter.runtime.people.changes import People
from charter.runtime.people.files import FOREVER
from charter.runtime.store.prepared import ask
from tests.properties.test_hosts import ROOT, compiled, stories
from tests.stages import SqlStage

# Whoever is refused for one of these was offered what is not theirs, or what is not to be done; what a command lacks
# (records, a reason, criteria, a turn) is asked of them when they come.
NOT_THEIRS = {
    *("CH501", "CH502", "CH503", "CH507", "CH509", "CH517", "CH519", "CH520", "CH535"),
    *("CH537", "CH538", "CH543", "CH544", "CH545", "CH547", "CH580", "CH583"),
}


DEPUTY = "deputy"


class Watched(SqlStage):
    """A stage that tries, after each command, what every inbox offers; nothing of it is done.

    A deputy acts for everybody, and owns the processes: their own right and those lent to them differ.
    """

    offered = 0

    def __init__(self, definitions: Sequence[Definition], now: int, people: Sequence[Actor]) -> None:
        super().__init__(definitions, now, people)
        assert self._people.add(DEPUTY) is None
        for definition in definitions:
            if definition.owner is not None:
                assert self._people.grant(DEPUTY, definition.owner, definition.name) is None
        theirs = People(self.store, by=DEPUTY, clock=lambda: self.clock)
        for person in self._known:
            number = self._people.stand_in("delegation", person, DEPUTY, since=now, until=FOREVER)
            assert isinstance(number, int) and theirs.accept(number) is None

    def start(self, process: str, actor: Actor, records: Any = ()) -> tuple[str, Performed]:
        done = super().start(process, actor, records)
        self.look()
        return done

    def perform(self, case: str, command: Command) -> Performed:
        done = super().perform(case, command)
        self.look()
        return done

    def look(self) -> None:
        for person in (*self._known, DEPUTY):
            self.try_all(person)

    def try_all(self, person: str) -> None:
        with self.store.read() as connection:
            items = inbox(connection, person, now=self.clock)
            assert isinstance(items, list)
            known = titles(connection, [item.case for item in items])
        self.find_all(person, {(item.case, item.node) for item in items})
        for item in items:
            self.offered += 1
            words = shlex.split(next_command(known[item.case][item.element][1], item))
            assert words[0] == "charter" and words[2:4] == [str(item.number), item.node]
            behalf = words[5] if words[4:5] == ["--for"] else None
            given = {"item": None} if words[1] == "add" else {}
            refused = self.host.would(
                item.case, person=person, verb=words[1], node=item.node, on_behalf_of=behalf, **given
            )
            found = set() if refused is None else {reason.code for reason in refused.reasons}
            assert found.isdisjoint(NOT_THEIRS), (person, words, refused)

    def find_all(self, person: str, offered: set[tuple[str, str]]) -> None:
        """Whatever somebody may take or decide, is in their inbox."""
        with self.store.read() as connection:
            cases = [row[0] for row in ask(connection, "SELECT id FROM cases WHERE closed_at IS NULL")]
        for case in cases:
            for key, node in self.host.state(case).nodes.items():
                if node.state == "ready" and (case, key) not in offered:
                    for verb in ("claim", "approve"):
                        assert self.host.would(case, person=person, verb=verb, node=key) is not None, (
                            person,
                            verb,
                            key,
                        )


@pytest.mark.parametrize("file", sorted({Path(file) for file, _, _ in stories()}), ids=str)
def test_what_an_inbox_offers_can_be_done(file: Path) -> None:
    found = compiled(str(ROOT / file))
    for scenario in found.scenarios:
        stages: list[Watched] = []

        def make(*given: Any, stages: list[Watched] = stages) -> Watched:
            stages.append(Watched(*given))
            return stages[-1]

        play(scenario, found.definitions, make)
        for stage in stages:
            stage.close()

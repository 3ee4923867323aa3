"""Simulated cases done again on a database: the same people give the same commands at the same times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from charter.engine.commands import SYSTEM, Command, Start
from charter.engine.step.transition import Step
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.simulation import loop
from charter.runtime.simulation.floor import Floor
from charter.runtime.simulation.setting import Run, Setting
from charter.runtime.store import Store
from tests.founded import founded


def run_on(path: Path, setting: Setting) -> tuple[Run, Store]:
    """Simulates, and does all that people did again on a new database; gives the run and the open database."""
    done: list[tuple[str, Command]] = []

    class Recording(Floor):
        def send(self, case: str, command: Command) -> Step:
            found = super().send(case, command)
            if found.refusal is None and command.actor.person != SYSTEM.person:
                done.append((case, command))
            return found

    before, loop.Floor = loop.Floor, Recording  # type: ignore[misc]
    try:
        run = loop.simulate(setting)
    finally:
        loop.Floor = before  # type: ignore[misc]
    at = [run.hours.start]
    store = founded(path, clock=lambda: at[0]).__enter__()
    people = People(store, by="root", clock=lambda: at[0])
    names: dict[str, set[str]] = {}
    for _, command in done:
        names.setdefault(command.actor.person, set()).update(command.actor.roles)
    for person, roles in names.items():
        people.add(person)
        for role in roles:
            people.grant(person, role)
    cases = Cases(store, clock=lambda: at[0])
    cases.deploy(setting.definition, by="root")
    opened: dict[str, str] = {}
    for case, command in done:
        at[0] = command.at
        given: dict[str, Any] = {
            name: dict(getattr(command, name)) for name in ("records", "checks") if hasattr(command, name)
        }
        if isinstance(command, Start):
            performed = cases.start(setting.definition.name, person=command.actor.person, records=given["records"])
            opened[case] = performed.case
        else:
            given |= {name: getattr(command, name) for name in ("reason", "name") if getattr(command, name, None)}
            performed = cases.perform(
                opened[case],
                person=command.actor.person,
                verb=command.verb,
                node=getattr(command, "node", None),
                **given,
            )
        assert performed.refusal is None, (command, performed.refusal)
    return run, store

"""What a scenario reads off the stage it is played on: which case is meant, and why one is not there.

Knows the hosts only by what it asks of them; changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import Any, Protocol

from charter.engine.commands import Actor, Command
from charter.engine.definition import Definition
from charter.engine.effects import StartCase
from charter.engine.entries import Entry
from charter.engine.entries.cases import Declined, Failed
from charter.engine.keys import name_of
from charter.engine.machines import SETTLED
from charter.engine.plan.program import prepare
from charter.engine.refusals import CODES, Reason, Refusal
from charter.engine.registers import Ask, Found
from charter.engine.state import CaseState
from charter.engine.step.transition import Step
from charter.runtime.host.memory import Records


class Stage(Protocol):
    """A host that scenarios are played on, in virtual time (microseconds since the epoch, UTC); see `host.memory`."""

    clock: int

    def cases(self) -> Sequence[str]: ...
    def state(self, case: str) -> CaseState: ...
    def definition(self, case: str) -> Definition: ...
    def entries(self, case: str) -> Sequence[Entry]: ...
    def organisation(self) -> Sequence[Entry]: ...
    def start(self, process: str, actor: Actor, records: Records = ()) -> tuple[str, Step]: ...
    def perform(self, case: str, command: Command) -> Step: ...
    def connect(self, name: str, answers: Records = (), *, fails: bool = False, times: int | None = None) -> None: ...
    def advance(self, to: int) -> None: ...
    def fill(self, register: str, key: str, value: Any) -> None: ...
    def answer(self, ask: Ask) -> Found: ...


def cases_of(stage: Stage, processes: Set[str]) -> list[str]:
    """Names the cases of some processes, in the order in which they were opened."""
    return [case for case in stage.cases() if stage.definition(case).name in processes]


def holding(stage: Stage, key: str) -> str | None:
    """Finds the case that has an element: the first in which this node is still to be done, else the last."""
    known = [case for case in stage.cases() if name_of(key) in prepare(stage.definition(case)).plans]
    nodes = ((case, stage.state(case).nodes.get(key)) for case in known)
    still = (case for case, node in nodes if node is not None and node.state not in SETTLED)
    return next(still, known[-1] if known else None)


def having(stage: Stage, own: str, record: str) -> str:
    """Finds the case that has a record: the scenario's own if its process knows it, else the first open one, or any."""
    if name_of(record) in prepare(stage.definition(own)).types:
        return own
    known = [case for case in stage.cases() if record in stage.state(case).versions]
    return next((case for case in known if stage.state(case).status == "open"), known[-1] if known else own)


def hearing(stage: Stage, signal: str) -> str | None:
    """Finds the case that a signal goes to: of those whose process knows it the first that is open, else the last."""

    def knows(case: str) -> bool:
        program = prepare(stage.definition(case))
        works = (element.work for element in program.definition.elements if element.work is not None)
        waited = any(work.kind == "signal" and work.target == signal for work in works)
        return waited or signal in program.heard or ("signal", signal, "") in program.occasions

    known = [case for case in stage.cases() if knows(case)]
    return next((case for case in known if stage.state(case).status == "open"), known[-1] if known else None)


def looked_at(stage: Stage, process: str) -> str | None:
    """Finds the case of a process that an expectation looks at: the first that is open, else the last."""
    known = cases_of(stage, {process})
    return next((case for case in known if stage.state(case).status == "open"), known[-1] if known else None)


def declined(stage: Stage) -> Iterator[tuple[str, Refusal]]:
    """Yields the processes of which a case was to be started that nobody waits for, and why nothing came of it."""
    for case in stage.cases():
        for entry in stage.entries(case):
            told = entry.told
            if isinstance(told, Declined) and told.ask == StartCase.__name__ and told.because is not None:
                yield told.target, Refusal((Reason(told.because.code, None, told.because.arguments),))
    for begun in (each for entry in stage.organisation() for each in getattr(entry.told, "begun", ())):
        if (because := begun["because"]) is not None:
            yield begun["process"], Refusal((Reason(because["code"], None, because["arguments"]),))


def not_run(stage: Stage, definitions: Sequence[Definition], processes: Set[str]) -> tuple[str, Refusal] | None:
    """Says why no case of these processes could be opened where one was to run, and which process was to run it."""
    found = None
    for case in stage.cases():
        definition = stage.definition(case)
        works = {element.name: element.work for element in definition.elements}
        for entry in stage.entries(case):
            work = works.get(node := name_of(entry.node or ""))
            if not isinstance(entry.told, Failed) or work is None or work.target not in processes:
                continue
            code, *named = entry.told.failure.split()
            if code in CODES:
                unbound = next((d.unbound() for d in definitions if d.name == work.target), ())
                said = {**dict(zip(("record", "field"), named, strict=False)), "parameters": ", ".join(unbound)}
                arguments = {name: said.get(name, "…") for name in CODES[code].arguments}
                found = definition.name, Refusal((Reason(code, f"{node}.{work.kind}", arguments),))
    return found

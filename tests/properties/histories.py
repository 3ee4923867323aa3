"""What random people send to random processes: commands mostly sensible for the state, sometimes garbage.

`histories` draws a process and a whole history of it, by a seed and a length, so that a failing one shrinks to its
shortest prefix.
"""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st

from charter.engine import commands as c
from charter.engine.definition import Definition, Element
from charter.engine.law import PRESENT
from charter.engine.state import NEW, CaseState
from charter.engine.step.transition import Step, step
from tests.properties.processes import definition
from tests.properties.ruled import ruled

PEOPLE = (
    c.Actor("li", ("maker",), skills=(("drive", 3),)),
    c.Actor("wu", ("maker", "checker"), certificates=("PMP",)),
    c.Actor("zhao", ("checker", "boss")),
    c.Actor("qian", ("boss", "maker", "checker"), certificates=("PMP",), skills=(("drive", 5),)),
    c.Actor("sun", ("maker", "checker"), on_behalf_of="li", lent=("maker",)),
    c.Actor("nobody"),
)
HOUR = 3_600_000_000
START = 1_780_000_000_000_000


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


def likely(rng: Random, definition: Definition, state: CaseState, at: int) -> c.Command | None:
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
            return c.Signal(actor=who, at=at, name="bell", records=tuple((r, value(rng)) for r in element.outputs))
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
        lambda: c.Continue(**common, **PRESENT._asdict()),
    )
    return made[rng.randint(0, len(made) - 1)]()


def command(rng: Random, definition: Definition, state: CaseState, at: int) -> c.Command:
    """Draws one command for a state."""
    if state.status == "none":
        return c.Start(actor=rng.choice(PEOPLE[:5]), at=at, case="c1", **PRESENT._asdict())
    kind = rng.randint(0, 29)
    if state.status == "suspended" and kind < 15:
        return c.Resume(actor=PEOPLE[3], at=at)
    if kind <= 20:
        meant = likely(rng, definition, state, at)
        if meant is not None:
            return meant
    if kind <= 26:
        return _departure(rng, state, at)
    if kind <= 28:
        return c.Tick(actor=c.SYSTEM, at=state.wake if state.wake is not None and state.wake > at else at)
    return _garbage(rng, state, at)


def history(seed: int, length: int) -> tuple[Definition, list[tuple[CaseState, c.Command, Step]]]:
    """Makes a process and a history of it: (state before, command, step) for each command."""
    rng = Random(seed)
    process = ruled(Random(f"rules of {seed}"), definition(rng))
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

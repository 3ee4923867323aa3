"""What an exploration proves: a verdict for each property of a sound process, with the shortest way to what refutes it.

A refutation is a run of the real engine, so it is certain; that a case can never end is more than a run says, and is
told only of one that goes on without any value that might have been another. A property is proved only where all of
the graph was seen and the values that were looked at stand for all others; else nothing was found, which is said as
such. Soundness is that of workflow nets (van der Aalst, 1998), option to complete, proper completion, no dead
transitions, carried over to data and to what the process owes: its outputs, and approvals that can be given.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from charter.engine.commands import Add
from charter.engine.definition import Definition
from charter.engine.keys import name_of
from charter.engine.machines import CLOSED, SETTLED
from charter.engine.proof.assumptions import Assumptions
from charter.engine.proof.explore import Graph
from charter.engine.proof.moves import Move

Property = Literal["ends", "closed", "opens", "outputs", "turns", "grants"]
PROPERTIES: tuple[Property, ...] = ("ends", "closed", "opens", "outputs", "turns", "grants")
_NEVER = frozenset({"opens", "grants"})  # of which no single run shows that it is not so
Said = Literal["proved", "refuted", "unknown"]


class Verdict(Struct, frozen=True):
    """What is known of a property. `elements`: whom it concerns; `state`: one that refutes it, shortest way first.

    `always`: whether every run comes to this; `assuming`: parameters that it holds for as they were taken, and may not
    for other values.
    """

    property: Property
    said: Said
    elements: tuple[str, ...] = ()
    state: int | None = None
    always: bool = False
    assuming: tuple[str, ...] = ()


def verdicts(definition: Definition, graph: Graph) -> tuple[Verdict, ...]:
    """Judges what was seen, property by property."""
    whole = bool(graph.states) and not graph.open and not graph.inexact
    return tuple(_JUDGES[name](definition, graph, whole) for name in PROPERTIES)


def joined(runs: Sequence[tuple[Verdict, ...]], taken: Assumptions) -> tuple[tuple[int, Verdict], ...]:
    """Judges what several explorations came to, one for each way to take the parameters; with the number of that one.

    What the ways differ in is refuted where one refutes it, and unknown where it is not known which way is meant.
    """
    return tuple(_join([run[number] for run in runs], taken) for number in range(len(PROPERTIES)))


def _join(found: list[Verdict], taken: Assumptions) -> tuple[int, Verdict]:
    first, said = found[0], {verdict.said for verdict in found}
    if taken.unclear and len(said) > 1:
        return 0, Verdict(first.property, "unknown", first.elements)
    if first.property in _NEVER:
        left = tuple(name for name in first.elements if all(name in verdict.elements for verdict in found))
        word: Said = "proved" if not left else "refuted" if said == {"refuted"} else "unknown"
        return 0, Verdict(first.property, word, left, assuming=taken.resting if word != "unknown" else ())
    number = next((n for word in ("refuted", "unknown") for n, v in enumerate(found) if v.said == word), 0)
    verdict = found[number]
    differs = taken.varied if verdict.said == "refuted" and len(said) > 1 else ()
    always = verdict.always and all(each.always for each in found)
    assuming = (*taken.resting, *differs) if verdict.said != "unknown" else ()
    return number, replace(verdict, always=always, assuming=assuming)


def _ended(graph: Graph) -> list[int]:
    return [number for number, state in enumerate(graph.states) if state.status in CLOSED]


def _reaching(graph: Graph, goals: set[int]) -> set[int]:
    """All states from which one of the goals can be reached."""
    before: list[list[int]] = [[] for _ in graph.states]
    for source, edges in enumerate(graph.next):
        for edge in edges:
            before[edge.target].append(source)
    found, waiting = set(goals), list(goals)
    while waiting:
        for source in before[waiting.pop()]:
            if source not in found:
                found.add(source)
                waiting.append(source)
    return found


def _ends(definition: Definition, graph: Graph, whole: bool) -> Verdict:
    ended = set(_ended(graph))
    barren = {number for number, _ in graph.barren}
    living = _reaching(graph, ended | graph.open | barren | _unsure(definition, graph))
    lost = [number for number in range(len(graph.states)) if number not in living]
    if lost:
        number = next((n for n in lost if not graph.next[n]), lost[0])
        state = graph.states[number]
        stands = tuple(dict.fromkeys(n.element for n in state.nodes.values() if n.state not in SETTLED))
        return Verdict("ends", "refuted", stands, number, whole and not ended)
    certain = _reaching(graph, ended)
    proved = whole and len(certain) == len(graph.states)
    return Verdict("ends", "proved" if proved else "unknown", _held(graph))


def _unsure(definition: Definition, graph: Graph) -> set[int]:
    """Gives the states from which something that was not tried might have led elsewhere."""
    left_out = set(graph.inexact)
    everywhere = not left_out <= {record.name for record in definition.records}  # a fact, or what other cases hold
    return {
        number
        for number, edges in enumerate(graph.next if left_out else ())
        if any(everywhere or _gives(edge.move, left_out) for edge in edges)
    }


def _gives(move: Move, records: Collection[str]) -> bool:
    """Says whether a move hands over one of these records, or an item that may be of one."""
    given = (name for command in move.commands for name, _ in getattr(command, "records", ()))
    return any(name in records for name in given) or any(isinstance(command, Add) for command in move.commands)


def _held(graph: Graph) -> tuple[str, ...]:
    """Names the work that no value was found for."""
    return tuple(dict.fromkeys(graph.states[number].nodes[key].element for number, key in sorted(graph.barren)))


def _closed(_: Definition, graph: Graph, whole: bool) -> Verdict:
    for number in _ended(graph):
        state = graph.states[number]
        left = tuple(n.element for n in state.nodes.values() if n.state not in SETTLED)
        if state.status == "completed" and left:
            return Verdict("closed", "refuted", left, number)
    return Verdict("closed", "proved" if whole else "unknown")


def _opens(definition: Definition, graph: Graph, whole: bool) -> Verdict:
    dead = tuple(e.name for e in definition.elements if e.name not in graph.opened)
    if not dead:
        return Verdict("opens", "proved")
    return Verdict("opens", "refuted" if whole else "unknown", dead)


def _outputs(definition: Definition, graph: Graph, whole: bool) -> Verdict:
    for number in _ended(graph):
        state = graph.states[number]
        names = {name_of(key) for key in state.versions}
        missing = tuple(name for name in definition.outputs if name not in names)
        if state.status == "completed" and missing:
            return Verdict("outputs", "refuted", missing, number)
    return Verdict("outputs", "proved" if whole else "unknown")


def _turns(_: Definition, graph: Graph, whole: bool) -> Verdict:
    for number, name in graph.spun:
        state = number if number >= 0 else None
        return Verdict("turns", "refuted", (name,) if name else (), state, not graph.states)
    return Verdict("turns", "proved" if whole else "unknown")


def _grants(definition: Definition, graph: Graph, whole: bool) -> Verdict:
    never = tuple(e.name for e in definition.elements if e.kind == "approval" and e.name not in graph.granted)
    if not never:
        return Verdict("grants", "proved")
    return Verdict("grants", "refuted" if whole else "unknown", never)


_JUDGES = {"ends": _ends, "closed": _closed, "opens": _opens, "outputs": _outputs, "turns": _turns, "grants": _grants}

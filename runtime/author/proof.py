"""Proves the processes of a file within a budget of seconds, and writes what refutes a property as a scenario.

A scenario is shown only when it was played and came to the state that it claims; what a run is to refute, and no
scenario shows, is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from charter.dsl.passes import Compiled
from charter.dsl.text.words import Language, language_of
from charter.engine.commands import Answer, Command, Complete
from charter.engine.definition import Definition
from charter.engine.machines import SETTLED
from charter.engine.plan.program import prepare
from charter.engine.proof import slack
from charter.engine.proof.assumptions import assumptions, starting
from charter.engine.proof.doubts import Doubt, doubts
from charter.engine.proof.explore import Graph, explore
from charter.engine.proof.verdicts import Verdict, joined, verdicts
from charter.runtime.author import texts
from charter.runtime.author.remembered import Outcome

if TYPE_CHECKING:
    from charter.runtime.author.scenarios import Played

SECONDS = 1.0  # that `check` gives to a process
_MOST_SECONDS = 10.0  # and to all that it is asked about
_NEEDY = 2  # one of so many files takes all that is given to it
_SUBCASE_STEPS = 2_000  # for a way to the end of a case that another runs


def seconds_for(files: int, spent: float) -> float:
    """Gives how long `check` looks at a process, with so many files to go and so many seconds spent."""
    return min(SECONDS, max(_MOST_SECONDS - spent, 0) * _NEEDY / files)


class Finding(Struct, frozen=True):
    """A verdict, where in the file its cause is (`file:line`), and the scenario that shows it, if one can.

    `given`: the values of the parameters that it holds for.
    """

    verdict: Verdict
    place: str | None = None
    scenario: str | None = None
    given: Mapping[str, str] = MappingProxyType({})

    @property
    def assuming(self) -> Mapping[str, str]:
        """The parameters that the verdict rests on, with the values that were taken for them."""
        return {name: self.given[name] for name in self.verdict.assuming}


class Proof(Struct, frozen=True):
    """What is known of a process. `depth`: the longest of the shortest ways, in moves; `whole`: whether all was seen.

    `inexact`: records of which not every value was looked at; `doubts`: why something is unknown; `assumed`:
    parameters, with the values taken for them; `varied`: those of which every value was taken.
    """

    definition: Definition
    findings: tuple[Finding, ...]
    states: int
    moves: int
    depth: int
    seconds: float
    whole: bool
    inexact: tuple[str, ...]
    doubts: tuple[Doubt, ...]
    assumed: Mapping[str, str]
    varied: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome | None:
        """What is to be remembered of it; nothing where something is refuted."""
        said = {finding.verdict.said for finding in self.findings}
        if "refuted" in said:
            return None
        late = any(doubt.why == "time" for doubt in self.doubts)
        return "proved" if said == {"proved"} else "late" if late else "inexact"

    @property
    def schedule(self) -> slack.Schedule | None:
        """The longest course of the process, None where no line says how long work takes."""
        bound = self.definition.bind(dict(self.assumed))
        return slack.schedule(prepare(bound), starting(bound))


class _Run(NamedTuple):
    """An exploration with certain values of the parameters."""

    definition: Definition
    given: Mapping[str, str]
    graph: Graph
    verdicts: tuple[Verdict, ...]
    doubts: tuple[Doubt, ...]


Title = Callable[[str, Language], str]


class Prover:
    """Proves what one file declares; it has no errors. `title` gives that of the scenario of a property."""

    def __init__(self, path: str, data: bytes, title: Title, compiled: Compiled | None = None) -> None:
        self.path = path
        self.data = data
        self.title = title
        self.compiled = texts.compile_file(path, data) if compiled is None else compiled
        self._endings: dict[str, tuple[Definition, list[Command]] | None] = {}
        self.language = language_of(self.compiled.sources[texts.name_of(path)].working)

    def definitions(self) -> list[Definition]:
        """Lists the processes that the file itself declares."""
        name = texts.name_of(self.path)
        return [d for d in self.compiled.definitions if (d.place("process") or "").rpartition(":")[0] == name]

    def prove(self, definition: Definition, budget: float, clock: Callable[[], float] = monotonic) -> Proof:
        """Looks at what can come of a process for so many seconds, and judges it."""
        taken = assumptions(definition)
        begun = clock()
        runs = [self._run(definition, given, lambda _: clock() - begun < budget) for given in taken.ways]
        found = joined([run.verdicts for run in runs], taken)
        seconds = clock() - begun
        findings = tuple(self._shown(verdict, runs[number]) for number, verdict in found)
        doubts = dict.fromkeys(doubt for run in runs for doubt in run.doubts)
        for run, verdict in (
            (runs[number], each) for (number, each), f in zip(found, findings, strict=True) if f.verdict != each
        ):
            doubts[_unplayed(run.graph, verdict)] = None
        if taken.unclear and any(verdict.said == "unknown" for _, verdict in found):
            doubts[Doubt("currency", taken.unclear)] = None
        return Proof(
            definition=definition,
            findings=findings,
            states=sum(len(run.graph.states) for run in runs),
            moves=sum(run.graph.steps for run in runs),
            depth=max(run.graph.depth() for run in runs),
            seconds=seconds,
            whole=not any(run.graph.open for run in runs),
            inexact=tuple(dict.fromkeys(name for run in runs for name in run.graph.inexact)),
            doubts=tuple(doubts),
            assumed=taken.ways[0],
            varied=taken.varied,
        )

    def _run(self, definition: Definition, given: Mapping[str, str], more: Callable[[int], bool]) -> _Run:
        bound = definition.bind(dict(given))
        graph = explore(bound, more)
        return _Run(bound, given, graph, verdicts(bound, graph), tuple(doubts(prepare(bound), graph)))

    def _shown(self, verdict: Verdict, run: _Run) -> Finding:
        definition, graph, given = run.definition, run.graph, run.given
        place = definition.place(verdict.elements[0]) if verdict.elements else None
        if verdict.said != "refuted" or verdict.state is None:
            return Finding(verdict, place, given=given)
        # Imported here because a process without faults needs none of it, and `check` is typed all day.
        from charter.dsl.build.stories import stands, story

        start, moves = graph.trace(verdict.state)
        state = graph.states[verdict.state]
        keys = [key for key, node in state.nodes.items() if node.state not in SETTLED]
        commands = [command for move in moves for command in move.commands]
        expected = stands(state, keys)
        title = self.title(verdict.property, self.language)
        text = story(definition, title, start, commands, expected, self.language, given, self.subcase)
        if text is None or not self._plays(text):
            return Finding(replace(verdict, said="unknown", state=None, always=False, assuming=()), place, given=given)
        return Finding(verdict, place, text, given)

    def subcase(self, process: str, records: Mapping[str, Any]) -> tuple[Definition, Sequence[Command]] | None:
        """Finds work that brings a case of a process to its end with these outputs; None where none was found."""
        if process not in self._endings:
            definition = next((d for d in self.compiled.definitions if d.name == process and not d.unbound()), None)
            self._endings[process] = None if definition is None else _ending(definition)
        found = self._endings[process]
        if found is None:
            return None
        definition, commands = found
        handed = {name for c in commands if isinstance(c, Complete | Answer) for name, _ in c.records}
        return (definition, [_handing(c, records) for c in commands]) if handed >= records.keys() else None

    def played(self, text: str) -> Played | None:
        """Plays a scenario as if it were written at the end of its file; None where it does not check."""
        from charter.runtime.author.scenarios import play

        compiled = texts.compile_file(self.path, self.data + b"\n" + text.encode())
        before = len(self.compiled.scenarios)
        return play(compiled.scenarios[-1], compiled.definitions) if len(compiled.scenarios) > before else None

    def _plays(self, text: str) -> bool:
        played = self.played(text)
        return played is not None and played.failure is None


def _unplayed(graph: Graph, verdict: Verdict) -> Doubt:
    """Says why what a run refutes is not claimed: what it takes of others, else whom it concerns."""
    taken = () if verdict.state is None else graph.assumed(verdict.state)
    return Doubt("outside", taken) if taken else Doubt("unplayed", verdict.elements)


def _ending(definition: Definition) -> tuple[Definition, list[Command]] | None:
    """Finds a shortest way to the end of a case of a process."""
    graph = explore(definition, lambda steps: steps < _SUBCASE_STEPS)
    ends = (number for number, state in enumerate(graph.states) if state.status == "completed")
    end = next(ends, None)
    if end is None:
        return None
    return definition, [command for move in graph.trace(end)[1] for command in move.commands]


def _handing(command: Command, records: Mapping[str, Any]) -> Command:
    """Gives a command with these records in place of those of the same names."""
    if not isinstance(command, Complete | Answer):
        return command
    return replace(command, records=tuple((name, records.get(name, data)) for name, data in command.records))

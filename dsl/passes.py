"""Text in, definitions, scenarios and diagnostics out: every pass of the language in its order.

A pass looks at the scope of one process and adds findings; a later pass runs for a process only where the earlier
left no error, so that no error is reported as the consequence of another. Never raises on any bytes; does no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct, field

from charter.dsl.build.lower import lower
from charter.dsl.build.scenarios import Scenario, lower_scenario
from charter.dsl.check.catalogues import RuleBook
from charter.dsl.check.certain import check_certain
from charter.dsl.check.deadlines import check_deadlines
from charter.dsl.check.decisions import check_decisions
from charter.dsl.check.fields import check_lots
from charter.dsl.check.figures import check_figures
from charter.dsl.check.findings import Budget, Findings, merged, told
from charter.dsl.check.flow import check_flow, check_runs
from charter.dsl.check.gaps import check_gaps, check_stages
from charter.dsl.check.links import check_amendments, check_linked
from charter.dsl.check.reading import check_reading
from charter.dsl.check.registers import check_alike
from charter.dsl.check.resolve import check_names
from charter.dsl.check.rules import check_bindings, check_chains
from charter.dsl.check.scopes import ProcessScope
from charter.dsl.check.staffing import check_staffing
from charter.dsl.check.subjects import check_subject
from charter.dsl.check.typecheck import check_types
from charter.dsl.check.unused import check_unused
from charter.dsl.check.uses import Files, Loader, Unit
from charter.dsl.diagnostic import Diagnostic
from charter.dsl.text import tree as t
from charter.dsl.text.parser import collection_paused
from charter.dsl.text.source import Source
from charter.dsl.text.words import language_of
from charter.engine.definition import Definition

Pass = Callable[[ProcessScope, Findings], None]

# What a file declares for several processes has names, types and tables, but no work that could flow. The names of all
# processes come before everything else, because one may read what another declares.
_SHARED: tuple[Pass, ...] = (check_types, check_decisions, check_reading)
PASSES: tuple[Pass, ...] = (
    check_types,
    check_linked,
    check_decisions,
    check_reading,
    check_flow,
    check_gaps,
    check_stages,
    check_lots,
    check_staffing,
    check_figures,
    check_chains,
    check_unused,
)


class Compiled(Struct, frozen=True):
    """What a file came to. `definitions`: its own processes, then those of the files it uses.

    `diagnostics` are in reading order, of very many the first (`findings.told`); `sources` give the text that each of
    them points into, by file; `catalogues` are the rule books in reach.
    """

    definitions: tuple[Definition, ...]
    scenarios: tuple[Scenario, ...]
    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, Source] = field(default_factory=dict)
    catalogues: tuple[RuleBook, ...] = ()
    stories: int = 0  # scenarios that the file tells, be they right or wrong

    @property
    def failed(self) -> bool:
        return any(d.is_error for d in self.diagnostics)

    def definition(self, name: str) -> Definition | None:
        """Finds a process by name."""
        return next((d for d in self.definitions if d.name == name), None)


def compile(path: str, data: bytes | str, loader: Loader | None = None) -> Compiled:
    """Compiles the process file `data` called `path` with all it uses; `loader` gives the bytes of other files.

    `loader` takes a path relative to where `path` is relative to, and raises OSError where there is no such file.
    """
    with collection_paused():
        return _compile(path, data, loader)


def _compile(path: str, data: bytes | str, loader: Loader | None, *, judge: bool = True) -> Compiled:
    files = Files(loader)
    root = files.load(path, data)
    diagnostics = list(files.diagnostics)
    definitions: list[Definition] = []
    budget = Budget()
    # A file used comes before its user here; people ask for the process of the file they named.
    units = [root, *(u for u in files.units.values() if u is not root)]
    scopes: dict[int, ProcessScope] = {}
    named: list[tuple[Unit, ProcessScope, Findings]] = []
    peers: dict[int, ProcessScope] = {}
    for unit in units:
        diagnostics += unit.findings.diagnostics
        if unit.findings.failed or unit.incomplete:
            continue
        for process in (_tops(unit), *(i for i in unit.items if isinstance(i, t.Process))):
            scope = ProcessScope(process, unit.path, unit.shared, peers=peers)
            findings = Findings(unit.path, budget, language_of(unit.source.working), warned=unit is root)
            check_names(scope, findings)
            named.append((unit, scope, findings))
            if scope.name and not findings.failed:
                peers[id(process)] = scope
    for unit, scope, findings in named:
        _run(scope, findings)
        diagnostics += findings.diagnostics
        if not scope.name:
            unit.sound = not findings.failed
        elif not findings.failed:
            scopes[id(scope.node)] = scope
    # Nothing is built on what a file shares wrongly.
    for unit in units:
        if not all(used.sound for used in unit.reached):
            for item in unit.items:
                scopes.pop(id(item), None)
    endless = Findings(path, budget)
    check_runs(scopes.values(), endless)
    check_bindings(scopes, endless)
    check_alike(scopes.values(), endless)
    check_amendments(scopes.values(), endless)
    diagnostics += endless.diagnostics
    for unit in units:
        for item in unit.items:
            if id(item) in scopes:
                definition = lower(scopes[id(item)], files.place)
                definitions.append(definition)
                timing = Findings(unit.path, budget)
                check_subject(scopes[id(item)], definition, timing)
                if unit is root:  # these only warn
                    check_deadlines(scopes[id(item)], definition, timing)
                    check_certain(scopes[id(item)], definition, timing, diagnostics)
                diagnostics += timing.diagnostics
    scenarios = []
    if not root.incomplete:
        findings = Findings(path, budget, language_of(root.source.working))
        scenarios = list(_scenarios(root, scopes, findings, files))
        diagnostics += findings.diagnostics
    if not root.tree.items and not diagnostics:
        diagnostics.append(Diagnostic("CH118", (0, 0), file=path))
    # A used file is warned about when it is checked itself.
    diagnostics = merged((d for d in diagnostics if d.is_error or d.file == path), files.text)
    if judge and any(d.is_error and d.file == path for d in diagnostics):
        from charter.dsl.judging import judged  # what only files with mistakes need

        diagnostics = judged(
            path, root.source, root.faults, diagnostics, lambda text: _compile(path, text, loader, judge=False)
        )
    diagnostics = told(diagnostics)
    sources = {path: unit.source for path, unit in files.units.items()}
    sources |= {path: table.source for path, table in files.tables.items()}
    stories = sum(isinstance(item, t.Scenario) for item in root.tree.items)
    return Compiled(tuple(definitions), tuple(scenarios), tuple(diagnostics), sources, tuple(_books(root)), stories)


def _books(root: Unit) -> Iterator[RuleBook]:
    for name, table in root.shared.tables.items():
        title = root.shared.catalogues[name].node.title
        yield RuleBook(name, title.text if title is not None else name, table)


def _run(scope: ProcessScope, findings: Findings) -> None:
    for check in PASSES if scope.name else _SHARED:
        if findings.failed:
            return
        check(scope, findings)


def _tops(unit: Unit) -> t.Process:
    """What a file declares at top level, as a process without name and work, so that the passes check it once."""
    shared = t.Role | t.Record | t.Register | t.Parameter | t.Calendar | t.Decision
    return t.Process(t.Name(""), body=tuple(i for i in unit.items if isinstance(i, shared)))


def _scenarios(root: Unit, scopes: dict[int, ProcessScope], findings: Findings, files: Files) -> Iterator[Scenario]:
    for item in root.items:
        if isinstance(item, t.Scenario):
            scenario = lower_scenario(item, root.shared.processes, scopes, findings, files.place)
            if scenario is not None:
                yield scenario

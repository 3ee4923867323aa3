"""Reads a process file with all the files it uses and their rule books, each once, and says what they share.

It does no I/O: `loader` gives the bytes of a path and raises OSError or KeyError where there are none. A path in
`use` (at top level or in a process) or `catalogue` is relative to the file that says it. What a file shares is what it
declares at top level and what the files it uses share; files that use one another share the same.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from functools import lru_cache

from msgspec import Struct, field

from charter.dsl.check import meetings, services
from charter.dsl.check.catalogues import SUFFIXES, Table, read_clauses
from charter.dsl.check.choosing import spelled_out
from charter.dsl.check.counters import counts
from charter.dsl.check.findings import Findings
from charter.dsl.check.scopes import Shared, Symbol
from charter.dsl.diagnostic import Diagnostic, Fault, Place
from charter.dsl.text import tree as t
from charter.dsl.text.parser import Parsed, parse
from charter.dsl.text.source import Source, read

Loader = Callable[[str], bytes]

SUFFIX = ".charter"
LIMITS = {"files": 1_000, "depth": 50}


class Unit(Struct, eq=False):
    """One file: its text, its tree, the tops that have syntax errors, the files it uses, its rule books by
    the names of their catalogues, what it shares.

    `sound`: what it shares has been checked and is right.
    """

    path: str
    source: Source
    tree: t.File
    broken: frozenset[int]
    uses: list[tuple[t.Use, Unit]] = field(default_factory=list)
    tables: dict[str, Table] = field(default_factory=dict)
    shared: Shared = field(default_factory=Shared)
    findings: Findings = field(default_factory=lambda: Findings(""))
    sound: bool = False
    faults: tuple[Fault, ...] = ()

    @property
    def items(self) -> list[t.Line]:
        """The tops of the file without syntax errors."""
        return [item for index, item in enumerate(self.tree.items) if index not in self.broken]

    @property
    def taken(self) -> list[t.Use]:
        """What the file says it uses, at top level or in the header of a process; it means the same in both places."""
        processes = [item for item in self.tree.items if isinstance(item, t.Process)]
        lines = (*self.items, *(line for process in processes for line in process.body))
        return [line for line in lines if isinstance(line, t.Use)]

    @property
    def reached(self) -> list[Unit]:
        """This file and all it uses, directly or through others."""
        found = [self]
        seen = {self.path}
        for unit in found:  # grows while it is walked
            for _, used in unit.uses:
                if used.path not in seen:
                    seen.add(used.path)
                    found.append(used)
        return found

    @property
    def incomplete(self) -> bool:
        """Whether a file that is not there, or a syntax error, hides what this file or one it uses shares."""
        return any(len(unit.uses) < len(unit.taken) for unit in self.reached) or any(
            not isinstance(unit.tree.items[index], t.Process | t.Scenario)
            for unit in self.reached
            for index in unit.broken
        )


@lru_cache(maxsize=32)
def _read(data: bytes | str, path: str) -> tuple[Source, Parsed]:
    """Reads a file, once where several of a folder use it."""
    source = read(data, path)
    return source, parse(source)


class Files:
    """The files of one compilation by path. `diagnostics` are those of reading and of `use`."""

    def __init__(self, loader: Loader | None) -> None:
        self.loader = loader
        self.units: dict[str, Unit] = {}
        self.tables: dict[str, Table] = {}
        self.diagnostics: list[Diagnostic] = []
        self._open: list[str] = []

    def place(self, path: str, offset: int) -> str:
        """Gives `file:line` for an offset into a file."""
        return f"{path}:{self.units[path].source.position(offset)[0]}"

    def text(self, path: str) -> str:
        """Gives the text of a file of the compilation, without its comments."""
        return self.units[path].source.working if path in self.units else self.tables[path].source.text

    def load(self, path: str, data: bytes | str) -> Unit:
        """Reads a file with all that it uses."""
        unit = self._load(path, data)
        for group in _groups(unit):
            _share(group)
        return unit

    def _load(self, path: str, data: bytes | str) -> Unit:
        """Reads a file and, depth first, the files it uses."""
        source, parsed = _read(data, path)
        unit = Unit(path, source, parsed.tree, parsed.broken, findings=Findings(path), faults=parsed.faults)
        self.units[path] = unit
        self.diagnostics += parsed.diagnostics
        self._open.append(path)
        for line in unit.taken:
            if (used := self._use(unit, line)) is not None:
                unit.uses.append((line, used))
        self._open.pop()
        for item in unit.items:
            if isinstance(item, t.Catalogue) and (table := self._table(unit, item)) is not None:
                unit.tables.setdefault(item.name.text, table)
        return unit

    def _use(self, unit: Unit, line: t.Use) -> Unit | None:
        path = _beside(unit, line.path)
        if path == unit.path:
            unit.findings.add("CH211", line.path.span)
            return None
        known = self.units.get(path)
        if known is not None:
            return known
        if not path.endswith(SUFFIX):
            unit.findings.add("CH239", line.path.span, path=line.path.text)
            return None
        data = self._bytes(path) if len(self._open) < LIMITS["depth"] else None
        if data is None:
            unit.findings.add("CH210", line.path.span, path=line.path.text)
            return None
        return self._load(path, data)

    def _table(self, unit: Unit, line: t.Catalogue) -> Table | None:
        """Reads a rule book, once. What is wrong with it keeps nothing else from being checked."""
        path = _beside(unit, line.path)
        if path in self.tables:
            return self.tables[path]
        known = path.endswith(SUFFIXES)
        data = self._bytes(path) if known else None
        if data is None:
            wrong = "CH210" if known else "CH240"
            self.diagnostics.append(Diagnostic(wrong, line.path.span, {"path": line.path.text}, file=unit.path))
            return None
        table = self.tables[path] = read_clauses(data, path)
        self.diagnostics += table.diagnostics
        return table

    def _bytes(self, path: str) -> bytes | None:
        if self.loader is None or len(self.units) + len(self.tables) >= LIMITS["files"]:
            return None
        try:
            return self.loader(path)
        except (OSError, KeyError, ValueError):
            return None


def _beside(unit: Unit, path: t.Text) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(unit.path), path.text))


_TABLES: dict[type, str] = {
    t.Role: "roles",
    t.Record: "records",
    t.Parameter: "parameters",
    t.Calendar: "calendars",
    t.Decision: "decisions",
    t.Register: "registers",
    t.Choice: "choices",
    t.Process: "processes",
    t.Catalogue: "catalogues",
}
_KINDS = {
    "roles": "role",
    "records": "record",
    "parameters": "parameter",
    "calendars": "calendar",
    "decisions": "decision",
    "registers": "register",
    "choices": "choice",
    "processes": "process",
    "catalogues": "catalogue",
}
# What expressions see side by side.
_SIDE_BY_SIDE = ("records", "parameters", "registers")
# What fields and parameters are of.
_TYPES = ("records", "choices")
_Declared = t.Role | t.Record | t.Parameter | t.Calendar | t.Decision | t.Register | t.Choice | t.Process | t.Catalogue


def _groups(root: Unit) -> list[list[Unit]]:
    """Gives the files that a file uses, each with those that use it in turn, after all that they use."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    held: list[Unit] = []
    found: list[list[Unit]] = []

    def visit(unit: Unit) -> None:  # Tarjan (1972); no deeper than files use one another
        number[unit.path] = low[unit.path] = len(number)
        held.append(unit)
        for _, used in unit.uses:
            if used.path not in number:
                visit(used)
                low[unit.path] = min(low[unit.path], low[used.path])
            elif used in held:
                low[unit.path] = min(low[unit.path], number[used.path])
        if low[unit.path] == number[unit.path]:
            at = held.index(unit)
            found.append(held[at:])
            del held[at:]

    visit(root)
    return found


def _share(group: list[Unit]) -> None:
    """Fills what a file shares, or files that use one another, and reports what is declared twice."""
    shared = Shared()
    for unit in group:
        unit.shared = shared
        for line, used in unit.uses:
            if used not in group:
                _take(unit, line, used)
        shared.tables |= unit.tables
        meetings.check_meetings(unit.tree, unit.findings)
        services.check_services(unit.tree, unit.findings)
    choices = _choices(group)
    for unit in group:
        unit.tree = spelled_out(services.spelled_out(meetings.spelled_out(unit.tree)), choices)
        _declare(unit)


def _take(unit: Unit, line: t.Use, used: Unit) -> None:
    """Adds what a file that is used shares."""
    shared = unit.shared
    for name, kind in _KINDS.items():
        table: dict[str, Symbol] = getattr(shared, name)
        for symbol in getattr(used.shared, name).values():
            earlier = table.setdefault(symbol.name, symbol)
            if earlier.node is not symbol.node:
                _twice(unit, line.path, symbol.name, kind, earlier)
    shared.tables = used.shared.tables | shared.tables
    known = {id(separation) for separation, _ in shared.separations}
    shared.separations += [pair for pair in used.shared.separations if id(pair[0]) not in known]


def _declare(unit: Unit) -> None:
    """Adds what a file declares itself."""
    shared = unit.shared
    # A process with syntax errors is not checked, but others may still run it.
    for item in unit.tree.items:
        if isinstance(item, t.Separation):
            shared.separations.append((item, unit.path))
        name = _TABLES.get(type(item), "")
        if not name or not isinstance(item, _Declared):
            continue
        _offer(unit, Symbol(_KINDS[name], item.name.text, item, unit.path), name)
        if isinstance(item, t.Process):
            for own in item.body:
                if isinstance(own, t.Counter):
                    _offer(unit, Symbol("counter", own.name.text, counts(own), unit.path), "registers")


def _offer(unit: Unit, own: Symbol, name: str) -> None:
    """Adds a declaration to a table of what a file shares, or reports that its name is taken."""
    shared = unit.shared
    sides = [side for side in (_SIDE_BY_SIDE, _TYPES) if name in side]
    rivals = [getattr(shared, other) for side in sides for other in side] or [getattr(shared, name)]
    rival = next((r[own.name] for r in rivals if own.name in r), None)
    if rival is not None:
        _twice(unit, own.node.name, own.name, rival.kind, rival)
    else:
        getattr(shared, name)[own.name] = own


def _choices(group: list[Unit]) -> dict[str, t.Choice]:
    """Gives the choices by name that files declare or take from others."""
    taken = {name: symbol.node for name, symbol in group[0].shared.choices.items()}
    declared = (item for unit in group for item in unit.tree.items if isinstance(item, t.Choice))
    return taken | {item.name.text: item for item in declared}


def _twice(unit: Unit, at: t.Name | t.Text, name: str, kind: str, earlier: Symbol) -> None:
    place = Place(earlier.span, earlier.file, "first_declared")
    unit.findings.add("CH205", at.span, also=(place,), name=name, kind=kind)

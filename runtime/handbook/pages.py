"""What a page of the handbook shows of a process, before any format: its lines with the titles of what they name.

A page is the file set for reading, so it says nothing that the file does not: each line is printed by the words of the
reader's language (`dsl/text/phrases.py`), names lead to what they name, and comments stay with what they explain. What
is laid out otherwise is what reads better so: the RACI-VS matrix, decision tables, fields, the clauses. Knows no HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct

from charter.dsl.check import meetings, services
from charter.dsl.check.choosing import spelled_out
from charter.dsl.passes import Compiled
from charter.dsl.text import tree
from charter.dsl.text.parser import parse
from charter.dsl.text.source import read
from charter.engine.carriers import Carrier, carriers
from charter.engine.definition import Clause, Definition, Element
from charter.engine.plan.named import titles
from charter.runtime.author.rulebooks import Book
from charter.runtime.cli.messages import Messages
from charter.runtime.drawing.picture import Picture, build_picture
from charter.runtime.handbook.lines import Grid, Lines, Part, Row, remarks

# section -> the lines of a file that stand in it, in the order of a page
SECTIONS: Mapping[str, tuple[type, ...]] = {
    "roles": (tree.Role,),
    "parameters": (tree.Parameter,),
    "steps": (tree.Element,),
    "records": (tree.Record,),
    "registers": (tree.Register,),
    "decisions": (tree.Decision,),
    "clocks": (tree.Sla,),
    "ledgers": (tree.Ledger,),
    "queues": (tree.Queue,),
    "counters": (tree.Counter,),
    "kpis": (tree.Kpi,),
    "reports": (tree.Report,),
    "rules": (tree.Rule,),
    "calendars": (tree.Calendar,),
}
BLOCKS = tuple(kind for kinds in SECTIONS.values() for kind in kinds)


class Card(Struct, frozen=True):
    """A part of a process with lines of its own. `depth`: how many phases are around it."""

    anchor: str
    kind: str
    name: str
    title: str
    rows: tuple[Row, ...] = ()
    grid: Grid | None = None
    remarks: tuple[str, ...] = ()
    depth: int = 0


class Section(Struct, frozen=True):
    key: str
    cards: tuple[Card, ...]


class Raci(Struct, frozen=True):
    """Who has which part in which element: (anchor, title, is a phase, letters by role) for each."""

    roles: tuple[str, ...]
    rows: tuple[tuple[str, str, bool, tuple[str, ...]], ...]


class Citation(Struct, frozen=True):
    """A clause of a rule book, and what carries it out here."""

    id: str
    text: str
    carriers: tuple[Part, ...]


class Page(Struct, frozen=True):
    """All of a process. `address`: the name of its file without ending."""

    address: str
    definition: Definition
    file: str
    rows: tuple[Row, ...]
    remarks: tuple[str, ...]
    picture: Picture
    raci: Raci
    sections: tuple[Section, ...]
    citations: tuple[Citation, ...]
    stories: tuple[str, ...]
    runs: tuple[Part, ...]
    run_by: tuple[Part, ...]


class Handbook:
    """The processes of some files, each once, whichever of the files reach it."""

    def __init__(self, files: Iterable[Compiled]) -> None:
        self.entries: list[tuple[str, Definition, Compiled]] = []
        self.addresses: dict[tuple[str, str | None], str] = {}
        self._trees: dict[str, tree.File] = {}
        self.stories: dict[tuple[str, str | None], tuple[str, ...]] = {}
        for compiled in files:
            for definition in compiled.definitions:
                place = (definition.name, definition.place("process"))
                told = _stories(self.trees(compiled)[0], definition.name)
                self.stories[place] = (*self.stories.get(place, ()), *told)
                if place not in self.addresses:
                    self.entries.append((self._address(definition), definition, compiled))

    def _address(self, definition: Definition) -> str:
        """Names the page of a process; of several of one name, the later are numbered."""
        number, address = 1, definition.name
        while address in self.addresses.values():
            number += 1
            address = f"{definition.name}-{number}"
        self.addresses[definition.name, definition.place("process")] = address
        return address

    def address_of(self, definition: Definition) -> str:
        """Gives the file of a process's page."""
        return f"{self.addresses[definition.name, definition.place('process')]}.html"

    def pages(self, say: Messages) -> Iterator[Page]:
        """Makes the page of each process in the reader's language."""
        for address, definition, compiled in self.entries:
            yield _Maker(self, address, definition, compiled, say).page()

    def trees(self, compiled: Compiled) -> Sequence[tree.File]:
        """Gives the trees of a file and of those that it uses."""
        for path, source in compiled.sources.items():
            if path.endswith(".charter") and path not in self._trees:
                self._trees[path] = parse(read(source.text, path)).tree
        found = [self._trees[path] for path in compiled.sources if path in self._trees]
        choices = {item.name.text: item for one in found for item in one.items if isinstance(item, tree.Choice)}
        return [spelled_out(services.spelled_out(meetings.spelled_out(one)), choices) for one in found]


class _Maker:
    def __init__(
        self,
        book: Handbook,
        address: str,
        definition: Definition,
        compiled: Compiled,
        say: Messages,
    ) -> None:
        self.book, self.address, self.definition, self.compiled = book, address, definition, compiled
        self.say = say
        self.others = {d.name: (book.address_of(d), d.title) for d in compiled.definitions}
        trees = book.trees(compiled)
        self.top = [item for file in trees for item in file.items]
        self.lines = Lines(definition, self.others, self.elsewhere, say)

    @cached_property
    def elsewhere(self) -> dict[str, tuple[str, str]]:
        """Gives (address, title) of the records that the processes declare which this one runs."""
        own = {_name(n) for n in (*self.top, *_within(self.node.body)) if isinstance(n, tree.Record)}
        found: dict[str, tuple[str, str]] = {}
        for e in self.definition.elements:
            run = self.compiled.definition(e.work.target or "") if e.work is not None else None
            for record in () if run is None else run.records:
                if run is not None and record.name in e.outputs and record.name not in own:
                    maker = self.maker(run, record.name, {self.definition.name})
                    found[record.name] = (f"{self.others[maker.name][0]}#record-{record.name}", record.title)
        return found

    def maker(self, run: Definition, record: str, seen: set[str]) -> Definition:
        """Gives the process that declares what another one hands on: the last that is run for it."""
        for e in run.elements:
            inner = self.compiled.definition(e.work.target or "") if e.work is not None else None
            if inner is not None and record in e.outputs and inner.name not in seen:
                return self.maker(inner, record, {*seen, run.name})
        return run

    @cached_property
    def node(self) -> tree.Process:
        return next(n for n in self.top if isinstance(n, tree.Process) and n.name.text == self.definition.name)

    def page(self) -> Page:
        d, node = self.definition, self.node
        picture = build_picture(d, self.say)
        run_by = [other for _, other, _ in self.book.entries if d.name in _started(other)]
        return Page(
            self.address,
            d,
            (d.place("process") or "").rpartition(":")[0],
            tuple(self.lines.row(line) for line in node.body if not isinstance(line, BLOCKS)),
            remarks(node),
            picture,
            self.raci(),
            tuple(s for s in self.sections() if s.cards),
            tuple(self.citations()),
            self.book.stories.get((d.name, d.place("process")), ()),
            tuple(Part(self.others[n][1], self.others[n][0]) for n in _started(d) if n in self.others),
            tuple(Part(other.title, self.book.address_of(other)) for other in run_by),
        )

    def sections(self) -> Iterator[Section]:
        d = self.definition
        wanted = {
            tree.Role: [role.name for role in d.roles],
            tree.Parameter: [p.name for p in d.parameters],
            tree.Record: [r.name for r in d.records],
            tree.Register: [r.name for r in d.registers],
            tree.Decision: [table.name for table in d.decisions],
            tree.Calendar: list(dict.fromkeys(c.name for c in (d.calendar, *d.calendars) if c.name)),
        }
        own = self.node.body
        for key, kinds in SECTIONS.items():
            cards: list[Card] = []
            for kind in kinds:
                nodes = [n for n in (own if kind is tree.Element else _within(own)) if isinstance(n, kind)]
                if kind in wanted:  # what the file shares counts where the process has it
                    shared = {_name(n): n for n in self.top if isinstance(n, kind)}
                    mine = shared | {_name(n): n for n in nodes}
                    nodes = [mine[name] for name in wanted[kind] if name in mine]
                for n in nodes:
                    cards += self.cards(n, 0)
            if key == "records":  # a record without fields need not be declared
                there = {*self.elsewhere, *(card.name for card in cards)}
                bare = [name for name in wanted[tree.Record] if name not in there]
                cards += [Card(f"record-{name}", "record", name, name) for name in bare]
            yield Section(key, tuple(cards))

    def cards(self, node: tree.Line, depth: int) -> Iterator[Card]:
        """Makes the card of a block, and of the elements in it."""
        kind = node.kind if isinstance(node, tree.Element) else type(node).__name__.lower()
        name, title = _name(node), getattr(node, "title", None)
        body = getattr(node, "body", ())
        inner = [line for line in body if isinstance(line, tree.Element)]
        rows = [*self.lines.head(node)]
        rows += [self.lines.row(line) for line in body if not _is_apart(line)]
        yield Card(
            f"{kind}-{name}",
            kind,
            name,
            title.text if title is not None else name,
            tuple(rows),
            self.lines.grid(node),
            remarks(node),
            depth,
        )
        for element in inner:
            yield from self.cards(element, depth + 1)

    def raci(self) -> Raci:
        """Lays out who is responsible, accountable, consulted, informed, verifies and signs off (RACI-VS)."""
        d = self.definition
        found = [(e, _letters(e)) for e in d.elements]
        used = {role for _, letters in found for role in letters}
        roles = [(role.name, role.title) for role in d.roles if role.name in used]
        roles += titles(d).items()
        rows = []
        for e, letters in found:
            if letters or e.kind == "phase":
                cells = tuple("".join(letters.get(role, ())) for role, _ in roles)
                rows.append((f"{e.kind}-{e.name}", e.title, e.kind == "phase", cells))
        return Raci(tuple(title for _, title in roles), tuple(rows))

    def citations(self) -> Iterator[Citation]:
        carried: dict[str, list[Carrier]] = {}
        for carrier in carriers(self.definition):
            for clause in carrier.clauses:
                carried.setdefault(clause, []).append(carrier)
        for id in sorted(carried):
            parts = tuple(Part(c.title, _where(c)) for c in carried[id])
            yield Citation(id, self.lines.clause(id) or "", parts)


def _where(carrier: Carrier) -> str | None:
    """Says where on a page a carrier stands: the point of a checklist with its activity."""
    name = carrier.name.partition(".")[0]
    if carrier.kind == "check":
        return f"#activity-{name}"
    return None if carrier.kind in ("process", "separation") else f"#{carrier.kind}-{name}"


def _letters(e: Element) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    seats = [role for stage in e.agreement.stages for role, _ in stage.seats] if e.agreement else []
    for letter, roles in (
        ("R", e.roles),
        ("A", e.accountable),
        ("C", e.consulted),
        ("I", e.informed),
        ("V", [check.by for check in e.checklist if check.by]),
        ("S", seats),
    ):
        for role in roles:
            if letter not in found.setdefault(role, []):
                found[role].append(letter)
    return found


def _started(d: Definition) -> list[str]:
    """Names the processes that a process runs or starts."""
    works = (e.work for e in d.elements if e.work is not None and e.work.kind in ("run", "start"))
    return list(dict.fromkeys(work.target for work in works if work.target is not None))


def _name(node: Any) -> str:
    """Gives the name of a line that declares something."""
    name: str = node.name.text
    return name


def _within(body: Iterable[tree.Line]) -> Iterator[tree.Line]:
    """Gives the lines of a block, and those of the elements in it."""
    for line in body:
        yield line
        if isinstance(line, tree.Element):
            yield from _within(line.body)


def _is_apart(line: tree.Line) -> bool:
    """Whether a line of a block has a card of its own, or is in its table."""
    return isinstance(line, tree.Element | tree.Columns | tree.Row | tree.Field)


def _stories(file: tree.File, process: str) -> Iterator[str]:
    """Gives the titles of the scenarios that open a case of a process."""
    for story in file.items:
        if isinstance(story, tree.Scenario) and any(
            isinstance(step, tree.CaseStep) and step.process.text == process for step in story.body
        ):
            yield story.title.text


def carriers_of(book: Handbook, clauses: Book) -> list[tuple[Clause, tuple[Part, ...]]]:
    """Gives each clause of a rule book with what carries it out, in whichever process."""
    found = []
    for clause in clauses.clauses:
        there = clauses.carried.get(clause.id, ())
        found.append((clause, tuple(Part(c.title, book.address_of(d) + (_where(c) or ""), d.title) for d, c in there)))
    return found

"""The map of a log: a text that says which column is what and where each event leaves the elements of a process.

Reads the text into a `Map`, and holds a map against a process. All mistakes are collected with their lines; a map with
any is not used. Values and conditions are FEEL over the columns. How a map is written is in docs/import.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from charter.engine import feel, zones
from charter.engine.definition import Definition
from charter.engine.feel import Expression
from charter.engine.plan.program import prepare
from charter.engine.retracing import OF_CASE, STATES, Aim
from charter.engine.text import composed
from charter.runtime.imports.findings import Mistake
from charter.runtime.imports.times import Pattern, pattern

# names that an expression may use besides the columns: the event's text, and that of the case's event before it
OWN = ("event", "previous")
ENCODINGS = {"utf-8": "utf-8-sig", "utf8": "utf-8-sig", "gb18030": "gb18030", "utf-16": "utf-16"}
DIVIDERS = {",": ",", ";": ";", "tab": "\t", "|": "|"}


class Column(Struct, frozen=True):
    """Which column of the log a name means: the `nth` with this heading; None where the map does not say which."""

    heading: str
    nth: int | None
    line: int


class Formula(Struct, frozen=True, eq=False):
    """A FEEL expression of the map. `column`: the one that it is, where it is no more than that."""

    text: str
    line: int
    expression: Expression
    column: str | None = None


class When(Struct, frozen=True, eq=False):
    """Rows of these events, or that meet a condition, and where they lead; `ignored` rows are counted alone."""

    line: int
    events: frozenset[str] | None
    condition: Formula | None
    aims: tuple[Aim, ...] = ()
    ignored: bool = False


class RecordMap(Struct, frozen=True, eq=False):
    """How a row says a record. `once`: what comes later does not change it. `condition`: which rows say it."""

    name: str
    line: int
    fields: list[tuple[str, Formula]]
    once: bool = False
    condition: Formula | None = None


class Compare(Struct, frozen=True, eq=False):
    """A figure of the log beside one of the case, at every event or when the history ends; `by`: what explains."""

    name: str
    line: int
    theirs: Formula
    ours: str
    always: bool
    by: str | None


class Map(Struct, eq=False):
    """See the module's text."""

    source: str = ""
    process: str = ""
    encoding: str = "utf-8-sig"
    divider: str | None = None
    missing: frozenset[str] = frozenset()
    zone: str | None = None
    columns: dict[str, Column] = field(default_factory=dict)
    roles_of: dict[str, Formula] = field(default_factory=dict)
    case: str = ""
    event: str = ""
    actor: str | None = None
    time: str = ""
    written: Pattern | None = None
    whens: list[When] = field(default_factory=list)
    records: dict[str, RecordMap] = field(default_factory=dict)
    compares: list[Compare] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)


_NAME = r"[^\W\d]\w*"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_TEXTS = re.compile(rf"{_QUOTED}(?:\s*,\s*{_QUOTED})*")
_COLUMN = rf"(?P<column>{_NAME}|{_QUOTED}(?:\s*\[\s*\d+\s*\])?)"


def _form(text: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(text).fullmatch


# word of a line -> what may follow it, and how it is written (as its diagnostic shows it)
_FORMS: Mapping[str, tuple[Callable[[str], re.Match[str] | None], str]] = {
    "log": (_form(rf"(?P<name>{_NAME})(?:\s+{_QUOTED})?"), 'log NAME "title"'),
    "process": (_form(rf"(?P<name>{_NAME})"), "process NAME"),
    "encoding": (_form(r"(?P<name>[\w-]+)"), "encoding UTF-8 | GB18030 | UTF-16"),
    "divider": (_form(r'"?(?P<name>[,;|]|tab)"?'), 'divider "," | ";" | "|" | tab'),
    "missing": (_form(_TEXTS.pattern), 'missing "?", "NULL"'),
    "zone": (_form(r"(?P<name>[\w/+-]+)"), "zone Europe/Amsterdam"),
    "case": (_form(_COLUMN), "case COLUMN"),
    "event": (_form(_COLUMN), "event COLUMN"),
    "actor": (_form(_COLUMN), "actor COLUMN"),
    "time": (_form(rf"{_COLUMN}(?:\s+as\s+(?P<as>{_QUOTED}))?"), 'time COLUMN as "dd/MM/yyyy HH:mm"'),
    "column": (
        _form(rf"(?P<name>{_NAME})\s*=\s*(?P<column>{_QUOTED}(?:\s*\[\s*\d+\s*\])?)"),
        'column NAME = "heading" or "heading"[2]',
    ),
    "when": (_form(r"(?P<what>.+?)\s+then\s+(?P<aims>.+)"), 'when "EVENT", … or CONDITION then ELEMENT STATE, …'),
    "ignore": (_form(r"when\s+(?P<what>.+)"), 'ignore when "EVENT", … or CONDITION'),
    "record": (
        _form(rf"(?P<name>{_NAME})(?P<once>\s+once)?(?:\s+when\s+(?P<what>.+))?"),
        "record NAME [once] [when CONDITION]",
    ),
    "role": (_form(rf"(?P<name>{_NAME})\s+when\s+(?P<what>.+)"), "role NAME when CONDITION"),
    "compare": (
        _form(
            rf"(?P<name>{_NAME})\s*=\s*(?P<theirs>.+?)\s+with\s+(?P<ours>.+?)"
            r"(?P<when>\s+at every event)?(?:\s+by\s+(?P<by>.+))?"
        ),
        "compare NAME = EXPRESSION with EXPRESSION OF THE CASE [at every event] [by EXPRESSION OF THE CASE]",
    ),
}  # fmt: skip
_FIELD = _form(rf"(?P<name>{_NAME})\s*=\s*(?P<value>.+)")
_ONCE = ("log", "process", "encoding", "divider", "missing", "zone", "case", "event", "actor", "time")
_NEEDED = ("log", "process", "case", "event", "time", "when")


def read_map(text: str) -> tuple[Map, list[Mistake]]:
    """Reads a map; what is wrong with its text alone comes with it."""
    reader = _Reader()
    for line, indented, content in _lines(composed(text)):
        reader.line(line, indented, content)
    reader.end()
    return reader.map, reader.mistakes


def _lines(text: str) -> Iterator[tuple[int, bool, str]]:
    """Yields the lines that say something. An indented one goes on with the line before, but for fields of a record."""
    fields = False
    held: tuple[int, bool, str] | None = None
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        content = _uncommented(raw).strip()
        if not content:
            continue
        indented = raw[:1].isspace()
        if not indented:
            fields = content.split()[0] == "record"
        if held is not None and (_open(held[2]) or (indented and not fields)):
            held = (held[0], held[1], f"{held[2]} {content}")
            continue
        if held is not None:
            yield held
        held = (number, indented, content)
    if held is not None:
        yield held


def _uncommented(raw: str) -> str:
    return re.match(rf"(?:{_QUOTED}|[^#])*", raw)[0]  # type: ignore[index]


def _open(content: str) -> bool:
    bare = re.sub(_QUOTED, "", content)
    return sum(bare.count(sign) for sign in "([{") > sum(bare.count(sign) for sign in ")]}") or bare.endswith(",")


def unquoted(text: str) -> str:
    """Gives what a quoted text says."""
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def texts_of(text: str) -> tuple[str, ...]:
    """Gives the texts of a list of quoted ones."""
    return tuple(unquoted(one) for one in re.findall(_QUOTED, text))


class _Reader:
    """Takes a map's lines in one after another."""

    def __init__(self) -> None:
        self.map = Map()
        self.mistakes: list[Mistake] = []
        self._within: RecordMap | None = None

    def wrong(self, code: str, line: int, **arguments: Any) -> None:
        self.mistakes.append(Mistake(code, arguments, line))

    def line(self, number: int, indented: bool, content: str) -> None:
        if indented and self._within is not None:
            found = _FIELD(content)
            if found is None:
                self.wrong("CH726", number, written=content, form="FIELD = EXPRESSION")
            elif (value := self.formula(found["value"], number)) is not None:
                self._within.fields.append((found["name"], value))
            return
        self._within = None
        word, _, rest = content.partition(" ")
        if word not in _FORMS:
            self.wrong("CH725", number, found=word, known=tuple(_FORMS))
            return
        form, shown = _FORMS[word]
        found = form(rest.strip())
        if found is None:
            self.wrong("CH726", number, written=content, form=shown)
            return
        if word in _ONCE and word in self.map.lines:
            self.wrong("CH726", number, written=content, form=f"{shown} ({self.map.lines[word]})")
            return
        self.map.lines.setdefault(word, number)
        getattr(self, f"_{word}")(number, found)

    def end(self) -> None:
        for word in _NEEDED:
            if word not in self.map.lines and not any(m.line is not None and m.code == "CH726" for m in self.mistakes):
                self.mistakes.append(Mistake("CH727", {"word": word, "form": _FORMS[word][1]}))

    def formula(self, text: str, line: int) -> Formula | None:
        parsed = feel.parse(text)
        if parsed.tree is None:
            self.wrong("CH732", line, text=text, detail=parsed.problems[0].message if parsed.problems else "")
            return None
        column = text if re.fullmatch(_NAME, text) else None
        return Formula(text, line, feel.compile(parsed.tree), column)

    def column(self, written: str, line: int) -> str:
        """Gives the name of a column that a line names by its heading or its name."""
        heading = re.fullmatch(rf"({_QUOTED})(?:\s*\[\s*(\d+)\s*\])?", written)
        if heading is None:
            self.map.columns.setdefault(written, Column(written, None, line))
            return written
        named = Column(unquoted(heading[1]), int(heading[2]) if heading[2] else None, line)
        self.map.columns[written] = named
        return written

    # -- one a word --------------------------------------------------------------------------------------------------

    def _log(self, line: int, found: re.Match[str]) -> None:
        self.map.source = found["name"]

    def _process(self, line: int, found: re.Match[str]) -> None:
        self.map.process = found["name"]

    def _encoding(self, line: int, found: re.Match[str]) -> None:
        if found["name"].lower() not in ENCODINGS:
            self.wrong("CH726", line, written=f"encoding {found['name']}", form=_FORMS["encoding"][1])
            return
        self.map.encoding = ENCODINGS[found["name"].lower()]

    def _divider(self, line: int, found: re.Match[str]) -> None:
        self.map.divider = DIVIDERS[found["name"]]

    def _missing(self, line: int, found: re.Match[str]) -> None:
        self.map.missing = frozenset(texts_of(found[0]))

    def _zone(self, line: int, found: re.Match[str]) -> None:
        if zones.find(found["name"]) is None:
            self.wrong("CH726", line, written=f"zone {found['name']}", form=_FORMS["zone"][1])
            return
        self.map.zone = found["name"]

    def _case(self, line: int, found: re.Match[str]) -> None:
        self.map.case = self.column(found["column"], line)

    def _event(self, line: int, found: re.Match[str]) -> None:
        self.map.event = self.column(found["column"], line)

    def _actor(self, line: int, found: re.Match[str]) -> None:
        self.map.actor = self.column(found["column"], line)

    def _time(self, line: int, found: re.Match[str]) -> None:
        self.map.time = self.column(found["column"], line)
        if found["as"] is not None:
            self.map.written = pattern(unquoted(found["as"]))
            if self.map.written is None:
                self.wrong("CH726", line, written=found["as"], form=_FORMS["time"][1])

    def _column(self, line: int, found: re.Match[str]) -> None:
        self.column(found["column"], line)
        self.map.columns[found["name"]] = self.map.columns.pop(found["column"])

    def _condition(self, what: str, line: int) -> tuple[frozenset[str] | None, Formula | None] | None:
        if _TEXTS.fullmatch(what):
            return frozenset(texts_of(what)), None
        formula = self.formula(what, line)
        return None if formula is None else (None, formula)

    def _when(self, line: int, found: re.Match[str]) -> None:
        condition = self._condition(found["what"], line)
        aims: list[Aim] = []
        for part in found["aims"].split(","):
            words = part.split()
            if words == ["noted"]:
                continue
            if len(words) != 2:
                self.wrong("CH726", line, written=part.strip(), form=_FORMS["when"][1])
                return
            aims.append(Aim(*words))
        if condition is not None:
            self.map.whens.append(When(line, *condition, tuple(aims)))

    def _ignore(self, line: int, found: re.Match[str]) -> None:
        condition = self._condition(found["what"], line)
        if condition is not None:
            self.map.whens.append(When(line, *condition, ignored=True))

    def _record(self, line: int, found: re.Match[str]) -> None:
        condition = None if found["what"] is None else self.formula(found["what"], line)
        self._within = RecordMap(found["name"], line, [], found["once"] is not None, condition)
        self.map.records[found["name"]] = self._within

    def _role(self, line: int, found: re.Match[str]) -> None:
        formula = self.formula(found["what"], line)
        if formula is not None:
            self.map.roles_of[found["name"]] = formula

    def _compare(self, line: int, found: re.Match[str]) -> None:
        theirs = self.formula(found["theirs"], line)
        ours = self.formula(found["ours"], line)
        by = None if found["by"] is None else self.formula(found["by"], line)
        if theirs is not None and ours is not None:
            one = Compare(
                found["name"], line, theirs, ours.text, found["when"] is not None, None if by is None else by.text
            )
            self.map.compares.append(one)


def formulas(map_: Map) -> Iterator[Formula]:
    """Yields every expression over the columns."""
    for when in map_.whens:
        if when.condition is not None:
            yield when.condition
    for record in map_.records.values():
        if record.condition is not None:
            yield record.condition
        yield from (value for _, value in record.fields)
    yield from map_.roles_of.values()
    yield from (compare.theirs for compare in map_.compares)


def read_names(map_: Map) -> set[str]:
    """Names the columns that a map reads."""
    named = {name for formula in formulas(map_) for name in formula.expression.names} - set(OWN)
    return named | set(map_.columns) | {map_.case, map_.event, map_.time} | ({map_.actor} if map_.actor else set())


def against_process(map_: Map, definition: Definition) -> list[Mistake]:
    """Finds what a map names that its process does not have."""
    found: list[Mistake] = []
    program = prepare(definition)
    plans = program.plans
    elements = {
        name: plan
        for name, plan in plans.items()
        if plan.kind in ("activity", "approval") and plan.element.work is None and not plan.loops
    }

    def wrong(code: str, line: int, name: str, known: Iterable[str]) -> None:
        found.append(Mistake(code, {"name": name, "known": tuple(known)}, line))

    for when in map_.whens:
        for aim in when.aims:
            if aim.element == "signal":
                continue
            if aim.element == "case":
                if aim.state not in OF_CASE:
                    wrong("CH730", when.line, aim.state, OF_CASE)
            elif aim.element not in elements:
                wrong("CH730", when.line, aim.element, [*elements, "case", "signal"])
            elif aim.state not in STATES:
                wrong("CH730", when.line, aim.state, STATES)
    types = {record.name: record for record in definition.records}
    for record in map_.records.values():
        if record.name not in types:
            wrong("CH731", record.line, record.name, types)
            continue
        fields = [one.name for one in types[record.name].fields]
        for name, value in record.fields:
            if fields and name not in fields:
                wrong("CH731", value.line, name, fields)
    roles = [role.name for role in definition.roles]
    for role, formula in map_.roles_of.items():
        if role not in roles:
            wrong("CH731", formula.line, role, roles)
    known = {*plans, *types, *program.slas, "case", "process", *(parameter.name for parameter in definition.parameters)}
    for compare in map_.compares:
        for text in (compare.ours, compare.by):
            parsed = None if text is None else feel.parse(text).tree
            for name in sorted(feel.compile(parsed).names - known) if parsed is not None else ():
                wrong("CH731", compare.line, name, sorted(known))
    # What is handed over has to be said by some row.
    handed = list(definition.inputs)
    for when in map_.whens:
        for aim in when.aims:
            if aim.element in elements and aim.state == "done":
                handed += elements[aim.element].element.outputs
    unsaid = [name for name in dict.fromkeys(handed) if name not in map_.records]
    if unsaid and not found:
        found += [Mistake("CH727", {"word": f"record {name}", "form": f"record {name}"}) for name in unsaid]
    return found

"""A log read by its map: the histories of its cases, each the events of its rows in the order of their times.

All of the log is read and looked at before anything is written, and every mistake is found with the row where it first
stands. Rows keep their numbers; what a row cannot be an event for (no time, no meaning in the map) is an event all the
same, with its deviation. Knows the process by its record types alone, and nothing of databases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from charter.engine import values, zones
from charter.engine.commands import Actor
from charter.engine.definition import Definition, RecordType
from charter.engine.feel.temporal_text import read_date_time
from charter.engine.retracing import Event
from charter.engine.text import composed
from charter.runtime import clock
from charter.runtime.author.intake import Reader
from charter.runtime.imports import logs, object_logs
from charter.runtime.imports.findings import Faulty, Mistake
from charter.runtime.imports.mapping import OWN, Column, Formula, Map, RecordMap, When, formulas, read_names
from charter.runtime.imports.times import reader

Row = tuple[int, tuple[str, ...]]
# So many mistakes of one kind are told; the rest is counted.
TOLD = 5
LONGEST_ID = 200


class Log(Struct, frozen=True):
    """The rows of a log by case, in the order of the log; `names`: the columns of their cells."""

    names: tuple[str, ...]
    cases: dict[str, list[Row]]
    rows: int
    warnings: tuple[Mistake, ...] = ()


class _Noted:
    """Mistakes as they are found, a few of each kind."""

    def __init__(self) -> None:
        self.found: list[Mistake] = []
        self._counts: dict[str, int] = {}

    def add(self, mistake: Mistake) -> None:
        count = self._counts[mistake.code] = self._counts.get(mistake.code, 0) + 1
        if count <= (1 if mistake.warning else TOLD):
            self.found.append(mistake)

    def warnings(self) -> tuple[Mistake, ...]:
        """Gives the first warning of each kind, with how many there are."""
        counted = ((mistake, {"count": self._counts[mistake.code]}) for mistake in self.found if mistake.warning)
        return tuple(replace(mistake, arguments={**mistake.arguments, **count}) for mistake, count in counted)


def read_log(path: Path, map_: Map) -> Log:
    """Reads a log; raises Faulty with all that is wrong with it, FileNotFoundError."""
    if (objects := object_logs.kind_of(path)) is not None:
        case = map_.columns.get(map_.case, Column(map_.case, None, 0)).heading
        return _read_traces(object_logs.ObjectLog(path, objects, case), map_)
    with logs.opened(path) as (kind, stream):
        if kind == "csv":
            return _read_table(logs.Table(stream, map_.encoding, map_.divider), map_)
        return _read_traces(logs.Traces(stream), map_)


def _wanted(map_: Map) -> dict[str, Column]:
    return {name: map_.columns.get(name, Column(name, None, 0)) for name in sorted(read_names(map_))}


def _line_of(map_: Map, name: str, column: Column) -> int | None:
    used = (formula.line for formula in formulas(map_) if name in formula.expression.names)
    return column.line or next(used, None)


def _unknown(map_: Map, name: str, column: Column, headings: Sequence[str]) -> Mistake:
    arguments = {"name": column.heading, "known": tuple(dict.fromkeys(headings))}
    return Mistake("CH728", arguments, _line_of(map_, name, column))


def _read_table(table: logs.Table, map_: Map) -> Log:
    wanted = _wanted(map_)
    found: list[Mistake] = []
    places: dict[str, int] = {}
    for name, column in wanted.items():
        there = [place for place, heading in enumerate(table.columns) if heading == column.heading]
        if not there or (column.nth or 1) > len(there) or column.nth == 0:
            found.append(_unknown(map_, name, column, table.columns))
        elif len(there) > 1 and column.nth is None:
            found.append(Mistake("CH729", {"name": column.heading, "count": len(there)}, _line_of(map_, name, column)))
        else:
            places[name] = there[(column.nth or 1) - 1]
    if found:
        raise Faulty(found)
    log, noted = _grouped(map_, tuple(places), table.rows(list(places.values())))
    _raise(noted)
    return log


def _read_traces(traces: logs.Traces | object_logs.ObjectLog, map_: Map) -> Log:
    wanted = _wanted(map_)
    headings = [column.heading for column in wanted.values()]
    rows = ((row, [event.get(heading, "") for heading in headings]) for row, event in traces.events())
    log, noted = _grouped(map_, tuple(wanted), rows)
    unknown = [(n, c) for n, c in wanted.items() if c.heading not in traces.columns]
    if unknown:
        raise Faulty([_unknown(map_, name, column, traces.columns) for name, column in unknown])
    _raise(noted)
    return log


def _raise(noted: _Noted) -> None:
    errors = [mistake for mistake in noted.found if not mistake.warning]
    if errors:
        raise Faulty(errors)


def _grouped(map_: Map, names: tuple[str, ...], rows: Iterable[tuple[int, list[str]]]) -> tuple[Log, _Noted]:
    noted = _Noted()
    cases: dict[str, list[Row]] = {}
    # Most cells say what others say; each text is kept once.
    texts: dict[str, str] = {}
    at_case, at_time = names.index(map_.case), names.index(map_.time)
    zone = None if map_.zone is None else zones.rules(map_.zone)
    read = reader(map_.written, zone)
    count = 0
    for count, cells in rows:
        kept = tuple([texts.setdefault(cell, cell) for cell in cells])
        case, when = kept[at_case].strip(), kept[at_time].strip()
        if not case or case in map_.missing or len(case) > LONGEST_ID:
            noted.add(Mistake("CH734", {"column": map_.case, "longest": LONGEST_ID}, map_.lines["case"], count))
            continue
        if when and when not in map_.missing and read(when) is None:
            noted.add(_no_time(map_, when, count))
        cases.setdefault(case, []).append((count, kept))
    if not count:
        raise logs.bad("empty")
    _look_at_order(cases, at_time, read, noted)
    return Log(names, cases, count, noted.warnings()), noted


def _no_time(map_: Map, text: str, row: int) -> Mistake:
    zoneless = map_.zone is None and reader(map_.written, zones.rules("UTC"))(text) is not None
    told = "zoneless" if zoneless else "other" if map_.written is not None else "no_iso"
    return Mistake("CH733", {"value": text[:60], "why": told}, map_.lines["time"], row)


def _look_at_order(cases: Mapping[str, list[Row]], at_time: int, read: Any, noted: _Noted) -> None:
    for rows in cases.values():
        for (_, before), (row, cells) in pairwise(rows):
            if cells == before:
                noted.add(Mistake("CH738", {}, row=row, warning=True))
                continue
            earlier, later = read(before[at_time].strip()), read(cells[at_time].strip())
            if earlier is not None and later is not None and later < earlier:
                noted.add(Mistake("CH737", {}, row=row, warning=True))


# -- rows to events --------------------------------------------------------------------------------------------------


class Translator:
    """Makes events of the rows of a case."""

    def __init__(self, map_: Map, definition: Definition, names: Sequence[str]) -> None:
        self.map = map_
        self._names = {name: place for place, name in enumerate(names)}
        zone = None if map_.zone is None else zones.rules(map_.zone)
        self._read = reader(map_.written, zone)
        self._types = {record.name: record for record in definition.records}
        self._entitled = entitled("", definition)
        self._actors: dict[tuple[str, tuple[str, ...]], Actor] = {}
        self._fitting: dict[Any, Any] = {}
        self.misfits: list[Mistake] = []
        self._amends = tuple(name for name, record in map_.records.items() if not record.once)
        self._of_record = [self._needs(name) for name in map_.records]
        self._at_case, self._at_time = self._names[map_.case], self._names[map_.time]
        self._at_event = self._names[map_.event]
        self._at_actor = None if map_.actor is None else self._names[map_.actor]

    def _needs(self, name: str) -> tuple[list[int], bool]:
        """Gives the places of the cells that a record is made of, and whether the event's text counts, too."""
        record = self.map.records[name]
        formulas = [value for _, value in record.fields]
        if record.condition is not None:
            formulas.append(record.condition)
        named = {one for formula in formulas for one in formula.expression.names}
        columns = sorted(self._names[one] for one in named if one in self._names)
        return columns, not named.isdisjoint(OWN)

    def events(self, rows: Sequence[Row]) -> tuple[list[Event], list[tuple[str, ...]], int]:
        """Gives the events of a case by time, the cells of each, and how many rows the map ignores."""
        found: list[Event] = []
        kept: list[tuple[str, ...]] = []
        for row, at, cells, said, when, untimed, previous in self._meant(rows):
            if when is None or not when.ignored:
                found.append(self._event(row, at, cells, said, when, untimed, previous))
                kept.append(cells)
        return found, kept, len(rows) - len(found)

    def ignored(self, rows: Sequence[Row]) -> int:
        """Counts the rows of a case that the map ignores."""
        if not any(when.ignored for when in self.map.whens):
            return 0
        return sum(when is not None and when.ignored for _, _, _, _, when, _, _ in self._meant(rows))

    def _meant(self, rows: Sequence[Row]) -> Iterator[tuple[int, int, tuple[str, ...], str, When | None, bool, str]]:
        """Yields the rows of a case by time: number, time, cells, event, its meaning, untimed, the event before it."""
        timed: list[tuple[int, int, Row]] = []
        last: int | None = None
        untimed: set[int] = set()
        for row, cells in rows:
            at = self._read(self._cell(cells, self._at_time) or "")
            if at is None:
                untimed.add(row)
            last = at if at is not None else last
            timed.append((last if last is not None else -1, row, (row, cells)))
        first = min((at for at, _, _ in timed if at >= 0), default=0)
        timed = sorted((at if at >= 0 else first, row, one) for at, row, one in timed)
        previous = ""
        for at, row, (_, cells) in timed:
            said = self._cell(cells, self._at_event) or ""
            when = self._meaning(cells, said, previous)
            yield row, at, cells, said, when, row in untimed, previous
            if when is None or not when.ignored:
                previous = said

    def _cell(self, cells: tuple[str, ...], place: int) -> str | None:
        text = cells[place].strip()
        return None if not text or text in self.map.missing else text

    def scope(self, cells: tuple[str, ...], said: str, previous: str) -> Mapping[str, Any]:
        """Gives the names that the map's expressions read of a row."""
        return _Names(self, cells, said, previous)

    def column(self, cells: tuple[str, ...], name: str) -> str | None:
        return self._cell(cells, self._names[name]) if name in self._names else None

    def _meaning(self, cells: tuple[str, ...], said: str, previous: str) -> When | None:
        for when in self.map.whens:
            if when.events is not None:
                if said in when.events:
                    return when
            elif when.condition is not None and self._holds(when.condition, cells, said, previous):
                return when
        return None

    def _holds(self, formula: Formula, cells: tuple[str, ...], said: str, previous: str) -> bool:
        return formula.expression.evaluate(self.scope(cells, said, previous)) is True

    def _event(
        self, row: int, at: int, cells: tuple[str, ...], said: str, when: When | None, untimed: bool, previous: str
    ) -> Event:
        records, fits = self._said_of_records(row, cells, said, previous)
        deviation = "unknown_state" if when is None else "no_time" if untimed else None if fits else "value_refused"
        aims = () if when is None else when.aims
        actor = self._actor(cells, said, previous)
        return Event(row, at, actor, composed(said or "?"), aims, records, self._amends, deviation)

    def _actor(self, cells: tuple[str, ...], said: str, previous: str) -> Actor:
        person = None if self._at_actor is None else self._cell(cells, self._at_actor)
        person = "_".join(composed(person or "unknown").split())[:100]
        if person == "system":
            person = "system_user"
        roles = self._entitled.roles
        if self.map.roles_of:
            roles = tuple(
                role
                for role in roles
                if role not in self.map.roles_of or self._holds(self.map.roles_of[role], cells, said, previous)
            )
        key = (person, roles)
        if key not in self._actors:
            self._actors[key] = replace(self._entitled, person=person, roles=roles)
        return self._actors[key]

    def _said_of_records(
        self, row: int, cells: tuple[str, ...], said: str, previous: str
    ) -> tuple[tuple[tuple[str, Any], ...], bool]:
        """Gives the records that a row says, encoded, and whether all its values fit."""
        out: list[tuple[str, Any]] = []
        fits = True
        for (name, record), (needs, own) in zip(self.map.records.items(), self._of_record, strict=True):
            key = (name, *[cells[place] for place in needs], *((said, previous) if own else ()))
            if key not in self._fitting:
                if len(self._fitting) > 100_000:
                    self._fitting.clear()
                self._fitting[key] = self._record(row, record, self.scope(cells, said, previous))
            value, fit = self._fitting[key]
            fits = fits and fit
            if value is not None:
                out.append((name, value))
        return tuple(out), fits

    def _record(self, row: int, record: RecordMap, scope: Mapping[str, Any]) -> tuple[Any, bool]:
        if record.condition is not None and record.condition.expression.evaluate(scope) is not True:
            return None, True
        data = {field_: formula.expression.evaluate(scope) for field_, formula in record.fields}
        return self._typed(
            row, self._types.get(record.name), {key: value for key, value in data.items() if value is not None}
        )

    def _typed(self, row: int, record: RecordType | None, data: dict[str, Any]) -> tuple[Any, bool]:
        if record is None:
            return values.encode(data), True
        reading = Reader(self._types.values(), _no_files)
        for one in record.fields:
            text = data.get(one.name)
            if isinstance(text, str) and one.type.name in ("datetime", "date"):
                at = self._read(text)
                if at is not None:
                    data[one.name] = read_date_time(clock.text(at)) if one.type.name == "datetime" else text
        typed = {key: value for key, value in data.items() if not isinstance(value, str)}
        read = reading.record({key: value for key, value in data.items() if isinstance(value, str)}, record, "")
        for misfit in reading.misfits:
            if len(self.misfits) < TOLD:
                told = {"value": misfit.given, "field": f"{record.name}{misfit.path}"}
                self.misfits.append(Mistake("CH735", told, row=row, warning=True))
        named = {**typed, **read}
        ordered = {one.name: named[one.name] for one in record.fields if one.name in named}
        return values.encode(ordered | named), not reading.misfits


def entitled(person: str, definition: Definition) -> Actor:
    """Gives a person with all that a process asks of anybody: whoever acted elsewhere was let."""
    asked = [requirement for role in definition.roles for requirement in role.requires]
    skills = {r.name: max(r.at_least or 0, 0) for r in asked if r.kind != "certificate"}
    for r in asked:
        if r.kind != "certificate":
            skills[r.name] = max(skills[r.name], r.at_least or 0)
    return Actor(
        person,
        tuple(role.name for role in definition.roles),
        skills=tuple(skills.items()),
        certificates=tuple(dict.fromkeys(r.name for r in asked if r.kind == "certificate")),
    )


def _no_files(path: Path) -> values.File:
    raise ValueError(path)


class _Names(Mapping[str, Any]):
    """The names of a row, looked up when they are asked for."""

    __slots__ = ("_cells", "_of", "_previous", "_said")

    def __init__(self, of: Translator, cells: tuple[str, ...], said: str, previous: str) -> None:
        self._of, self._cells, self._said, self._previous = of, cells, said, previous

    def __getitem__(self, name: str) -> Any:
        if name == "event":
            return self._said
        if name == "previous":
            return self._previous or None
        if name in self._of._names:
            return self._of.column(self._cells, name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        yield from ("event", "previous", *self._of._names)

    def __len__(self) -> int:
        return 2 + len(self._of._names)


__all__ = ["Log", "Translator", "entitled", "read_log"]

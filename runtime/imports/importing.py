"""Writes the histories of a log into a database: in batches, each one transaction with all of its cases.

A case is made as a whole in memory (`engine/retracing.py`), sealed into its chain and written at once, so that a run
which ends anywhere leaves whole cases, and another run goes on with the rest: a case has its id from the log's name and
its own there, and one that is there already is left alone. Entries come through the channel `import`; who imported what
is in the organisation's chain. Only stewards import. What the steps ask of the world is not carried out.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from charter.engine.days import Days
from charter.engine.entries import Entry
from charter.engine.entries.cases import Refused
from charter.engine.entries.organisation import LogImported
from charter.engine.refusals import Refusal, recorded
from charter.engine.retracing import KINDS, retrace
from charter.engine.state import CaseState
from charter.runtime import clock, folds
from charter.runtime.audit import log
from charter.runtime.audit.log import Chain, Origin
from charter.runtime.folds.fold import Row
from charter.runtime.host.casefile import Pinned, insert_all, new_id, row_of
from charter.runtime.host.caseload import Caseload
from charter.runtime.host.opening import AT_ONCE, enter
from charter.runtime.imports.comparing import Compared, Comparing
from charter.runtime.imports.findings import Faulty, Mistake
from charter.runtime.imports.histories import TOLD, Log, Translator, entitled
from charter.runtime.imports.mapping import Map
from charter.runtime.people.organisation import admit, note
from charter.runtime.store import Store
from charter.runtime.store.prepared import ask

if TYPE_CHECKING:
    from sqlalchemy import Connection

BATCH = 5_000  # rows of one transaction, or one case that has more
MANY = 20_000  # rows of a log for which other cores are asked
CHANNEL = "import"


class Account(Struct):
    """What became of rows of a log, and of the cases that they are of."""

    taken: int = 0
    ignored: int = 0
    deviations: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    unopened: list[tuple[str, Refusal]] = field(default_factory=list)
    misfits: list[Mistake] = field(default_factory=list)
    compared: dict[str, Compared] = field(default_factory=dict)


class Made(Account):
    """What a batch of histories came to: rows for the database, and the account of the log's rows.

    `rows` = `taken` + `ignored` + all `deviations`, those of cases that could not be opened included.
    """

    cases: list[tuple[Any, ...]] = field(default_factory=list)
    entries: list[tuple[Any, ...]] = field(default_factory=list)
    folds: dict[str, list[Row]] = field(default_factory=dict)
    rows: int = 0


class Imported(Account):
    """What an import came to. `already`: events of cases that were there before, `cases` those that are new."""

    rows: int = 0
    cases: int = 0
    entries: int = 0
    already: int = 0
    already_cases: int = 0
    refusal: Refusal | None = None

    @property
    def accounted(self) -> int:
        """How many rows something is said of; all that were read."""
        return self.already + self.taken + self.ignored + sum(self.deviations.values())

    def add(self, made: Made) -> None:
        self.cases += len(made.cases)
        self.entries += len(made.entries)
        self.taken += made.taken
        self.ignored += made.ignored
        self.deviations.update(made.deviations)
        for kind, found in made.examples.items():
            self.examples[kind] = [*self.examples.get(kind, ()), *found][:TOLD]
        self.unopened += made.unopened
        self.misfits = [*self.misfits, *made.misfits][:TOLD]
        for name, compared in made.compared.items():
            self.compared.setdefault(name, Compared()).add(compared)


_ALPHABET = "abcdefghjkmnpqrstvwxyz0123456789"


def id_of(source: str, case: str) -> str:
    """Gives the id that a case of another system has here; the same each time."""
    number = int.from_bytes(hashlib.sha256(f"{source}\0{case}".encode()).digest()[:12])
    first, number = number % 22, number // 22
    return _ALPHABET[first] + "".join(_ALPHABET[number >> at & 31] for at in range(0, 75, 5))


class Maker:
    """Makes cases of histories; holds nothing of a database, so that other processes can do the same."""

    def __init__(self, map_: Map, log_: Log, pinned: Pinned, origin: Origin, by: str, public: Days) -> None:
        self._map = map_
        self._log = log_
        self._pinned = pinned
        self._origin = origin
        self._days = public
        self._translator = Translator(map_, pinned.definition, log_.names)
        self._importer = entitled(by, pinned.definition)

    def make(self, cases: Sequence[str]) -> Made:
        """Makes cases of the histories of those of the log."""
        made = Made()
        for case in cases:
            self._one(case, made)
        made.misfits, self._translator.misfits = self._translator.misfits, []
        return made

    def _one(self, case: str, made: Made) -> None:
        rows = self._log.cases[case]
        made.rows += len(rows)
        definition = self._pinned.definition
        events, cells, ignored = self._translator.events(rows)
        made.ignored += ignored
        if not events:
            return
        looking = Comparing(self._map.compares, definition, self._translator, made.compared)

        def seen(place: int, state: CaseState) -> None:
            looking.at(events[place].row, events[place].at, cells[place], state, place == len(events) - 1)

        found = retrace(
            definition,
            id_of(self._map.source, case),
            events,
            self._importer,
            self._days,
            seen if looking.asked else None,
        )
        for event, deviation in zip(events, found.deviations, strict=True):
            if deviation is None:
                made.taken += 1
                continue
            made.deviations[deviation[0]] += 1
            examples = made.examples.setdefault(deviation[0], [])
            if len(examples) < TOLD:
                examples.append((event.row, event.said))
        if found.refusal is not None:
            made.unopened.append((case, found.refusal))
            return
        chain, entries = Chain(found.state.case), list[Entry]()
        for done in found.steps:
            chain, sealed, told_of = log.seal(chain, done, self._origin)
            made.entries += log.rows_of(sealed, told_of)
            entries += told_of
        made.cases.append(row_of(self._pinned, chain, found.state))
        for table, come in folds.rows_of(self._pinned.shape, found.state, entries).items():
            made.folds.setdefault(table, []).extend(come)


# -- the whole log ---------------------------------------------------------------------------------------------------


def import_log(
    store: Store,
    log_: Log,
    map_: Map,
    *,
    by: str,
    file: Path,
    map_text: str,
    process: str,
    batch: int = BATCH,
    cores: int | None = None,
    told: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Imports what of a log is not there yet; raises Faulty where the database has other histories of its cases."""
    done = Imported(rows=log_.rows)
    caseload = Caseload(clock.now, new_id, Origin(CHANNEL))
    with store.write() as connection:
        refused = admit(connection, by, "import log", at=clock.now(), origin=caseload.origin)
        if refused is not None:
            done.refusal = refused
            return done
        pinned = caseload.latest(connection, process)
        public = caseload.days(connection, pinned.definition)
        ids = {case: id_of(map_.source, case) for case in log_.cases}
        there = _there(connection, log_, Translator(map_, pinned.definition, log_.names), ids)
    origin = caseload.origin._replace(process=pinned.definition.name, definition=pinned.digest)
    maker = Maker(map_, log_, pinned, origin, by, public)
    new = []
    for case, rows in log_.cases.items():
        if case in there:
            done.already += len(rows) - there[case]
            done.ignored += there[case]
            done.already_cases += 1
        else:
            new.append(case)
    told(done.already + done.ignored)
    summary = {
        "log": map_.source,
        "process": pinned.definition.name,
        "file": file.name,
        "sha256": _digest(file),
        "map": hashlib.sha256(map_text.encode()).hexdigest(),
    }
    left = sum(len(log_.cases[case]) for case in new)
    wanted = 1 if left < MANY else min(os.cpu_count() or 1, 8) if cores is None else cores
    store.close()  # no connection goes along into another process
    with _making(maker, list(_batches(log_, new, batch)), wanted) as making:
        for made in making:
            with store.write() as connection:
                insert_all(connection, made.cases)
                log.insert(connection, made.entries)
                folds.fill(connection, made.folds)
                while enter(connection, at=clock.now(), origin=caseload.origin) == AT_ONCE:
                    pass
                entry = LogImported(**summary, cases=len(made.cases), rows=made.rows)
                note(connection, entry, by, at=clock.now(), origin=caseload.origin)
                for _, refusal in made.unopened:
                    told_of = Refused(recorded(refusal.reasons), verb="import log", process=pinned.definition.name)
                    note(connection, told_of, by, at=clock.now(), origin=caseload.origin)
            done.add(made)
            told(made.rows)
    return done


def _there(connection: Connection, log_: Log, translator: Translator, ids_of: Mapping[str, str]) -> dict[str, int]:
    """Finds the cases that are there already, each with how many of its rows are ignored.

    Raises Faulty where one has another number of events than in the log.
    """
    known = {id_: case for case, id_ in ids_of.items()}
    wrong: list[Mistake] = []
    found: dict[str, int] = {}
    ids = list(known)
    for at in range(0, len(ids), 500):
        part = ids[at : at + 500]
        query = (
            "SELECT id, (SELECT count(*) FROM entries e WHERE e.\"case\" = c.id AND e.kind = 'observed')"
            " FROM cases c WHERE id IN (…)"
        )
        for id_, count in ask(connection, query, part):
            case = known[id_]
            its = log_.cases[case]
            found[case] = translator.ignored(its)
            if count != len(its) - found[case]:
                told = {"case": case, "count": count, "rows": len(its) - found[case]}
                wrong.append(Mistake("CH739", told, row=its[0][0]))
    if wrong:
        raise Faulty(wrong[:TOLD])
    return found


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _batches(log_: Log, cases: Iterable[str], size: int) -> Iterator[list[str]]:
    part: list[str] = []
    rows = 0
    for case in cases:
        part.append(case)
        rows += len(log_.cases[case])
        if rows >= size:
            yield part
            part, rows = [], 0
    if part:
        yield part


_MAKER: Maker | None = None  # what a forked process makes with


def _make(cases: Sequence[str]) -> Made:
    assert _MAKER is not None
    return _MAKER.make(cases)


@contextmanager
def _making(maker: Maker, batches: list[list[str]], cores: int) -> Iterator[Iterator[Made]]:
    """Gives the batches as they are made, in order: here, or by other processes that stay a few batches ahead."""
    global _MAKER
    if cores < 2 or len(batches) < 2 or "fork" not in multiprocessing.get_all_start_methods():
        yield map(maker.make, batches)
        return
    _MAKER = maker
    ahead = threading.Semaphore(cores + 2)

    def handed() -> Iterator[list[str]]:
        for one in batches:
            ahead.acquire()
            yield one

    pool = multiprocessing.get_context("fork").Pool(cores)
    try:

        def taken() -> Iterator[Made]:
            for made in pool.imap(_make, handed()):
                ahead.release()
                yield made

        yield taken()
    finally:
        ahead.release(len(batches))
        pool.terminate()
        pool.join()
        _MAKER = None


def to_json(done: Imported) -> dict[str, Any]:
    """Gives the account of an import as JSON data."""
    return {
        "rows_read": done.rows,
        "rows_accounted": done.accounted,
        "rows_taken": done.taken,
        "rows_ignored": done.ignored,
        "rows_known": done.already,
        "cases_made": done.cases,
        "cases_known": done.already_cases,
        "cases_refused": [case for case, _ in done.unopened],
        "deviations": [
            {"deviation": kind, "count": done.deviations[kind], "log_rows": [row for row, _ in done.examples[kind]]}
            for kind in KINDS
            if done.deviations[kind]
        ],
        "comparisons": [
            {
                "name": name,
                "agreeing": one.agree,
                "differing": one.differ,
                "unclear": one.unknown,
                "explained": [{"text": text, "count": count} for text, count in one.by.most_common()],
                "log_rows": one.rows,
            }
            for name, one in done.compared.items()
        ],
    }


__all__ = ["Imported", "import_log", "to_json"]

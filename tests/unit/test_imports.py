"""Logs of other systems become cases: the page's example, shipped maps, hostile files, runs that end early."""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from charter.dsl.passes import compile
from charter.engine.definition import Definition
from charter.engine.retracing import KINDS
from charter.runtime.audit import log as trail
from charter.runtime.audit.verify import verify
from charter.runtime.cli.main import run
from charter.runtime.host.cases import Cases
from charter.runtime.imports import importing, logs
from charter.runtime.imports.findings import Faulty
from charter.runtime.imports.histories import read_log
from charter.runtime.imports.importing import Imported, import_log
from charter.runtime.imports.mapping import against_process, read_map
from charter.runtime.people.changes import People
from charter.runtime.store import Store, create_store
from charter.runtime.store.prepared import ask

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "processes" / "imports"
SAMPLE = ROOT / "tests" / "logs"
PAGE = (ROOT / "docs" / "import.md").read_text("utf-8")
LOG, MAP, TOLD = (re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL))[:3]
PROCESS = re.findall(r"```charter\n(.*?)```", PAGE, re.DOTALL)[0]


def definition_of(text: str) -> Definition:
    found = compile("p.charter", text, lambda path: b"")
    assert not found.failed, found.diagnostics
    return found.definitions[0]


def founded(path: Path, definition: Definition) -> Store:
    store = create_store(str(path))
    People(store, by="root").found()
    Cases(store).deploy(definition, by="root")
    return store


def imported(store: Store, definition: Definition, file: Path, text: str, **more: Any) -> Imported:
    map_, mistakes = read_map(text)
    assert not mistakes + against_process(map_, definition)
    return import_log(
        store, read_log(file, map_), map_, by="root", file=file, map_text=text, process=map_.process, cores=1, **more
    )


def entries(store: Store) -> dict[str, list[dict[str, Any]]]:
    """What the trails of all cases say, but for where and when they were written."""
    with store.read() as connection:
        cases = [case for (case,) in ask(connection, "SELECT id FROM cases ORDER BY number")]
        return {case: [one.fields for one in trail.load(connection, case)] for case in cases}


# -- the page's example ----------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHARTER_DB", str(tmp_path / "c.db"))
    (tmp_path / "tickets.csv").write_text(LOG, "utf-8")
    (tmp_path / "tickets.map").write_text(MAP, "utf-8")
    (tmp_path / "tickets.charter").write_text(PROCESS, "utf-8")
    yield tmp_path


def test_the_page_says_what_comes_of_its_example(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for line in TOLD.splitlines():
        if line.startswith("$ charter "):
            capsys.readouterr()
            assert run(line.removeprefix("$ charter ").split()) == 0
    assert [row.rstrip() for row in capsys.readouterr().out.splitlines()] == TOLD.splitlines()[3:]
    assert run(["kpi", "ticket", "--json", "--as", "zhou"]) == 0
    # Eight working hours with two days on hold: the clock stood.
    assert json.loads(capsys.readouterr().out)[0]["figures"][0]["value"] == 1
    assert run(["audit", "verify", "--as", "zhou"]) == 0


MISTAKES = [
    (MAP.replace("log   ", "lag   "), "CH725"),
    (MAP.replace("zone     Europe/Amsterdam", "zone Mars"), "CH726"),
    (MAP.replace("actor    by", "actor by by"), "CH726"),
    (re.sub("when .*\n", "", MAP), "CH727"),
    (re.sub("record .*\n.*\n", "", MAP), "CH727"),
    (MAP.replace('"Changed"', '"Chnged"'), "CH728"),
    (MAP.replace('"Status"[1]', '"Status"[3]'), "CH728"),
    (MAP.replace('"Status"[1]', '"Status"'), "CH729"),
    (MAP.replace("solve suspended", "slove suspended"), "CH730"),
    (MAP.replace("solve suspended", "solve waiting"), "CH730"),
    (MAP.replace("record request", "record requests"), "CH731"),
    (MAP.replace("priority = level", "prio = level"), "CH731"),
    (MAP.replace("priority = level", "priority = level +"), "CH732"),
    (MAP.replace("priority = level", "priority = lvl"), "CH728"),
    (MAP.replace("dd/MM/yyyy HH:mm", "yyyy-MM-dd"), "CH733"),
    (MAP.replace("zone     Europe/Amsterdam\n", ""), "CH733"),
]


@pytest.mark.parametrize(("text", "code"), MISTAKES)
def test_a_mistake_in_a_map_is_told_with_its_place(
    text: str, code: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert text != MAP
    (folder / "tickets.map").write_text(text, "utf-8")
    assert run(["init", "--as", "zhou"]) == 0
    assert run(["deploy", "tickets.charter", "--as", "zhou"]) == 0
    capsys.readouterr()
    assert run(["import", "log", "tickets.csv", "--map", "tickets.map", "--json", "--as", "zhou"]) == 1
    told = json.loads(capsys.readouterr().err)["error"]
    assert told["code"] == code
    assert told["file"] == "tickets.map" and (told["line"] or code == "CH727")
    assert "{" not in told["message"] + (told["help"] or "")


# -- hostile files ---------------------------------------------------------------------------------------------------

HOSTILE = {
    "truncated.csv.gz": gzip.compress(LOG.encode())[:-20],
    "cut.csv": LOG.encode()[:-30],
    "bomb.csv.gz": gzip.compress(LOG.encode() + (LOG.splitlines()[1] + "\n").encode() * 50_000),
    "nul.csv": LOG.replace("ann", "a\0n").encode(),
    "gb.csv": LOG.replace("ann", "张三").encode("gb18030"),
    "wide.csv": LOG.encode() + b"x" * (2 << 20),
    "quote.csv": LOG.replace("17,open", '17,"open').encode(),
    "semicolons.csv": LOG.replace("Ticket,Status,", "Ticket;Status,").encode(),
    "empty.csv": b"",
    "head.csv": LOG.splitlines()[0].encode(),
    "nobody.csv": LOG.replace("18,open", ",open").encode(),
    "bomb.xes": b'<!DOCTYPE log [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><log><trace><event/></trace></log>',
    "cut.xes": b"<log><trace><event>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_log_that_cannot_be_read_is_told(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "SOME", 1 << 20)
    (tmp_path / name).write_bytes(HOSTILE[name])
    map_, _ = read_map(MAP)
    with pytest.raises(Faulty) as told:
        read_log(tmp_path / name, map_)
    assert {mistake.code for mistake in told.value.mistakes} <= {"CH734", "CH736"}


def test_every_way_to_hand_in_a_log_gives_the_same(tmp_path: Path) -> None:
    map_, _ = read_map(MAP)
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + LOG.replace("\n", "\r\n").encode())
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(LOG.encode()))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", LOG)
    quoted = re.sub(r"ann", '"a\nnn"', LOG)
    (tmp_path / "quoted.csv").write_text(quoted, "utf-8")
    found = [read_log(tmp_path / name, map_).cases for name in ("a.csv", "a.csv.gz", "a.zip")]
    assert found[0] == found[1] == found[2]
    assert len(read_log(tmp_path / "quoted.csv", map_).cases["17"]) == 5


XES = """<?xml version="1.0"?><log xmlns="http://www.xes-standard.org/">
<trace><string key="concept:name" value="17"/>
<event><string key="concept:name" value="open"/><date key="time:timestamp" value="2026-03-02T09:00:00+01:00"/></event>
<event><string key="concept:name" value="solved"/><date key="time:timestamp" value="2026-03-02T10:00:00+01:00"/></event>
</trace></log>"""
XES_MAP = """log x
process ticket
case "case:concept:name"
event "concept:name"
time "time:timestamp"
record request
when "open" then take_in active
when "solved" then take_in done, solve done
"""


def test_xes_is_read_by_the_keys_of_its_attributes(tmp_path: Path) -> None:
    definition = definition_of(PROCESS)
    (tmp_path / "a.xes").write_text(XES, "utf-8")
    with founded(tmp_path / "c.db", definition) as store:
        done = imported(store, definition, tmp_path / "a.xes", XES_MAP)
        assert (done.taken, done.cases, dict(done.deviations)) == (2, 1, {})
    map_, _ = read_map(XES_MAP.replace("time:timestamp", "time:stamp"))
    with pytest.raises(Faulty) as told:
        read_log(tmp_path / "a.xes", map_)
    assert [mistake.code for mistake in told.value.mistakes] == ["CH728"]


# -- the shipped maps ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["servicenow", "receipt"])
def test_a_shipped_map_accounts_for_its_sample(name: str, tmp_path: Path) -> None:
    definition = definition_of((SHIPPED / f"{name}.charter").read_text("utf-8"))
    text = (SHIPPED / f"{name}.map").read_text("utf-8")
    with founded(tmp_path / "c.db", definition) as store:
        done = imported(store, definition, SAMPLE / f"{name}.csv", text)
        assert done.accounted == done.rows
        assert sum(one["kind"] == "observed" for case in entries(store).values() for one in case) == done.rows
        if name == "servicenow":
            assert done.compared["priority"].share == 1
        assert all(one.sound for one in _verdicts(store))


def _verdicts(store: Store) -> tuple[Any, ...]:
    found = verify(store)
    return found.integrity, found.completeness, found.truth


# -- in any portions, with an end anywhere ---------------------------------------------------------------------------

_EVENTS = st.sampled_from(["open", "in work", "on hold", "solved", "gone"])
_ROWS = st.lists(st.tuples(st.sampled_from("abc"), _EVENTS, st.integers(0, 50), st.sampled_from(["ann", "bob", ""])))


class _Killed(Exception):
    pass


@settings(max_examples=12, deadline=None)
@given(_ROWS.filter(bool), st.integers(1, 5), st.integers(0, 3))
def test_portions_and_ends_make_no_difference(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any], batch: int, ends: int
) -> None:
    """Every row of a random log is accounted for; a run that ended, and went on, gives the trails of one run."""
    tmp_path = tmp_path_factory.mktemp("log")
    lines = [f"{case},{event},02/03/2026 {at // 60 + 9:02}:{at % 60:02},{by},high,x" for case, event, at, by in rows]
    file = tmp_path / "a.csv"
    file.write_text("\n".join([LOG.splitlines()[0], *lines]) + "\n", "utf-8")
    definition = definition_of(PROCESS)
    with founded(tmp_path / "one.db", definition) as one, founded(tmp_path / "two.db", definition) as two:
        done = imported(one, definition, file, MAP)
        assert done.accounted == done.rows == len(rows)
        assert set(done.deviations) <= set(KINDS)
        seen = 0

        def told(_: int) -> None:
            nonlocal seen
            seen += 1
            if seen > ends:
                raise _Killed

        with suppress(_Killed):
            imported(two, definition, file, MAP, batch=batch, told=told)
        again = imported(two, definition, file, MAP, batch=batch)
        assert again.accounted == len(rows)
        assert entries(one) == entries(two)
        assert all(verdict.sound for verdict in _verdicts(two))


def test_a_history_that_is_there_otherwise_is_left_alone(tmp_path: Path) -> None:
    definition = definition_of(PROCESS)
    (tmp_path / "a.csv").write_text(LOG, "utf-8")
    (tmp_path / "b.csv").write_text(LOG + "18,in work,04/03/2026 11:00,ann,-,x\n", "utf-8")
    with founded(tmp_path / "c.db", definition) as store:
        imported(store, definition, tmp_path / "a.csv", MAP)
        before = entries(store)
        with pytest.raises(Faulty) as told:
            imported(store, definition, tmp_path / "b.csv", MAP)
        assert [mistake.code for mistake in told.value.mistakes] == ["CH739"]
        assert entries(store) == before


def test_a_log_that_has_grown_is_told_by_its_events(tmp_path: Path) -> None:
    """A row that the map ignores is counted as ignored, never as imported before; an event more is told."""
    definition = definition_of(PROCESS)
    map_text = MAP + '\nignore when "looked at"\n'
    looked, worked = "18,looked at,04/03/2026 10:30,ann,-,x\n", "18,in work,04/03/2026 11:00,ann,-,x\n"
    for name, text in (("a", LOG + looked), ("b", LOG + looked + looked), ("c", LOG + looked + worked)):
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    events = len(LOG.splitlines()) - 1
    with founded(tmp_path / "c.db", definition) as store:
        first = imported(store, definition, tmp_path / "a.csv", map_text)
        assert (first.rows, first.ignored, first.already) == (events + 1, 1, 0)
        again = imported(store, definition, tmp_path / "b.csv", map_text)
        assert (again.cases, again.already, again.ignored, again.accounted) == (0, events, 2, again.rows)
        with pytest.raises(Faulty) as told:
            imported(store, definition, tmp_path / "c.csv", map_text)
        assert [mistake.code for mistake in told.value.mistakes] == ["CH739"]


def test_other_processes_make_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    definition = definition_of(PROCESS)
    (tmp_path / "a.csv").write_text(LOG, "utf-8")
    map_, _ = read_map(MAP)
    log = read_log(tmp_path / "a.csv", map_)
    found = []
    for cores in (1, 2):
        with founded(tmp_path / f"{cores}.db", definition) as store:
            import_log(
                store,
                log,
                map_,
                by="root",
                file=tmp_path / "a.csv",
                map_text=MAP,
                process="ticket",
                batch=1,
                cores=cores,
            )
            found.append(entries(store))
    assert found[0] == found[1]
    assert importing._MAKER is None

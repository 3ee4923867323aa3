"""What effects mean on the database: who is chosen, and where cases that open one another stop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.founded import founded

from charter.dsl.passes import compile
from charter.engine.entries.cases import Declined
from charter.engine.step.actions import MOST_DEPTH
from charter.runtime.audit import log
from charter.runtime.audit.verify import verify
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import Store
from charter.runtime.store.tables import cases, outbox

NOW = 1_772_442_000_000_000  # 2026-03-02 09:00 UTC


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with founded(tmp_path / "a.db", "ann", clock=lambda: NOW) as opened:
        yield opened


def host(store: Store, text: str) -> Cases:
    compiled = compile("a.charter", text.encode())
    assert not [d for d in compiled.diagnostics if d.is_error]
    people = People(store, by="ann", clock=lambda: NOW)
    for person in ("ann", "bea", "cem"):
        people.add(person)
        people.grant(person, "clerk")
    people.certify("bea", "pmp")
    opened = Cases(store, clock=lambda: NOW)
    for definition in compiled.definitions:
        assert opened.deploy(definition, by="ann").refusal is None
    return opened


@pytest.mark.parametrize("mode", ["least busy", "in turn"])
def test_nobody_is_chosen_who_lacks_what_the_role_requires(store: Store, mode: str) -> None:
    opened = host(
        store,
        f"""
process p
  role clerk
    requires certificate pmp

  activity one
    role   clerk
    assign {mode}
""",
    )
    done = opened.start("p", person="ann")
    assert done.state.nodes["one"].holder == "bea"
    assert "refused" not in [entry.kind for entry in done.entries]
    assert verify(store).sound


def test_where_nobody_is_fit_the_trail_says_why_and_the_work_stays_offered(store: Store) -> None:
    opened = host(
        store,
        """
process p
  role clerk
    requires certificate chief

  activity one
    role   clerk
    assign in turn
""",
    )
    case = opened.start("p", person="ann").case
    assert opened.state(case).nodes["one"].holder is None
    with store.read() as connection:
        refused = [entry for entry in log.to_entries(log.load(connection, case)) if entry.outcome == "refused"]
    assert [entry.told.reasons[0].code for entry in refused] == ["CH505"]


def test_cases_that_open_one_another_stop_where_somebody_is_told(store: Store) -> None:
    opened = host(
        store,
        """
process a
  owner clerk
  role  clerk

  activity again start a
    when case.open
""",
    )
    opened.start("a", person="ann")
    for _ in range(3):
        opened.tick()
    with store.read() as connection:
        opened_cases = connection.execute(select(func.count()).select_from(cases)).scalar_one()
        last = connection.execute(select(cases.c.id).order_by(cases.c.number.desc()).limit(1)).scalar_one()
        assert not connection.execute(select(func.count()).select_from(outbox)).scalar()
        told = [sealed.entry.told for sealed in log.load(connection, last)]
    assert opened_cases == MOST_DEPTH + 1
    assert opened.state(last).nodes["again"].state == "done"
    assert [one.because.code for one in told if isinstance(one, Declined) and one.because] == ["CH566"]
    assert verify(store).sound

"""How long the figures of a process with many cases take.

A few cases are played by the runtime; the others are copies of their rows under other ids, each with a score, instants
and a length of its own. Figures over all cases, over a window, by group and by version; and the whole report.

    python -m benchmarks.kpi [--cases N]
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from charter.dsl.passes import compile
from charter.engine.definition import Definition
from charter.runtime.clock import now
from charter.runtime.desk import kpi
from charter.runtime.host.casefile import new_id
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import Store, create_store, open_store, tables as t

from .figures import race, say

_TEXT = b"""
process tickets
  owner lead
  role  lead
  role  clerk

  record survey
    score  number
    region text

  activity answer
    role   clerk
    within 4 hours

  activity ask
    role   clerk
    after  answer
    output survey

  kpi satisfaction
    formula mean(cases.survey.score)
    target  >= 4

  kpi in_time
    formula count(cases[answer.on_time]) / count(cases[answer.on_time != null])
    target  >= 90%
    unit    percent

  kpi lately
    formula count(cases)
    over    cases closed in 1 month

  kpi length
    formula mean(cases.duration)
    unit    hours

  kpi by_region
    formula mean(cases.survey.score)
    by      survey.region

  kpi by_version
    formula count(cases[completed])
    by      process.version
"""
_AT_ONCE = 10_000
_SECOND = 1_000_000


def fill(store: Store, count: int) -> Definition:
    """Plays one case and copies it until there are `count`."""
    people = People(store, by="root")
    people.found()
    people.add("li")
    people.grant("li", "clerk")
    host = Cases(store)
    (definition,) = compile("tickets.charter", _TEXT).definitions
    host.deploy(definition, by="root")
    case = host.start("tickets", person="li").case
    host.perform(case, person="li", verb="complete", node="answer")
    host.perform(case, person="li", verb="complete", node="ask", records={"survey": {"score": 5, "region": "n"}})
    with store.read() as connection:
        model = dict(connection.execute(select(t.cases)).mappings().one())
        measure = dict(connection.execute(select(t.measures)).mappings().one())
    del model["number"]
    chance = random.Random(1)
    for begin in range(1, count, _AT_ONCE):
        cases: list[dict[str, Any]] = []
        measures: list[dict[str, Any]] = []
        for _ in range(begin, min(count, begin + _AT_ONCE)):
            new = new_id()
            opened = now() - chance.randrange(400 * 86_400) * _SECOND
            closed = opened + chance.randrange(10**12)
            facts = json.loads(measure["body"])
            facts["survey.score"] = str(chance.randrange(1, 6))
            facts["survey.region"] = json.dumps(chance.choice("nesw"))
            facts["case.duration"] = f"{(closed - opened) * 1000}ns"
            facts["answer.on_time"] = chance.choice(("true", "true", "false"))
            if chance.random() < 0.1:
                del facts["survey.score"]
            instants = {"opened_at": opened, "closed_at": closed}
            cases.append({**model, "id": new, **instants})
            measures.append({**measure, "case": new, **instants, "body": json.dumps(facts)})
        with store.write() as connection:
            connection.execute(insert(t.cases), cases)
            connection.execute(insert(t.measures), measures)
    return definition


def main() -> None:
    options = argparse.ArgumentParser(description="the figures of a process with many cases")
    options.add_argument("--cases", type=int, default=100_000)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = str(Path(name) / "charter.db")
        with create_store(path) as store:
            definition = fill(store, given.cases)

        def ask(kpi_name: str | None) -> None:
            # A fresh connection each time: what a command line that has just started pays.
            with open_store(path) as fresh, fresh.read() as connection:
                assert kpi.measure(connection, definition, now(), kpi_name)

        works = {each.name: (lambda name=each.name: ask(name), 1) for each in definition.kpis}
        for label, rounds in race(works, 3).items():
            say(f"{label}, {given.cases:,} cases", rounds, "s", most=1)
        say(f"the whole report, {given.cases:,} cases", race({"all": (lambda: ask(None), 1)}, 3)["all"], "s")


if __name__ == "__main__":
    main()

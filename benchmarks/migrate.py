"""How long it takes to migrate open cases: `python -m benchmarks.migrate [CASES]`, 10,000 by default.

Cases of two versions of a process with a phase, a list, an approval, a service-level clock and records, each of them
some way in; what is measured is the dry run over all of them, the migration and its verification.
"""

from __future__ import annotations

import sys
import tempfile
from os import getloadavg
from pathlib import Path
from time import perf_counter, process_time

from charter.dsl.passes import compile
from charter.engine.definition import Definition
from charter.runtime.audit.verify import verify
from charter.runtime.host.cases import Cases
from charter.runtime.host.migrating import Wanted
from charter.runtime.people.changes import People
from charter.runtime.store import create_store

TEXT = """process order "Order"
  version 1
  owner clerk
  role clerk
  record request
    items list of text
    value number
  record offer
    price number
  sla answered
    target 5 days
    stops when offer_it.done
  phase asked
    activity ask
      role clerk
      output request
    activity offer_it
      role clerk
      input request
      output offer
      within 3 working days
  approval agree of offer
    by clerk
  phase made for each item in request.items
    after agree
    activity make
      role clerk
    activity check_it
      role clerk
      after make
  activity deliver
    role clerk
    after made
"""
OTHER = (
    TEXT.replace("version 1", "version 2")
    .replace("check_it", "inspect")
    .replace("within 3 working days", "within 4 working days")
    + "  activity ask_how_it_was\n    role clerk\n    after deliver\n"
)


def process(text: str) -> Definition:
    compiled = compile("order.charter", text)
    assert not compiled.failed, compiled.diagnostics
    return compiled.definitions[0]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        store = create_store(str(Path(folder) / "m.db"))
        people = People(store, by="root")
        people.found()
        people.grant("root", "clerk")
        host = Cases(store)
        assert host.deploy(process(TEXT), by="root").refusal is None
        cases = []
        for number in range(count):
            case = host.start("order", person="root").case
            cases.append(case)
            if number % 3:
                request = {"request": {"items": ["a", "b"], "value": number}}
                host.perform(case, person="root", verb="complete", node="ask", records=request)
            if number % 3 == 2:
                host.perform(case, person="root", verb="complete", node="offer_it", records={"offer": {"price": 1}})
                host.perform(case, person="root", verb="approve", node="agree")
        other = host.deploy(process(OTHER), by="root")
        assert other.refusal is None
        wanted = Wanted(other.digest, "root", "the new version", (("check_it", "inspect"),))
        print(f"load {getloadavg()[0]:.1f}")
        for what in ("dry run", "migrated", "verified"):
            wall, used = perf_counter(), process_time()
            if what == "verified":
                assert verify(store).sound
                done = count
            else:
                act = host.migrations.foresee if what == "dry run" else host.migrations.migrate
                done = sum(course.refusal is None for course in act(cases, wanted))
            print(f"{done:,} {what}: {perf_counter() - wall:.1f} s, of processor time {process_time() - used:.1f} s")
        store.close()


if __name__ == "__main__":
    main()

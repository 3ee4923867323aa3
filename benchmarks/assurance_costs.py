"""What it costs to seal, to check a bundle and to ask, and who wins where many want one task (`assurance.py`)."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from statistics import quantiles
from threading import Thread

from charter.engine.refusals import Refusal
from charter.runtime.audit import query, sealing
from charter.runtime.audit.bundle import write
from charter.runtime.audit.log import Origin
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import Store, create_store, open_store

from .figures import ratio, say
from .ten_steps import STORY
from .verify import fill


def races(folder: Path, actors: int, tasks: int, processes: int = 4, each: int = 8) -> str:
    """Has so many people, in threads of several processes, want the same tasks, so many at each; tells who won."""
    path = folder / "races.db"
    with create_store(str(path)) as store:
        fill(store, 1)
        people = People(store, by="root")
        for number in range(actors):
            people.add(f"p{number}")
            people.grant(f"p{number}", "clerk")
        host = Cases(store)
        cases = [host.start("ten", person="li").case for _ in range(tasks)]
    code = (
        f"from benchmarks.assurance_costs import race_of; race_of({str(path)!r}, {actors}, {processes}, {each}, {{}})"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code.format(number)], stdout=subprocess.PIPE, text=True)
        for number in range(processes)
    ]
    said = Counter[str]()
    for process in running:
        out, _ = process.communicate()
        said.update(_counted(out))
    with open_store(str(path)) as store, store.read() as connection:
        rows = connection.exec_driver_sql("SELECT count(*) FROM entries WHERE kind = 'claimed' AND element = 'a1'")
        [(claims,)] = rows.fetchall()
    others = f"{said['told']} others told that it is taken, {said['else']} told anything else"
    return f"races: {actors} actors, {len(cases)} tasks: {said['won']} won, {claims} claims entered, {others}"


def _counted(out: str) -> Counter[str]:
    return Counter({word: int(number) for word, number in (line.split() for line in out.splitlines() if line)})


def race_of(path: str, actors: int, processes: int, each: int, own: int) -> None:
    """Plays the actors of one process, a thread each; prints how often they won, and how often it was taken."""
    said = Counter[str]()

    def play(actor: int) -> None:
        with open_store(path) as store:
            host = Cases(store)
            with store.read() as connection:
                query_ = "SELECT id FROM cases WHERE status = 'open' ORDER BY number"
                cases = [row[0] for row in connection.exec_driver_sql(query_)]
            for number, case in enumerate(cases):
                if actor not in {(number * 7 + step * actors // each) % actors for step in range(each)}:
                    continue
                done = host.perform(case, person=f"p{actor}", verb="claim", node="a1")
                reason = None if done.refusal is None else done.refusal.reasons[0]
                taken = reason is not None and reason.arguments.get("state") == "claimed"
                said["won" if reason is None else "told" if taken else "else"] += 1

    threads = [Thread(target=play, args=(actor,)) for actor in range(own, actors, processes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for word, number in said.items():
        print(word, number)


def sealing_share(folder: Path, rounds: int = 7, commands: int = 20) -> None:
    """Says what sealing after each durable command costs beside the command."""
    path = folder / "sealing.db"
    with create_store(str(path)) as store:
        fill(store, 1)
        made = sealing.set_key(store, "root", at=int(time.time() * 1e6), origin=Origin("cli"))
        assert not isinstance(made, Refusal)
        host = Cases(store)
        alone, sealed = [], []
        for _ in range(rounds):
            spent = [0.0, 0.0]
            for _ in range(commands):
                case = host.start("ten", person="li").case
                sealing.seal(store)
                begun = time.perf_counter()
                verb, node, person, arguments = STORY[0]
                host.perform(case, person=person, verb=verb, node=node, **arguments)
                between = time.perf_counter()
                sealing.seal(store)
                spent[0] += between - begun
                spent[1] += time.perf_counter() - between
            alone.append(spent[0] / commands * 1e3)
            sealed.append(spent[1] / commands * 1e3)
    say("a durable command", alone, "ms")
    say("sealing what it wrote", sealed, "ms")
    say("sealing over the command", [100 * one for one in ratio(sealed, alone)], "%", most=30)


QUESTIONS = (
    'actor = "wu" and kind = "granted"',
    'kind = "refused" and actor = "li"',
    'outcome = "refused"',
    'element = "a7" and actor = "li"',
    'at >= date and time("2020-01-01T00:00:00Z") and at < date and time("2020-01-02T00:00:00Z")',
    'reason = "too little" and actor = "wu"',
    'record = "offer" and kind = "written"',
)


def long_trail(folder: Path, entries: int, what: Collection[str]) -> None:
    """Makes a long trail; says how long its bundle takes to check with Python alone, and what questions cost."""
    path = folder / "long.db"
    with create_store(str(path)) as store:
        count = fill(store, entries)
        made = sealing.set_key(store, "root", at=int(time.time() * 1e6), origin=Origin("cli"))
        assert not isinstance(made, Refusal)
        print(f"a trail of {count:,} entries of cases", flush=True)
        if "questions" in what:
            _ask(store)
        if "bundle" in what:
            _bundle(store, folder / "bundle")


def _ask(store: Store) -> None:
    took = []
    with store.read() as connection:
        for _ in range(20):
            for text in QUESTIONS:
                asked, _ = query.build(text)
                begun = time.perf_counter()
                list(query.run(connection, asked, limit=100))
                took.append((time.perf_counter() - begun) * 1e3)
    say("a question, a page of 100: p95", [quantiles(took, n=20)[-1]], "ms", most=200)


def _bundle(store: Store, folder: Path) -> None:
    checkpoint = sealing.seal(store)
    assert checkpoint is not None
    with store.read() as connection:
        key = sealing.in_force(connection)
        assert key is not None
        begun = time.perf_counter()
        write(folder, connection, checkpoint, key, cases=None, seen=lambda sealed: sealed, words={})
        say("writing a bundle", [time.perf_counter() - begun], "s")
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-I", str(folder / "verify.py")], capture_output=True, text=True)
    took = time.perf_counter() - begun
    assert done.returncode == 0, done.stdout
    say("checking it, Python alone, one core", [took], "s", most=10)

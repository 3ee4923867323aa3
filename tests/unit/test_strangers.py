"""A field that wants a person takes whom the directory knows; the trail replays alike, whoever comes or goes later."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.founded import founded
from tests.written import process

from charter.engine.commands import Amend, Complete, Start
from charter.engine.strangers import introduced
from charter.runtime.audit.log import load, to_entries
from charter.runtime.audit.verify import verify
from charter.runtime.cli.context import Context
from charter.runtime.cli.main import run
from charter.runtime.cli.messages import Messages
from charter.runtime.host.cases import Cases
from charter.runtime.host.connectors import Connectors
from charter.runtime.people.changes import People

VISIT = process("""
process visit
  input wish
  role clerk
  record wish
    who person optional
  record seat
    who person optional
  record plan
    host  person
    team  list of person optional
    seats list of seat optional
  record found
    host person
  activity ask
    role clerk
    output plan
  activity look_up
    call directory
    input plan
    output found
""")
KNOWN = {"li", "wang"}
PLANS = [
    ({"host": "li"}, ()),
    ({"host": "nobody"}, ("nobody",)),
    ({"host": "li", "team": ["wang", "x", "y"]}, ("x", "y")),
    ({"host": "z", "seats": [{"who": "li"}, {"who": "y"}, {}]}, ("y", "z")),
    ({"host": 7, "team": "li"}, ()),
    ({"host": {"who": "z"}, "seats": ["who", {"who": "z"}, {"who": ["z"]}]}, ("z",)),
    ("nonsense", ()),
    ({"host": {"number": "no number"}}, ()),
]


@pytest.mark.parametrize(("plan", "strangers"), PLANS)
def test_whom_a_command_names_is_found_wherever_a_person_is_wanted(plan: object, strangers: tuple[str, ...]) -> None:
    from charter.engine.commands import Actor

    li = Actor("li")
    for command in (
        Complete(actor=li, at=0, node="ask", records=(("plan", plan),)),
        Amend(actor=li, at=0, record="plan[2]", value=plan),
        Start(actor=li, at=0, case="c", records=(("plan", plan),)),
    ):
        assert introduced(VISIT, command, KNOWN.__contains__).strangers == strangers


def test_a_stranger_is_refused_on_the_record_and_the_trail_stays_sound(tmp_path: Path) -> None:
    with founded(tmp_path / "a.db") as store:
        people = People(store, by="root")
        people.load([{"id": "li", "roles": ["clerk"]}, {"id": "gone"}])
        people.deactivate("gone")
        host = Cases(store, connectors=Connectors(tmp_path, {"directory": lambda _: {"found": {"host": "nobody"}}}))
        host.deploy(VISIT, by="root")
        refused = host.start("visit", person="li", records={"wish": {"who": "nobody"}}).refusal
        assert refused is not None and refused.code == "CH592"
        case = host.start("visit", person="li", records={"wish": {"who": "li"}}).case

        def asked(who: str) -> str | None:
            done = host.perform(case, person="li", verb="complete", node="ask", records={"plan": {"host": who}})
            return None if done.refusal is None else done.refusal.code

        seated = {"plan": {"host": "li", "seats": [{"who": "li"}, {"who": "ghost"}]}}
        refused = host.perform(case, person="li", verb="complete", node="ask", records=seated).refusal
        assert refused is not None and refused.reasons[0].arguments["field"] == "seats[2].who"
        assert (asked("wnag"), asked("gone")) == ("CH592", None)
        host.tick()
        assert host.state(case).nodes["look_up"].state == "failed"
        # who is known later changes nothing of what was judged
        assert people.add("wnag") is None and people.add("nobody") is None
        with store.read() as connection:
            entries = list(to_entries(load(connection, case)))
        assert next(e.command.strangers for e in entries if e.command is not None and e.command.strangers) == ("ghost",)
        assert verify(store).sound


def test_the_refusal_asks_who_was_meant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with founded(tmp_path / "a.db") as store:
        People(store, by="root").load([{"id": "li", "roles": ["clerk"]}, {"id": "wang"}])
        host = Cases(store)
        host.deploy(VISIT, by="root")
        host.start("visit", person="li", records={"wish": {}})
    line = ["complete", "1", "ask", "--set", "host=wnag", "--as", "li", "--db", str(tmp_path / "a.db")]
    assert run(line, Context(Messages("en"))) == 3
    said = "".join(capsys.readouterr())
    assert "refused[CH592]: unknown person `wnag` in `host` of `plan`; did you mean `wang`?" in said

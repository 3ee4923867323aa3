"""Reading rights: every verb, for everybody, beside a reference of its own; and the one door that all go through."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.desk import Desk
from tests.founded import founded
from tests.verbs import verbs

from charter.runtime.cli.consulted import ALSO_LOOK, LOOKS
from charter.runtime.cli.export import DRAWN, NAMES

ROOT = Path(__file__).resolve().parents[2]

TEXTS = {
    "hiring.charter": """process hiring
  owner manager
  role manager
  role hr
  role clerk
  record application
    name text
    salary number visible to hr, manager
  record review
    visible to hr
    grade number where grade < 99999999 or application.salary > 0
  record level
    visible to hr
    said text
  decision level (grade)
    | grade | -> said |
    | > 5 | "HIGHHIGH" |
    | <= 5 | "LOWLOW" |
  kpi people
    formula count(cases)
  kpi grades
    formula mean(cases.review.grade)
  report all
    section "all"
      figure people = count(cases)
      figure sum_of_grades = sum(cases.review.grade)
      kpi grades
      record application, review, level
      open work
  activity apply
    role hr
    output application
  activity assess
    role hr
    input application
    output review
    informed clerk
  activity judge
    input review
    output level
    decide level with grade = review.grade
  activity file "file it"
    role clerk
    input application, level
""",
    "probing.charter": """use "hiring.charter"
process probing
  concerns hiring as one by note.other
  role prober
  role watcher
  record note
    other text
    copy number default one.application.salary
  record second
    bound number where bound < one.application.salary
  activity write
    role prober
    output note
  activity weigh
    role prober
    after write
    when one.application.salary > 5 and one.apply.done
    output second
  activity watch
    role watcher
    after write
    when one.review.grade > 5
""",
    "pay.charter": """role payer
register pay key name
  name text
  grade text
  visible to payer
  review every 1 year by payer
process paying
  owner payer
  role giver
  activity look
    role giver
    when count(pay) > 0
""",
    "secret.charter": """process secret
  visible to boss
  owner boss
  role boss
  role worker
  record plan
    text text
  activity make
    role worker
    output plan
  activity use
    role worker
    input plan
""",
}
PEOPLE = {"li": "hr hiring", "wu": "clerk hiring", "bo": "boss secret", "vi": "worker secret", "ed": "worker secret"}
PEOPLE |= {"ob": "watcher probing"}
PEOPLE |= {"pa": "payer paying", "gi": "giver paying"}
PEOPLE |= {"au": "auditor organisation", "zz": ""}
STORY = """
charter start hiring --as li
charter complete 1 apply --set name=ANNANNANN --set salary=47114711 --as li
charter comment 1 HIRINGNOTE --as li
charter complete 1 assess --set grade=42424242 --as li
charter start secret --as vi
charter comment 2 SECRETNOTE --as vi
charter complete 2 make --set text=PLANPLANPLAN --as vi
charter people grant li prober --process probing --as root
charter start probing --as li
charter complete 3 write --set other=1 --as li
charter complete 3 weigh --set bound=3 --as li
charter people grant wu prober --process probing --as root
charter start probing --as wu
charter complete 4 write --set other=1 --as wu
"""
# what must be told to nobody but these: by an own reckoning, from the texts above alone
READERS = {
    "ANNANNANN": {"li", "wu", "root", "au"},
    "HIRINGNOTE": {"li", "wu", "root", "au"},
    "47114711": {"li", "au"},
    "42424242": {"li", "au"},
    "HIGHHIGH": {"li", "au"},
    # of the workers the one who works in the case, and the other one, to whom the next step is offered
    "SECRETNOTE": {"bo", "vi", "ed", "root", "au"},
    "PLANPLANPLAN": {"bo", "vi", "ed", "root", "au"},
}
READERS |= {"PAYPAYPAY": {"pa", "au"}, "PAYKEYKEY": {"pa", "au"}}
CASES = {"1": {"li", "wu", "root", "au"}, "2": {"bo", "vi", "ed", "root", "au"}, "3": {"li", "wu", "ob", "root", "au"}}
CASES |= {"4": {"wu", "li", "ob", "root", "au"}}
ALL_OF = {"hiring": {"li", "wu", "root", "au"}, "secret": {"bo", "root", "au"}}

# how each verb that looks is typed about a case, where `1` alone will not do
TYPED = {
    "show": ["show {case} --records", "show {case} --json"],
    "graph": ["graph {case}"],
    "impact": ["impact {case} application", "impact {case} plan"],
    "sla": ["sla {case}", "sla"],
    "gantt": ["gantt {case}", "gantt", "gantt {case} --json"],
    "cases": ["cases", "cases --json"],
    "board": ["board", "board --json"],
    "register": ["register", "register --json", "register pay", "register pay --json", "register pay NOKEY"],
    "services": ["services", "services --internal --json"],
    "inbox": ["inbox --json", "inbox --notices --json"],
    "start": ["start --json"],
    "kpi": ["kpi hiring --facts", "kpi hiring --json --facts", "kpi secret", "kpi --json", "kpi hiring --history"],
    "report": [
        "report --json",
        "report all",
        "report all --json",
        "report all --case {case}",
        "report all --case {case} --json",
    ],
    "incidents": ["incidents --json"],
    "deploy": ["deploy hiring.charter --plan --json"],
    "simulate": ["simulate hiring.charter --from-trail --cases 2"],
    "verify-staffing": ["verify-staffing --json"],
    "people list": ["people list"],
    "people show": ["people show li"],
    "connectors list": ["connectors list"],
    "channels list": ["channels list"],
    "calendar show": ["calendar show CN"],
    "calendar list": ["calendar list"],
    "calendar check": ["calendar check"],
    "audit log": ["audit log {case}", "audit log {case} --json", "audit log organisation --json"],
    "audit show": [f"audit show {{case}}.{seq}{flag}" for seq in (3, 4, 7, 9, 10) for flag in ("", " --json")],
    "audit query": [
        "audit query --format csv",
        "audit query --format jsonl",
        "audit query 'data.value.grade = 42424242' --format jsonl",
        "audit query 'data.value.salary > 1' --case {case}",
    ],
    "audit trace": [
        "audit trace {case} review --json",
        "audit trace {case} plan",
        "audit trace {case} application",
        "audit trace {case} note",
        "audit trace {case} note --json",
    ],
    "audit clause": ["audit clause", "audit clause --case {case}"],
    "audit changes": ["audit changes hiring"],
    "audit why": ["audit why {case} file", "audit why {case} judge --json", "audit why {case} use"],
    "audit as-of": ["audit as-of {case} '#9'", "audit as-of {case} '#9' --json"],
    "audit verify": ["audit verify {case} --json", "audit verify"],
    "audit key": ["audit key", "audit key --json"],
    "audit checkpoint": ["audit checkpoint", "audit checkpoint --json"],
    "audit ask": [f"audit ask {one}" for one in ("own-approvals", "states --json", "seen --case {case}")],
    "audit signatures": ["audit signatures {case}", "audit signatures {case} --json"],
    "audit bundle": ["audit bundle --out b", "audit bundle --case {case} --out c"],
    "audit export": [f"audit export {form} --out out" for form in NAMES if form not in ("parquet", *DRAWN)]
    + [f"audit export {form} --case {{case}} --out out" for form in DRAWN]
    + ["audit export csv --case {case} --out out", "audit export xes --process secret --out out"],
    "export cases": ["export cases --format jsonl --out out", "export cases --case {case} --out out"],
    "export check": ["export check kept.jsonl --with-trail --json"],
    "audit proof": ["audit proof {case}.1", "audit proof {case}.2 --json"],
}
ACTS = [
    "complete {case} --json",
    "complete {case} use",
    "amend {case} review --set grade=3 -m x",
    "amend {case} plan --set text=x -m x",
    "skip {case} file -m x",
    "comment {case} hello",
    "attach {case} secret.charter",
    "signal {case} paid",
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("reading")
    with pytest.MonkeyPatch.context() as patch, founded(folder / "a.db", "root") as store:
        patch.chdir(folder)  # where verbs that look at a file alone find it
        desk = Desk(store, "en")
        for name, text in TEXTS.items():
            (folder / name).write_text(text, encoding="utf-8")
            assert "deployed" in desk.type(f"charter deploy {name} --as root")
        for person, role in PEOPLE.items():
            desk.type(f"charter people add {person} --name {person} --as root")
            if role:
                desk.type(f"charter people grant {person} {role.split()[0]} --process {role.split()[1]} --as root")
        (folder / "pay.csv").write_text("name,grade\nPAYKEYKEY,PAYPAYPAY\n", encoding="utf-8")
        desk.type("charter register pay --import pay.csv --as root")
        desk.at += 400 * 86_400_000_000
        assert desk.cases.reviews.turn(desk.at) == 1
        desk.play(STORY)
        desk.type("charter audit export cloudevents --out kept.jsonl --as au")
        yield desk


def lines(desk: Desk, case: str) -> Iterator[str]:
    """Yields the lines about a case; those about none once."""
    for verb in sorted(LOOKS | ALSO_LOOK):
        for line in TYPED[verb]:
            if "{case}" in line or case == "1":
                yield line.format(case=case)


def answered(desk: Desk, line: str) -> str:
    """Types a line; gives what it says, with what it writes into `out`, which is removed."""
    said = desk.type(line)
    for path in Path().glob("out*"):
        for file in path.iterdir() if path.is_dir() else (path,):
            said += file.read_bytes().decode("utf-8", "replace")
            file.unlink()
        if path.is_dir():
            path.rmdir()
    return said


@pytest.mark.parametrize("person", ["root", "li", "wu", "vi", "ob", "pa", "gi", "au", "zz"])
def test_no_verb_tells_what_is_withheld(desk: Desk, person: str) -> None:
    """Each verb that looks, about each case: what it says holds nothing that its reader may not read."""
    told = set()
    for case in CASES:
        for line in dict.fromkeys(lines(desk, case)):
            # who asks for a value by itself is told, and so is the trail, what they asked
            said = answered(desk, f"charter {line} --as {person}").replace("grade = 42424242", "")
            told |= {secret for secret in READERS if secret in said}
            leaked = {secret for secret, readers in READERS.items() if secret in said and person not in readers}
            assert not leaked, (line, said)
            assert desk.code in (0, 1, 2, 3, 4), (line, said)
    # and what they may, some verb tells
    assert told >= {secret for secret, readers in READERS.items() if person in readers}


def test_what_was_filled_in_is_kept_from_whoever_wrote_the_record(desk: Desk) -> None:
    """A field that is left out is filled from another case, of which its writer may not read that field."""
    told = json.loads(desk.type("charter show 4 --json --as wu"))
    note = next(each for each in told["records"] if each["record"] == "note")
    assert note["value"] == {"other": "1", "copy": {"withheld": True}} and note["digest"] == {"withheld": True}
    assert "47114711" in desk.type("charter show 4 --json --as au")
    for line in ("complete 4 weigh --set bound=99999999", "complete 4 weigh --set bound=99999999 --json"):
        said = desk.type(f"charter {line} --as wu")
        assert desk.code == 3 and "47114711" not in said
    for line in ("audit show 4.4 --json", "audit show 4.3", "audit log 4 --json", "audit query 'data.value.copy > 1'"):
        assert "47114711" not in desk.type(f"charter {line} --as wu")


def test_every_verb_that_looks_is_walked() -> None:
    named = {name for name, _ in verbs()}
    assert LOOKS | ALSO_LOOK == TYPED.keys() <= named


@pytest.mark.parametrize("case", CASES)
def test_a_case_that_is_kept_from_somebody_is_as_none(desk: Desk, case: str) -> None:
    """Whatever is typed about it, by who may not read it, is answered as if there were no case of this number."""
    for person in ("wu" if case == "2" else "zz",):
        assert person not in CASES[case]
        for line in (*(each for name in TYPED for each in TYPED[name]), *ACTS):
            if "{case}" in line:
                said, none = (desk.type(f"charter {line.format(case=n)} --as {person}") for n in (case, 99))
                assert said == none.replace("99", case), line
    said = desk.type("charter cases --as zz")
    assert said == "no cases yet: open one with charter start PROCESS\n" or "secret" not in said + "hiring", said


def test_who_named_a_case_that_is_kept_from_them_is_on_record(desk: Desk) -> None:
    desk.type("charter show 2 --as zz")
    assert desk.code == 4
    found = json.loads(desk.type("charter audit query 'kind = \"refused\"' --actor zz --json --as root"))
    assert found[-1]["data"]["reasons"][0]["code"] == "CH642" and found[-1]["data"]["verb"] == "show"


def test_what_is_withheld_is_said_to_be(desk: Desk) -> None:
    said = desk.type("charter show 1 --records --as wu")
    assert "  name    ANNANNANN\n  salary  withheld\n" in said and "review v1\n  withheld\n" in said
    told = json.loads(desk.type("charter show 1 --json --as wu"))
    values = {each["record"]: each for each in told["records"]}
    hidden = {"withheld": True}
    assert values["application"]["value"] == {"name": "ANNANNANN", "salary": hidden}
    assert values["review"]["value"] == values["review"]["digest"] == values["application"]["digest"] == hidden
    kpi = {each["name"]: each["figures"] for each in json.loads(desk.type("charter kpi hiring --json --as wu"))}
    assert kpi["grades"] == hidden and kpi["people"][0]["value"] == 1


def test_who_has_seen_a_confidential_record_is_asked_of_the_trail(desk: Desk) -> None:
    """Whoever was shown its contents, by whichever verb; nobody to whom it was withheld, or who looked at the case."""
    question = 'kind = "consulted" and list contains(data.records, "review") and at >= date and time("{at}")'
    at = datetime.fromtimestamp(desk.at // 1_000_000, UTC).isoformat()
    for line in ("show 1 --as li", "show 1 --records --as wu", "audit log 1 --as wu", "show 1 --records --as li"):
        desk.type(f"charter {line}")
    desk.type("charter audit log 1 --as au")
    found = json.loads(desk.type(f"charter audit query '{question.format(at=at)}' --json --as au"))
    assert [(each["actor"], each["data"]["question"]) for each in found] == [("li", "case"), ("au", "log")]
    assert [each["data"]["records"] for each in found] == [["application", "review", "level"]] * 2


@pytest.mark.parametrize("process", ALL_OF)
def test_figures_are_for_who_may_read_every_case(desk: Desk, process: str) -> None:
    for person in ("root", *PEOPLE):
        said = desk.type(f"charter kpi {process} --as {person}")
        assert (desk.code == 0) == (person in ALL_OF[process]), (person, said)
        assert ("CH641" in said) == (person not in ALL_OF[process])


def test_nobody_changes_what_they_may_not_read(desk: Desk) -> None:
    said = desk.type("charter amend 1 review --set grade=3 -m x --as wu")
    assert desk.code == 3 and "CH643" in said


def test_the_verdict_on_the_whole_trail_is_for_its_readers(desk: Desk) -> None:
    for person in ("root", *PEOPLE):
        desk.type(f"charter audit verify --as {person}")
        assert desk.code == (0 if person in ("root", "au") else 3), person


# What of the command line reads the database by itself, and why it may.
BESIDE_THE_DOOR = {
    "consulted.py": "says who asks, before anything is read, and enters the look",
    "context.py": "opens the door",
    "inbox.py": "lists what is somebody's own work, by their own roles",
    "handover.py": "asks whether the directory knows a person",
    "people.py": "reads the directory, which is open",
    "channels.py": "reads how notices go out, which is open",
    "calendar.py": "reads public days, which are open",
    "calibrated.py": "reads public days and the directory",
    "gaps.py": "reads the directory",
    "tick.py": "is the operator's, and shows no contents",
    "backup.py": "is the operator's, and shows no contents",
    "doctor.py": "is the operator's, and shows no contents",
    "audit_verify.py": "gives verdicts on a database in whatever state, asked by `may_verify`",
    "audit_seal.py": "gives hashes to those who may read the whole trail, and the public key to all",
    "imports.py": "brings cases in, for stewards",
    "register.py": "brings entries in, for stewards",
}


def test_there_is_one_door() -> None:
    """No module of the command line reads cases but through `context.reading`."""
    beside = re.compile(
        r"context\.store\.read\(|context\.cases\.(resolve|state|definition|processes)\b|context\.seen\b"
    )
    found = {p.name for p in (ROOT / "runtime" / "cli").glob("*.py") if beside.search(p.read_text("utf-8"))}
    assert found <= BESIDE_THE_DOOR.keys(), "read through context.reading, or say here why not"


def test_a_bundle_withholds_what_its_maker_may_not_read_and_counts_it(desk: Desk, tmp_path: Path) -> None:
    """A steward reads the trail and not what is confidential: verify.py says so, and proves the rest all the same."""
    if "no key" in desk.type("charter audit key --as root") or desk.code:
        desk.type("charter audit key --make --as root")
    for person, all_of_it in (("root", False), ("au", True)):
        folder = tmp_path / person
        told = json.loads(desk.type(f"charter audit bundle --out '{folder}' --json --as {person}"))
        assert (told["withheld_count"] == 0) is all_of_it
        held = "".join((folder / name).read_text("utf-8") for name in ("entries.jsonl", "entries.html"))
        held = held.replace("grade = 42424242", "")  # what somebody asked for, themselves
        leaked = {secret for secret, readers in READERS.items() if secret in held and person not in readers}
        assert not leaked
        command = [sys.executable, "-I", str(folder / "verify.py"), "--lang", "en", "--key", told["key"]]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0 and f"{told['withheld_count']} of them withheld" in done.stdout, done

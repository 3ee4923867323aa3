"""What `--json` answers: every verb, against the one table of keys in docs/scripts.md; and why there is no answer."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from tests.calling import CALL
from tests.desk import Desk
from tests.leave import host
from tests.unit.test_cli_cases import GOLDEN, LEAVE, NOTICES, PURCHASE, STAND_IN, STEER
from tests.unit.test_cli_reports import STORY as REPORTS
from tests.verbs import verbs

from charter.dsl.messages.languages import LANGUAGES
from charter.runtime.cli.errors import EXITS
from charter.runtime.cli.main import run
from charter.runtime.host.connectors import FILE
from charter.runtime.store import Store

ROOT = Path(__file__).resolve().parents[2]
# what draws, writes a script for a shell or plays: there is nothing in it that a program could want
WITHOUT = {"graph", "completion", "demo", "audit witness"}
MORE = """
charter init --no-key --as zhou
charter init --no-key --as zhou
charter people import people.yaml --as zhou
charter people grant zhou hr --as zhou
charter people skill zhou law 2 --as zhou
charter people certify zhou first_aid --until 2027-01-01 --as zhou
charter people certify zhou driving --as zhou
charter people hours zhou 'Monday to Friday 09:00-13:00' --as zhou
charter people hours zhou night --as zhou
charter calendar define night 'Monday to Friday 22:00-06:00' --as zhou
charter people hours li night --as zhou
charter people show li
charter people hours zhou --as zhou
charter calendar list
charter people absent zhou 2026-04-01 2026-04-05 --as zhou
charter people delegate zhou li --as zhou
charter people accept 1 --as li
charter people show zhou
charter people end 1 --as li
charter handover li zhou --dry-run --as zhou
charter handover li zhou --as zhou
charter handover li zhou --confirm all --as zhou
charter people revoke li employee --as zhou
charter people remove li --as zhou
charter people list
charter connectors add mail --command sendmail --env A=b --as zhou
charter connectors list
charter connectors remove mail --as zhou
charter connectors list
charter channels list
charter channels add post --webhook https://example.org/ --secret env:NO_SUCH_SECRET --as zhou
charter channels add post --as zhou
charter channels add mail --email mail.example.org --as zhou
charter people notify zhou post --digest 08:00 --quiet 22:00-07:00 --zone Asia/Shanghai --as zhou
charter people notify employee post --role --as zhou
charter people notify employee post --role --off --as zhou
charter people notify zhou nothing --as zhou
charter people show zhou
charter channels list
charter channels test post --as zhou
charter channels test post --as li
charter channels remove post --as zhou
charter channels remove post --as zhou
charter calendar show
charter calendar import days.ics --dry-run --as zhou
charter calendar import days.ics --as zhou
charter calendar import days.ics --as zhou
charter calendar import days.ics --country China --as zhou
charter calendar publish 2026 --provisional --as zhou
charter calendar publish 2026 --as li
charter calendar show --year 2026
charter calendar check
charter deploy slips.charter --as zhou
charter deploy gone.charter --as zhou
charter deploy processes/examples/leave_request.charter --plan --as zhou
charter deploy processes/examples/leave_request.charter --as zhou
charter deploy processes/examples/leave_request.charter --as zhou
charter deploy other.charter --as zhou
charter deploy other.charter --plan --as zhou
charter start leave_request --as zhou
charter deploy other2.charter --as zhou
charter diff slips.charter other.charter
charter diff other.charter other2.charter
charter diff leave_request@1 other2.charter --as zhou
charter diff broken.charter other.charter
charter deploy processes/examples/leave_request.charter --back --plan --as zhou
charter migrate 1 --to 3 --dry-run --as zhou
charter migrate 1 --to 3 --reason newer --as zhou
charter migrate 1 --to 3 --reason newer --as zhou
charter migrate 1 --back --reason older --as zhou
charter migrate 1 --to 9 --reason older --as zhou
charter migrate 1 --to 3 --reason newer --as li
charter migrate --process leave_request --to 3 --as zhou
charter migrate --as zhou
charter import log old.csv --map gone.map --as zhou
charter import log old.csv --map bad.map --as zhou
charter import log old.csv --map old.map --as li
charter import log old.csv --map old.map --as zhou
charter audit changes leave_request 1 2
charter start
charter start leave_request --as zhou
charter release 1 --as zhou
charter audit as-of 1 2020-01-01
charter audit as-of 1 '#3'
charter audit verify
charter tick --clock-is-right --as zhou
charter tick
charter work --once
charter kpi
charter kpi leave_request --facts
charter kpi --history
charter board --as li
charter gantt --as li
charter gantt 1 --as li
charter verify-staffing
charter people stranding refuse --as li
charter people stranding refuse --as zhou
charter people stranding warn --as zhou
charter incidents
charter incidents --retry 1 --as zhou
charter inbox --as zhou
charter cases --process nothing
charter sla --as zhou
charter sla 1 --as zhou
charter deploy noting.charter --as zhou
charter register notes --import notes.csv --as zhou
charter register notes --import bad.csv --as zhou
charter register --as zhou
charter register notes --as zhou
charter register notes tea --as zhou
charter register nothing --as zhou
charter services --as zhou
charter services help --as zhou
charter services --internal --as zhou
charter audit log organisation
charter audit key --make --name example.com/q --as zhou
charter audit key --as zhou
charter audit checkpoint --as zhou
charter audit proof organisation.1 --as zhou
charter audit bundle --out bundle --as zhou
charter audit export csv --out trail.csv --as zhou
charter export check trail.csv --with-trail --as zhou
charter export cases --out tables --as zhou
charter audit signatures 1 --as zhou
charter audit ask --as zhou
charter audit ask roles --as zhou
charter audit key --change --as zhou
charter audit key --restart 'lost in the move' --as zhou
charter audit verify --as zhou
charter audit query 'kind = "nothing"'
charter doctor
charter backup copy.db
charter backup copy.db
charter check slips.charter
charter check . --fix --diff
charter check slips.charter --fix
charter fmt --check .
charter fmt other.charter
charter fmt broken.charter
charter test other.charter broken.charter
charter test other.charter broken.charter --suggest
charter prove other.charter broken.charter --budget 1
charter simulate other.charter --arrive 20/day --cases 30 --staff hr=1 --what-if hr+1 --chart c.svg
charter simulate broken.charter --arrive 20/day
charter simulate processes/examples/leave_request.charter --from-trail --arrive 20/day --cases 30 --as zhou
charter simulate other.charter --from-trail --process nothing --as zhou
charter explain
charter explain CH503
charter clauses processes
charter clauses broken.charter
charter coverage processes --section S003-2.1
charter coverage processes --catalogue processes/shared/service_quality.tsv
charter coverage broken.charter
charter docs processes/examples/leave_request.charter --out handbook
charter values slips.charter
charter library
charter library training
charter library nothing
charter docs broken.charter --out handbook
charter dmn check loan.dmn
charter dmn check broken.charter
charter dmn run loan.dmn
charter dmn run broken.charter
charter dmn import loan.dmn
charter dmn import loan.dmn --output loan.charter
"""
STORIES = {"leave": LEAVE, "stand_in": STAND_IN, "steer": STEER, "purchase": PURCHASE, "notices": NOTICES, "more": MORE}
STORIES |= {"reports": REPORTS}
LEAVE_FILE = (ROOT / "processes/examples/leave_request.charter").read_text("utf-8")
FILES = {
    "slips.charter": (ROOT / "tests/golden/cli_author/files/slips.charter").read_text("utf-8"),
    "other.charter": (ROOT / "processes/examples/leave_request.charter")
    .read_text("utf-8")
    .replace("version 1", "version 2"),
    "other2.charter": LEAVE_FILE.replace("version 1", "version 3").replace("activity apply", "activity ask_for"),
    "days.ics": "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20260101\nEND:VEVENT\nEND:VCALENDAR\n",
    "broken.charter": "process p\n  role\n",
    "noting.charter": "register notes key what\n  what text\nprocess noting\n  role clerk\n"
    "  service help\n    audience internal\n    offered by clerk\n    requested by clerk\n    within 1 day\n"
    "  record note\n    what text\n  activity write\n    role clerk\n    output note\n    files note into notes\n",
    "notes.csv": "what\ntea\nmilk\n",
    "bad.csv": "what\ntea\ntea\n",
    "old.csv": "case,what,at\n1,asked,2026-03-02T09:00:00Z\n1,gone,2026-03-02T10:00:00Z\n",
    "bad.map": 'log old\nprocess leave_request\ncase id\nevent what\ntime at\nwhen "asked" then aply done\n',
    "old.map": 'log old\nprocess leave_request\ncase case\nevent what\ntime at\nwhen "asked" then apply active\n'
    "compare one = 1 with count(apply.doers)\n",
    "people.yaml": "people:\n  zhou: {name: Zhou}\n  li: {name: Li, roles: [employee]}\n",
    "loan.dmn": (ROOT / "tests/conformance/dmn/compliance-level-3/services/services.dmn").read_text("utf-8"),
}

# what answers with a list: every use of these verbs, and what lists where nothing is named
LISTS = {
    "people list",
    "connectors list",
    "channels list",
    "calendar show",
    "calendar list",
    "calendar check",
    *("audit log", "audit query", "audit ask", "audit signatures"),
    *("deploy", "migrate", "diff"),
}
LISTS |= {"kpi", "doctor", "dmn check", "dmn run", "cases", "sla", "board", "inbox", "services"}
LIST_ALONE = {"start", "explain", "incidents", "audit clause", "register", "register notes", "report"}

NAMES = {"decimal": float, "text": str, "number": int, "truth": bool, "list": list, "object": dict}
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
TIMELIKE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


def vocabulary() -> dict[str, str]:
    """Reads the table of keys: what each holds, in every answer."""
    page = (ROOT / "docs/scripts.md").read_text("utf-8")
    return dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", page, re.MULTILINE))


def offences(answer: Any, known: Mapping[str, str], at: str = "") -> Iterator[str]:
    """Yields what breaks a law: a key that no table names, a value of another type, a time that is not RFC 3339."""
    if isinstance(answer, list):
        for item in answer:
            yield from offences(item, known, at + "[]")
    elif isinstance(answer, dict) and "prev" not in answer:  # an entry of the trail is given as it was sealed
        for key, value in answer.items():
            place = f"{at}.{key}"
            type_ = known.get(key)
            if type_ is None:
                yield f"{place}: no table names it: {value!r}"
            elif type_ == "free" or value is None:
                continue
            elif type_ == "time":
                if not (isinstance(value, str) and RFC3339.fullmatch(value)):
                    yield f"{place}: {value!r} is not a time"
            elif type(value) is not NAMES[type_]:
                yield f"{place}: {value!r} is not a {type_}"
            elif (type_ == "number" and value > 10**12) or (type_ == "text" and TIMELIKE.match(value)):
                yield f"{place}: {value!r} looks like a time"
            else:
                yield from offences(value, known, place)


def asked(desk: Desk, line: str) -> tuple[Any, list[Any]]:
    """Types a line with `--json`; gives the answer (None: there was none), and what was said beside it."""
    desk.beside = StringIO()
    words, _, last = line.partition(" -- ")
    out = desk.type(f"{words} --json{' -- ' * bool(last)}{last}")
    told = [json.loads(row) for row in desk.beside.getvalue().splitlines()]
    return json.loads(out) if out else None, told


def in_language(desk: Desk, lang: str, line: str) -> Any:
    """Types a line with `--json` in a language; gives the answer."""
    before, desk.lang = desk.lang, lang
    answer, _ = asked(desk, line)
    desk.lang = before
    return answer


def lists(line: str) -> bool:
    words = line.partition(" --as ")[0].removeprefix("charter ").split()
    alone = {" ".join(words[:1]), " ".join(words[:2])}
    return bool(alone & LISTS) or " ".join(words) in LIST_ALONE


def lines(name: str) -> list[str]:
    return [line.removesuffix(" --json") for line in STORIES[name].strip().splitlines()]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", STORIES)
def test_every_answer_keeps_the_laws(name: str, desk: Desk, tmp_path: Path) -> None:
    for file in (GOLDEN / "files").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    for path, text in FILES.items():
        (tmp_path / path).write_text(text, "utf-8")
    known = vocabulary()
    broken = []
    for line in lines(name):
        if line.startswith("+"):
            desk.at += int(line[1:]) * 86_400_000_000
            continue
        answer, beside = asked(desk, line)
        errors = [each["error"] for each in beside if "error" in each]
        # an answer or a reason why there is none, and never both
        if (answer is None) != (len(errors) == 1) or len(errors) > 1:
            broken.append(f"{line}: {answer!r} {beside!r}")
        if errors and (errors[0]["exit"], errors[0]["kind"]) != (desk.code, EXITS[desk.code]):
            broken.append(f"{line}: exit {desk.code}: {errors[0]}")
        broken += [f"{line}: {each}" for each in (*offences(answer, known), *offences(beside, known))]
        if answer is not None and isinstance(answer, list) != lists(line):
            broken.append(f"{line}: a {type(answer).__name__}")
    assert not broken, "\n".join(broken)


def test_what_could_not_be_done_is_answered_by_the_same_laws(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    host(store, CALL)
    desk = Desk(store, "en")
    desk.reader = "root"
    asked(desk, "charter connectors add prices --http https://erp.example/ --header A=b --as root")
    asked(desk, "charter start leave --as li")
    (tmp_path / FILE).write_text("prices: [")
    asked(desk, "charter complete 1 ask --set text=hello --as li")
    known = vocabulary()
    ticked, _ = asked(desk, "charter tick")
    listed, _ = asked(desk, "charter incidents")
    refused = asked(desk, "charter incidents --settle 1 --reason old --as li")
    said = {lang: in_language(desk, lang, "charter incidents")[0]["failure"] for lang in LANGUAGES}
    settled, _ = asked(desk, "charter incidents --settle 1 --reason old --as root")
    assert {each["code"] for each in said.values()} == {"CH037"}
    assert len({each["message"] for each in said.values()}) == len(LANGUAGES)
    assert said["en"]["message"].isascii() and not re.search("[a-z]{4}", said["zh"]["message"].replace(FILE, ""))
    shown = in_language(desk, "zh", "charter show 1")["elements"]
    assert [row["failure"] for row in shown if row["state"] == "failed"] == [
        {"code": "given_up", "message": "root 已放弃：old"}
    ]
    assert not [*offences([ticked, listed, refused, settled], known)]
    assert [(each["incident"], each["number"], each["ask"]) for each in listed] == [(1, 1, "CallConnector")]
    # given up, it is the work that has failed
    (failing,) = asked(desk, "charter incidents")[0]
    assert (failing["incident"], failing["element"], failing["mend"]) == (None, "fetch", "charter retry 1 fetch")
    assert desk.code == 1 and not [*offences([failing], known)]
    assert settled == {"incident": 1, "case": listed[0]["case"]}


def test_the_table_names_no_key_that_nothing_answers_with() -> None:
    files = [file for room in ("dsl", "engine", "runtime") for file in (ROOT / room).rglob("*.py")]
    source = "\n".join(file.read_text("utf-8") for file in files)
    assert not [key for key in vocabulary() if not re.search(rf"\"{key}\"|\b{key}(=|: )", source)]


def test_both_languages_name_the_same_keys() -> None:
    pages = ((ROOT / f"docs/{page}").read_text("utf-8") for page in ("scripts.md", "scripts.zh.md"))
    one, other = (re.findall(r"^\| (`\w+` \| \w+) \|", page, re.MULTILINE) for page in pages)
    assert one == other
    # each once, in order: a key that is listed twice could be of two types
    names = [row.split("`")[1] for row in one]
    assert names == sorted(set(names))


# --- why there is no answer


def told(line: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    code = run(shlex.split(line))
    said = capsys.readouterr()
    assert not said.out
    error: dict[str, Any] = json.loads(said.err)["error"]
    assert (error["exit"], error["kind"]) == (code, EXITS[code])
    assert set(error) >= {"exit", "kind", "code", "message", "help", "file", "line", "reasons"}
    assert not [*offences(error, vocabulary())]
    return error


@pytest.mark.parametrize(
    ("line", "code", "exit"),
    [
        ("chek --json", None, 2),
        ("check --json", None, 2),
        ("check a --format xml --json", None, 2),
        ("check a --jsn --json", None, 2),
        ("audit nothing --json", None, 2),
        ("check nowhere --json", "CH091", 4),
        ("explain CH999 --json", "CH094", 4),
        ("show 1 --json --as li", "CH018", 4),
    ],
)
def test_a_mistake_is_told_as_it_was_asked(
    line: str, code: str | None, exit: int, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = told(line, capsys)
    assert (error["code"], error["exit"]) == (code, exit)
    assert "usage" not in error["message"] and error["message"]


def test_behind_a_double_dash_it_is_no_option(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--", "--json"]) == 4
    assert capsys.readouterr().err.startswith("error[CH091]")


@pytest.mark.parametrize(("cause", "exit", "code"), [(ValueError("x"), 70, "CH001"), (KeyboardInterrupt(), 130, None)])
def test_a_bug_and_an_interruption_too(
    cause: BaseException,
    exit: int,
    code: str | None,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fails(*_: object) -> None:
        raise cause

    monkeypatch.setattr("charter.runtime.author.texts.find_files", fails)
    error = told("check a --json", capsys)
    assert (error["exit"], error["code"]) == (exit, code)


def test_a_refusal_names_the_line_of_the_process(desk: Desk) -> None:
    story = lines("leave")
    for line in story[: 1 + next(n for n, line in enumerate(story) if " deploy " in line)]:
        asked(desk, line)
    asked(desk, "charter start leave_request --as wang")
    asked(desk, "charter complete 1 --set first_day=2026-03-02 --set last_day=2026-03-06 --as wang")
    answer, [said] = asked(desk, "charter approve 1 decide --as wang")
    error = said["error"]
    text = LEAVE_FILE.splitlines()[error["line"] - 1]
    assert answer is None and error["code"] == "CH503"
    assert error["file"].endswith("leave_request.charter") and "separate" in text


def test_every_verb_answers_and_is_walked() -> None:
    answering = {name for name, command in verbs() if any(param.name == "as_json" for param in command.params)}
    assert {name for name, _ in verbs()} - answering == WITHOUT
    typed = {line.removeprefix("charter ") for story in STORIES for line in lines(story)}
    assert not {name for name in answering if not any(line.startswith(name) for line in typed)}

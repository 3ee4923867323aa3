"""`charter demo`: plays a whole service project, from the application to after-sales, and looks at its trail.

Every line is a command that a person could type, run by the same verbs in this process, on an embedded database in a
fresh folder. Only the clock is the demo's own: it starts on a Monday morning and is moved on between chapters, so that
rhythms and due dates of weeks can be seen. What the story expects to be refused must be refused, or the demo fails.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import FINDINGS, REFUSED, Missing
from charter.runtime.cli.verb import Verb, option

if TYPE_CHECKING:
    from charter.runtime.host.cases import Cases
    from charter.runtime.store import Store

_START = 1_772_413_200_000_000  # Monday 2026-03-02 09:00 in Shanghai
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_ZONE = "Asia/Shanghai"

_BINDINGS = (
    "inspection_rhythm=2 weeks",
    "tracking_rhythm=1 week",
    "adjustment_limit=2 working days",
    "registration_limit=4 working hours",
    "opinion_rhythm=1 month",
    "satisfaction_target=95%",
    "complaint_limit=5%",
)
_SET = " ".join(f"--set {shlex.quote(binding)}" for binding in _BINDINGS)

_PREPARED = "--data demo/dossier.json --check present_all --check whole --check accurate"
_RISKS = "--data demo/risks.json --check technical --check personnel --check market --check change"
_PROOF = "--check proof[1]=demo/evidence-availability.txt --check proof[2]=demo/evidence-faults.txt"

# A line is a command; `!` before it: it must be refused; `+ DAYS`: so many days later; `# KEY`: a chapter of [demo].
STORY = f"""
# people
charter init --as admin
charter people import demo/people.yaml --as admin
charter people list --as admin
# deploy
charter check service_project.charter --format concise
! charter deploy service_project.charter --as admin
charter deploy service_project.charter {_SET} --as admin
# application
charter start service_project --as li
charter inbox --as li
charter complete 1 collect --data demo/request.json --as li
charter complete 1 assess --data demo/assessment.json --as li
! charter complete 1 apply --set background=无 --as li
charter complete 1 apply --data demo/application.json --as li
# own
charter people grant li department_head --as admin
! charter approve 1 application_review --as li
charter people revoke li department_head --reason 兼任结束 --as admin
# returned
+ 1
charter return 1 application_review --reason 预算过高 --as wang
charter complete 1 apply --data demo/application-2.json --as li
charter approve 1 --as wang
charter approve 1 --as zhao
# planning
+ 1
! charter complete 1 form_team --data demo/team.json --check qualified --as chen
charter complete 1 form_team --data demo/team.json --check qualified --check duties --as chen
charter complete 1 make_plan --data demo/plan.json --as chen
charter complete 1 assess_risks {_RISKS} --as chen
charter approve 1 plan_review --as wang
# execution
+ 1
charter complete 1 assign_tasks --data demo/assignment.json --as chen
charter inbox --as sun
! charter complete 1 do_task[1] --data demo/deliverable-1.json --as zhou
charter complete 1 do_task[1] --data demo/deliverable-1.json --as sun
charter show 1 --as chen
# quality
charter complete 1 inspect --data demo/inspection-problems.json --as qian
charter complete 1 rectify[1] --data demo/correction.json --as sun
charter reject 1 verify_effect[1] --reason 仍缺两台 --as qian
charter complete 1 rectify[1] --data demo/correction-2.json --as sun
charter approve 1 verify_effect[1] --as qian
# progress
charter complete 1 track --data demo/progress-late.json --as chen
charter complete 1 adjust --data demo/adjustment.json --as chen
# change
+ 3
charter impact 1 plan --as chen
! charter amend 1 plan --data demo/plan-2.json --as chen
charter amend 1 plan --data demo/plan-2.json --reason 医院追加现场值守 --as chen
charter audit why 1 assign_tasks --as chen
charter approve 1 plan_review --as wang
charter complete 1 assign_tasks --data demo/assignment-2.json --as chen
charter show 1 --as chen
charter complete 1 do_task[2] --data demo/deliverable-2.json --as sun
charter complete 1 do_task[3] --data demo/deliverable-3.json --as zhou
charter complete 1 track --data demo/progress-on-plan.json --as chen
charter close 1 resolve_issue --as chen
+ 14
# acceptance
! charter complete 1 prepare {_PREPARED} --as sun
charter complete 1 prepare {_PREPARED} {_PROOF} --as sun
charter confirm 1 agree_terms --check agreed --as he
charter complete 1 agree_terms --data demo/terms.json --as chen
charter complete 1 present --data demo/presentation.json --as chen
charter approve 1 customer_acceptance --as he
charter complete 1 rate --data demo/survey.json --as he
charter complete 1 summarise --data demo/lessons.json --as chen
# after_sales
charter complete 1 commit --data demo/commitment.json --check hotline_open --as chen
charter add 1 feedback_handling --item 挂号终端死机 --as wu
charter complete 1 register[1] --data demo/ticket.json --as wu
charter complete 1 analyse[1] --data demo/solution.json --as wu
charter complete 1 solve[1] --data demo/reply.json --as wu
charter approve 1 customer_confirmation[1] --as he
charter complete 1 visit[1] --data demo/follow-up.json --as wu
charter close 1 feedback_handling --as wu
charter complete 1 gather --data demo/opinions.json --as wu
charter complete 1 improve --data demo/improvement.json --as chen
charter cases --as chen
# kpis
charter kpi service_project --as zhao
charter kpi service_project satisfaction --facts --as zhao
# trail
charter audit query 'outcome = "refused"' --as auditor
charter audit query 'kind in ("granted", "rejected", "returned", "amended")' --case 1 --as auditor
charter audit clause S003-2.1-07 --as auditor
charter audit trace 1 plan --as auditor
charter audit as-of 1 2026-03-04 --as auditor
charter audit log 1 --limit 12 --as auditor
charter audit verify --as auditor
"""


class Clock:
    """The demo's clock: it stands still but for a second a command, until it is moved on."""

    def __init__(self) -> None:
        self.at = _START

    def __call__(self) -> int:
        return self.at


def run_demo(context: Context, folder: str | None) -> int:
    """Plays the story; gives 1 when a line did not come out as the story says."""
    from charter.runtime.host.cases import Cases
    from charter.runtime.store import create_store

    place = Path(folder) if folder else Path(tempfile.mkdtemp(prefix="charter-demo-"))
    place.mkdir(parents=True, exist_ok=True)
    if any(place.iterdir()):
        raise Missing("the folder is not empty", code="CH099", path=str(place))
    _furnish(place)
    say, output = context.say, context.output
    output.sentence(say("demo.welcome", folder=place), "strong")
    clock = Clock()
    with _inside(place), create_store("charter.db") as store:
        cases = Cases(store, clock=clock)
        for line in STORY.strip().splitlines():
            if line.startswith("# "):
                output.line()
                output.sentence(say(f"demo.{line[2:]}"), "good")
            elif line.startswith("+ "):
                _later(context, cases, clock, int(line[2:]))
            elif not _play(context, store, cases, clock, line):
                return FINDINGS
    output.line()
    output.sentence(say("demo.farewell", folder=place), "strong")
    return 0


def _later(context: Context, cases: Cases, clock: Clock, days: int) -> None:
    clock.at += days * _DAY
    context.output.sentence(context.say("demo.later", days=days, at=context.output.moment(clock.at)), "faint")
    cases.tick()


def _play(context: Context, store: Store, cases: Cases, clock: Clock, line: str) -> bool:
    """Runs one command line with the verbs people use; tells whether it came out as the story says."""
    from charter.runtime.cli.main import run

    expected = REFUSED if line.startswith("! ") else 0
    line = line.removeprefix("! ")
    context.output.line()
    context.output.line(f"$ {line}", "name")
    clock.at += 60 * _SECOND
    inner = Context(context.say, db="charter.db")
    # One database and one clock for the whole story; the person comes with --as on each line.
    inner.__dict__.update(store=store, cases=cases, now=clock.at, output=context.output)
    sys.stdout.flush()
    with contextlib.redirect_stderr(sys.stdout):
        code = run(shlex.split(line)[1:], inner)
    if code != expected:
        context.output.sentence(context.say("demo.astray", line=line, code=code, expected=expected), "bad")
    return code == expected


def _furnish(place: Path) -> None:
    """Copies the process, what it uses, and the story's data into the folder."""
    from charter import processes

    shipped = Path(processes.__file__).parent
    shutil.copy(shipped / "service_project.charter", place)
    for name in ("shared", "demo"):
        shutil.copytree(shipped / name, place / name)


@contextlib.contextmanager
def _inside(place: Path) -> Iterator[None]:
    """Works in the folder, with the clock's zone shown, and puts both back."""
    import time

    before, zone = os.getcwd(), os.environ.get("TZ")
    os.chdir(place)
    os.environ["TZ"] = _ZONE
    time.tzset()
    try:
        yield
    finally:
        os.chdir(before)
        if zone is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = zone
        time.tzset()


VERBS = {"demo": Verb("demo", run_demo, [option("--folder", "PATH")])}

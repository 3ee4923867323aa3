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

_RISKS = "--data demo/risks.json"
_POINTS = "--check check1 --check check2"  # of an agenda
_PROOF = "--check proof[1]=demo/evidence-availability.txt --check proof[2]=demo/evidence-faults.txt"

# A line is a command; `!` before it: it must be refused; `+ DAYS`: so many days later; `# KEY`: a chapter of [demo].
# Case 1 is the project, 2 what accompanies it, 3 its costs, 4 its changes, 5 its team; others come as they are opened.
STORY = f"""
# people
charter init --as admin
charter people import demo/people.yaml --as admin
charter people list --as admin
# deploy
charter check service_project.charter --format concise
! charter deploy service_project.charter --as admin
charter values service_project.charter --values demo/values.yaml
charter deploy service_project.charter --values demo/values.yaml --as admin
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
charter complete 1 form_team --data demo/team.json --as chen
charter approve 1 team_review --as wang
charter complete 1 propose[1] --data demo/proposal-sun.json --as sun
charter complete 1 propose[2] --data demo/proposal-zhou.json --as zhou
charter complete 1 make_plan --data demo/plan.json --as chen
! charter complete 1 assess_risks {_RISKS} --as chen
charter confirm 1 assess_risks --check searched[1] --check searched[2] --as sun
charter confirm 1 assess_risks --check searched[3] --check searched[4] --as zhou
charter complete 1 assess_risks {_RISKS} --as chen
charter approve 1 plan_review --as wang
# control
charter cases --as chen
charter complete 6 lead_budgeting --data demo/cost-needs.json --as chen
charter complete 6 estimate_costs --data demo/cost-estimates.json --as sun
charter complete 6 write_plan --data demo/cost-plan.json --as chen
charter approve 6 budget_review --as xu
charter approve 6 budget_review --as wang
charter approve 6 budget_approval --as zhao
charter confirm 5 set_up --check culture --as zhou
charter complete 5 set_up --data demo/team-rules.json --as chen
charter complete 4 plan_changes --data demo/change-plan.json --as chen
charter approve 4 change_plan_review --as wang
charter complete 4 set_baseline --data demo/scope.json --as chen
charter approve 4 baseline_consent --as he
# risk
charter confirm 7 assess_risk --check joint --as he
charter complete 7 assess_risk --data demo/risk-assessment.json --as chen
charter complete 7 plan_response --data demo/risk-response.json --as chen
charter approve 7 response_review --as wang
charter complete 7 carry_out --data demo/risk-execution.json --check measure[1] --check measure[2] --as zhou
charter approve 7 verify --as qian
charter complete 7 track_risk --data demo/risk-status.json --as chen
# execution
+ 1
charter complete 1 assign_task[1] --data demo/assigned-1.json --as chen
charter complete 1 assign_task[2] --data demo/assigned-2.json --as chen
charter inbox --as sun
! charter complete 1 do_task[1] --data demo/deliverable-1.json --as zhou
charter complete 1 do_task[1] --data demo/deliverable-1.json --as sun
charter approve 1 check_result[1] --as qian
charter show 1 --as chen
# quality
charter complete 8 inspect --data demo/inspection-problems.json --as qian
charter complete 8 rectify[1] --data demo/correction.json --as sun
charter reject 8 verify_effect[1] --reason 仍缺两台 --as qian
charter complete 8 rectify[1] --data demo/correction-2.json --as sun
charter approve 8 verify_effect[1] --as qian
# progress
charter complete 9 track --data demo/deviation-none.json --as chen
+ 44
charter cases --as chen
charter complete 12 inspect --data demo/inspection-clean.json --as qian
charter audit trace 11 progress --as chen
charter complete 11 track --data demo/deviation.json --as chen
charter complete 11 adjust --data demo/adjustment.json --as chen
# change
charter add 4 handle_change --item 追加现场值守 --as zhou
charter complete 13 ask --data demo/change-request.json --as he
charter complete 13 assess_change --data demo/change-impact.json --check compared --as chen
charter complete 13 plan_measures --data demo/change-response.json --as chen
charter approve 13 approve_change --as wang
charter impact 1 plan --as chen
charter complete 13 replan --data demo/change-plan-tasks.json --as chen
charter audit trace 1 plan --as chen
charter audit why 1 assign_task[3] --as chen
charter complete 13 implement --data demo/change-result.json --as zhou
! charter approve 13 verify_change --as qian
charter approve 1 plan_review --as wang
charter approve 13 verify_change --as qian
charter complete 13 watch --data demo/change-control.json --as chen
charter complete 1 assign_task[3] --data demo/assigned-3.json --as chen
charter show 1 --as chen
charter complete 1 do_task[2] --data demo/deliverable-2.json --as sun
charter complete 1 do_task[3] --data demo/deliverable-3.json --as zhou
charter approve 1 check_result[2] --as qian
charter approve 1 check_result[3] --as qian
+ 7
# acceptance
charter confirm 1 prepare --check present_all --check whole --as chen
charter confirm 1 prepare --check accurate --as qian
! charter complete 1 prepare --data demo/dossier.json --as sun
charter complete 1 prepare --data demo/dossier.json {_PROOF} --as sun
charter confirm 14 agree_terms --check agreed --as he
charter complete 14 agree_terms --data demo/terms.json --as chen
charter confirm 14 invite --check accepted --as he
charter complete 14 invite --as chen
charter confirm 14 present --check answered --as he
charter complete 14 present --data demo/presentation.json --as chen
charter complete 14 evaluate --data demo/evaluation.json --as he
charter approve 1 customer_acceptance --as he
charter complete 1 rate --data demo/survey.json --as he
charter complete 15 reflect[1] --data demo/reflection-sun.json --as sun
charter complete 15 reflect[2] --data demo/reflection-zhou.json --as zhou
charter complete 15 summarise --data demo/lessons.json --as chen
charter approve 15 lessons_review --as wang
charter complete 1 keep_lessons --as chen
charter register experience --as chen
# after_sales
charter confirm 16 commit --check hotline_open --as wu
charter complete 16 commit --data demo/commitment.json --as chen
charter add 16 feedback_service --item 挂号终端死机 --as he
charter complete 16 tell[1] --data demo/feedback.json --as he
charter complete 17 register --data demo/ticket.json --as wu
charter complete 17 respond --data demo/reply.json --as wu
charter complete 17 analyse --data demo/solution.json --as wu
charter complete 17 act --data demo/action.json --as wu
charter sla 17 --as wu
charter approve 17 confirm --as he
charter complete 17 visit --data demo/follow-up.json --as wu
charter close 16 feedback_service --as wu
charter complete 16 ask_opinion --data demo/opinion.json --as he
charter complete 16 analyse_needs --data demo/needs-trend.json --as wu
charter complete 16 improve --data demo/improvement.json --as chen
# closing
charter complete 7 track_risk --data demo/risk-status.json --as chen
charter close 7 handle_occurrence --as chen
charter complete 7 conclude_risk --data demo/risk-summary.json --as chen
charter confirm 4 review_changes --check complete --as sun
charter complete 4 review_changes --data demo/change-review.json --check scope --as chen
charter close 4 handle_change --as chen
charter complete 5 team_meeting_attend[1] --data demo/report-sun.json --as sun
charter complete 5 team_meeting_attend[2] --data demo/report-zhou.json --as zhou
! charter complete 5 team_meeting_minutes --data demo/minutes.json {_POINTS} --check check3 --check listed --as chen
charter complete 5 team_meeting_attend_project_manager --as chen
charter confirm 5 team_meeting_minutes --check cooperation --as sun
charter confirm 5 team_meeting_minutes --check openness --as zhou
charter complete 5 team_meeting_minutes --data demo/minutes.json {_POINTS} --check check3 --check listed --as chen
charter complete 5 team_meeting_todo[1] --as zhou
charter complete 5 review_attend_project_manager --as chen
charter complete 5 review_attend_department_head --as wang
charter complete 5 review_minutes --data demo/project-review.json {_POINTS} --as chen
charter complete 5 gather --data demo/team-event.json --as chen
charter close 5 solve --as chen
charter add 3 spending --item 终端备件 --as sun
charter complete 3 spend[1] --data demo/cost-expense.json --as sun
charter complete 3 reimburse[1] --check rules --check receipts --check needed --as jin
charter confirm 10 account --check complete --as xu
charter complete 10 account --data demo/cost-accounts.json --as jin
charter close 3 spending --as sun
charter complete 3 conclude --data demo/cost-summary.json --as chen
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
    from charter.runtime.author.texts import compile_file

    shipped = Path(processes.__file__).parent
    for source in map(Path, compile_file(str(shipped / "service_project.charter")).sources):
        if source.parent == shipped:
            shutil.copy(source, place)
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

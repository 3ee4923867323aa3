"""Lines that stand in no element, as an author would write them, for the test of every line (`test_lines.py`)."""

from __future__ import annotations

# The lines of everything else, by rule of the grammar: a process around them, what must stand there, and what may.
OTHERS: dict[str, tuple[str, str, dict[str, str]]] = {
    "header": (
        "process p\n  {line}\n  role clerk\n  activity one\n    role clerk\n    output paper\n"
        "  activity two\n    role clerk\nprocess other\n  role clerk\n  activity act\n    role clerk\n",
        "",
        {
            "VERSION WORD": "version 2",
            "GOAL STRING": 'goal "all is well"',
            "CASE_SUBJECT EXPR": 'subject "all of it"',
            "CASE_NUMBER STRING": 'number "P-{year}-{3}"',
            "CONCERNS PATH LINKED_BY EXPR": "concerns other by paper.name",
            "CONCERNS PATH LINKED_AS NAME LINKED_BY EXPR": "concerns other as there by paper.name",
            "OWNER PATH": "owner clerk",
            "CUSTOMER PATH": "customer clerk",
            "VISIBLE_TO names": "visible to clerk",
            "SOURCE ids": "source R-1",
            "INPUT names": "input sheet",
            "OUTPUT names": "output paper",
            "FIRST_OF names": "first of one, two",
            "ONE_AT_A_TIME names": "one at a time one, two",
        },
    ),
    "record_line": (
        "process p\n  role clerk\n  record answer\n    size text\n    {line}\n"
        "  activity one\n    role clerk\n    output answer\n",
        "",
        {
            "VISIBLE_TO names": "visible to clerk",
            "SOURCE ids": "source R-1",
            "AMENDED_BY names": "amended by other",
        },
    ),
    "role_line": (
        "process p\n  role clerk\n    {line}\n  activity one\n    role clerk\n",
        "",
        {
            "REQUIRES CERTIFICATE skill": 'requires certificate "pmp"',
            "REQUIRES SKILL skill": "requires skill talk",
            "REQUIRES SKILL skill GE INT": "requires skill talk >= 3",
            "SOURCE ids": "source R-1",
        },
    ),
    "calendar_line": (
        "process p\n  calendar c\n    {line}\n  role clerk\n  activity one\n    role clerk\n",
        "Monday 09:00-12:00",
        {
            "ZONE WORD": "zone Asia/Shanghai",
            "WEEKDAY intervals": "Tuesday 09:00-12:00",
            "WEEKDAY TO WEEKDAY intervals": "Tuesday to Friday 09:00-12:00",
            "WEEKDAYS intervals": "Tuesday-Thursday 09:00-12:00",
            "CLOSED dates": "closed 2026-12-28",
            "CLOSED dates STRING": 'closed 2026-12-28 to 2026-12-31 "stock"',
            "OPEN_ON DATE intervals": "open 2026-12-27 09:00-12:00",
            "OPEN_ON DATE intervals STRING": 'open 2026-12-27 09:00-12:00 "sale"',
            "HOLIDAYS WORD": "holidays CN",
            "DAYS_END_AT_CLOSE": "days end at close",
        },
    ),
    "decision_line": (
        "process p\n  role clerk\n  record answer\n    size text\n"
        "  decision size (n)\n    | n | -> size |\n    {line}\n"
        "  activity one\n    output answer\n    decide size with n = 1\n",
        '| 1 | "big" |',
        {"HIT_POLICY POLICY": "hit policy first", "ROW": '| 2 | "small" |', "SOURCE ids": "source R-1"},
    ),
    "check_line": (
        "process p\n  role clerk\n  record list\n    parts list of text\n  input list\n  activity one\n    role clerk\n"
        '    checklist\n      "done"\n        {line}\n',
        "",
        {
            "SOURCE ids": "source R-1",
            "FOR_EACH NAME IN ITEMS": "for each part in list.parts",
            "FOR_EACH NAME IN ITEMS OPEN": "for each part in list.parts open",
            "FOR_EACH NAME IN ITEMS KEPT": "for each part in list.parts kept",
            "FOR_EACH OPEN NAME": "for each open part",
            "EVIDENCE FILE": "evidence file",
            "EVIDENCE PATH": "evidence list",
            "CHECK_BY PATH": "by clerk",
            "CHECK_BY OTHER PATH": "by other clerk",
        },
    ),
    "kpi_line": (
        "process p\n  role clerk\n  record sheet\n    kind text\n  input sheet\n"
        "  activity one\n    role clerk\n  kpi ended\n    {line}\n",
        "formula count(cases)",
        {
            "FORMULA EXPR": "formula count(cases) + 1",
            "TARGET EXPR": "target > 1",
            "WARN EXPR": "warn > 1",
            "EVERY EXPR": "every 1 month",
            "GROUP_BY EXPR": "by sheet.kind",
            "UNIT skill": 'unit "cases"',
            "OVER CASES_CLOSED_IN EXPR": "over cases closed in 1 month",
            "OVER CASES_OPENED_IN EXPR": "over cases opened in 1 month",
            "IMPROVES_OVER INT PERIODS": "target > 1\n    every 1 month\n    improves over 3 periods",
            "IN_CONTROL": "every 1 month\n    stays within control limits",
            "OWNER PATH": "owner clerk",
            "SOURCE ids": "source R-1",
        },
    ),
    "rule_line": (
        "process p\n  role clerk\n  record sheet\n    kind text\n    sum  money\n"
        "  activity one\n    role clerk\n    output sheet\n"
        "  activity two\n    wait for paid\n  approval three of sheet\n    by clerk\n"
        "  ledger book of sheet by kind\n    amount sum\n    actual sheet\n"
        "  sla promise\n    stops when one.done\n    target 1 day\n"
        "  rule odd\n    on one is done\n    then notify clerk\n    {line}\n",
        'when sheet.kind = "a"',
        {
            "ON_EVENT PATH IS STATE": "on two is done",
            "ON_EVENT CASE IS STATE": "on case is completed",
            "ON_EVENT PATH WRITTEN": "on sheet written",
            "ON_EVENT PATH REJECTED INT TIMES": "on three rejected 2 times",
            "ON_EVENT SIGNAL PATH": "on signal paid",
            "ON_EVENT EVERY_SPAN EXPR": "on every 1 week",
            "ON_EVENT SLA PATH AT SHARE": "on sla promise at 50%",
            "ON_EVENT SLA PATH AT_BREACH": "on sla promise at breach",
            "ON_EVENT PATH OVERRUN": "on book overrun",
            "RULE_WHEN EXPR": 'when sheet.kind = "b"',
            "RULE_THEN actions": "then notify clerk",
            "SOURCE ids": "source R-1",
        },
    ),
    "queue_line": (
        "process p\n  role clerk\n  record sheet\n    sum number\n  activity one\n    role clerk\n    output sheet\n"
        "  activity two\n    role clerk\n  queue clerk\n    {line}\n",
        "capacity 5",
        {
            "CAPACITY AMOUNT": "capacity 6",
            "CAPACITY AMOUNT PER EXPR": "capacity 5 per 1 day",
            "ORDER_BY ranks": "order by sheet.sum descending",
            "SOURCE ids": "source R-1",
        },
    ),
    "counter_line": (
        "process p\n  role clerk\n  record sheet\n    who text\n    sum number\n    parts list of text\n"
        "  activity one\n    role clerk\n    output sheet\n  counter few by sheet.who\n    {line}\n",
        "within 1 year",
        {
            "FOR_EACH NAME IN EXPR": "for each part in sheet.parts",
            "RULE_WHEN EXPR": "when sheet.sum < 5",
            "RESETS_WHEN EXPR": "resets when sheet.sum > 5",
            "COUNTED_WITHIN EXPR": "within 2 years",
            "AT INT actions": "at 2 notify clerk",
            "SOURCE ids": "source R-1",
        },
    ),
    "report_line": (
        "process p\n  owner clerk\n  role clerk\n  activity one\n    role clerk\n"
        '  report monthly\n    section "all"\n      open work\n    {line}\n',
        "",
        {
            "EVERY EXPR": "every 1 month",
            "MADE_BY names": "made by clerk",
            "SIGNED_OFF_BY names": "signed off by clerk",
            "VISIBLE_TO names": "visible to clerk",
            "SOURCE ids": "source R-1",
        },
    ),
    "section_line": (
        "process p\n  owner clerk\n  role clerk\n  record plan\n    kind text\n    sum  money\n"
        "  activity one\n    role clerk\n    output plan\n  approval two of plan\n    by clerk\n"
        "  kpi ended\n    formula count(cases)\n"
        "  sla promise\n    stops when one.done\n    target 1 day\n"
        "  ledger book of plan by kind\n    amount sum\n    actual plan\n"
        '  report monthly\n    section "all"\n      {line}\n',
        "figure other = count(opened)",
        {
            "KPI names": "kpi ended",
            "SLA names": "sla promise",
            "LEDGER names": "ledger book",
            "RECORD names": "record plan",
            "OWN_FIGURE titled EQUALS EXPR": 'figure here "here" = count(cases)',
            "OPEN_WORK": "open work",
            "SOURCE ids": "source R-1",
        },
    ),
    "ledger_line": (
        "process p\n  role clerk\n"
        + "".join(
            f"  record {name}\n    kind text\n    sum  money\n    net  money\n" for name in ("plan", "sheet", "bill")
        )
        + "  activity one\n    role clerk\n    output plan\n  approval two of plan\n    by clerk\n"
        "  activity three\n    role clerk\n    output sheet\n  activity four\n    role clerk\n    output bill\n"
        "  ledger odd of plan by kind\n    actual sheet\n    {line}\n",
        "amount sum",
        {
            "LEDGER_AMOUNT PATH": "amount net",
            "PLANNED names": "planned bill",
            "COMMITTED names": "committed bill",
            "ACTUAL names": "actual bill",
            "FORECAST names": "forecast bill",
            "OVERRUN_REFUSED": "overrun refused",
            "SOURCE ids": "source R-1",
        },
    ),
}

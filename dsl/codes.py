"""The registry of diagnostic codes: what exists, how grave it is and which words its sentence takes.

A code is never used for anything else again. Its sentences are in `messages/*.toml`, its page in
`diagnostics/CODE.md`, its example in the page; a test walks this table and asks for all of them.
CH1xx syntax, CH2xx names, CH3xx types, CH4xx flow, CH6xx rules and tables, CH9xx style. CH5xx are refusals
and live in `engine/refusals.py`.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Severity = Literal["error", "warning"]


class Code(Struct, frozen=True):
    code: str
    slug: str
    severity: Severity
    arguments: tuple[str, ...] = ()


def _rows(severity: Severity, *rows: tuple[str, ...]) -> list[Code]:
    return [Code(row[0], row[1], severity, row[2:]) for row in rows]


_ALL = [
    *_rows(
        "error",
        # text and syntax
        ("CH101", "not-utf-8", "byte"),
        ("CH102", "file-too-big", "limit"),
        ("CH103", "line-too-long", "length", "limit"),
        ("CH104", "tab-in-indentation"),
        ("CH105", "control-character", "character"),
        ("CH106", "unclosed-text"),
        ("CH107", "unclosed-bracket", "bracket"),
        ("CH108", "quote-inside-quotes"),
        ("CH109", "too-deep", "limit"),
        ("CH110", "uneven-indentation"),
        ("CH111", "unexpected-block"),
        ("CH112", "unexpected-word", "found", "expected"),
        ("CH113", "line-stops-too-early", "expected"),
        ("CH114", "unknown-line", "found", "expected"),
        ("CH115", "misplaced-line", "found", "expected"),
        ("CH116", "too-many-errors", "limit"),
        # names
        ("CH201", "unknown-role", "name"),
        ("CH202", "unknown-record", "name"),
        ("CH203", "unknown-element", "name"),
        ("CH204", "input-nothing-produces", "element", "name"),
        ("CH205", "duplicate-name", "name", "kind"),
        ("CH206", "wrong-kind", "name", "kind", "wanted"),
        ("CH207", "unknown-type", "name"),
        ("CH208", "unknown-process", "name"),
        ("CH209", "recursive-record", "name", "path"),
        ("CH210", "used-file-missing", "path"),
        ("CH211", "use-cycle", "path"),
        ("CH212", "unknown-calendar", "name"),
        ("CH213", "duplicate-line", "word", "element"),
        ("CH214", "line-not-here", "word", "kind"),
        ("CH215", "unknown-argument", "name", "process"),
        ("CH216", "reserved-name", "name"),
        ("CH217", "unknown-zone", "name"),
        ("CH219", "named-twice", "name", "word"),
        ("CH220", "too-many", "what", "count", "limit"),
        ("CH221", "output-nothing-produces", "name"),
        ("CH222", "hours-out-of-order", "hours"),
        ("CH223", "input-not-given", "process", "name"),
        ("CH224", "not-given-back", "process", "name"),
        ("CH225", "not-side-by-side", "name", "other"),
        ("CH226", "unknown-decision", "name"),
        ("CH227", "unknown-decision-argument", "name", "decision"),
        ("CH228", "decision-lacks-argument", "decision", "name"),
        ("CH229", "decision-without-one-output", "element", "count"),
        # scenarios
        ("CH230", "unknown-person", "name"),
        ("CH231", "unknown-state", "name", "state", "kind"),
        ("CH232", "unknown-refusal", "name"),
        ("CH233", "scenario-without-case", "title"),
        ("CH234", "unknown-kpi", "name"),
        ("CH235", "unknown-check", "name", "element"),
        ("CH236", "not-written-here", "name", "element"),
        ("CH237", "cannot-be-done", "verb", "name", "kind"),
        ("CH238", "not-repeated", "name"),
        ("CH239", "used-file-of-another-kind", "path"),
        # rule books
        ("CH240", "catalogue-of-another-kind", "path"),
        ("CH241", "catalogue-without-column", "column"),
        ("CH242", "clause-incomplete", "column"),
        ("CH243", "clause-nobody-can-name", "name"),
        ("CH244", "clause-twice", "name"),
        ("CH245", "unknown-clause", "name"),
        ("CH246", "clause-of-two-catalogues", "name", "catalogue", "other"),
        ("CH247", "cell-never-closed"),
        ("CH248", "name-of-the-organisation", "name"),
        ("CH249", "catalogue-column-twice", "column"),
        ("CH250", "cell-without-column", "text"),
        ("CH251", "no-such-day", "date"),
        ("CH252", "day-twice", "date"),
        ("CH253", "unknown-country", "name"),
        # types
        ("CH301", "expression-syntax", "text", "detail"),
        ("CH302", "unknown-name", "name", "detail"),
        ("CH303", "unknown-field", "name", "detail"),
        ("CH304", "wrong-type", "detail"),
        ("CH305", "mixed-units", "detail"),
        ("CH306", "wrong-arguments", "detail"),
        ("CH307", "unknown-function", "name", "detail"),
        ("CH308", "wrong-result", "word", "wanted", "given"),
        ("CH309", "not-a-list", "text", "given"),
        ("CH310", "value-does-not-fit", "name", "wanted", "given"),
        ("CH311", "impossible-value", "value", "name"),
        ("CH312", "function-as-value", "name"),
        ("CH313", "unit-of-something-else", "unit", "given"),
        ("CH314", "never-has-a-value", "text"),
        ("CH320", "record-does-not-fit", "record", "name", "expected"),
        # flow
        ("CH401", "cycle", "path"),
        ("CH402", "unreachable", "element"),
        ("CH403", "never-ends", "element"),
        ("CH404", "return-not-upstream", "element", "target"),
        ("CH405", "nobody-can-take", "element", "other", "why"),
        ("CH406", "due-after-phase", "element", "span", "phase", "limit"),
        ("CH409", "approval-without-by", "element"),
        ("CH410", "nobody-responsible", "element"),
        ("CH411", "kpi-without-formula", "name"),
        ("CH412", "needs-more-than-there-are", "needed", "count"),
        ("CH413", "line-needs", "word", "needed"),
        ("CH414", "milestone-without-condition", "element"),
        ("CH415", "separated-from-itself", "element"),
        ("CH416", "after-its-own-part", "element", "target"),
        ("CH423", "runs-itself", "path"),
        ("CH440", "always-gets-stuck", "process", "names"),
        ("CH451", "not-a-count", "text"),
        ("CH452", "offered-to-nobody", "element"),
        ("CH460", "start-one-at-a-time", "name"),
        ("CH461", "nothing-to-escalate", "element"),
        ("CH470", "clock-without-end", "name"),
        ("CH471", "second-target", "name"),
        ("CH472", "threshold-of-nothing", "name", "percent"),
        ("CH473", "clock-asks-itself", "name"),
        ("CH474", "clock-without-work", "name"),
        ("CH480", "no-such-period", "name", "span"),
        ("CH481", "element-as-figure", "name", "element"),
        ("CH462", "ends-what-is-never-skipped", "element", "kept"),
        ("CH466", "nobody-holds-it", "element"),
        # decision tables
        ("CH601", "table-without-head", "name"),
        ("CH602", "row-of-other-length", "count", "wanted"),
        ("CH604", "rules-overlap", "row", "other", "name", "example"),
        ("CH605", "rules-disagree", "row", "other", "name", "example"),
        ("CH608", "rule-never-holds", "row", "name"),
        ("CH609", "output-without-field", "name", "record"),
        ("CH610", "field-without-output", "name", "record", "decision"),
    ),
    *_rows(
        "warning",
        ("CH117", "more-than-told", "errors", "warnings"),
        ("CH118", "nothing-in-file"),
        ("CH218", "role-unused", "name"),
        ("CH407", "output-unused", "element", "name"),
        ("CH408", "unbound-parameter", "name"),
        ("CH417", "empty-phase", "element"),
        ("CH315", "decides-nothing", "text"),
        ("CH316", "share-without-percent", "number", "share"),
        ("CH317", "currency-by-another-name", "written"),
        ("CH318", "choices-by-letter", "name", "example"),
        ("CH319", "name-hidden", "name", "kind"),
        ("CH321", "range-as-subtraction", "text", "value"),
        ("CH322", "text-in-a-text", "text"),
        ("CH418", "never-escalates", "element"),
        ("CH419", "process-without-work", "name"),
        ("CH420", "takes-longer-than-due", "element", "takes", "within"),
        ("CH421", "no-person-does-it", "element", "other"),
        ("CH422", "may-not-be-there-yet", "element", "name"),
        ("CH424", "nobody-made-it", "element", "record", "role"),
        ("CH425", "kept-apart-without-owner", "process", "element"),
        ("CH426", "approvals-leave-gap", "record", "approvals", "example"),
        ("CH430", "parameter-unused", "name"),
        ("CH431", "record-nobody-writes", "name"),
        ("CH432", "output-not-declared", "name"),
        ("CH433", "rhythm-of-one-round", "element", "phase"),
        ("CH434", "reads-an-open-list", "element", "list", "name"),
        ("CH435", "sees-only-its-own", "function", "name"),
        ("CH436", "reads-what-is-being-written", "name"),
        ("CH437", "unknown-counts-as-failure", "name", "fact"),
        ("CH438", "settled-before-it-begins", "element"),
        ("CH439", "round-without-end", "element"),
        # what an exploration finds (`runtime/author/foreseen.py`)
        ("CH441", "can-get-stuck", "process", "names"),
        ("CH442", "never-opens", "process", "names"),
        ("CH443", "output-can-be-missing", "process", "names"),
        ("CH444", "never-granted", "process", "names"),
        ("CH445", "turns-by-itself", "process", "names"),
        ("CH450", "work-longer-than-phase", "phase", "within", "path"),
        ("CH463", "reminder-before-the-work", "span", "within"),
        ("CH464", "ends-before-it-is-due", "element", "span", "within"),
        ("CH465", "nothing-looks-at-the-clock", "text"),
        ("CH603", "table-has-gap", "name", "example"),
        ("CH606", "rule-masked", "row", "other", "name"),
        ("CH607", "rule-adds-nothing", "row", "other", "name"),
        ("CH611", "decision-unused", "name"),
        ("CH612", "table-unproved", "name"),
        ("CH613", "rule-no-record-meets", "row", "name"),
    ),
]

CODES: dict[str, Code] = {code.code: code for code in _ALL}

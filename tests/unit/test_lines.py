"""Every line that the grammar lets an element have is known to every table, and changes what the process is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.other_lines import OTHERS

from charter.dsl.build.differences import differences
from charter.dsl.check.asks import Ask
from charter.dsl.check.expressions import expressions
from charter.dsl.check.lines import LINES, LineSpec, spec_of
from charter.dsl.check.scopes import ProcessScope, Shared
from charter.dsl.passes import Compiled, compile
from charter.dsl.text import parser, tree as t
from charter.dsl.text.printer import to_text
from charter.dsl.text.source import read
from charter.dsl.text.words import LANGUAGES, spellings, table
from charter.engine.definition import Definition, digest

ROOT = Path(__file__).parents[2]
KINDS = ("phase", "activity", "approval", "milestone")

# What the grammar lets stand in an element, an alternative a row, as an author would write it.
EXAMPLES = {
    "SOURCE ids": "source R-1",
    "INPUT names": "input sheet",
    "OUTPUT names": "output answer, sheet",
    "FIRST_OF names": "first of one, two",
    "ONE_AT_A_TIME names": "one at a time one, two",
    "DONE_BY names": "role chair",
    "ACCOUNTABLE names": "accountable chair",
    "CONSULTED names": "consulted chair",
    "INFORMED names": "informed chair",
    "ON_OVERDUE actions": "on overdue notify chair, clerk, start other with limit = 2",
    "IF_OVERDUE_NOTIFY names": "if overdue notify chair",
    "REMIND recipients LEAD BEFORE_DUE": "remind chair, clerk 1 day before due",
    "REMIND recipients AHEAD EXPR": "remind chair ahead by 1 day",
    "ENDS_AFTER GROUND reason": 'ends after 30 days because "no answer"',
    "ENDS_WHEN GROUND reason": "ends when paper.sum > 1",
    "ENDS_ON PATH reason": "ends on stop",
    "AT_SPAN TRIGGER actions": "at 3 days notify chair",
    "ONCE TRIGGER actions": "once paper.sum > 1 start other with limit = 2",
    "ON_SIGNAL PATH actions": "on signal call notify chair, clerk",
    "ASSIGN EXPR": 'assign "ann"',
    "ASSIGN LEAST_BUSY": "assign least busy",
    "ASSIGN IN_TURN": "assign in turn",
    "AFTER names": "after begin",
    "AFTER ANY_OF names": "after any of begin, draft",
    "AFTER INT OF names": "after 1 of begin, draft",
    "ALONGSIDE names": "alongside begin",
    "WHEN EXPR": "when paper.sum > 1",
    "ENTER_WHEN EXPR": "enter when paper.sum > 1",
    "EXIT_WHEN EXPR": "exit when paper.sum > 1",
    "OFFERED_WHILE EXPR": "offered while paper.sum > 1",
    "ABOUT PATH": "of sheet",
    "BY stages": "by clerk then chair",
    "VETO PATH": "veto chair",
    "CRITERIA EXPR": "criteria paper.sum > 1",
    "ON_CALENDAR PATH": "on calendar night",
    "ON REJECT RETURN_TO PATH": "on reject return to draft",
    "IF_REJECTED RETURN_TO PATH": "if rejected return to draft",
    "ON REJECT CANCEL": "on reject cancel",
    "IF_REJECTED CANCEL": "if rejected cancel",
    "ON REJECT CANCEL BECAUSE STRING": 'on reject cancel because "no"',
    "IF_REJECTED CANCEL BECAUSE STRING": 'if rejected cancel because "no"',
    "ON RETURN_TO PATH": "on return to draft",
    "IF_RETURNED RETURN_TO PATH": "if returned return to draft",
    "ON INT REJECTS ESCALATE_TO PATH": "on 2 rejects escalate to chair",
    "WITHIN EXPR": "within 2 days",
    "DUE EXPR": "due paper.day",
    "TAKES EXPR": "takes 2 days",
    "COSTS EXPR": "costs 5 CNY",
    "SEPARATE_FROM names": "separate from draft",
    "SAME_AS names": "same as draft",
    "NEVER_SKIPPED": "never skipped",
    "OTHERWISE_PASSES": "otherwise passes",
    "SAME_PERSON": "same person allowed",
    "MISSED_ONCE": "missed once",
    "MISSED_EACH": "missed each",
    "MISSED_NONE": "missed none",
    "FOR_EACH NAME IN ITEMS": "for each part in paper.parts",
    "FOR_EACH NAME IN ITEMS OPEN": "for each part in paper.parts open",
    "FOR_EACH NAME IN ITEMS KEPT": "for each part in paper.parts kept",
    "FOR_EACH OPEN NAME": "for each open part",
    "DONE_WHEN COUNT OF_DONE": "done when 1 of done",
    "CLOSE_WHEN EXPR": "close when paper.sum > 1",
    "OFFERS EXPR": "offers book",
    "REOPEN_WITHIN EXPR": "reopen within 5 days",
    "REPEAT_UNTIL EXPR": "repeat until paper.sum > 1",
    "REPEAT_EVERY PERIOD": "repeat every 1 day",
    "REPEAT_EVERY PERIOD WHILE EXPR": "repeat every 1 day while paper.sum > 1",
    "CALL PATH with": "call robot with n = paper.sum",
    "RUN PATH with": "run other with limit = 2",
    "START PATH with": "start other with limit = 2",
    "DECIDE PATH with": "decide size with n = paper.sum",
    "AMENDS PATH EQUALS EXPR": "amends there.note = {text: paper.name}",
    "FILES INTO PATH filed_as": 'files into book as size = "big"',
    "FILES PATH INTO PATH filed_as": "files answer into book",
    "WAIT_FOR PATH": "wait for post",
    "WAIT_UNTIL EXPR": "wait until paper.day",
    "WAIT EXPR": "wait 2 days",
    "RETRY INT TIMES RETRY_OVER EXPR": "retry 2 times over 1 hour",
    "CHECKLIST NL INDENT checks DEDENT": 'checklist\n      "read" for each part in paper.parts by chair',
}
SAYS_NOTHING = {"CHECKLIST NL"}  # a list without points
NEEDED = {
    "missed": "repeat every 1 day",
    "on overdue": "within 2 days",
    "remind": "within 2 days",
    "done when": "for each part in paper.parts",
    "close when": "for each part in paper.parts open",
    "retry": "call robot",
    "veto": "by clerk",
    "otherwise passes": "when paper.sum > 1",
}
# The names in lines that stand for nothing in the file: ids of rule books, signals.
FREE = {t.Source: "ids", t.Wait: "signal", t.Ends: "signal", t.Happens: "signal"}

# Everything is declared in the process itself: what is shared enters a definition when a line only names it.
PROCESS = """\
process other
  parameter limit number
  output answer
  role clerk
  record note
    amended by p
    text text
  activity act
    role clerk
    output answer, note

process p
  concerns other as there by paper.name
  role clerk
  role chair
  calendar night
    Monday to Friday 22:00-06:00
  parameter cap number = 5
  record paper
    sum number
    name text
    day date
    parts list of text
  record answer
    size text
  register book
    size text
  decision size (n)
    | n | -> size |
    | - | "big" |
  activity begin
    role clerk
  activity draft
    role clerk
    output paper, sheet
  {kind} it
    {lines}
"""
# What each kind of element has to have, so that a line beside it is all that changes.
FILLED = {
    "phase": ["activity one\n      role clerk", "activity two\n      role clerk"],
    "activity": ["role clerk", "output answer"],
    "approval": ["of paper", "by clerk"],
    "milestone": ["when draft.done"],
}
ALONE = {"call": "call robot", "wait": "wait 1 day"}  # nobody has a role in it


def written(kind: str, *lines: str) -> str:
    return PROCESS.format(kind=kind, lines="\n    ".join(lines))


def beside(kind: str, line: str) -> list[str]:
    """What an element of this kind has without a line: all it must have but another of the same."""
    spec = spec_of(node(line))
    needed = [NEEDED[spec.word]] if spec.word in NEEDED else []
    nobody = spec.word in ALONE or spec.word == "retry"
    void = ("role clerk",) if nobody else ()
    void += ("output answer",) if line.startswith("amends") else ()  # what it writes is elsewhere
    must = [other for other in FILLED[kind] if other.split()[0] != spec.word and other not in void]
    return list(dict.fromkeys([*must, *needed]))


def compiled(text: str) -> Compiled:
    return compile("t.charter", text)


def codes(found: Compiled) -> list[str]:
    return [d.code for d in found.diagnostics if d.is_error]


def node(line: str) -> Any:
    tree = parser.parse(read(f"process p\n  activity it\n    {line}\n")).tree
    return tree.items[0].body[0].body[0]  # type: ignore[attr-defined]


def alternatives(rule: str) -> Iterator[str]:
    """What the grammar says that a rule is, an alternative at a time."""
    text = re.sub(r"//.*", "", parser.grammar())
    body = re.search(rf"^\??{rule}:((?:.|\n(?=\s))*)", text, re.MULTILINE)
    assert body is not None, rule
    for alternative in body[1].split("|"):
        yield " ".join(alternative.split("->")[0].split())


SPECS = [(line, spec_of(node(line))) for line in EXAMPLES.values() if not isinstance(node(line), t.Ordering)]
CASES = [pytest.param(line, spec, id=line.split("\n")[0]) for line, spec in SPECS]


def test_every_line_of_the_grammar_has_an_example() -> None:
    rules = [*alternatives("line"), "checklist"]
    assert {a for rule in rules for a in alternatives(rule)} == {*EXAMPLES, *SAYS_NOTHING}
    for symbols, line in EXAMPLES.items():
        words = table("en")["lines"][symbols.split()[0]]
        assert line.startswith(words if isinstance(words, str) else tuple(words)), line


def test_every_row_is_of_a_line_of_the_grammar() -> None:
    known = [id(spec) for _, spec in SPECS]
    assert [spec.word for spec in LINES.values() if id(spec) not in known] == []


@pytest.mark.parametrize("line", EXAMPLES.values(), ids=lambda line: line.split("\n")[0])
def test_every_line_is_written_as_it_is_read(line: str) -> None:
    tree = parser.parse(read(written("activity", line))).tree
    for language in LANGUAGES:
        assert parser.parse(read(to_text(tree, language))).tree == tree


@pytest.mark.parametrize(("line", "spec"), CASES)
def test_every_line_stands_where_its_row_says(line: str, spec: LineSpec) -> None:
    for kind in KINDS:
        found = codes(compiled(written(kind, *beside(kind, line), line)))
        assert ("CH214" in found) == (kind not in spec.kinds), kind
    kind = min(spec.kinds)
    assert ("CH213" in codes(compiled(written(kind, *beside(kind, line), line, line)))) == (not spec.many)
    if spec.word in NEEDED:
        without = [other for other in beside(kind, line) if other != NEEDED[spec.word]]
        assert "CH413" in codes(compiled(written(kind, *without, line)))


def reference(page: str) -> list[list[str]]:
    """The rows of the table of all lines: what may be written, the four kinds of element, once."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in text.splitlines() if row.count("|") == 7][2:]


def test_the_reference_says_where_lines_stand_and_how_often() -> None:
    told: dict[str, tuple[frozenset[str], bool]] = {}
    for first, *stands, once in reference("language.md"):
        for words in re.findall(r"`([^`]+)`", first.partition("(")[0]):
            begins = re.sub(r"( (EXPR|NAME|ID|r,|…))+$", "", words)
            told[begins] = frozenset(kind for kind, yes in zip(KINDS, stands, strict=True) if yes), once == ""
    for line, spec in SPECS:
        said = re.sub(r"\d+", "N", f"{' '.join(line.split())} ")
        said = re.sub("^if (?:(reject|return)ed|(overdue))", r"on \1\2", said)
        found = max((words for words in told if said.startswith(f"{words} ")), key=len, default="")
        assert told.get(found) == (spec.kinds, spec.many), line
    read = map(reference, ("language.md", "language.zh.md"))
    english, chinese = ([[cell.replace("是", "yes")[:3] for cell in row[1:]] for row in page] for page in read)
    assert chinese == english


def test_a_refusal_finds_the_line_that_it_names() -> None:
    """Else it leads to the element; `one` is a line of the block around it."""
    engine = "".join(path.read_text("utf-8") for path in (ROOT / "engine").rglob("*.py"))
    named = set(re.findall(r"\{[\w.]+\}\.([a-z ]+)", engine))
    assert named and named - {"one"} <= {spec.subject or spec.word for spec in LINES.values()}
    assert {spec.subject for spec in LINES.values()} - {""} <= named


# lines that are told by the word of another
TOLD_AS = {
    "done when": "FOR_EACH",
    "close when": "FOR_EACH",
    "zone": "CALENDAR",
    "Tuesday": "CALENDAR",
    "closed": "CALENDAR",
    "holidays": "CALENDAR",
    "open": "CALENDAR",
    "days end at close": "CALENDAR",
    **{"on reject": "IF_REJECTED", "on return": "IF_RETURNED", "if overdue notify": "ON_OVERDUE"},
}


def assert_told(line: str, before: Definition, after: Definition) -> None:
    """Whatever a line changes is told by the word of that line, or by a phrase (in lower case) for several."""
    assert digest(before) != digest(after), line
    told = {each.line or each.what for each in differences(before, after)}
    words = {words for words, _, key, _ in spellings() if key in told}
    words |= {b for b, key in TOLD_AS.items() if key in told}
    assert any(re.match(rf"(on \d )?{re.escape(each)}\b", line) for each in words) or any(map(str.islower, told)), told


@pytest.mark.parametrize(("line", "spec"), CASES)
def test_every_line_changes_what_the_process_is(line: str, spec: LineSpec) -> None:
    for kind in spec.kinds:
        # Where an element must have a line of this word, another of them takes its place.
        must = [other for other in (*FILLED[kind], ALONE.get(spec.word, "")) if other.split()[:1] == [spec.word]]
        found = [compiled(written(kind, *beside(kind, line), *more)) for more in (must, [line])]
        assert [codes(c) for c in found] == [[], []], kind
        assert_told(line, *(d for c in found for d in c.definitions if d.name == "p"))


@pytest.mark.parametrize("line", ["first of one, two", "one at a time one, two"])
def test_every_order_changes_what_the_process_is(line: str) -> None:
    found = [compiled(written("phase", *FILLED["phase"], *more)) for more in ((), (line,))]
    assert_told(line, *(d for c in found for d in c.definitions if d.name == "p"))


@pytest.mark.parametrize(("line", "spec"), CASES)
def test_every_expression_of_a_line_is_asked_for(line: str, spec: LineSpec) -> None:
    held = node(line)
    scope = ProcessScope(t.Process(t.Name("p")), "t.charter", Shared())
    asked: list[Ask] = list(spec.asks(held, spec.word, scope))
    assert [a.expr for a in asked] == list(expressions(held))


def names(part: Any) -> Iterator[t.Name]:
    """The names in a line that stand for something; connectors are the operator's."""
    if isinstance(part, t.Name):
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from names(item)
    elif isinstance(part, t.Node) and getattr(part, "kind", "") != "call":
        for field in (f for f in type(part).__match_args__ if f != FREE.get(type(part))):
            yield from names(getattr(part, field))


@pytest.mark.parametrize(("line", "spec"), CASES)
def test_every_name_in_a_line_is_looked_up(line: str, spec: LineSpec) -> None:
    """A parameter stands in none of these places."""
    kind = min(spec.kinds)
    start = len("process p\n  activity it\n    ")
    for name in names(node(line)):
        at = name.span[0] - start
        wrong = f"{line[:at]}cap{line[at + len(name.text) :]}"
        assert codes(compiled(written(kind, *beside(kind, line), wrong))), name.text


# They take in other files; or make two rules of a rule, and are in `tests/conformance/language/verdicts.charter`.
NOT_OF_THE_PROCESS = {"USE STRING", "ON_EVENT KPI PATH VERDICT", "ON_EVENT KPI PATH IS VERDICT"}


@pytest.mark.parametrize("rule", OTHERS)
def test_every_other_line_changes_what_the_process_is(rule: str) -> None:
    template, must, examples = OTHERS[rule]
    indent = re.search(r"^ *(?={line})", template, re.MULTILINE)
    assert indent is not None
    assert {a for line in alternatives(rule) for a in alternatives(line)} - NOT_OF_THE_PROCESS == examples.keys()
    meanings = set()
    for line in examples.values():
        beside = [] if must.split()[:1] == line.split()[:1] != ["|"] else [must]
        found = [compiled(template.format(line=f"\n{indent[0]}".join(lines))) for lines in ([must], [*beside, line])]
        assert [codes(c) for c in found] == [[], []], line
        assert_told(line, *(c.definitions[0] for c in found))
        meanings.add(digest(found[1].definitions[0]))
    assert len(meanings) == len(examples), "two of them mean the same"

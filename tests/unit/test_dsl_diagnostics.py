"""A diagnostic is one unit: code, sentences in both languages, page, examples. These tests walk the registry."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from msgspec import structs

from charter.dsl.check.findings import LIMIT_TOLD, counted, told
from charter.dsl.codes import CODES
from charter.dsl.messages import pages
from charter.dsl.messages.languages import LANGUAGES, WRITTEN
from charter.dsl.messages.render import refusal_sentence, render, table, to_json
from charter.dsl.passes import Compiled, compile
from charter.dsl.text import parser, source, syntax
from charter.dsl.text.repair import FORMS
from charter.dsl.text.width import display_width
from charter.dsl.text.words import keyword_terminals, table as keywords
from charter.engine import refusals
from charter.engine.refusals import Reason
from charter.runtime.author.foreseen import foresee

GOLDEN = Path(__file__).parents[1] / "golden" / "diagnostics"
FILES = {
    "shared.charter": b"role clerk\n",
    "clauses.tsv": b"id\tsection\ttext\nR-1\t1\teach request is answered\nR-2\t1\tanswers are kept\n",
    "other.csv": b"id,text\nR-1,another rule\nQ-1,a rule\n",
    "headless.tsv": b"R-1\teach request is answered\n",
    "gap.tsv": b"id\ttext\nR-1\t\n",
    "blank.tsv": b"id\ttext\nR 1\teach request is answered\n",
    "twice.tsv": b"id\ttext\nR-1\teach request is answered\nR-1\tanswers are kept\n",
    "two.tsv": b"id\ttext\tquote\nR-1\tanswered\teach request is answered\n",
    "beyond.csv": b"id,text\nR-1,each request is answered, within a week\n",
    "quote.csv": b'id,text\nR-1,"each request is answered\n',
}
WORK = "process p\n  role clerk\n  activity work\n    role clerk\n"


def deep(levels: int) -> str:
    return "process p\n" + "".join(f"{'  ' * n}phase p{n}\n" for n in range(1, levels + 1))


# Bad examples that no page can show as they are: too long, or not text at all.
BYTES: dict[str, bytes] = {
    "CH101": b'process p "\xff"\n  role clerk\n  activity work\n    role clerk\n',
    "CH102": b"#" * (source.LIMITS["bytes"] + 1),
    "CH103": (WORK + f'  goal "{"x" * source.LIMITS["line"]}"\n').encode(),
    "CH105": WORK.replace("role clerk", "role \x01clerk", 1).encode(),
    "CH109": deep(source.LIMITS["depth"] + 1).encode(),
    "CH116": "".join(f"???\nrole r{n}\n" for n in range(parser.LIMIT_ERRORS + 1)).encode(),
    "CH117": (WORK + "  role clerk\n" * (LIMIT_TOLD + 1)).encode(),
    "CH220": (WORK + "    output " + ", ".join(f"r{n}" for n in range(1_001)) + "\n").encode(),
}


def page(code: str) -> pages.Page:
    return pages.read(pages.FOLDER, code)


def compiled(data: bytes | str):  # type: ignore[no-untyped-def]
    return compile("example.charter", data, FILES.__getitem__)


@cache
def checked(data: bytes | str) -> Compiled:
    """What `charter check` tells: what is found in the text, then what comes of its cases."""
    found = compiled(data)
    ahead = foresee("example.charter", data.encode() if isinstance(data, str) else data, found, lambda name, _: name)
    return structs.replace(found, diagnostics=ahead.beside(found.diagnostics))


@pytest.mark.parametrize("code", CODES)
def test_examples(code: str, golden: Callable[[Path, str], None]) -> None:
    """The bad example of a code's page gives exactly that code, its good example nothing at all."""
    bad, good = page(code).examples
    found = checked(BYTES.get(code, bad))
    codes = [d.code for d in found.diagnostics]
    assert codes == [code] or (code in ("CH116", "CH117") and codes[-1] == code)
    fine = checked(good)
    assert not fine.diagnostics
    assert fine.definitions
    if code not in BYTES:
        shown = "\n".join(render(found.diagnostics, found.sources, lang=lang) for lang in WRITTEN)
        golden(GOLDEN / f"{code}.txt", shown)


@pytest.mark.parametrize("code", CODES)
def test_arguments(code: str) -> None:
    """A diagnostic carries the arguments that the registry promises for its sentence."""
    for diagnostic in checked(BYTES.get(code, page(code).examples[0])).diagnostics:
        assert set(CODES[diagnostic.code].arguments) <= set(diagnostic.arguments)


def test_told() -> None:
    """A run tells a bounded number, errors before warnings, counts the rest once, and adds up what runs counted."""
    warned = "process p\n  version 1\n" + "".join(f"  role r{n}\n" for n in range(LIMIT_TOLD + 5))
    wrong = f"{warned}{WORK.replace('process p', 'process q').replace('    role clerk', '    role nobody')}"
    first, second = compile("a.charter", wrong).diagnostics, compile("b.charter", wrong).diagnostics
    assert len(first) == LIMIT_TOLD + 1
    assert sum(d.is_error for d in first) == 1
    both = told([*first, *second])
    assert [d.code for d in both].count("CH117") == 1
    assert both[-1].code == "CH117"
    assert counted(both) == (2, 2 * counted(first)[1])
    assert len(both) == LIMIT_TOLD + 1


def placeholders(text: str) -> set[str]:
    """What a sentence names; keywords (`{ROLE}`) come from the author's file, not from arguments."""
    others = {key.upper() for section in ("policies", "types") for key in keywords("en")[section]}
    return set(re.findall(r"\{(\w+)\}", text)) - keyword_terminals() - others - {"TYPES"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sentences(lang: str) -> None:
    """Every code has a sentence and a help that use its own arguments, one line, lower case, no final period."""
    said = table(lang)
    for code, row in CODES.items():
        message, help_ = said[code]["message"], said[code]["help"]
        assert placeholders(message + help_) <= set(row.arguments), code
        for text in (message, help_):
            assert "\n" not in text and text[-1] not in ".。", code
        assert message[0].islower() or not message[0].isascii() or message[0] in "`{" or message[:3] == "KPI", code
    assert set(said["refusals"]) == set(refusals.CODES)
    for code, text in said["refusals"].items():
        assert placeholders(text) <= set(refusals.CODES[code].arguments), code


def test_languages_have_the_same_keys() -> None:
    one, other = (table(lang) for lang in WRITTEN)
    assert one.keys() == other.keys()
    for name in one.keys() - {"feel"}:  # FEEL speaks English by itself; `test_feel_sentences.py` asks for the rest
        assert one[name].keys() == other[name].keys(), name


def test_chinese_is_chinese() -> None:
    assert [code for code in CODES if not re.search(r"[\u4e00-\u9fff]", table("zh")[code]["message"])] == []


def test_what_could_stand_there_has_its_phrase() -> None:
    """The phrases by which `syntax.py` names what is not a word."""
    keys = {f"{key}" for key in re.findall(r'"@?((?:an?|end)_\w+)"', Path(syntax.__file__).read_text("utf-8"))}
    assert len(keys) > 10 and keys <= set(table("en")["phrases"])


def test_every_form_that_is_told_is_there_and_no_other() -> None:
    assert table("en")["forms"].keys() == FORMS


@pytest.mark.parametrize("code", [code for code in CODES if code not in BYTES])
def test_examples_in_chinese_are_wrong_and_right_in_the_same_way(code: str) -> None:
    bad, good = page(code).shown("zh")
    assert {d.code for d in checked(bad).diagnostics} == {code}
    assert not checked(good).diagnostics


def test_refusals_are_said_with_what_the_engine_knows() -> None:
    reason = Reason("CH502", None, {"element": "apply", "state": "done", "verb": "claim"})
    assert refusal_sentence(reason, "en") == "cannot claim `apply`: it is already done"
    assert refusal_sentence(reason, "zh") == "`apply` 已经完成，不能认领"
    assert "roles" in refusal_sentence(Reason("CH501", None, {"element": "apply", "person": "li"}), "en")


def test_formats() -> None:
    found = compiled("process 请假\n  owner 主管\n  role 员工\n  activity 申请\n    role 员工\n")
    assert render(found.diagnostics, found.sources, "concise") == (
        "example.charter:2:9: error[CH201] unknown role `主管`\n"
    )
    data = to_json(found.diagnostics[0], found.sources["example.charter"], "zh")
    assert (data["code"], data["line"], data["column"], data["message"]) == ("CH201", 2, 9, "没有角色 `主管`")
    assert "\033[" not in render(found.diagnostics, found.sources)
    assert "\033[" in render(found.diagnostics, found.sources, colour=True)


def test_caret_stands_under_wide_text() -> None:
    found = compiled("process p\n  role 经办人\n  activity 填写申请 after 不存在\n    role 经办人\n")
    lines = render(found.diagnostics, found.sources).splitlines()
    at = next(n for n, line in enumerate(lines) if "^" in line)
    before = lines[at - 1].partition("不存在")[0]
    assert display_width(before) == lines[at].index("^")
    assert lines[at].count("^") == 6


def test_keywords_in_a_help_are_those_of_the_file() -> None:
    chinese = compiled("流程 请假\n  角色 员工\n  活动 申请\n    角色 主管\n")
    traditional = compiled("流程 請假\n  角色 員工\n  活動 歸檔\n    輸入 單\n    角色 員工\n")
    assert "`角色 主管`" in render(chinese.diagnostics, chinese.sources, lang="en")
    said = render(traditional.diagnostics, traditional.sources, lang="zh")
    assert "`輸出 單`" in said and "output" not in said


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("    amount number required", "every field is required unless it says `optional`"),
        ("    数量 整数 大于 0", "`where amount > 0`"),
        ('    kind choice "a" or "b"', '`choice "a" | "b"`'),
        ('  risk late "too late"', "the language does not have this word yet"),
        ("  培训 新人", "the language does not have this word yet"),
    ],
)
def test_words_from_elsewhere_get_a_hint_and_no_guess(line: str, hint: str) -> None:
    found = compiled(f"process p\n  role clerk\n  record form\n{line}\n")
    (diagnostic,) = [d for d in found.diagnostics if d.is_error]
    assert "guess" not in diagnostic.arguments
    assert hint in render([diagnostic], found.sources)


def test_text_without_quotes_is_mended_whole() -> None:
    text = "process p\n  goal   every request is answered\n"
    (diagnostic,) = [d for d in compiled(text).diagnostics if d.is_error]
    assert diagnostic.fix is not None
    [edit] = diagnostic.fix.edits
    (start, end), quoted = edit.span, edit.text
    assert not [d for d in compiled(text[:start] + quoted + text[end:]).diagnostics if d.code == diagnostic.code]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('request.kind == "a"', "="),
        ("request.kind = 'a'", '"a"'),
        ('request.kind <> "a"', "!="),
        ("apply.done && apply.on_time", "and"),
        ("apply.done || apply.on_time", "or"),
        ("apply is done", "apply.done"),
        ("apply", "apply.done"),
        ("apply.done 并且 apply.on_time", "and"),
        ("request.amount 大于 3", ">"),
    ],
)
def test_habits_of_other_languages_are_understood(written: str, meant: str) -> None:
    text = "process p\n  role clerk\n  activity apply\n    role clerk\n    output request\n"
    found = compiled(text + f"  activity check\n    role clerk\n    input request\n    when {written}\n")
    (diagnostic,) = found.diagnostics
    assert diagnostic.code in ("CH301", "CH308") and diagnostic.arguments["guess"] == meant


@pytest.mark.parametrize("written", ["每月", "每周", "每季度", "月", "monthly"])
def test_how_often_is_understood(written: str) -> None:
    text = "process p\n  role clerk\n  activity a\n    role clerk\n  kpi k\n    formula count(cases)\n    every "
    (diagnostic,) = compiled(f"{text}{written}\n").diagnostics
    assert diagnostic.code == "CH302" and diagnostic.fix is not None
    assert not compiled(f"{text}{diagnostic.fix.edits[0].text}\n").diagnostics


def test_a_fix_mends_what_it_is_for() -> None:
    """Whatever fix a page's bad example is given, its place holds other text than the fix, and applying it is safe."""
    mended = 0
    for code in CODES:
        bad = page(code).examples[0]
        for diagnostic in compiled(bad).diagnostics if code not in BYTES else ():
            if diagnostic.fix is None:
                continue
            assert all(bad[slice(*edit.span)] != edit.text for edit in diagnostic.fix.edits)
            after = compiled(diagnostic.fix.applied(bad)).diagnostics
            mended += all((d.code, d.span) != (code, diagnostic.span) for d in after)
    assert mended > 15


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("  separate b from a\n  same c from b\n  same c from a\n", "same_and_separate"),
        ("  same d from a\n", "one_and_many"),
        ("  same e from a\n", "outside_and_inside"),
        ("  separate b from a\n  same c from b\n", None),
    ],
)
def test_who_can_do_what(lines: str, why: str | None) -> None:
    text = "process p\n  role x\n  role y external\n" + lines
    text += "".join(f"  activity {n}\n    role x\n" for n in "abc")
    text += "  approval d\n    by 2 of 3 x\n  activity e\n    role y\n"
    found = [d for d in compiled(text).diagnostics if d.code == "CH405"]
    assert [d.arguments["why"] for d in found] == ([why] if why else [])


def test_arguments_have_the_types_that_the_other_process_declares() -> None:
    text = "process p\n  activity serve run desk with limit = 5\n"
    text += "process desk\n  parameter limit duration\n  role x\n  activity a\n    role x\n    within limit\n"
    assert [d.code for d in compiled(text).diagnostics if d.is_error] == ["CH308"]
    assert not [d for d in compiled(text.replace("= 5", "= 5 days")).diagnostics if d.is_error]


@pytest.mark.parametrize(
    ("until", "code"),
    [
        ('now() > date and time("2027-01-01T00:00:00Z")', None),
        ('now () > date and time("2027-01-01T00:00:00Z")', None),
        ('today( ) > date("2027-01-01")', None),
        ('"now() and today()" = "today()"', "CH403"),
    ],
)
def test_only_a_clock_that_is_asked_ends_a_repetition(until: str, code: str | None) -> None:
    found = compiled(f"{WORK}    repeat until {until}\n")
    assert [d.code for d in found.diagnostics] == ([code] if code else [])


WIDE = """process p "P"
  role 采购专员
  record r
    x number
  activity one_with_a_long_name "一个相当长的标题，长到一行放不下" when r.x > 5 and r.y < 3 and something = "x"
    role 采购专员
    output r
  approval b of r
    by 采购专员
"""


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("columns", [40, 60, 80])
def test_nothing_is_wider_than_the_terminal(lang: str, columns: int) -> None:
    found = compiled(WIDE)
    assert len(found.diagnostics) == 2
    said = render(found.diagnostics, found.sources, lang=lang, columns=columns)
    assert max(map(display_width, said.splitlines())) <= columns
    whole = render(found.diagnostics, found.sources, lang=lang)
    assert max(map(display_width, whole.splitlines())) > columns
    lines = said.splitlines()
    marks = [(lines[i - 1], line) for i, line in enumerate(lines) if "^" in line]
    for above, below in marks:  # the marks stand below what they mean, wherever the line was cut
        before = display_width(below[: below.index("^")])
        under = next(i for i in range(len(above)) if display_width(above[:i]) == before)
        assert above[under:].startswith(("y", "something"))

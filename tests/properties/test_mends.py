"""Whatever is written for an expression, what is told of it holds: a mend changes it, and what it mends is gone."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from charter.dsl.diagnostic import Diagnostic
from charter.dsl.messages.render import render
from charter.dsl.passes import Compiled, compile

HEAD = """process p
  role clerk
  record line
    count integer
  record request
    days integer
    amount money
    code text
    urgent boolean
    wanted date
    level choice "low" | "high"
    lines list of line
    tags list of text
  activity ask
    role clerk
    output request
  approval review of request
    by clerk
  activity look
    role clerk
    input request
    after review
    when """

# what people write, in pieces
PIECES = [
    *[
        "request.days",
        "request.code",
        "request.urgent",
        "request.amount",
        "request.wanted",
        "request.lines",
        "request.tags",
        "days",
    ],
    *[
        "review",
        "ask",
        "review.approved",
        "ask.finished",
        "request.lines.count",
        "request.level",
        "request",
        "today",
        "today()",
        "len(",
    ],
    *[
        "Count(",
        ".upper()",
        ".length",
        ".contains(",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ";",
        ":",
        "?",
        ".",
        "=",
        "==",
        "===",
        "!=",
        "<>",
        "<",
        "<=",
        ">",
        ">=",
        "=>",
        "=<",
        "&&",
        "||",
        "&",
        "|",
        "!",
    ],
    *[
        "not",
        "and",
        "or",
        "AND",
        "Or",
        "if",
        "then",
        "else",
        "elif",
        "in",
        "between",
        "is",
        "null",
        "None",
        "nil",
        "true",
        "True",
        "yes",
        '"yes"',
        "'a'",
        '"a"',
        "‘a’",
        "`a`",
    ],
    *[
        "3",
        "30,000",
        "1,5",
        "EUR",
        "€5",
        "$5",
        "5k",
        "2d",
        "48",
        "hrs",
        "days",
        "workdays",
        "2026-03-15",
        '"2026-03-15"',
        "15.03.2026",
        "03/04/2026",
        "95",
    ],
    *[
        "percent",
        "%",
        "+",
        "-",
        "*",
        "/",
        "×",
        "÷",
        "^",
        "**",
        "//",
        "some",
        "every",
        "any",
        "x",
        "satisfies",
        "where",
        "for",
        "return",
        "like",
        '"a%"',
        "contains",
        "empty",
    ],
    *["且", "或", "非", "为空", "大于", "今天", "high", '"high"', "HIGH", "。", "、"],
    *["Request.Days", "requestAmount", "form.days", "500 RMB", "[10..1]", "request.level >", "after", "unless"],
]


def told(text: str) -> tuple[Compiled, list[Diagnostic]]:
    found = compile("p.charter", text, lambda name: b"")
    return found, [d for d in found.diagnostics if d.code.startswith("CH3")]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8), st.sampled_from(["", " "]))
def test_what_is_told_of_any_expression_holds(pieces: list[str], between: str) -> None:
    text = HEAD + between.join(pieces) + "\n"
    found, diagnostics = told(text)
    assert all(render([d], found.sources, lang=lang) for d in diagnostics for lang in ("en", "zh"))
    for diagnostic in diagnostics:
        written = found.sources["p.charter"].text
        assert diagnostic.arguments.get("guess") != written[slice(*diagnostic.span)]
        if diagnostic.fix is None:
            continue
        mended = diagnostic.fix.applied(written)
        assert mended != written
        if diagnostic.code == "CH301":
            assert not any(d == diagnostic for d in told(mended)[1])
        if diagnostic.arguments.get("hint") in ("repaired", "spelled"):  # told only where nothing is wrong after it
            assert not [d for d in told(mended)[1] if d.is_error]

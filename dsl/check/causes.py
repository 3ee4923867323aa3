r"""The table of causes: what authors write that is no expression, or one that gives nothing, and what they mean.

A row a cause: its hint (`[hints]` of the message tables), the codes it may come out as, what finds it. The rows are
tried in this order by `mends.py`. A pattern is looked for at the fault and outside of quotes; `\1` is its first group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from charter.dsl.check import fitting, foreign, habits, meanings, repairs, slips
from charter.dsl.check.meanings import ALL, STOP, C, X
from charter.dsl.check.mends import Cause, Mend, Place, read_as, said

UNREAD = frozenset({"CH301"})
NAMES = frozenset({"CH302"})
FIELDS = frozenset({"CH303"})
TYPES = frozenset({"CH304", "CH305", "CH306"})
COMPARED = frozenset({"CH304", "CH308", "CH309"})
RESULT = frozenset({"CH308", "CH309", "CH310"})
VALUES = TYPES | RESULT
CALLS = frozenset({"CH303", "CH307", "CH302"})


def _row(
    hint: str,
    codes: frozenset[str],
    *mends: Callable[[Place], Iterable[Mend]],
    safe: bool = False,
    doubtful: bool = False,
) -> Cause:
    return Cause(hint, codes, meanings.each(*mends), safe, doubtful)


def _words(*rows: tuple[str, str]) -> tuple[Callable[[Place], Iterable[Mend]], ...]:
    return tuple(said(pattern, meant) for pattern, meant in rows)


CAUSES: tuple[Cause, ...] = (
    # --- in the cells of a decision table, which stand behind what they test
    _row("cell", UNREAD | TYPES, meanings.cell(*slips.CELL)),
    _row("cell", UNREAD | NAMES, fitting.everything_else, doubtful=True),
    _row("bare_text", UNREAD | NAMES, fitting.bare_cell, doubtful=True),
    # --- loops and lists
    _row("quantifier", UNREAD, *_words(*slips.QUANTIFIER)),
    _row("for", UNREAD | TYPES | NAMES, *_words(*slips.LOOPS)),
    _row("filter", UNREAD, *_words(*slips.FILTER)),
    _row("money", UNREAD | NAMES | VALUES, read_as(habits.AMOUNT, meanings.amount), safe=True),
    _row(
        "grouped",
        UNREAD,
        read_as(rf"(?<![\w.]){habits.GROUPED}(?![\w.])", lambda text: [habits.number(text)]),
        safe=True,
    ),
    _row("decimal_comma", UNREAD, said(r"(?<![\w.,])(?<!\bin )(\d+),(\d+)(?![\w,])(?! ?[A-Z€])", r"\1.\2")),
    _row("alternatives", UNREAD | TYPES, fitting.alternatives),
    # --- signs and words that join and compare
    _row(
        "signs",
        UNREAD | VALUES,
        *_words(
            (r"!==|<>|=!=|=/=|!\s+=|(?<![=!<>])=!(?==|\s)|~=|≠|/=", "!="),
            (r"≥|(?<![(,]\w )(?<![(,] \w )(?<![(,]\w)(?<!\))(?<!\) )=>|>\s+=|>==|≧|⩾|!<", ">="),
            (r"≤|=<|<\s+=|<==|≦|⩽|!>", "<="),
            (r"(?<![<>!=])(?:={2,3}(?!=)|=\s+=)|＝＝", "="),
        ),
        safe=True,
    ),
    _row(
        "joining",
        UNREAD,
        *_words(
            (r"\s*&&\s*", " and "),
            (r"\s*\|\|\s*", " or "),
            (r"\s*(?:(?<!&)&(?!&)|∧)\s*", " and "),
            (r"\s*(?:(?<!\|)\|(?!\|)|∨)\s*", " or "),
        ),
        safe=True,
    ),
    _row("concatenation", UNREAD, *_words((r"&|\|\|", "+")), meanings.concatenated, doubtful=True),
    _row("capitals", UNREAD, meanings.case, safe=True),
    _row(
        "joining",
        UNREAD,
        *_words(
            (r"\s*(?:并且|而且|以及|且|和|與|与)\s*", " and "),
            (r"\s*(?:或者|或是|或)\s*", " or "),
            (r"\b(?:as well as|and also|and then|and and|but)\b", "and"),
            (r"\b(?:or else|or or|and/or)\b", "or"),
        ),
        safe=True,
    ),
    _row(
        "signs", UNREAD, *_words((r"\bbefore\b", "<"), (r"\bafter\b", ">"), (r">>", ">"), (r"<<", "<")), doubtful=True
    ),
    _row("signs", UNREAD, said(r"\b(?:is|are|must +be|should +be|has +to +be|be)\s+(?=[<>=!])", "")),
    _row("signs", UNREAD, *(said(rf"\b(?:{words})\b", sign) for sign, words in habits.SIGNS), safe=True),
    _row(
        "signs", UNREAD, *(said(rf"\s*(?:{words})\s*", f" {sign} ") for sign, words in habits.CHINESE_SIGNS), safe=True
    ),
    _row("assignment", UNREAD, said(r":=", "="), said(r"[+\-*/]="), said(r"\+\+|--")),
    _row("arithmetic", UNREAD, *_words((r"[×✕✖∗]", "*"), (r"[÷∕]", "/"), (r"[−–—]", "-"), (r"\^", "**")), safe=True),
    _row(
        "arithmetic",
        UNREAD,
        *_words(
            (r"\bplus\b|加上?", "+"),
            (r"\bminus\b|减去?|減去?", "-"),
            (r"\btimes\b|\bmultiplied +by\b|乘以?", "*"),
            (r"\bdivided +by\b|\bdiv\b|除以", "/"),
        ),
    ),
    _row("modulo", UNREAD, said(rf"({X})\s*(?:%|\b(?:mod|MOD)\b)\s*({X})", r"modulo(\1, \2)")),
    _row(
        "percent",
        UNREAD | NAMES,
        *_words(
            (r"(\d+(?:\.\d+)?)\s*(?:percent|per +cent|pct|％|%%)", r"\1%"),
            (r"%\s*(\d+(?:\.\d+)?)", r"\1%"),
            (r"百分之\s*(\d+(?:\.\d+)?)", r"\1%"),
        ),
        safe=True,
    ),
    _row("percent", UNREAD | NAMES, read_as("百分之[零〇一二三四五六七八九十百]+", meanings.spelled_percent)),
    # --- negation, null, ranges
    _row("is_fact", UNREAD, meanings.is_fact),
    _row("null", UNREAD, *_words(*slips.NULL)),
    _row(
        "negation",
        UNREAD,
        said(
            rf"({X})\s+(?:not|NOT|isn't|is +not)\s+(in\s*(?:\([^()]*\)|\[[^\[\]]*\]|{X})|between\s+{X}\s+and\s+{X})",
            r"not(\1 \2)",
        ),
        said(rf"({X})\s*(?:is\s+not|isn't|=\s*not|!=\s*not)\s+({X})", r"\1 != \2"),
        said(r"(?:!|\bNot\b|\bNOT\b|¬|非|不)\s*(?=\()", "not"),
        said(rf"\bnot\s+({C}){STOP}", r"not(\1)"),
        said(rf"(?:\bNOT\s+|\bNot\s+|¬\s*|非\s*|不\s*)({C}){STOP}", r"not(\1)"),
        said(rf"(?<![\w)])!\s*({X})", r"not(\1)"),
        said(rf"^\s*unless\s+({C}){ALL}", r"not(\1)"),
        safe=True,
    ),
    _row("range", UNREAD | VALUES, *_words(*slips.RANGE)),
    _row("listed", UNREAD, *_words(*slips.LISTED)),
    _row("joining", UNREAD, *_words((r"\s*,(?=\s*(?:and|or)\b)", ""), (r"\s*,\s*", " and ")), doubtful=True),
    # --- numbers, money, lengths of time, dates
    _row(
        "length",
        UNREAD | VALUES | NAMES,
        read_as(rf"{habits.LENGTH}(?:(?:\s*(?:,|and|\+|&)?\s*){habits.LENGTH})*", meanings.lengths),
        safe=True,
    ),
    _row("length", UNREAD | NAMES, read_as(habits.JOINED, meanings.lengths_in_one), safe=True),
    _row(
        "length",
        UNREAD,
        *(
            said(rf"(?i:\binterval)\s*'?(\d+(?:\.\d+)?)\s*'?\s*(?i:{unit}s?)'?(?!\w)", rf"\1 {unit}s")
            for unit in ("day", "hour", "week", "month", "minute", "year")
        ),
        said(
            rf"({X})\s*(?:之后|以后|后|之後|以後|後)\s*(?:的|第)?\s*(\d+)\s*(个工作日|個工作天|天|小时|個月|个月|周|年)(?:内)?",
            r"\1 + \2\3",
        ),
        said(
            rf"({X})\s*(?:之前|以前|前)\s*(?:的)?\s*(\d+)\s*(个工作日|個工作天|天|小时|個月|个月|周|年)", r"\1 - \2\3"
        ),
        said(
            rf"({X})\s*的?\s*(\d+)\s*(个工作日|個工作天|天|小时|個月|个月|周|年)(?:之后|以后|后|之後|以後|後|内|內)",
            r"\1 + \2\3",
        ),
        said(rf"({X})\s*的?\s*(\d+)\s*(个工作日|個工作天|天|小时|個月|个月|周|年)(?:之前|以前|前)", r"\1 - \2\3"),
        said(rf"(\d+ (?:working )?(?:day|hour|week|month|year)s?)\s+(?:after|from|past|following)\s+({X})", r"\2 + \1"),
        said(
            rf"(\d+ (?:working )?(?:day|hour|week|month|year)s?)\s+(?:before|prior +to|ahead +of)\s+({X})", r"\2 - \1"
        ),
        doubtful=True,
    ),
    _row("stray", UNREAD, said(r"(?<=[\w\d])\s+(?:of|after|from|since|following)\s+[\w.]+\s*$", ""), doubtful=True),
    _row("length", UNREAD | NAMES, read_as(habits.SPOKEN, meanings.spoken_length)),
    _row("money", UNREAD | NAMES, said(rf"(?<![\w.])({habits.MYRIADS})元({habits.CURRENCY})", r"\1\2")),
    _row("money", UNREAD | NAMES, read_as(habits.SPELLED, meanings.spelled_amount)),
    _row(
        "money", UNREAD | NAMES, said(r"(?<![\w.])(\d+(?:\.\d+)?(?:[百千十]?万|亿|千))(?!\w)", r"\1元"), doubtful=True
    ),
    _row(
        "length",
        UNREAD,
        said(r"(\d+) ?h(?:ours?|rs?)? ?(\d+) ?m(?:in)?s?(?!\w)", r"\1 hours + \2 minutes"),
        read_as(r"(?<![\w.])\d+(?:\.\d+)? +[A-Za-z]+(?: [A-Za-z]+)?(?!\w)", meanings.misspelt_length),
        *(
            said(rf"({X})\s+({unit})s?\b(?! *\()", r"\1 * 1 \2")
            for unit in ("working day", "working hour", "day", "hour", "week", "month", "minute")
        ),
        doubtful=True,
    ),
    _row("length", UNREAD, said(r"(\d+):(\d\d) ?(?:h|hours|hrs)\b", r"\1 hours + \2 minutes")),
    _row("money", CALLS, read_as(r"(?<!\w)[A-Za-z]{3}\(\d[\d,.]*\)", meanings.called_amount)),
    _row("minutes", UNREAD, said(r"(\d+) ?[mM](?!\w)")),
    _row(
        "date",
        UNREAD | VALUES | NAMES,
        read_as(rf"(?:\b(?:date|DATE|timestamp)\s*)?(['#\"]?){habits.DAY}\1", meanings.day),
        safe=True,
    ),
    _row("date", UNREAD, said(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+(Z|[+-]\d\d:\d\d)?", r"\1\2"), safe=True),
    _row("date", TYPES, fitting.whole_date),
    _row("day_or_month", UNREAD | VALUES, meanings.either_day),
    _row("no_such_day", TYPES, said(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)")),
    _row(
        "grouped",
        UNREAD,
        read_as(r"(?<![\w.])\d+(?:\.\d+)? ?(?i:k|mio|million|thousand)(?!\w)", lambda t: [habits.counted(t)]),
    ),
    _row(
        "duration_text",
        NAMES | VALUES,
        read_as(r"(?<!\w)(?:\bduration\()?@?\"?P(?=[\dT])[\dYMWDTHS]+\"?\)?", meanings.iso_length),
        said(r"(?<![\w\"])(P(?=[\dT])[\dYMWDTHS.]+)(?!\w)", r'@"\1"'),
    ),
    # --- if
    _row("if", UNREAD, *_words(*slips.CHOICES), safe=True),
    _row("if", UNREAD, said(r"\b(?:case|switch|CASE|SWITCH)\b"), said(r"\bif\b(?!.*\bthen\b).*$")),
    _row(
        "else",
        UNREAD,
        *_words(
            (rf"(\bif\s+{C}\s+then\s+{C})(?:\s+(?:end|fi))?\s*{ALL}", r"\1 else null"),
            (rf"(\bif\s+{C}\s+then\s+{C}\s+else)\s*$", r"\1 null"),
        ),
    ),
    # --- texts
    _row(
        "double_quotes",
        UNREAD,
        *_words(
            (r"'([^'\"]*)'", r'"\1"'),
            (r"[‘’‚‛]([^‘’\"]*)[‘’‛]", r'"\1"'),
            (r"[«»„“‹]([^«»“”\"]*)[»«“”›]", r'"\1"'),
            (r"`([^`\"]*)`", r'"\1"'),
            (r"《([^》\"]*)》", r'"\1"'),
        ),
        safe=True,
    ),
    _row("like", UNREAD, meanings.like),
    _row("text_function", UNREAD, *_words(*slips.TEXT_FUNCTION)),
    # --- names, facts and fields
    _row("negation", UNREAD, said(rf"({X})\s+not\s+({X})", r"\1 != \2"), doubtful=True),
    _row("is_fact", NAMES | CALLS, meanings.is_fact, doubtful=True),
    _row(
        "is",
        UNREAD,
        *_words(
            (rf"({X}) (?:is|was|has been|are|已|是) ?([^\W\d]\w*)", r"\1.\2"),
            (rf"({X})\s+(?:is|are|be|eq)\s+({X})", r"\1 = \2"),
            (rf"({X})\s+(?:is|are)\s+(\w+)", r'\1 = "\2"'),
        ),
        doubtful=True,
    ),
    _row("path", UNREAD | TYPES, meanings.joined, doubtful=True),
    _row("path", UNREAD, said(rf"({X})\s*的\s*([^\W\d]\w*)", r"\1.\2")),
    _row(
        "this",
        UNREAD | NAMES,
        *_words(
            (r"\b(?:this|self|me|my|it)\.([^\W\d]\w*)", r"\1"),
            (r"(?<!\w)[$@#]([^\W\d][\w.]*)", r"\1"),
            (r"[$#]?(?:\{\{|(?<=[$#])\{)\s*([^{}]*?)\s*\}+", r"\1"),
            (r"\bthe +([^\W\d][\w.]*)", r"\1"),
        ),
    ),
    _row("subject", UNREAD | NAMES | RESULT, meanings.subject),
    _row(
        "stray",
        UNREAD,
        said(
            r"(?:\b(?:max(?:imum)?|min(?:imum)?|about|around|approx(?:imately)?|circa)\b\.?|^\s*[~<≤]=?)\s*(?=\d)", ""
        ),
        said(r"\b(?:within|up +to|at +most|in|after|every)\s*(?=\d)", ""),
        doubtful=True,
    ),
    _row("stray", UNREAD, repairs.leading, doubtful=True),
    _row("function_named", UNREAD, meanings.functions_named, doubtful=True),
    _row(
        "parentheses",
        UNREAD,
        *_words(
            (r"[【〔［]([^【】〔〕［］]*)[】〕］]", r"[\1]"),
            (r"、", ", "),
            (r"\{([^{}:]*)\}", r"(\1)"),
        ),
    ),
    _row(
        "parentheses",
        TYPES | RESULT,
        *_words(
            (r"\[([^\[\]]*)\]", r"(\1)"),
        ),
    ),
    _row("bracket", UNREAD, repairs.bracket),
    _row("stray", UNREAD, said(r"\s*[;.,:。；，：、！]+\s*$", ""), safe=True),
    _row(
        "stray",
        UNREAD,
        said(r";", ","),
        said(r"\b(?:end|then|do)\s*$", ""),
    ),
    _row(
        "plain_number",
        UNREAD,
        said(r"(\d[\d.]*)\s+(?!(?:and|or|then|else|in|between|instance)\b)[^\W\d]+(?!\w)", r"\1"),
        doubtful=True,
    ),
    _row("missing", UNREAD, repairs.ends),
    _row("missing_before", UNREAD, repairs.begins),
    _row("slashes", UNREAD | RESULT, said(r"//.*$")),
    # --- names that are not known
    _row("boolean", NAMES, meanings.constants(habits.BOOLEANS), safe=True),
    _row("null", NAMES, meanings.constants(habits.NULLS), safe=True),
    _row("present", NAMES, meanings.constants(habits.NOW), safe=True),
    _row(
        "often",
        NAMES | UNREAD,
        meanings.constants(habits.OFTEN),
        *_words((r"\b(?:each|every|per|once +(?:a|per|every|each))\s+(\w+)$", r"\1"), (r"\bevery\s+(\d.*)$", r"\1")),
        safe=True,
    ),
    _row("glued", NAMES | FIELDS, meanings.glued, doubtful=True),
    _row("names", NAMES, meanings.constants(habits.NAMES), safe=True),
    _row("choice", NAMES, meanings.choice),
    _row("number_word", NAMES, meanings.constants(habits.NUMBERS), safe=True),
    _row("table", NAMES, meanings.table),
    _row("owned", NAMES, meanings.owned),
    _row("kind", NAMES, meanings.other_kind),
    _row("bare_text", NAMES, meanings.bare_text, doubtful=True),
    # --- fields, facts and functions that are not there
    _row("fact", FIELDS, meanings.fact),
    _row("property", FIELDS, meanings.constants(foreign.PROPERTIES), doubtful=True),
    _row("of_items", FIELDS, fitting.of_items),
    _row("elsewhere", FIELDS, fitting.elsewhere),
    _row("function", CALLS | UNREAD, meanings.functions, safe=True),
    _row("method", FIELDS, meanings.methods, meanings.paths),
    _row("spelled", NAMES | FIELDS, repairs.same_letters, doubtful=True),
    _row("nearest", CALLS, meanings.nearest),
    # --- values that do not go together
    _row("boolean", VALUES, fitting.boolean, safe=True),
    _row("unquote", VALUES, fitting.unquoted, safe=True),
    _row("unquote_name", VALUES, fitting.unquoted_name),
    _row("unquote_name", UNREAD, said(r"['‘“]([^\W\d]\w*(?:\.\w+)+)['’”]", r"\1"), doubtful=True),
    _row("quote_number", VALUES, fitting.quoted),
    _row("element", COMPARED, fitting.said_of_element, fitting.fact_of),
    _row("record", COMPARED, fitting.field_of),
    _row(
        "compared_inside",
        TYPES,
        said(rf"(?<![\w.])(\w+)\(cases\.([\w.]+)\s*([<>]=?|!?=)\s*({X})\)", r"\1(cases[\2 \3 \4])"),
        said(rf"(?<![\w.])(\w+)\(({X})\s*([<>]=?|!?=)\s*({X})\)", r"\1(\2) \3 \4"),
    ),
    _row(
        "for",
        TYPES,
        said(r"([^\W\d][\w.]*)\.(\w+)\s*([-+*/])\s*\1\.(\w+)", r"for x in \1 return x.\2 \3 x.\4"),
        doubtful=True,
    ),
    _row("items_field", TYPES, fitting.items_field),
    _row("moment", TYPES, fitting.moment_of, doubtful=True),
    _row("swap", TYPES, fitting.swapped),
    _row("date_of", TYPES, fitting.wrapped("date", "=", "!=")),
    _row(
        "day_names",
        TYPES,
        said(r"([\w.]+?)\.weekday\b", r"day of week(\1)"),
        said(r"([\w.]+?)\.month\b", r"month of year(\1)"),
        doubtful=True,
    ),
    _row("in_list", TYPES, fitting.of_list),
    _row("string_of", TYPES, fitting.wrapped("string", "+", "=", "!=")),
    _row("number_of", TYPES, fitting.wrapped("number", "<", "<=", ">", ">=", "-", "*", "/")),
    _row("days_between", TYPES, fitting.days_between),
    _row("each_of_list", TYPES, fitting.each_of_list),
    _row("plain_number", VALUES, fitting.plain_number, doubtful=True),
    _row("amount_of", TYPES, fitting.amount_of),
    _row("currency", VALUES, fitting.currency),
    _row("unit", VALUES, fitting.bare_number("days")),
    _row("exact_unit", TYPES, fitting.exact_hours),
    _row("times_unit", RESULT, fitting.times_unit),
    _row("condition", RESULT | TYPES, fitting.condition),
    _row("exact_unit", VALUES, fitting.bare_number("hours")),
    _row("calls", TYPES, fitting.signature),
    # --- where no cause is known
    _row("repaired", UNREAD | VALUES | CALLS | NAMES, repairs.smallest, doubtful=True),
    _row("fields", FIELDS, fitting.fields_of),
    _row("side_by_side", UNREAD, repairs.side_by_side),
)

"""What an author may have meant, where that takes more than a pattern: each function proposes mends of a place.

Nothing here decides which is right: `causes.py` says which hint goes with them, `mends.py` tries them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from charter.dsl.check import foreign, habits
from charter.dsl.check.expressions import read
from charter.dsl.check.mends import Mend, Place, said, touches
from charter.engine.feel import tree as ft
from charter.engine.feel.builtins import load
from charter.engine.feel.words import KEYWORDS

_NO_NAME = "is|not|and|or|if|then|else|in|between|when|some|every|for|return|where|the|no|case|unless|satisfies"
NAME = rf"(?!(?:{_NO_NAME})\b)[^\W\d]\w*"
# An operand: a name with its fields and arguments, a text, a number with its unit.
X = (
    r'(?:(?<![\w.])(?!(?:is|not|and|or|if|then|else|in|between|when|some|every|for|return|where|the|no)\b)[^\W\d]\w*(?:\.\w+)*(?:\([^()]*\))?(?:\[[^\[\]]*\])?(?:\.\w+)*|"[^"]*"'
    r"|\d[\d.-]*(?: ?%| (?:[A-Z]{3}|[a-z]+(?: days| hours)?)\b(?<!\bor)(?<!\band))?|\((?:[^()]|\([^()]*\))*\))"
)
# What reaches as far as a condition does, and where it ends.
C = r"(?=\S)(?:[^()\[\]{},?;]|\((?:[^()]|\([^()]*\))*\)|\[[^\[\]]*\])+?"
STOP = r"(?=\s*(?:$|[)\],};]|\b(?:and|or|then|else|return|satisfies|AND|OR)\b|且|或))"
ALL = r"(?=\s*(?:$|[)\],}]))"


def case(place: Place) -> Iterator[Mend]:
    """A keyword in capitals."""
    for match in re.finditer(r"\w+", place.text):
        word = match[0].lower()
        if word in KEYWORDS and word != match[0] and touches(place, *match.span()) and not place.inside(match.start()):
            yield Mend(*match.span(), word)


def lengths(text: str) -> Iterable[tuple[str, bool]]:
    found = habits.lengths(text)
    return [] if found is None else [(found, True)]


def lengths_in_one(text: str) -> Iterable[tuple[str, bool]]:
    return [(habits.joined(text), True)]


def spoken_length(text: str) -> Iterable[tuple[str, bool]]:
    found = habits.spoken(text)
    return [] if found is None else [(found, False)]


def spelled_amount(text: str) -> Iterable[tuple[str, bool]]:
    found = habits.spelled_amount(text)
    return [] if found is None else [(found, False)]


def spelled_percent(text: str) -> Iterable[tuple[str, bool]]:
    found = habits.spelled_amount(f"{text.removeprefix('百分之')}元")
    return [] if found is None else [(f"{found.removesuffix('元')}%", True)]


def misspelt_length(text: str) -> Iterable[tuple[str, bool]]:
    found = habits.misspelt_length(text)
    return [] if found is None else [(found, False)]


def iso_length(text: str) -> Iterable[tuple[str, bool]]:
    found = habits.iso_length(re.sub(r"^duration\(|[@\")]", "", text))
    return [] if found is None else [(found, True)]


def amount(text: str) -> Iterable[tuple[str, bool]]:
    found = habits.amount(text)
    return [] if found is None else [found]


def called_amount(text: str) -> Iterable[tuple[str, bool]]:
    return amount(text.upper().replace("(", " ").rstrip(")"))


def day(text: str) -> Iterable[tuple[str, bool]]:
    found = habits.days(re.sub(r"^(?:date|DATE|timestamp)\s*", "", text).strip("\"'#").strip())
    return [(day, True) for day in found] if len(found) == 1 else []


def either_day(place: Place) -> Iterator[Mend]:
    for match in re.finditer(habits.DAY, place.text):
        if touches(place, *match.span()) and len(habits.days(match[0])) == 2:
            yield Mend(*match.span(), None, {"expected": habits.days(match[0])})


def _arguments(text: str, at: int) -> tuple[list[str], int] | None:
    """The arguments of a call whose bracket opens at a place, and where it ends."""
    depth, start, found = 0, at + 1, []
    for match in re.compile(r'"(?:[^"\\]|\\.)*"|[()\[\]{},;]').finditer(text, at):
        mark = match[0]
        if mark in "([{":
            depth += 1
        elif mark in ")]}":
            depth -= 1
            if depth == 0:
                found.append(text[start : match.start()].strip())
                return [one for one in found if one], match.end()
        elif mark in ",;" and depth == 1:
            found.append(text[start : match.start()].strip())
            start = match.end()
    return None


def _filled(template: str, given: list[str]) -> str | None:
    """A sentence of FEEL with arguments in it; None where there are too few, or too many."""
    wanted = {int(n) for n in re.findall(r"\{(\d)\}", template)}
    if (
        (wanted and len(given) != max(wanted) + 1)
        or ("{*}" in template and not given)
        or (not wanted and "{*}" not in template and given)
    ):
        return None
    compound = not template.startswith("if ") and re.search(r"\{0\} [^(]|\{0\}[.\[]", template) is not None
    for number, one in enumerate(given):
        loose = (
            compound and re.search(r"[\s+\-*/=<>]", one) and not re.fullmatch(r'"[^"]*"|\w+\(.*\)|[\d.]+ [\w ]+', one)
        )
        template = template.replace(f"{{{number}}}", f"({one})" if loose else one)
    return template.replace("{*}", ", ".join(given))


_SIGN = r"(\*\*|[<>!]=|[-+*/=<>]|\b(?:and|or)\b)"


def _grouped(text: str, before: str, after: str) -> str:
    """Gives what stands for a call with parentheses where what stands beside it would take a part of it."""
    tree = read(text).tree
    left = re.search(rf"{_SIGN}\s*$", before)
    right = re.match(rf"\s*(?:{_SIGN}|(?:in|between|instance)\b)", after)
    if isinstance(tree, ft.Binary):
        own = ft.OPERATORS[tree.op]
        takes = left is not None and ft.OPERATORS[left[1]] >= own
        takes = takes or (right is not None and ft.OPERATORS.get(right[1] or "=", 0) > own)
        takes = takes or (right is not None and own == ft.OPERATORS["="] and right[1] not in ("and", "or"))
        return f"({text})" if takes else text
    compound = isinstance(tree, ft.If | ft.For | ft.Quantified)
    return f"({text})" if compound and right is not None else text


def _meant(name: str, but: str = "") -> Iterator[tuple[str, bool]]:
    """What a function that there is not may be in FEEL, and whether its name is but spelled otherwise."""
    bare = foreign.letters(name)
    for known in load():
        if foreign.letters(known) == bare and known != but:
            yield f"{known}({{*}})", True
            yield f"{known}()", True
    for one in foreign.FUNCTIONS.get(bare, ()) or foreign.FUNCTIONS.get(bare.removeprefix("get"), ()):
        yield one, False


def functions(place: Place) -> Iterator[Mend]:
    """A function of another tool, by the nearest of FEEL."""
    pattern = r"(?<![\w.])(?:new )?(?:(?:Math|math|_|np|String|Array|Object|Number|StringUtils)\.)?"
    for match in re.finditer(rf"{pattern}([^\W\d]\w*(?:\.(?:now|today))?(?: \w+)*)\s*\(", place.text):
        if touches(place, match.start(), match.end(1)) and not place.inside(match.start()):
            call = _arguments(place.text, match.end() - 1)
            but = match[1] if match.start() == match.start(1) else ""
            for template, same in _meant(match[1], but) if call else ():
                text = _filled(template, call[0])  # type: ignore[index]
                if text is not None and call is not None:
                    text = _grouped(text, place.text[: match.start()], place.text[call[1] :])
                    if "(" in text and text[text.index("(") :] == place.text[match.end() - 1 : call[1]]:
                        at = match.start() if not but else match.start(1)
                        yield Mend(at, match.end(1), text[: text.index("(")], sure=same)
                    else:
                        yield Mend(match.start(), call[1], text, sure=same)


def _from_one(template: str, given: list[str]) -> list[str]:
    """Positions in a text count from 1, elsewhere from 0."""
    return ["1", *given[1:]] if template.startswith("substring") and given[:1] == ["0"] else given


def nearest(place: Place) -> Iterator[Mend]:
    """A function of another tool that FEEL says in its own way."""
    called = place.text[place.fault.end :].lstrip().startswith("(")
    for template, _ in _meant(place.written, place.written) if called else ():
        shown = template.format(*"xyz", **{"*": "x"}) if "{*}" not in template else template.replace("{*}", "…")
        yield Mend(place.fault.start, place.fault.end, None, {"nearest": shown})


def methods(place: Place) -> Iterator[Mend]:
    """A method, or a property, that FEEL writes as a function."""
    for match in re.finditer(rf"({X}|\))\.([^\W\d]\w*)(\s*\()?", place.text):
        if not (match.start(2) <= place.fault.start < match.end(2)):
            continue
        if place.near is not None and not match[3]:
            continue  # a field, misspelt
        given, end = _arguments(place.text, match.end() - 1) or ([], match.end()) if match[3] else ([], match.end(2))
        for template, _ in _meant(match[2]):
            text = _filled(template, [match[1], *_from_one(template, given)])
            if text is not None:
                yield Mend(match.start(), end, _grouped(text, place.text[: match.start()], place.text[end:]))


def paths(place: Place) -> Iterator[Mend]:
    """`x.method(…)` where the name in front reaches further than the pattern of an operand."""
    tree = place.tree
    for node in ft.walk(tree) if tree is not None else ():
        path = node.function if isinstance(node, ft.Call) else node
        if place.near is not None and not isinstance(node, ft.Call):
            continue
        if isinstance(path, ft.Path) and path.end - len(path.name) == place.fault.start:
            given = [place.text[a.start : a.end] for a in node.arguments] if isinstance(node, ft.Call) else []
            of = place.text[path.of.start : path.of.end]
            for template, _ in _meant(path.name):
                text = _filled(template, [of, *_from_one(template, given)])
                if text is not None:
                    text = _grouped(text, place.text[: node.start], place.text[node.end :])
                    yield Mend(node.start, node.end, text)


def constants(words: dict[str, str]) -> Callable[[Place], Iterator[Mend]]:
    def mends(place: Place) -> Iterator[Mend]:
        meant = words.get(place.written) or words.get(place.written.lower())
        if meant is not None:
            for one in meant.split("|"):
                yield Mend(place.fault.start, place.fault.end, one)

    return mends


_CHINESE_UNITS = "个工作日|個工作天|天|小时|小時|个月|個月|周|週|年"
_NOT_YET = "(?:尚未|还未|還未|没有|沒有|未)"


def glued(place: Place) -> Iterator[Mend]:
    """Words that are written together, as Chinese is: 天数大于3, 编号为空, 审核通过, 申请的天数, 非加急."""
    start, end, written = place.fault.start, place.fault.end, place.written
    for sign, words in (*habits.CHINESE_SIGNS, ("!= null", "不为空|非空"), ("= null", "为空")):
        if (match := re.fullmatch(rf"(.+?)(?:{words})(.*)", written)) is not None:
            yield Mend(start, end, f"{match[1]} {sign} {match[2]}".rstrip())
    if (match := re.fullmatch(rf"(\w+?){_NOT_YET}(\w+)", written)) is not None:
        for fact in facts_called(place, match[1], match[2]):
            yield Mend(start, end, f"not({match[1]}.{fact})")
    if (match := re.fullmatch(rf"(.+?)(?:之|以)?(前|后|後)的?(\d+)({_CHINESE_UNITS})", written)) is not None:
        yield Mend(start, end, f"{match[1]} {'-' if match[2] == '前' else '+'} {match[3]}{match[4]}")
    if "的" in written:
        yield Mend(start, end, written.replace("的", "."))
    for at in range(1, len(written)):
        for fact in facts_called(place, written[:at], written[at:]):
            yield Mend(start, end, f"{written[:at]}.{fact}")
    if (match := re.compile(r"[非不](\w+(?:\.\w+)*)").match(place.text, start)) is not None:
        yield Mend(start, match.end(), f"not({match[1]})")


def concatenated(place: Place) -> Iterator[Mend]:
    """Texts that are joined as databases and spreadsheets do, all of them in one expression."""
    text = re.sub(r"'([^'\"]*)'", r'"\1"', place.text)
    if re.search(r"\|\||&", text):
        yield Mend(0, len(place.text), re.sub(r"\s*(?:\|\||&)\s*", " + ", text))


def choice(place: Place) -> Iterator[Mend]:
    """A value of a choice without its quotes."""
    for value in sorted(place.known.values()):
        if value.casefold() == place.written.casefold():
            yield Mend(place.fault.start, place.fault.end, f'"{value}"')


def bare_text(place: Place) -> Iterator[Mend]:
    """A text without its quotes, unless it looks like a name there is."""
    before, after = place.text[: place.fault.start].rstrip(), place.text[place.fault.end :]
    compared = re.search(r"(?:=|\bin \(.*|[,\[])$", before) and re.match(rf"{STOP}|\s*[,\]]", after)
    free = place.near is None and place.known.kind(place.written) is None
    if free and compared and place.written.isidentifier():
        yield Mend(place.fault.start, place.fault.end, f'"{place.written}"')


def fact(place: Place) -> Iterator[Mend]:
    """A fact of an element or the case by another name, or of the approval of a record."""
    of = re.search(r"([^\W\d]\w*)(?:\[[^\[\]]*\])?\.$", place.text[: place.fault.start])
    if of is None:
        return
    if (match := re.fullmatch(rf"{_NOT_YET}(\w+)", place.written)) is not None:
        for one in facts_called(place, of[1], match[1]):
            yield Mend(of.start(), place.fault.end, f"not({of[0]}{one})")
    approvals = [part.name for part in place.known.scope.approvals.get(of[1], ())]
    asked = re.compile(r'\s*(!?=)\s*"([^"]*)"').match(place.text, place.fault.end)
    end, equal = (asked.end(), asked[1] == "=") if asked is not None else (0, False)
    for name in (of[1], *approvals):
        there = of[0][:-1] if name == of[1] else name
        for one in facts_called(place, name, asked[2]) if asked is not None else ():
            found = f"{there}.{one}"
            yield Mend(of.start(), end, found if equal else f"not({found})")
        called = place.text[place.fault.end :].startswith("()")
        for one in facts_called(place, name, place.written):
            if name == of[1]:
                yield Mend(place.fault.start, place.fault.end + 2 * called, one)
            else:
                yield Mend(of.start(), place.fault.end + 2 * called, f"{name}.{one}")


def facts_called(place: Place, name: str, word: str) -> list[str]:
    """The facts of an element, or of the case, that a word may be meant for."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).lower()
    bare = re.sub(r"^(?:is|has|was)_", "", plain)
    meant = foreign.FACTS.get(plain) or foreign.FACTS.get(bare) or (bare,)
    return [fact for fact in meant if fact in place.known.facts(name)]


_AND = r"(?: *, *(?:and )?| and | *(?:和|与|與|且|及|、) *)"


def is_fact(place: Place) -> Iterator[Mend]:
    """`review is approved`: a fact told as a sentence, of one element or of several."""
    for match in re.finditer(
        rf"(?<![\w.])({NAME}(?:{_AND}{NAME})+)(?: (?:is|are|were|was)|都|均)(?: both| all)? ?(\w+)", place.text
    ):
        names = re.split(_AND, match[1])
        facts = [facts_called(place, name, match[2])[:1] for name in names] if touches(place, *match.span()) else []
        if facts and all(facts):
            yield Mend(*match.span(), " and ".join(f"{name}.{fact}" for name, [fact] in zip(names, facts, strict=True)))
    for match in re.finditer(rf"(?<![\w.])({NAME}) (?:(?:is|was|has|are) )?not (?:been )?(\w+)", place.text):
        if touches(place, *match.span()) and not place.inside(match.start()):
            for fact in facts_called(place, match[1], match[2]):
                yield Mend(*match.span(), f"not({match[1]}.{fact})")
    for match in re.finditer(rf"(?<![\w.])({NAME}) ?(?:尚未|还未|還未|没有|沒有|未|不|没|非)(\w+)", place.text):
        if touches(place, *match.span()) and not place.inside(match.start()):
            for fact in (*facts_called(place, match[1], match[2]), match[2]):
                yield Mend(*match.span(), f"not({match[1]}.{fact})")
    written = rf"(?<![\w.])({NAME})(?: (?:is|was|has been|are) | ?(?:已经?|是) ?| ?= ?| )([^\W\d]\w*)"
    for match in re.finditer(written, place.text):
        if touches(place, *match.span()) and not place.inside(match.start()):
            for fact in (match[2], *facts_called(place, match[1], match[2])):
                if fact in place.known.facts(match[1]):
                    yield Mend(*match.span(), f"{match[1]}.{fact}")
    for match in re.finditer(r"(?<![\w.])(\w+)\((\w+)\)", place.text):
        for fact in facts_called(place, match[2], match[1]) if touches(place, *match.span()) else ():
            yield Mend(*match.span(), f"{match[2]}.{fact}")


def owned(place: Place) -> Iterator[Mend]:
    """A field without its record."""
    word = place.written if place.known.owners(place.written) else place.written.lower()
    paths = [f"{record}.{word}" for record in place.known.owners(word)]
    if len(paths) == 1:
        yield Mend(place.fault.start, place.fault.end, paths[0], {"expected": paths})
    elif paths:
        yield Mend(place.fault.start, place.fault.end, None, {"expected": paths})
    elif not place.alone and place.written in place.known.facts("case"):
        path = f"case.{place.written}"
        yield Mend(place.fault.start, place.fault.end, path, {"expected": [path]})


def table(place: Place) -> Iterator[Mend]:
    if place.alone and place.known.kind(place.written) is not None:
        yield Mend(place.fault.start, place.fault.end, None)


def other_kind(place: Place) -> Iterator[Mend]:
    kind = place.known.kind(place.written)
    if not place.alone and kind is not None:
        yield Mend(place.fault.start, place.fault.end, None, {"kind": kind})


def subject(place: Place) -> Iterator[Mend]:
    """A condition of a field that does not name it."""
    if place.field and re.match(r"\s*(?:[<>!=]|in\b|between\b)", place.text) and place.fault.start <= 1:
        text = re.sub(r"\b(and|or)\s+(?=[<>=!])", rf"\1 {place.field} ", place.text.strip())
        yield Mend(0, len(place.text), f"{place.field} {text}")
    words = (*habits.SIGNS, *habits.CHINESE_SIGNS, ("!= null", "不为空|非空|not +null|required|必填"))
    for sign, phrase in words if place.field else ():
        match = re.fullmatch(rf"\s*(?:must +(?:be +)?|is +|应|须|必须|要)?(?:{phrase})(?!\w)?\s*(.*?)\s*", place.text)
        if match is not None:
            yield Mend(0, len(place.text), f"{place.field} {sign} {match[1]}".rstrip())
    if place.field and re.match(r"\s*[\[(\]]?-?\d", place.text):
        text = re.sub(r"(\d) *[-–~至到] *(?=-?\d)", r"\1..", place.text.strip())
        yield Mend(0, len(place.text), f"{place.field} in {text if text[0] in '[(]' else f'[{text}]'}")
    if place.field and place.written in ("value", "it", "this", "self", "x", "field", "item", "值", "本字段"):
        yield Mend(place.fault.start, place.fault.end, place.field)


def functions_named(place: Place) -> Iterator[Mend]:
    """A function and its argument without brackets."""
    for name in load():
        for match in re.finditer(rf"(?<![\w.]){re.escape(name)}(?: of)? +({X})", place.text):
            if touches(place, *match.span()) and not place.inside(match.start()):
                yield Mend(*match.span(), f"{name}({match[1]})")


def like(place: Place) -> Iterator[Mend]:
    for match in re.finditer(rf'({X})\s+((?i:not) +)?(?i:i?like)\s+(?:"([%*]?)([^"%*]*)([%*]?)")', place.text):
        if touches(place, *match.span()):
            name = {("", ""): "=", ("%", ""): "ends with", ("", "%"): "starts with"}.get(
                (match[3].replace("*", "%"), match[5].replace("*", "%")), "contains"
            )
            text = f'{match[1]} = "{match[4]}"' if name == "=" else f'{name}({match[1]}, "{match[4]}")'
            yield Mend(*match.span(), f"not({text})" if match[2] else text)


def cell(*rows: tuple[str, str]) -> Callable[[Place], Iterator[Mend]]:
    """What is meant in the cell of a decision table, which tests one value."""
    sayings = [said(pattern, meant) for pattern, meant in rows]
    return lambda place: (mend for one in sayings for mend in one(place)) if place.unary else iter(())


def joined(place: Place) -> Iterator[Mend]:
    """Two names with a blank between them."""
    for match in re.finditer(rf"(?<![\w.])({NAME})(?: |->|::?|'s |/|。|!)({NAME})", place.text):
        if touches(place, *match.span()) and not place.inside(match.start()):
            yield Mend(*match.span(), f"{match[1]}.{match[2]}")
    for match in re.finditer(rf'({X})\["(\w+)"\]', place.text):
        if touches(place, *match.span()):
            yield Mend(*match.span(), f"{match[1]}.{match[2]}")


def each(*mends: Callable[[Place], Iterable[Mend]]) -> Callable[[Place], Iterator[Mend]]:
    return lambda place: (mend for one in mends for mend in one(place))

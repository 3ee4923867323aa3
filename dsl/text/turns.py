"""What people write in a line whose words are right and whose turn of phrase is another's: who, how many, which hours.

As in `causes.py` each function knows one kind of cause and offers the line as it was perhaps meant, for the parser to
try. Where a line must become several, or where only its author can know what belongs there, it says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from charter.dsl.text.causes import NAMES, Mend, Stop, declared, put
from charter.dsl.text.words import day_range, spelled, spellings, weekdays
from charter.engine.names import NAME, compiled

_ALL = r"(?:and|AND|&&?|\+|和|与|與|及|以及|、)"
_ANY = r"(?:or|OR|/|\|\|?|或者?)"
_THEN = r"(?:and then|then to|[-=]*>+|→|再到|再由)"
_MANY = rf"(?:{_ALL}|{_ANY}|,)"
# What declares a name, so that a second one needs a line of its own.
_DECLARING = frozenset({"ROLE", "ACTIVITY", "PHASE", "RECORD", "MILESTONE", "APPROVAL", "SIGNAL"})


def _joiner(stop: Stop, joiners: str) -> re.Match[str] | None:
    """What joins the name that was read last to another name."""
    if not stop.read or stop.read[-1][0] not in NAMES:
        return None
    return compiled(rf"({joiners})\s*(?<!\w)(?={NAME})", stop.marks).match(stop.text, stop.place)


def stages(stop: Stop) -> Iterator[Mend]:
    """Who approves, joined by `and`, `or` or an arrow."""
    if not stop.read or stop.read[-1][0] not in NAMES or "THEN" not in stop.accepted:
        return
    start = stop.read[-1][1]
    rest = stop.text[start:]
    if stop.read[0][0] == "BY" and len(stop.read) == 2:
        yield from _how_many(stop, start, rest)
    for joiners, word in ((_THEN, "THEN"), (_ALL, "ALL_OF"), (_ANY, "ANY_OF")):
        if compiled(rf"{NAME}(?:\s*{joiners}\s*(?<!\w){NAME})+", stop.marks).fullmatch(rest):
            names = compiled(rf"\s*{joiners}\s*(?={NAME})", stop.marks).split(rest)
            meaning = spelled(word, stop.language)
            said = f" {meaning} ".join(names) if word == "THEN" else f"{meaning} {', '.join(names)}"
            joiner = compiled(rf"\s*({joiners})", stop.marks).search(rest)
            at = (start + joiner.start(1), start + joiner.end(1)) if joiner else (start, len(stop.text))
            shown = {"found": stop.text[slice(*at)], "written": stop.text[slice(*at)], "instead": meaning}
            cause = "word" if word == "THEN" else "several"
            yield Mend(cause, at, f"{stop.text[:start]}{said}", arguments=shown)


_BOTH = r"(?:both|all|each of|each|all of|jointly|以下全部|全部)"
_ONE = r"(?:any|either|one of|whichever of|任意|其中)"
_AGREE = r"(?:同意|审批|批准|通过|簽核|核准|通過)?"


def _how_many(stop: Stop, start: int, rest: str) -> Iterator[Mend]:
    """Who approves, with a word of another notation for how many of them."""
    for before, behind, word in (
        (rf"{_BOTH}\s+", "", "ALL_OF"),
        (rf"{_ONE}\s+", "", "ANY_OF"),
        ("", rf"(?:均|都|共同|一致|全部){_AGREE}", "ALL_OF"),
        ("", rf"(?:任意一人|任一|之一|其中一人){_AGREE}", "ANY_OF"),
    ):
        match = re.fullmatch(rf"{before}(\w+(?:\s*(?:,|、|and|or|&|和|与|與|及|或)\s*\w+)*?){behind}", rest)
        if match and (before or behind):
            names = re.split(r"\s*(?:,|、|\band\b|\bor\b|&|和|与|與|及|或)\s*", match[1])
            said = f"{spelled(word, stop.language)} {', '.join(names)}"
            shown = {"written": (stop.written or stop.text)[start:], "instead": said}
            yield Mend("how_many", (start, len(stop.text)), f"{stop.text[:start]}{said}", arguments=shown)


_OVER = (
    r"(?:(?:is|are|has been|was)\s+)?(?:completed?|done|finished|approved|granted|over|完成|结束|結束)(?:之?[后後])?$"
)


def over(stop: Stop) -> Iterator[Mend]:
    """What has to happen to an element before the next: `after` says it already."""
    match = re.compile(_OVER).match(stop.text, stop.place)
    if match and stop.read and stop.read[-1][0] in NAMES and any(name == "AFTER" for name, _, _ in stop.read):
        yield put(stop, "no_mark", match.span(), "")


def numbered(stop: Stop) -> Iterator[Mend]:
    """Who approves, counted: `by 1. manager 2. finance`; and one after the other in Chinese."""
    if not stop.read or stop.read[0][0] != "BY":
        return
    start = stop.read[0][2]
    rest = stop.text[start:].strip()
    one = rf"\(?\d+[.):,、]\s*({NAME})\s*[,;]?\s*"
    if compiled(rf"(?:{one}){{2,}}", stop.marks).fullmatch(rest):
        names = compiled(one, stop.marks).findall(rest)
        said = f" {spelled('THEN', stop.language)} ".join(names)
        yield _so(stop, (len(stop.text) - len(rest), len(stop.text)), said)


def _so(stop: Stop, span: tuple[int, int], said: str, **more: str) -> Mend:
    """A turn of phrase, as it is written here."""
    mend = put(stop, "not_so", span, said, safe=False, **more)
    return Mend("not_so", mend.span, mend.line, arguments=mend.arguments)


def performer(stop: Stop) -> Iterator[Mend]:
    """Who does an activity, behind its name: `activity pay (clerk)`."""
    if not stop.read or stop.read[0][0] != "ACTIVITY" or len(stop.read) < 2:
        return
    start = stop.read[1][2] if len(stop.read) < 3 or stop.read[2][0] != "STRING" else stop.read[2][2]
    role = compiled(rf"\s*[\[(]?\s*(?:[@:=–-]|by|由)?\s*({NAME})\s*[\])]?$", stop.marks).match(stop.text, start)
    if role and "ROLE" in declared(role[1], stop.file):
        said = f"{spelled('DONE_BY', stop.language)} {role[1]}"
        line = stop.text[:start].rstrip()
        shown = {"written": role[0].strip(), "instead": said}
        begin = role.end() - len(role[0].lstrip())
        yield Mend("performer", (begin, role.end()), line, arguments=shown, more=(f"  {said}",))


def provenance(stop: Stop) -> Iterator[Mend]:
    """Where a record comes from, which is known."""
    source = compiled(rf"(?:from|of|by|produced by|out of|来自|来源于|由)\s*({NAME})$", stop.marks).match(
        stop.text, stop.place
    )
    if source and stop.read and stop.read[0][0] == "INPUT" and declared(source[1], stop.file):
        yield put(stop, "known_anyway", source.span(), "")


_AMOUNT = (
    r"(\d+\s*(?:个|個)?(?:工作日|工作小时|工作小時|自然日|天|日|小时|小時|周|週|个月|個月)"
    r"|\d+ (?:working |business )?(?:days?|hours?|weeks?|months?))"
)
_SPANS = (
    (
        "WITHIN",
        rf"(?:在|于|限|需在?|须在?|应在?)?{_AMOUNT}(?:之?内|以内)?(?:完成|办结|办理|处理|答复|处理完毕|審批|审批)?$",
    ),
    ("WITHIN", rf"(?:in|max\.?|maximum|at most|no more than|up to|not later than)\s+{_AMOUNT}$"),
    ("LATER", rf"(?:等待?|过|過)?{_AMOUNT}(?:之?[后後]| later|$)"),
)


def spans(stop: Stop) -> Iterator[Mend]:
    """A length of time that begins a line: how long something may take, or how much later it is."""
    for terminal, pattern in _SPANS if stop.place == 0 else ():
        match = re.compile(pattern).fullmatch(stop.text)
        if match and terminal in stop.opening:
            yield _so(stop, (0, len(stop.text)), f"{spelled(terminal, stop.language)} {match[1]}")


_DOES = (
    "办理|负责|执行|完成|填写|提交|处理|编制|編制|負責|執行|辦理|填寫|處理|审批|审核|批准|签字|审定|審批|審核|簽核|核准"
)


def doing(stop: Stop) -> Iterator[Mend]:
    """Who does something, as a sentence: 由财务办理."""
    match = compiled(rf"(?:由|请|請)?({NAME}?)(?:来|來)?(?:{_DOES})$", stop.marks).fullmatch(stop.text)
    if stop.place == 0 and match and "ROLE" in declared(match[1], stop.file):
        for terminal in ("DONE_BY", "BY"):
            if terminal in stop.opening:
                yield _so(stop, (0, len(stop.text)), f"{spelled(terminal, stop.language)} {match[1]}")


def titled(stop: Stop) -> Iterator[Mend]:
    """A title behind a mark: `role clerk: Clerk`."""
    match = re.compile(r"\s*[:=–-]\s+([^\W\d][^\":=]*)$").match(stop.text, stop.place)
    if match and "STRING" in stop.accepted and stop.read and stop.read[-1][0] in NAMES and not stop.typed:
        yield put(stop, "quote", match.span(), f' "{match[1]}"')
    bracketed = re.compile(r"\s*\(([^()\"]+)\)$").match(stop.text, stop.place)
    if bracketed and stop.read and stop.read[-1][0] in NAMES and not stop.typed:
        said = bracketed[1].strip()
        if "STRING" in stop.accepted and stop.read[0][0] in ("ROLE", "RECORD") and not declared(said, stop.file):
            yield put(stop, "quote", bracketed.span(), f' "{said}"')
        elif "STRING" not in stop.accepted and not any(declared(word, stop.file) for word in re.findall(r"\w+", said)):
            yield put(stop, "remark", bracketed.span(), f"  # {said}")


def single(stop: Stop) -> Iterator[Mend]:
    """A second name in a line that has one."""
    match = _joiner(stop, _MANY)
    if match is None or "COMMA" in stop.accepted or "THEN" in stop.accepted:
        return
    first, _, begin = stop.read[0]
    if first in _DECLARING and match[1] not in ",、":
        return  # `check and file` may be meant as one name
    keyword = stop.text[:begin].strip()
    names = compiled(rf"\s*{_MANY}\s*(?={NAME})", stop.marks).split(stop.text[stop.place :])[1:]
    line = stop.text[: stop.place].rstrip()
    span = (stop.place, len(stop.text))
    if first in _DECLARING:
        more = tuple(f"{stop.text[: stop.read[0][2]]} {name}" for name in names)
        yield Mend("one_each", span, line, arguments={"written": keyword, "instead": "", "found": ","}, more=more)
    elif len(stop.read) == 2:
        yield Mend("one_name", span, line, arguments={"written": keyword, "instead": line})


_JOINED = r"\s*(?:,|;|&&?|(?<!\w)and(?!\w)|并且|而且|並且|且|和|与|與|、)\s*"
_EITHER = r"\s*(?:\|\|?|(?<!\w)or(?!\w)|或者?)\s*"


def expected(stop: Stop) -> Iterator[Mend]:
    """Several states in one expectation."""
    read = [terminal for terminal, _, _ in stop.read]
    if read[:4] != ["EXPECT", "SUBJECT", "IS", "STATE"] or read[4:] not in ([], ["COMMA"]):
        return
    (_, _, begin), (_, start, end), (_, _, be), (_, _, behind) = stop.read[:4]
    rest = re.compile(rf"({_JOINED}|{_EITHER})(?=\w)").match(stop.text, behind)
    if rest is None:
        return
    either = re.fullmatch(_EITHER, rest[1]) is not None
    first, expect, subject = stop.text[:behind].rstrip(), stop.text[:begin], stop.text[start:end]
    said = re.split(_EITHER if either else _JOINED, stop.text[rest.end() :])
    states = [one if not one.strip().isidentifier() else f"{subject}{stop.text[end:be]} {one}" for one in said]
    span = (rest.start(1) + len(rest[1]) - len(rest[1].lstrip()), len(stop.text))
    if not either:
        more = tuple(f"{expect} {one}" for one in states)
        yield Mend("expect_each", span, first, True, arguments={"written": stop.text[slice(*span)]}, more=more)
        return
    facts = {words: value for words, terminal, value, _ in spellings() if terminal == "STATE"}
    parts = [one.split() for one in (first[begin:], *states)]
    if all(len(part) == 3 and part[2] in facts for part in parts):
        line = f"{expect} {' or '.join(f'{part[0]}.{facts[part[2]]}' for part in parts)}"
        yield Mend("expect_either", span, line, arguments={"written": stop.text[slice(*span)], "instead": line})


# How a step begins in the notation of behaviour-driven tests, and what it asks for.
_GHERKIN = r"(?:(?P<then>then|那么|那麼|则|則)|given|when|and|but|给定|給定|假如|假设|假設|当|當|并且|並且|而且|但是)"


def behaviour(stop: Stop) -> Iterator[Mend]:
    """A step of a scenario with a word of a test before it: `when li completes plan`."""
    match = re.match(rf"{_GHERKIN}\s+(?=\S)", stop.text, re.IGNORECASE)
    if match is None or "EXPECT" not in stop.opening:
        return
    line = stop.text[match.end() :]
    if match["then"] and not line.startswith(f"{spelled('EXPECT', stop.language)} "):
        line = f"{spelled('EXPECT', stop.language)} {line}"
    shown = {"written": match.group().strip(), "instead": line}
    yield Mend("behaviour", (0, match.end() - 1), line, True, arguments=shown)


def unit(stop: Stop) -> Iterator[Mend]:
    """A unit that is a sign."""
    if [terminal for terminal, _, _ in stop.read] == ["UNIT"] and stop.rest and '"' not in stop.rest:
        span = (stop.place, len(stop.text))
        if re.fullmatch("[%％]", stop.rest):
            said = "percent" if stop.language == "en" else "百分比"
            yield put(stop, "word", span, said, guess=said)
        else:
            yield put(stop, "quote", span, f'"{stop.rest}"')


def holder(stop: Stop) -> Iterator[Mend]:
    """A person, where a role is declared."""
    match = re.compile(r"\s*(?:=|<-|is\b|are\b|是|为).*$").match(stop.text, stop.place)
    if match and stop.read and stop.read[0][0] == "ROLE" and stop.read[-1][0] in NAMES:
        yield put(stop, "holder", match.span(), "")


def arguments(stop: Stop) -> Iterator[Mend]:
    """What is given, without the word before it."""
    if "WITH" in stop.accepted and stop.rest[:1] == "=" and stop.read and stop.read[-1][0] in NAMES:
        name = stop.text[slice(*stop.read[-1][1:])]
        yield put(stop, "no_with", (stop.place, stop.place), f"{spelled('WITH', stop.language)} {name} ")
    if "WITH" in stop.accepted and compiled(rf"{NAME}\s*=(?!=)", stop.marks).match(stop.text, stop.place):
        yield put(stop, "no_with", (stop.place, stop.place), f"{spelled('WITH', stop.language)} ")


def whole(stop: Stop) -> Iterator[Mend]:
    """The fields of a record one by one, where the record is given: `with request.pieces = 3`."""
    given = re.search(rf"(?<=\s)(?:{'|'.join(_words('WITH'))})\s+(?=\S)", stop.text)
    if given is None or stop.rest[:1] != ".":
        return
    parts = re.split(r",\s*(?=\w+\.)", stop.text[given.end() :])
    pairs = [re.fullmatch(r"(\w+)\.(\w+)\s*=(?!=)\s*(.+)", part) for part in parts]
    fields: dict[str, list[str]] = {}
    for pair in pairs:
        if pair is None:
            return
        fields.setdefault(pair[1], []).append(f"{pair[2]}: {pair[3]}")
    said = ", ".join(f"{record} = {{{', '.join(values)}}}" for record, values in fields.items())
    yield put(stop, "whole", (given.end(), len(stop.text)), said)


def _words(terminal: str) -> list[str]:
    return [re.escape(words) for words, name, _, _ in spellings() if name == terminal]


# --- fields -----------------------------------------------------------------------------------------

_FIELD = r"(?:field|property|attribute|column|attr|prop|字段|属性|欄位|栏位|屬性)"
_REFERRING = r"(?:ref(?:erences?)?|link|lookup|fk|foreign key|引用|关联|關聯|参照|參照)"
_LIMIT = r"[(\[]\s*(-?\d+(?:\.\d+)?)\s*(?:\.\.\.?|-|–|~|to\b|至)\s*(-?\d+(?:\.\d+)?)\s*[)\]]"


def fields(stop: Stop) -> Iterator[Mend]:
    """A field with a word before it that says so, or a record with one that says that it is elsewhere."""
    if not stop.typed:
        return
    match = re.match(rf"{_FIELD}\s+(?=\w)", stop.text)
    if match:
        yield Mend(
            "field_word",
            (0, len(match[0].rstrip())),
            stop.text[match.end() :],
            True,
            {"written": match[0].strip(), "instead": stop.text[match.end() :]},
        )
    for match in re.finditer(rf"(?<=\s){_REFERRING}(?:\s+to)?[\s(]+(\w+)\)?", stop.text):
        if match.start() <= stop.place:
            yield put(stop, "referring", match.span(), match[1])
    currency = re.compile(r"\(?(?:in )?([A-Z]{3}|€|\$|£|元|人民币|人民幣)\)?$").match(stop.text, stop.place)
    if currency and stop.read[-1][0] == "TYPE":
        yield put(stop, "currency_type", currency.span(), "")
    where = re.compile(_LIMIT).match(stop.text, stop.place)
    if where and "WHERE" in stop.accepted:
        name = stop.text.split()[0].rstrip(":")
        said = f" {spelled('WHERE', stop.language)} {name} between {where[1]} and {where[2]}"
        yield put(stop, "limits", where.span(), said)


# --- hours ------------------------------------------------------------------------------------------

_HOUR = r"(\d{1,2})(?:(?:[.:：时時点點h](\d\d)|(?:点|點|时|時)半)分?|[点點时時h](?:整)?)? ?(am|pm|AM|PM|a\.m\.|p\.m\.)?"
_HOURS = rf"(上午|下午|早上|晚上)?{_HOUR}\s*(?:[-–—~至到]|to|until)\s*(上午|下午|早上|晚上)?{_HOUR}"
_WEEK = r"(?:工作日|平日|weekdays?|workdays?|working days|business days|Mon\w*\s*[-–]\s*Fri\w*|M-F)"
_EVERY_DAY = r"(?:每天|每日|daily|every day|all days|Mon\w*\s*[-–]\s*Sun\w*)"
_SHORT = {"mon": "Monday", "tue": "Tuesday", "tues": "Tuesday", "wed": "Wednesday", "thu": "Thursday"}
_SHORT |= {"thur": "Thursday", "thurs": "Thursday", "fri": "Friday", "sat": "Saturday", "sun": "Sunday"}


def _clock(part: str | None, hour: str, minute: str | None, half: str | None, written: str) -> str | None:
    number = int(hour)
    if (part in ("下午", "晚上") or (half or "").lower().startswith("p")) and number < 12:
        number += 12
    if (half or "").lower().startswith("a") and number == 12:
        number = 0
    minutes = "30" if "半" in written else minute or "00"
    return f"{number:02}:{minutes}" if number <= 24 and int(minutes) < 60 else None


def _opening(match: re.Match[str]) -> str:
    begin, end = re.split(r"[-–—~至到]|to|until", match[0], maxsplit=1)
    one = _clock(match[1], match[2], match[3], match[4] or match[8], begin)
    other = _clock(match[5] or match[1], match[6], match[7], match[8], end)
    return match[0] if one is None or other is None else f"{one}-{other}"


def hours(stop: Stop) -> Iterator[Mend]:
    """Times of the day as people say them: 9点-12点, 9am-5pm."""
    if "CLOCK" not in stop.accepted:
        return
    said = re.sub(_HOURS, _opening, stop.rest)
    said = re.sub(r"\s*(?:和|及|and|&|;|/)\s*(?=\d)", ", ", said)
    yield put(stop, "clock", (stop.place, len(stop.text)), said)


_DATE = r"(?:(\d{4})\s*[./年-]\s*)?(\d{1,2})\s*[./月-]\s*(\d{1,2})\s*日?"
_REPUBLIC = r"(?:中华|中華)?(?:民国|民國)\s*(\d{2,3})\s*年"
_DATES = rf"{_DATE}(?:\s*(?:to\b|until\b|[-–—~至到])\s*{_DATE})?"


def dates(stop: Stop) -> Iterator[Mend]:
    """Days as people write them: 2026/12/31, 2026年2月16日至2月23日."""
    said = re.sub(_REPUBLIC, lambda year: f"{int(year[1]) + 1911}年", stop.rest)
    match = re.match(_DATES, said) if "DATE" in stop.accepted else None
    if match is None or match[1] is None:
        return
    more = len(stop.rest) - len(said)
    said = f"{match[1]}-{int(match[2]):02}-{int(match[3]):02}"
    if match[5] is not None:
        said += f" {spelled('TO', stop.language)} {match[4] or match[1]}-{int(match[5]):02}-{int(match[6]):02}"
    said += " " if stop.rest[match.end() + more :].strip() else ""
    yield put(stop, "day_date", (stop.place, stop.place + match.end() + more), said)


def days(stop: Stop) -> Iterator[Mend]:
    """Days of the week that do not follow one another, or that have one name."""
    known = weekdays()
    first, last = (spelled(day, stop.language) for day in ("Monday", "Friday"))
    week = f"{first}{'至' if stop.language != 'en' else ' to '}{last}"
    if "WEEKDAY" in stop.opening:
        for pattern, meaning in ((_WEEK, week), (_EVERY_DAY, week.replace(last, spelled("Sunday", stop.language)))):
            match = re.match(rf"{pattern}[\s:]*(?=\d|上午)", stop.text)
            if match:
                yield put(stop, "week", match.span(), f"{meaning} ")
        short = re.match(r"([A-Za-z]{3,5})\.?(?=\W)(?:(\s*[-–]\s*|\s+to\s+)([A-Za-z]{3,5})\.?(?=\W))?", stop.text)
        if short and all(part is None or part.lower() in _SHORT for part in (short[1], short[3])):
            named = " to ".join(_SHORT[part.lower()] for part in (short[1], short[3]) if part)
            yield put(stop, "word", short.span(), named, guess=named)
        one = "|".join(sorted(map(re.escape, known), key=len, reverse=True))
        span = rf"(?:{day_range()}|{one})"
        several = re.match(rf"{span}(?:\s*(?:,|、|和|及|and|&|/)\s*{span})+(?=\s)", stop.text)
        if several:
            times = stop.text[several.end() :].strip()
            lines = [f"{day} {times}" for day in re.split(r"\s*(?:,|、|和|及|and|&|/)\s*", several[0])]
            at = re.search(r"\s*(?:,|、|和|及|and|&|/)\s*", several[0])
            begin = at.start() if at else 0
            shown = {"written": several[0], "instead": lines[0]}
            yield Mend("day_each", (begin, several.end()), lines[0], arguments=shown, more=tuple(lines[1:]))

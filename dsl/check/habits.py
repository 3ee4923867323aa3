"""What people write who know another language or a form on paper: lengths of time, money, dates, names of functions.

Tables and readers of single words; a reader gives what FEEL would say, or None. Which text of an expression is meant,
and whether the mend holds, is not known here.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from difflib import get_close_matches

from charter.dsl.text.words import Language
from charter.engine.feel.own import UNITS

# a length of time: what FEEL calls it, and how it is abbreviated or called elsewhere
_UNITS: dict[str, str] = {
    "working day": "workday|work day|business day|bank day|banking day|workingday|businessday|weekday|wd|bd|bday"
    "|arbeitstag|arbeitstage|werktag|werktage",
    "working hour": "work hour|workhour|business hour|office hour|working hr|business hr|office hr|workinghour",
    "working minute": "work minute|business minute|working min|business min",
    "day": "d|calendar day|cal day|tag|tage|jour",
    "hour": "h|hr|clock hour|stunde|stunden|heure",
    "minute": "min|mn",
    "second": "s|sec",
    "week": "w|wk|calendar week|woche|wochen|semaine",
    "month": "mo|mth|mnth|mon|calendar month|monat|monate",
    "quarter": "q|qtr|calendar quarter",
    "year": "y|yr|calendar year",
    "fortnight": "",
}
_UNIT_OF = {
    word: unit
    for unit, words in _UNITS.items()
    for one in (unit, *filter(None, words.split("|")))
    for word in (one, f"{one}s" if len(one) > 1 else one)
}
_COUNTS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_COUNT_OF: dict[str, Decimal] = {word: Decimal(count) for count, word in enumerate(_COUNTS)}
_COUNT_OF |= {"fifteen": Decimal(15), "twenty": Decimal(20), "thirty": Decimal(30), "forty": Decimal(40)}
_COUNT_OF |= {"fifty": Decimal(50), "sixty": Decimal(60), "ninety": Decimal(90), "half": Decimal("0.5")}
_COUNT_OF |= {"a": Decimal(1), "an": Decimal(1), "half a": Decimal("0.5"), "half an": Decimal("0.5")}


def _any(words: object) -> str:
    listed = sorted(words, key=len, reverse=True)  # type: ignore[call-overload]
    return "|".join(re.escape(word).replace(r"\ ", "[ -]+") for word in listed)


_COUNT = rf"(?:\d+(?:\.\d+)?|(?:{_any(_COUNT_OF)})(?=[ -]))"
LENGTH = rf"(?i:(?<![\w.:]){_COUNT}[ -]*(?:{_any(_UNIT_OF)}))(?![A-Za-z_]|\.\w)"
_LENGTH = rf"(?i)({_COUNT})[ -]*({_any(_UNIT_OF)})(?![a-z_])"


_SAID_IN = {
    "working day": "个工作日",
    "working hour": "个工作小时",
    "day": "天",
    "hour": "小时",
    "week": "周",
    "month": "个月",
    "minute": "分钟",
    "quarter": "季度",
    "year": "年",
}
_HANT = str.maketrans("个时间周钟", "個時間週鐘")


def in_language(text: str, language: Language) -> str:
    """Gives a mend with its lengths of time as a language writes them."""
    if language == "en":
        return text

    def chinese(match: re.Match[str]) -> str:
        unit = f"{match[1]}{_SAID_IN[match[2].removesuffix('s')]}"
        return unit.translate(_HANT) if language == "zh-Hant" else unit

    units = "|".join(_SAID_IN)
    return re.sub(rf'(?<![\w."])(\d+(?:\.\d+)?) ((?:{units})s?)(?![\w"])', chinese, text)


def lengths(text: str) -> str | None:
    """Gives lengths of time that stand beside one another as FEEL adds them: `2d 3h` is `2 days + 3 hours`."""
    found = [_length(m[1], m[2]) for m in re.finditer(_LENGTH, text)]
    return " + ".join(found) or None


# `2小时30分`, which FEEL adds as `2小时 + 30分钟`
_CHINESE = "|".join(sorted((unit for unit in UNITS if not unit.isascii()), key=len, reverse=True))
JOINED = rf"(?<![\w.])(?:\d+(?:\.\d+)?(?:{_CHINESE}|分)){{2,}}(?!\w)"


def joined(text: str) -> str:
    """Gives Chinese lengths of time that stand in one word as FEEL adds them."""
    return " + ".join(re.sub("分$", "分钟", one) for one in re.findall(rf"\d+(?:\.\d+)?(?:{_CHINESE}|分)", text))


_CHINESE_COUNT = r"(?:\d+(?:\.\d+)?|[一二三四五六七八九十两兩百]+)"
_CALLED_UNITS = {
    word: unit
    for unit, words in {
        "个工作日": "工作天 工作曰 工作目 工做日 公作日 工日 上班日 上班天 营业日 办公日 作业日 工作日 個工作日",
        "個工作日": "營業日 辦公日",
        "小时": "小时 钟头 个钟",
        "小時": "小時 鐘頭",
        "天": "天 日",
        "周": "周 礼拜 星期",
        "週": "週 禮拜",
        "个月": "月",
        "分钟": "分钟 分",
        "分鐘": "分鐘",
        "年": "年",
    }.items()
    for word in words.split()
}
_BEHIND = "之前|以前|前|之后|以后|后|之後|以後|後|之内|之內|以内|以內|内|內|左右|为限|為限|完成|办结"
SPOKEN = rf"(?<![\w.])({_CHINESE_COUNT}) ?(?:个|個)?({_any(_CALLED_UNITS)})(?:{_BEHIND})*(?!\w)"


def spoken(text: str) -> str | None:
    """Gives a length of time as Chinese says it where it is not a unit's own name: 2个上班日, 3天之前, 24個鐘頭."""
    found = re.fullmatch(SPOKEN, text)
    if found is None:
        return None
    unit = _CALLED_UNITS[found[2]]
    return found[1] + (unit.replace("个", "個") if "個" in text else unit)


_RANKS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}
_PLAIN = str.maketrans("〇两兩壹贰貳叁參肆伍陆陸柒捌玖拾佰仟萬億", "零二二一二二三三四五六六七八九十百千万亿")
MYRIADS = r"\d+(?:\.\d+)?(?:[百千十]?[万萬]|亿|億|千)"
CURRENCY = "(?:新)?[台臺][币幣]|美元|港[币幣]"
SPELLED = "[零〇一二三四五六七八九十百千万亿两兩壹贰貳叁參肆伍陆陸柒捌玖拾佰仟萬億]+(?:元|圆|圓|块钱?|塊錢?)整?"


def spelled_amount(text: str) -> str | None:
    """Gives an amount spelled in Chinese numerals, such as 一亿五千万元 and 伍仟元整, in digits."""
    spelled = re.sub("(?:元|圆|圓|块钱?|塊錢?)整?$", "", text).translate(_PLAIN)
    if re.search("[万千百亿][一二三四五六七八九]$", spelled):
        return None  # 一万五 may be 10005 and 15000
    total = section = digit = 0
    for sign in spelled:
        if sign in _RANKS and _RANKS[sign] >= 10_000:
            high = (total + section + digit) if _RANKS[sign] > 10_000 else section + digit
            total = high * _RANKS[sign] if _RANKS[sign] > 10_000 else total + high * _RANKS[sign]
            section = digit = 0
        elif sign in _RANKS:
            section, digit = section + (digit or 1) * _RANKS[sign], 0
        else:
            digit = "零一二三四五六七八九".index(sign)
    return f"{total + section + digit}元"


def _length(count: str, unit: str) -> str:
    name = _UNIT_OF[re.sub("[ -]+", " ", unit.lower())]
    number = _COUNT_OF.get(re.sub(" +", " ", count.lower()))
    number = Decimal(count) if number is None else number
    if name == "fortnight":
        name, number = "week", number * 2
    return f"{number} {name}{'' if number == 1 else 's'}"


def misspelt_length(text: str) -> str | None:
    """Gives a length of time whose unit is misspelt: `3 buisness days`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) +([A-Za-z]+(?: [A-Za-z]+)?)", text)
    if found is None:
        return None
    written = found[2].lower()
    for near in get_close_matches(written, [unit for unit in _UNIT_OF if len(unit) > 3], 3, 0.75):
        ends = get_close_matches(written.split()[-1], [near.split()[-1]], 1, 0.7)
        if ends and near[0] == written[0]:
            return _length(found[1], near)
    return None


_ISO = r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?"
_ISO_UNITS = ("year", "month", "week", "day", "hour", "minute", "second")


def iso_length(text: str) -> str | None:
    """Gives a length of time by ISO 8601 as FEEL writes it: `P1DT2H` is `1 day + 2 hours`."""
    found = re.fullmatch(_ISO, text)
    parts = [_length(n, unit) for n, unit in zip(found.groups(), _ISO_UNITS, strict=True) if n] if found else []
    return " + ".join(parts) or None


# --- money ----------------------------------------------------------------------------------------

_SYMBOLS = {"€": "EUR", "£": "GBP", "US$": "USD", "HK$": "HKD", "NT$": "TWD", "A$": "AUD", "C$": "CAD", "S$": "SGD"}
_SYMBOLS |= {"₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY", "฿": "THB", "₫": "VND", "₴": "UAH", "₪": "ILS"}
_SYMBOLS |= {"R$": "BRL", "$": "USD", "¥": "CNY", "￥": "CNY"}
_UNSURE = {"$", "¥", "dollar", "dollars", "pound", "pounds"}  # of more than one country
_CALLED = {"euro": "EUR", "euros": "EUR", "dollar": "USD", "dollars": "USD", "pound": "GBP", "pounds": "GBP"}
_CALLED |= {"yuan": "CNY", "rmb": "CNY", "yen": "JPY", "rupees": "INR", "francs": "CHF"}
_CODES = (
    "EUR USD GBP CNY JPY CHF AUD CAD NZD HKD SGD TWD INR KRW SEK NOK DKK PLN CZK HUF RON BRL MXN ZAR THB TRY AED ILS"
)
_CALLED |= {code.lower(): code for code in _CODES.split()}
_TIMES = {"k": 3, "thousand": 3, "m": 6, "mn": 6, "mio": 6, "million": 6, "bn": 9, "billion": 9}
_TIMES |= {"千": 3, "万": 4, "萬": 4, "百万": 6, "亿": 8, "億": 8}

GROUPED = r"\d{1,3}(?:[,'’ _\u00a0\u202f]\d{3})+(?:\.\d+)?(?!\d)"
_NUMBER = (
    rf"(?:\d{{1,3}}(?:[ \u00a0\u202f]\d{{3}})+,\d+|{GROUPED}|\d{{1,3}}(?:\.\d{{3}})+(?:,\d+)?(?!\d)|\d+(?:[.,]\d+)?)"
)
_SYMBOL = "|".join(re.escape(s) for s in sorted(_SYMBOLS, key=len, reverse=True))
_WORD = rf"(?i:{_any(_CALLED)})(?![\w])|[A-Z]{{3}}(?!\w)"
_TIME = rf"(?i:{_any(_TIMES)})(?=[\W\d]|元|$|(?i:{_any(_CALLED)}))"
AMOUNT = rf"(?:(?:{_SYMBOL}|\b[A-Z]{{3}}) ?{_NUMBER}(?: ?{_TIME})?|{_NUMBER}(?: ?{_TIME})? ?(?:{_SYMBOL}|元|{_WORD}))"
_AMOUNT = rf"({_SYMBOL}|\b[A-Z]{{3}})? ?({_NUMBER})(?: ?({_TIME}))? ?({_SYMBOL}|元|{_WORD})?"


def number(text: str) -> tuple[str, bool]:
    """Gives a number without the marks that group its digits, and whether it can only be read so."""
    bare = re.sub(r"['’ _\u00a0\u202f]", "", text)
    if "," in bare and "." in bare:
        grouping = "," if bare.rindex(".") > bare.rindex(",") else "."
        return bare.replace(grouping, "").replace(",", "."), True
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+", bare):
        return bare.replace(",", ""), True
    if bare.count(".") > 1:
        return bare.replace(".", ""), True
    grouped = re.fullmatch(r"\d{1,3}\.\d{3}", bare) is not None  # three decimals, or thousands as Germans write them
    return bare.replace(",", "."), not grouped and ("," not in bare or bare != text)


def amount(text: str) -> tuple[str, bool] | None:
    """Gives an amount of money as FEEL writes it, `30000 EUR`, and whether it can only be read so."""
    found = re.fullmatch(_AMOUNT, text)
    if found is None:
        return None
    before, digits, times, behind = found.groups()
    unit = behind or before
    if unit is None or (before and behind and before != behind):
        return None
    written, sure = number(digits)
    if times:
        written, sure = f"{Decimal(written).scaleb(_TIMES[times.lower()]):f}", False
    code = _SYMBOLS.get(unit) or _CALLED.get(unit.lower()) or unit
    sure = sure and unit.lower() not in _UNSURE
    return (f"{written}元" if code == "元" else f"{written} {code}"), sure


# --- dates ----------------------------------------------------------------------------------------

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?"
    r"|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_CLOCK = r"(?:[ T]+(\d{1,2}:\d\d(?::\d\d)?))?"
_DAYS = tuple(
    pattern + _CLOCK
    for pattern in (
        r"(?P<y>\d{4}) ?([-/.]) ?(?P<m>\d{1,2}) ?\2 ?(?P<d>\d{1,2})",
        r"(?P<a>\d{1,2}) ?([-/.]) ?(?P<b>\d{1,2}) ?\2 ?(?P<y>\d{4})",
        rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[ .-]*(?:of )?(?P<n>{_MONTH})[ .,-]*(?P<y>\d{{4}})",
        rf"(?P<n>{_MONTH})[ .]*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,? *(?P<y>\d{{4}})",
        r"(?P<y>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)",
        r"(?:民國|民国)? ?(?P<r>1[01]\d) ?(?:[-/.]|年) ?(?P<m>\d{1,2}) ?(?:[-/.]|月) ?(?P<d>\d{1,2})日?",
        r"(?P<y>\d{4})年(?P<m>\d{1,2})月(?P<d>\d{1,2})[日号號]?",
    )
)
DAY = (
    r"(?<![\w.])(?:\d{1,4} ?[-/.] ?\d{1,2} ?[-/.] ?\d{1,4}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?[ .-]*(?:of )?{_MONTH}[ .,-]*\d{{4}}"
    r"|(?:民國|民国) ?1[01]\d年\d{1,2}月\d{1,2}日?"
    rf"|{_MONTH}[ .]*\d{{1,2}}(?:st|nd|rd|th)?,? *\d{{4}}|(?:19|20)\d{{6}}|\d{{4}}年\d{{1,2}}月\d{{1,2}}[日号號]?)"
    r"(?:[ T]+\d{1,2}:\d\d(?::\d\d)?)?(?![\w])"
)


def days(text: str) -> list[str]:
    """Gives what a date may be as FEEL writes it: none, one, or two where day and month could be either."""
    found = next((m for m in (re.fullmatch(pattern, text) for pattern in _DAYS) if m is not None), None)
    if found is None:
        return []
    parts = found.groupdict()
    clock = found.groups()[-1]
    year = int(parts["y"]) if parts.get("y") else int(parts["r"]) + 1911  # years of the Republic
    if "a" in parts:
        one, other = int(parts["a"]), int(parts["b"])
        pairs = [(other, one), (one, other)][: 1 if one == other or found[2] == "." else 2]
    else:
        month = _MONTHS.index(parts["n"][:3].lower()) + 1 if parts.get("n") else int(parts["m"])
        pairs = [(month, int(parts["d"]))]
    said = [day for month, day_ in pairs if (day := _day(year, month, day_)) is not None]
    return [f"{day}T{clock.zfill(len(clock) + (clock[1] == ':'))}" if clock else day for day in said]


def _day(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


# --- comparisons ----------------------------------------------------------------------------------

_EQUAL = "equals?(?: +to)?"
_NO_MORE = "(?:is +)?(?:at +most|on +or +before|not? +(?:more|later) +than|up +to)|lte|le"
_NO_LESS = "(?:is +)?(?:at +least|on +or +after|not? +(?:less|fewer|earlier) +than)|gte|ge"
_MORE = "(?:is +)?(?:greater|more|bigger|larger|higher)"
_LESS = "(?:is +)?(?:less|smaller|fewer|lower)"
# a sign and the words for it, the longest first
SIGNS: tuple[tuple[str, str], ...] = (
    (">=", f"{_MORE} +than +or +{_EQUAL}|{_NO_LESS}"),
    ("<=", f"{_LESS} +than +or +{_EQUAL}|{_NO_MORE}"),
    (">", f"{_MORE} +than|(?:is +)?(?:later|older|longer) +than|is +(?:over|above|after)|exceeds|above|over|gt"),
    ("<", f"{_LESS} +than|(?:is +)?(?:earlier|younger|shorter) +than|is +(?:under|below|before)|below|under|lt"),
    ("!=", "(?:is +not|does +not|not|isn't|doesn't) +(?:equals?(?: +to)?|the +same +as)|differs +from|neq?"),
    ("=", "(?:is +)?(?:equal +to|equals?(?: +to)?|the +same +as)|eq"),
)
CHINESE_SIGNS: tuple[tuple[str, str], ...] = (
    (">=", "大于或等于|大于等于|不小于|不少于|不低于|不早于|至少|大於等於|不小於|不少於"),
    ("<=", "小于或等于|小于等于|不大于|不多于|不超过|不高于|不晚于|至多|最多|小於等於|不大於|不超過"),
    (">", "大于|多于|超过|高于|晚于|大於|超過|高於"),
    ("<", "小于|少于|低于|早于|小於|低於|早於"),
    ("!=", "不等于|不是|不为|不等於"),
    ("=", "等于|等於|是|为(?!空)|為(?!空)"),
)


# --- values and how often ------------------------------------------------------------------------

NULLS = dict.fromkeys(
    ("none", "nil", "undefined", "nothing", "void", "nan", "nan", "missing", "空", "无", "空值"), "null"
)
NULLS["null"] = "null"
BOOLEANS = dict.fromkeys(("true", "yes", "y", "on", "是", "真", "对"), "true")
BOOLEANS |= dict.fromkeys(("false", "no", "n", "off", "否", "假", "错"), "false")
NOW = dict.fromkeys(
    ("today", "current_date", "curdate", "sysdate", "currentdate", "今天", "今日", "当前日期"), "today()"
)
NOW |= {
    "tomorrow": "today() + 1 day",
    "yesterday": "today() - 1 day",
    "明天": "today() + 1 天",
    "昨天": "today() - 1 天",
}
NOW |= dict.fromkeys(("now", "current_timestamp", "current_time", "现在", "此刻", "当前时间"), "now()")
NUMBERS = {word: f"{count}" for word, count in _COUNT_OF.items() if " " not in word and word not in ("a", "an", "half")}
NUMBERS |= {word: f"{number}" for number, word in enumerate("零一二三四五六七八九十")}
# what an expression calls by one name in every language
NAMES = {"案例": "case", "本案例": "case", "流程": "process", "this_case": "case", "the_case": "case"}
OFTEN = {
    said: meant
    for meant, words in {
        "1 天": "每天 每日",
        "1 周": "每周 每星期 每週",
        "2 周": "每两周 双周",
        "1 个月": "每月 每个月 月",
        "6 个月": "每半年 半年",
        "1 個月": "每個月",
        "1 季度": "每季度 每季 每个季度",
        "1 年": "每年",
        "hour": "hourly",
        "day": "daily",
        "week": "weekly",
        "2 weeks": "biweekly fortnightly fortnight bi_weekly",
        "month": "monthly",
        "quarter": "quarterly",
        "6 months": "semiannually biannually half_yearly",
        "year": "yearly annually annual",
    }.items()
    for said in words.split()
}


def counted(text: str) -> tuple[str, bool]:
    """Gives a number whose thousands are a letter: `10k`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?(\w+)", text)
    return (text, False) if found is None else (f"{Decimal(found[1]).scaleb(_TIMES[found[2].lower()]):f}", False)

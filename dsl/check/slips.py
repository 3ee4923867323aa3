r"""Texts that are no FEEL, as patterns, and what they mean; `\1` is what the first group of a pattern holds.

Each constant is those of one row of `causes.py`, in the order in which they are tried.
"""

from __future__ import annotations

from charter.dsl.check.meanings import ALL, C, X

Slips = tuple[tuple[str, str], ...]

SUCH_THAT = r"\s*(?:satisfies|with|where|such +that|so +that|has|have|:|\||,)\s*"

# one end of a range in a cell
_END = r"(?:\d{4}-\d\d-\d\d|[￥¥]?\d[\d.]*(?: ?[A-Z]{3}| ?%|万?元| ?(?:working )?[a-z]+(?<!to))?)"

CELL: Slips = (
    (r"^\s*>=? *(\S+) +and +<= *(\S+)\s*$", r"[\1..\2]"),
    (r"^\s*> *(\S+) +and +< *(\S+)\s*$", r"(\1..\2)"),
    (r"^\s*>= *(\S+) +and +< *(\S+)\s*$", r"[\1..\2)"),
    (
        rf"^\s*({_END}) *(?:to|until|through|-|–|~|—|－|～|\.\.+|…|至|到) *({_END})\s*$",
        r"[\1..\2]",
    ),
    (r"^\s*between (.+) and (.+?)\s*$", r"[\1..\2]"),
    (r"^\s*in *\((.*)\)\s*$", r"\1"),
    (r"^\s*(\S+|\"[^\"]*\") +(?:or|或|\|\||\|) +(\S+|\"[^\"]*\")\s*$", r"\1, \2"),
    (r"^\s*==? *([^=<>].*?)\s*$", r"\1"),
    (r"^\s*(?:not +|!)(\"[^\"]*\"|[\w.]+)\s*$", r"not(\1)"),
    (r"^\s*(\d[\w.]*) *\+\s*$", r">= \1"),
    (r"^\s*([<>]=?\s*\S+)\s+or\s+([<>]=?\s*\S+)\s*$", r"\1, \2"),
    (r"^\s*(?:any|\*|all|任意|任何|不限)\s*$", "-"),
)
QUANTIFIER: Slips = (
    (
        rf"\b(?:not +(?:any|some)|no|none +of)\s+(\w+)\s+in\s+({X}){SUCH_THAT}({C}){ALL}",
        r"not(some \1 in \2 satisfies \3)",
    ),
    (r"\b(?:some|any)\s+([\w.]+)\.(\w+)\s*([<>]=?|!?=)", r"some x in \1 satisfies x.\2 \3"),
    (r"\b(?:every|all)\s+([\w.]+)\.(\w+)\s*([<>]=?|!?=)", r"every x in \1 satisfies x.\2 \3"),
    (r"\b(some|every)\s+(\w+)\s+of\b", r"\1 \2 in"),
    (
        rf"\b(?:any|exists|some|there +is)\s+(\w+)\s+in\s+({X}){SUCH_THAT}({C}){ALL}",
        r"some \1 in \2 satisfies \3",
    ),
    (
        rf"\b(?:all|every|each|forall|for +all|for +each|for +every)\s+(\w+)\s+in\s+({X}){SUCH_THAT}({C}){ALL}",
        r"every \1 in \2 satisfies \3",
    ),
    (rf"\b(?:any|some|exists)\(\s*({X})\s*,\s*\(?(\w+)\)?\s*[-=]>\s*({C})\)", r"some \2 in \1 satisfies \3"),
    (rf"\b(?:all|every)\(\s*({X})\s*,\s*\(?(\w+)\)?\s*[-=]>\s*({C})\)", r"every \2 in \1 satisfies \3"),
    (rf"\b(?:any|some)\s*\(\s*({C})\s+for\s+(\w+)\s+in\s+({X})\s*\)", r"some \2 in \3 satisfies \1"),
    (rf"\b(?:all|every)\s*\(\s*({C})\s+for\s+(\w+)\s+in\s+({X})\s*\)", r"every \2 in \3 satisfies \1"),
    (rf"({X})\.(?:any|some|exists|anyMatch)\(\s*\(?(\w+)\)?\s*[-=]>\s*({C})\)", r"some \2 in \1 satisfies \3"),
    (rf"({X})\.(?:all|every|allMatch)\(\s*\(?(\w+)\)?\s*[-=]>\s*({C})\)", r"every \2 in \1 satisfies \3"),
    (r"(?:存在|某个|任一|任何|有)\s*([^\W\d][\w.]*)\.(\w+)\s*([<>]=?|!?=)", r"some x in \1 satisfies x.\2 \3"),
    (r"(?:所有|每个|每個|全部)(?:的)?\s*([^\W\d][\w.]*)\.(\w+)\s*([<>]=?|!?=)", r"every x in \1 satisfies x.\2 \3"),
    (r"(?:存在|某个|任一)\s*(\w+)\s+in\s+", r"some \1 in "),
    (r"(?:所有|每个|每個)\s*(\w+)\s+in\s+", r"every \1 in "),
)
LOOPS: Slips = (
    (rf"(?<=\()\s*({C})\s+for\s+(\w+)\s+in\s+({X})\s*(?=\))", r"for \2 in \3 return \1"),
    (rf"\[\s*({C})\s+for\s+(\w+)\s+in\s+({X})\s*\]", r"for \2 in \3 return \1"),
    (rf"({X})\.(?:map|select)\(\s*\(?(\w+)\)?\s*[-=]>\s*({C})\)", r"for \2 in \1 return \3"),
    (
        rf"\bfor\s+(?:each\s+)?(\w+)\s+in\s+({X})\s*(?:do|:|give|yield|,|select)?\s*({C}){ALL}",
        r"for \1 in \2 return \3",
    ),
    (r"\bfor\s+each\s+(\w+)\s+in\b", r"for \1 in"),
)
FILTER: Slips = (
    (rf"(?<=\()({X})\s+(?:if|when)\s+({C})(?=\))", r"\1[\2]"),
    (rf"(?<![\w.])(\w+)\(({X})\)\s+(?:where|with|if)\s+({C}){ALL}", r"\1(\2[\3])"),
    (rf"({X})\s+(?:where|with|such +that|having)\s+({C}){ALL}", r"\1[\2]"),
    (rf"({X})\.(?:filter|where|find)\(\s*\(?\w+\)?\s*[-=]>\s*\w+\.({C})\)", r"\1[\2]"),
)
NULL: Slips = (
    (
        rf"({X})\s+(?i:is\s+not|isn't|not)\s+(?i:null|none|nil|defined|set|missing|blank|undefined)\b",
        r"\1 != null",
    ),
    (rf"({X})\s+(?i:is)\s+(?i:null|none|nil|missing|unset|undefined|blank|unknown)\b", r"\1 = null"),
    (rf"({X})\s+(?:(?:is|are) +)?(?:exists?|set|present|known|defined|given|filled)(?: in)?\b", r"\1 != null"),
    (rf"\bexists?\s+({X})", r"\1 != null"),
    *((rf"\bempty\s+({X})", rf"\1 = {none}") for none in ('""', "[]", "null")),
    *((rf"({X})\s+(?:(?i:is)\s+)?(?i:not)\s+(?i:empty)\b", rf"\1 != {none}") for none in ('""', "[]", "null")),
    *((rf"({X})\s+(?:(?i:is)\s+)?(?i:empty)\b", rf"\1 = {none}") for none in ('""', "[]", "null")),
    (rf"({X})\s*(?:不为空|非空|不是空值?|有值|不為空|已填)", r"\1 != null"),
    (rf"({X})\s*(?:为空|是空值?|没有值?|沒有值?|為空|未填写?|没填|缺失|不存在)", r"\1 = null"),
)
RANGE: Slips = (
    (rf"({X})\s*>=\s*({X})\s*<=\s*({X})", r"\1 between \2 and \3"),
    (rf"({X})\s*>\s*({X})\s*<\s*({X})", r"\1 > \2 and \1 < \3"),
    (r"\b(?:is|are)\s+(?=between\b|in\b)", ""),
    (rf"\bin\s*([\[(])\s*({X})\s*,\s*({X})\s*([\])])", r"in \1\2..\3\4"),
    (rf"\b(?:range|RANGE)\(\s*({X})\s*,\s*({X})\s*\)", r"[\1..\2]"),
    (rf"\b(?:within|from)\s+({X})\s+(?:and|to)\s+({X})", r"between \1 and \2"),
    (rf"\bbetween\s*\(?\s*({X})\s*(?:,|to|\.\.|-|until|–|and)\s*({X})\s*\)?", r"between \1 and \2"),
    (rf"(?:介于|在|介於)\s*({X})\s*(?:和|与|到|至|、|,|and)\s*({X})\s*(?:之间|之間)?", r" between \1 and \2"),
    (rf"({X})\s*\b(?:from|in)\s+\(?\s*({X})\s*(?:to|\.\.|-|–)\s*({X})\s*\)?", r"\1 in [\2..\3]"),
    (rf"({X})\s*<\s*({X})\s*<\s*({X})", r"\1 < \2 and \2 < \3"),
    (rf"({X})\s*(<=?)\s*({X})\s*(<=?)\s*({X})", r"\1 \2 \3 and \3 \4 \5"),
    (rf"({X})\s*(>=?)\s*({X})\s*(>=?)\s*({X})", r"\1 \2 \3 and \3 \4 \5"),
)
LISTED: Slips = (
    (rf"\b(?:is\s+)?either\s+({X})\s+or\s+({X})", r"in (\1, \2)"),
    (
        r"\b(?:in|is +one +of|one +of|is +any +of|any +of|is +in|is +either|either)\s*\{([^{}]*)\}",
        r"in (\1)",
    ),
    (rf"\b(?:in|is +one +of|one +of|is +any +of|any +of|is +in)\s+({X}(?:\s*,\s*{X})+)", r"in (\1)"),
    (r"\b(?:is +one +of|one +of|is +any +of|any +of|is +in)\s*(?=[\[(])", r"in "),
    (r"(?:属于|属於|屬於|是其中之一)\s*(?=[\[(])", r" in "),
    (rf"({X})\s*=\s*({X}(?:\s*,\s*{X})+)", r"\1 in (\2)"),
    (rf"\bin\s+({X}(?:\s+or\s+{X})+)", r"in (\1)"),
)
CHOICES: Slips = (
    (rf"\bif\s+({C})\s*,?\s*then\s+({C})\s*,?\s*else\s+({C}){ALL}", r"if \1 then \2 else \3"),
    (rf"\bif\s+({C})\s+then\s*\{{\s*({C})\s*\}}\s*else\s*\{{\s*({C})\s*\}}", r"if \1 then \2 else \3"),
    (r"\s*[;,](?=\s*else\b)", ""),
    (rf"\bunless\s+({C})\s+then\b", r"if not(\1) then"),
    (rf"\bif\s*\(?({C})\)?\s*\{{\s*({C})\s*\}}\s*else\s*\{{\s*({C})\s*\}}", r"if \1 then \2 else \3"),
    (rf"\bif\s+({C})\s*:\s*({C})\s*(?:;|,)?\s*\belse\b\s*:?\s*({C}){ALL}", r"if \1 then \2 else \3"),
    (rf"({C})\s*[?？]\s*({C})\s*[:：]\s*({C}){ALL}", r"if \1 then \2 else \3"),
    (rf"\b(?:if|IF|If)\s*\(({C})\s*[,;]\s*({C})\s*[,;]\s*({C})\)", r"if \1 then \2 else \3"),
    (rf"({C})\s+\bif\s+({C})\s+else\s+({C}){ALL}", r"if \2 then \1 else \3"),
    (
        rf"\b(?i:case)\s+(?i:when)\s+({C})\s+(?i:then)\s+({C})\s+(?i:else)\s+({C})\s+(?i:end)\b",
        r"if \1 then \2 else \3",
    ),
    (r"\b(?:elif|elseif|elsif|elsewhen)\b", "else if"),
    (
        rf"(?:如果|若|假如)\s*({C})\s*,?\s*(?:则|那么|就|則|那麼)\s*({C})\s*,?\s*(?:否则|否則|不然)\s*({C}){ALL}",
        r"if \1 then \2 else \3",
    ),
    (rf"\bif\s+({C})\s*,\s*({C})\s*,?\s*\b(?:else|otherwise)\b\s*({C}){ALL}", r"if \1 then \2 else \3"),
    (rf"\bthen\s+({C})\s*,?\s*\botherwise\b", r"then \1 else"),
    (rf"\bif\s+({C})\s+(?:return|do|give)\s+({C})\s+else\b", r"if \1 then \2 else"),
)
TEXT_FUNCTION: Slips = (
    (rf'({X})\s*=?~=?\s*/([^/"]*)/', r'matches(\1, "\2")'),
    (rf'({X})\s*!~\s*("[\w %-]*")', r"not(contains(\1, \2))"),
    (rf'({X})\s*~\s*("[\w %-]*")', r"contains(\1, \2)"),
    (
        rf"({X})\s+(?:does +not|doesn't|not)\s+(?:contains?|includes?|has|have)\s+({X})",
        r"not(contains(\1, \2))",
    ),
    (
        rf"({X})\s+(?:does +not|doesn't|not)\s+(?:contains?|includes?|has|have)\s+({X})",
        r"not(list contains(\1, \2))",
    ),
    (rf"({X})\s+(?:contains|contain|includes|include|has|containing)\s+({X})", r"contains(\1, \2)"),
    (rf"({X})\s+(?:contains|contain|includes|include|has|containing)\s+({X})", r"list contains(\1, \2)"),
    (rf"({X})\s*(?:不包含|不含)\s*({X})", r"not(contains(\1, \2))"),
    (rf"({X})\s*(?:不包含|不含)\s*({X})", r"not(list contains(\1, \2))"),
    (rf"({X})\s*(?:包含|含有|包括)\s*({X})", r"contains(\1, \2)"),
    (rf"({X})\s*(?:包含|含有|包括)\s*({X})", r"list contains(\1, \2)"),
    (rf"({X})\s+(?:starts?|begins?) ?with\s+({X})", r"starts with(\1, \2)"),
    (rf"({X})\s+ends? ?with\s+({X})", r"ends with(\1, \2)"),
    (rf"({X})\s+(?:matches|match|regexp|rlike|~|=~)\s+({X})", r"matches(\1, \2)"),
)

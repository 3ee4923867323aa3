"""Turns diagnostics, refusals and codes into words on a screen; the only place that formats them.

Sentences come from `messages/{en,zh}.toml` by way of `languages.py`, pages from `diagnostics/CODE.md`. It decides
nothing: which diagnostics there are, and in which order, is its caller's business. Colour is used only when asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Literal

from charter.dsl.codes import CODES
from charter.dsl.diagnostic import Diagnostic, Fix
from charter.dsl.messages import languages
from charter.dsl.text.source import Source
from charter.dsl.text.width import display_width, shown, wrap
from charter.dsl.text.words import Language, language_of, table as keyword_table
from charter.engine.machines import Kind
from charter.engine.moves import why_not
from charter.engine.personal import whose
from charter.engine.refusals import Reason
from charter.engine.shipped import Tables, shipped

Format = Literal["full", "concise"]

_COLOURS = {
    "error": "\033[1;31m",
    "warning": "\033[1;33m",
    "note": "\033[1;36m",
    "place": "\033[1;34m",
    "off": "\033[0m",
}
# Arguments whose values are words of the tables, not the author's.
_WORDS = frozenset({"kind", "wanted", "given", "what", "why"})
# A line longer than this is shown around the place only.
_WIDEST = 160
_NARROWEST = 20  # below which a text is not folded


@cache
def table(lang: str) -> Mapping[str, Any]:
    """The message table of a language, one of `languages.LANGUAGES`."""
    written = shipped("charter.dsl", f"messages/{languages.source(lang)}.toml")
    return Tables(languages.told(written, lang))


class _Arguments(dict[str, object]):
    """The arguments of a sentence; `{ROLE}`, `{FIRST}`, `{TEXT}` are the author's file's words for these.

    One that is missing is shown by its name instead of breaking the sentence.
    """

    keywords: Language = "en"
    comma = ", "

    def __missing__(self, key: str) -> str:
        if key == "TYPES":
            return self.comma.join(words[0] for words in keyword_table(self.keywords)["types"].values())
        for section in map(keyword_table(self.keywords).get, ("lines", "policies", "types")):
            for known, words in (section or {}).items():
                if known.upper() == key:
                    return str(words[0])
        return f"{{{key}}}"


def word(text: str, lang: str) -> str:
    """Says a word of the tables (a kind of thing, a type such as `list of number`) in a language."""
    words = table(lang)["words"]
    if text in words:
        return str(words[text])
    if text.startswith("list of "):
        return str(words["_list_of"].format(item=re.sub("^an? ", "", word(text[8:], lang))))
    one, either, other = text.partition(" or ")
    if either and word(one, lang) != one and word(other, lang) != other:
        return str(words["_or"].format(one=word(one, lang), other=word(other, lang)))
    return text


def _expected(listed: Iterable[str], lang: str) -> str:
    """Says what could stand at a place: words as they are written, `@key` for a phrase of the table."""
    phrases = table(lang)["phrases"]
    return _either(
        [phrases.get(w[1:], w[1:]) if w.startswith("@") else "…" if w == "…" else f"`{w}`" for w in listed], lang
    )


def _either(said: Sequence[str], lang: str) -> str:
    phrases = table(lang)["phrases"]
    if len(said) < 2:
        return "".join(said)
    comma: str = phrases["comma"]
    if said[-1] == "…":
        return comma.join(said)
    return str(phrases["or"].format(some=comma.join(said[:-1]), last=said[-1]))


@cache
def spelled(written: str, language: Language) -> str:
    """Spells a line's keyword that is named in English as another language does; other text stays."""
    if written == "of":  # of the words spelled so, only that of an approval begins a line
        return keyword_table(language)["lines"]["ABOUT"][0]
    for key, words in keyword_table("en")["lines"].items():
        if words[0] == written:
            return keyword_table(language)["lines"][key][0]
    return written


def _said(arguments: Mapping[str, object], lang: str, keywords: Language | None = None) -> _Arguments:
    said = _Arguments()
    said.keywords = keywords or languages.keywords(lang)
    said.comma = table(lang)["phrases"]["comma"]
    if "form" in arguments:
        said["name"] = table(lang)["phrases"]["NAME"]  # where the author has written none
    for name, value in arguments.items():
        if name == "expected" and not isinstance(value, str):
            said[name] = _expected(value, lang)  # type: ignore[arg-type]
        elif name in _WORDS and isinstance(value, str):
            said[name] = word(value, lang).format_map(said) if value in table(lang)["words"] else word(value, lang)
        elif name in ("state", "verb") and isinstance(value, str):
            said[name] = table(lang)["states" if name == "state" else "verbs"].get(value, value)
        elif name in ("word", "needed") and isinstance(value, str):
            said[name] = spelled(value, said.keywords)
        elif name == "detail" and isinstance(value, str):
            said[name] = detail(value, lang)
        elif name == "form":
            said[name] = str(table(lang)["forms"][value]).format_map(said)
        elif name == "homes" and isinstance(value, tuple):
            said[name] = _either([word(each, lang) for each in value], lang)
        elif isinstance(value, tuple):
            said[name] = said.comma.join(f"`{each}`" for each in value)
        else:
            said[name] = value
    return said


_CODE = re.compile(r"([\u4e00-\u9fff]?)(`[^`]+`)(?=([\u4e00-\u9fff]?))")


def spaced(text: str) -> str:
    """Puts a blank between Chinese characters and what stands in backticks beside them; other text stays."""
    return _CODE.sub(lambda m: f"{m[1]}{' ' * bool(m[1])}{m[2]}{' ' * bool(m[3])}", text)


def _sentence(template: object, arguments: _Arguments) -> str:
    return spaced(str(template).format_map(arguments))


@cache
def _details(lang: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """What FEEL says, English as it is kept, as patterns, with what a language says instead."""
    return tuple((re.compile(pattern, re.DOTALL), said) for pattern, said in table(lang)["feel"].items())


@cache
def _failures() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The words for what hosts note and drivers say when something fails, with the patterns of what is kept."""
    return tuple((word, re.compile(pattern, re.DOTALL)) for word, pattern in table("en")["failures"].items())


def failure_word(text: str) -> str | None:
    """Gives the word for what failed, the same in every language; None for what is no sentence of ours."""
    return next((word for word, pattern in _failures() if pattern.fullmatch(text)), None)


def failure(text: str, lang: str) -> str:
    """Says in a language why something failed: what hosts note, what drivers say, or FEEL."""
    for word, pattern in _failures():
        match = pattern.fullmatch(text)
        if match is not None:
            return text if lang == "en" else spaced(table(lang)["failures"][word].format(*match.groups()))
    return detail(text, lang)


def detail(text: str, lang: str) -> str:
    """Says one of FEEL's own sentences in a language; one without a translation stays as it is."""
    for pattern, said in _details(lang):
        match = pattern.fullmatch(text)
        if match is not None:
            groups = range(1, len(match.groups()) + 1)
            # What stands in backticks is the author's, whatever word it looks like.
            raw = [text[match.start(g) - 1 : match.start(g)] == "`" for g in groups]
            return spaced(said.format(*(match[g] if raw[g - 1] else _part(match[g], lang) for g in groups)))
    return text


def _part(text: str, lang: str) -> str:
    """Says what stands inside one of FEEL's sentences: a word, several of them, or a sentence again."""
    if ", " in text and all(one in table(lang)["words"] for one in text.split(", ")):
        return str(table(lang)["phrases"]["comma"].join(word(one, lang) for one in text.split(", ")))
    said = word(text, lang)
    return said if said != text else detail(text, lang)


def message(diagnostic: Diagnostic, lang: str = "en", keywords: Language | None = None) -> str:
    """Gives the one sentence of a diagnostic; `keywords`: the language of the author's file, else the reader's."""
    return _of(diagnostic, "message", lang, keywords)


def help_of(diagnostic: Diagnostic, lang: str = "en", keywords: Language | None = None) -> str:
    """Gives what to do about a diagnostic: the hint that its arguments name, else what its code says."""
    return _of(diagnostic, "help", lang, keywords)


def _of(diagnostic: Diagnostic, key: str, lang: str, keywords: Language | None) -> str:
    """Gives a sentence of the cause that the arguments name (`hint`), where that has its own, else of the code."""
    hint = table(lang)["hints"].get(diagnostic.arguments.get("hint"), {})
    own = {"help": hint} if isinstance(hint, str) else hint
    return _sentence(own.get(key, table(lang)[diagnostic.code][key]), _said(diagnostic.arguments, lang, keywords))


def keywords_of(source: Source | None) -> Language | None:
    """Gives the language of a file's keywords, None where the file is not known."""
    return None if source is None else language_of(source.working)


def label(diagnostic: Diagnostic, lang: str = "en") -> str:
    """Gives the words under the place: what the author may have meant; empty where there is no guess."""
    if "guess" not in diagnostic.arguments:
        return ""
    key = str(diagnostic.arguments.get("guess_kind", "did_you_mean"))
    return _sentence(table(lang)["frame"][key], _said(diagnostic.arguments, lang))


def refusal_sentence(reason: Reason, lang: str = "en", kind: Kind | Literal["group"] | None = None) -> str:
    """Gives the sentence of a CH5xx reason: why a command is refused, or what an element waits for.

    `kind`: of the element that it is about, where that is known.
    """
    sentence = _wrong_state(reason, lang, kind) or table(lang)["refusals"].get(reason.code)
    arguments = _Arguments({k: _value(k, v, lang) for k, v in reason.arguments.items()})
    if reason.code in ("CH501", "CH535") and arguments.get("roles") == "":
        arguments["roles"] = table(lang)["phrases"]["in_charge"]
    if reason.code == "CH555" and all(whose(role) is not None for role in reason.arguments.get("roles", ("",))):
        sentence = table(lang)["phrases"]["waits_for_named"]
    if arguments.get("later"):
        sentence = table(lang)["phrases"]["later_stage"]
    if sentence is None:
        return reason.code
    seen = table(lang)["phrases"]["seen"] if arguments.get("values") else ""
    return _sentence(sentence, arguments) + _sentence(seen, arguments)


def _wrong_state(reason: Reason, lang: str, kind: Kind | Literal["group"] | None) -> str | None:
    state, verb = reason.arguments.get("state"), reason.arguments.get("verb")
    if reason.code != "CH502" or not isinstance(state, str) or not isinstance(verb, str):
        return None
    sentences = table(lang)["wrong_state"]
    return next((sentences[key] for key in why_not(state, verb, kind) if key in sentences), None)


# arguments of refusals whose values are words of the engine, and the table that says them
_ENGINE_WORDS = {"state": "states", "status": "states", "verb": "verbs", "kind": "words"}


def _value(name: str, value: object, lang: str) -> object:
    if name == "evidence" and value == "file":  # the word of the language; anything else is a record
        return word("file", lang)
    if name in _ENGINE_WORDS:
        return table(lang)[_ENGINE_WORDS[name]].get(value, value)
    if isinstance(value, list | tuple):
        comma: str = table(lang)["phrases"]["comma"]
        # the engine's word for whoever opened the case, where a process has no owner
        opener: str = table(lang)["phrases"]["opener"]
        return comma.join(opener if name == "roles" and v == "opener" else whose(str(v)) or str(v) for v in value)
    return "" if value is None else value


def meaning(code: str, lang: str = "en") -> str:
    """Gives the one line of a code of a diagnostic or of the engine's refusals, `…` for what differs each time."""
    said = table(lang)
    raw = str(said[code]["message"] if code in CODES else said["refusals"][code])
    return re.sub(r"\{\w+\}", "…", raw.format_map(_said({}, lang)))


# --- formats --------------------------------------------------------------------------------------


def render(
    diagnostics: Iterable[Diagnostic],
    sources: Mapping[str, Source],
    format: Format = "full",
    *,
    lang: str = "en",
    colour: bool = False,
    columns: int | None = None,
) -> str:
    """Writes diagnostics for a reader: `full` with the source line, folded within `columns`; `concise` one a line."""
    if format == "concise":
        return "".join(f"{_concise(d, sources.get(d.file), lang)}\n" for d in diagnostics)
    return "\n".join(_full(d, sources, lang, _COLOURS if colour else {}, columns) for d in diagnostics)


def _position(diagnostic: Diagnostic, source: Source | None) -> tuple[int, int]:
    return source.position(diagnostic.span[0]) if source is not None else (1, 1)


def _concise(diagnostic: Diagnostic, source: Source | None, lang: str) -> str:
    line, column = _position(diagnostic, source)
    severity = table(lang)["frame"][diagnostic.severity]
    guess = label(diagnostic, lang)
    said = message(diagnostic, lang, keywords_of(source))
    said += f"{table(lang)['frame']['semicolon']}{guess}" if guess else ""
    return f"{diagnostic.file}:{line}:{column}: {severity}[{diagnostic.code}] {said}"


def to_json(diagnostic: Diagnostic, source: Source | None, lang: str) -> dict[str, Any]:
    """Gives a diagnostic as plain data; offsets of edits are in characters of the file's text in its one form."""
    line, column = _position(diagnostic, source)
    end = source.position(diagnostic.span[1]) if source is not None else (1, 1)
    fix = diagnostic.fix
    return {
        "code": diagnostic.code,
        "slug": CODES[diagnostic.code].slug,
        "severity": diagnostic.severity,
        "message": message(diagnostic, lang, keywords_of(source)),
        "help": help_of(diagnostic, lang, keywords_of(source)),
        "file": diagnostic.file,
        "line": line,
        "column": column,
        "end_line": end[0],
        "end_column": end[1],
        "arguments": {k: list(v) if isinstance(v, tuple) else v for k, v in diagnostic.arguments.items()},
        "fix": None if fix is None else _fix(fix),
        "scenario": diagnostic.scenario,
    }


def _fix(fix: Fix) -> dict[str, Any]:
    edits = [{"start": e.span[0], "end": e.span[1], "text": e.text} for e in fix.edits]
    return {"safe": fix.safe, "edits": edits}


def _folded(lead: str, text: str, columns: int | None, indent: int, *, width: int | None = None) -> str:
    """Sets a text behind its lead, folded within `columns` below an indent; `width`: of a lead that holds colours."""
    before = max((display_width(lead) if width is None else width) - indent, 0)
    if columns is None or columns - indent < _NARROWEST:
        return lead + text
    first, *rest = wrap("-" * before + text, columns - indent) or [""]
    return "\n".join([lead + first[before:], *(" " * indent + line for line in rest)])


def _full(
    diagnostic: Diagnostic,
    sources: Mapping[str, Source],
    lang: str,
    colours: Mapping[str, str],
    columns: int | None,
) -> str:
    frame = table(lang)["frame"]
    off = colours.get("off", "")
    plain = f"{frame[diagnostic.severity]}[{diagnostic.code}]"
    head = f"{colours.get(diagnostic.severity, '')}{plain}{off}"
    colon = frame["colon"]
    source = sources.get(diagnostic.file)
    keywords = keywords_of(source)
    before = display_width(plain + colon)
    lines = [_folded(f"{head}{colon}", message(diagnostic, lang, keywords), columns, 2, width=before)]
    blue = colours.get("place", "")
    if source is None:
        lines.append(f"  {blue}-->{off} {diagnostic.file}")
        margin = "  "
    else:
        line, column = source.position(diagnostic.span[0])
        margin = " " * (len(str(line)) + 1)
        bar = f"{blue}{margin}|{off}"
        lines.append(f"{margin[1:]}{blue}-->{off} {diagnostic.file}:{line}:{column}")
        lines.append(bar)
        widest = _WIDEST if columns is None else min(_WIDEST, columns - len(margin) - 2)
        shown, caret = _excerpt(source, line, column, diagnostic.span[1] - diagnostic.span[0], widest)
        lines.append(f"{blue}{line} |{off} {shown}")
        under = f"{colours.get(diagnostic.severity, '')}{caret} {label(diagnostic, lang)}".rstrip()
        lines.append(f"{bar} {under}{off}")
    for place in diagnostic.also:
        other = sources.get(place.file)
        if other is not None:
            at, column = other.position(place.span[0])
            lines.append(f"{margin}{blue}={off} {frame[place.note]}{colon}{place.file}:{at}:{column}")
    lead, indent = f"{margin}{blue}={off} {frame['help']}{colon}", display_width(f"{margin}= {frame['help']}{colon}")
    lines.append(_folded(lead, help_of(diagnostic, lang, keywords), columns, indent, width=indent))
    lines.append(f"{lead}charter explain {diagnostic.code}")
    if diagnostic.scenario is not None:
        lines.append(f"{margin}{blue}={off} {frame['shown_by']}{colon.rstrip()}")
        lines += [f"{margin}    {line}" for line in diagnostic.scenario.rstrip().splitlines()]
    return "\n".join(lines) + "\n"


def _excerpt(source: Source, line: int, column: int, length: int, widest: int) -> tuple[str, str]:
    """The source line (the part around the place, when it is wide) and the marks under the place."""
    # Control characters would move the reader's cursor or do worse.
    text = shown(source.line_text(line).replace("\t", " "), "�")
    start = column - 1
    if display_width(text) > widest:
        first = start
        while first > 0 and display_width(text[first - 1 : start]) <= widest // 3:
            first -= 1
        last = first
        while last < len(text) and display_width(text[first : last + 1]) <= widest:
            last += 1
        while first > 0 and last == len(text) and display_width(text[first - 1 :]) <= widest:
            first -= 1
        text, start = text[first:last].rstrip(), start - first
    marked = text[start : start + max(1, length)]
    return text, " " * display_width(text[:start]) + "^" * max(1, display_width(marked))

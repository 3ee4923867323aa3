"""The smallest change after which an expression is right, where no cause is known.

Signs and words are added, moved or left out, one at a time, near the fault. Whatever is read and fits is a candidate.
It is told only where no other is as small; a few that are as small are told as alternatives. What an author has named
or compared is never left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from charter.dsl.check.expressions import canonical
from charter.dsl.check.mends import Mend, Place
from charter.engine.feel.own import UNITS
from charter.engine.feel.words import KEYWORDS

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\d+(?:\.\d+)?%?|[^\W\d]\w*(?:\.[^\W\d]\w*)*|\*\*|[<>!=]=|\.\.|[^\s\w]')
_JOIN = frozenset({"and", "or", "=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", ",", "in"})
_STRAY = frozenset(";:,.?!$@#&|\\~^'`")
_TRIED = 60


class Token(NamedTuple):
    text: str
    start: int
    end: int

    @property
    def value(self) -> bool:
        """Whether it is, or ends, something that has a value."""
        word = self.text in KEYWORDS and self.text not in ("true", "false", "null")
        return (self.text[0].isalnum() or self.text[0] in '"_') and not word


def _tokens(place: Place) -> tuple[list[Token], int]:
    """Gives the tokens of an expression, and which of them the fault is at."""
    tokens = [Token(m[0], *m.span()) for m in _TOKEN.finditer(place.text)]
    return tokens, next((n for n, token in enumerate(tokens) if token.end > place.fault.start), len(tokens))


def smallest(place: Place) -> Iterator[Mend]:
    """The only smallest change that leaves nothing wrong; several of a size as alternatives."""
    tokens, at = _tokens(place)
    tried = 0
    for kind in (_left_out, _bracketed, _moved, _joined):
        found: dict[str, str] = {}
        for change in kind(tokens, at):
            tried += 1
            if tried > _TRIED:
                return
            text = _with(place.text, change)
            if not place.faults(text):
                found.setdefault(canonical(text, "unary" if place.unary else "expression"), text)
        if len(found) == 1:
            [text] = found.values()
            # What has moved is only seen in the whole.
            yield Mend(0, len(place.text), text) if kind is _moved else _difference(place.text, text)
            return
        if 1 < len(found) < 4:
            start, end = place.fault.start, max(place.fault.end, place.fault.start + 1)
            yield Mend(start, end, None, {"hint": "either", "expected": tuple(found)})
            return


def side_by_side(place: Place) -> Iterator[Mend]:
    """Two values with nothing between them."""
    tokens, at = _tokens(place)
    ends = 0 < at < len(tokens) and (tokens[at - 1].text in (")", "]") or _is_known(tokens[at - 1], place))
    if ends and _is_known(tokens[at], place):
        one, other = tokens[at - 1], tokens[at]
        yield Mend(one.start, other.end, None, {"one": one.text, "other": other.text})


def _is_known(token: Token, place: Place) -> bool:
    """Whether a token is a literal, or leads from a name that there is."""
    name = token.text.partition(".")[0]
    kind = place.known.kind(name) or (name in place.known.extra)
    return token.value and (not token.text[0].isalpha() or bool(kind))


Change = tuple[tuple[int, int, str], ...]  # texts put in places


def _left_out(tokens: list[Token], at: int) -> Iterator[Change]:
    """A sign that is there twice, or has no meaning at either end."""
    for number in range(max(0, at - 1), min(len(tokens), at + 2)):
        token = tokens[number]
        twice = token.text in _JOIN and any(
            0 <= near < len(tokens) and tokens[near].text in _JOIN for near in (number - 1, number + 1)
        )
        ends = token.text in _STRAY and number in (0, len(tokens) - 1)
        if twice or ends:
            yield ((token.start, token.end, ""),)


def _bracketed(tokens: list[Token], at: int) -> Iterator[Change]:
    """A bracket that lacks its other."""
    for opening, closing in ("()", "[]"):
        opened = sum(token.text == opening for token in tokens) - sum(token.text == closing for token in tokens)
        if opened == 1:
            yield from (((token.end, token.end, closing),) for token in reversed(tokens))
        if opened == -1:
            yield from (((token.start, token.start, opening),) for token in tokens)


def _moved(tokens: list[Token], at: int) -> Iterator[Change]:
    """A unit or a currency that does not stand behind its number, and neighbours in the wrong order."""
    for number in range(max(0, at - 1), min(len(tokens), at + 2)):
        unit = tokens[number]
        if unit.text not in UNITS and not re.fullmatch("[A-Z]{3}", unit.text):
            continue
        for place, bare in enumerate(tokens):
            behind = tokens[place + 1].text if place + 1 < len(tokens) else ""
            if re.fullmatch(r"\d+(?:\.\d+)?", bare.text) and behind not in UNITS:
                yield ((bare.end, bare.end, f" {unit.text}"), (unit.start, unit.end, ""))


def _joined(tokens: list[Token], at: int) -> Iterator[Change]:
    """Two conditions with nothing between them."""
    apart = 0 < at < len(tokens) and tokens[at - 1].end < tokens[at].start  # a word is not parted
    if apart and tokens[at].value and (tokens[at - 1].value or tokens[at - 1].text in (")", "]")):
        for word in ("and", "or", ","):
            yield ((tokens[at - 1].end, tokens[at].start, f" {word} " if word != "," else ", "),)


def _with(text: str, change: Change) -> str:
    for start, end, said in sorted(change, reverse=True):
        before, after = text[:start], text[end:]
        text = before + said + (after if said else after.lstrip() if before.endswith(" ") or not before else after)
    return text.strip()


def _difference(one: str, other: str) -> Mend:
    """Gives the least part of a text that becomes another."""
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    back = 0
    while back < min(len(one), len(other)) - start and one[-1 - back] == other[-1 - back]:
        back += 1
    # Whole words are shown.
    while start and (one[start - 1].isalnum() or one[start - 1] in "_."):
        start -= 1
    while back and (one[len(one) - back].isalnum() or one[len(one) - back] in "_."):
        back -= 1
    return Mend(start, len(one) - back, other[start : len(other) - back])


# --- what is too much or missing at an end


def bracket(place: Place) -> Iterator[Mend]:
    """A bracket too many."""
    if place.written and place.written in ")]}":
        yield Mend(place.fault.start, place.fault.end, "")


def leading(place: Place) -> Iterator[Mend]:
    """A word in front of the expression that its line has said already."""
    match = re.match(r"\s*(?:if|when|where|return|then|=|that|only if|either|both|如果|当)\s*(?=[\w(\"])", place.text)
    if match is not None:
        yield Mend(*match.span(), "")


def ends(place: Place) -> Iterator[Mend]:
    """Something behind the last word is missing."""
    match = re.search(r"(\w+|[^\w\s]+)\s*$", place.text)
    if match and place.fault.start >= match.end(1) and (match[1] in KEYWORDS or not match[1][-1].isalnum()):
        yield Mend(*match.span(1), None, {"name": match[1]})


def begins(place: Place) -> Iterator[Mend]:
    """Something before a word that joins two is missing."""
    first = re.search(r"(?:^|[(\[,]|\b(?:and|or|then|else|not))\s*$", place.text[: place.fault.start])
    if first and (place.written in ("and", "or", "in", "between") or re.fullmatch(r"[<>=!*/+]+", place.written)):
        yield Mend(place.fault.start, place.fault.end, None, {"name": place.written})


# --- names ------------------------------------------------------------------------------------------


def same_letters(place: Place) -> Iterator[Mend]:
    """A path of which only capitals, signs and words around it differ: `Request.Amount`, `request.getAmount()`."""
    run = next((m for m in re.finditer(r"[^\W\d][\w.]*(?:\(\))?", place.text) if _holds(m, place)), None)
    if run is None or place.inside(run.start()):
        return
    start, end = place.fault.start, place.fault.end
    if place.near is not None and len(place.faults(place.text[:start] + place.near + place.text[end:])) < len(
        place.before
    ):
        return  # a slip in one name
    written = run[0].removesuffix("()")
    paths = {path: _letters(path) for path in place.known.paths()}
    wanted = _letters(written)
    segments = [_letters(one) for one in written.split(".")]
    last = re.sub(r"^(?:get|is|has|the)(?=[a-z])", "", segments[-1])
    root = written.partition(".")[0]
    astray = "." in written and place.known.kind(root) is None and root not in place.known.extra
    groups = (
        [path for path, letters in paths.items() if letters == wanted],
        [path for path in paths if [_letters(one) for one in path.split(".")] == [*segments[:-1], last]],
        [path for path in paths if astray and _letters(path.rpartition(".")[2]) in (segments[-1], last)],
    )
    for found in groups:
        if len(found) == 1 and found[0] != run[0]:
            yield Mend(*run.span(), found[0], {"expected": found})
            return
        if found:
            fit = [path for path in found if len(place.faults(_put(place.text, run, path))) < len(place.before)]
            if len(fit) == 1:
                yield Mend(*run.span(), fit[0], {"expected": fit})
            return


def _holds(match: re.Match[str], place: Place) -> bool:
    return match.start() <= place.fault.start < match.end()


def _letters(path: str) -> str:
    return re.sub(r"[\W_]", "", path).casefold()


def _put(text: str, match: re.Match[str], said: str) -> str:
    return text[: match.start()] + said + text[match.end() :]

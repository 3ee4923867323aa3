"""Finds the cause of what is wrong with an expression, and the mend: whatever is proposed has been tried.

The causes are rows of `causes.py`. Each says what its author may have written and what FEEL says instead; a mend counts
only where the expression, so written, can be read further than before or has fewer faults. Of several the first that
leaves none is meant. It knows no sentence: a cause names its hint in the message tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from types import MappingProxyType
from typing import Any, NamedTuple

from msgspec import Struct, structs

from charter.dsl.check.findings import Budget
from charter.dsl.check.known import Known
from charter.engine import feel
from charter.engine.feel.words import MARKS

LONGEST = 400  # characters of an expression whose cause is looked for
_CHAIN = 8  # faults of one text that are mended at once
_LOOKING = 1_000  # what it costs to look for the cause of one fault
_TRIES = 60  # mends that are tried of one expression
_NAMED = frozenset({"CH302", "CH303", "CH307"})  # faults of one name, which others do not hide
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


class Fault(NamedTuple):
    """What is wrong with an expression: a code of the diagnostics, and the place in the expression's text."""

    code: str
    start: int
    end: int
    message: str = ""  # FEEL's own


class Mend(NamedTuple):
    """The text from `start` to `end` is wrong and becomes `text`; None: what it becomes is the author's to know.

    `said` fills the hint; `sure` is False where this text may mean something else, whatever its cause is.
    """

    start: int
    end: int
    text: str | None
    said: Mapping[str, Any] = MappingProxyType({})
    sure: bool = True


class Place(Struct):
    """An expression that is wrong, and what may be known of it.

    `faults` tells what is wrong with any other text that stood in its place.
    """

    text: str
    fault: Fault
    message: str  # FEEL's own
    before: tuple[Fault, ...]
    faults: Callable[[str], tuple[Fault, ...]]
    tree: feel.Node | None
    reread: Callable[[str], feel.Node | None]  # the tree of another text
    field: str  # that a `where` stands behind
    unary: bool  # a cell of a decision table, which tests one value
    alone: bool  # a decision table, which sees its inputs alone
    near: str | None  # a name there is that looks like the one that is not known
    known: Known

    @property
    def written(self) -> str:
        return self.text[self.fault.start : self.fault.end]

    def inside(self, at: int) -> bool:
        """Whether a place is inside a text in quotes."""
        return any(m.start() < at < m.end() for m in _QUOTED.finditer(self.text))


class Cause(Struct, frozen=True):
    """One thing that authors do: the codes it may come out as, what it is and becomes, and its hint.

    It is `safe` where no reader could have meant anything else, and `doubtful` where its mend counts only if nothing is
    wrong after it.
    """

    hint: str
    codes: frozenset[str]
    mends: Callable[[Place], Iterable[Mend]]
    safe: bool = False
    doubtful: bool = False


class Found(NamedTuple):
    """The cause of a fault, and the mend."""

    cause: Cause
    mend: Mend
    safe: bool


def find(place: Place, causes: Iterable[Cause], budget: Budget) -> Found | None:
    """Finds the cause: of the mends that leave nothing wrong the first, else of those that get further, else a hint."""
    if len(place.text) > LONGEST or budget.causes <= 0:
        return None
    budget.causes -= _LOOKING + len(place.text) ** 2  # what patterns may cost
    further: Found | None = None
    told: Found | None = None
    tries = 0
    for cause in causes:
        if place.fault.code not in cause.codes:
            continue
        for mend in islice(cause.mends(place), 12):
            if mend.text is None:
                told = told or Found(cause, mend, safe=False)
                continue
            if mend.text == place.text[mend.start : mend.end] or tries >= _TRIES:
                continue
            tries += 1
            budget.causes -= len(place.text)
            after = place.faults(_mended(place.text, mend))
            if not after:
                return Found(cause, mend, cause.safe and mend.sure)
            if further is None and _further(place, mend, after, cause):
                further = Found(cause, mend, cause.safe and mend.sure)
    return further or told


def find_all(place: Place, causes: Iterable[Cause], budget: Budget) -> tuple[Found | None, str | None, bool]:
    """Finds the cause, and mends whatever else keeps the text from being read.

    Gives the cause, the text mended (None where there is no mend), and whether all that was done to it is safe. What is
    read then and is wrong is mended too, if all of it can be. Where the text cannot be read it has the first mend only.
    """
    first = found = find(place, causes, budget)
    if first is None or first.mend.text is None:
        return first, None, False
    text, safe = _mended(place.text, first.mend), first.safe
    kept, read = (first, text, safe), False
    for _ in range(_CHAIN):
        left = place.faults(text)
        if place.fault.code != "CH301" or not left:
            return first, text, safe
        unread = next((fault for fault in left if fault.code == "CH301"), None)
        if unread is None and not read:
            kept, read = (first, text, safe), True
        fault = unread or left[0]
        again = structs.replace(
            place, text=text, fault=fault, message=fault.message, before=left, tree=place.reread(text), near=None
        )
        found = find(again, causes, budget)
        if found is None or found.mend.text is None:
            break
        text, safe = _mended(text, found.mend), safe and found.safe
    return kept


def _mended(text: str, mend: Mend) -> str:
    return text[: mend.start] + (mend.text or "") + text[mend.end :]


def _further(place: Place, mend: Mend, after: tuple[Fault, ...], cause: Cause) -> bool:
    """Whether an expression that is still wrong is less so than it was."""
    unread = next((fault for fault in after if fault.code == "CH301"), None)
    if cause.doubtful:
        return False
    if place.fault.code == "CH301":
        if unread is None or unread.start >= mend.start + len(mend.text or ""):
            return True
        # A sign that is none of FEEL is told before whatever else is wrong.
        return unread.start < mend.start and place.written not in MARKS and not place.written.isalnum()
    if place.fault.code in _NAMED:
        end = mend.start + len(mend.text or "")
        left = sum(fault.code in _NAMED for fault in after)
        apart = all(fault.end <= mend.start or end <= fault.start for fault in after)
        return unread is None and apart and left < sum(fault.code in _NAMED for fault in place.before)
    before = [fault for fault in place.before if fault.code != "CH308"]
    return unread is None and sum(fault.code != "CH308" for fault in after) < len(before)


_compiled = cache(re.compile)  # not before they are looked for: most files have nothing wrong


def touches(place: Place, start: int, end: int) -> bool:
    """Whether a text lies where the fault is, or directly before it."""
    fault = place.fault
    return start <= fault.end and not place.text[end : fault.start].strip()


def said(pattern: str, *meant: str) -> Callable[[Place], Iterator[Mend]]:
    r"""Gives what looks for a text at the fault and puts another in its place; `\1` is what its first group holds."""

    def mends(place: Place) -> Iterator[Mend]:
        for match in _compiled(pattern).finditer(place.text):
            if touches(place, *match.span()) and not place.inside(match.start()) and not place.inside(match.end()):
                for one in meant or (None,):
                    yield Mend(*match.span(), None if one is None else expanded(one, match))

    return mends


def expanded(meant: str, match: re.Match[str]) -> str:
    r"""Puts the groups of a match in the places of `\1`, `\2` …."""
    return re.sub(r"\\(\d)", lambda number: match[int(number[1])] or "", meant)


def read_as(pattern: str, reader: Callable[[str], Iterable[tuple[str, bool]]]) -> Callable[[Place], Iterator[Mend]]:
    """Gives what looks for a text at the fault, of which a reader says what it may be, and whether surely."""

    def mends(place: Place) -> Iterator[Mend]:
        for match in _compiled(pattern).finditer(place.text):
            inside = place.inside(match.start()) or place.inside(match.end())
            if touches(place, *match.span()) and not inside:
                for text, sure in reader(match[0]):
                    yield Mend(*match.span(), text, sure=sure)

    return mends

"""Judges mends by the whole check: of those that a line is offered, the first is told that leaves nothing wrong there.

A mend that can be read may still name what does not exist or mean something else. So the file is checked with it, all
its passes: a mend is right where its lines have no finding, and nowhere else one that is not there without the line.
All lines that are wrong are mended together first, which is nearly always right; only what is not is looked at one by
one. What a whole file may cost is bounded, and what the bound leaves untried is told without a mend.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from charter.dsl.check.lines import homes
from charter.dsl.diagnostic import Diagnostic, Edit, Fault, Fix
from charter.dsl.placing import block, moved_out, moved_up
from charter.dsl.text.layout import DECLARING
from charter.dsl.text.source import Source
from charter.dsl.text.words import language_of, spelled, spellings


class Checked(Protocol):
    """What the check says of a text."""

    @property
    def diagnostics(self) -> Sequence[Diagnostic]: ...

    @property
    def sources(self) -> Mapping[str, Source]: ...

    @property
    def definitions(self) -> Sequence[Any]: ...

    @property
    def scenarios(self) -> Sequence[Any]: ...


Check = Callable[[str], Checked]
Key = tuple[str, str, str]  # code, line, name

_TRIALS = 60  # of one file
_CHARACTERS = 500_000  # of all texts that are tried, after the first


_LEFT_OUT, _AS_IT_IS = -1, -2  # what becomes of a line of which no mend is chosen


class _Seen(Struct, frozen=True):
    """What the check says of the file with some mends: what is found, by the line that it is found in."""

    found: tuple[tuple[int, Key, bool], ...]
    lines: tuple[frozenset[int], ...]  # of each slot: the lines that its mend has written
    means: object

    def own(self, slot: int, *, errors: bool = True) -> int:
        return sum(error >= errors and line in self.lines[slot] for line, _, error in self.found)

    def elsewhere(self, slot: int, *, errors: bool = True) -> frozenset[Key]:
        return frozenset(key for line, key, error in self.found if error >= errors and line not in self.lines[slot])

    def brought(self, slot: int, without: _Seen) -> frozenset[Key]:
        """The errors elsewhere that are not there without the line, nor hidden there by others."""
        known = without.elsewhere(slot)
        last = min((code for code, _, _ in known), default="CH999")
        return frozenset(key for key in self.elsewhere(slot) if key not in known and key[0] <= last)


class _Slot:
    """A place with mends: the one that is chosen (-1: none), and what is told there."""

    def __init__(self, fault: Fault, line: bool, text: str) -> None:
        self.fault = fault
        self.line = line  # whether the line itself cannot be read
        self.words = frozenset(_words(_line_at(text, fault.told.span[0])))
        self.choice = 0 if fault.offers else -1
        self.told = fault.told

    def edits(self, choice: int, text: str) -> tuple[Edit, ...]:
        """The edits of a mend; without one, the line and its block are left out."""
        if choice >= 0:
            fix = self.fault.offers[choice].fix
            return fix.edits if fix is not None else ()
        return (Edit(block(text, self.fault.span), ""),) if self.line and choice == _LEFT_OUT else ()


def judged(
    path: str, source: Source, faults: Sequence[Fault], found: Iterable[Diagnostic], check: Check
) -> list[Diagnostic]:
    """Gives what is told of a file: each with the mend that is right, without those that are not."""
    return _Judge(path, source.text, faults, found, check).run()


class _Judge:
    def __init__(
        self, path: str, text: str, faults: Sequence[Fault], found: Iterable[Diagnostic], check: Check
    ) -> None:
        self.path, self.text, self.check = path, text, check
        self.found = list(found)
        by_place = {(f.told.code, f.told.span): f for f in faults}
        self.slots: list[_Slot] = []
        self.others: list[Diagnostic] = []
        for d in self.found:
            fault = by_place.get((d.code, d.span)) if d.file == path else None
            if fault is not None:
                if (fix := moved_up(d, text)) is not None:
                    moved = replace(d, arguments={**d.arguments, "hint": "declared"}, fix=fix)
                    fault = replace(fault, offers=(*fault.offers, moved), ranks=(*fault.ranks, 0))
                self.slots.append(_Slot(fault, True, text))
            elif d.file == path and d.is_error and (offers := tuple(_offers(d, text))):
                self.slots.append(_Slot(Fault(d, _without(d), d.span, offers, (0,) * len(offers)), False, text))
            else:
                self.others.append(d)
        self.trials, self.left = _TRIALS, _CHARACTERS + len(text)
        self.known = frozenset(self._key(d) for d in self.others if d.file == path)
        self.tried: dict[tuple[int, ...], _Seen | None] = {}

    def _key(self, d: Diagnostic) -> Key:
        return _key(d, self.text)

    # --- trying ---------------------------------------------------------------------------------

    def seen(self, choices: tuple[int, ...]) -> _Seen | None:
        """Checks the file with a mend of each slot; None where the bound is reached."""
        if choices not in self.tried:
            if self.trials <= 0 or self.left < 0:
                return None
            self.trials -= 1
            self.tried[choices] = self._check(choices)
        return self.tried[choices]

    def _check(self, choices: tuple[int, ...]) -> _Seen:
        edits: list[tuple[Edit, int]] = []
        for slot, choice in enumerate(choices):
            mine = self.slots[slot].edits(choice, self.text)
            if not any(_touch(one, other.span) for one in mine for other, _ in edits):
                edits += ((edit, slot) for edit in mine)
        edits.sort(key=lambda pair: pair[0].span)
        pieces, at, length = list[str](), 0, 0
        spans: list[list[tuple[int, int]]] = [[] for _ in choices]
        for edit, slot in edits:
            pieces += (self.text[at : edit.span[0]], edit.text)
            length += edit.span[0] - at
            spans[slot].append((length, length + len(edit.text)))
            length += len(edit.text)
            at = edit.span[1]
        text = "".join((*pieces, self.text[at:]))
        shifts = [(edit.span[1], len(edit.text) - (edit.span[1] - edit.span[0])) for edit, _ in edits]
        for slot, choice in enumerate(choices):
            if choice >= 0:  # the line itself, wherever the edits are
                start = self.slots[slot].told.span[0]
                spans[slot].append((moved := start + sum(by for end, by in shifts if end <= start), moved))
        self.left -= len(text)
        compiled = self.check(text)
        number = compiled.sources[self.path].position
        found = tuple(
            (number(d.span[0])[0], _key(d, text), d.is_error) for d in compiled.diagnostics if d.file == self.path
        )
        lines = tuple(
            frozenset(n for a, b in some for n in range(number(max(0, a))[0], number(max(a, b, 0))[0] + 1))
            for some in spans
        )
        return _Seen(found, lines, (compiled.definitions, compiled.scenarios))

    # --- choosing -------------------------------------------------------------------------------

    def run(self) -> list[Diagnostic]:
        slots = self.slots
        if not any(slot.fault.offers for slot in slots):
            return [*self.others, *self._each()]
        first = self.seen(tuple(slot.choice for slot in slots))
        assert first is not None
        if self._one_for_all():
            return [*self.others, *self._each()]
        odd = {key for _, key, error in first.found if error} - self.known
        for number, slot in enumerate(slots):
            if slot.choice < 0:
                continue
            doubtful = first.own(number) or slot.fault.ranks[0]
            named = any(self._names(slot, line) for _, line, _ in odd) or len(slots) == 1
            if doubtful or (odd and named) or self._contested(number):
                self.choose(number)
            else:
                slot.told = slot.fault.offers[0]
        return self._told()

    def _one_for_all(self) -> bool:
        """Whether all that is wrong follows from the first place: with its mend alone nothing is left."""
        first, *rest = self.slots
        if not rest or first.choice < 0 or not any(slot.line for slot in rest) or len(rest) > 20:
            return False
        for choice, offer in enumerate(first.fault.offers):
            seen = self.seen((choice, *(_AS_IT_IS for _ in rest)))
            if seen is not None and not any(error for _, _, error in seen.found):
                first.told, self.slots = offer, [first]
                self.others = [d for d in self.others if d.file != self.path or not d.is_error]
                return True
        return False

    def _is_safe(self, number: int, choice: int) -> bool:
        fix = self.slots[number].fault.offers[choice].fix
        return fix is not None and fix.safe

    def _contested(self, number: int) -> bool:
        """Whether the first mend says that nothing else can have been meant, and another one says so too."""
        offers = range(len(self.slots[number].fault.offers))
        return self._is_safe(number, 0) and any(self._is_safe(number, choice) for choice in offers[1:])

    def _names(self, slot: _Slot, line: str) -> bool:
        """Whether a line has a name of the line that is mended."""
        return not slot.words.isdisjoint(_words(line))

    def with_choice(self, number: int, choice: int) -> _Seen | None:
        return self.seen(tuple(choice if n == number else slot.choice for n, slot in enumerate(self.slots)))

    def choose(self, number: int) -> None:
        """Chooses the mend of a slot, those of the others as they are."""
        slot = self.slots[number]
        ranks = slot.fault.ranks
        without = self.with_choice(number, -1)
        chosen: list[int] = []
        for rank in sorted(set(ranks)):
            same = [choice for choice, of in enumerate(ranks) if of == rank]
            chosen = self._right(number, same, without, all_of_them=bool(rank) or self._contested(number))
            if chosen:
                break
        slot.choice = chosen[0] if chosen else -1
        slot.told = self._of(slot, chosen) if chosen else self._half(number, without)
        if len(chosen) != 1 and chosen and ranks[chosen[0]]:
            slot.choice = -1

    def _half(self, number: int, without: _Seen | None) -> Diagnostic:
        """What is told where no mend is right: the word that was meant, if one slip more is left in the line."""
        fault = self.slots[number].fault
        for choice, offer in enumerate(fault.offers):
            guess, hint = offer.arguments.get("guess"), offer.arguments.get("hint")
            seen = self.with_choice(number, choice) if guess and hint in (None, "word") else None
            if seen is None or seen.own(number) != 1 or fault.ranks[choice]:
                continue
            if without is None or not seen.brought(number, without) - self.known:
                return replace(offer, fix=None)
        return fault.plain

    def _of(self, slot: _Slot, chosen: Sequence[int]) -> Diagnostic:
        fault = slot.fault
        if not chosen:
            return fault.plain
        told = fault.offers[chosen[0]]
        if len(chosen) == 1:
            return told
        if not fault.ranks[chosen[0]]:  # the first of the causes that are known, of which others would do as well
            return told if told.fix is None else replace(told, fix=replace(told.fix, safe=False))
        if len(chosen) > 2:
            return fault.plain
        one, other = (str(fault.offers[choice].arguments.get("line", "")) for choice in chosen)
        arguments = {**fault.plain.arguments, "hint": "of_two", "one": one, "other": other}
        return replace(fault.plain, arguments=arguments)

    def _right(self, number: int, some: Sequence[int], without: _Seen | None, *, all_of_them: bool) -> list[int]:
        """The mends that leave nothing wrong at their lines and bring nothing elsewhere, one of those alike."""
        right: list[tuple[int, _Seen]] = []
        strict = bool(self.slots[number].fault.ranks[some[0]])
        for choice in some:
            seen = self.with_choice(number, choice)
            if seen is None:
                if all_of_them and strict:
                    return []  # whether it is the only one, nobody knows
                break
            if seen.own(number, errors=not strict):
                continue
            if without is not None and seen.brought(number, without) - self.known:
                continue
            missing = {name.lower() for _, _, name in seen.elsewhere(number) - self.known if name}
            if not missing.isdisjoint(self.slots[number].words):
                continue  # what is named in the line is still not there
            if any(seen.means == other.means for _, other in right):
                continue
            if not strict and right and not self._is_safe(number, choice):
                continue
            right.append((choice, seen))
            if not all_of_them and not seen.elsewhere(number) - self.known:
                return [choice]
        if not right:
            return []
        least = min(self._left(number, seen) for _, seen in right)
        return [choice for choice, seen in right if self._left(number, seen) == least]

    def _left(self, number: int, seen: _Seen) -> tuple[int, int]:
        return len(seen.elsewhere(number)), len(seen.elsewhere(number, errors=False))

    def _told(self) -> list[Diagnostic]:
        """All that is told: not what only follows from lines that are mended."""
        others = self.others
        told = self._each()
        if any(slot.line and slot.choice < 0 for slot in self.slots):
            return [*others, *told]
        last = self.seen(tuple(slot.choice for slot in self.slots))
        if last is not None and any(slot.line for slot in self.slots):
            left = {key for _, key, _ in last.found}
            others = [d for d in others if d.file != self.path or self._key(d) in left or not d.is_error]
        return [*others, *told]

    def _each(self) -> list[Diagnostic]:
        """What is told of each place; of lines that nobody can read, one under another, the first."""
        told: list[Diagnostic] = []
        above: _Slot | None = None
        for slot in self.slots:
            vague = slot.line and slot.told is slot.fault.plain and slot.told.code in ("CH114", "CH115")
            if vague and above is not None and not self.text[above.fault.span[1] : slot.fault.span[0]].strip():
                above = slot
                continue
            above = slot if vague else None
            told.append(_at_home(slot.told) if vague else slot.told)
        return told


def _at_home(d: Diagnostic) -> Diagnostic:
    """Says of a line that begins with a word of elements which of them it belongs in."""
    found = str(d.arguments.get("found", ""))
    key = next((words for words, name, _, _ in spellings() if words == found), None)
    if d.code != "CH115" or key is None or "hint" in d.arguments:
        return d
    terminals = {name for words, name, _, _ in spellings() if words == found}
    if terminals & DECLARING:
        return replace(d, arguments={**d.arguments, "hint": "declared"})
    for words, name, _, language in spellings():
        if language == "en" and name in terminals and (kinds := homes("of" if name == "ABOUT" else words)):
            return replace(d, arguments={**d.arguments, "hint": "home", "word": found, "homes": kinds})
    return d


# hints that hold without the mend
_LASTING = frozenset({"home", "declared", "too_deep", "enter_when", "assign_approval"})


def _without(d: Diagnostic) -> Diagnostic:
    """A finding without its mend."""
    if d.code.startswith("CH3"):  # what expressions were meant to say is judged where they are checked
        return d if d.fix is None else replace(d, fix=replace(d.fix, safe=False))
    arguments = {
        name: value
        for name, value in d.arguments.items()
        if name not in ("guess", "guess_kind", "guess_of")
        if name != "hint" or value in _LASTING
    }
    return replace(d, arguments=arguments, fix=None)


def _offers(d: Diagnostic, text: str) -> Iterator[Diagnostic]:
    """The mends of a finding: its own, and what only the whole text tells."""
    if d.fix is not None:
        yield d
    if (fix := moved_out(d, text)) is not None:
        yield replace(d, fix=fix)
    if d.code == "CH111" and not re.search(r"(?m)^[ \t]*[^\s#]", text[: d.span[0]]):
        language = language_of(text)
        played = re.search(rf"(?m)^[ \t]*(?:{_case()})[ :]+(\w+)", text)
        written = f"{spelled('PROCESS', language)} {played[1] if played else spelled('PROCESS', language)}"
        at = text.rfind("\n", 0, d.span[0]) + 1
        arguments = {"hint": "no_process", "instead": written}
        yield Diagnostic(d.code, d.span, arguments, Fix.at((at, at), f"{written}\n"), d.file)


@cache
def _case() -> str:
    return "|".join(words for words, terminal, _, _ in spellings() if terminal == "CASE")


def _line_at(text: str, offset: int) -> str:
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    return text[start : end if end >= 0 else len(text)].strip()


def _key(d: Diagnostic, text: str) -> Key:
    return d.code, _line_at(text, d.span[0]), str(d.arguments.get("name", ""))


def _words(line: str) -> Iterator[str]:
    return (word.lower() for word in re.findall(r"\w+", line) if not word.isdigit())


def _touch(one: Edit, other: tuple[int, int]) -> bool:
    return (one.span[0] < other[1] and other[0] < one.span[1]) or one.span == other

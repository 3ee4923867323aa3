"""Sets of characters as XML Schema regular expressions name them: escapes, categories, blocks, case variants.

A set is the sorted spans of code points it holds, none touching the next. The module knows no patterns; `bracket`
writes a set as Python's `re` reads it. Source: XML Schema 1.1 part 2 appendix G, Unicode categories of this Python.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache, partial, reduce
from itertools import groupby

from charter.engine.feel.frames import NoValue

Spans = tuple[tuple[int, int], ...]

LAST = 0x10FFFF
# Nothing is assigned between these two but what the planes for private use hold.
_ASSIGNED, _TAGS = 0x33000, range(0xE0000, 0xE0200)
_PRIVATE: Spans = ((0xE000, 0xF8FF), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD))

# block -> first and last code point; the names of Unicode 3.1 and their successors
_BLOCKS = """
BasicLatin 0-7F  Latin-1Supplement 80-FF  LatinExtended-A 100-17F  LatinExtended-B 180-24F  IPAExtensions 250-2AF
SpacingModifierLetters 2B0-2FF  CombiningDiacriticalMarks 300-36F  Greek 370-3FF  GreekandCoptic 370-3FF
Cyrillic 400-4FF  CyrillicSupplement 500-52F  Armenian 530-58F  Hebrew 590-5FF  Arabic 600-6FF  Syriac 700-74F
Thaana 780-7BF  Devanagari 900-97F  Bengali 980-9FF  Gurmukhi A00-A7F  Gujarati A80-AFF  Oriya B00-B7F  Tamil B80-BFF
Telugu C00-C7F  Kannada C80-CFF  Malayalam D00-D7F  Sinhala D80-DFF  Thai E00-E7F  Lao E80-EFF  Tibetan F00-FFF
Myanmar 1000-109F  Georgian 10A0-10FF  HangulJamo 1100-11FF  Ethiopic 1200-137F  Cherokee 13A0-13FF
UnifiedCanadianAboriginalSyllabics 1400-167F  Ogham 1680-169F  Runic 16A0-16FF  Khmer 1780-17FF  Mongolian 1800-18AF
LatinExtendedAdditional 1E00-1EFF  GreekExtended 1F00-1FFF  GeneralPunctuation 2000-206F
SuperscriptsandSubscripts 2070-209F  CurrencySymbols 20A0-20CF  CombiningMarksforSymbols 20D0-20FF
CombiningDiacriticalMarksforSymbols 20D0-20FF  LetterlikeSymbols 2100-214F  NumberForms 2150-218F  Arrows 2190-21FF
MathematicalOperators 2200-22FF  MiscellaneousTechnical 2300-23FF  ControlPictures 2400-243F
OpticalCharacterRecognition 2440-245F  EnclosedAlphanumerics 2460-24FF  BoxDrawing 2500-257F  BlockElements 2580-259F
GeometricShapes 25A0-25FF  MiscellaneousSymbols 2600-26FF  Dingbats 2700-27BF  BraillePatterns 2800-28FF
CJKRadicalsSupplement 2E80-2EFF  KangxiRadicals 2F00-2FDF  IdeographicDescriptionCharacters 2FF0-2FFF
CJKSymbolsandPunctuation 3000-303F  Hiragana 3040-309F  Katakana 30A0-30FF  Bopomofo 3100-312F
HangulCompatibilityJamo 3130-318F  Kanbun 3190-319F  BopomofoExtended 31A0-31BF  EnclosedCJKLettersandMonths 3200-32FF
CJKCompatibility 3300-33FF  CJKUnifiedIdeographsExtensionA 3400-4DBF  CJKUnifiedIdeographs 4E00-9FFF
YiSyllables A000-A48F  YiRadicals A490-A4CF  HangulSyllables AC00-D7AF  PrivateUse E000-F8FF  PrivateUseArea E000-F8FF
CJKCompatibilityIdeographs F900-FAFF  AlphabeticPresentationForms FB00-FB4F  ArabicPresentationForms-A FB50-FDFF
CombiningHalfMarks FE20-FE2F  CJKCompatibilityForms FE30-FE4F  SmallFormVariants FE50-FE6F
ArabicPresentationForms-B FE70-FEFE  HalfwidthandFullwidthForms FF00-FFEF  Specials FFF0-FFFF  OldItalic 10300-1032F
Gothic 10330-1034F  Deseret 10400-1044F  ByzantineMusicalSymbols 1D000-1D0FF  MusicalSymbols 1D100-1D1FF
MathematicalAlphanumericSymbols 1D400-1D7FF  Emoticons 1F600-1F64F  CJKUnifiedIdeographsExtensionB 20000-2A6DF
CJKCompatibilityIdeographsSupplement 2F800-2FA1F  Tags E0000-E007F
"""
# XML name characters: what may begin a name, and what may follow
_INITIAL = """
3A-3A 41-5A 5F-5F 61-7A C0-D6 D8-F6 F8-2FF 370-37D 37F-1FFF 200C-200D 2070-218F 2C00-2FEF 3001-D7FF F900-FDCF FDF0-FFFD
10000-EFFFF
"""
_FOLLOWING = "2D-2E 30-39 B7-B7 300-36F 203F-2040"


def _span(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    return int(low, 16), int(high, 16)


def union(*sets: Iterable[tuple[int, int]]) -> Spans:
    """Join sets, or spans in any order, into one set."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(span for each in sets for span in each):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def complement(spans: Spans) -> Spans:
    """Give every character that is not in a set."""
    starts = (0, *(high + 1 for _, high in spans))
    ends = (*(low - 1 for low, _ in spans), LAST)
    return tuple((low, high) for low, high in zip(starts, ends, strict=True) if low <= high)


def minus(spans: Spans, others: Spans) -> Spans:
    """Give the characters of one set that are not in another."""
    return complement(union(complement(spans), others))


@lru_cache(maxsize=1)
def _categories() -> dict[str, Spans]:
    """List the characters of every Unicode category, of one letter and of two."""
    found: dict[str, list[tuple[int, int]]] = {"Co": [*_PRIVATE]}
    for codes in (range(_ASSIGNED), _TAGS):
        at = codes.start
        for name, run in groupby(map(unicodedata.category, map(chr, codes))):
            length = len([*run])
            found.setdefault(name, []).append((at, at + length - 1))
            at += length
    sets = {name: union(spans) for name, spans in found.items()}
    known = reduce(union, (spans for name, spans in sets.items() if name != "Cn"))
    sets["Cn"] = complement(known)
    for major in {name[0] for name in sets}:
        sets[major] = union(*(spans for name, spans in sets.items() if name[0] == major and len(name) == 2))
    return sets


@lru_cache(maxsize=1)
def _blocks() -> dict[str, Spans]:
    words = _BLOCKS.split()
    return {f"Is{name}": (_span(span),) for name, span in zip(words[::2], words[1::2], strict=True)}


def named(name: str) -> Spans:
    """Give the set that `\\p{name}` means: a category such as `Lu` or a block such as `IsGreek`; raise NoValue."""
    spans = _blocks().get(name) if name.startswith("Is") else _categories().get(name)
    if spans is None:
        raise NoValue(f"unknown character class `{name}`")
    return spans


def _initial() -> Spans:
    return union(map(_span, _INITIAL.split()))


_ESCAPES: dict[str, Callable[[], Spans]] = {
    "d": partial(named, "Nd"),
    "s": lambda: union(((9, 10), (13, 13), (32, 32))),
    "w": lambda: complement(union(named("P"), named("Z"), named("C"))),
    "i": _initial,
    "c": lambda: union(_initial(), map(_span, _FOLLOWING.split())),
}


@lru_cache(maxsize=16)
def escape(letter: str) -> Spans | None:
    """Give the set that `\\letter` means, in capitals its complement; None where it means none."""
    make = _ESCAPES.get(letter.lower())
    if make is None:
        return None
    return make() if letter.islower() else complement(make())


@lru_cache(maxsize=1)
def _cases() -> tuple[tuple[int, ...], ...]:
    """List the groups of characters that differ in case only."""
    groups: dict[str, set[int]] = {}
    for code in range(0x1E944):
        folded = chr(code).casefold()
        if len(folded) == 1 and folded != chr(code):
            groups.setdefault(folded, {ord(folded)}).add(code)
    return tuple(map(tuple, groups.values()))


def with_cases(spans: Spans) -> Spans:
    """Add to a set what differs from its characters in case only."""
    grown = [code for group in _cases() if any(holds(spans, code) for code in group) for code in group]
    return union(spans, ((code, code) for code in grown))


def holds(spans: Spans, code: int) -> bool:
    """Tell whether a set holds a character."""
    return any(low <= code <= high for low, high in spans)


def bracket(spans: Spans) -> str:
    """Write a set as a class of Python's `re`, by what it holds or by what it leaves out, whichever is shorter."""
    others = complement(spans)
    if not spans or (others and len(others) < len(spans)):
        return f"[^{''.join(map(_written, others))}]"
    return f"[{''.join(map(_written, spans))}]"


def _written(span: tuple[int, int]) -> str:
    low, high = span
    return _code(low) if low == high else f"{_code(low)}-{_code(high)}"


def _code(code: int) -> str:
    character = chr(code)
    return character if character.isascii() and character.isalnum() else f"\\U{code:08x}"

"""The keyword tables: complete in every language, unambiguous wherever the grammar takes them, and documented."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from charter.dsl.text import lexer, parser
from charter.dsl.text.printer import format
from charter.dsl.text.syntax import STRANGE, nearest
from charter.dsl.text.words import LANGUAGES, MEANT, STRANGERS, Language, keyword_terminals, spellings, strangers, table
from charter.engine import names

ROOT = Path(__file__).resolve().parents[2]
TITLES = {
    "lines": ("Lines", "terminal of the grammar"),
    "types": ("Types of fields", "type"),
    "verbs": ("What people do in scenarios", "verb"),
    "states": ("States in `expect X is STATE`", "state"),
    "weekdays": ("Weekdays", "day"),
}
HEAD = """# Keywords

Every keyword in English, simplified Chinese and traditional Chinese. If a cell lists several words, all are accepted,
and `charter fmt --keywords` writes the first. A file may mix the three languages. A word is a keyword only where its
line may be written; everywhere else it is a name. `pytest tests/unit/test_text_words.py --regen` writes this page from
`dsl/keywords/*.toml`; the grammar itself is `dsl/text/charter.lark`, and [language.md](language.md)
([中文](language.zh.md)) explains each line.
"""


def test_every_language_has_a_word_for_everything() -> None:
    rows = [{(s, key) for s, part in table(x).items() if s != MEANT for key in part} for x in LANGUAGES]
    assert rows[0] == rows[1] == rows[2]


def test_what_is_hinted_at_is_not_read_there_anyway() -> None:
    for actions in parser.table().states:
        taken = {words for words, terminal, _, _ in spellings() if terminal in actions}
        for word, hints in strangers().items():
            assert word not in taken or all(STRANGE[hint].isdisjoint(actions) for hint in hints), word


def test_words_of_other_notations_stand_for_words_of_this_one() -> None:
    for language in LANGUAGES:
        rows = table(language)
        assert {*rows[MEANT]} <= {key for name in rows if name not in (STRANGERS, MEANT) for key in rows[name]}
        for key, words in rows[MEANT].items():
            own = {words for words, terminal, value, _ in spellings() if key in (terminal, value)}
            assert own.isdisjoint(words) and len(words) == len(set(words)), key


def test_the_grammar_uses_every_word() -> None:
    used = {name for state in parser.table().states for name in state if name.isupper()}
    assert keyword_terminals() <= used
    assert used - keyword_terminals() - {"NL", "INDENT", "DEDENT", "$END"} <= {*lexer.PATTERNS, *lexer.ENDS}


def test_no_word_spells_two_things_at_one_place() -> None:
    clashes = set()
    for actions in parser.table().states:
        meanings: dict[str, set[str]] = {}
        for words, terminal, value, _ in spellings():
            if actions.get(terminal, -1) >= 0 and terminal not in lexer.FOLLOWED:
                meanings.setdefault(words, set()).add(f"{terminal} {value if terminal in ('DO', 'TYPE') else ''}")
        clashes |= {(words, *sorted(found)) for words, found in meanings.items() if len(found) > 1}
    assert not clashes


def test_a_preferred_word_belongs_to_one_row() -> None:
    told_by_the_subject = {"进行中", "進行中"}  # an open case, an active element
    for language in LANGUAGES:
        for section in ("types", "verbs", "states", "weekdays"):
            preferred = [words[0] for words in table(language)[section].values()]
            assert {word for word in preferred if preferred.count(word) > 1} <= told_by_the_subject, (language, section)


def test_keywords_page_is_current(golden: Callable[[Path, str], None]) -> None:
    lines = [HEAD]
    for section, (title, key_title) in TITLES.items():
        lines += [f"## {title}", "", f"| {key_title} | English | 简体 | 繁體 |", "| --- | --- | --- | --- |"]
        for key in table("en")[section]:
            cells = [" · ".join(f"`{w}`" for w in table(language)[section][key]) for language in LANGUAGES]
            lines.append(f"| {key} | {' | '.join(cells)} |")
        lines.append("")
    golden(ROOT / "docs" / "keywords.md", "\n".join(lines))


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_words(language: str) -> None:
    for words, _, _, row in spellings():
        if row == language:
            assert all(names.compiled(names.NAME).fullmatch(part) for part in words.split()), words


@pytest.mark.parametrize("between", ["至", "到", "～", "~", "-", "—", " 至 ", " 到", "－"])
@pytest.mark.parametrize("last", ["周五", "星期五", "五", "週五"])
def test_days_from_one_to_another_need_no_blanks(between: str, last: str) -> None:
    text = f"日历 甲\n  周一{between}{last} ９：００～12:00，13:00 至 18:00\n"
    assert format(text) == ("日历 甲\n  周一至周五 09:00-12:00, 13:00-18:00\n", [])


def test_a_day_that_is_none_is_told() -> None:
    for days in ("周一至周八", "周一至", "至周五", "周一至五六"):
        text, unread = format(f"日历 甲\n  {days} 09:00-12:00\n")
        assert len(unread) == 1, (text, unread)


def shifted() -> Iterator[set[str]]:
    """Gives what may stand at each place of the grammar."""
    for actions in parser.table().states:
        yield {name for name, action in actions.items() if action >= 0}


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant"])
def test_a_chinese_word_stands_for_one_word_at_a_place(language: Language) -> None:
    clashes = set()
    for accepted in shifted():
        taken = {words for words, terminal, _, _ in spellings() if terminal in accepted}
        meanings: dict[str, set[str]] = {}
        for key, words in table(language)[MEANT].items():
            for word in words if key in accepted else ():
                meanings.setdefault(word, set()).add(key)
        clashes |= {(word, *sorted(found)) for word, found in meanings.items() if len(found) > 1 or word in taken}
    assert not clashes


CHINESE = "".join(sign for words, _, _, _ in spellings() for sign in words if sign >= "\u2e80")


@given(st.text(st.sampled_from(CHINESE), min_size=2, max_size=2))
def test_chinese_words_of_two_characters_are_not_guessed_by_their_letters(word: str) -> None:
    for accepted in islice(shifted(), 0, None, 7):
        assert nearest(word, accepted) is None

"""A mend that is told of a line leaves the line clean under the whole check, and brings no error anywhere else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import pytest
from hypothesis import Phase, given, settings, strategies as st

from charter.dsl.diagnostic import Diagnostic
from charter.dsl.passes import Compiled
from tests.conformance.test_mistakes import FILES as MISTAKES, compiled as mistaken
from tests.properties.test_mistakes_once import PROCESSES, compiled

FILES = sorted((PROCESSES / "examples").rglob("*.charter"))
WORDS = re.compile(r'"[^"]*"|\w+|[^\w\s]')


def lines_of(diagnostic: Diagnostic, text: str) -> tuple[str, set[int]]:
    """The text with a mend, and the lines of it that the mend has written."""
    assert diagnostic.fix is not None
    lines, shift = set[int](), 0
    mended = diagnostic.fix.applied(text)
    for edit in diagnostic.fix.edits:
        start = edit.span[0] + shift
        shift += len(edit.text) - (edit.span[1] - edit.span[0])
        lines |= set(range(mended.count("\n", 0, start), mended.count("\n", 0, start + len(edit.text)) + 1))
    return mended, lines


def judged(found: Compiled, path: str, again: Callable[[str], Compiled]) -> None:
    text = found.sources[path].text
    errors = [d for d in found.diagnostics if d.is_error]
    for diagnostic in errors:
        if diagnostic.fix is None or diagnostic.file != path or diagnostic.code[:3] == "CH3":
            continue
        mended, lines = lines_of(diagnostic, text)
        after = [d for d in again(mended).diagnostics if d.is_error and d.file == path]
        assert not [d for d in after if mended.count("\n", 0, d.span[0]) in lines], (mended, after)
        assert len(errors) > 1 or not after, (mended, after)


@pytest.mark.parametrize("file", MISTAKES, ids=lambda file: file.stem)
def test_of_a_mistake_that_is_known(file: object) -> None:
    data = file.read_bytes()  # type: ignore[attr-defined]
    judged(mistaken(data), "mistake.charter", mistaken)


def changed(line: str, at: int, how: Callable[[list[str], int], list[str]]) -> str:
    words = WORDS.findall(line)
    return line[: len(line) - len(line.lstrip())] + " ".join(how(words, at % max(1, len(words)))).strip()


FOREIGN = ["the", "of", "by", "role", "with", "->", "=", "(x)", "must", "和", "输出", "unless", "by the", ":", "within"]
DAMAGE: Mapping[str, Callable[[list[str], int], list[str]]] = {
    "lost": lambda words, at: words[:at] + words[at + 1 :],
    "swapped": lambda words, at: [*words[:at], *reversed(words[at : at + 2]), *words[at + 2 :]],
    "foreign": lambda words, at: [*words[:at], FOREIGN[at * 7 % len(FOREIGN)], *words[at:]],
    "replaced": lambda words, at: [*words[:at], FOREIGN[at * 5 % len(FOREIGN)], *words[at + 1 :]],
    "joined": lambda words, at: [*words[:at], "".join(words[at : at + 2]), *words[at + 2 :]],
    "again": lambda words, at: [*words[: at + 1], *words[at:]],
}


@pytest.mark.parametrize("kind", DAMAGE)
@given(data=st.data())
@settings(max_examples=12, derandomize=True, phases=(Phase.generate,), deadline=None)
def test_of_a_file_that_is_damaged(kind: str, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(FILES))
    written = file.read_text("utf-8").split("\n")
    number = data.draw(st.sampled_from([n for n, line in enumerate(written) if line.strip() and "#" not in line]))
    wrong = changed(written[number], data.draw(st.integers(0, 40)), DAMAGE[kind])
    text = "\n".join((*written[:number], wrong, *written[number + 1 :]))
    judged(compiled(file, text), file.name, lambda mended: compiled(file, mended))

"""One mistake is one error: whatever is wrong at one place of a process that was right, one thing is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings, strategies as st

from charter.dsl.messages.render import render
from charter.dsl.passes import Compiled, compile

PROCESSES = Path(__file__).parents[2] / "processes"
FILES = sorted(PROCESSES.rglob("*.charter"))


def compiled(file: Path, text: str) -> Compiled:
    return compile(file.name, text, lambda name: (file.parent / name).read_bytes())


@cache
def lines(file: Path) -> tuple[str, ...]:
    return tuple(file.read_text("utf-8").split("\n"))


def misspelt(line: str, at: int) -> str:
    """Doubles a letter of a word, as a hand does that is too quick."""
    letters = [m.start() for m in re.finditer(r"[^\W\d_]", line)]
    place = letters[at % len(letters)] if letters else 0
    return line[:place] + line[place : place + 1] + line[place:]


def without(characters: str) -> Callable[[str, int], str]:
    """Leaves one of these characters out."""

    def mistake(line: str, at: int) -> str:
        places = [n for n, c in enumerate(line) if c in characters]
        return line if not places else line[: (p := places[at % len(places)])] + line[p + 1 :]

    return mistake


MISTAKES: Mapping[str, Callable[[str, int], str]] = {
    "misspelt": misspelt,
    "no quote": without('"'),
    "no bracket": without("()[]"),
    "semicolon": lambda line, at: f"{line};",
    "colon": lambda line, at: f"{line}:",
    "brace": lambda line, at: f"{line} {{",
    "one deeper": lambda line, at: f" {line}",
    "two deeper": lambda line, at: f"  {line}",
    "one less deep": lambda line, at: line[line[0] == " " :],
    "tab": lambda line, at: f"\t{line.lstrip()}",
    "unseen": lambda line, at: f"{line.rstrip()}\u200b",
}


@pytest.mark.parametrize("kind", MISTAKES)
@given(data=st.data())
@settings(max_examples=6, derandomize=True, phases=(Phase.generate,))
def test_one_mistake_is_one_error(kind: str, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(FILES))
    written = lines(file)
    number = data.draw(
        st.sampled_from([n for n, line in enumerate(written) if line.strip() and line.strip()[0] != "#"])
    )
    wrong = MISTAKES[kind](written[number], data.draw(st.integers(0, 200)))
    found = compiled(file, "\n".join((*written[:number], wrong, *written[number + 1 :])))
    errors = [d for d in found.diagnostics if d.is_error]
    assert len(errors) <= 1, f"{written[number]!r} -> {wrong!r}\n{render(errors, found.sources, 'concise')}"

"""The table of causes (`dsl/check/causes.py`) as a whole: every row is reached by a mistake of the corpus."""

from __future__ import annotations

from collections import defaultdict

import pytest

from charter.dsl.check.causes import CAUSES
from charter.dsl.check.mends import LONGEST
from charter.dsl.diagnostic import Diagnostic
from charter.dsl.messages.languages import WRITTEN
from charter.dsl.messages.render import table
from tests.conformance.test_mistakes import FILES, compiled


@pytest.fixture(scope="module")
def told() -> dict[tuple[str, str], list[Diagnostic]]:
    """What the corpus is told, by code and hint."""
    found: dict[tuple[str, str], list[Diagnostic]] = defaultdict(list)
    for file in FILES:
        for diagnostic in compiled(file.read_bytes()).diagnostics:
            found[diagnostic.code, str(diagnostic.arguments.get("hint"))].append(diagnostic)
    return found


@pytest.mark.parametrize("row", range(len(CAUSES)), ids=lambda row: f"{row}-{CAUSES[row].hint}")
def test_a_row_is_reached_and_has_its_sentence(row: int, told: dict[tuple[str, str], list[Diagnostic]]) -> None:
    cause = CAUSES[row]
    reached = [d for code in cause.codes for d in told.get((code, cause.hint), ())]
    assert reached
    assert not cause.safe or any(d.fix is not None and d.fix.safe for d in reached)
    assert all(cause.hint in table(lang)["hints"] for lang in WRITTEN)


@pytest.mark.parametrize("text", ["if " * 400, "a ? " * 300, "not " * 300, "(" * 30 + "a", "'" * 900, "a b " * 300])
def test_long_texts_are_not_looked_into(text: str) -> None:
    assert len(text) > LONGEST or text.startswith("(")
    found = compiled(f"process p\n  role r\n  activity a\n    role r\n    when {text}\n").diagnostics
    assert any(d.is_error for d in found) and all("guess" not in d.arguments for d in found)

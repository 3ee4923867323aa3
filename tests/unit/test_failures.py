"""Every sentence in which a host notes why something failed is said in Chinese too, whatever build noted it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from tests.unit.test_feel_sentences import CHINESE, spelled

from charter.dsl.messages.render import failure, table
from charter.runtime.cli.failures import failure_sentence
from charter.runtime.cli.messages import Messages
from charter.runtime.cli.output import Output
from charter.runtime.host.connectors import _FORMS

ROOT = Path(__file__).parents[2]
PATHS = [*sorted((ROOT / "runtime/host").glob("*.py")), ROOT / "engine/hosting.py", ROOT / "engine/entries/codec.py"]
PATHS += [ROOT / "runtime/audit/log.py", *sorted((ROOT / "runtime/notify").glob("*.py"))]
# what makes a note of a text, and which of its arguments that is
NOTES = {
    "Failed": 0,
    "Refused": 0,
    "give_up": 3,
    "Unresolved": 0,
    "_bad": 1,
    "BadConnector": 0,
    "BadEntry": 0,
    "bury": 2,
    "ValueError": 0,
}
# words of the file of connectors and of what is typed, which are the same in every language, and names
KEPT = {
    *(
        "harter",
        "ebhook",
        "ase",
        "apprise",
        "timeout",
        "command",
        "python",
        "http",
        "https",
        "module",
        "function",
        "connectors",
        "yaml",
        "file",
        "env",
    )
}


def notes() -> Iterator[tuple[str, str]]:
    """Each text that is noted, with samples for its values, and where."""
    for path in PATHS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "failure":
                texts = [node.value]
            elif isinstance(node, ast.Call):
                index = NOTES.get(getattr(node.func, "id", getattr(node.func, "attr", "")), len(node.args))
                texts = node.args[index : index + 1]
            else:
                continue
            for text in texts:
                if isinstance(text, ast.Constant | ast.JoinedStr) and getattr(text, "value", "") is not None:
                    yield from ((f"{path.name}:{node.lineno}", one) for one in spelled(text))


def test_each_is_said_in_chinese() -> None:
    read = [*notes(), *(("connectors.py", text) for text in _FORMS.values())]
    assert len(read) > 20
    for place, one in read:
        said = failure(one, "zh")
        assert CHINESE.search(said), (place, one)
        assert not set(re.findall("[a-z]{2,}", said)) - KEPT, (place, one, said)


@pytest.mark.parametrize("lang", ["zh", "zh-Hant"])
def test_what_a_driver_says_first_is_no_english(lang: str) -> None:
    for text in ("database disk image is malformed", "no such table: entries", "disk I/O error"):
        assert CHINESE.search(failure(text, lang))
    assert failure_sentence("CH037: timeout must be 1 to 3600 seconds", "x", lang).startswith("`timeout` 须为") == (
        lang == "zh"
    )


def test_no_sentence_of_the_table_leaks_english() -> None:
    for said in table("zh")["failures"].values():
        assert CHINESE.search(said), said
        assert not re.search("[.,:;] ", said)


def test_an_answer_whose_reading_fails_is_no_half_answer() -> None:
    def rows() -> Iterator[dict[str, int]]:
        yield {"a": 1}
        raise RuntimeError

    stream = StringIO()
    with pytest.raises(RuntimeError):
        Output(Messages("en"), stream).json_lines(rows())
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("before", "after"), [("a\r\nb\r\n", "a\r\nc\r\n"), ("a\nb", "a\nc"), ("a\nb", "a\nb\n"), ("a\x0cb\n", "c\n")]
)
def test_a_difference_is_one_that_patch_takes(before: str, after: str) -> None:
    """Every line of both texts is there with its own end; where the last has none, the note says so."""
    stream = StringIO(newline="")
    Output(Messages("en"), stream).difference("x y.charter", before, after)
    head, body = stream.getvalue().split("@@", 1)
    assert head.splitlines()[0] == "--- x y.charter\t"
    lines = re.findall(r"[^\n]*\n", body.partition("@@\n")[2])
    none = "\\ No newline at end of file\n"
    for text, marks in ((before, " -"), (after, " +")):
        read = ""
        for line, following in zip(lines, [*lines[1:], ""], strict=True):
            if line[0] in marks:
                read += line[1:-1] if following == none else line[1:]
        assert read == text

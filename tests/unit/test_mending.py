"""Safe fixes in a file's own bytes: only what is wrong changes, and nothing new goes wrong."""

from __future__ import annotations

import io
import json
import os
import re
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given, strategies as st
from tests.conformance.test_mistakes import FILES as MISTAKES, FOLDER, head
from tests.unit.test_dsl_diagnostics import BYTES, FILES, page

from charter.dsl import mending
from charter.dsl.check.uses import Loader
from charter.dsl.codes import CODES
from charter.dsl.diagnostic import Diagnostic, Edit, Fix
from charter.dsl.mending import mend
from charter.dsl.passes import Compiled, compile
from charter.dsl.text.source import decode
from charter.dsl.text.written import rewritten, suited
from charter.runtime.cli.main import run

WRONG = """\
process p
  role r
  record x
    a number
  activity work
    role r
    output x
  activity look
    role r
    input x
    when {}
"""


def find(path: str) -> bytes:
    return FILES[path] if path in FILES else (FOLDER / path).read_bytes()


def keys(compiled: Compiled) -> set[tuple[str, str]]:
    return {(d.code, d.file) for d in compiled.diagnostics if d.is_error}


# --- bytes

LETTERS = [
    "a",
    " ",
    "\n",
    "é",
    "e\u0301",
    "x\u0302\u0323",
    "\u1100\u1161\u11a8",
    "가",
    "≠",
    "=\u0338",
    "章",
    "\u0301",
    "क\u093c",
    "\r",
]


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    text = "".join(draw(st.lists(st.sampled_from(LETTERS), max_size=40)))
    length = len(normalize("NFC", text))
    places = sorted(draw(st.lists(st.integers(0, length), max_size=6)))
    pairs = zip(places[::2], places[1::2], strict=False)
    return text, [Edit((a, b), draw(st.sampled_from(["", "=", "true", "年\n"]))) for a, b in pairs]


@given(edited(), st.booleans(), st.booleans())
def test_an_edit_changes_its_own_place_alone(given: tuple[str, list[Edit]], mark: bool, crlf: bool) -> None:
    text, edits = given
    text = text.replace("\r", "").replace("\n", "\r\n") if crlf else text.replace("\r", "")
    data = b"\xef\xbb\xbf" * mark + text.encode()
    whole = decode(data, "", [])
    if len({place for e in edits for place in e.span}) < 2 * len(edits) or max([0, *(e.span[1] for e in edits)]) > len(
        whole
    ):
        edits = []
    new = rewritten(data, edits)
    assert new.startswith(b"\xef\xbb\xbf") == mark
    ends = "\r\n" if 2 * text.count("\r\n") > text.count("\n") else "\n"
    wanted = Fix(tuple(suited(e, whole, ends) for e in edits)).applied(whole)
    assert decode(new, "", []) == normalize("NFC", wanted)
    assert not crlf or "\r" not in decode(new, "", []).replace("\r\n", "")
    if not edits:
        assert new == data


def test_letters_that_are_spelled_with_several_characters_stay_so() -> None:
    text = "# Zu\u0308rich e\u0301\r\nwhere cafe\u0301 == 1 # re\u0301sume\u0301\r\n"
    data = b"\xef\xbb\xbf" + text.encode()
    at = decode(data, "", []).index("==")
    assert rewritten(data, [Edit((at, at + 2), "=")]) == b"\xef\xbb\xbf" + text.replace("==", "=").encode()


def test_an_edit_inside_a_letter_rewrites_that_letter() -> None:
    data = "e\u0301 x\u0302\u0323 e\u0301".encode()
    text = decode(data, "", [])
    assert text == "é x\u0323\u0302 é"
    assert rewritten(data, [Edit((3, 4), "")]).decode() == "e\u0301 x\u0302 e\u0301"


# --- rounds


def test_every_safe_fix_is_made_and_the_rest_is_left() -> None:
    data = WRONG.format("x.a == 1 && x.a != 2 && x.a == 3").encode()
    mended = mend("p.charter", data)
    assert mended.data == WRONG.format("x.a = 1 and x.a != 2 and x.a = 3").encode()
    assert {d.code for d, _ in mended.fixed} == {"CH301"}
    assert not [d for d in compile("p.charter", mended.data).diagnostics if d.is_error]


@pytest.mark.parametrize("wrong", ['x.a == "one"', "x.a == y"])
def test_a_fix_that_leaves_its_line_wrong_is_not_safe(wrong: str) -> None:
    data = WRONG.format(wrong).encode()
    [told] = [d for d in compile("p.charter", data).diagnostics if d.is_error]
    assert told.fix is not None and not told.fix.safe
    assert mend("p.charter", data).data == data


def test_a_file_that_is_used_is_left_to_itself() -> None:
    used = WRONG.format("x.a == 1").encode()
    data = b'use "p.charter"\n' + WRONG.replace("process p", "process q").format("x.a = 1").encode()
    assert mend("q.charter", data, {"p.charter": used}.__getitem__).data == data


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b'process p "\xff"\n', b"\xef\xbb\xbf", "é".encode("utf-16")])
def test_what_is_no_text_is_left_as_it_is(data: bytes) -> None:
    assert mend("p.charter", data).data == data


@pytest.mark.parametrize(
    "text",
    ["= =", "?", "= (", "= 1 == 1"],  # the finding stays, or another error comes
)
def test_a_fix_that_brings_an_error_is_not_made(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = WRONG.format("x.a == 1").encode()

    def worse(path: str, data: bytes, loader: object = None) -> Compiled:
        found = compile(path, data)
        return Compiled(
            found.definitions,
            found.scenarios,
            tuple(
                Diagnostic(d.code, d.span, d.arguments, Fix.at(d.span, text, safe=True), d.file)
                for d in found.diagnostics
            ),
            found.sources,
        )

    monkeypatch.setattr(mending, "compile", worse)
    assert mend("p.charter", data).data == data


# --- every fix that is offered

CASES = {str(f.relative_to(FOLDER)): f.read_bytes() for f in MISTAKES} | {
    code: BYTES[code] if code in BYTES else page(code).examples[0].encode()
    for code in CODES
    if code not in ("CH102", "CH103", "CH116", "CH117")
}


FORMS = [(name, "as it is") for name in CASES] + [(name, "CRLF, BOM, decomposed") for name in [*CASES][::3]]


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_what_is_fixed_is_gone_and_nothing_new_has_come(name: str, form: str) -> None:
    data = CASES[name]
    if form != "as it is":
        try:
            data = b"\xef\xbb\xbf" + normalize("NFD", data.decode()).replace("\n", "\r\n").encode()
        except UnicodeDecodeError:
            return
    before = compile("example.charter", data, find)
    mended = mend("example.charter", data, find)
    after = compile("example.charter", mended.data, find)
    safe = {(d.code, d.file) for d in before.diagnostics if d.fix is not None and d.fix.safe}
    fixed = {(d.code, d.file) for d, _ in mended.fixed}
    # a fix that is not whole in a file of this form is not made, which is right; that it is offered is not
    assert fixed == safe or (form != "as it is" and not fixed and mended.data == data)
    safe = fixed
    assert keys(after) == keys(before) - safe
    assert not safe & {(d.code, d.file) for d in after.diagnostics}
    if not any(d.is_error for d in before.diagnostics) or "/" in name:  # an error hides the warnings of later passes
        assert {d.code for d in after.diagnostics} <= {d.code for d in before.diagnostics}
    if not safe:
        assert mended.data == data
        return
    lines, new = data.splitlines(), mended.data.splitlines()
    assert mended.data.startswith(b"\xef\xbb\xbf") == data.startswith(b"\xef\xbb\xbf")
    changed = {n for n, line in enumerate(lines) if n >= len(new) or new[n] != line}
    if len(lines) == len(new):
        places = {s.position(e.span[0])[0] - 1 for d, s in mended.fixed if d.fix for e in d.fix.edits}
        assert changed <= places
    assert b"\r\n" not in re.sub(rb"\r\n", b"", mended.data)


def test_the_corpus_says_which_fixes_are_safe() -> None:
    assert [f for f in MISTAKES if head(f.read_bytes(), "fix") == ["safe"]]


# --- files


def wrong(tmp_path: Path, name: str = "p.charter") -> Path:
    file = tmp_path / name
    file.write_bytes(b"\xef\xbb\xbf" + WRONG.format("x.a == 1").replace("\n", "\r\n").encode())
    return file


def test_check_fixes_a_file_and_keeps_what_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = wrong(tmp_path)
    file.chmod(0o640)
    before = file.read_bytes()
    assert run(["check", str(file), "--diff"]) == 1
    assert file.read_bytes() == before
    shown = capsys.readouterr().out
    assert "-    when x.a == 1" in shown and "+    when x.a = 1" in shown
    assert run(["check", str(file), "--fix"]) == 0
    assert file.read_bytes() == before.replace(b"==", b"=")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["p.charter"]
    assert run(["check", str(file), "--fix"]) == 0
    assert "0 fixes made" in capsys.readouterr().out


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_file_that_has_another_name_is_left(
    link: Callable[[Path, Path], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = wrong(tmp_path, "there")
    link(file, tmp_path / "p.charter")
    before = file.read_bytes()
    assert run(["check", str(tmp_path / "p.charter"), "--fix"]) == 1
    assert file.read_bytes() == before
    assert "left as it is" in capsys.readouterr().out


def test_a_file_that_is_changed_meanwhile_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = wrong(tmp_path)

    def slowly(path: str, data: bytes, loader: Loader | None = None) -> mending.Mended:
        file.write_bytes(data + b"# more\n")
        return mend(path, data, loader)

    monkeypatch.setattr(mending, "mend", slowly)
    assert run(["check", str(file), "--fix", "--json"]) == 1
    assert file.read_bytes().endswith(b"# more\n") and b"==" in file.read_bytes()
    assert json.loads(capsys.readouterr().out)["fixes"] == []


def test_standard_input_is_answered_with_the_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = WRONG.format("x.a == 1").encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert run(["check", "-", "--fix"]) == 0
    said = capsys.readouterr()
    assert said.out.encode() == data.replace(b"==", b"=")
    assert "<stdin>:11:14: fixed[CH301]" in said.err
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert run(["check", "-", "--fix", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["text"].encode() == data.replace(b"==", b"=") and len(told["fixes"]) == 1

"""What authors get wrong, and what a good colleague would say of it: a file a mistake under `mistakes/`.

The head of each file says what is right, in lines that begin with `#:`. `says` is what the reader must be told, in the
language that the file is written in; a second `says` must be told too. `at` quotes the text around the place, and
«…» in it what is underlined; a file whose mistake has no text (it is not UTF-8, say) leaves it out. `fix` is `safe` or
`offered` where there is one; applied, it leaves a file without findings. `open`: something is told, and not yet what
the head says.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from charter.dsl.messages.render import render
from charter.dsl.passes import Compiled, compile

FOLDER = Path(__file__).parent / "mistakes"
FILES = sorted(FOLDER.rglob("*.charter"))
OPEN = re.compile(rb"^#: open$", re.MULTILINE)


def compiled(data: bytes | str) -> Compiled:
    return compile("mistake.charter", data, lambda name: (FOLDER / name).read_bytes())


def head(data: bytes, key: str) -> list[str]:
    return re.findall(rf"^#: {key} +(.*\S)", data.decode("utf-8", "replace"), re.MULTILINE)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(FOLDER).with_suffix("")))
def test_a_mistake_is_told_as_a_colleague_would(file: Path) -> None:
    data = file.read_bytes()
    found = compiled(data)
    lang = file.parent.name
    told = render(found.diagnostics, found.sources, lang=lang)
    if OPEN.search(data):
        assert found.diagnostics
        return
    assert len(found.diagnostics) == 1, told
    [diagnostic] = found.diagnostics
    wanted = head(data, "says")
    assert wanted and all(said in told for said in wanted), told
    text = found.sources["mistake.charter"].text
    for quoted in head(data, "at"):
        before, marked, after = re.split("[«»]", quoted)
        start = text.rindex(before + marked + after) + len(before)
        assert text[slice(*diagnostic.span)] == marked, told
        assert diagnostic.span == (start, start + len(marked)), told
    kinds = head(data, "fix")
    assert kinds == ([] if diagnostic.fix is None else ["safe" if diagnostic.fix.safe else "offered"])
    if diagnostic.fix is not None:
        mended = compiled(diagnostic.fix.applied(text))
        assert not mended.diagnostics, render(mended.diagnostics, mended.sources, lang=lang)

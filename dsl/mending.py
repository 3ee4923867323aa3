"""Applies the safe fixes of a file's findings until none is left, and judges what comes of each.

A fix is kept where its finding is gone and no error has come that the finding did not hide. What a finding hides is
told later: codes are numbered in the order in which a file is looked at, and a text is read from its beginning. Knows
no files: whoever calls it reads and writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from charter.dsl.check.uses import Loader
from charter.dsl.diagnostic import Diagnostic, Edit
from charter.dsl.passes import Compiled, compile
from charter.dsl.text.source import Source
from charter.dsl.text.written import line_ends, rewritten, suited

ROUNDS = 100  # each takes at least one finding away; whoever has more runs it again
_CUT = ("CH116", "CH117")  # behind these there is more than is told


class Mended(Struct, frozen=True):
    """A file's bytes with its safe fixes made. `fixed`: what was wrong, each with the text that it points into."""

    data: bytes
    fixed: tuple[tuple[Diagnostic, Source], ...]


def mend(path: str, data: bytes, loader: Loader | None = None) -> Mended:
    """Makes every safe fix of the file `path`, and of no other that it uses; never raises."""
    found = compile(path, data, loader)
    fixed: list[tuple[Diagnostic, Source]] = []
    for _ in range(ROUNDS):
        offers = _apart(d for d in found.diagnostics if d.file == path and d.fix is not None and d.fix.safe)
        # All at once, which is nearly always right, or else the first that is right alone.
        for some in (offers, *([offer] for offer in offers if len(offers) > 1)):
            if not some:
                continue
            tried = rewritten(data, _edits(some))
            after = compile(path, tried, loader)
            if _is_right(path, some, found, after):
                break
        else:
            break
        fixed += [(offer, found.sources[path]) for offer in some]
        data, found = tried, after
    return Mended(data, tuple(fixed))


def _edits(some: Iterable[Diagnostic]) -> list[Edit]:
    return sorted((e for d in some if d.fix is not None for e in d.fix.edits), key=lambda edit: edit.span)


def _apart(offers: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Leaves out what would touch an edit of an earlier one; its turn comes in a later round."""
    chosen: list[Diagnostic] = []
    for offer in offers:
        taken = [edit.span for edit in _edits(chosen)]
        if all(not _touch(edit.span, span) for edit in _edits([offer]) for span in taken):
            chosen.append(offer)
    return chosen


def _touch(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _is_right(path: str, fixed: Sequence[Diagnostic], before: Compiled, after: Compiled) -> bool:
    text = before.sources[path].text
    edits = [suited(edit, text, line_ends(text)) for edit in _edits(fixed)]
    places = [(_moved(e.span[0], edits), _moved(e.span[0], edits) + len(e.text)) for e in edits]
    gone = {(d.code, d.span[0]) for d in fixed}
    known = {(d.code, d.span[0]) for d in before.diagnostics if d.file == path} - gone
    known = {(code, _moved(start, edits)) for code, start in known}
    cut = min((_moved(d.span[0], edits) for d in before.diagnostics if d.code in _CUT), default=None)
    code, start = min((d.code, _moved(d.span[0], edits)) for d in fixed)
    lines = {after.sources[path].position(place)[0] for place, _ in places}
    for new in after.diagnostics:
        if new.file != path or (new.code, new.span[0]) in known:
            continue
        if any(new.code == one for one, _ in gone) and any(_touch(new.span, place) for place in places):
            return False
        hidden = (new.code, new.span[0]) > (code, start) or (cut is not None and new.span[0] >= cut)
        # One expression is told of once, wherever in it the next mistake stands.
        hidden = hidden or (new.code == code and after.sources[path].position(new.span[0])[0] in lines)
        if new.is_error and not hidden:
            return False
    return True


def _moved(offset: int, edits: Iterable[Edit]) -> int:
    """Says where a place of the text is after edits; inside of one, where its new text begins."""
    shift = 0
    for edit in edits:
        start, end = edit.span
        if offset < end or offset == start:
            return min(offset, start) + shift
        shift += len(edit.text) - (end - start)
    return offset + shift

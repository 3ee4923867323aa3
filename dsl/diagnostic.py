"""What is wrong in an author's text, as a value: a code, a place and the words for the code's sentence.

It knows no sentences and no languages, nor how anything looks on a screen (`render.py` does). It is never raised.
Spans are (start, end) offsets in characters into the text of `file`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field

from charter.dsl.codes import CODES, Severity

Span = tuple[int, int]


class Edit(Struct, frozen=True):
    """The text at `span` becomes `text`."""

    span: Span
    text: str


class Fix(Struct, frozen=True):
    """A mend that a tool may apply: edits that go together and do not overlap, in the order of the text.

    It is `safe` where no reader could have meant anything else, as with `==` for `=`; a guess at a name is not.
    """

    edits: tuple[Edit, ...]
    safe: bool = False

    @classmethod
    def at(cls, span: Span, text: str, *, safe: bool = False) -> Fix:
        """Makes a fix of one edit."""
        return cls((Edit(span, text),), safe)

    def applied(self, text: str) -> str:
        """Gives `text` with the edits made."""
        for edit in reversed(self.edits):
            start, end = edit.span
            text = text[:start] + edit.text + text[end:]
        return text


class Place(Struct, frozen=True):
    """Another place that a diagnostic speaks of; `note` is the key of a phrase in the message tables."""

    span: Span
    file: str
    note: str


class Diagnostic(Struct, frozen=True):
    """One finding.

    `arguments` fill the sentence of `code`. Three of them are general: `guess` (what the author may have
    meant), `guess_kind` (the key of a phrase that says what the guess is, such as `output_of`) and `guess_of`
    (its owner). `scenario` plays to what is told, where that was found by playing.
    """

    code: str
    span: Span
    arguments: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    fix: Fix | None = None
    file: str = ""
    also: tuple[Place, ...] = ()
    scenario: str | None = None

    @property
    def severity(self) -> Severity:
        return CODES[self.code].severity

    @property
    def is_error(self) -> bool:
        return CODES[self.code].severity == "error"

    def sort_key(self) -> tuple[Any, ...]:
        """Orders diagnostics as a reader meets them: by file, place, code."""
        return (self.file, self.span, self.code)


class Fault(Struct, frozen=True):
    """A line that cannot be read, `told` as it stands among the findings, with all that may be told of it.

    `plain` is what is told where no mend is certain; `offers` are what is told with each mend with which the line can
    be read, likeliest first, those of one `ranks` alike. `span` is the line.
    """

    told: Diagnostic
    plain: Diagnostic
    span: Span
    offers: tuple[Diagnostic, ...] = ()
    ranks: tuple[int, ...] = ()

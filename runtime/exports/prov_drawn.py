"""PROV, drawn: of one case, where its versions came from, as SVG or DOT (`drawing/provenance.py`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from charter.runtime.audit.asof import moments
from charter.runtime.audit.lineage import Lineage, lineage
from charter.runtime.audit.log import load
from charter.runtime.drawing.provenance import write_dot, write_svg
from charter.runtime.exports.columns import Chain, Row
from charter.runtime.exports.escapes import Escapes
from charter.runtime.exports.trail import Trail

_Write = Callable[[Lineage, str, Callable[[str], str]], str]


class Drawing:
    """Draws the one case whose rows go by."""

    def __init__(self, stream: IO[str], trail: Trail, write: _Write) -> None:
        self.escapes = Escapes()
        self._stream, self._trail, self._write = stream, trail, write

    def begin(self, chain: Chain) -> None:
        self._chain = chain

    def row(self, row: Row) -> None:
        pass

    def end(self) -> None:
        assert self._trail.find is not None
        found = lineage(moments(self._trail.find, load(self._trail.connection, self._chain.id)))
        title = f"#{self._chain.number} {self._chain.process}"
        self._stream.write(self._write(found, title, self.escapes.text))

    def close(self) -> None:
        pass


def svg(stream: IO[str], trail: Trail) -> Drawing:
    """Draws as SVG."""
    return Drawing(stream, trail, write_svg)


def dot(stream: IO[str], trail: Trail) -> Drawing:
    """Draws as DOT."""
    return Drawing(stream, trail, write_dot)

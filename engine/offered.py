"""What a service is, as a process offers it and a catalogue lists it. How it is carried out is in elements."""

from __future__ import annotations

from typing import Literal

from charter.engine.plain import Kept


class Service(Kept, frozen=True):
    """A service. `asked`: the field by which a request names it (by its title); None where the process is the service.

    `materials`: their titles. `outputs`: the records that it delivers. `within` and `agreed`: how long it takes, FEEL
    for a Span: to everybody, and by the agreement with whoever asks. `run`: the process that carries it out; without
    one, the element `name` of this process does. `review`: a Span in FEEL after which `reviewers` look at it again.
    """

    name: str
    title: str
    audience: Literal["external", "internal"]
    offered: tuple[str, ...]
    requested: tuple[str, ...]
    asked: str | None = None
    materials: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    within: str | None = None
    agreed: str | None = None
    run: str | None = None
    version: str = "1"
    review: str | None = None
    reviewers: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()

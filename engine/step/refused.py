"""A refusal on its way out of a step."""

from __future__ import annotations

from typing import Any

from charter.engine.refusals import CODES, Reason


class Refused(Exception):
    """Carries the reasons of a refusal up to `step`, which makes a value of it. Never leaves the engine."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(reasons[0].code)
        self.reasons = reasons


def refuse(code: str, subject: str | None = None, **arguments: Any) -> Refused:
    """Makes a refusal of one reason."""
    assert code in CODES, code
    return Refused(Reason(code, subject, arguments))

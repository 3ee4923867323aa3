"""One person where roles stand: in whom work waits for, in whom something is told."""

from __future__ import annotations

_MARK = "@"


def personal(person: str) -> str:
    """Gives what stands for one person where roles do."""
    return f"{_MARK}{person}"


def whose(role: str) -> str | None:
    """Gives the person that stands among roles, None for a role."""
    return role[1:] if role.startswith(_MARK) else None

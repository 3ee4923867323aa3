"""What is made of an object once, and kept as long as few others come after it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import TypeVar, TypeVarTuple

_Of = TypeVar("_Of")
_Made = TypeVar("_Made")
_Rest = TypeVarTuple("_Rest")


def once(most: int) -> Callable[[Callable[[_Of, *_Rest], _Made]], Callable[[_Of, *_Rest], _Made]]:
    """Has a function make one thing of an object (the same one, not an equal one) and what is given beside it.

    `most` are kept; one more drops the one that was made first.
    """

    def keeping(make: Callable[[_Of, *_Rest], _Made]) -> Callable[[_Of, *_Rest], _Made]:
        kept: dict[Hashable, tuple[_Of, _Made]] = {}

        @wraps(make)
        def made(of: _Of, *rest: *_Rest) -> _Made:
            key: Hashable = (id(of), *rest) if rest else id(of)
            found = kept.get(key)
            if found is None:
                if len(kept) >= most:
                    del kept[next(iter(kept))]
                # The object stands beside what was made of it, so that its id cannot come to mean another one.
                found = kept[key] = (of, make(of, *rest))
            return found[1]

        return made

    return keeping

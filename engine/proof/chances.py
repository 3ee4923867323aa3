"""Chances that a seed decides: each draw depends on the seed and on what it is for, and on nothing that went before.

So two runs that differ in one thing (one more person) draw the same for everything that both have: common random
numbers (Law, Simulation Modeling and Analysis, 5th ed., 11.2), by which a small difference shows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

from msgspec import Struct

T = TypeVar("T")


class Chances(Struct, frozen=True):
    """Draws by `seed`; `what` names the thing that a draw is for."""

    seed: int

    def share(self, *what: object) -> float:
        """Draws evenly between 0 and 1, both left out."""
        text = "\0".join(map(str, (self.seed, *what)))
        drawn = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 11
        return (drawn + 0.5) / 2**53

    def length(self, mean: float, *what: object) -> float:
        """Draws from the exponential distribution, the one that assumes nothing but its mean."""
        return -mean * math.log(self.share(*what))

    def one(self, of: Sequence[T], *what: object) -> T:
        """Draws one of several, each as likely."""
        return of[int(self.share(*what) * len(of))]

    def order(self, of: Sequence[T], *what: object) -> list[T]:
        """Draws an order of several."""
        left = list(of)
        return [left.pop(int(self.share(*what, len(left)) * len(left))) for _ in of]

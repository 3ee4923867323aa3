"""Ledgers, as `tree.py` mirrors everything else of a process file."""

from __future__ import annotations

from typing import Literal

from charter.dsl.text.declarations import Source
from charter.dsl.text.nodes import Line, Name, Text


class Amount(Line, frozen=True):
    """`amount FIELD`."""

    field: Name


class Booking(Line, frozen=True):
    """`planned r, …` · `committed r, …` · `actual r, …` · `forecast r, …`: records, or paths to lists in them."""

    kind: Literal["planned", "committed", "actual", "forecast"]
    items: tuple[Name, ...]


class Overrun(Line, frozen=True):
    """`overrun refused`."""


class Ledger(Line, frozen=True):
    """`ledger NAME "…" of BASELINE by FIELD`."""

    name: Name
    baseline: Name
    by: Name
    title: Text | None = None
    body: tuple[Amount | Booking | Overrun | Source, ...] = ()

"""The numbers by which cases are called: which comes next, and which case one means."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from charter.runtime.store.prepared import ask, driver

if TYPE_CHECKING:
    from sqlalchemy import Connection


def free(connection: Connection, series: str, text: Callable[[int], str]) -> int:
    """Gives the next serial of a series, in the transaction that opens its case: one of them at a time.

    A number by which a case of another pattern is called already is passed over.
    """
    driver(connection).turn("cases")
    found = ask(connection, "SELECT max(serial) FROM case_numbers WHERE series = ?", series)
    serial = (found[0][0] or 0) + 1
    while case_of(connection, text(serial)) is not None:
        serial += 1
    return serial


def case_of(connection: Connection, *numbers: str) -> str | None:
    """Gives the case that is called by the first of these numbers that any is called by, None where none is."""
    found = (ask(connection, 'SELECT "case" FROM case_numbers WHERE number = ?', number) for number in numbers)
    return next((str(rows[0][0]) for rows in found if rows), None)

"""The rows of the tables that follow from the trail, as whoever writes them gives them: the key, then the rest.

The tables themselves are declared in `tables.py`, and a test holds the two together; what writes rows all day need not
load those declarations.
"""

from __future__ import annotations

from typing import NamedTuple


class Rows(NamedTuple):
    """What a row of a table consists of: so many `names` of columns, of which the first are its `key`."""

    table: str
    key: tuple[str, ...]
    names: tuple[str, ...]


def _rows(table: str, key: str, others: str) -> Rows:
    return Rows(table, tuple(key.split()), tuple(f"{key} {others}".split()))


# fmt: off
_ALL = (
    # of a case
    _rows("nodes", "case element node", "place due body"),
    _rows("contents", "case record version", "place body"),
    _rows("work_items", "case node role", "process element state iteration holder assigned barred since due rank"),
    _rows("open_lists", "case node role", "process element iteration size holder since due rank"),
    _rows("running_clocks", "case clock", "process rank spare"),
    _rows("case_numbers", "case", "series serial number"),
    _rows("record_versions", "case record number", "digest node by at seq"),
    _rows("notices", "case seq role", "process kind by at"),
    _rows("measures", "case", "process version opened_at closed_at body"),
    _rows("register_entries", "case register key version", "seq digest body node by at"),
    _rows("register_fields", "case register key version field", "value"),
    _rows("register_uses", "case seq key", "register version node asked at"),
    _rows("case_links", "case seq", "link process target entry at"),
    # of the organisation
    _rows("persons", "id", "name active"),
    _rows("grants", "person role process", ""),
    _rows("skills", "person skill", "level"),
    _rows("certificates", "person certificate", "valid_until"),
    _rows("absences", "number", "person since until reason"),
    _rows("substitutions", "number", "kind principal person process role since until accepted_at revoked_at"),
    _rows("deployments", "number", "process digest at by"),
    _rows("settings", "name", "value"),
    _rows("public_days", "number", "country digest body source at by"),
    _rows("figures", "number", "process kpi since until digest body at"),
    _rows("channels", "name", "body"),
    _rows("routes", "sort recipient process channel", "body"),
    _rows("register_reviews", "register key version", "opened seq at"),
)
# fmt: on
ROWS = {rows.table: rows for rows in _ALL}

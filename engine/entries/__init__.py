"""The entries of the audit trail: an envelope (`Entry`) and what it tells, a class a kind.

Begin at `cases.py` and `organisation.py`, the kinds; `codec.py` writes and reads what they tell. A new kind is a class
there, its words under `[kinds]` of the message tables and its row in docs/audit.md.
"""

from charter.engine.entries.codec import KINDS, BadEntry, from_json, law_named, to_json
from charter.engine.entries.entry import Entry
from charter.engine.entries.told import Because, Told

__all__ = ["KINDS", "BadEntry", "Because", "Entry", "Told", "from_json", "law_named", "to_json"]

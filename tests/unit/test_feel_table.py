"""The parse table kept beside the grammar is the one Lark builds from it (`pytest --regen` writes it anew)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from charter.engine import feel
from charter.engine.feel import parser


def test_the_table_is_the_grammars(golden: Callable[[Path, str], None]) -> None:
    table = parser.build_table()
    lines = (json.dumps(state, separators=(",", ":")) for state in table["states"])
    rules = ",\n".join(json.dumps(rule, separators=(",", ":")) for rule in table["rules"])
    starts = json.dumps(table["starts"])
    text = f'{{"starts": {starts},\n"rules": [\n{rules}\n],\n"states": [\n' + ",\n".join(lines) + "\n]}\n"
    golden(Path(str(feel.__file__)).parent / parser.TABLE, text)

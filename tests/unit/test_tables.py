"""The table kept beside a grammar is the one that Lark builds from it (`pytest --regen` writes it anew)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from charter.dsl.text import parser as charter
from charter.engine import lalr
from charter.engine.feel import parser as feel


@pytest.mark.parametrize("parser", [charter, feel])
def test_the_table_is_the_grammars(parser: ModuleType, golden: Callable[[Path, str], None]) -> None:
    table = Path(str(parser.__file__)).parent / parser.TABLE
    golden(table, lalr.written(parser.grammar(), *parser.STARTS))

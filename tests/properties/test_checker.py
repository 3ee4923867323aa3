"""Laws of what `check` tells: a kind of mistake is told wherever it can be written."""

from __future__ import annotations

import pytest

from charter.dsl.passes import compile
from charter.engine import feel
from charter.engine.feel import types as y
from charter.engine.feel.builtins import Builtin, load
from charter.engine.feel.inference_calls import takes_many

NAMES = {"a": y.NUMBER, "flags": y.ListType(y.BOOLEAN), "texts": y.ListType(y.STRING)}
# every place of an expression that wants a value
WANTING = (
    "{f}",
    "a > {f}",
    "{f} = a",
    "a + {f}",
    "-({f})",
    "{f}.year",
    "a in ({f})",
    "a between {f} and 2",
    "if {f} then 1 else 2",
    "if a > 1 then {f} else 2",
    "for x in {f} return x",
    "some x in texts satisfies {f}",
    "texts[{f}]",
    "[{f}]",
    "count({f})",
    "sum(a, {f})",
    "list contains(texts, {f})",
    "flatten(list: {f})",
    "not({f})",
)


def told(text: str) -> list[str]:
    return [problem.code for problem in problems(text, NAMES)]


@pytest.mark.parametrize("place", WANTING)
def test_a_function_is_no_value(place: str) -> None:
    """Whichever built-in stands where a value is wanted, it is told; where a function is wanted it may stand."""
    for name in load():
        assert told(place.format(f=name)) == ["function"], name
    assert told("sort(texts, contains)") == told("{f: count}.f(texts)") == told("(function(f) f(a))(abs)") == []


def test_many_do_not_stand_for_one() -> None:
    """A built-in that takes one value is not given the values of many; what a filter finds may be one."""
    single = {name: rows for name, rows in load().items() if not any(takes_many(_first(row)) for row in rows)}
    assert {"not", "upper case", "abs", "date"} <= single.keys()
    for name, rows in single.items():
        for row in rows:
            kind = _first(row)
            kind = kind.options[0] if isinstance(kind, y.OneOf) else kind
            more = ", null" * (row.least - 1)
            types = {"many": y.ListType(kind)}
            assert any(p.given for p in problems(f"{name}(many{more})", types)), name
            assert not any(p.given == f"list of {kind}" for p in problems(f"{name}(many[1]{more})", types)), name


def _first(row: Builtin) -> y.Type:
    return row.parameters[0].type if row.parameters else y.ANY


def problems(text: str, types: dict[str, y.Type]) -> tuple[feel.Problem, ...]:
    tree = feel.parse(text).tree
    assert tree is not None, text
    return feel.infer(tree, types)[1]


def codes(text: str) -> list[str]:
    return [d.code for d in compile("t.charter", text).diagnostics]

"""What is computed of a record is what a plain calculation of it gives, in whatever order its fields stand."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hypothesis import given, strategies as st

from charter.dsl.passes import compile
from charter.engine import values
from charter.engine.commands import Actor, Complete, Start
from charter.engine.hosting import alone
from charter.engine.law import PRESENT
from charter.engine.state import NEW

# field -> (FEEL, what it comes to of the lines and of what was computed before)
FIELDS: dict[str, tuple[str, Any]] = {
    "net": ("sum(lines.amount)", lambda lines, own: sum(c * p for c, p in lines)),
    "large": ("count(lines[amount > 50])", lambda lines, own: sum(c * p > 50 for c, p in lines)),
    "amount": (
        "max(lines[amount >= count].amount) + 0 * net",
        lambda lines, own: max(c * p for c, p in lines if p >= 1),
    ),
    "gross": ("net * 1.2 + large", lambda lines, own: own["net"] * Decimal("1.2") + own["large"]),
    "mean": ("decimal(gross / count(lines), 2)", lambda lines, own: _half_even(own["gross"] / len(lines))),
}
PAIRS = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 9)), min_size=1, max_size=6)
ORDERS = st.permutations(list(FIELDS))


def _half_even(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.01"))


def _played(order: Sequence[str], lines: Sequence[tuple[int, int]]) -> Any:
    fields = "".join(f"    {name} number = {FIELDS[name][0]}\n" for name in order)
    text = (
        "process p\n  role clerk\n  record line\n    count integer\n    price integer\n"
        f"    amount integer = count * price\n  record bill\n{fields}    lines list of line\n"
        "  activity write\n    role clerk\n    output bill\n"
    )
    (definition,) = compile("p.charter", text.encode()).definitions
    clerk = Actor("li", ("clerk",))
    opened = alone(definition, NEW, Start(actor=clerk, at=0, case="c", **PRESENT._asdict())).state
    bill = {"lines": [{"count": Decimal(c), "price": Decimal(p)} for c, p in lines]}
    done = alone(
        definition, opened, Complete(actor=clerk, at=0, node="write", records=(("bill", values.encode(bill)),))
    )
    assert done.refusal is None, done.refusal
    return values.decode(done.state.versions["bill"].value)


@given(ORDERS, PAIRS)
def test_computed_fields_are_what_a_plain_calculation_gives(order: list[str], lines: list[tuple[int, int]]) -> None:
    found = _played(order, lines)
    own: dict[str, Any] = {}
    for name, (_, reference) in FIELDS.items():
        own[name] = Decimal(reference(lines, own))
        assert found[name] == own[name], name
    assert [line["amount"] for line in found["lines"]] == [c * p for c, p in lines]

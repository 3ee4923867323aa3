"""What an exploration says of data holds for any data: held against cases that are played with values of every size.

The texts compare fields with literals, parameters and each other, within a record, between records and in lists.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from charter.engine import values
from charter.engine.commands import Actor, Complete, Start
from charter.engine.definition import Definition, TypeRef
from charter.engine.feel.temporal import date_from_number
from charter.engine.law import PRESENT
from charter.engine.proof.explore import Graph, explore
from charter.engine.proof.verdicts import verdicts
from charter.engine.state import NEW, CaseState
from charter.engine.step.transition import step
from tests.written import process

AT = 1_767_600_000_000_000
WHO = Actor("li", ("boss",))
_TYPES = ("number", "integer", "date")
_OPS = ("=", "!=", "<", "<=", ">", ">=")


def _literal(kind: str, chance: Random) -> str:
    number = chance.choice((1, 2, 3, 7, 30))
    return f'date("2026-03-{number:02}")' if kind == "date" else str(number)


def _text(seed: int) -> str:
    """Writes two or three records of one type, written one after the other, and work with conditions on them."""
    chance = Random(seed)
    kind = chance.choice(_TYPES)
    lines = ["process p", "  owner boss", "  role boss", f"  parameter limit {kind} = {_literal(kind, chance)}"]
    fields: list[str] = []
    lists: list[str] = []
    for record in "rstu"[: chance.randint(2, 3)]:
        lines.append(f"  record {record}")
        earlier = list(fields)
        for field in "xy"[: chance.randint(1, 2)]:
            where = ""
            if earlier and chance.random() < 0.3:
                where = f" where {field} {chance.choice(('<=', '>', '!='))} {chance.choice(earlier)}"
            lines.append(f"    {field} {kind}{where}")
            earlier.append(field)
            fields.append(f"{record}.{field}")
        if chance.random() < 0.4:
            lines.append(f"    items list of {kind}")
            lists.append(f"{record}.items")
    before = ""
    for record in dict.fromkeys(name[0] for name in fields):
        again = f"    repeat until {_compare(fields, kind, chance)}\n" if chance.random() < 0.15 else ""
        lines.append(f"  activity write_{record}\n    role boss\n{before}{again}    output {record}")
        before = f"    after write_{record}\n"
    for number in range(3):
        condition = _condition(fields, lists, kind, chance)
        lines.append(f"  activity do{number}\n    role boss\n{before}    when {condition}")
        if chance.random() < 0.5:
            before = f"    after do{number}\n"
    for number, items in enumerate(lists):
        test = f"i{number} {chance.choice(_OPS)} {_literal(kind, chance)}"
        lines.append(f"  phase f{number} for each i{number} in {items}\n{before}    activity of{number}")
        lines.append(f"      role boss\n      when {test}")
    return "\n".join(lines) + "\n"


def _compare(fields: list[str], kind: str, chance: Random) -> str:
    other = chance.choice((chance.choice(fields), chance.choice(fields), _literal(kind, chance), "limit"))
    return f"{chance.choice(fields)} {chance.choice(_OPS)} {other}"


def _condition(fields: list[str], lists: list[str], kind: str, chance: Random) -> str:
    if lists and chance.random() < 0.4:
        items, op = chance.choice(lists), chance.choice(_OPS)
        return chance.choice(
            (
                f"count({items}) {op} {chance.randint(0, 3)}",
                f"some i in {items} satisfies i {op} {chance.choice((chance.choice(fields), 'limit'))}",
                f"every i in {items} satisfies i {op} {chance.choice((chance.choice(fields), '2', 'limit'))}"
                if kind != "date"
                else f"every i in {items} satisfies i {op} {chance.choice(fields)}",
            )
        )
    parts = [_compare(fields, kind, chance) for _ in range(chance.randint(1, 3))]
    return chance.choice((" and ", " or ")).join(parts)


def _nested(seed: int) -> str:
    """Writes a record with a list of records, and work with conditions on its items, alone and beside a field."""
    chance = Random(seed)
    kind = chance.choice(_TYPES)
    lines = ["process p", "  owner boss", "  role boss", "  record item", f"    x {kind}", f"    y {kind}"]
    lines += ["    ok boolean", "    why text optional", f"  record r\n    top {kind}"]
    where = f" where {_asked('items', 'top', kind, chance)}" if chance.random() < 0.4 else ""
    lines += [f"    items list of item{where}", f"  record s\n    low {kind}"]
    lines += ["  activity write_r\n    role boss\n    output r", "  activity write_s\n    role boss\n    output s"]
    before = "    after write_r, write_s\n"
    for number in range(3):
        asked = _asked("r.items", chance.choice(("r.top", "s.low")), kind, chance)
        lines.append(f"  activity do{number}\n    role boss\n{before}    when {asked}")
        if chance.random() < 0.5:
            before = f"    after do{number}\n"
    if chance.random() < 0.5:
        lines.append(f"  phase f for each i in r.items\n{before}    activity each\n      role boss")
        lines.append(f"      when {_of_item(chance.choice(('s.low', _literal(kind, chance))), kind, chance)}")
    return "\n".join(lines) + "\n"


def _of_item(other: str, kind: str, chance: Random) -> str:
    return chance.choice(
        ("i.ok", "not(i.ok)", "i.why != null", *(f"i.x {op} i.y" for op in _OPS[2:]), f"i.y < {other}")
    )


def _asked(items: str, other: str, kind: str, chance: Random) -> str:
    tests = [
        _of_item(chance.choice((other, _literal(kind, chance))), kind, chance) for _ in range(chance.randint(1, 3))
    ]
    return f"{chance.choice(('some', 'every'))} i in {items} satisfies {chance.choice((' and ', ' or ')).join(tests)}"


def _drawn(type_: TypeRef, chance: Random, definition: Definition) -> Any:
    if type_.item is not None:
        return [_drawn(type_.item, chance, definition) for _ in range(chance.choice((0, 1, 1, 2, 3, 4)))]
    if type_.name == "record":
        fields = next(record.fields for record in definition.records if record.name == type_.record)
        some = [f for f in fields if not f.optional or chance.random() < 0.5]
        return {f.name: _drawn(f.type, chance, definition) for f in some}
    if type_.name in ("boolean", "text"):
        return chance.random() < 0.5 if type_.name == "boolean" else chance.choice("ab")
    number = chance.choice((0, 1, 2, 3, 4, 5, 7, 8, 29, 30, 31, 100))
    if type_.name == "date":
        return date_from_number(20_513 + number)
    return Decimal(number) if type_.name == "integer" or chance.random() < 0.6 else Decimal(number) + Decimal("0.5")


def _played(definition: Definition, chance: Random) -> tuple[set[str], CaseState]:
    """Plays a case with drawn values, and gives what opened and how it stands when nobody can go on."""
    outputs = {element.name: element.outputs for element in definition.elements}
    state = step(definition, NEW, Start(actor=WHO, at=AT, case="case", **PRESENT._asdict())).state
    opened: set[str] = set()
    for _ in range(60):
        opened.update(node.element for node in state.nodes.values() if node.ready_at is not None)
        work = [node for node in state.nodes.values() if node.state == "ready"]
        if state.status != "open" or not work:
            break
        node = chance.choice(work)
        for _ in range(40):  # until no `where` refuses it
            given = {
                record: _drawn(TypeRef("record", record=record), chance, definition) for record in outputs[node.element]
            }
            records = tuple((record, values.encode(value)) for record, value in given.items())
            done = step(definition, state, Complete(actor=WHO, at=AT, node=node.key, records=records))
            if done.refusal is None:
                break
        state = done.state
    return opened, state


def _stuck(state: CaseState) -> bool:
    return state.status == "open" and all(node.state != "ready" for node in state.nodes.values())


@pytest.mark.parametrize(
    ("written", "first"), [*((_text, n) for n in range(0, 80, 10)), *((_nested, n) for n in range(0, 16, 8))]
)
def test_what_is_proved_of_data_holds_for_any_data(written: Callable[[int], str], first: int) -> None:
    whole = 0
    for seed in range(first, first + (10 if written is _text else 8)):
        definition = process(written(seed))
        graph: Graph = explore(definition, lambda steps: steps < 1_000)
        said = {verdict.property: verdict for verdict in verdicts(definition, graph)}
        chance = Random(seed)
        whole += said["opens"].said != "unknown"
        for _ in range(15):
            opened, state = _played(definition, chance)
            if said["opens"].said == "refuted":
                assert opened.isdisjoint(said["opens"].elements), (seed, opened)
            if said["ends"].said == "proved":
                assert not _stuck(state), seed
    assert whole > 1

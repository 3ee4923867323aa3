"""What is withheld from somebody, beside a reckoning of its own: every value by the lines around it, no other."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any, get_type_hints

from hypothesis import given, settings, strategies as st

from charter.engine.definition import Definition, Field, RecordType, Role, TypeRef
from charter.engine.entries import KINDS, organisation, reporting
from charter.engine.reading import WITHHELD, data, readers_of, sight

ROLES = ("a", "b", "c")
some_roles = st.lists(st.sampled_from(ROLES), max_size=2, unique=True).map(tuple)
TEXT = TypeRef("text")


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    """Records of which each may have fields of those before it, alone or in lists."""
    records: list[RecordType] = []
    for number in range(draw(st.integers(1, 4))):
        kinds = [TEXT]
        for earlier in records:
            one = TypeRef("record", record=earlier.name)
            kinds += [one, TypeRef("list", item=one)]
        fields = [
            Field(f"f{index}", "", draw(st.sampled_from(kinds)), visible=draw(some_roles))
            for index in range(draw(st.integers(1, 3)))
        ]
        records.append(RecordType(f"r{number}", "", tuple(fields), visible=draw(some_roles)))
    visible, owner = draw(some_roles), draw(st.none() | st.sampled_from(ROLES))
    roles = tuple(Role(role, "") for role in ROLES)
    return Definition("p", "", owner=owner, roles=roles, records=tuple(records), visible=visible)


def valued(types: Mapping[str, RecordType], kind: TypeRef, around: tuple[Any, ...], tokens: Iterator[int]) -> Any:
    """Makes a value whose texts each say, in their own words, the lines that stand around them."""
    if kind.item is not None:
        return [valued(types, kind.item, around, tokens) for _ in range(2)]
    if kind.record is None:
        return json.dumps([next(tokens), around])
    record = types[kind.record]
    return {
        field.name: valued(types, field.type, (*around, record.visible, field.visible), tokens)
        for field in record.fields
    }


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif value != WITHHELD:
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


def may(text: str, roles: set[str]) -> bool:
    return all(not line or roles & set(line) for line in json.loads(text)[1])


@settings(max_examples=150)
@given(definitions(), st.sets(st.sampled_from(ROLES)))
def test_a_value_is_read_by_the_lines_around_it(definition: Definition, roles: set[str]) -> None:
    types = {record.name: record for record in definition.records}
    seen = sight(definition, roles)
    for record in definition.records:
        whole = valued(types, TypeRef("record", record=record.name), (), itertools.count())
        told = seen.value(record.name, whole)
        assert list(texts(told)) == [text for text in texts(whole) if may(text, roles)]
        # nothing is left out: what is not told is said to be withheld, and only then
        assert (told != whole) == seen.hides(record.name) == (WITHHELD in (told, *walk(told)))
        entry = {"record": record.name, "version": 1, "digest": "d", "value": whole, "was": None}
        read = data(seen, "written", entry)
        assert read["value"] == told and (read["digest"] == "d") == (told == whole)
        # whose own it is reads all of it
        assert sight(definition, roles, [record.name]).value(record.name, whole) == whole


def walk(value: Any) -> Iterator[Any]:
    yield value
    if value != WITHHELD and isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from walk(each)


@given(definitions(), st.sets(st.sampled_from(ROLES)))
def test_more_roles_read_more(definition: Definition, roles: set[str]) -> None:
    everybody = sight(definition, ROLES)
    assert everybody.whole and sight(definition, roles).hidden >= everybody.hidden
    for role in ROLES:
        assert sight(definition, roles).hidden >= sight(definition, {*roles, role}).hidden
    assert readers_of(definition) == {*(definition.visible or ROLES), *([definition.owner] if definition.owner else [])}


# Fields of entries of a case that may hold anything, and that hold nothing of a record: why.
OPEN_TO_ALL = {
    ("continued", "was"): "the rules until then",
    ("clock_started", "target"): "the time that is agreed, which the clock shows",
    ("clock_recounted", "target"): "the time that is agreed, which the clock shows",
    ("attached", "file"): "named by who attached it to the case",
}
# Texts that may say a value in words.
IN_WORDS = frozenset({"failure", "line"})


def test_no_kind_of_entry_is_forgotten() -> None:
    """What an entry of a case tells beside names, numbers and times is withheld with the records that it comes from."""
    apart = (organisation.__name__, reporting.__name__)
    of_cases = {kind for kind, told in KINDS.items() if told.__module__ not in apart} - {"review_due"}
    record = RecordType("r", "", (Field("f", "", TEXT),), visible=("a",))
    seen = sight(Definition("p", "", roles=(Role("a", ""),), records=(record,)), ())
    for kind in sorted(of_cases):
        told = KINDS[kind]
        hints = get_type_hints(told)
        keys = dict(zip(told.__struct_encode_fields__, told.__struct_fields__, strict=True))
        free = {key for key, name in keys.items() if "Any" in str(hints[name]) or key in IN_WORDS}
        entry = {key: [] if key == "reasons" else "r" for key in keys}
        read = data(seen, kind, entry)
        kept = {key for key in free if read[key] != WITHHELD}
        assert kept == {key for of, key in OPEN_TO_ALL if of == kind}, kind

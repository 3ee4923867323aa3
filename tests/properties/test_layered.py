"""A table in layers is the dict that it stands for, whatever is done to it, and earlier copies stay as they were."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from charter.engine import layered
from charter.engine.layered import Layered, written

KEYS = st.sampled_from([f"k{number}" for number in range(12)])
DEEDS = st.lists(st.tuples(st.sampled_from(["set", "delete", "copy"]), KEYS, st.integers()), max_size=60)


@pytest.mark.parametrize("most", [0, 3, 1000])
@given(start=st.dictionaries(KEYS, st.integers()), deeds=DEEDS)
def test_it_is_the_dict_that_it_stands_for(most: int, start: dict[str, int], deeds: list[tuple[str, str, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layered, "MOST", most)
        patch.setattr(layered, "LARGE", 0)
        plain, table = dict(start), written(start)
        assert isinstance(table, Layered)
        earlier = [(dict(start), start)]
        for deed, key, value in deeds:
            if deed == "set":
                plain[key] = table[key] = value
            elif deed == "delete" and key in plain:
                del plain[key], table[key]
            elif deed == "copy":
                earlier.append((dict(plain), table))
                table = written(table)
            assert (key in table, table.get(key), len(table)) == (key in plain, plain.get(key), len(plain))
        assert table == plain and dict(table.items()) == plain and set(table) == set(plain)
        if not any(deed == "delete" for deed, *_ in deeds):
            assert list(table) == list(plain)
        assert all(then == kept for then, kept in earlier)

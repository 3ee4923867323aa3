"""The hash tree, against the vectors of RFC 6962, its definition written down once more, and what is false."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, strategies as st

from charter.runtime.audit import tree

# leaves and roots of the test vectors of Certificate Transparency (RFC 6962)
LEAVES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def plain(bodies: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, as it stands there."""
    if not bodies:
        return sha256(b"").digest()
    if len(bodies) == 1:
        return sha256(b"\0" + bodies[0]).digest()
    k = 1
    while k * 2 < len(bodies):
        k *= 2
    return sha256(b"\1" + plain(bodies[:k]) + plain(bodies[k:])).digest()


def subtree(bodies: list[bytes]) -> tree.Subtree:
    return lambda level, number: plain(bodies[number << level : (number + 1) << level])


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_the_roots_are_those_of_the_standard(size: int) -> None:
    bodies = [bytes.fromhex(leaf) for leaf in LEAVES[:size]]
    frontier = tree.Frontier()
    for body in bodies:
        frontier.add(tree.leaf_hash(body))
    assert frontier.root().hex() == tree.root_of(size, subtree(bodies)).hex() == ROOTS[size]


@given(st.integers(1, 70), st.data())
def test_a_root_is_the_one_of_the_definition(size: int, data: st.DataObject) -> None:
    bodies = data.draw(st.lists(st.binary(max_size=3), min_size=size, max_size=size))
    frontier = tree.Frontier()
    for number, body in enumerate(bodies, 1):
        frontier.add(tree.leaf_hash(body))
        assert frontier.root() == plain(bodies[:number])
        for level in range(7):
            if number % (1 << level) == 0:
                assert frontier.last(level) == plain(bodies[number - (1 << level) : number])


@given(st.integers(1, 40), st.data())
def test_a_leaf_is_proved_at_its_place_and_nowhere_else(size: int, data: st.DataObject) -> None:
    bodies = [bytes([number]) for number in range(size)]
    index = data.draw(st.integers(0, size - 1))
    path, root = tree.inclusion(index, size, subtree(bodies)), plain(bodies)
    leaf = tree.leaf_hash(bodies[index])
    assert tree.included(leaf, index, size, path, root)
    for other in range(size):
        assert tree.included(leaf, other, size, path, root) is (other == index)
        assert tree.included(tree.leaf_hash(bodies[other]), index, size, path, root) is (other == index)
    at = data.draw(st.integers(0, max(len(path) - 1, 0)))
    for false in (path[:at] + path[at + 1 :], [*path[:at], b"\0" * 32, *path[at:]], [*path, root]):
        assert not tree.included(leaf, index, size, false, root) or false == path
    assert not tree.included(leaf, index, size, path, plain([*bodies, b"more"]))


@given(st.integers(1, 40), st.data())
def test_a_tree_that_goes_on_is_proved_and_no_other(size: int, data: st.DataObject) -> None:
    bodies = [bytes([number]) for number in range(size)]
    old = data.draw(st.integers(0, size))
    path = tree.consistency(old, size, subtree(bodies))
    before, root = plain(bodies[:old]), plain(bodies)
    assert tree.continues(old, size, before, root, path)
    changed = data.draw(st.integers(0, size - 1))
    other = [*bodies[:changed], b"other", *bodies[changed + 1 :]]
    if changed < old:
        assert not tree.continues(old, size, before, plain(other), tree.consistency(old, size, subtree(other)))
        assert not tree.continues(old, size, plain(other[:old]), root, path)
    if 0 < old < size:
        assert not tree.continues(old, size, before, root, path[:-1])
        assert not tree.continues(old, size, before, root, [*path, root])
    assert not tree.continues(size + 1, size, before, root, path)

"""Places boxes in layers so that arrows point one way: a small layered layout after Sugiyama, Tagawa and Toda (1981).

Boxes have sizes and arrows join them; nothing here knows what they mean. The flow runs along the main axis (`across`
False: downwards, True: to the right). Long arrows pass through empty slots in the layers between, so that they do not
run over boxes. Invariants: no two boxes overlap; every arrow goes from an earlier layer to a later one; same input,
same places.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct, field

_SWEEPS = 6
_LANE = 14.0  # the room that a long arrow takes in a layer it passes


class Box(Struct):
    """A box: its size, then its top left corner once placed."""

    width: float
    height: float
    x: float = 0.0
    y: float = 0.0

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


class Placed(Struct):
    """The outcome: boxes by name, for each arrow the points it passes between its ends, and the extent of it all.

    An arrow runs straight from its start to the first point, turns on the way to the second, and so by turns on.
    """

    boxes: dict[str, Box]
    bends: dict[tuple[str, str], list[tuple[float, float]]] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0


class _Slot(Struct):
    """A place in a layer: a box, or a passing arrow.

    `main` is its extent along the flow; across it, it reaches `up` before and `down` behind the line of its arrows.
    """

    main: float
    up: float
    down: float
    layer: int
    at: float = 0.0  # the line of its arrows, across the flow
    before: list[int] = field(default_factory=list)
    behind: list[int] = field(default_factory=list)


def place(
    sizes: Mapping[str, tuple[float, float]],
    arrows: Sequence[tuple[str, str]],
    *,
    across: bool,
    layer_gap: float,
    gap: float,
    lines: Mapping[str, float] = MappingProxyType({}),
) -> Placed:
    """Places boxes; `sizes` are (width, height) by name in reading order, `arrows` must form no cycle.

    `lines`: how far from a box's top (left, when the flow goes down) its arrows meet it; its middle unless given.
    """
    names = list(sizes)
    layers_of = _layers(names, arrows)
    slots: list[_Slot] = []
    index: dict[str, int] = {}
    for name in names:
        wide, high = sizes[name]
        index[name] = len(slots)
        main, side = (wide, high) if across else (high, wide)
        line = lines.get(name, side / 2)
        slots.append(_Slot(main, line, side - line, layers_of[name]))
    chains: dict[tuple[str, str], list[int]] = {}
    for source, target in arrows:
        chain = [index[source]]
        for layer in range(layers_of[source] + 1, layers_of[target]):
            slots.append(_Slot(0, _LANE / 2, _LANE / 2, layer))
            chain.append(len(slots) - 1)
        chain.append(index[target])
        chains[source, target] = chain
        for one, two in itertools.pairwise(chain):
            slots[one].behind.append(two)
            slots[two].before.append(one)
    layers: list[list[int]] = [[] for _ in range(max(layers_of.values(), default=-1) + 1)]
    for number, slot in enumerate(slots):
        layers[slot.layer].append(number)
    _order(layers, slots)
    _spread(layers, slots, gap)
    return _finish(names, index, slots, layers, chains, across, layer_gap)


def _layers(names: Sequence[str], arrows: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Gives each box the length of the longest way to it; a box nothing leads to stands next to its first follower."""
    followers: dict[str, list[str]] = {name: [] for name in names}
    waiting = dict.fromkeys(names, 0)
    for source, target in arrows:
        followers[source].append(target)
        waiting[target] += 1
    layer = dict.fromkeys(names, 0)
    ready = [name for name in names if not waiting[name]]
    sources = [name for name in ready if followers[name]]
    for name in ready:  # grows while it is walked
        for target in followers[name]:
            layer[target] = max(layer[target], layer[name] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    for name in sources:
        layer[name] = min(layer[target] for target in followers[name]) - 1
    return layer


def _order(layers: list[list[int]], slots: list[_Slot]) -> None:
    """Orders each layer by the average place of its neighbours, sweeping to and fro (the barycentre method)."""
    rank = {n: i for row in layers for i, n in enumerate(row)}
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for layer in layers if forward else reversed(layers):
            keys = {}
            for number in layer:
                near = slots[number].before if forward else slots[number].behind
                keys[number] = sum(rank[n] for n in near) / len(near) if near else float(rank[number])
            layer.sort(key=lambda n: (keys[n], rank[n]))
            rank.update((n, i) for i, n in enumerate(layer))


def _spread(layers: list[list[int]], slots: list[_Slot], gap: float) -> None:
    """Gives each slot its centre across the flow: near its neighbours' average, in order, without overlap."""
    for layer in layers:
        edge = 0.0
        for number in layer:
            slots[number].at = edge + slots[number].up
            edge += slots[number].up + slots[number].down + gap
        shift = (edge - gap) / 2
        for number in layer:
            slots[number].at -= shift
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for layer in layers if forward else reversed(layers):
            wanted = []
            for number in layer:
                near = slots[number].before if forward else slots[number].behind
                near = near or slots[number].before or slots[number].behind
                wanted.append(sum(slots[n].at for n in near) / len(near) if near else slots[number].at)
            _settle(layer, wanted, slots, gap)


def _settle(layer: list[int], wanted: list[float], slots: list[_Slot], gap: float) -> None:
    """Moves a layer's slots as near to their wanted centres as order and gaps allow (pool adjacent violators)."""
    offset, shifted = 0.0, []
    for i, number in enumerate(layer):
        if i:
            offset += slots[layer[i - 1]].down + gap + slots[number].up
        shifted.append(wanted[i] - offset)
    pools: list[tuple[float, int]] = []  # (sum, how many) of runs that move together
    for value in shifted:
        pools.append((value, 1))
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, count = pools.pop()
            pools[-1] = (pools[-1][0] + total, pools[-1][1] + count)
    centres = [total / count for total, count in pools for _ in range(count)]
    offset = 0.0
    for i, number in enumerate(layer):
        if i:
            offset += slots[layer[i - 1]].down + gap + slots[number].up
        slots[number].at = centres[i] + offset


def _finish(
    names: Sequence[str],
    index: Mapping[str, int],
    slots: list[_Slot],
    layers: list[list[int]],
    chains: Mapping[tuple[str, str], list[int]],
    across: bool,
    layer_gap: float,
) -> Placed:
    """Turns centres and layers into corners and bends."""
    low = min((s.at - s.up for s in slots), default=0.0)
    high = max((s.at + s.down for s in slots), default=0.0)
    starts, extents, edge = [], [], 0.0
    for layer in layers:
        extent = max((slots[n].main for n in layer), default=0.0)
        starts.append(edge)
        extents.append(extent)
        edge += extent + layer_gap
    total = max(edge - layer_gap, 0.0)
    boxes = {}
    for name in names:
        slot = slots[index[name]]
        main = starts[slot.layer] + (extents[slot.layer] - slot.main) / 2
        side, extent = slot.at - slot.up - low, slot.up + slot.down
        boxes[name] = Box(slot.main, extent, main, side) if across else Box(extent, slot.main, side, main)
    placed = Placed(boxes, {}, total if across else high - low, high - low if across else total)
    for ends, chain in chains.items():
        points = []
        for number in chain:
            slot = slots[number]
            # straight while within a layer, so that the arrow cannot touch a box beside it
            for main in (starts[slot.layer], starts[slot.layer] + extents[slot.layer]):
                points.append((main, slot.at - low) if across else (slot.at - low, main))
        placed.bends[ends] = points[1:-1]
    return placed

"""Nodes and arrays in an un-compiled store."""

from collections.abc import Iterator

import pytest

from fusee.engine.errors import Trap
from fusee.engine.runtime.heap.allocate import new_array, new_struct
from fusee.engine.runtime.heap.barrier import before_write
from fusee.engine.runtime.heap.blocks import is_object
from fusee.engine.state.module import Module
from fusee.kernel.arena import simulate
from fusee.kernel.lang import Ptr, cast, u32, u64, usize
from fusee.kernel.target import ILP32, LP64, Target
from tests.engine.native_heap import ARRAY, NODE, TYPES
from tests.engine.simulated_world import World


class Simulated:
    """Nodes and arrays in an un-compiled store."""

    def __init__(self, target: Target, stack_bytes: int = 1 << 13) -> None:
        self.world = World(stack_bytes)
        self.store = self.world.store
        self.module: Module = self.world.module(TYPES)
        self.width = target.pointer_width
        self.node_bytes = 16 + 2 * self.width

    def node(self, *references: usize) -> usize:
        at = new_struct(self.store, self.module.types[NODE].canonical, u32(self.node_bytes))
        for place, reference in enumerate(references):
            self.write(at, 16 + place * self.width, reference)
        return at

    def array(self, *references: usize) -> usize:
        count = len(references)
        size = u64(8 + count * self.width)
        at = new_array(self.store, self.module.types[ARRAY].canonical, size, u32(count))
        for place, reference in enumerate(references):
            self.write(at, 8 + place * self.width, reference)
        return at

    def write(self, at: usize, offset: int, reference: usize) -> None:
        place = cast(Ptr[usize], at + offset)
        before_write(self.store, u64(place[0]))
        place[0] = reference

    def live(self, *objects: usize) -> list[bool]:
        return [bool(is_object(self.store, at)) for at in objects]


@pytest.fixture(params=[ILP32, LP64], ids=["ilp32", "lp64"])
def simulated(request: pytest.FixtureRequest) -> Iterator[Simulated]:
    with simulate(request.param):
        yield Simulated(request.param)


def fill(s: Simulated, place: Ptr[u64]) -> int:
    """Make a list until there is no memory; how many nodes there were."""
    for count in range(10_000):
        try:
            place[0] = u64(s.node(usize(place[0])))
        except Trap:
            return count
    return 10_000

"""Simulated memory: every mistake with structs and pointers is noticed, on both pointer widths."""

import pytest

from fusee.kernel.arena import SimulatedSpace, allocate_simulated, new, new_array, release_simulated, simulate
from fusee.kernel.faults import AlignmentFault, BoundsFault, FreedFault, NullFault, WildFault
from fusee.kernel.lang import Fn, Ptr, address, cast, copy_bytes, diff, i32, load, null, store, u8, u16, u32, u64, usize
from fusee.kernel.target import ILP32, LP64
from tests.kernel import simulated_shapes
from tests.kernel.simulated_shapes import Point, Shape, leaked_stack, sum_of

space = simulated_shapes.space


def test_bounds(space: SimulatedSpace) -> None:
    p = new_array(u16, 4)
    assert sum_of(p, u32(4)) == 0
    with pytest.raises(BoundsFault, match=r"read of 2 bytes at 0x[0-9a-f]+, offset 8 of an allocation of 8 bytes"):
        sum_of(p, u32(5))
    with pytest.raises(BoundsFault, match="offset -2"):
        p[-1]
    with pytest.raises(BoundsFault):
        p[u64(1 << 32)]
    with pytest.raises(BoundsFault, match="write of 4 bytes"):
        store(cast(Ptr[u8], p + 3), u32(0))
    with pytest.raises(BoundsFault):
        copy_bytes(cast(Ptr[u8], p), cast(Ptr[u8], p), 9)
    with pytest.raises(BoundsFault, match="different allocations"):
        diff(p, new_array(u16, 1))


def test_null(space: SimulatedSpace) -> None:
    with pytest.raises(NullFault, match="access of 4 bytes through null"):
        null(Ptr[u32])[0]
    with pytest.raises(NullFault):
        null(Point).x
    with pytest.raises(NullFault, match="null function"):
        null(Fn[[u32], u32])(u32(1))
    with pytest.raises(NullFault):
        new(Shape).parent.is_open = True


def test_wild_addresses(space: SimulatedSpace) -> None:
    with pytest.raises(WildFault, match="read of 1 bytes at 0x1234, which is in no allocation"):
        cast(Ptr[u8], usize(0x1234))[0]
    with pytest.raises(WildFault, match="no un-compiled function"):
        cast(Fn[[], None], usize(0x1234))()
    p = allocate_simulated(8)
    with pytest.raises(WildFault):
        cast(Ptr[u8], address(p) + 16)[0]


def test_released_memory(space: SimulatedSpace) -> None:
    p = new_array(u32, 2)
    stored = new_array(Ptr[u32], 1)
    stored[0] = p
    release_simulated(p)
    for dangling in (p, stored[0]):
        with pytest.raises(FreedFault, match="released allocation of 8 bytes"):
            dangling[0]
    with pytest.raises(FreedFault, match="twice"):
        release_simulated(p)
    with pytest.raises(FreedFault, match="not the start"):
        release_simulated(new_array(u32, 2) + 1)


def test_stack_arrays_end_with_their_kernel(space: SimulatedSpace) -> None:
    with pytest.raises(FreedFault, match="released"):
        leaked_stack()[0]
    assert space.stack_depth == 0


def test_alignment(space: SimulatedSpace) -> None:
    p = allocate_simulated(16)
    with pytest.raises(AlignmentFault, match="alignment 4 needed"):
        cast(Ptr[u32], p + 2)[0]
    with pytest.raises(AlignmentFault):
        cast(Point, p + 1).x = i32(0)
    assert load(u32, p + 2) == 0


def test_what_memory_does_not_take(space: SimulatedSpace) -> None:
    shape = new(Shape)
    with pytest.raises(TypeError, match="i32 wanted, not u32"):
        shape.centre.x = u32(1)  # type: ignore[assignment]
    with pytest.raises(OverflowError, match="does not fit"):
        shape.centre.x = 1 << 31  # type: ignore[assignment]
    with pytest.raises(TypeError, match="wanted"):
        shape.name = new_array(u16, 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="Shape wanted"):
        shape.parent = new(Point)  # type: ignore[assignment]
    with pytest.raises(TypeError, match="is not a kernel"):
        shape.area = print  # type: ignore[assignment]
    with pytest.raises(TypeError, match="lives in memory"):
        Point()
    with pytest.raises(TypeError, match=r"Ptr\[u8\] wanted"):
        load(u32, new_array(u32, 1))  # type: ignore[arg-type]


def test_pointers_do_not_change_spaces() -> None:
    with simulate(ILP32):
        p = allocate_simulated(1)
        with simulate(LP64), pytest.raises(TypeError, match="cannot be stored"):
            new(Shape).name = p


def test_without_simulated_memory() -> None:
    with pytest.raises(RuntimeError, match="with simulate"):
        new(Point)

"""Simulated memory: structs, pointers and every mistake with them, on both pointer widths."""

from collections.abc import Iterator
from typing import Annotated, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusee.kernel.arena import SimulatedSpace, allocate_simulated, new, new_array, release_simulated, simulate
from fusee.kernel.faults import AlignmentFault, BoundsFault, ConstantFault, FreedFault, NullFault, WildFault
from fusee.kernel.lang import (
    Count,
    Fn,
    Inline,
    Ptr,
    Scalar,
    Static,
    address,
    cast,
    copy_bytes,
    diff,
    f32,
    f64,
    fill_bytes,
    i8,
    i16,
    i32,
    i64,
    is_null,
    kernel,
    load,
    null,
    size_of,
    stack_array,
    store,
    struct,
    table,
    u8,
    u16,
    u32,
    u64,
    usize,
    v128,
)
from fusee.kernel.memory import read_bytes, write_bytes
from fusee.kernel.target import ILP32, LP64, Target

T = TypeVar("T", u8, u16, u32, u64, i8, i16, i32, i64, usize, f32, f64, v128)


@struct
class Point:
    x: i32
    y: i32


@struct
class Shape:
    name: Ptr[u8]
    centre: Inline[Point]
    corners: Annotated[Ptr[Point], Count(3)]
    parent: "Shape"
    is_open: bool
    area: Fn[["Shape"], u32]


@kernel
def twice(x: u32) -> u32:
    return x * 2


@kernel
def area_of_nothing(shape: Shape) -> u32:
    return u32(0)


@kernel
def sum_of(p: Ptr[u16], n: u32) -> u32:
    total = u32(0)
    i = u32(0)
    while i < n:
        total += u32(p[i])
        i += 1
    return total


@kernel
def leaked_stack() -> Ptr[u32]:
    return stack_array(u32, 4)


@kernel
def round_trip(p: Ptr[u8], kind: Static[type[T]], x: T) -> T:
    store(p, x)
    return load(kind, p)


@pytest.fixture(params=[ILP32, LP64], ids=["ILP32", "LP64"])
def space(request: pytest.FixtureRequest) -> Iterator[SimulatedSpace]:
    target: Target = request.param
    with simulate(target) as space:
        yield space


def test_fields(space: SimulatedSpace) -> None:
    shape = new(Shape)
    assert is_null(shape.name)
    assert is_null(shape.parent)
    assert is_null(shape.area)
    shape.name = allocate_simulated(b"square")
    shape.centre.y = i32(-7)
    shape.corners[2].x = i32(5)
    shape.parent = shape
    shape.is_open = True
    shape.area = area_of_nothing
    assert read_bytes(shape.name, 6) == b"square"
    assert shape.parent.parent == shape
    assert shape.parent.centre.y == -7
    assert shape.corners[2].x == 5
    assert shape.is_open
    assert shape.area(shape) == 0
    assert shape.area is area_of_nothing


def test_fields_lie_where_the_target_has_them(space: SimulatedSpace) -> None:
    shape = new(Shape)
    shape.centre.x = i32(0x01020304)
    assert load(u32, cast(Ptr[u8], shape) + space.target.pointer_width) == 0x01020304
    assert size_of(usize) == space.target.pointer_width
    assert (usize(0) - 1).to_bits() == (1 << 8 * space.target.pointer_width) - 1


def test_a_simulated_width_ends_with_the_simulation() -> None:
    before = usize.bits
    with simulate(ILP32):
        assert usize.bits == 32
        with simulate(LP64):
            assert usize.bits == 64
        assert usize.bits == 32
    assert usize.bits == before


def test_pointers(space: SimulatedSpace) -> None:
    p = new_array(u32, 8)
    p[u8(3)] = u32(9)
    q = p + 3
    assert q[0] == 9
    assert q[i32(-3)] == 0
    assert diff(q, p) == 3
    assert (q - 3) == p
    assert p < q
    assert q >= p
    assert address(q) == address(p) + 12
    assert cast(Ptr[u32], address(q))[0] == 9
    assert cast(Point, p + 2).y == 9
    with pytest.raises(TypeError, match="not a condition"):
        bool(p)


def test_struct_elements_are_references(space: SimulatedSpace) -> None:
    points = new_array(Point, 4)
    second = points[1]
    second.x = i32(4)
    assert (points + 1)[0].x == 4
    assert points[1] == second
    with pytest.raises(TypeError, match="cannot be replaced"):
        points[0] = second


def test_bytes(space: SimulatedSpace) -> None:
    p = allocate_simulated(16)
    write_bytes(p, b"abcdef")
    copy_bytes(p + 2, p, 6)
    fill_bytes(p + 8, u8(0x2A), usize(2))
    assert read_bytes(p, 11) == b"ababcdef**\0"
    copy_bytes(p + 16, p, 0)


@given(st.integers(0, (1 << 128) - 1), st.integers(0, 15))
def test_unaligned_values_round_trip(pattern: int, offset: int) -> None:
    kinds: list[type[Scalar]] = [u8, u16, u32, u64, i8, i16, i32, i64, usize, f32, f64, v128]
    for target in (ILP32, LP64):
        with simulate(target):
            p = allocate_simulated(32) + offset
            for kind in kinds:
                x = kind.from_bits(pattern & ((1 << kind.bits) - 1))
                assert round_trip(p, kind, x).to_bits() == x.to_bits()  # type: ignore[type-var]


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


def test_constant_tables(space: SimulatedSpace) -> None:
    primes = table(u16, [2, 3, 5, 7])
    assert sum_of(primes, u32(4)) == 17
    assert sum_of(primes + 1, u32(2)) == 8
    assert address(primes) == address(primes)
    with pytest.raises(ConstantFault, match="constant allocation"):
        primes[0] = u16(1)
    with pytest.raises(BoundsFault):
        primes[4]
    functions = table(Fn[[u32], u32], [twice, None])
    assert functions[0](u32(4)) == 8
    assert (functions + 1 - 1)[0](u32(4)) == 8
    assert is_null((functions + 1)[0])
    with pytest.raises(OverflowError, match="300 does not fit in u8"):
        table(u8, [300])


def test_code_has_addresses(space: SimulatedSpace) -> None:
    p = allocate_simulated(8)
    store(p, address(twice))
    assert cast(Fn[[u32], u32], load(usize, p))(u32(3)) == 6


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

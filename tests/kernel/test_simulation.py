"""Simulated memory: what structs, pointers, bytes and tables are there, on both pointer widths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusee.kernel.arena import SimulatedSpace, allocate_simulated, new, new_array, simulate
from fusee.kernel.faults import BoundsFault, ConstantFault
from fusee.kernel.lang import (
    Fn,
    Ptr,
    Scalar,
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
    load,
    size_of,
    store,
    table,
    u8,
    u16,
    u32,
    u64,
    usize,
    v128,
)
from fusee.kernel.memory import read_bytes, write_bytes
from fusee.kernel.target import ILP32, LP64
from tests.kernel import simulated_shapes
from tests.kernel.simulated_shapes import Point, Shape, area_of_nothing, round_trip, sum_of, twice

space = simulated_shapes.space


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

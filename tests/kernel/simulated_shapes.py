"""Structs and kernels for tests of simulated memory."""

from collections.abc import Iterator
from typing import Annotated, TypeVar

import pytest

from fusee.kernel.arena import SimulatedSpace, simulate
from fusee.kernel.lang import (
    Count,
    Fn,
    Inline,
    Ptr,
    Static,
    f32,
    f64,
    i8,
    i16,
    i32,
    i64,
    kernel,
    load,
    stack_array,
    store,
    struct,
    u8,
    u16,
    u32,
    u64,
    usize,
    v128,
)
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

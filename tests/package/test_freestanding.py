"""What a library needs of the system under it: nothing on bare metal, elsewhere a few functions of C."""

import pytest

from fusee.freestanding import FUNCTIONS, expected_of_system, supply
from fusee.kernel.build import Program, emit_objects
from fusee.kernel.lang import (
    Ptr,
    ceil,
    copy_bytes,
    div_trunc,
    f32,
    f64,
    fill_bytes,
    floor,
    fma,
    fmax,
    fmin,
    i32,
    i64,
    kernel,
    nearest,
    rem_trunc,
    sqrt,
    trunc,
    trunc_sat,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip
from fusee.kernel.target import Target
from fusee.kernel.triple import BUILT
from fusee.package.library import complete
from fusee.package.objects import read_object


@kernel(export="divide_all")
def divide_all(p: Ptr[u64]) -> None:
    a, b = p[0], p[1]
    p[2] = a // b
    p[3] = a % b
    p[4] = u64(div_trunc(i64(a), i64(b)))
    p[5] = u64(rem_trunc(i64(a), i64(b)))
    p[6] = a << (b & 63)
    p[7] = a >> (b & 63)
    p[8] = u64(i64(a) >> i64(b & 63))
    p[9] = a * b


@kernel(export="calculate_doubles")
def calculate_doubles(p: Ptr[f64]) -> None:
    a, b = p[0], p[1]
    p[2] = sqrt(a + b) * (a - b) / b
    p[3] = fmin(ceil(a), floor(b))
    p[4] = fmax(trunc(a), nearest(b))
    p[6] = fma(a, b, a)
    p[5] = f64(f32(a)) if a < b or a >= b * b else f64(f32(b))


@kernel(export="calculate_singles")
def calculate_singles(p: Ptr[f32]) -> None:
    a, b = p[0], p[1]
    p[2] = sqrt(a + b) * (a - b) / b
    p[3] = fmin(ceil(a), floor(b))
    p[4] = fmax(trunc(a), nearest(b))
    p[6] = fma(a, b, a)
    p[5] = a if a <= b or a > b * b else b


@kernel(export="convert_doubles")
def convert_doubles(p: Ptr[f64], q: Ptr[u64]) -> None:
    p[0] = f64(q[0])
    p[1] = f64(i64(q[1]))
    p[2] = f64(u32(q[2]))
    p[3] = f64(i32(u32(q[3])))
    q[4] = trunc_sat(u64, p[4])
    q[5] = u64(trunc_sat(i64, p[5]))
    q[6] = u64(trunc_sat(u32, p[6]))
    q[7] = u64(trunc_sat(i32, p[7]))


@kernel(export="convert_singles")
def convert_singles(p: Ptr[f32], q: Ptr[u64]) -> None:
    p[0] = f32(q[0])
    p[1] = f32(i64(q[1]))
    p[2] = f32(u32(q[2]))
    p[3] = f32(i32(u32(q[3])))
    q[4] = trunc_sat(u64, p[4])
    q[5] = u64(trunc_sat(i64, p[5]))
    q[6] = u64(trunc_sat(u32, p[6]))
    q[7] = u64(trunc_sat(i32, p[7]))


@kernel(export="move_and_fill")
def move_and_fill(to: Ptr[u8], start: Ptr[u8], size: usize) -> None:
    copy_bytes(to, start, size)
    fill_bytes(start, u8(7), size)


EVERYTHING = Program(
    "everything",
    [divide_all, calculate_doubles, calculate_singles, convert_doubles, convert_singles, move_and_fill],
)


@pytest.mark.parametrize("optimize", ["speed", "size"])
@pytest.mark.parametrize("triple", BUILT)
def test_nothing_is_missing(triple: str, optimize: str) -> None:
    target = Target.parse(triple)
    objects = complete(emit_objects(EVERYTHING, target, optimize="size" if optimize == "size" else "speed"), target)
    contents = [read_object(data) for data in objects.values()]
    defined = {name for item in contents for name in item.defined}
    undefined = {name for item in contents for name in item.undefined} - defined
    prefix = "_" if target.object_format == "macho" else ""
    assert undefined <= {prefix + name for name in expected_of_system(target)}


def test_bare_metal_expects_nothing() -> None:
    assert [t for t in BUILT if not expected_of_system(Target.parse(t))] == [t for t in BUILT if "none" in t]


@pytest.mark.parametrize("triple", ["riscv32imac-unknown-none-elf", "thumbv7em-none-eabi"])
def test_the_functions_need_only_each_other(triple: str) -> None:
    target = Target.parse(triple)
    program = supply(target, FUNCTIONS)
    assert program is not None
    (data,) = emit_objects(program, target).values()
    found = read_object(data)
    assert set(FUNCTIONS) <= set(found.defined)
    assert found.undefined == set()

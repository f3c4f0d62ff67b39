"""Numeric operators: what their kernels compute in CPython, by Python's own arithmetic, and natively."""

import math
import struct
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusee import Engine, Instance, Module, Store, Trap
from fusee.engine.errors import Trap as EngineTrap
from fusee.engine.numeric import MEANING as EVERY_MEANING
from fusee.kernel.lang import f32, f64, u32, u64
from fusee.spec.op import BY_MNEMONIC
from tests.hostile.encoding import (
    CODE,
    EXPORT,
    FUNCTION,
    TYPE,
    body,
    function_type,
    module,
    section,
    sized,
    unsigned,
    vector,
)

MEANING = {name: meaning for name, meaning in EVERY_MEANING.items() if BY_MNEMONIC[name].prefix != 0xFD}
"""Those of scalars; for vectors see `test_vector`."""

BITS = {"i32": 32, "i64": 64}
CODES = {"i32": b"\x7f", "i64": b"\x7e", "f32": b"\x7d", "f64": b"\x7c"}
KERNEL_TYPES: dict[str, Any] = {"i32": u32, "i64": u64, "f32": f32, "f64": f64}
EDGES = [0, 1, 2, 31, 32, 63, 0x7F, 0x80, 0xFF, 0x8000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF]
WIDE_EDGES = [*EDGES, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, (1 << 53) + 1]
LIMITS = [0.0, -0.0, 0.5, 1.5, 2.5, -0.5, -0.9, -1.0, 2.0**31, 2.0**32, 2.0**63, 2.0**64, -(2.0**31), -(2.0**63), 1e300]


def signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def shifted(op: Callable[[int, int], int]) -> Callable[[int, int, int], int]:
    return lambda a, b, bits: op(a, b % bits)


def divided(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def count_leading(a: int, bits: int) -> int:
    return bits - a.bit_length()


ORACLE: dict[str, Callable[..., int]] = {
    "add": lambda a, b, bits: a + b,
    "sub": lambda a, b, bits: a - b,
    "mul": lambda a, b, bits: a * b,
    "and": lambda a, b, bits: a & b,
    "or": lambda a, b, bits: a | b,
    "xor": lambda a, b, bits: a ^ b,
    "shl": lambda a, b, bits: a << b % bits,
    "shr_u": lambda a, b, bits: a >> b % bits,
    "shr_s": lambda a, b, bits: signed(a, bits) >> b % bits,
    "rotl": lambda a, b, bits: a << b % bits | a >> (bits - b % bits),
    "rotr": lambda a, b, bits: a >> b % bits | a << (bits - b % bits),
    "div_u": lambda a, b, bits: a // b,
    "rem_u": lambda a, b, bits: a % b,
    "div_s": lambda a, b, bits: divided(signed(a, bits), signed(b, bits)),
    "rem_s": lambda a, b, bits: signed(a, bits) - signed(b, bits) * divided(signed(a, bits), signed(b, bits)),
    "eqz": lambda a, bits: a == 0,
    "eq": lambda a, b, bits: a == b,
    "ne": lambda a, b, bits: a != b,
    "lt_u": lambda a, b, bits: a < b,
    "gt_u": lambda a, b, bits: a > b,
    "le_u": lambda a, b, bits: a <= b,
    "ge_u": lambda a, b, bits: a >= b,
    "lt_s": lambda a, b, bits: signed(a, bits) < signed(b, bits),
    "gt_s": lambda a, b, bits: signed(a, bits) > signed(b, bits),
    "le_s": lambda a, b, bits: signed(a, bits) <= signed(b, bits),
    "ge_s": lambda a, b, bits: signed(a, bits) >= signed(b, bits),
    "clz": count_leading,
    "ctz": lambda a, bits: bits if a == 0 else (a & -a).bit_length() - 1,
    "popcnt": lambda a, bits: a.bit_count(),
    "extend8_s": lambda a, bits: signed(a & 0xFF, 8),
    "extend16_s": lambda a, bits: signed(a & 0xFFFF, 16),
    "extend32_s": lambda a, bits: signed(a & 0xFFFF_FFFF, 32),
}
INTEGER_OPS = [f"{kind}.{name}" for kind in BITS for name in ORACLE if f"{kind}.{name}" in MEANING]


def integers(bits: int) -> st.SearchStrategy[int]:
    edges = [edge for edge in WIDE_EDGES if edge < 1 << bits]
    return st.sampled_from(edges) | st.integers(0, (1 << bits) - 1)


def floats(width: int) -> st.SearchStrategy[float]:
    """Numbers and infinities; what becomes of a NaN's bits is left open in most places."""
    limits = [edge for edge in LIMITS if width == 64 or abs(edge) < 1e38]
    return st.sampled_from(limits) | st.floats(width=width, allow_nan=False)  # type: ignore[arg-type]


def values(kind: str) -> st.SearchStrategy[Any]:
    return integers(BITS[kind]) if kind in BITS else floats(int(kind[1:]))


def computed(mnemonic: str, operands: list[Any]) -> object:
    """What the kernel gives in CPython: bits or a float, or that it traps."""
    row = BY_MNEMONIC[mnemonic]
    assert row.params is not None
    given = [KERNEL_TYPES[kind](value) for kind, value in zip(row.params, operands, strict=True)]
    try:
        result = MEANING[mnemonic](*given)
    except EngineTrap:
        return "trap"
    return shown(float(result)) if isinstance(result, f32 | f64) else int(result)


def shown(value: float) -> object:
    """A float's bits; all NaNs are one."""
    return "nan" if math.isnan(value) else struct.pack("<d", value)


def encoded(kinds: tuple[str, ...] | None) -> bytes:
    return b"".join(CODES[kind] for kind in kinds or ())


@cache
def native_functions() -> tuple[Store, dict[str, Any]]:
    """A function for each operator."""
    rows = [BY_MNEMONIC[mnemonic] for mnemonic in MEANING]
    types = [function_type(encoded(row.params), encoded(row.results)) for row in rows]
    bodies = []
    for row in rows:
        gets = b"".join(b"\x20" + unsigned(n) for n in range(len(row.params or ())))
        code = bytes([row.code]) if row.code < 0x100 else bytes([row.prefix]) + unsigned(row.code & 0xFFF)
        bodies.append(body(gets + code))
    wasm = module(
        section(TYPE, vector(types)),
        section(FUNCTION, vector(unsigned(n) for n in range(len(rows)))),
        section(EXPORT, vector(sized(row.mnemonic.encode()) + b"\0" + unsigned(n) for n, row in enumerate(rows))),
        section(CODE, vector(bodies)),
    )
    store = Store(engine := Engine())
    return store, dict(Instance(store, Module(engine, wasm), []).exports(store).items())


def native(mnemonic: str, operands: list[Any]) -> object:
    """What the native engine gives."""
    store, functions = native_functions()
    row = BY_MNEMONIC[mnemonic]
    assert row.params is not None and row.results is not None
    given = [signed(v, BITS[kind]) if kind in BITS else v for kind, v in zip(row.params, operands, strict=True)]
    try:
        result = functions[mnemonic](store, *given)
    except Trap:
        return "trap"
    kind = row.results[0]
    return result & ((1 << BITS[kind]) - 1) if kind in BITS else shown(result)


@pytest.mark.parametrize("mnemonic", INTEGER_OPS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_integers_are_those_of_python(mnemonic: str, data: st.DataObject) -> None:
    kind, _, name = mnemonic.partition(".")
    row, bits = BY_MNEMONIC[mnemonic], BITS[kind]
    operands = [data.draw(integers(bits)) for _ in row.params or ()]
    try:
        expected: object = ORACLE[name](*operands, bits) & ((1 << bits) - 1)
    except ZeroDivisionError:
        expected = "trap"
    if name == "div_s" and operands == [1 << (bits - 1), (1 << bits) - 1]:
        expected = "trap"  # 2^(n-1) is no n-bit integer
    assert computed(mnemonic, operands) == expected


@pytest.mark.parametrize("mnemonic", MEANING)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_native_code_computes_what_kernels_say(mnemonic: str, data: st.DataObject) -> None:
    operands = [data.draw(values(kind)) for kind in BY_MNEMONIC[mnemonic].params or ()]
    if "f32.reinterpret" in mnemonic or "f64.reinterpret" in mnemonic:
        operands = [operand & 0x3FFF_FFFF for operand in operands]  # no NaN
    assert native(mnemonic, operands) == computed(mnemonic, operands)


@pytest.mark.parametrize("kind", ["f32", "f64"])
@pytest.mark.parametrize("bits", [32, 64])
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_truncation(kind: str, bits: int, data: st.DataObject) -> None:
    value = data.draw(floats(int(kind[1:])))
    for sign, low, high in (("s", -(1 << bits - 1), (1 << bits - 1) - 1), ("u", 0, (1 << bits) - 1)):
        exact = math.inf * math.copysign(1, value) if math.isinf(value) else math.trunc(value)
        inside = low <= exact <= high
        expected = int(exact) % (1 << bits) if inside else "trap"
        assert computed(f"i{bits}.trunc_{kind}_{sign}", [value]) == expected
        saturated = int(min(max(exact, low), high)) % (1 << bits)
        assert computed(f"i{bits}.trunc_sat_{kind}_{sign}", [value]) == saturated


@pytest.mark.parametrize("kind", ["f32", "f64"])
def test_operators_give_nan_for_nan(kind: str) -> None:
    for name in ("add", "sub", "mul", "div", "min", "max"):
        assert native(f"{kind}.{name}", [math.nan, 1.0]) == native(f"{kind}.{name}", [1.0, math.nan]) == "nan"
    assert native(f"{kind}.min", [0.0, -0.0]) == shown(-0.0)
    assert native(f"{kind}.max", [-0.0, 0.0]) == shown(0.0)
    assert native(f"i32.trunc_{kind}_s", [math.nan]) == "trap"
    assert native(f"i64.trunc_sat_{kind}_u", [math.nan]) == 0

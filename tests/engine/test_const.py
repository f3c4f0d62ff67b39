"""Constant expressions follow the rows: instructions that are not constant today, marked so, are evaluated too."""

import ctypes
import struct
from collections.abc import Callable
from functools import cache

import pytest

from fusee.engine.decode.instruction import read_opcode
from fusee.engine.errors import Trap
from fusee.engine.runtime import const
from fusee.engine.runtime.const import rules_of, step
from fusee.engine.runtime.evaluator import SMALL, Evaluator
from fusee.kernel.arena import allocate_simulated, simulate
from fusee.kernel.build import Program, load
from fusee.kernel.lang import Ptr, kernel, stack_array, u8, u32, u64, usize
from fusee.kernel.target import ILP32, LP64
from fusee.spec.features import Unsupported
from fusee.spec.op import BY_MNEMONIC, rows

MORE = (
    "i32.div_s", "i32.eqz", "i64.rotl", "i64.extend_i32_s", "f32.sqrt", "f32.mul", "f64.add", "f64.neg", "f64.lt",
    "f64.promote_f32", "i32.trunc_sat_f64_u", "i64.reinterpret_f64",
)  # fmt: skip
RULES = rules_of(
    [row._replace(constant=row.constant or row.mnemonic in MORE) for row in rows() if row.mnemonic != "v128.const"]
    + [BY_MNEMONIC["v128.const"]._replace(unsupported=Unsupported.NONE)]
)


@kernel
def evaluate_bytes(source: Ptr[u8], size: u32, upper: bool) -> u64:
    """Instructions one after the other; gives half of what is then at the bottom of the stack."""
    e = stack_array(Evaluator, 1)[0]
    e.reader.source = source
    e.reader.position = u32(0)
    e.reader.end = size
    e.reader.module_end = size
    e.stack = e.small
    e.top = e.stack
    e.capacity = usize(SMALL)
    while e.reader.position < size:
        step(e, read_opcode(e.reader), RULES)
    return e.stack[1] if upper else e.stack[0]


@cache
def compiled() -> Callable[..., int]:
    return load(Program("constants", [evaluate_bytes])).function(evaluate_bytes)


def code(*items: str | int | float | bytes) -> bytes:
    """Opcodes by mnemonic, and constants: numbers as i32 and f64, bytes as they are."""
    made = b""
    for item in items:
        if isinstance(item, str):
            row = BY_MNEMONIC[item]
            made += bytes([row.prefix, row.code & 0x7F]) if row.prefix else bytes([row.code])
        elif isinstance(item, bytes):
            made += item
        else:
            made += struct.pack("<Bd", 0x44, item) if isinstance(item, float) else bytes([0x41, item & 0x7F])
    return made


def bits(value: float) -> int:
    return int.from_bytes(struct.pack("<d", value), "little")


CASES = [
    (code(-7, 2, "i32.div_s"), 0xFFFF_FFFD),
    (code(5, "i32.eqz"), 0),
    (code(0, "i32.eqz"), 1),
    (code(-1, "i64.extend_i32_s"), (1 << 64) - 1),
    (code(-2, "i64.extend_i32_s", 1, "i64.extend_i32_s", "i64.rotl"), (1 << 64) - 3),
    (code(1.5, 2.25, "f64.add", "f64.neg"), bits(-3.75)),
    (code(1.5, 2.25, "f64.lt"), 1),
    (code(2.25, 1.5, "f64.lt"), 0),
    (code(b"\x43" + struct.pack("<f", 2.25), "f32.sqrt", "f64.promote_f32"), bits(1.5)),
    (code(b"\x43" + struct.pack("<f", 2.25), b"\x43" + struct.pack("<f", -2), "f32.mul"), 0xC090_0000),
    (code(3e9, "i32.trunc_sat_f64_u"), 3_000_000_000),
    (code(1.0, "i64.reinterpret_f64"), bits(1.0)),
]


@pytest.mark.parametrize(("binary", "expected"), CASES)
def test_rows_that_are_marked_constant_are_evaluated(binary: bytes, expected: int) -> None:
    for target in (ILP32, LP64):
        with simulate(target):
            assert evaluate_bytes(allocate_simulated(binary), u32(len(binary)), False) == expected
    buffer = ctypes.create_string_buffer(binary, len(binary))
    assert compiled()(buffer, len(binary), False) == expected


def test_vectors_have_two_halves() -> None:
    binary = code("v128.const", bytes(range(16)))
    buffer = ctypes.create_string_buffer(binary, len(binary))
    halves = [compiled()(buffer, len(binary), upper) for upper in (False, True)]
    assert halves == [0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908]


def test_what_traps_is_an_error() -> None:
    binary = code(1, 0, "i32.div_s")
    with pytest.raises(Trap):
        compiled()(ctypes.create_string_buffer(binary, len(binary)), len(binary), False)


@pytest.mark.parametrize("mnemonic", ["nop", "memory.size", "call", "array.len", "select", "local.get", "i32.load"])
def test_a_row_that_nothing_evaluates_is_refused_at_once(mnemonic: str) -> None:
    row = BY_MNEMONIC[mnemonic]._replace(constant=True, unsupported=Unsupported.NONE)
    with pytest.raises(TypeError, match=f"{mnemonic} is allowed in constant expressions"):
        rules_of([row])


def test_every_constant_row_that_executes_has_a_rule() -> None:
    executed = {row.mnemonic for row in rows() if row.constant and not row.unsupported}
    assert {rule.op.mnemonic for rule in const.RULES} == executed
    assert executed >= {"global.get", "i32.const", "f64.const", "i64.mul", "ref.null", "ref.func"}

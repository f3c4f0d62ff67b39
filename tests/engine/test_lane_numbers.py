"""One of many lanes by a number in the cell; and operands that are in a register and wanted in a slot."""

import re
from typing import Any

import pytest

from fusee import Engine, Instance, Module, Store
from fusee.disasm.listing import list_function, own_functions, show_function
from fusee.engine.isa.selection import chosen
from fusee.engine.numeric import BY_NUMBER, MEANING, TWINS
from fusee.kernel.lang import Kernel, u8, u16, u32, v128
from fusee.spec.op import BY_MNEMONIC

A = bytes(0xF0 - 13 * n & 0xFF for n in range(16))
VECTOR = f"(v128.const i8x16 {' '.join(map(str, A))})"
VECTORS = {"local": "(local.get 0)", "sum": "(v128.not (local.get 1))", "constant": VECTOR}
NARROW = [(8, 16), (16, 8), (32, 4)]  # the width of lanes in bits, and how many there are


def opened(text: str) -> tuple[Store, Any]:
    store = Store(engine := Engine())
    return store, Instance(store, Module(engine, text), []).exports(store)


def lane_of(vector: bytes, bits: int, lane: int, sign: str = "_u") -> int:
    width = bits // 8
    return int.from_bytes(vector[lane * width : (lane + 1) * width], "little", signed=sign != "_u")


def with_lane(vector: bytes, bits: int, lane: int, number: int) -> bytes:
    width = bits // 8
    lanes = [vector[at : at + width] for at in range(0, len(vector), width)]
    lanes[lane] = (number & (1 << bits) - 1).to_bytes(width, "little")
    return b"".join(lanes)


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
@pytest.mark.parametrize(("bits", "count"), NARROW)
def test_a_lane_is_taken(bits: int, count: int, vector: str) -> None:
    """Alone, and by what is fused with it: a shift, a sum, a store."""
    signs = ("",) if bits == 32 else ("_s", "_u")
    cases = [(lane, sign) for lane in range(count) for sign in signs]
    texts = []
    for lane, sign in cases:
        taken = f"(i{bits}x{count}.extract_lane{sign} {lane} {vector})"
        texts.append(f"""
          (func (export "{lane}{sign}") (param v128 v128) (result i32) {taken})
          (func (export "{lane}{sign} shifted") (param v128 v128) (result i32) (i32.shl {taken} (i32.const 3)))
          (func (export "{lane}{sign} added") (param v128 v128 i32) (result i32) (i32.add (local.get 2) {taken}))
          (func (export "{lane}{sign} stored") (param v128 v128 i32) (result i32)
            (i32.store8 offset=7 (local.get 2) {taken}) (i32.load8_u offset=7 (local.get 2)))""")
    store, exports = opened(f"(module (memory 1) {''.join(texts)})")
    inverted = bytes(255 - byte for byte in A)
    for lane, sign in cases:
        expected = lane_of(A, bits, lane, "_s" if bits == 32 else sign)
        call = {name: exports[f"{lane}{sign}{name}"] for name in ("", " shifted", " added", " stored")}
        assert call[""](store, A, inverted) == expected
        assert call[" shifted"](store, A, inverted) & 0xFFFF_FFFF == expected << 3 & 0xFFFF_FFFF
        assert call[" added"](store, A, inverted, 1000) & 0xFFFF_FFFF == (expected + 1000) & 0xFFFF_FFFF
        assert call[" stored"](store, A, inverted, 99) == expected & 0xFF


@pytest.mark.parametrize("number", ["(local.get 2)", "(i32.mul (local.get 2) (i32.const 1))", "(i32.const -77)"])
@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
@pytest.mark.parametrize(("bits", "count"), NARROW)
def test_a_lane_is_replaced(bits: int, count: int, vector: str, number: str) -> None:
    texts = [f"""(func (export "{lane}") (param v128 v128 i32) (result v128)
      (i{bits}x{count}.replace_lane {lane} {vector} {number}))""" for lane in range(count)]  # fmt: skip
    store, exports = opened(f"(module {''.join(texts)})")
    inverted = bytes(255 - byte for byte in A)
    for lane in range(count):
        assert bytes(exports[str(lane)](store, A, inverted, -77)) == with_lane(A, bits, lane, -77)


@pytest.mark.parametrize("number", [-77, 1 << 20])
def test_a_lane_of_a_local_in_a_register_becomes_a_constant(number: int) -> None:
    """Local, constant and lane have to be told apart when operands are moved to where there is a handler for them."""
    for bits, count in NARROW:
        replaced = f"(i{bits}x{count}.replace_lane 1 (local.get $v) (i32.const {number}))"
        store, exports = opened(f"""(module (func (export "f") (param $n i32) (param $v v128) (result v128)
          (loop $l
            (local.set $v (i8x16.add (local.get $v) {replaced}))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (local.get $v)))""")
        expected = A
        for _ in range(3):
            other = with_lane(expected, bits, 1, number)
            expected = bytes(x + y & 0xFF for x, y in zip(expected, other, strict=True))
        assert bytes(exports["f"](store, 3, A)) == expected


def test_a_lane_by_its_number_is_the_one_of_that_number() -> None:
    """The two meanings of an instruction, un-compiled."""
    pattern = int.from_bytes(A, "little")
    for mnemonic, by_number in BY_NUMBER.items():
        op, fixed = BY_MNEMONIC[mnemonic], MEANING[mnemonic]
        number: tuple[Any, ...] = ()
        if "extract" not in mnemonic and "store" not in mnemonic:
            number = ({1: u8, 2: u16}[op.width](0xC5) if op.width else u32(0xC5),)
        for lane in range(op.lanes):
            vector = v128.from_bits(pattern)
            static = {**dict(fixed.static), "lane": lane}
            kernels: tuple[Kernel[..., Any], Kernel[..., Any]] = (by_number.kernel, fixed.kernel)
            found = kernels[0](vector, *number, u32(lane), **dict(by_number.static))
            assert found.to_bits() == kernels[1](vector, *number, **static).to_bits(), (mnemonic, lane)


@pytest.mark.parametrize("mnemonic", TWINS)
def test_relaxed_instructions_are_the_rows_of_their_twins(mnemonic: str) -> None:
    params = BY_MNEMONIC[mnemonic].params
    assert params is not None
    gets = " ".join(f"(local.get {number})" for number in range(len(params)))
    text = f'(module (func (export "f") (param {"v128 " * len(params)}) (result v128) ({mnemonic} {gets})))'
    module = Module(Engine(), text)
    (index,) = own_functions(module)
    names = list_function(module, index).names
    assert any(name.startswith(TWINS[mnemonic].replace(".", "_")) for name in names), names


SHUFFLE = "(i8x16.shuffle 7 3 19 20 1 30 2 8 31 0 5 16 11 6 4 9 {} {})"  # takes no operands in pins
TURNS = f"""(module (func (export "f") (param $n i32) (param $v v128) (result v128)
  (local $sum v128)
  (loop $l
    (local.set $sum (v128.xor (local.get $sum) {SHUFFLE.format("(local.get $v)", "(local.get $sum)")}))
    (local.set $sum (v128.xor (local.get $sum) {SHUFFLE.format("(local.get $sum)", "(local.get $v)")}))
    (local.set $v (i8x16.add (local.get $v) (local.get $sum)))
    (local.set $sum (v128.xor (local.get $sum) {SHUFFLE.format("(local.get $v)", "(local.get $v)")}))
    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
  (v128.xor (local.get $sum) (local.get $v))))"""


def turned(n: int, v: bytes) -> bytes:
    places = (7, 3, 19, 20, 1, 30, 2, 8, 31, 0, 5, 16, 11, 6, 4, 9)
    total = bytes(16)

    def mixed(a: bytes, b: bytes) -> bytes:
        return bytes(x ^ (a + b)[place] for x, place in zip(total, places, strict=True))

    for _ in range(n):
        total = mixed(v, total)
        total = mixed(total, v)
        v = bytes(x + y & 0xFF for x, y in zip(v, total, strict=True))
        total = mixed(v, v)
    return bytes(x ^ y for x, y in zip(total, v, strict=True))


def test_a_pin_is_saved_once_for_who_wants_its_slot() -> None:
    """It is right in the slot until the local is written, and again when that was saved."""
    store, exports = opened(TURNS)
    for n in (1, 2, 5):
        assert bytes(exports["f"](store, n, A)) == turned(n, A)
    if chosen().has_vector_forms and chosen().pins:
        module = Module(Engine(), TURNS)
        (index,) = own_functions(module)
        loop = "\n".join(show_function(module, index)).partition("set_loop")[2]
        assert len(re.findall(r"vmov_s_r\d", loop)) <= 4, loop

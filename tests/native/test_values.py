"""Numbers, vectors and locals in native code."""

import re
from collections.abc import Sequence

import pytest

from fusee.api.text import wat2wasm
from fusee.kernel.target import Target
from fusee.native.compile import Compiler, plan
from fusee.native.unit import Options
from tests.native.parts import Part, instance_of, natively

BITS = "(f32.reinterpret_i32 (local.get $bits))"

QUIET = {
    "one": f"(f32.sub (f32.mul {BITS} (f32.const 1)) (local.get $zero))",
    "converted": f"(f32.div {BITS} (f32.convert_i32_s (i32.const -1)))",
    "there_and_back": f"(f32.demote_f64 (f64.promote_f32 {BITS}))",
    "computed": f"(f32.mul {BITS} (f32.mul (f32.const 4) (f32.const 0.25)))",
    "kept": f"(local.set $kept (f32.const 4)) (f32.div {BITS} (f32.mul (local.get $kept) (f32.const 0.25)))",
    "counted": f"(local.set $count (i32.const 1)) (f32.mul {BITS} (f32.convert_i32_u (local.get $count)))",
    "reinterpreted": f"""(local.set $count (i32.const 0x80000000))
      (f32.sub (f32.reinterpret_i32 (local.get $count)) {BITS})""",
    "called": f"(call $times {BITS} (f32.sub (f32.const 3) (f32.const 2)))",
    "chosen": f"(f32.mul {BITS} (select (f32.const 1) (f32.sub (f32.const 3) (f32.const 2)) (local.get $bits)))",
    "compared": f"""(local.set $kept (f32.load (i32.const 0)))
      (if (result f32) (f32.eq (local.get $kept) (f32.const 2))
        (then (f32.mul {BITS} (f32.mul (local.get $kept) (f32.const 0.5)))) (else (f32.const 0)))""",
    "lanes": "(f32x4.extract_lane 2 (f32x4.sub (i32x4.splat (local.get $bits)) (v128.const i32x4 0 0 0 0)))",
    "lanes_of_one": """(f32x4.extract_lane 1 (f32x4.mul (i32x4.splat (local.get $bits))
      (f32x4.sub (f32x4.splat (f32.const 3)) (f32x4.splat (f32.const 2)))))""",
    "stored": f"(i32.store (i32.const 4) (i32.const 0x3f800000)) (f32.mul {BITS} (f32.load (i32.const 4)))",
    "lane": f"(f32.add {BITS} (f32x4.extract_lane 3 (v128.const i32x4 1 2 3 0x80000000)))",
}


def test_signalling_nans_become_quiet() -> None:
    """Also by operations that leave every other number as it is, however it is found out that they are such."""
    functions = [
        f"""(func (export "{name}") (param $bits i32) (result i32)
          (local $zero f32) (local $kept f32) (local $count i32)
          {body} (i32.reinterpret_f32))"""
        for name, body in QUIET.items()
    ]
    with natively("all"):
        store, exports = instance_of(f"""(module (memory 1) (data (i32.const 0) "\\00\\00\\00\\40")
          (func $times (param f32 f32) (result f32) (f32.mul (local.get 0) (local.get 1))) {"".join(functions)})""")
    found = {name: exports[name](store, 0x7FA0_0001) & 0xFFFF_FFFF for name in QUIET}
    assert {name: bits for name, bits in found.items() if bits & 0x7FC0_0000 != 0x7FC0_0000} == {}


LANES = """(module (memory 1)
  (func (export "f") (param i32) (result i32) (local $v v128)
    (i32.store (i32.const 4) (local.get 0))
    (local.set $v (i8x16.shuffle 0 1 2 3 16 17 18 19 8 9 10 11 31 30 29 28
      (v128.load (i32.const 0)) (i32x4.splat (local.get 0))))
    (v128.store8_lane 4 (i32.const 8) (local.get $v))
    (local.set $v (v128.load16_lane 2 (i32.const 4) (local.get $v)))
    (i32x4.extract_lane 1 (i32x4.add (local.get $v) (v128.load8x8_u (i32.const 4))))))"""


def test_vectors(part: Part) -> None:
    store, exports = instance_of(LANES)
    assert exports["f"](store, 0x0403_0201) == 0x0403_0201 + 0x0004_0003


RESULTS = """(module
  (func $i32 (param i32) (result i32) (i32.sub (i32.const 0) (local.get 0)))
  (func $i64 (param i64) (result i64) (i64.sub (i64.const 0) (local.get 0)))
  (func $f32 (param f32) (result f32) (f32.neg (local.get 0)))
  (func $f64 (param f64) (result f64) (f64.neg (local.get 0)))
  (func $v128 (param v128) (result v128) (v128.not (local.get 0)))
  (func $vector_first (param i32 f32) (result v128 i32 f32)
    (i32x4.splat (local.get 0)) (i32.add (local.get 0) (i32.const 1)) (f32.neg (local.get 1)))
  (func $vector_last (param i32 f32) (result f32 i32 v128)
    (f32.neg (local.get 1)) (i32.add (local.get 0) (i32.const 1)) (i32x4.splat (local.get 0)))
  (func (export "i32") (param i32) (result i32) (call $i32 (call $i32 (call $i32 (local.get 0)))))
  (func (export "i64") (param i64) (result i64) (call $i64 (call $i64 (call $i64 (local.get 0)))))
  (func (export "f32") (param f32) (result f32) (call $f32 (call $f32 (call $f32 (local.get 0)))))
  (func (export "f64") (param f64) (result f64) (call $f64 (call $f64 (call $f64 (local.get 0)))))
  (func (export "lane") (param i32) (result i64) (local $v v128)
    (local.set $v (i64x2.splat (i64.extend_i32_u (local.get 0))))
    (i64x2.extract_lane 1 (call $v128 (call $v128 (call $v128 (local.get $v))))))
  (func (export "first") (param i32 f32) (result f32) (local $v v128) (local $f f32) (local $i i32)
    (call $vector_first (local.get 0) (local.get 1)) (local.set $f) (local.set $i) (local.set $v)
    (f32.add (local.get $f)
      (f32.convert_i32_s (i32.add (local.get $i) (i32x4.extract_lane 3 (local.get $v))))))
  (func (export "last") (param i32 f32) (result f32) (local $v v128) (local $f f32) (local $i i32)
    (call $vector_last (local.get 0) (local.get 1)) (local.set $v) (local.set $i) (local.set $f)
    (f32.add (local.get $f)
      (f32.convert_i32_s (i32.add (local.get $i) (i32x4.extract_lane 3 (local.get $v))))))
  (func (export "pinned") (param $n i32) (result i64) (local $sum i64) (local $f f64) (local $v v128)
    (loop $again
      (local.set $f (f64.add (call $f64 (local.get $f)) (f64.const 1)))
      (local.set $v (v128.xor (call $v128 (local.get $v)) (i64x2.splat (local.get $sum))))
      (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_s (call $i32 (local.get $n)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.add (i64.mul (local.get $sum) (i64.const 1000))
      (i64.add (i64.trunc_f64_s (local.get $f)) (i64x2.extract_lane 1 (local.get $v))))))"""
"""Functions that give each kind of value, and what uses it at once."""


@pytest.mark.parametrize("which", [range(7), range(7, 15), range(0, 15, 2)])
def test_results_of_each_kind(which: Sequence[int]) -> None:
    """Be the callee native, the caller, or both: the first result is expected in a register, all of them in slots."""
    with natively("all") as chosen:
        chosen.choose = lambda functions: list(which)  # type: ignore[method-assign]
        store, exports = instance_of(RESULTS)
    assert exports["i32"](store, -5) == 5
    assert exports["i64"](store, 1 << 40) == -(1 << 40)
    assert (exports["f32"](store, 0.5), exports["f64"](store, 1e300)) == (-0.5, -1e300)
    assert exports["lane"](store, 7) == ~7
    assert (exports["first"](store, 3, 0.5), exports["last"](store, 3, 0.5)) == (6.5, 6.5)
    vector, total = 0, 0  # f is 1, 0, 1, 0 …
    for number in range(10, 0, -1):
        vector = ~vector ^ total
        total -= number
    assert exports["pinned"](store, 10) == total * 1000 + vector
    assert chosen.native == len(which)


def test_an_entry_leaves_whole_slots() -> None:
    """Whoever reads what is wider than one store a moment ago waits until that has come to memory."""
    compiler = Compiler(plan(bytes(wat2wasm(RESULTS)), range(7)), Options(Target.host()))
    entries = re.findall(r"^define hidden i64 @\"native\.e\d+\".*?^}", compiler.text(0), re.DOTALL | re.MULTILINE)
    stores = re.findall(r"^  store (.*?) %", "\n".join(entries), re.MULTILINE)
    assert (len(entries), set(stores)) == (7, {"i64", "<2 x i64>"})


def test_thousands_of_locals() -> None:
    """Each is set to the one before plus one, in a loop, and all of them are needed."""
    count = 3500
    steps = "".join(
        f"(local.set {number} (i64.add (local.get {number - 1}) (i64.const 1)))" for number in range(count, 0, -1)
    )
    text = f"""(module (func (export "f") (param i64) (result i64) (local{" i64" * count}) (local i32)
      (loop $again {steps} (br_if $again (i32.lt_u (local.tee {count + 1}
        (i32.add (local.get {count + 1}) (i32.const 1))) (i32.const {count + 10}))))
      (local.get {count})))"""
    with natively("all") as chosen:
        store, exports = instance_of(text)
    assert exports["f"](store, 5) == 5 + count
    assert chosen.native == 1

"""Numbers, vectors and locals in native code."""

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

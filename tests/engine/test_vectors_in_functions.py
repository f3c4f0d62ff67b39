"""Vectors as values: parameters, results, locals, globals, on the stack, in calls of all kinds."""

from collections.abc import Callable
from typing import Any

import pytest

from fusee import (
    ArgumentError,
    Config,
    Engine,
    Func,
    FuncType,
    Global,
    GlobalType,
    Instance,
    Module,
    Store,
    Val,
    ValType,
)

A = bytes(range(16))
B = bytes(range(100, 116))
C = bytes(range(239, 255))

Call = Callable[..., Any]


def exports_of(
    text: str, imports: Callable[[Store], list[Any]] = lambda store: [], engine: Engine | None = None
) -> tuple[Store, Any]:
    store = Store(engine := engine or Engine())
    return store, Instance(store, Module(engine, text), imports(store)).exports(store)


def test_parameters_and_results_among_others() -> None:
    store, exports = exports_of("""(module
      (func (export "f") (param i32 v128 i64 v128 f32) (result f32 v128 i32 v128 i64)
        (local.get 4) (local.get 3) (local.get 0) (local.get 1) (local.get 2)))""")
    assert exports["f"](store, 7, A, -8, B, 0.5) == [0.5, B, 7, A, -8]
    assert exports["f"](store, 7, int.from_bytes(A, "little"), -8, Val.v128(B), 0.5) == [0.5, B, 7, A, -8]


def test_locals_are_zero_and_keep_what_is_set() -> None:
    store, exports = exports_of("""(module
      (func (export "f") (param i32 v128) (result v128 i64 v128 v128)
        (local i64 v128 i32 v128)
        (local.set 3 (local.get 1))
        (local.set 2 (i64.const -1))
        (local.set 1 (v128.not (local.get 3)))
        (local.get 3) (local.get 2) (local.get 5) (local.get 1)))""")
    inverted = bytes(byte ^ 255 for byte in A)
    assert exports["f"](store, 0, A) == [A, -1, bytes(16), inverted]


def test_loops_with_more_vectors_than_registers() -> None:
    """Six accumulators and a counter: sums of 1, 2 … 6 over the iterations, mixed by a float."""
    gets = " ".join(f"(local.get {n})" for n in range(1, 7))
    adds = "\n".join(f"(local.set {n} (i32x4.add (local.get {n}) (i32x4.splat (i32.const {n}))))" for n in range(1, 7))
    store, exports = exports_of(f"""(module
      (func (export "f") (param i32) (result v128 v128 v128 v128 v128 v128 f64)
        (local v128 v128 v128 v128 v128 v128 f64)
        (loop
          {adds}
          (local.set 7 (f64.add (local.get 7) (f64.const 0.5)))
          (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        {gets} (local.get 7)))""")
    *vectors, number = exports["f"](store, 10)
    assert vectors == [(10 * n).to_bytes(4, "little") * 4 for n in range(1, 7)]
    assert number == 5.0


def test_select_blocks_and_branches() -> None:
    store, exports = exports_of("""(module
      (type $two (func (param v128) (result v128 i32)))
      (func (export "f") (param i32 v128 v128) (result v128)
        (select (local.get 1) (local.get 2) (local.get 0)))
      (func (export "g") (param i32 v128 v128) (result v128)
        (select (result v128) (v128.not (local.get 1)) (local.get 2) (i32.eqz (local.get 0))))
      (func (export "h") (param i32 v128 v128) (result v128 i32)
        (i32.const 5) (local.get 1)
        (block (type $two)
          (drop)
          (local.get 2) (local.get 0)
          (br_if 0 (local.get 2) (i32.const 1) (local.get 0))
          (drop) (drop) (drop)
          (i32.const 9) (br 0))
        (local.set 0) (local.set 1) (drop)
        (local.get 1) (local.get 0))
      (func (export "t") (param i32 v128 v128) (result v128)
        (block (result v128)
          (i64.const 3)
          (block (result v128)
            (i32.const 1)
            (br_table 0 1 (local.get 1) (local.get 0)))
          (drop) (drop) (local.get 2))))""")
    assert [exports["f"](store, n, A, B) for n in (0, 1)] == [B, A]
    inverted = bytes(byte ^ 255 for byte in A)
    assert [exports["g"](store, n, A, B) for n in (0, 1)] == [inverted, B]
    assert [exports["h"](store, n, A, B) for n in (0, 1)] == [[B, 9], [B, 1]]
    assert [exports["t"](store, n, A, B) for n in (0, 1)] == [B, A]


def test_values_stay_while_others_are_computed() -> None:
    """Operands on the stack below calls and other computations, of all widths."""
    store, exports = exports_of("""(module
      (func $id (param v128) (result v128) (local.get 0))
      (func $first (param v128 i32 v128) (result v128 i32 v128) (local.get 2) (local.get 1) (local.get 0))
      (func (export "f") (param v128 v128 i32) (result v128)
        (i8x16.add
          (i8x16.sub (local.get 0) (call $id (local.get 1)))
          (i8x16.add (call $id (v128.xor (local.get 0) (local.get 1)))
                     (i8x16.splat (i32.mul (local.get 2) (i32.const 3))))))
      (func (export "g") (param v128 v128 i32) (result v128 i32 v128)
        (call $first (call $first (call $first (local.get 0) (local.get 2) (local.get 1))))))""")
    expected = bytes((a - b + (a ^ b) + 3 * 7) & 255 for a, b in zip(A, B, strict=True))
    assert exports["f"](store, A, B, 7) == expected
    assert exports["g"](store, A, B, 7) == [B, 7, A]


CALLS = """(module
  (type $t (func (param i32 v128 v128) (result v128)))
  (import "" "host" (func $host (type $t)))
  (table funcref (elem $own $host $tail))
  (func $own (type $t) (i8x16.add (local.get 1) (i8x16.splat (local.get 0))))
  (func $tail (type $t)
    (return_call $own (i32.add (local.get 0) (i32.const 1)) (local.get 2) (local.get 1)))
  (func (export "direct") (type $t) (call $own (local.get 0) (local.get 1) (local.get 2)))
  (func (export "import") (type $t) (call $host (local.get 0) (local.get 1) (local.get 2)))
  (func (export "indirect") (param i32 v128 v128 i32) (result v128)
    (call_indirect (type $t) (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
  (func (export "tail") (param i32 v128 v128 i32) (result v128)
    (return_call_indirect (type $t) (local.get 0) (local.get 2) (local.get 1) (local.get 3)))
  (func (export "reference") (param i32 v128 v128) (result v128)
    (call_ref $t (local.get 0) (local.get 1) (local.get 2) (ref.func $tail)))
  (func (export "own") (type $t) (return_call $host (local.get 0) (local.get 2) (local.get 1))))"""


def test_calls_of_all_kinds() -> None:
    seen = []

    def host(number: int, a: bytes, b: bytes) -> int:
        seen.append((number, a, b))
        return int.from_bytes(a, "little") ^ int.from_bytes(b, "little")

    v128 = ValType.v128()
    type_ = FuncType([ValType.i32(), v128, v128], [v128])
    store, exports = exports_of(CALLS, lambda store: [Func(store, type_, host)])

    def plus(a: bytes, n: int) -> bytes:
        return bytes((byte + n) & 255 for byte in a)

    mixed = bytes(a ^ b for a, b in zip(A, B, strict=True))
    assert exports["direct"](store, 3, A, B) == plus(A, 3)
    assert exports["import"](store, 4, A, B) == mixed
    assert exports["indirect"](store, 5, A, B, 0) == plus(A, 5)
    assert exports["indirect"](store, 6, A, B, 1) == mixed
    assert exports["indirect"](store, 7, A, B, 2) == plus(B, 8)
    assert exports["tail"](store, 8, A, B, 0) == plus(B, 8)
    assert exports["tail"](store, 9, A, B, 1) == mixed
    assert exports["reference"](store, 10, A, B) == plus(B, 11)
    assert exports["own"](store, 11, A, B) == mixed
    assert seen == [(4, A, B), (6, A, B), (9, B, A), (11, B, A)]


def test_calls_into_another_instance() -> None:
    store = Store(engine := Engine())
    giver = Module(
        engine,
        """(module
      (func (export "f") (param i32 v128) (result v128) (i8x16.add (local.get 1) (i8x16.splat (local.get 0)))))""",
    )
    given = Instance(store, giver, []).exports(store)["f"]
    taker = Module(
        engine,
        """(module
      (import "" "f" (func $f (param i32 v128) (result v128)))
      (func (export "g") (param v128 i64) (result i64 v128)
        (local.get 1) (call $f (i32.const 2) (call $f (i32.const 1) (local.get 0)))))""",
    )
    exports: Any = Instance(store, taker, [given]).exports(store)
    assert exports["g"](store, A, 5) == [5, bytes(byte + 3 for byte in A)]


def test_globals() -> None:
    store, exports = exports_of("""(module
      (import "" "g" (global $given (mut v128)))
      (global $own (export "own") (mut v128) (v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16))
      (global $before (export "before") i32 (i32.const -1))
      (func (export "swap") (local v128)
        (local.set 0 (global.get $own))
        (global.set $own (v128.not (global.get $given)))
        (global.set $given (local.get 0))))""",
        lambda store: [Global(store, GlobalType(ValType.v128(), True), A)])  # fmt: skip
    assert exports["own"].value(store) == bytes(range(1, 17))
    exports["swap"](store)
    assert exports["own"].value(store) == bytes(byte ^ 255 for byte in A)
    exports["swap"](store)
    assert exports["own"].value(store) == bytes(byte ^ 255 for byte in range(1, 17))
    exports["own"].set_value(store, C)
    assert exports["own"].value(store) == C
    assert exports["before"].value(store) == -1


def test_bulk_operations_beside_vectors() -> None:
    """Their operands are in every other slot then."""
    store, exports = exports_of("""(module (memory (export "m") 1) (table 4 funcref) (elem declare func $f)
      (func $f)
      (func (export "f") (param v128) (result v128 i32 i32 i32)
        (local.get 0)
        (v128.store (i32.const 0) (local.get 0))
        (memory.copy (i32.const 40) (i32.const 1) (i32.const 15))
        (memory.fill (i32.const 42) (i32.const 0xAB) (i32.const 3))
        (drop) (v128.load (i32.const 40))
        (memory.grow (i32.const 1))
        (table.grow (ref.func $f) (i32.const 2))
        (table.size)))""")
    wanted = bytearray(A[1:] + b"\0")
    wanted[2:5] = b"\xab" * 3
    assert exports["f"](store, A) == [bytes(wanted), 1, 4, 6]


def test_wide_arithmetic_beside_vectors() -> None:
    config = Config()
    config.wasm_wide_arithmetic = True
    store, exports = exports_of("""(module
      (func (export "f") (param v128 i64 i64) (result v128 i64 i64 i64 i64 i64 i64)
        (local.get 0)
        (i64.add128 (local.get 1) (local.get 2) (local.get 1) (i64.const 1))
        (i64.sub128 (local.get 1) (local.get 2) (local.get 2) (i64.const 1))
        (i64.mul_wide_u (local.get 1) (local.get 2))))""", engine=Engine(config))  # fmt: skip
    large = -(1 << 63)
    assert exports["f"](store, A, large, 6) == [A, 0, 8, large - 6 & 2**63 - 1, 5, 0, 3]


def test_the_stack_holds_vectors_of_deep_recursion() -> None:
    store, exports = exports_of("""(module
      (func $f (export "f") (param i32 v128) (result v128)
        (if (result v128) (local.get 0)
          (then (i8x16.add (local.get 1)
                           (call $f (i32.sub (local.get 0) (i32.const 1)) (i8x16.add (local.get 1) (local.get 1)))))
          (else (local.get 1)))))""")
    assert exports["f"](store, 6, b"\1" * 16) == bytes([127]) * 16


@pytest.mark.parametrize("bad", [b"123", 1.5, None, "x" * 16])
def test_what_is_no_vector(bad: Any) -> None:
    store, exports = exports_of('(module (func (export "f") (param v128)))')
    with pytest.raises(ArgumentError):
        exports["f"](store, bad)


def test_payloads_of_exceptions() -> None:
    """From another function, from the same one, and thrown again."""
    store, exports = exports_of("""(module
      (tag $e (param i32 v128 i64))
      (func $throw (param i32 v128 i64) (throw $e (local.get 0) (local.get 1) (local.get 2)))
      (func (export "called") (param i32 v128 i64) (result i32 v128 i64)
        (block $h (result i32 v128 i64)
          (try_table (catch $e $h) (call $throw (local.get 0) (local.get 1) (local.get 2)))
          (unreachable)))
      (func (export "own") (param i32 v128 i64) (result i32 v128 i64)
        (block $h (result i32 v128 i64)
          (try_table (catch $e $h) (throw $e (local.get 0) (local.get 1) (local.get 2)))
          (unreachable)))
      (func (export "again") (param i32 v128 i64) (result i32 v128 i64)
        (block $h (result i32 v128 i64)
          (try_table (catch $e $h)
            (block $x (result i32 v128 i64 exnref)
              (try_table (catch_ref $e $x) (call $throw (local.get 0) (local.get 1) (local.get 2)))
              (unreachable))
            (throw_ref))
          (unreachable))))""")
    for name in ("called", "own", "again"):
        assert exports[name](store, 7, A, -9) == [7, A, -9]

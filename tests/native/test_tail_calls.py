"""Tail calls between native and interpreted functions, instances and the host: constant space on both stacks."""

from collections.abc import Callable
from typing import Any

import pytest

from fusee import Engine, Func, FuncType, Instance, Module, Store, Trap, TrapCode, ValType
from tests.native.parts import natively

PARTS = ["all", "second", "half:1", "half:2", "half:3"]
STEPS = 100_000

RING = """(module
  (type $step (func (param i64 i64) (result i64)))
  (type $wide (func (param i64 f64 i64 i64 i64 i64 i64 i32) (result i64)))
  (import "" "next" (func $next (type $step)))
  (import "" "host" (func $host (type $step)))
  (table (export "table") 8 funcref)
  (elem (i32.const 0) $direct $reference $wide_first $other $ended $host)
  (elem declare func $wide_first)
  (func $direct (export "direct") (type $step)
    (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call $other (i64.sub (local.get 0) (i64.const 1)) (i64.add (local.get 1) (i64.const 1))))
  (func $other (type $step)
    (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call_indirect (type $step) (i64.sub (local.get 0) (i64.const 1)) (i64.add (local.get 1) (i64.const 10))
      (i32.wrap_i64 (i64.rem_u (local.get 0) (i64.const 3)))))
  (func $reference (type $step)
    (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call_ref $step (i64.sub (local.get 0) (i64.const 1)) (i64.add (local.get 1) (i64.const 100))
      (ref.func $wide_first)))
  (func $wide_first (type $step)
    (return_call $wide (local.get 0) (f64.const 0.5) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5)
      (local.get 1) (i32.const 6)))
  (func $wide (type $wide)
    (if (i64.eqz (local.get 0)) (then (return (local.get 6))))
    (return_call $next (i64.sub (local.get 0) (i64.const 1)) (i64.add (local.get 6) (i64.add (i64.const 1000)
      (i64.add (i64.extend_i32_u (local.get 7)) (i64.trunc_f64_s (f64.mul (local.get 1) (f64.const 4))))))))
  (func $ended (type $step) (return_call $host (local.get 0) (local.get 1)))
  (func (export "to_host") (type $step)
    (i64.add (call_indirect (type $step) (local.get 0) (local.get 1) (i32.const 4)) (i64.const 1)))
  (func (export "wrong") (result i64) (return_call_indirect (type $wide)
    (i64.const 0) (f64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i32.const 0)
    (i32.const 0))))"""


RELAY = """(module (table (export "table") 1 funcref)
  (func (export "direct") (param i64 i64) (result i64)
    (return_call_indirect (param i64 i64) (result i64) (local.get 0) (local.get 1) (i32.const 0))))"""


def ring(part: str) -> tuple[Store, Any]:
    """Three instances, each of which goes on in the next one."""
    i64 = ValType.i64()
    type_ = FuncType([i64, i64], [i64])
    with natively(part):
        store = Store(Engine())
        host = Func(store, type_, lambda first, second: first * second)
        relay = Instance(store, Module(store.engine, RELAY), [])
        last = Instance(store, Module(store.engine, RING), [relay.exports(store)["direct"], host])
        first = Instance(store, Module(store.engine, RING), [last.exports(store)["direct"], host])
    table: Any = relay.exports(store)["table"]
    table.set(store, 0, first.exports(store)["direct"])
    return store, first.exports(store)


@pytest.mark.parametrize("part", PARTS)
def test_long_chains(part: str) -> None:
    """Through native and interpreted functions of three instances, far deeper than either stack is."""
    store, exports = ring(part)
    expected_store, expected = ring("none")
    for steps in (0, 1, 2, 3, 10, 11, 12, STEPS):
        assert exports["direct"](store, steps, 5) == expected["direct"](expected_store, steps, 5)
    assert exports["direct"](store, STEPS, 0) > STEPS


@pytest.mark.parametrize("part", PARTS)
def test_the_host_ends_a_chain(part: str) -> None:
    store, exports = ring(part)
    assert exports["to_host"](store, 6, 7) == 43


@pytest.mark.parametrize("part", PARTS)
def test_the_type_is_checked(part: str) -> None:
    store, exports = ring(part)
    with pytest.raises(Trap) as caught:
        exports["wrong"](store)
    assert caught.value.trap_code is TrapCode.BAD_SIGNATURE
    assert len(caught.value.frames) == 1


MANY = """(module
  (type $t (func (param i64) (result i64 i64 i64 f64 f32 i32 v128)))
  (func $f (type $t) (if (i64.eqz (local.get 0)) (then
      (return (i64.const 1) (i64.const 2) (i64.const 3) (f64.const 4) (f32.const 5) (i32.const 6)
        (v128.const i64x2 7 8))))
    (return_call $g (i64.sub (local.get 0) (i64.const 1))))
  (func $g (type $t) (return_call $f (local.get 0)))
  (func (export "sum") (param i64) (result i64) (local v128 i32 f32 f64)
    (call $f (local.get 0))
    (local.set 1) (local.set 2) (local.set 3) (local.set 4)
    (i64.add) (i64.add)
    (i64.add (i64.trunc_f64_s (local.get 4))) (i64.add (i64.trunc_f32_s (local.get 3)))
    (i64.add (i64.extend_i32_u (local.get 2))) (i64.add (i64x2.extract_lane 1 (local.get 1)))))"""


@pytest.mark.parametrize("part", PARTS)
def test_results_that_no_registers_are_left_for(part: str) -> None:
    with natively(part):
        store = Store(Engine())
        exports: Any = Instance(store, Module(store.engine, MANY), []).exports(store)
    assert exports["sum"](store, STEPS) == 1 + 2 + 3 + 4 + 5 + 6 + 8


MIXED = """(module
  (type $t (func (param i32 f32 i64 f64) (result i64)))
  (type $u (func (param f64 v128 i64 i32) (result i64)))
  (type $w (func (param i64 i64 i64 i64 i64) (result i64)))
  (table (export "table") funcref (elem $u))
  (func $t (export "t") (type $t)
    (return_call_indirect (type $u)
      (f64.add (local.get 3) (f64.promote_f32 (local.get 1)))
      (i64x2.replace_lane 1 (i64x2.splat (i64.extend_i32_u (local.get 0))) (i64.const 0x123456789))
      (local.get 2) (i32.const 0xfffffff0) (i32.const 0)))
  (func $u (export "u") (type $u)
    (if (i64.eqz (local.get 2)) (then (return_call $end
      (i64.trunc_f64_s (local.get 0))
      (i64.extend_i32_u (local.get 3))
      (i64x2.extract_lane 1 (local.get 1)))))
    (if (i64.eq (local.get 2) (i64.const 2)) (then (return_call $w
      (i64x2.extract_lane 0 (local.get 1)) (i64.const 5) (local.get 2) (i64.const 6)
      (i64.trunc_f64_s (local.get 0)))))
    (return_call $t
      (i32.add (i32.wrap_i64 (i64x2.extract_lane 0 (local.get 1))) (i32.const 1))
      (f32.const 0.5) (i64.sub (local.get 2) (i64.const 1)) (local.get 0)))
  (func $w (type $w)
    (return_call $t (i32.wrap_i64 (local.get 0)) (f32.const 100) (i64.sub (local.get 2) (i64.const 1))
      (f64.convert_i64_s (local.get 4))))
  (func $end (param i64 i64 i64) (result i64)
    (i64.add (local.get 0) (i64.add (i64.mul (local.get 1) (i64.const 3)) (local.get 2))))
  (func (export "both") (param i64) (result i64)
    (i64.add
      (call $t (i32.const -1) (f32.const 1) (local.get 0) (f64.const 2))
      (call_indirect (type $u) (f64.const 4) (v128.const i64x2 -1 -1) (local.get 0) (i32.const -1) (i32.const 0)))))"""


@pytest.mark.parametrize("part", PARTS)
def test_parameters_of_all_kinds_change_from_step_to_step(part: str) -> None:
    """Most of them are in registers, a few are not; who called first may have been native, the table, or Python."""
    with natively(part):
        store = Store(Engine())
        exports: Any = Instance(store, Module(store.engine, MIXED), []).exports(store)
    with natively("none"):
        plain = Store(Engine())
        expected: Any = Instance(plain, Module(plain.engine, MIXED), []).exports(plain)
    end = 3 * 0xFFFF_FFF0 + 0x1_2345_6789
    assert exports["t"](store, 7, 0.25, 0, 3.0) == 3 + end
    assert exports["t"](store, -1, 0.25, 1, 4.0) == 4 + end  # 4.0, 0.25 and 0.5
    for steps in (0, 1, 2, 3, STEPS):
        assert exports["both"](store, steps) == expected["both"](plain, steps)


def collector_of(store: Store) -> Callable[[], None]:
    def collect() -> None:
        store.gc()

    return collect


def test_references_move_along() -> None:
    """What only an argument refers to is not let go of, though its frame is given up."""
    text = """(module
      (import "" "collect" (func $collect))
      (func $f (export "f") (param externref i32 externref) (result externref)
        (call $collect)
        (if (result externref) (i32.eqz (local.get 1)) (then (local.get 2))
          (else (return_call $f (ref.null extern) (i32.sub (local.get 1) (i32.const 1)) (local.get 0))))))"""
    for part in ("all", "none"):
        with natively(part):
            store = Store(Engine())
            collect = Func(store, FuncType([], []), collector_of(store))
            exports: Any = Instance(store, Module(store.engine, text), [collect]).exports(store)
        assert exports["f"](store, ["kept"], 1, None) == ["kept"]

"""Structures, arrays and casts in native code: where it puts fields, and what it has the collector see."""

from typing import Any

import pytest

from fusee import Engine, Instance, Module, Store, Trap, TrapCode
from fusee.kernel.lang import u32
from tests.native.parts import natively

PARTS = ["all", "second", "half:1", "half:2"]

TEXT = """(module
  (rec
    (type $node (sub (struct (field $small (mut i8)) (field $wide (mut i64)) (field $half (mut i16))
      (field $next (mut (ref null $node))) (field $float (mut f32)) (field $vector (mut v128)) (field $last (mut i8))
      (field $double (mut f64)) (field $call (mut funcref)) (field $word (mut i32)) (field $other (mut anyref)))))
    (type $leaf (sub final $node (struct (field $small (mut i8)) (field $wide (mut i64)) (field $half (mut i16))
      (field $next (mut (ref null $node))) (field $float (mut f32)) (field $vector (mut v128)) (field $last (mut i8))
      (field $double (mut f64)) (field $call (mut funcref)) (field $word (mut i32)) (field $other (mut anyref))
      (field $more (mut i64))))))
  (type $bytes (array (mut i8)))
  (type $vectors (array (mut v128)))
  (type $nodes (array (mut (ref null $node))))
  (elem declare func $sum)
  (func $make (param $n i32) (param $next (ref null $node)) (result (ref $node))
    (struct.new $node (local.get $n) (i64.extend_i32_u (local.get $n)) (i32.mul (local.get $n) (i32.const -3))
      (local.get $next) (f32.convert_i32_u (local.get $n)) (i64x2.splat (i64.extend_i32_u (local.get $n)))
      (i32.const 0x1ff) (f64.const 2.5) (ref.func $sum) (local.get $n)
      (ref.i31 (i32.sub (i32.const 0) (local.get $n)))))
  (func $leaf (param $n i32) (param $next (ref null $node)) (result (ref $node)) (local $made (ref null $leaf))
    (local.set $made (struct.new_default $leaf))
    (struct.set $leaf $more (local.get $made) (i64.const 1000))
    (struct.set $leaf $next (local.get $made) (local.get $next))
    (struct.set $leaf $half (local.get $made) (local.get $n))
    (ref.as_non_null (local.get $made)))
  (func $list (param $n i32) (result (ref null $node)) (local $list (ref null $node))
    (loop $more
      (local.set $list (call $make (local.get $n) (local.get $list)))
      (local.set $list (call $leaf (local.get $n) (local.get $list)))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $list))
  (func $fields (param $node (ref $node)) (result i64)
    (i64.add (i64.add (i64.add (struct.get $node $wide (local.get 0))
        (i64.extend_i32_s (struct.get_s $node $half (local.get 0))))
      (i64.add (i64.extend_i32_u (struct.get_u $node $last (local.get 0)))
        (i64.trunc_f32_u (struct.get $node $float (local.get 0)))))
      (i64.add (i64x2.extract_lane 1 (struct.get $node $vector (local.get 0)))
        (i64.extend_i32_s (i31.get_s (ref.cast (ref i31) (struct.get $node $other (local.get 0))))))))
  (func $sum (param $node (ref null $node)) (result i64) (local $total i64) (local $leaf (ref null $leaf))
    (block $done
      (loop $more
        (br_on_null $done (local.get $node)) (drop)
        (if (ref.test (ref $leaf) (local.get $node))
          (then
            (local.set $leaf (ref.cast (ref $leaf) (local.get $node)))
            (local.set $total (i64.add (local.get $total) (struct.get $leaf $more (local.get $leaf))))
            (local.set $total (i64.add (local.get $total)
              (i64.extend_i32_u (struct.get_u $leaf $half (local.get $leaf))))))
          (else (local.set $total (i64.add (local.get $total) (call $fields (ref.as_non_null (local.get $node)))))))
        (local.set $node (struct.get $node $next (local.get $node)))
        (br $more)))
    (local.get $total))
  (func (export "lists") (param $n i32) (result i64) (call $sum (call $list (local.get $n))))
  (func (export "nested") (param $n i32) (result i64)
    (call $sum (call $make (i32.const 5) (call $make (local.get $n) (call $leaf (i32.const 1) (ref.null $node))))))
  (func (export "arrays") (param $n i32) (result i64) (local $nodes (ref null $nodes)) (local $i i32) (local $sum i64)
    (local.set $nodes (array.new $nodes (ref.null $node) (local.get $n)))
    (loop $more
      (array.set $nodes (local.get $nodes) (local.get $i) (call $list (i32.const 2)))
      (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (loop $more
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (local.set $sum (i64.add (local.get $sum) (call $sum (array.get $nodes (local.get $nodes) (local.get $i)))))
      (br_if $more (local.get $i)))
    (local.get $sum))
  (func (export "elements") (param $n i32) (result i64) (local $v (ref null $vectors)) (local $b (ref null $bytes))
    (local.set $v (array.new $vectors (i64x2.splat (i64.const 3)) (local.get $n)))
    (array.fill $vectors (local.get $v) (i32.const 1) (v128.const i64x2 5 6) (i32.const 2))
    (local.set $b (array.new_fixed $bytes 3 (i32.const 1) (i32.const 0xff) (local.get $n)))
    (array.copy $bytes $bytes (local.get $b) (i32.const 0) (local.get $b) (i32.const 1) (i32.const 2))
    (i64.add (i64x2.extract_lane 1 (array.get $vectors (array.new_fixed $vectors 2 (v128.const i64x2 1 2)
        (array.get $vectors (local.get $v) (i32.const 2))) (i32.const 1)))
      (i64.add (i64.extend_i32_s (array.get_s $bytes (local.get $b) (i32.const 0)))
        (i64.add (i64.extend_i32_u (array.get_u $bytes (local.get $b) (i32.const 1)))
          (i64.extend_i32_u (array.len (local.get $b)))))))
  (func (export "traps") (param $which i32) (result i64)
    (if (i32.eqz (local.get 0)) (then (drop (struct.get $node $wide (ref.null $node)))))
    (if (i32.eq (local.get 0) (i32.const 1)) (then (drop (array.len (ref.null $bytes)))))
    (if (i32.eq (local.get 0) (i32.const 2))
      (then (array.set $bytes (array.new_default $bytes (i32.const 3)) (i32.const 3) (i32.const 0))))
    (if (i32.eq (local.get 0) (i32.const 3))
      (then (drop (ref.cast (ref $leaf) (call $make (i32.const 1) (ref.null $node))))))
    (drop (i31.get_u (ref.null i31))) (i64.const 0)))"""


def of_make(n: int) -> int:
    """What `$fields` gives for a node of `$make`."""
    return n - 3 * n + 0xFF + n + n - n


def of_list(n: int) -> int:
    return sum(of_make(i) + 1000 + i for i in range(1, n + 1))


@pytest.mark.parametrize("stress", [0, 1])
@pytest.mark.parametrize("part", PARTS)
def test_objects(part: str, stress: int) -> None:
    """Whoever makes them and whoever looks at them; and if the collector looks at every opportunity."""
    with natively(part) as chosen:
        store = Store(Engine())
        exports: Any = Instance(store, Module(store.engine, TEXT), []).exports(store)
    assert chosen.native > 0
    store._state.heap.stress = u32(stress)
    assert exports["lists"](store, 40) == of_list(40)
    assert exports["nested"](store, 9) == of_make(5) + of_make(9) + 1001
    assert exports["arrays"](store, 12) == 12 * of_list(2)
    assert exports["elements"](store, 7) == 6 - 1 + 7 + 3
    null, bounds, cast = TrapCode.NULL_REFERENCE, TrapCode.ARRAY_OUT_OF_BOUNDS, TrapCode.CAST_FAILURE
    for number, code in enumerate([null, null, bounds, cast, null]):
        with pytest.raises(Trap) as caught:
            exports["traps"](store, number)
        assert caught.value.trap_code is code


def test_many_objects() -> None:
    """Cycles of the collector begin, and are told of what is overwritten while they mark."""
    with natively("all"):
        store = Store(Engine())
        exports: Any = Instance(store, Module(store.engine, TEXT), []).exports(store)
    store.set_limits(heap_size=16 << 20)
    for _ in range(20):
        assert exports["lists"](store, 5000) == of_list(5000)


def test_what_stays_interpreted() -> None:
    from fusee.api.text import wat2wasm
    from fusee.native.compile import plan

    fields = " (field v128)" * 700
    text = f"""(module (type $large (struct{fields})) (type $bytes (array i8))
      (func (drop (struct.new_default $large)))
      (func (drop (array.new_fixed $bytes 65 {"(i32.const 1)" * 65}))))"""
    reasons = plan(bytes(wat2wasm(text))).reasons
    assert reasons == {0: "large structures", 1: "array.new_fixed with many operands"}

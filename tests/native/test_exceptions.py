"""Exceptions thrown and caught by native and interpreted functions, other instances and the host, in any mix."""

from functools import cache
from typing import Any

import pytest

from fusee import Engine, Func, FuncType, Instance, Module, Store, Tag, TagType, Trap, TrapCode, ValType, WasmException
from tests.native.parts import natively

PARTS = ["all", "second", "half:1", "half:4"]

TEXT = """(module
  (type $t (func (param i32) (result i32)))
  (import "" "tag" (tag $other (param i32)))
  (import "" "host" (func $host (type $t)))
  (import "" "next" (func $next (type $t)))
  (memory 1)
  (tag $wide (param i32 v128 externref f64))
  (tag $none)
  (func $throw (type $t)
    (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $other (i32.const 100))))
    (if (i32.eq (local.get 0) (i32.const 2))
      (then (throw $wide (i32.const 7) (v128.const i64x2 5 6) (ref.null extern) (f64.const 8))))
    (if (i32.eq (local.get 0) (i32.const 3)) (then (throw $none)))
    (if (i32.eq (local.get 0) (i32.const 4)) (then (return (call $host (i32.const 4)))))
    (if (i32.eq (local.get 0) (i32.const 5)) (then (unreachable)))
    (if (i32.ge_u (local.get 0) (i32.const 10)) (then (return (call $next (i32.sub (local.get 0) (i32.const 10))))))
    (i32.mul (local.get 0) (i32.const 2)))
  (func $through (export "through") (type $t) (i32.add (call $throw (local.get 0)) (i32.const 1)))
  (func $grow (type $t) (drop (memory.grow (i32.const 1))) (call $through (local.get 0)))
  (func $table (export "try_table") (type $t) (local $count i32) (local $kept exnref) (local $v v128) (local $f f64)
    (local $r externref)
    (local.set $count (i32.const 1000))
    (block $any (result exnref)
      (block $of_wide (result i32 v128 externref f64)
        (block $of_other (result i32 exnref)
          (try_table (result i32) (catch $wide $of_wide) (catch_ref $other $of_other) (catch_all_ref $any)
            (block $nothing (try_table (catch $none $nothing) (drop (call $grow (local.get 0)))))
            (local.set $count (i32.add (local.get $count) (i32.const 1)))
            (i32.add (call $through (local.get 0)) (i32.load (i32.const 65536))))
          (return (i32.add (local.get $count))))
        (local.set $kept)
        (local.set $count (i32.add (local.get $count)))
        (drop (block $again (result exnref)
          (try_table (catch_all_ref $again) (throw_ref (local.get $kept))) (unreachable)))
        (return (local.get $count)))
      (local.set $f) (local.set $r) (local.set $v)
      (return (i32.add (i32.add (i32.trunc_f64_s (local.get $f)) (i32x4.extract_lane 2 (local.get $v))))))
    (drop) (i32.const -1))
  (func (export "older") (type $t) (local $count i32)
    try (result i32)
      try (result i32)
        try (result i32)
          try (result i32)
            (local.set $count (i32.const 3)) (call $through (local.get 0))
          catch $wide (local.set $count (i32.trunc_f64_s)) (drop) (drop) (drop) rethrow 0
          end
        delegate 1
      catch $other (i32.add (i32.const 50))
      end
    catch $wide (drop) (drop) (drop) (i32.add (local.get $count))
    catch $other
      try rethrow 1 catch $other (local.set $count) rethrow 1 catch_all end
      (drop) (i32.const 9)
    catch_all (i32.const 77)
    end
    (i32.add (i32.const 10000))))"""


def outcomes(part: str) -> list[object]:
    """What comes of every argument: answers, or the kind of error with its frames."""
    with natively(part):
        store = Store(Engine())
    i32 = ValType.i32()
    type_ = FuncType([i32], [i32])
    tag = Tag(store, TagType(FuncType([i32], [])))

    def throw(number: int) -> int:
        raise WasmException(tag, [number * 11])

    host = Func(store, type_, throw)
    with natively(part):
        module = Module(store.engine, TEXT)
    last: Any = Instance(store, module, [tag, host, host])
    first: Any = Instance(store, module, [tag, host, last.exports(store)["through"]])
    found: list[object] = []
    for name in ("through", "try_table", "older"):
        for number in (0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 20):
            try:
                found.append(first.exports(store)[name](store, number))
            except WasmException as thrown:
                found.append(type(thrown))
            except Trap as trap:
                found.append((trap.trap_code, [(frame.func_index, frame.module_offset) for frame in trap.frames]))
    return found


@cache
def interpreted() -> list[object]:
    return outcomes("none")


@pytest.mark.parametrize("part", PARTS)
def test_the_same_in_any_mix(part: str) -> None:
    assert outcomes(part) == interpreted()


def test_what_is_right() -> None:
    """Of some of them, as they are interpreted."""
    found = interpreted()
    assert found[:2] == [1, WasmException]
    assert found[13:18] == [1000 + 1 + 1, 1000 + 100, 8 + 6 + 7, -1, 1000 + 44]
    assert isinstance(found[5], tuple) and found[5][0] is TrapCode.UNREACHABLE
    assert found[26:30] == [10_001, WasmException, 10_000 + 7 + 8, 10_000 + 77]

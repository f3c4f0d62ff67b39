"""Calling guests, and being called by them."""

import gc
import math
import sys
from typing import Any

import pytest

from fusee import (
    Caller,
    Func,
    FuncType,
    FuseeError,
    Global,
    GlobalType,
    HostError,
    Memory,
    Store,
    StoreError,
    Trap,
    Val,
    ValType,
)
from tests.api.guest import Guest, engine

I32, I64, F32, F64 = ValType.i32(), ValType.i64(), ValType.f32(), ValType.f64()


def test_arguments_and_results() -> None:
    g = Guest("""(module
      (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "none"))
      (func (export "mixed") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
        (local.get 3) (local.get 2) (local.get 1) (local.get 0)))""")
    assert g.add(1, 2) == 3
    assert g.add(0x7FFF_FFFF, 1) == -(1 << 31)
    assert g.add(Val.i32(-1), 0xFFFF_FFFF) == -2
    assert g.none() is None
    assert g.mixed(-1, 1 << 63, 0.5, math.inf) == [math.inf, 0.5, -(1 << 63), -1]
    assert repr(g["mixed"]) == "<Func (i32 i64 f32 f64) -> (f64 f32 i64 i32)>"


def test_wrong_arguments() -> None:
    g = Guest('(module (func (export "f") (param i32)))')
    with pytest.raises(FuseeError, match="too few parameters provided: given 0, expected 1"):
        g.f()
    with pytest.raises(FuseeError, match="too many parameters"):
        g.f(1, 2)
    for wrong in ("1", None, 1.5, Val.i64(1)):
        with pytest.raises(TypeError):
            g.f(wrong)


def test_bit_patterns_pass_unchanged() -> None:
    g = Guest('(module (func (export "f") (param f32 f64) (result f64 f32) (local.get 1) (local.get 0)))')
    signalling = [0x7FA0_0001, 0x7FF4_0000_0000_0001]
    assert g["f"].call_raw(g.store, signalling) == signalling[::-1]
    with pytest.raises(FuseeError):
        g["f"].call_raw(g.store, [1])


def test_host_functions() -> None:
    store = Store(engine())
    seen: list[Any] = []

    def host(*values: Any) -> tuple[float, int]:
        seen.append(values)
        return 2.5, -3

    f = Func(store, FuncType([I32, I64, F32, F64], [F64, I32]), host)
    g = Guest(
        """(module (import "" "f" (func $f (param i32 i64 f32 f64) (result f64 i32)))
          (func (export "run") (result f64 i32)
            (call $f (i32.const -1) (i64.const -2) (f32.const 0.5) (f64.const 1))))""",
        [f],
        store,
    )
    assert g.run() == [2.5, -3]
    assert seen == [(-1, -2, 0.5, 1.0)]
    assert f(store, 1, 2, 3.0, 4.0) == [2.5, -3]


@pytest.mark.parametrize(
    ("results", "value", "error"),
    [
        ([], 1, HostError),
        ([I32], None, TypeError),
        ([I32], "1", TypeError),
        ([I32, I32], (1,), HostError),
        ([I32, I32], 1, TypeError),
        ([I32, I32], (1, None), TypeError),
    ],
)
def test_wrong_results(results: list[ValType], value: Any, error: type[Exception]) -> None:
    store = Store(engine())
    f = Func(store, FuncType([], results), lambda: value)
    with pytest.raises(error):
        f(store)


def test_caller() -> None:
    store = Store(engine())
    callers: list[Caller] = []

    def host(caller: Caller, address: int) -> int:
        callers.append(caller)
        memory = caller["memory"]
        assert isinstance(memory, Memory)
        assert caller.get("nothing") is None
        with pytest.raises(KeyError):
            caller["nothing"]
        again = caller["double"]
        assert isinstance(again, Func)
        value = again(caller, memory.read(caller, address, address + 1)[0])
        assert isinstance(value, int)
        return value

    f = Func(store, FuncType([I32], [I32]), host, access_caller=True)
    g = Guest(
        """(module (import "" "f" (func $f (param i32) (result i32)))
          (memory (export "memory") 1) (data (i32.const 7) "\\15")
          (func (export "double") (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1)))
          (func (export "run") (result i32) (call $f (i32.const 7))))""",
        [f],
        store,
    )
    assert g.run() == 42
    assert callers[0].get("memory") is None
    with pytest.raises(ValueError, match="no longer valid"):
        callers[0]._context  # noqa: B018


def test_references() -> None:
    g = Guest("""(module
      (func (export "extern") (param externref) (result externref) (local.get 0))
      (func (export "is_null") (param externref) (result i32) (ref.is_null (local.get 0)))
      (func $f (export "self") (param funcref) (result funcref)
        (select (result funcref) (ref.func $f) (local.get 0) (ref.is_null (local.get 0))))
      (func (export "strict") (param (ref func))))""")
    thing = object()
    assert g.extern(thing) is thing
    assert g.extern(None) is None
    assert g.extern(0) == 0
    assert [g.is_null(x) for x in (None, 0, "", thing)] == [1, 0, 0, 0]
    assert g.self(None) == g["self"]
    assert g.self(g["extern"]) == g["extern"]
    with pytest.raises(TypeError):
        g.self(thing)
    with pytest.raises(TypeError):
        g.strict(None)
    with pytest.raises(StoreError):
        g.self(Func(Store(engine()), FuncType([], []), lambda: None))


def test_values_that_carry_a_wider_type_than_is_asked_for() -> None:
    g = Guest("""(module
      (type $binary (func (param i32 i32) (result i32)))
      (global (export "kept") (mut (ref extern)) (extern.convert_any (ref.i31 (i32.const 1))))
      (func (export "same") (param (ref extern)) (result (ref extern)) (local.get 0))
      (func $add (export "add") (type $binary) (i32.add (local.get 0) (local.get 1)))
      (func (export "call") (param (ref $binary)) (result i32)
        (call_ref $binary (i32.const 30) (i32.const 12) (local.get 0)))
      (func (export "number") (param i32)))""")
    thing = object()
    assert g.same(Val.externref(thing)) is thing
    g["kept"].set_value(g.store, Val.externref(thing))
    assert g["kept"].value(g.store) is thing
    assert g.call(Val.funcref(g["add"])) == 42
    for name, value in (
        ("same", Val.externref(None)),
        ("same", Val.funcref(g["add"])),
        ("call", Val.funcref(g["same"])),
        ("call", Val.externref(g["add"])),
        ("number", Val.i64(1)),
        ("number", Val.externref(1)),
    ):
        with pytest.raises(TypeError):
            g[name](g.store, value)


def test_many_calls_between_host_and_guest() -> None:
    store = Store(engine())
    total = [0]

    def add(x: int) -> None:
        total[0] += x

    g = Guest(
        """(module (import "" "add" (func $add (param i64)))
          (func (export "run") (param $n i64)
            (loop $again
              (call $add (local.get $n))
              (br_if $again (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))))""",
        [Func(store, FuncType([I64], []), add)],
        store,
    )
    g.run(10_000)
    assert total[0] == 10_000 * 10_001 // 2


@pytest.mark.parametrize("more", range(6))
def test_too_many_calls_between_host_and_guest(more: int) -> None:
    """Wherever Python finds its limit, in a host function or on the way to a guest, it is the same error."""

    def again(n: int) -> int:
        return guest.f(n + 1) + 1 if n < 10_000 else 0

    ty = FuncType([ValType.i32()], [ValType.i32()])
    store = Store(engine())
    text = '(module (import "" "" (func $h (param i32) (result i32))) (func (export "f") (param i32) (result i32)'
    guest = Guest(f"{text} (call $h (local.get 0))))", [Func(store, ty, again)], store)
    frame, depth = sys._getframe(), 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    limit = sys.getrecursionlimit()
    gc.disable()  # or what earlier tests have left may be finalized down there, where nothing can be called any more
    sys.setrecursionlimit(depth + 150 + more)
    try:
        with pytest.raises(RecursionError):
            guest.f(0)
    finally:
        sys.setrecursionlimit(limit)
        gc.enable()
    assert guest.f(9_990) == 10


def test_calls_through_any_table_beside_any_globals() -> None:
    """Where a table is, cells say by the globals in front of it: those that the instance owns, and not the imported."""
    store = Store(engine())
    given = Global(store, GlobalType(I64, mutable=False), Val.i64(4))
    text = """(module
      (import "" "" (global $given i64))
      (type $getter (func (result i64)))
      (global $a i64 (i64.add (global.get $given) (i64.const 1))) (global $b (mut i64) (i64.const 6))
      (global $c i64 (i64.const 7))
      (table $one funcref (elem $get_a)) (table $two funcref (elem $get_b $get_c)) (table $three 3 3 funcref)
      (elem (table $three) (i32.const 2) func $get_b)
      (func $get_a (result i64) (global.get $a))
      (func $get_b (result i64) (global.get $b))
      (func $get_c (result i64) (global.get $c))
      (func (export "first") (param i32) (result i64) (call_indirect $one (type $getter) (local.get 0)))
      (func (export "second") (param i32) (result i64) (call_indirect $two (type $getter) (local.get 0)))
      (func (export "third") (param i32) (result i64) (return_call_indirect $three (type $getter) (local.get 0))))"""
    g = Guest(text, [given], store)
    assert [g.first(0), g.second(0), g.second(1), g.third(2)] == [5, 6, 7, 6]
    with pytest.raises(Trap, match="undefined element"):
        g.first(1)
    with pytest.raises(Trap, match="uninitialized element"):
        g.third(0)

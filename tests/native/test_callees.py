"""Calls of one of a few functions that are known: each is called directly, and is what it is interpreted."""

from typing import Any

import pytest
from wasmtime import wat2wasm

from fusee import Engine, Instance, Module, Store, Trap, TrapCode
from fusee.kernel.target import Target
from fusee.native.callees import MOST_CHOICES, MOST_FEW
from fusee.native.compile import Compiler, Options, plan
from tests.native.parts import natively

SEVERAL = """(module
  (type $t (func (param i32) (result i32)))
  (table {length} {length} funcref)
  (elem (i32.const 1) {names})
  {functions}
  (func (export "call") (param i32 i32) (result i32)
    (i32.add (i32.const 1000) (call_indirect (type $t) (local.get 1) (local.get 0))))
  (func (export "reference") (param i32 i32) (result i32)
    (call_ref $t (local.get 1) (ref.cast (ref null $t) (table.get (local.get 0))))))"""


def several(count: int) -> str:
    """A module with so many functions, each of which adds another number."""
    functions = "".join(
        f"(func $f{number} (type $t) (i32.add (local.get 0) (i32.const {10 * number})))" for number in range(count)
    )
    names = " ".join(f"$f{number}" for number in range(count))
    return SEVERAL.format(length=count + 2, names=names, functions=functions)


def written(text: str) -> str:
    return Compiler(plan(bytes(wat2wasm(text))), Options(Target.host())).text(0)


def called(text: str, function: int) -> int:
    """How often a function is called by its symbol, not from its entry."""
    return text.count(f'@"native.f{function}"(ptr %ctx, ptr %top')


def outcome(exports: Any, name: str, store: Store, *operands: int) -> Any:
    try:
        return exports[name](store, *operands)
    except Trap as trap:
        return trap.trap_code, [frame.func_index for frame in trap.frames]


@pytest.mark.parametrize("part", ["none", "all", "second", "half:3"])
@pytest.mark.parametrize("count", [2, 3, MOST_FEW, MOST_FEW + 1])
def test_each_is_called(part: str, count: int) -> None:
    with natively(part):
        store = Store(Engine())
        exports = Instance(store, Module(store.engine, several(count)), []).exports(store)
    for number in range(count):
        assert outcome(exports, "call", store, number + 1, 7) == 1007 + 10 * number
        assert outcome(exports, "reference", store, number + 1, 7) == 7 + 10 * number
    for element in (0, count + 1):
        assert outcome(exports, "call", store, element, 7) == (TrapCode.INDIRECT_CALL_TO_NULL, [count])
        assert outcome(exports, "reference", store, element, 7) == (TrapCode.NULL_REFERENCE, [count + 1])
    for element in (count + 2, -1):
        assert outcome(exports, "call", store, element, 7) == (TrapCode.TABLE_OUT_OF_BOUNDS, [count])


def test_who_is_called_directly() -> None:
    """Each of a few; of more, none."""
    for count in (2, MOST_FEW):
        text = written(several(count))
        assert [called(text, number) for number in range(count)] == [2] * count
    text = written(several(MOST_FEW + 1))
    assert [called(text, number) for number in range(MOST_FEW + 1)] == [0] * (MOST_FEW + 1)


def test_all_of_them_have_native_code() -> None:
    """Or none is called directly: of the others it would be known only that they are not these."""
    binary = bytes(wat2wasm(several(3)))
    text = Compiler(plan(binary, [0, 1, 3]), Options(Target.host())).text(0)
    assert [called(text, number) for number in range(3)] == [0, 0, 0]


def test_a_function_has_so_many_such_calls() -> None:
    """What is written remains linear in its size."""
    one = "(drop (call_indirect (type $t) (i32.const 1) (local.get 0)))"
    text = several(2).replace(
        "(func (export", f'(func (export "many") (param i32) {one * (MOST_CHOICES + 9)}) (func (export', 1
    )
    found = written(text)
    assert [called(found, number) for number in (0, 1)] == [MOST_CHOICES + 2] * 2
    with natively("all"):
        store = Store(Engine())
        exports = Instance(store, Module(store.engine, text), []).exports(store)
        assert outcome(exports, "many", store, 1) is None
        assert outcome(exports, "many", store, 0) == (TrapCode.INDIRECT_CALL_TO_NULL, [2])


MANY = """(module
  (type $t (func (param i32) (result i32 {results})))
  (table 2 2 funcref) (elem (i32.const 0) $a $b)
  (func $a (type $t) (local.get 0) {values})
  (func $b (type $t) (call_indirect (type $t) (i32.const 3) (i32.sub (local.get 0) (i32.const 1))))
  (func (export "run") (param i32) (result i32 {results}) (call_indirect (type $t) (local.get 0) (local.get 0))))"""


@pytest.mark.parametrize("more", [1, 2, 15])
def test_what_has_many_results_is_called_at_one_place(more: int) -> None:
    """LLVM has a place on the host's stack for those of each call, and where it is inlined one more."""
    types, values = " i64" * more, "".join(f"(i64.const {number})" for number in range(more))
    text = MANY.format(results=types, values=values)
    found = written(text)
    assert [called(found, number) for number in (0, 1)] == ([2, 2] if more == 1 else [0, 0])
    kept = [line for line in found.splitlines() if line.startswith("define hidden {i64") and " noinline " in line]
    assert [line.partition('@"')[2][:9] for line in kept] == ([] if more == 1 else ["native.f1", "native.f2"])
    with natively("all"):
        store = Store(Engine())
        exports = Instance(store, Module(store.engine, text), []).exports(store)
        assert outcome(exports, "run", store, 0) == [0, *range(more)]
        assert outcome(exports, "run", store, 1) == [3, *range(more)]
        assert outcome(exports, "run", store, 2) == (TrapCode.TABLE_OUT_OF_BOUNDS, [2])


TYPES = """(module
  (type $t (sub (func (param i32) (result i32))))
  (type $u (sub $t (func (param i32) (result i32))))
  (type $other (func (result i32)))
  (table 4 4 funcref) (elem (i32.const 0) $a $b $c $d)
  (func $a (type $t) (i32.const 1))
  (func $b (type {second}) (i32.div_u (i32.const 12) (local.get 0)))
  (func $c (type $other) (i32.const 3))
  (func $d (type $u) (i32.const 4))
  (func (export "wide") (param i32 i32) (result i32) (call_indirect (type $t) (local.get 1) (local.get 0)))
  (func (export "narrow") (param i32 i32) (result i32) (call_indirect (type $u) (local.get 1) (local.get 0))))"""
BAD = TrapCode.BAD_SIGNATURE


@pytest.mark.parametrize("part", ["none", "all", "second"])
@pytest.mark.parametrize("second", ["$t", "$u"])
def test_types_that_look_the_same(part: str, second: str) -> None:
    """A subtype's function may be called by the type's name, not the other way round, nor one of another type."""
    with natively(part):
        store = Store(Engine())
        exports = Instance(store, Module(store.engine, TYPES.format(second=second)), []).exports(store)
    is_narrow = second == "$u"
    wide = [outcome(exports, "wide", store, element, 4) for element in range(4)]
    assert wide == [1, 3, (BAD, [4]), 4]
    narrow = [outcome(exports, "narrow", store, element, 4) for element in range(4)]
    assert narrow == [(BAD, [5]), 3 if is_narrow else (BAD, [5]), (BAD, [5]), 4]
    assert outcome(exports, "wide", store, 1, 0) == (TrapCode.INTEGER_DIVISION_BY_ZERO, [1, 4])


RESULTS = """(module
  (type $none (func (param i32)))
  (type $two (func (param i32 f64) (result f64 i32)))
  (type $kept (func (param externref) (result externref)))
  (global $sum (mut i32) (i32.const 0))
  (table 6 6 funcref) (elem (i32.const 0) $a $b $c $d $e $f)
  (func $a (type $none) (global.set $sum (i32.add (global.get $sum) (local.get 0))))
  (func $b (type $none) (global.set $sum (i32.sub (global.get $sum) (local.get 0))))
  (func $c (type $two) (local.get 1) (local.get 0))
  (func $d (type $two) (f64.neg (local.get 1)) (i32.mul (local.get 0) (i32.const 3)))
  (func $e (type $kept) (local.get 0))
  (func $f (type $kept) (ref.null extern))
  (func (export "none") (param i32 i32) (result i32)
    (call_indirect (type $none) (local.get 1) (local.get 0)) (global.get $sum))
  (func (export "two") (param i32 i32) (result f64 i32)
    (call_indirect (type $two) (local.get 1) (f64.const 2.5) (local.get 0)))
  (func (export "kept") (param i32 externref) (result externref externref)
    (local.get 1) (call_indirect (type $kept) (local.get 1) (local.get 0))))"""


@pytest.mark.parametrize("part", ["none", "all"])
def test_results_of_all_kinds(part: str) -> None:
    with natively(part):
        store = Store(Engine())
        exports: Any = Instance(store, Module(store.engine, RESULTS), []).exports(store)
    assert [exports["none"](store, element, operand) for element, operand in ((0, 9), (1, 4))] == [9, 5]
    assert [exports["two"](store, element, 5) for element in (2, 3)] == [[2.5, 5], [-2.5, 15]]
    one = ["one"]
    assert [exports["kept"](store, element, one) for element in (4, 5)] == [[one, one], [one, None]]

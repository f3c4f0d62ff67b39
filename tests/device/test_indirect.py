"""Calls through tables on devices: where a cell has what they expect depends on where the index is."""

import pytest

from fusee import Engine, Func, Instance, Module, Store, Trap

CALLEES = """(module
  (type $one (func (param i32) (result i32)))
  (func (export "ten_times") (type $one) (i32.mul (local.get 0) (i32.const 10))))"""

CALLERS = """(module
  (type $base (sub (func (param i32) (result i32))))
  (type $derived (sub final $base (func (param i32) (result i32))))
  (type $one (func (param i32) (result i32)))
  (type $none (func (result i32)))
  (import "callees" "ten_times" (func $ten_times (type $one)))
  (table $other 1 funcref)
  (table $table funcref (elem $next $other_type $ten_times $derived))
  (func $next (type $one) (i32.add (local.get 0) (i32.const 1)))
  (func $other_type (type $none) (i32.const 7))
  (func $derived (type $derived) (i32.sub (local.get 0) (i32.const 1)))
  (func (export "in_slot") (param $index i32) (param $x i32) (result i32)
    (drop (call $next (local.get $x)))
    (call_indirect $table (type $one) (local.get $x) (local.get $index)))
  (func (export "in_acc") (param $index i32) (param $x i32) (result i32)
    (call_indirect $table (type $one) (local.get $x) (i32.sub (call $next (local.get $index)) (i32.const 1))))
  (func (export "of_base") (param $index i32) (param $x i32) (result i32)
    (drop (call $next (local.get $x)))
    (call_indirect $table (type $base) (local.get $x) (local.get $index)))
  (func (export "last") (param $index i32) (param $x i32) (result i32)
    (return_call_indirect $table (type $one) (local.get $x) (local.get $index))))"""


def instance_on(engine: Engine) -> tuple[Store, Instance]:
    store = Store(engine)
    ten_times = Instance(store, Module(engine, CALLEES), []).exports(store)["ten_times"]
    return store, Instance(store, Module(engine, CALLERS), [ten_times])


def call(engine: Engine, name: str, index: int, x: int) -> object:
    store, instance = instance_on(engine)
    function = instance.exports(store)[name]
    assert isinstance(function, Func)
    return function(store, index, x)


@pytest.mark.parametrize("name", ["in_slot", "in_acc", "last"])
def test_what_is_found_is_called(engine: Engine, name: str) -> None:
    assert call(engine, name, 0, 41) == 42
    assert call(engine, name, 2, 41) == 410  # of another instance


@pytest.mark.parametrize("name", ["in_slot", "in_acc", "last"])
@pytest.mark.parametrize("index", [1, 3])
def test_other_types_trap(engine: Engine, name: str, index: int) -> None:
    with pytest.raises(Trap, match="indirect call type mismatch"):
        call(engine, name, index, 41)


def test_a_subtype_will_do(engine: Engine) -> None:
    assert call(engine, "of_base", 3, 41) == 40
    with pytest.raises(Trap, match="indirect call type mismatch"):
        call(engine, "of_base", 1, 41)


@pytest.mark.parametrize("index", [4, 0x7FFF_FFFF, -1])
def test_beyond_the_table(engine: Engine, index: int) -> None:
    with pytest.raises(Trap, match="undefined element"):
        call(engine, "in_slot", index, 41)

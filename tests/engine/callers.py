"""Guests that call each other."""

from fusee import Engine, Func, FuncType, Instance, Module, Store, ValType

I32 = ValType.i32()
# Calls its import, in every way in which one can be called.
CALLER = """
(module
  (type $t (func (param i32) (result i32)))
  (import "m" "f" (func $f (param i32) (result i32)))
  (import "m" "memory" (memory 1))
  (table 3 funcref) (elem (i32.const 0) $f $own $fail)
  (global $mine (mut i32) (i32.const 100))
  (func $own (param i32) (result i32) (i32.add (local.get 0) (global.get $mine)))
  (func $fail (param i32) (result i32) (unreachable))
  (func (export "direct") (param i32) (result i32)
    (i32.add (call $f (local.get 0)) (global.get $mine)))
  (func (export "indirect") (param i32) (result i32)
    (i32.add (call_indirect (type $t) (local.get 0) (i32.const 0)) (global.get $mine)))
  (func (export "reference") (param i32) (result i32)
    (i32.add (call_ref $t (local.get 0) (ref.func $f)) (global.get $mine)))
  (func (export "tail") (param i32) (result i32) (return_call $f (local.get 0)))
  (func (export "tail_indirect") (param i32) (result i32)
    (return_call_indirect (type $t) (local.get 0) (i32.const 0)))
  (func (export "tail_reference") (param i32) (result i32) (return_call_ref $t (local.get 0) (ref.func $f)))
  (func (export "sum") (param i32) (result i32)
    (i32.mul (call $f (call $f (local.get 0))) (call $own (call $f (i32.const 1)))))
  (func (export "element") (param i32) (result i32)
    (call_indirect (type $t) (i32.const 5) (local.get 0))))
"""
CALLEE = """
(module
  (memory (export "memory") 1)
  (global $mine (mut i32) (i32.const 7))
  (func (export "f") (param i32) (result i32)
    (global.set $mine (i32.add (global.get $mine) (i32.const 1)))
    (i32.div_s (i32.mul (local.get 0) (global.get $mine)) (local.get 0))))
"""


def pair() -> tuple[Store, Instance, Instance]:
    """An instance that calls another one."""
    store = Store(engine := Engine())
    callee = Instance(store, Module(engine, CALLEE), [])
    found = callee.exports(store)
    return store, Instance(store, Module(engine, CALLER), [found["f"], found["memory"]]), callee


def call(store: Store, instance: Instance, name: str, *arguments: int) -> int:
    function = instance.exports(store)[name]
    assert isinstance(function, Func)
    result: int = function(store, *arguments)
    return result


RECURSIVE = """
(module
  (type $t (func (param i32) (result i32)))
  (import "m" "again" (func $host (param i32) (result i32)))
  (table 1 funcref) (elem (i32.const 0) $indirect)
  (func $direct (export "direct") (param i32) (result i32)
    (i32.add (call $direct (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
  (func $indirect (export "indirect") (param i32) (result i32)
    (i32.add (call_indirect (type $t) (local.get 0) (i32.const 0)) (i32.const 1)))
  (func $reference (export "reference") (param i32) (result i32)
    (i32.add (call_ref $t (local.get 0) (ref.func $reference)) (i32.const 1)))
  (elem declare func $reference)
  (func (export "host") (param i32) (result i32)
    (i32.add (call $host (local.get 0)) (i32.const 1)))
  (func $count (export "count") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 42))))
    (return_call $count (i32.sub (local.get 0) (i32.const 1))))
  (func $wide (export "wide") (param i32) (result i32) (local i64 i64 i64 i64 i64 i64 i64 i64)
    (i32.add (call $wide (local.get 0)) (i32.const 1))))
"""


def recursive() -> tuple[Store, Instance]:
    """A module whose functions call themselves, one of them by way of Python."""
    store = Store(engine := Engine())
    instances: list[Instance] = []

    def again(argument: int) -> int:
        return call(store, instances[0], "host", argument)

    instances.append(Instance(store, Module(engine, RECURSIVE), [Func(store, FuncType([I32], [I32]), again)]))
    return store, instances[0]

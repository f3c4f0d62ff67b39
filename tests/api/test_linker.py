"""Linkers and imports: what is found, what does not fit, commands and reactors."""

import gc

import pytest

from fusee import (
    Func,
    FuncType,
    FuseeError,
    Instance,
    Limits,
    Linker,
    LinkError,
    Memory,
    MemoryType,
    Module,
    Store,
    Table,
    TableType,
    Trap,
    ValType,
)
from tests.api.guest import Guest, engine

I32, FUNCREF = ValType.i32(), ValType.funcref()


def test_linker() -> None:
    linker, store = Linker(engine()), Store(engine())
    linker.define_func("host", "three", FuncType([], [I32]), lambda: 3)
    linker.define(store, "host", "memory", Memory(store, MemoryType(Limits(1))))
    first = linker.instantiate(
        store, Module(engine(), '(module (import "host" "three" (func $f (result i32))) (export "three" (func $f)))')
    )
    linker.define_instance(store, "first", first)
    linker.alias_module("first", "second")
    linker.alias("first", "three", "x", "y")
    module = Module(
        engine(),
        """(module (import "second" "three" (func $f (result i32))) (import "x" "y" (func (result i32)))
          (import "host" "memory" (memory 1))
          (func (export "six") (result i32) (i32.add (call $f) (call 1))))""",
    )
    for instance in (linker.instantiate(store, module), linker.instantiate_pre(module).instantiate(store)):
        six = instance.exports(store)["six"]
        assert isinstance(six, Func)
        assert six(store) == 6
    with pytest.raises(FuseeError, match="defined twice"):
        linker.define_func("host", "three", FuncType([], [I32]), lambda: 4)
    linker.allow_shadowing = True
    linker.define_func("host", "three", FuncType([], [I32]), lambda: 4)
    assert linker.get_default(store, "nobody")(store) is None


def test_imports_that_do_not_fit() -> None:
    linker, store = Linker(engine()), Store(engine())
    module = Module(engine(), '(module (import "a" "b" (func (param i32))))')
    with pytest.raises(LinkError, match="unknown import: `a::b` has not been defined"):
        linker.instantiate(store, module)
    linker.define_func("a", "b", FuncType([], []), lambda: None)
    with pytest.raises(LinkError, match="incompatible import type for `a::b`"):
        linker.instantiate(store, module)
    with pytest.raises(LinkError, match="incompatible import type for `a::b`"):
        Instance(store, module, [Memory(store, MemoryType(Limits(1)))])
    with pytest.raises(LinkError, match="expected 1 imports, found 0"):
        Instance(store, module, [])


def test_unknown_imports() -> None:
    module = Module(
        engine(),
        """(module (type $t (sub (func (result i32))))
          (import "a" "f" (func $f (type $t))) (import "a" "g" (global i64)) (import "a" "t" (table 1 externref))
          (import "a" "m" (memory 2)) (func (export "run") (result i32) (call $f)))""",
    )
    linker, store = Linker(engine()), Store(engine())
    linker.define_unknown_imports_as_default_values(store, module)
    run = linker.instantiate(store, module).exports(store)["run"]
    assert isinstance(run, Func)
    assert run(store) == 0
    linker = Linker(engine())
    twice = '(import "a" "f" (func $f)) (import "a" "f" (func))'
    text = f'(module {twice} (func (export "run") (call $f)))'
    linker.define_unknown_imports_as_traps(Module(engine(), text))
    run = linker.instantiate(store, Module(engine(), text)).exports(store)["run"]
    assert isinstance(run, Func)
    with pytest.raises(LinkError, match="unknown import"):
        run(store)


def test_commands_and_reactors() -> None:
    linker, store = Linker(engine()), Store(engine())
    counter = """(global $g (mut i32) (i32.const 0))
      (func (export "next") (result i32) (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g))"""
    linker.define_module(
        store,
        "reactor",
        Module(engine(), f'(module {counter} (func (export "_initialize") (global.set $g (i32.const 10))))'),
    )
    linker.define_module(store, "command", Module(engine(), f'(module {counter} (func (export "_start")))'))
    reactor, command = (linker.get(store, name, "next") for name in ("reactor", "command"))
    assert isinstance(reactor, Func)
    assert isinstance(command, Func)
    assert [reactor(store) for _ in range(3)] == [11, 12, 13]
    assert [command(store) for _ in range(3)] == [1, 1, 1]
    linker.get_default(store, "command")(store)


def test_failed_instances_leave_the_store_usable() -> None:
    store = Store(engine())
    t = Table(store, TableType(FUNCREF, Limits(4)), None)
    text = """(module (import "" "" (table 4 funcref)) (elem (i32.const 1) $f)
      (func $f (result i32) (i32.const 77)) (memory 1) (data (i32.const 65536) "x"))"""
    with pytest.raises(Trap, match="out of bounds memory access"):
        Guest(text, [t], store)
    gc.collect()
    assert t.get(store, 1)(store) == 77

"""Traps as Python gets them of components: errors of wasmtime-py's kind, which say what a `Trap` says."""

import asyncio
import importlib
import pickle
from types import ModuleType
from typing import Any

import pytest

import fusee
from fusee import Trap, TrapCode, WasmtimeError
from fusee.component import ComponentTrap
from tests.component.asyncguests import CARRYING
from tests.component.guests import World

START = """(component
  (core module $m (func $f (unreachable)) (start $f))
  (core instance (instantiate $m)))"""

CALLS = """(component
  (import "f" (func $f))
  (core func $f' (canon lower (func $f)))
  (core module $m
    (import "" "f" (func $f))
    (memory (export "memory") 1)
    (func (export "divide") (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
    (func (export "text") (result i32) (i32.const -4))
    (func (export "call") (call $f)))
  (core instance $i (instantiate $m (with "" (instance (export "f" (func $f'))))))
  (func (export "divide") (param "by" u32) (result u32) (canon lift (core func $i "divide")))
  (func (export "text") (result string) (canon lift (core func $i "text") (memory $i "memory")))
  (func (export "call") (canon lift (core func $i "call"))))"""

RESOURCE = """(component
  (core module $ends (func (export "end") (param i32) (unreachable)))
  (core instance $e (instantiate $ends))
  (type $r' (resource (rep i32) (dtor (core func $e "end"))))
  (export $r "r" (type $r'))
  (core func $new (canon resource.new $r'))
  (core module $m (import "" "new" (func $new (param i32) (result i32)))
    (func (export "make") (result i32) (call $new (i32.const 1))))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
  (func (export "make") (result (own $r)) (canon lift (core func $i "make"))))"""


def instantiate(package: ModuleType, text: str, function: Any = None) -> tuple[Any, Any]:
    component = importlib.import_module(f"{package.__name__}.component")
    engine = package.Engine()
    store, linker = package.Store(engine), component.Linker(engine)
    with linker.root() as root:
        root.add_func("f", function)
    return store, linker.instantiate(store, component.Component(engine, text))


def call(package: ModuleType, text: str, name: str, *args: Any, function: Any = lambda store: None) -> Any:
    store, instance = instantiate(package, text, function)
    made = instance.get_func(store, name)(store, *args)
    return made.drop(store) if text is RESOURCE else made


def inner(package: ModuleType) -> None:
    """A host function in which another component traps."""
    call(package, CALLS, "call", function=lambda store: call(package, CALLS, "divide", 0))


WAYS = {
    "start": lambda package: instantiate(package, START, lambda store: None),
    "instruction": lambda package: call(package, CALLS, "divide", 0),
    "canonical": lambda package: call(package, CALLS, "text"),
    "destructor": lambda package: call(package, RESOURCE, "make"),
    "inner": inner,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_trap_of_a_component_is_caught_as_with_wasmtime(way: str) -> None:
    with pytest.raises(WasmtimeError) as caught:
        WAYS[way](fusee)
    assert type(caught.value) is ComponentTrap
    assert isinstance(caught.value, Trap)
    wasmtime = pytest.importorskip("wasmtime")
    with pytest.raises(wasmtime.WasmtimeError):
        WAYS[way](wasmtime)


def test_a_trap_of_a_core_module_is_still_none() -> None:
    for package in (fusee, pytest.importorskip("wasmtime")):
        store = package.Store()
        module = package.Module(store.engine, '(module (func (export "f") (unreachable)))')
        function = package.Instance(store, module, []).exports(store)["f"]
        with pytest.raises(package.Trap) as caught:
            function(store)
        assert not isinstance(caught.value, package.WasmtimeError)


def test_it_says_what_a_trap_says() -> None:
    with pytest.raises(ComponentTrap) as caught:
        call(fusee, CALLS, "divide", 0)
    for trap in (caught.value, pickle.loads(pickle.dumps(caught.value))):
        assert trap.trap_code == TrapCode.INTEGER_DIVISION_BY_ZERO
        assert trap.reason == "integer divide by zero"
        assert [frame.func_index for frame in trap.frames] == [1]
        assert str(trap) == str(caught.value)
    with pytest.raises(ComponentTrap) as caught:
        call(fusee, CALLS, "text")
    assert "out of bounds" in str(caught.value)


def test_what_host_functions_raise_stays_the_same_object() -> None:
    class Own(Trap):
        pass

    for error in (Own("of the host's"), Trap("of the host's"), KeyError("x"), WasmtimeError("x")):
        kind = type(error)

        def fail(store: Any, error: Exception = error) -> None:
            raise error

        with pytest.raises(kind) as caught:
            call(fusee, CALLS, "call", function=fail)
        assert caught.value is error
        assert type(error) is kind or kind is Trap


def test_an_instance_that_trapped_is_not_entered_again() -> None:
    """Within the package no trap is taken for an argument that does not fit, after which it could be entered."""
    world = World(CALLS, f=lambda store: call(fusee, CALLS, "divide", 0))
    for message in ("divide by zero", "cannot enter component instance"):
        with pytest.raises(ComponentTrap, match=message):
            world.call("call")


def test_calls_from_coroutines() -> None:
    world = World(CALLS, f=lambda store: None)
    with pytest.raises(ComponentTrap, match="divide by zero"):
        asyncio.run(world.func("divide").call_async(world.store, 0))


def test_reads_of_what_has_trapped() -> None:
    async def traps() -> int:
        raise Trap("no value")

    async def in_loop() -> None:
        await World(CARRYING).call("twice", traps())

    with pytest.raises(ComponentTrap, match="no value"):
        asyncio.run(in_loop())
    world = World(CARRYING)
    future = world.call("twice", traps())
    with pytest.raises(ComponentTrap, match="no value"):
        future.read_here(world.store)

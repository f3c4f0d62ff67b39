"""Traps as Python gets them of components: errors of wasmtime-py's kind, which say what a `Trap` says."""

import asyncio
import importlib
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

import fusee
from fusee import Trap, TrapCode, WasmtimeError
from fusee.component import ComponentTrap
from tests.component.asyncguests import CARRYING, WAITING
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
  (func (export "text") (result string) (canon lift (core func $i "text") (memory (core memory $i "memory"))))
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
    with pytest.raises(wasmtime.WasmtimeError, match=r"wasm trap|out of bounds"):
        WAYS[way](wasmtime)


COMPOSED = """(component (import "f" (func $f))
  (component $one (import "f" (func $f)) (core func $f' (canon lower (func $f)))
    (core module $m (import "" "f" (func $f)) (func (export "call") (call $f)))
    (core instance $i (instantiate $m (with "" (instance (export "f" (func $f'))))))
    (func (export "call") (canon lift (core func $i "call"))))
  (instance $inner (instantiate $one (with "f" (func $f))))
  (instance $outer (instantiate $one (with "f" (func $inner "call"))))
  (export "call" (func $outer "call")))"""

CALLS_AT_START = """(component (import "f" (func $f)) (core func $f' (canon lower (func $f)))
  (core module $m (import "" "f" (func $f)) (start $f))
  (core instance (instantiate $m (with "" (instance (export "f" (func $f')))))))"""

DROPS = """(component
  (import "r" (type $r (sub resource))) (import "make" (func $make (result (own $r))))
  (core func $make' (canon lower (func $make))) (core func $drop (canon resource.drop $r))
  (core module $m (import "" "make" (func $make (result i32))) (import "" "drop" (func $drop (param i32)))
    (func (export "call") (call $drop (call $make))))
  (core instance $i (instantiate $m (with "" (instance (export "make" (func $make')) (export "drop" (func $drop))))))
  (func (export "call") (canon lift (core func $i "call"))))"""


def core_trap(package: ModuleType) -> None:
    """A core module, which traps."""
    store = package.Store()
    module = package.Module(store.engine, '(module (func (export "f") (unreachable)))')
    package.Instance(store, module, []).exports(store)["f"](store)


def raises(error: str) -> Callable[[ModuleType], None]:
    def act(package: ModuleType) -> None:
        raise getattr(package, error)("of the host's")

    return act


def destructor(package: ModuleType, end: Callable[[], None]) -> None:
    component = importlib.import_module(f"{package.__name__}.component")
    engine = package.Engine()
    store, linker = package.Store(engine), component.Linker(engine)
    with linker.root() as root:
        root.add_resource("r", component.ResourceType.host(1), lambda store, rep: end())
        root.add_func("make", lambda store: component.ResourceHost.own(1, 1))
    linker.instantiate(store, component.Component(engine, DROPS)).get_func(store, "call")(store)


HOSTS: dict[str, Callable[[ModuleType], None]] = {
    "trap": raises("Trap"), "core": core_trap, "component": lambda package: call(package, CALLS, "divide", 0),
    "error": raises("WasmtimeError"),
}  # fmt: skip
PLACES: dict[str, Callable[[ModuleType, Callable[[], None]], object]] = {
    "import": lambda package, act: call(package, CALLS, "call", function=lambda store: act()),
    "composed": lambda package, act: call(package, COMPOSED, "call", function=lambda store: act()),
    "destructor": destructor,
    "start": lambda package, act: instantiate(package, CALLS_AT_START, lambda store: act()),
}


def kinds(package: ModuleType, host: str, place: str) -> tuple[bool, bool]:
    with pytest.raises((package.Trap, package.WasmtimeError)) as caught:
        PLACES[place](package, lambda: HOSTS[host](package))
    return isinstance(caught.value, package.Trap), isinstance(caught.value, package.WasmtimeError)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("host", HOSTS)
def test_what_a_host_function_raises_is_caught_as_with_wasmtime(host: str, place: str) -> None:
    """A trap of its own, or one of a core module that it has called, is no `WasmtimeError`."""
    is_plain = host in ("trap", "core") and place != "start"
    assert kinds(fusee, host, place) == (host != "error", not is_plain)
    wasmtime = pytest.importorskip("wasmtime")
    try:
        is_trap, is_error = kinds(wasmtime, host, place)
    finally:  # what an instantiation has ended with would be raised in the place of the next error
        importlib.import_module("wasmtime.component._enter").LAST_EXCEPTION = None  # type: ignore[attr-defined]
    assert is_error is not is_plain
    assert is_trap is is_plain  # what is an error there is both here, if it was a trap


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
        assert type(error) is kind


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


def bytes_until_a_trap() -> Iterator[bytes]:
    yield b"ab"
    raise Trap("of the host's")


async def bytes_until_a_trap_later() -> AsyncIterator[bytes]:
    yield b"ab"
    raise Trap("of the host's")


@pytest.mark.parametrize("give", [bytes_until_a_trap, bytes_until_a_trap_later])
def test_what_the_host_raises_in_a_stream(give: Callable[[], Any]) -> None:
    with pytest.raises(Trap, match="of the host's") as caught:
        World(CARRYING).call("sum", give())
    assert type(caught.value) is Trap


@pytest.mark.parametrize("name", ["by-callback", "in-place"])
def test_what_a_coroutine_of_the_host_raises(name: str) -> None:
    async def wait(store: Any, number: int) -> int:
        await asyncio.sleep(0)
        raise Trap("of the host's")

    world = World(WAITING, wait=wait)
    with pytest.raises(Trap, match="of the host's") as caught:
        asyncio.run(world.func(name).call_async(world.store, 1))
    assert type(caught.value) is Trap


def test_reads_of_what_has_trapped() -> None:
    """The host's own trap ends the guest which waits for what the host has raised it instead of."""

    async def traps() -> int:
        raise Trap("no value")

    async def in_loop() -> None:
        await World(CARRYING).call("twice", traps())

    with pytest.raises(Trap, match="no value") as caught:
        asyncio.run(in_loop())
    assert type(caught.value) is Trap
    world = World(CARRYING)
    future = world.call("twice", traps())
    with pytest.raises(Trap, match="no value") as caught:
        future.read_here(world.store)
    assert type(caught.value) is Trap

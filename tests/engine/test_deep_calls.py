"""Where calls end: endless recursion, stacks that are too small, fuel; and tail calls, which use no stack."""

import sys

import pytest

from fusee import Config, Engine, Func, FuncType, Instance, Module, Store, Trap, TrapCode, ValType
from tests.engine.callers import RECURSIVE, call, recursive

I32 = ValType.i32()


@pytest.mark.parametrize("name", ["direct", "indirect", "reference", "wide"])
def test_endless_recursion_is_a_trap_and_leaves_the_store_usable(name: str) -> None:
    store, instance = recursive()
    for _ in range(2):
        with pytest.raises(Trap) as error:
            call(store, instance, name, 1)
        assert error.value.trap_code is TrapCode.STACK_OVERFLOW
        assert len(error.value.frames) > 10
    assert call(store, instance, "count", 10) == 42


def test_endless_recursion_through_the_host_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """With Python's stack, at whose end not even pytest's hook for what dies unseen has room left."""
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: None)
    store, instance = recursive()
    with pytest.raises((Trap, RecursionError)):
        call(store, instance, "host", 1)
    assert call(store, instance, "count", 10) == 42


def small_stack() -> Engine:
    config = Config()
    config.max_wasm_stack = 4096 + 8 * 200
    return Engine(config)


def test_a_call_that_does_not_fit_the_stack_traps_without_frames() -> None:
    """Also after another trap, whose frames are not to be looked at again."""
    store = Store(engine := small_stack())
    text = f"""(module
      (func (export "wide") (param {"i64 " * 250}))
      (func (export "fail") (unreachable)))"""
    instance = Instance(store, Module(engine, text), [])
    for _ in range(2):
        with pytest.raises(Trap) as error:
            call(store, instance, "wide", *range(250))
        assert error.value.trap_code is TrapCode.STACK_OVERFLOW
        assert error.value.frames == []
        with pytest.raises(Trap) as error:
            call(store, instance, "fail")
        assert [frame.func_index for frame in error.value.frames] == [1]


def test_a_start_function_that_does_not_fit_the_stack_traps() -> None:
    store = Store(engine := small_stack())
    module = Module(engine, f"(module (func $f (local {'i64 ' * 300})) (start $f))")
    with pytest.raises(Trap) as error:
        Instance(store, module, [])
    assert error.value.trap_code is TrapCode.STACK_OVERFLOW


@pytest.mark.parametrize("slots", range(24))
def test_re_entry_where_the_stack_ends_is_a_trap(slots: int) -> None:
    """Some of these depths leave room for the host's call but not for the guest that it calls back."""
    config = Config()
    config.max_wasm_stack = 4096 + 8 * (400 + slots)
    store = Store(engine := Engine(config))
    instances: list[Instance] = []

    def again(argument: int) -> int:
        return call(store, instances[0], "host", argument)

    instances.append(Instance(store, Module(engine, RECURSIVE), [Func(store, FuncType([I32], [I32]), again)]))
    for _ in range(2):
        with pytest.raises(Trap) as error:
            call(store, instances[0], "host", 1)
        assert error.value.trap_code is TrapCode.STACK_OVERFLOW
    assert call(store, instances[0], "count", 10) == 42


def test_tail_calls_use_no_stack() -> None:
    store, instance = recursive()
    assert call(store, instance, "count", 1_000_000) == 42


@pytest.mark.parametrize("body", ["(loop (br 0))", "(return_call $f)", "(call $f)"])
def test_fuel_ends_every_kind_of_repetition(body: str) -> None:
    config = Config()
    config.consume_fuel = True
    store = Store(engine := Engine(config))
    store.set_fuel(2000)
    instance = Instance(store, Module(engine, f'(module (func $f (export "f") {body}))'), [])
    with pytest.raises(Trap) as error:
        call(store, instance, "f")
    assert error.value.trap_code is TrapCode.OUT_OF_FUEL
    assert store.get_fuel() == 0

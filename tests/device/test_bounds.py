"""Where accesses end on a device: the interpreter's registers hold limits that may lie below a memory's beginning."""

from typing import Any, Final

import pytest

from fusee import Config, Engine, Instance, Module, Store, Trap, TrapCode
from tests.device.conftest import BARE, WATCH

LOADS: Final = {
    "i32.load8_u": 1, "i32.load16_s": 2, "i32.load": 4, "f32.load": 4, "i64.load32_u": 4, "i64.load": 8, "f64.load": 8,
    "v128.load": 16, "v128.load64_zero": 8, "v128.load32_splat": 4,
}  # fmt: skip
STORES: Final = {"i32.store8": 1, "i32.store16": 2, "i32.store": 4, "f32.store": 4, "i64.store": 8, "f64.store": 8}
SIZES: Final = (0, 3, 6, 8, 16)
MOST: Final = 20

FUNCTIONS: Final = "".join(
    f"""(func (export "{name}") (param i32) (drop ({name} (local.get 0))))
        (func (export "{name} far") (param i32) (drop ({name} offset=3 (i32.add (local.get 0) (i32.const 2)))))"""
    for name in LOADS
) + "".join(
    f"""(func (export "{name}") (param i32) ({name} (local.get 0) ({name.partition(".")[0]}.const 0)))
        (func (export "{name} far") (param i32) ({name} offset=5 (local.get 0) ({name.partition(".")[0]}.const 0)))"""
    for name in STORES
)


def is_inside(function: Any, store: Store, address: int) -> bool:
    """Whether a call does not trap for being outside."""
    try:
        function(store, address)
    except Trap as trap:
        return trap.trap_code is not TrapCode.MEMORY_OUT_OF_BOUNDS
    return True


@pytest.mark.parametrize("target", [WATCH, BARE])
def test_an_access_may_begin_its_width_before_the_end(target: str) -> None:
    """Spec 4.6.6: memories of every size around the widths of accesses, and after growing by a byte."""
    config = Config()
    config.target = target
    config.wasm_custom_page_sizes = True
    engine = Engine(config)
    for size in SIZES:
        store = Store(engine)
        text = f"""(module (memory {size} 40 (pagesize 1)) {FUNCTIONS}
            (func (export "grow") (drop (memory.grow (i32.const 1)))))"""
        exports: Any = Instance(store, Module(engine, text), []).exports(store)
        for length in (size, size + 1):
            for name, width in (LOADS | STORES).items():
                for address in range(MOST):
                    where = name, length, address
                    assert is_inside(exports[name], store, address) == (address + width <= length), where
                    far = is_inside(exports[f"{name} far"], store, address)
                    assert far == (address + 5 + width <= length), where
                assert not is_inside(exports[name], store, -1)
                assert not is_inside(exports[f"{name} far"], store, -4)
            exports["grow"](store)


def test_there_is_nothing_in_a_memory_that_there_is_not(watch: Engine) -> None:
    """An instance without a memory, called by one that has one: the limits change with the instance."""
    store = Store(watch)
    lacking = """(module (memory 0) (func (export "f") (param i32) (result i32) (i32.load (local.get 0)))
        (func (export "g") (param i32) (result i64) (i64.load (local.get 0))))"""
    inner: Any = Instance(store, Module(watch, lacking), []).exports(store)
    having = """(module (import "" "f" (func $f (param i32) (result i32))) (memory 1)
        (func (export "own") (param i32) (result i64) (i64.load (local.get 0)))
        (func (export "other") (param i32) (result i32) (drop (i64.load (i32.const 8))) (call $f (local.get 0))))"""
    outer: Any = Instance(store, Module(watch, having), [inner["f"]]).exports(store)
    assert outer["own"](store, 65528) == 0
    assert not is_inside(outer["own"], store, 65529)
    for address in (0, 4, 65528, -4):
        assert not is_inside(outer["other"], store, address)
        assert not is_inside(inner["g"], store, address)
    assert outer["own"](store, 65528) == 0

"""Loops that go on in native code go on in newer code when there is some."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from fusee import Config, Engine, Func, FuncType, Instance, Module, Store, ValType
from fusee.api.text import wat2wasm
from fusee.kernel.scalars import u32
from fusee.native.batch import Wish, compile_batch
from fusee.native.code import mapped
from fusee.native.sections import read_module
from fusee.tier.loops import Loop, find_loops
from fusee.tier.module import TieredModule
from tests.native.loops import module_of, tiered_engine, translated_loops

pytestmark = pytest.mark.usefixtures("own_cache")

INTERPRETED, HASTY, BETTER = 1111, 2222, 3333
CONSTANTS = {INTERPRETED: b"\x41\xd7\x08", HASTY: b"\x41\xae\x11", BETTER: b"\x41\x85\x1a"}  # `i32.const`
TURNS = 4  # in each kind of code


def go_on(engine_address: int, known: TieredModule, loops: list[Loop], number: int) -> None:
    """Have guests go on in loops by native code in which `i32.const 1111` is another number."""
    binary = known.binary.replace(CONSTANTS[INTERPRETED], CONSTANTS[number])
    wish = Wish([], [loop.place for loop in loops], [], 0, known.is_metered, number == BETTER)
    code = mapped(compile_batch(read_module(binary), wish))
    assert code.loops.keys() == {loop.place for loop in loops}
    code.is_quick = number == HASTY
    known.install(engine_address, code, loops, number == BETTER)


class Host:
    """Is called in each turn of a loop with what the code takes for 1111; gives 1 until the loop shall end."""

    def __init__(self, text: str, config: Config | None = None, loop: int = 0) -> None:
        self.engine = tiered_engine(config)
        self.module = Module(self.engine, bytes(wat2wasm(text)))
        self.seen: list[int] = []
        self._loop = loop

    def called(self, number: int) -> int:
        self.seen.append(number)
        if len(self.seen) in (TURNS, 2 * TURNS):
            known = module_of(self.engine, self.module)
            heads = [translated_loops(known)[self._loop]]
            loops = find_loops(known._native, known.address, heads, known.is_metered)
            go_on(self.engine._address, known, loops, HASTY if len(self.seen) == TURNS else BETTER)
        if len(self.seen) == 2 * TURNS:
            assert self.engine._tier is not None
            self.engine._tier.state.is_due = u32(1)  # the guest looks whether it shall pause when it goes on
        return int(len(self.seen) < 3 * TURNS)

    def run(self, store: Store, *arguments: Any) -> Any:
        imported = Func(store, FuncType([ValType.i32()], [ValType.i32()]), self.called)
        exports: Any = Instance(store, self.module, [imported]).exports(store)
        return exports["main"](store, *arguments)


def interpreted(text: str, fuel: int, *arguments: Any) -> tuple[Any, int]:
    """What the interpreter gives, and the fuel that it leaves."""
    config = Config()
    config.strategy, config.consume_fuel = "interpreter", bool(fuel)
    store, seen = Store(Engine(config)), list[int]()

    def called(number: int) -> int:
        seen.append(number)
        return int(len(seen) < 3 * TURNS)

    if fuel:
        store.set_fuel(fuel)
    imported = Func(store, FuncType([ValType.i32()], [ValType.i32()]), called)
    exports: Any = Instance(store, Module(store.engine, text), [imported]).exports(store)
    return exports["main"](store, *arguments), store.get_fuel() if fuel else 0


EVERYTHING = """(module (import "" "host" (func $host (param i32) (result i32))) (memory 1)
  (func (export "main") (param $r externref) (param $n i32) (result externref externref i64 f32 i64 i64 f64 i32)
    (local $l i64) (local $s f32) (local $d f64) (local $v v128) (local $q externref) (local $f funcref)
    (local.set $q (local.get $r)) (local.set $r (ref.null extern)) (local.set $f (ref.func 0))
    (i64.const 5) (local.get $q) (f32.const 0.5) (v128.const i64x2 3 4)
    (loop $l (param externref f32 v128) (result externref f32 v128)
      (local.set $v) (local.set $s) (drop)
      (local.set $l (i64.add (i64.mul (local.get $l) (i64.const 3)) (i64.extend_i32_u (local.get $n))))
      (local.set $d (f64.add (local.get $d) (f64.const 0.25)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (i32.store (i32.const 8) (local.get $n))
      (local.get $q)
      (f32.mul (local.get $s) (f32.const -1.5))
      (i64x2.add (local.get $v) (i64x2.splat (i64.load (i32.const 8))))
      (br_if $l (call $host (i32.const 1111))))
    (local.set $v) (local.set $s) (local.set $q)
    (local.set $l (i64.add (local.get $l)))
    (local.get $q) (local.get $r) (local.get $l) (local.get $s)
    (i64x2.extract_lane 0 (local.get $v)) (i64x2.extract_lane 1 (local.get $v)) (local.get $d)
    (ref.is_null (local.get $f)))
  (elem declare func 0))"""

AROUND = """(module (import "" "host" (func $host (param i32) (result i32)))
  (func (export "main") (param $n i32) (result i64) (local $i i32) (local $sum i64)
    (loop $outer
      (local.set $i (local.get $n))
      (loop $inner
        (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 7)) (i64.extend_i32_u (local.get $i))))
        (br_if $inner (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
      (br_if $outer (call $host (i32.const 1111))))
    (local.get $sum)))"""

CATCHING = """(module (import "" "host" (func $host (param i32) (result i32)))
  (tag $t (param i64))
  (func $throw (param i64) (throw $t (local.get 0)))
  (func (export "main") (param $n i64) (result i64) (local $sum i64)
    (block $caught (result i64)
      (try_table (catch $t $caught)
        (loop $l
          (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 7)) (local.get $n)))
          (br_if $l (call $host (i32.const 1111)))
          (call $throw (local.get $sum))))
      (unreachable))
    (i64.add (i64.const 1))))"""


@pytest.mark.parametrize("fuel", [0, 100_000])
@pytest.mark.parametrize(
    ("text", "arguments"), [(EVERYTHING, ({}, 40)), (AROUND, (5,)), (CATCHING, (9,))], ids=["all", "around", "try"]
)  # fmt: skip
def test_newer_code_goes_on_with_all_that_is_there(text: str, arguments: tuple[Any, ...], fuel: int) -> None:
    config = Config()
    config.consume_fuel = bool(fuel)
    host = Host(text, config)
    store = Store(host.engine)
    if fuel:
        store.set_fuel(fuel)
    answer = host.run(store, *arguments)
    assert host.seen == [INTERPRETED] * TURNS + [HASTY] * TURNS + [BETTER] * TURNS
    left = store.get_fuel() if fuel else 0
    assert (answer, left) == interpreted(text, fuel, *arguments)


SHORT = """(module (memory (export "memory") 1)
  (func (export "main") (param $n i32) (result i32) (local $i i32)
    (loop $l
      (i32.store (i32.const 0) (i32.const 1111))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.ne (i32.const 1111) (i32.const 3333))))
    (i32.load8_u (i32.add (local.get $n) (i32.eqz (local.get $i))))))"""


def test_a_short_loop_is_left_too() -> None:
    """It looks in some turns only. It ends when newer code goes on in it."""
    engine = tiered_engine()
    module = Module(engine, bytes(wat2wasm(SHORT)))
    store = Store(engine)
    exports: Any = Instance(store, module, []).exports(store)
    word = exports["memory"].data_ptr(store)
    known = module_of(engine, module)

    def is_seen(number: int) -> Callable[[], bool]:
        return lambda: int.from_bytes(bytes(word[:4]), "little") == number

    def improve() -> None:
        assert wait(is_seen(INTERPRETED))
        loops = find_loops(known._native, known.address, translated_loops(known), False)
        go_on(engine._address, known, loops, HASTY)
        assert wait(is_seen(HASTY))
        go_on(engine._address, known, loops, BETTER)
        known._native.interrupt_soon(store._embedding.address)

    improving = threading.Thread(target=improve)
    improving.start()
    assert exports["main"](store, 0) == BETTER & 0xFF
    improving.join()


def wait(condition: Callable[[], bool]) -> bool:
    limit = time.monotonic() + 60
    while not condition() and time.monotonic() < limit:
        time.sleep(0.001)
    return condition()


@pytest.mark.parametrize("is_called", [False, True])
def test_what_was_compiled_in_haste_is_compiled_again_for_who_is_in_it(is_called: bool) -> None:
    """Before what is called in it: code calls that of its own batch. Of a function that is called nobody is in it."""
    engine = tiered_engine()
    text = """(module
      (func $called (param i32) (result i32) (i32.sub (local.get 0) (i32.const 1)))
      (func (export "main") (param i32) (result i32) (loop (br_if 0 (local.tee 0 (call $called (local.get 0)))))
        (local.get 0)))"""
    module = Module(engine, text)
    store = Store(engine)
    exports: Any = Instance(store, module, []).exports(store)
    assert exports["main"](store, 3) == 0
    known = module_of(engine, module)
    loops = known.loops_of(translated_loops(known))
    places = [loop.place for loop in loops]
    code = mapped(compile_batch(read_module(known.binary), Wish([1] * is_called, places, [], 1000)))
    assert code.functions.keys() == ({0, 1} if is_called else {0})
    code.is_quick = True
    known.install(engine._address, code, loops)
    if not is_called:
        assert known.last(1000) == ([], loops)
    hot, others = known.last(1000)
    assert (sorted(hot), others) == ([0, 1], [])
    assert known.last(1000) == ([], [])
    better = mapped(compile_batch(read_module(known.binary), Wish([], places, [], 1000, is_last=True)))
    known.install(engine._address, better, loops, is_last=True)
    assert exports["main"](store, 3) == 0

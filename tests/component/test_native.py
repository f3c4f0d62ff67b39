"""Native code in components whose guests wait in place: who may come to what waits stays interpreted, no other."""

import asyncio
from typing import Any

import pytest

from fusee import Config, Engine, Store, Trap
from fusee.api.text import wat2wasm
from fusee.component import Component, Func, Linker
from fusee.component.binary.decode import Decoder
from fusee.component.binary.reader import Reader
from fusee.component.binary.waits import waiting_functions
from fusee.component.program import DefineModule
from fusee.engine.state.module import EXTERN_FUNC
from fusee.native.callgraph import calls_of
from tests.component.asyncguests import component

STRATEGIES = ("interpreter", "native", "tiered")
"""The last finds in the cache what the one before has left there."""

GUEST = component(
    """
    (import "c" "wait" (func $wait (param i32) (result i32)))
    (import "c" "later" (func $later (param i32 i32) (result i32)))
    (import "c" "yield" (func $yield (result i32)))
    (import "c" "task.return" (func $return (param i32)))
    (type $step (func (param i32) (result i32)))
    (type $pair (func (param i32 i32) (result i32)))
    (table 4 funcref)
    (elem (i32.const 0) $waits $computes)

    (; Only computes: a linear congruential generator, run n times. ;)
    (func $mix (export "mix") (param $seed i32) (param $n i32) (result i32)
      (loop $again
        (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1103515245)) (i32.const 12345)))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $seed))
    (func $computes (type $pair) (call $mix (local.get 0) (local.get 1)))
    (func $by-pair (export "by-pair") (type $pair)
      (call_indirect (type $pair) (local.get 0) (local.get 1) (i32.const 1)))
    (func $quotient (export "quotient") (param i32) (result i32) (i32.div_u (i32.const 100) (local.get 0)))

    (func $waits (type $step) (call $wait (local.get 0)))
    (func $by-step (export "by-step") (type $step) (call_indirect (type $step) (local.get 0) (i32.const 0)))
    (func $tail (export "tail") (type $step) (return_call $by-step (local.get 0)))
    (func $deep (export "deep") (param $depth i32) (param $n i32) (result i32)
      (if (result i32) (local.get $depth)
        (then (i32.add (call $quotient (i32.const 50))
                       (call $deep (i32.sub (local.get $depth) (i32.const 1)) (local.get $n))))
        (else (call $tail (local.get $n)))))

    (func (export "work") (param $n i32) (result i32)
      (i32.add (call $mix (i32.const 1) (i32.const 1000))
               (i32.add (call $deep (i32.const 5) (local.get $n)) (call $by-pair (local.get $n) (i32.const 100)))))
    (func (export "stackful") (param $n i32)
      (call $return (call $deep (i32.const 5) (local.get $n))))
    (func (export "divide") (param $n i32) (result i32) (call $quotient (call $waits (local.get $n))))
    (func (export "start") (param $n i32) (result i32) (call $later (local.get $n) (i32.const 64)))
    (func (export "turns") (param $n i32) (result i32) (local $sum i32)
      (loop $again
        (drop (call $yield))
        (local.set $sum (i32.add (local.get $sum) (call $mix (local.get $n) (i32.const 10))))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $sum))
    """,
    """
    mix | async (param "seed" u32) (param "n" u32) (result u32) |
    quotient | async (param "n" u32) (result u32) |
    work | async (param "n" u32) (result u32) |
    stackful | async (param "n" u32) (result u32) | async
    divide | async (param "n" u32) (result u32) |
    turns | async (param "n" u32) (result u32) |
    """,
    imports='(import "wait" (func $wait async (param "n" u32) (result u32)))',
    lowered="""
    wait $wait
    later $wait async (memory $memory)
    """,
)
NATIVE = {"mix", "by-pair", "quotient", "start"}
INTERPRETED = {"by-step", "tail", "deep", "work", "stackful", "divide", "turns"}


def mixed(seed: int, n: int) -> int:
    """What `mix` gives."""
    for _ in range(n):
        seed = (seed * 1103515245 + 12345) % (1 << 32)
    return seed


def waiting_exports(text: str) -> list[set[str] | None]:
    """Of each core module, the exports that may wait; None: any may."""
    decoder = Decoder(Engine())
    binary = bytes(wat2wasm(text))
    program = decoder.component(Reader(binary, 0, len(binary)))
    return [
        None if found is None else {name for name, (kind, index) in module._export_places.items()
                                    if kind == EXTERN_FUNC and index in found}
        for module, found in zip(decoder.modules, waiting_functions(program, decoder.modules), strict=True)
    ]  # fmt: skip


class Guest:
    """`GUEST` with a strategy; `wait` gives one more, when others have had `turns` turns."""

    def __init__(self, strategy: str, turns: int = 2) -> None:
        config = Config()
        config.strategy = strategy
        self.store = Store(Engine(config))
        self.was_cancelled = False
        self._turns = turns
        linker = Linker(self.store.engine)
        with linker.root() as root:
            root.add_func("wait", self._wait)
        self._instance = linker.instantiate(self.store, Component(self.store.engine, GUEST))

    async def _wait(self, store: Any, number: int) -> int:
        try:
            for _ in range(self._turns):
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        return (number + 1) % (1 << 32)

    def func(self, name: str) -> Func:
        found = self._instance.get_func(self.store, name)
        assert found is not None
        return found


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_answers_are_those_of_interpreted_code(strategy: str) -> None:
    guest = Guest(strategy)
    assert guest.func("mix")(guest.store, 7, 1000) == mixed(7, 1000)
    for n in (3, 8):
        expected = (mixed(1, 1000) + 10 + n + 1 + mixed(n, 100)) % (1 << 32)
        assert guest.func("work")(guest.store, n) == expected
        assert guest.func("stackful")(guest.store, n) == 10 + n + 1
        assert guest.func("divide")(guest.store, n) == 100 // (n + 1)
    assert guest.func("turns")(guest.store, 4) == sum(mixed(n, 10) for n in range(1, 5)) % (1 << 32)
    guest.store.close()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_tasks_wait_at_the_same_time(strategy: str) -> None:
    async def main() -> None:
        guest = Guest(strategy)
        calls = [asyncio.ensure_future(guest.func("stackful").call_async(guest.store, n)) for n in range(5)]
        assert [await call for call in calls] == [10 + n + 1 for n in range(5)]
        guest.store.close()

    asyncio.run(main())


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_call_that_waits_is_cancelled(strategy: str) -> None:
    async def main() -> None:
        guest = Guest(strategy, turns=1000)
        call = asyncio.ensure_future(guest.func("stackful").call_async(guest.store, 1))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        guest.store.close()
        await asyncio.sleep(0)
        assert guest.was_cancelled

    asyncio.run(main())


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_trap_in_what_is_native_ends_the_task_that_waited(strategy: str) -> None:
    guest = Guest(strategy)
    with pytest.raises(Trap, match="divide by zero"):
        guest.func("divide")(guest.store, 0xFFFF_FFFF)
    with pytest.raises(Trap, match="cannot enter component instance"):
        guest.func("mix")(guest.store, 1, 1)
    guest.store.close()


def test_only_who_may_come_to_what_waits_is_interpreted() -> None:
    config = Config()
    config.strategy = "native"
    steps = Component(Engine(config), GUEST)._program.steps
    module = [step.module for step in steps if isinstance(step, DefineModule)][-1]
    natives, places = module._state.natives, module._export_places
    assert {name for name, (_, index) in places.items() if int(natives[index])} == NATIVE
    assert set(places) == NATIVE | INTERPRETED


def test_calls_through_a_table_that_another_module_fills() -> None:
    """As tools make it: a module of nothing but tables' entries stands for imports that need the memory, at first."""
    text = """(component
      (import "wait" (func $wait async (param "n" u32) (result u32)))
      (import "tell" (func $tell (param "n" u32)))
      (core module $shim
        (type $waits (func (param i32) (result i32))) (type $tells (func (param i32)))
        (table (export "$imports") 2 2 funcref)
        (func (export "0") (type $waits) (call_indirect (type $waits) (local.get 0) (i32.const 0)))
        (func (export "1") (type $tells) (call_indirect (type $tells) (local.get 0) (i32.const 1))))
      (core instance $shims (instantiate $shim))
      (core module $main
        (import "i" "wait" (func $wait (param i32) (result i32)))
        (import "i" "tell" (func $tell (param i32)))
        (type $waits (func (param i32) (result i32)))
        (table 1 funcref) (elem (i32.const 0) $own)
        (func $own (type $waits) (local.get 0))
        (func (export "own") (type $waits) (call_indirect (type $waits) (local.get 0) (i32.const 0)))
        (func (export "waits") (type $waits) (call $wait (local.get 0)))
        (func (export "tells") (param i32) (call $tell (local.get 0))))
      (core instance $mains (instantiate $main (with "i" (instance
        (export "wait" (func $shims "0")) (export "tell" (func $shims "1"))))))
      (core func $lowered_wait (canon lower (func $wait)))
      (core func $lowered_tell (canon lower (func $tell)))
      (core module $fill
        (import "" "0" (func $0 (param i32) (result i32))) (import "" "1" (func $1 (param i32)))
        (import "" "$imports" (table 2 2 funcref)) (elem (i32.const 0) $0 $1))
      (core instance (instantiate $fill (with "" (instance
        (export "$imports" (table $shims "$imports"))
        (export "0" (func $lowered_wait)) (export "1" (func $lowered_tell))))))
      (func (export "waits") async (param "n" u32) (result u32) (canon lift (core func $mains "waits"))))"""
    assert waiting_exports(text) == [{"0"}, {"waits"}, set()]


def test_the_same_module_in_two_instances() -> None:
    text = """(component
      (import "wait" (func $wait async))
      (import "tell" (func $tell))
      (core func $waits (canon lower (func $wait)))
      (core func $tells (canon lower (func $tell)))
      (core module $m (import "i" "f" (func $f)) (func (export "calls") (call $f)) (func (export "does-not")))
      (core instance $first (instantiate $m (with "i" (instance (export "f" (func $tells))))))
      (core instance $second (instantiate $m (with "i" (instance (export "f" (func $waits))))))
      (core module $user (import "i" "f" (func $f)) (func (export "g") (call $f)))
      (core instance (instantiate $user (with "i" (instance (export "f" (func $second "does-not")))))))"""
    assert waiting_exports(text) == [{"calls"}, set()]


def test_inner_components_and_modules_of_outer_ones() -> None:
    text = """(component
      (core module $m (import "i" "f" (func $f)) (func (export "calls") (call $f)))
      (component
        (import "wait" (func $wait async))
        (core func $waits (canon lower (func $wait)))
        (core instance (instantiate $m (with "i" (instance (export "f" (func $waits))))))
        (core module $other (func (export "does-not")))
        (core instance (instantiate $other)))
      (component
        (import "tell" (func $tell))
        (core func $tells (canon lower (func $tell)))
        (core module $third (import "i" "f" (func $f)) (func (export "calls") (call $f)))
        (core instance (instantiate $third (with "i" (instance (export "f" (func $tells))))))))"""
    assert waiting_exports(text) == [{"calls"}, set(), set()]


def test_a_module_that_is_not_known_may_call_anything() -> None:
    text = """(component
      (import "m" (core module $m (import "i" "f" (func)) (export "g" (func))))
      (import "wait" (func $wait async))
      (core func $waits (canon lower (func $wait)))
      (core instance $given (instantiate $m (with "i" (instance (export "f" (func $waits))))))
      (core module $user (import "i" "g" (func $g)) (func (export "uses") (call $g)))
      (core instance (instantiate $user (with "i" (instance $given)))))"""
    assert waiting_exports(text) == [None]


def test_references_between_modules() -> None:
    """One that a function is given may come from any module that references may come from."""
    text = """(component
      (import "wait" (func $wait async))
      (core func $waits (canon lower (func $wait)))
      (core module $caller (type $f (func))
        (func (export "call-it") (param (ref null $f)) (call_ref $f (local.get 0)))
        (func (export "does-not") (param i32)))
      (core instance $callers (instantiate $caller))
      (core module $giver (type $f (func))
        (import "i" "call-it" (func $call (param (ref null $f)))) (import "w" "f" (func $waits))
        (elem declare func $waits)
        (func (export "gives") (call $call (ref.func $waits))))
      (core instance (instantiate $giver (with "i" (instance $callers))
        (with "w" (instance (export "f" (func $waits))))))
      (core module $apart (type $f (func)) (table 1 funcref)
        (func (export "calls") (call_indirect (type $f) (i32.const 0))))
      (core instance (instantiate $apart)))"""
    assert waiting_exports(text) == [{"call-it"}, {"gives"}, set()]


def test_calls_and_references_of_a_module() -> None:
    """Each form of an element segment, a global, a table with a value; and instructions that are passed over."""
    calls = calls_of(bytes(wat2wasm("""(module
      (type $t (func (param i64) (result i64)))
      (import "" "0" (func $0)) (import "" "1" (func $1))
      (func $2) (func $3) (func $4) (func $5) (func $6) (func $7) (func $8) (func $9)
      (func $10 (export "f") (param i64) (result i64) (local v128 f64)
        (if (i32.eqz (i32.trunc_sat_f64_u (f64.const 16.0625)))
          (then (call $0)) (else (block (br_table 0 0 0 0 (i32.const 0)) (call $1))))
        (drop (v128.const i64x2 0x1011101110111011 0x1011101110111011))
        (drop (i8x16.shuffle 16 17 16 17 16 17 16 17 16 17 16 17 16 17 16 17 (local.get 1) (local.get 1)))
        (drop (select (result funcref) (ref.func $9) (ref.null func) (i32.const 0x1011)))
        (i64.store offset=0x1010 (i32.const 0) (i64.const 0x10111011101110))
        (return_call_indirect 0 (type $t) (local.get 0) (i32.const 16)))
      (memory 1)
      (table 8 funcref (ref.func $8))
      (global funcref (ref.func $7))
      (elem (i32.const 0) func $2) (elem func $3) (elem declare func $9)
      (elem (i32.const 1) funcref (ref.func $4) (ref.null func)) (elem funcref (ref.func $5))
      (elem (table 0) (offset (i32.const 2)) funcref (ref.func $6)))""")))
    assert calls.imported == 2
    assert calls.callers == {0: {10}, 1: {10}}
    assert calls.referred == set(range(2, 10))
    assert calls.by_type == {calls.types[10]: {10}}

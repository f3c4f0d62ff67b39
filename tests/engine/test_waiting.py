"""Guests that leave the interpreter in a host function's call, and go on behind it later, elsewhere on the stack."""

from collections.abc import Callable
from typing import Any

import pytest

from fusee import Config, Engine, Func, FuncType, Instance, Module, Store, Trap, TrapCode, ValType, WasmException
from fusee.api.values import Signature
from fusee.kernel.scalars import u32

I32 = ValType.i32()


class Host:
    """A host function that does what it is told, `act`; its guest waits if that gives something."""

    signature = Signature(FuncType([I32], [I32]))

    def __init__(self) -> None:
        self.act: Callable[[], object] = lambda: self
        self.parked: list[int] = []

    def run(self, store: Store, instance: int, slots: int) -> object:
        found = self.act()
        if found is not None:
            self.parked.append(store._park(instance, slots))
            assert self.parked[-1]
        return found


INNER = """(module
  (import "" "wait" (func $wait (param i32) (result i32)))
  (func (export "wait") (param i32) (result i32) (i32.add (i32.const 1) (call $wait (local.get 0))))
  (func (export "tail") (param i32) (result i32) (return_call $wait (local.get 0))))"""

OUTER = """(module
  (type $t (func (param i32) (result i32)))
  (type $box (struct (field i32)))
  (import "" "host" (func $host (type $t)))
  (import "" "wait" (func $wait (type $t)))
  (import "" "tail" (func $tail (type $t)))
  (tag $tag (param i32))
  (table funcref (elem $host $wait $tail))
  (func $deep (param $n i32) (param $way i32) (result i32) (local $box (ref $box))
    (local.set $box (struct.new $box (local.get $n)))
    (i32.add (struct.get $box 0 (local.get $box))
      (if (result i32) (local.get $n)
        (then (call $deep (i32.sub (local.get $n) (i32.const 1)) (local.get $way)))
        (else (call_indirect (type $t) (i32.const 5) (local.get $way))))))
  (func (export "deep") (param $n i32) (param $way i32) (result i32) (call $deep (local.get $n) (local.get $way)))
  (func (export "away") (param i32) (result i32) (return_call $tail (local.get 0)))
  (func (export "divide") (param i32) (result i32) (i32.div_u (i32.const 100) (call $wait (local.get 0))))
  (func $throw (param i32) (throw $tag (call $wait (local.get 0))))
  (func (export "throw") (param i32) (result i32) (call $throw (local.get 0)) (i32.const 0))
  (func (export "catch") (param i32) (result i32)
    (block $caught (result i32)
      (try_table (catch $tag $caught) (call $throw (local.get 0)))
      (i32.const 0)))
  (func (export "seven") (param i32) (result i32) (i32.const 7)))"""


class Guests:
    """An instance that calls another one, and both a host function."""

    def __init__(self, config: Config | None = None) -> None:
        self.host = Host()
        if config is None:
            config = Config()
            config.strategy = "interpreter"  # native code cannot be parked: what may wait in components is interpreted
        self.store = Store(engine := Engine(config))
        host = Func._of_host(self.store, self.host)
        inner = Instance(self.store, Module(engine, INNER), [host]).exports(self.store)
        outer = Instance(self.store, Module(engine, OUTER), [host, inner["wait"], inner["tail"]])
        self.exports: Any = outer.exports(self.store)

    def begin(self, name: str, *arguments: int) -> "Call":
        """Call a function until it waits."""
        call = Call(self, self.exports[name], *arguments)
        call.go_on(arguments[0])
        return call


class Call:
    """A call, which may have ended or wait."""

    def __init__(self, guests: Guests, func: Func, *arguments: int) -> None:
        self.store, self.address, self.parked = guests.store, func._address, 0
        self.slots = func._signature.buffer(*arguments)

    def go_on(self, value: int) -> int:
        """Let the host function give a value; what the function gives, if it has ended."""
        self.slots[0] = value
        self.parked = self.store._advance(self.address, self.parked, self.slots)
        return self.slots[0]


@pytest.mark.parametrize("way", [0, 1, 2])
def test_guests_go_on_in_any_order_and_at_any_height(way: int) -> None:
    """Those that are higher up begin in a host function, and go on when that has returned; and the other way round."""
    guests = Guests()
    calls = [guests.begin("deep", n, way) for n in (3, 0, 9)]
    inner: list[Call] = []

    def nested() -> None:
        guests.host.act = lambda: guests.host
        inner.append(guests.begin("deep", 4, way))
        assert calls[1].go_on(1000) == 1000 + (way == 1) and not calls[1].parked

    guests.host.act = nested
    assert guests.exports["deep"](guests.store, 20, way) == 20 * 21 // 2 + 5 + (way == 1)
    assert inner[0].go_on(2000) == 2000 + 10 + (way == 1)
    assert calls[2].go_on(3000) == 3000 + 45 + (way == 1)
    assert calls[0].go_on(4000) == 4000 + 6 + (way == 1)
    assert guests.store._state.parked == 0 and guests.store._state.parked_bytes == 0


def test_the_outermost_function_may_have_gone_by_a_tail_call() -> None:
    guests = Guests()
    first, second = guests.begin("away", 1), guests.begin("deep", 2, 2)
    assert first.go_on(11) == 11 and second.go_on(12) == 12 + 3


def test_a_guest_waits_again_and_again() -> None:
    guests = Guests()
    guests.host.parked.clear()
    call = guests.begin("divide", 1)
    for _ in range(3):
        other = guests.begin("deep", 1, 1)
        other.go_on(5)
    assert call.go_on(4) == 100 // 5
    assert len(guests.host.parked) == 4


def test_traps_and_exceptions_of_guests_that_have_waited() -> None:
    guests = Guests()
    call, other = guests.begin("divide", 1), guests.begin("deep", 5, 1)
    with pytest.raises(Trap) as trap:
        call.go_on(0xFFFF_FFFF)
    assert trap.value.trap_code is TrapCode.INTEGER_DIVISION_BY_ZERO
    assert [frame.func_index for frame in trap.value.frames] == [6]
    assert guests.begin("catch", 1).go_on(6) == 7
    with pytest.raises(WasmException) as thrown:
        guests.begin("throw", 1).go_on(6)
    assert [*thrown.value.values] == [7]
    assert other.go_on(1) == 1 + 15 + 1


def test_objects_of_guests_that_wait() -> None:
    """Each allocation collects."""
    guests = Guests()
    guests.store._state.heap.stress = u32(2)
    calls = [guests.begin("deep", n, n % 3) for n in range(8)]
    guests.store.gc()
    for n in (3, 7, 0, 6, 1, 2, 5, 4):
        assert calls[n].go_on(100) == 100 + n * (n + 1) // 2 + (n % 3 == 1)
        guests.store.gc()


def test_what_is_between_keeps_a_guest_from_waiting() -> None:
    """A host function that has called it, and native code."""
    guests = Guests()
    refused: list[int] = []

    def try_it() -> None:
        frame = guests.store._state.stack_top - 1
        refused.append(guests.store._native.park(guests.store._address, 0, frame.address))

    guests.host.act = try_it
    guests.exports["deep"](guests.store, 1, 0)
    assert refused == [0]
    for strategy in ("interpreter", "native"):
        config = Config()
        config.strategy = strategy
        guests = Guests(config)
        if strategy == "interpreter":
            with pytest.raises(AssertionError):
                guests.exports["deep"](guests.store, 1, 0)  # which does not know what to do with a guest that waits
        else:
            with pytest.raises(AssertionError):
                guests.begin("deep", 1, 0)
        assert guests.host.parked == [0]
        assert guests.exports["seven"](guests.store, 0) == 7


def test_ten_thousand_guests_wait() -> None:
    guests = Guests()
    calls = [guests.begin("deep", n % 4, 1) for n in range(10_000)]
    guests.store.gc()
    assert len({call.parked for call in calls}) == 10_000
    for number, call in enumerate(calls[::2]):
        assert call.go_on(number) == number + 1 + (0, 3)[number % 2]
    guests.store.close()  # what is left ends with it
